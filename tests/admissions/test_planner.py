"""The year planner: dates change where they still may, with a reason; as a file and as feeds (DH-005, DH-202)."""

import json
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from icalendar import Calendar

from schools.calendar import CalendarError
from schools.enums import Role
from schools.models import Event, local_moment
from schools.services.planner import PlannerRefused, calendar_of, change_calendar, warnings_of, with_dates
from tests.admissions.office import small_city
from tests.factories.ceremony import logged_in
from tests.factories.city import City, make_city
from tests.factories.schools import CALENDAR, region_user, school_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english(settings):
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        yield


@pytest.fixture
def city() -> City:
    return make_city({"A": 2, "B": 1})


@pytest.fixture
def client(city) -> Client:
    client = logged_in(region_user(city.year.region))
    client.cookies["django_language"] = "en"
    return client


def change(city: City, code: str, **values):
    return change_calendar(
        city.year, with_dates(city.year, code, values), actor=None, reason="notaris verhinderd"
    )


def test_what_is_exported_is_the_calendar_and_changes_nothing(city):
    exported = calendar_of(city.year)
    for ours, theirs in zip(exported["rounds"], CALENDAR["rounds"], strict=True):
        assert {name: ours[name] for name in theirs} == theirs
    assert change_calendar(city.year, exported, actor=None, reason="gelijk") == []
    assert change_calendar(city.year, json.loads(json.dumps(exported)), actor=None, reason="gelijk") == []


def test_a_changed_date_is_stored_and_becomes_an_event_with_its_reason(city):
    changes = change(city, "ALM2", offers_on=date(2024, 4, 19), reply_weeks=5)
    assert [(c.field, c.old, c.new) for c in changes] == [
        ("offers_on", "2024-04-18", "2024-04-19"),
        ("reply_weeks", "4", "5"),
    ]
    round_ = city.round("ALM2")
    assert (round_.offers_on, round_.reply_weeks) == (date(2024, 4, 19), 5)
    events = Event.objects.filter(year=city.year, kind="date_changed")
    assert [(e.object_key, e.old, e.new, e.reason) for e in events] == [
        ("ALM2", "offers_on 2024-04-18", "2024-04-19", "notaris verhinderd"),
        ("ALM2", "reply_weeks 4", "5", "notaris verhinderd"),
    ]
    assert city.year.calendar == CALENDAR  # what was imported stays known


@pytest.mark.parametrize(
    ("code", "values", "sentence"),
    [
        ("ALM2", {"offers_on": date(2024, 4, 9)}, "must come after"),  # an offer day before the draw
        ("ALM3", {"parents_from": date(2024, 3, 15)}, "overlap"),
        ("VOVP1", {"opt_in_until": date(2024, 5, 28)}, "must come after"),
        ("VOVP1", {"visible_to_schools_at": local_moment(date(2024, 6, 3))}, "between the draw"),
        ("ALM1", {"reply_weeks": 40}, "1 to 26"),
    ],
)
def test_dates_that_cannot_be_are_refused_and_nothing_changes(city, code, values, sentence):
    before = calendar_of(city.year)
    with pytest.raises(CalendarError, match=sentence):
        change(city, code, **values)
    assert calendar_of(city.year) == before


def test_a_round_keeps_the_dates_it_has_passed(city):
    city.apply("ALM1", a1="A B")
    city.play("ALM1")
    with pytest.raises(PlannerRefused, match="can no longer change"):
        change(city, "ALM1", offers_on=date(2024, 1, 25))
    city.year.refresh_from_db()
    with pytest.raises(PlannerRefused, match="past already"):
        change(city, "ALM2", parents_from=date(2024, 1, 2))


def test_a_frozen_round_keeps_all_its_dates(city):
    city.apply("ALM1", a1="A B")
    city.freeze("ALM1")
    with pytest.raises(PlannerRefused, match="can no longer change"):
        change(city, "ALM1", offers_on=date(2024, 1, 25))


def test_a_date_of_a_planned_round_may_be_unknown_and_then_it_cannot_open(city, client):
    change(city, "ALM4", offers_on=None)
    assert city.round("ALM4").offers_on is None
    page = client.get(reverse("admissions:planner")).content.decode()
    assert "This round cannot open yet" in page
    assert "All parents hear the result." in page


