"""A further region on this installation (issue 6): asked for by a programme manager, run by its own."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from admissions.forms.schools import NewRegionForm
from admissions.procedures.registry import PROCEDURES
from admissions.services.year.regions import FirstManager, add_region, first_years
from admissions.views.schools import SchoolsPage
from schools.errors import RefusedError


class RegionAddView(SchoolsPage):
    """Add a region with its desk, settings, first year and first programme manager."""

    permission = "admissions.manage_region"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.answer(form, status=422)
        data = form.cleaned_data
        try:
            region = add_region(
                form.values,
                slug=data["slug"],
                model=self.scope.year,
                procedure_key=data.get("procedure", self.region.procedure_key),
                year_code=data["year"],
                first=FirstManager(data["manager"], data["email"]),
                site=request.build_absolute_uri("/").rstrip("/"),
                actor=self.who,
            )
        except RefusedError as exc:
            exc.put_on(form)
            return self.answer(form, status=409)
        first = region.memberships.get().user
        words = {"region": region.name, "name": first.name}
        if first.has_usable_password():  # works here already: no invitation is needed
            messages.success(request, _("%(region)s is there. %(name)s can open it.") % words)
        else:
            messages.success(request, _("%(region)s is there. %(name)s gets an invitation by mail.") % words)
        return redirect("admissions:region-edit")

    def form(self, data: Any = None) -> NewRegionForm:
        years = [code for code, _calendar in first_years(self.scope.year)]
        procedures = [(key, procedure.label) for key, procedure in PROCEDURES.items()]
        initial = {"procedure": self.region.procedure_key}
        return NewRegionForm(data, years=years, procedures=procedures, initial=initial)

    def answer(self, form: NewRegionForm, *, status: int = 200) -> HttpResponse:
        explain = _(
            "A region has its own schools, people, year and public pages. It starts without schools and with the "
            "rounds of your year; its programme manager fills the rest."
        )
        if len(PROCEDURES) == 1:
            [only] = PROCEDURES.values()
            runs = _("There is one procedure here, so the region runs by it: %(procedure)s.")
            explain = f"{explain} {runs % {'procedure': only.label}}"
        return self.show(
            form,
            title=_("Add a region"),
            explain=explain,
            status=status,
        )
