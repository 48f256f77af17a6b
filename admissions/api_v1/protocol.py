"""What every endpoint shares: the token of a system, its scope, limits, pages, errors as problem+json (RFC 9457)."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, pagination, permissions, throttling
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from admissions.enums import ApiScope
from admissions.models import ApiClient
from admissions.services.api_clients import client_of_token

PROBLEM = "application/problem+json"
NO_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class TokenOfSystem(BaseAuthentication):
    """``Authorization: Bearer <token>``. A person who is logged in is nobody here."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiClient] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != self.keyword.lower().encode():
            return None
        text = words[1].decode("ascii", "replace") if len(words) == 2 else ""
        client = client_of_token(text)
        if client is None:
            raise exceptions.AuthenticationFailed(_("This token is not known, or it was withdrawn."))
        return client, client

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names the token."""

    target_class = TokenOfSystem
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class HasScope(permissions.BasePermission):
    """The system may read what the view says in ``scope``."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        scope: ApiScope = view.scope  # type: ignore[attr-defined]
        if not isinstance(request.auth, ApiClient):
            return False
        if scope not in request.auth.scopes:
            raise exceptions.PermissionDenied(_("This token may not read this."))
        return True


class PublicRate(throttling.AnonRateThrottle):
    """By address, also for who sends a token: for the public figures nobody needs one."""

    scope = "api_public"


class SystemRate(throttling.SimpleRateThrottle):
    """By system; who has no token is counted by address."""

    scope = "api_system"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        who = f"client-{request.auth.pk}" if isinstance(request.auth, ApiClient) else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": who}


class Pages(pagination.PageNumberPagination):
    """``?page=2&page_size=50``."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """As the library has it, in the words of OpenAPI 3.1: no address before the first and after the last page."""
        shape: dict[str, Any] = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            shape["properties"][name] = {"type": ["string", "null"], "format": "uri"}
        return shape


class AlwaysJson(BaseContentNegotiation):
    """There is one form of answer; whatever a reader says to accept, that is what it gets."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        return next(iter(parsers), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def problem(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Errors of the API: type, title, status and one sentence; other errors stay Django's own."""
    if isinstance(exc, Http404 | PermissionDenied):
        exc = exceptions.NotFound() if isinstance(exc, Http404) else exceptions.PermissionDenied()
    response = exception_handler(exc, context)
    if response is None:
        return None
    detail = response.data.get("detail") if isinstance(response.data, dict) else None
    if isinstance(exc, exceptions.Throttled):
        detail = _("Too many requests. Wait %(seconds)d seconds and go on more slowly.") % {
            "seconds": int(getattr(exc, "wait", None) or 1) + 1
        }
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(response.status_code).phrase,
        "status": response.status_code,
        "detail": str(detail or _("The request makes no sense.")),
    }
    response.data = body
    response.content_type = PROBLEM
    return response
