"""Looking for a school, and a file with figures of earlier years."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.selectors.finder import Setup
from admissions.services.figures.earlier_years import MAX_FILE

EVERYWHERE = pgettext_lazy("filter", "Everywhere")


class FinderForm(forms.Form):
    """What parents look for (DH-164); an unknown district finds nothing and says so.

    Neighbourhoods can be chosen where they are known; the postcode area always can.
    """

    q = forms.CharField(
        label=_("Name of the school"), required=False, max_length=80, widget=forms.SearchInput
    )
    stadsdeel = forms.ChoiceField(label=_("District"), required=False)
    wijk = forms.ChoiceField(label=_("Neighbourhood"), required=False)
    gebied = forms.ChoiceField(label=_("Postcode area"), required=False)
    plafond = forms.ChoiceField(
        label=_("Ceiling"),
        required=False,
        choices=[
            ("", pgettext_lazy("filter", "All schools")),
            ("ja", _("With a ceiling")),
            ("nee", _("Without a ceiling")),
        ],
    )
    volgorde = forms.ChoiceField(
        label=_("In order of"),
        required=False,
        choices=[("", _("Name")), ("stadsdeel", _("District")), ("gebied", _("Postcode area"))],
    )

    def __init__(self, *args: Any, setup: Setup, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "stadsdeel": setup.districts,
            "wijk": setup.neighbourhoods,
            "gebied": setup.postcode_areas,
        }
        for name, values in choices.items():
            select: Any = self.fields[name]
            select.choices = [("", EVERYWHERE), *((value, value) for value in values)]
        if setup.neighbourhoods:
            order: Any = self.fields["volgorde"]
            order.choices = [*order.choices, ("wijk", _("Neighbourhood"))]
        else:
            del self.fields["wijk"]


class EarlierFiguresForm(forms.Form):
    """A file, or the text of the file that was just looked at."""

    file = forms.FileField(
        label=_("File with figures (CSV)"),
        required=False,
        help_text=_("Half a megabyte at most. You first see what is in it."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    text = forms.CharField(required=False, max_length=MAX_FILE, widget=forms.HiddenInput, strip=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        file = data.get("file")
        if file is not None:
            data["name"], data["content"] = str(file.name)[:80], file.read(MAX_FILE + 1)
        elif data.get("text"):
            data["name"], data["content"] = "cijfers.csv", data["text"].encode()
        elif not self.errors:
            self.add_error("file", _("Choose a file."))
        return data
