"""The letters of the programme office, and the words of a region behind those of its schools (DH-156)."""

from typing import Any

from csp.constants import NONCE
from csp.decorators import csp_update
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from admissions.forms.letters import TemplateForm
from admissions.selectors.outbox import messages_of
from admissions.views.letter_templates import LANGUAGE_NAMES, REAL_CHILDREN
from admissions.views.office import OfficePage
from notifications.enums import MessageKind, TemplateCode
from notifications.models import LetterTemplate, Message
from notifications.services.letter_content import LETTER_KINDS, letter_content
from notifications.services.letter_renderer import default_renderer
from notifications.services.mail_content import render_mail
from notifications.services.markup import editor_html
from notifications.services.merge_codes import codes_for, conditions_for
from notifications.services.samples import SAMPLES, sample_message
from notifications.services.template_choice import (
    CENTRAL_CODES,
    SCHOOL_CODES,
    Choice,
    Choices,
    as_choice,
    default_choice,
    kind_of,
)
from notifications.services.template_editing import FIELDS, Draft, TemplateError, save_template
from notifications.services.texts import LANGUAGES, text_of
from schools.context import current_round, local_day
from schools.errors import RefusedError

CODES: tuple[str, ...] = tuple(
    str(code) for code in (*SCHOOL_CODES, *CENTRAL_CODES) if text_of(str(code)) is not None
)


def label_of(code: str) -> str:
    return str(TemplateCode(code).label if code in SCHOOL_CODES else MessageKind(code).label)


class OfficeLettersPage(OfficePage):
    permission = "admissions.change_central_letters"

    def code(self) -> str:
        code = str(self.kwargs["template"])
        if code not in CODES:
            raise Http404
        return code

    def choice(self) -> Choice:
        return Choices(self.region.pk, []).text(None, self.code())

    def real(self) -> QuerySet[Message]:
        """Messages of this kind to look at (DH-158): about real children, as far as this person may read them."""
        return messages_of(self.scope).filter(kind=kind_of(self.code()))


class OfficeLetterListView(OfficeLettersPage):
    """Every text of the region."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        choices = Choices(self.region.pk, [])
        texts = [(code, label_of(code), choices.text(None, code)) for code in CODES]
        return render(request, "admissions/office_letters.html", self.common() | {"texts": texts})


# As for the editor of a school: Trix makes one style element.
@method_decorator(csp_update({"style-src": [NONCE]}), name="dispatch")
class OfficeLetterEditView(OfficeLettersPage):
    """Change a text of the region; a school that has a text of its own keeps that."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        choice, version = self.choice(), request.GET.get("versie", "")
        if version.isdecimal() and len(version) < 6:
            choice = self._version(int(version))
        draft = Draft.of(choice)
        form = TemplateForm(initial={name: getattr(draft, name) for name in FIELDS}, code=self.code())
        return self.answer(form, choice)

    def _version(self, version: int) -> Choice:
        if version == 0:
            return default_choice(self.code())
        row = self.versions().filter(version=version).first()
        if row is None:
            raise Http404
        return as_choice(row)

    def versions(self) -> Any:
        rows = LetterTemplate.objects.filter(region=self.region, school=None, code=self.code())
        return rows.select_related("saved_by").order_by("-version")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = TemplateForm(request.POST, code=self.code())
        if form.is_valid():
            try:
                saved = save_template(
                    region=self.region,
                    school=None,
                    code=self.code(),
                    draft=form.draft(form.cleaned_data),
                    actor=request.user,  # type: ignore[arg-type]
                )
            except TemplateError as exc:
                for name, texts in exc.faults.items():
                    form.add_error(name, texts)
            else:
                stored = _("Stored as version %(n)d. Letters that were not sent are made with it.")
                messages.success(request, stored % {"n": saved.version})
                return redirect("admissions:office-letter-edit", self.code())
        return self.answer(form, self.choice())

    def answer(self, form: TemplateForm, choice: Choice) -> HttpResponse:
        kind, rejected = kind_of(self.code()), form.data.get("body_html", "") if form.errors else ""
        context = self.common() | {
            "list_url": reverse("admissions:office-letters"),
            "preview_url": reverse("admissions:office-letter-preview", args=[self.code()]),
            "form": form,
            "label": label_of(self.code()),
            "code": self.code(),
            "choice": choice,
            "codes": codes_for(kind),
            "conditions": conditions_for(kind).items(),
            "editor_html": "" if rejected else editor_html(str(form["body"].value() or "")),
            "rejected_html": rejected,
            "versions": self.versions()[:20],
            "samples": SAMPLES,
            "languages": LANGUAGE_NAMES.items(),
            "real": self.real().order_by("-pk")[:REAL_CHILDREN],
        }
        return render(
            self.request, "admissions/letter_edit.html", context, status=422 if form.errors else 200
        )


class OfficeLetterPreviewView(OfficeLettersPage):
    """An example for a made-up child; what goes by mail only is shown as a mail."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        choice, message = self.choice(), self.message(request.GET.get("kind", ""))
        try:
            if request.GET.get("als") == "mail" or message.kind not in LETTER_KINDS:
                html = HttpResponse(render_mail(message, choice=choice).html)
                html["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
                return html
            pdf = default_renderer().render(letter_content(message, choice))
        except RefusedError as exc:
            messages.error(request, str(exc))
            return redirect("admissions:office-letters")
        response = HttpResponse(pdf, content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="voorbeeld-{choice.code}.pdf"'
        return response

    def message(self, key: str) -> Message:
        """The message of a real child, or one that was made up for this example."""
        if key.isdecimal() and len(key) < 16:
            return get_object_or_404(self.real(), pk=int(key))
        language = self.request.GET.get("taal", "nl")
        return sample_message(
            code=self.code(),
            region=self.region,
            school=None,
            round_=current_round(list(self.scope.rounds), local_day(self.scope.now)),
            today=local_day(self.scope.now),
            key=key,
            language=language if language in LANGUAGES else "nl",
        )
