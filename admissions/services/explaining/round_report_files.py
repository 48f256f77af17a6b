"""The round report on paper and as a table to compute with."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import pgettext

from admissions.masking import FEWER, HIDDEN
from admissions.procedures.registry import procedure_of
from admissions.services.explaining.reasons import group_name
from admissions.services.explaining.round_report import Earlier, RoundReport
from schools.context import round_name
from schools.services.pdf import Press
from schools.templatetags.oa import chart_svg, rank_word

TEMPLATE: Final = "admissions/round_report_pdf.html"
STYLES: Final = ("css/record.css", "css/sheet.css")
Cell = str | int | float


def report_context(report: RoundReport) -> dict[str, Any]:
    """What page and paper share."""
    return {
        "report": report,
        "round": report.round,
        "session": report.session,
        "region": report.round.year.region,
        "has_central_matching": procedure_of(report.round.year.region).has_central_matching,
        "rank_rows": rank_rows(report),
        "rank_series": [(pgettext("chart", "Children"), "f1")],
        "compare_rows": compare_rows(report),
        "compare_series": [
            (pgettext("chart", "First choice"), "f1"),
            (pgettext("chart", "Lower preference"), "f2"),
            (pgettext("chart", "No place"), "fo"),
        ],
        "compared": compared(report),
    }


def rank_rows(report: RoundReport) -> list[dict[str, Any]]:
    """Bars of the ranks; a hidden count has no bar, since its length would tell it."""
    rows = [(rank_word(rank), count) for rank, count in report.by_rank]
    rows.append((pgettext("chart", "Not placed"), report.unplaced))
    return [{"label": label, "values": [count]} for label, count in rows if count >= 0]


def compared(report: RoundReport) -> list[Earlier]:
    """This round and the earlier ones, the newest first."""
    counts = [count for rank, count in report.by_rank if rank > 1]
    lower = HIDDEN if min(counts, default=0) < 0 else sum(counts)
    this = Earlier(report.round, report.children, report.first, lower, report.unplaced)
    return [this, *report.earlier]


def compare_rows(report: RoundReport) -> list[dict[str, Any]]:
    return [
        {"label": f"{round_name(row.round)}", "values": [row.first, row.lower, row.unplaced]}
        for row in compared(report)
        if min(row.first, row.lower, row.unplaced) >= 0
    ]


def report_rows(report: RoundReport) -> Iterator[list[Cell]]:
    """One row per figure: part, school, name, what, group, value. What is not shown is ``<5`` or ``x``."""

    def shown(value: int) -> Cell:
        return {FEWER: "<5", HIDDEN: "x"}.get(value, value)

    yield ["part", "code", "school", "figure", "group", "value"]
    yield ["round", "", "", "children", "", shown(report.children)]
    for rank, number in report.by_rank:
        yield ["round", "", "", "placed_at_preference", rank, shown(number)]
    yield ["round", "", "", "unplaced", "", shown(report.unplaced)]
    for cause, number in report.causes:
        yield ["round", "", "", "unplaced_by_cause", str(cause), shown(number)]
    yield ["round", "", "", "improved", "", shown(report.improved)]
    yield ["round", "", "", "kept_place", "", shown(report.kept)]
    yield ["central", "", "", "children", "", shown(report.central_children)]
    yield ["central", "", "", "pairs_examined", "", report.examined.pairs]
    yield ["central", "", "", "blocking_pairs", "", report.examined.blocking]
    yield ["round", "", "", "swap_pairs", "", shown(report.swap_pairs)]
    for route in report.swaps:
        yield ["swap", route.code, report.names.get(route.code, ""), "pairs_with", route.other, route.pairs]
    for row in report.schools:
        head: list[Cell] = ["school", row.code, row.name]
        figures = {
            "places": row.places,
            "first_choices": row.first_choices,
            "admitted": row.admitted,
            "last_rank": row.last_rank,
            "central_placed": row.central_placed,
            "central_last_rank": row.central_closed_at,
        }
        for name, value in figures.items():
            if value is not None:
                yield [*head, name, "", shown(value)]
        for one in row.classes:
            group = group_name(row.rules, one.tier)
            yield [*head, "children_in_group", group, shown(one.children)]
            yield [*head, "admitted_in_group", group, shown(one.admitted)]
    for earlier in compared(report)[1:]:
        code = f"{earlier.round.year.code} {earlier.round.code}"
        for name, value in (
            ("children", earlier.children),
            ("first", earlier.first),
            ("lower", earlier.lower),
            ("unplaced", earlier.unplaced),
        ):
            yield ["earlier", "", "", name, code, shown(value)]


def report_pdf(report: RoundReport, *, moment: datetime, language: str) -> bytes:
    """The report as PDF/A-3a; the same report at the same moment gives the same bytes."""
    with translation.override(language):
        context = report_context(report)
        title = pgettext("round report", "Report of the round")
        context |= {
            "language": language,
            "moment": moment,
            "rank_chart": chart_svg(title, context["rank_rows"], context["rank_series"]),
            "compare_chart": chart_svg(title, context["compare_rows"], context["compare_series"]),
        }
        html = render_to_string(TEMPLATE, context)
    return _press().render(html, identifier=hashlib.sha256(html.encode()).hexdigest()[:32].encode("ascii"))


@cache
def _press() -> Press:
    return Press(*STYLES)
