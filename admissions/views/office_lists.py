"""Lists of the programme office: outbox with its letters, reports, schools."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import pgettext
from django.views.generic import TemplateView

from admissions.filters.office import MessageFilter, SchoolListFilter
from admissions.selectors.delivery import message_state, open_failures
from admissions.selectors.office import schools_of
from admissions.selectors.outbox import counts_by_kind, letters_by_round, messages_of
from admissions.services.year.office_jobs import live_job
from admissions.tables.office import MessageTable, SchoolTable, kind_word, message_badge
from admissions.views.children import OfficeListPage
from admissions.views.office import OfficePage
from notifications.models import Letter, Message
from schools.lists import Tab
from schools.mail import sends_mail
from schools.models import School


class OutboxView(OfficeListPage):
    """Who hears what and when. In this installation nothing is really sent."""

    permission = "admissions.view_outbox"
    table_class = MessageTable
    filterset_class = MessageFilter
    template_name = "admissions/outbox.html"
    export_name = "berichten"

    def get_queryset(self) -> QuerySet[Message]:
        return messages_of(self.scope).defer("merge").annotate(arrived=message_state())

    def get_tabs(self) -> list[Tab]:
        counts = {
            "held": sum(row.held for row in self.kinds),
            "released": sum(row.released for row in self.kinds),
            "cancelled": sum(row.cancelled for row in self.kinds),
        }
        words = [
            ("", pgettext("tab", "All")),
            ("held", pgettext("tab", "Waiting for their day")),
            ("released", pgettext("tab", "Sent")),
            ("cancelled", pgettext("tab", "Not sent")),
        ]
        return self.tabs_with(words, counts | {"": sum(counts.values())})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.kinds = counts_by_kind(self.scope)
        return super().get_context_data(**kwargs) | {
            "kinds": [(kind_word(row.kind), row) for row in self.kinds],
            "letters": letters_by_round(self.scope),
            "letters_job": live_job(self.scope.year, "letters"),
            "sends_mail": sends_mail() and not self.scope.year.is_rehearsal,
            "failures": open_failures().filter(message__year=self.scope.year).count(),
            "releases": [r for r in reversed(self.scope.rounds) if r.is_played and r.offers_on],
        }


class MessagePage(OfficePage):
    """A page about one message of this region and year."""

    permission = "admissions.view_outbox"

    def message(self) -> Message:
        return get_object_or_404(messages_of(self.scope), pk=self.kwargs["pk"])


class MessageView(MessagePage, TemplateView):
    """One message: to whom, about whom, what it says, and its letter."""

    template_name = "admissions/message.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        message = self.message()
        return super().get_context_data(**kwargs) | {
            "message": message,
            "badge": message_badge(message.state),
            "address": message.recipient_address.splitlines(),
            "merge": message.merge,
            "letter": Letter.objects.filter(message=message).defer("pdf").first(),
            "copies": message.deliveries.prefetch_related("events").order_by("position"),
            "sends_mail": sends_mail() and not self.scope.year.is_rehearsal,
        }


class LetterView(MessagePage):
    """The letter itself, the bytes that were stored (DH-155)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        message = self.message()
        letter = Letter.objects.filter(message=message).first()
        if letter is None:
            raise Http404
        response = HttpResponse(bytes(letter.pdf), content_type="application/pdf")
        name = f"brief-{message.kind}-{message.registration_number or message.pk}.pdf"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


class SchoolListView(OfficeListPage):
    """The schools of the region, each with a way to its own pages."""

    table_class = SchoolTable
    filterset_class = SchoolListFilter
    template_name = "admissions/school_list.html"
    export_name = "scholen"

    def get_queryset(self) -> QuerySet[School]:
        return schools_of(self.scope)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_change = self.request.user.has_perm("admissions.manage_schools", self.region)
        may_region = self.request.user.has_perm("admissions.manage_region", self.region)
        return super().get_context_data(**kwargs) | {"may_change": may_change, "may_region": may_region}

    def get_tabs(self) -> list[Tab]:
        rows: QuerySet[Any] = schools_of(self.scope)
        every = rows.count()
        capped = rows.filter(year_ceiling__isnull=False).count()
        words = [
            ("", pgettext("tab", "All")),
            ("capped", pgettext("tab", "With a ceiling")),
            ("uncapped", pgettext("tab", "Without a ceiling")),
        ]
        return self.tabs_with(words, {"": every, "capped": capped, "uncapped": every - capped})
