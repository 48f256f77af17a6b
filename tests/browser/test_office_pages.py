"""The pages of office and notary in a real browser, under the real security policy, with and without script."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from admissions.enums import JobKind
from admissions.models import Simulation
from admissions.services.what_if.playing import play_simulation, request_simulation
from admissions.services.what_if.population import Changes
from admissions.services.year.copy_year import copy_year
from lottery.models import DrawSession
from notifications.models import Message
from schools.clock import database_now
from schools.enums import Role, RoundState
from schools.models import AMSTERDAM, Job, Membership, Question, User
from tests.admissions.office import played_city, small_city
from tests.factories.admissions import CaseFactory
from tests.factories.city import City, brin
from tests.factories.notifications import LetterFactory
from tests.factories.schools import region_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def enter(context: BrowserContext, live_server, user: User, language: str = "en") -> Page:
    """A page of somebody who has logged in with a second factor."""
    Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}}
    )
    client = Client()
    client.force_login(user)
    cookies = {
        settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
        settings.LANGUAGE_COOKIE_NAME: language,
    }
    context.add_cookies(
        [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
    )
    return context.new_page()


@pytest.fixture
def city() -> City:
    """ALM1 has been played; there is a letter, a report, and work in every state."""
    city = played_city()
    city.enrol("b1")
    city.move_clock("2024-02-20")
    CaseFactory(application=city.application("a2"), note="Born in June")
    LetterFactory(message=Message.objects.get(registration_number=city.application("a2").registration_number))
    common = {"year": city.year, "requested_by": region_user(city.year.region)}
    Job.objects.create(
        kind=JobKind.LETTERS, key="ALM1", state="running", step="Making the letters", done=2, total=5,
        heartbeat_at=database_now(), **common,
    )  # fmt: skip
    Job.objects.create(
        kind=JobKind.CHECK_INTEGRITY,
        state="failed",
        message="Two things differ.",
        finished_at=database_now(),
        **common,
    )
    Job.objects.create(kind=JobKind.PLAY_ROUND, key="ALM1", state="done", message="Played.", **common)
    for is_played in (True, False):
        simulation = request_simulation(
            city.round("ALM1"), title="What if", changes=Changes(longest=2), seeds=5, actor=None
        )
        if is_played and simulation.job is not None:
            play_simulation(simulation.job)
    return city


def addresses(city: City) -> list[str]:
    session = DrawSession.objects.get()
    message = LetterFactory._meta.model.objects.get().message
    return [
        "/programma/",
        "/programma/rondes/",
        "/programma/rondes/ALM1/",
        "/programma/rondes/VOVP1/?tab=room",
        "/programma/rondes/ALM2/spelen/",
        "/programma/rondes/VOVP1/spelen/",
        *(f"/programma/taken/{job.pk}/" for job in Job.objects.all()),
        "/programma/klok/",
        "/programma/oefenjaar/terugzetten/",
        "/programma/kinderen/",
        "/programma/kinderen/?q=bestaat-niet",
        *(f"/programma/kinderen/{city.application(key).registration_number}/" for key in ("a2", "a3")),
        "/programma/verzending/",
        f"/programma/verzending/{message.pk}/",
        "/programma/zaken/",
        "/programma/scholen/",
        "/programma/kalender/",
        "/programma/kalender/ALM3/",
        "/programma/kalender/bestand/",
        "/programma/gebeurtenissen/",
        "/programma/gebeurtenissen/?q=bestaat-niet",
        "/programma/mensen/",
        "/programma/mensen/nieuw/",
        "/programma/mensen/importeren/",
        f"/programma/mensen/{Membership.objects.filter(school=None).earliest('pk').pk}/",
        "/programma/wat-als/",
        *(f"/programma/wat-als/{simulation.pk}/" for simulation in Simulation.objects.all()),
        "/zittingen/",
        f"/zittingen/{session.name}/",
        "/den-haag/lotingen/",
    ]


def rarer_addresses(city: City) -> list[str]:
    """Pages for setting up and looking back, made of the same parts: in one scheme."""
    region, school = city.year.region.slug, brin("A")
    copy_year(city.year, actor=region_user(city.year.region))
    question = Question.objects.create(region=city.year.region, category="x", question="x", answer="x")
    return [
        "/programma/kalender/kopie/",
        f"/programma/kalender/kopie/plafonds/?school={school}",
        "/programma/kalender/kopie/ALM1/",
        "/programma/koppelingen/",
        "/api/",
        "/programma/cijfers/",
        "/programma/cijfers/eerdere-jaren/",
        "/programma/cijfers/wie-helpen/",
        f"/{region}/cijfers/",
        f"/{region}/scholen/",
        f"/{region}/aanmeldformulier/",
        "/programma/scholen/nieuw/",
        "/programma/scholen/importeren/",
        f"/programma/scholen/{school}/wijzigen/",
        f"/programma/scholen/{school}/plaatsing/",
        f"/programma/scholen/{school}/plaatsing/{school}/",
        "/programma/scholen/besturen/",
        "/programma/scholen/regio/",
        "/programma/scholen/regio/nieuw/",
        "/programma/besturen/",
        "/programma/directeuren/",
        "/programma/sjablonen/",
        "/programma/sjablonen/M07/",
        f"/programma/vragen/{question.pk}/",
        "/programma/rondes/ALM2/bord/herinneren/regels/",
        "/programma/vovp/",
        "/programma/vovp/VOVP1/plaatsen/",
        f"/school/{school}/meekijken/",
        "/account/sessies/",
        "/account/werkplek/",
    ]


# One worker would do all pages of the light scheme in four minutes, with the others waiting for it at the end.
@pytest.mark.parametrize(
    ("scheme", "language", "third"),
    [("light", "nl", 0), ("light", "nl", 1), ("light", "nl", 2), ("dark", "en", None)],
)
def test_every_page_is_accessible_and_fits(
    live_server,
    new_context: Callable[..., BrowserContext],
    city: City,
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
    scheme: str,
    language: str,
    third: int | None,
):
    complaints: list[str] = []
    page = enter(new_context(color_scheme=scheme), live_server, region_user(city.year.region), language)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    asked = addresses(city) if third is None else [*addresses(city), *rarer_addresses(city)][third::3]
    for address in asked:
        answer = page.goto(live_server.url + address)
        assert answer is not None and answer.status == 200, address
        for width in widths if scheme == "light" else widths[:1]:
            page.set_viewport_size(width)  # type: ignore[arg-type]
            assert axe(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    assert complaints == []


def test_pages_of_the_notary_are_accessible(
    live_server,
    new_context: Callable[..., BrowserContext],
    city: City,
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
):
    page = enter(new_context(), live_server, region_user(city.year.region, Role.NOTARY))
    for width in widths:
        page.set_viewport_size(width)  # type: ignore[arg-type]
        page.goto(live_server.url)
        page.locator("tbody th a").first.click()
        page.get_by_text("What it wrote", exact=True).click()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def start(page: Page, live_server, code: str = "ALM1") -> None:
    page.goto(f"{live_server.url}/programma/rondes/{code}/spelen/")


@pytest.mark.parametrize("script", [True, False])
def test_a_round_is_played_from_the_page(
    live_server, new_context: Callable[..., BrowserContext], axe: Callable[[Page], list[str]], script: bool
):
    city = small_city()
    page = enter(new_context(java_script_enabled=script), live_server, region_user(city.year.region))
    page.goto(live_server.url)
    page.locator(".oa-now a").click()
    page.get_by_role("button", name="Play Application period 1 now").click()
    expect(page.get_by_role("alert")).to_contain_text("Box 1 has 0 throws. Type 10.")
    page.get_by_label("Throw 1 to 10").fill("1234567890")
    page.get_by_role("button", name="now").click()
    expect(page.get_by_label("Throw 1 to 10")).to_have_value("1234567890")
    page.get_by_role("link", name="Let the computer throw").click()
    expect(page.get_by_label("Throw 51 to 60")).to_have_value(re.compile("^[1-6]{10}$"))
    page.get_by_label("Yes, close Application period 1 and draw now").check()
    page.get_by_role("button", name="now").click()
    if script:  # the page finds out by itself; without script somebody reloads it
        expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    else:
        page.reload()
    expect(page.get_by_role("status").first).to_contain_text(DrawSession.objects.get().name)
    if script:
        assert axe(page) == []
    page.get_by_role("link", name="Look at Application period 1").click()
    expect(page.get_by_role("heading", name="Where children ended")).to_be_visible()
    assert city.round("ALM1").state == RoundState.OFFERS


def test_progress_moves_by_itself_and_stops_asking_when_it_is_ready(
    live_server, new_context: Callable[..., BrowserContext]
):
    city = small_city()
    job = Job.objects.create(
        year=city.year, kind=JobKind.PLAY_ROUND, key="ALM1", state="running", step="Drawing and matching",
        done=2, total=6, heartbeat_at=database_now(),
    )  # fmt: skip
    page = enter(new_context(), live_server, region_user(city.year.region))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/taken/" in request.url else None)
    page.goto(f"{live_server.url}/programma/taken/{job.pk}/")
    expect(page.get_by_text("Drawing and matching")).to_be_visible()
    expect(page.get_by_text("You can close this screen.")).to_be_visible()
    Job.objects.filter(pk=job.pk).update(step="Verifying", done=3)
    expect(page.get_by_text("Verifying")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "3")
    Job.objects.filter(pk=job.pk).update(state="failed", message="There are too few throws.")
    expect(page.get_by_role("alert")).to_contain_text("There are too few throws.")
    number = len(asked)
    page.wait_for_timeout(2500)
    assert len(asked) == number


def test_clock_and_reset_of_the_rehearsal_year(live_server, new_context: Callable[..., BrowserContext]):
    city = played_city()
    page = enter(new_context(java_script_enabled=False), live_server, region_user(city.year.region))
    page.goto(f"{live_server.url}/programma/klok/")
    page.get_by_label("Day", exact=True).fill("2024-01-02")
    page.get_by_role("button", name="Move the clock").click()
    expect(page.get_by_role("alert")).to_contain_text("only moves forward")
    expect(page.get_by_label("Day", exact=True)).to_have_value("2024-01-02")
    page.get_by_role("link", name="Application period 2: parents can apply").click()
    page.get_by_role("button", name="Move the clock").click()
    expect(page.get_by_role("status")).to_contain_text("Application period 2")
    city.year.refresh_from_db()
    assert city.year.clock_at.astimezone(AMSTERDAM).date() == date(2024, 3, 1)
    page.goto(f"{live_server.url}/programma/oefenjaar/terugzetten/")
    page.get_by_label("Code of the year").fill("2023")
    page.get_by_role("button", name="Reset 2023-2024").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the code of this year.")
    page.get_by_label("Code of the year").fill("2023-2024")
    with page.expect_navigation():  # reloading while the answer still comes in is refused by the browser
        page.get_by_role("button", name="Reset 2023-2024").click()
    page.reload()
    expect(page.locator("#stand")).to_contain_text("Ready")
    assert not DrawSession.objects.exists()


@pytest.mark.parametrize("script", [True, False])
def test_a_child_is_found_and_its_whole_story_read(
    live_server, new_context: Callable[..., BrowserContext], city: City, script: bool
):
    page = enter(new_context(java_script_enabled=script), live_server, region_user(city.year.region))
    page.goto(f"{live_server.url}/programma/kinderen/")
    expect(page.locator("tbody tr")).to_have_count(6)
    page.get_by_role("searchbox").fill("zoe del 4-11-20")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Zoë van Dël").click()
    expect(page.get_by_role("heading", name="Zoë van Dël")).to_be_visible()
    expect(page.get_by_text("Your child has a place here.")).to_be_visible()
    expect(page.locator(".oa-line li").last).to_contain_text("Form read from a file")


def test_files_are_saved_under_a_name_that_says_which_session(
    live_server, new_context: Callable[..., BrowserContext], city: City
):
    session = DrawSession.objects.get()
    page = enter(new_context(), live_server, region_user(city.year.region, Role.NOTARY))
    page.goto(f"{live_server.url}/zittingen/{session.name}/")
    with page.expect_download() as saved:
        page.get_by_role("link", name="All files in one zip").click()
    assert saved.value.suggested_filename == f"{session.name}.zip"


def test_without_a_second_factor_nothing_but_setting_it_up_opens(
    live_server, new_context: Callable[..., BrowserContext], axe: Callable[[Page], list[str]]
):
    city = small_city()
    user = region_user(city.year.region)
    page = enter(new_context(), live_server, user)
    Authenticator.objects.filter(user=user).delete()
    page.goto(f"{live_server.url}/programma/")
    expect(page).to_have_url(re.compile("/accounts/(2fa|reauthenticate)"))
    expect(page.get_by_text("Your role needs safe logging in")).to_be_visible()
    assert axe(page) == []


def test_swagger_ui_works_under_the_security_policy(
    live_server,
    new_context: Callable[..., BrowserContext],
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
):
    """Every operation is there, one is asked and answers, and nothing comes from elsewhere; axe finds nothing."""
    complaints: list[str] = []
    elsewhere: list[str] = []
    page = new_context().new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            elsewhere.append(asked.url) if not asked.url.startswith((live_server.url, "data:")) else None
        ),
    )
    for width in widths:
        page.set_viewport_size(width)  # type: ignore[arg-type]
        page.goto(f"{live_server.url}/api/")
        page.locator(f'a[href="{reverse("api:swagger")}"]').click()
        expect(page.locator(".opblock")).to_have_count(5)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert axe(page) == []
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_role("button", name="Apply credentials")).to_be_visible()
    assert axe(page) == []
    page.locator(".modal-ux .close-modal").click()
    page.locator("#operations-public-statistics_list .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("region").fill("nergens")
    assert complaints == []  # after this the browser itself reports an answer 404
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text("application/problem+json")
    assert axe(page) == []
    assert [text for text in complaints if "404" not in text] == elsewhere == []
