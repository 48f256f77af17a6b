"""The care route on the pages of the school and of the programme manager, and who never sees it (den-haag.md 2.12)."""

from datetime import date

import pytest
from django.utils import translation

from admissions.enums import CareState, Decision, FormState, PlacementState
from admissions.models import Application, CareCase, CareDay, CareLetter
from admissions.services.draws.freezing import unsettled_care
from notifications.enums import MessageKind
from schools.enums import Role, RoundState
from schools.models import Event, SchoolRound, local_moment
from tests.admissions.office import logged_in, text
from tests.factories.admissions import ApplicationFactory, CareCaseFactory, PlacementFactory
from tests.factories.notifications import MessageFactory
from tests.factories.schools import RoundFactory, SchoolRoundFactory, region_user, school_user

pytestmark = pytest.mark.django_db
S = CareState


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def seats() -> SchoolRound:
    """ALM1 is locked and waits for its draw of 16 January: it is 4 January 2024."""
    seats = SchoolRoundFactory(round__code="ALM1")
    seats.round.state = RoundState.LOCKED
    seats.round.save()
    seats.round.year.clock_at = local_moment(date(2024, 1, 4))
    seats.round.year.save()
    return seats


def child_in_care(seats: SchoolRound, state: str = S.REQUESTED, **fields: object) -> CareCase:
    application = ApplicationFactory(first_choice=seats, form__state=FormState.LOCKED)
    return CareCaseFactory(application=application, state=state, **fields)


def page_of(case: CareCase) -> str:
    application = case.application
    return f"/school/{application.first_choice.programme.school.brin}/zorg/{application.registration_number}/"


def test_a_case_goes_from_the_two_tasks_to_the_outcome_and_the_draw_waits_until_then(seats: SchoolRound):
    case, school = child_in_care(seats), seats.programme.school
    client = logged_in(school_user(school, Role.CARE_COORDINATOR))
    url = page_of(case)
    assert "Make an appointment with the parents" in text(client, url)
    for task in ("appointment_made", "manager_told"):
        assert client.post(url, {"action": task}).status_code == 302
    assert unsettled_care(seats.round) == [case]
    client.post(url, {"action": "plan", "on": "2024-01-08", "note": ""})
    early = client.post(url, {"action": "held", "on": "2024-01-08", "note": "ook de leerkracht"})
    assert early.status_code == 409 and "This day is still to come" in early.content.decode()
    assert "ook de leerkracht" in early.content.decode()
    # On the day itself; it was held a day later than planned.
    seats.round.year.clock_at = local_moment(date(2024, 1, 9))
    seats.round.year.save()
    client.post(url, {"action": "held", "on": "2024-01-09", "note": ""})
    assert unsettled_care(seats.round) == [case]
    older = client.post(url, {"action": "outcome", "outcome": "duty_no", "on": "2024-01-08", "note": ""})
    assert older.status_code == 409 and "cannot be older than the meeting" in older.content.decode()
    client.post(url, {"action": "outcome", "outcome": "duty_no", "on": "2024-01-09", "note": ""})
    case.refresh_from_db()
    assert (case.state, case.meeting_on, case.outcome_on) == (S.DUTY_NO, date(2024, 1, 9), date(2024, 1, 9))
    assert case.appointment_made_by is not None and case.manager_told_by is not None
    assert unsettled_care(seats.round) == []
    said = Event.objects.filter(kind="care_state").values_list("new", "reason")
    assert list(said) == [
        ("requested", "appointment_made"),
        ("requested", "manager_told"),
        ("meeting_planned", ""),
        ("meeting_held", ""),
        ("duty_no", ""),
    ]


def test_a_skipped_step_and_a_missing_day_are_sentences_and_nothing_typed_is_lost(seats: SchoolRound):
    case = child_in_care(seats)
    client = logged_in(school_user(seats.programme.school))
    skipped = client.post(page_of(case), {"action": "outcome", "outcome": "duty_yes", "on": "2024-01-08"})
    assert skipped.status_code == 409 and "Reload the page" in skipped.content.decode()
    empty = client.post(page_of(case), {"action": "plan", "on": "ooit", "note": "met de leerkracht"})
    assert empty.status_code == 422
    page = empty.content.decode()
    assert "This is not a day" in page and "met de leerkracht" in page
    number = client.post(page_of(case), {"action": "plan", "on": "2024-01-08", "note": "111222333"})
    assert number.status_code == 422 and "citizen service number" in number.content.decode()
    case.refresh_from_db()
    assert case.state == S.REQUESTED


