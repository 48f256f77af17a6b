"""The figures behind a reason: what one school had to give in one draw, and how far down the order it came.

Everything follows from the frozen lists and the stored outcome; nothing is drawn or guessed again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lottery.engine.files import ChildLine, Dossiers
from lottery.engine.grammar import CENTRAL, draw_code
from lottery.engine.outcome import CutoffLine, DrawOutcome, OutcomeLine, SessionOutcome


@dataclass(frozen=True, slots=True)
class TierCount:
    """One priority class in a school draw."""

    tier: int  # 1 goes first
    children: int
    admitted: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One school in one draw. Counts are of children; ``None`` for places means without a ceiling."""

    draw: str
    code: str
    frozen_places: int | None  # when the lists were frozen, before any draw
    places: int | None  # when this draw began: a central draw has what the school draws left
    left: int | None  # when this draw had ended
    children: int  # in this draw: first choices of the school, or everybody in a central draw
    admitted: int  # by this draw, a child that kept its seat included
    tiers: tuple[TierCount, ...]  # school draw only, classes that occur, first class first
    by_hand: bool  # profile H: the lots are positions in a drawn order
    cutoff: CutoffLine
    last_rank: int | None  # rank of the last admitted child, where the cutoff is a lot

    @property
    def needs_lots(self) -> bool:
        """More children than places, so that the order decided (DH-071)."""
        return self.places is not None and self.children > self.places


Standings = Mapping[tuple[str, str], Standing]


def standings(dossiers: Dossiers, outcome: SessionOutcome, *, by_hand: bool = False) -> Standings:
    """Every school in every draw that gave places of it, by (draw, school).

    Shapes: the outcome of these dossiers; ``by_hand`` for a session of profile H.
    Errors: KeyError when the outcome is not of these dossiers.
    Source: OA-LOT/1 sections 4.5, 6 and 6.1; DH-072, DH-093.
    """
    frozen = {school.code: school.places for school in dossiers.schools}
    left = dict(frozen)
    children = {child.regno: child for child in dossiers.children}
    found: dict[tuple[str, str], Standing] = {}
    for draw in outcome.draws:
        start = dict(left)
        admitted = Counter(line.code for line in draw.lines if line.code is not None)
        ranks = {line.lot: line.rank for line in draw.lines}  # children drawn together: the last of them
        for code, number in admitted.items():
            room = left[code]
            # Above the ceiling (koppel boven-plafond) nothing is left.
            left[code] = None if room is None else max(0, room - number)
        tiers = () if draw.id == CENTRAL else _tiers(draw)
        for cutoff in draw.cutoffs:
            found[draw.id, cutoff.code] = Standing(
                draw=draw.id,
                code=cutoff.code,
                frozen_places=frozen[cutoff.code],
                places=start[cutoff.code],
                left=left[cutoff.code],
                children=draw.children,
                admitted=admitted[cutoff.code],
                tiers=tiers,
                by_hand=by_hand,
                cutoff=cutoff,
                last_rank=_last_rank(draw, cutoff, children, ranks),
            )
    return found


def _tiers(draw: DrawOutcome) -> tuple[TierCount, ...]:
    children = Counter(line.tier for line in draw.lines)
    admitted = Counter(line.tier for line in draw.lines if line.code is not None)
    return tuple(TierCount(tier, children[tier], admitted[tier]) for tier in sorted(filter(None, children)))


def _last_rank(
    draw: DrawOutcome,
    cutoff: CutoffLine,
    children: Mapping[str, ChildLine],
    ranks: Mapping[str, int],
) -> int | None:
    """Rank of the last child that the cutoff is about; a lot belongs to one unit of one draw."""
    if cutoff.kind != "limit" or cutoff.lot is None:
        return None
    rank = ranks[cutoff.lot]
    line: OutcomeLine = draw.lines[rank - 1]
    school = draw_code(draw.id) or cutoff.code
    if line.code != school or school not in dict(children[line.regno].choices):
        raise KeyError(f"the cutoff of {cutoff.code} in {draw.id} is of nobody admitted there")
    return rank
