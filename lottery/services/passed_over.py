"""Whether the central draw passed anybody over: counted from the lines of the files, by a program of its own.

Written from OA-LOT/1 section 6 and 6.1 and DH-139 alone. It uses nothing of ``lottery.engine`` (which computed the
outcome and has a check of its own) and asks the question in its plainest form: is there a child, and a school it would
rather have had, where a place was left or went to somebody who came later?
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

CENTRAL = "centraal"
UNLIMITED = "onbeperkt"


@dataclass(frozen=True, slots=True)
class Examined:
    """``pairs``: how many times a child wanted a school more than what it got; ``found``: where that was unjust."""

    children: int
    pairs: int
    found: tuple[tuple[str, str], ...]  # (number, school)

    @property
    def blocking(self) -> int:
        return len(self.found)


def examine(dossiers: bytes, outcome: bytes) -> Examined:
    """Look at every child of the central draw and every school it prefers to its result.

    Shapes: the bytes of dossiers.txt and uitslag.txt of one session, already accepted by the verifier.
    A pair is unjust when the places the school has left, with those held by units that come later there, are enough
    for all children drawn together with this one. Later is: not holding a seat there while the other does, else a
    higher lot.
    """
    places: dict[str, int | None] = {}
    wishes: dict[
        str, list[tuple[str, bool]]
    ] = {}  # number: schools in order, and whether it holds a seat there
    for fields in _rows(dossiers, "school"):
        places[fields[0]] = None if fields[1] == UNLIMITED else int(fields[1])
    for fields in _rows(dossiers, "kind"):
        pairs = [choice.split(":") for choice in fields[3].split(",")]
        wishes[fields[0]] = [(code, tier == "0") for code, tier in pairs]

    central: dict[str, tuple[str, str, str]] = {}  # number: unit, lot, school or "-"
    for draw, _rank, number, unit, _tier, lot, code in _rows(outcome, "uitkomst"):
        if code != "-" and places[code] is not None:
            places[code] = max(0, (places[code] or 0) - 1)
        if draw == CENTRAL:
            central[number] = (unit, lot, code)

    sizes = Counter(unit for unit, _lot, _code in central.values())
    sitting: defaultdict[str, list[tuple[bool, str]]] = defaultdict(
        list
    )  # (has no claim there, lot), worst first
    for number, (_unit, lot, code) in central.items():
        if code != "-":
            sitting[code].append((not dict(wishes[number])[code], lot))
    for rows in sitting.values():
        rows.sort(reverse=True)

    count, found = 0, []
    for number, (unit, lot, got) in central.items():
        for code, holds in wishes[number]:
            if code == got:
                break
            count += 1
            room = places[code]
            if room is None or room + _later(sitting[code], (not holds, lot)) >= sizes[unit]:
                found.append((number, code))
    return Examined(len(central), count, tuple(sorted(found)))


def _later(sitting: list[tuple[bool, str]], own: tuple[bool, str]) -> int:
    later = 0
    for other in sitting:
        if other <= own:
            break
        later += 1
    return later


def _rows(content: bytes, word: str) -> list[list[str]]:
    """Fields of every line of this kind, without its first word."""
    lines = content.decode("ascii").splitlines()
    return [line.split("|")[1:] for line in lines if line.startswith(f"{word}|")]
