"""A place by way of exception: for a child that a repair shows should have had it (OA-LOT/1 section 8).

Nobody loses a place for it: where none is open in the books of the round, one is added above the ceiling, and the
first place that comes free at that school pays it back (``freed``).
"""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from admissions.enums import DECISION_MOVES, PLACEMENT_MOVES, Decision, EntryKind, PlacementState
from admissions.models import Application, LedgerEntry, Placement
from admissions.services.letters.outcome_messages import reply_deadline
from admissions.services.places.freed import Freed, book_freed, lock_schools
from admissions.services.places.ledger import book, open_places, placed_entries
from admissions.services.replies.answers import seat_of, vacate
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
    """Seat one child; see ``give_places``."""
    (placement,) = give_places([(application, code)], round_, session=session, actor=actor)
    return placement


def give_places(
    wanted: Sequence[tuple[Application, str]], round_: Round, *, session: DrawSession, actor: User | None
) -> list[Placement]:
    """Seat children at a school of their list, above the ceiling if need be; lower places they held are given back.

    What one of them leaves pays back the exception place of another at the same school, whoever comes first: the
    places that were left are booked when all are seated. The caller holds the transaction. A round whose offers left
    offers these places at once.

    Shapes: ``wanted`` applications with the code of their school; placements come back in the same order.
    """
    check_nothing_frozen(round_)
    on = today(round_.year)
    seats = {
        seat.programme.code: seat
        for seat in SchoolRound.objects.select_related("programme__school").filter(
            round=round_, programme__code__in={code for _application, code in wanted}
        )
    }
    left = {application.pk: seat_of(application) for application, _code in wanted}
    lock_schools(
        {seat.programme_id for seat in seats.values()}
        | {old.school_round.programme_id for old in left.values() if old is not None}
    )
    for application, _code in wanted:
        if (old := left[application.pk]) is not None:
            vacate(application, old)
    placements = [
        _seat(application, round_, seats[code], left[application.pk], session=session, on=on)
        for application, code in wanted
    ]
    book_freed(round_.year, [Freed(old, on) for old in left.values() if old is not None])
    for (application, _code), placement in zip(wanted, placements, strict=True):
        target = Decision.ADMITTED if placement.preference_rank == 1 else Decision.PLACED_LOWER
        _decide(application, target, session.name, actor)
    if round_.state in (RoundState.OFFERS, RoundState.CLOSED):
        move_rows(
            Placement.objects,
            [placement.pk for placement in placements],
            old=PlacementState.RESERVED,
            new=PlacementState.OFFERED,
            moves=PLACEMENT_MOVES,
            offered_on=on,
            respond_by=reply_deadline(on, round_.reply_weeks),
        )
        for placement in placements:
            placement.refresh_from_db()
    return placements


def _seat(
    application: Application,
    round_: Round,
    seat: SchoolRound,
    old: Placement | None,
    *,
    session: DrawSession,
    on: date,
) -> Placement:
    if seat.is_capped and open_places(round_)[seat.pk] <= 0:
        book([_exception(seat, session, on)])
    placement = Placement.objects.create(
        application=application,
        child_id=application.child_id,
        school_round=seat,
        preference_rank=application.preferences.get(programme=seat.programme).rank,
        supersedes=old,
    )
    book(placed_entries([placement], session=session, on=on, cause=session.name))
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


def _decide(application: Application, target: Decision, cause: str, actor: User | None) -> None:
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
                reason=cause,
            )
        )
        application.decision = step
        application.save(update_fields=["decision"])
    record_events(application.year, facts, actor=actor)


def leave_without(application: Application, target: Decision, *, cause: str, actor: User | None) -> None:
    """The child reached no place either: decided like those in the draw. ``cause`` stands in the trail."""
    _decide(application, target, cause, actor)
