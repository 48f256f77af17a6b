"""The central list of directors, kept by the programme office (DH-153d)."""

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from admissions.filters.directors import DirectorFilter
from admissions.forms.letters import DirectorForm
from admissions.selectors.office import schools_of
from admissions.services.year.directors import set_director
from admissions.tables.directors import DirectorTable
from admissions.views.children import OfficeListPage
from admissions.views.office import OfficePage
from schools.lists import Tab
from schools.models import School

SECTION = "admissions:school-list"


class DirectorListView(OfficeListPage):
    """Every school with the name that must stand under its letters."""

    permission: ClassVar[str] = "admissions.change_directors"
    table_class = DirectorTable
    filterset_class = DirectorFilter
    template_name = "admissions/director_list.html"
    export_name = "directeuren"

    def get_queryset(self) -> QuerySet[School]:
        self.request.oa_section = SECTION  # type: ignore[attr-defined]
        return schools_of(self.scope)

    def get_tabs(self) -> list[Tab]:
        every = schools_of(self.scope)
        missing = every.filter(director_name="").count()
        words = [("", pgettext("tab", "All")), ("missing", pgettext("tab", "Without a name"))]
        return self.tabs_with(words, {"": every.count(), "missing": missing})


class DirectorView(OfficePage):
    """Change the name of one school on the list."""

    permission: ClassVar[str] = "admissions.change_directors"

    def school(self) -> School:
        return get_object_or_404(schools_of(self.scope), pk=self.kwargs["pk"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        school = self.school()
        return self.show(school, DirectorForm(initial={"director_name": school.director_name}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        school, form = self.school(), DirectorForm(request.POST)
        if not form.is_valid():
            return self.show(school, form, status=422)
        name = form.cleaned_data["director_name"]
        set_director(self.scope.year, school, name, actor=request.user)  # type: ignore[arg-type]
        messages.success(
            request, _("%(school)s: %(name)s signs the letters.") % {"school": school.name, "name": name}
        )
        return redirect("admissions:director-list")

    def show(self, school: School, form: DirectorForm, status: int = 200) -> HttpResponse:
        self.request.oa_section = SECTION  # type: ignore[attr-defined]
        context = self.common() | {"listed": school, "form": form}
        return render(self.request, "admissions/director_edit.html", context, status=status)
