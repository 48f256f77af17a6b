"""The round board: every school of a round a row, every condition of the draw a cell (DH-086, DH-181, DH-202).

Before the freeze it shows what the pre-flight finds, with the letters beside it (DH-154); afterwards how far the
session has come. It knows counts and moments, never a child.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, OuterRef, Subquery, Sum
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from admissions.enums import BoardCondition, JobKind
from admissions.services.draws.preflight import Finding, check_installation, counted_seats, school_findings
from admissions.services.draws.vovp_board import seat_word, vovp_findings, vovp_seats
from lottery.enums import VERIFIED_STATES
from lottery.models import Draw, DrawSession
from lottery.selectors import BYTES, draws_of, live_sessions
from notifications.models import LetterTemplate, TemplateSelection
from notifications.services.template_checks import why_blocked
from notifications.services.template_choice import Choices, LetterError
from schools.enums import DrawMode, RoundKind
from schools.errors import RefusedError
from schools.models import AdmissionYear, EventHead, Job, Round, SchoolRound

C = BoardCondition
OK, RED, AMBER, NONE = "ok", "err", "warn", ""  # NONE: this school is not asked for it
NEEDS_CEILING = frozenset({C.PLACES, C.RULES, C.DRAW})
OF_VOVP = (C.SEATS, C.REPLIES, C.CONTACT)
CONDITIONS = {RoundKind.ALM: tuple(c for c in C if c not in OF_VOVP), RoundKind.VOVP: OF_VOVP}


@dataclass(frozen=True, slots=True)
class Cell:
    """One condition at one school; ``finding`` says where it is mended when it is not in order."""

    condition: BoardCondition
    tone: str
    text: str
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One school of the round."""

    seat: SchoolRound
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        return str(self.seat.programme.name)

    @property
    def brin(self) -> str:
        return str(self.seat.programme.school.brin)

    @property
    def tone(self) -> str:
        """The worst of its cells."""
        tones = {cell.tone for cell in self.cells}
        return RED if RED in tones else AMBER if AMBER in tones else OK

    def open(self, condition: str) -> Cell | None:
        """The cell of this condition when it is not in order."""
        return next((c for c in self.cells if c.condition == condition and c.tone in (RED, AMBER)), None)

    @property
    def open_count(self) -> int:
        return sum(cell.tone in (RED, AMBER) for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Board:
    """All schools of a round by name, and what is not in order apart from any school."""

    rows: tuple[Row, ...]
    general: tuple[Finding, ...] = ()
    conditions: tuple[BoardCondition, ...] = ()

    def with_tone(self, tone: str) -> list[Row]:
        return [row for row in self.rows if row.tone == tone]

    @property
    def ready(self) -> int:
        """Schools where nothing blocks the draw."""
        return len(self.rows) - len(self.with_tone(RED))

    def waiting(self, condition: str) -> list[tuple[Row, Cell]]:
        """The schools where this condition is not in order, with what is wrong."""
        found = ((row, row.open(condition)) for row in self.rows)
        return [(row, cell) for row, cell in found if cell is not None]


def readiness_board(round_: Round) -> Board:
    """Every school and condition; at most nine queries, whatever the number of schools."""
    is_vovp = round_.kind == RoundKind.VOVP
    seats = vovp_seats(round_) if is_vovp else counted_seats(round_)
    conditions = CONDITIONS[RoundKind(round_.kind)]
    findings: dict[tuple[int, str], Finding] = {}
    for finding in vovp_findings(round_, seats) if is_vovp else school_findings(round_, seats):
        findings.setdefault((finding.seat, finding.kind), finding)
    for finding in _letters(round_, seats):
        findings[finding.seat, finding.kind] = finding
    rows = tuple(Row(seat, tuple(_cell(seat, c, findings) for c in conditions)) for seat in seats)
    places_unknown = (f for (seat, _kind), f in findings.items() if not seat)
    return Board(rows, (*check_installation(round_), *places_unknown), conditions)


def _cell(seat: SchoolRound, condition: BoardCondition, findings: Mapping[tuple[int, str], Finding]) -> Cell:
    finding = findings.get((seat.pk, condition.finding))
    if finding is not None:
        return Cell(condition, RED if finding.is_red else AMBER, finding.short or finding.text, finding)
    if condition in NEEDS_CEILING and not seat.is_capped:
        return Cell(condition, NONE, pgettext("board cell", "no ceiling"))
    if condition == C.SEATS:
        word = seat_word(seat) if seat.is_capped else pgettext("board cell", "no ceiling")
        return Cell(condition, OK, word)
    if condition == C.DRAW:
        word = (
            pgettext("board cell", "Own draw")
            if seat.draw_mode == DrawMode.MANUAL
            else pgettext("board cell", "Notary")
        )
        return Cell(condition, OK, word)
    return Cell(condition, OK, "")


def _letters(round_: Round, seats: Sequence[SchoolRound]) -> Iterable[Finding]:
    """Schools whose letters could not be sent; the draw does not wait for them, the sending does (DH-154)."""
    if round_.kind != RoundKind.ALM:
        return
    choices = Choices(round_.year.region_id)
    for seat in seats:
        school = seat.programme.school
        try:
            reasons = why_blocked(school, round_, choices)
        except (LetterError, RefusedError) as exc:
            reasons = [str(exc)]
        if reasons:
            short = pgettext("board cell", "%(n)d to mend") % {"n": len(reasons)}
            address = "admissions:letter-list"
            text = _("The letters cannot be sent like this.") + " " + " ".join(reasons)
            yield Finding(False, text, seat.programme.name, school.brin, address, "letters", seat.pk, short)


# The day of the draw


@dataclass(frozen=True, slots=True)
class Tile:
    """One school on the day of the draw: a word, a moment and numbers, in the order of the session."""

    key: str
    name: str
    state: str  # ok, busy or wait
    word: str
    at: datetime | None = None
    children: int = 0
    placed: int | None = None  # only when the second program agreed: before that nothing counts


@dataclass(frozen=True, slots=True)
class DrawDay:
    """How far the session of a round has come."""

    session: DrawSession
    tiles: tuple[Tile, ...]
    job: Job | None = None

    def count(self, state: str) -> int:
        return sum(tile.state == state for tile in self.tiles)

    @property
    def done(self) -> int:
        return self.count("ok")

    @property
    def busy(self) -> int:
        return self.count("busy")

    @property
    def waiting(self) -> int:
        return self.count("wait")

    @property
    def placed(self) -> int:
        return sum(tile.placed or 0 for tile in self.tiles)


def draw_day(round_: Round) -> DrawDay | None:
    """The session that is being drawn, or was; None before the freeze. At most four queries."""
    session = live_sessions(round_).defer(*BYTES).first()
    if session is None:
        return None
    programmes = dict(
        SchoolRound.objects.filter(round=round_).values_list("programme__code", "programme__name")
    )
    drawn = list(draws_of(session))
    tiles = [_tile(session, draw, programmes) for draw in drawn]
    if not drawn:
        word = pgettext("draw day", "waits")
        tiles = [
            Tile(code, name, "wait", word)
            for code, name in sorted(programmes.items(), key=lambda pair: pair[1])
        ]
    job = Job.objects.filter(year=round_.year_id, kind=JobKind.DRAW, key=round_.code).order_by("-pk").first()
    return DrawDay(session, tuple(tiles), job)


def _tile(session: DrawSession, draw: Draw, programmes: Mapping[str, str]) -> Tile:
    code = draw.draw_id.removeprefix("school/")
    name = programmes.get(code) or _("Central draw")
    if session.state in VERIFIED_STATES:
        word = pgettext("draw day", "recomputed")
        placed: int = draw.placed  # type: ignore[attr-defined]
        return Tile(code, name, "ok", word, session.verified_at, draw.children, placed)
    return Tile(code, name, "busy", pgettext("draw day", "computed"), session.computed_at, draw.children)


# Has anything changed?


def board_mark(round_: Round, *, day: str) -> tuple[str, bool]:
    """A short code that changes whenever the board may look different, and whether a session is there; one query.

    Every step of a form, claim, care case, rule, place or draw writes an event (DH-200); letters, sessions and
    running work are looked at by themselves. ``day`` is what else the page depends on: the day and the language.
    """
    session = live_sessions(round_)
    job = Job.objects.filter(year=round_.year_id, kind=JobKind.DRAW, key=round_.code).order_by("-pk")
    texts = LetterTemplate.objects.filter(region=OuterRef("region")).order_by().values("region")
    chosen = TemplateSelection.objects.filter(school__region=OuterRef("region"), code__startswith="ALM3")
    found = (
        AdmissionYear.objects.filter(pk=round_.year_id)
        .values_list(
            Subquery(session.values("pk")[:1]),
            Subquery(session.values("state")[:1]),
            Subquery(EventHead.objects.filter(year=OuterRef("pk")).values("sequence")[:1]),
            Subquery(texts.annotate(n=Max("pk")).values("n")),
            Subquery(texts.annotate(n=Max("approval__pk")).values("n")),
            Subquery(chosen.order_by().values("school__region").annotate(n=Sum("pk")).values("n")),
            Subquery(job.values("pk")[:1]),
            Subquery(job.values("state")[:1]),
            Subquery(job.values("done")[:1]),
        )
        .get()
    )
    text = "|".join(map(str, (round_.pk, round_.state, day, *found)))
    return hashlib.sha256(text.encode()).hexdigest()[:20], found[0] is not None
