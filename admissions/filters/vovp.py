"""What the office and the parents' desk can look for in a VOVP."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from admissions.enums import ParticipationState
from admissions.filters.office import SEARCH, OfficeFilter
from admissions.models import Application, Participation
from admissions.selectors.children import matching
from admissions.selectors.vovp import DRAWN

P = ParticipationState


class FamilyFilter(OfficeFilter):
    """Families on the list of a VOVP."""

    tab_values = ("unplaced", "improver", "part", "silent", "removed")
    q = filters.CharFilter(
        method="filter_q",
        label=_("Registration number, form reference, name or birth date"),
        max_length=120,
        widget=SEARCH,
    )

    class Meta:
        model = Participation
        fields: list[str] = []

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value in ("unplaced", "improver"):
            return queryset.filter(kind=value)
        states = {
            "part": [P.OPTED_IN, *DRAWN],
            "silent": [P.ELIGIBLE, P.INVITED, P.NOT_OPTED_IN],
            "removed": [P.REMOVED],
        }
        return queryset.filter(state__in=states[value])

    def filter_q(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        found = Application.objects.filter(matching(value), year=self.view.year)
        return queryset.filter(application__in=found)
