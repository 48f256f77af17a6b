"""Opting in to a VOVP one family at a time, from the mailbox of the parents' desk (DH-131 to DH-135, 4.6, Q-28).

What counts is when the parents' message came, not when somebody typed it: a mail of the last evening is still typed the
next morning, as long as the lists are not frozen.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from admissions.enums import CARE_DUTY_STATES, PARTICIPATION_MOVES, Decision, ParticipationState
from admissions.models import Application, OptInMessage, Participation, Preference
from admissions.opt_in_enums import OptInChannel, OptOutReason
from admissions.services.draws.freezing import lists_of
from admissions.services.places.vovp import add_preferences, added_problem
from admissions.services.year.states import move_rows
from schools.clock import now
from schools.context import round_name
from schools.enums import RoundState
from schools.errors import RefusedError
from schools.models import Round, SchoolRound, User, end_of_day, local_moment
from schools.services.events import Fact, record_event
from schools.texts import long_date

P = ParticipationState
# Between the invitations and the freeze.
WORKING_STATES = frozenset({RoundState.INVITED, RoundState.OPT_IN, RoundState.OPT_IN_CLOSED})


class OptInRefused(RefusedError):
    """This family cannot opt in, add or opt out like that; ``field`` is where the sentence belongs, or empty."""


@transaction.atomic
def register_opt_in(
    participation_id: int,
    *,
    received_at: datetime,
    channel: str,
    added: Sequence[str] = (),
    actor: User | None,
) -> Participation:
    """Opt one invited family in; ``added`` are programme codes behind the list, for the unplaced only.

    Errors: OptInRefused with a sentence (a message outside the window, a family that takes part already, lists that
    are frozen, a school that cannot be added); then nothing has changed.
    """
    row = _locked(participation_id)
    if row.state == P.OPTED_IN:
        raise OptInRefused(taking_part_already(row))
    _check_working(row)
    _check_received(row.round, received_at)
    _check_added(row, added)
    move_rows(Participation.objects, [row.pk], old=row.state, new=P.OPTED_IN, moves=PARTICIPATION_MOVES)
    add_preferences(row.round, {row.application_id: added} if added else {})
    OptInMessage.objects.create(
        participation=row,
        received_at=received_at,
        channel=OptInChannel(channel),
        recorded_by=actor,
        recorded_at=now(row.round.year),
    )
    _record("vovp_opted_in", row, reason=" ".join(added), actor=actor)
    row.state = P.OPTED_IN
    return row


@transaction.atomic
def extend_list(
    participation_id: int, *, received_at: datetime, added: Sequence[str], actor: User | None
) -> None:
    """Add schools behind the list of an unplaced family that takes part (Q-28: add only, within the window)."""
    row = _locked(participation_id)
    if row.state != P.OPTED_IN:
        raise OptInRefused(_("This family does not take part. Register its message first."))
    _check_working(row)
    if not added:
        raise OptInRefused(_("Type the school that the parents add."), "school_1")
    _check_received(row.round, received_at)
    _check_added(row, added)
    add_preferences(row.round, {row.application_id: added})
    _record("vovp_list_extended", row, reason=" ".join(added), actor=actor)


@transaction.atomic
def withdraw_opt_in(participation_id: int, *, reason: str, actor: User | None) -> None:
    """Take an opt-in back before the freeze; the schools that were added for this VOVP go off the list again."""
    row = _locked(participation_id)
    if row.state != P.OPTED_IN:
        raise OptInRefused(_("This family does not take part, so there is nothing to take back."))
    _check_working(row)
    move_rows(Participation.objects, [row.pk], old=P.OPTED_IN, new=P.NOT_OPTED_IN, moves=PARTICIPATION_MOVES)
    Preference.objects.filter(application_id=row.application_id, added_in=row.round).delete()
    OptInMessage.objects.filter(participation=row).delete()
    _record("vovp_opted_out", row, reason=OptOutReason(reason), actor=actor)


def taking_part_already(row: Participation) -> str:
    """The sentence for the second mail of one family: when the first came and who typed it."""
    message = OptInMessage.objects.filter(participation=row).select_related("recorded_by").first()
    if message is None:
        return _("This family takes part already.")
    return _(
        "This family takes part already: its message came on %(day)s and was registered by %(name)s."
    ) % {"day": long_date(message.received_at), "name": message.recorded_by or "–"}


def why_not_invited(application: Application, round_: Round, *, sees_care: bool) -> str:
    """Why this child is not on the list of this VOVP, in a sentence for the desk (DH-131 to DH-133)."""
    name = {"round": round_name(round_)}
    served = application.first_choice.round
    if not round_.serves.filter(pk=served.pk).exists():
        words = name | {"period": round_name(served)}
        return _("This child applied in %(period)s, and %(round)s does not serve that period.") % words
    if application.decision in (Decision.PENDING, Decision.UNDECIDED, Decision.VOID):
        return _("This form was never drawn, so the child cannot take part in %(round)s.") % name
    if application.decision == Decision.WITHDRAWN:
        return _("This child was withdrawn or declined its place, and cannot take part in %(round)s.") % name
    care = getattr(application, "care_case", None)
    if sees_care and care is not None and care.state in CARE_DUTY_STATES:
        return _("This child has a care duty: the programme manager looks for a place, outside the draw.")
    if application.decision == Decision.ADMITTED:
        return _("This child has a place at its school of first choice, so there is nothing to improve.")
    return _("This child is not on the list of %(round)s. Ask the programme manager.") % name


def can_change(round_: Round) -> bool:
    """Opt-ins can still be typed, extended and taken back."""
    return round_.state in WORKING_STATES


def _locked(participation_id: int) -> Participation:
    """The row, while nobody can freeze its round; two desks that type the same family wait for each other."""
    round_id = Participation.objects.values_list("round_id", flat=True).get(pk=participation_id)
    Round.objects.select_for_update(no_key=True).get(pk=round_id)
    rows = Participation.objects.select_for_update(of=("self",)).select_related(
        "application", "round__year__region"
    )
    return rows.get(pk=participation_id)


def _check_working(row: Participation) -> None:
    round_ = row.round
    name = {"round": round_name(round_)}
    if round_.state == RoundState.FROZEN:
        raise OptInRefused(
            _("The lists of %(round)s are frozen for the draw. Nothing can be changed any more.") % name
        )
    if round_.is_played:
        raise OptInRefused(_("%(round)s has been drawn. Nothing can be changed any more.") % name)
    if not can_change(round_):
        raise OptInRefused(_("The families of %(round)s have not been invited yet.") % name)
    if row.state == P.REMOVED:
        raise OptInRefused(_("This child was withdrawn, so it cannot take part any more."))


def _check_received(round_: Round, received_at: datetime) -> None:
    """Within the window, to the second, and not in the future (DH-134)."""
    if received_at > now(round_.year):
        raise OptInRefused(_("This moment has not come yet. When did the message arrive?"), "day")
    assert round_.opt_in_from is not None and round_.opt_in_until is not None
    words = {"first": long_date(round_.opt_in_from), "last": long_date(round_.opt_in_until)}
    if received_at < local_moment(round_.opt_in_from):
        raise OptInRefused(
            _(
                "This message came before the window. Parents can opt in from %(first)s to %(last)s: "
                "ask them to send it again then."
            )
            % words,
            "day",
        )
    if received_at >= end_of_day(round_.opt_in_until):
        raise OptInRefused(
            _(
                "This message came too late: parents could opt in from %(first)s to %(last)s. "
                "The child does not take part."
            )
            % words,
            "day",
        )


def _check_added(row: Participation, added: Sequence[str]) -> None:
    codes = set(SchoolRound.objects.filter(round=row.round).values_list("programme__code", flat=True))
    own = lists_of(application=row.application_id)[row.application_id]
    problem = added_problem(row, added, codes=codes, own=own)
    if problem:
        raise OptInRefused(capfirst(problem), "school_1")


def _record(kind: str, row: Participation, *, reason: str, actor: User | None) -> None:
    fact = Fact(kind, "application", row.application.registration_number, new=row.round.code, reason=reason)
    record_event(row.round.year, fact, actor=actor)
