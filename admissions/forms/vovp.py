"""Typing an opt-in from the mailbox of the parents' desk, in one go and with the keyboard alone."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.opt_in_enums import OptInChannel, OptOutReason
from admissions.services.forms.typed_values import Listed, find_schools
from schools.models import AMSTERDAM

SCHOOLS = 5  # at once; more can be added afterwards
CLOCK = re.compile(r"^(\d{1,2})[:.]?(\d{2})$")


class ReceivedForm(forms.Form):
    """When the message came; the moment decides whether it was in time (DH-134)."""

    day = forms.DateField(
        label=gettext_lazy("Received on"),
        input_formats=("%Y-%m-%d", "%d-%m-%Y", "%d-%m-%y"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "oa-w-m"}),
        error_messages={
            "required": gettext_lazy("Type the day on which the message came."),
            "invalid": gettext_lazy("This is not a day. Write it as 14-5-2024."),
        },
    )
    at = forms.CharField(
        label=gettext_lazy("Time"),
        max_length=5,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "oa-w-s", "autocomplete": "off"}),
        help_text=gettext_lazy("As it stands in the mail, like 9:05 or 0905."),
        error_messages={"required": gettext_lazy("Type the time at which the message came.")},
    )

    def clean_at(self) -> str:
        found = CLOCK.match(self.cleaned_data["at"].strip())
        if found is None or int(found[1]) > 23 or int(found[2]) > 59:
            raise forms.ValidationError(_("This is not a time. Write it as 9:05."))
        return f"{int(found[1]):02}:{found[2]}"

    @property
    def received_at(self) -> datetime:
        hour, minute = self.cleaned_data["at"].split(":")
        day = self.cleaned_data["day"]
        return datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=AMSTERDAM)


class AddedSchoolsForm(ReceivedForm):
    """Also the schools an unplaced family puts behind its list (DH-131, Q-28): a part of the name or the BRIN."""

    def __init__(self, *args: Any, directory: Mapping[str, Listed], may_add: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.directory = directory
        self.may_add = may_add
        for number in range(1, SCHOOLS + 1):
            self.fields[f"school_{number}"] = forms.CharField(
                label=_("School to add, %(number)d") % {"number": number},
                required=False,
                max_length=120,
                widget=forms.TextInput(attrs={"list": "schools", "autocomplete": "off"}),
            )
            self.fields[f"school_{number}"].is_conditional = True  # type: ignore[attr-defined]

    @property
    def schools(self) -> list[Any]:
        return [self[f"school_{number}"] for number in range(1, SCHOOLS + 1)]

    @property
    def typed_schools(self) -> bool:
        return any(field.value() for field in self.schools)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        added: list[str] = []
        for number in range(1, SCHOOLS + 1):
            name = f"school_{number}"
            text = str(data.get(name) or "").strip()
            if not text:
                continue
            if not self.may_add:
                # A refusal stands in the service too; here it comes with what was typed still on the screen.
                self.add_error(
                    name,
                    _("A child that has a place takes part with its own list: no schools can be added."),
                )
                continue
            found = find_schools(text, self.directory)
            if len(found) == 1:
                added.append(found[0].code)
            elif found:
                names = ", ".join(school.label for school in found[:4])
                self.add_error(
                    name, _("More than one school fits: %(schools)s. Type more.") % {"schools": names}
                )
            else:
                self.add_error(name, _("No school has this name or BRIN."))
        data["added"] = added
        return data


class OptInForm(AddedSchoolsForm):
    """One message: when it came, how, and what it adds."""

    channel = forms.ChoiceField(label=gettext_lazy("How"), choices=OptInChannel.choices)
    field_order = ("day", "at", "channel")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].widget.attrs["autofocus"] = True  # a message of now is one Enter away


class OptOutForm(forms.Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("Why"),
        widget=forms.RadioSelect,
        choices=OptOutReason.choices,
        error_messages={"required": gettext_lazy("Choose why the opt-in is taken back.")},
    )


class FindFamilyForm(forms.Form):
    """One box: registration number, form reference, name or birth date."""

    q = forms.CharField(
        label=gettext_lazy("Registration number, form reference, name or birth date"),
        max_length=120,
        widget=forms.SearchInput(attrs={"autofocus": True, "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Type what stands in the mail: the number is quickest.")},
    )
