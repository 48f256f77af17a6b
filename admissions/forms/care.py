"""What is typed in the care route (den-haag.md 4.3)."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from admissions.enums import CareState
from admissions.validators import contains_bsn
from schools.fields import day_field
from schools.models import SchoolRound


def without_number(note: str) -> str:
    """The note, stripped. Errors: ValidationError for a citizen service number in it (DH-040)."""
    if contains_bsn(note):
        raise forms.ValidationError(_("This looks like a citizen service number. It may not be stored here."))
    return note.strip()


class NoteForm(forms.Form):
    """A remark that goes with a step."""

    note = forms.CharField(
        label=gettext_lazy("Remark"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Only your school and the programme manager read this. No citizen number."),
    )

    def clean_note(self) -> str:
        return without_number(self.cleaned_data["note"])


class SignalForm(NoteForm):
    """Strong signs without a wish of the parents (DH-174)."""

    number = forms.CharField(
        label=gettext_lazy("Registration number"),
        max_length=20,
        help_text=gettext_lazy("It stands on the page of the child, for example K7QD-2M9F."),
        widget=forms.TextInput(attrs={"class": "oa-w-m", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Fill in the registration number of the child.")},
    )
    field_order = ("number", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].label = _("What makes you think of extra support?")
        self.fields["note"].required = True
        self.fields["note"].error_messages["required"] = _("Say in one sentence what you saw or heard.")

    def clean_number(self) -> str:
        return str(self.cleaned_data["number"]).replace("-", "").replace(" ", "").upper()


class MeetingForm(NoteForm):
    """The day of the meeting (MDO)."""

    on = day_field(gettext_lazy("Day of the meeting"))
    field_order = ("on", "note")


class HeldForm(MeetingForm):
    """The meeting took place, perhaps on another day than was planned."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].label = _("On which day was it held?")


class OutcomeForm(NoteForm):
    """Whether care duty was found; a fact of the school, with its day (DH-175)."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("What did the meeting find?"),
        widget=forms.RadioSelect,
        choices=[
            (CareState.DUTY_YES, pgettext_lazy("care outcome", "Care duty: the child needs extra support")),
            (CareState.DUTY_NO, pgettext_lazy("care outcome", "No care duty")),
        ],
        error_messages={"required": gettext_lazy("Choose what the meeting found.")},
    )
    on = day_field(gettext_lazy("Day of the outcome"))
    field_order = ("outcome", "on", "note")


class LetterForm(forms.Form):
    body = forms.CharField(
        label=gettext_lazy("What the letter says about support"),
        widget=forms.Textarea(attrs={"rows": 12}),
        max_length=6000,
        help_text=gettext_lazy(
            "Leave an empty line between paragraphs. Address, place, reply period and signature are added for you."
        ),
        error_messages={"required": gettext_lazy("Write the letter first.")},
    )


class ReviewForm(forms.Form):
    """What the programme manager says about the letter of a school."""

    remarks = forms.CharField(
        label=gettext_lazy("Remarks for the school"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Needed when the letter goes back."),
    )

    def clean_remarks(self) -> str:
        return without_number(self.cleaned_data["remarks"])


class ReasonForm(NoteForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].label = _("Reason")
        self.fields["note"].required = True
        self.fields["note"].error_messages["required"] = _("Give the reason.")


class CareDayForm(forms.Form):
    """A provisional day of the start talk (DH-020)."""

    round = forms.ChoiceField(label=gettext_lazy("Round"))
    day = day_field(gettext_lazy("Day"))
    note = forms.CharField(
        label=gettext_lazy("Where and with whom"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("No names of children."),
    )

    def __init__(self, *args: Any, school_rounds: list[tuple[SchoolRound, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rounds = {str(row.pk): row for row, _name in school_rounds}
        self.fields["round"].choices = [  # type: ignore[attr-defined]
            (str(row.pk), name) for row, name in school_rounds
        ]

    def clean_note(self) -> str:
        return without_number(self.cleaned_data["note"])
