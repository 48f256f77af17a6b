"""Cases of the office: opened once by what happened, worked on, and settled only by the action of their kind."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from admissions.case_enums import CASE_ENDS, CaseEnd, CaseState
from admissions.enums import CareState, CaseKind, Decision, FormState, PlacementState
from admissions.models import Application, Case, CaseEntry, Placement
from admissions.services.care.care_letters import review_letter, write_letter
from admissions.services.care.care_route import move_care, record_signal
from admissions.services.cases.actions import settle_by_new_order
from admissions.services.cases.opening import Opening, open_case
from admissions.services.cases.settling import settle_cases
from admissions.services.cases.working import take_case
from admissions.services.forms.closing import lock_forms
from admissions.services.forms.corrections import report_wrong_birth_date, void_application
from admissions.services.letters.watching import tell_overdue_of, tell_unsent_of
from admissions.services.replies.answers import record_enrolments, withdraw
from admissions.services.replies.moves import decide_move, request_move, see_proof
from admissions.services.replies.withdrawal_reasons import Reason
from notifications.enums import MessageState
from notifications.models import Message
from schools.clock import now
from schools.enums import DrawMode, Role, RoundState
from schools.models import Event, SchoolRound, User, local_moment
from tests.admissions.office import logged_in, text
from tests.factories.admissions import ApplicationFactory, CaseFactory, PlacementFactory
from tests.factories.notifications import MessageFactory
from tests.factories.schools import RegionFactory, RoundFactory, SchoolRoundFactory, region_user, school_user

pytestmark = pytest.mark.django_db
THURSDAY = date(2024, 1, 25)  # three working days later it is Tuesday 30 January


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def seats() -> SchoolRound:
    """The letters of ALM1 are out; school A draws by hand."""
    seats = SchoolRoundFactory(
        round__code="ALM1", round__offers_on=date(2024, 1, 18), draw_mode=DrawMode.MANUAL, ceiling=5
    )
    at(seats, THURSDAY, RoundState.OFFERS)
    return seats


def at(seats: SchoolRound, day: date, state: str) -> None:
    seats.round.state = state
    seats.round.save()
    seats.round.year.clock_at = local_moment(day)
    seats.round.year.save()


@pytest.fixture
def manager(seats: SchoolRound) -> User:
    return region_user(seats.programme.school.region)


def child(seats: SchoolRound, **fields: Any) -> Application:
    return ApplicationFactory(first_choice=seats, **{"form__state": FormState.LOCKED, **fields})


def offered(seats: SchoolRound, **fields: Any) -> Placement:
    seat = PlacementFactory(
        application=child(seats, decision=Decision.ADMITTED),
        state=PlacementState.OFFERED,
        offered_on=date(2023, 12, 18),
        respond_by=date(2024, 1, 15),
        **fields,
    )
    return seat


def only() -> Case:
    return Case.objects.get()


def ended(case: Case) -> tuple[str, str]:
    case.refresh_from_db()
    return case.state, case.closed_through


# --- opened once, by what happened ---------------------------------------------------------------------------------


def test_a_wrong_birth_date_is_one_case_with_its_day_however_often_it_is_reported(seats: SchoolRound):
    """DH-058, DH-192: the second report stands in the history, and the office is mailed once."""
    application, school = child(seats), school_user(seats.programme.school)
    first = report_wrong_birth_date(application, note="Paspoort: 6 oktober", actor=school)
    again = report_wrong_birth_date(application, note="Echt 6 oktober", actor=school)
    assert first.pk == again.pk and (first.state, first.due_on) == (CaseState.OPEN, date(2024, 1, 30))
    assert list(first.entries.values_list("step", "text")) == [("opened", ""), ("again", "Echt 6 oktober")]
    assert Message.objects.filter(kind="M03").count() == 1


def test_forms_that_were_not_final_are_cases_due_before_the_freeze(seats: SchoolRound):
    """DH-059, Q-31"""
    seats.round.school_draws_on = date(2024, 1, 29)
    at(seats, THURSDAY, RoundState.PROCESSING)
    ApplicationFactory(first_choice=seats, form__state=FormState.DRAFT, decision=Decision.PENDING)
    ApplicationFactory(first_choice=seats, form__state=FormState.RELEASED)
    lock_forms(seats.round, actor=None)
    found = Case.objects.order_by("note").values_list("kind", "note", "due_on")
    assert list(found) == [
        ("not_final", "draft", date(2024, 1, 27)),
        ("not_final", "released", date(2024, 1, 27)),
    ]


def test_a_signal_and_a_care_letter_are_cases_until_they_have_an_outcome(seats: SchoolRound, manager: User):
    """DH-174, DH-176: what the school wrote about the child stays in the care route."""
    at(seats, THURSDAY, RoundState.LOCKED)
    case = record_signal(child(seats), note="Praat nog niet", actor=manager)
    signal = only()
    assert (signal.kind, signal.note) == (CaseKind.SIGNAL, "")
    move_care(case.pk, CareState.MEETING_PLANNED, actor=manager, on=date(2024, 1, 9))
    move_care(case.pk, CareState.MEETING_HELD, actor=manager)
    assert ended(signal) == (CaseState.OPEN, "")
    move_care(case.pk, CareState.DUTY_YES, actor=manager, on=THURSDAY)
    assert ended(signal) == (CaseState.CLOSED, CaseEnd.CARE_OUTCOME)
    for _twice in range(2):
        write_letter(case.pk, body="Beste ouders", actor=manager)
    letter = Case.objects.get(kind=CaseKind.CARE_LETTER)
    review_letter(case.pk, approved=False, remarks="Te kort", actor=manager)
    assert ended(letter) == (CaseState.CLOSED, CaseEnd.LETTER_BACK)
    write_letter(case.pk, body="Beste ouders, welkom", actor=manager)
    review_letter(case.pk, approved=True, remarks="", actor=manager)
    assert list(Case.objects.filter(kind=CaseKind.CARE_LETTER).values_list("closed_through", flat=True)) == [
        CaseEnd.LETTER_BACK,
        CaseEnd.LETTER_READ,
    ]


@pytest.mark.parametrize("is_outside", [True, False])
def test_a_move_request_ends_by_its_decision_and_the_withdrawal_by_what_it_means(
    seats: SchoolRound, manager: User, is_outside: bool
):
    """AE-22, DH-125, DH-126, DH-128"""
    seat = offered(seats)
    request = request_move(seat.application, note="Nieuw adres", actor=manager)
    move = only()
    assert (move.kind, move.note) == (CaseKind.MOVE, "Nieuw adres")
    see_proof(request.pk, actor=manager)
    assert ended(move) == (CaseState.OPEN, "")
    decide_move(request.pk, outside_catchment=is_outside, note="Zo is het", actor=manager)
    assert ended(move) == (CaseState.CLOSED, CaseEnd.MOVE_ALLOWED if is_outside else CaseEnd.MOVE_REFUSED)
    withdraw(seat.application_id, reason=Reason("moved_inside", "", True), on=THURSDAY, actor=manager)
    reported = Case.objects.get(kind=CaseKind.WITHDRAWAL)
    page = logged_in(manager)
    wrong, right = ("no", "yes") if is_outside else ("yes", "no")
    typed = {"action": "judge", "reason": "Volgens het verhuisverzoek"}
    assert page.post(f"/programma/zaken/{reported.pk}/", typed | {"outcome": wrong}).status_code == 409
    assert ended(reported) == (CaseState.OPEN, "")
    assert page.post(f"/programma/zaken/{reported.pk}/", typed | {"outcome": right}).status_code == 302
    assert ended(reported) == (CaseState.CLOSED, CaseEnd.MAY_AGAIN if is_outside else CaseEnd.STAYS_OUT)


def test_an_offer_without_reply_is_a_case_until_the_school_records_the_answer(seats: SchoolRound):
    """DH-129, M18: the place stays reserved; watching again changes nothing."""
    one, two = offered(seats), offered(seats)
    year, rounds = seats.round.year, [seats.round]
    for _run in range(2):
        tell_overdue_of(year, rounds, now(year))
    assert list(Case.objects.values_list("kind", "application")) == [
        (CaseKind.OVERDUE, one.application_id),
        (CaseKind.OVERDUE, two.application_id),
    ]
    record_enrolments([one.pk], year=year, on=THURSDAY, actor=None)
    withdraw(two.application_id, reason=Reason("no_reply"), on=THURSDAY, actor=None)
    assert list(Case.objects.values_list("closed_through", flat=True)) == [
        CaseEnd.ENROLLED,
        CaseEnd.WITHDRAWN,
    ]
    tell_overdue_of(year, rounds, now(year))
    assert not Case.objects.filter(closed_at=None).exists()


def test_letters_that_did_not_leave_are_a_case_of_the_school_until_they_do(seats: SchoolRound):
    """DH-116"""
    school = seats.programme.school
    message = MessageFactory(round=seats.round, kind="M04", school=school, state=MessageState.HELD)
    for _run in range(2):
        tell_unsent_of(seats.round, now(seats.round.year))
    case = only()
    assert (case.kind, case.school_round) == (CaseKind.UNSENT, seats)
    Message.objects.filter(pk=message.pk).update(state=MessageState.CANCELLED)
    tell_unsent_of(seats.round, now(seats.round.year))
    assert ended(case) == (CaseState.CLOSED, CaseEnd.SENT)


# --- settled only by their action ----------------------------------------------------------------------------------


def post(client: Client, case: Case, action: str, **typed: Any) -> int:
    return client.post(f"/programma/zaken/{case.pk}/", {"action": action, **typed}).status_code


def test_there_is_no_bare_close_and_bad_input_loses_nothing(seats: SchoolRound, manager: User):
    case, client = CaseFactory(application=child(seats)), logged_in(manager)
    assert post(client, case, "close") == 302  # a sentence, and nothing else
    assert post(client, case, "different", reason="Twee kinderen, echt waar") == 302  # of another kind
    answer = client.post(
        f"/programma/zaken/{case.pk}/", {"action": "correct", "born": "x", "evidence": "Paspoort"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422 and "This is not a day" in page and "Paspoort" in page
    bsn = client.post(
        f"/programma/zaken/{case.pk}/", {"action": "date_right", "reason": "bsn 111222333 gezien"}
    )
    assert bsn.status_code == 422 and "citizen service number" in bsn.content.decode()
    assert ended(case) == (CaseState.OPEN, "")


def test_a_birth_date_is_corrected_confirmed_or_struck(seats: SchoolRound, manager: User):
    """DH-058; a second press is a sentence."""
    client = logged_in(manager)
    right, struck = CaseFactory(application=child(seats)), CaseFactory(application=child(seats))
    wrong = CaseFactory(application=child(seats))
    assert post(client, right, "date_right", reason="Geboorteakte gezien") == 302
    assert ended(right) == (CaseState.CLOSED, CaseEnd.DATE_RIGHT)
    assert post(client, struck, "void", reason="Niet van deze school") == 302
    assert ended(struck) == (CaseState.CLOSED, CaseEnd.VOIDED)
    struck.application.refresh_from_db()
    assert struck.application.decision == Decision.VOID
    born = wrong.application.child.date_of_birth
    day = born.replace(day=2 if born.day == 1 else 1)
    assert post(client, wrong, "correct", born=day.isoformat(), evidence="Paspoort gezien") == 302
    assert wrong.application.child.__class__.objects.get(pk=wrong.application.child_id).date_of_birth == day
    assert ended(wrong)[0] == CaseState.CLOSED
    for case, action in ((right, "date_right"), (wrong, "correct"), (struck, "void")):
        assert (
            post(client, case, action, reason="Nog een keer gedaan", born="2020-01-01", evidence="x") == 302
        )
    assert Case.objects.filter(state=CaseState.CLOSED).count() == 3
    assert Event.objects.filter(kind="case_closed").count() == 3


def duplicate(*pair: Application) -> Case:
    about = "/".join(sorted(one.registration_number for one in pair))
    return open_case(
        pair[0].year, Opening(CaseKind.DUPLICATE, about, note=about, application=pair[0]), actor=None
    )


def test_of_two_applications_one_is_struck_or_they_are_two_children(seats: SchoolRound, manager: User):
    """Q-08"""
    client = logged_in(manager)
    one, two, stranger = child(seats), child(seats), child(seats)
    case = duplicate(one, two)
    for number in (one, two):
        assert "Child looks applied twice" in text(
            client, f"/programma/kinderen/{number.registration_number}/"
        )
    wrong = post(client, case, "void_one", number=stranger.registration_number, reason="Dubbel ingevoerd")
    assert wrong == 422
    assert post(client, case, "void_one", number=two.registration_number, reason="Dubbel ingevoerd") == 302
    assert ended(case) == (CaseState.CLOSED, CaseEnd.VOIDED)
    decisions = Application.objects.order_by("pk").values_list("decision", flat=True)
    assert list(decisions) == [Decision.UNDECIDED, Decision.VOID, Decision.UNDECIDED]
    other = duplicate(one, stranger)
    assert post(client, other, "different", reason="Twee neefjes met één naam") == 302
    assert ended(other) == (CaseState.CLOSED, CaseEnd.DIFFERENT)


def test_of_three_alike_the_question_stays_until_one_is_left(seats: SchoolRound, manager: User):
    """Q-08"""
    one, two, three = child(seats), child(seats), child(seats)
    case = duplicate(one, two, three)
    void_application(three.pk, reason="dubbel", actor=manager)
    assert ended(case) == (CaseState.OPEN, "")
    void_application(two.pk, reason="dubbel", actor=manager)
    assert ended(case) == (CaseState.CLOSED, CaseEnd.VOIDED)


def test_a_form_that_fell_back_and_a_form_that_came_too_late(seats: SchoolRound, manager: User):
    """DH-059, Q-14, Q-31: after the draw only the next period, or a draw of its own by two people."""
    RoundFactory(year=seats.round.year, code="ALM2")
    fell_back = CaseFactory(application=child(seats), kind=CaseKind.NOT_FINAL, note="released")
    forgotten = CaseFactory(
        application=child(seats, form__state=FormState.EXPIRED, decision=Decision.PENDING),
        kind=CaseKind.NOT_FINAL,
        note="draft",
    )
    client = logged_in(manager)
    assert post(client, fell_back, "next_round", reason="Hoort hier niet bij") == 302
    assert ended(fell_back) == (CaseState.OPEN, "")
    assert post(client, fell_back, "last_version", reason="De school weet het") == 302
    assert ended(fell_back) == (CaseState.CLOSED, CaseEnd.LAST_VERSION)
    page = text(client, f"/programma/zaken/{forgotten.pk}/")
    assert "/herstel/vergeten-kind/" in page and "Make the form final" not in page
    assert post(client, forgotten, "next_round", reason="Geen bewijs van ontvangst") == 302
    assert ended(forgotten) == (CaseState.CLOSED, CaseEnd.NEXT_ROUND)


def test_a_forgotten_form_is_made_final_before_the_draw_with_proof(seats: SchoolRound, manager: User):
    """Q-31: without proof or with a form that is not complete nothing changes."""
    at(seats, THURSDAY, RoundState.LOCKED)
    case = CaseFactory(
        application=child(seats, form__state=FormState.EXPIRED, decision=Decision.PENDING),
        kind=CaseKind.NOT_FINAL,
        note="draft",
    )
    client = logged_in(manager)
    assert post(client, case, "make_final", proof="", is_checked="on") == 422
    assert post(client, case, "make_final", proof="Mail van 20 december") == 422
    # The list of this child has too few schools: the reasons stand on the page, and the form is as it was.
    assert post(client, case, "make_final", proof="Mail van 20 december", is_checked="on") == 409
    assert ended(case) == (CaseState.OPEN, "")
    assert Application.objects.get().form.state == FormState.EXPIRED


def test_a_disputed_draw_by_hand_ends_when_the_order_was_shown(seats: SchoolRound, manager: User):
    """Q-32, DH-077: once per school and period, the recording first, and the school itself is no way to close it."""
    digital = SchoolRoundFactory(
        round=seats.round, programme__school__region=seats.programme.school.region, draw_mode=DrawMode.DIGITAL
    )
    client = logged_in(manager)
    typed = {"seat": seats.pk, "note": "Ouders zagen de loting niet"}
    assert client.post("/programma/zaken/betwisting/", typed | {"seat": digital.pk}).status_code == 422
    assert client.post("/programma/zaken/betwisting/", typed | {"note": "Kort"}).status_code == 409
    for _twice in range(2):
        assert client.post("/programma/zaken/betwisting/", typed).status_code == 302
    case = only()
    assert (case.kind, case.school_round) == (CaseKind.DISPUTE, seats)
    assert post(client, case, "recording", text="Gevraagd aan de directeur") == 302
    assert post(client, case, "stands", reason="Kort") == 409
    assert ended(case) == (CaseState.OPEN, "")
    assert post(client, case, "stands", reason="De opname laat de volgorde zien") == 302
    assert ended(case) == (CaseState.CLOSED, CaseEnd.STANDS)


def test_a_new_draw_settles_everything_that_was_disputed_there(seats: SchoolRound, manager: User):
    """Q-32"""
    about = f"{seats.programme.code}/ALM1"
    dispute = Opening(CaseKind.DISPUTE, about, note="Volgorde niet te zien", school_round=seats)
    open_case(seats.round.year, dispute, actor=manager)
    CaseFactory(application=child(seats), kind=CaseKind.MANUAL_DECISION, school_round=seats)
    assert settle_by_new_order(seats, reason="De volgorde is niet te tonen", actor=manager) == 2
    assert set(Case.objects.values_list("closed_through", flat=True)) == {CaseEnd.NEW_ORDER}


# --- what the database keeps ---------------------------------------------------------------------------------------


def refused(act: Any) -> bool:
    try:
        with transaction.atomic():
            act()
    except IntegrityError:
        return True
    return False


def test_the_database_keeps_the_life_of_a_case(seats: SchoolRound, manager: User):
    case = CaseFactory(application=child(seats))
    rows = Case.objects.filter(pk=case.pk)
    moment = now(seats.round.year)
    closed = {"state": CaseState.CLOSED, "closed_at": moment}
    assert refused(lambda: CaseFactory(application=case.application))  # the same question twice
    assert refused(lambda: rows.update(**closed))  # closed without an end
    for end in set(CaseEnd.values) - set(CASE_ENDS[CaseKind.BIRTH_DATE]):
        assert refused(lambda end=end: rows.update(**closed, closed_through=end)), end
    assert refused(lambda: rows.update(state=CaseState.TAKEN))  # by nobody
    assert refused(lambda: rows.update(note="Iets anders"))
    assert refused(lambda: rows.delete())
    take_case(case.pk, actor=manager)
    assert refused(lambda: rows.update(state=CaseState.OPEN, owner=None))
    settle_cases(case.year, rows, CaseEnd.DATE_RIGHT, actor=manager, resolution="Klopt")
    assert refused(lambda: rows.update(resolution="Toch niet"))
    entries = CaseEntry.objects.filter(case=case)
    assert entries.count() == 2
    assert refused(lambda: entries.update(text="Anders")) and refused(lambda: entries.delete())
    with pytest.raises(ValueError, match="does not end"):
        settle_cases(
            case.year,
            Case.objects.filter(pk=CaseFactory(application=child(seats)).pk),
            CaseEnd.SENT,
            actor=None,
        )


# --- who works on it -----------------------------------------------------------------------------------------------


def test_taking_handing_over_and_notes(seats: SchoolRound, manager: User):
    """Pressing twice is once; a colleague's case is not taken away; the office may work and not settle."""
    region = seats.programme.school.region
    office = region_user(region, Role.CENTRAL_OFFICE)
    case = CaseFactory(application=child(seats))
    boss, clerk = logged_in(manager), logged_in(office)
    for _twice in range(2):
        assert post(clerk, case, "take") == 302
    assert post(boss, case, "take") == 302
    case.refresh_from_db()
    assert (case.owner, case.entries.filter(step="taken").count()) == (office, 1)
    assert post(clerk, case, "note", text=" ") == 422
    assert post(clerk, case, "note", text="Gebeld met de school") == 302
    assert post(clerk, case, "date_right", reason="Geboorteakte gezien") == 403
    stranger = school_user(seats.programme.school)
    assert post(clerk, case, "hand_over", owner=stranger.pk) == 422
    assert post(clerk, case, "hand_over", owner=manager.pk, note="Jij kent het gezin") == 302
    case.refresh_from_db()
    assert case.owner == manager and case.state == CaseState.TAKEN
    history = text(boss, f"/programma/zaken/{case.pk}/")
    assert "Gebeld met de school" in history and "Jij kent het gezin" in history
    assert "The programme manager settles this" in text(clerk, f"/programma/zaken/{case.pk}/")


