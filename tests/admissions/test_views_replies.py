"""Recording replies: what is refused is said beside its field, nothing typed is lost (DH-122 to DH-126)."""

from datetime import date
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import translation

from admissions.enums import CareState, Decision, FormState, PlacementState
from admissions.models import Application, Child, LateWithdrawal, Placement, Withdrawal
from admissions.tables.forms import grouped
from schools.enums import Role, RoundState
from schools.models import SchoolRound, User, local_moment
from tests.factories.admissions import ApplicationFactory, CareCaseFactory, PlacementFactory
from tests.factories.schools import RoundFactory, SchoolRoundFactory, region_user, school_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def seats() -> SchoolRound:
    """ALM1, four days after the letters."""
    seats = SchoolRoundFactory(round__code="ALM1", round__state=RoundState.OFFERS)
    year = seats.round.year
    year.clock_at = local_moment(date(2024, 1, 22))
    year.save()
    RoundFactory(year=year, code="VOVP1")
    return seats


def offered(seats: SchoolRound, **fields: Any) -> Placement:
    fields.setdefault("state", PlacementState.OFFERED)
    return PlacementFactory(
        application=ApplicationFactory(first_choice=seats, decision=Decision.ADMITTED),
        offered_on=date(2024, 1, 18),
        respond_by=date(2024, 2, 15),
        **fields,
    )


def logged_in(user: User) -> Client:
    Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}}
    )
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


@pytest.fixture
def client(seats: SchoolRound) -> Client:
    return logged_in(school_user(seats.programme.school))


def url(placement: Placement) -> str:
    return reverse("admissions:reply", args=[placement.school_round.programme.school.brin, placement.pk])


def state(placement: Placement) -> str:
    placement.refresh_from_db()
    return placement.state


def test_enrolling_ends_the_procedure(client: Client, seats: SchoolRound):
    placement = offered(seats)
    answer = client.post(url(placement), {"answer": "enrol"}, follow=True)
    assert answer.status_code == 200
    assert f"{placement.application.child.full_name} has been enrolled" in answer.content.decode()
    assert state(placement) == PlacementState.ENROLLED
    assert placement.enrolled_on == date(2024, 1, 22)


@pytest.mark.parametrize(
    "typed, field, stored",
    [
        ({}, "answer", None),
        ({"answer": "maybe"}, "answer", None),
        ({"answer": "withdraw"}, "reason", None),
        ({"answer": "withdraw", "reason": "because"}, "reason", None),
        ({"answer": "withdraw", "reason": "other_school"}, "detail", None),
        ({"answer": "withdraw", "reason": "other_school", "detail": "andere school"}, "detail", None),
        ({"answer": "withdraw", "reason": "other_school", "detail": "x" * 400}, "detail", None),
        ({"answer": "withdraw", "reason": "other_school", "detail": "De Eik 111222333"}, "detail", None),
        ({"answer": "withdraw", "reason": "no_reply"}, "detail", None),
        ({"answer": "withdraw", "reason": "moved_inside"}, "is_reported", None),
        (
            {"answer": "withdraw", "reason": "other_school", "detail": " De  Eik "},
            "",
            ("other_school", "De Eik", False),
        ),
        ({"answer": "withdraw", "reason": "moved_outside"}, "", ("moved_outside", "", False)),
        (
            {"answer": "withdraw", "reason": "moved_inside", "is_reported": "on"},
            "",
            ("moved_inside", "", True),
        ),
        (
            {"answer": "withdraw", "reason": "no_reply", "detail": "gebeld 19 januari"},
            "",
            ("no_reply", "gebeld 19 januari", False),
        ),
    ],
)
def test_withdrawing_needs_a_reason_that_says_enough(
    client: Client,
    seats: SchoolRound,
    typed: dict[str, str],
    field: str,
    stored: tuple[str, str, bool] | None,
):
    """DH-124, DH-126"""
    placement = offered(seats)
    answer = client.post(url(placement), typed)
    if stored is None:
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == [field]
        assert 'role="alert"' in answer.content.decode()
        if typed.get("detail"):
            assert typed["detail"] in answer.content.decode()
        assert state(placement) == PlacementState.OFFERED
        return
    assert answer.status_code == 302
    assert state(placement) == PlacementState.WITHDRAWN
    withdrawal = Withdrawal.objects.get(placement=placement)
    assert (withdrawal.reason, withdrawal.detail, withdrawal.is_reported) == stored


def test_consequence_stands_above_the_button(client: Client, seats: SchoolRound):
    """DH-123"""
    placement = offered(seats)
    page = client.get(url(placement)).content.decode()
    assert page.index("takes part in no other round") < page.index(
        f"Withdraw {placement.application.child.full_name}"
    )


