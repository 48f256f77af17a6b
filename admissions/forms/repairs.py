"""What is asked of a repair: the child or school it is about, what is right, why, and on which decision."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from admissions.enums import RepairKind
from admissions.models import Application
from admissions.validators import contains_bsn
from lottery.enums import SessionKind, SessionState
from lottery.models import DrawSession
from schools.fields import day_field
from schools.models import AdmissionYear, Programme, Round


class RepairForm(forms.Form):
    """Reason and document; the kinds add what they need."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It stands in the record. Name no child."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Give the reason in a sentence; it stands in the record.")},
    )
    document = forms.CharField(
        label=gettext_lazy("Written objection or decision"),
        help_text=gettext_lazy("Its date and reference."),
        max_length=200,
        error_messages={
            "required": gettext_lazy("Name the written objection or decision: without it nothing is mended.")
        },
    )

    def __init__(self, *args: Any, year: AdmissionYear, round_: Round, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.year, self.round = year, round_
        self.application: Application | None = None

    def clean_reason(self) -> str:
        value: str = self.cleaned_data["reason"]
        if contains_bsn(value):
            raise forms.ValidationError(
                _("This looks like a citizen service number. It may not be stored here.")
            )
        return value

    @property
    def session(self) -> DrawSession | None:
        """The session it is about, where that is not the one of the round."""
        return None

    def found(self, typed: str) -> Application:
        """The application with this registration number or form reference, in this year."""
        key = typed.replace("-", "").strip()
        rows = Application.objects.filter(year=self.year).select_related("form", "child", "first_choice")
        found = rows.filter(registration_number=key.upper()).first()
        found = found or rows.filter(form__form_reference__iexact=typed.strip()).first()
        if found is None:
            raise forms.ValidationError(
                _("There is no child with this number this year. Look at the number again.")
            )
        return found

    @property
    def details(self) -> dict[str, Any]:
        return {}


def number_field(*, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Registration number or form reference of the child"),
        max_length=40,
        required=required,
        error_messages={"required": gettext_lazy("Type the number of the child.")},
    )


class ChildRepairForm(RepairForm):
    """A forgotten child."""

    number = number_field()
    field_order = ["number", "reason", "document"]

    def clean_number(self) -> str:
        self.application = self.found(self.cleaned_data["number"])
        return self.application.registration_number


class BirthDateForm(ChildRepairForm):
    """The right date of birth."""

    born = day_field(gettext_lazy("Right date of birth"))
    field_order = ["number", "born", "reason", "document"]

    @property
    def details(self) -> dict[str, Any]:
        return {"born": self.cleaned_data["born"].isoformat()}


class ShadowForm(RepairForm):
    """A class at the first choice, a number of places, or both."""

    number = number_field(required=False)
    tier = forms.IntegerField(
        label=gettext_lazy("Right class at its first choice"), min_value=1, max_value=9, required=False
    )
    school = forms.ModelChoiceField(
        label=gettext_lazy("School with a wrong number of places"),
        queryset=Programme.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=pgettext_lazy("choice", "None"),
    )
    places = forms.IntegerField(
        label=gettext_lazy("Right number of places in this draw"), min_value=0, max_value=9999, required=False
    )
    field_order = ["number", "tier", "school", "places", "reason", "document"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Programme.objects.filter(school_rounds__round=self.round, school_rounds__ceiling__isnull=False)
        self.fields["school"].queryset = rows.order_by("name")  # type: ignore[attr-defined]

    def clean_number(self) -> str:
        typed: str = self.cleaned_data["number"]
        return self.found(typed).registration_number if typed.strip() else ""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        for one, other, text in (
            ("number", "tier", _("Type the right class of this child.")),
            ("tier", "number", _("Type of which child the class was wrong.")),
            ("school", "places", _("Type the right number of places of this school.")),
            ("places", "school", _("Choose of which school the number of places was wrong.")),
        ):
            if data.get(one) not in (None, "") and data.get(other) in (None, ""):
                self.add_error(other, text)
        if not data.get("number") and not data.get("school"):
            self.add_error(None, _("Say which class or which number of places was wrong."))
        return data

    @property
    def details(self) -> dict[str, Any]:
        data, found = self.cleaned_data, {}
        if data["number"]:
            found["tiers"] = {data["number"]: data["tier"]}
        if data["school"]:
            found["places"] = {data["school"].code: data["places"]}
        return found


class MissingBeaconForm(RepairForm):
    """Only a reason: what was looked at, and where."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["document"]


class NewOrderForm(RepairForm):
    """A finished draw by hand of a school, and what its recording showed (Q-32, DH-077)."""

    draw = forms.ModelChoiceField(
        label=gettext_lazy("Draw by hand"),
        queryset=DrawSession.objects.none(),
        to_field_name="name",
        empty_label=pgettext_lazy("choice", "Choose a draw"),
        error_messages={
            "required": gettext_lazy("Choose the draw that is disputed."),
            "invalid_choice": gettext_lazy("Choose a draw by hand that was finished in this round."),
        },
    )
    recording = forms.CharField(
        label=gettext_lazy("What does the recording show?"),
        help_text=gettext_lazy("Or why there is none. Only an order that cannot be shown is drawn again."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": gettext_lazy("Say what the recording shows, or why there is none.")},
    )
    field_order = ["draw", "recording", "reason", "document"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = DrawSession.objects.filter(
            round=self.round, kind=SessionKind.SCHOOL, state=SessionState.APPLIED
        )
        field: Any = self.fields["draw"]
        field.queryset = rows.only("name", "key").order_by("key")
        self.fields["document"].label = _("Decision of manager and boards")

    def clean_recording(self) -> str:
        value: str = self.cleaned_data["recording"]
        if contains_bsn(value):
            raise forms.ValidationError(
                _("This looks like a citizen service number. It may not be stored here.")
            )
        return value

    @property
    def session(self) -> DrawSession | None:
        found: DrawSession | None = self.cleaned_data.get("draw")
        return found

    @property
    def details(self) -> dict[str, Any]:
        return {"recording": self.cleaned_data["recording"]}


FORMS: dict[str, type[RepairForm]] = {
    RepairKind.MINI_SESSION: ChildRepairForm,
    RepairKind.SHADOW: ShadowForm,
    RepairKind.MISSING_BEACON: MissingBeaconForm,
    RepairKind.BIRTH_DATE: BirthDateForm,
    RepairKind.NEW_ORDER: NewOrderForm,
}
# The kinds in addresses, in Dutch like the others.
SLUGS: dict[str, str] = {
    "vergeten-kind": RepairKind.MINI_SESSION,
    "schaduwuitslag": RepairKind.SHADOW,
    "baken-ontbreekt": RepairKind.MISSING_BEACON,
    "geboortedatum": RepairKind.BIRTH_DATE,
    "nieuwe-volgorde": RepairKind.NEW_ORDER,
}
