"""The parent's sheet: the family's own page behind a personal code, and the same on paper for school and office.

The family has no account. Its code is 125 random bits, stands in the letter and the mail with the result, and opens
nothing before all families hear: until then, once withdrawn and when it never existed the answer is one and the same.
"""

from typing import Any, ClassVar

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.generic import View

from admissions.forms.sheets import SheetCodeForm
from admissions.models import Application, SheetLink
from admissions.selectors.children import find_application
from admissions.selectors.school import own_applications
from admissions.services.explaining.sheet_links import find_link, grouped_code, replace_link, sheet_path
from admissions.services.explaining.sheets import may_print, sheet_of, sheet_pdf, shows_care
from admissions.views.office import OfficePage
from admissions.views.school import SchoolPage
from schools import clock
from schools.errors import RefusedError

# Somebody who looks often, and somebody who tries codes; per address, so that a whole library can still look.
RATES = {"sheet": "60/m/ip", "sheet_unknown": "10/m/ip"}
PDF_NAME = "loting-van-mijn-kind.pdf"


def within(request: HttpRequest, action: str) -> bool:
    """Count this request; False when there were too many."""
    return bool(ratelimit.consume(request, app="admissions", action=action, config=RATES, limit_get=True))


def too_many(request: HttpRequest) -> HttpResponse:
    response: HttpResponse = ratelimit.respond_429(request)
    return response


def private(response: HttpResponse) -> HttpResponse:
    """Kept by nobody on the way, found by no search engine, named to no page elsewhere.

    Not "no-referrer": a browser then posts the form with the origin "null", which the check of Django refuses.
    """
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@method_decorator(login_not_required, name="dispatch")
class FamilyPage(View):
    """A page for whoever has a family's code."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not within(request, "sheet"):
            return private(too_many(request))
        response = super().dispatch(request, *args, **kwargs)
        assert isinstance(response, HttpResponse)
        return private(response)

    def unknown(self, request: HttpRequest) -> HttpResponse:
        """One answer for a code that is wrong, withdrawn, or too early: it tells nothing about a child."""
        if not within(request, "sheet_unknown"):
            return too_many(request)
        context = {"form": SheetCodeForm(), "is_unknown": True}
        return render(request, "admissions/sheet_start.html", context, status=404)


class SheetStartView(FamilyPage):
    """Type the code of a letter."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "admissions/sheet_start.html", {"form": SheetCodeForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SheetCodeForm(request.POST)
        if form.is_valid():
            return redirect(sheet_path(form.cleaned_data["code"]))
        return render(request, "admissions/sheet_start.html", {"form": form}, status=422)


class SheetView(FamilyPage):
    """The sheet of one child, on screen or as PDF."""

    is_pdf: ClassVar[bool] = False

    @sensitive_variables("token", "link")
    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        link = find_link(token)
        sheet = None
        if link is not None:
            now = clock.now(link.application.year)
            sheet = sheet_of(link.application, now=now)
        if link is None or sheet is None:
            return self.unknown(request)
        if self.is_pdf:
            language = translation.get_language() or "nl"
            return pdf_response(sheet_pdf(sheet, moment=now, language=language, code=grouped_code(link.code)))
        context = {
            "sheet": sheet,
            "region": link.application.year.region,
            "token": grouped_code(link.code),
            "now": now,
        }
        return render(request, "admissions/sheet.html", context)


class SheetPdfView(SheetView):
    is_pdf = True


def pdf_response(content: bytes) -> HttpResponse:
    """The name of the file says nothing about the child."""
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{PDF_NAME}"'
    return private(response)


def language_of(application: Application) -> str:
    """The language of the family where we have it, else Dutch."""
    guardian = application.guardians.order_by("position").first()
    return "en" if guardian is not None and guardian.language == "en" else "nl"


class SchoolSheetView(SchoolPage):
    """Print the sheet of an own child at the school's counter; without the family's code."""

    permission = "admissions.process_reply"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        number = kwargs["number"].replace("-", "").upper()
        rows = own_applications(self.scope).select_related(
            "first_choice__round__year__region", "year__region", "care_case"
        )
        application = rows.filter(registration_number=number).first()
        if application is None:
            raise Http404
        if not may_print(application, now=self.scope.now, sees_care=self.scope.sees_care):
            raise Http404
        language = language_of(application)
        with translation.override(language):
            sheet = sheet_of(application, now=self.scope.now, with_vovp=False)
            if sheet is None:
                raise Http404
            return pdf_response(sheet_pdf(sheet, moment=self.scope.now, language=language))


class OfficeSheetPage(OfficePage):
    """The sheet of any child of the region, for the programme office."""

    permission = "admissions.find_child"

    def application(self) -> Application:
        application = find_application(self.region, self.kwargs["number"])
        if application is None:
            raise Http404
        return application


class OfficeSheetView(OfficeSheetPage):
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        language = language_of(application)
        now = clock.now(application.year)
        with translation.override(language):
            sheet = sheet_of(application, now=now)
            if sheet is None or (shows_care(sheet) and not self.scope.sees_care):
                raise Http404
            link = SheetLink.objects.filter(application=application, withdrawn_at=None).first()
            code = grouped_code(link.code) if link else ""
            return pdf_response(sheet_pdf(sheet, moment=now, language=language, code=code))


class ReplaceSheetLinkView(OfficeSheetPage):
    """Withdraw the code of a family; the new one stands on the sheet that the office prints."""

    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        try:
            replace_link(application, actor=request.user)  # type: ignore[arg-type]
        except RefusedError as exc:
            messages.warning(request, str(exc))
        else:
            messages.success(
                request, _("The old code opens nothing any more. Print the sheet: the new code stands on it.")
            )
        return redirect("admissions:child-detail", application.registration_number)
