"""Every preference of every child has a reason, and the reason is the right one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lottery.engine.explain import Reason, ReasonKind, explain
from lottery.engine.files import parse_commitment, parse_dossiers, parse_seed
from lottery.engine.outcome import CutoffLine
from lottery.engine.session import compute_session
from tests.lottery.random_sessions import random_session, vector
from tests.lottery.test_session import CITY, by_hand, lot

K = ReasonKind


def kinds(session) -> dict[str, list[ReasonKind]]:
    reasons = explain(session.dossiers, session.outcome())
    return {regno: [reason.kind for reason in own] for regno, own in reasons.items()}


def test_ae_17_reasons_of_a_small_city():
    assert kinds(CITY) == {
        "A1": [K.PLACED, K.NOT_REACHED],
        "A2": [K.PLACED, K.NOT_REACHED],
        "A3": [K.CLASS_TOO_LATE, K.SCHOOL_FULL, K.CLOSED, K.CLOSED, K.PLACED],
        "A4": [K.CLASS_TOO_LATE, K.CLOSED, K.SCHOOL_FULL, K.CLOSED, K.CLOSED],
        "B1": [K.PLACED, K.NOT_REACHED],
        "B2": [K.PLACED, K.NOT_REACHED],
        "C1": [K.PLACED, K.NOT_REACHED],
        "C2": [K.DRAWN_OUT, K.PLACED, K.NOT_REACHED, K.NOT_REACHED, K.NOT_REACHED],
        "C3": [K.PLACED, K.NOT_REACHED],
        "D1": [K.DRAWN_OUT, K.CARE_ROUTE, K.CARE_ROUTE],
        "D2": [K.PLACED, K.NOT_REACHED],
    }


def test_a_reason_holds_the_numbers_a_letter_needs():
    reasons = explain(CITY.dossiers, CITY.outcome())["C2"]
    assert reasons[0] == Reason(
        code="C",
        rank_in_list=1,
        kind=K.DRAWN_OUT,
        unit_size=1,
        draw="school/C",
        own_tier=2,
        own_lot=lot(2),
        own_rank=3,
        of_total=3,
        cutoff=CutoffLine("C", "limit", 2, lot(1)),
    )
    assert reasons[1] == Reason(
        code="B",
        rank_in_list=2,
        kind=K.PLACED,
        unit_size=1,
        draw="centraal",
        own_tier=None,
        own_lot=lot(1),
        own_rank=1,
        of_total=3,
        cutoff=CutoffLine("B", "limit", None, lot(1)),
    )
    assert reasons[2] == Reason(code="A", rank_in_list=3, kind=K.NOT_REACHED, unit_size=1)


def test_first_choice_closed_and_a_child_that_enters_after_a_manual_draw():
    session = by_hand("A 0, B 1, C 1", "A1 SC A:1,B:1; A2 C B:1,C:1", "A: A1; centraal: A2 A1")
    assert kinds(session) == {"A1": [K.CLOSED, K.SCHOOL_FULL], "A2": [K.PLACED, K.NOT_REACHED]}


def test_units_that_are_too_large():
    session = by_hand("A 1, B 1, C 2", "P1+P2 SC A:1,B:1,C:1; Q1 SC A:1,C:1", "A: P1 Q1; centraal: P1")
    assert kinds(session) == {
        "P1": [K.UNIT_TOO_LARGE, K.UNIT_TOO_LARGE, K.PLACED],
        "P2": [K.UNIT_TOO_LARGE, K.UNIT_TOO_LARGE, K.PLACED],
        "Q1": [K.PLACED, K.NOT_REACHED],
    }
    assert explain(session.dossiers, session.outcome())["P2"][0].unit_size == 2


def test_a_session_without_central_draw():
    session = by_hand("A 1, B 1", "A1 S A:1,B:1; A2 S A:1,B:1", "A: A1 A2")
    assert kinds(session) == {"A1": [K.PLACED, K.NOT_REACHED], "A2": [K.DRAWN_OUT, K.NO_CENTRAL_DRAW]}


def test_vovp_vector():
    files = vector("vovp")
    lists = parse_dossiers(files["dossiers.txt"])
    outcome = compute_session(
        lists, parse_commitment(files["vastlegging.txt"]), parse_seed(files["zaad.txt"])
    )
    found = {regno: [reason.kind for reason in own] for regno, own in explain(lists, outcome).items()}
    assert found == {
        "2P7C4LNE": [K.PLACED, K.HELD_SEAT_LEFT],
        "3T9XQ5WD": [K.SCHOOL_FULL, K.PLACED, K.NOT_REACHED],
        "5KM2R8YB": [K.SCHOOL_FULL, K.HELD_SEAT],
        "7D4JH6ZS": [K.PLACED, K.HELD_SEAT_LEFT],
        "9B3VW8QA": [K.PLACED, K.HELD_SEAT_LEFT],
        "C6N2F5TX": [K.SCHOOL_FULL, K.SCHOOL_FULL],
    }


def test_seats_that_are_kept():
    session = by_hand("A 1, B 1", "I1 C B:1,A:0; I2 C A:1,B:0; U1 C A:1,B:1", "centraal: U1 I2 I1")
    assert kinds(session) == {
        "I1": [K.SEATS_KEPT, K.HELD_SEAT],
        "I2": [K.SEATS_KEPT, K.HELD_SEAT],
        "U1": [K.SEATS_KEPT, K.SEATS_KEPT],
    }


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.integers(0, 10**9))
def test_reasons_agree_with_the_outcome(number):
    session = random_session(number)
    outcome = session.outcome()
    places = outcome.final_places()
    reasons = explain(session.dossiers, outcome)
    assert reasons.keys() == places.keys()
    for child in session.dossiers.children:
        own = reasons[child.regno]
        assert [(reason.code, reason.rank_in_list) for reason in own] == [
            (code, rank) for rank, (code, _) in enumerate(child.choices, 1)
        ]
        placed = [reason.code for reason in own if reason.kind in (K.PLACED, K.HELD_SEAT)]
        assert placed == ([] if places[child.regno] is None else [places[child.regno]])
        for reason in own:
            if reason.kind in (K.SCHOOL_FULL, K.DRAWN_OUT, K.CLASS_TOO_LATE):
                # The numbers bear the reason out: behind the cutoff of a school that is full.
                assert reason.cutoff is not None and reason.cutoff.kind == "limit"
                before = reason.cutoff.lot < reason.own_lot
                assert before if reason.kind is not K.CLASS_TOO_LATE else reason.own_tier > reason.cutoff.tier
            if reason.kind is K.DRAWN_OUT:
                assert reason.own_tier == reason.cutoff.tier
            if reason.kind is K.UNIT_TOO_LARGE:
                assert reason.unit_size > 1
            if reason.kind in (K.CLOSED, K.SEATS_KEPT):
                assert reason.cutoff.kind == "closed"
            if reason.kind is K.CARE_ROUTE:
                assert child.participation == "S"
