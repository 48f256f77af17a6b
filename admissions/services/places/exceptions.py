"""A place by way of exception: for a child that a repair shows should have had it (OA-LOT/1 section 8).

Nobody loses a place for it: where none is open in the books of the round, one is added above the ceiling.
"""

from datetime import date

from django.utils.translation import gettext as _

from admissions.enums import DECISION_MOVES, PLACEMENT_MOVES, Decision, EntryKind, PlacementState
from admissions.models import Application, LedgerEntry, Placement
from admissions.services.letters.outcome_messages import reply_deadline
from admissions.services.places.ledger import book, open_places, placed_entries
from admissions.services.replies.answers import free_seat, seat_of
from admissions.services.year.states import check_move, move_rows
from lottery.models import DrawSession
from schools.clock import today
from schools.enums import RoundState
from schools.errors import RefusedError
from schools.models import Round, SchoolRound, User
from schools.services.events import Fact, record_events


class ExceptionRefused(RefusedError):
    """This place cannot be given."""


def check_nothing_frozen(round_: Round) -> None:
    """While lists of the year are frozen no place changes hands."""
    frozen = round_.year.rounds.filter(state=RoundState.FROZEN).first()
    if frozen is not None:
        raise ExceptionRefused(
            _("The lists of %(round)s are frozen for the draw. Do this when its result is known.")
            % {"round": frozen.code}
        )


def give_place(
    application: Application, round_: Round, *, code: str, session: DrawSession, actor: User | None
) -> Placement:
    """Seat a child at a school of its list, above the ceiling if need be; a lower place it held is given back.

    The caller holds the transaction. A round whose offers left offers this place at once.
    """
    check_nothing_frozen(round_)
    on = today(round_.year)
    seat = SchoolRound.objects.select_related("programme__school").get(round=round_, programme__code=code)
    rank = application.preferences.get(programme=seat.programme).rank
    old = seat_of(application)
    if old is not None:
        free_seat(application, old, on=on)
    if seat.is_capped and open_places(round_)[seat.pk] <= 0:
        book([_exception(seat, session, on)])
    placement = Placement.objects.create(
        application=application,
        child_id=application.child_id,
        school_round=seat,
        preference_rank=rank,
        supersedes=old,
    )
    book(placed_entries([placement], session=session, on=on, cause=session.name))
    target = Decision.ADMITTED if rank == 1 else Decision.PLACED_LOWER
    _decide(application, target, session, actor)
    if round_.state in (RoundState.OFFERS, RoundState.CLOSED):
        move_rows(
            Placement.objects,
            [placement.pk],
            old=PlacementState.RESERVED,
            new=PlacementState.OFFERED,
            moves=PLACEMENT_MOVES,
            offered_on=on,
            respond_by=reply_deadline(on, round_.reply_weeks),
        )
        placement.refresh_from_db()
    return placement


def _exception(seat: SchoolRound, session: DrawSession, on: date) -> LedgerEntry:
    return LedgerEntry(
        school_round=seat,
        kind=EntryKind.EXCEPTION,
        places=1,
        session=session,
        effective_on=on,
        cause=session.name,
    )


def _decide(application: Application, target: Decision, session: DrawSession, actor: User | None) -> None:
    old = application.decision
    if old == target:
        return
    steps = [target] if target in DECISION_MOVES[old] else [Decision.DRAWN_OUT, target]
    facts = []
    for step in steps:
        check_move(application, step, DECISION_MOVES, application.decision)
        facts.append(
            Fact(
                "decision",
                "application",
                application.registration_number,
                old=application.decision,
                new=step,
                reason=session.name,
            )
        )
        application.decision = step
        application.save(update_fields=["decision"])
    record_events(application.year, facts, actor=actor)


def leave_without(
    application: Application, target: Decision, *, session: DrawSession, actor: User | None
) -> None:
    """The child reached no place either: decided like those in the draw."""
    _decide(application, target, session, actor)
