"""What is confirmed once a year: the rules by the school, strange numbers of places by the office (DH-012)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.forms.confirmations import LastYearForm
from admissions.views.office import OfficePage
from admissions.views.rounds import RoundPage
from admissions.views.school import SchoolPage
from schools.errors import RefusedError
from schools.models import Programme, ProgrammeYear
from schools.services.confirmations import (
    confirm_places,
    confirm_rules,
    confirm_rules_in_rehearsal,
    is_far_off,
    places_before,
    previous_year,
    store_last_year,
    year_places,
)


class ConfirmRulesView(SchoolPage):
    """“These are our rules, in this order”: with date and name."""

    permission = "admissions.confirm_rules"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        programme = Programme.objects.filter(school=self.school).first()
        if programme is None:
            raise Http404
        try:
            confirm_rules(self.scope.year, programme, seen=request.POST.get("seen", ""), actor=self.actor)
            messages.success(request, _("The rules and their order are confirmed for this year."))
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:school-settings", self.school.brin)


class ConfirmRulesInRehearsalView(RoundPage):
    """In a rehearsal no school looks at its rules: the office takes them as confirmed, and the record says so."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            count = confirm_rules_in_rehearsal(self.scope.year)
            told = ngettext(
                "The rules of %(n)d school are taken as confirmed.",
                "The rules of %(n)d schools are taken as confirmed.",
                count,
            )
            messages.success(request, told % {"n": count})
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:draw-room-round", self.found().code)


@dataclass(frozen=True, slots=True)
class Compared:
    """The places of one school beside those of last year."""

    programme: Programme
    places: int
    before: int | None
    is_far_off: bool
    confirmation: ProgrammeYear | None

    @property
    def percent(self) -> int:
        return round(100 * (self.places - self.before) / self.before) if self.before else 0


class PlacesCheckView(OfficePage):
    """Every school with a ceiling beside last year; what is far off is confirmed here, one by one."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show()

    def rows(self) -> list[Compared]:
        year = self.scope.year
        rows = {
            row.programme_id: row
            for row in ProgrammeYear.objects.filter(year=year).select_related("places_confirmed_by")
        }
        places, before = year_places(year), places_before(year, rows.values())
        programmes = Programme.objects.filter(pk__in=places).select_related("school")
        found = []
        for programme in programmes:
            now, old, row = places[programme.pk], before.get(programme.pk), rows.get(programme.pk)
            holds = row if row is not None and row.places_confirmed == now else None
            far = bool(old) and is_far_off(now, old or 0)
            found.append(Compared(programme, now, old, far, holds))
        return sorted(
            found, key=lambda row: (not (row.is_far_off and row.confirmation is None), row.programme.name)
        )

    def show(self, form: LastYearForm | None = None, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:school-list"  # type: ignore[attr-defined]
        rows = self.rows()
        context = self.common() | {
            "rows": rows,
            "open": sum(row.is_far_off and row.confirmation is None for row in rows),
            "unknown": sum(row.before is None for row in rows),
            "last_year": previous_year(self.scope.year),
            "form": form or LastYearForm(),
            "may_confirm": self.request.user.has_perm("admissions.run_rounds", self.region),
        }
        return render(self.request, "admissions/places_check.html", context, status=status)


class ConfirmPlacesView(PlacesCheckView):
    """Confirm one school, with the number that stood on the page."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        code, seen = request.POST.get("programme", ""), request.POST.get("places", "")
        programme = Programme.objects.filter(school__region=self.region, code=code).first()
        try:
            if programme is None or not seen.isdecimal() or len(seen) > 6:
                raise RefusedError(_("There is no such school. Reload the page."))
            confirm_places(self.scope.year, programme, places=int(seen), actor=request.user)  # type: ignore[arg-type]
            messages.success(
                request, _("The places of %(school)s are confirmed.") % {"school": programme.name}
            )
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:places-check")


class LastYearView(PlacesCheckView):
    """Fill in last year's places from a file, where that year is not in the system."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = LastYearForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.show(form, status=422)
        try:
            count = store_last_year(self.scope.year, form.places, actor=request.user)  # type: ignore[arg-type]
        except RefusedError as exc:
            form.add_error("file", str(exc))
            return self.show(form, status=409)
        told = ngettext(
            "Last year's places of %(n)d school are stored.",
            "Last year's places of %(n)d schools are stored.",
            count,
        )
        messages.success(request, told % {"n": count})
        return redirect("admissions:places-check")
