"""Letters of a school: which texts it uses, whether they may be sent, changing them, and seeing them beforehand."""

from typing import Any

from csp.constants import NONCE
from csp.decorators import csp_update
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from admissions.forms.letters import LogoForm, SelectionForm, TemplateForm
from admissions.views.school import SchoolPage
from notifications.enums import Channel, MessageKind, TemplateCode, TemplateUse
from notifications.models import LetterTemplate, Message, SchoolLogo
from notifications.services.letter_content import LETTER_KINDS, letter_content
from notifications.services.letter_renderer import default_renderer
from notifications.services.logos import LogoError, remove_logo, store_logo
from notifications.services.mail_content import render_mail
from notifications.services.markup import editor_html
from notifications.services.merge_codes import codes_for, conditions_for
from notifications.services.samples import SAMPLES, sample_message
from notifications.services.template_approval import ApprovalError, approve_template
from notifications.services.template_checks import lights_of, selected_of
from notifications.services.template_choice import (
    SCHOOL_CODES,
    Choice,
    Choices,
    as_choice,
    default_choice,
    kind_of,
)
from notifications.services.template_editing import (
    FIELDS,
    Draft,
    TemplateError,
    mend_selection,
    mend_template,
    save_template,
    select_template,
)
from notifications.services.texts import LANGUAGES
from schools.context import current_round, local_day
from schools.enums import RoundKind
from schools.errors import RefusedError
from schools.models import Round, School
from schools.templatetags.oa import asset

REAL_CHILDREN = 20  # offered to look at
LANGUAGE_NAMES = {
    "nl": gettext_lazy("Dutch only"),
    "en": gettext_lazy("Dutch and English"),
    "tr": gettext_lazy("Dutch and Turkish"),
    "ar": gettext_lazy("Dutch and Arabic"),
    "pl": gettext_lazy("Dutch and Polish"),
    "uk": gettext_lazy("Dutch and Ukrainian"),
}


class LettersPage(SchoolPage):
    """What the pages about letters share. Reading is for who may see the settings, changing for the school."""

    permission = "admissions.view_letters"

    @property
    def may_change(self) -> bool:
        return self.request.user.has_perm("admissions.change_letters", self.school)

    @property
    def may_approve(self) -> bool:
        return self.request.user.has_perm("admissions.approve_letters", self.school)

    def round(self) -> Round | None:
        """The application period whose letters are sent now or next: a VOVP has letters of the office only."""
        rounds = [round_ for round_ in self.scope.rounds if round_.kind == RoundKind.ALM]
        return current_round(rounds, local_day(self.scope.now))

    def choices(self) -> Choices:
        return Choices(self.school.region_id, [self.school.pk])

    def code(self) -> str:
        code = str(self.kwargs["template"])
        if code not in SCHOOL_CODES:
            raise Http404
        return code

    def common(self) -> dict[str, Any]:
        return {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "may_change": self.may_change,
            "may_approve": self.may_approve,
        }


class LetterListView(LettersPage):
    """Both selected texts with their traffic lights, and every text the school can change (DH-151 to DH-153)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_, choices = self.round(), self.choices()
        selected = selected_of(self.school, round_, choices) if round_ else []
        form = SelectionForm(initial={found.use.value: found.choice.code for found in selected})
        texts = [choices.text(self.school.pk, code) for code in SCHOOL_CODES]
        return render(
            request,
            "admissions/letter_list.html",
            self.common()
            | {
                "round": round_,
                "selected": selected,
                "wrong": [found for found in selected if not found.fits],
                "blocked": any(found.blocks for found in selected),
                "form": form,
                "texts": [
                    (TemplateCode(choice.code), choice, *summary(choice, self.school)) for choice in texts
                ],
            },
        )


def summary(choice: Choice, school: School) -> tuple[str, int]:
    """The worst colour of a text's lights, and how many are not green."""
    lights = lights_of(choice, school)
    colours = {light.colour for light in lights}
    worst = next((colour for colour in ("red", "amber") if colour in colours), "green")
    return worst, sum(light.colour != "green" for light in lights)


