"""The entry page in a real browser: typed by keyboard alone, saved by itself, compared, corrected, made final."""

import os
import re
import time
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from admissions.enums import FormState
from admissions.models import ApplicationForm, FormEntry
from admissions.services.forms.closing import lock_forms
from schools.enums import RoundState
from schools.models import Round
from tests.admissions.entry_pages import Desk, make_desk
from tests.browser.test_school_pages import enter
from tests.factories.admissions import ApplicationFactory, ChildFactory
from tests.factories.schools import school_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_KEYS = 260  # besides the data of the family
KEYS_A_SECOND = 5


@pytest.fixture
def desk() -> Desk:
    return make_desk()


class Typist:
    """Presses keys and counts them: ``say`` types what stands on the paper, ``press`` is everything else."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.data = self.other = 0

    def say(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.data += len(text)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.other += len(key.split("+"))

    def here(self, name: str) -> None:
        """The cursor stands in this field: the order is the order of the paper."""
        assert self.page.evaluate("document.activeElement.name || document.activeElement.tagName") == name


def type_form(typist: Typist, *, given_name: str = "Ilyas", first: bool = True) -> None:
    """A whole paper form, from the first name to Ctrl+Enter."""
    say, press = typist.say, typist.press
    typist.here("given_name")
    say(given_name)
    press("Tab", "Tab")
    typist.here("surname")
    say("Çelik")
    press("Tab")
    say("4-12-20")
    press("Tab")
    typist.here("received_on")
    if first:
        say("15-12-23")
    press("Tab", "Tab")
    typist.here("postcode")
    say("2548br")
    press("Tab")
    say("112")
    press("Tab")
    say("Voorbeeldstraat")
    press("Tab", "Tab", "Tab")  # past the place and the twin
    typist.here("guardian_name")
    say("H. Çelik")
    press("Tab", "Tab")
    typist.here("email")
    say("h.celik@example.org")
    press("Tab", "Tab")
    typist.here("phone")
    say("0600002644")
    press("Tab", "Tab", "Tab")
    typist.here("care_request")
    press("Space", "Tab")
    typist.here("claim_sibling")
    press("Tab", "Tab")
    typist.here("preference_2")
    for part in ("beuk", "blad", "eik", "jan"):
        say(part)
        press("Tab")
    press("Tab")  # past "more than five schools"
    for point in (1, 3, 4, 7):
        typist.here(f"check_{point}")
        press("Space", "Tab")
    press("Control+Enter")


def test_a_whole_form_is_typed_by_keyboard_within_the_budget(
    live_server, new_context: Callable[..., BrowserContext], desk: Desk
):
    page = enter(new_context(), live_server, desk.user)
    page.goto(live_server.url + desk.url("entry-start"))
    typist = Typist(page)
    started = time.monotonic()
    type_form(typist)
    expect(page.get_by_role("status")).to_contain_text("Ilyas Çelik is definitief")
    spent = time.monotonic() - started
    first = (typist.other, typist.data)
    type_form(typist, given_name="Noor", first=False)  # the next form is open, the cursor stands in it
    expect(page.get_by_role("status")).to_contain_text("Noor Çelik is definitief")
    total = sum(first)
    print(
        f"\nkeys besides the family's data: {first[0]}, data: {first[1]}, together {total}: "
        f"{total / KEYS_A_SECOND:.0f} s at {KEYS_A_SECOND} keys a second; the browser took {spent:.1f} s"
    )
    assert first[0] <= MOST_KEYS
    assert ApplicationForm.objects.filter(state=FormState.FINAL).count() == 2
    form = ApplicationForm.objects.get(application__child__given_name="Ilyas")
    assert list(form.application.preferences.order_by("rank").values_list("programme__name", flat=True)) == [
        "De Gantel", "De Beuk", "Het Jonge Blad", "De Jonge Eik", "Sint Jan",
    ]  # fmt: skip


def test_the_form_works_without_script(live_server, new_context: Callable[..., BrowserContext], desk: Desk):
    page = enter(new_context(java_script_enabled=False), live_server, desk.user)
    page.goto(live_server.url + desk.url("entry-start"))
    for name, value in (
        ("given_name", "Ilyas"),
        ("surname", "Çelik"),
        ("date_of_birth", "4-12-20"),
        ("received_on", "15-12-23"),
        ("postcode", "2548 br"),
        ("house_number", "112"),
        ("street", "Voorbeeldstraat"),
        ("guardian_name", "H. Çelik"),
        ("email", "h.celik@example.org"),
        ("phone", "0600002644"),
        ("preference_2", "jong"),
        ("preference_3", "beuk"),
        ("preference_4", "jan"),
    ):
        page.locator(f"#{name}").fill(value)
    page.get_by_label("Nee", exact=True).check()
    page.get_by_role("button", name="Definitief maken en volgende").click()
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("2 scholen")
    expect(page.locator("#surname")).to_have_value("Çelik")
    page.get_by_role("group", name="Welke school bedoelt u?").get_by_label("De Jonge Eik").check()
    page.locator("#preference_5").fill("blad")
    for check in (
        "Geboortedatum is gelijk",
        "Officiële voornaam is gelijk",
        "Alles is leesbaar",
        "ondertekend",
    ):
        page.get_by_label(check).check()
    page.get_by_role("button", name="Definitief maken en volgende").click()
    expect(page.get_by_role("status")).to_contain_text("Ilyas Çelik is definitief")


def test_enter_fail_correct_final_release_lock(
    live_server,
    new_context: Callable[..., BrowserContext],
    desk: Desk,
    axe: Callable[[Page], list[str]],
):
    """AE-12 on the screen."""
    page = enter(new_context(), live_server, desk.user)
    page.goto(live_server.url + desk.url("entry-start"))
    page.locator("#given_name").fill("Ilyas")
    page.locator("#surname").fill("Celik")
    page.locator("#date_of_birth").fill("4-12-20")
    page.locator("#received_on").fill("15-12-23")
    page.locator("#email").fill("h.celik@gmial.com")
    page.keyboard.press("Tab")
    expect(page.locator("#email_note")).to_contain_text("h.celik@gmail.com")
    expect(page.locator("#entry_saved")).to_contain_text("bewaard")
    expect(page.locator("#date_of_birth")).to_have_value("04-12-2020")
    page.keyboard.press("Control+Enter")
    summary = page.locator("#fouten")
    expect(summary).to_be_focused()
    assert axe(page) == []
    summary.get_by_role("link", name=re.compile("Postcode")).click()
    expect(page.locator("#postcode")).to_be_focused()
    for name, value in (
        ("postcode", "2548 BR"), ("house_number", "112"), ("street", "Voorbeeldstraat"),
        ("guardian_name", "H. Çelik"), ("phone", "0600002644"),
        ("email", "h.celik@gmail.com"),
        ("preference_2", "beuk"), ("preference_3", "blad"), ("preference_4", "eik"), ("preference_5", "jan"),
    ):  # fmt: skip
        page.locator(f"#{name}").fill(value)
    page.get_by_label("Nee", exact=True).check()
    for check in (
        "Geboortedatum is gelijk",
        "Officiële voornaam is gelijk",
        "Alles is leesbaar",
        "ondertekend",
    ):
        page.get_by_label(check).check()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("is definitief")
    number = ApplicationForm.objects.get().application.registration_number
    page.goto(live_server.url + desk.url("application-detail", number))
    page.get_by_role("button", name="Vrijgeven").click()
    expect(page.locator("#date_of_birth")).to_have_attribute("readonly", "")
    page.locator("#surname").fill("Çelik")
    page.get_by_role("button", name="Opnieuw definitief maken").click()
    expect(page).to_have_url(re.compile(r"/kind/\w+/$"))
    page.get_by_role("link", name="Versies").click()
    expect(page.get_by_role("table").first).to_contain_text("Celik")
    assert axe(page) == []
    # The deadline passes while the page is open.
    page.goto(live_server.url + desk.url("application-detail", number))
    desk.at(f"{desk.seats.round.processing_until.isoformat()}T23:59:59")
    page.get_by_role("button", name="Vrijgeven").click()
    page.locator("#street").fill("Te laat")
    year = desk.seats.round.year
    desk.at("2024-01-02T00:00:00")
    page.get_by_role("button", name="Opnieuw definitief maken").click()
    expect(page.locator("#street")).to_have_value("Te laat")  # nothing typed is lost from the screen
    Round.objects.filter(pk=desk.seats.round_id).update(state=RoundState.PROCESSING)
    lock_forms(Round.objects.select_related("year").get(pk=desk.seats.round_id), actor=None)
    form = ApplicationForm.objects.get()
    assert (form.state, form.street, year.code) == (FormState.LOCKED, "Voorbeeldstraat", year.code)
    page.goto(live_server.url + desk.url("application-detail", number))
    expect(page.get_by_role("button", name="Vrijgeven")).to_have_count(0)
    page.get_by_role("link", name="Telefoon of e-mail wijzigen").click()
    page.get_by_label("Telefoonnummer").fill("070 1234567")
    page.get_by_role("button", name="Bewaren").click()
    expect(page.get_by_role("status")).to_contain_text("bewaard")


def test_nothing_is_lost_when_the_network_or_the_session_goes(
    live_server, new_context: Callable[..., BrowserContext], desk: Desk
):
    context = new_context()
    page = enter(context, live_server, desk.user)
    page.goto(live_server.url + desk.url("entry-start"))
    address = page.url
    page.locator("#given_name").fill("Ilyas")
    expect(page.locator("#entry_saved")).to_contain_text("bewaard om")
    # No network: it waits, and goes on by itself.
    context.set_offline(True)
    page.locator("#surname").fill("Çelik")
    expect(page.locator("#entry_alert")).to_contain_text("geen verbinding")
    context.set_offline(False)
    expect(page.locator("#entry_alert")).to_be_hidden(timeout=12_000)
    entry = FormEntry.objects.get()
    assert entry.typed["surname"] == "Çelik"
    # The session ends: what is typed stays, and is saved after logging in again.
    cookies = context.cookies()
    context.clear_cookies()
    page.locator("#street").fill("Voorbeeldstraat")
    expect(page.locator("#entry_alert")).to_contain_text("uitgelogd")
    context.add_cookies(cookies)
    page.locator("#house_number").fill("112")
    expect(page.locator("#entry_alert")).to_be_hidden(timeout=20_000)
    expect(page.locator("#entry_saved")).to_contain_text("bewaard om")
    # Away and back again.
    page.locator("#place").fill("Delft")
    page.goto(live_server.url + desk.url("application-list"))
    page.go_back()
    expect(page).to_have_url(address)
    for name, value in (("surname", "Çelik"), ("street", "Voorbeeldstraat"), ("place", "Delft")):
        expect(page.locator(f"#{name}")).to_have_value(value)


def test_two_people_see_both_versions_side_by_side(
    live_server,
    new_context: Callable[..., BrowserContext],
    desk: Desk,
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
):
    key = uuid.uuid4()
    desk.keep(key, desk.typed())
    colleague = school_user(desk.school)
    pages: list[Page] = []
    for user in (desk.user, colleague):
        page = enter(new_context(), live_server, user)
        page.goto(live_server.url + desk.url("entry", key))
        pages.append(page)
    pages[0].locator("#surname").fill("Celik")
    pages[0].keyboard.press("Tab")
    expect(pages[0].locator("#entry_saved")).to_contain_text("bewaard om")
    pages[0].wait_for_timeout(1500)
    pages[1].locator("#street").fill("Laan")
    pages[1].get_by_role("link", name="vergelijk de twee versies").click()
    second = pages[1]
    expect(second.get_by_role("heading", level=1)).to_have_text("Twee versies van dit formulier")
    for width in widths:
        second.set_viewport_size(width)  # type: ignore[arg-type]
        assert axe(second) == []
    row = second.get_by_role("row", name="Straat")
    row.get_by_label("Laan").check()
    second.get_by_role("button", name="Deze keuze bewaren").click()
    expect(second.locator("#street")).to_have_value("Laan")
    expect(second.locator("#surname")).to_have_value("Celik")


def test_school_is_picked_with_arrows_and_says_its_ceiling(
    live_server, new_context: Callable[..., BrowserContext], desk: Desk, axe: Callable[[Page], list[str]]
):
    page = enter(new_context(), live_server, desk.user)
    page.goto(live_server.url + desk.url("entry-start"))
    box = page.locator("#preference_2")
    box.click()
    page.keyboard.type("jong")
    options = page.locator("#preference_2_list").get_by_role("option")
    expect(options).to_have_count(2)
    assert axe(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value(re.compile("De Jonge Eik|Het Jonge Blad"))
    expect(box).to_be_focused()
    expect(page.locator("#preference_2_note")).to_contain_text("met plafond")
    page.keyboard.press("Tab")
    page.keyboard.type("wilg")
    page.keyboard.press("Tab")
    expect(page.locator("#preference_3_note")).to_contain_text("zonder plafond")


def addresses(desk: Desk) -> list[str]:
    key, batch = uuid.uuid4(), uuid.uuid4()
    desk.post(key, desk.typed(claim_sibling="1", evidence_sibling="Aya"), "definitief")
    number = FormEntry.objects.get(key=key).form.application.registration_number  # type: ignore[union-attr]
    draft = uuid.uuid4()
    desk.keep(draft, desk.typed(given_name="Ilyaz", claim_sibling="1", preference_2="jong", care_request="1"))
    desk.keep(uuid.uuid4(), {"given_name": "Begonnen"})
    FormEntry.objects.create(school_round=desk.seats, batch=batch, line=2, typed={"given_name": "Rij"})
    FormEntry.objects.create(
        school_round=desk.seats, batch=batch, line=3, typed=desk.typed(given_name="Goed")
    )
    return [
        desk.url("entry-start"),
        desk.url("entry", draft),
        desk.url("application-list"),
        desk.url("application-detail", number),
        desk.url("form-claims", number),
        desk.url("form-contact", number),
        desk.url("form-birth-date", number),
        desk.url("form-void", number),
        desk.url("form-withdraw", number),
        desk.url("form-versions", number),
        desk.url("form-import"),
        desk.url("form-import-batch", batch),
    ]


def test_every_page_is_accessible_fits_and_is_light(
    live_server,
    new_context: Callable[..., BrowserContext],
    desk: Desk,
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
):
    page = enter(new_context(), live_server, desk.user)
    sizes: dict[str, int] = {}

    def weigh(answer: Any) -> None:
        sizes[answer.url] = len(answer.body()) if answer.status == 200 else 0

    page.on("response", weigh)
    urls = addresses(desk)
    page.goto(live_server.url + urls[0])
    page.wait_for_load_state("networkidle")
    weight = sum(sizes.values())
    fonts = sum(size for url, size in sizes.items() if url.endswith(".woff2"))
    print(f"\nfirst page: {weight / 1000:.0f} kB as stored, {fonts / 1000:.0f} kB of it fonts")
    assert weight - fonts < 150_000
    assert page.evaluate("[...document.scripts].every(s => s.defer || s.type === 'application/json')")
    for width in widths:
        page.set_viewport_size(width)  # type: ignore[arg-type]
        for url in urls:
            answer = page.goto(live_server.url + url)
            assert answer is not None
            assert answer.status == 200, url
            assert axe(page) == [], url
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url
            folder = os.environ.get("OA_SHOTS", "")
            if folder:
                shot = url.strip("/").replace("/", "_")[-60:]
                page.screenshot(path=f"{folder}/{shot}-{width['width']}.png", full_page=True)


def test_look_alike_child_is_told_while_typing(
    live_server, new_context: Callable[..., BrowserContext], desk: Desk
):
    other = ApplicationFactory(
        first_choice=desk.others[0],
        child=ChildFactory(
            region=desk.school.region,
            given_name="Ilyas",
            surname_prefix="",
            surname="Celik",
            date_of_birth=date(2020, 12, 4),
        ),
    )
    page = enter(new_context(), live_server, desk.user)
    page.goto(live_server.url + desk.url("entry-start"))
    page.locator("#given_name").fill("Ilias")
    page.locator("#surname").fill("Çelik")
    page.locator("#date_of_birth").fill("4-12-20")
    expect(page.locator("#entry_alike")).to_contain_text("Lijkt op een kind")
    assert other.registration_number not in page.content()
