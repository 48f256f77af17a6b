"""Where the procedure asks more of families than they can give, by postcode area and by school, for the office.

Short lists, late forms, failed mails and children without a place. Counts below five are hidden, since the report is
made to be passed on to people who offer help.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q

from admissions.enums import Decision
from admissions.masking import FEW, hide
from admissions.models import Application
from admissions.selectors.figures import shown
from lottery.selectors import families_know
from notifications.enums import DeliveryState
from notifications.models import Delivery
from schools.clock import now
from schools.models import AdmissionYear

LONG_ENOUGH = 5  # schools on a list (DH-041)
LAST_DAYS = 3  # a form in the last days of a window leaves no time to mend it
ENOUGH_CHILDREN = 20  # of fewer nothing may be concluded
STANDS_OUT = 1.5  # times the share of the whole region
KINDS = ("short", "late", "failed", "unplaced")
WITHOUT_PLACE = (Decision.DRAWN_OUT, Decision.UNPLACED, Decision.CARE_FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class Line:
    """One area or school; counts as shown (below zero: hidden), in the order of KINDS."""

    code: str
    name: str
    children: int
    counts: tuple[int, ...]
    stands_out: tuple[bool, ...]

    @property
    def cells(self) -> list[tuple[int, bool]]:
        return list(zip(self.counts, self.stands_out, strict=True))


@dataclass(frozen=True, slots=True)
class EquityReport:
    year: AdmissionYear
    children: int
    totals: tuple[int, ...]
    areas: list[Line]
    schools: list[Line]

    @property
    def to_help(self) -> list[Line]:
        return [line for line in self.areas if any(line.stands_out)]


def equity_report(year: AdmissionYear) -> EquityReport:
    """Everything in a fixed number of queries. Without a place: only in rounds that all families have heard of."""
    moment = now(year)
    told = [row.pk for row in year.rounds.select_related("year") if families_know(row, now=moment)]
    rows = (
        Application.objects.filter(year=year)
        .exclude(decision__in=[Decision.PENDING, Decision.VOID])
        .annotate(length=Count("preferences", filter=Q(preferences__added_in__isnull=True)))
        .values_list(
            "registration_number",
            "form__postcode",
            "form__received_on",
            "first_choice__round__parents_until",
            "first_choice__round_id",
            "first_choice__programme__code",
            "first_choice__programme__name",
            "decision",
            "length",
        )
    )
    failed = set(
        Delivery.objects.filter(message__year=year, state=DeliveryState.FAILED).values_list(
            "message__registration_number", flat=True
        )
    )
    by_area: defaultdict[str, Counter[str]] = defaultdict(Counter)
    by_school: defaultdict[str, Counter[str]] = defaultdict(Counter)
    names: dict[str, str] = {}
    for number, postcode, received, until, round_id, code, name, decision, length in rows:
        names[code] = name
        said = {
            "short": length < LONG_ENOUGH,
            "late": bool(until and received and received > until - timedelta(days=LAST_DAYS)),
            "failed": number in failed,
            "unplaced": round_id in told and decision in WITHOUT_PLACE,
        }
        for counter in (by_area[(postcode or "")[:4]], by_school[code]):
            counter["children"] += 1
            counter.update(kind for kind, is_so in said.items() if is_so)
    totals = sum(by_area.values(), Counter())
    return EquityReport(
        year=year,
        children=totals["children"],
        totals=tuple(hide([totals[kind]])[0] if totals[kind] < FEW else totals[kind] for kind in KINDS),
        areas=_lines(by_area, {code: code for code in by_area}, totals),
        schools=_lines(by_school, names, totals),
    )


def _lines(groups: defaultdict[str, Counter[str]], names: dict[str, str], totals: Counter[str]) -> list[Line]:
    """Each column hidden with its sum in sight; what stands out has enough children and enough cases to say so."""
    codes = sorted(groups, key=lambda code: (names[code], code))
    children = hide([groups[code]["children"] for code in codes])
    columns = [hide([groups[code][kind] for code in codes]) for kind in KINDS]
    lines = []
    for index, code in enumerate(codes):
        own = groups[code]
        stands_out = tuple(
            own["children"] >= ENOUGH_CHILDREN
            and column[index] >= FEW
            and own[kind] * totals["children"] >= STANDS_OUT * totals[kind] * own["children"]
            for kind, column in zip(KINDS, columns, strict=True)
        )
        lines.append(
            Line(code, names[code], children[index], tuple(column[index] for column in columns), stands_out)
        )
    return lines


def equity_rows(report: EquityReport) -> Iterator[list[Any]]:
    """The table of the CSV: ``<5`` and ``x`` for what is not shown."""
    yield ["by", "code", "name", "children", "short_lists", "late_forms", "failed_mails", "without_a_place"]
    for word, lines in (("postcode4", report.areas), ("school", report.schools)):
        for line in lines:
            name = "" if word == "postcode4" else line.name
            yield [word, line.code, name, shown(line.children), *(shown(count) for count in line.counts)]
