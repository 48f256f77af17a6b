"""What officials type at a draw session. Nothing typed is lost: a wrong sign is named beside its field."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from lottery.services.attesting import Statement
from lottery.services.sessions import THROWS
from schools.fields import day_field, time_field
from schools.models import local_moment

BOX = 10  # throws in one box
BOXES = THROWS // BOX
FACES = "123456"
CODE_INPUT = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class DiceForm(forms.Form):
    """60 throws in six boxes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for box in range(1, BOXES + 1):
            first, last = (box - 1) * BOX + 1, box * BOX
            self.fields[f"d{box}"] = forms.CharField(
                label=_("Throw %(first)d to %(last)d") % {"first": first, "last": last},
                required=False,  # an empty box has a sentence of its own
                max_length=2 * BOX,  # spaces included
                widget=forms.TextInput(
                    attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": BOX, "data-dice": True}
                ),
            )

    @property
    def dice(self) -> Iterator[Any]:
        return (self[f"d{box}"] for box in range(1, BOXES + 1))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for box in range(1, BOXES + 1):
            digits = "".join(str(data.get(f"d{box}", "")).split())
            wrong = next((at for at, digit in enumerate(digits) if digit not in FACES), None)
            if wrong is not None:
                throw = {"throw": (box - 1) * BOX + wrong + 1, "digit": digits[wrong]}
                self.add_error(
                    f"d{box}",
                    _("Throw %(throw)d is “%(digit)s”: a die shows 1 to 6. Type that throw again.") % throw,
                )
            elif len(digits) != BOX:
                count = {"box": box, "count": len(digits)}
                told = ngettext(
                    "Box %(box)d has %(count)d throw. There must be 10.",
                    "Box %(box)d has %(count)d throws. There must be 10.",
                    len(digits),
                )
                self.add_error(f"d{box}", told % count)
        return data

    @property
    def values(self) -> Sequence[str]:
        return [self.cleaned_data[f"d{box}"] for box in range(1, BOXES + 1)]


class BeaconForm(forms.Form):
    """Round, value and signature as another device shows them; what the program fetched needs no signature."""

    round = forms.ChoiceField(label=pgettext_lazy("beacon", "Round"))
    value = forms.CharField(
        label=gettext_lazy("Value (randomness), 64 signs"),
        max_length=200,
        widget=forms.TextInput(attrs=CODE_INPUT | {"class": "oa-hash"}),
        error_messages={"required": gettext_lazy("Type the value of the beacon.")},
    )
    signature = forms.CharField(
        label=gettext_lazy("Signature, 96 signs"),
        max_length=300,
        widget=forms.Textarea(attrs=CODE_INPUT | {"class": "oa-hash", "rows": 2}),
        error_messages={"required": gettext_lazy("Type the signature of the beacon.")},
    )

    def __init__(
        self, *args: Any, rounds: Sequence[int], needs_signature: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if not needs_signature:
            self.fields["signature"].required = False
            self.fields["signature"].help_text = _(
                "You may leave this empty: the program has fetched it. Compare the value."
            )
        reserve = _("%(round)d (reserve)")
        self.fields["round"].choices = [  # type: ignore[attr-defined]
            (number, str(number) if at == 0 else reserve % {"round": number})
            for at, number in enumerate(rounds)
        ]

    @property
    def values(self) -> Sequence[str]:
        return [self.cleaned_data[name] for name in ("round", "value", "signature")]


class SecretForm(forms.Form):
    secret = forms.CharField(
        label=gettext_lazy("Secret from the envelope, 64 signs"),
        max_length=200,
        widget=forms.TextInput(attrs=CODE_INPUT | {"class": "oa-hash"}),
        error_messages={"required": gettext_lazy("Type the secret from the envelope.")},
    )

    @property
    def values(self) -> Sequence[str]:
        return [self.cleaned_data["secret"]]


class OrderForm(forms.Form):
    """The numbers of one draw in the order in which they were drawn."""

    draw = forms.CharField(max_length=32, widget=forms.HiddenInput)
    order = forms.CharField(
        label=gettext_lazy("Numbers in the order drawn"),
        help_text=gettext_lazy("One number on a line, the first drawn on top."),
        widget=forms.Textarea(attrs=CODE_INPUT | {"rows": 10}),
        error_messages={"required": gettext_lazy("Type the numbers in the order drawn.")},
    )

    @property
    def values(self) -> Sequence[str]:
        return [self.cleaned_data["draw"], self.cleaned_data["order"]]


class WitnessForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the witness, and for whom"),
        max_length=120,
        error_messages={
            "required": gettext_lazy("Type the name of the witness and for whom he or she is there.")
        },
    )


class SittingForm(forms.Form):
    """Place and time of the sitting."""

    place = forms.CharField(
        label=gettext_lazy("Place: building and town"),
        max_length=120,
        error_messages={"required": gettext_lazy("Type where the sitting is held: building and town.")},
    )
    day = day_field(gettext_lazy("Day of the sitting"))
    at = time_field(gettext_lazy("Time the sitting begins"))

    @property
    def moment(self) -> datetime:
        return local_moment(self.cleaned_data["day"], self.cleaned_data["at"])


class SignedCopyForm(forms.Form):
    """The record as the notary signed it."""

    copy = forms.FileField(
        label=gettext_lazy("The record as you signed it (PDF)"),
        allow_empty_file=True,  # an empty file has a sentence of its own
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={"required": gettext_lazy("Choose the PDF that you signed.")},
    )


class IncidentForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("What happened"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say what happened.")},
    )


class VoidForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason; it stands in the record"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Give the reason in a sentence; it stands in the record.")},
    )


class AttestForm(forms.Form):
    """The sentences of the notary, one tick each."""

    def __init__(self, *args: Any, statements: Sequence[Statement], needs_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.statements = statements
        for statement in statements:
            self.fields[statement.key] = forms.BooleanField(
                label=statement.text,
                error_messages={
                    "required": _("Tick this, or write down below what happened and call the office.")
                },
            )
        self.fields["incident"] = forms.CharField(
            label=_("Incidents"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3})
        )
        if needs_code:
            self.fields["code"] = forms.CharField(
                label=_("Code from your app"),
                help_text=_("6 digits"),
                max_length=10,
                widget=forms.TextInput(
                    attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "oa-w-s"}
                ),
                error_messages={"required": _("Type the code from your app.")},
            )
