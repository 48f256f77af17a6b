"""What everybody may read before choosing: published figures, and all schools with their rules (DH-160 to DH-164)."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import pgettext

from admissions.forms.figures import FinderForm
from admissions.models import PublishedRound
from admissions.selectors.figures import (
    figures_rows,
    published_rounds,
    published_years,
    round_facts,
)
from admissions.selectors.finder import find_schools, newest_setup
from admissions.texts.figures import indication, round_words
from admissions.views.desk import PublicDeskPage
from schools.enums import RoundKind
from schools.lists import csv_response
from schools.models import Region

PER_PAGE = 20


def chart_rows(rounds: list[PublishedRound]) -> list[dict[str, Any]]:
    """A bar for each round of which nothing is hidden: the length of a bar would tell a hidden count."""
    rows = []
    for one in rounds:
        values = [one.first, one.lower, one.unplaced]
        if all(value is not None and value >= 0 for value in values) and one.kind == RoundKind.ALM:
            rows.append({"label": f"{one.year_code} {one.round_code}", "values": values})
    return rows


def chart_series() -> list[tuple[str, str]]:
    return [
        (pgettext("chart", "First choice"), "f1"),
        (pgettext("chart", "Lower preference"), "f2"),
        (pgettext("chart", "No place"), "fo"),
    ]


def figures_context(region: Region, wanted: str) -> dict[str, Any]:
    """Three years of a region; the schools of one round, the newest unless another is asked for."""
    years = published_years(region)
    rounds = [one for year in years for one in year.rounds]
    periods = [one for one in rounds if one.kind == RoundKind.ALM]
    newest = years[0].rounds if years else []
    default = next((one for one in reversed(newest) if one.kind == RoundKind.ALM), None)
    chosen = next((one for one in periods if f"{one.year_code}/{one.round_code}" == wanted), default)
    return {
        "region": region,
        "years": years,
        "periods": periods,
        "chosen": chosen,
        "schools": list(chosen.schools.all()) if chosen else [],
        "chart_rows": chart_rows(rounds),
        "chart_series": chart_series(),
        "indication": indication(),
    }


def figures_file(region: Region, kind: str) -> HttpResponseBase | None:
    """The download that was asked for, or None for the page."""
    name = f"cijfers-{region.slug}"
    if kind == "csv":
        return csv_response(figures_rows(published_rounds(region)), name)
    if kind == "json":
        facts = {
            "region": region.slug,
            "note": indication(),
            "rounds": [round_facts(r) for r in published_rounds(region)],
        }
        response = JsonResponse(facts, json_dumps_params={"ensure_ascii": False})
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
        return response
    return None


class PublicFiguresView(PublicDeskPage):
    """Figures of rounds that were published, three years, as page, CSV and JSON."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        region = self.region()
        file = figures_file(region, request.GET.get("export", ""))
        if file is not None:
            return file
        return render(
            request, "admissions/figures_public.html", figures_context(region, request.GET.get("ronde", ""))
        )


class SchoolFinderView(PublicDeskPage):
    """All schools of the region, with a ceiling or not, rules in order and past figures (DH-013, DH-160, DH-164)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        region = self.region()
        setup = newest_setup(region)
        form = FinderForm(request.GET, setup=setup)
        form.is_valid()  # what makes no sense is named beside its field; the rest still filters
        found = find_schools(setup, form.cleaned_data)
        page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "region": region,
            "form": form,
            "page_obj": page,
            "count": len(found),
            "year": setup.year,
            "indication": indication(),
            "round_words": round_words,
            "is_filtered": any(request.GET.get(name) for name in form.fields),
        }
        return render(request, "admissions/school_finder.html", context)
