"""The empty application form for everybody: to fill in on the screen and print, or as PDF (DH-036, DH-037).

Nothing that a family types comes to the server; only the school that is printed stands in the address.
"""

from typing import Any

from allauth.core.internal import ratelimit
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from admissions.forms.paper_form import PaperSchoolForm
from admissions.selectors.finder import newest_setup
from admissions.services.forms.paper_form import PaperForm, paper_context, paper_form, paper_pdf
from admissions.views.desk import PublicDeskPage

# Making a PDF costs a moment; a whole class in the library can still print.
RATES = {"paper_form": "60/m/ip"}


class PaperFormView(PublicDeskPage):
    """The form of the newest year, for one school or with an empty line for its name."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        region = self.region()
        form, paper = self.asked(request)
        context = paper_context(paper) | {"region": region, "choice": form, "on_screen": True}
        return render(request, "admissions/paper_form_page.html", context)

    def asked(self, request: HttpRequest) -> tuple[PaperSchoolForm, PaperForm]:
        """The question which school, and the form it leads to; an unknown school is named beside its field."""
        region = self.region()
        setup = newest_setup(region)
        form = PaperSchoolForm(request.GET or None, setup=setup)
        found = form.found() if form.is_valid() else None
        year = setup.year.code if setup.year is not None else ""
        if found is None:
            return form, paper_form(region, year=year)
        rules = [rule.kind for rule in found.rules]
        return form, paper_form(region, year=year, school=found.school, rules=rules)


class PaperFormPdfView(PaperFormView):
    """The same form as a file."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not ratelimit.consume(
            request, app="admissions", action="paper_form", config=RATES, limit_get=True
        ):
            refused: HttpResponse = ratelimit.respond_429(request)
            return refused
        form, paper = self.asked(request)
        if form.is_bound and not form.is_valid():
            raise Http404
        content = paper_pdf(paper, language=translation.get_language() or "nl")
        response = HttpResponse(content, content_type="application/pdf")
        name = "-".join(filter(None, ["aanmeldformulier", self.kwargs["region"], paper.year, paper.brin]))
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
        return response
