"""A withdrawal reported while the lists are frozen: kept at once, carried out when the result is known (Q-10).

The list stays as it was committed. Afterwards the order is that of the rules: first the result with its places and the
open ones that move on, then the withdrawal, whose place goes to the next VOVP and to no other child of this draw.
"""

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.enums import ACTIVE_DECISIONS
from admissions.models import Application, LateWithdrawal
from admissions.services.replies.withdrawal_reasons import Reason
from lottery.enums import AttestationKind, SessionKind, SessionState
from lottery.models import DrawSession
from lottery.services.sessions import attest
from schools.clock import now
from schools.enums import RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import Round, User
from schools.services.events import Fact, record_event
from schools.texts import long_date


class LateWithdrawalError(RefusedError):
    """This withdrawal cannot be kept for later."""


@transaction.atomic
def keep_for_later(
    application: Application, round_: Round, *, reason: Reason, on: date, actor: User | None
) -> LateWithdrawal:
    """Store the withdrawal; ``round_`` is the frozen round after which it is carried out."""
    known = LateWithdrawal.objects.filter(application=application).first()
    if known is None:
        at = now(round_.year)
        try:
            with transaction.atomic():
                row = LateWithdrawal.objects.create(
                    application=application,
                    round=round_,
                    reason=reason.kind,
                    detail=reason.detail,
                    is_reported=reason.is_reported,
                    effective_on=on,
                    recorded_by=actor,
                    recorded_at=at,
                )
        except IntegrityError:  # somebody else was a moment earlier
            known = LateWithdrawal.objects.get(application=application)
    if known is not None:
        raise LateWithdrawalError(
            _("This withdrawal was recorded already, on %(day)s. It is carried out when the result is known.")
            % {"day": long_date(known.effective_on)}
        )
    fact = Fact(
        "withdrawal_kept",
        "application",
        application.registration_number,
        new=round_.code,
        reason=reason.kind,  # the detail may hold a name
    )
    record_event(round_.year, fact, actor=actor)
    _tell(round_, actor)
    return row


def _tell(round_: Round, actor: User | None) -> None:
    """One sentence in the record and on the public page; how many there are would tell too much."""
    rows = DrawSession.objects.filter(round=round_, kind=SessionKind.ROUND).exclude(state=SessionState.VOID)
    session = rows.order_by("-pk").first()
    if session is None:
        return
    text = _(
        "A withdrawal was reported after the freeze. The list stays as it is; "
        "a place that becomes free goes to the next VOVP."
    )
    if not session.attestations.filter(kind=AttestationKind.REPAIR, note=text).exists():
        attest(session, AttestationKind.REPAIR, actor=actor, at=now(round_.year), note=text)


@transaction.atomic
def take_back(late_id: int, *, actor: User) -> None:
    """The family stays after all, and nothing has been carried out yet."""
    row = (
        LateWithdrawal.objects.select_for_update(of=("self",))
        .select_related("application__year")
        .get(pk=late_id)
    )
    if row.applied_at is not None:
        raise LateWithdrawalError(_("This withdrawal has been carried out already."))
    application = row.application
    row.delete()
    fact = Fact("withdrawal_taken_back", "application", application.registration_number)
    record_event(application.year, fact, actor=actor)


@transaction.atomic
def carry_out(round_: Round) -> int:
    """Carry out what was kept for this round, in order of recording; answers how many. Twice is once."""
    from admissions.services.replies.answers import Leaving, seat_of, withdraw_all

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
