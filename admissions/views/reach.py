"""Pages of a school about reaching families: letters ready, what did not arrive, contact (DH-052, DH-115, DH-121)."""

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.generic import TemplateView

from admissions.enums import ContactWay
from admissions.filters.forms import SchoolMessageFilter
from admissions.forms.reach import AddressForm, ContactForm
from admissions.models import Application
from admissions.selectors.delivery import (
    delivery_counts,
    messages_of_school,
    own_letters,
    reach_of,
)
from admissions.selectors.school import own_applications, placements_here
from admissions.services.letters.offers import release_of, send_own
from admissions.services.letters.reaching import log_contact, stop_reminder, stop_reminders_of_school
from admissions.services.replies.reply_period import resend, told_by_phone
from admissions.tables.messages import SchoolMessageTable
from admissions.views.school import SchoolListPage, SchoolPage
from notifications.models import Delivery
from notifications.services.releases import mark_ready, take_mark_back
from schools.errors import RefusedError
from schools.lists import Tab
from schools.mail import sends_mail
from schools.models import Round


class LettersView(SchoolPage, TemplateView):
    """The letters of this school per round: mark them ready, or send what is late."""

    permission = "admissions.process_reply"
    template_name = "admissions/school_letters.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "letters": own_letters(self.scope),
            "sends_mail": sends_mail() and not self.scope.year.is_rehearsal,
        }


class LettersAction(SchoolPage):
    """Something a school does with its letters of one round."""

    permission = "admissions.process_reply"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def round(self) -> Round:
        """A round whose result this school may see; another does not exist here."""
        found = next(
            (r for r in self.scope.rounds if r.code == self.kwargs["code"] and self.scope.shows(r)), None
        )
        if found is None:
            raise Http404
        found.year = self.scope.year
        return found

    def act(self, round_: Round) -> str:
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.round()
        try:
            messages.success(request, self.act(round_))
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:school-letters", self.school.brin)


class ReadyView(LettersAction):
    """The letters may go, together with those of all schools."""

    def act(self, round_: Round) -> str:
        mark_ready(release_of(round_), self.school, actor=self.actor, at=self.scope.now)
        return _("Your letters are ready. They go out together with those of all schools.")


class NotReadyView(LettersAction):
    def act(self, round_: Round) -> str:
        take_mark_back(release_of(round_), self.school)
        return _("Taken back. Your letters do not go out until you mark them ready again.")


class SendLateView(LettersAction):
    """After the release: the school sends what was not ready."""

    def act(self, round_: Round) -> str:
        sent = send_own(round_, self.school, actor=self.actor)
        return ngettext("%(n)d letter has gone out.", "%(n)d letters have gone out.", sent.messages) % {
            "n": sent.messages
        }


class RemindersView(LettersAction):
    """Stop the automatic reminders of this round, or let them go again."""

    def act(self, round_: Round) -> str:
        stop = self.request.POST.get("stop") == "1"
        stop_reminders_of_school(round_, self.school, stop=stop, actor=self.actor)
        if stop:
            return _("Parents get no automatic reminder in this round. Call them yourself.")
        return _("Parents who do not answer get a reminder by themselves again.")


class SchoolMessagesView(SchoolListPage):
    """Messages to the parents of this school's children; the failed ones are the list to call."""

    permission = "admissions.view_school"
    table_class = SchoolMessageTable
    filterset_class = SchoolMessageFilter
    template_name = "admissions/school_messages.html"
    export_name = "berichten"
    alerts = ("failed",)

    def get_queryset(self) -> QuerySet[Any]:
        return messages_of_school(self.scope).defer("merge")

    def tabs(self) -> list[tuple[str, str]]:
        return [
            ("", pgettext("tab", "All")),
            ("failed", pgettext("tab", "Failed")),
            ("deferred", pgettext("tab", "Postponed")),
            ("received", pgettext("tab", "Received")),
            ("offered", pgettext("tab", "Offered")),
            ("to_post", pgettext("tab", "By post")),
        ]

    def tab_counts(self) -> dict[str, int]:
        rows = self.outside_tabs()
        return delivery_counts(rows) | {"": rows.count()}

    def get_tabs(self) -> list[Tab]:
        counts, chosen = self.tab_counts(), self.request.GET.get("tab", "")
        return [
            Tab(value, label, counts.get(value, 0), alert=value in self.alerts, current=value == chosen)
            for value, label in self.tabs()
        ]

    def get_table_kwargs(self) -> dict[str, Any]:
        return {"brin": self.school.brin}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_reply = self.request.user.has_perm("admissions.process_reply", self.school)
        return super().get_context_data(**kwargs) | {"perms_reply": may_reply}


