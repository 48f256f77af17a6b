"""A mail that fails and is mended, and a family that moves inside the city, clicked as a school does."""

import re
from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, expect

from admissions.enums import CaseKind, Decision, FormState, PlacementState
from admissions.models import ApplicationForm, Case, Placement
from notifications.models import Delivery, Message
from schools.enums import RoundState
from schools.models import Round
from tests.admissions.entry_pages import Desk, make_desk
from tests.browser.test_school_pages import enter
from tests.factories.admissions import ApplicationFactory, PlacementFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def test_a_confirmation_fails_and_arrives_after_the_address_is_corrected(
    live_server, new_context: Callable[..., BrowserContext], desk: Desk
):
    """AE-12 (1) and (2), DH-052, DH-053: counted on the start page, sent again by release and final, gone."""
    desk.post(uuid4(), desk.typed(email="h.celik@exmple.org"), "definitief")
    first = Delivery.objects.get(message__kind="M01")
    Delivery.objects.create(
        message=first.message,
        position=2,
        channel="email",
        email="h.celik@exmple.org",
        key="f" * 32,
        state="failed",
        code="5.1.1",
    )
    page = enter(new_context(), live_server, desk.user)
    page.goto(live_server.url + desk.url("school-today"))
    expect(page.locator("main")).to_contain_text("1 bericht kwam niet aan")
    page.goto(live_server.url + desk.url("application-list") + "?mail=failed")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("Mislukt")
    assert page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth"
    )  # DH-052: seen without scrolling
    page.locator("tbody").get_by_role("link", name="Ilyas Çelik").first.click()
    page.get_by_role("button", name="Vrijgeven").click()
    page.locator("#email").fill("h.celik@example.org")
    page.get_by_role("button", name="Opnieuw definitief maken").click()
    expect(page).to_have_url(re.compile(r"/kind/\w+/$"))  # the form has the same heading
    told = list(Message.objects.filter(kind="M01").order_by("pk").values_list("recipient_email", flat=True))
    assert told == ["h.celik@exmple.org", "h.celik@example.org"]
    assert ApplicationForm.objects.get().version == 2
    page.goto(live_server.url + desk.url("application-list") + "?mail=failed")
    expect(page.locator("tbody tr")).to_have_count(0)
    page.goto(live_server.url + desk.url("school-today"))
    expect(page.locator("main")).not_to_contain_text("kwam niet aan")


def test_a_family_that_moves_inside_the_city_is_reported_before_it_is_withdrawn(
    live_server, new_context: Callable[..., BrowserContext], desk: Desk
):
    """AE-19, DH-126: without the tick it is refused beside the field; with it the programme manager gets a case."""
    Round.objects.filter(pk=desk.seats.round_id).update(state=RoundState.OFFERS)
    placement: Placement = PlacementFactory(
        application=ApplicationFactory(
            first_choice=desk.seats, decision=Decision.ADMITTED, form__state=FormState.LOCKED
        ),
        state=PlacementState.OFFERED,
        offered_on=date(2024, 1, 18),
        respond_by=date(2024, 2, 15),
    )
    desk.at("2024-02-12T10:00:00")
    page = enter(new_context(java_script_enabled=False), live_server, desk.user)
    page.goto(f"{live_server.url}/school/{desk.school.brin}/toegelaten/{placement.pk}/reactie/")
    page.get_by_label("Nee, of geen antwoord").check()
    page.get_by_label("Reden").select_option("moved_inside")
    page.get_by_role("button", name="terugtrekken").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert Placement.objects.get().state == PlacementState.OFFERED
    page.get_by_label("Melden bij de aanmeldcoördinator").check()
    page.get_by_role("button", name="terugtrekken").click()
    expect(page.get_by_role("status")).to_contain_text("is teruggetrokken")
    assert Placement.objects.get().state == PlacementState.WITHDRAWN
    assert Case.objects.get().kind == CaseKind.WITHDRAWAL
