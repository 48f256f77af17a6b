"""The file of a school's own list."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SheetForm(forms.Form):
    """What is in the file is judged by the service."""

    file = forms.FileField(
        label=_("Your own list"),
        help_text=_(
            "A CSV or XLSX file with the names of the columns on the first line. 5 MB and 500 rows at most."
        ),
        error_messages={
            "required": _("Choose a file."),
            "empty": _("This file is empty."),
        },
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
    )
