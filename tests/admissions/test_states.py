"""The transition tables of den-haag.md section 4: what they list happens, every other pair is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from django.db.models import Model

from admissions.enums import (
    CARE_MOVES,
    DECISION_MOVES,
    FORM_MOVES,
    MOVE_MOVES,
    PARTICIPATION_MOVES,
    PLACEMENT_MOVES,
    CareState,
    Decision,
    FormState,
    MoveState,
    ParticipationState,
    PlacementState,
)
from admissions.services.care.care_route import CareError, move_care
from admissions.services.year.states import StateError, check_move, move_rows
from lottery.enums import SESSION_MOVES, SessionState
from lottery.services.sessions import SessionError, move_session
from notifications.enums import MESSAGE_MOVES, MessageState
from schools.enums import ROUND_MOVES, RoundKind, RoundState
from schools.services.rounds import RoundError, move_round
from tests.factories.admissions import (
    ApplicationFactory,
    CareCaseFactory,
    FormFactory,
    MoveRequestFactory,
    ParticipationFactory,
    PlacementFactory,
)
from tests.factories.lottery import DrawSessionFactory
from tests.factories.notifications import MessageFactory
from tests.factories.schools import RoundFactory

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Machine:
    """One life cycle: its words, its table, and a row in a given state."""

    states: type[Any]
    moves: Mapping[str, set[str]]
    make: Callable[[str], Model]
    field: str = "state"


MACHINES = {
    "form": Machine(FormState, FORM_MOVES, lambda state: FormFactory(state=state)),
    "application": Machine(
        Decision, DECISION_MOVES, lambda state: ApplicationFactory(decision=state), "decision"
    ),
    "placement": Machine(PlacementState, PLACEMENT_MOVES, lambda state: PlacementFactory(state=state)),
    "care": Machine(CareState, CARE_MOVES, lambda state: CareCaseFactory(state=state)),
    "move": Machine(MoveState, MOVE_MOVES, lambda state: MoveRequestFactory(state=state)),
    "participation": Machine(
        ParticipationState, PARTICIPATION_MOVES, lambda state: ParticipationFactory(state=state)
    ),
}


@pytest.mark.parametrize("name", MACHINES)
def test_every_pair_that_is_not_listed_is_refused(name: str):
    """den-haag.md 4: "Any pair (state, event) not listed is refused"."""
    machine = MACHINES[name]
    assert set(machine.moves) == set(machine.states.values)
    for old in machine.states.values:
        row = machine.make(old)
        manager = type(row)._default_manager
        for new in machine.states.values:
            listed = new in machine.moves[old]
            assert row.can_move_to(new) == listed  # type: ignore[attr-defined]
            if listed:
                check_move(row, new, machine.moves, old)
                continue
            with pytest.raises(StateError):
                check_move(row, new, machine.moves, old)
            with pytest.raises(StateError):
                move_rows(manager, [row.pk], old=old, new=new, moves=machine.moves, state_field=machine.field)
            row.refresh_from_db()
            assert getattr(row, machine.field) == old


@pytest.mark.parametrize("name", MACHINES)
def test_every_pair_that_is_listed_happens(name: str):
    machine = MACHINES[name]
    for old, targets in machine.moves.items():
        for new in sorted(targets):
            row = machine.make(old)
            manager = type(row)._default_manager
            moved = move_rows(
                manager, [row.pk], old=old, new=new, moves=machine.moves, state_field=machine.field
            )
            row.refresh_from_db()
            assert (moved, getattr(row, machine.field)) == (1, new)


def test_bulk_move_in_which_one_row_was_moved_by_another_is_refused():
    """DESIGN section 4: the rows are counted."""
    rows = [PlacementFactory() for _ in range(3)]
    ids = [row.pk for row in rows]
    PlacementFactory._meta.model.objects.filter(pk=ids[1]).update(state=PlacementState.WITHDRAWN)
    with pytest.raises(StateError):
        move_rows(
            PlacementFactory._meta.model.objects,
            ids,
            old=PlacementState.RESERVED,
            new=PlacementState.OFFERED,
            moves=PLACEMENT_MOVES,
        )


# --- the tables as the specification writes them --------------------------------------------------------------------

F, D, P, C, R, T, M = (
    FormState,
    Decision,
    PlacementState,
    CareState,
    RoundState,
    ParticipationState,
    MoveState,
)


def test_table_of_the_form():
    """4.1; Q-31 makes an expired form count, and a void one is over."""
    assert {
        F.DRAFT: {F.FINAL, F.VOID, F.EXPIRED},
        F.FINAL: {F.RELEASED, F.VOID, F.LOCKED},
        F.RELEASED: {F.FINAL, F.LOCKED},
        F.LOCKED: {F.VOID},
        F.EXPIRED: {F.LOCKED},
        F.VOID: set(),
    } == FORM_MOVES


def test_table_of_the_application():
    """4.2; VOID by 4.1, Q-08 and Q-11; ADMITTED from below by a VOVP (AE-14).

    A child with care duty takes part in the school draw only: a repair can give it a place there (OA-LOT/1 section 8).
    """
    assert {
        D.PENDING: {D.UNDECIDED, D.VOID},
        D.UNDECIDED: {D.ADMITTED, D.DRAWN_OUT, D.WITHDRAWN, D.VOID},
        # a draw by hand whose order cannot be shown is drawn again before the freeze.
        D.DRAWN_OUT: {D.PLACED_LOWER, D.UNPLACED, D.CARE_FOLLOW_UP, D.UNDECIDED, D.WITHDRAWN, D.VOID},
        D.ADMITTED: {D.UNDECIDED, D.WITHDRAWN, D.VOID},
        D.PLACED_LOWER: {D.ADMITTED, D.WITHDRAWN, D.VOID},
        D.UNPLACED: {D.ADMITTED, D.PLACED_LOWER, D.WITHDRAWN, D.VOID},
        D.CARE_FOLLOW_UP: {D.ADMITTED, D.UNDECIDED, D.WITHDRAWN, D.VOID},
        D.WITHDRAWN: set(),
        D.VOID: set(),
    } == DECISION_MOVES


def test_table_of_the_placement():
    """4.2: superseded and withdrawn end it, a lapsed one is withdrawn (AE-22)."""
    assert {
        P.RESERVED: {P.OFFERED, P.WITHDRAWN},
        P.OFFERED: {P.ENROLLED, P.SUPERSEDED, P.LAPSED, P.WITHDRAWN},
        P.ENROLLED: {P.SUPERSEDED, P.LAPSED, P.WITHDRAWN},
        P.LAPSED: {P.WITHDRAWN},
        P.SUPERSEDED: set(),
        P.WITHDRAWN: set(),
    } == PLACEMENT_MOVES


def test_table_of_the_care_route():
    """4.3"""
    assert {
        C.REQUESTED: {C.MEETING_PLANNED, C.DUTY_NO},
        C.SIGNALLED: {C.MEETING_PLANNED, C.DUTY_NO},
        C.MEETING_PLANNED: {C.MEETING_HELD},
        C.MEETING_HELD: {C.DUTY_YES, C.DUTY_NO},
        C.DUTY_YES: {C.LETTER_DRAFT, C.CARE_CLOSED},
        C.DUTY_NO: set(),
        C.LETTER_DRAFT: {C.LETTER_REVIEWED},
        C.LETTER_REVIEWED: {C.LETTER_DRAFT, C.LETTER_SENT},
        C.LETTER_SENT: set(),
        C.CARE_CLOSED: set(),
    } == CARE_MOVES


def test_tables_of_the_rounds():
    """4.4: in order, nothing is skipped. Back only from a freeze whose session is void (OA-LOT/1 sections 7 and 8)."""
    alm = [R.PLANNED, R.OPEN, R.PROCESSING, R.LOCKED, R.FROZEN, R.MATCHED, R.OFFERS, R.CLOSED]
    vovp = [R.PLANNED, R.INVITED, R.OPT_IN, R.OPT_IN_CLOSED, R.FROZEN, R.MATCHED]
    vovp += [R.VISIBLE_TO_SCHOOLS, R.OFFERS, R.CLOSED]
    for kind, order in ((RoundKind.ALM, alm), (RoundKind.VOVP, vovp)):
        before_the_freeze = order[order.index(R.FROZEN) - 1]
        assert ROUND_MOVES[kind] == {state: {following} for state, following in pairwise(order)} | {
            R.FROZEN: {R.MATCHED, before_the_freeze},
            R.CLOSED: set(),
        }


def test_table_of_the_move_house_request():
    """4.5"""
    assert {
        M.REQUESTED: {M.PROOF},
        M.PROOF: {M.APPROVED, M.REJECTED},
        M.APPROVED: set(),
        M.REJECTED: set(),
    } == MOVE_MOVES


def test_table_of_the_participation():
    """4.6; a withdrawal takes it out at any moment before the matching.

    Back to OPTED_IN: a message that came within the window and is typed after it, or a mistake that is mended.
    """
    assert {
        T.ELIGIBLE: {T.INVITED, T.REMOVED},
        T.INVITED: {T.OPTED_IN, T.NOT_OPTED_IN, T.REMOVED},
        T.OPTED_IN: {T.NOT_OPTED_IN, T.REMOVED, T.PLACED, T.IMPROVED, T.UNCHANGED},
        T.NOT_OPTED_IN: {T.OPTED_IN},
        T.REMOVED: set(),
        T.PLACED: set(),
        T.IMPROVED: set(),
        T.UNCHANGED: set(),
    } == PARTICIPATION_MOVES


# --- machines with a service of their own ---------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["ALM1", "VOVP1"])
def test_round_moves_only_as_listed(code: str):
    """4.4"""
    round_ = RoundFactory(code=code)
    for old in RoundState.values:
        for new in RoundState.values:
            round_.state = old
            round_.save(update_fields=["state"])
            if new in ROUND_MOVES[round_.kind].get(old, set()):
                move_round(round_, new, actor=None)
                round_.refresh_from_db()
                assert round_.state == new
            else:
                with pytest.raises(RoundError):
                    move_round(round_, new, actor=None)
                round_.refresh_from_db()
                assert round_.state == old


def test_round_moved_by_somebody_else_in_between_is_refused():
    round_ = RoundFactory(code="ALM1")
    stale = type(round_).objects.get(pk=round_.pk)
    move_round(round_, RoundState.OPEN, actor=None)
    with pytest.raises(RoundError):
        move_round(stale, RoundState.OPEN, actor=None)


def test_draw_session_moves_only_as_listed():
    """OA-LOT/1 section 7"""
    session = DrawSessionFactory()
    for old in SessionState.values:
        for new in SessionState.values:
            session.state = old
            if new in SESSION_MOVES[old]:
                move_session(session, SessionState(new))
                assert session.state == new
            else:
                with pytest.raises(SessionError):
                    move_session(session, SessionState(new))
                assert session.state == old


def test_message_leaves_once_or_is_cancelled():
    assert {
        MessageState.HELD: {MessageState.RELEASED, MessageState.CANCELLED},
        MessageState.RELEASED: set(),
        MessageState.CANCELLED: set(),
    } == MESSAGE_MOVES
    message = MessageFactory()
    assert message.can_move_to(MessageState.CANCELLED) and not message.can_move_to(MessageState.HELD)


def test_care_service_refuses_every_pair_that_is_not_listed():
    """4.3"""
    for old in CareState.values:
        case = CareCaseFactory(state=old)
        for new in CareState.values:
            if new not in CARE_MOVES[old]:
                with pytest.raises((StateError, CareError)):
                    move_care(case.pk, CareState(new), actor=None)
                case.refresh_from_db()
                assert case.state == old
