"""Setting a rehearsal year back: everything that happened goes, what was imported stays, and it can be played again."""

import threading
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from admissions.enums import CareState, FormState, JobKind
from admissions.models import (
    Application,
    CareCase,
    Case,
    Child,
    LedgerEntry,
    MoveRequest,
    Participation,
    Placement,
    Preference,
    PriorityClaim,
    Withdrawal,
)
from admissions.services.care.care_route import record_signal
from admissions.services.forms.application_forms import Typed, create_draft, finalise_form, release_form
from admissions.services.forms.claims import decide_claim
from admissions.services.forms.corrections import correct_birth_date
from admissions.services.integrity.facts import all_problems
from admissions.services.places.ceilings import set_ceiling
from admissions.services.replies.moves import decide_move, request_move, see_proof
from admissions.services.replies.withdrawal_reasons import Reason
from admissions.services.year.office_jobs import request_letters, request_reset, request_round
from admissions.services.year.reset import ResetRefused, reset_year
from lottery.models import Attestation, BlindEntry, Draw, DrawOutcome, DrawSession, SessionNumber
from notifications.models import Letter, Message
from schools.clock import database_now
from schools.enums import JobState
from schools.models import AdmissionYear, Event, Job, Round, SchoolRound, local_moment
from schools.services.jobs import AlreadyRunning
from tests.admissions.office import DICE, manager, small_city, text
from tests.factories.ceremony import open_room
from tests.factories.city import City, Form, School, make_city
from tests.factories.notifications import LetterFactory
from tests.factories.schools import UserFactory

pytestmark = pytest.mark.django_db

RESET = "/programma/oefenjaar/terugzetten/"
HAPPENED = (
    Attestation,
    Case,
    Draw,
    DrawOutcome,
    DrawSession,
    Letter,
    Message,
    MoveRequest,
    Participation,
    Placement,
    SessionNumber,
    Withdrawal,
)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def imported_state(city: City) -> dict[str, list[Any]]:
    """Everything an import makes, in terms that do not depend on row numbers."""
    year = city.year
    reference = "application__form__form_reference"

    def rows(query: Any, *fields: str) -> list[Any]:
        return sorted(query.values_list(*fields), key=str)

    applications = Application.objects.filter(year=year)
    return {
        "year": rows(
            AdmissionYear.objects.filter(pk=year.pk), "clock_at", "reset_started_at", "schools_hash"
        ),
        "rounds": rows(Round.objects.filter(year=year), "code", "state", "offers_on"),
        "school_rounds": rows(
            SchoolRound.objects.filter(round__year=year), "pk", "ceiling", "is_ready", "draw_mode"
        ),
        "applications": rows(
            applications,
            "registration_number",
            "decision",
            "previous",
            "first_choice",
            "child__given_name",
            "child__date_of_birth",
        ),
        "forms": rows(
            applications,
            "form__form_reference",
            "form__state",
            "form__version",
            "form__house_number",
            "form__draft",
            "form__care_requested",
        ),
        "versions": rows(applications, "form__form_reference", "form__versions__version"),
        "guardians": rows(applications, "form__form_reference", "guardians__name", "guardians__email"),
        "preferences": rows(
            Preference.objects.filter(application__year=year),
            reference,
            "rank",
            "programme__code",
            "added_in",
        ),
        "claims": rows(PriorityClaim.objects.filter(application__year=year), reference, "kind", "state"),
        "care": rows(
            CareCase.objects.filter(application__year=year), reference, "state", "origin", "outcome_on"
        ),
        "ledger": rows(
            LedgerEntry.objects.filter(school_round__round__year=year), "school_round", "kind", "places"
        ),
        "children": rows(Child.objects.filter(region=year.region), "identity_key"),
    }


def busy_year(city: City) -> None:
    """A year in which everything happened that can happen."""
    city.play("ALM1", {"A": "a1 a2 a3"})
    LetterFactory(message=Message.objects.first())
    city.enrol("a1")
    city.withdraw("a2", on="2024-02-01", reason=Reason("uncapped_school"))
    city.play("ALM2")
    city.play("VOVP1", opt_ins={})
    city.play("ALM3")


# --- the service ---------------------------------------------------------------------------------------------------


def test_after_a_reset_the_year_is_as_it_was_imported_and_adds_up():
    city = small_city()
    before = imported_state(city)
    busy_year(city)
    assert imported_state(city) != before

    assert reset_year(city.year, actor=None) == 6

    assert imported_state(city) == before
    assert {model.__name__: model._default_manager.count() for model in HAPPENED} == dict.fromkeys(
        (model.__name__ for model in HAPPENED), 0
    )
    assert list(all_problems()) == []


def test_year_can_be_reset_and_played_again_and_again():
    city = small_city()
    before = imported_state(city)
    for _count in range(3):
        city.play("ALM1", {"A": "a1 a2 a3"})
        assert city.outcomes("ALM1")["a2"] == "A"
        assert list(all_problems()) == []
        reset_year(city.year, actor=None)
        city.year.refresh_from_db()
        assert imported_state(city) == before


