"""The draw at one school: priority class first, lot inside a class (DH-070 to DH-079; OA-LOT/1 section 6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

Coupling = Literal["sla-over", "boven-plafond"]
SKIP: Final = "sla-over"
ABOVE_CEILING: Final = "boven-plafond"


@dataclass(frozen=True, slots=True)
class Unit:
    """What one lot is drawn for."""

    members: tuple[str, ...]  # registration numbers drawn as one: a child alone, or linked children
    tier: int  # 1 meets the school's first priority rule; the highest value meets none
    lot: str  # 64 hex digits from lots.py, lower is earlier


@dataclass(frozen=True, slots=True)
class SchoolDrawResult:
    """Every member once, in draw order."""

    admitted: tuple[str, ...]
    drawn_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What the classes decide by themselves; lots decide among ``undecided`` only."""

    admitted: tuple[str, ...]
    drawn_out: tuple[str, ...]
    undecided: tuple[str, ...]


def draw_school(
    units: Iterable[Unit], *, places: int | None, coupling: Coupling = "sla-over"
) -> SchoolDrawResult:
    """Admit units tier by tier, by lot within a tier.

    Shapes: units in any order; the two tuples together hold every member once, in draw order.
    Units:  ``places`` in whole pupils, None without a ceiling. A unit larger than what is left is passed over
            (``sla-over``), or admitted as a whole when at least one place is left (``boven-plafond``).
    Errors: ValueError for negative places or another coupling.
    Source: DH-072; OA-LOT/1 section 6.
    """
    admitted: list[str] = []
    drawn_out: list[str] = []
    for unit, is_admitted in walk(units, places=places, coupling=coupling):
        (admitted if is_admitted else drawn_out).extend(unit.members)
    return SchoolDrawResult(tuple(admitted), tuple(drawn_out))


def walk(
    units: Iterable[Unit], *, places: int | None, coupling: Coupling = "sla-over"
) -> list[tuple[Unit, bool]]:
    """The units in draw order, each with whether it is admitted; see ``draw_school``."""
    _check(places, coupling)
    # Members decide between equal lots, so that no outcome depends on how the units happened to arrive.
    ordered = sorted(units, key=lambda unit: (unit.tier, unit.lot, unit.members))
    if places is None:
        return [(unit, True) for unit in ordered]
    result: list[tuple[Unit, bool]] = []
    for unit in ordered:
        size = len(unit.members)
        fits = size <= places or (coupling == ABOVE_CEILING and places > 0)
        if fits:
            places = max(0, places - size)
        result.append((unit, fits))
    return result


def settle_without_lots(
    units: Iterable[Unit], *, places: int | None, coupling: Coupling = "sla-over"
) -> Settled:
    """What the button "Automatic processing" decides: whole classes that fit, and those that come too late.

    Shapes: units in any order, their lots are not looked at; members inside each tuple by class and number.
    Units and errors: as ``draw_school``.
    Source: DH-071, DH-072, DH-074. After a class with linked children that does not fit as a whole, what is
            left may depend on the lots; then the later classes are undecided too.
    """
    _check(places, coupling)
    admitted: list[str] = []
    drawn_out: list[str] = []
    undecided: list[str] = []
    left = places
    certain = True
    ordered = sorted(units, key=lambda unit: (unit.tier, unit.members))
    for _, group in groupby(ordered, key=lambda unit: unit.tier):
        members_of = [unit.members for unit in group]
        members = [member for unit in members_of for member in unit]
        if left is None or (certain and len(members) <= left):
            admitted += members
            left = None if left is None else left - len(members)
        elif left == 0 or (certain and coupling == SKIP and min(map(len, members_of)) > left):
            drawn_out += members
        elif not certain:
            undecided += members
        else:
            undecided += members
            if coupling == ABOVE_CEILING or max(map(len, members_of)) == 1:
                left = 0
            else:
                certain = False
    return Settled(tuple(admitted), tuple(drawn_out), tuple(undecided))


def _check(places: int | None, coupling: str) -> None:
    if places is not None and places < 0:
        raise ValueError("places must not be negative")
    if coupling not in (SKIP, ABOVE_CEILING):
        raise ValueError("coupling must be sla-over or boven-plafond")
