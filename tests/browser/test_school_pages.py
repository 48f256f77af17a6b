"""The school's pages in a real browser, under the real security policy, at both widths, with and without script."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from admissions.enums import CareState, Decision, FormState, PlacementState
from schools.enums import Role, RoundState
from schools.models import SchoolRound, User, local_moment
from tests.factories.admissions import (
    ApplicationFactory,
    CareCaseFactory,
    PlacementFactory,
    PriorityClaimFactory,
)
from tests.factories.schools import PriorityRuleFactory, RoundFactory, SchoolRoundFactory, school_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def enter(context: BrowserContext, live_server, user: User) -> Page:
    """A page of somebody who has logged in."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    return context.new_page()


@pytest.fixture
def seats() -> SchoolRound:
    """A drawn first period with one child of every kind, and a second period that is open."""
    seats = SchoolRoundFactory(round__code="ALM1", round__state=RoundState.OFFERS)
    year = seats.round.year
    year.clock_at = local_moment(date(2024, 3, 27))
    year.save()
    second = SchoolRoundFactory(
        round=RoundFactory(year=year, code="ALM2", state=RoundState.OPEN), programme=seats.programme
    )
    for code in ("VOVP1", "ALM3"):
        SchoolRoundFactory(round=RoundFactory(year=year, code=code), programme=seats.programme, ceiling=0)
    for kind in ("sibling", "neighbourhood"):
        PriorityRuleFactory(year=year, programme=seats.programme, kind=kind)
    for state, respond_by in (
        (PlacementState.OFFERED, date(2024, 2, 15)),
        (PlacementState.OFFERED, date(2024, 4, 2)),
        (PlacementState.ENROLLED, date(2024, 2, 15)),
    ):
        PlacementFactory(
            application=ApplicationFactory(
                first_choice=seats, decision=Decision.ADMITTED, form__state=FormState.LOCKED
            ),
            state=state,
            offered_on=date(2024, 1, 18),
            respond_by=respond_by,
            enrolled_on=date(2024, 2, 1) if state == PlacementState.ENROLLED else None,
        )
    drawn_out = ApplicationFactory(
        first_choice=seats, decision=Decision.UNPLACED, form__state=FormState.LOCKED
    )
    CareCaseFactory(application=drawn_out, state=CareState.DUTY_NO)
    draft = ApplicationFactory(first_choice=second, decision=Decision.PENDING, form__state=FormState.DRAFT)
    PriorityClaimFactory(application=draft, state="claimed")
    return seats


def addresses(seats: SchoolRound) -> list[str]:
    root = f"/school/{seats.programme.school.brin}/"
    offer = seats.placements.order_by("pk")[0]
    drawn_out = seats.applications.get(decision=Decision.UNPLACED)
    return [
        root,
        f"{root}formulieren/",
        f"{root}formulieren/?q=bestaat-niet",
        f"{root}formulieren/?round=ONZIN",
        f"{root}kind/{offer.application.registration_number}/",
        f"{root}kind/{drawn_out.registration_number}/",
        f"{root}toegelaten/",
        f"{root}toegelaten/{offer.pk}/reactie/",
        f"{root}uitgeloot/",
        f"{root}plaatsen/",
        f"{root}instellingen/",
        "/help/",
        "/help/toegelaten/",
        "/accounts/2fa/",
    ]