def test_the_letter_is_read_by_the_programme_manager_before_it_counts(seats: SchoolRound):
    case = child_in_care(seats, S.DUTY_YES)
    message = MessageFactory(
        round=seats.round,
        kind=MessageKind.M16,
        registration_number=case.application.registration_number,
    )
    school, manager = (
        logged_in(school_user(seats.programme.school)),
        logged_in(region_user(seats.programme.school.region)),
    )
    office = f"/programma/zorg/{case.application.registration_number}/"
    school.post(page_of(case), {"action": "letter", "body": "Een rustige plek.\n\nElke week gesprek."})
    refused = manager.post(office, {"action": "back", "remarks": ""})
    assert refused.status_code == 409 and "Say what must be changed" in refused.content.decode()
    manager.post(office, {"action": "back", "remarks": "Noem de begeleider."})
    assert "Noem de begeleider." in text(school, page_of(case))
    message.refresh_from_db()
    assert message.merge.get("notes", []) == []  # nothing that was not read
    school.post(page_of(case), {"action": "letter", "body": "Een rustige plek.\n\nElke week een gesprek."})
    manager.post(office, {"action": "reviewed", "remarks": ""})
    case.refresh_from_db()
    message.refresh_from_db()
    assert case.state == S.LETTER_REVIEWED
    assert message.merge["notes"] == ["Een rustige plek.", "Elke week een gesprek."]
    # A change afterwards must be read again.
    school.post(page_of(case), {"action": "letter", "body": "Anders."})
    case.refresh_from_db()
    message.refresh_from_db()
    assert (case.state, message.merge["notes"]) == (S.LETTER_DRAFT, [])
    assert CareLetter.objects.get().reviewed_at is None


def test_the_manager_decides_that_no_meeting_is_needed_only_with_a_reason(seats: SchoolRound):
    case = child_in_care(seats)
    manager = logged_in(region_user(seats.programme.school.region))
    office = f"/programma/zorg/{case.application.registration_number}/"
    assert manager.post(office, {"action": "not_needed", "note": ""}).status_code == 422
    manager.post(office, {"action": "not_needed", "note": "Ouders trekken de wens in."})
    case.refresh_from_db()
    assert (case.state, case.note) == (S.DUTY_NO, "Ouders trekken de wens in.")


def test_the_follow_up_of_a_drawn_out_child_is_the_managers(seats: SchoolRound):
    case = child_in_care(seats, S.DUTY_YES)
    manager = logged_in(region_user(seats.programme.school.region))
    office = f"/programma/zorg/{case.application.registration_number}/"
    assert manager.post(office, {"action": "closed", "note": "x"}).status_code == 409
    Application.objects.filter(pk=case.application_id).update(decision=Decision.CARE_FOLLOW_UP)
    manager.post(office, {"action": "closed", "note": "Plek bij school C afgesproken."})
    case.refresh_from_db()
    assert case.state == S.CARE_CLOSED


def test_a_care_coordinator_reports_a_signal_about_a_child_it_did_not_see_before(seats: SchoolRound):
    child = ApplicationFactory(first_choice=seats, form__state=FormState.LOCKED)
    other = ApplicationFactory(
        first_choice=SchoolRoundFactory(round=seats.round), form__state=FormState.LOCKED
    )
    brin = seats.programme.school.brin
    client = logged_in(school_user(seats.programme.school, Role.CARE_COORDINATOR))
    assert client.get(f"/school/{brin}/kind/{child.registration_number}/").status_code == 404
    foreign = client.post(
        f"/school/{brin}/zorg/signaal/", {"number": other.registration_number, "note": "praat nog niet"}
    )
    assert foreign.status_code == 422 and not CareCase.objects.exists()
    client.post(
        f"/school/{brin}/zorg/signaal/", {"number": child.registration_number, "note": "praat nog niet"}
    )
    case = CareCase.objects.get()
    assert (case.application, case.origin, case.state) == (child, "signal", S.SIGNALLED)
    again = client.post(
        f"/school/{brin}/zorg/signaal/", {"number": child.registration_number, "note": "praat nog niet"}
    )
    assert again.status_code == 409 and "care case for this child already" in again.content.decode()


