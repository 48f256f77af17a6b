"""Typing a form in: kept as typed, judged beside the fields, made final once (den-haag.md 4.1, DH-030 to DH-060)."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from admissions.enums import CaseKind, ClaimState, Decision, FormState
from admissions.models import Application, ApplicationForm, Case, Child, FormEntry, Guardian
from admissions.services.draws.freezing import freeze_alm
from admissions.services.forms.closing import keep_every_round, lock_forms
from admissions.services.forms.entries import differences
from admissions.services.forms.intake import intake_for
from admissions.services.forms.live_checks import judge
from admissions.services.forms.typed_values import clean_typed, parse_day
from notifications.models import Message
from schools.clock import database_now
from schools.enums import Role, RoundState
from schools.models import AdmissionYear, Event, Round, School
from tests.admissions.entry_pages import Desk, make_desk
from tests.factories.admissions import ApplicationFactory, ChildFactory
from tests.factories.schools import region_user, school_user

pytestmark = pytest.mark.django_db
BSN = "111222333"  # passes the check and belongs to nobody


@pytest.fixture
def desk() -> Desk:
    return make_desk()


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def lines(desk: Desk, **changes: str) -> dict[str, list[tuple[str, str]]]:
    """What stands beside every field while this is typed."""
    typed = {name: value for name, value in desk.typed(**changes).items() if value}
    typed, left_out = clean_typed(typed)
    judged = judge(typed, school_round=desk.seats, intake=intake_for(desk.seats.round), left_out=left_out)
    return {
        name: [(line.kind, line.text) for line in found]
        for name, found in judged.lines(live=True, typed=set(typed)).items()
    }


# --- what people type ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "4-3-21",
        "04-03-2021",
        "4/3/21",
        "4 3 21",
        "040321",
        "04032021",
        "4 mrt 21",
        "4 maart 2021",
        "2021-03-04",
    ],
)
def test_a_date_is_read_as_people_write_it(text: str):
    assert parse_day(text) == date(2021, 3, 4)


@pytest.mark.parametrize(
    "text", ["", "31-2-21", "4-13-21", "4-3", "morgen", "2021-W05-1", "99999999", "0-0-00"]
)
def test_what_is_no_date_is_none(text: str):
    assert parse_day(text) is None


def test_schools_are_found_by_part_of_name_or_brin_and_close_up(desk: Desk):
    key = uuid.uuid4()
    desk.post(key, desk.typed(preference_2="", preference_6="wilg"))
    draft = desk.entry(key).form.draft
    code = [row.programme.code for row in desk.others]
    assert [draft[f"preference_{rank}"] for rank in range(1, 7)] == [
        desk.school.brin, code[1], code[2], code[3], code[4], "",
    ]  # fmt: skip


def test_a_part_of_a_name_that_two_schools_have_asks_which(desk: Desk):
    answer = desk.post(uuid.uuid4(), desk.typed(preference_2="jong"))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "2 schools have “jong” in their name. Choose one." in page
    assert 'name="keuze_preference_2"' in page
    key = uuid.uuid4()
    desk.post(
        key,
        desk.typed(preference_2="jong", keuze_preference_2="De Wilg (" + desk.others[4].programme.code + ")"),
    )
    assert desk.entry(key).form.draft["preference_2"] == desk.others[4].programme.code


# --- checks beside the field -----------------------------------------------------------------------------------------


def test_checks_say_what_is_known_in_plain_words(desk: Desk):
    """DH-030 to DH-043, Q-17"""
    said = lines(desk)
    assert said["date_of_birth"] == [("ok", "Fits this year. 3 years old on 4 December 2023.")]
    assert said["postcode"] == [("info", "This address lies outside the area of the school.")]
    assert said["preference_2"] == [("ok", "Number 2, with a ceiling.")]
    assert [kind for found in said.values() for kind, _text in found if kind == "error"] == []


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"date_of_birth": "30-9-20"}, "date_of_birth", "This child belongs to another year"),
        ({"date_of_birth": "20-12-20"}, "received_on", "The child was not yet 3 on the day the form came in"),
        ({"received_on": "1-9-23"}, "received_on", "not yet 3"),
        ({"date_of_birth": "31-2-21"}, "date_of_birth", "Write it as day-month-year, like 4-3-21."),
        ({"postcode": "2548"}, "postcode", "This is not a Dutch postcode"),
        ({"email": "h.celik@"}, "email", "This is not an e-mail address"),
        ({"email": "h@example.org\nBcc: x@example.org"}, "email", "This is not an e-mail address"),
        ({"preference_3": "beuk"}, "preference_3", "already number 2"),
        ({"preference_2": "26ZZ99"}, "preference_2", "No school has “26ZZ99”"),
        ({"given_name": "=1+1"}, "given_name", "This is not a name"),
        ({"care_note": f"nummer {BSN}"}, "care_note", "looks like a BSN"),
        ({"care_note": "nummer 1112.22.333"}, "care_note", "looks like a BSN"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(desk: Desk, changes: dict[str, str], field: str, text: str):
    assert any(kind == "error" and text in line for kind, line in lines(desk, **changes)[field]), lines(
        desk, **changes
    )


def test_mistyped_mail_domain_is_a_question_and_no_refusal(desk: Desk):
    said = lines(desk, email="h.celik@gmial.com")
    assert said["email"] == [
        ("warn", "Do you mean h.celik@gmail.com? The confirmation goes to this address.")
    ]
    assert desk.post(uuid.uuid4(), desk.typed(email="h.celik@gmial.com"), "definitief").status_code == 302


def test_earlier_cohort_gets_a_note_only(desk: Desk):
    """DH-033: the third birthday lies in the quarter of ALM1, the form comes in ALM2."""
    round_ = desk.seats.round
    Round.objects.filter(pk=round_.pk).update(code="ALM2")
    round_.refresh_from_db()
    said = lines(desk)
    assert [kind for kind, _text in said["date_of_birth"]] == ["ok", "info"]
    assert "period 1" in said["date_of_birth"][1][1]


def test_child_of_the_first_quarter_is_warned_about_at_a_school_that_moves_up_in_january(desk: Desk):
    """DH-018: from period 2 on; not blocked."""
    School.objects.filter(pk=desk.school.pk).update(transition_on="01-01")
    desk.seats.programme.school.refresh_from_db()
    assert [kind for kind, _text in lines(desk)["date_of_birth"]] == ["ok"]
    desk.seats.round.code = "ALM2"
    desk.seats.round.save()
    assert "warn" in [kind for kind, _text in lines(desk)["date_of_birth"]]


def test_schools_below_an_uncapped_one_are_dead_and_that_is_said(desk: Desk):
    """Q-17: warned, not blocked."""
    said = lines(desk, preference_3="wilg")
    assert ("warn", said["preference_3"][0][1]) == said["preference_3"][0]
    assert "can therefore never count" in said["preference_3"][0][1]
    assert desk.post(uuid.uuid4(), desk.typed(preference_3="wilg"), "definitief").status_code == 302


# --- nothing typed is lost -------------------------------------------------------------------------------------------


def test_the_first_letter_is_kept_and_becomes_a_draft_with_name_and_dates(desk: Desk):
    key = uuid.uuid4()
    assert desk.keep(key, {"given_name": "I"}).status_code == 200
    assert (desk.entry(key).typed, desk.entry(key).form) == ({"given_name": "I"}, None)
    desk.keep(key, {"given_name": "Ilyas", "date_of_birth": "31-2-21"}, revision=1)
    assert desk.entry(key).typed["date_of_birth"] == "31-2-21"
    desk.keep(key, desk.typed(guardian_name=""), revision=2)
    entry = desk.entry(key)
    assert entry.form.state == FormState.DRAFT
    assert entry.form.application.child.full_name == "Ilyas Çelik"
    assert Application.objects.count() == 1
    # The page shows it again, also in another window.
    assert 'value="Voorbeeldstraat"' in desk.client.get(desk.url("entry", key)).content.decode()
    assert [event.kind for event in Event.objects.all()] == ["form_draft"]


def test_what_was_begun_stands_above_the_list_until_it_is_thrown_away(desk: Desk):
    key = uuid.uuid4()
    desk.keep(key, {"street": "Laan"})
    answer = desk.client.get(desk.url("application-list"))
    assert answer.status_code == 200
    assert desk.url("entry", key) in answer.content.decode()
    assert desk.client.post(desk.url("entry-discard", key)).status_code == 302
    assert desk.url("entry", key) not in desk.client.get(desk.url("application-list")).content.decode()
    drafted = uuid.uuid4()
    desk.keep(drafted, desk.typed())
    desk.client.post(desk.url("entry-discard", drafted))
    assert desk.entry(drafted).form.state == FormState.DRAFT  # a draft is cancelled with a reason


def test_a_draft_never_touches_the_known_child_of_another_school(desk: Desk):
    known = ChildFactory(
        region=desk.school.region,
        given_name="Ilyas",
        surname_prefix="",
        surname="Çelik",
        date_of_birth=date(2020, 12, 4),
    )
    ApplicationFactory(child=known, first_choice=desk.others[0], form__state=FormState.FINAL)
    desk.keep(uuid.uuid4(), desk.typed(given_name="ILYAS", surname="celik"))
    known.refresh_from_db()
    assert known.full_name == "Ilyas Çelik"


def test_a_bsn_is_never_stored_not_even_in_a_draft(desk: Desk):
    """DH-040"""
    key = uuid.uuid4()
    answer = desk.keep(key, desk.typed(care_note=f"BSN {BSN} graag", street=f"Laan {BSN}"))
    assert "looks like a BSN" in answer.content.decode()
    assert BSN not in str(desk.entry(key).typed) + str(desk.entry(key).form.draft)
    assert desk.entry(key).typed["care_note"] == "BSN  graag"


def test_two_people_in_one_form_compare_field_by_field(desk: Desk):
    key = uuid.uuid4()
    desk.keep(key, desk.typed())
    colleague = school_user(desk.school)
    other = Client()
    other.cookies["django_language"] = "en"
    other.force_login(colleague)
    # The colleague has the page of revision 1; meanwhile we save revision 2.
    desk.keep(key, desk.typed(surname="Celik", phone="070 1"), revision=1)
    answer = other.post(
        desk.url("entry-keep", key), desk.typed(street="Laan", surname="Çelik") | {"revision": "1"}
    )
    assert "data-conflict" in answer.content.decode()
    entry = desk.entry(key)
    assert (entry.typed["surname"], entry.revision) == ("Celik", 2)
    assert [(d.field, d.theirs, d.mine) for d in differences(entry, colleague)] == [
        ("surname", "Celik", "Çelik"),
        ("street", "Voorbeeldstraat", "Laan"),
        ("phone", "070 1", "06 0000 2644"),
    ]
    answer = other.post(
        desk.url("entry", key), desk.typed(street="Laan") | {"revision": "1", "actie": "definitief"}
    )
    assert answer.url == desk.url("entry-compare", key)
    page = other.get(answer.url).content.decode()
    assert desk.user.name in page
    assert "3 differences" in page
    other.post(
        answer.url, {"revision": "2", "kies_street": "mijn", "kies_surname": "hun", "kies_phone": "hun"}
    )
    entry = desk.entry(key)
    assert (entry.typed["surname"], entry.typed["street"], entry.typed["phone"]) == ("Celik", "Laan", "070 1")
    assert entry.aside == {}


def test_a_window_never_competes_with_itself(desk: Desk):
    """The answer of a save got lost: the next one comes with the old revision."""
    key = uuid.uuid4()
    desk.keep(key, desk.typed(), window="w1")
    desk.keep(key, desk.typed(street="Laan"), window="w1")
    assert (desk.entry(key).typed["street"], desk.entry(key).aside) == ("Laan", {})


def test_unstorable_signs_and_very_long_names_are_refused_in_words(desk: Desk):
    key = uuid.uuid4()
    answer = desk.post(key, desk.typed(given_name="x" * 10_000), "definitief")
    assert answer.status_code == 422
    assert "at most 100 characters" in answer.content.decode()
    assert len(desk.entry(key).typed["given_name"]) == 10_000
    answer = desk.post(
        uuid.uuid4(),
        desk.typed(
            given_name="No\0or\u202e \ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        ),
        "definitief",
    )
    assert answer.status_code == 302
    assert Child.objects.filter(given_name__startswith="Noor").exists()


@pytest.mark.parametrize("name", ["نور", "Noor 🌸", "Éloïse-Anne", "O'Brien", "İpek"])
def test_names_of_the_world_are_names(desk: Desk, name: str):
    assert desk.post(uuid.uuid4(), desk.typed(given_name=name), "definitief").status_code == 302
    assert Application.objects.get().child.given_name == name


# --- final -----------------------------------------------------------------------------------------------------------


def test_a_whole_form_becomes_final_in_one_go(desk: Desk):
    """DH-041, DH-045, DH-051"""
    key = uuid.uuid4()
    answer = desk.post(
        key,
        desk.typed(
            claim_sibling="1", evidence_sibling="Aya Çelik, groep 4", checked_sibling="1",
            claim_preschool="1", evidence_preschool="De Rups", guardian2_name="A. Bos", guardian2_email="a@example.org",
            care_request="1", care_note="Logopedie", check_5="1", channel="email",
        ),
        "definitief",
    )  # fmt: skip
    assert answer.url == desk.url("entry-start")
    form = desk.entry(key).form
    assert (form.state, form.checklist, form.checked_by, form.checked_at) == (
        FormState.FINAL, [1, 2, 3, 4, 5, 6, 7], desk.user, desk.seats.round.year.clock_at,
    )  # fmt: skip
    assert (form.channel, form.care_note, form.postcode) == ("email", "Logopedie", "2548BR")
    claims = {claim.kind: (claim.state, claim.evidence) for claim in form.application.claims.all()}
    assert claims == {
        "sibling": (ClaimState.CONFIRMED, "Aya Çelik, groep 4"),
        "preschool": (ClaimState.CLAIMED, "De Rups"),
    }
    assert list(Guardian.objects.order_by("position").values_list("name", "email")) == [
        ("H. Çelik", "h.celik@example.org"),
        ("A. Bos", "a@example.org"),
    ]
    message = Message.objects.get(kind="M01", case_key__endswith="/v1")
    assert [line["result"] for line in message.merge["priority"]]
    assert form.application.decision == Decision.UNDECIDED


def test_what_is_missing_is_summed_up_above_and_kept(desk: Desk):
    key = uuid.uuid4()
    answer = desk.post(key, desk.typed(email="", preference_5="", check_7="", care_request=""), "definitief")
    page = answer.content.decode()
    assert answer.status_code == 422
    for target in ("#email", "#preference_5", "#check_7", "#care_request_0"):
        assert f'href="{target}"' in page
    assert desk.entry(key).form.state == FormState.DRAFT
    assert Message.objects.count() == 0


def test_short_list_is_enough_with_a_brother_or_sister_and_evidence(desk: Desk):
    """DH-042, AE-10"""
    short = {"preference_4": "", "preference_5": ""}
    answer = desk.post(uuid.uuid4(), desk.typed(**short), "definitief")
    assert "choose at least 5" in answer.content.decode()
    answer = desk.post(uuid.uuid4(), desk.typed(given_name="B", claim_sibling="1", **short), "definitief")
    assert "Fill in what the parents wrote" in answer.content.decode()
    answer = desk.post(
        uuid.uuid4(),
        desk.typed(given_name="C", claim_sibling="1", evidence_sibling="Aya", **short),
        "definitief",
    )
    assert answer.status_code == 302


def test_a_second_click_makes_no_second_form(desk: Desk):
    key = uuid.uuid4()
    answers = [desk.post(key, desk.typed(), "definitief") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert (Application.objects.count(), Message.objects.filter(kind="M01").count()) == (1, 1)


def test_second_application_of_a_child_is_refused_without_the_other_school(desk: Desk):
    """DH-034, Q-08"""
    known = ChildFactory(
        region=desk.school.region,
        given_name="Ilyas",
        surname_prefix="",
        surname="Çelik",
        date_of_birth=date(2020, 12, 4),
    )
    first = ApplicationFactory(child=known, first_choice=desk.others[0], form__state=FormState.FINAL)
    answer = desk.post(uuid.uuid4(), desk.typed(), "definitief")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This child already has an application this year." in page
    alert = page[page.index('id="entry_alike"') : page.index('id="ouders"')]
    assert "De Beuk" not in alert
    assert first.registration_number not in page
    second = ApplicationForm.objects.exclude(pk=first.form.pk).get().application
    case = Case.objects.get(kind=CaseKind.DUPLICATE)
    assert set(case.about.split("/")) == {first.registration_number, second.registration_number}


@pytest.mark.parametrize(
    ("given", "surname", "born", "home", "alike"),
    [
        ("Ilyaz", "Celik", date(2020, 12, 4), False, True),  # one letter
        ("Çelik", "Ilyas", date(2020, 12, 4), False, True),  # turned round
        ("Ilyas", "Bos", date(2020, 4, 12), True, True),  # other date, same first name and address
        ("Ilyas", "Bos", date(2020, 4, 12), False, False),
        ("Ilias", "Çelik", date(2020, 12, 4), True, False),  # twins have one address and birthday
    ],
)
def test_look_alike_children_are_told_and_do_not_stop(
    desk: Desk, given: str, surname: str, born: date, home: bool, alike: bool
):
    other = ApplicationFactory(
        child=ChildFactory(
            region=desk.school.region,
            given_name=given,
            surname_prefix="",
            surname=surname,
            date_of_birth=born,
        ),
        first_choice=desk.others[0],
        form__postcode="2548BR" if home else "2511AA",
        form__house_number="112",
    )
    page = desk.keep(uuid.uuid4(), desk.typed()).content.decode()
    assert ("Looks like a child that has been applied already" in page) is alike
    assert other.registration_number not in page
    assert desk.post(uuid.uuid4(), desk.typed(street="Laan"), "definitief").status_code == 302


# --- states and moments ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deadline", "last", "first_closed"),
    [
        (date(2023, 12, 23), "2023-12-23T23:59:59", "2023-12-24T00:00:00"),
        (
            date(2024, 3, 31),
            "2024-03-31T23:59:59",
            "2024-04-01T00:00:00",
        ),  # the day on which summer time begins
        (date(2023, 10, 29), "2023-10-29T23:59:59", "2023-10-30T00:00:00"),  # and on which it ends
    ],
)
def test_entering_stops_to_the_second(desk: Desk, deadline: date, last: str, first_closed: str):
    """DH-055, DH-056"""
    Round.objects.filter(pk=desk.seats.round_id).update(
        processing_until=deadline, parents_from=date(2023, 10, 1), parents_until=date(2024, 3, 31)
    )
    desk.at(last)
    key = uuid.uuid4()
    born = {"received_on": "10-10-23", "date_of_birth": "5-10-20"}
    assert desk.post(key, desk.typed(**born), "definitief").status_code == 302
    number = desk.entry(key).form.application.registration_number
    assert desk.client.post(desk.url("form-release", number)).url == desk.url("entry", key)
    desk.at(first_closed)
    assert desk.keep(key, desk.typed(**born, street="Laan"), revision=2).status_code == 409
    late = desk.post(uuid.uuid4(), desk.typed(given_name="Laat"), "definitief")
    assert late.status_code == 409
    assert "Laat" in late.content.decode()  # nothing typed is lost
    Round.objects.filter(pk=desk.seats.round_id).update(state=RoundState.PROCESSING)
    lock_forms(Round.objects.get(pk=desk.seats.round_id), actor=None)
    form = desk.entry(key).form
    assert (form.state, form.street, form.draft) == (FormState.LOCKED, "Voorbeeldstraat", None)


def test_a_real_year_locks_its_forms_by_itself_after_the_deadline(desk: Desk):
    """DH-056, DH-059: with the clock of the database."""
    key = uuid.uuid4()
    desk.post(key, desk.typed(), "definitief")
    AdmissionYear.objects.update(clock_at=None, is_rehearsal=False)
    today = database_now().date()
    Round.objects.update(
        processing_until=today + timedelta(days=1), parents_until=today, state=RoundState.OPEN
    )
    assert keep_every_round() == 0
    assert desk.entry(key).form.state == FormState.FINAL
    Round.objects.update(processing_until=today - timedelta(days=2), parents_until=today - timedelta(days=3))
    assert keep_every_round() == 1
    assert keep_every_round() == 0
    assert desk.entry(key).form.state == FormState.LOCKED


def test_release_correct_final_keeps_every_version(desk: Desk):
    """DH-054, DH-058"""
    key = uuid.uuid4()
    desk.post(key, desk.typed(), "definitief")
    number = desk.entry(key).form.application.registration_number
    desk.client.post(desk.url("form-release", number))
    revision = desk.entry(key).revision
    page = desk.client.get(desk.url("entry", key)).content.decode()
    assert "readonly" in page
    wrong = desk.post(key, desk.typed(date_of_birth="5-12-20"), "definitief", revision)
    assert "A wrong date of birth goes to the programme manager" in wrong.content.decode()
    desk.post(key, desk.typed(surname="Celik", preference_5="wilg"), "definitief", desk.entry(key).revision)
    form = desk.entry(key).form
    assert (form.state, form.version) == (FormState.FINAL, 2)
    page = desk.client.get(desk.url("form-versions", number)).content.decode()
    for text in ("Version 2", "Version 1", "Çelik", "Celik", "Sint Jan", "De Wilg", desk.user.name):
        assert text in page
    assert Message.objects.filter(kind="M01").count() == 2


def test_contact_data_change_after_the_lock_and_nothing_else(desk: Desk):
    application = ApplicationFactory(first_choice=desk.seats, form__state=FormState.LOCKED)
    url = desk.url("form-contact", application.registration_number)
    answer = desk.client.post(url, {"email": "x@example.org\nBcc: y@example.org", "phone": ""})
    assert answer.status_code == 422
    assert (
        desk.client.post(url, {"email": "nieuw@example.org", "phone": "070 123", "surname": "X"}).status_code
        == 302
    )
    guardian = application.guardians.get()
    assert (guardian.email, guardian.phone) == ("nieuw@example.org", "070 123")
    event = Event.objects.get(kind="contact_changed")
    assert (event.new, "nieuw" in str(event.__dict__)) == ("email phone", False)


def test_wrong_birth_date_is_reported_at_any_time(desk: Desk):
    """DH-058"""
    application = ApplicationFactory(first_choice=desk.seats, form__state=FormState.LOCKED)
    url = desk.url("form-birth-date", application.registration_number)
    assert desk.client.post(url, {"note": " "}).status_code == 422
    assert desk.client.post(url, {"note": f"{BSN}"}).status_code == 422
    assert desk.client.post(url, {"note": "Het is 5 oktober"}).status_code == 302
    assert Case.objects.get().kind == CaseKind.BIRTH_DATE


def test_claims_are_decided_and_the_parents_hear_it(desk: Desk):
    """DH-061, Q-27"""
    key = uuid.uuid4()
    short = {"preference_4": "", "preference_5": ""}
    desk.post(key, desk.typed(claim_sibling="1", evidence_sibling="Aya", **short), "definitief")
    application = desk.entry(key).form.application
    url = desk.url("form-claims", application.registration_number)
    desk.client.post(url, {"state_sibling": "confirmed", "evidence_sibling": "Aya, groep 4"})
    assert application.claims.get().state == ClaimState.CONFIRMED
    keys = list(Message.objects.filter(kind="M01").order_by("pk").values_list("case_key", flat=True))
    assert [key_.split("/")[1] for key_ in keys] == ["v1", "v1.1"]
    desk.client.post(url, {"state_sibling": "rejected", "evidence_sibling": "geen leerling"})
    form = desk.entry(key).form
    assert form.state == FormState.RELEASED  # a list of three cannot stay final without the rule
    page = desk.client.get(
        desk.url("form-edit", application.registration_number), follow=True
    ).content.decode()
    assert "Make final again" in page


def test_draft_is_cancelled_with_a_reason_and_a_locked_form_is_not(desk: Desk):
    key = uuid.uuid4()
    desk.post(key, desk.typed())
    number = desk.entry(key).form.application.registration_number
    url = desk.url("form-void", number)
    assert desk.client.post(url, {"reason": ""}).status_code == 422
    assert desk.client.post(url, {"reason": "Ouders kiezen anders"}).status_code == 302
    assert desk.entry(key).form.state == FormState.VOID
    locked = ApplicationFactory(first_choice=desk.seats, form__state=FormState.LOCKED)
    desk.at("2024-01-05T10:00")
    answer = desk.client.post(desk.url("form-void", locked.registration_number), {"reason": "x"})
    assert answer.status_code == 409


def test_confirmation_is_a_letter_for_a_family_without_email(desk: Desk):
    """DH-150"""
    key = uuid.uuid4()
    answer = desk.post(key, desk.typed(email="", no_email="1"), "definitief")
    number = desk.entry(key).form.application.registration_number
    assert answer.url == desk.url("application-detail", number)
    letter = desk.client.get(desk.url("form-letter", number))
    assert letter.content[:5] == b"%PDF-"


# --- twins -----------------------------------------------------------------------------------------------------------


def test_twins_are_looked_at_together_and_drawn_apart(desk: Desk):
    """Q-01: each child its own application and number; one gives the other no priority; the parents are told."""
    noor, sam = uuid.uuid4(), uuid.uuid4()
    desk.post(noor, desk.typed(given_name="Noor", is_twin="1"), "definitief")
    found = lines(desk, given_name="Sam")
    assert [kind for kind, _text in found["is_twin"]] == ["warn"]  # not ticked, and a twin is there
    marked = desk.typed(given_name="Sam", is_twin="1", claim_sibling="1", evidence_sibling="Noor")
    found = lines(desk, **marked)
    assert [kind for kind, _text in found["is_twin"]] == ["ok"]
    assert any("A twin who takes part" in text for _kind, text in found["claim_sibling"])
    desk.post(sam, marked, "definitief")
    forms = [desk.entry(key).form for key in (noor, sam)]
    assert [(form.state, form.is_twin) for form in forms] == [(FormState.FINAL, True)] * 2
    assert not Case.objects.filter(kind=CaseKind.DUPLICATE).exists()
    page = desk.client.get(desk.url("application-detail", forms[0].application.registration_number))
    assert forms[1].application.registration_number in page.content.decode()
    told = Message.objects.get(registration_number=forms[0].application.registration_number)
    assert any("loting" in line["result"] or "draw" in line["result"] for line in told.merge["priority"])
    frozen = freeze_alm(desk.seats.round).dossiers.children
    assert len({line.unit for line in frozen}) == len(frozen) == 2


def test_a_twin_at_another_school_shows_nothing_of_that_form(desk: Desk):
    """Q-01, DH-180: no name and no number of another school's file."""
    other = ApplicationFactory(
        first_choice=desk.others[0],
        child=ChildFactory(given_name="Noor", surname="Çelik", date_of_birth=date(2020, 12, 4)),
        form__postcode="2548BR",
        form__house_number="112",
    )
    found = lines(desk, is_twin="1")["is_twin"]
    assert found == [("info", "The form of the other child is not at your school (yet).")]
    assert other.registration_number not in desk.keep(uuid.uuid4(), desk.typed(is_twin="1")).content.decode()


