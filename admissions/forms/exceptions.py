"""Asking for a named exception: which one, for whom, in which round, and why."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.exception_enums import ExceptionKind
from admissions.models import Application
from schools.context import round_name
from schools.models import AdmissionYear, Round


class ExceptionForm(forms.Form):
    """``application`` is the child that was found."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Which exception?"),
        choices=ExceptionKind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose an exception.")},
    )
    number = forms.CharField(
        label=gettext_lazy("Registration number of the child"),
        max_length=20,
        widget=forms.TextInput(attrs={"class": "oa-w-m", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Type the number of the child.")},
    )
    round = forms.ModelChoiceField(
        label=gettext_lazy("Round"),
        queryset=Round.objects.none(),
        error_messages={"required": gettext_lazy("Choose a round.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Name no child."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Give the reason in a sentence.")},
    )

    def __init__(self, *args: Any, year: AdmissionYear, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.year = year
        self.application: Application | None = None
        field: Any = self.fields["round"]
        field.queryset = Round.objects.filter(year=year).order_by("position")
        field.label_from_instance = round_name

    def clean_number(self) -> str:
        key = str(self.cleaned_data["number"]).replace("-", "").replace(" ", "").upper()
        self.application = Application.objects.filter(year=self.year, registration_number=key).first()
        if self.application is None:
            raise forms.ValidationError(
                _("There is no child with this number this year. Look at the number again.")
            )
        return key
