"""Figures for the office: what is published and what waits, earlier years from a file, and whom to help."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from admissions.forms.figures import EarlierFiguresForm
from admissions.selectors.equity import equity_report, equity_rows
from admissions.services.figures.earlier_years import (
    OPTIONAL,
    REQUIRED,
    EarlierFigures,
    import_figures,
    read_figures,
)
from admissions.services.figures.publishing import waiting_rounds
from admissions.views.figures import figures_context, figures_file
from admissions.views.office import OfficePage
from schools.errors import RefusedError
from schools.lists import csv_response

SHOWN_PROBLEMS = 200


class FiguresView(OfficePage):
    """The published figures as everybody sees them, and the rounds that wait for their offer day."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file = figures_file(self.region, request.GET.get("export", ""))
        if file is not None:
            return file
        context = self.common() | figures_context(self.region, request.GET.get("ronde", ""))
        context |= {
            "waiting": waiting_rounds(self.scope.year),
            "may_read_file": request.user.has_perm("admissions.plan_year", self.region),
        }
        return render(request, "admissions/figures_office.html", context)


class EarlierFiguresView(OfficePage):
    """Read a file with figures of earlier years: first a look, then it counts."""

    permission = "admissions.plan_year"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(EarlierFiguresForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = EarlierFiguresForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(form, status=422)
        data, actor = form.cleaned_data, request.user
        try:
            found = read_figures(data["content"], region=self.region, name=data["name"])
            if request.POST.get("confirm") and not found.problems:
                said: Any = actor
                count = import_figures(found, year=self.scope.year, actor=said)
                text = ngettext(
                    "The figures of %(n)d round are public.", "The figures of %(n)d rounds are public.", count
                )
                messages.success(request, text % {"n": count})
                return redirect("admissions:figures")
        except RefusedError as exc:
            form.add_error("file", str(exc))
            return self.page(form, status=422)
        if found.problems:
            return self.page(EarlierFiguresForm(), found, status=422)
        shown = EarlierFiguresForm(initial={"text": data["content"].decode("utf-8-sig")})
        return self.page(shown, found)

    def page(
        self, form: EarlierFiguresForm, found: EarlierFigures | None = None, status: int = 200
    ) -> HttpResponse:
        context = self.common() | {
            "form": form,
            "found": found,
            "problems": sorted(found.problems, key=lambda p: p.line)[:SHOWN_PROBLEMS] if found else [],
            "preview": [
                (key, len(rows) - 1, rows[""]) for key, rows in sorted(found.rounds.items()) if "" in rows
            ]
            if found
            else [],
            "required": REQUIRED,
            "optional": OPTIONAL,
        }
        return render(self.request, "admissions/figures_file.html", context, status=status)


class EquityView(OfficePage):
    """Short lists, late forms, failed mails and unplaced children by area and by school."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        report = equity_report(self.scope.year)
        if request.GET.get("export") == "csv":
            return csv_response(equity_rows(report), f"wie-helpen-{self.scope.year.code}")
        return render(request, "admissions/equity.html", self.common() | {"report": report})
