"""A new year from the last one: shifted days, a list of differences, confirmed, opened (issue 6, den-haag.md 3.2)."""

from datetime import date
from typing import Any

import pytest

from admissions.models import LedgerEntry
from admissions.services.year.copy_year import planned_year
from schools.enums import PriorityKind, Role, RoundState
from schools.models import AdmissionYear, PriorityRule, Round, SchoolRound
from schools.services.year_shift import next_calendar, next_code, same_weekday_next_year
from schools.workdays import is_working_day
from tests.admissions.office import address, logged_in, manager, text
from tests.factories.city import UNCAPPED, City, School, make_city
from tests.factories.schools import CALENDAR, region_user

pytestmark = pytest.mark.django_db
URL = "/programma/kalender/kopie/"


@pytest.fixture
def city() -> City:
    city = make_city({"A": School(10, rules="sibling preschool"), "B": 3, "D": UNCAPPED})
    PriorityRule.objects.filter(kind=PriorityKind.PRESCHOOL).update(partner_facilities="De Rups")
    return city


def copied(client: Any) -> AdmissionYear:
    assert client.post(URL, {"do": "copy"}).status_code == 302
    return AdmissionYear.objects.get(is_planned=True)


def confirm_all(client: Any) -> None:
    groups = ["year", "ALM1", "ALM2", "ALM3", "ALM4", "VOVP1", "VOVP2", "ceilings", "rules", "parameters"]
    assert client.post(URL, {"do": "confirm", "key": groups}).status_code == 302


def test_days_of_the_next_year_keep_their_weekday_and_avoid_holidays():
    rows = {row["code"]: row for row in next_calendar(CALENDAR)["rounds"]}
    assert rows["ALM4"]["parents_until"] == "2025-09-30"
    assert rows["ALM1"]["processing_until"] == "2025-01-02"  # not on New Year's day
    assert rows["VOVP1"]["central_matching_on"] == "2025-05-27"  # a Tuesday again
    assert rows["VOVP1"]["offers_on"] == "2025-05-30"  # 29 May is Ascension day
    assert rows["VOVP1"]["visible_to_schools_at"] == "2025-05-28T13:00"
    worked = [
        date.fromisoformat(row[name])
        for row in rows.values()
        for name in ("processing_until", "central_matching_on", "offers_on")
        if row.get(name)
    ]
    assert [day for day in worked if not is_working_day(day)] == []
    assert same_weekday_next_year(date(2024, 6, 1)) == date(2025, 5, 31)  # a Saturday stays one
    assert (next_code("2023-2024"), next_code("proef")) == ("2024-2025", "proef+")


def test_copy_has_everything_of_the_last_year_and_nothing_works_in_it(city):
    client = manager(city)
    year = copied(client)
    assert (year.code, year.copied_from, year.born_from) == ("2024-2025", city.year, date(2021, 10, 1))
    assert set(year.rounds.values_list("state", flat=True)) == {RoundState.PLANNED}
    ceilings = SchoolRound.objects.filter(round__year=year, round__code="ALM1").order_by("programme__name")
    assert [row.ceiling for row in ceilings] == [
        row.ceiling
        for row in SchoolRound.objects.filter(round__year=city.year, round__code="ALM1").order_by(
            "programme__name"
        )
    ]
    rules = PriorityRule.objects.filter(year=year).order_by("position")
    assert [(rule.kind, rule.partner_facilities) for rule in rules] == [
        ("sibling", ""),
        ("preschool", "De Rups"),
    ]
    booked = sum(LedgerEntry.objects.filter(school_round__round__year=year).values_list("places", flat=True))
    assert booked == sum(row.ceiling or 0 for row in SchoolRound.objects.filter(round__year=year))
    assert "2023-2024" in text(client, address("planner"))  # pages stay in the year that runs
    assert client.post(URL, {"do": "copy"}).status_code == 409
    assert AdmissionYear.objects.count() == 2


