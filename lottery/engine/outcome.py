"""What a session decided, and its file ``uitslag.txt`` (OA-LOT/1 section 4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lottery.engine.grammar import (
    CENTRAL,
    CODE,
    COUNT,
    DRAW,
    HASH,
    NONE,
    NUMBER,
    PLACES,
    SESSION,
    UNLIMITED,
    VERSION,
    FileFormatError,
    Lines,
    draw_code,
    encode,
    is_count,
    matches,
    shown,
)

FILE = "uitslag.txt"

CutoffKind = Literal["limit", "free", "closed"]
DrawPlaces = int | Literal["onbeperkt", "-"]

_CUTOFF_WORD = {"free": "vrij", "closed": "dicht"}
_CUTOFF_KIND: dict[str, CutoffKind] = {"vrij": "free", "dicht": "closed"}


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """One child in one draw (``uitkomst``)."""

    rank: int  # 1 is first; counts children, also inside a unit
    regno: str
    unit: str
    tier: int | None  # priority class in a school draw; in a VOVP 0 for a held seat; None is written "-"
    lot: str  # 64 hex digits, lower is earlier
    code: str | None  # the school that admits the child, None is written "-"


@dataclass(frozen=True, slots=True)
class CutoffLine:
    """Where one school closed in one draw (``grens``).

    ``limit``: full, ``lot`` (and ``tier`` in a school draw) belong to the last admitted unit.
    ``free``: nobody was refused for want of a place (``vrij``). ``closed``: nothing to give (``dicht``).
    """

    code: str
    kind: CutoffKind
    tier: int | None
    lot: str | None


@dataclass(frozen=True, slots=True)
class DrawOutcome:
    """One draw: its children in drawn order and the cutoff of each school it gave places of."""

    id: str  # "school/<code>" or "centraal"
    places: DrawPlaces  # number of places, "onbeperkt", or "-" for the central draw (each school has its own)
    children: int
    lines: tuple[OutcomeLine, ...]
    cutoffs: tuple[CutoffLine, ...]


@dataclass(frozen=True, slots=True)
class SessionOutcome:
    """All draws of a session in the order in which they were held."""

    session: str
    seed_hash: str  # K, 64 hex digits
    draws: tuple[DrawOutcome, ...]

    def final_places(self) -> dict[str, str | None]:
        """School of every child that took part, None without a place: the child's last draw counts."""
        return {line.regno: line.code for draw in self.draws for line in draw.lines}


def render_outcome(outcome: SessionOutcome) -> bytes:
    """The bytes of ``uitslag.txt``.

    Errors: FileFormatError for anything the grammar forbids.
    """
    _check(outcome)
    body: list[str] = []
    for draw in outcome.draws:
        body.append(f"loting|{draw.id}|{draw.places}|{draw.children}")
        for line in draw.lines:
            tier = NONE if line.tier is None else line.tier
            child = f"{line.rank}|{line.regno}|{line.unit}|{tier}"
            body.append(f"uitkomst|{draw.id}|{child}|{line.lot}|{line.code or NONE}")
        for cutoff in draw.cutoffs:
            limit = _CUTOFF_WORD.get(cutoff.kind) or (NONE if cutoff.tier is None else str(cutoff.tier))
            body.append(f"grens|{draw.id}|{cutoff.code}|{limit}|{cutoff.lot or NONE}")
    head = [f"{VERSION}|uitslag|{outcome.session}", f"zaad|{outcome.seed_hash}"]
    return encode([*head, *body, f"eind|{len(body)}"])


def parse_outcome(data: bytes) -> SessionOutcome:
    """The object that ``render_outcome`` turns into exactly these bytes.

    Errors: FileFormatError with line and sentence.
    """
    lines = Lines(data, FILE, "uitslag")
    (seed_hash,) = lines.take("zaad", 2)
    draws: list[DrawOutcome] = []
    while lines.peek() == "loting":
        draws.append(_parse_draw(lines))
    body = lines.number - 2
    (count,) = lines.take("eind", 2)
    if count != str(body):
        raise lines.error(f"the last line counts {shown(count)} lines, there are {body}")
    lines.finish()
    outcome = SessionOutcome(lines.session, seed_hash, tuple(draws))
    _check(outcome)
    return outcome


