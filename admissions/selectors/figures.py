"""Published figures as pages, files and the API show them; never anything that was not published (DH-161)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from admissions.masking import FEWER, HIDDEN
from admissions.models import PublishedRound, PublishedSchool
from schools.models import Region, School

YEARS = 3
COLUMNS = (
    "year",
    "round",
    "brin",
    "school",
    "places",
    "applications",
    "drawn_places",
    "admitted",
    "central",
    "unplaced",
    "group",
    "admitted_in_group",
)


@dataclass(frozen=True, slots=True)
class FiguresYear:
    """The published rounds of one year, in order."""

    code: str
    rounds: list[PublishedRound]


def newest_years(region: Region, *, years: int = YEARS) -> list[str]:
    """Codes of the newest years of which anything was published, the newest first."""
    rows = PublishedRound.objects.filter(region=region).order_by("-year_code")
    return list(rows.values_list("year_code", flat=True).distinct()[:years])


def published_years(region: Region, *, years: int = YEARS) -> list[FiguresYear]:
    """The newest years, the newest first; without their schools."""
    codes = newest_years(region, years=years)
    rows = PublishedRound.objects.filter(region=region, year_code__in=codes).order_by("position")
    found: dict[str, list[PublishedRound]] = {code: [] for code in codes}
    for row in rows:
        found[row.year_code].append(row)
    return [FiguresYear(code, rounds) for code, rounds in found.items()]


def published_rounds(region: Region, *, years: int = YEARS) -> list[PublishedRound]:
    """The same as a list with their schools, three queries in all."""
    codes = newest_years(region, years=years)
    schools = PublishedSchool.objects.order_by("name", "brin")
    rows = PublishedRound.objects.filter(region=region, year_code__in=codes)
    return list(rows.order_by("-year_code", "position").prefetch_related(Prefetch("schools", schools)))


def figures_of_school(school: School) -> list[PublishedSchool]:
    """What was published about one school, the newest first; the periods in which children applied at it."""
    rows = PublishedSchool.objects.filter(
        published__region=school.region_id,
        published__year_code__in=newest_years(school.region),
        brin=school.brin,
        applications__isnull=False,
    )
    return list(rows.select_related("published").order_by("-published__year_code", "published__position"))


def shown(value: int | None) -> str | int | None:
    """A count for a file: ``<5`` and ``x`` for what is not given."""
    return {FEWER: "<5", HIDDEN: "x"}.get(value, value) if value is not None else None


def figures_rows(rounds: Iterable[PublishedRound]) -> Iterator[list[Any]]:
    """The table of the CSV: a row for the city, one per school, and one per group of a school."""
    yield list(COLUMNS)
    for one in rounds:
        head = [one.year_code, one.round_code]
        city = [shown(value) for value in (one.children, one.first, one.lower, one.unplaced)]
        yield [*head, "", "", "", city[0], "", *city[1:], "", ""]
        for row in one.schools.all():
            counts = [
                row.places,
                shown(row.applications),
                row.drawn_places,
                shown(row.admitted),
                shown(row.central),
            ]
            yield [*head, row.brin, row.name, *counts, "", "", ""]
            for group, count in row.classes:
                yield [*head, row.brin, row.name, "", "", "", "", "", "", group, shown(count)]


def round_facts(one: PublishedRound, *, with_schools: bool = True) -> dict[str, Any]:
    """A published round for JSON."""
    facts: dict[str, Any] = {
        "year": one.year_code,
        "round": one.round_code,
        "children": shown(one.children),
        "first_choice": shown(one.first),
        "central": shown(one.lower),
        "unplaced": shown(one.unplaced),
    }
    if with_schools:
        facts["schools"] = [school_facts(row) for row in one.schools.all()]
    return facts


def school_facts(row: PublishedSchool) -> dict[str, Any]:
    return {
        "brin": row.brin,
        "name": row.name,
        "places": row.places,
        "applications": shown(row.applications),
        "drawn_places": row.drawn_places,
        "admitted": shown(row.admitted),
        "central": shown(row.central),
        "admitted_by_group": {group: shown(count) for group, count in row.classes},
    }
