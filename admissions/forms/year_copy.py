"""Ceilings of one school in a year that is being set up."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from schools.fields import number_field
from schools.models import School, SchoolRound


class PlannedCeilingsForm(forms.Form):
    """Places per application period; ``school_rounds`` are those of one capped school."""

    def __init__(self, *args: Any, school_rounds: list[SchoolRound], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.school_rounds = school_rounds
        for row in school_rounds:
            self.fields[f"r{row.pk}"] = number_field(row.round.code, 0, 9999, initial=row.ceiling)

    @property
    def places(self) -> dict[int, int]:
        return {row.pk: self.cleaned_data[f"r{row.pk}"] for row in self.school_rounds}


class ChooseSchoolForm(forms.Form):
    """Which school to change."""

    school = forms.ModelChoiceField(
        School.objects.none(),
        label=pgettext_lazy("person", "School"),
        to_field_name="brin",
        error_messages={"required": gettext_lazy("Choose a school.")},
    )

    def __init__(self, *args: Any, schools: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["school"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = schools
