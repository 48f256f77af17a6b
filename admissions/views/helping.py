"""Looking along at a school: beginning, ending, and what the school reads of it."""

from typing import Any, ClassVar

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from admissions.forms.helping import HelperReasonForm
from admissions.selectors.helping import lookers_of
from admissions.views.school import SchoolPage
from schools.errors import RefusedError
from schools.helping import SESSION_KEY
from schools.services.helping import end_helping, start_helping

PAGE = 20


class HelperStartView(SchoolPage):
    """Open the screens of a school to read along, with a reason."""

    permission = "admissions.look_along"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request, HelperReasonForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = HelperReasonForm(request.POST)
        if not form.is_valid():
            return self.answer(request, form, status=422)
        try:
            view = start_helping(
                self.school, user=self.actor, reason=form.cleaned_data["reason"], year=self.scope.year
            )
        except RefusedError as exc:
            form.add_error("reason", str(exc))
            return self.answer(request, form, status=422)
        request.session[SESSION_KEY] = view.pk
        return redirect("admissions:school-today", self.school.brin)

    def answer(self, request: HttpRequest, form: HelperReasonForm, *, status: int = 200) -> HttpResponse:
        context = {"school": self.school, "scope": self.scope, "now": self.scope.now, "form": form}
        return render(request, "admissions/helper_start.html", context, status=status)


class HelperEndView(SchoolPage):
    """Stop looking along; pressed twice it is done once."""

    permission = "admissions.look_along"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view = getattr(request, "oa_helper", None)
        request.session.pop(SESSION_KEY, None)
        if view is not None:
            end_helping(view, year=self.scope.year)
            messages.success(
                request, _("You no longer look along. The school can see which pages you opened.")
            )
        return redirect("home")


class HelperListView(SchoolPage, TemplateView):
    """Who looked along here, when, why and at which pages."""

    permission = "admissions.view_lookers"
    template_name = "admissions/helper_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = lookers_of(self.school).prefetch_related("visits")
        page = Paginator(rows, PAGE).get_page(self.request.GET.get("page"))
        return super().get_context_data(**kwargs) | {"page": page}
