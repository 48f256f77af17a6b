"""The parents' desk types an opt-in with the keyboard alone, and its pages have no findings (DH-134)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from admissions.enums import ParticipationState
from admissions.models import OptInMessage, Participation
from admissions.services.places.vovp_calendar import invite_round
from admissions.services.year.year_clock import move_year_clock
from schools.enums import Role
from tests.admissions.vovp_pages import moment_of
from tests.browser.test_care_and_desk_pages import safe
from tests.browser.test_school_pages import enter
from tests.factories.city import City, make_city
from tests.factories.schools import region_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/programma/vovp/VOVP1/"


@pytest.fixture
def city() -> City:
    """Two children without a place are invited, and the window is open."""
    city = make_city({"A": 0, "F": 0})
    city.apply("ALM1", U="A", V="A")
    city.play("ALM1")
    city.play("ALM2")
    invite_round(city.round("VOVP1").pk, actor=None)
    city.year.refresh_from_db()
    move_year_clock(city.year, to=moment_of("2024-05-14T09:30"), actor=None)
    return city


def check(page: Page, axe: Callable[[Page], list[str]], widths: list[dict[str, int]]) -> None:
    for size in widths:
        page.set_viewport_size(size)
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, size)


def test_number_enter_enter_and_the_next_message(live_server, new_context, city: City, axe, widths):
    page = enter(new_context(), live_server, safe(region_user(city.year.region, Role.PARENT_DESK)))
    page.goto(f"{live_server.url}{PAGE}meedoen/")
    expect(page.locator("input[name=q]")).to_be_focused()
    check(page, axe, widths)
    page.keyboard.type(city.application("U").registration_number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Kind U Proef", level=1)).to_be_visible()
    check(page, axe, widths)
    # The day and the time of now stand there already, and the first of them has the focus.
    expect(page.locator("input[name=day]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("doet mee")
    expect(page.locator("input[name=q]")).to_be_focused()
    assert OptInMessage.objects.count() == 1
    assert Participation.objects.get(state=ParticipationState.OPTED_IN).application == city.application("U")
    for address in (PAGE, f"{PAGE}meedoen/?q=onbekend"):
        page.goto(f"{live_server.url}{address}")
        check(page, axe, widths)
