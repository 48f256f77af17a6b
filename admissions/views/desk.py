"""The two support desks: questions with their day, one case in short, schools; and asking (DH-190 to DH-196)."""

from typing import Any, ClassVar

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from admissions.enums import Decision, PlacementState
from admissions.filters.desk import TicketFilter
from admissions.filters.office import SchoolListFilter
from admissions.forms.desk import (
    AnswerForm,
    FindCaseForm,
    MoveForm,
    ParentAskForm,
    QuestionForm,
    SchoolAskForm,
)
from admissions.models import Application, MoveRequest, Placement
from admissions.rules import OFFICE_AND_DESKS
from admissions.selectors.office import schools_of
from admissions.services.replies.moves import request_move
from admissions.services.year.desk import ask_desk, close_ticket
from admissions.tables.desk import DeskSchoolTable, TicketTable
from admissions.validators import plain
from admissions.views.children import OfficeListPage
from admissions.views.office import OfficePage
from admissions.views.school import SchoolPage
from schools.access import roles_in
from schools.context import year_of
from schools.enums import PARENT_TICKETS, SCHOOL_TICKETS, Role, TicketKind
from schools.errors import RefusedError
from schools.lists import Tab
from schools.models import Question, Region, School, Ticket

RATES = {"ask_desk": "10/h/ip"}


def kinds_seen_by(user: Any, region: Region) -> tuple[TicketKind, ...]:
    """Each desk works on its own questions; the office reads both."""
    roles = roles_in(user, region)
    if roles & {Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE}:
        return (*SCHOOL_TICKETS, *PARENT_TICKETS)
    seen: tuple[TicketKind, ...] = SCHOOL_TICKETS if Role.SCHOOL_DESK in roles else ()
    return (*seen, *(PARENT_TICKETS if Role.PARENT_DESK in roles else ()))


class DeskPage(OfficePage):
    """A page of the desks; the office may read along."""

    roles = OFFICE_AND_DESKS
    permission = "admissions.view_desk"

    def tickets(self) -> QuerySet[Ticket]:
        return Ticket.objects.filter(
            region=self.region, kind__in=kinds_seen_by(self.request.user, self.region)
        ).select_related("school", "closed_by")


class TicketListView(DeskPage, OfficeListPage):
    """Open questions, the most urgent first; red when the day has passed (DH-192)."""

    table_class = TicketTable
    filterset_class = TicketFilter
    template_name = "admissions/ticket_list.html"
    export_name = "vragen"

    def get_queryset(self) -> QuerySet[Ticket]:
        return self.tickets()

    def get_table_kwargs(self) -> dict[str, Any]:
        return {"today": self.scope.today}

    def get_tabs(self) -> list[Tab]:
        late = Q(closed_at__isnull=True, due_on__lt=self.scope.today)
        counts: dict[str, int] = self.tickets().aggregate(
            all=Count("pk"),
            open=Count("pk", filter=Q(closed_at__isnull=True)),
            late=Count("pk", filter=late),
            closed=Count("pk", filter=Q(closed_at__isnull=False)),
        )
        words = [
            ("", pgettext("tab", "All")),
            ("open", pgettext("tab", "Open")),
            ("late", pgettext("tab", "Too late")),
            ("closed", pgettext("tab", "Settled")),
        ]
        tabs = self.tabs_with(words, counts | {"": counts["all"]})
        return [Tab(t.value, t.label, t.count, t.value == "late", t.current) for t in tabs]