def test_trail_begins_again_with_one_event_that_says_who_reset_the_year():
    city = small_city()
    busy_year(city)
    actor = UserFactory()
    reset_year(city.year, actor=actor)
    (event,) = Event.objects.filter(year=city.year)
    assert (event.sequence, event.kind, event.object_key, event.actor, event.reason) == (
        1,
        "year_reset",
        "2023-2024",
        actor,
        "6 forms",
    )
    assert event.effective_at == local_moment(city.year.starts_on)


def test_typed_forms_and_corrections_are_taken_back():
    city = small_city()
    before = imported_state(city)
    city.move_clock("2023-12-20")
    Round.objects.filter(year=city.year, code="ALM1").update(state="open")
    # A form typed in and made final, a draft, and a form opened for correction.
    for key, final in (("typed", True), ("draft", False)):
        typed = Typed(city.row("ALM1", key, "A B"), (1, 2, 3, 4, 5, 6, 7))
        form = create_draft(city.school_round("A", "ALM1"), typed, actor=None)
        if final:
            finalise_form(form.pk, actor=None)
    release_form(city.application("b1").form.pk, actor=None)
    # A corrected birth date, a rejected claim, a signal of the school, another ceiling.
    correct_birth_date(city.application("b2").pk, born=city.year.born_from, evidence="passport", actor=None)
    claim = PriorityClaim.objects.get(application=city.application("a1"))
    decide_claim(claim.pk, confirmed=False, evidence="no", actor=None)
    record_signal(city.application("c1"), note="signal", actor=None)
    set_ceiling(city.school_round("C", "ALM1").pk, ceiling=9, by_office=True, reason="more rooms", actor=None)
    set_ceiling(city.school_round("C", "ALM1").pk, ceiling=8, by_office=True, reason="again", actor=None)

    assert reset_year(city.year, actor=None) == 6

    after = imported_state(city)
    assert {key: rows for key, rows in after.items() if rows != before[key]} == {}
    assert list(all_problems()) == []
    # The second reset knows what was imported although the trail of the import is gone.
    set_ceiling(city.school_round("C", "ALM1").pk, ceiling=7, by_office=False, actor=None)
    assert reset_year(city.year, actor=None) == 6
    assert imported_state(city) == before


def test_second_application_after_moving_house_goes_and_the_first_counts_again():
    city = small_city()
    before = imported_state(city)
    busy_year(city)
    user = UserFactory()
    city.move_clock("2024-08-20")
    moving = city.application("b1")
    request = request_move(moving, note="moved", actor=user)
    see_proof(request.pk, actor=user)
    decide_move(request.pk, outside_catchment=True, note="moved far", actor=user)
    if city.application("b1").decision != "withdrawn":
        city.withdraw("b1", on="2024-08-21", reason=Reason("moved_inside", is_reported=True))
    again = Form("C A", cells={"given_name": "Kind b1"}, received_on="2024-09-02")
    city.apply("ALM4", again=again)
    assert city.application("again").previous == moving
    assert reset_year(city.year, actor=None) == 6
    assert imported_state(city) == before


def test_only_this_year_is_touched():
    city = small_city()
    other = make_city({"A": 1}, slug="elders")
    other.apply("ALM1", x="A", y="A Z1")
    other.play("ALM1")
    before = imported_state(other), Event.objects.filter(year=other.year).count(), Message.objects.count()
    busy_year(city)
    reset_year(city.year, actor=None)
    after = imported_state(other), Event.objects.filter(year=other.year).count(), Message.objects.count()
    assert after == before
    assert list(all_problems()) == []


def test_real_year_is_never_reset():
    city = small_city()
    city.play("ALM1")
    AdmissionYear.objects.filter(pk=city.year.pk).update(is_rehearsal=False, clock_at=None)
    before = imported_state(city)
    with pytest.raises(ResetRefused, match="real year"):
        reset_year(city.year, actor=None)
    assert imported_state(city) == before
    assert DrawSession.objects.count() == 1


def test_production_never_resets(monkeypatch: pytest.MonkeyPatch):
    city = small_city()
    monkeypatch.setattr(settings, "REHEARSAL_ALLOWED", False)
    with pytest.raises(ResetRefused):
        reset_year(city.year, actor=None)


def test_reset_that_fails_half_way_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch):
    city = small_city()
    busy_year(city)
    before = imported_state(city), Event.objects.count(), DrawSession.objects.count(), Message.objects.count()

    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("admissions.services.year.reset._restore_rounds", broken)
    with pytest.raises(ZeroDivisionError):
        reset_year(city.year, actor=None)
    after = imported_state(city), Event.objects.count(), DrawSession.objects.count(), Message.objects.count()
    assert after == before


@pytest.mark.parametrize("model", [Event, LedgerEntry, DrawSession, Placement])
def test_database_still_refuses_deletes_outside_a_reset(model: Any):
    city = small_city()
    city.play("ALM1")
    reset_year(city.year, actor=None)
    city.year.refresh_from_db()
    city.play("ALM1")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table}")