def test_care_is_a_case_only_for_those_who_may_see_it(seats: SchoolRound, manager: User):
    """DH-180: neither in the list, nor counted, nor by its address, nor handed over to them."""
    region = seats.programme.school.region
    office = region_user(region, Role.CENTRAL_OFFICE)
    named = region_user(region, Role.CENTRAL_OFFICE, may_see_care=True)
    case = CaseFactory(application=child(seats), kind=CaseKind.SIGNAL, note="")
    number = case.application.registration_number
    clerk = logged_in(office)
    assert clerk.get(f"/programma/zaken/{case.pk}/").status_code == 404
    assert "Signs of a support need" not in text(clerk, f"/programma/kinderen/{number}/")
    assert len(clerk.get("/programma/zaken/?tab=open").context["table"].page.object_list) == 0
    assert "/programma/zorg/" in text(logged_in(manager), f"/programma/zaken/{case.pk}/")
    assert post(logged_in(manager), case, "hand_over", owner=office.pk) == 422
    assert post(logged_in(manager), case, "hand_over", owner=named.pk) == 302


def test_a_case_of_another_region_or_for_another_role_is_not_there(seats: SchoolRound):
    case = CaseFactory(application=child(seats))
    region = seats.programme.school.region
    url = f"/programma/zaken/{case.pk}/"
    elsewhere = region_user(RegionFactory(slug="elders", name="Elders"))
    assert logged_in(elsewhere).get(url).status_code in (200, 404)
    assert logged_in(elsewhere).post(url, {"action": "take"}).status_code in (200, 404)
    assert logged_in(school_user(seats.programme.school)).get(url).status_code == 404
    assert logged_in(region_user(region, Role.NOTARY)).get(url).status_code == 404
    assert logged_in(region_user(region, Role.PARENT_DESK)).post(url, {"action": "take"}).status_code == 404
    assert ended(case) == (CaseState.OPEN, "")


