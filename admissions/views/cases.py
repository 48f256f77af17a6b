"""Cases of the programme office: one inbox, one page per case, and the guided actions that settle them."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from admissions.case_enums import CARE_KINDS
from admissions.filters.office import CaseFilter
from admissions.forms.cases import DisputeForm, HandOverForm, NoteForm
from admissions.models import Case
from admissions.selectors.office import cases_of
from admissions.services.cases.actions import dispute_draw
from admissions.services.cases.settling import CaseError
from admissions.services.cases.working import add_note, hand_over, possible_owners, take_case
from admissions.tables.office import CaseTable
from admissions.views.case_actions import Action, actions_for, ways_for
from admissions.views.children import OfficeListPage
from admissions.views.office import OfficePage
from schools.errors import RefusedError
from schools.lists import Tab


class CaseListView(OfficeListPage):
    """What there is to settle (zaken): whose it is, and until when."""

    table_class = CaseTable
    filterset_class = CaseFilter
    template_name = "admissions/case_list.html"
    export_name = "zaken"

    def get_queryset(self) -> QuerySet[Case]:
        return cases_of(self.scope)

    def get_filterset_kwargs(self, filterset_class: Any) -> dict[str, Any]:
        return super().get_filterset_kwargs(filterset_class) | {"user": self.request.user}

    def get_table_kwargs(self) -> dict[str, Any]:
        return {"today": self.scope.today}

    def get_tabs(self) -> list[Tab]:
        live = Q(closed_at__isnull=True)
        counts: dict[str, int] = cases_of(self.scope).aggregate(
            all=Count("pk"),
            open=Count("pk", filter=live),
            mine=Count("pk", filter=live & Q(owner=self.request.user)),
            nobody=Count("pk", filter=live & Q(owner__isnull=True)),
            late=Count("pk", filter=live & Q(due_on__lt=self.scope.today)),
            closed=Count("pk", filter=~live),
        )
        words = [
            ("", pgettext("tab", "All")),
            ("open", pgettext("tab", "Open")),
            ("mine", pgettext("tab", "Mine")),
            ("nobody", pgettext("tab", "Nobody's")),
            ("late", pgettext("tab", "Too late")),
            ("closed", pgettext("tab", "Settled")),
        ]
        tabs = self.tabs_with(words, counts | {"": counts["all"]})
        return [Tab(t.value, t.label, t.count, t.value == "late", t.current) for t in tabs]


class CaseView(OfficePage):
    """One case: its history, who works on it, and what settles it. Nothing here simply closes a case."""

    work_permission: ClassVar[str] = "admissions.work_on_cases"
    settle_permission: ClassVar[str] = "admissions.settle_cases"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.case())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        case, name = self.case(), request.POST.get("action", "")
        form: forms.Form | None = None
        if not request.user.has_perm(self.work_permission, self.region):
            raise PermissionDenied
        action = next((one for one in actions_for(case) if one.name == name), None)
        try:
            if name == "take":
                take_case(case.pk, actor=self.actor)
                return self.said(case, _("You work on this case now."))
            form = self.bound(case, name, action)
            if not form.is_valid():
                return self.show(case, name, form, status=422)
            said = self.act(case, name, action, form.cleaned_data)
        except RefusedError as exc:
            if form is None:
                messages.warning(request, str(exc))
                return redirect("admissions:case", case.pk)
            form.add_error(None, str(exc))
            return self.show(self.case(), name, form, status=409)
        return self.said(case, said)

    def said(self, case: Case, text: str) -> HttpResponse:
        messages.success(self.request, text)
        return redirect("admissions:case", case.pk)

    def bound(self, case: Case, name: str, action: Action | None) -> forms.Form:
        """The form of this action with what was typed; an action this case does not have is a sentence."""
        data, ids = self.request.POST, f"{name}_%s"
        if name == "hand_over":
            return HandOverForm(data, case=case, owners=self.owners(case), auto_id=ids)
        if name == "note":
            return NoteForm(data, case=case, auto_id=ids)
        if action is None:
            raise CaseError(_("This case has been settled already, or this action does not belong to it."))
        if not self.request.user.has_perm(self.settle_permission, self.region):
            raise PermissionDenied
        return action.form(data, case=case, auto_id=ids)

    def act(self, case: Case, name: str, action: Action | None, data: dict[str, Any]) -> str:
        if name == "hand_over":
            hand_over(case.pk, to=data["owner"], note=data["note"], actor=self.actor)
            return _("%(name)s works on this case now.") % {"name": data["owner"]}
        if name == "note":
            add_note(case.pk, text=data["text"], actor=self.actor)
            return _("The note stands in the history.")
        assert action is not None
        action.run(case, data, self.actor)
        case.refresh_from_db()
        return _("This has been recorded.") if case.is_live else _("The case has been settled.")

    @property
    def actor(self) -> Any:
        return self.request.user

    def case(self) -> Case:
        """A case of this region and year, and about care only for those who may see that (DH-180)."""
        rows = cases_of(self.scope).select_related(
            "application__child",
            "application__form",
            "application__first_choice__programme__school",
            "application__first_choice__round",
            "school_round__programme__school",
            "school_round__round",
            "owner",
            "opened_by",
            "closed_by",
        )
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def owners(self, case: Case) -> Any:
        return possible_owners(self.region, is_care=case.kind in CARE_KINDS).exclude(pk=case.owner_id or 0)

    def show(
        self, case: Case, name: str = "", bound: forms.Form | None = None, status: int = 200
    ) -> HttpResponse:
        self.request.oa_section = "admissions:case-list"  # type: ignore[attr-defined]
        may_work = case.is_live and self.request.user.has_perm(self.work_permission, self.region)
        may_settle = case.is_live and self.request.user.has_perm(self.settle_permission, self.region)

        def form_of(own: str, make: Any, **more: Any) -> forms.Form:
            made: forms.Form = (
                bound if bound is not None and name == own else make(case=case, auto_id=f"{own}_%s", **more)
            )
            return made

        actions = [(one, form_of(one.name, one.form)) for one in actions_for(case)] if may_settle else []
        context = self.common() | {
            "case": case,
            "entries": case.entries.select_related("actor"),
            "actions": actions,
            "ways": ways_for(case) if may_settle else [],
            "may_work": may_work,
            "needs_manager": may_work and not may_settle,
            "may_take": may_work and case.owner_id is None,
            "hand_over": form_of("hand_over", HandOverForm, owners=self.owners(case)) if may_work else None,
            "note_form": form_of("note", NoteForm) if may_work else None,
            "error_form": bound if bound is not None and bound.errors else None,
            "is_late": case.is_live and case.due_on < self.scope.today,
            "numbers": case.about.split("/") if case.kind == "duplicate" else [],
        }
        return render(self.request, "admissions/case.html", context, status=status)


class DisputeView(OfficePage):
    """A family disputes a draw by hand: the case of that school and period (Q-32, DH-077)."""

    permission = "admissions.work_on_cases"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(DisputeForm(year=self.scope.year))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, actor = DisputeForm(request.POST, year=self.scope.year), request.user
        if not form.is_valid():
            return self.show(form, status=422)
        try:
            case = dispute_draw(form.cleaned_data["seat"], note=form.cleaned_data["note"], actor=actor)  # type: ignore[arg-type]
        except RefusedError as exc:
            form.add_error("note", str(exc))
            return self.show(form, status=409)
        messages.success(request, _("The case is open. Ask the school for the recording of its draw."))
        return redirect("admissions:case", case.pk)

    def show(self, form: DisputeForm, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:case-list"  # type: ignore[attr-defined]
        return render(
            self.request, "admissions/case_dispute.html", self.common() | {"form": form}, status=status
        )
