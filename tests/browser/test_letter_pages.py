"""Changing a letter in a real browser: with the editor under the real security policy, and without script."""

from datetime import date

import pytest
from playwright.sync_api import Page, expect

from notifications.models import LetterTemplate
from schools.enums import Role, RoundState
from schools.models import SchoolRound, local_moment
from tests.browser.test_school_pages import enter
from tests.factories.schools import SchoolRoundFactory, school_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CODE = "ALM124_FIRST"


@pytest.fixture
def seats() -> SchoolRound:
    seats = SchoolRoundFactory(
        round__code="ALM1", round__state=RoundState.OFFERS, round__offers_on=date(2024, 1, 18)
    )
    school, year = seats.programme.school, seats.round.year
    school.director_name = "Marijke Schouten"
    school.save()
    year.clock_at = local_moment(date(2024, 1, 17))
    year.save()
    return seats


def listening(page: Page) -> list[str]:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def test_pages_are_accessible_and_keep_to_the_policy(live_server, new_context, widths, axe, seats):
    school = seats.programme.school
    user = school_user(school)
    for width in widths:
        page = enter(new_context(viewport=width), live_server, user)
        complaints = listening(page)
        for path in (
            "sjablonen/",
            f"sjablonen/{CODE}/",
            f"sjablonen/{CODE}/voorbeeld/?als=mail",
            "instellingen/",
        ):
            page.goto(f"{live_server.url}/school/{school.brin}/{path}")
            assert axe(page) == [], (width, path)
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, (width, path)
        assert complaints == []


def test_editor_makes_a_version(live_server, new_context, seats):
    school = seats.programme.school
    page = enter(new_context(), live_server, school_user(school))
    complaints = listening(page)
    page.goto(f"{live_server.url}/school/{school.brin}/sjablonen/{CODE}/")
    editor = page.locator("trix-editor")
    expect(editor).to_be_visible()
    expect(page.locator("textarea[name=body]")).to_be_hidden()
    expect(editor.locator("h1")).to_have_text("[kind] heeft een plaats op [school]")
    expect(editor.locator("h2").first).to_have_text("Wat moet u doen?")

    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Welkom bij ons, ")
    page.locator("[data-code='[voornaam]']").click()
    page.locator("#brief button.utrecht-button--primary-action").click()
    expect(page.locator(".utrecht-alert--ok").first).to_be_visible()

    saved = LetterTemplate.objects.get()
    assert "Welkom bij ons, [voornaam]" in saved.body
    assert saved.body.startswith("# [kind] heeft een plaats op [school]\nDat is uw eerste keus.")
    assert "## Wat moet u doen?\n1. Bel ons" in saved.body
    assert complaints == []


def test_letter_is_changed_without_script(live_server, new_context, seats):
    school = seats.programme.school
    page = enter(new_context(java_script_enabled=False), live_server, school_user(school))
    page.goto(f"{live_server.url}/school/{school.brin}/sjablonen/{CODE}/")
    area = page.locator("textarea[name=body]")
    assert area.input_value().startswith("# [kind] heeft een plaats op [school]")

    area.fill("# [kind] mag komen\nSchrijf [voornam] in.\n")
    page.locator("#brief button.utrecht-button--primary-action").click()
    expect(page.get_by_text("[voornaam]?").first).to_be_visible()
    area = page.locator("textarea[name=body]")
    assert "Schrijf [voornam] in." in area.input_value()
    area.fill(area.input_value().replace("voornam]", "voornaam]"))
    page.locator("#brief button.utrecht-button--primary-action").click()
    expect(page.locator(".utrecht-alert--ok").first).to_be_visible()
    assert LetterTemplate.objects.get().body == "# [kind] mag komen\nSchrijf [voornaam] in.\n"


def test_red_letter_is_mended_in_the_browser(live_server, new_context, seats):
    school = seats.programme.school
    page = enter(new_context(), live_server, school_user(school, Role.SCHOOL_DIRECTOR))
    url = f"{live_server.url}/school/{school.brin}/sjablonen/{CODE}/"
    page.goto(url)
    page.locator("input[name=date_line]").fill("18 januari 2024")
    page.locator("#brief button.utrecht-button--primary-action").click()
    expect(page.locator(".utrecht-alert--ok").first).to_be_visible()
    page.goto(f"{live_server.url}/school/{school.brin}/sjablonen/")
    expect(page.locator(".utrecht-alert--error")).to_be_visible()

    page.locator("button[name=what][value=date]").click()

    expect(page.locator(".utrecht-alert--error")).to_have_count(0)
    assert LetterTemplate.objects.order_by("-version").first().date_line == "[vandaag]"
