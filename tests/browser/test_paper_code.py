"""From a family that types and prints to a draft at the school, over the code on the paper (DH-038)."""

from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import BrowserContext, Page, Request, expect

from admissions.enums import FormState
from admissions.models import ApplicationForm, FormEntry
from admissions.services.forms.paper_code import FIELDS, read_code
from tests.admissions.entry_pages import Desk, make_desk
from tests.browser.test_school_pages import enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Every field of the code, with signs of two, three and four bytes, and of both directions.
WRITTEN = {
    "given_name": "Zoë",
    "surname_prefix": "van 't",
    "surname": "Przykład-أمينة",
    "date_of_birth": "4-12-20",
    "postcode": "2548 br",
    "house_number": "112-A",
    "street": "Voorbeeldstraat",
    "place": "Delft",
    "guardian_name": "H. Przykład",
    "guardian2_name": "Ş. Voorbeeld",
    "email": "h.przyklad@example.org",
    "phone": "+31 6 0000 2644",
    "care_note": "Zij hoort met één oor minder goed 🦻 en zit graag vooraan.",
}
LISTED = ["De Beuk", "Het Jonge Blad", "De Jonge Eik", "Sint Jan"]
TYPED = WRITTEN | {"is_twin": "1", "care_request": "1"}
CHEAP = 150  # dots an inch of a plain office scanner or a hand scanner at arm's length


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def address(live_server: Any, desk: Desk) -> str:
    return (
        f"{live_server.url}/{desk.seats.round.year.region.slug}/aanmeldformulier/?school={desk.school.brin}"
    )


def type_at_home(page: Page) -> None:
    for name, value in WRITTEN.items():
        page.locator(f"[data-code={name}]").fill(value)
    page.get_by_label("Mijn kind is een tweeling").check()
    page.get_by_label("Ja, namelijk:").check()
    for rank, name in enumerate(LISTED, start=2):
        page.get_by_label(f"School {rank}", exact=True).fill(name)


def scanned(page: Page) -> str:
    """What a scanner reads from the picture of the printed page: one sheet."""
    with pypdfium2.PdfDocument(page.pdf(format="A4")) as document:
        assert len(document) == 1
        sheet = document[0].render(scale=CHEAP / 72).to_pil().convert("L")
    return "".join(found.text for found in zxingcpp.read_barcodes(sheet))


def test_what_a_family_types_and_prints_is_scanned_into_a_draft(
    live_server,
    new_context: Callable[..., BrowserContext],
    desk: Desk,
    page: Page,
    axe: Callable[[Page], list[str]],
):
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto(address(live_server, desk))
    expect(page.locator("#paper_code")).to_be_hidden()
    type_at_home(page)
    picture = page.get_by_role("img", name="Code met wat u hebt getypt")
    expect(picture).to_be_visible()
    assert axe(page) == []
    code = scanned(page)
    assert read_code(code).typed == TYPED
    assert read_code(code).schools == ("De Gantel", *LISTED)
    # The public site keeps nothing: nothing stays in the address or in the browser.
    assert page.url == address(live_server, desk)
    assert page.evaluate("[localStorage.length, sessionStorage.length, history.state]") == [0, 0, None]
    # What does not fit gets a sentence; the form still prints, without a code.
    page.locator("[data-code=care_note]").fill("meer " * 80)
    expect(page.locator("#paper_code")).to_contain_text("U hebt meer getypt dan in de code")
    expect(picture).to_have_count(0)
    assert "OAF" not in scanned(page)
    # And nothing typed went anywhere: the page, its files (a browser asks for those when it likes), no more.
    pages = [request for request in asked if not request.url.startswith(f"{live_server.url}/static/")]
    assert [(request.method, request.url) for request in pages] == [("GET", address(live_server, desk))]
    assert [request.url for request in asked if request.method != "GET" or "?" in request.url] == [page.url]

    # At the school: the cursor stands in the first field, as always, and a scanner types as a keyboard does.
    school = enter(new_context(), live_server, desk.user)
    school.goto(live_server.url + desk.url("entry-start"))
    expect(school.locator("#given_name")).to_be_focused()
    expect(school.locator("#scan_code")).to_be_hidden()
    school.keyboard.type("OAF1AAAA")
    expect(school.locator("#scan_code")).to_be_focused()
    school.keyboard.press("Enter")
    expect(school.locator("#scan_code_error")).to_contain_text("niet compleet")
    expect(school.locator("#scan_code")).to_be_focused()
    assert axe(school) == []
    # In the first field the first signs lead it to its own; what was refused is replaced.
    school.locator("#given_name").focus()
    school.keyboard.type(code)
    school.keyboard.press("Enter")
    expect(school.get_by_role("status")).to_contain_text("Vergelijk elk veld met het papier")
    expect(school.locator("#given_name")).to_be_focused()
    for name, value in WRITTEN.items():
        expect(school.locator(f"#{name}")).to_have_value(
            {"date_of_birth": "04-12-2020", "postcode": "2548 BR"}.get(name, value)
        )
    expect(school.locator("#is_twin")).to_be_checked()
    expect(school.locator("#care_request_1")).to_be_checked()
    for rank, name in enumerate(LISTED, start=2):
        expect(school.locator(f"#preference_{rank}")).to_have_value(
            next(
                row.programme.name + f" ({row.programme.code})"
                for row in desk.others
                if row.programme.name == name
            )
        )
    for name in ("claim_sibling", "claim_preschool", "check_1", "check_3", "check_4", "check_5", "check_7"):
        expect(school.locator(f"#{name}")).not_to_be_checked()
    entry = FormEntry.objects.get()  # nothing of the scanning was kept as if it had been typed
    assert {name: entry.typed[name] for name in FIELDS} == TYPED
    # The day received makes it a draft; the keys are those of typing, and nothing becomes final without the check.
    school.locator("#received_on").fill("15-12-23")
    school.keyboard.press("Control+Enter")
    expect(school.locator("#fouten")).to_be_focused()
    assert ApplicationForm.objects.get().state == FormState.DRAFT


def test_without_script_the_form_prints_without_code_and_a_code_can_be_pasted(
    live_server, new_context: Callable[..., BrowserContext], desk: Desk, page: Page
):
    page.goto(address(live_server, desk))
    type_at_home(page)
    code = scanned(page)
    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(address(live_server, desk))
    plain.locator("[data-code=given_name]").fill("Zoë")
    assert scanned(plain) == ""
    school = enter(new_context(java_script_enabled=False), live_server, desk.user)
    school.goto(live_server.url + desk.url("entry-start"))
    school.get_by_text("Scan de code van een geprint formulier").click()
    school.get_by_label("Code op het geprinte formulier").fill(code)
    school.get_by_role("button", name="Vul in met de code").click()
    expect(school.locator("#given_name")).to_have_value("Zoë")
