"""The dates of one round, and a calendar file."""

import json
from datetime import datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from schools.calendar_words import LABELS
from schools.enums import RoundState
from schools.fields import day_field, number_field, time_field
from schools.models import AMSTERDAM, Round
from schools.services.planner import FIELDS, open_fields

MAX_FILE = 256 * 1024
TIME = "visible_to_schools_time"


def in_words(text: str) -> str:
    """A sentence about calendar fields with the words of the form instead of the names in the file."""
    for name, label in LABELS.items():
        text = text.replace(f"“{name}”", f"“{label}”").replace(f", {name}:", f", {label}:")
    return text


class RoundDatesForm(forms.Form):
    """What may still change in this round; the rest is shown and not asked."""

    reason = forms.CharField(
        label=gettext_lazy("Why does this change?"),
        max_length=300,
        help_text=gettext_lazy("Everybody who reads the events sees it."),
        error_messages={"required": gettext_lazy("Say why the calendar changes.")},
    )

    def __init__(self, *args: Any, round_: Round, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.round = round_
        reason = self.fields.pop("reason")
        for name in open_fields(round_):
            value = getattr(round_, name)
            if name == "reply_weeks":
                self.fields[name] = number_field(LABELS[name], 1, 26, initial=value)
                continue
            local = value.astimezone(AMSTERDAM) if isinstance(value, datetime) else value
            self.fields[name] = day_field(LABELS[name])
            self.fields[name].initial = local.date() if isinstance(local, datetime) else local
            self.fields[name].required = round_.state != RoundState.PLANNED
            if name == "visible_to_schools_at":
                self.fields[TIME] = time_field(pgettext_lazy("date of a round", "From what time"))
                self.fields[TIME].initial = local.time() if isinstance(local, datetime) else None
                self.fields[TIME].required = False
        self.fields["reason"] = reason

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("visible_to_schools_at") and not data.get(TIME) and TIME not in self.errors:
            self.add_error(TIME, _("Fill in the time."))
        return data

    @property
    def values(self) -> dict[str, Any]:
        """The dates as the calendar has them, by field."""
        values = {
            name: self.cleaned_data[name] for name in FIELDS[self.round.kind] if name in self.cleaned_data
        }
        day = values.get("visible_to_schools_at")
        if day is not None:
            values["visible_to_schools_at"] = datetime.combine(day, self.cleaned_data[TIME], AMSTERDAM)
        return values


class CalendarFileForm(forms.Form):
    """calendar.json, chosen as a file; the second time its text comes back from the page itself."""

    file = forms.FileField(
        label=gettext_lazy("Calendar file (calendar.json)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )
    text = forms.CharField(required=False, max_length=MAX_FILE, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Why does this change?"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say why the calendar changes.")},
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        file: UploadedFile[Any] | None = data.get("file")
        text = data.get("text", "")
        if file is not None:
            if (file.size or 0) > MAX_FILE:
                self.add_error("file", _("This file is too large for a calendar. Choose calendar.json."))
                return data
            try:
                text = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("This is not a text file. Choose calendar.json."))
                return data
        if not text.strip():
            self.add_error("file", _("Choose the calendar file."))
            return data
        try:
            data["source"] = json.loads(text)
        except (ValueError, RecursionError):
            self.add_error(
                "file", _("This file is not JSON. Take the file that this page exports as an example.")
            )
        data["text"] = text
        return data
