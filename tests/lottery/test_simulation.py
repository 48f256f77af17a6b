"""Mechanisms of the what-if simulator: each against what its name promises, on small and on random populations."""

from collections import Counter
from random import Random

import pytest

from lottery.simulation.figures import count, over, simulate
from lottery.simulation.mechanisms import PLAY, Mechanism
from lottery.simulation.population import Candidate, Population, checked


def child(*choices: str, tiers: tuple[int, ...] | None = None, **fields: object) -> Candidate:
    return Candidate(choices, tiers or (2,) * len(choices), **fields)  # type: ignore[arg-type]


def random_population(seed: int) -> Population:
    random = Random(seed)
    codes = [f"{number:02d}AA" for number in range(12)]
    candidates = []
    for _ in range(80):
        choices = tuple(random.sample(codes, random.randrange(1, 6)))
        tiers = tuple(random.choice((1, 2, 2, 3)) for _ in choices)
        candidates.append(Candidate(choices, tiers, draws_centrally=random.random() > 0.05, area="2511"))
    return checked(Population(tuple(candidates), {code: random.choice((0, 3, 6, 9, None)) for code in codes}))


@pytest.mark.parametrize("mechanism", Mechanism)
@pytest.mark.parametrize("seed", range(20))
def test_no_mechanism_gives_more_places_than_there_are_or_a_school_off_the_list(
    mechanism: Mechanism, seed: int
):
    population = random_population(seed)
    placed = PLAY[mechanism](population, Random(seed))
    taken = Counter(code for code in placed if code is not None)
    for code, number in taken.items():
        assert population.places[code] is None or number <= population.places[code]
    for candidate, code in zip(population.candidates, placed, strict=True):
        reachable = candidate.choices if candidate.draws_centrally else candidate.choices[:1]
        assert code is None or code in reachable


@pytest.mark.parametrize("mechanism", Mechanism)
@pytest.mark.parametrize("seed", range(20))
def test_nobody_misses_a_school_that_still_has_a_place(mechanism: Mechanism, seed: int):
    population = random_population(seed)
    placed = PLAY[mechanism](population, Random(seed))
    left = dict(population.places)
    for code in placed:
        if code is not None and left[code] is not None:
            left[code] -= 1  # type: ignore[operator]
    for candidate, code in zip(population.candidates, placed, strict=True):
        reachable = candidate.choices if candidate.draws_centrally else candidate.choices[:1]
        better = reachable[: reachable.index(code)] if code is not None else reachable
        assert all(left[wanted] == 0 for wanted in better)


@pytest.mark.parametrize("mechanism", [Mechanism.ONE_MATCHING, Mechanism.LOTTERY_PER_SCHOOL])
@pytest.mark.parametrize("seed", range(20))
def test_one_matching_with_priority_passes_nobody_over(mechanism: Mechanism, seed: int):
    population = random_population(seed)
    assert count(population.candidates, PLAY[mechanism](population, Random(seed))).passed_over == 0


@pytest.mark.parametrize("seed", range(20))
def test_one_matching_by_lot_alone_leaves_nobody_who_would_swap(seed: int):
    population = random_population(seed)
    placed = PLAY[Mechanism.ONE_MATCHING_LOT_ONLY](population, Random(seed))
    assert count(population.candidates, placed).swap_pairs == 0


def test_first_choices_come_before_everything_in_two_steps_and_immediate_acceptance():
    """A has one place. The child that names it second meets every rule, and still comes too late."""
    population = Population((child("A"), child("B", "A", tiers=(1, 1))), {"A": 1, "B": 0})
    for mechanism in (Mechanism.TWO_STEPS, Mechanism.IMMEDIATE_ACCEPTANCE):
        assert PLAY[mechanism](population, Random(1)) == ["A", None]
        assert count(population.candidates, ["A", None]).passed_over == 1
    assert PLAY[Mechanism.ONE_MATCHING](population, Random(1)) == [None, "A"]


