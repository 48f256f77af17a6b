"""The year planner: all dates of the year, changing them, and the calendar as a file and as feeds."""

import json
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView

from admissions.forms.planner import CalendarFileForm, RoundDatesForm, in_words
from admissions.views.office import OfficePage
from admissions.views.rounds import RoundPage, dates_of
from schools.calendar import CalendarError
from schools.calendar_words import LABELS
from schools.context import round_name
from schools.errors import RefusedError
from schools.models import Event, Round
from schools.services.agenda import AUDIENCES
from schools.services.planner import (
    Change,
    calendar_of,
    change_calendar,
    changes_to,
    open_fields,
    warnings_of,
    with_dates,
)
from schools.services.rounds import missing_dates

LATEST = 10  # changes that are shown


def said(changes: list[Change]) -> list[tuple[str, Any, str, str]]:
    """(round, date, old, new) in words."""
    return [(change.round_code, LABELS[change.field], change.old, change.new) for change in changes]


class PlannerView(OfficePage, TemplateView):
    """Every date of the year, what is missing, what deserves a look, and what changed."""

    template_name = "admissions/planner.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rounds = list(self.scope.rounds)
        may_plan = self.request.user.has_perm("admissions.plan_year", self.region)
        latest = Event.objects.filter(year=self.scope.year, kind="date_changed").select_related("actor")
        host = self.request.get_host()
        return super().get_context_data(**kwargs) | {
            "rows": [
                (
                    round_,
                    dates_of(round_),
                    [LABELS[name] for name in missing_dates(round_)],
                    may_plan and bool(open_fields(round_)),
                )
                for round_ in rounds
            ],
            "warnings": warnings_of(rounds),
            "latest": latest.order_by("-sequence")[:LATEST],
            "bars": year_bars(rounds),
            "may_plan": may_plan,
            "feeds": [
                (label, f"webcal://{host}{reverse('agenda', args=[self.region.slug, audience])}")
                for audience, label in AUDIENCES.items()
            ],
        }


def year_bars(rounds: list[Round]) -> dict[str, Any]:
    """The year as bars for an SVG of 1,000 units wide: windows as bars, the draw and the sending day as marks."""
    days = [
        day
        for round_ in rounds
        for day in (
            round_.parents_from or round_.opt_in_from,
            round_.processing_until or round_.opt_in_until,
            round_.central_matching_on,
            round_.offers_on,
        )
        if day is not None
    ]
    if not days:
        return {"rows": [], "months": [], "height": 0}
    first = min(days).replace(day=1)
    last = max(days) + timedelta(days=5)
    scale = 860 / max(1, (last - first).days)

    def at(day: date) -> int:
        return round(140 + (day - first).days * scale)

    months = []
    month = first
    while month <= last:
        months.append((at(month), month))
        month = (month + timedelta(days=32)).replace(day=1)
    rows = []
    for index, round_ in enumerate(rounds):
        begin = round_.parents_from or round_.opt_in_from
        end = round_.processing_until or round_.opt_in_until
        rows.append(
            {
                "label": round_name(round_),
                "y": 30 + index * 34,
                "bar": (at(begin), max(4, at(end) - at(begin))) if begin and end else None,
                "draw": at(round_.central_matching_on) if round_.central_matching_on else None,
                "offers": at(round_.offers_on) if round_.offers_on else None,
            }
        )
    return {"rows": rows, "months": months, "height": 36 + len(rows) * 34}


class RoundDatesView(RoundPage):
    """Change the dates of one round that may still change."""

    permission = "admissions.plan_year"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        return self.answer(request, round_, RoundDatesForm(round_=round_))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        form = RoundDatesForm(request.POST, round_=round_)
        if not form.is_valid():
            return self.answer(request, round_, form, status=422)
        try:
            changes = change_calendar(
                round_.year,
                with_dates(round_.year, round_.code, form.values),
                actor=request.user,  # type: ignore[arg-type]
                reason=form.cleaned_data["reason"],
            )
        except RefusedError as exc:
            if isinstance(exc, CalendarError):
                exc.of_round(round_.code)
            exc.put_on(form, in_words(str(exc)))
            return self.answer(request, round_, form, status=409)
        return self.changed(request, changes)

    def changed(self, request: HttpRequest, changes: list[Change]) -> HttpResponse:
        tell(request, changes)
        return redirect("admissions:planner")

    def answer(
        self, request: HttpRequest, round_: Round, form: RoundDatesForm, *, status: int = 200
    ) -> HttpResponse:
        if not open_fields(round_):
            raise Http404
        return render(request, "admissions/planner_round.html", self.common() | {"form": form}, status=status)


def tell(request: HttpRequest, changes: list[Change]) -> None:
    if changes:
        text = ngettext("%(n)d date changed.", "%(n)d dates changed.", len(changes)) % {"n": len(changes)}
        messages.success(request, text)
    else:
        messages.info(request, _("Nothing changed: the dates were these already."))


class CalendarFileView(OfficePage):
    """The calendar as a file: take it along, or bring another after a look at what it changes."""

    permission = "admissions.plan_year"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.GET.get("export"):
            # The name of the region: two regions can have the same rounds in the same year.
            calendar = {"region": self.region.slug} | calendar_of(self.scope.year)
            response = JsonResponse(calendar, json_dumps_params={"indent": 2})
            response.headers["Content-Disposition"] = 'attachment; filename="calendar.json"'
            return response
        return self.answer(request, CalendarFileForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = CalendarFileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.answer(request, form, status=422)
        year, source = self.scope.year, form.cleaned_data["source"]
        try:
            changes = changes_to(year, source)
            if request.POST.get("confirm"):
                actor: Any = request.user
                tell(request, change_calendar(year, source, actor=actor, reason=form.cleaned_data["reason"]))
                return redirect("admissions:planner")
        except RefusedError as exc:
            form.add_error("file", in_words(str(exc)))
            return self.answer(request, form, status=409)
        shown = CalendarFileForm(initial={"text": json.dumps(source), "reason": form.cleaned_data["reason"]})
        return self.answer(request, shown, changes=changes)

    def answer(
        self,
        request: HttpRequest,
        form: CalendarFileForm,
        *,
        changes: list[Change] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        context = self.common() | {
            "form": form,
            "is_preview": changes is not None,
            "changes": said(changes or []),
        }
        return render(request, "admissions/planner_file.html", context, status=status)
