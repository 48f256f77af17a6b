"""The school draw, with the acceptance examples of den-haag.md section 7."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lottery.engine.school_draw import SchoolDrawResult, Settled, Unit, draw_school, settle_without_lots


def units(text: str, rules: str = "") -> list[Unit]:
    """``A SIB+NB 1`` per child: name, rules met, number. The class is the place of the first rule in ``rules``."""
    order = rules.split()
    result = []
    for part in text.split(","):
        name, claims, number = part.split()
        tier = min(
            [order.index(claim) + 1 for claim in claims.split("+") if claim in order] or [len(order) + 1]
        )
        result.append(Unit((name,), tier, f"{int(number):064x}"))
    return result


def drawn(result: SchoolDrawResult) -> tuple[str, str]:
    return "".join(sorted(result.admitted)), "".join(sorted(result.drawn_out))


EIGHT = "A SIB 8, B SIB+NB 1, C PRE 5, D PRE 2, E NB 7, F NB 3, G - 4, H STF 6"


@pytest.mark.parametrize("children", [4, 6])
def test_ae_01_no_draw(children):
    all_of_them = [Unit((name,), 1, f"{number:064x}") for number, name in enumerate("ABCDEF"[:children])]
    assert drawn(draw_school(all_of_them, places=6)) == ("ABCDEF"[:children], "")
    assert settle_without_lots(all_of_them, places=6) == Settled(tuple("ABCDEF"[:children]), (), ())


def test_ae_02_school_order_of_rules():
    eight = units(EIGHT, "SIB PRE NB")
    assert drawn(draw_school(eight, places=5)) == ("ABCDF", "EGH")
    assert settle_without_lots(eight, places=5) == Settled(tuple("ABCD"), tuple("GH"), tuple("EF"))


def test_ae_03_same_children_other_order():
    eight = units(EIGHT, "NB SIB PRE")
    assert drawn(draw_school(eight, places=5)) == ("ABDEF", "CGH")
    assert settle_without_lots(eight, places=5) == Settled(tuple("BEFA"), tuple("GH"), tuple("CD"))


def test_ae_04_first_class_too_large():
    three = units("A SIB 2, B SIB+NB 3, C NB 1", "SIB NB")
    assert drawn(draw_school(three, places=1)) == ("A", "BC")
    assert settle_without_lots(three, places=1) == Settled((), ("C",), ("A", "B"))


def test_ae_05_exact_fit_needs_no_lots():
    five = units("A SIB 5, B SIB 4, C NB 3, D - 1, E - 2", "SIB NB")
    assert drawn(draw_school(five, places=3)) == ("ABC", "DE")
    assert settle_without_lots(five, places=3) == Settled(tuple("ABC"), tuple("DE"), ())


def test_ae_06_zero_seats_need_no_lots():
    two = units("A SIB 1, B - 2", "SIB")
    assert drawn(draw_school(two, places=0)) == ("", "AB")
    assert settle_without_lots(two, places=0) == Settled((), tuple("AB"), ())


def test_ae_09_care_duty_takes_part_like_any_other():
    a = units("K1 - 4, K2 - 1, K3 - 2, K4 - 5, Kz - 3")
    b = units("K1 - 3, K2 - 1, K3 - 2, K4 - 4, Kz - 5")
    assert draw_school(a, places=3) == SchoolDrawResult(("K2", "K3", "Kz"), ("K1", "K4"))
    assert draw_school(b, places=3) == SchoolDrawResult(("K2", "K3", "K1"), ("K4", "Kz"))


@pytest.mark.parametrize(
    ("rules", "places", "children", "admitted", "drawn_out"),
    [
        ("SIB NB", 2, "a1 NB 1, a2 SIB 2, a3 - 3, a4 - 4", "a2 a1", "a3 a4"),
        ("", 3, "b1 - 1, b2 - 2", "b1 b2", ""),
        ("PRE", 2, "c1 PRE 3, c2 - 2, c3 - 1", "c1 c3", "c2"),
        ("", 1, "d1 - 2, d2 - 1", "d2", "d1"),
    ],
)
def test_ae_17_school_draws_of_a_small_city(rules, places, children, admitted, drawn_out):
    result = draw_school(units(children, rules), places=places)
    assert result == SchoolDrawResult(tuple(admitted.split()), tuple(drawn_out.split()))


PAIR_AND_SINGLES = [
    Unit(("A",), 1, "1" * 64),
    Unit(("B", "C"), 1, "2" * 64),
    Unit(("D",), 1, "3" * 64),
    Unit(("E",), 2, "0" * 64),
]


def test_a_pair_that_does_not_fit_is_passed_over():
    result = draw_school(PAIR_AND_SINGLES, places=2)
    assert result == SchoolDrawResult(("A", "D"), ("B", "C", "E"))


def test_a_pair_may_go_above_the_ceiling():
    result = draw_school(PAIR_AND_SINGLES, places=2, coupling="boven-plafond")
    assert result == SchoolDrawResult(("A", "B", "C"), ("D", "E"))


def test_without_a_ceiling_everybody_is_admitted():
    assert draw_school(PAIR_AND_SINGLES, places=None) == SchoolDrawResult(tuple("ABCDE"), ())
    assert settle_without_lots(PAIR_AND_SINGLES, places=None) == Settled(tuple("ABCDE"), (), ())


def test_after_linked_children_the_lots_may_matter_to_later_classes():
    pair = Unit(("F", "G"), 3, "4" * 64)
    assert settle_without_lots([*PAIR_AND_SINGLES, pair], places=2) == Settled((), (), tuple("ABCDEFG"))
    above = settle_without_lots(PAIR_AND_SINGLES, places=2, coupling="boven-plafond")
    assert above == Settled((), ("E",), tuple("ABCD"))
    assert settle_without_lots([pair, *units("H - 9")], places=1) == Settled(("H",), tuple("FG"), ())


def test_equal_lots_are_decided_by_number():
    same = [Unit((name,), 1, "5" * 64) for name in "CBA"]
    assert draw_school(same, places=1) == SchoolDrawResult(("A",), ("B", "C"))


def test_wrong_arguments():
    with pytest.raises(ValueError, match="places must not be negative"):
        draw_school([], places=-1)
    with pytest.raises(ValueError, match="coupling"):
        draw_school([], places=1, coupling="other")


@st.composite
def draws(drawing):
    sizes = drawing(st.lists(st.sampled_from([1, 1, 1, 2, 3]), max_size=12))
    lots = drawing(st.permutations(range(len(sizes))))
    tiers = drawing(st.lists(st.integers(1, 3), min_size=len(sizes), max_size=len(sizes)))
    return [
        Unit(tuple(f"{i}-{member}" for member in range(size)), tier, f"{lot:064x}")
        for i, (size, tier, lot) in enumerate(zip(sizes, tiers, lots, strict=True))
    ]


@settings(deadline=None, derandomize=True, max_examples=300)
@given(draws(), st.integers(0, 15), st.sampled_from(["sla-over", "boven-plafond"]), st.randoms())
def test_invariants(some, places, coupling, rng: random.Random):
    result = draw_school(some, places=places, coupling=coupling)
    members = sorted(member for unit in some for member in unit.members)
    assert sorted(result.admitted + result.drawn_out) == members  # nobody twice, nobody lost
    if coupling == "sla-over":
        assert len(result.admitted) <= places
    if len(members) <= places:
        assert not result.drawn_out
    for unit in some:  # linked children stay together
        assert len(set(unit.members) & set(result.admitted)) in (0, len(unit.members))

    shuffled = some[:]
    rng.shuffle(shuffled)
    assert draw_school(shuffled, places=places, coupling=coupling) == result

    # Nobody drawn out stands before an admitted unit of the same size.
    rank = {unit.members: (unit.tier, unit.lot) for unit in some}
    for out in some:
        for admitted in some:
            if out.members[0] in result.drawn_out and admitted.members[0] in result.admitted:
                assert len(out.members) > len(admitted.members) or rank[admitted.members] < rank[out.members]

    # What the classes settle without lots is what every draw gives.
    settled = settle_without_lots(some, places=places, coupling=coupling)
    assert set(settled.admitted) <= set(result.admitted)
    assert set(settled.drawn_out) <= set(result.drawn_out)
    assert sorted(settled.admitted + settled.drawn_out + settled.undecided) == members
