"""What an outcome is worth: ranks, causes, envy, swaps."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from lottery.engine.quality import Quality, SwapRoute, UnplacedCause, assess, blocking_pairs, swap_routes
from tests.lottery.random_sessions import random_session
from tests.lottery.test_session import CITY, by_hand

C = UnplacedCause


def measured(session) -> Quality:
    return assess(session.dossiers, session.outcome())


def test_ae_17_quality_of_a_small_city():
    assert measured(CITY) == Quality(
        children=11,
        by_rank=((1, 7), (2, 1), (5, 1)),
        unplaced=((C.CARE_ROUTE, 1), (C.LATE_LOT, 1)),
        moved_up=0,
        kept_seat=0,
        blocking_pairs=(),
        swaps=(),
    )


def test_ae_16b_two_who_would_gladly_swap_and_may_not():
    quality = measured(by_hand("A 1, B 1", "I1 C B:1,A:0; I2 C A:1,B:0; U1 C A:1,B:1", "centraal: U1 I2 I1"))
    assert quality.swaps == (SwapRoute("A", "B", 1),)
    assert quality.mutual_swaps == 1
    assert (quality.kept_seat, quality.moved_up, quality.blocking_pairs) == (2, 0, ())
    assert quality.unplaced == ((C.LATE_LOT, 1),)


def test_ae_16a_the_central_draw_itself_swaps():
    quality = measured(by_hand("A 1, B 1", "I1 C B:1,A:0; I2 C A:1,B:0", "centraal: I1 I2"))
    assert (quality.moved_up, quality.kept_seat, quality.mutual_swaps) == (2, 0, 0)


def test_causes():
    session = by_hand(
        "A 1, B 0, C 1, D 1",
        "A1 SC A:1,B:1; A2 SC A:1,B:1; A3 SC A:1,C:1; A4 SC A:1,C:1; A5 S A:1,C:1; P1+P2 SC A:1,D:1",
        "A: A1 A2 A3 A4 A5 P1; centraal: A2 A3 A4 P1",
    )
    assert measured(session).unplaced == (
        (C.CARE_ROUTE, 1),
        (C.LATE_LOT, 1),
        (C.NOTHING_OPEN, 1),
        (C.UNIT_TOO_LARGE, 2),
    )
    only_schools = by_hand("A 1, B 1", "A1 S A:1,B:1; A2 S A:1", "A: A1 A2")
    assert measured(only_schools).unplaced == ((C.NO_CENTRAL_DRAW, 1),)


def test_envy_is_found_when_an_outcome_is_tampered_with():
    session = by_hand("A 1, B 1", "A1 C A:1,B:1; A2 C A:1,B:1; A3 C A:1,B:1", "centraal: A1 A2 A3")
    outcome = session.outcome()
    (draw,) = outcome.draws
    first, second, third = draw.lines
    worse = replace(
        draw, lines=(replace(first, code="B"), replace(second, code=None), replace(third, code="A"))
    )
    tampered = replace(outcome, draws=(worse,))
    assert blocking_pairs(session.dossiers, outcome) == ()
    assert blocking_pairs(session.dossiers, tampered) == (("A1", "A"), ("A2", "A"))


def test_a_place_left_empty_is_found_too():
    session = by_hand("A 1", "A1 S A:1", "A: A1")
    outcome = session.outcome()
    (draw,) = outcome.draws
    empty = replace(draw, lines=(replace(draw.lines[0], code=None),))
    assert blocking_pairs(session.dossiers, replace(outcome, draws=(empty,))) == (("A1", "A"),)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.integers(0, 10**9))
def test_counts_add_up_and_nobody_is_passed_over(number):
    session = random_session(number)
    quality = measured(session)
    assert (
        sum(count for _, count in quality.by_rank) + sum(count for _, count in quality.unplaced)
        == quality.children
    )
    assert quality.blocking_pairs == ()


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.integers(0, 10**9))
def test_swaps_by_comparing_all_pairs(number):
    session = random_session(number, vovp=True, schools=4, children=20)
    places = session.outcome().final_places()

    def prefers(child, code) -> bool:
        wishes = [school for school, _ in child.choices]
        own = places[child.regno]
        return own is not None and code in wishes and wishes.index(code) < wishes.index(own)

    children = session.dossiers.children
    pairs = sum(
        prefers(one, places[other.regno]) and prefers(other, places[one.regno])
        for one in children
        for other in children
        if one.regno < other.regno
    )
    assert sum(route.pairs for route in swap_routes(session.dossiers, session.outcome())) == pairs


def test_no_swaps_in_a_central_draw_without_held_seats():
    for number in range(200):
        session = random_session(number, vovp=False, linked=False)
        central = [child for child in session.dossiers.children if child.participation == "C"]
        if len(central) == len(session.dossiers.children):
            assert swap_routes(session.dossiers, session.outcome()) == ()
