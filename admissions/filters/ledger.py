"""What the office can look for in the place ledger."""

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from admissions.filters.office import SEARCH, OfficeFilter
from schools.models import School


class LedgerFilter(OfficeFilter):
    """The schools with a ceiling over the whole year."""

    tab_values = ("room", "full")
    q = filters.CharFilter(
        method="filter_q", label=_("Search by school or BRIN"), max_length=80, widget=SEARCH
    )

    class Meta:
        model = School
        fields: list[str] = []

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(left_total__gt=0) if value == "room" else queryset.filter(left_total__lte=0)

    def filter_q(self, queryset: QuerySet[School], name: str, value: str) -> QuerySet[School]:
        found = Q(name__icontains=value) | Q(brin__istartswith=value) | Q(board__name__icontains=value)
        return queryset.filter(found)
