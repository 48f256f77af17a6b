"""A further region on this installation (issue 6): asked for by a programme manager, run by its own."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from admissions.forms.schools import NewRegionForm
from admissions.services.year.regions import FirstManager, add_region, first_years
from admissions.views.schools import SchoolsPage
from schools.errors import RefusedError


class RegionAddView(SchoolsPage):
    """Add a region with its desk, settings, first year and first programme manager."""

    permission = "admissions.manage_region"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(NewRegionForm(years=self.years()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = NewRegionForm(request.POST, years=self.years())
        if not form.is_valid():
            return self.answer(form, status=422)
        data = form.cleaned_data
        try:
            region = add_region(
                form.values,
                slug=data["slug"],
                model=self.scope.year,
                year_code=data["year"],
                first=FirstManager(data["manager"], data["email"]),
                site=request.build_absolute_uri("/").rstrip("/"),
                actor=self.who,
            )
        except RefusedError as exc:
            exc.put_on(form)
            return self.answer(form, status=409)
        words = {"region": region.name, "name": data["manager"]}
        messages.success(request, _("%(region)s is there. %(name)s gets an invitation by mail.") % words)
        return redirect("admissions:region-edit")

    def years(self) -> list[str]:
        return [code for code, _calendar in first_years(self.scope.year)]

    def answer(self, form: NewRegionForm, *, status: int = 200) -> HttpResponse:
        return self.show(
            form,
            title=_("Add a region"),
            explain=_(
                "A region has its own schools, people, year and public pages. It starts without schools and runs by "
                "the same procedure as yours; its programme manager fills the rest."
            ),
            status=status,
        )