def test_another_year_other_rounds_and_other_edges_are_refused(city):
    other = calendar_of(city.year)
    other["year"]["code"] = "2024-2025"
    with pytest.raises(PlannerRefused, match="calendar of 2024-2025"):
        change_calendar(city.year, other, actor=None, reason="x")
    fewer = calendar_of(city.year)
    fewer["rounds"] = [row for row in fewer["rounds"] if row["code"] != "VOVP2"]
    for row in fewer["rounds"]:
        row["open_places_to"] = None if row["open_places_to"] == "VOVP2" else row["open_places_to"]
        row["freed_places_to"] = None if row["freed_places_to"] == "VOVP2" else row["freed_places_to"]
    with pytest.raises(PlannerRefused, match="another city"):
        change_calendar(city.year, fewer, actor=None, reason="x")
    bent = calendar_of(city.year)
    bent["rounds"][0]["open_places_to"] = "ALM3"
    with pytest.raises(PlannerRefused, match="where places go"):
        change_calendar(city.year, bent, actor=None, reason="x")
    longer = calendar_of(city.year)
    longer["year"]["uncapped_ends_on"] = "2024-12-31"
    with pytest.raises(PlannerRefused, match="bounds"):
        change_calendar(city.year, longer, actor=None, reason="x")
    with pytest.raises(PlannerRefused, match="Say why"):
        change_calendar(city.year, calendar_of(city.year), actor=None, reason="  ")


def test_replies_that_run_past_the_count_of_places_get_a_warning_only(city):
    change(city, "ALM2", reply_weeks=8)
    assert any("may still reply" in text for text in warnings_of(city.year.rounds.order_by("position")))
    change(city, "ALM2", offers_on=date(2024, 4, 20))
    assert any("weekend" in text for text in warnings_of(city.year.rounds.order_by("position")))


def test_the_manager_changes_a_round_on_the_page_and_keeps_what_was_typed(city, client):
    address = reverse("admissions:planner-round", args=["ALM2"])
    page = client.get(address).content.decode()
    assert 'value="2024-04-18"' in page
    data = {
        "parents_from": "2024-03-01",
        "parents_until": "31-3-2024",
        "processing_until": "2024-04-01",
        "school_draws_on": "2024-04-10",
        "central_matching_on": "2024-04-10",
        "offers_on": "2024-04-05",
        "reply_weeks": "4",
        "reason": "Kermis",
    }
    answer = client.post(address, data)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "“All parents hear the result” must come after “Central draw with the notary”" in page
    assert 'value="2024-04-05"' in page
    assert "Kermis" in page
    assert answer.context["form"].errors.keys() == {"offers_on"}  # beside the field
    assert client.post(address, data | {"offers_on": "nooit"}).status_code == 422
    weeks = client.post(address, data | {"reply_weeks": "40"})
    assert "Type a whole number from 1 to 26." in weeks.content.decode()
    answer = client.post(address, data | {"offers_on": "19-4-2024"}, follow=True)
    assert "1 date changed." in answer.content.decode()
    assert city.round("ALM2").offers_on == date(2024, 4, 19)


def test_a_calendar_file_is_looked_at_before_it_counts(city, client):
    address = reverse("admissions:planner-file")
    exported = client.get(address, {"export": "1"})
    assert exported["Content-Disposition"] == 'attachment; filename="calendar.json"'
    source = exported.json()
    source["rounds"][1]["offers_on"] = "2024-04-19"
    upload = SimpleUploadedFile("calendar.json", json.dumps(source).encode())
    page = client.post(address, {"file": upload, "reason": "Kermis"}).content.decode()
    assert "2024-04-19" in page
    assert city.round("ALM2").offers_on == date(2024, 4, 18)
    client.post(address, {"text": json.dumps(source), "reason": "Kermis", "confirm": "1"})
    assert city.round("ALM2").offers_on == date(2024, 4, 19)