def test_year_opens_only_when_every_difference_has_been_confirmed_by_somebody(city):
    Round.objects.filter(year=city.year).update(state=RoundState.CLOSED)
    client = manager(city)
    year = copied(client)
    answer = client.post(URL, {"do": "open"})
    assert answer.status_code == 409
    assert "differences have not been confirmed" in answer.content.decode()
    confirm_all(client)
    assert "Everything has been confirmed" in text(client, URL)
    row = SchoolRound.objects.get(
        round__year=year, round__code="ALM1", programme=city.school_round("B", "ALM1").programme
    )
    brin = row.programme.school.brin
    rows = SchoolRound.objects.filter(programme=row.programme, round__year=year, round__kind="ALM")
    places = {f"r{one.pk}": one.ceiling for one in rows} | {f"r{row.pk}": 7}
    assert client.post(f"{URL}plafonds/?school={brin}", places).status_code == 302
    page = text(client, URL)
    assert "1 difference still has to be confirmed" in page
    assert client.post(URL, {"do": "open"}).status_code == 409
    client.post(URL, {"do": "confirm", "key": f"ceiling/{row.programme.code}/ALM1"})
    assert client.post(URL, {"do": "open"}).status_code == 302
    year.refresh_from_db()
    assert not year.is_planned
    assert "2024-2025" in text(client, address("planner"))
    assert planned_year(year.region) is None


def test_unfinished_year_is_not_left(city):
    client = manager(city)
    copied(client)
    confirm_all(client)
    answer = client.post(URL, {"do": "open"})
    assert answer.status_code == 409
    assert "2023-2024 is not finished" in answer.content.decode()


def dates(year: AdmissionYear, code: str, **changed: str) -> dict[str, str]:
    names = ("parents_from", "parents_until", "processing_until", "school_draws_on")
    round_ = year.rounds.get(code=code)
    names += ("central_matching_on", "offers_on", "reply_weeks")
    return {name: str(getattr(round_, name)) for name in names} | {"reason": "Andere dag"} | changed


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"parents_from": "2024-12-30", "parents_until": "2024-12-01"}, "must come after"),
        ({"offers_on": "2025-01-03"}, "must come after"),  # before the draw
        ({"parents_until": "2025-03-05", "processing_until": "2025-03-06"}, "must come after"),
        ({"reason": ""}, "Say why the calendar changes."),
    ],
)
def test_impossible_dates_get_a_sentence_and_stay_in_the_form(city, changed, sentence):
    client = manager(city)
    year = copied(client)
    before = dates(year, "ALM1")
    answer = client.post(f"{URL}ALM1/", dates(year, "ALM1", **changed))
    assert answer.status_code in (409, 422)
    page = answer.content.decode()
    assert sentence in page
    assert all(value in page for value in changed.values())
    assert dates(year, "ALM1") == before


def test_overlapping_windows_get_a_sentence(city):
    client = manager(city)
    year = copied(client)
    late = {
        "parents_until": "2025-03-02",
        "processing_until": "2025-03-03",
        "school_draws_on": "2025-03-12",
        "central_matching_on": "2025-03-12",
        "offers_on": "2025-03-19",
    }
    answer = client.post(f"{URL}ALM1/", dates(year, "ALM1", **late))
    assert answer.status_code == 409
    assert "the window for parents overlaps that of ALM1" in answer.content.decode()
    assert answer.context["form"].errors.keys() == {
        "parents_until"
    }  # of this round; the other field is elsewhere


def test_changed_date_must_be_confirmed_again_and_round_without_dates_is_named(city):
    client = manager(city)
    year = copied(client)
    confirm_all(client)
    assert client.post(f"{URL}ALM1/", dates(year, "ALM1", offers_on="")).status_code == 302
    page = text(client, URL)
    assert "1 difference still has to be confirmed" in page
    assert "Cannot open yet, no day for:" in page


def test_school_that_closes_stays_out_of_the_copy(city):
    school = city.school_round("B", "ALM1").programme.school
    school.closed_on = date(2024, 8, 1)
    school.save()
    client = manager(city)
    year = copied(client)
    assert not SchoolRound.objects.filter(round__year=year, programme__school=school).exists()
    assert "De Proef B, ALM1" in text(client, URL)  # and that is a difference to confirm


def test_list_takes_the_same_number_of_queries_for_more_schools(city, django_assert_max_num_queries):
    client = manager(city)
    copied(client)
    text(client, URL)
    with django_assert_max_num_queries(40):
        text(client, URL)


def test_notary_does_not_set_up_a_year(city):
    notary = logged_in(region_user(city.year.region, Role.NOTARY))
    assert notary.get(URL).status_code == 404
    assert notary.post(URL, {"do": "copy"}).status_code == 404