class LetterSelectView(LettersPage):
    """Choose the two texts, or let the round choose them with one click (DH-152)."""

    permission = "admissions.change_letters"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        back = redirect("admissions:letter-list", self.school.brin)
        round_ = self.round()
        if "mend" in request.POST and round_ is not None:
            mend_selection(school=self.school, round_=round_)
            messages.success(request, _("The letters that fit this round are chosen now."))
            return back
        try:
            for use in TemplateUse:
                select_template(school=self.school, use=use, code=request.POST.get(use, ""))
        except TemplateError as exc:
            messages.error(request, str(exc))
            return back
        messages.success(request, _("Your choice is stored."))
        return back


class LetterMendView(LettersPage):
    """One click puts one light right, as a new version of the text."""

    permission = "admissions.change_letters"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            saved = mend_template(
                school=self.school,
                code=self.code(),
                what=request.POST.get("what", ""),
                actor=self.actor,
                approve=self.may_approve,
                year=self.scope.year,
            )
        except TemplateError as exc:
            messages.error(request, str(exc))
        else:
            said = (
                _("Mended. This is version %(n)d of the letter.")
                if self.may_approve
                else _("Mended in version %(n)d. It is sent as soon as the director has approved it.")
            )
            messages.success(request, said % {"n": saved.version})
        return redirect(self.edit_url() if request.POST.get("to") == "edit" else self.list_url())

    def edit_url(self) -> str:
        return reverse("admissions:letter-edit", args=[self.school.brin, self.code()])

    def list_url(self) -> str:
        return reverse("admissions:letter-list", args=[self.school.brin])


class LetterApproveView(LettersPage):
    """The director lets a proposed version be the text that is sent (section 1)."""

    permission = "admissions.approve_letters"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        version = request.POST.get("version", "")
        try:
            approval = approve_template(
                school=self.school,
                code=self.code(),
                version=int(version) if version.isdecimal() and len(version) < 6 else 0,
                actor=self.actor,
                year=self.scope.year,
            )
        except ApprovalError as exc:
            messages.error(request, str(exc))
        else:
            said = _("Version %(n)d is approved. Letters that were not sent are made with it.")
            messages.success(request, said % {"n": approval.template.version})
        return redirect("admissions:letter-edit", self.school.brin, self.code())


# Trix makes a style element for itself; the number that is used once lets in this one and no other.
@method_decorator(csp_update({"style-src": [NONCE]}), name="dispatch")
class LetterEditView(LettersPage):
    """Change a text, with its codes, its checks and its versions beside it (DH-157, DH-158)."""

    permission = "admissions.change_letters"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        choice = self.choices().newest(self.school.pk, self.code())
        version = request.GET.get("versie", "")
        if version.isdecimal() and len(version) < 6:
            choice = self._version(int(version), choice)
        draft = Draft.of(choice)
        form = TemplateForm(initial={name: getattr(draft, name) for name in FIELDS}, code=self.code())
        return self.answer(form, choice)

    def _version(self, version: int, choice: Choice) -> Choice:
        if version == 0:
            return default_choice(self.code())
        row = LetterTemplate.objects.filter(school=self.school, code=self.code(), version=version).first()
        if row is None:
            raise Http404
        return as_choice(row)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = TemplateForm(request.POST, code=self.code())
        current = self.choices().newest(self.school.pk, self.code())
        if not form.is_valid():
            return self.answer(form, current)
        try:
            saved = save_template(
                region=self.school.region,
                school=self.school,
                code=self.code(),
                draft=form.draft(form.cleaned_data),
                actor=self.actor,
                approve=self.may_approve,
                year=self.scope.year,
            )
        except TemplateError as exc:
            for name, texts in exc.faults.items():
                form.add_error(name, texts)
            return self.answer(form, current)
        said = (
            _("Stored as version %(n)d. Letters that were not sent are made with it.")
            if self.may_approve
            else _("Stored as version %(n)d. It is sent as soon as the director has approved it.")
        )
        messages.success(request, said % {"n": saved.version})
        return redirect("admissions:letter-edit", self.school.brin, self.code())

    def answer(self, form: TemplateForm, choice: Choice) -> HttpResponse:
        kind = kind_of(self.code())
        body = str(form["body"].value() or "")
        versions = LetterTemplate.objects.filter(school=self.school, code=self.code()).select_related(
            "saved_by", "approval__approved_by"
        )
        context = self.common() | {
            "list_url": reverse("admissions:letter-list", args=[self.school.brin]),
            "preview_url": reverse("admissions:letter-preview", args=[self.school.brin, self.code()]),
            "form": form,
            "label": TemplateCode(self.code()).label,
            "code": self.code(),
            "choice": choice,
            "lights": lights_of(choice, self.school),
            "in_force": self.choices().text(self.school.pk, self.code()),
            "codes": codes_for(kind),
            "conditions": conditions_for(kind).items(),
            # What was refused as HTML must not come back into the editor: then the text area shows what is stored.
            "editor_html": "" if form.errors and form.data.get("body_html") else editor_html(body),
            "rejected_html": form.data.get("body_html", "") if form.errors else "",
            "versions": versions.order_by("-version")[:20],
            "samples": SAMPLES,
            "languages": LANGUAGE_NAMES.items(),
            "real": self.real_children(kind),
        }
        return render(
            self.request, "admissions/letter_edit.html", context, status=422 if form.errors else 200
        )

    def real_children(self, kind: MessageKind) -> list[Message]:
        rows = Message.objects.filter(school=self.school, kind=kind, round__kind=RoundKind.ALM)
        return list(rows.order_by("-pk")[:REAL_CHILDREN])


