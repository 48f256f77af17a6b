"""Finding a school on the central list of directors."""

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from admissions.filters.office import SEARCH, OfficeFilter
from schools.models import School


class DirectorFilter(OfficeFilter):
    """By school, BRIN or name of the director; or the schools without a name."""

    tab_values = ("missing",)
    q = filters.CharFilter(
        method="filter_q", label=_("Search by school, BRIN or director"), max_length=80, widget=SEARCH
    )

    class Meta:
        model = School
        fields: list[str] = []

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(director_name="")

    def filter_q(self, queryset: QuerySet[School], name: str, value: str) -> QuerySet[School]:
        found = Q(name__icontains=value) | Q(brin__istartswith=value) | Q(director_name__icontains=value)
        return queryset.filter(found)