def test_days_of_the_start_talk_are_kept_ticked_and_before_the_draw(seats: SchoolRound):
    """DH-020"""
    brin = seats.programme.school.brin
    client = logged_in(school_user(seats.programme.school))
    url = f"/school/{brin}/zorg/dagen/"
    listed = f"/school/{brin}/zorg/"
    for day, note, sentence in (
        ("2024-01-10", "lokaal 3", "on 9 January 2024 at the latest"),
        ("2024-01-03", "lokaal 3", "This day has passed"),
        ("ooit", "lokaal 3", "This is not a day"),
        ("2024-01-09", "nummer 111222333", "citizen service number"),
    ):
        answer = client.post(url, {"action": "add", "round": seats.pk, "day": day, "note": note}, follow=True)
        page = answer.content.decode()
        assert sentence in page and f'value="{note}"' in page and not CareDay.objects.exists(), day
    assert "citizen service number" not in text(client, listed)  # shown once
    client.post(url, {"action": "add", "round": seats.pk, "day": "2024-01-09", "note": "lokaal 3"})
    day = CareDay.objects.get()
    assert "Not checked yet" in text(client, f"/school/{brin}/zorg/")
    client.post(url, {"action": "confirm", "day_id": day.pk})
    day.refresh_from_db()
    assert day.in_diaries_at is not None
    elsewhere = SchoolRoundFactory(round=seats.round)
    stranger = logged_in(school_user(elsewhere.programme.school))
    foreign = stranger.post(
        f"/school/{elsewhere.programme.school.brin}/zorg/dagen/", {"action": "remove", "day_id": day.pk}
    )
    assert foreign.status_code == 404 and CareDay.objects.exists()


def test_care_shows_in_no_count_search_or_export_of_who_may_not_see_it(seats: SchoolRound):
    """DH-180: the support desks, staff not named for care and the notary learn nothing, also not by trying."""
    case = child_in_care(seats, S.DUTY_YES, note="geheim woord")
    region, brin = seats.programme.school.region, seats.programme.school.brin
    number = case.application.registration_number
    plain = logged_in(region_user(region, Role.CENTRAL_OFFICE))
    desk = logged_in(region_user(region, Role.SCHOOL_DESK))
    named = logged_in(region_user(region, Role.CENTRAL_OFFICE, may_see_care=True))
    assert "Care duty" in text(named, "/programma/zorg/")
    for client in (plain, desk):
        assert client.get(f"/school/{brin}/zorg/").status_code == 403
        assert client.get("/programma/zorg/").status_code in (403, 404)
        for path in (
            f"/school/{brin}/",
            f"/school/{brin}/formulieren/",
            f"/school/{brin}/formulieren/?care=open",
            f"/school/{brin}/kind/{number}/",
        ):
            page = text(client, path)
            assert "Care duty" not in page and "geheim woord" not in page, path
        every = client.get(f"/school/{brin}/formulieren/?export=csv")
        tried = client.get(f"/school/{brin}/formulieren/?export=csv&care=no")
        rows = [b"".join(answer.streaming_content) for answer in (every, tried)]
        assert rows[0] == rows[1] and b"duty" not in rows[0]
    # Reading is not deciding: who is named for care cannot review.
    assert named.post(f"/programma/zorg/{number}/", {"action": "not_needed", "note": "x"}).status_code == 403


def test_the_start_page_names_what_care_asks_of_the_school_and_not_to_the_desk(seats: SchoolRound):
    child_in_care(seats)
    child_in_care(seats, S.DUTY_YES)
    CareDay.objects.create(school_round=seats, day=date(2024, 1, 9))
    start = f"/school/{seats.programme.school.brin}/"
    page = text(logged_in(school_user(seats.programme.school)), start)
    for words in (
        "1 care wish without an appointment",
        "1 care letter to write",
        "1 day for meetings to check",
    ):
        assert words in page
    blind = text(logged_in(region_user(seats.programme.school.region, Role.SCHOOL_DESK)), start)
    assert "care" not in blind.split("<main")[1].replace("Care and checks", "").lower()


def test_a_school_that_draws_itself_reads_that_its_draw_is_not_finished(seats: SchoolRound):
    client, start = logged_in(school_user(seats.programme.school)), f"/school/{seats.programme.school.brin}/"
    assert "Your own draw is not finished" not in text(client, start)
    SchoolRound.objects.filter(pk=seats.pk).update(draw_mode="manual")
    assert "Your own draw is not finished" in text(client, start)
    SchoolRound.objects.filter(pk=seats.pk).update(is_ready=True)
    assert "Your own draw is not finished" not in text(client, start)


