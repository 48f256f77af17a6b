"""Schools, boards and the region, kept by the programme office (issue 6; data-formats.md section 1)."""

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from admissions.models import LedgerEntry
from schools.enums import PriorityKind, Role, RoundState
from schools.models import Board, Event, PriorityRule, Region, Round, SchoolRound
from schools.models import School as SchoolRow
from tests.admissions.office import address, logged_in, manager
from tests.factories.city import FILLERS, UNCAPPED, City, School, brin, csv_bytes, make_city, school_row
from tests.factories.schools import BoardFactory, region_user

pytestmark = pytest.mark.django_db
PLANS = {"A": School(10, rules="sibling neighbourhood"), "B": School(3), "D": UNCAPPED}


@pytest.fixture
def city() -> City:
    return make_city(PLANS)


def school_of(city: City, letter: str) -> SchoolRow:
    return city.school_round(letter, "ALM1").programme.school


def typed(school: SchoolRow, **changed: Any) -> dict[str, Any]:
    names = ("name", "street", "postcode", "place")
    return {name: getattr(school, name) for name in names} | {"board": school.board_id} | changed


def change(client: Any, school: SchoolRow, **changed: Any) -> Any:
    return client.post(address("school-change", school.brin), typed(school, **changed))


def test_new_school_takes_part_in_every_period_with_its_places_spread(city):
    client = manager(city)
    board = Board.objects.get()
    data = {"brin": "77zz00", "name": "De Nieuwe", "board": board.pk, "postcode": "2511 ab", "places": "50"}
    data["draw_mode"] = "digital"
    answer = client.post(address("school-add"), data)
    assert answer.status_code == 302, answer.content.decode()
    rows = SchoolRound.objects.filter(programme__school__brin="77ZZ00").order_by("round__position")
    assert [row.ceiling for row in rows] == [13, 13, 0, 12, 12, 0]  # DH-007; no places of its own in a VOVP
    booked = LedgerEntry.objects.filter(school_round__round__year=city.year)
    assert sum(booked.values_list("places", flat=True)) == 50 + 40 + 12
    again = client.post(address("school-add"), data)
    assert again.status_code == 409
    assert "There is a school with this BRIN already" in again.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("brin", "12", "six capitals and digits"),
        ("postcode", "25", "This is not a postcode"),
        ("places", "-1", ""),
        ("board", "", "Choose the board."),
        ("name", "", "Fill in the name of the school."),
    ],
)
def test_bad_input_gets_a_sentence_and_nothing_is_lost(city, field, value, sentence):
    data = {"brin": "77ZZ00", "name": "De Nieuwe", "board": Board.objects.get().pk, "postcode": "2511AB"}
    answer = manager(city).post(address("school-add"), data | {"draw_mode": "digital", field: value})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert field == "name" or "De Nieuwe" in page


def test_school_joins_no_year_that_is_running(city):
    Round.objects.filter(year=city.year, code="ALM1").update(state=RoundState.OPEN)
    data = {"brin": "77ZZ00", "name": "De Nieuwe", "board": Board.objects.get().pk, "postcode": "2511AB"}
    answer = manager(city).post(address("school-add"), data | {"draw_mode": "digital"})
    assert answer.status_code == 409
    assert "a school joins with the next year" in answer.content.decode()


def test_closing_says_what_to_do_first(city):
    client, school = manager(city), school_of(city, "B")
    answer = change(client, school, closed_on="2024-02-01")
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "ALM2 still has 3 places here" in page and 'value="2024-02-01"' in page
    Round.objects.filter(year=city.year, code="ALM1").update(state=RoundState.PROCESSING)
    page = change(client, school, closed_on="2024-12-01").content.decode()
    assert "Close it after the offers of ALM1 have been sent." in page
    Round.objects.filter(year=city.year, code="ALM1").update(state=RoundState.PLANNED)
    assert (
        "still admits children"
        in change(client, school_of(city, "D"), closed_on="2024-02-01").content.decode()
    )
    assert change(client, school, closed_on="2024-12-01").status_code == 302
    school.refresh_from_db()
    assert school.closed_on == date(2024, 12, 1)
    assert Event.objects.get(kind="school_closed").object_key == school.brin
    assert change(client, school, closed_on="").status_code == 302
    school.refresh_from_db()
    assert school.closed_on is None


def test_school_with_open_offers_does_not_close(city):
    city.apply("ALM1", b1="B")
    city.play("ALM1", {})
    answer = change(manager(city), school_of(city, "B"), closed_on="2024-12-01")
    assert answer.status_code == 409
    assert "has an offer of this school and has not answered" in answer.content.decode()


