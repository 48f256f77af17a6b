"""The care route of a school: list, one child, a signal, the days of the start talk (den-haag.md 2.12, 4.3)."""

from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from admissions.enums import CareState
from admissions.filters.care import CareFilter
from admissions.forms.care import (
    CareDayForm,
    HeldForm,
    LetterForm,
    MeetingForm,
    OutcomeForm,
    SignalForm,
)
from admissions.models import CareCase, CareDay, CareLetter
from admissions.selectors.care import TABS, care_days, care_of_school, steps_of
from admissions.selectors.school import own_applications
from admissions.services.care.care_letters import WRITABLE, write_letter
from admissions.services.care.care_route import (
    CareError,
    add_care_day,
    confirm_care_day,
    finish_task,
    move_care,
    record_signal,
    remove_care_day,
)
from admissions.tables.care import CareTable
from admissions.views.school import SchoolListPage, SchoolPage
from schools.context import round_name
from schools.enums import BEFORE_LOCK_STATES, RoundKind, RoundState
from schools.errors import RefusedError
from schools.lists import Tab
from schools.models import SchoolRound

S = CareState
TAB_OF: dict[str, str] = {state: tab for tab, states in TABS.items() for state in states}


def care_words() -> list[tuple[str, str]]:
    return [
        ("", pgettext("tab", "All")),
        ("open", pgettext("tab", "Outcome missing")),
        ("letter", pgettext("tab", "Letter to send")),
        ("done", pgettext("tab", "Settled with care duty")),
        ("none", pgettext("tab", "No care duty")),
    ]


class CareListView(SchoolListPage):
    """Every care case of the school, with what must be done next."""

    permission = "admissions.view_care"
    table_class = CareTable
    filterset_class = CareFilter
    template_name = "admissions/care_list.html"
    export_name = "zorg"
    alerts = ("open",)
    tab_field = "care_case__state"
    shared_tabs = TAB_OF

    def get_queryset(self) -> QuerySet[Any]:
        return care_of_school(self.scope)

    def get_table_kwargs(self) -> dict[str, Any]:
        return {"brin": self.school.brin}

    def tabs(self) -> list[tuple[str, str]]:
        return care_words()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_work = self.request.user.has_perm("admissions.work_on_care", self.school)
        return super().get_context_data(**kwargs) | {
            "days": care_days(self.scope),
            "may_work": may_work,
            "day_form": self.day_form() if may_work else None,
            "is_capped": is_capped(self),
        }

    def day_form(self) -> CareDayForm:
        """Empty, or once more what was typed for a day that was refused, with the sentence beside its field."""
        rounds = coming_rounds(self)
        kept = self.request.session.pop(refused_day(self), None)
        if kept is None:
            return CareDayForm(school_rounds=rounds)
        form = CareDayForm(kept["typed"], school_rounds=rounds)
        if form.is_valid():
            CareError(kept["text"], kept["field"]).put_on(form)
        return form


def refused_day(page: SchoolPage) -> str:
    """Where the session keeps a day that was refused, until the list has shown it once."""
    return f"care-day-{page.school.pk}"


def coming_rounds(page: SchoolPage) -> list[tuple[SchoolRound, str]]:
    """Application periods of this school that have not been frozen yet, with their names."""
    rows = SchoolRound.objects.filter(
        programme__school=page.school, round__year=page.scope.year, round__kind=RoundKind.ALM
    ).select_related("round__year", "programme")
    open_states = (*BEFORE_LOCK_STATES, RoundState.LOCKED)
    return [
        (row, round_name(row.round))
        for row in rows.order_by("round__position")
        if row.round.state in open_states
    ]


def is_capped(page: SchoolPage) -> bool:
    return SchoolRound.objects.filter(
        programme__school=page.school, round__year=page.scope.year, ceiling__isnull=False
    ).exists()


class CarePage(SchoolPage):
    """Something that is done in the care route by the school."""

    permission: ClassVar[str] = "admissions.work_on_care"

    def back(self) -> HttpResponse:
        return redirect("admissions:care-list", self.school.brin)


