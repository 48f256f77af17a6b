"""A day, a time and a number as people type them: one field for each, with one sentence when it cannot be."""

from typing import TYPE_CHECKING

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # what the stubs call a text translated later

DAY_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d-%m-%y")
TIME_FORMATS = ("%H:%M", "%H.%M", "%H:%M:%S")


def day_field(label: "str | _StrPromise") -> forms.DateField:
    return forms.DateField(
        label=label,
        input_formats=DAY_FORMATS,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "oa-w-m"}),
        error_messages={
            "required": gettext_lazy("Fill in the day."),
            "invalid": gettext_lazy("This is not a day. Write it as 18-1-2024."),
        },
    )


def time_field(label: "str | _StrPromise") -> forms.TimeField:
    return forms.TimeField(
        label=label,
        input_formats=TIME_FORMATS,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "oa-w-s"}),
        error_messages={
            "required": gettext_lazy("Fill in the time."),
            "invalid": gettext_lazy("This is not a time. Write it as 9:00."),
        },
    )


def number_field(
    label: "str | _StrPromise",
    low: int,
    high: int,
    *,
    initial: int | None = None,
    required: bool = True,
    help_text: "str | _StrPromise" = "",
) -> forms.IntegerField:
    """A whole number; whatever is wrong with what was typed, one sentence says what can be."""
    wrong = format_lazy(gettext_lazy("Type a whole number from {low} to {high}."), low=low, high=high)
    return forms.IntegerField(
        label=label,
        min_value=low,
        max_value=high,
        initial=initial,
        required=required,
        help_text=help_text,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), wrong),
        widget=forms.NumberInput(attrs={"class": "oa-w-s"}),
    )