class LetterPreviewView(LettersPage):
    """The letter as PDF or the mail, for a made-up child or a real one of this very school (DH-158)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        choice = self._choice(request.GET.get("versie", ""))
        language = request.GET.get("taal", "nl")
        language = language if language in LANGUAGES else "nl"
        message = self._message(request.GET.get("kind", ""), language)
        try:
            if request.GET.get("als") == "mail":
                return self._mail(message, choice)
            pdf = default_renderer().render(letter_content(message, choice))
        except RefusedError as exc:
            messages.error(request, str(exc))
            return redirect("admissions:letter-list", self.school.brin)
        response = HttpResponse(pdf, content_type="application/pdf")
        name = pgettext("file name", "example")
        response["Content-Disposition"] = f'inline; filename="{name}-{choice.code}.pdf"'
        return response

    def _choice(self, version: str) -> Choice:
        """The text that is sent; with the number of the newest version, what was stored last."""
        choices = self.choices()
        newest = choices.newest(self.school.pk, self.code())
        return newest if version == str(newest.version) else choices.text(self.school.pk, self.code())

    def _message(self, key: str, language: str) -> Message:
        if key.isdecimal() and len(key) < 16:
            kind = kind_of(self.code())
            row = Message.objects.filter(
                pk=int(key), school=self.school, kind=kind, round__kind=RoundKind.ALM
            ).first()
            if row is None or kind not in LETTER_KINDS:
                raise Http404
            return row
        return sample_message(
            code=self.code(),
            region=self.school.region,
            school=self.school,
            round_=self.round(),
            today=local_day(self.scope.now),
            key=key,
            language=language,
        )

    def _mail(self, message: Message, choice: Choice) -> HttpResponse:
        mail = render_mail(message, choice=choice)
        if self.request.GET.get("html"):
            response = HttpResponse(mail.html)
            # A mail has its looks inside it; apart from those this page may do nothing at all.
            response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
            return response
        return render(
            self.request,
            "admissions/letter_mail.html",
            self.common() | {"mail": mail, "code": choice.code, "post": message.channel == Channel.POST},
        )


class LogoView(LettersPage):
    """The logo of the school: to look at, to replace and to take away (DH-153c)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        logo = SchoolLogo.objects.filter(school=self.school).first()
        if logo is None:
            return redirect(asset("img/logo-grijs.svg"))
        response = HttpResponse(bytes(logo.content), content_type=logo.media_type)
        # A drawing that somebody opens by itself can do nothing, whatever is in it.
        response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        response["Cache-Control"] = "private, max-age=60"
        return response


class LogoChangeView(LettersPage):
    permission = "admissions.change_letters"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        back = redirect(reverse("admissions:school-settings", args=[self.school.brin]) + "#logo")
        if "remove" in request.POST:
            remove_logo(school=self.school)
            messages.success(request, _("The logo is taken away. The name of the school is printed instead."))
            return back
        form = LogoForm(request.POST, request.FILES)
        if not form.is_valid():
            messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
            return back
        try:
            store_logo(school=self.school, content=form.cleaned_data["logo"].read(), actor=self.actor)
        except LogoError as exc:
            messages.error(request, str(exc))
            return back
        messages.success(request, _("The logo is stored. It stands on every letter that was not sent yet."))
        return back