def test_enrolled_child_can_only_be_withdrawn(client: Client, seats: SchoolRound):
    placement = offered(seats, state=PlacementState.ENROLLED, enrolled_on=date(2024, 1, 20))
    assert client.post(url(placement), {"answer": "enrol"}).status_code == 422
    assert client.post(url(placement), {"answer": "withdraw", "reason": "moved_outside"}).status_code == 302
    assert state(placement) == PlacementState.WITHDRAWN


def test_second_answer_to_the_same_offer_is_refused_in_words(client: Client, seats: SchoolRound):
    placement = offered(seats)
    client.post(url(placement), {"answer": "withdraw", "reason": "moved_outside"})
    answer = client.post(url(placement), {"answer": "withdraw", "reason": "moved_outside"})
    assert answer.status_code == 409
    assert "no longer has a place" in answer.content.decode()


@pytest.mark.parametrize(
    "role, expected",
    [
        (Role.SCHOOL_ADMIN, 200),
        (Role.SCHOOL_DIRECTOR, 200),
        (Role.CARE_COORDINATOR, 403),
        (Role.PROGRAMME_MANAGER, 200),
        (Role.CENTRAL_OFFICE, 403),
        (Role.NOTARY, 404),
    ],
)
def test_who_may_process_a_reply(seats: SchoolRound, role: str, expected: int):
    school, placement = seats.programme.school, offered(seats)
    is_school = role in (Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR)
    client = logged_in(school_user(school, role) if is_school else region_user(school.region, role))
    assert client.get(url(placement)).status_code == expected
    bulk = client.post(
        reverse("admissions:bulk-enrol", args=[school.brin]), {"placement": [placement.pk], "confirm": "yes"}
    )
    assert bulk.status_code == (302 if expected == 200 else expected)
    assert state(placement) == (PlacementState.ENROLLED if expected == 200 else PlacementState.OFFERED)
    buttons = (
        "Process reply"
        in client.get(reverse("admissions:admitted-list", args=[school.brin])).content.decode()
    )
    assert buttons is False


def test_bulk_enrolment_is_all_or_nothing(client: Client, seats: SchoolRound):
    """DH-122"""
    first, second = offered(seats), offered(seats)
    foreign = offered(SchoolRoundFactory(round=seats.round))
    bulk = reverse("admissions:bulk-enrol", args=[seats.programme.school.brin])
    answer = client.post(bulk, {"placement": [first.pk, second.pk, foreign.pk]}, follow=True)
    assert "Nothing has been recorded" in answer.content.decode()
    assert {state(row) for row in (first, second, foreign)} == {PlacementState.OFFERED}
    asked = client.post(bulk, {"placement": [first.pk, second.pk]})
    assert asked.status_code == 200 and "Enrol 2 children" in asked.content.decode()
    assert {state(row) for row in (first, second)} == {PlacementState.OFFERED}
    answer = client.post(bulk, {"placement": [first.pk, second.pk], "confirm": "yes"}, follow=True)
    assert "2 children have been enrolled" in answer.content.decode()
    assert {state(row) for row in (first, second)} == {PlacementState.ENROLLED}


@pytest.mark.parametrize("typed", [{}, {"placement": ["x", "-1", "99999999999999999999"]}])
def test_bulk_enrolment_of_nothing_says_what_to_do(client: Client, seats: SchoolRound, typed: dict[str, Any]):
    bulk = reverse("admissions:bulk-enrol", args=[seats.programme.school.brin])
    answer = client.post(bulk, typed, follow=True)
    assert "You have not chosen a child" in answer.content.decode()
    assert client.get(bulk).status_code == 405


def test_enrolled_children_go_to_the_pupil_records_without_number_gender_or_care(
    client: Client, seats: SchoolRound
):
    """DH-195: only enrolled ones, formula-safe, nothing that the school may not pass on."""
    first, second = offered(seats), offered(seats)
    Child.objects.filter(pk=second.child_id).update(given_name="=HYPERLINK(1)")
    CareCaseFactory(application=second.application, state=CareState.DUTY_YES, note="geheim woord")
    Placement.objects.filter(pk=second.pk).update(
        state=PlacementState.ENROLLED, enrolled_on=date(2024, 1, 30)
    )
    url_of = reverse("admissions:enrolled-export", args=[seats.programme.school.brin])
    rows = b"".join(client.get(url_of).streaming_content).decode().splitlines()
    assert len(rows) == 2
    head, row = rows[0].lower(), rows[1]
    assert not any(word in head for word in ("bsn", "citizen", "gender", "care"))
    assert "'=HYPERLINK(1)" in row and "30-01-2024" in row and "geheim" not in row
    assert grouped(first.application.registration_number) not in "".join(rows)
    assert client.get(url_of + "?bestand=xlsx").headers["Content-Disposition"].endswith('.xlsx"')


