"""Finding a child, its page with the whole time line, and what stays hidden of care (DH-180)."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from admissions.enums import Decision, FormState
from admissions.models import Application, ApplicationForm
from admissions.selectors.children import dates_in
from admissions.services.forms.application_forms import Typed, finalise_form, release_form, save_draft
from admissions.services.forms.corrections import correct_birth_date, report_wrong_birth_date
from admissions.services.replies.withdrawal_reasons import Reason
from admissions.texts.events import SENTENCES, sentence
from lottery.models import SessionNumber
from notifications.enums import MessageKind
from notifications.models import Message
from schools.enums import Role
from schools.models import Event, Programme, local_moment
from tests.admissions.office import address, logged_in, manager, played_city, small_city, text
from tests.factories.city import City, make_city
from tests.factories.notifications import LetterFactory
from tests.factories.schools import region_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


# --- search --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "days", "rest"),
    [
        ("4-3-21", [date(2021, 3, 4)], ""),
        ("04-03-2021", [date(2021, 3, 4)], ""),
        ("4/3/2021", [date(2021, 3, 4)], ""),
        ("4.3.21", [date(2021, 3, 4)], ""),
        ("2021-03-04", [date(2021, 3, 4)], ""),
        ("4 maart 2021", [date(2021, 3, 4)], ""),
        ("4 mrt 21", [date(2021, 3, 4)], ""),
        ("4 March 2021", [date(2021, 3, 4)], ""),
        ("Zoë 4-11-20 van Dël", [date(2020, 11, 4)], "Zoë van Dël"),
        ("29-2-2021", [], "29-2-2021"),
        ("31-13-2020", [], "31-13-2020"),
        ("2023-0000107", [], "2023-0000107"),
        ("K7QD-2M9F", [], "K7QD-2M9F"),
        ("1-2-3-4", [], "1-2-3-4"),
        ("4 planten 2021", [], "4 planten 2021"),
        ("", [], ""),
    ],
)
def test_dates_are_read_as_people_type_them(typed: str, days: list[date], rest: str):
    found, left = dates_in(typed)
    assert (found, " ".join(left.split())) == (days, rest)


def found(client: Client, query: str, **filters: str) -> list[str]:
    page = client.get("/programma/kinderen/", {"q": query, **filters})
    assert page.status_code == 200
    return [row.record.form.form_reference for row in page.context["table"].page.object_list]


def by_reference(client: Client, reference: str) -> list[str]:
    """Found by its reference; a number that holds the same letters by chance is rightly found too, and left out."""
    page = client.get("/programma/kinderen/", {"q": reference})
    rows = [row.record for row in page.context["table"].page.object_list]
    return [
        row.form.form_reference
        for row in rows
        if row.form.form_reference == reference or reference.upper() not in row.registration_number
    ]


def test_child_is_found_by_everything_people_know():
    city = small_city()
    client = manager(city)
    number = city.application("c1").registration_number
    for query in (
        number,
        number.lower(),
        f"{number[:4]}-{number[4:]}",
        "Zoë",
        "zoe van del",
        "DEL zoe",
        "van Dël, Zoë",
        "4-11-20",
        "del 4-11-2020",
        "zoe 4 november 2020",
    ):
        assert found(client, query) == ["c1"], query
    assert by_reference(client, "c1") == ["c1"]
    for query in ("zoe 5-11-20", "bestaatniet", "zoe jansen", "%", "'; DROP TABLE", "\u202e", "قاسم"):
        assert "c1" not in found(client, query), query


def test_child_is_found_with_its_school_and_with_a_letter_wrong():
    """What is heard on the phone: a name spelled otherwise, or a name with the school."""
    city = small_city()
    client = manager(city)
    url = address("child-search")
    Programme.objects.filter(pk=city.application("c1").first_choice.programme_id).update(name="De Oase")
    assert found(client, "zoe oase") == ["c1"]
    assert "c1" in found(client, "oase") and "a1" not in found(client, "oase")
    for query in ("zoee van dell", "Zooe del", "zoe dell 4-11-20"):
        assert found(client, query) == ["c1"], query
        assert "Nobody fits exactly" in text(client, f"{url}?q={query}"), query
    assert found(client, "zoe dell 5-11-20") == found(client, "zu xq") == []
    assert "Nobody fits exactly" not in text(client, f"{url}?q=zoe")


def test_search_finds_children_of_this_region_only():
    city = small_city()
    make_city({"A": 2}, slug="elders").apply("ALM1", c1="A")
    assert by_reference(manager(city), "c1") == ["c1"]


def test_lists_by_decision_round_form_and_reply():
    city = played_city()
    city.apply("ALM2", m1="A")
    city.enrol("b1")
    city.withdraw("b2", on="2024-02-01")
    city.move_clock("2024-02-16")
    client = manager(city)
    assert found(client, "", tab="placed", sort="reference") == ["a1", "a2", "b1", "c1"]
    assert found(client, "", tab="unplaced") == ["a3"]
    assert found(client, "", tab="withdrawn") == ["b2"]
    assert found(client, "", tab="waiting") == found(client, "", round="ALM2") == ["m1"]
    assert found(client, "", seat="overdue", sort="reference") == ["a1", "a2", "c1"]
    assert found(client, "", seat="enrolled") == ["b1"]
    ApplicationForm.objects.filter(form_reference="m1").update(state=FormState.DRAFT)
    assert found(client, "", form="open") == ["m1"]
    tabs = {tab.value: tab.count for tab in client.get("/programma/kinderen/").context["tabs"]}
    assert tabs == {"": 7, "waiting": 1, "placed": 4, "unplaced": 1, "withdrawn": 1}


def test_list_is_exported_with_registration_numbers_and_harmless_cells():
    city = make_city({"A": 2})
    city.apply("ALM1", x="A")
    child = city.application("x").child
    child.given_name = "=HYPERLINK(1)"
    child.save()
    answer = manager(city).get("/programma/kinderen/?export=csv")
    shown = b"".join(answer.streaming_content).decode("utf-8-sig")
    number = city.application("x").registration_number
    assert f"{number[:4]}-{number[4:]}" in shown
    assert "'=HYPERLINK(1) Proef" in shown


# --- one child -----------------------------------------------------------------------------------------------------


def page_of(client: Client, city: City, key: str) -> Any:
    answer = client.get(address("child-detail", city.application(key).registration_number))
    assert answer.status_code == 200
    return answer


def number_of(city: City, key: str) -> str:
    """The number of a child in the session of its round."""
    return SessionNumber.objects.get(registration_number=city.application(key).registration_number).number


def test_page_of_a_child_tells_everything_that_happened_in_order():
    city = played_city()
    city.move_clock("2024-01-25")
    city.enrol("a2")
    city.move_clock("2024-02-01")
    city.withdraw("a2", on="2024-02-01", reason=Reason("moved_outside"))
    LetterFactory(message=Message.objects.get(registration_number=city.application("a2").registration_number))
    page = page_of(manager(city), city, "a2")
    assert [(line.text, line.detail) for line in page.context["lines"]] == [
        ("Withdrawn: moves out of the city", ""),
        ("Enrolled: the placing is final", ""),
        ("Message sent: Offer at first choice", ""),
        ("Offer sent", ""),
        ("Admitted at the first choice", "Number 2 of 3 in the draw of De Proef A."),
        ("Form read from a file, reference a2", ""),
    ]
    result = page.context["results"][0]
    assert [(row.rank, row.school, row.is_here) for row in result.rows][:2] == [
        (1, "De Proef A", True),
        (2, "De Proef B", False),
    ]
    # Every figure of the sentence stands in the files of the session (verifiable-draw.md section 6, grens).
    assert result.rows[0].reason == (
        "Your child has a place here. There were 2 places for 3 children. "
        "In the order of the draw your child was number 2 of 3; the last place went to number 2. "
        "Who got a place, by priority group in the order of this school: brother or sister at the school: 1 of 1; "
        "no priority: 1 of 2. The group of your child: no priority."
    )
    shown = page.content.decode()
    assert "Moves out of the city" in shown
    assert "brief.pdf" in shown
    assert [one.number for one in result.taken] == [number_of(city, "a2")]
    assert result.taken[0].number in shown


def test_reasons_are_the_sentences_of_the_letter_with_ranks_of_the_whole_list():
    city = make_city({"A": 1, "B": 0, "C": 1})
    city.apply("ALM1", x="A B C", y="A B C")
    city.play("ALM1", {"A": "x y"})
    rows = page_of(manager(city), city, "y").context["results"][0].rows
    assert [(row.rank, row.is_here, row.reason) for row in rows][:3] == [
        (
            1,
            False,
            "There was 1 place for 2 children. In the order of the draw your child was number 2 of 2; "
            "the last place went to number 1.",
        ),
        (2, False, "When the central draw began this school had no places to give."),
        (
            3,
            True,
            "Your child has a place here. When the central draw began this school had 1 place left. "
            "In the central draw your child was number 1 of 1; the last place here went to number 1.",
        ),
    ]


def test_vovp_is_told_beside_the_period():
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", x="A", y="A Z1 Z2 Z3 Z4")
    city.play("ALM1", {"A": "x y"})
    city.play("ALM2")
    city.play("VOVP1", opt_ins={"y": "B"})
    page = page_of(manager(city), city, "y")
    assert [result.round.code for result in page.context["results"]] == ["ALM1", "VOVP1"]
    period, vovp = page.context["results"]
    assert [row.school for row in vovp.rows if row.is_added] == ["De Proef B"]
    assert not any(row.is_added for row in period.rows)
    told = [line.text for line in page.context["lines"]]
    assert "Takes part in VOVP1 and adds De Proef B" in told
    assert any(line.startswith("Invited for VOVP1: ") for line in told)


def test_form_versions_say_what_changed():
    city = small_city()
    city.move_clock("2023-12-20")
    type(city.round("ALM1")).objects.filter(code="ALM1").update(state="open")
    form = city.application("a2").form
    release_form(form.pk, actor=None)
    contents = city.row("ALM1", "a2", "A B") | {"house_number": "99"}
    save_draft(form.pk, Typed(contents, (1, 2, 3, 4, 5, 6, 7)), actor=None)
    finalise_form(form.pk, actor=None)
    page = page_of(manager(city), city, "a2")
    assert page.context["file"].changes == {2: ["house_number"]}
    assert "house number" in page.content.decode()
    assert [line.text for line in page.context["lines"]][-3:] == [
        "Form made final, version 2",
        "Form released for correction",
        "Form read from a file, reference a2",
    ]


def test_registration_number_may_be_typed_with_its_dash_or_in_small_letters():
    city = small_city()
    number = city.application("a2").registration_number
    client = manager(city)
    for typed in (f"{number[:4]}-{number[4:]}", number.lower()):
        assert (
            client.get(f"/programma/kinderen/{typed}/").headers["Location"]
            == f"/programma/kinderen/{number}/"
        )


def test_reports_and_corrections_stand_on_the_page():
    city = played_city()
    application = city.application("a2")
    report_wrong_birth_date(application, note="Should be 6 October", actor=None)
    correct_birth_date(application.pk, born=date(2020, 10, 6), evidence="passport seen", actor=None)
    page = page_of(manager(city), city, "a2")
    told = {line.text for line in page.context["lines"]}
    assert told >= {
        "Date of birth corrected, with proof",
        "Reported to the office: wrong birth date reported",
    }
    assert "Should be 6 October" in page.content.decode()


def test_page_needs_the_same_queries_whatever_happened():
    city = played_city()
    client = manager(city)
    counts = []
    for key in ("a2", "b2"):
        url = address("child-detail", city.application(key).registration_number)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_every_kind_of_event_has_a_sentence_of_its_own():
    """What the services write, in words for people; a kind without a sentence would show its code."""
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", x="A", y="A B", z="A Z1 Z2 Z3 Z4")
    city.play("ALM1", {"A": "x y z"})
    city.play("ALM2")
    city.play("VOVP1")
    kinds = set(
        Event.objects.filter(object_type__in=["application", "placement"]).values_list("kind", flat=True)
    )
    assert kinds <= set(SENTENCES)
    told = {sentence(event, {}) for event in Event.objects.filter(object_type="application")}
    assert not [line for line in told if "_" in line]


def test_unknown_event_is_shown_and_not_hidden():
    event = Event(kind="something_new", object_type="application", object_key="X", new="done")
    assert sentence(event, {}) == "something new done"


def test_after_a_reset_the_versions_tell_when_the_form_was_final():
    from admissions.services.year.reset import reset_year

    city = played_city()
    reset_year(city.year, actor=None)
    page = page_of(manager(city), city, "a2")
    assert [line.text for line in page.context["lines"]] == ["Form made final, version 1"]


# --- care ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def city() -> City:
    return played_city()


def blind(city: City) -> Client:
    return logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))


def test_who_may_see_care_sees_it(city: City):
    named = logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE, may_see_care=True))
    for client in (manager(city), named):
        page = page_of(client, city, "a3")
        shown = page.content.decode()
        assert "Care duty" in shown
        assert "Follow-up with the school" in shown
        assert found(client, "", care="yes", sort="reference") == ["a3", "b1"]


def test_central_office_that_was_not_named_learns_nothing_of_care(city: City):
    client = blind(city)
    page = page_of(client, city, "a3")
    main = page.content.decode().split("<main")[1]
    for word in ("Care", "care", "Follow-up", "zorg"):
        assert word not in main, word
    assert page.context["care_case"] is None
    rows = page.context["results"][0].rows
    assert {(row.reason, row.limit) for row in rows[1:]} == {("Not looked at in this round.", "")}
    listed = text(client, "/programma/kinderen/?q=a3")
    assert "Follow-up" not in listed
    assert str(Decision.UNPLACED.label) in listed
    # Not by the filter in the address either: it does not exist, so it filters nothing.
    assert len(found(client, "", care="yes")) == 6
    assert not any("care" in name for name in client.get("/programma/kinderen/").context["filter"].filters)


def test_care_letters_are_not_listed_for_who_may_not_see_care():
    city = small_city()
    # a3 wins the last place of A with care duty: M16 and not M04 (DH-179).
    city.play("ALM1", {"A": "a1 a3 a2"})
    number = city.application("a3").registration_number
    message = Message.objects.get(registration_number=number)
    assert message.kind == MessageKind.M16
    seeing, not_seeing = manager(city), blind(city)
    for path, status in ((f"/programma/verzending/{message.pk}/", 404), (address("letter", message.pk), 404)):
        assert not_seeing.get(path).status_code == status
    assert seeing.get(f"/programma/verzending/{message.pk}/").status_code == 200
    assert "M16" in text(seeing, "/programma/verzending/").split("<tbody")[1]
    listed = not_seeing.get("/programma/verzending/")
    assert [words for words, row in listed.context["kinds"] if row.kind == "M16"] == []
    assert all(row.record.kind != "M16" for row in listed.context["table"].page.object_list)
    assert "M16" not in text(not_seeing, address("child-detail", number)).split("<main")[1]


def test_changed_care_wish_is_not_named_among_the_changes(city: City):
    application: Application = city.application("a2")
    first = application.form.versions.get()
    application.form.versions.create(
        version=2,
        contents=first.contents | {"care_request": "1", "street": "Anders"},
        finalised_at=local_moment(date(2023, 12, 20)),
    )
    assert page_of(manager(city), city, "a2").context["file"].changes == {2: ["street", "care_request"]}
    assert page_of(blind(city), city, "a2").context["file"].changes == {2: ["street"]}
