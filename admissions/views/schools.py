"""The programme office keeps its schools, boards and region (issue 6)."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from admissions.forms.schools import BoardForm, NewSchoolForm, RegionForm, SchoolFileForm, SchoolForm
from admissions.services.year.import_schools import SchoolPlan
from admissions.services.year.schools import (
    SchoolImport,
    add_school,
    change_school,
    close_school,
    import_schools,
    preview_schools,
    set_board,
    set_region,
    year_to_fill,
)
from admissions.views.office import OfficePage
from schools.enums import RoundKind
from schools.errors import RefusedError
from schools.models import AdmissionYear, Board, School
from schools.services.ceilings import even_split


class SchoolsPage(OfficePage):
    """A form about schools; what is refused stays typed, with a sentence beside it."""

    permission: ClassVar[str] = "admissions.manage_schools"
    title: ClassVar[Any] = ""

    def show(
        self, form: forms.Form, *, title: str, explain: str = "", status: int = 200, **more: Any
    ) -> HttpResponse:
        self.request.oa_section = "admissions:school-list"  # type: ignore[attr-defined]
        context = self.common() | {"form": form, "title": title, "explain": explain} | more
        return render(self.request, "admissions/schools_form.html", context, status=status)

    @property
    def who(self) -> Any:
        return self.request.user


def plan_of(
    year: AdmissionYear, code: str, data: dict[str, Any], *, board: Board, name: str, postcode: str
) -> SchoolPlan:
    """What was typed as a line of schools.csv, the places spread over the periods (DH-006, DH-007)."""
    alms = list(year.rounds.filter(kind=RoundKind.ALM).order_by("position").values_list("code", flat=True))
    split = even_split(data["places"], len(alms)) if data["places"] is not None else []
    return SchoolPlan(
        brin=code,
        name=name,
        board=board.name,
        public_authority=board.public_authority,
        postcode=postcode,
        ceilings=tuple(zip(alms, split, strict=False)),
        draw_mode=data["draw_mode"],
        rules=(),
        area_postcodes="",
    )


class SchoolAddView(SchoolsPage):
    """Add a school to the year that is being set up, or to one that has not begun."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(NewSchoolForm(region=self.region))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = NewSchoolForm(request.POST, region=self.region)
        if not form.is_valid():
            return self.page(form, status=422)
        data = form.cleaned_data
        try:
            year = year_to_fill(self.region, self.scope.year)
            plan = plan_of(
                year, data["brin"], data, board=data["board"], name=data["name"], postcode=data["postcode"]
            )
            school = add_school(year, plan, street=data["street"], place=data["place"], actor=self.who)
        except RefusedError as exc:
            exc.put_on(form)
            return self.page(form, status=409)
        messages.success(request, _("%(school)s takes part in %(year)s.") % {"school": school, "year": year})
        return redirect("admissions:school-list")

    def page(self, form: NewSchoolForm, status: int = 200) -> HttpResponse:
        return self.show(form, title=_("Add a school"), status=status)


class SchoolChangeView(SchoolsPage):
    """Name, board and address of a school, and the day on which it closes."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        school = self.school()
        return self.page(school, SchoolForm(region=self.region, school=school))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        school = self.school()
        form = SchoolForm(request.POST, region=self.region, school=school)
        if not form.is_valid():
            return self.page(school, form, status=422)
        try:
            with transaction.atomic():  # both or neither: the page is one decision
                close_school(school, on=form.cleaned_data["closed_on"], year=self.scope.year, actor=self.who)
                change_school(school, form.cleaned_data, year=self.scope.year, actor=self.who)
        except RefusedError as exc:
            exc.put_on(form)
            return self.page(school, form, status=409)
        messages.success(
            request, _("The data of %(school)s are stored.") % {"school": form.cleaned_data["name"]}
        )
        return redirect("admissions:school-list")

    def school(self) -> School:
        return get_object_or_404(School, region=self.region, brin=self.kwargs["brin"])

    def page(self, school: School, form: SchoolForm, status: int = 200) -> HttpResponse:
        title = _("Change %(school)s") % {"school": school.name}
        return self.show(form, title=title, status=status, school=school)


class SchoolImportView(SchoolsPage):
    """Read a list of schools after a look at what it changes."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(SchoolFileForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = SchoolFileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(form, status=422)
        content = form.cleaned_data["text"].encode()
        try:
            year = year_to_fill(self.region, self.scope.year)
            if request.POST.get("confirm"):
                done = import_schools(year, content, actor=self.who)
                messages.success(request, _("The list has been read: %(n)d changes.") % {"n": done.changes})
                return redirect("admissions:school-list")
            found = preview_schools(year, content)
        except RefusedError as exc:
            form.add_error("file", str(exc))
            return self.page(form, status=409)
        return self.page(SchoolFileForm(initial={"text": form.cleaned_data["text"]}), found=found)

    def page(
        self, form: SchoolFileForm, *, found: SchoolImport | None = None, status: int = 200
    ) -> HttpResponse:
        kinds = (
            [
                (_("New schools"), found.new),
                (_("Other name, board or postcode"), found.renamed),
                (_("Other ceilings"), found.ceilings),
                (_("Other rules or area"), found.rules),
                (_("Not in the file: these stay as they are"), found.missing),
            ]
            if found
            else []
        )
        return self.show(
            form,
            title=_("Read a list of schools"),
            explain=_(
                "The columns are those of the import of a year: brin, name, board, public_authority, postcode, "
                "has_ceiling, alm1 to alm4, draw_mode, priority_rules and area_postcodes. Nothing is stored before you "
                "have seen what changes."
            ),
            status=status,
            found=found,
            kinds=[(word, rows) for word, rows in kinds if rows],
        )


class BoardListView(SchoolsPage):
    """The boards, and adding or changing one."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(BoardForm(region=self.region))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = BoardForm(request.POST, region=self.region)
        if not form.is_valid():
            return self.page(form, status=422)
        data = form.cleaned_data
        try:
            set_board(
                data["board"],
                region=self.region,
                name=" ".join(data["name"].split()),
                public_authority=data["public_authority"],
                year=self.scope.year,
                actor=self.who,
            )
        except RefusedError as exc:
            exc.put_on(form)
            return self.page(form, status=409)
        messages.success(request, _("The board is stored."))
        return redirect("admissions:board-list")

    def page(self, form: BoardForm, status: int = 200) -> HttpResponse:
        boards = Board.objects.filter(region=self.region).order_by("name")
        return self.show(form, title=_("Boards"), status=status, boards=boards)


class RegionView(SchoolsPage):
    """Name, desk and settings of the region."""

    permission = "admissions.manage_region"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(RegionForm(region=self.region))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = RegionForm(request.POST, region=self.region)
        if not form.is_valid():
            return self.page(form, status=422)
        try:
            changed = set_region(self.region, form.values, year=self.scope.year, actor=self.who)
        except RefusedError as exc:
            exc.put_on(form)
            return self.page(form, status=409)
        if changed:
            messages.success(request, _("The region is stored."))
        else:
            messages.info(request, _("Nothing changed."))
        return redirect("admissions:region-edit")

    def page(self, form: RegionForm, status: int = 200) -> HttpResponse:
        return self.show(
            form,
            title=_("The region"),
            explain=_(
                "A setting that changes counts from now on; the draws that were held stay as they are."
            ),
            status=status,
            may_add_region=True,
        )
