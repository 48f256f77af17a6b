"""Applicant-proposing deferred acceptance with one lottery number per applicant (DA-STB).

Rounds of simultaneous proposals: everybody without a place proposes to the next school of the own list; each
school keeps the best of those it holds and those who came, and turns the others away. The outcome does not
depend on the order of proposals: it is the applicant-optimal stable matching (Gale and Shapley 1962).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappushpop
from itertools import chain, repeat

from lottery.engine.grammar import shown


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks for a place."""

    id: str
    preferences: Sequence[str]  # school ids, best first
    lot: int | str  # lower is earlier; one type in one matching, all different


@dataclass(frozen=True, slots=True)
class School:
    """Who gives places."""

    id: str
    capacity: int | None  # whole pupils, None is unlimited
    # Applicant to tier, 0 is first; whoever is not named comes after all tiers and stays acceptable.
    tiers: Mapping[str, int] = field(default_factory=dict)


def deferred_acceptance(applicants: Iterable[Applicant], schools: Iterable[School]) -> dict[str, str | None]:
    """Match applicants to schools; a school ranks by tier, then by lot.

    Shapes: both in any order; the answer has every applicant once, in the order given, with a school or None.
            A school that is named twice in a list says the same twice.
    Units:  capacities in whole pupils.
    Errors: ValueError for a double id, equal lots, an unknown school, a negative capacity or tier.
    Source: DH-092; held seats (DH-139, OA-LOT/1 section 6.1) are tier 0 of the school where the seat is.
    Cost:   n applicants with p proposals in all: O(n log n + p log n) time, O(n) memory beside the input.
    """
    applicants = list(applicants)
    by_id = _index(schools)
    # The lists per school come before the long ones, so that the garbage collector need not walk through those.
    held: dict[str, list[int]] = {code: [] for code in by_id}
    arrivals: dict[str, list[int]] = {code: [] for code in by_id}
    ids = [applicant.id for applicant in applicants]
    lists = [applicant.preferences for applicant in applicants]
    lots = [applicant.lot for applicant in applicants]
    if len(set(lots)) != len(lots):
        double = _double(lots)
        one, other, *_ = [applicant.id for applicant in applicants if applicant.lot == double]
        raise ValueError(f"applicants {shown(one)} and {shown(other)} have the same lottery number")
    if not by_id.keys() >= set(chain.from_iterable(lists)):
        for applicant in applicants:
            for code in applicant.preferences:
                if code not in by_id:
                    raise ValueError(
                        f"applicant {shown(applicant.id)} names the unknown school {shown(code)}"
                    )

    # From now on everybody is known by a merit, an index of ``order``: the highest has the first lot.
    order = sorted(range(len(lots)), key=lots.__getitem__, reverse=True)
    tiers = _tiers_by_merit(by_id, ids, order)
    _propose(lists, order, by_id, tiers, held, arrivals)

    placed: list[str | None] = [None] * len(order)
    for code, merits in held.items():
        for merit in merits:
            placed[order[merit]] = code
    placements = dict(zip(ids, placed, strict=True))
    if len(placements) != len(ids):
        raise ValueError(f"applicant {shown(_double(ids))} occurs twice")
    return placements


def _propose(
    lists: Sequence[Sequence[str]],
    order: Sequence[int],
    schools: Mapping[str, School],
    tiers: Mapping[str, Mapping[int, int]],
    held: dict[str, list[int]],
    arrivals: dict[str, list[int]],
) -> None:
    """Fill ``held`` with the merits each school has in the end; both dicts start with an empty list each."""
    total = len(order)
    upcoming = [1] * total
    wishes: list[Sequence[str]] = []
    for merit, position in enumerate(order):
        wish = lists[position]
        wishes.append(wish)
        if wish:
            arrivals[wish[0]].append(merit)
    asked = [code for code, merits in arrivals.items() if merits]
    while asked:
        turned_away: list[int] = []
        for code in asked:
            merits = arrivals[code]
            capacity = schools[code].capacity
            if code in tiers:
                keys = _keys(merits, tiers[code], total)
                turned_away += [key % total for key in _keep_best(held[code], keys, capacity)]
            else:
                turned_away += _keep_best(held[code], merits, capacity)
            merits.clear()
        asked = []
        for merit in turned_away:
            wish = wishes[merit]
            choice = upcoming[merit]
            if choice < len(wish):
                upcoming[merit] = choice + 1
                merits = arrivals[wish[choice]]
                if not merits:
                    asked.append(wish[choice])
                merits.append(merit)
    for code in tiers:
        held[code] = [key % total for key in held[code]]


def _tiers_by_merit(
    schools: Mapping[str, School], ids: Sequence[str], order: Sequence[int]
) -> dict[str, dict[int, int]]:
    """Only the schools that have tiers, and in them only the applicants who take part."""
    tiered = [school for school in schools.values() if school.tiers]
    if not tiered:
        return {}
    merit_of = {ids[position]: merit for merit, position in enumerate(order)}
    return {
        school.id: {merit_of[name]: tier for name, tier in school.tiers.items() if name in merit_of}
        for school in tiered
    }


def _keys(merits: Sequence[int], tiers: Mapping[int, int], total: int) -> list[int]:
    """Numbers that rank by tier before merit; modulo ``total`` (all applicants) they are the merit."""
    last = max(tiers.values(), default=0) + 1
    return [merit + total * (last - tiers.get(merit, last)) for merit in merits]


def _keep_best(held: list[int], arrivals: list[int], capacity: int | None) -> Iterable[int]:
    """Add the arrivals to ``held``, which is a heap once it is full; what no longer fits."""
    if len(held) == capacity:
        return map(heappushpop, repeat(held), arrivals)
    held += arrivals
    if capacity is None or len(held) < capacity:
        return ()
    held.sort()  # a sorted list is a heap
    turned_away = held[: len(held) - capacity]
    del held[: len(turned_away)]
    return turned_away


def _double(values: Iterable[Hashable]) -> Hashable:
    """A value that occurs more than once."""
    return Counter(values).most_common(1)[0][0]


def _index(schools: Iterable[School]) -> dict[str, School]:
    by_id: dict[str, School] = {}
    for school in schools:
        if school.id in by_id:
            raise ValueError(f"school {shown(school.id)} occurs twice")
        if school.capacity is not None and school.capacity < 0:
            raise ValueError(f"the capacity of school {shown(school.id)} is negative")
        if school.tiers and min(school.tiers.values()) < 0:
            raise ValueError(f"a tier of school {shown(school.id)} is negative")
        by_id[school.id] = school
    return by_id
