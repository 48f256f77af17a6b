"""The worked examples of den-haag.md section 7 as a school performs them: over its own pages, as HTML answers them."""

import re
import uuid
from datetime import date

import pytest
from django.test import Client
from django.utils import translation

from admissions.enums import CaseKind, Decision, FormState, PlacementState
from admissions.models import Case, Withdrawal
from admissions.services.year.year_clock import move_year_clock
from notifications.models import Message
from schools.enums import Role
from schools.models import end_of_day
from tests.admissions.entry_pages import Desk, make_desk
from tests.admissions.worked_examples import EXACT, FIRST_TOO_LARGE, RULES
from tests.factories.admissions import ApplicationFactory, PlacementFactory
from tests.factories.ceremony import logged_in
from tests.factories.city import City, Form, School, make_city
from tests.factories.schools import school_user

pytestmark = pytest.mark.django_db
NOBODY = {"A": Form("A", claims="sibling"), "B": Form("A")}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def school_page(city: City, code: str = "A") -> tuple[Client, str]:
    """The administrator of a school after the processing deadline, and the address of the decisions page."""
    last = city.round("ALM1").processing_until
    assert last is not None
    move_year_clock(city.year, to=end_of_day(last), actor=None)
    city.year.refresh_from_db()
    school = city.school_round(code, "ALM1").programme.school
    return logged_in(school_user(school)), f"/school/{school.brin}/besluiten/"


def waiting(client: Client, address: str) -> str:
    """The children on the decisions page, by the letter in their names."""
    page = client.get(address).content.decode()
    return "".join(sorted(re.findall(r'name="child"[^>]*aria-label="[^"]*Kind (\w+) Proef[^"]*"', page)))


@pytest.mark.parametrize(
    ("example", "school", "forms", "remaining", "admitted", "drawn_out"),
    [
        ("AE-02", School(5, "sibling preschool neighbourhood", draw_mode="manual"), RULES, "EF", "ABCD", "GH"),
        ("AE-03", School(5, "neighbourhood sibling preschool", draw_mode="manual"), RULES, "CD", "ABEF", "GH"),
        ("AE-04", School(1, "sibling neighbourhood", draw_mode="manual"), FIRST_TOO_LARGE, "AB", "", "C"),
        ("AE-05", School(3, "sibling neighbourhood", draw_mode="manual"), EXACT, "", "ABC", "DE"),
        ("AE-06", School(0, "sibling", draw_mode="manual"), NOBODY, "", "", "AB"),
    ],
)  # fmt: skip
def test_automatic_processing_leaves_only_whom_lots_decide_about(
    example: str, school: School, forms: dict[str, Form], remaining: str, admitted: str, drawn_out: str
):
    """AE-02 to AE-06, DH-074: the button on the decisions page, and what remains on it."""
    city = make_city({"A": school})
    city.apply("ALM1", **forms)
    client, address = school_page(city)
    assert waiting(client, address) == "".join(forms)
    assert client.post(f"{address}automatisch/").status_code == 302
    assert waiting(client, address) == remaining, example
    decided = city.decisions()
    assert "".join(sorted(k for k, v in decided.items() if v == Decision.ADMITTED)) == admitted
    assert "".join(sorted(k for k, v in decided.items() if v == Decision.DRAWN_OUT)) == drawn_out


def test_decisions_list_is_a_file_without_formulas_and_asks_before_it_decides():
    """DH-075: the question names the number; a tick that changed after it is asked about again."""
    city = make_city({"A": School(5, "sibling preschool neighbourhood", draw_mode="manual")})
    city.apply("ALM1", **RULES)
    client, address = school_page(city)
    lines = b"".join(client.get(f"{address}?export=csv").streaming_content).decode()  # type: ignore[arg-type]
    assert [line.split(";")[0] for line in lines.splitlines()[1:]] == [f"Kind {key} Proef" for key in RULES]
    assert client.get(f"{address}?export=xlsx").headers["Content-Type"].endswith("sheet")
    ids = [city.application(key).pk for key in "AB"]
    asked = client.post(f"{address}met-de-hand/", {"child": ids, "answer": "admit"})
    assert "2" in asked.context["asked"] and city.decisions()["A"] == Decision.UNDECIDED
    again = client.post(f"{address}met-de-hand/", {"child": ids[:1], "answer": "admit", "confirm": "2"})
    assert "1" in again.context["asked"] and city.decisions()["A"] == Decision.UNDECIDED
    done = client.post(f"{address}met-de-hand/", {"child": ids, "answer": "admit", "confirm": "2"})
    assert done.status_code == 302 and city.decisions()["B"] == Decision.ADMITTED


