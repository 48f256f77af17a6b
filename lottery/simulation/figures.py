"""What many draws of one mechanism have in common: counts of each draw, then their mean and range."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from lottery.simulation.mechanisms import PLAY, Mechanism, Placements
from lottery.simulation.population import Candidate, Population

LOW, HIGH = 5, 95  # percentiles of the range that is shown
TOP = 3


@dataclass(frozen=True, slots=True)
class Counts:
    """One draw: children, except where it says pairs."""

    first: int
    top: int
    unplaced: int
    swap_pairs: int  # pairs of placed children who would both gain by changing places
    passed_over: int  # children who would rather have a school that took somebody of a later class
    by_rank: dict[int, int]


@dataclass(frozen=True, slots=True)
class Range:
    """A figure over all seeds."""

    mean: float
    low: int  # one draw in twenty is below this
    high: int  # one draw in twenty is above this
    least: int
    most: int


@dataclass(slots=True)
class Part:
    """Sums over all seeds of the children with one class or in one area."""

    children: int = 0
    first: int = 0
    top: int = 0
    unplaced: int = 0


@dataclass(slots=True)
class Tally:
    """Adds up draws."""

    draws: list[Counts] = field(default_factory=list)
    groups: defaultdict[str, Part] = field(default_factory=lambda: defaultdict(Part))
    areas: defaultdict[str, Part] = field(default_factory=lambda: defaultdict(Part))


def count(candidates: Sequence[Candidate], placed: Placements) -> Counts:
    """The figures of one draw. Source: ``lottery.engine.quality`` has the same measures for real sessions."""
    by_rank: Counter[int] = Counter()
    wishes: Counter[tuple[str, str]] = Counter()
    latest: dict[str, int] = {}  # per school the latest class it took
    for candidate, code in zip(candidates, placed, strict=True):
        if code is not None:
            tier = candidate.tiers[candidate.choices.index(code)]
            if tier > latest.get(code, 0):
                latest[code] = tier
    unplaced = passed_over = 0
    for candidate, code in zip(candidates, placed, strict=True):
        if code is None:
            unplaced += 1
            better = len(candidate.choices) if candidate.draws_centrally else 1
        else:
            better = candidate.choices.index(code)
            by_rank[better + 1] += 1
            for wanted in candidate.choices[:better]:
                wishes[code, wanted] += 1
        for wanted, tier in zip(candidate.choices[:better], candidate.tiers[:better], strict=True):
            if latest.get(wanted, 0) > tier:
                passed_over += 1
                break
    swaps = sum(
        number * wishes.get((wanted, own), 0) for (own, wanted), number in wishes.items() if own < wanted
    )
    top = sum(number for rank, number in by_rank.items() if rank <= TOP)
    return Counts(by_rank[1], top, unplaced, swaps, passed_over, dict(by_rank))


def add(tally: Tally, candidates: Sequence[Candidate], placed: Placements) -> None:
    """One more draw."""
    tally.draws.append(count(candidates, placed))
    for candidate, code in zip(candidates, placed, strict=True):
        rank = len(candidate.choices) if code is None else candidate.choices.index(code)
        for part in (tally.groups[candidate.group], tally.areas[candidate.area]):
            part.children += 1
            if code is None:
                part.unplaced += 1
            else:
                part.first += rank == 0
                part.top += rank < TOP


def simulate(
    population: Population,
    mechanism: Mechanism,
    *,
    seeds: int,
    first_seed: int = 1,
    goes_on: Callable[[int], bool] = lambda done: True,
) -> dict[str, Any]:
    """Play the mechanism once for every seed and say what came out, as plain values for JSON.

    Shapes: ``goes_on`` is asked before every draw with how many are done; when it says no, what is done is told.
    Errors: ValueError when nothing was played.
    """
    tally = Tally()
    play = PLAY[mechanism]
    for done in range(seeds):
        if not goes_on(done):
            break
        add(tally, population.candidates, play(population, Random(first_seed + done)))  # noqa: S311 - not a real draw
    if not tally.draws:
        raise ValueError("nothing was played")
    return summary(tally)


def summary(tally: Tally) -> dict[str, Any]:
    """Plain values: seeds, a ``Range`` per figure, mean per rank, and means per class and area."""
    draws = tally.draws
    ranks = sorted({rank for draw in draws for rank in draw.by_rank})
    return {
        "seeds": len(draws),
        "first": asdict(over([draw.first for draw in draws])),
        "top": asdict(over([draw.top for draw in draws])),
        "unplaced": asdict(over([draw.unplaced for draw in draws])),
        "swap_pairs": asdict(over([draw.swap_pairs for draw in draws])),
        "passed_over": asdict(over([draw.passed_over for draw in draws])),
        "by_rank": [
            [rank, round(sum(draw.by_rank.get(rank, 0) for draw in draws) / len(draws), 1)] for rank in ranks
        ],
        "groups": dict(_means(tally.groups, len(draws))),
        "areas": dict(_means(tally.areas, len(draws))),
    }


def over(values: Sequence[int]) -> Range:
    """Mean and range; percentiles by the nearest rank."""
    ordered = sorted(values)

    def percentile(share: int) -> int:
        return ordered[max(0, -(-share * len(ordered) // 100) - 1)]

    mean = round(sum(ordered) / len(ordered), 1)
    return Range(mean, percentile(LOW), percentile(HIGH), ordered[0], ordered[-1])


def _means(parts: dict[str, Part], seeds: int) -> Iterator[tuple[str, dict[str, float]]]:
    for key in sorted(parts):
        part = parts[key]
        yield (
            key,
            {
                "children": part.children // seeds,
                "first": round(100 * part.first / part.children, 1),
                "top": round(100 * part.top / part.children, 1),
                "unplaced": round(100 * part.unplaced / part.children, 1),
            },
        )
