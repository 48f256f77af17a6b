"""A school draws by hand and the office mends a draw, clicked in a real browser at both widths, without findings."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import BrowserContext, Page, expect

from lottery.models import DrawSession
from schools.models import ProgrammeYear, User
from tests.admissions.test_hand_draw import Desk
from tests.admissions.test_repairs import DOCUMENT, REASON, official
from tests.browser.test_school_pages import enter
from tests.factories.ceremony import open_room

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Eyes:
    """Looks at a page at every width; pictures where the environment asks for them."""

    def __init__(self, axe: Callable[[Page], list[str]], widths: list[dict[str, int]]) -> None:
        self.axe, self.widths, self.folder = axe, widths, os.environ.get("OA_PICTURES", "")

    def look(self, page: Page, name: str) -> None:
        for width in self.widths:
            page.set_viewport_size(width)  # type: ignore[arg-type]
            if self.folder:
                path = Path(self.folder) / f"{name}-{width['width']}.png"
                page.screenshot(path=str(path), full_page=True)
            assert self.axe(page) == [], (name, page.url)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, page.url)


@pytest.fixture
def eyes(axe: Callable[[Page], list[str]], widths: list[dict[str, int]]) -> Eyes:
    return Eyes(axe, widths)


def visitor(new_context: Callable[..., BrowserContext], live_server, user: User, **options: bool) -> Page:
    Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}}
    )
    return enter(new_context(**options), live_server, user)


def press(page: Page, action: str) -> None:
    page.locator(f'form[action$="{action}"] button[type=submit]').last.click()


def test_school_draws_by_hand(live_server, new_context: Callable[..., BrowserContext], eyes: Eyes):
    desk = Desk()
    admin = visitor(new_context, live_server, desk.admin)
    director = visitor(new_context, live_server, desk.director, java_script_enabled=False)
    home = live_server.url + desk.address
    admin.goto(home)
    eyes.look(admin, "besluiten")
    press(admin, "/automatisch/")
    expect(admin.locator("tbody tr")).to_have_count(2)
    eyes.look(admin, "besluiten-lot")
    press(admin, "/kaarten/")
    eyes.look(admin, "kaarten")
    admin.locator("#id_at").fill("00:00")
    admin.locator("#id_drawn_by").fill("J. de Boer")
    admin.locator("#id_witnesses").fill("O. Kramer\nB. Oosterhuis")
    admin.locator("#id_recording").fill("kast 3")
    admin.locator("#id_order").fill("1 1")
    press(admin, "/loting/")
    expect(admin.locator("#id_recording")).to_have_value("kast 3")
    eyes.look(admin, "volgorde-fout")
    session = DrawSession.objects.get()
    admin.locator("#id_order").fill(desk.order(session, "F E"))
    press(admin, "/loting/")
    eyes.look(admin, "volgorde-nog-eens")
    director.goto(home + "loting/")
    director.locator("#id_order").fill(desk.order(session, "F E"))
    press(director, "/loting/")
    admin.goto(home)
    eyes.look(admin, "beslist")
    press(admin, "/klaar/")
    eyes.look(admin, "klaar")
    office = visitor(new_context, live_server, desk.manager)
    office.goto(f"{live_server.url}/programma/loting/ALM1/scholen/")
    eyes.look(office, "scholen-met-de-hand")
    desk.seat.refresh_from_db()
    assert desk.seat.is_ready


def test_office_mends_a_draw(live_server, new_context: Callable[..., BrowserContext], eyes: Eyes):
    room = open_room(children=5, schools={"A": 2, "B": 1})
    ProgrammeYear.objects.update(last_year_places=20)
    first, second = (visitor(new_context, live_server, user) for user in (room.first, room.second))
    first.goto(f"{live_server.url}/programma/plaatsen/")
    eyes.look(first, "plaatsen")
    first.goto(f"{live_server.url}/programma/loting/ALM1/")
    eyes.look(first, "pre-flight")
    ProgrammeYear.objects.update(last_year_places=None)
    official(room)
    first.goto(f"{live_server.url}/programma/loting/ALM1/herstel/")
    eyes.look(first, "herstel")
    for slug in ("vergeten-kind", "geboortedatum", "schaduwuitslag"):
        first.goto(f"{live_server.url}/programma/loting/ALM1/herstel/{slug}/")
        eyes.look(first, slug)
    first.locator("#id_school").select_option("00000A")
    first.locator("#id_reason").fill(REASON)
    first.locator("#id_document").fill(DOCUMENT)
    press(first, "/schaduwuitslag/")
    eyes.look(first, "schaduwuitslag-fout")
    first.locator("#id_places").fill("3")
    press(first, "/schaduwuitslag/")
    eyes.look(first, "herstel-gevraagd")
    second.goto(first.url)
    eyes.look(second, "herstel-beslissen")
    second.locator(".oa-now button[type=submit]").click()
    eyes.look(second, "herstel-klaar")
    second.goto(f"{live_server.url}/{room.city.year.region.slug}/lotingen/")
    eyes.look(second, "openbaar")
    school = room.city.school_round("A", "ALM1").programme.school
    second.goto(f"{live_server.url}/school/{school.brin}/instellingen/")
    eyes.look(second, "instellingen")
