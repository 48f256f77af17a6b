"""The byte format of OA-LOT/1: dossiers, participants, commitment and seed (sections 3 and 4).

Rendering checks everything that parsing checks, so that a file the verifier must refuse is never written.
Objects hold what the files say, in words of the code; ``None`` stands for ``-`` (for places: ``onbeperkt``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lottery.engine.commitment import (
    Commitment,
    Seed,
    beacon_time,
    check_seed,
    dice_slot,
    parse_commitment,
    parse_seed,
    rehearsal_beacon,
    render_commitment,
    render_seed,
    secret_hash,
)
from lottery.engine.grammar import (
    CENTRAL,
    CHOICE,
    CODE,
    NUMBER,
    PLACES,
    SALT,
    SESSION,
    UNLIMITED,
    VERSION,
    FileFormatError,
    Lines,
    encode,
    is_count,
    matches,
    sha256_hex,
    shown,
)
from lottery.engine.outcome import parse_outcome

__all__ = [
    "ChildLine",
    "Commitment",
    "Dossiers",
    "FileFormatError",
    "SchoolLine",
    "Seed",
    "beacon_time",
    "check_freeze",
    "check_seed",
    "child_line",
    "dice_slot",
    "parse_commitment",
    "parse_dossiers",
    "parse_outcome",
    "parse_seed",
    "rehearsal_beacon",
    "render_commitment",
    "render_dossiers",
    "render_participants",
    "render_seed",
    "seal",
    "secret_hash",
    "sha256_hex",
]

DOSSIERS: Final = "dossiers.txt"
PARTICIPATIONS: Final = ("SC", "S", "C")


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """A school (or school and draw category) with the places it has in this session."""

    code: str
    places: int | None  # None: onbeperkt


@dataclass(frozen=True, slots=True)
class ChildLine:
    """A child under the number it has in this session only."""

    regno: str
    unit: str  # own regno, or the smallest regno of the children drawn together
    participation: str  # "SC", "S" or "C": school draw of the first choice, central draw
    choices: tuple[tuple[str, int], ...]  # (school, priority class 1-9; 0: holds a seat there), best first
    salt: str  # 32 hex digits


@dataclass(frozen=True, slots=True)
class Dossiers:
    """The frozen lists of a session, in any order."""

    session: str
    schools: tuple[SchoolLine, ...]
    children: tuple[ChildLine, ...]


def child_line(child: ChildLine) -> str:
    """The child's line in ``dossiers.txt``, without the line feed."""
    choices = ",".join([f"{code}:{tier}" for code, tier in child.choices])
    return f"kind|{child.regno}|{child.unit}|{child.participation}|{choices}|{child.salt}"


def seal(child: ChildLine) -> str:
    """The child's zegel: SHA-256 of its line in ``dossiers.txt``."""
    return sha256_hex(child_line(child).encode("ascii"))


def render_dossiers(dossiers: Dossiers) -> bytes:
    """The bytes of ``dossiers.txt``, schools and children sorted by byte value.

    Errors: FileFormatError, with the line on which the fault would stand.
    """
    return _render_dossiers(_ordered(dossiers))


def render_participants(dossiers: Dossiers) -> bytes:
    """The bytes of ``deelnemers.txt``: the same lists with a seal instead of the choices.

    Errors: as ``render_dossiers``.
    """
    return _render_participants(_ordered(dossiers))


def parse_dossiers(data: bytes) -> Dossiers:
    """The object that ``render_dossiers`` turns into exactly these bytes.

    Errors: FileFormatError with line and sentence.
    """
    lines = Lines(data, DOSSIERS, "dossiers")
    schools: list[SchoolLine] = []
    while lines.peek() == "school":
        code, places = lines.take("school", 3)
        if places != UNLIMITED:
            lines.field(PLACES, places, "a number of places")
        schools.append(SchoolLine(code, None if places == UNLIMITED else int(places)))
    children: list[ChildLine] = []
    while lines.peek() == "kind":
        regno, unit, participation, text, salt = lines.take("kind", 6)
        choices: list[tuple[str, int]] = []
        for part in text.split(","):
            match = CHOICE.fullmatch(part)
            if match is None:
                raise lines.error(f"{shown(part)} is not a school with a priority class")
            choices.append((match[1], int(match[2])))
        children.append(ChildLine(regno, unit, participation, tuple(choices), salt))
    counts = lines.take("eind", 3)
    if counts != [str(len(schools)), str(len(children))]:
        raise lines.error(
            f"{len(schools)} schools and {len(children)} children precede this line, it differs"
        )
    lines.finish()
    dossiers = Dossiers(lines.session, tuple(schools), tuple(children))
    _check(dossiers)
    return dossiers


