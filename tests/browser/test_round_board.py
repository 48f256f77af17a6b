"""The round board, its wall view, the place ledger of AE-13 and the grouped menu in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from admissions.enums import FormState
from admissions.models import ApplicationForm
from notifications.models import Message
from schools.models import ProgrammeYear, School
from schools.services.confirmations import confirm_rules_in_rehearsal
from schools.services.events import Fact, record_event
from tests.admissions.ledger_year import play_ledger_year
from tests.browser.test_office_pages import enter
from tests.factories.ceremony import Room, open_room
from tests.factories.city import brin
from tests.factories.schools import region_user, school_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Axe = Callable[[Page], list[str]]


def broken_room() -> Room:
    """Rules of A not confirmed, one form released; A has a mail address."""
    room = open_room()
    School.objects.filter(brin="00000A").update(contact_email="school-a@example.org")
    ApplicationForm.objects.filter(application=room.city.application("a0")).update(state=FormState.RELEASED)
    ProgrammeYear.objects.filter(programme__code="00000A").delete()
    return room


def looks_right(page: Page, axe: Axe, widths: list[dict[str, int]], *addresses: str) -> None:
    for width in widths:
        page.set_viewport_size(width)  # type: ignore[arg-type]
        for address in addresses:
            page.goto(address)
            assert axe(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_board_turns_green_by_itself_and_keeps_the_focus(
    live_server, new_context: Callable[..., BrowserContext], axe: Axe, widths: list[dict[str, int]]
):
    """DH-202: the red cell becomes green while its reader holds the focus on it; nothing else moves."""
    room = broken_room()
    seat = room.city.school_round("A", "ALM1")
    page = enter(new_context(), live_server, room.first)
    base = f"{live_server.url}/programma/rondes/ALM1/bord/"
    looks_right(page, axe, widths, base, base + "scherm/", base + "herinneren/formulieren/")

    page.goto(base)
    rules, forms = page.locator(f"#c{seat.pk}-regels"), page.locator(f"#c{seat.pk}-formulieren")
    before = page.locator("#bord-stand").inner_text()
    rules.focus()
    assert "oa-st--err" in (rules.get_attribute("class") or "")
    confirm_rules_in_rehearsal(room.city.year)
    expect(rules).not_to_have_class("oa-st oa-st--err", timeout=20_000)
    assert page.evaluate("document.activeElement.id") == f"c{seat.pk}-regels"
    # The other cell still leads to where it is mended; then it is green too, and the board says so.
    expect(forms).to_have_attribute("href", "/school/00000A/formulieren/")
    ApplicationForm.objects.update(state=FormState.LOCKED)
    record_event(room.city.year, Fact("form_final", "application", "x"), actor=None)
    expect(forms).to_have_class("oa-st", timeout=20_000)
    expect(page.locator("#bord-stand")).not_to_have_text(before)


def test_reminder_and_board_work_without_script(live_server, new_context: Callable[..., BrowserContext]):
    room = broken_room()
    page = enter(new_context(java_script_enabled=False), live_server, room.first)
    page.goto(f"{live_server.url}/programma/rondes/ALM1/bord/?toon=rood")
    page.locator("#h-formulieren").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Remind 1 school")
    page.get_by_role("button", name="Send the reminders").click()
    expect(page.get_by_text("1 school was reminded.")).to_be_visible()
    assert Message.objects.get(kind="M22").school.brin == "00000A"
    page.locator("#bord-ververs").click()
    expect(page.locator("#bord-stand")).to_contain_text("schools are ready for the draw")


def test_ledger_of_the_worked_example(
    live_server, new_context: Callable[..., BrowserContext], axe: Axe, widths: list[dict[str, int]]
):
    """AE-13 on screen, for the office down to a child's events, and for the school itself."""
    city = play_ledger_year()
    page = enter(new_context(), live_server, region_user(city.year.region))
    base = f"{live_server.url}/programma/plaatsen/grootboek/"
    looks_right(page, axe, widths, base, f"{base}{brin('S')}/?ronde=VOVP1")
    page.goto(base)
    page.locator(f"#lijst tbody a[href$='/{brin('S')}/']").click()
    page.get_by_role("link", name="VOVP 1").first.click()
    row = page.locator("tr.is-on")
    assert [cell.strip() for cell in row.locator("th,td").all_inner_texts()] == [
        "VOVP 1", "0", "0", "2", "2", "1", "1", "Application period 3",
    ]  # fmt: skip
    expect(page.get_by_text("The count is closed")).to_be_visible()
    page.locator("ol.oa-line summary").first.click()
    page.get_by_role("link", name="Events").first.click()
    expect(page).to_have_url(re.compile("/programma/gebeurtenissen/"))

    school = enter(new_context(), live_server, school_user(School.objects.get(brin=brin("S"))))
    looks_right(school, axe, widths, f"{live_server.url}/school/{brin('S')}/plaatsen/?ronde=ALM2")
    expect(school.get_by_text("The count is closed")).to_be_visible()


def test_menu_in_groups_works_with_the_keyboard_and_on_a_phone(
    live_server, new_context: Callable[..., BrowserContext], axe: Axe, widths: list[dict[str, int]]
):
    """The group of the page is open; opening another closes it; on a phone every entry can be reached."""
    room = open_room()
    page = enter(new_context(), live_server, room.first)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{live_server.url}/programma/rondes/ALM1/bord/")
    menu = page.get_by_role("navigation", name="Main menu")
    expect(menu.get_by_role("link", name="Draw room")).to_be_visible()
    expect(menu.get_by_role("link", name="Find a child")).to_be_hidden()
    menu.locator("summary", has_text="Children").focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("link", name="Find a child")).to_be_visible()
    expect(menu.get_by_role("link", name="Draw room")).to_be_hidden()
    assert axe(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    page.locator(".oa-menu > summary").click()
    small = page.get_by_role("navigation", name="Menu for small screens")
    small.locator("summary", has_text="Year").click()
    expect(small.get_by_role("link", name="Year planner")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
