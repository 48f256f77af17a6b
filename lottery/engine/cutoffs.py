"""Cutoffs (``grens``): where each school closed, and the check a parent makes with them.

Source: OA-LOT/1 sections 4.5, 6 and 6.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lottery.engine.outcome import CutoffLine
from lottery.engine.school_draw import Unit


def school_cutoff(code: str, places: int | None, walked: Sequence[tuple[Unit, bool]]) -> CutoffLine:
    """The cutoff of a school draw.

    Shapes: ``places`` at the start, None without a ceiling; ``walked`` as ``school_draw.walk`` returns it.
    Source: OA-LOT/1 section 6.
    """
    admitted = [unit for unit, is_admitted in walked if is_admitted]
    if places == 0 or (walked and not admitted):
        return CutoffLine(code, "closed", None, None)
    if len(admitted) == len(walked):
        return CutoffLine(code, "free", None, None)
    return CutoffLine(code, "limit", admitted[-1].tier, admitted[-1].lot)


def central_cutoffs(
    start: Mapping[str, int | None], left: Mapping[str, int | None], lots: Mapping[str, Iterable[str]]
) -> tuple[CutoffLine, ...]:
    """The cutoffs of a central draw, one per school in code order.

    Shapes: per school the places at the start and at the end (None without a ceiling), and the lots of the
            units it admitted, without those that hold their seat there (class 0).
    Source: OA-LOT/1 sections 6 and 6.1.
    """
    cutoffs: list[CutoffLine] = []
    for code in sorted(start):
        lot = max(lots.get(code, ()), default=None)
        if start[code] == 0 or (left[code] == 0 and lot is None):
            cutoffs.append(CutoffLine(code, "closed", None, None))
        elif left[code] == 0:
            cutoffs.append(CutoffLine(code, "limit", None, lot))
        else:
            cutoffs.append(CutoffLine(code, "free", None, None))
    return tuple(cutoffs)


def admits(cutoff: CutoffLine, tier: int | None, lot: str) -> bool:
    """Whether a cutoff leaves room for this class and lot: ``free``, or not lower than the own (class, lot).

    Exact for a child that is drawn alone; a larger unit can be passed over when too few places are left.
    """
    if cutoff.kind != "limit" or cutoff.lot is None:
        return cutoff.kind == "free"
    if cutoff.tier is None or tier is None:
        return lot <= cutoff.lot
    return (tier, lot) <= (cutoff.tier, cutoff.lot)


def place_by_cutoffs(
    choices: Iterable[tuple[str, int]], lot: str, cutoffs: Mapping[str, CutoffLine]
) -> str | None:
    """What a parent finds with the own list and the cutoffs of the central draw: a school, or None.

    Shapes: choices as in ``ChildLine``, class 0 marks a held seat; cutoffs by school code.
    Source: OA-LOT/1 section 6, last paragraph, and section 6.1.
    """
    for code, tier in choices:
        if tier == 0 or admits(cutoffs[code], None, lot):
            return code
    return None
