"""The event log: who did what when, and the proof that nothing was changed afterwards."""

from typing import Any

import django_filters as filters
import django_tables2 as tables
from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from admissions.filters.office import ALL, SEARCH, OfficeFilter
from admissions.selectors.trail import events_of, kinds_of, people_of
from admissions.texts.event_titles import title
from admissions.texts.events import detail, sentence
from admissions.views.children import OfficeListPage
from admissions.views.office import OfficePage
from schools.context import round_name
from schools.lists import LookTable
from schools.models import Event, Programme
from schools.services.events import broken_links
from schools.templatetags.oa import moment_year

PAGE = 50
SHOWN = 5  # breaks that are named; the nightly check has them all


class EventFilter(OfficeFilter):
    """What somebody who reconstructs a decision looks for."""

    q = filters.CharFilter(
        method="filter_q",
        label=gettext_lazy("Registration number, code or reason"),
        max_length=80,
        widget=SEARCH,
    )
    kind = filters.ChoiceFilter(label=pgettext_lazy("filter", "Kind"), empty_label=ALL)
    actor = filters.CharFilter(
        method="filter_actor", label=pgettext_lazy("filter", "Done by"), max_length=80, widget=SEARCH
    )
    since = filters.DateFilter(
        field_name="effective_at",
        lookup_expr="date__gte",
        label=pgettext_lazy("filter", "From"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = filters.DateFilter(
        field_name="effective_at",
        lookup_expr="date__lte",
        label=pgettext_lazy("filter", "Until"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    class Meta:
        model = Event
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(kind, title(kind)) for kind in kinds_of(self.view)]
        self.filters["kind"].extra["choices"] = sorted(choices, key=lambda choice: choice[1].casefold())

    def filter_q(self, queryset: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        return queryset.filter(
            Q(object_key__icontains=value) | Q(reason__icontains=value) | Q(new__icontains=value)
        )

    def filter_actor(self, queryset: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        return queryset.filter(Q(actor__email__icontains=value) | Q(actor__name__icontains=value))


class EventTable(LookTable):
    """One event a row, newest first."""

    head_column = "what"
    sequence = tables.Column(verbose_name=pgettext_lazy("column", "No."), attrs={"td": {"class": "num"}})
    effective_at = tables.Column(verbose_name=pgettext_lazy("column", "When"))
    what = tables.Column(verbose_name=pgettext_lazy("column", "What"), accessor="kind")
    object_key = tables.Column(verbose_name=pgettext_lazy("column", "About"))
    actor = tables.Column(verbose_name=pgettext_lazy("column", "By"), empty_values=(), orderable=False)
    hash = tables.Column(verbose_name=pgettext_lazy("column", "Fingerprint"), orderable=False)

    caption = gettext_lazy("Events of this year")
    empty_title = gettext_lazy("Nothing found")
    empty_text = gettext_lazy(
        "No event fits what you look for. Clear the filter, or look for something else."
    )

    class Meta(LookTable.Meta):
        order_by = "-sequence"

    def __init__(self, *args: Any, names: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = names

    def render_effective_at(self, record: Event) -> str:
        return moment_year(record.effective_at)

    def value_effective_at(self, record: Event) -> str:
        return record.effective_at.isoformat()

    def render_what(self, record: Event) -> SafeString:
        below = detail(record, self.names)
        return format_html('{}<span class="sub">{}</span>', sentence(record, self.names), below)

    def value_what(self, record: Event) -> str:
        return f"{record.kind} {record.old} {record.new} {record.reason}".strip()

    def render_object_key(self, record: Event) -> str | SafeString:
        if record.object_type == "user":
            return self.names.get(f"user {record.object_key}", record.object_key)
        if record.object_type != "application":
            return self.names.get(record.object_key, record.object_key)
        url = reverse("admissions:child-detail", args=[record.object_key])
        return format_html('<a href="{}">{}</a>', url, record.object_key)

    def value_object_key(self, record: Event) -> str:
        return record.object_key

    def render_actor(self, record: Event) -> str:
        return str(record.actor) if record.actor else _("the system")

    def render_hash(self, value: str) -> SafeString:
        return format_html('<code class="oa-hash">{}</code>', value[:8])

    def value_hash(self, value: str) -> str:
        return value


class EventListView(OfficeListPage):
    """The legal trail of the year (DH-200): read only, for nobody changes it."""

    permission = "admissions.view_trail"
    table_class = EventTable
    filterset_class = EventFilter
    template_name = "admissions/event_list.html"
    table_pagination = {"per_page": PAGE}
    export_name = "gebeurtenissen"

    def get_queryset(self) -> QuerySet[Event]:
        return events_of(self.scope)

    def get_table_kwargs(self) -> dict[str, Any]:
        codes = Programme.objects.filter(school__region=self.region).values_list("code", "name")
        names = dict(codes) | {round_.code: round_name(round_) for round_ in self.scope.rounds}
        people = people_of(self.scope).values_list("pk", "name")
        return {"names": names | {f"user {pk}": name for pk, name in people}}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        last = Event.objects.filter(year=self.scope.year).order_by("-sequence").first()
        return super().get_context_data(**kwargs) | {"last": last}


class CheckTrailView(OfficePage):
    """Compute the whole chain again and say whether it is whole."""

    permission = "admissions.view_trail"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        events = list(Event.objects.filter(year=self.scope.year).order_by("sequence"))
        broken = broken_links(events)
        if broken:
            shown = ", ".join(str(number) for number in broken[:SHOWN])
            messages.error(
                request,
                ngettext(
                    "The chain is broken at event %(shown)s. Call the administrator of the system.",
                    "The chain is broken at %(count)d events: %(shown)s. Call the administrator of the system.",
                    len(broken),
                )
                % {"count": len(broken), "shown": shown},
            )
        else:
            messages.success(
                request,
                _("The chain is whole: %(count)d events were computed again, the last is %(hash)s.")
                % {"count": len(events), "hash": events[-1].hash[:16] if events else "–"},
            )
        return redirect("admissions:event-list")
