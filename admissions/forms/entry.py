"""The paper form on the screen: fields in the order of the paper, judged by the services and never by the browser."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.procedures.base import Note
from admissions.services.forms.checks import CLAIMABLE
from admissions.services.forms.live_checks import Judged
from admissions.services.forms.typed_values import FIELDS, LISTED, LONGEST, ON

TEMPLATE = "admissions/partials/entry_field.html"
# Letters go out in Dutch, with a second text for who reads another language better.
LANGUAGES = [
    ("nl", pgettext_lazy("language", "Dutch")),
    ("en", pgettext_lazy("language", "English")),
    ("ar", pgettext_lazy("language", "Arabic")),
    ("tr", pgettext_lazy("language", "Turkish")),
    ("pl", pgettext_lazy("language", "Polish")),
    ("uk", pgettext_lazy("language", "Ukrainian")),
    ("bg", pgettext_lazy("language", "Bulgarian")),
    ("es", pgettext_lazy("language", "Spanish")),
    ("fr", pgettext_lazy("language", "French")),
    ("zh", pgettext_lazy("language", "Chinese")),
]
CLAIM_LABELS = {
    "sibling": (_("Brother or sister"), _("An older brother or sister is already at the school")),
    "preschool": (_("Preschool"), _("The child is at a preschool that works with the school")),
    "staff": (_("Staff"), _("A parent works at the school")),
}
EVIDENCE_LABELS = {
    "sibling": _("Name of the brother or sister"),
    "preschool": _("Name of the preschool"),
    "staff": _("Which parent, and what work"),
}
CHECK_LABELS = {
    1: _("Date of birth is the same as on the identity document"),
    2: _("The child belongs in this period"),
    3: _("Official first name is the same as on the identity document"),
    4: _("Everything is legible and filled in"),
    5: _("Looked whether extra support is needed"),
    6: _("Five schools, or a brother or sister at the school"),
    7: _("The form has been signed"),
}


def text(label: Any, css: str, *, optional: bool = False, hint: Any = "", **attrs: str) -> forms.CharField:
    field = forms.CharField(
        label=label,
        required=False,
        max_length=None,
        strip=False,
        help_text=hint,
        widget=forms.TextInput(attrs={"autocomplete": "off", **attrs}),
    )
    field.css, field.is_optional = css, optional  # type: ignore[attr-defined]
    return field


def tick(label: Any, hint: Any = "") -> forms.CharField:
    """A tick box whose value is the text ``1``, so that typed values are texts everywhere."""
    return forms.CharField(
        label=label,
        required=False,
        help_text=hint,
        widget=forms.CheckboxInput(attrs={"value": ON}, check_test=lambda value: value == ON),
    )


class ScanForm(forms.Form):
    """The field for a hand scanner, which types as a keyboard does (DH-038); the service says what it means."""

    code = forms.CharField(
        label=_("Code on the printed form"),
        help_text=_(
            "Did the parents type on the screen and print? Scan the code: it fills the fields of a draft. "
            "Compare every field with the paper. Priority and the check you fill in yourself."
        ),
        error_messages={"required": _("Put the cursor in this field and scan the code.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class EntryForm(forms.Form):
    """Every field takes anything; ``say`` puts the lines of the services beside them."""

    given_name = text(_("Official first name"), "c4", hint=_("As on the passport or identity card"))
    surname_prefix = text(_("Prefix"), "c3", hint=_("May stay empty"))
    surname = text(_("Family name"), "c5", hint=_("As on the passport or identity card"))
    date_of_birth = text(_("Date of birth"), "c4", hint=_("Type for example 4-3-21"), inputmode="text")
    received_on = text(_("Form received on"), "c4")
    channel = forms.ChoiceField(
        label=_("How received"),
        required=False,
        help_text=_("This is how the parents handed it in"),
        choices=[
            ("paper", pgettext_lazy("channel", "On paper")),
            ("email", pgettext_lazy("channel", "By e-mail")),
        ],
    )
    postcode = text(_("Postcode"), "c3 c6k")
    house_number = text(_("House number"), "c2 c6k")
    street = text(_("Street"), "c4")
    place = text(_("Place"), "c3")
    is_twin = tick(
        _("A twin, also applied for now"),
        _(
            "Or another child of the family with the same birthday. The two forms are then looked at together."
        ),
    )
    guardian_name = text(_("Name of parent 1"), "c6")
    guardian2_name = text(_("Name of parent 2"), "c6", optional=True)
    email = text(_("E-mail address of parent 1"), "c6", inputmode="email")
    guardian2_email = text(_("E-mail address of parent 2"), "c6", optional=True, inputmode="email")
    phone = text(_("Phone number"), "c4", inputmode="tel")
    language = forms.ChoiceField(label=_("Language of the letter"), required=False, choices=LANGUAGES)
    no_email = tick(_("The parents have no e-mail"), _("The confirmation then goes by post."))
    care_request = forms.ChoiceField(
        label=_("Do the parents ask for extra support at school?"),
        required=False,
        choices=[("0", pgettext_lazy("answer", "No")), ("1", _("Yes, plan a meeting"))],
        widget=forms.RadioSelect,
    )
    care_note = forms.CharField(
        label=_("What the parents wrote about it"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )

    def __init__(
        self,
        typed: Mapping[str, str],
        *,
        claims: Iterable[str] = CLAIMABLE,
        partners: str = "",
        window: Any = "",
        is_born_fixed: bool = False,
    ) -> None:
        super().__init__(data=None, initial=dict(typed), auto_id="%s")
        for kind in CLAIMABLE:
            if kind not in claims:
                continue
            label, hint = CLAIM_LABELS[kind]
            self.fields[f"claim_{kind}"] = tick(label, hint)
            self.fields[f"evidence_{kind}"] = text(
                EVIDENCE_LABELS[kind], "", hint=partners if kind == "preschool" else ""
            )
            self.fields[f"checked_{kind}"] = tick(_("We have checked this: it is right"))
        for rank, name in enumerate(LISTED, start=2):
            self.fields[name] = text(_("School %(rank)d") % {"rank": rank}, "", list="schools")
        for point in (1, 3, 4, 5, 7):
            self.fields[f"check_{point}"] = tick(CHECK_LABELS[point])
        self.fields["received_on"].help_text = window
        for name in ("channel", "language"):
            self.fields[name].css = "c4"  # type: ignore[attr-defined]
        self.fields["care_note"].css, self.fields["care_note"].is_optional = "", True  # type: ignore[attr-defined]
        if is_born_fixed:
            self.fields["date_of_birth"].widget.attrs["readonly"] = True
            self.fields["date_of_birth"].help_text = _("Is it wrong? Use “report wrong birth date”.")
        self.lines: dict[str, list[Note]] = {}
        for name, field in self.fields.items():
            field.template_name = TEMPLATE  # type: ignore[attr-defined]
            described = f"{name}_helptext {name}_note" if field.help_text else f"{name}_note"
            field.widget.attrs["aria-describedby"] = described
            if not isinstance(field.widget, forms.RadioSelect | forms.CheckboxInput | forms.Select):
                field.widget.attrs["maxlength"] = str(LONGEST)

    def say(self, judged: Judged, *, live: bool, typed: Mapping[str, str]) -> None:
        """Put notes and problems beside their fields."""
        self.lines = judged.lines(live=live, typed=set(typed))
        for name, lines in self.lines.items():
            if name in self.fields and any(line.kind == "error" for line in lines):
                self.fields[name].widget.attrs["aria-invalid"] = "true"

    @staticmethod
    def read(data: Mapping[str, str]) -> dict[str, str]:
        """The typed values of a request: known fields only; a school chosen from several found ones takes its field."""
        typed = {name: data.get(name, "") for name in FIELDS if data.get(name, "")}
        return typed | {name: data[f"keuze_{name}"] for name in LISTED if data.get(f"keuze_{name}")}
