"""Schools, boards and the region, as the programme office changes them."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from admissions.procedures.base import Parameters
from admissions.services.year.import_schools import BRIN
from admissions.validators import is_postcode, normalise_postcode
from schools.enums import DrawMode, LetterInMail
from schools.fields import day_field
from schools.models import Board, Region, School

MAX_FILE = 2 * 1024 * 1024
SETTINGS = ("minimum_list_length", "maximum_rules", "reminder_days", "sending_time")


class SchoolForm(forms.Form):
    """Name, board and address; for a school that exists also when it closes."""

    name = forms.CharField(
        label=pgettext_lazy("school", "Name"),
        max_length=200,
        error_messages={"required": gettext_lazy("Fill in the name of the school.")},
    )
    board = forms.ModelChoiceField(
        Board.objects.none(),
        label=gettext_lazy("Board"),
        error_messages={"required": gettext_lazy("Choose the board.")},
    )
    street = forms.CharField(label=gettext_lazy("Street and number"), max_length=120, required=False)
    postcode = forms.CharField(
        label=gettext_lazy("Postcode"),
        max_length=10,
        error_messages={"required": gettext_lazy("Fill in the postcode.")},
    )
    place = forms.CharField(label=gettext_lazy("Place"), max_length=80, required=False)

    def __init__(self, *args: Any, region: Region, school: School | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = region
        field = self.fields["board"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Board.objects.filter(region=region).order_by("name")
        if school is not None:
            for name in ("name", "board", "street", "postcode", "place"):
                self.initial.setdefault(name, getattr(school, name))
            self.fields["closed_on"] = day_field(gettext_lazy("Closes on"))
            self.fields["closed_on"].required = False
            self.fields["closed_on"].initial = school.closed_on
            self.fields["closed_on"].help_text = gettext_lazy(
                "From this day on the school takes no part in a new round. Empty: it stays open."
            )

    def clean_postcode(self) -> str:
        value = normalise_postcode(self.cleaned_data["postcode"])
        if not is_postcode(value):
            raise forms.ValidationError(_("This is not a postcode like 2552ZE."))
        return value


class NewSchoolForm(SchoolForm):
    """A school that is new here, with its places."""

    brin = forms.CharField(
        label="BRIN",
        max_length=6,
        help_text=gettext_lazy("Six capitals and digits, with the location: 04EN00."),
        error_messages={"required": gettext_lazy("Fill in the BRIN.")},
    )
    places = forms.IntegerField(
        label=gettext_lazy("Places in the whole year"),
        required=False,
        min_value=0,
        max_value=9999,
        help_text=gettext_lazy("They are spread evenly over the periods. Empty: a school without a ceiling."),
        widget=forms.NumberInput(attrs={"class": "oa-w-s"}),
    )
    draw_mode = forms.ChoiceField(
        label=gettext_lazy("How the school draws"), choices=DrawMode.choices, initial=DrawMode.DIGITAL
    )
    field_order = ["brin", "name", "board"]

    def clean_brin(self) -> str:
        value: str = self.cleaned_data["brin"].strip().upper()
        if not BRIN.fullmatch(value):
            raise forms.ValidationError(
                _("A BRIN with its location has six capitals and digits, like 04EN00.")
            )
        return value


class BoardForm(forms.Form):
    """One board; ``board`` is empty for a new one."""

    board = forms.ModelChoiceField(
        Board.objects.none(),
        label=gettext_lazy("Which board"),
        required=False,
        empty_label=gettext_lazy("A new board"),
    )
    name = forms.CharField(
        label=pgettext_lazy("board", "Name"),
        max_length=120,
        error_messages={"required": gettext_lazy("Fill in the name of the board.")},
    )
    public_authority = forms.BooleanField(
        label=gettext_lazy("Public authority: may not use the neighbourhood rule"), required=False
    )

    def __init__(self, *args: Any, region: Region, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["board"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Board.objects.filter(region=region).order_by("name")


class SchoolFileForm(forms.Form):
    """schools.csv, chosen as a file; the second time its text comes back from the page itself."""

    file = forms.FileField(
        label=gettext_lazy("List of schools (schools.csv)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    text = forms.CharField(required=False, max_length=MAX_FILE, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        file, text = data.get("file"), data.get("text", "")
        if file is not None:
            if (file.size or 0) > MAX_FILE:
                self.add_error("file", _("This file is too large for a list of schools."))
                return data
            try:
                text = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("This is not a text file. Choose schools.csv."))
                return data
        if not text.strip():
            self.add_error("file", _("Choose the list of schools."))
        data["text"] = text
        return data


class RegionForm(forms.Form):
    """Name, desk and the settings that may differ."""

    name = forms.CharField(
        label=pgettext_lazy("region", "Name"),
        max_length=100,
        error_messages={"required": gettext_lazy("Fill in the name of the region.")},
    )
    desk_name = forms.CharField(label=gettext_lazy("Name of the desk"), max_length=120, required=False)
    desk_email = forms.EmailField(
        label=gettext_lazy("E-mail address of the desk"),
        required=False,
        error_messages={
            "invalid": gettext_lazy("This is not an e-mail address. Write it as name@school.nl.")
        },
    )
    desk_phone = forms.CharField(
        label=gettext_lazy("Phone number of the desk"), max_length=30, required=False
    )
    letter_in_mail = forms.ChoiceField(
        label=gettext_lazy("How families get their letter by mail"), choices=LetterInMail.choices
    )
    minimum_list_length = forms.IntegerField(
        label=gettext_lazy("Schools on a list, at least"), min_value=1, max_value=10
    )
    maximum_rules = forms.IntegerField(
        label=gettext_lazy("Priority rules of a school, at most"), min_value=1, max_value=4
    )
    reminder_days = forms.IntegerField(
        label=gettext_lazy("Days before the last day to reply that a reminder leaves"),
        min_value=1,
        max_value=30,
    )
    sending_time = forms.CharField(
        label=gettext_lazy("Time of the sending day from which letters leave"), max_length=5
    )

    def __init__(self, *args: Any, region: Region, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        read = Parameters.read(region.parameters)
        for name, field in self.fields.items():
            field.initial = getattr(read if name in SETTINGS else region, name)

    @property
    def values(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        return data | {"parameters": {name: data.pop(name) for name in SETTINGS}}