def test_immediate_acceptance_gives_places_for_good_where_two_steps_matches_again():
    """Two second choices meet at B: in rounds the earlier rank has it, in one matching the lot alone decides."""
    population = Population(
        (child("A"), child("A", "B", "C"), child("A", "D", "B"), child("D"), child("D")),
        {"A": 1, "B": 1, "C": 1, "D": 1},
    )
    outcomes = {mechanism: set() for mechanism in (Mechanism.TWO_STEPS, Mechanism.IMMEDIATE_ACCEPTANCE)}
    for seed in range(200):
        for mechanism, seen in outcomes.items():
            placed = PLAY[mechanism](population, Random(seed))
            if "A" not in placed[1:3]:
                seen.add((placed[1], placed[2]))
    assert outcomes[Mechanism.IMMEDIATE_ACCEPTANCE] == {("B", None)}  # third rank never beats second
    assert outcomes[Mechanism.TWO_STEPS] == {("B", None), ("C", "B")}


def test_a_child_in_the_care_route_looks_no_further_than_its_first_choice():
    population = Population(
        (child("A", "B", draws_centrally=False), child("A", tiers=(1,))), {"A": 1, "B": 1}
    )
    for mechanism in (Mechanism.TWO_STEPS, Mechanism.ONE_MATCHING, Mechanism.IMMEDIATE_ACCEPTANCE):
        assert PLAY[mechanism](population, Random(3)) == [None, "A"]


def test_the_lot_is_fair():
    """Two of three children of one class get in: each in two thirds of the draws (4 standard deviations)."""
    population = Population((child("A"), child("A"), child("A")), {"A": 2})
    for mechanism in Mechanism:
        wins = Counter()
        for seed in range(3000):
            for index, code in enumerate(PLAY[mechanism](population, Random(seed))):
                wins[index] += code == "A"
        assert all(abs(wins[index] - 2000) < 4 * (3000 * 2 / 9) ** 0.5 for index in range(3))


def test_figures_count_what_they_say():
    candidates = (child("A", "B"), child("B", "A"), child("C", "A", "B", tiers=(2, 1, 2)), child("A"))
    counts = count(candidates, ["B", "A", None, None])
    assert (counts.first, counts.top, counts.unplaced) == (0, 2, 2)
    assert counts.by_rank == {2: 2}
    assert counts.swap_pairs == 1
    assert counts.passed_over == 1  # the third child meets a rule of A, where somebody without one sits


def test_a_range_is_of_nearest_ranks():
    figures = over(list(range(1, 101)))
    assert (figures.mean, figures.low, figures.high, figures.least, figures.most) == (50.5, 5, 95, 1, 100)
    assert over([7]).low == over([7]).high == 7


def test_the_same_seeds_give_the_same_figures_and_stopping_tells_what_was_done():
    population = random_population(5)
    one = simulate(population, Mechanism.TWO_STEPS, seeds=30)
    assert one == simulate(population, Mechanism.TWO_STEPS, seeds=30)
    assert one != simulate(population, Mechanism.TWO_STEPS, seeds=30, first_seed=31)
    assert simulate(population, Mechanism.TWO_STEPS, seeds=30, goes_on=lambda done: done < 4)["seeds"] == 4
    assert one["areas"]["2511"]["children"] == len(population.candidates)
    with pytest.raises(ValueError, match="nothing"):
        simulate(population, Mechanism.TWO_STEPS, seeds=0)


@pytest.mark.parametrize(
    ("candidate", "places"),
    [
        (Candidate((), ()), {}),
        (Candidate(("A",), ()), {"A": 1}),
        (Candidate(("A", "A"), (1, 1)), {"A": 1}),
        (Candidate(("A",), (1,)), {"B": 1}),
        (Candidate(("A",), (1,)), {"A": -1}),
    ],
)
def test_what_cannot_be_simulated_is_refused(candidate: Candidate, places: dict[str, int]):
    with pytest.raises(ValueError):
        checked(Population((candidate,), places))
