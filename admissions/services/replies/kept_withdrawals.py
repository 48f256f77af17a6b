"""Withdrawals that were kept during a freeze, carried out once the result is known (Q-10, DH-141)."""

from django.db import transaction

from admissions.enums import ACTIVE_DECISIONS
from admissions.models import LateWithdrawal
from admissions.services.replies.answers import Leaving, seat_of, withdraw_all
from admissions.services.replies.withdrawal_reasons import Reason
from schools.clock import now
from schools.enums import RoundKind, RoundState
from schools.models import Round


@transaction.atomic
def carry_out(round_: Round) -> int:
    """Carry out what was kept for this round, in order of recording; answers how many. Twice is once."""
    rows = list(
        LateWithdrawal.objects.select_for_update(of=("self",))
        .filter(round=round_, applied_at=None)
        .select_related("application__year", "application__first_choice__round", "recorded_by")
        .order_by("pk")
    )
    done = 0
    for row in rows:
        row.applied_at = now(round_.year)
        row.save(update_fields=["applied_at"])
        if row.application.decision not in ACTIVE_DECISIONS:
            continue  # ended meanwhile in another way
        reason = Reason(row.reason, row.detail, row.is_reported)
        leaving = Leaving(row.application, seat_of(row.application), reason, row.effective_on)
        done += withdraw_all(row.application.year, [leaving], actor=row.recorded_by)
    return done


def carry_out_due() -> int:
    """Everything whose result schools may see by now; for the watchdog.

    Before that a withdrawal carried out would tell a school that its child did not move (DH-141).
    """
    waiting = LateWithdrawal.objects.filter(applied_at=None).values_list("round", flat=True)
    rounds = Round.objects.filter(pk__in=waiting).exclude(state=RoundState.FROZEN).select_related("year")
    return sum(carry_out(round_) for round_ in rounds if is_due(round_))


def is_due(round_: Round) -> bool:
    if round_.state == RoundState.FROZEN:
        return False
    if round_.kind != RoundKind.VOVP or not round_.is_played:
        return True  # also when its session was declared void: the next attempt goes without this child
    return round_.visible_to_schools_at is not None and round_.visible_to_schools_at <= now(round_.year)