def test_a_care_duty_goes_along_to_the_school_that_placed_the_child_and_leaves_the_first(seats: SchoolRound):
    """Q-46."""
    first = PlacementFactory(
        application=child_in_care(seats, S.DUTY_YES).application,
        state=PlacementState.SUPERSEDED,
        offered_on=date(2024, 1, 18),
        respond_by=date(2024, 2, 15),
    )
    child = first.application
    Application.objects.filter(pk=child.pk).update(decision=Decision.ADMITTED)
    vovp = RoundFactory(year=seats.round.year, code="VOVP1")
    there = SchoolRoundFactory(round=vovp, ceiling=None)
    PlacementFactory(
        application=child,
        school_round=there,
        preference_rank=2,
        supersedes=first,
        state=PlacementState.OFFERED,
        respond_by=date(2024, 6, 27),
    )
    vovp.state = RoundState.OFFERS
    vovp.save()
    seats.round.state = RoundState.OFFERS
    seats.round.save()
    seats.round.year.clock_at = local_moment(date(2024, 6, 1))
    seats.round.year.save()
    new_school, old_school = there.programme.school, seats.programme.school
    page = text(
        logged_in(school_user(new_school)), f"/school/{new_school.brin}/kind/{child.registration_number}/"
    )
    assert "This child has care duty" in page
    old = logged_in(school_user(old_school))
    assert "Care duty" not in text(old, f"/school/{old_school.brin}/kind/{child.registration_number}/")
    assert old.get(f"/school/{old_school.brin}/zorg/{child.registration_number}/").status_code == 404


def test_a_school_that_moves_children_up_in_january_is_warned_about_a_late_child_of_the_last_quarter(
    seats: SchoolRound,
):
    """DH-018: a warning on forms after the first round, for that school only; nobody is stopped."""
    later = SchoolRoundFactory(
        round=RoundFactory(year=seats.round.year, code="ALM2"), programme=seats.programme
    )
    in_first = ApplicationFactory(first_choice=seats, form__state=FormState.LOCKED)
    in_second = ApplicationFactory(first_choice=later, form__state=FormState.LOCKED)
    school = seats.programme.school
    client = logged_in(school_user(school))

    def warned(application: Application) -> bool:
        page = text(client, f"/school/{school.brin}/kind/{application.registration_number}/")
        return "Children move up on 1 January" in page

    assert [warned(in_first), warned(in_second)] == [False, False]
    school.transition_on = "01-01"
    school.save()
    assert [warned(in_first), warned(in_second)] == [False, True]


def test_a_meeting_after_the_freeze_is_refused_beside_its_field(seats: SchoolRound):
    """DH-173: the draw is on 11 January, its lists are frozen the day before."""
    case = child_in_care(seats)
    client = logged_in(school_user(seats.programme.school))
    late = client.post(page_of(case), {"action": "plan", "on": "2024-01-10", "note": "met de adviseur"})
    assert late.status_code == 409
    form = late.context["error_form"]
    assert list(form.errors) == ["on"] and "9 January 2024" in form.errors["on"][0]
    assert "met de adviseur" in late.content.decode()
    assert client.post(page_of(case), {"action": "plan", "on": "2024-01-09", "note": ""}).status_code == 302


def test_the_list_names_the_next_step_of_every_child(seats: SchoolRound):
    cases = {state: child_in_care(seats, state) for state in S.values if state != S.CARE_CLOSED}
    CareCase.objects.exclude(pk=cases[S.REQUESTED].pk).update(
        appointment_made_at=seats.round.year.clock_at, manager_told_at=seats.round.year.clock_at
    )
    client = logged_in(school_user(seats.programme.school))
    rows = client.get(f"/school/{seats.programme.school.brin}/zorg/").context["table"].rows
    steps = {row.record.care_case.state: row.get_cell_value("todo") for row in rows}
    assert steps == {
        S.REQUESTED: "make an appointment, tell the programme manager, plan the meeting",
        S.SIGNALLED: "plan the meeting",
        S.MEETING_PLANNED: "hold the meeting",
        S.MEETING_HELD: "record the outcome",
        S.DUTY_YES: "write the letter",
        S.DUTY_NO: "",
        S.LETTER_DRAFT: "change the letter",
        S.LETTER_REVIEWED: "",
        S.LETTER_SENT: "",
    }


def test_a_cancelled_or_withdrawn_child_keeps_no_care_task_open(seats: SchoolRound):
    """Nothing is left to find out: not in the list, not on the start page, and the draw does not wait."""
    for decision in (Decision.VOID, Decision.WITHDRAWN):
        case = child_in_care(seats)
        Application.objects.filter(pk=case.application_id).update(decision=decision)
    brin = seats.programme.school.brin
    client = logged_in(school_user(seats.programme.school))
    assert len(client.get(f"/school/{brin}/zorg/").context["table"].rows) == 0
    tasks = [task.title for task, _tone in client.get(f"/school/{brin}/").context["day"].tasks]
    assert [title for title in tasks if "care" in title] == [] and unsettled_care(seats.round) == []
    assert client.get(page_of(case)).status_code == 404
    child = f"/school/{brin}/kind/{case.application.registration_number}/"
    assert f'href="{page_of(case)}"' not in text(client, child)
