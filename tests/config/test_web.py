"""What holds for every page: language, closed doors, headers, logs."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from config.middleware import NamelessRequestMiddleware
from schools.matrix import PAGES, PUBLIC

# Everybody may open these; every other address asks to log in. Add one only on purpose, with the reason and what
# keeps it from telling of a child.
PUBLIC_PAGES = {
    "set_language",
    "help:index",  # the manuals: no data at all
    "help:topic",
    "agenda",  # the published dates of the year, for a calendar: no counts, no states, nothing of an outcome
    "admissions:questions",  # what the office marked as public (DH-196)
    "admissions:ask",  # a parent asks the desk (DH-191): only takes in, a few an hour from one address
    "admissions:sheet-start",  # a family without an account (DH-111): opens nothing without the code of its letter,
    "admissions:sheet",  # and the same 404 for a code that is wrong, withdrawn or too early
    "admissions:sheet-pdf",
    "notifications:letter-link",  # the family's own letter behind 128 random bits, once it was sent
    "notifications:tracking",  # only takes in: reports of the one mail provider, with its secret
    "lottery:public-sessions",  # what anybody may recompute: files without names, and the program to do it with
    "lottery:public-file",
    "lottery:verifier",
    "admissions:public-report",  # small numbers hidden, a VOVP without schools (DH-135), once all families know
    "admissions:public-report-pdf",
    "admissions:public-report-csv",
    "admissions:public-figures",  # what was published after the offer day, small numbers hidden (DH-160 to DH-163)
    "admissions:school-finder",  # schools, rules and the same published figures (DH-013, DH-164)
    "admissions:paper-form",  # an empty form (DH-036): what a family types does not come here
    "admissions:paper-form-pdf",
    "admissions:public-exceptions",  # how often a year, per type: no child, no school
    "check:page",  # computes in the browser; the same page to take home
    "check:take-home",
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accepted", "cookie", "language"),
    [("en", "", "nl"), ("nl", "en", "en"), ("en", "nl", "nl"), ("en", "xx", "nl")],
)
def test_pages_are_dutch_unless_another_language_was_chosen(client: Client, accepted, cookie, language):
    client.cookies["django_language"] = cookie
    answer = client.get(reverse("account_login"), headers={"accept-language": accepted})
    assert answer.headers["Content-Language"] == language
    assert f'<html lang="{language}"' in answer.content.decode()


@pytest.mark.django_db
def test_language_switch(client: Client):
    answer = client.post(reverse("set_language"), {"language": "en", "next": reverse("account_login")})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("account_login"))
    assert client.get(reverse("account_login")).headers["Content-Language"] == "en"


@pytest.mark.django_db
def test_nobody_can_sign_up(client: Client):
    person = {"email": "ouder@example.nl", "password1": "lang-genoeg-1", "password2": "lang-genoeg-1"}
    client.post(reverse("account_signup"), person)
    from django.contrib.auth import get_user_model

    assert not get_user_model().objects.exists()


@pytest.mark.django_db
def test_headers_of_a_page(client: Client):
    headers = client.get(reverse("account_login")).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def views(patterns: list[Any], namespace: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from views(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            yield namespace + (pattern.name or str(pattern.pattern)), pattern.callback


def test_only_the_pages_that_are_meant_to_be_public_are_public():
    public = {
        name
        for name, view in views(get_resolver().url_patterns)
        # The API asks its own permission classes: tests/admissions/test_api.py tries them.
        if not getattr(view, "login_required", True) and not name.startswith(("account_", "mfa_", "api:"))
    }
    assert public == PUBLIC_PAGES
    # The table that the menus and the test of permissions read says the same.
    rows = {name for name, page in PAGES.items() if PUBLIC in (page.get, page.post)}
    assert public == {name for name in rows if not name.startswith("api:")}


@pytest.mark.django_db
def test_password_links_and_searches_stay_out_of_the_log(rf: RequestFactory):
    link = reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "c9f-abcdef"})
    request = rf.get(link, {"zoek": "Yasmina de Vries"})
    request.user = AnonymousUser()
    request.resolver_match = resolve(link)
    assert NamelessRequestMiddleware.format_request(request) == "GET " + link.replace("c9f-abcdef", "***")
