"""Enrolled children for the school's own pupil records: a file without citizen numbers (DH-195)."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from admissions.models import Guardian
from admissions.selectors.school import placements_here
from admissions.tables.forms import grouped
from admissions.views.school import SchoolPage
from schools.context import round_name
from schools.lists import csv_response, xlsx_response


class EnrolledExportView(SchoolPage):
    """One row per enrolled child; ``?bestand=xlsx`` for a workbook. No BSN, no gender, no care (DH-039, DH-180)."""

    permission = "admissions.export_enrolled"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        wanted = request.GET.get("bestand", "csv")
        answer = xlsx_response if wanted == "xlsx" else csv_response
        return answer(self.rows(), f"ingeschreven-{self.school.brin}")

    def rows(self) -> Iterator[list[object]]:
        yield [
            _("Registration number"),
            _("Official first name"),
            _("Prefix"),
            _("Family name"),
            _("Date of birth"),
            _("Street"),
            _("House number"),
            _("Postcode"),
            _("Place"),
            _("Parent or guardian"),
            _("Phone"),
            _("E-mail"),
            _("Round"),
            _("Enrolled on"),
        ]
        placements = list(
            placements_here(self.scope)
            .filter(shown_state="enrolled")
            .select_related("application__form")
            .order_by("application__child__surname", "application__child__given_name", "pk")
        )
        first: dict[int, Guardian] = {}
        for parent in Guardian.objects.filter(
            application_id__in=[placement.application_id for placement in placements]
        ).order_by("-position"):
            first[parent.application_id] = parent
        for placement in placements:
            application = placement.application
            child, form, guardian = application.child, application.form, first.get(application.pk)
            yield [
                grouped(application.registration_number),
                child.given_name,
                child.surname_prefix,
                child.surname,
                child.date_of_birth,
                form.street,
                form.house_number,
                form.postcode,
                form.place,
                guardian.name if guardian else "",
                guardian.phone if guardian else "",
                guardian.email if guardian else "",
                round_name(placement.school_round.round),
                placement.enrolled_on,
            ]
