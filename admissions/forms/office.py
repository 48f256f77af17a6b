"""Dice, clock and reset: what the programme office types in a rehearsal."""

import secrets
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.services.year.csv_files import FileError, read_table
from lottery.services.sessions import THROWS
from schools.enums import RoundKind
from schools.fields import day_field, time_field
from schools.models import AdmissionYear, Round, local_moment

BOX = 10  # throws in one box
BOXES = THROWS // BOX
FACES = "123456"
MAX_UPLOAD = 4 * 1024 * 1024
OPT_IN_COLUMNS = ("form_reference", "added_preferences")


def throw_dice() -> str:
    """60 throws of the operating system's generator: good enough for a rehearsal, never for a real draw."""
    return "".join(secrets.choice(FACES) for _throw in range(THROWS))


class PlayRoundForm(forms.Form):
    """60 dice digits in six boxes, for a VOVP the opt-ins, and the confirmation."""

    opt_ins = forms.FileField(
        label=gettext_lazy("Who takes part (CSV file)"),
        help_text=gettext_lazy(
            "Columns form_reference and added_preferences. Without a file those who were registered take part; "
            "when nobody was, every invited family."
        ),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    confirm = forms.BooleanField(
        error_messages={"required": gettext_lazy("Tick that you want to play this round now.")}
    )

    def __init__(self, *args: Any, round_: Round, name: str, digits: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.round = round_
        for box in range(1, BOXES + 1):
            first, last = (box - 1) * BOX + 1, box * BOX
            self.fields[f"d{box}"] = forms.CharField(
                label=_("Throw %(first)d to %(last)d") % {"first": first, "last": last},
                required=False,  # an empty box has a sentence of its own
                max_length=2 * BOX,  # spaces included
                initial=digits[(box - 1) * BOX : box * BOX],
                widget=forms.TextInput(
                    attrs={
                        "inputmode": "numeric",
                        "autocomplete": "off",
                        "maxlength": BOX,
                        "data-dice": True,
                    }
                ),
            )
        self.fields["confirm"].label = _("Yes, close %(round)s and draw now") % {"round": name}
        if round_.kind != RoundKind.VOVP:
            del self.fields["opt_ins"]

    @property
    def dice(self) -> Iterator[Any]:
        return (self[f"d{box}"] for box in range(1, BOXES + 1))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for box in range(1, BOXES + 1):
            name = f"d{box}"
            if name in self.errors:
                continue
            digits = "".join(str(data.get(name, "")).split())
            problem = _box_problem(digits, box)
            if problem:
                self.add_error(name, problem)
            data[name] = digits
        data["digits"] = "".join(data.get(f"d{box}", "") for box in range(1, BOXES + 1))
        return data

    def clean_opt_ins(self) -> bytes | None:
        file: UploadedFile[Any] | None = self.cleaned_data["opt_ins"]
        if file is None:
            return None
        if (file.size or 0) > MAX_UPLOAD:
            raise forms.ValidationError(_("This file is too large. Choose a file of at most 4 MB."))
        content: bytes = file.read()
        try:
            read_table(content, name=file.name or "", required=OPT_IN_COLUMNS)
        except FileError as exc:
            raise forms.ValidationError(str(exc)) from exc
        self.opt_ins_name = file.name or ""
        return content

    opt_ins_name = ""


def _box_problem(digits: str, box: int) -> str:
    wrong = next((digit for digit in digits if digit not in FACES), "")
    if wrong:
        return _("Box %(box)d: a die has no %(digit)s. Type that throw again.") % {"box": box, "digit": wrong}
    if len(digits) < BOX:
        return _("Box %(box)d has %(count)d throws. Type 10.") % {"box": box, "count": len(digits)}
    if len(digits) > BOX:
        return _("Box %(box)d has %(count)d throws. Leave out what is too many.") % {
            "box": box,
            "count": len(digits),
        }
    return ""


class ClockForm(forms.Form):
    """The moment it becomes in the rehearsal year."""

    day = day_field(gettext_lazy("Day"))
    at = time_field(gettext_lazy("Time"))

    def __init__(self, *args: Any, year: AdmissionYear, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.year = year

    @property
    def moment(self) -> datetime:
        at: time = self.cleaned_data["at"]
        return local_moment(self.cleaned_data["day"], at)


class ResetForm(forms.Form):
    """Typing the code of the year, so that nobody resets it by a slip."""

    code = forms.CharField(
        label=gettext_lazy("Code of the year"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "oa-w-m"}),
        error_messages={"required": gettext_lazy("Type the code of the year to confirm.")},
    )

    def __init__(self, *args: Any, year: AdmissionYear, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.year = year

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"].strip()
        if code != self.year.code:
            raise forms.ValidationError(
                _("This is not the code of this year. Type %(code)s.") % {"code": self.year.code}
            )
        return code