# --- who may, and how fast -------------------------------------------------------------------------------------------


def test_entries_and_forms_of_another_school_are_not_found(desk: Desk):
    foreign = FormEntry.objects.create(school_round=desk.others[0])
    theirs = ApplicationFactory(first_choice=desk.others[0], form__state=FormState.FINAL)
    for url in (
        desk.url("entry", foreign.key),
        desk.url("entry-keep", foreign.key),
        desk.url("entry-compare", foreign.key),
    ):
        assert desk.client.post(url, desk.typed()).status_code == 404
    assert desk.client.post(desk.url("entry-discard", foreign.key)).status_code == 404
    for name in ("form-release", "form-void", "form-claims", "form-contact", "form-birth-date"):
        assert (
            desk.client.post(desk.url(name, theirs.registration_number), {"reason": "x"}).status_code == 404
        )
    theirs.form.refresh_from_db()
    assert theirs.form.state == FormState.FINAL


def test_only_the_school_and_the_programme_manager_type(desk: Desk):
    for role, status in ((Role.CARE_COORDINATOR, 403), (Role.CENTRAL_OFFICE, 403)):
        user = (
            school_user(desk.school, role)
            if role == Role.CARE_COORDINATOR
            else region_user(desk.school.region, role)
        )
        client = Client()
        client.force_login(user)
        from allauth.mfa.models import Authenticator

        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
        assert client.get(desk.url("entry-start")).status_code == status
        assert client.post(desk.url("entry-keep", uuid.uuid4()), desk.typed()).status_code == status


