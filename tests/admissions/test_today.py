"""What the start page of a school asks, of whom, and when it falls silent (issue: working the list)."""

from datetime import date

import pytest
from django.utils import translation

from admissions.enums import CareState, CaseKind, Decision, FormState, PlacementState
from admissions.models import FormEntry
from admissions.services.care.care_letters import review_letter, write_letter
from notifications.enums import MessageKind, MessageState
from notifications.models import Message, ReadyMark, Release
from notifications.services.releases import plan_release
from schools.enums import Role, RoundState
from schools.models import SchoolRound, local_moment
from schools.services.confirmations import confirm_rules, fingerprint
from tests.admissions.office import logged_in
from tests.factories.admissions import (
    ApplicationFactory,
    CareCaseFactory,
    PlacementFactory,
    PriorityClaimFactory,
)
from tests.factories.notifications import MessageFactory
from tests.factories.schools import SchoolRoundFactory, UserFactory, region_user, school_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def seats() -> SchoolRound:
    return SchoolRoundFactory(round__code="ALM1")


def at(seats: SchoolRound, day: date, state: str) -> None:
    seats.round.state = state
    seats.round.save()
    seats.round.year.clock_at = local_moment(day)
    seats.round.year.save()


def tasks(seats: SchoolRound, role: str = Role.SCHOOL_ADMIN) -> list[str]:
    """Titles on the start page, most urgent first."""
    school = seats.programme.school
    day = logged_in(school_user(school, role)).get(f"/school/{school.brin}/").context["day"]
    return [task.title for task, _tone in day.tasks]


def confirm(seats: SchoolRound) -> None:
    confirm_rules(seats.round.year, seats.programme, seen=fingerprint(()), actor=UserFactory())


def test_a_form_that_was_only_begun_is_not_forgotten(seats: SchoolRound):
    at(seats, date(2023, 12, 20), RoundState.OPEN)
    confirm(seats)
    FormEntry.objects.create(
        school_round=seats,
        typed={"surname": "Bakker"},
        saved_by=UserFactory(),
        saved_at=seats.round.year.clock_at,
    )
    assert tasks(seats) == ["1 form was begun only"]
    assert tasks(seats, Role.CARE_COORDINATOR) == []  # does not type forms


def test_who_sees_care_only_gets_no_task_of_the_administration(seats: SchoolRound):
    at(seats, date(2023, 12, 20), RoundState.OPEN)
    child = ApplicationFactory(first_choice=seats, form__state=FormState.RELEASED)
    PriorityClaimFactory(application=child, state="claimed")
    CareCaseFactory(application=child, state=CareState.REQUESTED)
    care = ["1 care wish without an appointment", "1 care outcome missing"]
    assert tasks(seats, Role.CARE_COORDINATOR) == care
    assert set(tasks(seats)) == {
        *care,
        "1 form released",
        "Priority of 1 child still to check",
        "Confirm the priority rules of this year",
    }


def test_a_care_letter_that_came_back_is_a_task_until_it_is_written_again(seats: SchoolRound):
    """DH-176"""
    at(seats, date(2024, 1, 10), RoundState.LOCKED)
    confirm(seats)
    child = ApplicationFactory(first_choice=seats, form__state=FormState.LOCKED)
    case = CareCaseFactory(application=child, state=CareState.DUTY_YES)
    school, manager = UserFactory(), region_user(seats.programme.school.region)
    assert tasks(seats) == ["1 care letter to write"]
    brin = seats.programme.school.brin
    at(seats, date(2024, 1, 19), RoundState.OFFERS)  # a day after the sending day
    late = logged_in(school_user(seats.programme.school)).get(f"/school/{brin}/").context["day"].tasks[0][0]
    assert (late.title, late.is_late) == ("1 care letter to write", True)
    at(seats, date(2024, 1, 10), RoundState.LOCKED)
    write_letter(case.pk, body="Beste ouders", actor=school)
    assert tasks(seats) == []
    review_letter(case.pk, approved=False, remarks="Noem de begeleider.", actor=manager)
    assert tasks(seats) == ["1 care letter came back"]
    write_letter(case.pk, body="Beste ouders van", actor=school)
    assert tasks(seats) == [] and CaseKind.CARE_LETTER in {c.kind for c in child.cases.all()}


def test_the_rules_are_asked_for_while_they_can_still_be_changed(seats: SchoolRound):
    """DH-012, Q-50: the first period opens on 1 December."""
    for day, state, expected in (
        (date(2023, 10, 31), RoundState.PLANNED, []),
        (date(2023, 11, 1), RoundState.PLANNED, ["Confirm the priority rules of this year"]),
        (date(2023, 12, 5), RoundState.OPEN, ["Confirm the priority rules of this year"]),
        (date(2024, 1, 16), RoundState.FROZEN, []),
    ):
        at(seats, day, state)
        assert tasks(seats) == expected, day
    at(seats, date(2023, 11, 1), RoundState.PLANNED)
    confirm(seats)
    assert tasks(seats) == []
    uncapped = SchoolRoundFactory(round=seats.round, ceiling=None)
    assert tasks(uncapped) == []  # has no rules


def letter(seats: SchoolRound) -> Message:
    place = PlacementFactory(
        application=ApplicationFactory(
            first_choice=seats, form__state=FormState.LOCKED, decision=Decision.ADMITTED
        )
    )
    return MessageFactory(
        round=seats.round,
        school=seats.programme.school,
        kind=MessageKind.M04,
        registration_number=place.application.registration_number,
    )


def test_letters_are_asked_for_until_they_are_ready_and_again_when_they_stayed_behind(seats: SchoolRound):
    """Q-48, DH-116: what is ready leaves by itself; what was late the school sends itself."""
    at(seats, date(2024, 1, 17), RoundState.MATCHED)
    school = seats.programme.school
    message = letter(seats)
    assert tasks(seats) == ["1 letter of Application period 1 to mark ready"]
    release = plan_release(seats.round, moment=local_moment(date(2024, 1, 18)), is_rehearsal=True)
    mark = ReadyMark.objects.create(
        release=release, school=school, marked_by=UserFactory(), marked_at=seats.round.year.clock_at
    )
    assert tasks(seats) == []
    mark.delete()
    at(seats, date(2024, 1, 18), RoundState.OFFERS)
    Release.objects.filter(pk=release.pk).update(opened_at=local_moment(date(2024, 1, 18)))
    assert tasks(seats) == ["1 letter of Application period 1 has not gone out"]
    Message.objects.filter(pk=message.pk).update(state=MessageState.CANCELLED)
    assert tasks(seats) == []


def test_a_place_that_lapsed_by_a_move_waits_for_the_school(seats: SchoolRound):
    """DH-125: the programme manager said yes; until the old school withdraws, the family cannot apply again."""
    at(seats, date(2024, 2, 1), RoundState.OFFERS)
    child = ApplicationFactory(first_choice=seats, form__state=FormState.LOCKED, decision=Decision.ADMITTED)
    PlacementFactory(
        application=child,
        state=PlacementState.LAPSED,
        offered_on=date(2024, 1, 18),
        respond_by=date(2024, 2, 15),
    )
    assert tasks(seats) == ["1 place lapsed after moving house"]
    assert tasks(seats, Role.CARE_COORDINATOR) == []
