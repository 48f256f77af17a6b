"""What is typed at a case: who works on it, notes, and the guided actions that settle it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from admissions.models import Case
from admissions.services.cases.working import possible_owners
from admissions.tables.forms import grouped
from admissions.validators import contains_bsn
from schools.context import round_name
from schools.fields import day_field
from schools.models import AdmissionYear, Region, SchoolRound, User


def text_field(label: Any, required: Any, *, rows: int = 3, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": required},
        **more,
    )


class CaseForm(forms.Form):
    """No text in a case may hold a citizen service number. ``case`` is the case it is about."""

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name, value in list(data.items()):
            if isinstance(value, str) and contains_bsn(value):
                self.add_error(
                    name, _("This looks like a citizen service number. It may not be stored here.")
                )
        return data


class ReasonForm(CaseForm):
    reason = text_field(gettext_lazy("Reason"), gettext_lazy("Give the reason."))


class NoteForm(CaseForm):
    text = text_field(gettext_lazy("Note"), gettext_lazy("Write the note first."))


class HandOverForm(CaseForm):
    """A colleague of the office, and what that colleague should know."""

    owner = forms.ModelChoiceField(
        label=gettext_lazy("Hand over to"),
        queryset=User.objects.none(),
        error_messages={"required": gettext_lazy("Choose a colleague.")},
    )
    note = forms.CharField(
        label=gettext_lazy("What your colleague should know"), required=False, max_length=300
    )

    def __init__(self, *args: Any, owners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = owners  # type: ignore[attr-defined]


class CorrectForm(CaseForm):
    """DH-058: the right date, and what proves it."""

    born = day_field(gettext_lazy("Right date of birth"))
    evidence = text_field(
        gettext_lazy("What proves it"), gettext_lazy("Say what proves the right date of birth."), rows=2
    )


class VoidDuplicateForm(CaseForm):
    """Which of the applications is struck (Q-08)."""

    number = forms.ChoiceField(
        label=gettext_lazy("Strike this application"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose which of these applications is struck.")},
    )
    reason = text_field(gettext_lazy("Reason"), gettext_lazy("Give the reason."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = self.case.about.split("/")
        self.fields["number"].choices = [(n, grouped(n)) for n in numbers]  # type: ignore[attr-defined]


class LateFormForm(CaseForm):
    """Q-31: proof of receipt, and the seven points that the school did not tick."""

    proof = text_field(
        gettext_lazy("Proof that the form came in on time"),
        gettext_lazy("Say what proves that the form came in on time."),
        rows=2,
    )
    is_checked = forms.BooleanField(
        label=gettext_lazy("I went through the seven points of the checklist with the school"),
        error_messages={"required": gettext_lazy("Go through the seven points of the checklist first.")},
    )


class JudgeForm(CaseForm):
    """What a reported withdrawal means for the child (DH-126, DH-128)."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("May the child apply again this year?"),
        widget=forms.RadioSelect,
        choices=[
            ("yes", pgettext_lazy("withdrawal", "Yes, once: the request after moving house was approved")),
            ("no", pgettext_lazy("withdrawal", "No: only a school without a ceiling is left")),
        ],
        error_messages={"required": gettext_lazy("Choose yes or no.")},
    )
    reason = text_field(gettext_lazy("Reason"), gettext_lazy("Give the reason."))


class DisputeForm(forms.Form):
    """A family disputes a draw by hand (Q-32)."""

    seat = forms.ModelChoiceField(
        label=gettext_lazy("School that drew by hand"),
        queryset=SchoolRound.objects.none(),
        error_messages={"required": gettext_lazy("Choose the school and the period.")},
    )
    note = text_field(
        gettext_lazy("What is disputed"),
        gettext_lazy("Write what the family disputes."),
        help_text=gettext_lazy("In a sentence, without names."),
    )

    def __init__(self, *args: Any, year: AdmissionYear, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = SchoolRound.objects.filter(round__year=year, draw_mode="manual", ceiling__isnull=False)
        rows = rows.select_related("programme", "round").order_by("-round__position", "programme__name")
        field: Any = self.fields["seat"]
        field.queryset = rows
        field.label_from_instance = lambda row: f"{row.programme.name}, {round_name(row.round)}"

    def clean_note(self) -> str:
        value: str = self.cleaned_data["note"]
        if contains_bsn(value):
            raise forms.ValidationError(
                _("This looks like a citizen service number. It may not be stored here.")
            )
        return value


class SuccessorForm(forms.Form):
    """Who takes over the open cases of somebody who leaves."""

    successor = forms.ModelChoiceField(
        label=gettext_lazy("Who takes over the open cases"), queryset=User.objects.none(), required=False
    )

    def __init__(self, *args: Any, region: Region, leaving: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = possible_owners(region, is_care=False).exclude(pk=leaving.pk)
        self.fields["successor"].queryset = rows  # type: ignore[attr-defined]
