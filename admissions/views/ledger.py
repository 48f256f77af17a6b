"""The place ledger: all schools together, one school, and the bookings of one round (DH-100 to DH-105)."""

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet, Sum, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from admissions.enums import EntryKind
from admissions.filters.ledger import LedgerFilter
from admissions.models import LedgerEntry
from admissions.selectors.office import per_seat
from admissions.selectors.places import city_rows, place_rows
from admissions.tables.ledger import LedgerTable
from admissions.views.children import OfficeListPage
from admissions.views.ledger_parts import ledger_context
from admissions.views.office import OfficePage
from schools.models import Round, School, SchoolRound

K = EntryKind


def is_drawn(round_: Round) -> bool:
    """The office sees a result as soon as it is official."""
    return round_.is_played


class LedgerView(OfficeListPage):
    """All schools together per round, with the waterfall of one round; below it every school over the year."""

    table_class = LedgerTable
    filterset_class = LedgerFilter
    template_name = "admissions/ledger.html"
    export_name = "plaatsenboek"

    def get_queryset(self) -> QuerySet[School]:
        entries = LedgerEntry.objects.filter(school_round__round__year=self.scope.year)
        school = "school_round__programme__school"

        def total(*kinds: str) -> Any:
            return per_seat(entries.filter(kind__in=kinds), Sum("places"), key=school)

        seats = SchoolRound.objects.filter(
            programme__school=OuterRef("pk"), round__year=self.scope.year, ceiling__isnull=False
        )
        return (
            School.objects.filter(Exists(seats), region=self.region)
            .annotate(
                ceiling_total=total(K.CEILING),
                placed_total=Value(0) - total(K.PLACED),
                withdrawn_total=total(K.WITHDRAWN),
                released_total=total(K.RELEASED),
                left_total=total(*K.values),
            )
            .order_by("name", "pk")
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = city_rows(self.scope.year, self.scope.rounds)
        title = _("Places of all schools per round")
        chosen = self.request.GET.get("ronde", "")
        context = ledger_context(rows, self.scope.rounds, chosen, is_drawn, title=title)
        return super().get_context_data(**kwargs) | context


class SchoolLedgerView(OfficePage):
    """The ledger of one school, down to the entries of one round and their events (AE-13)."""

    template: ClassVar[str] = "admissions/ledger_school.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.oa_section = "admissions:ledger"  # type: ignore[attr-defined]
        school = get_object_or_404(School, region=self.region, brin=self.kwargs["brin"])
        rows = place_rows(school, self.scope.year, self.scope.rounds, shows=is_drawn)
        title = _("Places of %(school)s per round") % {"school": school.name}
        context = ledger_context(rows, self.scope.rounds, request.GET.get("ronde", ""), is_drawn, title=title)
        is_capped = any(row.school_round.is_capped for row in rows)
        return render(
            request,
            self.template,
            self.common() | context | {"ledger_school": school, "is_capped": is_capped, "for_office": True},
        )