def test_the_inbox_finds_by_owner_day_kind_and_words_in_a_fixed_number_of_queries(
    seats: SchoolRound, manager: User
):
    client = logged_in(manager)
    mine = take_case(CaseFactory(application=child(seats)).pk, actor=manager)
    late = CaseFactory(application=child(seats), due_on=date(2024, 1, 24))
    about = f"{seats.programme.code}/ALM1"
    dispute = Opening(CaseKind.DISPUTE, about, note="Volgorde niet te zien", school_round=seats)
    draw = open_case(seats.round.year, dispute, actor=manager)

    def found(query: str) -> set[int]:
        rows = client.get(f"/programma/zaken/?{query}").context["table"].page.object_list
        return {row.record.pk for row in rows}

    assert found("tab=mine") == {mine.pk} == found(f"owner={manager.pk}")
    assert found("tab=late") == {late.pk}
    assert found("tab=nobody") == {late.pk, draw.pk}
    assert found("kind=dispute") == {draw.pk} == found(f"q={about}")
    assert found(f"q={seats.programme.name}") == {mine.pk, late.pk, draw.pk}
    assert found("tab=closed&owner=nonsense&q=%00") <= {mine.pk, late.pk, draw.pk}
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/programma/zaken/")
    for _row in range(5):
        CaseFactory(application=child(seats))
    with CaptureQueriesContext(connection) as many:
        client.get("/programma/zaken/")
    assert len(many) == len(few) <= 20


