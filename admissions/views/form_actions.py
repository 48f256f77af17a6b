"""What a school does with a form it has entered: release, cancel, check claims, correct contact data, report a date."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import TemplateView

from admissions.enums import ClaimState, FormState
from admissions.forms.application import BirthDateForm, ClaimsForm, ContactForm, VoidForm
from admissions.models import Application
from admissions.selectors.school import own_applications, placements_here
from admissions.selectors.versions import versions_of
from admissions.services.forms.application_forms import FormProblems, void_form
from admissions.services.forms.claims import Verdict, decide_claims
from admissions.services.forms.contact import Contact, change_contact
from admissions.services.forms.corrections import report_wrong_birth_date
from admissions.services.forms.entries import OPEN_FORMS, entry_of, release_for_entry
from admissions.texts.events import column_word
from admissions.views.school import SchoolPage
from notifications.models import Message
from notifications.services.letters import render_letter
from schools.errors import RefusedError


class FormPage(SchoolPage):
    """A page about one application with this school as first choice; every other one is not found."""

    permission: ClassVar[str] = "admissions.enter_form"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.oa_section = "admissions:application-list"  # type: ignore[attr-defined]
        return super().dispatch(request, *args, **kwargs)

    def application(self) -> Application:
        number = self.kwargs["number"].replace("-", "").upper()
        found: Application | None = own_applications(self.scope).filter(registration_number=number).first()
        if found is None:
            raise Http404
        return found

    def to_child(self, application: Application) -> HttpResponse:
        return redirect("admissions:application-detail", self.school.brin, application.registration_number)

    def page(self, template: str, application: Application, status: int = 200, **more: Any) -> HttpResponse:
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "application": application,
            "child": application.child,
            "form": None,
            "back": reverse(
                "admissions:application-detail", args=[self.school.brin, application.registration_number]
            ),
        }
        return render(self.request, template, context | more, status=status)


class EditView(FormPage):
    """To the fields of an open form."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        if application.form.state not in OPEN_FORMS:
            return self.to_child(application)
        return redirect(
            "admissions:entry", self.school.brin, entry_of(application.form, actor=self.actor).key
        )


class ReleaseView(FormPage):
    """Open a final form again; its last final version keeps counting until the next (DH-054)."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        try:
            entry = release_for_entry(application.form.pk, actor=self.actor)
        except RefusedError as exc:
            messages.error(request, str(exc))
            return self.to_child(application)
        messages.success(
            request,
            _(
                "The form has been released. Make it final again before the deadline, or the old version counts."
            ),
        )
        return redirect("admissions:entry", self.school.brin, entry.key)


class VoidView(FormPage):
    """Discard a draft, or cancel a final form on the parents' request before the deadline (Q-09)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page("admissions/form_void.html", self.application(), form=VoidForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application, form = self.application(), VoidForm(request.POST)
        if not form.is_valid():
            return self.page("admissions/form_void.html", application, form=form, status=422)
        try:
            void_form(application.form.pk, actor=self.actor, reason=form.cleaned_data["reason"])
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.page("admissions/form_void.html", application, form=form, status=409)
        messages.success(
            request,
            _("The form of %(name)s has been cancelled. The right to apply once a year is not used up.")
            % {"name": application.child.full_name},
        )
        return redirect("admissions:application-list", self.school.brin)


