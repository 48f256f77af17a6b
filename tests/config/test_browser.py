"""The first page everybody sees, in a real browser under the real security policy."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_login_page_is_accessible_and_clean_at_both_widths(
    live_server, page: Page, axe: Callable[[Page], list[str]], widths: list[dict[str, int]]
):
    for width in widths:
        page.set_viewport_size(width)
        page.goto(live_server.url + reverse("account_login"))
        expect(page.locator("html")).to_have_attribute("lang", "nl")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_login_works_without_javascript(live_server, new_context: Callable[..., BrowserContext]):
    from django.contrib.auth import get_user_model

    get_user_model().objects.create_user("administratie@example.nl", password="een-lang-wachtwoord")
    page = new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + reverse("account_login"))
    page.fill("input[name=login]", "administratie@example.nl")
    page.fill("input[name=password]", "een-lang-wachtwoord")
    page.locator("input[name=password]").press("Enter")
    expect(page.locator("input[name=password]")).to_have_count(0)
    assert "sessionid" in {cookie["name"] for cookie in page.context.cookies()}