def _parse_draw(lines: Lines) -> DrawOutcome:
    draw, places_text, count = lines.take("loting", 4)
    lines.field(DRAW, draw, "a draw")
    places: DrawPlaces
    if places_text == UNLIMITED:
        places = "onbeperkt"
    elif places_text == NONE:
        places = "-"
    else:
        places = int(lines.field(PLACES, places_text, "a number of places"))
    lines.field(COUNT, count, "a number of children")
    children: list[OutcomeLine] = []
    while lines.peek() == "uitkomst":
        of_draw, rank, regno, unit, tier, lot, code = lines.take("uitkomst", 8)
        if of_draw != draw:
            raise lines.error(f"this line belongs to {shown(of_draw)}, not to {draw}")
        lines.field(COUNT, rank, "a rank")
        own_tier = _parse_tier(lines, tier)
        children.append(
            OutcomeLine(int(rank), regno, unit, own_tier, lot, lines.optional(CODE, code, "a school"))
        )
    cutoffs: list[CutoffLine] = []
    while lines.peek() == "grens":
        of_draw, code, limit, lot = lines.take("grens", 5)
        if of_draw != draw:
            raise lines.error(f"this line belongs to {shown(of_draw)}, not to {draw}")
        kind: CutoffKind = _CUTOFF_KIND.get(limit, "limit")
        own_tier = None if limit in _CUTOFF_KIND else _parse_tier(lines, limit)
        cutoffs.append(CutoffLine(code, kind, own_tier, lines.optional(HASH, lot, "a lot")))
    return DrawOutcome(draw, places, int(count), tuple(children), tuple(cutoffs))


def _parse_tier(lines: Lines, text: str) -> int | None:
    if text == NONE:
        return None
    if len(text) != 1 or text not in "0123456789":
        raise lines.error(f"{shown(text)} is not a priority class")
    return int(text)


def _check(outcome: SessionOutcome) -> None:
    """Refuse an outcome whose file would break the grammar or contradict itself."""
    if not matches(SESSION, outcome.session):
        raise FileFormatError(FILE, 1, f"{shown(outcome.session)} is not a session name")
    if not matches(HASH, outcome.seed_hash):
        raise FileFormatError(FILE, 2, f"{shown(outcome.seed_hash)} is not the hash of a seed")
    if not outcome.draws:
        raise FileFormatError(FILE, 3, "an outcome holds at least one draw")
    if len({draw.id for draw in outcome.draws}) != len(outcome.draws):
        raise FileFormatError(FILE, None, "the same draw occurs twice")
    number = 2
    for draw in outcome.draws:
        number = _check_draw(draw, number + 1)


def _check_draw(draw: DrawOutcome, number: int) -> int:
    """Check the lines of one draw that starts at line ``number``; the number of its last line."""
    if not matches(DRAW, draw.id):
        raise FileFormatError(FILE, number, f"{shown(draw.id)} is not a draw")
    central = draw.id == CENTRAL
    if (draw.places == "-") != central or not (
        draw.places in ("-", "onbeperkt") or is_count(draw.places, 0, 9999)
    ):
        raise FileFormatError(FILE, number, f"{shown(draw.places)} is not a number of places for {draw.id}")
    if draw.children != len(draw.lines):
        raise FileFormatError(FILE, number, f"{len(draw.lines)} children follow, not {shown(draw.children)}")
    seen: set[str] = set()
    for rank, line in enumerate(draw.lines, 1):
        number += 1
        if line.rank != rank:
            raise FileFormatError(FILE, number, f"rank {rank} is expected here, not {shown(line.rank)}")
        if not matches(NUMBER, line.regno) or not matches(NUMBER, line.unit) or not matches(HASH, line.lot):
            raise FileFormatError(FILE, number, "registration number, unit or lot is not well formed")
        if line.regno in seen:
            raise FileFormatError(FILE, number, f"{line.regno} occurs twice in this draw")
        seen.add(line.regno)
        # A class counts in a school draw; in a central draw only the 0 of a held seat is shown.
        if line.tier is None if not central else line.tier not in (None, 0):
            raise FileFormatError(
                FILE, number, f"priority class {shown(line.tier)} does not belong in {draw.id}"
            )
        if line.tier is not None and not is_count(line.tier, 0 if central else 1, 9):
            raise FileFormatError(FILE, number, f"{shown(line.tier)} is not a priority class")
        if line.code is not None and not matches(CODE, line.code):
            raise FileFormatError(FILE, number, f"{shown(line.code)} is not a school")
    return _check_cutoffs(draw, number, central)


def _check_cutoffs(draw: DrawOutcome, number: int, central: bool) -> int:
    codes = [cutoff.code for cutoff in draw.cutoffs]
    if not central and codes != [draw_code(draw.id)]:
        raise FileFormatError(FILE, number, f"{draw.id} has exactly one cutoff, its own")
    for index, cutoff in enumerate(draw.cutoffs):
        number += 1
        if not matches(CODE, cutoff.code):
            raise FileFormatError(FILE, number, f"{shown(cutoff.code)} is not a school")
        if index and codes[index - 1] >= cutoff.code:
            raise FileFormatError(FILE, number, "the schools are not in ascending order")
        if cutoff.kind == "limit":
            tier_fits = cutoff.tier is None if central else is_count(cutoff.tier, 1, 9)
            if not tier_fits or not matches(HASH, cutoff.lot):
                raise FileFormatError(FILE, number, "a limit needs a lot, and a class in a school draw only")
        elif cutoff.kind not in ("free", "closed") or cutoff.tier is not None or cutoff.lot is not None:
            raise FileFormatError(FILE, number, "a cutoff without a limit has neither class nor lot")
    return number
