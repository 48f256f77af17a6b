"""Schools, boards and the region, kept by the programme office (issue 6; data-formats.md section 1)."""

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from admissions.models import LedgerEntry
from admissions.procedures.den_haag import DenHaag
from admissions.procedures.registry import PROCEDURES
from admissions.services.year.copy_year import copy_year
from schools.enums import PriorityKind, Role, RoundState
from schools.models import Board, Event, PriorityRule, Region, Round, SchoolRound
from schools.models import School as SchoolRow
from tests.admissions.office import address, logged_in, manager, text
from tests.factories.city import FILLERS, UNCAPPED, City, School, brin, csv_bytes, make_city, school_row
from tests.factories.schools import BoardFactory, region_user, school_user

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


def test_schools_see_a_desk_of_their_own_where_there_is_one(city):
    """DH-147, DH-190; parents go on to see theirs."""
    client, region = manager(city), city.year.region
    Region.objects.update(desk_email="ouders@example.org")
    region.refresh_from_db()
    school = city.school_round("B", "ALM1").programme.school
    ask, questions = address("school-ask", school.brin), address("ask", region.slug)
    person = logged_in(school_user(school))
    assert "ouders@example.org" in person.get(ask).content.decode()
    changed = region_data(
        region, school_desk_name="Loket voor scholen", school_desk_email="scholen@example.org"
    )
    assert client.post(address("region-edit"), changed).status_code == 302
    shown = person.get(ask).content.decode()
    assert "scholen@example.org" in shown and "ouders@example.org" not in shown
    assert "scholen@example.org" not in person.get(questions).content.decode()


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


# What children are placed in


class TwoOfEach(DenHaag):
    """A procedure in which a school may have more than one line, as secondary schools have."""

    key = "two_of_each"
    label = "Two of each"
    has_one_programme = False


@pytest.fixture
def wide_city(city: City, monkeypatch: pytest.MonkeyPatch) -> City:
    monkeypatch.setitem(PROCEDURES, TwoOfEach.key, TwoOfEach)
    Region.objects.filter(pk=city.year.region_id).update(procedure_key=TwoOfEach.key)
    return city


def test_primary_school_has_one_line_that_is_renamed_and_closes_with_its_school(city):
    client, school = manager(city), school_of(city, "B")
    page = text(client, address("programme-list", school.brin))
    assert "it has one line" in page and "Add another" not in page
    assert ">12<" in page  # 3 places in each of four periods
    new = {"code": "B-2", "name": "Nog een", "draw_mode": "digital"}
    refused = client.post(address("programme-list", school.brin), new)
    assert refused.status_code == 409
    assert "children are placed at the school itself" in refused.content.decode()
    assert 'value="Nog een"' in refused.content.decode()
    one = address("programme", school.brin, school.brin)
    closing = client.post(one, {"name": "De Proef B", "closed_on": "2024-12-01"})
    assert closing.status_code == 409 and "Close the school instead" in closing.content.decode()
    assert client.post(one, {"name": "", "closed_on": ""}).status_code == 422
    assert client.post(one, {"name": "De Proef Bis"}).status_code == 302
    assert Event.objects.get(kind="programme_set").object_key == school.brin
    assert school.programmes.get().name == "De Proef Bis"
    elsewhere = address("programme", school.brin, school_of(city, "A").brin)
    assert client.get(elsewhere).status_code == 404


def test_further_line_of_a_school_gets_its_own_places_and_closes_by_itself(wide_city):
    client, school = manager(wide_city), school_of(wide_city, "B")
    url = address("programme-list", school.brin)
    bad = client.post(url, {"code": "b_2", "name": "Tweede", "draw_mode": "digital"})
    assert bad.status_code == 422 and "capitals, digits and hyphens" in bad.content.decode()
    data = {"code": "00000b-2", "name": "Tweede", "places": "10", "draw_mode": "digital"}
    assert client.post(url, data).status_code == 302
    rows = SchoolRound.objects.filter(programme__code="00000B-2").order_by("round__position")
    assert [row.ceiling for row in rows] == [3, 3, 0, 2, 2, 0]
    booked = LedgerEntry.objects.filter(school_round__programme__code="00000B-2")
    assert sum(booked.values_list("places", flat=True)) == 10
    assert "This code is in use already" in client.post(url, data).content.decode()
    one = address("programme", school.brin, "00000B-2")
    Round.objects.filter(year=wide_city.year, code="ALM1").update(state=RoundState.PROCESSING)
    midway = client.post(one, {"name": "Tweede", "closed_on": "2024-12-01"})
    assert midway.status_code == 409
    assert "Close it after the offers of ALM1 have been sent." in midway.content.decode()
    assert 'value="2024-12-01"' in midway.content.decode()
    Round.objects.filter(year=wide_city.year, code="ALM1").update(state=RoundState.PLANNED)
    assert client.post(one, {"name": "Tweede", "closed_on": "2024-09-30"}).status_code == 302
    assert Event.objects.get(kind="programme_closed").new == "2024-09-30"
    # The next year begins without it; the school itself and its first line go on.
    later = copy_year(wide_city.year, actor=region_user(wide_city.year.region))
    codes = SchoolRound.objects.filter(round__year=later, programme__school=school)
    assert set(codes.values_list("programme__code", flat=True)) == {school.brin}


# A further region


