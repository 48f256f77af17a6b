"""The worked examples of den-haag.md section 7: places over the year and the VOVP (AE-13 to AE-16, AE-20, AE-23).

Played as they stand, with dice that put the lots in the order of the example.
"""

from datetime import datetime
from itertools import permutations

import pytest

from admissions.enums import Decision, PlacementState
from admissions.models import Placement
from schools.models import AMSTERDAM
from schools.services.ceilings import even_split
from tests.admissions.ledger_year import play_ledger_year
from tests.factories.city import CENTRAL, City, School, brin, make_city

pytestmark = pytest.mark.django_db


# --- AE-13: the ledger over a year ----------------------------------------------------------------------------------


def test_ledger_of_one_school_over_a_whole_year():
    """AE-13: the seat freed in February skips ALM2; placed 51 - withdrawn 4 + left 1 = 48."""
    city = play_ledger_year()
    rounds = ("ALM1", "ALM2", "VOVP1", "ALM3", "ALM4", "VOVP2")
    kinds = ("ceiling", "carried_in", "freed_in", "placed", "carried_out")
    book = city.ledger("S")
    rows = {code: tuple(book[code].get(kind, 0) for kind in kinds) for code in rounds}
    assert rows == {
        "ALM1": (12, 0, 0, -10, -2),
        "ALM2": (12, 2, 0, -14, 0),
        "VOVP1": (0, 0, 2, -1, -1),
        "ALM3": (12, 1, 0, -10, -3),
        "ALM4": (12, 3, 0, -14, -1),
        "VOVP2": (0, 1, 2, -2, 0),
    }
    seats = {code: sum(row[:3]) for code, row in rows.items()}
    assert seats == {"ALM1": 12, "ALM2": 14, "VOVP1": 2, "ALM3": 13, "ALM4": 15, "VOVP2": 3}
    assert {code: city.open_places(code)["S"] for code in rounds} == {
        "ALM1": 0, "ALM2": 0, "VOVP1": 0, "ALM3": 0, "ALM4": 0, "VOVP2": 1,
    }  # fmt: skip
    placed = Placement.objects.filter(school_round__programme__code=brin("S"))
    withdrawn = placed.filter(state=PlacementState.WITHDRAWN).count()
    assert (placed.count(), withdrawn, placed.count() - withdrawn + 1) == (51, 4, 48)
    assert city.contradictions() == []


# --- AE-14 to AE-16: VOVP -------------------------------------------------------------------------------------------


def improver_city() -> City:
    """I sits at B, its second choice; U has nothing; one free seat at A."""
    city = make_city({"A": (School((1, 0, 0, 0))), "B": School((1, 0, 0, 0)), **dict.fromkeys("CDEF", 0)})
    city.apply("ALM1", x="A", I="A B C D E", U="A B C D E")
    city.play("ALM1", {"A": "x I U", CENTRAL: "I U"})
    assert city.outcomes("ALM1") == {"x": "A", "I": "B", "U": "unplaced"}
    city.withdraw("x", on="2024-02-12")
    city.play("ALM2")
    return city


INVITED = {("M09", "U"), ("M10", "I")}  # DH-131, DH-132: both hear how to take part, before the opt-in opens


def vovp_book(city: City, school: str) -> tuple[int, int, int, int]:
    """Carried and freed in, released, placed, open to ALM3."""
    book = city.ledger(school).get("VOVP1", {})
    return (
        book.get("carried_in", 0) + book.get("freed_in", 0),
        book.get("released", 0),
        -book.get("placed", 0),
        -book.get("carried_out", 0),
    )


