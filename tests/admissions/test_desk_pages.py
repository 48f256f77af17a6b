"""The two support desks: questions with their day, one case in short, and what they never see (DH-190 to DH-196)."""

from datetime import date

import pytest
from django.test import Client
from django.utils import translation

from admissions.enums import CareState, Decision, FormState, MoveState, PlacementState
from admissions.models import MoveRequest, Placement
from notifications.models import Message
from schools.enums import Role, RoundState, TicketKind
from schools.models import Question, SchoolRound, Ticket, local_moment
from schools.workdays import after_working_days, easter
from tests.admissions.office import logged_in, text
from tests.factories.admissions import ApplicationFactory, CareCaseFactory, PlacementFactory
from tests.factories.schools import SchoolRoundFactory, region_user, school_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def seats() -> SchoolRound:
    """The letters of ALM1 are out: it is Thursday 25 January 2024."""
    seats = SchoolRoundFactory(round__code="ALM1")
    seats.round.state = RoundState.OFFERS
    seats.round.save()
    seats.round.year.clock_at = local_moment(date(2024, 1, 25))
    seats.round.year.save()
    return seats


def visitor() -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    return client


def desk(seats: SchoolRound, role: str) -> Client:
    return logged_in(region_user(seats.programme.school.region, role))


# --- working days --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "year, day", [(2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2038, date(2038, 4, 25))]
)
def test_easter(year: int, day: date):
    assert easter(year) == day


@pytest.mark.parametrize(
    "asked, until",
    [
        (date(2024, 1, 25), date(2024, 1, 30)),  # Thursday: Friday, Monday, Tuesday
        (date(2024, 1, 27), date(2024, 1, 31)),  # Saturday
        (date(2024, 3, 28), date(2024, 4, 3)),  # Easter Monday does not count
        (date(2024, 12, 24), date(2024, 12, 31)),  # both days of Christmas
        (date(2024, 4, 26), date(2024, 5, 1)),  # the King's day is a Saturday
        (date(2024, 5, 8), date(2024, 5, 14)),  # Ascension
    ],
)
def test_three_working_days_skip_weekends_and_holidays(asked: date, until: date):
    assert after_working_days(asked, 3) == until


# --- asking and answering ------------------------------------------------------------------------------------------


