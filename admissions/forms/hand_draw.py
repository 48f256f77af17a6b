"""What a school types about its decisions and its draw by hand (DH-075 to DH-077)."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from admissions.validators import contains_bsn
from lottery.services.hand_draw import DrawFacts
from schools.fields import day_field, time_field
from schools.models import local_moment

ADMIT, DRAW_OUT = "admit", "draw_out"
CARDS = {"autocomplete": "off", "spellcheck": "false", "rows": 8}


def _refuse_bsn(value: str) -> str:
    if contains_bsn(value):
        raise forms.ValidationError(_("This looks like a citizen service number. It may not be stored here."))
    return value


class DecideForm(forms.Form):
    """Decide on ticked children; whether the rules allow it is judged by the service."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Decision on the ticked children"),
        widget=forms.RadioSelect,
        choices=[
            (ADMIT, pgettext_lazy("decision", "Admit")),
            (DRAW_OUT, pgettext_lazy("decision", "Draw out")),
        ],
        error_messages={
            "required": gettext_lazy("Choose whether you admit these children or draw them out.")
        },
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Only needed when you go against the rules. The office reads it."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_reason(self) -> str:
        return _refuse_bsn(self.cleaned_data["reason"])


class OrderForm(forms.Form):
    """The first typing: what happened, and the cards in the order drawn."""

    day = day_field(gettext_lazy("Day of the draw"))
    at = time_field(gettext_lazy("Time of the draw"))
    drawn_by = forms.CharField(
        label=gettext_lazy("Who drew the cards"),
        max_length=120,
        error_messages={"required": gettext_lazy("Say who drew the cards.")},
    )
    witnesses = forms.CharField(
        label=gettext_lazy("Witnesses"),
        help_text=gettext_lazy("At least two adults, one name on a line."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Type the names of the witnesses, one on a line.")},
    )
    recording = forms.CharField(
        label=gettext_lazy("Where the recording is kept"),
        help_text=gettext_lazy(
            "For example a file name or the place in the archive. The office may ask for it."
        ),
        max_length=200,
        error_messages={"required": gettext_lazy("Say where the recording of the draw is kept.")},
    )
    order = forms.CharField(
        label=gettext_lazy("Card numbers in the order drawn"),
        help_text=gettext_lazy("One number on a line, the first drawn on top. Type all cards."),
        widget=forms.Textarea(attrs=CARDS),
        error_messages={"required": gettext_lazy("Type the card numbers in the order drawn.")},
    )

    def clean_drawn_by(self) -> str:
        return _refuse_bsn(" ".join(self.cleaned_data["drawn_by"].split()))

    def clean_recording(self) -> str:
        return _refuse_bsn(" ".join(self.cleaned_data["recording"].split()))

    def clean_witnesses(self) -> str:
        value = _refuse_bsn(self.cleaned_data["witnesses"])
        long = next((name for name in self._names(value) if not 3 <= len(name) <= 120), None)
        if long is not None:
            raise forms.ValidationError(
                _("“%(name)s” is not a name of 3 to 120 signs.") % {"name": long[:40]}
            )
        return value

    @staticmethod
    def _names(value: str) -> list[str]:
        return [name for line in value.splitlines() if (name := " ".join(line.split()))]

    @property
    def facts(self) -> DrawFacts:
        data: dict[str, Any] = self.cleaned_data
        at: time = data["at"]
        moment: datetime = local_moment(data["day"], at)
        witnesses = tuple(self._names(data["witnesses"]))
        return DrawFacts(data["drawn_by"], moment.isoformat(), data["recording"], witnesses)


class AgainForm(forms.Form):
    """The second typing, without seeing the first."""

    order = forms.CharField(
        label=gettext_lazy("Card numbers in the order drawn, typed again"),
        help_text=gettext_lazy(
            "Take the cards in hand again and read every number. Do not copy the first typing."
        ),
        widget=forms.Textarea(attrs=CARDS),
        error_messages={"required": gettext_lazy("Type the card numbers in the order drawn.")},
    )