def check_freeze(dossiers: Dossiers, commitment: Commitment) -> None:
    """Refuse lists and a commitment that do not belong together.

    Errors: FileFormatError for another session, other hashes, a draw of an unknown school, a child without
    the draw its deelname asks for, or a held seat in a session with more draws than ``centraal``.
    Source: OA-LOT/1 sections 4.3, 6 and 6.1.
    """
    file = "vastlegging.txt"
    if dossiers.session != commitment.session:
        raise FileFormatError(file, 1, f"the lists are of session {dossiers.session}")
    ordered = _ordered(dossiers)
    if commitment.participants_hash != sha256_hex(_render_participants(ordered)):
        raise FileFormatError(file, 4, "this is not the hash of deelnemers.txt")
    if commitment.dossiers_hash != sha256_hex(_render_dossiers(ordered)):
        raise FileFormatError(file, 5, "this is not the hash of dossiers.txt")
    draws = set(commitment.draws)
    unknown = draws - {f"school/{school.code}" for school in ordered.schools} - {CENTRAL}
    if unknown:
        raise FileFormatError(file, 12, f"{min(unknown)} is a draw of a school that is not in the lists")
    for child in ordered.children:
        own = f"school/{child.choices[0][0]}"
        if "S" in child.participation and own not in draws:
            raise FileFormatError(file, 12, f"the draw {own} of child {child.regno} is missing")
        if "C" in child.participation and CENTRAL not in draws:
            raise FileFormatError(file, 12, f"the draw centraal of child {child.regno} is missing")
        if child.choices[-1][1] == 0 and len(draws) != 1:
            raise FileFormatError(file, 12, "a session with held seats has no other draw than centraal")


def _render_dossiers(ordered: Dossiers) -> bytes:
    return _render(ordered, "dossiers", map(child_line, ordered.children))


def _render_participants(ordered: Dossiers) -> bytes:
    lines = (f"kind|{child.regno}|{child.unit}|{seal(child)}" for child in ordered.children)
    return _render(ordered, "deelnemers", lines)


def _ordered(dossiers: Dossiers) -> Dossiers:
    ordered = Dossiers(
        dossiers.session,
        tuple(sorted(dossiers.schools, key=lambda school: str(school.code))),
        tuple(sorted(dossiers.children, key=lambda child: str(child.regno))),
    )
    _check(ordered)
    return ordered


def _render(ordered: Dossiers, kind: str, children: Iterable[str]) -> bytes:
    lines = [f"{VERSION}|{kind}|{ordered.session}"]
    for school in ordered.schools:
        lines.append(f"school|{school.code}|{UNLIMITED if school.places is None else school.places}")
    lines.extend(children)
    lines.append(f"eind|{len(ordered.schools)}|{len(ordered.children)}")
    return encode(lines)


def _check(ordered: Dossiers) -> None:
    """Check lists in the order of the file; the first fault is raised with its line."""
    if not matches(SESSION, ordered.session):
        raise FileFormatError(DOSSIERS, 1, f"{shown(ordered.session)} is not a session name")
    places: dict[str, int | None] = {}
    number = 1
    previous = ""
    for school in ordered.schools:
        number += 1
        if not matches(CODE, school.code):
            raise FileFormatError(DOSSIERS, number, f"{shown(school.code)} is not a school code")
        if school.places is not None and not is_count(school.places, 0, 9999):
            raise FileFormatError(DOSSIERS, number, f"{shown(school.places)} is not a number of places")
        if school.code <= previous:
            raise FileFormatError(DOSSIERS, number, f"school {school.code} is out of order or occurs twice")
        previous = school.code
        places[school.code] = school.places
    _check_children(ordered.children, places, number)


def _check_children(children: tuple[ChildLine, ...], places: dict[str, int | None], number: int) -> None:
    heads: dict[str, ChildLine] = {}
    held: dict[str, int] = {}
    previous = ""
    first = number + 1
    for child in children:
        number += 1
        fault = _child_fault(child, places)
        if fault:
            raise FileFormatError(DOSSIERS, number, fault)
        if child.regno <= previous:
            raise FileFormatError(DOSSIERS, number, f"child {child.regno} is out of order or occurs twice")
        previous = child.regno
        if child.unit == child.regno:
            heads[child.unit] = child
        else:
            # The lists ascend, so the smallest number of a group has been seen before the others.
            head = heads.get(child.unit)
            if head is None:
                raise FileFormatError(
                    DOSSIERS, number, f"unit {child.unit} is not the smallest number of its group"
                )
            if head.participation != child.participation or head.choices != child.choices:
                raise FileFormatError(
                    DOSSIERS, number, f"child {child.regno} differs from the others of its group"
                )
        last, tier = child.choices[-1]
        if tier == 0:
            held[last] = held.get(last, 0) + 1
            room = places[last]
            if room is not None and held[last] > room:
                raise FileFormatError(
                    DOSSIERS, number, f"more children hold a seat at {last} than it has places"
                )
    if held:
        for number, child in enumerate(children, first):
            if child.participation != "C" or child.unit != child.regno:
                raise FileFormatError(
                    DOSSIERS,
                    number,
                    "in a session with held seats every child has deelname C and is drawn alone",
                )


def _child_fault(child: ChildLine, places: dict[str, int | None]) -> str:
    """What is wrong with one line by itself; the empty string when nothing is."""
    if not matches(NUMBER, child.regno):
        return f"{shown(child.regno)} is not a registration number"
    if not matches(NUMBER, child.unit):
        return f"{shown(child.unit)} is not a unit"
    if child.participation not in PARTICIPATIONS:
        return f"{shown(child.participation)} is not SC, S or C"
    if not matches(SALT, child.salt):
        return "the salt is not 32 hexadecimal digits"
    if not child.choices:
        return f"child {child.regno} has no choices"
    last = len(child.choices) - 1
    seen: set[str] = set()
    for index, (code, tier) in enumerate(child.choices):
        if code not in places:
            return f"school {shown(code)} is not in the list"
        if code in seen:
            return f"school {code} occurs twice in the choices"
        seen.add(code)
        if not is_count(tier, 0, 9):
            return f"{shown(tier)} is not a priority class"
        if tier == 0 and (index != last or child.participation != "C"):
            return "class 0 is only for the last choice of a child with deelname C"
    return ""