def test_digital_school_reads_what_happens_and_the_result_on_the_day():
    """DH-078, DH-081: nothing to do before, numbers that lead to the two overviews after."""
    city = make_city({"A": School(2, "sibling")})
    city.apply("ALM1", a="A", b="A", c=Form("A", claims="sibling"))
    client, address = school_page(city)
    assert client.get(address).context["result"] is None
    city.play("ALM1")
    result = client.get(address).context["result"]
    assert (result.admitted, result.drawn_out, result.round.code) == (2, 1, "ALM1")
    root = address.removesuffix("besluiten/")
    for page, count in (("toegelaten/", 2), ("uitgeloot/", 1)):
        assert len(client.get(f"{root}{page}?round=ALM1").context["table"].rows) == count


def test_four_schools_without_a_brother_or_sister_is_no_final_form(desk: Desk):
    """AE-10: the waiver of the short list, and the sentence that says what is missing."""
    short = {"preference_3": "", "preference_4": "", "preference_5": ""}
    refused = desk.post(uuid.uuid4(), desk.typed(preference_5=""), "definitief")
    assert refused.status_code == 422 and "at least 5" in refused.content.decode()
    key = uuid.uuid4()
    sibling = desk.typed(given_name="Aya", claim_sibling="1", evidence_sibling="Noor", **short)
    assert desk.post(key, sibling, "definitief").status_code == 302
    assert desk.entry(key).form.application.preferences.count() == 2


@pytest.mark.parametrize(
    ("born", "received", "today", "accepted"),
    [
        ("30-9-2020", "15-12-2023", "2023-12-18", False),  # another birth group
        ("1-10-2020", "15-12-2023", "2023-12-18", True),
        ("10-2-2021", "15-12-2023", "2023-12-18", False),  # not three yet
        ("1-10-2021", "15-12-2023", "2023-12-18", False),  # the next birth group
    ],
)
def test_who_may_apply_is_said_on_the_page(desk: Desk, born: str, received: str, today: str, accepted: bool):
    """AE-11 in the first period; the rows of ALM4 are in test_acceptance_dates."""
    desk.at(f"{today}T10:00:00")
    answer = desk.post(uuid.uuid4(), desk.typed(date_of_birth=born, received_on=received), "definitief")
    assert answer.status_code == (302 if accepted else 422)
    if not accepted:
        assert re.search(r'href="#(date_of_birth|received_on)"', answer.content.decode())


@pytest.fixture
def desk() -> Desk:
    return make_desk()


@pytest.mark.parametrize(
    ("reason", "detail", "reported", "accepted"),
    [
        ("other_school", "", False, False),
        ("other_school", "De Parel", False, True),
        ("uncapped_school", "", False, True),
        ("moved_outside", "", False, True),
        ("moved_inside", "", False, False),
        ("moved_inside", "", True, True),
        ("no_reply", "2024-02-10", False, True),
    ],
)
def test_withdrawing_asks_for_a_complete_reason(
    desk: Desk, reason: str, detail: str, reported: bool, accepted: bool
):
    """AE-19, DH-124, DH-126: the reply page, as a school fills it in; inside the city is reported to the manager."""
    year = desk.seats.round.year
    year.rounds.filter(code="ALM1").update(state="offers")
    placement = PlacementFactory(
        application=ApplicationFactory(
            first_choice=desk.seats, decision=Decision.ADMITTED, form__state=FormState.LOCKED
        ),
        state=PlacementState.OFFERED,
        offered_on=date(2024, 1, 18),
        respond_by=date(2024, 2, 15),
    )
    desk.at("2024-02-12T10:00:00")
    data = {"answer": "withdraw", "reason": reason, "detail": detail}
    if reported:
        data["is_reported"] = "on"
    answer = desk.client.post(f"/school/{desk.school.brin}/toegelaten/{placement.pk}/reactie/", data)
    assert (answer.status_code, Withdrawal.objects.exists()) == (302 if accepted else 422, accepted)
    assert Case.objects.filter(kind=CaseKind.WITHDRAWAL).exists() == (accepted and reported)
    assert Message.objects.filter(kind="M15").exists() == (accepted and reported)


def test_reports_stand_on_today_until_the_manager_settled_them(desk: Desk):
    """DH-058, Q-08: the school sees that somebody works on it, and nothing of another school."""
    here = ApplicationFactory(first_choice=desk.seats, form__state=FormState.FINAL)
    there = ApplicationFactory(first_choice=desk.others[0], form__state=FormState.FINAL)
    for number, client in ((here.registration_number, desk.client),):
        client.post(desk.url("form-birth-date", number), {"note": "Op het paspoort staat 5-12-2020"})
    assert Case.objects.filter(kind=CaseKind.BIRTH_DATE).count() == 1
    page = desk.client.get(desk.url("school-today"))
    titles = [task.title for task, _tone in page.context["day"].tasks]
    assert [here.registration_number in title for title in titles].count(True) == 1
    assert there.registration_number not in page.content.decode()
    other = logged_in(school_user(desk.others[0].programme.school, Role.SCHOOL_ADMIN))
    theirs = other.get(f"/school/{desk.others[0].programme.school.brin}/").context["day"].tasks
    assert not any(here.registration_number in task.title for task, _tone in theirs)
