"""What blocks a freeze, per school, with the way to mend it (DH-086, DH-181, DH-202)."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from admissions.enums import CareState, ClaimState, FormState
from admissions.models import ApplicationForm
from admissions.services.draws.ceremony import CeremonyError, freeze_round
from admissions.services.draws.preflight import check_round
from admissions.views.draw_room import addressed
from lottery.models import DrawSession
from schools.enums import PriorityKind, Role
from schools.models import AdmissionYear, PriorityRule, ProgrammeYear, SchoolRound
from schools.services.confirmations import ConfirmationError, confirm_rules_in_rehearsal, year_places
from tests.factories.admissions import ApplicationFactory, CareCaseFactory, PriorityClaimFactory
from tests.factories.ceremony import Room, logged_in, open_room
from tests.factories.schools import RoundFactory, SchoolRoundFactory, region_user, school_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def room() -> Room:
    return open_room()


def kinds(room: Room, *, red: bool = True) -> set[tuple[str, str]]:
    found = check_round(room.round)
    return {(f.kind, f.brin) for f in (found.red if red else found.warnings)}


def test_round_that_is_ready_has_no_red_line(room: Room):
    assert kinds(room) == set()
    assert kinds(room, red=False) == {("rehearsal", "")}


def test_every_red_line_names_school_and_blocks(room: Room):
    seat = room.city.school_round("A", "ALM1")
    ApplicationForm.objects.filter(application=room.city.application("a0")).update(state=FormState.RELEASED)
    PriorityClaimFactory(application=room.city.application("a1"), kind="staff", state=ClaimState.CLAIMED)
    CareCaseFactory(application=room.city.application("a2"), state=CareState.REQUESTED)
    brin = seat.programme.school.brin
    assert kinds(room) == {("forms", brin), ("claims", brin), ("care", brin)}
    with pytest.raises(CeremonyError):
        room.freeze()
    assert DrawSession.objects.count() == 0


def test_school_that_draws_by_hand_must_be_ready(room: Room, settings: Any):
    settings.REHEARSAL_ALLOWED = False
    SchoolRound.objects.filter(round=room.round, programme__code="00000A").update(draw_mode="manual")
    assert ("manual", "00000A") in kinds(room, red=False)  # a rehearsal only warns
    year = room.city.year
    year.is_rehearsal, year.clock_at = False, None
    year.save()
    assert ("manual", "00000A") in kinds(room)
    SchoolRound.objects.filter(round=room.round, programme__code="00000A").update(is_ready=True)
    assert kinds(room) == set()


def test_places_far_from_last_year_are_shown(room: Room):
    year = room.city.year
    last = AdmissionYear.objects.create(
        region=year.region,
        code="2022-2023",
        starts_on=year.starts_on - timedelta(days=365),
        ends_on=year.starts_on - timedelta(days=1),
        uncapped_ends_on=year.starts_on,
        born_from=date(2019, 10, 1),
        born_to=date(2020, 9, 30),
    )
    before = RoundFactory(year=last, code="ALM1")
    for school, places in (("A", 20), ("B", 4)):
        SchoolRoundFactory(
            round=before, programme=room.city.school_round(school, "ALM1").programme, ceiling=places
        )
    # 8 places in the whole year against 20; B has 4 and had 4.
    assert ("places", "00000A") in kinds(room)
    with pytest.raises(CeremonyError):
        room.freeze()
    page = logged_in(room.first).get("/programma/plaatsen/").content.decode()
    assert 'name="programme" value="00000A"' in page and 'value="00000B"' not in page
    total = year_places(year)[room.city.school_round("A", "ALM1").programme_id]
    client = logged_in(room.second)
    client.post("/programma/plaatsen/bevestigen/", {"programme": "00000A", "places": str(total + 1)})
    assert ("places", "00000A") in kinds(room)  # another number than stands there now
    client.post("/programma/plaatsen/bevestigen/", {"programme": "00000A", "places": str(total)})
    assert ("places", "00000A") not in kinds(room)
    row = ProgrammeYear.objects.get(year=year, programme__code="00000A")
    assert row.places_confirmed_by == room.second and row.places_confirmed_at is not None
    SchoolRound.objects.filter(round__year=year, round__code="ALM4", programme__code="00000A").update(
        ceiling=30
    )
    assert ("places", "00000A") in kinds(room)  # changed after the confirmation


def test_last_years_places_come_from_a_file_where_that_year_is_not_in_the_system(room: Room):
    client = logged_in(room.first)

    def load(text: str) -> Any:
        upload = SimpleUploadedFile("vorig-jaar.csv", text.encode(), content_type="text/csv")
        return client.post("/programma/plaatsen/vorig-jaar/", {"file": upload}, HTTP_ACCEPT_LANGUAGE="en")

    for text, words in (
        ("brin;places\n00000A;40\n", "vorig-jaar.csv"),
        ("brin,places\n00000A,veel\n", "“veel”"),
        ("brin,places\n00000A,4\n00000A,4\n", "00000A"),
        ("brin,places\n99XX99,4\n", "99XX99"),
        ("brin\n00000A\n", "places"),
        ("\n", "vorig-jaar.csv"),
    ):
        answer = load(text)
        assert answer.status_code in (409, 422) and words in answer.content.decode(), text
    assert not ProgrammeYear.objects.exclude(last_year_places=None).exists()
    assert load("\ufeffbrin,places\r\n00000A,40\r\n00000B,4\r\n").status_code == 302
    assert {brin for kind, brin in kinds(room) if kind == "places"} == {"00000A"}


def test_class_order_is_confirmed_by_the_school_this_year(room: Room):
    """DH-012: who and when; other rules are not confirmed any more."""
    school = room.city.school_round("A", "ALM1").programme.school
    ProgrammeYear.objects.filter(programme__school=school).delete()
    assert kinds(room) == {("rules", school.brin)}
    with pytest.raises(CeremonyError):
        room.freeze()
    director = school_user(school, Role.SCHOOL_DIRECTOR)
    client = logged_in(director)
    page = client.get(f"/school/{school.brin}/instellingen/").content.decode()
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]{64})"', page)
    address = f"/school/{school.brin}/instellingen/regels-bevestigen/"
    assert client.post(address, {"seen": "0" * 64}).status_code == 302
    assert ("rules", school.brin) in kinds(room)  # the rules changed while the page stood there
    assert client.post(address, {"seen": seen}).status_code == 302
    assert kinds(room) == set()
    row = ProgrammeYear.objects.get(programme__school=school)
    assert row.rules_confirmed_by == director and row.rules_confirmed_at is not None
    assert str(director) in client.get(f"/school/{school.brin}/instellingen/").content.decode()
    PriorityRule.objects.create(
        year=room.city.year, programme=row.programme, kind=PriorityKind.SIBLING, position=1
    )
    assert ("rules", school.brin) in kinds(room)


def test_rehearsal_confirms_by_itself_and_says_so(room: Room):
    assert set(ProgrammeYear.objects.values_list("rules_confirmed_by", flat=True)) == {None}
    ProgrammeYear.objects.all().delete()
    client = logged_in(room.first)
    assert "/programma/loting/ALM1/regels/" in client.get("/programma/loting/ALM1/").content.decode()
    client.post("/programma/loting/ALM1/regels/")
    assert kinds(room) == set()
    ProgrammeYear.objects.all().delete()
    room.city.play("ALM1")
    assert any("regels" in note or "rules" in note for note in room.session().notes)
    year = room.city.year
    type(year).objects.filter(pk=year.pk).update(is_rehearsal=False, clock_at=None)
    with pytest.raises(ConfirmationError):
        confirm_rules_in_rehearsal(type(year).objects.get(pk=year.pk))


def test_real_year_is_not_drawn_in_test_mode(room: Room, settings: Any):
    type(room.city.year).objects.update(is_rehearsal=False, clock_at=None)
    assert ("test_mode", "") in kinds(room)
    settings.REHEARSAL_ALLOWED = False
    assert ("test_mode", "") not in kinds(room)
    settings.DEBUG = True
    assert ("test_mode", "") in kinds(room)


def test_every_red_line_has_a_page_where_it_is_mended(room: Room):
    seat = room.city.school_round("A", "ALM1")
    SchoolRound.objects.filter(pk=seat.pk).update(draw_mode="manual")
    ProgrammeYear.objects.all().delete()
    ApplicationForm.objects.filter(application=room.city.application("a0")).update(state=FormState.RELEASED)
    PriorityClaimFactory(application=room.city.application("a1"), kind="staff", state=ClaimState.CLAIMED)
    CareCaseFactory(application=room.city.application("a2"), state=CareState.REQUESTED)
    client = logged_in(room.first)
    for finding in check_round(room.round).red:
        _finding, address = addressed(finding, room.round)
        assert address and client.get(address).status_code == 200, finding


def test_warnings_must_have_been_seen(room: Room):
    with pytest.raises(CeremonyError):
        freeze_round(room.round.pk, actor=room.first)
    freeze_round(room.round.pk, actor=room.first, warnings_seen=True)


def test_140_schools_take_few_queries(room: Room):
    for _number in range(140):
        seat = SchoolRoundFactory(round=room.round)
        ApplicationFactory(first_choice=seat, form__state=FormState.DRAFT)
    round_ = room.round
    with CaptureQueriesContext(connection) as queries:
        found = check_round(round_)
    assert len(found.red) == 280  # a draft and unconfirmed rules at each
    assert len(queries) <= 15, len(queries)


CONFIRMERS = [
    (Role.SCHOOL_DIRECTOR, 302, 404),
    (Role.SCHOOL_ADMIN, 302, 404),
    (Role.CARE_COORDINATOR, 403, 404),
    (Role.PROGRAMME_MANAGER, 403, 302),
    (Role.CENTRAL_OFFICE, 403, 302),
    (Role.NOTARY, 404, 404),
    (Role.PARENT_DESK, 404, 404),
]


@pytest.mark.parametrize(("role", "rules", "office"), CONFIRMERS)
def test_who_may_confirm(room: Room, role: Role, rules: int, office: int):
    school = room.city.school_round("A", "ALM1").programme.school
    at_school = role in (Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR)
    client = logged_in(school_user(school, role) if at_school else region_user(room.city.year.region, role))
    assert client.post(f"/school/{school.brin}/instellingen/regels-bevestigen/").status_code == rules
    confirmed = client.post("/programma/plaatsen/bevestigen/", {"programme": "00000A", "places": "1"})
    assert confirmed.status_code == office
    assert client.post("/programma/loting/ALM1/regels/").status_code == office


ROLES = [
    (Role.PROGRAMME_MANAGER, 200),
    (Role.CENTRAL_OFFICE, 200),
    (Role.NOTARY, 404),
    (Role.SCHOOL_ADMIN, 404),
    (Role.SCHOOL_DIRECTOR, 404),
    (Role.CARE_COORDINATOR, 404),
]


@pytest.mark.parametrize(("role", "status"), ROLES)
def test_who_may_be_in_the_draw_room(room: Room, role: Role, status: int):
    school = room.city.school_round("A", "ALM1").programme.school
    is_school = role in (Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR)
    client = logged_in(school_user(school, role) if is_school else region_user(room.city.year.region, role))
    assert client.get("/programma/loting/ALM1/").status_code == status
    for action in ("bevriezen", "bevestigen", "berekenen", "zorg"):
        answer = client.post(f"/programma/loting/ALM1/{action}/")
        assert answer.status_code == (404 if status == 404 else 422 if action == "bevriezen" else 302)
    session = room.commit()
    desk = 404 if is_school else 200
    for step in ("worpen", "getuige", "voorval"):
        assert client.get(f"/zittingen/{session.name}/stap/{step}/").status_code == desk
    answer = client.post(f"/zittingen/{session.name}/stap/verklaring/", {})
    assert answer.status_code == (404 if is_school else 422 if role == Role.NOTARY else 403)
    assert client.post(f"/zittingen/{session.name}/stap/onzin/").status_code == 404
    if is_school:
        assert client.post(f"/zittingen/{session.name}/vervallen/").status_code == 404


def test_somebody_of_another_region_finds_nothing(room: Room):
    session = room.commit()
    from tests.factories.schools import RegionFactory

    client = logged_in(region_user(RegionFactory(slug="elders")))
    assert client.get(f"/zittingen/{session.name}/stap/worpen/").status_code == 404
    assert (
        client.post(f"/zittingen/{session.name}/vervallen/", {"reason": "zomaar een reden"}).status_code
        == 404
    )


def test_wrong_dice_are_named_beside_the_field_and_kept(room: Room):
    session = room.commit()
    client = logged_in(room.first)
    typed = {f"d{box}": "1234561234" for box in range(1, 7)} | {"d5": "1237561234"}
    answer = client.post(f"/zittingen/{session.name}/stap/worpen/", typed, HTTP_ACCEPT_LANGUAGE="en")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert answer.content.decode().count('id="fouten"') == 1
    assert "44" in text and 'value="1237561234"' in text and text.count('value="1234561234"') == 5


def test_secret_is_shown_once(room: Room):
    client = logged_in(room.first)
    data = {"profile": "NG", "day": "2024-01-12", "at": "12:00", "seen": "on"}
    answer = client.post("/programma/loting/ALM1/bevriezen/", data)
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    session = room.session()
    assert session.secret == "" and session.profile == "NG"
    (secret,) = set(re.findall(r"oa-hash\">([0-9a-f]{64})<", answer.content.decode()))
    assert secret not in client.get("/programma/loting/ALM1/").content.decode()


def test_other_persons_entry_is_on_no_page(room: Room):
    from lottery.enums import EntryKind
    from lottery.services.blind_entries import enter

    session = room.commit()
    digits = "1" * 30 + "26345" * 6
    enter(session_id=session.pk, kind=EntryKind.DICE, values=[digits], actor=room.first)
    for user, page in (
        (room.second, "/programma/loting/ALM1/"),
        (room.first, "/programma/loting/ALM1/"),
        (room.notary, f"/zittingen/{session.name}/"),
        (room.second, f"/zittingen/{session.name}/stap/worpen/"),
    ):
        assert digits[25:35] not in logged_in(user).get(page).content.decode()