def test_board_of_public_authority_and_the_neighbourhood_rule(city):
    """DH-010, from both sides."""
    client, board = manager(city), Board.objects.get()
    data = {"board": board.pk, "name": board.name, "public_authority": "on"}
    answer = client.post(address("board-list"), data)
    assert answer.status_code == 409
    assert "has a rule that a public authority may not have" in answer.content.decode()
    public = BoardFactory(region=city.year.region, name="Openbaar", public_authority=True)
    assert change(client, school_of(city, "A"), board=public.pk).status_code == 409
    PriorityRule.objects.filter(kind=PriorityKind.NEIGHBOURHOOD).delete()
    assert client.post(address("board-list"), data).status_code == 302
    taken = client.post(address("board-list"), {"name": "Openbaar"})
    assert "There is a board with this name already." in taken.content.decode()


def upload(client: Any, content: bytes) -> Any:
    return client.post(address("school-import"), {"file": SimpleUploadedFile("schools.csv", content)})


def list_of(**changed: School) -> list[dict[str, str]]:
    every = PLANS | {name: School(0) for name in FILLERS} | changed
    return [school_row(name, plan) for name, plan in every.items()]


def test_list_is_shown_first_and_then_stored_as_a_whole(city):
    client = manager(city)
    rows = [
        row
        for row in list_of(A=School((9, 11, 10, 10), rules="sibling"), E=School(4))
        if row["brin"] != brin("B")
    ]
    content = csv_bytes(rows)
    answer = upload(client, content)
    assert answer.status_code == 200
    found = answer.context["found"]
    assert (found.new, found.renamed) == (["00000E De Proef E"], [])
    assert found.ceilings == ["00000A De Proef A: 10 10 10 10 → 9 11 10 10"]
    assert found.rules == ["00000A De Proef A: sibling"]
    assert found.missing == ["00000B De Proef B"]
    assert not SchoolRow.objects.filter(brin="00000E").exists()
    answer = client.post(address("school-import"), {"text": content.decode(), "confirm": "1"})
    assert answer.status_code == 302
    ceilings = SchoolRound.objects.filter(round__year=city.year, programme__code="00000A", round__kind="ALM")
    assert list(ceilings.order_by("round__position").values_list("ceiling", flat=True)) == [9, 11, 10, 10]
    booked = LedgerEntry.objects.filter(school_round__programme__code="00000A")
    assert sum(booked.values_list("places", flat=True)) == 40
    assert list(PriorityRule.objects.filter(programme__code="00000A").values_list("kind", flat=True)) == [
        "sibling"
    ]
    assert "Nothing: the list says what is stored already." in upload(client, content).content.decode()


def test_wrong_lists_get_a_sentence_with_line_and_column(city):
    client = manager(city)
    rows = list_of()
    rows[1]["alm2"] = "veel"
    answer = upload(client, csv_bytes(rows))
    assert answer.status_code == 409
    assert "line 3, alm2" in answer.content.decode()
    answer = upload(client, csv_bytes(list_of(B=UNCAPPED)))
    assert "gets or loses its ceiling" in answer.content.decode()
    assert upload(client, b"\xff\xfe\x00").status_code == 422
    assert client.post(address("school-import"), {}).status_code == 422
    assert SchoolRow.objects.count() == len(PLANS) + len(FILLERS)


def region_data(region: Region, **changed: Any) -> dict[str, Any]:
    return {
        "name": region.name,
        "desk_name": region.desk_name,
        "desk_email": region.desk_email,
        "desk_phone": region.desk_phone,
        "letter_in_mail": region.letter_in_mail,
        "minimum_list_length": 5,
        "maximum_rules": 4,
        "reminder_days": 7,
        "sending_time": "00:00",
    } | changed


def test_region_settings_are_checked_and_only_differences_are_kept(city):
    client, region = manager(city), city.year.region
    wrong = client.post(address("region-edit"), region_data(region, sending_time="25:00"))
    assert wrong.status_code == 409
    assert "must be a time such as 09:00" in wrong.content.decode()
    assert client.post(address("region-edit"), region_data(region, reminder_days=10)).status_code == 302
    region.refresh_from_db()
    assert region.parameters == {"reminder_days": 10}
    assert Event.objects.get(kind="region_set").new == "reminder_days"
    office = logged_in(region_user(region, Role.CENTRAL_OFFICE))
    assert office.get(address("region-edit")).status_code == 403


def test_ceiling_below_what_is_placed_is_refused_with_a_sentence(city):
    """Bad input of issue 6: the ledger cannot go below zero."""
    client = manager(city)
    city.apply("ALM1", b1="B", b2="B")
    city.play("ALM1", {})
    row = city.school_round("B", "ALM1")
    Round.objects.filter(pk=row.round_id).update(state=RoundState.OPEN, parents_until=date(2024, 12, 1))
    rows = SchoolRound.objects.filter(programme=row.programme, round__kind="ALM")
    data: dict[str, Any] = {f"places_{one.pk}": one.ceiling for one in rows}
    data |= {f"places_{row.pk}": 0, "reason": "Te veel"}
    answer = client.post(address("ceilings-edit", row.programme.school.brin), data)
    assert answer.status_code == 409, answer.content.decode()
    assert "There are more children placed than this ceiling allows." in answer.content.decode()