class ClaimsView(FormPage):
    """Confirm or reject what the parents claimed, with what shows it (DH-061)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        return self.answer(application, ClaimsForm(claims=list(application.claims.all())))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        claims = list(application.claims.all())
        form = ClaimsForm(request.POST, claims=claims)
        if not form.is_valid():
            return self.answer(application, form, status=422)
        verdicts = {
            claim.kind: Verdict(
                form.cleaned_data[f"state_{claim.kind}"] == ClaimState.CONFIRMED,
                form.cleaned_data[f"evidence_{claim.kind}"],
            )
            for claim in claims
            if form.cleaned_data[f"state_{claim.kind}"]
        }
        try:
            stored = decide_claims(application.form.pk, verdicts, actor=self.actor)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.answer(application, form, status=409)
        if stored.state == FormState.RELEASED and application.form.state == FormState.FINAL:
            messages.warning(
                request,
                _(
                    "The list has fewer than five schools and rested on this claim. The form has been released: "
                    "add schools and make it final again before the deadline."
                ),
            )
        else:
            messages.success(request, _("This has been recorded."))
        return self.to_child(application)

    def answer(self, application: Application, form: ClaimsForm, status: int = 200) -> HttpResponse:
        return self.page("admissions/form_claims.html", application, form=form, status=status)


class ContactView(FormPage):
    """Another phone number or e-mail address, also when the form is locked; also for a child placed here (DH-115)."""

    def application(self) -> Application:
        try:
            return super().application()
        except Http404:
            number = self.kwargs["number"].replace("-", "").upper()
            placed = placements_here(self.scope).filter(application__registration_number=number).first()
            if placed is None:
                raise
            found: Application = placed.application
            return found

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        guardian = application.guardians.order_by("position").first()
        initial = {"email": guardian.email, "phone": guardian.phone} if guardian else {}
        return self.page("admissions/form_contact.html", application, form=ContactForm(initial=initial))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application, form = self.application(), ContactForm(request.POST)
        if not form.is_valid():
            return self.page("admissions/form_contact.html", application, form=form, status=422)
        contact = Contact(form.cleaned_data["email"], form.cleaned_data["phone"])
        try:
            change_contact(application, contact, actor=self.actor)
        except FormProblems as exc:
            for problem in exc.problems:
                form.add_error(problem.field, problem.text)
            return self.page("admissions/form_contact.html", application, form=form, status=422)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.page("admissions/form_contact.html", application, form=form, status=409)
        messages.success(request, _("The contact data have been saved. The form itself has not changed."))
        return self.to_child(application)


class BirthDateView(FormPage):
    """Report a wrong birth date, at any time; only the programme manager corrects it (DH-058)."""

    permission = "admissions.report_birth_date"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page("admissions/form_birth_date.html", self.application(), form=BirthDateForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application, form = self.application(), BirthDateForm(request.POST)
        if not form.is_valid():
            return self.page("admissions/form_birth_date.html", application, form=form, status=422)
        try:
            report_wrong_birth_date(application, note=form.cleaned_data["note"], actor=self.actor)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.page("admissions/form_birth_date.html", application, form=form, status=409)
        messages.success(request, _("The programme manager has been told. You need to do nothing more."))
        return self.to_child(application)


class VersionsView(FormPage, TemplateView):
    """Every version of the form: who changed what, and when (DH-054)."""

    permission = "admissions.view_school"
    template_name = "admissions/form_versions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        application = self.application()
        rows = versions_of(application.form, view=self.scope)
        return super().get_context_data(**kwargs) | {
            "application": application,
            "child": application.child,
            "versions": [
                (row, [(column_word(change.column), change) for change in row.changes]) for row in rows
            ],
            "back": (
                pgettext("menu", "Forms"),
                reverse("admissions:application-list", args=[self.school.brin]),
            ),
        }


class ConfirmationLetterView(FormPage):
    """The confirmation as a letter, for a family without e-mail (DH-150)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        message = (
            Message.objects.filter(
                year=application.year, kind="M01", registration_number=application.registration_number
            )
            .order_by("-pk")
            .first()
        )
        if message is None:
            raise Http404
        try:
            pdf = render_letter(message)
        except RefusedError as exc:
            messages.error(request, str(exc))
            return self.to_child(application)
        response = HttpResponse(pdf, content_type="application/pdf")
        name = f"bevestiging-{application.registration_number}.pdf"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["Cache-Control"] = "private, no-store"
        return response
