"""The mode in which somebody looks along at a school: its pages only, nothing can change, everything is kept.

Two locks. Every method that writes is refused before a view is reached; and while a page is read, the database
connection refuses every statement that writes, so that a page which writes when it is read changes nothing either.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from schools.clock import database_now
from schools.context import year_of
from schools.models import HelperView
from schools.services.helping import end_helping, record_visit

SESSION_KEY = "oa_helper"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# What somebody may still do: stop looking along, log out, read in another language.
STILL_DONE = frozenset({"admissions:helper-end", "account_logout", "set_language"})
STILL_OPEN = ("help:", "account_logout", "check:")
WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "TRUNCATE"})


class ReadOnlyRefused(PermissionDenied):
    """A page tried to change something while somebody was looking along."""


def helper_view_of(request: HttpRequest) -> HelperView | None:
    """The school at which the user of this session looks along, as it stands in the database."""
    key = request.session.get(SESSION_KEY)
    if not key or not request.user.is_authenticated:
        return None
    rows = HelperView.objects.select_related("school__region", "user")
    return rows.filter(pk=key, user_id=request.user.pk).first()


class HelperViewMiddleware:
    """Keep somebody who looks along inside that school, and its data as they are."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = helper_view_of(request)
        if view is not None and (view.ended_at is not None or database_now() >= view.ends_at):
            end_helping(view, year=year_of(request, view.school.region))
            del request.session[SESSION_KEY]
            messages.info(request, _("Looking along has ended: it lasts an hour at most."))
            view = None
        request.oa_helper = view  # type: ignore[attr-defined]
        with read_only() if view is not None and request.method in SAFE_METHODS else nullcontext():
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, func: Any, args: Iterable[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        view: HelperView | None = request.oa_helper  # type: ignore[attr-defined]
        if view is None:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in STILL_DONE:
            return None
        number = str(kwargs.get("number", "")).replace("-", "").upper()
        inside = kwargs.get("brin") == view.school.brin
        refused = request.method not in SAFE_METHODS
        if inside or refused:
            with writing():
                record_visit(view, page=name, number=number, was_refused=refused)
        if refused:
            return render(request, "helper_read_only.html", {"helper": view}, status=403)
        if inside or name.startswith(STILL_OPEN):
            return None
        messages.info(
            request,
            _("You look along at %(school)s. Stop looking along first.") % {"school": view.school.name},
        )
        return redirect("admissions:school-today", view.school.brin)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ReadOnlyRefused):
            return None
        return render(request, "helper_read_only.html", {"helper": request.oa_helper}, status=403)  # type: ignore[attr-defined]


class _Guard:
    """Refuses statements that write; ``is_off`` while we write down what was looked at."""

    is_off = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self.is_off and sql.lstrip()[:10].split(None, 1)[0].upper() in WRITES:
            raise ReadOnlyRefused
        return execute(sql, params, many, context)


def read_only() -> AbstractContextManager[Any]:
    """As long as it lasts, the connection of this request changes nothing."""
    return connection.execute_wrapper(_Guard())


class writing:
    """Inside ``read_only``: what the application itself keeps of the looking along."""

    def __enter__(self) -> None:
        self.guards = [guard for guard in connection.execute_wrappers if isinstance(guard, _Guard)]
        for guard in self.guards:
            guard.is_off = True

    def __exit__(self, *exc: object) -> None:
        for guard in self.guards:
            guard.is_off = False