def test_a_parent_asks_to_be_called_back_and_the_desk_answers(seats: SchoolRound):
    region = seats.programme.school.region
    url = f"/{region.slug}/vragen/stellen/"
    typed = {
        "kind": "call_back",
        "question": "Wanneer hoor ik iets?",
        "name": "A. de Vries",
        "phone": "0612345678",
    }
    assert visitor().post(url, typed | {"email": "ouder@example.org"}).status_code == 302
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.due_on, ticket.language) == (TicketKind.CALL_BACK, date(2024, 1, 30), "en")
    assert Message.objects.get(kind="M19").recipient_email == "ouder@example.org"
    parents, schools = desk(seats, Role.PARENT_DESK), desk(seats, Role.SCHOOL_DESK)
    assert "A. de Vries" in text(parents, "/loket/")
    assert "A. de Vries" not in text(schools, "/loket/")
    assert schools.get(f"/loket/vraag/{ticket.pk}/").status_code == 404
    # The day passes: red.
    seats.round.year.clock_at = local_moment(date(2024, 2, 1))
    seats.round.year.save()
    assert "Too late" in text(parents, "/loket/?tab=late")
    assert parents.post(f"/loket/vraag/{ticket.pk}/", {"answer": " "}).status_code == 422
    parents.post(f"/loket/vraag/{ticket.pk}/", {"answer": "Gebeld, uitgelegd."})
    ticket.refresh_from_db()
    assert ticket.answer == "Gebeld, uitgelegd." and ticket.closed_at is not None
    assert parents.post(f"/loket/vraag/{ticket.pk}/", {"answer": "nog eens"}).status_code == 409


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"phone": ""}, "the number on which we can call you back"),
        ({"kind": "parent", "question": "", "email": "a@example.org"}, "Write your question"),
        ({"kind": "parent", "phone": "", "email": ""}, "Fill in a phone number or an e-mail address"),
        ({"question": "mijn bsn is 111222333"}, "citizen service number"),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, "valid email"),
        ({"kind": "training"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence_and_nothing_is_lost(
    seats: SchoolRound, wrong: dict, sentence: str
):
    typed = {"kind": "call_back", "question": "Hallo", "name": "Zoë", "phone": "06", "email": "z@example.org"}
    answer = visitor().post(f"/{seats.programme.school.region.slug}/vragen/stellen/", typed | wrong)
    page = answer.content.decode()
    assert answer.status_code in (409, 422) and sentence in page and "Zoë" in page
    assert not Ticket.objects.exists()


def test_a_program_that_fills_in_everything_leaves_nothing_and_many_questions_are_stopped(seats: SchoolRound):
    url, client = f"/{seats.programme.school.region.slug}/vragen/stellen/", visitor()
    typed = {"kind": "parent", "question": "x", "name": "x", "phone": "06"}
    client.post(url, typed | {"website": "spam"})
    assert not Ticket.objects.exists()
    codes = [client.post(url, typed).status_code for _again in range(11)]
    assert codes.count(429) >= 1 and Ticket.objects.count() <= 10


def test_a_school_asks_for_training_and_reads_the_answer(seats: SchoolRound):
    """DH-194"""
    school = seats.programme.school
    client = logged_in(school_user(school, Role.CARE_COORDINATOR))
    url = f"/school/{school.brin}/hulp/"
    client.post(
        url, {"kind": "training", "question": "Voor twee collega's", "name": "Ib", "email": "ib@example.org"}
    )
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.school) == (TicketKind.TRAINING, school)
    desk(seats, Role.SCHOOL_DESK).post(f"/loket/vraag/{ticket.pk}/", {"answer": "Dinsdag om tien uur."})
    assert "Dinsdag om tien uur." in text(client, url)
    assert (
        desk(seats, Role.CENTRAL_OFFICE).post(f"/loket/vraag/{ticket.pk}/", {"answer": "x"}).status_code
        == 403
    )


# --- one case in short ---------------------------------------------------------------------------------------------


def test_the_parents_desk_sees_a_case_in_short_and_the_result_only_when_all_know(seats: SchoolRound):
    child = ApplicationFactory(
        first_choice=seats, decision=Decision.CARE_FOLLOW_UP, form__state=FormState.LOCKED
    )
    CareCaseFactory(application=child, state=CareState.DUTY_YES, note="geheim woord")
    placed = ApplicationFactory(first_choice=seats, decision=Decision.ADMITTED, form__state=FormState.LOCKED)
    PlacementFactory(application=placed, state=PlacementState.OFFERED, respond_by=date(2024, 2, 15))
    client = desk(seats, Role.PARENT_DESK)
    page = text(client, f"/loket/zoeken/?number={child.registration_number}")
    assert child.child.full_name in page
    assert not any(word in page.lower() for word in ("geheim woord", "care duty", "follow-up", "sibling"))
    assert "reply until" in text(client, f"/loket/zoeken/?number={placed.registration_number}")
    by_name = f"/loket/zoeken/?surname=vries&born={placed.child.date_of_birth:%Y-%m-%d}"
    assert "de Vries" in text(client, by_name)
    assert "Fill in the registration number, or" in text(client, "/loket/zoeken/?surname=vries")
    seats.round.state = RoundState.MATCHED
    seats.round.save()
    seats.round.year.clock_at = local_moment(date(2024, 1, 17))
    seats.round.year.save()
    early = text(client, f"/loket/zoeken/?number={placed.registration_number}")
    assert "All families hear it on the same day" in early and "reply until" not in early
    for path in (f"/school/{seats.programme.school.brin}/", "/programma/kinderen/", "/zittingen/"):
        assert client.get(path).status_code == 404


def test_the_schools_desk_reads_a_school_and_changes_nothing(seats: SchoolRound):
    child = ApplicationFactory(first_choice=seats, decision=Decision.ADMITTED, form__state=FormState.LOCKED)
    seat = PlacementFactory(application=child, state=PlacementState.OFFERED, respond_by=date(2024, 2, 15))
    client, brin = desk(seats, Role.SCHOOL_DESK), seats.programme.school.brin
    assert client.get("/").headers["Location"] == "/loket/"
    assert "Proef" in text(client, "/loket/scholen/")
    assert child.child.full_name in text(client, f"/school/{brin}/formulieren/")
    assert client.get(f"/school/{brin}/instellingen/").status_code == 200
    assert client.post(f"/school/{brin}/toegelaten/inschrijven/", {"placement": seat.pk}).status_code == 403
    assert client.get(f"/school/{brin}/zorg/").status_code == 403
    assert Placement.objects.get().state == PlacementState.OFFERED


# --- questions and answers -----------------------------------------------------------------------------------------


def test_the_office_writes_a_question_and_everybody_reads_it_safely(seats: SchoolRound):
    region, office = seats.programme.school.region, desk(seats, Role.CENTRAL_OFFICE)
    typed = {
        "category": "Loting",
        "position": 1,
        "question": "Wanneer is de loting?",
        "answer": "Op <b>dinsdag</b>.",
        "question_en": "When is the draw?",
        "answer_en": "On Tuesday <script>alert(1)</script>.",
        "is_public": "on",
    }
    office.post("/programma/vragen/nieuw/", typed)
    page = text(visitor(), f"/{region.slug}/vragen/")
    assert "When is the draw?" in page and "<script>alert" not in page and "Wanneer" not in page
    dutch = Client().get(f"/{region.slug}/vragen/").content.decode()
    assert "Wanneer is de loting?" in dutch and "<b>dinsdag" not in dutch
    assert "Wanneer is de loting?" in text(office, "/programma/vragen/")
    row = Question.objects.get()
    office.post(f"/programma/vragen/{row.pk}/", typed | {"is_public": ""})
    assert "When is the draw?" not in text(visitor(), f"/{region.slug}/vragen/")
    office.post(f"/programma/vragen/{row.pk}/", {"action": "remove"})
    assert not Question.objects.exists()


# --- moving house --------------------------------------------------------------------------------------------------


def test_a_move_goes_from_the_school_over_proof_to_a_decision_on_screen(seats: SchoolRound):
    """AE-22 as far as the screens: request, proof seen, allowed, the place lapses."""
    child = ApplicationFactory(first_choice=seats, decision=Decision.ADMITTED, form__state=FormState.LOCKED)
    seat = PlacementFactory(application=child, state=PlacementState.ENROLLED, enrolled_on=date(2024, 1, 20))
    school, brin = logged_in(school_user(seats.programme.school)), seats.programme.school.brin
    ask = f"/school/{brin}/kind/{child.registration_number}/verhuizing/"
    assert school.post(ask, {"note": ""}).status_code == 422
    school.post(ask, {"note": "Naar de andere kant van de stad"})
    assert "There is a request already" in text(school, ask)
    move = MoveRequest.objects.get()
    manager, url = desk(seats, Role.PROGRAMME_MANAGER), f"/programma/verhuizingen/{move.pk}/"
    assert "andere kant" in text(manager, "/programma/verhuizingen/")
    skipped = manager.post(url, {"action": "decide", "outcome": "yes", "note": "ok"})
    assert skipped.status_code == 409
    manager.post(url, {"action": "proof"})
    assert manager.post(url, {"action": "decide", "outcome": "yes", "note": ""}).status_code == 422
    manager.post(url, {"action": "decide", "outcome": "yes", "note": "Te ver voor deze school."})
    move.refresh_from_db()
    seat.refresh_from_db()
    assert (move.state, seat.state) == (MoveState.APPROVED, PlacementState.LAPSED)
    assert Message.objects.filter(kind="M17").count() == 2
    assert desk(seats, Role.CENTRAL_OFFICE).post(url, {"action": "proof"}).status_code == 403


def test_the_parents_desk_passes_a_move_on_for_a_placed_child_only(seats: SchoolRound):
    waiting = ApplicationFactory(first_choice=seats, form__state=FormState.LOCKED)
    client = desk(seats, Role.PARENT_DESK)
    refused = client.post("/loket/zoeken/", {"number": waiting.registration_number, "note": "verhuisd"})
    assert refused.status_code == 409 and not MoveRequest.objects.exists()
    placed = ApplicationFactory(first_choice=seats, decision=Decision.ADMITTED, form__state=FormState.LOCKED)
    PlacementFactory(application=placed, state=PlacementState.OFFERED, respond_by=date(2024, 2, 15))
    client.post("/loket/zoeken/", {"number": placed.registration_number, "note": "verhuisd"})
    assert MoveRequest.objects.get().application == placed
