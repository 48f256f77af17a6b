"""Ways to give out places, each from one seed to one placement per candidate.

Every function has the shape ``(population, random) -> codes``: for each candidate, in the order of the population,
the school it got or None. Lots come from the random generator alone, so the same seed gives the same placements.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Final

from lottery.engine.deferred_acceptance import Applicant, School, deferred_acceptance
from lottery.simulation.population import Population

Placements = list[str | None]


class Mechanism(StrEnum):
    """What can be compared."""

    TWO_STEPS = "two_steps"  # draw at the first choice by class, then one central matching by lot alone
    ONE_MATCHING = "one_matching"  # one central matching of whole lists in which classes count
    ONE_MATCHING_LOT_ONLY = "one_matching_lot_only"
    LOTTERY_PER_SCHOOL = "lottery_per_school"  # as ONE_MATCHING, every school with lots of its own
    IMMEDIATE_ACCEPTANCE = (
        "immediate_acceptance"  # first choices first, for good; then second choices, and so on
    )


def two_steps(population: Population, random: Random) -> Placements:
    """The school draws, then deferred acceptance among whoever was drawn out (DH-070 to DH-095)."""
    placed: Placements = [None] * len(population.candidates)
    left = dict(population.places)
    at_school: defaultdict[str, list[tuple[int, float, int]]] = defaultdict(list)
    for index, candidate in enumerate(population.candidates):
        if candidate.draws_at_school:
            at_school[candidate.choices[0]].append((candidate.tiers[0], random.random(), index))
    for code, entrants in at_school.items():
        room = left[code]
        entrants.sort()
        for _tier, _lot, index in entrants if room is None else entrants[:room]:
            placed[index] = code
        if room is not None:
            left[code] = room - min(room, len(entrants))
    waiting = [
        index
        for index, candidate in enumerate(population.candidates)
        if placed[index] is None and candidate.draws_centrally
    ]
    random.shuffle(waiting)
    matched = deferred_acceptance(
        [
            Applicant(str(index), population.candidates[index].choices, lot)
            for lot, index in enumerate(waiting)
        ],
        [School(code, room) for code, room in left.items()],
    )
    for index in waiting:
        placed[index] = matched[str(index)]
    return placed


def one_matching(population: Population, random: Random) -> Placements:
    """Deferred acceptance of everybody: class first, then one lot per child."""
    return _matched(population, random, _classes(population))


def one_matching_lot_only(population: Population, random: Random) -> Placements:
    return _matched(population, random, {})


def lottery_per_school(population: Population, random: Random) -> Placements:
    """Deferred acceptance of everybody: class first, then a lot of that very school."""
    entrants: defaultdict[str, list[tuple[int, float, str]]] = defaultdict(list)
    for index in range(len(population.candidates)):
        for code, tier in _listed(population, index):
            entrants[code].append((tier, random.random(), str(index)))
    ranks = {
        code: {name: rank for rank, (_tier, _lot, name) in enumerate(sorted(rows))}
        for code, rows in entrants.items()
    }
    return _matched(population, random, ranks)


def immediate_acceptance(population: Population, random: Random) -> Placements:
    """Places are given for good in rounds of first choices, second choices and so on; class, then lot."""
    placed: Placements = [None] * len(population.candidates)
    lots = [random.random() for _candidate in population.candidates]
    left = dict(population.places)
    longest = max((len(candidate.choices) for candidate in population.candidates), default=0)
    for rank in range(longest):
        asking: defaultdict[str, list[tuple[int, float, int]]] = defaultdict(list)
        for index, candidate in enumerate(population.candidates):
            if placed[index] is None and rank < (len(candidate.choices) if candidate.draws_centrally else 1):
                asking[candidate.choices[rank]].append((candidate.tiers[rank], lots[index], index))
        for code, entrants in asking.items():
            room = left[code]
            entrants.sort()
            for _tier, _lot, index in entrants if room is None else entrants[:room]:
                placed[index] = code
            if room is not None:
                left[code] = room - min(room, len(entrants))
    return placed


def _listed(population: Population, index: int) -> list[tuple[str, int]]:
    """The schools a candidate can come to, with its class: a child in the care route has only its first choice."""
    candidate = population.candidates[index]
    pairs = list(zip(candidate.choices, candidate.tiers, strict=True))
    return pairs if candidate.draws_centrally else pairs[:1]


def _classes(population: Population) -> dict[str, dict[str, int]]:
    """Per school the class of everybody who lists it, counted from 0 as the engine does."""
    classes: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for index in range(len(population.candidates)):
        for code, tier in _listed(population, index):
            classes[code][str(index)] = tier - 1
    return classes


def _matched(population: Population, random: Random, ranks: dict[str, dict[str, int]]) -> Placements:
    order = list(range(len(population.candidates)))
    random.shuffle(order)
    matched = deferred_acceptance(
        [
            Applicant(str(index), [code for code, _tier in _listed(population, index)], lot)
            for lot, index in enumerate(order)
        ],
        [School(code, room, ranks.get(code, {})) for code, room in population.places.items()],
    )
    return [matched[str(index)] for index in range(len(order))]


PLAY: Final[dict[Mechanism, Callable[[Population, Random], Placements]]] = {
    Mechanism.TWO_STEPS: two_steps,
    Mechanism.ONE_MATCHING: one_matching,
    Mechanism.ONE_MATCHING_LOT_ONLY: one_matching_lot_only,
    Mechanism.LOTTERY_PER_SCHOOL: lottery_per_school,
    Mechanism.IMMEDIATE_ACCEPTANCE: immediate_acceptance,
}
