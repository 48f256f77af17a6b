"""Setting up the next year: a copy of the last, every difference confirmed, then opened (issue 6)."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from admissions.forms.planner import RoundDatesForm, in_words
from admissions.forms.year_copy import ChooseSchoolForm, PlannedCeilingsForm
from admissions.services.year.copy_year import copy_year, planned_year
from admissions.services.year.school_settings import set_ceilings
from admissions.views.office import OfficePage
from admissions.views.planner import RoundDatesView
from schools.calendar_words import LABELS
from schools.context import round_name
from schools.enums import RoundKind
from schools.errors import RefusedError
from schools.models import AdmissionYear, Round, School, SchoolRound
from schools.services.planner import Change, warnings_of
from schools.services.rounds import missing_dates
from schools.services.setup_diff import Line, confirm_lines, differences, open_year


def group_word(group: str, rounds: dict[str, Round]) -> str:
    """What a group of differences is about."""
    words = {
        "year": pgettext("difference", "The year"),
        "ceilings": pgettext("difference", "Ceilings"),
        "rules": pgettext("difference", "Priority rules"),
        "parameters": pgettext("difference", "Settings of the region"),
    }
    return words[group] if group in words else round_name(rounds[group])


def what_word(line: Line) -> str:
    """One difference in words: the date, the school with its round, the school, or the setting."""
    if line.group == "ceilings":
        return f"{line.about}, {line.what}"
    if line.group == "rules":
        return line.about
    words = {
        "starts_on": pgettext("difference", "First day"),
        "ends_on": pgettext("difference", "Last day"),
        "uncapped_ends_on": pgettext("difference", "Last day for schools without a ceiling"),
        "born_from": pgettext("difference", "Born from"),
        "born_to": pgettext("difference", "Born until"),
        "open_places_to": pgettext("difference", "Open places go to"),
        "freed_places_to": pgettext("difference", "Freed places go to"),
    }
    return str(words.get(line.what) or LABELS.get(line.what, line.what))


def by_group(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    return [(group, list(found)) for group, found in groupby(lines, key=lambda line: line.group)]


class PlannedYearPage(OfficePage):
    """A page about the year that is being set up."""

    permission = "admissions.plan_year"

    def planned(self) -> AdmissionYear:
        year = planned_year(self.region)
        if year is None:
            raise Http404
        return year


class YearCopyView(PlannedYearPage):
    """Make the copy; look at what is different, confirm it line by line or in groups, and open the year."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wanted, actor = request.POST.get("do", ""), request.user
        try:
            if wanted == "copy":
                year = copy_year(self.scope.year, actor=actor)  # type: ignore[arg-type]
                messages.success(
                    request, _("%(year)s has been made. Nothing works in it yet.") % {"year": year}
                )
            elif wanted == "confirm":
                count = confirm_lines(self.planned(), set(request.POST.getlist("key")), actor=actor)  # type: ignore[arg-type]
                messages.success(
                    request,
                    ngettext("%(n)d difference confirmed.", "%(n)d differences confirmed.", count)
                    % {"n": count},
                )
            elif wanted == "open":
                year = self.planned()
                missing = open_year(year, actor=actor)  # type: ignore[arg-type]
                messages.success(request, _("%(year)s is open. All pages work in it now.") % {"year": year})
                if missing:
                    text = _("These rounds cannot open before their dates are filled in: %(rounds)s.")
                    messages.warning(request, text % {"rounds": ", ".join(missing)})
                return redirect("admissions:planner")
        except RefusedError as exc:
            messages.error(request, in_words(str(exc)))
            return self.answer(request, status=409)
        return redirect("admissions:planner-copy")

    def answer(self, request: HttpRequest, *, status: int = 200) -> HttpResponse:
        year = planned_year(self.region)
        context = self.common() | {"planned": year}
        if year is not None:
            rounds = {r.code: r for r in year.rounds.order_by("position")}
            lines = differences(year)
            context |= {
                "groups": [
                    (
                        group,
                        group_word(group, rounds),
                        [(line, what_word(line)) for line in found],
                        sum(not line.is_confirmed for line in found),
                    )
                    for group, found in by_group(lines)
                ],
                "waiting": sum(not line.is_confirmed for line in lines),
                "lines": lines,
                "planned_rounds": [(r, [LABELS[name] for name in missing_dates(r)]) for r in rounds.values()],
                "warnings": warnings_of(rounds.values()),
                "schools": ChooseSchoolForm(schools=capped_schools(year)),
            }
        return render(request, "admissions/year_copy.html", context, status=status)


def capped_schools(year: AdmissionYear) -> Any:
    rows = SchoolRound.objects.filter(round__year=year, round__kind=RoundKind.ALM, ceiling__isnull=False)
    return School.objects.filter(pk__in=rows.values("programme__school")).order_by("name")


class PlannedRoundView(PlannedYearPage, RoundDatesView):
    """Change the dates of one round of the year that is being set up."""

    def changed(self, request: HttpRequest, changes: list[Change]) -> HttpResponse:
        messages.success(request, _("The dates have been changed. Confirm them in the list."))
        return redirect("admissions:planner-copy")

    def found(self) -> Round:
        year = self.planned()
        round_ = get_object_or_404(year.rounds.all(), code=self.code)
        round_.year = year
        return round_

    def answer(
        self, request: HttpRequest, round_: Round, form: RoundDatesForm, *, status: int = 200
    ) -> HttpResponse:
        title = _("Dates of %(round)s, %(year)s") % {"round": round_name(round_), "year": round_.year.code}
        context = self.common() | {"form": form, "title": title}
        return render(request, "admissions/year_copy_form.html", context, status=status)


class PlannedSchoolView(PlannedYearPage):
    """Change the ceilings of one school in the year that is being set up."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request, PlannedCeilingsForm(school_rounds=self.rows()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = self.rows()
        form = PlannedCeilingsForm(request.POST, school_rounds=rows)
        if not form.is_valid():
            return self.answer(request, form, status=422)
        actor: Any = request.user
        try:
            set_ceilings(
                rows[0].round.year, self.school, form.places, by_office=True, reason="planned", actor=actor
            )
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.answer(request, form, status=409)
        messages.success(request, _("The ceilings have been changed. Confirm them in the list."))
        return redirect("admissions:planner-copy")

    def rows(self) -> list[SchoolRound]:
        year = self.planned()
        brin = self.request.GET.get("school", "")
        self.school = get_object_or_404(capped_schools(year), brin=brin)
        rows = SchoolRound.objects.filter(
            programme__school=self.school, round__year=year, round__kind=RoundKind.ALM
        )
        return list(rows.select_related("round__year", "programme").order_by("round__position"))

    def answer(self, request: HttpRequest, form: PlannedCeilingsForm, *, status: int = 200) -> HttpResponse:
        title = _("Ceilings of %(school)s in the next year") % {"school": self.school.name}
        context = self.common() | {"form": form, "title": title}
        return render(request, "admissions/year_copy_form.html", context, status=status)
