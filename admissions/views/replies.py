"""Recording the replies of parents: one in a dialog or on its own page, or several enrolments at once (DH-122)."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.forms.replies import ENROL, ReplyForm
from admissions.models import LateWithdrawal
from admissions.selectors.school import can_leave_without_place, placements_here
from admissions.services.replies.answers import record_enrolments, withdraw
from admissions.services.replies.withdrawal_reasons import Reason
from admissions.tables.forms import placed_as
from admissions.views.form_actions import FormPage
from admissions.views.school import ENDABLE_AS_SHOWN, OPEN_STATES, SchoolPage
from schools.access import roles_at
from schools.enums import Role
from schools.errors import RefusedError


def withdraw_here(page: SchoolPage, application: Any, reason: Reason, told: str) -> None:
    """Withdraw this child and say so: with ``told``, or while the draw stands still that it is kept until the result.

    Errors: as ``withdraw``.
    """
    done = withdraw(
        application.pk, reason=reason, on=None, actor=page.actor, standstill=page.scope.standstill
    )
    if isinstance(done, LateWithdrawal):
        told = _(
            "The withdrawal of %(name)s is recorded. It is carried out when you see the result of the draw."
        )
    messages.success(page.request, told % {"name": application.child.full_name})


class ReplyView(SchoolPage):
    """The reply of one family."""

    permission = "admissions.process_reply"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        placement = self.placement()
        return self.answer(request, placement, self.form(placement))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        placement = self.placement()
        form = self.form(placement, request.POST)
        refusal = self.refusal(placement, request.POST.get("answer", ""))
        if refusal:
            form.add_error(None, refusal)
            return self.answer(request, placement, form, status=409)
        if not form.is_valid():
            return self.answer(request, placement, form, status=422)
        name = placement.application.child.full_name
        try:
            if form.cleaned_data["answer"] == ENROL:
                on = self.scope.today
                record_enrolments([placement.pk], year=self.scope.year, on=on, actor=self.actor)
                messages.success(
                    request, _("%(name)s has been enrolled. The placing is final.") % {"name": name}
                )
            else:
                assert form.withdrawal is not None
                told = _("%(name)s has been withdrawn. The place goes to the next VOVP.")
                withdraw_here(self, placement.application, form.withdrawal, told)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.answer(request, placement, form, status=409)
        return redirect("admissions:admitted-list", self.school.brin)

    def placement(self) -> Any:
        """Only a child placed at this school, in a round it may see; a row of another school is not found."""
        return get_object_or_404(placements_here(self.scope), pk=self.kwargs["pk"])

    @staticmethod
    def form(placement: Any, data: Any = None) -> ReplyForm:
        return ReplyForm(data, can_enrol=placement.shown_state in OPEN_STATES)

    def refusal(self, placement: Any, answer: str = "") -> str:
        """A sentence when no reply of this child can be recorded now; empty = it can."""
        if answer == ENROL and self.scope.standstill is not None:
            return _(
                "The VOVP is being drawn. Until you see its result no child can be enrolled. "
                "Record this reply after that. A withdrawal can be recorded now."
            )
        # As shown, not as it is: a child that moved in a VOVP still to be seen looks like every other (DH-135, DH-141).
        if placement.shown_state not in (*OPEN_STATES, *ENDABLE_AS_SHOWN):
            return _("This child no longer has a place at your school. There is nothing to record.")
        return ""

    def answer(
        self, request: HttpRequest, placement: Any, form: ReplyForm, status: int = 200
    ) -> HttpResponse:
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "placement": placement,
            "child": placement.application.child,
            "form": form,
            "placed_as": placed_as(placement),
            "refusal": self.refusal(placement),
            "is_open": placement.shown_state in OPEN_STATES,
            "late": LateWithdrawal.objects.filter(
                application=placement.application_id, applied_at=None
            ).first(),
            "standstill": self.scope.standstill,
        }
        return render(request, "admissions/reply.html", context, status=status)


class BulkEnrolView(SchoolPage):
    """Enrol every ticked child (bulk inschrijven); all of them or none."""

    permission = "admissions.process_reply"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wanted = {
            int(value) for value in request.POST.getlist("placement") if value.isdecimal() and len(value) < 19
        }
        rows: QuerySet[Any] = placements_here(self.scope).filter(pk__in=wanted, shown_state__in=OPEN_STATES)
        found = list(rows.values_list("pk", flat=True))
        if not wanted:
            messages.warning(request, _("You have not chosen a child. Tick the children who are coming."))
        elif self.scope.standstill is not None:
            messages.error(
                request, _("The VOVP is being drawn. Record these replies when you see its result.")
            )
        elif len(found) != len(wanted):
            messages.error(
                request, _("One of these children can no longer be enrolled. Nothing has been recorded.")
            )
        elif request.POST.get("confirm") != "yes":
            return self.ask(rows)
        else:
            try:
                number = record_enrolments(found, year=self.scope.year, on=self.scope.today, actor=self.actor)
            except RefusedError as exc:
                messages.error(request, str(exc))
            else:
                text = ngettext(
                    "%(n)d child has been enrolled.", "%(n)d children have been enrolled.", number
                )
                messages.success(request, text % {"n": number})
        return redirect("admissions:admitted-list", self.school.brin)

    def ask(self, rows: QuerySet[Any]) -> HttpResponse:
        """Name the number and the children once more: enrolling ends the procedure for them (DH-122)."""
        self.request.oa_section = "admissions:admitted-list"  # type: ignore[attr-defined]
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "placements": list(rows),
        }
        return render(self.request, "admissions/bulk_enrol.html", context)


class WithdrawFormView(FormPage):
    """A child without a place leaves the procedure: it waits for the draw, or is looked after outside it (Q-53)."""

    permission = "admissions.process_reply"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.application(), ReplyForm(can_enrol=False))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        application, form = self.application(), ReplyForm(request.POST, can_enrol=False)
        if not self.may(application):
            return self.show(application, form, status=409)
        if not form.is_valid():
            return self.show(application, form, status=422)
        assert form.withdrawal is not None
        try:
            withdraw_here(self, application, form.withdrawal, _("%(name)s has been withdrawn."))
        except RefusedError as exc:
            exc.put_on(form)
            return self.show(application, form, status=409)
        return self.to_child(application)

    def may(self, application: Any) -> bool:
        by_office = Role.PROGRAMME_MANAGER in roles_at(self.request.user, self.school)
        return can_leave_without_place(self.scope, application, by_office=by_office)

    def show(self, application: Any, form: ReplyForm, status: int = 200) -> HttpResponse:
        late = LateWithdrawal.objects.filter(application=application.pk, applied_at=None).first()
        return self.page(
            "admissions/form_withdraw.html",
            application,
            status,
            form=form,
            late=late,
            may=late is None and self.may(application),
        )
