"""What can be looked for in the care lists; they exist for those who may see care only (DH-180)."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.filters.forms import SchoolFilter, matches
from admissions.filters.office import SEARCH, OfficeFilter
from admissions.models import Application
from admissions.selectors.care import TABS
from schools.context import round_name
from schools.enums import RoundKind


class CareFilter(SchoolFilter):
    """Care cases of one school: where they stand, name, round."""

    class Meta:
        model = Application
        fields: list[str] = []

    def rounds(self) -> list[Any]:
        return [r for r in self.view.rounds if r.kind == RoundKind.ALM]

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(care_case__state__in=TABS[value])

    def filter_round(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(first_choice__round__code=value)


class OfficeCareFilter(OfficeFilter):
    """Care cases of the year."""

    tab_values = tuple(TABS)
    q = filters.CharFilter(
        method="filter_q", label=_("Search by name, number or school"), max_length=80, widget=SEARCH
    )
    round = filters.ChoiceFilter(
        method="filter_round",
        label=pgettext_lazy("filter", "Round"),
        empty_label=pgettext_lazy("filter", "All rounds"),
    )

    class Meta:
        model = Application
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rounds = [r for r in self.view.rounds if r.kind == RoundKind.ALM]
        self.filters["round"].extra["choices"] = [(r.code, round_name(r)) for r in rounds]

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(care_case__state__in=TABS[value])

    def filter_q(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        school = queryset.filter(first_choice__programme__name__icontains=value)
        return queryset.filter(matches(value)) | school

    def filter_round(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(first_choice__round__code=value)
