"""The family's page and the report of a round in a real browser: accessible, within the screen, both languages."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Page, expect

from admissions.models import SheetLink
from admissions.services.explaining.sheet_links import grouped_code, sheet_path
from lottery.models import DrawSession
from tests.browser.test_office_pages import enter
from tests.factories.city import UNCAPPED, City, Form, School, make_city
from tests.factories.schools import region_user, school_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def city() -> City:
    city = make_city({"A": School(2, rules="sibling"), "B": 1, "C": UNCAPPED})
    city.apply("ALM1", a1=Form("A", claims="sibling"), a2="A B C", a3="A B C", a4="A B", b1="B A")
    city.play("ALM1", {"A": "a2 a3 a4 a1", "centraal": "a4 a3"})
    return city


def pages(city: City) -> list[tuple[str, str]]:
    """(name, address) of every page of this part."""
    session = DrawSession.objects.get()
    link = SheetLink.objects.get(application=city.application("a3"))
    number = city.application("a2").registration_number
    school = city.school_round("A", "ALM1").programme.school
    return [
        ("sheet", sheet_path(link.code)),
        ("start", "/mijn-loting/"),
        ("unknown", f"/mijn-loting/{grouped_code('0' * 25)}/"),
        ("public-report", f"/{city.year.region.slug}/lotingen/{session.name}/rapport/"),
        ("report", "/programma/rondes/ALM1/rapport/"),
        ("child", f"/programma/kinderen/{city.application('a3').registration_number}/"),
        ("school-child", f"/school/{school.brin}/kind/{number}/"),
    ]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_page_is_accessible_and_fits(
    live_server,
    new_context: Callable[..., BrowserContext],
    city: City,
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
    language: str,
):
    shots = os.environ.get("OA_SHOTS")  # a folder, to look at them
    page = enter(new_context(), live_server, region_user(city.year.region), language)
    for width in widths:
        page.set_viewport_size(width)  # type: ignore[arg-type]
        for name, address in pages(city):
            page.goto(live_server.url + address)
            if shots:
                path = Path(shots) / f"{name}-{language}-{width['width']}.png"
                page.screenshot(path=str(path), full_page=True)
            assert axe(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_a_family_types_the_code_of_the_letter(
    live_server, new_context: Callable[..., BrowserContext], city: City
):
    context = new_context(java_script_enabled=False)
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/mijn-loting/")
    page.get_by_label("Code of your child").fill("not a code")
    page.get_by_role("button", name="Open the page").click()
    expect(page.get_by_role("alert")).to_contain_text("5 groups of 5")
    code = SheetLink.objects.get(application=city.application("a3")).code
    page.get_by_label("Code of your child").fill(grouped_code(code).lower())
    page.get_by_role("button", name="Open the page").click()
    expect(page.get_by_text("lot 3 of 4", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="De Proef C")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="As PDF, to print").click()
    assert saved.value.suggested_filename == "loting-van-mijn-kind.pdf"


def test_a_school_prints_the_sheet(live_server, new_context: Callable[..., BrowserContext], city: City):
    school = city.school_round("A", "ALM1").programme.school
    page = enter(new_context(), live_server, school_user(school))
    page.goto(f"{live_server.url}/school/{school.brin}/kind/{city.application('a2').registration_number}/")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Sheet for the parents (PDF)").click()
    assert saved.value.suggested_filename == "loting-van-mijn-kind.pdf"