class SignalView(CarePage):
    """The school itself starts the route (DH-174)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(SignalForm(initial={"number": request.GET.get("kind", "")}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = SignalForm(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        # A care coordinator may name any child of the own school here, and sees it from then on.
        everybody = own_applications(replace(self.scope, sees_all=True))
        application = everybody.filter(registration_number=form.cleaned_data["number"]).first()
        if application is None:
            form.add_error(
                "number", _("Your school has no form with this number. Look whether it is typed right.")
            )
            return self.show(form, status=422)
        try:
            record_signal(application, note=form.cleaned_data["note"], actor=self.actor)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.show(form, status=409)
        messages.success(request, _("The signal has been recorded. The programme manager sees it at once."))
        return redirect("admissions:care-detail", self.school.brin, application.registration_number)

    def show(self, form: SignalForm, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:care-list"  # type: ignore[attr-defined]
        context = {"school": self.school, "scope": self.scope, "now": self.scope.now, "form": form}
        return render(self.request, "admissions/care_signal.html", context, status=status)


class CareDetailView(SchoolPage):
    """One child in the care route: where it stands, and the one step that comes next."""

    permission = "admissions.view_care"
    post_permission: ClassVar[str] = "admissions.work_on_care"
    template_name = "admissions/care_detail.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.case())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        case = self.case()
        if not request.user.has_perm(self.post_permission, self.school):
            raise PermissionDenied
        action = request.POST.get("action", "")
        form = self.form_for(action, request.POST)
        if form is not None and not form.is_valid():
            return self.show(case, {action: form}, status=422)
        try:
            said = self.act(case, action, form.cleaned_data if form is not None else {})
        except RefusedError as exc:
            if form is None:
                messages.error(request, str(exc))
                return self.back(case)
            exc.put_on(form)
            return self.show(case, {action: form}, status=409)
        messages.success(request, said)
        return self.back(case)

    def act(self, case: CareCase, action: str, data: dict[str, Any]) -> str:
        """Take the chosen step; answers what was done. Errors: RefusedError with the sentence for the page."""
        if action in ("appointment_made", "manager_told"):
            finish_task(case.pk, action, actor=self.actor)
            return _("Ticked.")
        if action == "plan":
            move_care(case.pk, S.MEETING_PLANNED, actor=self.actor, on=data["on"], note=data["note"])
            return _("The meeting has been planned.")
        if action == "held":
            move_care(case.pk, S.MEETING_HELD, actor=self.actor, on=data["on"], note=data["note"])
            return _("The meeting has been held. Now record its outcome.")
        if action == "outcome":
            target = S(data["outcome"])
            move_care(case.pk, target, actor=self.actor, on=data["on"], note=data["note"])
            return _("The outcome has been recorded.")
        if action == "letter":
            if not self.request.user.has_perm("admissions.write_care_letter", self.school):
                raise PermissionDenied
            write_letter(case.pk, body=data["body"], actor=self.actor)
            return _("The letter has been saved. The programme manager reads it before it can be sent.")
        raise CareError(_("This step is not known. Reload the page."))

    def case(self) -> CareCase:
        number = self.kwargs["number"].replace("-", "").upper()
        found = care_of_school(self.scope).filter(registration_number=number).first()
        if found is None:
            raise Http404
        self.application = found
        case: CareCase = CareCase.objects.select_related(
            "application__first_choice__round", "appointment_made_by", "manager_told_by"
        ).get(application=found)
        return case

    def form_for(self, action: str, data: Any = None) -> forms.Form | None:
        kinds: dict[str, type[forms.Form]] = {
            "plan": MeetingForm,
            "held": HeldForm,
            "outcome": OutcomeForm,
            "letter": LetterForm,
        }
        return kinds[action](data) if action in kinds else None

    def next_actions(self, case: CareCase) -> list[str]:
        """The steps this case can take now at the school."""
        may_write = self.request.user.has_perm("admissions.write_care_letter", self.school)
        return {
            S.REQUESTED: ["plan"],
            S.SIGNALLED: ["plan"],
            S.MEETING_PLANNED: ["held"],
            S.MEETING_HELD: ["outcome"],
        }.get(S(case.state), ["letter"] if case.state in WRITABLE and may_write else [])

    def show(self, case: CareCase, bound: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:care-list"  # type: ignore[attr-defined]
        may_work = self.request.user.has_perm(self.post_permission, self.school)
        letter = CareLetter.objects.select_related("written_by", "reviewed_by").filter(case=case).first()
        actions = self.next_actions(case) if may_work else []
        initial = {"on": self.scope.today.isoformat()}
        shown: dict[str, Any] = {}
        for action in actions:
            form = (bound or {}).get(action) or self.form_for(action)
            assert form is not None
            if not form.is_bound:
                text = letter.body if letter else letter_format(self.application.child.given_name)
                form.initial = {"outcome": initial, "held": {"on": case.meeting_on}}.get(
                    action, {"body": text}
                )
            shown[action] = form
        # A step that was refused because somebody else took it stays on the page with what was typed.
        shown |= {action: form for action, form in (bound or {}).items() if action not in shown}
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "application": self.application,
            "child": self.application.child,
            "form": self.application.form,
            "guardians": self.application.guardians.order_by("position"),
            "case": case,
            "letter": letter,
            "steps": steps_of(case),
            "actions": shown,
            "may_work": may_work,
            "before": case.application.first_choice.round.last_day_before_freeze,
            "has_bound_error": bool(bound),
            "error_form": next(iter((bound or {}).values()), None),
        }
        return render(self.request, self.template_name, context, status=status)

    def back(self, case: CareCase) -> HttpResponse:
        return redirect("admissions:care-detail", self.school.brin, case.application.registration_number)


def letter_format(name: str) -> str:
    """The format from which a school writes its letter (DH-176)."""
    return _(
        "We have spoken with you about what %(name)s needs at school. We found that %(name)s needs extra support.\n\n"
        "[Write here which support, and who gives it.]\n\n"
        "We make an appointment with you before the first school day, so that the start goes well."
    ) % {"name": name}


class CareDayView(CarePage):
    """Add, tick or remove a day of the start talk (DH-020)."""

    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        action, pk = request.POST.get("action", ""), request.POST.get("day_id", "")
        try:
            if action == "add":
                return self.add()
            elif action not in ("confirm", "remove"):
                raise CareError(_("This step is not known. Reload the page."))
            else:
                own = CareDay.objects.filter(
                    school_round__programme__school=self.school, pk=pk if pk.isdecimal() else 0
                )
                if not own.exists():
                    raise Http404
                if action == "confirm":
                    confirm_care_day(int(pk), actor=self.actor)
                else:
                    remove_care_day(int(pk), actor=self.actor)
                messages.success(request, _("Saved."))
        except RefusedError as exc:
            messages.error(request, str(exc))
        return self.back()

    def add(self) -> HttpResponse:
        form = CareDayForm(self.request.POST, school_rounds=coming_rounds(self))
        refused = None
        if form.is_valid():
            typed = form.cleaned_data
            try:
                add_care_day(
                    form.rounds[typed["round"]], day=typed["day"], note=typed["note"], actor=self.actor
                )
            except RefusedError as exc:
                refused = exc
        if refused is not None or not form.is_valid():
            # Back to the list, which has the form: what was typed goes along and stands there again.
            self.request.session[refused_day(self)] = {
                "typed": {name: self.request.POST.get(name, "")[:300] for name in form.fields},
                "field": refused.field if refused else "",
                "text": str(refused) if refused else "",
            }
            messages.error(self.request, _("The day has not been added. Look below the list."))
            return redirect(reverse("admissions:care-list", args=[self.school.brin]) + "#dagen")
        messages.success(self.request, _("The day has been added."))
        return self.back()


def care_tabs(counts: dict[str, int], chosen: str) -> list[Tab]:
    """Tabs of a care list that is counted by state."""
    summed: dict[str, int] = {"": sum(counts.values())}
    for state, number in counts.items():
        summed[TAB_OF[state]] = summed.get(TAB_OF[state], 0) + number
    return [
        Tab(value, label, summed.get(value, 0), alert=value == "open", current=value == chosen)
        for value, label in care_words()
        if summed.get(value) or value in ("", chosen)
    ]