def test_improver_drawn_first_hands_its_seat_to_the_unplaced_in_the_same_vovp():
    """AE-14 (a), DH-139, DH-140"""
    city = improver_city()
    city.play("VOVP1", {CENTRAL: "I U"}, opt_ins={"I": "", "U": "F"})
    assert city.results("VOVP1") == {"I": ("admitted", "A", 1, "vovp"), "U": ("placed_lower", "B", 2, "vovp")}
    assert city.placements()[1:] == [
        ("I", "B", "ALM1", "superseded"),
        ("I", "A", "VOVP1", "offered"),
        ("U", "B", "VOVP1", "offered"),
    ]
    assert (vovp_book(city, "A"), vovp_book(city, "B")) == ((1, 0, 1, 0), (0, 1, 1, 0))
    assert city.messages("VOVP1") == INVITED | {
        ("M11", "I"), ("M11", "U"), ("M13", "A"), ("M13", "B"), ("M14", "B"),
    }  # fmt: skip
    assert city.participations("VOVP1") == {"I": ("improver", "improved"), "U": ("unplaced", "placed")}
    assert city.contradictions() == []


def test_improver_drawn_last_keeps_its_seat_unchanged():
    """AE-14 (b), DH-138"""
    city = improver_city()
    city.play("VOVP1", {CENTRAL: "U I"}, opt_ins={"I": "", "U": "F"})
    assert city.results("VOVP1") == {"I": ("unchanged", "B", 2, "vovp"), "U": ("admitted", "A", 1, "vovp")}
    assert city.seats() == {"I": "B", "U": "A"}
    assert (vovp_book(city, "A"), vovp_book(city, "B")) == ((1, 0, 1, 0), (0, 0, 0, 0))
    assert city.messages("VOVP1") == INVITED | {("M12", "I"), ("M11", "U"), ("M13", "A")}
    assert city.contradictions() == []


def test_seat_that_an_improver_leaves_and_nobody_wants_stays_open_for_the_next_round():
    """AE-14 (c), DH-146"""
    city = improver_city()
    city.play("VOVP1", opt_ins={"I": ""})
    assert city.results("VOVP1") == {"I": ("admitted", "A", 1, "vovp")}
    assert (vovp_book(city, "A"), vovp_book(city, "B")) == ((1, 0, 1, 0), (0, 1, 0, 1))
    assert city.open_places("ALM3")["B"] == 1
    assert city.participations("VOVP1")["U"] == ("unplaced", "not_opted_in")
    assert city.contradictions() == []


CHAIN = {
    "U I1 I2": ("C", "B", "A"),
    "U I2 I1": ("C", "B", "A"),
    "I1 U I2": ("A", "B", "C"),
    "I1 I2 U": ("A", "B", "C"),
    "I2 U I1": ("C", "A", "B"),
    "I2 I1 U": ("B", "A", "C"),
}


@pytest.mark.parametrize("order", CHAIN)
def test_chain_of_seats_leaves_nobody_worse_off(order: str):
    """AE-15: in every order all three have a seat and none stays open."""
    once = School((1, 0, 0, 0))
    city = make_city({"A": once, "B": once, "C": once})
    city.apply("ALM1", x="A", I1="A B C", I2="A B", U="A B C")
    city.play("ALM1", {"A": "x I1 I2 U", CENTRAL: "I2 I1 U"})
    assert city.outcomes("ALM1") == {"x": "A", "I1": "C", "I2": "B", "U": "unplaced"}
    city.withdraw("x", on="2024-02-12")
    city.play("ALM2")

    city.play("VOVP1", {CENTRAL: order})
    assert city.seats() == dict(zip(("I1", "I2", "U"), CHAIN[order], strict=True))
    assert city.open_places("ALM3") == {"A": 0, "B": 0, "C": 0}
    assert city.contradictions() == []


def test_every_order_of_the_chain_is_tried():
    """AE-15"""
    assert {" ".join(order) for order in permutations(("U", "I1", "I2"))} == set(CHAIN)


def crossing_city() -> City:
    """I1 sits at A and wants B, I2 sits at B and wants A; no free seat anywhere."""
    city = make_city({"A": School((1, 1, 0, 0)), "B": School((1, 1, 0, 0))})
    city.apply("ALM1", x="A", I2="A B", U="A B")
    city.play("ALM1", {"A": "x I2 U", CENTRAL: "I2 U"})
    city.apply("ALM2", y="B", I1="B A")
    city.play("ALM2", {"B": "y I1"})
    assert city.seats() == {"x": "A", "I2": "B", "y": "B", "I1": "A"}
    assert city.open_places("VOVP1") == {"A": 0, "B": 0}
    return city