def test_a_school_without_a_ceiling_enters_nothing(desk: Desk):
    """DH-060, Q-18"""
    uncapped = desk.others[4]
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(school_user(uncapped.programme.school))
    brin = uncapped.programme.school.brin
    assert "Your school enters no forms" in client.get(f"/school/{brin}/formulieren/nieuw/").content.decode()


def test_saving_costs_at_most_twenty_queries_and_finalising_reads_each_row_once(desk: Desk):
    """DESIGN section 10. Making final is more than saving: child, list, version, trail and confirmation in one go."""
    desk.keep(uuid.uuid4(), desk.typed(given_name="Noor", house_number="7"))  # the year has a trail already
    key = uuid.uuid4()
    with CaptureQueriesContext(connection) as first:
        desk.keep(key, desk.typed())
    with CaptureQueriesContext(connection) as second:
        desk.keep(key, desk.typed(street="Laan"), revision=1)
    with CaptureQueriesContext(connection) as final:
        desk.post(key, desk.typed(street="Laan"), "definitief", revision=2)

    number = desk.entry(key).form.application.registration_number
    with CaptureQueriesContext(connection) as opened:
        desk.client.post(f"/school/{desk.seats.programme.school.brin}/kind/{number}/vrijgeven/")
    entry = desk.entry(key)
    with CaptureQueriesContext(connection) as again:
        desk.post(key, desk.typed(street="Kade"), "definitief", revision=entry.revision)

    def asked(context: CaptureQueriesContext) -> int:
        return sum(1 for query in context if not query["sql"].startswith(("SAVEPOINT", "RELEASE")))

    form = desk.entry(key).form
    assert (form.state, form.version, form.street) == (FormState.FINAL, 2, "Kade")
    counted = [asked(context) for context in (first, second, final, opened, again)]
    assert all(count <= budget for count, budget in zip(counted, (19, 15, 26, 21, 32), strict=True)), counted


def test_a_new_form_begins_in_the_town_of_the_school_or_of_its_last_form(desk: Desk):
    """A school whose own town is not known types it once, and not again on another day."""

    def begins_with() -> str:
        page = desk.client.get(desk.url("entry", uuid.uuid4()))
        return str(page.context["form"]["place"].value() or "")

    School.objects.filter(pk=desk.school.pk).update(place="")
    assert begins_with() == ""
    key = uuid.uuid4()
    desk.keep(key, desk.typed())
    desk.post(key, desk.typed(), "definitief", revision=1)
    session = desk.client.session
    session.pop("entry_carried")
    session.save()
    assert begins_with() == "Delft"
    School.objects.filter(pk=desk.school.pk).update(place="Rijswijk")
    assert begins_with() == "Rijswijk"
