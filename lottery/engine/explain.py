"""Why a child is where it is: one reason per preference (for letters, the child's page and the help desk)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from lottery.engine.files import ChildLine, Dossiers
from lottery.engine.grammar import CENTRAL, draw_code
from lottery.engine.outcome import CutoffLine, DrawOutcome, OutcomeLine, SessionOutcome


class ReasonKind(StrEnum):
    """What a preference came to."""

    PLACED = "placed"
    DRAWN_OUT = "drawn_out_in_school_draw"  # same class as the last admitted, later lot
    CLASS_TOO_LATE = "class_too_late"  # the places ended in an earlier class
    SCHOOL_FULL = "school_full_before_you"  # central draw: taken by earlier lots (and by held seats)
    CLOSED = "closed"  # no places at the start of the draw
    UNIT_TOO_LARGE = "unit_too_large"  # places left, but fewer than the children drawn together
    SEATS_KEPT = "seats_kept"  # VOVP: every place is kept by a child that holds it
    HELD_SEAT = "held_seat"  # VOVP: keeps the seat it holds
    HELD_SEAT_LEFT = "held_seat_left"  # VOVP: gave up its seat for a better preference
    NOT_REACHED = "not_reached"  # placed at a better preference
    CARE_ROUTE = "care_route_not_in_central"  # drawn out with zorgplicht, not in the central draw (DH-094)
    NO_CENTRAL_DRAW = "no_central_draw"  # the session has none


@dataclass(frozen=True, slots=True)
class Reason:
    """One preference of one child.

    ``draw`` is the draw that decided; with it come the child's class (school draw), lot, rank, the number of
    children in that draw, and the school's cutoff. All are None where no draw looked at this preference.
    """

    code: str
    rank_in_list: int  # from 1 in the frozen list, which lacks the first choice after a manual school draw
    kind: ReasonKind
    unit_size: int  # children drawn together, the child included
    draw: str | None = None
    own_tier: int | None = None
    own_lot: str | None = None
    own_rank: int | None = None
    of_total: int | None = None
    cutoff: CutoffLine | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A child's line in a draw, with what was found at the schools that had no room for it."""

    draw: DrawOutcome
    line: OutcomeLine
    refusals: Mapping[str, ReasonKind]
    cutoffs: Mapping[str, CutoffLine]


def explain(dossiers: Dossiers, outcome: SessionOutcome) -> dict[str, tuple[Reason, ...]]:
    """Per child one reason for each preference, in order of preference.

    Shapes: keys are all regnos of the dossiers, by byte value. The outcome must be of these dossiers.
    Errors: KeyError when it is not.
    Source: OA-LOT/1 section 6 and 6.1; DH-072, DH-091 to DH-096, DH-138.
    """
    sizes: dict[str, int] = {}
    for child in dossiers.children:
        sizes[child.unit] = sizes.get(child.unit, 0) + 1
    children = {child.regno: child for child in sorted(dossiers.children, key=lambda child: child.regno)}
    left: dict[str, int | None] = {school.code: school.places for school in dossiers.schools}
    at_school: dict[str, _Seen] = {}
    centrally: dict[str, _Seen] = {}
    has_central = False
    for draw in outcome.draws:
        if draw.id == CENTRAL:
            has_central = True
            centrally = _look_centrally(draw, children, left)
        else:
            at_school |= _look_at_school(draw, left)
    return {
        regno: tuple(
            _reasons(child, sizes[child.unit], at_school.get(regno), centrally.get(regno), has_central)
        )
        for regno, child in children.items()
    }


def _look_at_school(draw: DrawOutcome, left: dict[str, int | None]) -> dict[str, _Seen]:
    code = draw_code(draw.id) or ""
    (cutoff,) = draw.cutoffs
    start = left[code]
    cutoffs = {code: cutoff}
    seen: dict[str, _Seen] = {}
    for unit in _units(draw):
        room = left[code]
        refusals: dict[str, ReasonKind] = {}
        if unit[0].code is not None:
            left[code] = None if room is None else max(0, room - len(unit))
        elif start == 0:
            refusals[code] = ReasonKind.CLOSED
        elif room != 0:
            refusals[code] = ReasonKind.UNIT_TOO_LARGE
        elif unit[0].tier == cutoff.tier:
            refusals[code] = ReasonKind.DRAWN_OUT
        else:
            refusals[code] = ReasonKind.CLASS_TOO_LATE
        for line in unit:
            seen[line.regno] = _Seen(draw, line, refusals, cutoffs)
    return seen


def _look_centrally(
    draw: DrawOutcome, children: Mapping[str, ChildLine], left: dict[str, int | None]
) -> dict[str, _Seen]:
    start = dict(left)
    cutoffs = {cutoff.code: cutoff for cutoff in draw.cutoffs}
    held_seats = any(line.tier == 0 for line in draw.lines)
    seen: dict[str, _Seen] = {}
    for unit in _units(draw):
        placed = unit[0].code
        refusals: dict[str, ReasonKind] = {}
        for code, _ in children[unit[0].regno].choices:
            if code == placed:
                break
            if start[code] == 0:
                refusals[code] = ReasonKind.CLOSED
            elif held_seats:
                closed = cutoffs[code].kind == "closed"
                refusals[code] = ReasonKind.SEATS_KEPT if closed else ReasonKind.SCHOOL_FULL
            else:
                refusals[code] = ReasonKind.UNIT_TOO_LARGE if left[code] else ReasonKind.SCHOOL_FULL
        if placed is not None:
            room = left[placed]
            left[placed] = None if room is None else room - len(unit)
        for line in unit:
            seen[line.regno] = _Seen(draw, line, refusals, cutoffs)
    return seen


def _units(draw: DrawOutcome) -> Iterator[list[OutcomeLine]]:
    """The lines of each unit, in draw order; the members of a unit stand together."""
    for _, lines in groupby(draw.lines, key=lambda line: line.unit):
        yield list(lines)


def _reasons(
    child: ChildLine, size: int, at_school: _Seen | None, centrally: _Seen | None, has_central: bool
) -> Iterator[Reason]:
    is_placed = False
    for rank, (code, tier) in enumerate(child.choices, 1):
        seen = at_school if at_school is not None and rank == 1 else centrally
        if is_placed:
            kind = ReasonKind.HELD_SEAT_LEFT if tier == 0 else ReasonKind.NOT_REACHED
            yield Reason(code, rank, kind, size)
        elif seen is None:
            # In the school draw without a place, and not in a central draw.
            kind = ReasonKind.CARE_ROUTE if has_central else ReasonKind.NO_CENTRAL_DRAW
            yield Reason(code, rank, kind, size)
        else:
            if seen.line.code == code:
                is_placed = True
                kind = ReasonKind.HELD_SEAT if tier == 0 else ReasonKind.PLACED
            else:
                kind = seen.refusals[code]
            yield Reason(
                code=code,
                rank_in_list=rank,
                kind=kind,
                unit_size=size,
                draw=seen.draw.id,
                own_tier=seen.line.tier,
                own_lot=seen.line.lot,
                own_rank=seen.line.rank,
                of_total=seen.draw.children,
                cutoff=seen.cutoffs[code],
            )
