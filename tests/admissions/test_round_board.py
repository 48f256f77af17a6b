"""The round board: conditions per school, its queries, its polling, and reminding schools (DH-086, DH-181, DH-202)."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from admissions.enums import BoardCondition, CareState, ClaimState, FormState
from admissions.models import ApplicationForm, LedgerEntry
from admissions.services.draws.board import board_mark, draw_day, readiness_board
from admissions.services.letters.reminders import NobodyToRemind, remind_schools, waiting_schools
from notifications.enums import TemplateUse
from notifications.models import Message, TemplateSelection
from notifications.services.mail_content import render_mail
from schools.models import AdmissionYear, Event, ProgrammeYear, School, SchoolRound
from schools.services.confirmations import confirm_rules_in_rehearsal
from tests.admissions.office import address, logged_in, text
from tests.admissions.vovp_pages import desk, improver_city, invite, office, opt_in, set_clock
from tests.factories.admissions import CareCaseFactory, PriorityClaimFactory
from tests.factories.ceremony import Room, open_room
from tests.factories.city import City
from tests.factories.schools import SchoolRoundFactory, school_user

pytestmark = pytest.mark.django_db
C = BoardCondition


@pytest.fixture
def room() -> Room:
    room = open_room()
    School.objects.filter(brin="00000A").update(contact_email="school-a@example.org")
    return room


def break_school(room: Room) -> None:
    """School A: a released form, an unchecked claim, an open care wish and unconfirmed rules."""
    ApplicationForm.objects.filter(application=room.city.application("a0")).update(state=FormState.RELEASED)
    PriorityClaimFactory(application=room.city.application("a1"), kind="staff", state=ClaimState.CLAIMED)
    CareCaseFactory(application=room.city.application("a2"), state=CareState.REQUESTED)
    ProgrammeYear.objects.filter(programme__code="00000A").delete()


def opened(room: Room, **headers: str) -> Any:
    return logged_in(room.first).get(address("round-board", "ALM1"), headers=headers)


def red_cells(room: Room) -> dict[str, set[str]]:
    rows = readiness_board(room.round).rows
    return {row.brin: {c.condition.value for c in row.cells if c.tone == "err"} for row in rows}


def amber_or_red(room: Room) -> list[set[str]]:
    rows = readiness_board(room.round).rows
    return [{cell.condition.value for cell in row.cells if cell.tone in ("warn", "err")} for row in rows]


def real_year(city: City) -> None:
    """The clock of this year is the database's from now on."""
    AdmissionYear.objects.filter(pk=city.year.pk).update(is_rehearsal=False, clock_at=None)


def test_every_school_is_a_row_and_every_fault_a_red_cell(room: Room):
    """DH-202: what the pre-flight finds stands at its school and condition; the rest is in order."""
    assert set(map(frozenset, red_cells(room).values())) == {frozenset()}
    break_school(room)
    found = red_cells(room)
    assert found.pop("00000A") == {"formulieren", "voorrang", "zorg", "regels"}
    assert set(map(frozenset, found.values())) == {frozenset()}


def test_red_cell_says_what_and_leads_to_where_it_is_mended(room: Room):
    break_school(room)
    page = opened(room).content.decode()
    seat = room.city.school_round("A", "ALM1")
    link = re.search(rf'<a class="oa-st oa-st--err" id="c{seat.pk}-formulieren" href="([^"]+)"', page)
    assert link is not None and link[1] == address("application-list", "00000A")
    assert "1 open" in page and "1 form is still open." in page
    assert "Remind this school" in page
    only_red = text(logged_in(room.first), address("round-board", "ALM1") + "?toon=rood")
    assert "00000A" in only_red and "00000B" not in only_red
    # A filter that does not exist is no filter.
    assert "00000B" in text(logged_in(room.first), address("round-board", "ALM1") + "?toon=paars&wat=x&q=")