class ReachView(SchoolPage):
    """One family: what was sent and whether it arrived, what was tried, and what to do now."""

    permission = "admissions.process_reply"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer()

    @property
    def number(self) -> str:
        return str(self.kwargs["number"]).replace("-", "").upper()

    def application(self) -> Application:
        """A child of this school: first choice here, or placed here in a round that the school sees."""
        number = self.number
        found = own_applications(self.scope).filter(registration_number=number).first()
        if found is None:
            self.placements = list(
                placements_here(self.scope).filter(application__registration_number=number)
            )
            if not self.placements:
                raise Http404
            found = self.placements[0].application
        else:
            self.placements = list(placements_here(self.scope).filter(application=found))
        application: Application = found
        return application

    def answer(
        self,
        contact: ContactForm | None = None,
        address: tuple[int, AddressForm] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        application = self.application()
        reach = reach_of(self.scope, application, self.placements)
        guardians = list(application.guardians.order_by("position"))
        rows = []
        for message in reach.messages:
            copies = []
            for row in message.deliveries.all():
                form = None
                if row.state == "failed" and row.settled_at is None:
                    form = (
                        address[1]
                        if address and address[0] == row.pk
                        else AddressForm(prefix=str(row.pk), initial={"email": row.email})
                    )
                copies.append((row, form))
            rows.append((message, copies))
        self.request.oa_section = "admissions:school-messages"  # type: ignore[attr-defined]
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "application": application,
            "child": application.child,
            "guardians": guardians,
            "rows": rows,
            "reach": reach,
            "contact_form": contact or ContactForm(today=self.scope.today, initial={"on": self.scope.today}),
            "faults": address[1] if address else contact,
        }
        return render(self.request, "admissions/reach.html", context, status=status)


class ReachAction(ReachView):
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def back(self, application: Application) -> HttpResponse:
        return redirect("admissions:reach", self.school.brin, application.registration_number)


class DeliveryAction(ReachAction):
    """About one copy of a message that this school may see; another does not exist here."""

    @cached_property
    def delivery(self) -> Delivery:
        rows = messages_of_school(self.scope).order_by().values("pk")
        found = Delivery.objects.select_related("message__year")
        return get_object_or_404(found, pk=self.kwargs["pk"], message__in=rows)

    @property
    def number(self) -> str:
        return self.delivery.message.registration_number


class ContactLogView(ReachAction):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        form = ContactForm(request.POST, today=self.scope.today)
        if not form.is_valid():
            return self.answer(contact=form, status=422)
        data = form.cleaned_data
        log_contact(
            application,
            school=self.school,
            way=ContactWay(data["way"]),
            on=data["on"],
            was_reached=data["was_reached"],
            note=data["note"],
            actor=self.actor,
        )
        messages.success(request, _("Written down."))
        return self.back(application)


class ResendView(DeliveryAction):
    """Correct the address and send the message again (DH-053)."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        row = self.delivery
        form = AddressForm(request.POST, prefix=str(row.pk))
        if not form.is_valid():
            return self.answer(address=(row.pk, form), status=422)
        try:
            resend(row, email=form.cleaned_data["email"], actor=self.actor)
        except RefusedError as exc:
            form.add_error("email", str(exc))
            return self.answer(address=(row.pk, form), status=409)
        messages.success(
            request,
            _("Sent again.")
            if form.cleaned_data["email"]
            else _("The letter goes by post with the next print round."),
        )
        return self.back(application)


class PhonedView(DeliveryAction):
    """The family heard it by phone."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        try:
            told_by_phone(self.delivery, actor=self.actor)
            messages.success(request, _("Written down: the family heard it by phone."))
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return self.back(application)


class StopReminderView(ReachAction):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application = self.application()
        offered = next((row for row in self.placements if row.state == "offered"), None)
        if offered is None:
            raise Http404
        offered.school_round.round.year = self.scope.year
        stop = request.POST.get("stop") == "1"
        stop_reminder(offered, stop=stop, actor=self.actor)
        messages.success(
            request, _("This family gets no reminder.") if stop else _("This family gets a reminder again.")
        )
        return self.back(application)
