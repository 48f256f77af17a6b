"""Applying again after moving house: the school asks, the programme manager decides (DH-125, den-haag.md 4.5)."""

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from admissions.enums import MoveState
from admissions.filters.desk import MoveFilter
from admissions.forms.desk import MoveDecisionForm, MoveForm
from admissions.models import MoveRequest, Placement
from admissions.selectors.school import placements_here
from admissions.services.replies.moves import decide_move, request_move, see_proof
from admissions.tables.desk import MoveTable
from admissions.views.children import OfficeListPage
from admissions.views.office import OfficePage
from admissions.views.school import OPEN_STATES, SchoolPage
from schools.errors import RefusedError
from schools.lists import Tab


class AskMoveView(SchoolPage):
    """The school of a placed child asks the programme manager (4.5)."""

    permission = "admissions.request_move"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(MoveForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, placement = MoveForm(request.POST), self.placement()
        if not form.is_valid():
            return self.show(form, status=422)
        try:
            request_move(placement.application, note=form.cleaned_data["note"], actor=self.actor)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.show(form, status=409)
        messages.success(
            request, _("The request is at the programme manager. You hear the decision by e-mail.")
        )
        return redirect(
            "admissions:application-detail", self.school.brin, placement.application.registration_number
        )

    def placement(self) -> Placement:
        """The offer or enrolment of this child here; another child, or one without, is not found."""
        number = self.kwargs["number"].replace("-", "").upper()
        rows = placements_here(self.scope).filter(
            application__registration_number=number, shown_state__in=(*OPEN_STATES, "enrolled")
        )
        found: Placement | None = rows.first()
        if found is None:
            raise Http404
        return found

    def show(self, form: MoveForm, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:admitted-list"  # type: ignore[attr-defined]
        placement = self.placement()
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "form": form,
            "child": placement.application.child,
            "application": placement.application,
            "known": MoveRequest.objects.filter(application=placement.application).first(),
        }
        return render(self.request, "admissions/move_ask.html", context, status=status)


class MoveListView(OfficeListPage):
    """Every request of the year."""

    permission = "admissions.view_moves"
    table_class = MoveTable
    filterset_class = MoveFilter
    template_name = "admissions/move_list.html"
    export_name = "verhuizingen"

    def get_queryset(self) -> QuerySet[MoveRequest]:
        rows = MoveRequest.objects.filter(application__year=self.scope.year)
        return rows.select_related(
            "application__child", "application__first_choice__programme", "requested_by"
        )

    def get_tabs(self) -> list[Tab]:
        rows = MoveRequest.objects.filter(application__year=self.scope.year).order_by().values_list("state")
        counts = dict(rows.annotate(n=Count("pk")).values_list("state", "n"))
        words = [("", _("All")), *((state.value, state.label) for state in MoveState)]
        return self.tabs_with(words, counts | {"": sum(counts.values())})


class MoveView(OfficePage):
    """One request: the proof was seen, and the decision."""

    permission = "admissions.view_moves"
    post_permission: ClassVar[str] = "admissions.decide_move"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.move(), MoveDecisionForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        move = self.move()
        if not request.user.has_perm(self.post_permission, self.region):
            raise PermissionDenied
        form = MoveDecisionForm(request.POST)
        actor: Any = request.user
        try:
            if request.POST.get("action") == "proof":
                see_proof(move.pk, actor=actor)
                messages.success(request, _("The proof was seen. It is not stored. Now decide."))
                return redirect("admissions:move", move.pk)
            if not form.is_valid():
                return self.show(move, form, status=422)
            decide_move(
                move.pk,
                outside_catchment=form.cleaned_data["outcome"] == "yes",
                note=form.cleaned_data["note"],
                actor=actor,
            )
        except RefusedError as exc:
            form = form if form.is_bound and form.is_valid() else MoveDecisionForm({})
            form.errors.clear()
            form.add_error(None, str(exc))
            return self.show(move, form, status=409)
        messages.success(
            request, _("The decision has been recorded, and the parents and the school are told.")
        )
        return redirect("admissions:move", move.pk)

    def move(self) -> MoveRequest:
        rows = MoveRequest.objects.filter(application__year=self.scope.year).select_related(
            "application__child",
            "application__form",
            "application__first_choice__programme__school",
            "requested_by",
            "decided_by",
        )
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def show(self, move: MoveRequest, form: MoveDecisionForm, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:move-list"  # type: ignore[attr-defined]
        may = self.request.user.has_perm(self.post_permission, self.region)
        seat = (
            Placement.objects.filter(application=move.application)
            .select_related("school_round__programme__school")
            .order_by("-pk")
            .first()
        )
        context = self.common() | {
            "move": move,
            "child": move.application.child,
            "form": form,
            "seat": seat,
            "next_application": getattr(move.application, "next", None),
            "may_see_proof": may and move.state == MoveState.REQUESTED,
            "may_decide": may and move.state == MoveState.PROOF,
        }
        return render(self.request, "admissions/move.html", context, status=status)
