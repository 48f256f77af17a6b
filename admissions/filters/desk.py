"""What the desks can look for."""

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from admissions.filters.office import ALL, SEARCH, OfficeFilter
from admissions.models import MoveRequest
from schools.enums import TicketKind
from schools.models import Ticket


class TicketFilter(OfficeFilter):
    """Questions: open, too late or settled, by kind and words."""

    tab_values = ("open", "late", "closed")
    q = filters.CharFilter(
        method="filter_q", label=_("Search by name, school or words"), max_length=80, widget=SEARCH
    )
    kind = filters.ChoiceFilter(
        label=pgettext_lazy("filter", "Kind"), empty_label=ALL, choices=TicketKind.choices
    )

    class Meta:
        model = Ticket
        fields: list[str] = []

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == "closed":
            return queryset.filter(closed_at__isnull=False)
        found = queryset.filter(closed_at__isnull=True)
        return found.filter(due_on__lt=self.view.today) if value == "late" else found

    def filter_q(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        found = Q(name__icontains=value) | Q(question__icontains=value) | Q(school__name__icontains=value)
        return queryset.filter(found)


class MoveFilter(OfficeFilter):
    """Requests after moving house: which wait for whom."""

    tab_values = ("requested", "proof", "approved", "rejected")

    class Meta:
        model = MoveRequest
        fields: list[str] = []

    def filter_tab(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(state=value)
