"""The ten sample forms on paper, typed in as the manual says: what is wrong is said, what is right becomes final."""

import json
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from admissions.enums import FormState
from admissions.models import ApplicationForm
from schools.enums import RoundState
from schools.models import SchoolRound, local_moment
from tests.browser.test_school_pages import enter
from tests.factories.schools import AdmissionYearFactory, RoundFactory, SchoolRoundFactory, school_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FAMILIES: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parent.parent.parent / "demo/sample_forms/families.json").read_text()
)
WITHOUT_CEILING = {"De Kameleon"}
FIELDS = {
    "given_name": "given_name",
    "surname_prefix": "surname_prefix",
    "surname": "surname",
    "date_of_birth": "born",
    "received_on": "received",
    "postcode": "postcode",
    "house_number": "number",
    "street": "street",
    "place": "place",
    "guardian_name": "parent",
    "guardian2_name": "parent2",
    "email": "email",
    "phone": "phone",
}
# What the page must say about a form, where; and what is typed after a call with the parents. None: it stays a draft.
WRONG: dict[str, tuple[str, str, dict[str, str] | None]] = {
    "02-broer-op-school": (
        "#fouten",
        "minstens 5",
        {"preference_3": "Nutsbasissch", "preference_4": "bras", "preference_5": "leeuw"},
    ),
    "03-nog-geen-drie": ("#fouten", "28 maart 2024", None),
    "04-vier-scholen": ("#fouten", "minstens 5", {"preference_5": "leeuw"}),
    "05-school-twee-keer": ("#fouten", "al als nummer", {"preference_4": "leeuw"}),
    "06-tikfout-in-mail": ("#email_note", "a.przyklad@gmail.com", {"email": "a.przyklad@gmail.com"}),
    "07-verkeerde-postcode": ("#fouten", "Postcode", {"postcode": "2545 HR"}),
    "09-tweeling-b": ("#is_twin_note", "Emma Dubbel", {}),
    "10-zonder-mail-met-zorgwens": ("#preference_2_note", "zonder plafond", {}),
}


@pytest.fixture
def seats() -> SchoolRound:
    """The second period with every school of the sample forms; it is 26 March 2024."""
    year = AdmissionYearFactory()
    year.clock_at = local_moment(date(2024, 3, 26), time(10))
    year.save()
    round_ = RoundFactory(year=year, code="ALM2", state=RoundState.OPEN)
    names = {name for form in FAMILIES["forms"] for name in form["schools"]}
    first = FAMILIES["first_choice"]
    own = SchoolRoundFactory(
        round=round_, programme__school__name=first["name"], programme__school__brin=first["brin"]
    )
    for name in sorted(names | {"De Leeuwerikhoeve"} - {first["name"]}):
        if name != first["name"]:
            ceiling = None if name in WITHOUT_CEILING else 10
            SchoolRoundFactory(round=round_, programme__school__name=name, ceiling=ceiling)
    return own


def type_in(page: Page, form: dict[str, Any]) -> None:
    for name, key in FIELDS.items():
        if form[key]:
            page.locator(f"#{name}").fill(form[key])
    for name, wanted in (("is_twin", form["twin"]), ("no_email", not form["email"])):
        if wanted:
            page.locator(f"#{name}").check()
    page.locator("#care_request_1" if form["care"] == "ja" else "#care_request_0").check()
    if form["care_note"]:
        page.locator("#care_note").fill(form["care_note"])
    for rank, school in enumerate(form["schools"][1:], start=2):
        page.locator(f"#preference_{rank}").fill(school)
    for point in (1, 3, 4, 7, *((5,) if form["care"] == "ja" else ())):
        page.locator(f"#check_{point}").check()


def test_ten_forms_of_paper_go_in_with_the_manual_beside_them(
    live_server, new_context: Callable[..., BrowserContext], seats: SchoolRound
):
    """DH-041 to DH-045, Q-01, Q-17: nine become final, one waits until the child is three."""
    page = enter(new_context(), live_server, school_user(seats.programme.school))
    start = f"{live_server.url}/school/{seats.programme.school.brin}/formulieren/nieuw/"
    for form in FAMILIES["forms"]:
        page.goto(start)
        type_in(page, form)
        where, told, corrected = WRONG.get(form["file"], ("", "", {}))
        if where == "#fouten":
            page.keyboard.press("Control+Enter")
        if where:
            expect(page.locator(where)).to_contain_text(told)
        if corrected is None:
            page.get_by_role("button", name="Concept bewaren").click()
            expect(page.get_by_role("status")).to_contain_text("concept")
            continue
        for name, value in corrected.items():
            page.locator(f"#{name}").fill(value)
        page.keyboard.press("Control+Enter")
        name = " ".join(
            part for part in (form["given_name"], form["surname_prefix"], form["surname"]) if part
        )
        expect(page.get_by_role("status")).to_contain_text(f"{name} is definitief")
    states = ApplicationForm.objects.values_list("state", flat=True)
    assert sorted(states) == [FormState.DRAFT, *[FormState.FINAL] * 9]
    assert ApplicationForm.objects.filter(is_twin=True).count() == 2