# --- a child without a place (4.2, Q-10, Q-53) ---------------------------------------------------------------------


def waiting(
    seats: SchoolRound, decision: str = Decision.UNDECIDED, state: str = RoundState.LOCKED
) -> Application:
    """A child of this school that waits for its draw, on 5 January 2024."""
    seats.round.state = state
    seats.round.save()
    seats.round.year.clock_at = local_moment(date(2024, 1, 5))
    seats.round.year.save()
    return ApplicationFactory(first_choice=seats, decision=decision, form__state=FormState.LOCKED)


def leaving(child: Application) -> str:
    brin = child.first_choice.programme.school.brin
    return reverse("admissions:form-withdraw", args=[brin, child.registration_number])


def page_of(child: Application) -> str:
    brin = child.first_choice.programme.school.brin
    return reverse("admissions:application-detail", args=[brin, child.registration_number])


MOVED = {"answer": "withdraw", "reason": "moved_outside", "detail": "", "is_reported": ""}


def test_a_child_that_waits_for_the_draw_is_withdrawn_with_the_same_reasons(seats: SchoolRound):
    client, child = logged_in(school_user(seats.programme.school)), waiting(seats)
    assert leaving(child) in client.get(page_of(child)).content.decode()
    for typed, field in (
        (MOVED | {"reason": ""}, "reason"),
        (MOVED | {"reason": "other_school"}, "detail"),
        (MOVED | {"reason": "moved_inside"}, "is_reported"),
        (MOVED | {"detail": "111222333"}, "detail"),
    ):
        refused = client.post(leaving(child), typed)
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, [field])
    assert client.post(leaving(child), MOVED).status_code == 302
    child.refresh_from_db()
    assert (child.decision, child.withdrawal.reason) == (Decision.WITHDRAWN, "moved_outside")
    assert child.withdrawal.placement is None
    assert leaving(child) not in client.get(page_of(child)).content.decode()
    assert client.post(leaving(child), MOVED).status_code == 409 and Withdrawal.objects.count() == 1


def test_between_the_freeze_and_the_result_the_withdrawal_is_kept(seats: SchoolRound):
    """Q-10: nothing of a frozen list changes."""
    client, child = logged_in(school_user(seats.programme.school)), waiting(seats)
    seats.round.state = RoundState.FROZEN
    seats.round.save()
    assert client.post(leaving(child), MOVED).status_code == 302
    child.refresh_from_db()
    assert child.decision == Decision.UNDECIDED and LateWithdrawal.objects.get().application == child
    again = client.get(leaving(child)).content.decode()
    assert "A withdrawal has been recorded" in again and 'type="submit">Withdraw' not in again


def test_after_the_draw_an_unplaced_child_is_the_managers_and_the_school_learns_nothing(seats: SchoolRound):
    """Q-16, Q-53: the school cannot tell an unplaced child from one that was placed elsewhere."""
    school = logged_in(school_user(seats.programme.school))
    manager = logged_in(region_user(seats.programme.school.region))
    unplaced = waiting(seats, Decision.UNPLACED)
    elsewhere = waiting(seats, Decision.PLACED_LOWER)
    PlacementFactory(
        application=elsewhere, school_round=SchoolRoundFactory(round=seats.round), preference_rank=2
    )
    seats.round.state = RoundState.OFFERS
    seats.round.save()
    seats.round.year.clock_at = local_moment(date(2024, 1, 22))
    seats.round.year.save()
    for child in (unplaced, elsewhere):
        assert leaving(child) not in school.get(page_of(child)).content.decode()
        assert school.post(leaving(child), MOVED).status_code == 409
    assert manager.post(leaving(elsewhere), MOVED).status_code == 409
    assert manager.post(leaving(unplaced), MOVED).status_code == 302
    unplaced.refresh_from_db()
    assert unplaced.decision == Decision.WITHDRAWN


def test_a_child_whose_care_is_followed_up_is_withdrawn_by_its_school(seats: SchoolRound):
    """Q-53"""
    child = waiting(seats, Decision.CARE_FOLLOW_UP)
    CareCaseFactory(application=child, state=CareState.DUTY_YES)
    seats.round.state = RoundState.OFFERS
    seats.round.save()
    seats.round.year.clock_at = local_moment(date(2024, 1, 22))
    seats.round.year.save()
    client = logged_in(school_user(seats.programme.school))
    assert client.post(leaving(child), MOVED).status_code == 302
    coordinator = logged_in(school_user(seats.programme.school, Role.CARE_COORDINATOR))
    assert coordinator.post(leaving(child), MOVED).status_code == 403
    stranger = SchoolRoundFactory(round=seats.round).programme.school
    assert logged_in(school_user(stranger)).post(leaving(child), MOVED).status_code == 404
