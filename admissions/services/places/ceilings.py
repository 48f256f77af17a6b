"""Changing the ceiling of a school in one round; the ledger gets the difference (DH-007, Q-37, Q-50)."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.enums import EntryKind
from admissions.models import LedgerEntry
from schools.clock import now, today
from schools.enums import RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import SchoolRound, User, end_of_day
from schools.services.events import Fact, record_event


class CeilingError(RefusedError):
    """The ceiling cannot be changed like that."""


@transaction.atomic
def set_ceiling(
    school_round_id: int, *, ceiling: int, by_office: bool, reason: str = "", actor: User | None
) -> SchoolRound:
    """Set the ceiling: the director until the round opens, the office with a reason until the parents' deadline."""
    school_round = (
        SchoolRound.objects.select_for_update(of=("self",))
        .select_related("round__year", "programme")
        .get(pk=school_round_id)
    )
    round_ = school_round.round
    if school_round.ceiling is None or round_.kind != RoundKind.ALM:
        raise CeilingError(_("This school has no ceiling in this round."))
    if not 0 <= ceiling <= 9999:
        raise CeilingError(_("The ceiling must be a whole number from 0 to 9999."))
    if not by_office and round_.state != RoundState.PLANNED:
        raise CeilingError(_("The round is open: only the programme manager can change the ceiling now."))
    if by_office and round_.state != RoundState.PLANNED:
        if round_.parents_until is None or now(round_.year) >= end_of_day(round_.parents_until):
            raise CeilingError(_("The parents' deadline has passed: the ceiling of this round is fixed."))
        if not reason.strip():
            raise CeilingError(_("Give the reason."), "reason")
    old = school_round.ceiling
    if ceiling == old:
        return school_round
    school_round.ceiling = ceiling
    school_round.save(update_fields=["ceiling"])
    try:
        with transaction.atomic():
            LedgerEntry.objects.create(
                school_round=school_round,
                kind=EntryKind.CEILING,
                places=ceiling - old,
                effective_on=today(round_.year),
                cause=reason.strip()[:200] or "changed",
            )
    except IntegrityError as exc:
        raise CeilingError(_("There are more children placed than this ceiling allows.")) from exc
    key = f"{school_round.programme.code}/{round_.code}"
    record_event(
        round_.year,
        Fact("ceiling_set", "school_round", key, old=str(old), new=str(ceiling), reason=reason.strip()),
        actor=actor,
    )
    return school_round
