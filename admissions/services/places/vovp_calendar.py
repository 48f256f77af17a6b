"""A VOVP keeps time: invitations, the opt-in window, and the moment schools see the result (den-haag.md 4.4, 4.6)."""

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import PARTICIPATION_MOVES, ParticipationState
from admissions.models import Participation
from admissions.services.places.vovp import invite_eligible
from admissions.services.replies.kept_withdrawals import carry_out
from admissions.services.year.states import move_rows
from schools.clock import now
from schools.context import round_name
from schools.enums import RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import Round, User, end_of_day, local_moment
from schools.services.rounds import RoundError, missing_dates, move_round

R = RoundState
TOLD = frozenset({R.OFFERS, R.CLOSED})
log = structlog.get_logger(__name__)


@transaction.atomic
def invite_round(round_id: int, *, actor: User | None) -> int:
    """Make the list of who may take part and send M09 and M10; answers how many families (DH-131, DH-132, 4.4).

    Refused before every family of the served periods knows its result: the invitation would tell it (DH-111).
    """
    round_ = (
        Round.objects.select_for_update(of=("self",), no_key=True)
        .select_related("year__region")
        .get(pk=round_id)
    )
    name = {"round": round_name(round_)}
    if round_.state != R.PLANNED:
        raise RoundError(_("The families of %(round)s have been invited already.") % name)
    waiting = round_.serves.exclude(state__in=TOLD).order_by("position").first()
    if waiting is not None:
        raise RoundError(
            _("The families of %(period)s do not know their result yet. Invite for %(round)s after that.")
            % (name | {"period": round_name(waiting)})
        )
    move_round(round_, R.INVITED, actor=actor)  # also refuses a round without its dates
    invited = invite_eligible(round_, actor=actor)
    keep_vovp(round_, actor=actor)
    return invited


@transaction.atomic
def keep_vovp(round_: Round, *, actor: User | None) -> None:
    """Move a VOVP along with the clock of its year; may run as often as you like."""
    if round_.kind != RoundKind.VOVP or missing_dates(round_):
        return
    at = now(round_.year)
    assert round_.opt_in_from is not None and round_.opt_in_until is not None
    if round_.state == R.INVITED and at >= local_moment(round_.opt_in_from):
        move_round(round_, R.OPT_IN, actor=actor)
    if round_.state == R.OPT_IN and at >= end_of_day(round_.opt_in_until):
        rows = Participation.objects.filter(round=round_, state=ParticipationState.INVITED)
        move_rows(
            Participation.objects,
            list(rows.values_list("pk", flat=True)),
            old=ParticipationState.INVITED,
            new=ParticipationState.NOT_OPTED_IN,
            moves=PARTICIPATION_MOVES,
        )
        move_round(round_, R.OPT_IN_CLOSED, actor=actor)
    assert round_.visible_to_schools_at is not None
    if round_.state == R.MATCHED and at >= round_.visible_to_schools_at:
        move_round(round_, R.VISIBLE_TO_SCHOOLS, actor=actor)
        carry_out(round_)


def keep_every_vovp() -> None:
    """Move the VOVPs of real years along with the time, every few seconds; a rehearsal moves with its clock."""
    rounds = Round.objects.filter(
        kind=RoundKind.VOVP, state__in=[R.INVITED, R.OPT_IN, R.MATCHED], year__clock_at=None
    ).select_related("year__region")
    for round_ in rounds:
        try:
            keep_vovp(round_, actor=None)
        except RefusedError as exc:  # another worker was a moment earlier
            log.info("round_moved_by_another", round=round_.pk, reason=type(exc).__name__)