class TicketView(DeskPage):
    """One question: who asked, until when, and the answer that was given."""

    post_permission: ClassVar[str] = "admissions.work_on_tickets"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.ticket(), AnswerForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        ticket = self.ticket()
        if not request.user.has_perm(self.post_permission, self.region):
            raise PermissionDenied
        form = AnswerForm(request.POST)
        if not form.is_valid():
            return self.show(ticket, form, status=422)
        actor: Any = request.user
        try:
            close_ticket(ticket.pk, year=self.scope.year, answer=form.cleaned_data["answer"], actor=actor)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.show(ticket, form, status=409)
        messages.success(request, _("The question has been settled."))
        return redirect("admissions:ticket-list")

    def ticket(self) -> Ticket:
        return get_object_or_404(self.tickets(), pk=self.kwargs["pk"])

    def show(self, ticket: Ticket, form: AnswerForm, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:ticket-list"  # type: ignore[attr-defined]
        context = self.common() | {
            "ticket": ticket,
            "form": form,
            "is_late": ticket.is_open and ticket.due_on < self.scope.today,
            "may_answer": ticket.is_open and self.request.user.has_perm(self.post_permission, self.region),
        }
        return render(self.request, "admissions/ticket.html", context, status=status)


class DeskSchoolsView(DeskPage, OfficeListPage):
    """The schools desk opens the pages of a school to look along."""

    permission = "admissions.find_school"
    table_class = DeskSchoolTable
    filterset_class = SchoolListFilter
    template_name = "admissions/desk_schools.html"
    export_name = "scholen"

    def get_queryset(self) -> QuerySet[School]:
        return schools_of(self.scope)


# One case in short


class DeskCaseView(DeskPage):
    """The parents' desk looks one family up: where the form is and what was sent, no care, no list, no counts."""

    permission = "admissions.view_case_limited"
    post_permission: ClassVar[str] = "admissions.request_move_for_parents"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = any(request.GET.get(name) for name in ("number", "surname", "born"))
        form = FindCaseForm(request.GET if asked else None)
        found = self.find(form) if asked and form.is_valid() else None
        return self.show(form, found)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask for a new application after moving house, for the parents (4.5)."""
        if not request.user.has_perm(self.post_permission, self.region):
            raise PermissionDenied
        number = request.POST.get("number", "").replace("-", "").upper()
        form, move = FindCaseForm({"number": number}), MoveForm(request.POST)
        found = self.find(form) if form.is_valid() else None
        if found is None:
            return self.show(form, None, status=422)
        if not move.is_valid():
            return self.show(form, found, move, status=422)
        actor: Any = request.user
        try:
            request_move(found, note=move.cleaned_data["note"], actor=actor)
        except RefusedError as exc:
            move.add_error(None, str(exc))
            return self.show(form, found, move, status=409)
        messages.success(request, _("The request has been passed on to the programme manager."))
        return redirect(f"{reverse('admissions:desk-case')}?number={found.registration_number}")

    def find(self, form: FindCaseForm) -> Application | None:
        rows = Application.objects.filter(year=self.scope.year).select_related(
            "child", "form", "first_choice__round", "first_choice__programme__school"
        )
        data = form.cleaned_data
        number = data["number"].replace("-", "").replace(" ", "").upper()
        if number:
            return rows.filter(registration_number=number).first()
        if data["surname"] and data["born"]:
            key = plain(data["surname"])
            rows = rows.filter(child__date_of_birth=data["born"], child__identity_key__contains=key)
            return rows.exclude(decision=Decision.VOID).order_by("-pk").first() if key else None
        form.add_error(None, _("Fill in the registration number, or the family name and the date of birth."))
        return None

    def show(
        self,
        form: FindCaseForm,
        found: Application | None,
        move: MoveForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        told = [
            r.pk for r in self.scope.rounds if r.is_played and r.offers_on and r.offers_on <= self.scope.today
        ]
        seat = None
        if found is not None:
            self.request.oa_opened = found  # type: ignore[attr-defined]  # the address does not name the child
            # Nothing before all families know it, whoever asks (DH-111, DH-142).
            seat = (
                Placement.objects.filter(
                    application=found,
                    school_round__round_id__in=told,
                    state__in=[PlacementState.OFFERED, PlacementState.ENROLLED],
                )
                .select_related("school_round__programme__school", "school_round__round")
                .first()
            )
        context = self.common() | {
            "form": form,
            "was_asked": form.is_bound,
            "found": found,
            "seat": seat,
            "is_told": found is not None and found.first_choice.round_id in told,
            "guardians": found.guardians.order_by("position") if found else [],
            "move_request": MoveRequest.objects.filter(application=found).first() if found else None,
            "move": move or MoveForm(),
            "may_move": seat is not None,
        }
        return render(self.request, "admissions/desk_case.html", context, status=status)


# Asking


class SchoolAskView(SchoolPage):
    """A school asks its desk, or asks for a training (DH-190, DH-194)."""

    permission = "admissions.ask_desk"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        start = {
            "name": str(request.user),
            "email": self.actor.email,
            "kind": "training" if request.GET.get("training") else "question",
        }
        if request.GET.get("over") == "directeur":
            name = self.school.director_name or "–"
            start["question"] = _(
                "Our director on the central list is %(name)s. From now on this must be: "
            ) % {"name": name}
        return self.show(SchoolAskForm(initial=start))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = SchoolAskForm(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        data = form.cleaned_data
        try:
            ask_desk(
                self.scope.year,
                **data | {"kind": TicketKind(data["kind"])},
                school=self.school,
                actor=self.actor,
            )
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.show(form, status=409)
        messages.success(
            request, _("Your question has been sent. You hear from us within three working days.")
        )
        return redirect("admissions:school-today", self.school.brin)

    def show(self, form: SchoolAskForm, status: int = 200) -> HttpResponse:
        mine = Ticket.objects.filter(school=self.school).order_by("-pk")[:10]
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "form": form,
            "mine": mine,
            "region": self.school.region,
        }
        return render(self.request, "admissions/school_ask.html", context, status=status)


@method_decorator(login_not_required, name="dispatch")
class PublicDeskPage(View):
    """A page of a region for parents."""

    def region(self) -> Region:
        return get_object_or_404(Region, slug=self.kwargs["region"])


class QuestionsView(PublicDeskPage):
    """Questions and answers, grouped, in the language of the reader where the office wrote it (DH-196)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        region = self.region()
        groups: dict[str, list[tuple[str, str]]] = {}
        english = (get_language() or "").startswith("en")
        for row in Question.objects.filter(region=region, is_public=True):
            both = english and row.question_en and row.answer_en
            said = (row.question_en, row.answer_en) if both else (row.question, row.answer)
            groups.setdefault(row.category, []).append(said)
        return render(request, "admissions/questions.html", {"region": region, "groups": groups})


class AskView(PublicDeskPage):
    """A parent asks the parents' desk, or asks to be called back (DH-191, DH-192)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kind = "parent" if request.GET.get("vraag") else "call_back"
        return self.show(ParentAskForm(initial={"kind": kind}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not ratelimit.consume(request, app="admissions", action="ask_desk", config=RATES):
            limited: HttpResponse = ratelimit.respond_429(request)
            return limited
        region, form = self.region(), ParentAskForm(request.POST)
        year = year_of(request, region)
        if not form.is_valid():
            return self.show(form, status=422)
        data = form.cleaned_data
        is_program = bool(data.pop("website"))
        try:
            if year is not None and not is_program:
                language = "en" if (get_language() or "").startswith("en") else "nl"
                ask_desk(year, **data | {"kind": TicketKind(data["kind"])}, language=language)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.show(form, status=409)
        messages.success(request, _("We have received it. You hear from us within three working days."))
        return redirect("admissions:questions", region.slug)

    def show(self, form: ParentAskForm, status: int = 200) -> HttpResponse:
        return render(
            self.request, "admissions/ask.html", {"region": self.region(), "form": form}, status=status
        )


# The questions and answers themselves


class QuestionListView(OfficePage, TemplateView):
    """What the public reads, for changing."""

    permission = "admissions.edit_questions"
    template_name = "admissions/question_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = Question.objects.filter(region=self.region)
        return super().get_context_data(**kwargs) | {"rows": rows, "region": self.region}


class QuestionEditView(OfficePage):
    """Write, change or remove one question; no programmer needed (DH-196)."""

    permission = "admissions.edit_questions"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(QuestionForm(instance=self.question()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        question = self.question()
        if question is not None and request.POST.get("action") == "remove":
            question.delete()
            messages.success(request, _("The question has been removed."))
            return redirect("admissions:question-list")
        form = QuestionForm(request.POST, instance=question or Question(region=self.region))
        if not form.is_valid():
            return self.show(form, status=422)
        form.save()
        messages.success(request, _("Saved. Everybody who opens the page reads the new text."))
        return redirect("admissions:question-list")

    def question(self) -> Question | None:
        pk = self.kwargs.get("pk")
        return get_object_or_404(Question, region=self.region, pk=pk) if pk is not None else None

    def show(self, form: QuestionForm, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:question-list"  # type: ignore[attr-defined]
        context = self.common() | {"form": form, "question": form.instance if form.instance.pk else None}
        return render(self.request, "admissions/question_edit.html", context, status=status)
