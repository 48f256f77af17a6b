"""Deferred acceptance, with the acceptance examples of den-haag.md section 7."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lottery.engine.deferred_acceptance import Applicant, School, deferred_acceptance


def match(lists: str, order: str, seats: dict[str, int | None], held: dict[str, str] | None = None) -> dict:
    """``P:Y,Z Q:Z`` with the draw order ``Q P``; ``held`` gives the school where a child holds its seat."""
    lots = {name: number for number, name in enumerate(order.split(), 1)}
    applicants = []
    for part in lists.split():
        name, choices = part.split(":")
        applicants.append(Applicant(name, tuple(choices.split(",")), lots[name]))
    schools = [
        School(code, capacity, {name: 0 for name, at in (held or {}).items() if at == code})
        for code, capacity in seats.items()
    ]
    return deferred_acceptance(applicants, schools)


CENTRAL = "P:Y,Z,V,W Q:Y,U,Z,V R:Y,Z,V,W S:Y,U,V,W"
SEATS = {"Y": 1, "Z": 1, "V": 0, "W": 0, "U": None}


def test_ae_07_central_matching():
    assert match(CENTRAL, "Q P R S", SEATS) == {"P": "Z", "Q": "Y", "R": None, "S": "U"}


def test_ae_08_same_with_other_numbers():
    assert match(CENTRAL, "R S Q P", SEATS) == {"P": "Z", "Q": "U", "R": "Y", "S": "U"}


def test_ae_09_only_the_child_without_care_duty_is_matched():
    assert match("K4:X,Y", "K4", {"X": 0, "Y": 2}) == {"K4": "Y"}


LISTS_14 = "I:A,B U:A,B,C,D,E,F"
SEATS_14 = {"A": 1, "B": 1, "C": 0, "D": 0, "E": 0, "F": 0}  # B: the seat I holds


@pytest.mark.parametrize(
    ("lists", "order", "placements"),
    [
        (LISTS_14, "I U", {"I": "A", "U": "B"}),
        (LISTS_14, "U I", {"I": "B", "U": "A"}),
        ("I:A,B", "I", {"I": "A"}),
    ],
)
def test_ae_14_improver_and_unplaced(lists, order, placements):
    assert match(lists, order, SEATS_14, {"I": "B"}) == placements


@pytest.mark.parametrize(
    ("order", "first", "second", "unplaced"),
    [
        ("U I1 I2", "C", "B", "A"),
        ("U I2 I1", "C", "B", "A"),
        ("I1 U I2", "A", "B", "C"),
        ("I1 I2 U", "A", "B", "C"),
        ("I2 U I1", "C", "A", "B"),
        ("I2 I1 U", "B", "A", "C"),
    ],
)
def test_ae_15_chain(order, first, second, unplaced):
    placements = match("I1:A,B,C I2:A,B U:A,B,C", order, {"A": 1, "B": 1, "C": 1}, {"I1": "C", "I2": "B"})
    assert placements == {"I1": first, "I2": second, "U": unplaced}


@pytest.mark.parametrize("order", ["I1 I2", "I2 I1"])
def test_ae_16a_crossing_improvers_swap_for_any_numbers(order):
    placements = match("I1:B,A I2:A,B", order, {"A": 1, "B": 1}, {"I1": "A", "I2": "B"})
    assert placements == {"I1": "B", "I2": "A"}


def test_ae_16b_nobody_is_passed_over_for_a_swap():
    placements = match("I1:B,A I2:A,B U:A,B", "U I2 I1", {"A": 1, "B": 1}, {"I1": "A", "I2": "B"})
    assert placements == {"I1": "A", "I2": "B", "U": None}


def test_ae_17_central_matching_of_a_small_city():
    placements = match(
        "a3:A,B,C,D,U a4:A,C,B,D,E c2:C,B,A,D,U",
        "c2 a3 a4",
        {"A": 0, "B": 1, "C": 0, "D": 0, "E": 0, "U": None},
    )
    assert placements == {"a3": "U", "a4": None, "c2": "B"}


def test_tiers_go_before_lots_and_who_is_not_named_comes_last():
    applicants = [Applicant(name, ("S",), lot) for lot, name in enumerate("ABCD", 1)]
    school = School("S", 3, {"D": 0, "C": 1, "somebody else": 0})
    assert deferred_acceptance(applicants, [school]) == {"A": "S", "B": None, "C": "S", "D": "S"}


def test_lots_may_be_hexadecimal_strings_and_the_answer_keeps_the_order_given():
    applicants = [Applicant("B", ("S",), "0a"), Applicant("A", ("S",), "09")]
    assert list(deferred_acceptance(iter(applicants), iter([School("S", 1)])).items()) == [
        ("B", None),
        ("A", "S"),
    ]


def test_nobody_and_nothing():
    assert deferred_acceptance([], []) == {}
    assert deferred_acceptance([Applicant("A", (), 1)], [School("S", 0)]) == {"A": None}


@pytest.mark.parametrize(
    ("applicants", "schools", "sentence"),
    [
        ([Applicant("A", (), 1), Applicant("A", (), 2)], [], "applicant 'A' occurs twice"),
        ([Applicant("A", (), 1), Applicant("B", (), 1)], [], "'A' and 'B' have the same lottery number"),
        ([Applicant("A", ("S",), 1)], [], "applicant 'A' names the unknown school 'S'"),
        ([], [School("S", 1), School("S", 1)], "school 'S' occurs twice"),
        ([], [School("S", -1)], "capacity of school 'S' is negative"),
        ([], [School("S", 1, {"A": -1})], "tier of school 'S' is negative"),
    ],
)
def test_wrong_arguments(applicants, schools, sentence):
    with pytest.raises(ValueError, match=sentence):
        deferred_acceptance(applicants, schools)


@st.composite
def problems(drawing, most=9):
    codes = [f"S{i}" for i in range(drawing(st.integers(1, 5)))]
    lots = drawing(st.permutations(range(drawing(st.integers(0, most)))))
    names = [f"c{i}" for i in range(len(lots))]
    applicants = [
        Applicant(name, tuple(drawing(st.lists(st.sampled_from(codes), unique=True, max_size=5))), lot)
        for name, lot in zip(names, lots, strict=True)
    ]
    schools = [
        School(
            code,
            drawing(st.sampled_from([None, 0, 1, 1, 2, 3])),
            drawing(st.dictionaries(st.sampled_from(names), st.integers(0, 2))) if names else {},
        )
        for code in codes
    ]
    return applicants, schools


def rank_at(school: School, applicant: Applicant) -> tuple[int, int]:
    last = max(school.tiers.values(), default=-1) + 1
    return school.tiers.get(applicant.id, last), applicant.lot


def is_stable(applicants, schools, placements) -> bool:
    """Capacity kept, only listed schools, and no applicant with a school that both would rather have."""
    by_id = {school.id: school for school in schools}
    taken = {school.id: [a for a in applicants if placements[a.id] == school.id] for school in schools}
    if any(s.capacity is not None and len(taken[s.id]) > s.capacity for s in schools):
        return False
    for applicant in applicants:
        own = placements[applicant.id]
        if own is not None and own not in applicant.preferences:
            return False
        for code in applicant.preferences:
            if code == own:
                break
            school, inside = by_id[code], taken[code]
            if school.capacity is None or len(inside) < school.capacity:
                return False
            if any(rank_at(school, applicant) < rank_at(school, other) for other in inside):
                return False
    return True


@settings(deadline=None, derandomize=True, max_examples=400)
@given(problems(), st.randoms())
def test_stable_within_capacity_and_the_same_in_any_order(problem, rng: random.Random):
    applicants, schools = problem
    placements = deferred_acceptance(applicants, schools)
    assert list(placements) == [applicant.id for applicant in applicants]
    assert is_stable(applicants, schools, placements)
    shuffled, others = applicants[:], schools[:]
    rng.shuffle(shuffled)
    rng.shuffle(others)
    assert deferred_acceptance(shuffled, others) == placements


@settings(deadline=None, derandomize=True, max_examples=100)
@given(problems(most=4))
def test_no_stable_matching_is_better_for_anybody(problem):
    applicants, schools = problem
    placements = deferred_acceptance(applicants, schools)
    options = [[*applicant.preferences, None] for applicant in applicants]
    for chosen in itertools.product(*options):
        other = {applicant.id: code for applicant, code in zip(applicants, chosen, strict=True)}
        if is_stable(applicants, schools, other):
            for applicant, wishes in zip(applicants, options, strict=True):
                assert wishes.index(placements[applicant.id]) <= wishes.index(other[applicant.id])


def test_many_at_few_schools_and_long_chains_against_a_plain_loop():
    """Large schools: arrivals in bulk, then one by one into a full heap."""
    rng = random.Random(7)
    for _ in range(20):
        codes = [f"S{i}" for i in range(6)]
        names = [f"c{i}" for i in range(300)]
        lots = rng.sample(range(1000), len(names))
        applicants = [
            Applicant(name, tuple(rng.sample(codes, rng.randint(0, 6))), lot)
            for name, lot in zip(names, lots, strict=True)
        ]
        schools = [
            School(
                code,
                rng.choice([0, 5, 40, 60]),
                {n: rng.randint(0, 3) for n in rng.sample(names, rng.choice([0, 0, 30]))},
            )
            for code in codes
        ]
        assert deferred_acceptance(applicants, schools) == one_by_one(applicants, schools)


def one_by_one(applicants, schools) -> dict:
    """One applicant at a time with displacement, by sorting: slow and plain."""
    by_id = {school.id: school for school in schools}
    inside: dict[str, list[Applicant]] = {school.id: [] for school in schools}
    for newcomer in applicants:
        current, start = newcomer, 0
        while current is not None and start < len(current.preferences):
            school = by_id[current.preferences[start]]
            group = inside[school.id]
            group.append(current)
            group.sort(key=lambda applicant: rank_at(school, applicant))
            if school.capacity is None or len(group) <= school.capacity:
                break
            current = group.pop()
            start = current.preferences.index(school.id) + 1
    placements = dict.fromkeys([applicant.id for applicant in applicants])
    for code, group in inside.items():
        placements |= {applicant.id: code for applicant in group}
    return placements
