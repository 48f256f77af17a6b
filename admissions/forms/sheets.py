"""Typing the code of a letter."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from admissions.services.explaining.sheet_links import GROUP, LENGTH, read_code


class SheetCodeForm(forms.Form):
    """The code as it stands in the letter; spaces, hyphens and capitals make no difference."""

    code = forms.CharField(
        label=pgettext_lazy("field", "Code of your child's page"),
        help_text=gettext_lazy("It stands in the letter or e-mail with the result: five groups of five."),
        max_length=80,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attrs = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        self.fields["code"].widget.attrs.update(attrs)

    def clean_code(self) -> str:
        code = read_code(self.cleaned_data["code"])
        if not code:
            raise forms.ValidationError(
                _("A code has %(groups)d groups of %(group)d letters and digits. Look at the letter again.")
                % {"groups": LENGTH // GROUP, "group": GROUP}
            )
        return code