def test_a_calendar_of_another_city_is_refused_on_the_page(city, client):
    """Bad input of issue 6: also when the rounds and the year happen to be the same; what was typed stays."""
    address = reverse("admissions:planner-file")
    source = client.get(address, {"export": "1"}).json()
    assert source["region"] == city.year.region.slug
    source["region"] = "maasstad"
    source["rounds"][1]["offers_on"] = "2024-04-19"
    upload = SimpleUploadedFile("calendar.json", json.dumps(source).encode())
    answer = client.post(address, {"file": upload, "reason": "Kermis"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "the calendar of another region: maasstad" in page and "Kermis" in page
    confirmed = client.post(address, {"text": json.dumps(source), "reason": "Kermis", "confirm": "1"})
    assert confirmed.status_code == 409
    assert city.round("ALM2").offers_on == date(2024, 4, 18)


def test_windows_that_overlap_are_refused_on_the_page(city, client):
    """Bad input of issue 6, 3.2: the sentence names both rounds, and the dates that were typed stay."""
    address = reverse("admissions:planner-round", args=["ALM3"])
    data = {
        "parents_from": "2024-03-15",
        "parents_until": "2024-06-30",
        "processing_until": "2024-07-01",
        "school_draws_on": "2024-07-11",
        "central_matching_on": "2024-07-11",
        "offers_on": "2024-07-18",
        "reply_weeks": "8",
        "reason": "Kermis",
    }
    answer = client.post(address, data)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Calendar, ALM3: the window for parents overlaps that of ALM2." in page
    assert 'value="2024-03-15"' in page and "Kermis" in page
    assert answer.context["form"].errors.keys() == {"parents_from"}
    assert city.round("ALM3").parents_from == date(2024, 6, 1)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "not a text file"),
        (b"year;2024", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"x" * 300_000, "too large"),
    ],
)
def test_a_file_that_is_no_calendar_gets_a_sentence(city, client, content, sentence):
    upload = SimpleUploadedFile("calendar.json", content)
    answer = client.post(reverse("admissions:planner-file"), {"file": upload, "reason": "Kermis"})
    assert answer.status_code in (409, 422)
    assert sentence in answer.content.decode()


@pytest.mark.parametrize(
    ("audience", "there", "not_there"),
    [
        ("ouders", "parents hear the result", "last day to enter forms"),
        ("scholen", "last day to enter forms", "nothing of the kind"),
        ("kantoor", "schools see the result", "nothing of the kind"),
        ("notaris", "draw", "parents can apply"),
    ],
)
def test_feeds_hold_the_dates_of_their_readers(city, audience, there, not_there):
    client = Client()
    client.cookies["django_language"] = "en"
    address = reverse("agenda", args=[city.year.region.slug, audience])
    answer = client.get(address)
    assert answer["Content-Type"].startswith("text/calendar")
    entries = Calendar.from_ical(answer.content).walk("VEVENT")
    words = [str(entry["summary"]) for entry in entries]
    assert any(there in text for text in words)
    assert not any(not_there in text for text in words)
    assert all("rehearsal" in text for text in words)
    assert len({str(entry["uid"]) for entry in entries}) == len(entries)
    if audience == "ouders":
        window = next(entry for entry in entries if str(entry["uid"]).startswith("2023-2024-ALM2-window"))
        assert (window["dtstart"].dt, window["dtend"].dt) == (date(2024, 3, 1), date(2024, 4, 1))
    change(city, "ALM2", offers_on=date(2024, 4, 19))
    assert b"20240419" in client.get(address).content or audience == "notaris"
    assert client.get(reverse("agenda", args=[city.year.region.slug, "iedereen"])).status_code == 404
    assert client.get(reverse("agenda", args=["nergens", "ouders"])).status_code == 404


def test_only_the_office_plans():
    city = small_city()
    addresses = [reverse("admissions:planner-round", args=["ALM2"]), reverse("admissions:planner-file")]
    office = logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))
    assert [office.get(address).status_code for address in addresses] == [200, 200]
    school = city.school_round("A", "ALM1").programme.school
    for user in (school_user(school), region_user(city.year.region, Role.NOTARY)):
        stranger = logged_in(user)
        assert [stranger.get(address).status_code for address in addresses] == [404, 404]
        assert [stranger.post(address, {}).status_code for address in addresses] == [404, 404]
        assert stranger.get(reverse("admissions:planner")).status_code == 404
    assert not Event.objects.filter(kind="date_changed").exists()