# --- people who leave ----------------------------------------------------------------------------------------------


def test_who_leaves_hands_over_the_open_cases_first(seats: SchoolRound, manager: User):
    """Bad input of issue 6: without a colleague a sentence and nothing changes; care goes to who may see it."""
    region = seats.programme.school.region
    leaving = region_user(region, Role.CENTRAL_OFFICE, may_see_care=True)
    clerk = region_user(region, Role.CENTRAL_OFFICE)
    case = take_case(CaseFactory(application=child(seats)).pk, actor=leaving)
    care = CaseFactory(application=child(seats), kind=CaseKind.SIGNAL, note="")
    take_case(care.pk, actor=leaving)
    assert refused(lambda: User.objects.filter(pk=leaving.pk).update(is_active=False))
    client, url = logged_in(manager), f"/programma/mensen/{leaving.memberships.get().pk}/"
    assert "still works on 2 cases" in text(client, url)
    answer = client.post(url, {"do": "remove"})
    assert answer.status_code == 409 and "Choose who takes them over" in answer.content.decode()
    assert client.post(url, {"do": "remove", "successor": leaving.pk}).status_code == 422
    assert client.post(url, {"do": "remove", "successor": clerk.pk}).status_code == 409
    assert set(Case.objects.values_list("owner", flat=True)) == {leaving.pk}
    assert client.post(url, {"do": "remove", "successor": manager.pk}).status_code == 302
    assert set(Case.objects.values_list("owner", "state")) == {(manager.pk, CaseState.TAKEN)}
    leaving.refresh_from_db()
    assert not leaving.is_active and case.pk != care.pk
