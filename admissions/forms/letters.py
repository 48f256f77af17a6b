"""The text of a letter, the choice between texts, a logo, and the central list of directors."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.enums import TemplateCode, TemplateUse
from notifications.services.letter_content import printable
from notifications.services.template_editing import FIELDS, Draft, TemplateError, check_draft, markup_of


class TemplateForm(forms.Form):
    """What the service would refuse is said beside the field, with its place; nothing typed is lost."""

    subject = forms.CharField(
        label=_("Subject"), max_length=200, help_text=_("Of the mail; codes may stand in it.")
    )
    reference = forms.CharField(label=_("Reference"), max_length=100)
    date_line = forms.CharField(label=_("Date"), max_length=60)
    body = forms.CharField(
        label=_("Text of the letter"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 26, "spellcheck": "true", "lang": "nl", "data-editor": "body_html"}
        ),
    )
    body_html = forms.CharField(required=False, widget=forms.HiddenInput)
    signature = forms.CharField(
        label=_("Signature"),
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3, "lang": "nl"}),
    )
    enclosure = forms.CharField(
        label=_("Enclosed form"),
        help_text=_("Printed on a page of its own behind the letter."),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "lang": "nl"}),
    )

    def __init__(self, *args: Any, code: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.code = code
        self.fields["body"].required = not self.data.get("body_html")  # the editor sends the text as HTML

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("body_html"):
            # The editor in the browser sends HTML; what is kept is our own markup of it.
            try:
                cleaned["body"] = markup_of(cleaned["body_html"])
            except TemplateError as exc:
                self.add_error("body", exc.faults["body"])
                return cleaned
        draft = self.draft(cleaned)
        for name, texts in check_draft(draft, self.code).items():
            if name not in self.errors:
                self.add_error(name, texts)
        return cleaned

    @staticmethod
    def draft(cleaned: dict[str, Any]) -> Draft:
        return Draft(**{name: str(cleaned.get(name) or "").replace("\r\n", "\n") for name in FIELDS})


class SelectionForm(forms.Form):
    """Which letter for the first choice, and which for a lower one (DH-152)."""

    FIRST = forms.ChoiceField(
        label=TemplateUse.FIRST.label,
        choices=[(code.value, code.label) for code in TemplateCode if code.endswith("_FIRST")],
    )
    LOWER = forms.ChoiceField(
        label=TemplateUse.LOWER.label,
        choices=[(code.value, code.label) for code in TemplateCode if code.endswith("_LOWER")],
    )


class LogoForm(forms.Form):
    logo = forms.FileField(
        label=_("Logo"),
        help_text=_("PNG, JPEG or SVG, at most 1 MB. It is printed 15 mm high."),
        widget=forms.FileInput(attrs={"accept": ".png,.jpg,.jpeg,.svg"}),
        error_messages={
            "required": _("Choose a file first."),
            "empty": _("This file is empty. Choose another one."),
        },
    )


class DirectorForm(forms.Form):
    director_name = forms.CharField(
        label=_("Director or interim director"),
        max_length=120,
        error_messages={"required": _("Fill in the name as it must stand under the letters.")},
    )

    def clean_director_name(self) -> str:
        """One line without signs that have no shape: it is compared with a line of the letter."""
        name = printable(self.cleaned_data["director_name"])
        if not name:
            raise forms.ValidationError(self.fields["director_name"].error_messages["required"])
        return name
