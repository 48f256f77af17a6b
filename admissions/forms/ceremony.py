"""Freezing the lists of a round: randomness, moment of the beacon, and what was seen."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery.enums import Profile
from schools.fields import day_field, time_field
from schools.models import AMSTERDAM, local_moment


class FreezeForm(forms.Form):
    profile = forms.ChoiceField(
        label=gettext_lazy("Where the randomness comes from"),
        choices=Profile.choices,
        widget=forms.RadioSelect,
    )
    day = day_field(gettext_lazy("Day of the beacon"))
    at = time_field(gettext_lazy("Time of the beacon"))
    seen = forms.BooleanField(label=gettext_lazy("I have seen the warnings"), required=False)

    def __init__(self, *args: Any, proposed: datetime, has_warnings: bool, **kwargs: Any) -> None:
        local = proposed.astimezone(AMSTERDAM)
        initial = {"profile": Profile.NB, "day": local.date(), "at": local.strftime("%H:%M")}
        super().__init__(*args, **(kwargs | {"initial": initial}))
        if has_warnings:
            self.fields["seen"].required = True
            self.fields["seen"].error_messages["required"] = _(
                "Look at the warnings and tick that you have seen them."
            )
        else:
            del self.fields["seen"]

    @property
    def moment(self) -> datetime:
        at: time = self.cleaned_data["at"]
        return local_moment(self.cleaned_data["day"], at)
