"""Every page about one child leaves a trace of who opened it: done here, so that no page can forget it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from admissions.enums import OpeningKind
from admissions.selectors.openings import application_opened, kind_of
from admissions.services.year.openings import record_opening
from schools.access import memberships_of
from schools.helping import writing

OPENED = 200


class FileOpeningMiddleware:
    """After a page about one child was shown to somebody with an account: who, which child, what kind, which hour.

    ``schools.matrix.PAGES`` says which pages are about one child. A page that looks a child up without naming it in
    its address says so with ``request.oa_opened``; one that showed care data has ``care_case`` in its context.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == OPENED and request.method == "GET":
            keep_opening(request, response)
        return response


def keep_opening(request: HttpRequest, response: HttpResponse) -> None:
    """Nothing for a visitor without an account: a family opens its own letter with its own code."""
    match, user = request.resolver_match, getattr(request, "user", None)
    if match is None or user is None or not user.is_authenticated or not memberships_of(user):
        return
    page = match.view_name
    application = getattr(request, "oa_opened", None) or application_opened(page, match.kwargs)
    if application is None:
        return
    kinds = {kind_of(page)}
    context: dict[str, Any] = getattr(response, "context_data", None) or {}
    if context.get("care_case") is not None or context.get("placed_with_duty"):
        kinds.add(OpeningKind.CARE)
    with writing():
        record_opening(
            application,
            sorted(kinds),
            user=user,
            of_region=any(m.region_id == application.year.region_id for m in memberships_of(user)),
            helper_view=getattr(request, "oa_helper", None),
        )
