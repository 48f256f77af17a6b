"""Last year's places as a file."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.services.year.csv_files import FileError, read_table

MAX_UPLOAD = 1024 * 1024
COLUMNS = ("brin", "places")
MOST = 2000


class LastYearForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Last year's places (CSV file)"),
        help_text=gettext_lazy(
            "Columns brin and places: the places of the whole year, one school on a line."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"required": gettext_lazy("Choose a file.")},
    )
    places: dict[str, int]

    def clean_file(self) -> Any:
        upload: Any = self.cleaned_data["file"]
        if upload.size is not None and upload.size > MAX_UPLOAD:
            raise forms.ValidationError(_("This file is too large: 1 MB at most."))
        try:
            table = read_table(upload.read(), name=str(upload.name), required=COLUMNS)
        except FileError as exc:
            raise forms.ValidationError(str(exc)) from exc
        self.places = {}
        for row in table.rows:
            code, places = row.cells["brin"].upper(), row.cells["places"]
            if row.problem:
                raise forms.ValidationError(
                    _("Line %(line)d: %(text)s") % {"line": row.line, "text": row.problem}
                )
            if not places.isdecimal() or len(places) > 5 or int(places) > MOST:
                raise forms.ValidationError(
                    _("Line %(line)d: “%(places)s” is not a number of places from 0 to 2000.")
                    % {"line": row.line, "places": places[:20]}
                )
            if code in self.places:
                raise forms.ValidationError(
                    _("Line %(line)d: school %(code)s stands there twice.")
                    % {"line": row.line, "code": code[:20]}
                )
            self.places[code] = int(places)
        if not self.places:
            raise forms.ValidationError(_("There is no school in this file."))
        return upload
