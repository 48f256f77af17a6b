"""Figures of years before the region worked here: a file of the office, looked at before it counts (DH-160).

One row per school and round; a row without ``brin`` is the whole city, with the children in ``applications``, those at
their first choice in ``admitted`` and those placed lower in ``central``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import FigureSource
from admissions.masking import FEWER, HIDDEN, hide, hide_one
from admissions.models import PublishedRound, PublishedSchool
from admissions.services.figures.publishing import NO_PRIORITY
from admissions.services.year.csv_files import FileError, Row, read_table
from schools import clock
from schools.enums import PriorityKind, RoundKind
from schools.models import AdmissionYear, Region, School, User
from schools.services.events import Fact, record_event

GROUPS = (*PriorityKind.values, NO_PRIORITY)
REQUIRED = ("year", "round", "brin", "places", "applications", "admitted", "central", "unplaced")
OPTIONAL = ("name", "drawn_places", *GROUPS)
COUNTS = ("applications", "admitted", "central", "unplaced", *GROUPS)
PLACES = ("places", "drawn_places")
YEAR, ROUND = re.compile(r"(\d{4})-(\d{4})"), re.compile(r"(ALM|VOVP)([1-9])")
MAX_FILE = 512 * 1024
MAX_COUNT = 100_000
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one row: line (the header is 1), column and a sentence."""

    line: int
    column: str
    text: str


