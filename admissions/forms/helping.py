"""Why somebody looks along at a school."""

from django import forms
from django.utils.translation import gettext_lazy as _


class HelperReasonForm(forms.Form):
    """One sentence that the school reads."""

    reason = forms.CharField(
        label=_("Why do you look along?"),
        max_length=300,
        help_text=_(
            "The school reads this. No names of children. For example: helping with the decisions page."
        ),
        error_messages={"required": _("Write down why you look along. The school reads it.")},
    )
