"""Schools, boards and the region, as the programme office changes them."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from admissions.procedures.base import Parameters
from admissions.services.year.import_schools import BRIN
from admissions.validators import is_postcode, normalise_postcode
from schools.enums import DrawMode, LetterInMail
from schools.fields import day_field, number_field
from schools.models import Board, Programme, Region, School

MAX_FILE = 2 * 1024 * 1024
CODE = re.compile(r"[0-9A-Z][0-9A-Z-]{0,15}")  # of a programme in the files of a draw (OA-LOT/1 section 3)
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SETTINGS = ("minimum_list_length", "maximum_rules", "reminder_days", "sending_time")


def places_field() -> forms.IntegerField:
    return number_field(
        gettext_lazy("Places in the whole year"),
        0,
        9999,
        required=False,
        help_text=gettext_lazy("They are spread evenly over the periods. Empty: a school without a ceiling."),
    )


def desk_email_field(label: Any) -> forms.EmailField:
    return forms.EmailField(
        label=label,
        required=False,
        error_messages={
            "invalid": gettext_lazy("This is not an e-mail address. Write it as name@school.nl.")
        },
    )


def draw_mode_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=gettext_lazy("How the school draws"), choices=DrawMode.choices, initial=DrawMode.DIGITAL
    )


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
    places = places_field()
    draw_mode = draw_mode_field()
    field_order = ["brin", "name", "board"]

    def clean_brin(self) -> str:
        value: str = self.cleaned_data["brin"].strip().upper()
        if not BRIN.fullmatch(value):
            raise forms.ValidationError(
                _("A BRIN with its location has six capitals and digits, like 04EN00.")
            )
        return value


class ProgrammeForm(forms.Form):
    """The name of something a child can be placed in, and the day on which it closes."""

    name = forms.CharField(
        label=pgettext_lazy("programme", "Name"),
        max_length=200,
        help_text=gettext_lazy("So it stands on lists, letters and in the draw room."),
        error_messages={"required": gettext_lazy("Fill in the name.")},
    )

    def __init__(self, *args: Any, programme: Programme | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if programme is not None:
            self.initial.setdefault("name", programme.name)
            closes = day_field(gettext_lazy("Closes on"))
            closes.required, closes.initial = False, programme.closed_on
            closes.help_text = gettext_lazy(
                "From this day on nobody is placed here in a new round. Empty: it stays open."
            )
            self.fields["closed_on"] = closes

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


class NewProgrammeForm(ProgrammeForm):
    """Another one at a school, with its places."""

    code = forms.CharField(
        label=pgettext_lazy("programme", "Code"),
        max_length=16,
        help_text=gettext_lazy("Capitals, digits and hyphens: so it stands in the files of the draw."),
        error_messages={"required": gettext_lazy("Fill in the code.")},
    )
    places = places_field()
    draw_mode = draw_mode_field()
    field_order = ["code", "name"]

    def clean_code(self) -> str:
        value: str = self.cleaned_data["code"].strip().upper()
        if not CODE.fullmatch(value):
            raise forms.ValidationError(_("A code has capitals, digits and hyphens, like 04EN00-2."))
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

    too_large = gettext_lazy("This file is too large for a list of schools.")
    no_text = gettext_lazy("This is not a text file. Choose schools.csv.")
    nothing = gettext_lazy("Choose the list of schools.")

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
                self.add_error("file", self.too_large)
                return data
            try:
                text = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", self.no_text)
                return data
        if not text.strip():
            self.add_error("file", self.nothing)
        data["text"] = text
        return data


class RegionForm(forms.Form):
    """Name, desk and the settings that may differ."""

    name = forms.CharField(
        label=pgettext_lazy("region", "Name"),
        max_length=100,
        error_messages={"required": gettext_lazy("Fill in the name of the region.")},
    )
    desk_name = forms.CharField(
        label=gettext_lazy("Name of the desk for parents"), max_length=120, required=False
    )
    desk_email = desk_email_field(gettext_lazy("E-mail address of the desk for parents"))
    desk_phone = forms.CharField(
        label=gettext_lazy("Phone number of the desk for parents"), max_length=30, required=False
    )
    school_desk_name = forms.CharField(
        label=gettext_lazy("Name of the desk for schools"),
        help_text=gettext_lazy(
            "Messages to schools and the pages of schools name this desk. Empty: that of the parents."
        ),
        max_length=120,
        required=False,
    )
    school_desk_email = desk_email_field(gettext_lazy("E-mail address of the desk for schools"))
    school_desk_phone = forms.CharField(
        label=gettext_lazy("Phone number of the desk for schools"), max_length=30, required=False
    )
    letter_in_mail = forms.ChoiceField(
        label=gettext_lazy("How families get their letter by mail"), choices=LetterInMail.choices
    )
    minimum_list_length = number_field(gettext_lazy("Schools on a list, at least"), 1, 10)
    maximum_rules = number_field(gettext_lazy("Priority rules of a school, at most"), 1, 4)
    reminder_days = number_field(
        gettext_lazy("Days before the last day to reply that a reminder leaves"), 1, 30
    )
    sending_time = forms.CharField(
        label=gettext_lazy("Time of the sending day from which letters leave"), max_length=5
    )

    def __init__(self, *args: Any, region: Region, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        read = Parameters.read(region.parameters)
        for name, field in self.fields.items():
            field.initial = getattr(read if name in SETTINGS else region, name, "")

    @property
    def values(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        return data | {"parameters": {name: data.pop(name) for name in SETTINGS}}


class NewRegionForm(RegionForm):
    """A further region: also its short name, the year to begin with and who runs it."""

    procedure = forms.ChoiceField(
        label=gettext_lazy("Procedure"),
        widget=forms.RadioSelect,
        help_text=gettext_lazy("It says who may apply, how places are given out and where open places go."),
        error_messages={
            "required": gettext_lazy("Choose a procedure."),
            "invalid_choice": gettext_lazy("Choose a procedure."),
        },
    )
    slug = forms.CharField(
        label=gettext_lazy("Short name"),
        max_length=50,
        help_text=gettext_lazy("It stands in public addresses: small letters, digits and hyphens."),
        error_messages={"required": gettext_lazy("Fill in the short name.")},
    )
    year = forms.ChoiceField(
        label=gettext_lazy("Year to begin with"),
        help_text=gettext_lazy("Its rounds are there, without a date. The year planner fills them."),
        error_messages={"invalid_choice": gettext_lazy("Choose the year to begin with.")},
    )
    manager = forms.CharField(
        label=gettext_lazy("Name of the programme manager"),
        max_length=120,
        error_messages={"required": gettext_lazy("Fill in the name.")},
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address of the programme manager"),
        max_length=254,
        help_text=gettext_lazy("The invitation goes there. Only this person can open the new region."),
        error_messages={
            "required": gettext_lazy("Fill in the e-mail address."),
            "invalid": gettext_lazy("This is not an e-mail address. Write it as name@school.nl."),
        },
    )
    field_order = ["name", "slug", "procedure", "year", "manager", "email"]

    def __init__(
        self, *args: Any, years: Sequence[str], procedures: Sequence[tuple[str, Any]], **kwargs: Any
    ) -> None:
        super().__init__(*args, region=Region(), **kwargs)
        if len(procedures) > 1:
            choice = self.fields["procedure"]
            assert isinstance(choice, forms.ChoiceField)
            choice.choices = list(procedures)
        else:  # nothing to choose: the page says which one it is
            del self.fields["procedure"]
        field = self.fields["year"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, code) for code in years]

    def clean_slug(self) -> str:
        value: str = self.cleaned_data["slug"].strip().lower()
        if not SLUG.fullmatch(value):
            raise forms.ValidationError(_("Use small letters, digits and hyphens, like my-region."))
        # A word that begins other addresses would hide the public pages of the region.
        if resolve(reverse("admissions:questions", args=[value])).url_name != "questions":
            raise forms.ValidationError(_("This word stands in other addresses already. Choose another."))
        return value
