"""Which school stands on the paper form."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from admissions.selectors.finder import FoundSchool, Setup


class PaperSchoolForm(forms.Form):
    """Schools with a ceiling: another school admits the child itself, without this form (DH-060)."""

    school = forms.ChoiceField(
        label=_("School of your first choice"),
        required=False,
        error_messages={"invalid_choice": _("This school does not use this form. Choose one of the list.")},
    )

    def __init__(self, *args: Any, setup: Setup, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schools = {row.school.brin: row for row in setup.schools if row.is_capped}
        choices = [(brin, row.school.name) for brin, row in self.schools.items()]
        self.fields["school"].choices = [("", _("I write it myself")), *choices]  # type: ignore[attr-defined]

    def found(self) -> FoundSchool | None:
        """The school that was chosen, with its rules."""
        return self.schools.get(self.cleaned_data["school"])