@pytest.mark.parametrize("order", ["I1 I2", "I2 I1"])
def test_crossing_improvers_swap_whatever_their_numbers(order: str):
    """AE-16 (a): a swap by the central draw, unlike a private one (DH-106)."""
    city = crossing_city()
    city.play("VOVP1", {CENTRAL: order}, opt_ins={"I1": "", "I2": ""})
    assert city.seats() == {"x": "A", "y": "B", "I1": "B", "I2": "A"}
    assert city.contradictions() == []


def test_crossing_improvers_stay_when_a_better_number_would_be_passed_over():
    """AE-16 (b)"""
    city = crossing_city()
    city.play("VOVP1", {CENTRAL: "U I2 I1"})
    assert city.results("VOVP1") == {
        "I1": ("unchanged", "A", 2, "vovp"),
        "I2": ("unchanged", "B", 2, "vovp"),
        "U": ("unchanged", "", "", "vovp"),
    }
    assert city.decisions()["U"] == Decision.UNPLACED
    assert city.contradictions() == []


# --- AE-20 and AE-23 ------------------------------------------------------------


@pytest.mark.parametrize(
    ("withdrawn_on", "placed_in", "goes_to"),
    [
        ("2024-02-12", "ALM1", "VOVP1"),
        ("2024-05-26", "ALM2", "VOVP1"),
        ("2024-05-27", "ALM2", "VOVP2"),  # VOVP1 is frozen at the start of this day
        ("2024-05-29", "ALM2", "VOVP2"),
        ("2024-08-20", "ALM3", "VOVP2"),
        ("2024-11-20", "ALM4", None),  # the school's own, after 1 December
        ("2024-12-12", "VOVP2", None),
    ],
)
def test_where_a_freed_seat_goes(withdrawn_on: str, placed_in: str, goes_to: str | None):
    """AE-20, DH-102, DH-103: never to an application period."""
    city = make_city({"A": 1, "X": 0})
    if placed_in == "VOVP2":
        city.apply("ALM4", a="X")
    else:
        city.apply(placed_in, a="A")
    before = [round_.code for round_ in city.year.rounds.all()]
    for code in before[: before.index(placed_in) + 1]:
        city.play(code, opt_ins={"a": "A"} if code == placed_in == "VOVP2" else None)
    assert city.seats() == {"a": "A"}
    for code in before[before.index(placed_in) + 1 :]:
        if city.round(code).freeze_at < datetime.fromisoformat(withdrawn_on).replace(tzinfo=AMSTERDAM):
            city.play(code)  # what lies before that day has been played by then

    city.withdraw("a", on=withdrawn_on)
    moves = [
        (code, kind, places)
        for code, kinds in city.ledger("A").items()
        for kind, places in kinds.items()
        if kind in ("withdrawn", "freed_out", "freed_in")
    ]
    expected = [(placed_in, "withdrawn", 1)]
    if goes_to:
        expected += [(placed_in, "freed_out", -1), (goes_to, "freed_in", 1)]
    assert sorted(moves) == sorted(expected)
    assert city.contradictions() == []


def test_seat_freed_before_the_freeze_goes_there_also_when_recorded_afterwards_is_too_late():
    """AE-20, data-formats.md: a VOVP that has been played takes nothing any more."""
    city = make_city({"A": 1})
    city.apply("ALM2", a="A")
    city.play_until("ALM3")
    city.withdraw("a", on="2024-05-20")
    assert city.ledger("A")["VOVP2"]["freed_in"] == 1


@pytest.mark.parametrize(
    ("places", "shares"),
    [(48, [12, 12, 12, 12]), (50, [13, 13, 12, 12]), (3, [1, 1, 1, 0]), (0, [0, 0, 0, 0])],
)
def test_yearly_ceiling_is_split_evenly_and_the_earliest_rounds_get_the_rest(places: int, shares: list[int]):
    """AE-23, DH-006, DH-007"""
    assert even_split(places, 4) == shares