@dataclass(slots=True)
class EarlierFigures:
    """A file that was read: per (year, round) its rows, and what is wrong."""

    rounds: dict[Key, dict[str, dict[str, int | None]]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    rows: int = 0


def read_figures(content: bytes, *, region: Region, name: str) -> EarlierFigures:
    """Everything in the file, with a sentence for each cell that is wrong. Raises FileError for the file as a whole."""
    if len(content) > MAX_FILE:
        raise FileError(_("%(file)s is too large: half a megabyte at most.") % {"file": name})
    table = read_table(content, name=name, required=REQUIRED, known=OPTIONAL)
    found = EarlierFigures(unknown=table.unknown, rows=len(table.rows))
    if not table.rows:
        raise FileError(_("%(file)s has no rows.") % {"file": name})
    known = dict(School.objects.filter(region=region).values_list("brin", "name"))
    counted = PublishedRound.objects.filter(region=region, source=FigureSource.SYSTEM)
    ours = set(counted.values_list("year_code", "round_code"))
    running = set(AdmissionYear.objects.filter(region=region).values_list("code", flat=True))
    for row in table.rows:
        found.problems += _take(row, found, known=known, ours=ours, running=running)
    for key, rows in found.rounds.items():
        if "" not in rows:
            text = _("%(year)s %(round)s has no row for the whole city: one with an empty brin.")
            found.problems.append(Problem(0, "brin", text % {"year": key[0], "round": key[1]}))
    return found


def _take(
    row: Row, found: EarlierFigures, *, known: Mapping[str, str], ours: set[Key], running: set[str]
) -> list[Problem]:
    """Add one row to ``found``; the problems when it is wrong."""
    if row.problem:
        return [Problem(row.line, "", row.problem)]
    cells, wrong = row.cells, []
    year, round_, brin = cells["year"], cells["round"].upper(), cells["brin"].upper()
    match = YEAR.fullmatch(year)
    if match is None or int(match[2]) != int(match[1]) + 1:
        wrong.append(Problem(row.line, "year", _("Write a year like 2021-2022.")))
    if ROUND.fullmatch(round_) is None:
        wrong.append(Problem(row.line, "round", _("Write a round like ALM1 or VOVP2.")))
    if (year, round_) in ours or year in running:
        text = _("This year is in the system: its figures are counted here, after the offer day.")
        wrong.append(Problem(row.line, "year", text))
    if brin and brin not in known and not re.fullmatch(r"[0-9A-Z]{6}", brin):
        wrong.append(Problem(row.line, "brin", _("A BRIN has six letters and digits, such as 12AB00.")))
    elif brin and brin not in known and not cells.get("name"):
        wrong.append(Problem(row.line, "name", _("This school is not in the system: write its name.")))
    if brin and round_.startswith("VOVP"):
        wrong.append(
            Problem(row.line, "brin", _("Of an extra distribution only figures of the whole city are shown."))
        )
    figures: dict[str, int | None] = {}
    for column in (*PLACES, *COUNTS):
        value = _number(cells.get(column, ""), hidden=column in COUNTS)
        if value is None:
            words = (
                _("Write a number, nothing, “<5” or “x” (not shown).")
                if column in COUNTS
                else _("Write a number.")
            )
            wrong.append(Problem(row.line, column, words))
        figures[column] = value if value != EMPTY else None
    if not wrong:
        admitted, applied = figures["admitted"], figures["applications"]
        if (
            brin
            and admitted is not None
            and applied is not None
            and min(admitted, applied) >= 0
            and admitted > applied
        ):
            wrong.append(
                Problem(row.line, "admitted", _("More children were admitted than there were applications."))
            )
        if brin in found.rounds.get((year, round_), {}):
            wrong.append(Problem(row.line, "brin", _("This school stands in the file twice for this round.")))
    if not wrong:
        found.rounds.setdefault((year, round_), {})[brin] = figures
        if brin:
            found.names[brin] = known.get(brin, "") or cells.get("name", "")[:200]
    return wrong


EMPTY = -9


def _number(text: str, *, hidden: bool) -> int | None:
    """The count, EMPTY for nothing, or None when it is no count."""
    if not text:
        return EMPTY
    if hidden and text in ("<5", "x"):
        return FEWER if text == "<5" else HIDDEN
    if text.isascii() and text.isdecimal() and len(text) <= 6 and int(text) <= MAX_COUNT:
        return int(text)
    return None


@transaction.atomic
def import_figures(figures: EarlierFigures, *, year: AdmissionYear, actor: User | None) -> int:
    """Store the file and answer how many rounds; a round that was read before is replaced. Small counts are hidden.

    ``year`` is the one in whose trail it is told. Raises FileError while a row is wrong: all or nothing.
    """
    if figures.problems:
        raise FileError(_("Some rows are wrong. Nothing has been stored."))
    for (year_code, round_code), rows in figures.rounds.items():
        PublishedRound.objects.filter(
            region=year.region, year_code=year_code, round_code=round_code, source=FigureSource.FILE
        ).delete()
        city = rows[""]
        kind = RoundKind.VOVP if round_code.startswith("VOVP") else RoundKind.ALM
        first, lower, unplaced = _shown([city["admitted"], city["central"], city["unplaced"]])
        published = PublishedRound.objects.create(
            region=year.region,
            year_code=year_code,
            round_code=round_code,
            kind=kind,
            position=int(round_code[-1]) + (0 if kind == RoundKind.ALM else 10),
            source=FigureSource.FILE,
            published_at=clock.now(year),
            children=_shown([city["applications"]])[0],
            first=first,
            lower=lower,
            unplaced=unplaced,
        )
        PublishedSchool.objects.bulk_create(_school_rows(published, rows, figures.names), batch_size=500)
        fact = Fact("figures_read", "round", round_code, new=year_code, reason=f"{len(rows)} rows")
        record_event(year, fact, actor=actor)
    return len(figures.rounds)


def _shown(counts: Sequence[int | None]) -> list[int | None]:
    """The counts of a row with their sum in sight: what is given as hidden stays so."""
    if any(count is None or count < 0 for count in counts) or len(counts) == 1:
        return [count if count is None or count < 0 else hide_one(count) for count in counts]
    return list(hide([count for count in counts if count is not None]))


def _school_rows(
    published: PublishedRound, rows: Mapping[str, Mapping[str, int | None]], names: Mapping[str, str]
) -> Iterable[PublishedSchool]:
    codes = [brin for brin in rows if brin]
    columns = {
        column: dict(zip(codes, _shown([rows[brin][column] for brin in codes]), strict=True))
        for column in ("applications", "admitted", "central")
    }
    for brin in codes:
        row = rows[brin]
        groups = [group for group in GROUPS if row[group] is not None]
        classes = _shown([row[group] for group in groups])
        admitted = columns["admitted"][brin]
        if admitted is not None and admitted < 0:
            classes = [HIDDEN if count else count for count in classes]
        yield PublishedSchool(
            published=published,
            brin=brin,
            name=names[brin],
            places=row["places"],
            applications=columns["applications"][brin],
            drawn_places=row["drawn_places"],
            admitted=admitted,
            central=columns["central"][brin],
            classes=[[group, count] for group, count in zip(groups, classes, strict=True)],
        )
