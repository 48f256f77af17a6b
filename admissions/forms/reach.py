"""Reaching a family: another address, one try to reach it, a day of posting."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.enums import ContactWay
from admissions.validators import has_control_character, is_email


class AddressForm(forms.Form):
    """Another address for a message that did not arrive; empty = by post."""

    email = forms.CharField(
        label=_("E-mail address of the parents"),
        help_text=_("Ask the parents. Leave it empty to send the letter by post."),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip()
        if email and not is_email(email):
            raise forms.ValidationError(
                _("This is not an e-mail address. Correct it, or leave it empty: then the family gets post.")
            )
        return email


class ContactForm(forms.Form):
    """One time that somebody tried to reach the family (DH-121)."""

    way = forms.ChoiceField(label=pgettext_lazy("contact", "How"), choices=ContactWay.choices)
    on = forms.DateField(
        label=pgettext_lazy("contact", "On which day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    was_reached = forms.BooleanField(label=_("We spoke to somebody"), required=False)
    note = forms.CharField(label=pgettext_lazy("contact", "Note"), required=False, max_length=300)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)

    def clean_on(self) -> date:
        day: date = self.cleaned_data["on"]
        if day > self.today:
            raise forms.ValidationError(_("That day has not come yet."))
        return day

    def clean_note(self) -> str:
        note = str(self.cleaned_data["note"]).strip()
        if has_control_character(note):
            raise forms.ValidationError(_("There is a sign in this note that cannot be kept. Type it again."))
        return note


class PostedForm(forms.Form):
    """The day a print batch went to the post: reply periods count from it (Q-35)."""

    on = forms.DateField(
        label=_("Posted on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
