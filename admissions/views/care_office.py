"""The care route at the programme office: every case, reading letters, deciding that no meeting is needed (DH-176)."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from admissions.enums import CareState
from admissions.filters.care import OfficeCareFilter
from admissions.forms.care import ReasonForm, ReviewForm
from admissions.models import Application, CareCase, CareLetter
from admissions.selectors.care import care_in_region, may_follow_up, steps_of
from admissions.services.care.care_letters import review_letter
from admissions.services.care.care_route import CareError, move_care
from admissions.tables.care import OfficeCareTable
from admissions.views.care import care_tabs
from admissions.views.children import OfficeListPage
from admissions.views.office import OfficePage
from schools.errors import RefusedError
from schools.lists import Tab

S = CareState


class OfficeCareListView(OfficeListPage):
    """Every care case of the year."""

    permission = "admissions.view_care_in_region"
    table_class = OfficeCareTable
    filterset_class = OfficeCareFilter
    template_name = "admissions/office_care_list.html"
    export_name = "zorg"

    def get_queryset(self) -> QuerySet[Application]:
        return care_in_region(self.scope)

    def get_tabs(self) -> list[Tab]:
        rows = care_in_region(self.scope).order_by().values_list("care_case__state")
        counts = dict(rows.annotate(n=Count("pk")).values_list("care_case__state", "n"))
        return care_tabs(counts, self.request.GET.get("tab", ""))


class OfficeCareView(OfficePage):
    """One case: the letter to read, the outcome that is not needed, the follow-up that was agreed."""

    permission = "admissions.view_care_in_region"
    post_permission: ClassVar[str] = "admissions.review_care"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.case())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        case = self.case()
        if not request.user.has_perm(self.post_permission, self.region):
            raise PermissionDenied
        action = request.POST.get("action", "")
        form: forms.Form = (ReviewForm if action in ("reviewed", "back") else ReasonForm)(request.POST)
        if not form.is_valid():
            return self.show(case, {action: form}, status=422)
        try:
            said = self.act(case, action, form.cleaned_data)
        except RefusedError as exc:
            exc.put_on(form)
            return self.show(case, {action: form}, status=409)
        messages.success(request, said)
        return redirect("admissions:office-care", case.application.registration_number)

    def act(self, case: CareCase, action: str, data: dict[str, Any]) -> str:
        actor: Any = self.request.user
        if action in ("reviewed", "back"):
            approved = action == "reviewed"
            review_letter(case.pk, approved=approved, remarks=data["remarks"], actor=actor)
            if approved:
                return _("The letter has been read. It leaves with the others on the sending day.")
            return _("The letter is back at the school, with your remarks.")
        if action == "not_needed":
            move_care(case.pk, S.DUTY_NO, actor=actor, on=self.scope.today, note=data["note"])
            return _("No meeting is needed: the draw does not wait for this child.")
        if action == "closed":
            move_care(case.pk, S.CARE_CLOSED, actor=actor, note=data["note"])
            return _("The follow-up has been recorded.")
        raise CareError(_("This step is not known. Reload the page."))

    def case(self) -> CareCase:
        number = self.kwargs["number"].replace("-", "").upper()
        self.application = get_object_or_404(care_in_region(self.scope), registration_number=number)
        return CareCase.objects.select_related(
            "application__first_choice__round", "appointment_made_by", "manager_told_by"
        ).get(application=self.application)

    def show(self, case: CareCase, bound: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:office-care-list"  # type: ignore[attr-defined]
        may_work = self.request.user.has_perm(self.post_permission, self.region)
        letter = CareLetter.objects.select_related("written_by", "reviewed_by").filter(case=case).first()
        bound = bound or {}
        shown: dict[str, Any] = {}
        if may_work and case.state == S.LETTER_DRAFT:
            shown["review"] = bound.get("reviewed") or bound.get("back") or ReviewForm()
        if may_work and case.state in (S.REQUESTED, S.SIGNALLED):
            shown["not_needed"] = bound.get("not_needed") or ReasonForm()
        if may_work and may_follow_up(case):
            shown["closed"] = bound.get("closed") or ReasonForm()
        context = self.common() | {
            "application": self.application,
            "school": self.application.first_choice.programme.school,
            "child": self.application.child,
            "form": self.application.form,
            "guardians": self.application.guardians.order_by("position"),
            "case": case,
            "letter": letter,
            "steps": steps_of(case),
            "actions": shown,
            "before": case.application.first_choice.round.last_day_before_freeze,
            "error_form": next(iter(bound.values()), None),
        }
        return render(self.request, "admissions/office_care.html", context, status=status)
