"""How good an outcome is: where children ended, why some have no place, and whether anybody is passed over.

Everything is counted in time linear in children, preferences and schools, apart from sorting.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lottery.engine.explain import Reason, ReasonKind, explain
from lottery.engine.files import ChildLine, Dossiers
from lottery.engine.grammar import CENTRAL, draw_code
from lottery.engine.outcome import DrawOutcome, SessionOutcome


class UnplacedCause(StrEnum):
    """Why a child has no place after the session."""

    CARE_ROUTE = "care_route"  # drawn out with zorgplicht (DH-094)
    NO_CENTRAL_DRAW = "no_central_draw"  # drawn out, and the session has no central draw
    UNIT_TOO_LARGE = "unit_too_large"  # some school had room, but not for all children drawn together
    NOTHING_OPEN = "nothing_open"  # no school left on the list had a place when the central draw began
    LATE_LOT = "late_lot"  # earlier lots took what was open


@dataclass(frozen=True, slots=True)
class SwapRoute:
    """Two schools between which children would gladly change places."""

    code: str
    other: str
    pairs: int  # pairs of units (a child alone, or children drawn together) that would both gain


@dataclass(frozen=True, slots=True)
class Quality:
    """Counts are of children, not of units."""

    children: int
    by_rank: tuple[tuple[int, int], ...]  # (rank in the frozen list, children placed there)
    unplaced: tuple[tuple[UnplacedCause, int], ...]  # only causes that occur
    moved_up: int  # VOVP: left a held seat for a better preference
    kept_seat: int  # VOVP: kept the held seat
    blocking_pairs: tuple[tuple[str, str], ...]  # (regno, school): must be empty, see ``blocking_pairs``
    swaps: tuple[SwapRoute, ...]

    @property
    def mutual_swaps(self) -> int:
        """Pairs that would both gain by changing places (parents may not, DH-106)."""
        return sum(route.pairs for route in self.swaps)


def assess(
    dossiers: Dossiers, outcome: SessionOutcome, reasons: Mapping[str, tuple[Reason, ...]] | None = None
) -> Quality:
    """Measure an outcome.

    Shapes: the outcome of these dossiers; ``reasons`` of ``explain`` saves doing that again.
    """
    if reasons is None:
        reasons = explain(dossiers, outcome)
    by_rank: Counter[int] = Counter()
    unplaced: Counter[UnplacedCause] = Counter()
    moved_up = kept_seat = 0
    participation = {child.regno: child.participation for child in dossiers.children}
    has_central = any(draw.id == CENTRAL for draw in outcome.draws)
    for regno, own in reasons.items():
        kinds = [reason.kind for reason in own]
        moved_up += ReasonKind.HELD_SEAT_LEFT in kinds
        kept_seat += ReasonKind.HELD_SEAT in kinds
        rank = next(
            (r.rank_in_list for r in own if r.kind in (ReasonKind.PLACED, ReasonKind.HELD_SEAT)), None
        )
        if rank is None:
            unplaced[_cause(own, participation[regno], has_central)] += 1
        else:
            by_rank[rank] += 1
    return Quality(
        children=len(dossiers.children),
        by_rank=tuple(sorted(by_rank.items())),
        unplaced=tuple(sorted(unplaced.items())),
        moved_up=moved_up,
        kept_seat=kept_seat,
        blocking_pairs=blocking_pairs(dossiers, outcome),
        swaps=swap_routes(dossiers, outcome),
    )


def blocking_pairs(dossiers: Dossiers, outcome: SessionOutcome) -> tuple[tuple[str, str], ...]:
    """Children passed over, draw by draw: (regno, school) that both would rather have.

    A pair blocks when the child prefers the school to its result in that draw, and the places the school has
    left, with those it gave to units it ranks lower, are enough for the child's unit. Ranks are those of the
    draw: class and lot at a school, the lot alone (after children who hold a seat there) in the central draw.
    A round is more than one draw and makes no such promise between them.
    """
    children = {child.regno: child for child in dossiers.children}
    left: dict[str, int | None] = {school.code: school.places for school in dossiers.schools}
    found: list[tuple[str, str]] = []
    for draw in outcome.draws:
        found += _blocking_in(draw, children, left)
    return tuple(sorted(found))


Rank = tuple[int, str, str]


def _blocking_in(
    draw: DrawOutcome, children: Mapping[str, ChildLine], left: dict[str, int | None]
) -> list[tuple[str, str]]:
    own_school = draw_code(draw.id)
    sizes = Counter(line.unit for line in draw.lines)

    def rank(unit: str, lot: str, code: str, choices: Mapping[str, int]) -> Rank:
        return (choices[code] if own_school is not None else min(choices[code], 1), lot, unit)

    admitted: dict[str, list[Rank]] = {}
    for line in draw.lines:
        if line.code is not None:
            own = rank(line.unit, line.lot, line.code, dict(children[line.regno].choices))
            admitted.setdefault(line.code, []).append(own)
            room = left[line.code]
            # Above the ceiling (koppel boven-plafond) nothing is left.
            left[line.code] = None if room is None else max(0, room - 1)
    for ranks in admitted.values():
        ranks.sort()

    found: list[tuple[str, str]] = []
    for line in draw.lines:
        choices = dict(children[line.regno].choices)
        for code in choices if own_school is None else [own_school]:
            if code == line.code:
                break
            ranks = admitted.get(code, [])
            lower = len(ranks) - bisect_right(ranks, rank(line.unit, line.lot, code, choices))
            room = left[code]
            if room is None or room + lower >= sizes[line.unit]:
                found.append((line.regno, code))
    return found


def swap_routes(dossiers: Dossiers, outcome: SessionOutcome) -> tuple[SwapRoute, ...]:
    """Pairs of placed children who would both gain by changing places, counted per pair of schools.

    Children drawn together count as one, and change only with as many drawn together. Nobody may swap
    (DH-106, DH-137); the number says what the rules cost. It is 0 inside a central draw without held seats.
    """
    places = outcome.final_places()
    sizes = Counter(child.unit for child in dossiers.children)
    wishes: Counter[tuple[str, str, int]] = Counter()
    for child in dossiers.children:
        own = places.get(child.regno)
        if own is None or child.regno != child.unit:
            continue
        for code, _ in child.choices:
            if code == own:
                break
            wishes[own, code, sizes[child.unit]] += 1
    routes: Counter[tuple[str, str]] = Counter()
    for (own, wanted, size), number in wishes.items():
        if own < wanted:
            routes[own, wanted] += number * wishes.get((wanted, own, size), 0)
    return tuple(SwapRoute(code, other, pairs) for (code, other), pairs in sorted(routes.items()) if pairs)


def _cause(reasons: tuple[Reason, ...], participation: str, has_central: bool) -> UnplacedCause:
    if "C" not in participation:
        return UnplacedCause.CARE_ROUTE if has_central else UnplacedCause.NO_CENTRAL_DRAW
    kinds = {reason.kind for reason in reasons if reason.draw == CENTRAL}
    if ReasonKind.UNIT_TOO_LARGE in kinds:
        return UnplacedCause.UNIT_TOO_LARGE
    return UnplacedCause.NOTHING_OPEN if kinds <= {ReasonKind.CLOSED} else UnplacedCause.LATE_LOT
