"""Giving somebody a role."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from admissions.forms.schools import SchoolFileForm
from schools.enums import Role
from schools.models import Region, School


class PersonForm(forms.Form):
    """Name and address of somebody who has a role already."""

    name = forms.CharField(
        label=pgettext_lazy("person", "Name"),
        max_length=120,
        error_messages={"required": gettext_lazy("Fill in the name.")},
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        help_text=gettext_lazy("The person logs in with it. Another address ends every open session."),
        error_messages={
            "required": gettext_lazy("Fill in the e-mail address."),
            "invalid": gettext_lazy("This is not an e-mail address. Write it as name@school.nl."),
        },
    )


class MemberForm(PersonForm):
    """Name, address and role of a colleague."""

    role = forms.ChoiceField(label=pgettext_lazy("person", "Role"), choices=Role.choices)
    school = forms.ModelChoiceField(
        School.objects.none(),
        label=pgettext_lazy("person", "School"),
        required=False,
        empty_label=pgettext_lazy("person", "None: works for the whole region"),
    )
    may_see_care = forms.BooleanField(
        label=gettext_lazy("May see care data (only for somebody of the central office)"), required=False
    )

    def __init__(self, *args: Any, region: Region, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].help_text = gettext_lazy(
            "The person logs in with it and gets the invitation there."
        )
        field = self.fields["school"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = School.objects.filter(region=region).order_by("name")


class PeopleFileForm(SchoolFileForm):
    """people.csv, chosen as a file; the second time its text comes back from the page itself."""

    too_large = gettext_lazy("This file is too large for a list of people.")
    no_text = gettext_lazy("This is not a text file. Choose people.csv.")
    nothing = gettext_lazy("Choose the list of people.")

    file = forms.FileField(
        label=gettext_lazy("List of people (people.csv)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )


class ReasonForm(forms.Form):
    """Why a second factor is forgotten."""

    reason = forms.CharField(
        label=gettext_lazy("How do you know that it is really this person?"),
        max_length=300,
        help_text=gettext_lazy("For example: called back on the number of the school."),
        error_messages={"required": gettext_lazy("Write down how you know that it is really this person.")},
    )
