"""Systems of others with a token: made and taken back by the programme manager, who sees the token once."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from admissions.enums import ApiScope
from admissions.forms.api_clients import ApiClientForm
from admissions.models import ApiClient
from admissions.services.api_clients import make_client, withdraw_client
from admissions.views.office import OfficePage
from schools.errors import RefusedError


class ApiClientListView(OfficePage):
    """Which systems may read, what, and when they were here last. A new token is shown on this one answer only."""

    permission = "admissions.manage_people"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(ApiClientForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, actor = ApiClientForm(request.POST), request.user
        if not form.is_valid():
            return self.page(form, status=422)
        try:
            by: Any = actor
            client, token = make_client(self.scope.year, **form.cleaned_data, actor=by)
        except RefusedError as exc:
            form.add_error("name", str(exc))
            return self.page(form, status=409)
        response = self.page(ApiClientForm(), made=client, token=token)
        response.headers["Cache-Control"] = "no-store"
        return response

    def page(
        self, form: ApiClientForm, *, made: ApiClient | None = None, token: str = "", status: int = 200
    ) -> HttpResponse:
        rows = ApiClient.objects.filter(region=self.region).select_related("made_by", "withdrawn_by")
        context = self.common() | {
            "form": form,
            "made": made,
            "token": token,
            "region": self.region,
            "rows": [(row, [str(ApiScope(scope).label) for scope in row.scopes]) for row in rows],
        }
        return render(self.request, "admissions/api_client_list.html", context, status=status)


class WithdrawView(OfficePage):
    """The token counts no more, at once and for good."""

    permission = "admissions.manage_people"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        client = get_object_or_404(ApiClient, pk=self.kwargs["pk"], region=self.region)
        actor: Any = request.user
        if withdraw_client(client.pk, year=self.scope.year, actor=actor):
            messages.success(request, _("The token of %(name)s has been withdrawn.") % {"name": client.name})
        else:
            messages.info(request, _("The token of %(name)s was withdrawn before.") % {"name": client.name})
        return redirect("admissions:api-client-list")