def new_region(**changed: Any) -> dict[str, Any]:
    desk = {
        "desk_name": "Loket",
        "desk_email": "loket@example.org",
        "desk_phone": "",
        "letter_in_mail": "attached",
    }
    settings = {"minimum_list_length": 3, "maximum_rules": 4, "reminder_days": 7, "sending_time": "00:00"}
    first = {"year": "2024-2025", "manager": "M. Anders", "email": "nieuw@example.org"}
    return {"name": "Maasstad", "slug": "maasstad", **desk, **settings, **first} | changed


def test_new_region_starts_without_schools_and_with_a_planner_to_fill(
    city, mailoutbox, django_capture_on_commit_callbacks
):
    client = manager(city)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(address("region-add"), new_region()).status_code == 302
    region = Region.objects.get(slug="maasstad")
    assert region.parameters == {"minimum_list_length": 3}
    year = region.years.get()
    assert (year.code, year.starts_on, year.born_to) == ("2024-2025", date(2024, 10, 1), date(2022, 9, 30))
    rounds = list(year.rounds.order_by("position"))
    assert [r.code for r in rounds] == ["ALM1", "ALM2", "VOVP1", "ALM3", "ALM4", "VOVP2"]
    assert all(r.central_matching_on is None and r.state == RoundState.PLANNED for r in rounds)
    assert {e.year for e in Event.objects.filter(kind="region_added")} == {city.year, year}
    assert [mail.to for mail in mailoutbox] == [["nieuw@example.org"]]
    # Its manager finds every page open on nothing, and can fill the planner.
    theirs = logged_in(region.memberships.get().user)
    for name in ("office-today", "planner", "school-list", "round-list", "draw-room", "ledger", "case-list"):
        assert theirs.get(address(name), follow=True).status_code == 200, name
    for name in ("round-detail", "round-board", "round-list"):  # dates in the words of the planner
        shown = text(theirs, address(name, *(() if name == "round-list" else ("ALM1",))))
        assert "Parents can apply from" in shown and "parents_from" not in shown, name
    dates = {"parents_from": "2024-12-01", "parents_until": "2024-12-31", "processing_until": "2025-01-01"}
    days = dates | {"school_draws_on": "2025-01-10", "central_matching_on": "2025-01-10"}
    more = {"offers_on": "2025-01-17", "reply_weeks": 4, "reason": "De eerste kalender"}
    assert theirs.post(address("planner-round", "ALM1"), days | more).status_code == 302
    rounds[0].refresh_from_db()
    assert rounds[0].offers_on == date(2025, 1, 17)
    assert theirs.post(address("board-list"), {"name": "Stichting Nieuw"}).status_code == 302
    board = region.boards.get()
    school = {"brin": "77ZZ00", "name": "De Nieuwe", "board": board.pk, "postcode": "2511AB", "places": "8"}
    assert theirs.post(address("school-add"), school | {"draw_mode": "digital"}).status_code == 302
    assert SchoolRound.objects.filter(round__year=year).count() == 6
    # The region that asked sees nothing of it.
    assert "De Nieuwe" not in text(client, address("school-list"))


@pytest.mark.parametrize(
    ("field", "value", "status", "sentence"),
    [
        ("slug", "Den Haag!", 422, "Use small letters, digits and hyphens"),
        ("slug", "school", 422, "This word stands in other addresses already"),
        ("slug", "den-haag", 409, "There is a region with this short name already"),
        ("year", "1999-2000", 422, "Choose the year to begin with."),
        ("email", "geen adres", 422, "This is not an e-mail address"),
        ("sending_time", "25:00", 409, "must be a time such as 09:00"),
    ],
)
def test_region_that_cannot_be_gets_a_sentence_and_nothing_is_lost(city, field, value, status, sentence):
    answer = manager(city).post(address("region-add"), new_region(**{field: value}))
    assert answer.status_code == status
    page = answer.content.decode()
    assert sentence in page and 'value="Maasstad"' in page
    assert Region.objects.count() == 1


def test_only_the_programme_manager_adds_a_region(city):
    office = logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))
    assert office.get(address("region-add")).status_code == 403
    assert office.post(address("region-add"), new_region()).status_code == 403
    assert Region.objects.count() == 1


def test_manager_may_run_the_new_region_too(city):
    """One account, two regions: who adds the region may be its first manager (issue 6)."""
    user = region_user(city.year.region)
    client = logged_in(user)
    answer = client.post(address("region-add"), new_region(email=user.email.upper()), follow=True)
    assert f"Maasstad is there. {user.name} can open it." in answer.content.decode()
    assert {m.region.slug for m in user.memberships.all()} == {city.year.region.slug, "maasstad"}
    client.post(reverse("own-places"), {"region": "maasstad"})
    assert "Maasstad" in text(client, address("office-today"))


def test_procedure_of_a_new_region_is_chosen_where_there_are_more(city, monkeypatch):
    client = manager(city)
    page = text(client, address("region-add"))
    assert "There is one procedure here" in page and 'name="procedure"' not in page
    monkeypatch.setitem(PROCEDURES, TwoOfEach.key, TwoOfEach)
    page = text(client, address("region-add"))
    assert "There is one procedure here" not in page and "Two of each" in page
    for wrong in ("", "bestaat_niet"):
        refused = client.post(address("region-add"), new_region(procedure=wrong))
        assert refused.status_code == 422 and "Choose a procedure." in refused.content.decode()
    assert client.post(address("region-add"), new_region(procedure=TwoOfEach.key)).status_code == 302
    assert Region.objects.get(slug="maasstad").procedure_key == TwoOfEach.key
