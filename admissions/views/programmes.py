"""What children can be placed in at a school, kept by the programme office (issue 6)."""

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from admissions.forms.schools import NewProgrammeForm, ProgrammeForm
from admissions.procedures.registry import procedure_of
from admissions.services.year.programmes import add_programme, change_programme
from admissions.services.year.schools import year_to_fill
from admissions.views.schools import SchoolsPage, plan_of
from schools.errors import RefusedError
from schools.models import Programme, School


class ProgrammesPage(SchoolsPage):
    """A page below one school of the region."""

    def school(self) -> School:
        rows = School.objects.select_related("board", "region")
        return get_object_or_404(rows, region=self.region, brin=self.kwargs["brin"])

    def rows(self) -> QuerySet[Programme]:
        """With ``places``: what it has in the periods of this year; None = without a ceiling, or not in it."""
        this_year = Q(school_rounds__round__year=self.scope.year)
        return (
            Programme.objects.filter(school=self.school())
            .annotate(places=Sum("school_rounds__ceiling", filter=this_year))
            .order_by("code")
        )


class ProgrammeListView(ProgrammesPage):
    """Everything of one school, and adding another where the procedure allows more than one."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(NewProgrammeForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        school, form = self.school(), NewProgrammeForm(request.POST)
        if not form.is_valid():
            return self.answer(form, status=422)
        data = form.cleaned_data
        try:
            year = year_to_fill(self.region, self.scope.year)
            plan = plan_of(
                year, data["code"], data, board=school.board, name=data["name"], postcode=school.postcode
            )
            added = add_programme(year, school, plan, actor=self.who)
        except RefusedError as exc:
            exc.put_on(form)
            return self.answer(form, status=409)
        messages.success(request, _("%(school)s takes part in %(year)s.") % {"school": added, "year": year})
        return redirect("admissions:programme-list", school.brin)

    def answer(self, form: NewProgrammeForm, *, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:school-list"  # type: ignore[attr-defined]
        may_add = not procedure_of(self.region).has_one_programme
        context = self.common() | {"school": self.school(), "rows": self.rows(), "may_add": may_add}
        if may_add or form.is_bound:
            context["form"] = form
        return render(self.request, "admissions/programme_list.html", context, status=status)


class ProgrammeView(ProgrammesPage):
    """Name and closing of one."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        programme = self.programme()
        return self.answer(programme, ProgrammeForm(programme=programme))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        programme = self.programme()
        form = ProgrammeForm(request.POST, programme=programme)
        if not form.is_valid():
            return self.answer(programme, form, status=422)
        data = form.cleaned_data
        try:
            changed = change_programme(
                programme,
                name=data["name"],
                closed_on=data["closed_on"],
                year=self.scope.year,
                actor=self.who,
            )
        except RefusedError as exc:
            exc.put_on(form)
            return self.answer(programme, form, status=409)
        if changed:
            messages.success(request, _("The data of %(school)s are stored.") % {"school": data["name"]})
        else:
            messages.info(request, _("Nothing changed."))
        return redirect("admissions:programme-list", self.kwargs["brin"])

    def programme(self) -> Programme:
        return get_object_or_404(self.rows(), code=self.kwargs["programme"])

    def answer(self, programme: Programme, form: ProgrammeForm, *, status: int = 200) -> HttpResponse:
        title = _("Change %(school)s") % {"school": programme.name}
        return self.show(form, title=title, status=status, programmes_of=self.school())
