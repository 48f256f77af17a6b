"""Letting a system of others read along."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.enums import ApiScope


class ApiClientForm(forms.Form):
    """Which system, and what it may read."""

    name = forms.CharField(
        label=pgettext_lazy("api client", "Name of the system"),
        max_length=80,
        help_text=_("So that you know later what this token is for. No name of a person."),
        error_messages={"required": _("Write which system this is.")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may read"),
        choices=ApiScope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what the system may read.")},
    )
