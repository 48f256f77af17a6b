"""A whole session: from frozen lists and seed to ``uitslag.txt`` (OA-LOT/1 sections 5 to 7)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import cast

from lottery.engine.commitment import Commitment, Seed, check_seed, render_seed
from lottery.engine.cutoffs import central_cutoffs, school_cutoff
from lottery.engine.deferred_acceptance import Applicant, School, deferred_acceptance
from lottery.engine.files import ChildLine, Dossiers, check_freeze
from lottery.engine.grammar import CENTRAL, FileFormatError, draw_code
from lottery.engine.lots import hand_lot, lot
from lottery.engine.outcome import DrawOutcome, DrawPlaces, OutcomeLine, SessionOutcome, render_outcome
from lottery.engine.school_draw import Coupling, Unit, walk

__all__ = ["compute_session", "compute_shadow", "render_outcome"]

Group = tuple[ChildLine, ...]  # the children of one unit, by regno; the first has the unit's name
Places = dict[str, int | None]


def compute_session(dossiers: Dossiers, commitment: Commitment, seed: Seed) -> SessionOutcome:
    """Draw everything the commitment announces, in its order.

    Shapes: ``dossiers`` in any order.
    Errors: FileFormatError when the three do not belong together, or when an order drawn by hand does not
            hold exactly the participating units.
    Source: OA-LOT/1 sections 5, 6, 6.1 and 7 (profile H); DH-087, DH-091 to DH-095.
    """
    check_freeze(dossiers, commitment)
    check_seed(commitment, seed)
    return _draw_all(dossiers, commitment, seed)


def compute_shadow(
    original: Dossiers, corrected: Dossiers, commitment: Commitment, seed: Seed
) -> SessionOutcome:
    """What the same lots would have given with corrected classes or places (schaduwuitslag, not a new draw).

    Shapes: ``corrected`` holds the children and schools of ``original``; only classes and places may differ.
    Errors: ValueError when more than that differs; FileFormatError as ``compute_session``.
    Source: OA-LOT/1 section 8. Lots depend on K, session, draw and unit alone, so they are those of the draw.
    """
    check_freeze(original, commitment)
    check_seed(commitment, seed)
    if original.session != corrected.session or _shape(original) != _shape(corrected):
        raise ValueError("a shadow result may change classes and places only")
    return _draw_all(corrected, commitment, seed)


def _shape(dossiers: Dossiers) -> tuple[object, ...]:
    """Everything in the lists that a shadow result must leave as it is."""
    children = sorted(dossiers.children, key=lambda child: child.regno)
    return (
        sorted((school.code, school.places is None) for school in dossiers.schools),
        [
            (child.regno, child.unit, child.participation, [code for code, _ in child.choices], child.salt)
            for child in children
        ],
    )


def _draw_all(dossiers: Dossiers, commitment: Commitment, seed: Seed) -> SessionOutcome:
    key = hashlib.sha256(render_seed(seed)).digest()
    coupling = cast(Coupling, commitment.coupling)
    waiting = _groups(dossiers)
    at_school = _first_choices(waiting)
    left: Places = {school.code: school.places for school in dossiers.schools}

    draws: list[DrawOutcome] = []
    for index, draw in enumerate(commitment.draws):
        code = draw_code(draw)
        groups = _central(waiting) if code is None else at_school.get(code, {})
        if commitment.dice == "hand":
            lots = _hand_lots(groups, seed, index)
        else:
            lots = {unit: lot(key, dossiers.session, draw, unit) for unit in groups}
        if code is None:
            draws.append(_draw_centrally(groups, lots, left))
        else:
            draws.append(_draw_at_school(code, groups, lots, left, coupling))
        for line in draws[-1].lines:
            if line.code is not None:
                waiting.pop(line.unit, None)
    return SessionOutcome(dossiers.session, key.hex(), tuple(draws))


def next_hand_draw(
    dossiers: Dossiers, commitment: Commitment, orders: Mapping[str, Sequence[str]]
) -> tuple[str, tuple[str, ...]] | None:
    """Profile H: the first draw without an order, with the units that take part in it; None when all are drawn.

    Shapes: ``orders`` the drawn units by draw, for the draws before it, each holding exactly its participants.
    Source: OA-LOT/1 section 7 (profile H): who takes part in ``centraal`` is known when the school draws are.
    """
    waiting = _groups(dossiers)
    at_school = _first_choices(waiting)
    left: Places = {school.code: school.places for school in dossiers.schools}
    for draw in commitment.draws:
        code = draw_code(draw)
        groups = _central(waiting) if code is None else at_school.get(code, {})
        if draw not in orders:
            return draw, tuple(sorted(groups))
        if code is None:
            continue
        lots = {unit: hand_lot(position) for position, unit in enumerate(orders[draw], 1)}
        for line in _draw_at_school(code, groups, lots, left, cast(Coupling, commitment.coupling)).lines:
            if line.code is not None:
                waiting.pop(line.unit, None)
    return None


def _groups(dossiers: Dossiers) -> dict[str, Group]:
    """The children of every unit, units and children by byte value."""
    members: dict[str, list[ChildLine]] = {}
    for child in sorted(dossiers.children, key=lambda child: child.regno):
        members.setdefault(child.unit, []).append(child)
    return {unit: tuple(children) for unit, children in members.items()}


def _first_choices(groups: Mapping[str, Group]) -> dict[str, dict[str, Group]]:
    """Per school the units that take part in its draw."""
    at_school: dict[str, dict[str, Group]] = {}
    for unit, group in groups.items():
        if "S" in group[0].participation:
            at_school.setdefault(group[0].choices[0][0], {})[unit] = group
    return at_school


def _central(waiting: Mapping[str, Group]) -> dict[str, Group]:
    return {unit: group for unit, group in waiting.items() if "C" in group[0].participation}


def _hand_lots(groups: Mapping[str, Group], seed: Seed, index: int) -> dict[str, str]:
    draw, order = seed.orders[index]
    if len(order) != len(groups) or set(order) != groups.keys():
        raise FileFormatError(
            "zaad.txt", 4 + index, f"the order of {draw} does not hold exactly its participants"
        )
    return {unit: hand_lot(position) for position, unit in enumerate(order, 1)}


def _draw_at_school(
    code: str, groups: Mapping[str, Group], lots: Mapping[str, str], left: Places, coupling: Coupling
) -> DrawOutcome:
    places = left[code]
    units = [
        Unit(tuple([child.regno for child in group]), group[0].choices[0][1], lots[unit])
        for unit, group in groups.items()
    ]
    walked = walk(units, places=places, coupling=coupling)
    lines: list[OutcomeLine] = []
    taken = 0
    for unit, is_admitted in walked:
        taken += len(unit.members) if is_admitted else 0
        for regno in unit.members:
            to = code if is_admitted else None
            lines.append(OutcomeLine(len(lines) + 1, regno, unit.members[0], unit.tier, unit.lot, to))
    if places is not None:
        left[code] = max(0, places - taken)
    start: DrawPlaces = "onbeperkt" if places is None else places
    return DrawOutcome(
        f"school/{code}", start, len(lines), tuple(lines), (school_cutoff(code, places, walked),)
    )


def _draw_centrally(groups: Mapping[str, Group], lots: Mapping[str, str], left: Places) -> DrawOutcome:
    start = dict(left)
    order = sorted(groups, key=lambda unit: (lots[unit], unit))
    if all(len(group) == 1 for group in groups.values()):
        placed = _match(order, groups, left)
    else:
        placed = _serve(order, groups, left)

    lines: list[OutcomeLine] = []
    counting: dict[str, list[str]] = {}
    for unit in order:
        code = placed[unit]
        held, tier = groups[unit][0].choices[-1]
        if code is not None:
            room = left[code]
            left[code] = None if room is None else room - len(groups[unit])
            if tier != 0 or held != code:
                counting.setdefault(code, []).append(lots[unit])
        for child in groups[unit]:
            lines.append(
                OutcomeLine(len(lines) + 1, child.regno, unit, 0 if tier == 0 else None, lots[unit], code)
            )
    return DrawOutcome(CENTRAL, "-", len(lines), tuple(lines), central_cutoffs(start, left, counting))


def _match(
    order: Sequence[str], groups: Mapping[str, Group], places: Mapping[str, int | None]
) -> dict[str, str | None]:
    """Deferred acceptance for children drawn alone; a school ranks those who hold a seat there first."""
    applicants: list[Applicant] = []
    holders: dict[str, dict[str, int]] = {}
    for rank, unit in enumerate(order):
        choices = groups[unit][0].choices
        applicants.append(Applicant(unit, [code for code, _ in choices], rank))
        last, tier = choices[-1]
        if tier == 0:
            holders.setdefault(last, {})[unit] = 0
    schools = [School(code, capacity, holders.get(code, {})) for code, capacity in places.items()]
    return deferred_acceptance(applicants, schools)


def _serve(
    order: Sequence[str], groups: Mapping[str, Group], places: Mapping[str, int | None]
) -> dict[str, str | None]:
    """The walk of section 6 for sessions with linked children: first school with room for the whole unit."""
    left = dict(places)
    placed: dict[str, str | None] = {}
    for unit in order:
        size = len(groups[unit])
        placed[unit] = None
        for code, _ in groups[unit][0].choices:
            room = left[code]
            if room is None or room >= size:
                left[code] = None if room is None else room - size
                placed[unit] = code
                break
    return placed
