"""Middleware of our own: the chosen language, and request logs without names."""

import contextlib
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django_structlog.middlewares import RequestMiddleware

GetResponse = Callable[[HttpRequest], HttpResponse]


class ChosenLanguageMiddleware:
    """Show every page in Dutch, unless this visitor chose another language with the language switch.

    Django's own LocaleMiddleware also follows the browser's Accept-Language. A school computer with an English
    browser would then show English pages and put English words in screenshots, exports and manuals.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.known = dict(settings.LANGUAGES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in self.known else settings.LANGUAGE_CODE
        # Not undone afterwards: a streamed export is still being written when this function has returned.
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        patch_vary_headers(response, ("Cookie",))
        response.headers.setdefault("Content-Language", language)
        return response


class NamelessRequestMiddleware(RequestMiddleware):
    """Log method and path only: the query string holds what was searched for, often a child's name.

    Parts of a path that open a door for whoever has them (a link to set a password) are left out too.
    """

    secrets = ("key", "token")

    @classmethod
    def format_request(cls, request: HttpRequest) -> str:
        path, match = request.path, request.resolver_match
        if (
            match is None
        ):  # the line that says a request has begun is written before Django looked up the address
            with contextlib.suppress(Resolver404):
                match = resolve(request.path_info)
        for name in cls.secrets:
            if match and name in match.kwargs:
                path = path.replace(str(match.kwargs[name]), "***")
        return f"{request.method} {path}"