def test_jobs_of_the_year_go_and_the_reset_itself_stays(django_capture_on_commit_callbacks: Any):
    city = small_city()
    with django_capture_on_commit_callbacks(execute=True):
        request_round(city.round("ALM1"), digits=DICE, actor=None)
    with django_capture_on_commit_callbacks(execute=True):
        job = request_reset(city.year, actor=None)
    assert [(row.kind, row.state) for row in Job.objects.filter(year=city.year)] == [
        (JobKind.RESET_YEAR, JobState.DONE)
    ]
    job.refresh_from_db()
    assert "6" in job.message


def test_letters_that_are_being_made_are_waited_for():
    city = small_city()
    city.play("ALM1")
    job = request_letters(city.round("ALM1"), actor=None)
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, heartbeat_at=database_now())
    with pytest.raises(ResetRefused, match="Letters are being made"):
        reset_year(city.year, actor=None)


def test_round_and_reset_do_not_go_together():
    city = small_city()
    request_round(city.round("ALM1"), digits=DICE, actor=None)
    with pytest.raises(AlreadyRunning):
        request_reset(city.year, actor=None)


# --- the page ------------------------------------------------------------------------------------------------------


def test_reset_needs_the_code_of_the_year(django_capture_on_commit_callbacks: Any):
    city = small_city()
    city.play("ALM1")
    client = manager(city)
    assert "Type 2023-2024 to confirm." in text(client, RESET)
    for typed, sentence in (
        ("", "Type the code of the year to confirm."),
        ("2024-2025", "This is not the code of this year. Type 2023-2024."),
        ("x" * 500, None),
    ):
        answer = client.post(RESET, {"code": typed})
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == ["code"]
        if sentence:
            assert answer.context["form"].errors["code"] == [sentence]
        assert answer.context["form"]["code"].value() == typed
    assert DrawSession.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(RESET, {"code": " 2023-2024 "})
    job = Job.objects.get(kind=JobKind.RESET_YEAR)
    assert answer.headers["Location"] == f"/programma/taken/{job.pk}/"
    assert job.state == JobState.DONE
    assert not DrawSession.objects.exists()
    assert "Play Application period 1" in text(client, "/programma/")


def test_reset_while_a_round_is_played_says_so_and_loses_nothing():
    city = small_city()
    request_round(city.round("ALM1"), digits=DICE, actor=None)
    answer = manager(city).post(RESET, {"code": "2023-2024"})
    assert answer.status_code == 409
    assert "A round is being played" in answer.context["form"].non_field_errors()[0]
    assert answer.context["form"]["code"].value() == "2023-2024"


def test_second_reset_leads_to_the_first():
    city = small_city()
    job = request_reset(city.year, actor=None)
    answer = manager(city).post(RESET, {"code": "2023-2024"})
    assert answer.headers["Location"] == f"/programma/taken/{job.pk}/"


@pytest.mark.django_db(transaction=True)
def test_two_managers_who_reset_at_once_make_one_job():
    city = small_city()
    answers: list[str] = []

    def press() -> None:
        try:
            request_reset(AdmissionYear.objects.get(pk=city.year.pk), actor=None)
            answers.append("started")
        except AlreadyRunning:
            answers.append("refused")
        finally:
            connection.close()

    Job.objects.filter(year=city.year).delete()
    threads = [threading.Thread(target=press) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Tasks are eager here: the first may be done before the second asks, and then both are right.
    assert sorted(answers) in (["refused", "started"], ["started", "started"])
    assert Job.objects.filter(kind=JobKind.RESET_YEAR, state__in=["requested", "running"]).count() == 0
    assert list(all_problems()) == []


def test_school_that_decided_by_hand_is_open_again():
    city = make_city({"A": School(2, draw_mode="manual"), "B": 2})
    city.apply("ALM1", x="A", y="B")
    before = imported_state(city)
    SchoolRound.objects.filter(pk=city.school_round("A", "ALM1").pk).update(is_ready=True)
    city.play("ALM1")
    reset_year(city.year, actor=None)
    assert imported_state(city) == before


@pytest.mark.parametrize("step", ["freeze", "commit", "lock", "seed"])
def test_ceremony_that_was_begun_is_taken_back_at_every_step(step: str):
    room = open_room()
    move_to = {**imported_state(room.city)}
    getattr(room, step)()
    assert DrawSession.objects.exists()
    reset_year(room.city.year, actor=None)
    after = imported_state(room.city)
    assert {key for key in after if after[key] != move_to[key]} <= {"year", "rounds", "applications", "forms"}
    assert not any(model._default_manager.exists() for model in (*HAPPENED, BlindEntry))
    assert list(all_problems()) == []
    room.city.year.refresh_from_db()
    room.city.play("ALM1")
    assert list(all_problems()) == []


def test_open_care_requests_are_open_again():
    city = make_city({"A": 2})
    city.apply("ALM1", x=Form("A", care_request=True))
    city.play("ALM1")
    assert CareCase.objects.get().state == CareState.DUTY_NO
    reset_year(city.year, actor=None)
    assert CareCase.objects.get().state == CareState.REQUESTED
    assert city.application("x").form.state == FormState.FINAL
