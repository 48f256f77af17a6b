"""Four accounts hold a rehearsal of the first period from pre-flight to the signed record, in a real browser."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import BrowserContext, Page, expect

from lottery.enums import SessionState, SignedBy
from lottery.services.signing import sign_pdf
from schools.models import User
from tests.browser.test_school_pages import enter
from tests.factories.ceremony import DICE, OTHER_DICE, code_app, code_now, open_room
from tests.factories.schools import school_user
from tests.lottery.test_signatures import seal_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROOM = "/programma/loting/"


def press(page: Page, action: str) -> None:
    page.locator(f'form[action$="/{action}/"] button[type=submit]').first.click()


def throw(page: Page, digits: str) -> None:
    for box in range(6):
        page.locator(f"#id_d{box + 1}").fill(digits[box * 10 : box * 10 + 10])
    press(page, "stap/worpen")


def signed(pdf: bytes) -> bytes:
    """As the notary's own program would sign it; in a thread of its own, since Playwright has a loop in this one."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(sign_pdf, pdf, seal_of("mr. Nora Notaris"), field="Notaris").result()


def upload(page: Page, content: bytes) -> None:
    file = {"name": "verslag.pdf", "mimeType": "application/pdf", "buffer": content}
    page.locator('input[type="file"]').set_input_files(file)  # type: ignore[arg-type]
    page.locator('form[enctype="multipart/form-data"] button[type=submit]').click()


@pytest.mark.parametrize("script", [True, False])
def test_four_accounts_hold_a_rehearsal(
    live_server,
    new_context: Callable[..., BrowserContext],
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
    script: bool,
):
    room = open_room()
    complaints: list[str] = []

    def visitor(user: User, **data: Any) -> Page:
        if not Authenticator.objects.filter(user=user).exists():
            Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
        page = enter(new_context(java_script_enabled=script), live_server, user)
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        return page

    def fine(page: Page) -> None:
        if script:
            for width in widths:
                page.set_viewport_size(width)  # type: ignore[arg-type]
                assert axe(page) == [], page.url
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url

    secret = code_app(room.notary)
    first, second, notary = visitor(room.first), visitor(room.second), visitor(room.notary)
    notary.set_default_timeout(90_000)  # here the record is printed and signed before the page answers
    school = visitor(school_user(room.city.school_round("A", "ALM1").programme.school))

    # Pre-flight and freeze by one, confirmation by the other.
    first.goto(live_server.url + ROOM)
    fine(first)
    press(first, "bevriezen")
    expect(
        first.get_by_role("alert").or_(first.locator(".utrecht-form-field-error-message")).first
    ).to_be_visible()
    first.locator("#id_seen").check()
    press(first, "bevriezen")
    session = room.session()
    expect(first.locator(".oa-hash").first).to_have_text(session.commitment_hash)
    expect(first.locator('form[action$="/bevestigen/"] button')).to_have_count(0)
    fine(first)
    second.goto(live_server.url + ROOM)
    press(second, "bevestigen")
    fine(second)

    # The notary compares, names the witnesses, and types along; the first try differs.
    desk = f"{live_server.url}/zittingen/{session.name}/"
    notary.goto(desk)
    press(notary, "stap/vergeleken")
    for name in ("Olga Kramer, namens de ouders", "Bram Oosterhuis, namens de besturen"):
        notary.locator("#id_name").fill(name)
        press(notary, "stap/getuige")
    notary.locator("#id_place").fill("Stadhuis, Duinstad")
    press(notary, "stap/plaats")
    expect(notary.locator("#zitting")).to_contain_text("Stadhuis, Duinstad")
    fine(notary)
    throw(notary, "7" + DICE[1:])
    expect(notary.locator("#id_d1")).to_have_value("7" + DICE[1:10])
    expect(notary.locator("#id_d6")).to_have_value(DICE[50:])
    fine(notary)
    throw(notary, DICE)
    first.goto(live_server.url + ROOM)
    assert DICE[:10] not in first.content()
    throw(first, OTHER_DICE)
    assert room.session().state == SessionState.COMMITTED
    first.goto(live_server.url + ROOM)
    throw(first, DICE)
    notary.goto(desk)
    throw(notary, DICE)
    slot = room.session().slot
    assert slot
    expect(notary.locator("#zitting")).to_contain_text(slot[8:])

    # Stand-in beacon, computing, result.
    second.goto(live_server.url + ROOM)
    fine(second)
    press(second, "stap/oefenbaken")
    press(second, "berekenen")
    second.goto(live_server.url + ROOM)
    expect(second.locator(".oa-figs")).to_be_visible()
    fine(second)
    assert room.session().state == SessionState.APPLIED

    # Nobody else sees anything of it, and the notary attests with a code.
    assert school.goto(live_server.url + ROOM).status == 404  # type: ignore[union-attr]
    notary.goto(desk)
    fine(notary)
    for box in notary.locator("#verklaring input[type=checkbox]").all():
        box.check()
    notary.locator("#id_code").fill("000000")
    press(notary, "stap/verklaring")
    assert room.session().state == SessionState.APPLIED
    for box in notary.locator("input[type=checkbox]").all():
        expect(box).to_be_checked()
    notary.locator("#id_code").fill(code_now(secret))
    press(notary, "stap/verklaring")
    notary.goto(desk)
    assert room.session().state == SessionState.ATTESTED
    assert room.session().record is not None
    fine(notary)

    # The record has the signature of the exercise certificate; the notary adds an own one and hands it in.
    expect(notary.locator("#rec").locator("..")).to_contain_text("Oefencertificaat (demo)")
    with notary.expect_download() as download:
        notary.get_by_role("link", name="verslag-getekend.pdf").first.click()
    ours = download.value.path().read_bytes()
    assert ours.startswith(bytes(room.session().record or b""))
    upload(notary, b"%PDF-1.7 onzin")
    expect(notary.locator(".utrecht-form-field-error-message").first).to_contain_text("beschadigd")
    fine(notary)
    notary.goto(desk)
    upload(notary, signed(ours))
    expect(notary.locator("#rec").locator("..")).to_contain_text("Ondertekend door de notaris")
    fine(notary)
    assert room.session().signed_records.filter(origin=SignedBy.NOTARY).count() == 1
    school.goto(
        f"{live_server.url}/school/{room.city.school_round('A', 'ALM1').programme.school.brin}/toegelaten/"
    )
    expect(school.locator("tbody tr")).to_have_count(0)  # the day of the draw has not come in this year
    public = visitor(room.first)
    public.goto(f"{live_server.url}/{room.city.year.region.slug}/lotingen/")
    expect(public.locator("main")).to_contain_text(session.commitment_hash[8:])
    assert [text for text in complaints if not re.search("status of 4", text)] == []
