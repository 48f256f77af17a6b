"""Exceptions: asked by one, decided by another who reads first whom it passes over; and the yearly counts for all."""

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from admissions.exception_enums import ExceptionKind, ExceptionState
from admissions.forms.exceptions import ExceptionForm
from admissions.models import Application, PlaceException
from admissions.selectors.exceptions import exceptions_of, yearly_counts
from admissions.services.places.exception_kinds import approve_exception, propose_exception, reject_exception
from admissions.views.desk import PublicDeskPage
from admissions.views.office import OfficePage
from schools.errors import RefusedError


class ExceptionListView(OfficePage, TemplateView):
    """What was asked and decided this year."""

    template_name = "admissions/exception_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.request.oa_section = "admissions:case-list"  # type: ignore[attr-defined]
        return super().get_context_data(**kwargs) | {"rows": exceptions_of(self.scope)[:200]}


class ExceptionNewView(OfficePage):
    """The first person. A kind that needs care data is refused for who may not see them."""

    permission = "admissions.work_on_cases"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        number = request.GET.get("number", "")[:20]
        return self.show(ExceptionForm(year=self.scope.year, initial={"number": number}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, actor = ExceptionForm(request.POST, year=self.scope.year), request.user
        if not form.is_valid():
            return self.show(form, status=422)
        if form.cleaned_data["kind"] == ExceptionKind.CARE_PLACE and not self.scope.sees_care:
            raise PermissionDenied
        assert form.application is not None
        try:
            row = propose_exception(
                form.cleaned_data["kind"],
                form.application.pk,
                form.cleaned_data["round"],
                reason=form.cleaned_data["reason"],
                actor=actor,  # type: ignore[arg-type]
            )
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.show(form, status=409)
        messages.success(request, _("Stored. Now somebody else, with another account, must decide."))
        return redirect("admissions:exception", row.pk)

    def show(self, form: ExceptionForm, status: int = 200) -> HttpResponse:
        self.request.oa_section = "admissions:case-list"  # type: ignore[attr-defined]
        context = self.common() | {"form": form}
        return render(self.request, "admissions/exception_new.html", context, status=status)


class ExceptionView(OfficePage):
    """One exception, with the children who are passed over; the programme manager decides, not who asked."""

    decide_permission: ClassVar[str] = "admissions.settle_cases"

    def row(self) -> PlaceException:
        return get_object_or_404(exceptions_of(self.scope), pk=self.kwargs["pk"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.request.oa_section = "admissions:case-list"  # type: ignore[attr-defined]
        row = self.row()
        children = {
            one.registration_number: one
            for one in Application.objects.filter(
                year=self.scope.year, registration_number__in=row.passed_over
            ).select_related("child")
        }
        may = request.user.has_perm(self.decide_permission, self.region)
        is_open, is_own = row.state == ExceptionState.PROPOSED, row.proposed_by_id == request.user.pk
        context = self.common() | {
            "row": row,
            "passed_over": [children[number] for number in row.passed_over if number in children],
            "may_approve": may and is_open and not is_own,
            "may_reject": is_open and (may or is_own),
            "is_own": is_own and is_open,
        }
        return render(request, "admissions/exception.html", context)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row, action, actor = self.row(), request.POST.get("action", ""), request.user
        may = actor.has_perm(self.decide_permission, self.region)
        if not may and not (action == "reject" and row.proposed_by_id == actor.pk):
            raise PermissionDenied
        if action not in ("approve", "reject"):
            raise Http404
        try:
            if action == "approve":
                approve_exception(row.pk, actor=actor)  # type: ignore[arg-type]
                messages.success(request, _("Decided and done. It counts in the public yearly count."))
            else:
                reject_exception(row.pk, actor=actor)  # type: ignore[arg-type]
                messages.success(request, _("This is not done."))
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:exception", row.pk)


@method_decorator(login_not_required, name="dispatch")
class PublicExceptionsView(PublicDeskPage):
    """How many exceptions there were per year and kind, for everybody; no school and no child."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        region = self.region()
        context = {"region": region, "years": yearly_counts(region)}
        return render(request, "admissions/exceptions_public.html", context)
