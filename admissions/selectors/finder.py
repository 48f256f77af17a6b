"""Schools as parents look for them: ceiling or not, rules in order, area, and figures of published rounds."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q

from admissions.models import PublishedSchool
from admissions.selectors.figures import newest_years
from admissions.validators import plain
from schools.clock import now
from schools.districts import Area, area_of
from schools.enums import RoundKind
from schools.models import AMSTERDAM, AdmissionYear, PriorityRule, Region, School, SchoolRound


@dataclass(slots=True)
class FoundSchool:
    """One school of the finder. ``figures`` are rows of published rounds, the newest first."""

    school: School
    is_capped: bool
    area: Area
    rules: list[PriorityRule] = field(default_factory=list)
    figures: list[PublishedSchool] = field(default_factory=list)
    periods: list[SchoolRound] = field(default_factory=list)  # the application periods of this year

    @property
    def without_places(self) -> list[SchoolRound]:
        """Periods with a ceiling of zero: forms are taken, and everybody is drawn out (Q-07)."""
        return [row for row in self.periods if row.ceiling == 0]


@dataclass(slots=True)
class Setup:
    """The schools of a region in its newest year that is not still being planned."""

    year: AdmissionYear | None
    schools: list[FoundSchool]

    @property
    def districts(self) -> list[str]:
        return sorted({row.area.district for row in self.schools} - {""})

    @property
    def neighbourhoods(self) -> list[str]:
        return sorted({row.area.neighbourhood for row in self.schools} - {""})

    @property
    def postcode_areas(self) -> list[str]:
        return sorted({row.school.postcode[:4] for row in self.schools} - {""})


def newest_setup(region: Region) -> Setup:
    """Everything the finder shows; a fixed number of queries."""
    year = AdmissionYear.objects.filter(region=region, is_planned=False).order_by("-starts_on", "-pk").first()
    if year is None:
        return Setup(None, [])
    today = now(year).astimezone(AMSTERDAM).date()
    capped = SchoolRound.objects.filter(
        round__year=year, round__kind="ALM", programme__school=OuterRef("pk"), ceiling__isnull=False
    )
    rows = School.objects.filter(
        Q(closed_on=None) | Q(closed_on__gt=today),
        region=region,
        programmes__school_rounds__round__year=year,
    )
    schools = [
        FoundSchool(school, school.has_ceiling, area_of(school.postcode))
        for school in rows.distinct().annotate(has_ceiling=Exists(capped)).order_by("name", "brin")
    ]
    rules: defaultdict[int, list[PriorityRule]] = defaultdict(list)
    for rule in PriorityRule.objects.filter(year=year).select_related("programme").order_by("position"):
        rules[rule.programme.school_id].append(rule)
    figures: defaultdict[str, list[PublishedSchool]] = defaultdict(list)
    published = PublishedSchool.objects.filter(
        published__region=region, published__year_code__in=newest_years(region), applications__isnull=False
    )
    for row in published.select_related("published").order_by("-published__year_code", "published__position"):
        figures[row.brin].append(row)
    periods: defaultdict[int, list[SchoolRound]] = defaultdict(list)
    # All of them, whatever their state: nothing on the page changes when a round is drawn (DH-161).
    of_year = SchoolRound.objects.filter(round__year=year, round__kind=RoundKind.ALM, ceiling__isnull=False)
    for seats in of_year.select_related("round", "programme").order_by("round__position"):
        periods[seats.programme.school_id].append(seats)
    for one in schools:
        one.periods = periods[one.school.pk]
        one.rules = rules[one.school.pk] if one.is_capped else []
        one.figures = figures[one.school.brin]
    return Setup(year, schools)


def find_schools(setup: Setup, wanted: Mapping[str, Any]) -> list[FoundSchool]:
    """The schools that fit, in the order that was asked for."""
    text = plain(wanted.get("q") or "")
    found = [
        row
        for row in setup.schools
        if (not text or text in plain(row.school.name) or text in row.school.brin.lower())
        and wanted.get("stadsdeel", "") in ("", row.area.district)
        and wanted.get("wijk", "") in ("", row.area.neighbourhood)
        and wanted.get("gebied", "") in ("", row.school.postcode[:4])
        and wanted.get("plafond", "") in ("", "ja" if row.is_capped else "nee")
    ]
    if wanted.get("volgorde") == "stadsdeel":
        found.sort(key=lambda row: (not row.area.district, row.area.district, row.area.neighbourhood))
    elif wanted.get("volgorde") == "gebied":
        found.sort(key=lambda row: (not row.school.postcode, row.school.postcode[:4]))
    elif wanted.get("volgorde") == "wijk":
        found.sort(key=lambda row: (not row.area.neighbourhood, row.area.neighbourhood))
    return found
