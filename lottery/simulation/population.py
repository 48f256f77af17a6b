"""Who takes part in a simulation, and with how many places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One child without a name: its list, best first, and its priority class at each school of it."""

    choices: tuple[str, ...]
    tiers: tuple[int, ...]  # 1 meets the school's first rule; as long as ``choices``
    draws_at_school: bool = True  # takes part in the draw of its first choice
    draws_centrally: bool = True  # looks further when that fails
    area: str = ""  # four digits of the postcode
    group: str = ""  # highest rule met at the first choice, "" for none


@dataclass(frozen=True, slots=True)
class Population:
    """A frozen picture of one round; whoever takes the picture sees to it that every school has its places."""

    candidates: Sequence[Candidate]
    places: Mapping[str, int | None]  # None is unlimited


def checked(population: Population) -> Population:
    """The same population. Errors: ValueError for a list that cannot be simulated."""
    for candidate in population.candidates:
        if not candidate.choices or len(candidate.choices) != len(candidate.tiers):
            raise ValueError("a candidate needs a list, with one class for each school of it")
        if len(set(candidate.choices)) != len(candidate.choices):
            raise ValueError("a list names a school twice")
        if not population.places.keys() >= set(candidate.choices):
            raise ValueError("a list names a school without places")
    if any(places is not None and places < 0 for places in population.places.values()):
        raise ValueError("places must not be negative")
    return population