def test_board_asks_at_most_fifteen_queries_whatever_the_number_of_schools(room: Room):
    """DESIGN section 10, issue 6: the same number at two sizes."""
    client = logged_in(room.first)
    break_school(room)
    client.get(address("round-board", "ALM1"))

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address("round-board", "ALM1")).status_code == 200
        return len(queries)

    small = asked()
    region = room.city.year.region
    for _number in range(12):
        SchoolRoundFactory(round=room.round, programme__school__region=region, ceiling=4, draw_mode="manual")
    assert asked() == small <= 15
    # A real year asks the database what time it is; here every kind of finding is on the board besides.
    seat = room.city.school_round("A", "ALM1")
    TemplateSelection.objects.create(school=seat.programme.school, use=TemplateUse.FIRST, code="ALM3_FIRST")
    ProgrammeYear.objects.filter(programme__code="00000B").update(last_year_places=100)
    SchoolRound.objects.filter(pk=seat.pk).update(draw_mode="manual")
    real_year(room.city)
    assert {"brieven", "plaatsen", "loting"} <= set().union(*(found for found in amber_or_red(room)))
    assert asked() <= 15


def test_poll_of_a_board_that_did_not_change_is_empty_and_cheap(room: Room):
    """The mark changes with every step that a cell is made of (DH-200)."""
    ProgrammeYear.objects.filter(programme__code="00000A").delete()
    client, url = logged_in(room.first), address("round-board", "ALM1")
    mark = re.search(r'name="merk" value="(\w+)"', client.get(url).content.decode())
    assert mark is not None
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, {"merk": mark[1]}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(queries) <= 8
    before = board_mark(room.round, day="x")
    confirm_rules_in_rehearsal(room.city.year)
    assert board_mark(room.round, day="x") != before
    answer = client.get(url, {"merk": mark[1]}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert b"<html" not in answer.content and b'id="bord-rijen"' in answer.content


def test_after_the_freeze_the_board_shows_how_far_the_session_is(room: Room):
    """The same board turns green on the day of the draw; before the second program agreed nothing counts."""
    assert draw_day(room.round) is None
    ready = opened(room).content.decode()
    mark = re.search(r'name="merk" value="(\w+)"', ready)
    assert mark is not None and 'id="bord-rijen"' in ready
    session = room.freeze()
    day = draw_day(room.round)
    assert day is not None
    assert {tile.state for tile in day.tiles} == {"wait"}
    page = opened(room).content.decode()
    assert session.name in page and 'id="bord-rijen"' not in page
    # Who still looks at the board of before gets the other one as a whole.
    changed = logged_in(room.first).get(
        address("round-board", "ALM1"), {"merk": mark[1]}, headers={"HX-Request": "true"}
    )
    assert (changed.status_code, changed.headers["HX-Refresh"]) == (204, "true")


def test_wall_shows_no_menu_no_child_and_no_kind_of_problem(room: Room):
    """DH-180: what is open at a school is for the office, not for whoever is in the room."""
    break_school(room)
    page = text(logged_in(room.first), address("round-board-screen", "ALM1"))
    assert "not ready" in page
    assert "Main menu" not in page and "care" not in page.lower() and str(room.first) not in page
    assert room.city.application("a0").registration_number not in page


def test_reminder_goes_once_a_day_to_the_chosen_schools_and_leaves_an_event(room: Room):
    break_school(room)
    client, url = logged_in(room.first), address("round-board-remind", "ALM1", "formulieren")
    page = text(client, url)
    assert "Remind 1 school" in page and 'value="00000A"' in page and 'value="00000B"' not in page
    assert client.post(url, {"school": ["00000A", "00000B"]}).status_code == 302
    message = Message.objects.get(kind="M22")
    assert (message.school.brin, message.recipient_email) == ("00000A", "school-a@example.org")
    mail = render_mail(message)
    assert "ALM1" in mail.text and "00000A" not in mail.subject
    event = Event.objects.get(kind="school_reminded")
    assert (event.object_key, event.new, event.actor) == ("00000A/ALM1", "formulieren", room.first)
    # A second click, by somebody else too, sends nothing.
    assert logged_in(room.second).post(url, {"school": "00000A"}).status_code == 302
    assert Message.objects.filter(kind="M22").count() == 1
    assert Event.objects.filter(kind="school_reminded").count() == 1
    assert "Was reminded of this today." in text(client, url)
    # Another condition is another message.
    remind_schools(room.round, C.RULES, brins=["00000A"], actor=room.first)
    assert Message.objects.filter(kind="M22").count() == 2


def test_reminder_of_nobody_and_of_a_school_that_is_ready_by_now_sends_nothing(room: Room):
    break_school(room)
    client, url = logged_in(room.first), address("round-board-remind", "ALM1", "formulieren")
    answer = client.post(url, {})
    assert answer.status_code == 422 and "Choose at least one school." in answer.content.decode()
    ApplicationForm.objects.update(state=FormState.LOCKED)
    answer = client.post(url, {"school": "00000A"})
    assert answer.status_code == 409 and "nobody was reminded" in answer.content.decode()
    with pytest.raises(NobodyToRemind):
        remind_schools(room.round, C.FORMS, brins=["00000A", "99XX99"], actor=room.first)
    assert not Message.objects.filter(kind="M22").exists()
    assert client.get(address("round-board-remind", "ALM1", "onzin")).status_code == 404
    assert waiting_schools(room.round, C.FORMS) == []


def test_school_without_mail_address_is_named_and_not_chosen(room: Room):
    break_school(room)
    School.objects.filter(brin="00000A").update(contact_email="", contact_phone="070 123 45 67")
    page = text(logged_in(room.first), address("round-board-remind", "ALM1", "formulieren"))
    assert "Has no mail address: call." in page and "070 123 45 67" in page
    assert 'name="school"' not in page


def steps_on(page: str) -> dict[str, str]:
    """The steps of a VOVP on its board: label and word."""
    found = re.findall(r"</svg>([A-Z][a-z ]+)</span> <span><b>([^<]+)</b>", page)
    return {label: word for word, label in found}


def test_board_of_an_extra_round_follows_it_from_invitation_to_message():
    """DH-130 to DH-142, 4.4: eight steps; per school places with seats of improvers, overdue replies, contact."""
    city = improver_city()
    School.objects.exclude(brin="00000C").update(contact_email="school@example.org")
    client, url = office(city), address("round-board", "VOVP1")
    before = steps_on(text(client, url))
    assert before["Earlier results known"] == "Done" and before["Families invited"] == "Now"
    assert set(list(before.values())[2:]) == {"Later"} and len(before) == 8
    manager_of = invite(city)
    assert opt_in(desk(city), city, "I").status_code == 302
    page = text(client, url)
    assert steps_on(page)["Window for opting in"] == "Now"
    assert "1 of 2 families take part." in page and "Places: 1. Seats of improvers who take part: 1." in page
    rows = {row.brin: row for row in readiness_board(city.round("VOVP1")).rows}
    assert {brin: [cell.text for cell in rows[brin].cells] for brin in ("00000A", "00000B", "00000C")} == {
        "00000A": ["1", "", ""],
        "00000B": ["0 + 1", "1 to record", ""],  # I has not answered its offer of ALM1 yet
        "00000C": ["0", "", "no address"],
    }
    assert address("admitted-list", "00000B") in page and address("school-edit", "00000C") in page
    set_clock(manager_of, "2024-05-25T09:00")
    closed = steps_on(text(client, url))
    assert (closed["Places add up"], closed["Lists frozen"], closed["Drawn"]) == ("Done", "Now", "Later")
    # A book that does not add up is red.
    school_round = city.school_round("A", "VOVP1")
    LedgerEntry.objects.create(
        school_round=school_round, kind="ceiling", places=1, effective_on=city.year.starts_on, cause="x"
    )
    assert steps_on(text(client, url))["Places add up"] == "Too late"
    assert readiness_board(city.round("VOVP1")).rows[0].tone == "err"
    # Nobody of a school finds it (DH-135).
    assert logged_in(school_user(school_round.programme.school)).get(url).status_code == 404


def test_board_of_an_extra_round_asks_at_most_fifteen_queries_at_every_size():
    city = improver_city()
    client, round_ = office(city), city.round("VOVP1")
    invite(city)
    url = address("round-board", "VOVP1")
    client.get(url)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    small = asked()
    for _number in range(12):
        SchoolRoundFactory(round=round_, programme__school__region=city.year.region, ceiling=0)
    assert asked() == small <= 15
    real_year(city)
    assert asked() <= 15


def test_places_far_from_last_year_lead_to_the_page_of_all_schools(room: Room):
    """A red cell of a condition that the office mends itself is a link too, on the board and in the draw room."""
    ProgrammeYear.objects.filter(programme__code="00000A").update(last_year_places=100)
    assert red_cells(room)["00000A"] == {"plaatsen"}
    seat = room.city.school_round("A", "ALM1")
    page = opened(room).content.decode()
    assert f'id="c{seat.pk}-plaatsen" href="{address("places-check")}"' in page
    assert address("places-check") in text(logged_in(room.first), address("draw-room-round", "ALM1"))