def rarer_addresses(seats: SchoolRound) -> list[str]:
    """Pages for letters, settings and looking back, made of the same parts: in one scheme."""
    root = f"/school/{seats.programme.school.brin}/"
    number = seats.placements.order_by("pk")[0].application.registration_number
    settings_ = ("gegevens", "voorrang", "plafond", "loting", "vergelijken")
    return [
        f"{root}besluiten/",
        f"{root}brieven/",
        f"{root}berichten/",
        f"{root}kind/{number}/bereiken/",
        f"{root}meegekeken/",
        *(f"{root}instellingen/{part}/" for part in settings_),
        f"{root}antwoordkaart/",
        "/help/inloggen/",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(
    live_server,
    new_context: Callable[..., BrowserContext],
    seats: SchoolRound,
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
    scheme: str,
):
    complaints: list[str] = []
    # The director may open the settings too; the pages themselves are those of the administrator.
    role = Role.SCHOOL_DIRECTOR if scheme == "light" else Role.SCHOOL_ADMIN
    page = enter(new_context(color_scheme=scheme), live_server, school_user(seats.programme.school, role))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    asked = [*addresses(seats), *(rarer_addresses(seats) if scheme == "light" else [])]
    for address in asked:
        answer = page.goto(live_server.url + address)
        assert answer is not None and answer.status == 200, address
        for width in widths:
            page.set_viewport_size(width)  # type: ignore[arg-type]
            assert axe(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    assert complaints == []


def test_a_reply_is_processed_without_script(
    live_server, new_context: Callable[..., BrowserContext], seats: SchoolRound
):
    page = enter(new_context(java_script_enabled=False), live_server, school_user(seats.programme.school))
    page.goto(f"{live_server.url}/school/{seats.programme.school.brin}/toegelaten/")
    page.get_by_role("link", name="Reactie verwerken").first.click()
    page.get_by_label("Nee, of geen antwoord").check()
    page.get_by_label("Reden").select_option("other_school")
    page.get_by_role("button", name="terugtrekken").click()
    expect(page.get_by_role("alert")).to_contain_text("naam van de andere school")
    expect(page.get_by_label("Reden")).to_have_value("other_school")
    page.get_by_label("Toelichting").fill("De Eik")
    page.get_by_role("button", name="terugtrekken").click()
    expect(page.get_by_role("status")).to_contain_text("is teruggetrokken")
    assert seats.placements.filter(state=PlacementState.WITHDRAWN).count() == 1


def test_a_reply_is_processed_in_a_dialog(
    live_server,
    new_context: Callable[..., BrowserContext],
    seats: SchoolRound,
    axe: Callable[[Page], list[str]],
):
    page = enter(new_context(), live_server, school_user(seats.programme.school))
    page.goto(f"{live_server.url}/school/{seats.programme.school.brin}/toegelaten/")
    link = page.get_by_role("link", name="Reactie verwerken").first
    link.click()
    dialog = page.get_by_role("dialog", name="Reactie van de ouders")
    expect(dialog).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()
    link.click()
    dialog.get_by_label("Ja, ons kind komt").check()
    dialog.get_by_role("button", name="inschrijven").click()
    expect(page.get_by_role("status")).to_contain_text("is ingeschreven")


def test_ticked_children_are_enrolled_together(
    live_server, new_context: Callable[..., BrowserContext], seats: SchoolRound
):
    page = enter(new_context(), live_server, school_user(seats.programme.school))
    page.goto(f"{live_server.url}/school/{seats.programme.school.brin}/toegelaten/")
    page.get_by_label("Alle rijen op deze pagina kiezen").check()
    expect(page.locator("[data-count]")).to_have_text("2")
    page.get_by_role("button", name="Aangevinkte kinderen inschrijven").click()
    page.locator("button[name=confirm]").click()
    expect(page.get_by_role("status")).to_contain_text("2 kinderen zijn ingeschreven")


def test_filter_works_with_and_without_script(
    live_server, new_context: Callable[..., BrowserContext], seats: SchoolRound
):
    address = f"{live_server.url}/school/{seats.programme.school.brin}/formulieren/"
    user = school_user(seats.programme.school)
    page = enter(new_context(), live_server, user)
    page.goto(address)
    expect(page.locator("tbody tr")).to_have_count(5)
    page.get_by_label("Voorrang").select_option("open")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("claim=open"))
    plain = enter(new_context(java_script_enabled=False), live_server, user)
    plain.goto(address)
    plain.get_by_label("Voorrang").select_option("open")
    plain.get_by_role("button", name="Filteren").click()
    expect(plain.locator("tbody tr")).to_have_count(1)
    plain.get_by_role("link", name="Wis het filter").click()
    expect(plain.locator("tbody tr")).to_have_count(5)


def test_language_switch_keeps_the_page(
    live_server, new_context: Callable[..., BrowserContext], seats: SchoolRound
):
    page = enter(new_context(java_script_enabled=False), live_server, school_user(seats.programme.school))
    address = f"{live_server.url}/school/{seats.programme.school.brin}/instellingen/"
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Instellingen")
    page.get_by_role("button", name="English").click()
    expect(page).to_have_url(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    expect(page.locator("html")).to_have_attribute("lang", "en")
