"""What families answer, and where a seat goes that they give back (den-haag.md 2.8, DH-100 to DH-106)."""

from datetime import date

import pytest

from admissions.enums import Decision, PlacementState
from admissions.models import Case, LedgerEntry, Participation, Placement, Withdrawal
from admissions.services.places.vovp import everybody, invite_eligible, record_opt_ins
from admissions.services.replies.answers import ReplyError, record_enrolments, withdraw
from admissions.services.replies.withdrawal_reasons import Reason, ReasonError, parse_reason
from notifications.enums import MessageState
from notifications.models import Message
from schools.enums import RoundState
from schools.models import Event
from tests.factories.city import CENTRAL, UNCAPPED, City, Form, School, everything, make_city
from tests.factories.schools import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def city() -> City:
    """After ALM1: a and b sit at A, c at B, d at the uncapped U, e has nothing."""
    city = make_city({"A": 2, "B": School((1, 0, 0, 0)), "U": UNCAPPED, "X": 0})
    city.apply("ALM1", a="A", b="A", c="A B", d="A B U", e="X B")
    city.play("ALM1", {"A": "a b c d", CENTRAL: "c d e"})
    assert city.outcomes("ALM1") == {"a": "A", "b": "A", "c": "B", "d": "U", "e": "unplaced"}
    return city


# --- enrolment ------------------------------------------------------------------------------------------------------


def test_enrolment_makes_the_place_definite(city: City):
    """DH-120, DH-122"""
    actor = UserFactory()
    count = record_enrolments(
        [city.seat("a").pk, city.seat("d").pk], year=city.year, on=date(2024, 2, 1), actor=actor
    )
    assert count == 2
    assert [city.seat(key).state for key in "abcd"] == ["enrolled", "offered", "offered", "enrolled"]
    assert city.seat("a").enrolled_on == date(2024, 2, 1)
    events = Event.objects.filter(kind="enrolled").order_by("sequence")
    assert list(events.values_list("object_key", "old", "new", "actor")) == [
        (city.application(key).registration_number, "offered", "enrolled", actor.pk) for key in "ad"
    ]


def test_enrolment_after_the_reply_deadline_still_counts(city: City):
    """DH-129, Q-34: the seat stays reserved until the school acts."""
    city.enrol("a", on="2024-03-20")
    assert city.seat("a").state == PlacementState.ENROLLED


@pytest.mark.parametrize("wrong", ["twice", "no offer", "unknown", "too early"])
def test_bulk_enrolment_with_one_that_cannot_is_refused_whole(city: City, wrong: str):
    """DH-122"""
    ids, on = [city.seat("a").pk, city.seat("b").pk], None
    if wrong == "twice":
        city.enrol("b")
    elif wrong == "no offer":
        city.withdraw("b", on="2024-02-01")
        ids = [*ids, Placement.objects.get(state=PlacementState.WITHDRAWN).pk]
    elif wrong == "unknown":
        ids.append(999_999)
    else:
        on = date(2024, 1, 17)
    ids = list(dict.fromkeys(ids))
    before = everything()
    with pytest.raises(ReplyError):
        record_enrolments(ids, year=city.year, on=on, actor=None)
    assert everything() == before


def test_place_without_an_offer_is_not_enrolled():
    """DH-111: nobody has heard yet."""
    city = make_city({"A": 1})
    city.apply("ALM1", a="A")
    city.play_to("ALM1", RoundState.MATCHED)
    with pytest.raises(ReplyError):
        city.enrol("a")


# --- withdrawal -----------------------------------------------------------------------------------------------------


def test_withdrawal_frees_the_seat_for_the_next_vovp_and_never_for_a_round_before_it(city: City):
    """DH-102, DH-127"""
    city.withdraw("a", on="2024-02-12", reason=Reason("other_school", "De Parel"))
    assert city.decisions()["a"] == Decision.WITHDRAWN
    assert city.ledger("A") == {
        "ALM1": {"ceiling": 2, "placed": -2, "withdrawn": 1, "freed_out": -1},
        "ALM2": {"ceiling": 2},
        "VOVP1": {"freed_in": 1},
        "ALM3": {"ceiling": 2},
        "ALM4": {"ceiling": 2},
    }
    row = Withdrawal.objects.get()
    assert (row.reason, row.detail, row.effective_on, row.placement.state) == (
        "other_school",
        "De Parel",
        date(2024, 2, 12),
        "withdrawn",
    )
    # The name of the other school stays out of the trail.
    assert Event.objects.get(kind="withdrawn").reason == "other_school"
    assert city.contradictions() == []


def test_withdrawal_after_enrolment_is_possible(city: City):
    """4.2: ENROLLED, withdraw"""
    city.enrol("a")
    city.withdraw("a", on="2024-03-01")
    assert city.ledger("A")["VOVP1"] == {"freed_in": 1}


def test_withdrawal_at_an_uncapped_school_books_nothing(city: City):
    city.withdraw("d", on="2024-02-12")
    assert LedgerEntry.objects.filter(kind="withdrawn").count() == 0
    assert city.contradictions() == []


def test_unplaced_child_is_withdrawn_and_frees_nothing(city: City):
    """Q-53"""
    city.withdraw("e", on="2024-02-12")
    assert city.decisions()["e"] == Decision.WITHDRAWN
    assert LedgerEntry.objects.filter(kind="withdrawn").count() == 0
    assert city.contradictions() == []


def test_child_in_care_follow_up_is_withdrawn_and_frees_nothing():
    """Q-53"""
    city = make_city({"A": 0})
    city.apply("ALM1", z=Form("A", care_request=True, care_duty=True))
    city.play("ALM1")
    assert city.decisions() == {"z": Decision.CARE_FOLLOW_UP}
    city.withdraw("z", on="2024-02-12")
    assert city.results("ALM1") == {"z": ("withdrawn", "", "", "")}
    assert city.contradictions() == []


def test_withdrawal_before_the_freeze_leaves_no_trace_in_the_draw():
    """Q-10: out, no effect."""
    city = make_city({"A": 1})
    city.apply("ALM1", a="A", b="A")
    city.withdraw("a", on="2023-12-20")
    city.play("ALM1")
    assert city.results("ALM1") == {"b": ("admitted", "A", 1, "no_draw")}
    assert city.contradictions() == []


def test_withdrawal_between_result_and_letter_cancels_the_letter():
    """Q-10: the seat is freed, no letter is sent."""
    city = make_city({"A": 1})
    city.apply("ALM1", a="A", b="A")
    city.play_to("ALM1", RoundState.MATCHED)
    winner = next(key for key, decision in city.decisions().items() if decision == Decision.ADMITTED)
    city.withdraw(winner, on="2024-01-12")
    city.play("ALM1")
    states = Message.objects.exclude(registration_number="").values_list("kind", "state")
    assert set(states) == {("M04", MessageState.CANCELLED), ("M06", MessageState.RELEASED)}
    assert city.ledger("A")["VOVP1"] == {"freed_in": 1}
    assert city.contradictions() == []


def test_withdrawn_twice_is_refused(city: City):
    city.withdraw("a", on="2024-02-12")
    before = everything()
    with pytest.raises(ReplyError):
        city.withdraw("a", on="2024-02-13")
    assert everything() == before


def test_answer_before_the_family_heard_is_refused(city: City):
    for key in "ae":
        with pytest.raises(ReplyError):
            city.withdraw(key, on="2024-01-17")
    city.withdraw("a", on="2024-01-18")


def test_withdrawal_without_a_day_is_of_today(city: City):
    city.move_clock("2024-02-20T23:30")
    withdraw(city.application("a").pk, reason=Reason("uncapped_school"), on=None, actor=None)
    assert Withdrawal.objects.get().effective_on == date(2024, 2, 20)


def test_reported_withdrawal_opens_a_case_for_the_programme_manager(city: City):
    """DH-126, M15"""
    city.withdraw("a", on="2024-02-12", reason=Reason("moved_inside", "", True))
    city.withdraw("b", on="2024-02-12", reason=Reason("uncapped_school"))
    assert list(Case.objects.values_list("application__form__form_reference", "kind")) == [
        ("a", "withdrawal")
    ]


# --- around a VOVP --------------------------------------------------------------------------------------------------


def test_withdrawn_child_is_out_of_the_vovp_it_had_opted_in_for(city: City):
    """DH-133, Q-29, 4.6"""
    city.play("ALM2")
    round_ = city.round("VOVP1")
    invite_eligible(round_, actor=None)
    record_opt_ins(round_, everybody(round_), actor=None)
    assert city.participations("VOVP1") == {
        "c": ("improver", "opted_in"),
        "d": ("improver", "opted_in"),
        "e": ("unplaced", "opted_in"),
    }
    city.withdraw("c", on="2024-05-20")
    city.withdraw("e", on="2024-05-20")
    assert Participation.objects.filter(state="removed").count() == 2
    round_.refresh_from_db()


def test_during_the_freeze_of_a_vovp_all_who_could_take_part_wait_and_others_do_not(city: City):
    """Q-10, DH-135: a withdrawal is kept, alike for all who could take part. Its place goes to the next VOVP."""
    city.play("ALM2")
    city.freeze("VOVP1", opt_ins={"c": "", "e": ""})
    for key in "cde":  # d was invited and did not opt in
        city.withdraw(key, on="2024-05-27")
        assert city.application(key).late_withdrawal.applied_at is None
        with pytest.raises(ReplyError):
            city.withdraw(key, on="2024-05-27")
    city.withdraw("a", on="2024-05-20")
    assert city.decisions()["a"] == Decision.WITHDRAWN
    assert Decision.WITHDRAWN not in {city.decisions()[key] for key in "cde"}
    assert city.ledger("A")["VOVP2"] == {"freed_in": 1}
    city.play("VOVP1", opt_ins={"c": "", "e": ""})
    assert {city.decisions()[key] for key in "cde"} == {Decision.WITHDRAWN}
    assert city.contradictions() == []


def test_place_won_in_a_vovp_goes_to_the_next_vovp_and_the_old_one_is_not_freed_again(city: City):
    """data-formats.md section 2: a child that moved up holds a place given in that VOVP."""
    city.withdraw("a", on="2024-02-12")
    city.play("ALM2")
    city.play("VOVP1", opt_ins={"c": ""})
    assert city.outcomes("VOVP1") == {"c": "A"}
    city.withdraw("c", on="2024-06-30")
    assert city.ledger("A")["VOVP1"] == {
        "carried_in": 2,
        "freed_in": 1,
        "placed": -1,
        "withdrawn": 1,
        "freed_out": -1,
        "carried_out": -2,
    }
    assert city.ledger("A")["VOVP2"] == {"freed_in": 1}
    assert city.ledger("B")["VOVP1"] == {"released": 1, "carried_out": -1}
    assert city.contradictions() == []


# --- reasons in files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("other_school: De Parel", Reason("other_school", "De Parel")),
        ("other_school:De Parel", Reason("other_school", "De Parel")),
        (" OTHER_SCHOOL :  De   Parel ", Reason("other_school", "De Parel")),
        ("other_school: De Parel: locatie Zee", Reason("other_school", "De Parel: locatie Zee")),
        ("uncapped_school", Reason("uncapped_school")),
        ("moved_outside", Reason("moved_outside")),
        ("moved_inside", Reason("moved_inside", "", True)),  # counts as reported
        ("no_reply: 2024-02-10", Reason("no_reply", "2024-02-10")),
    ],
)
def test_reason_in_a_file(text: str, reason: Reason):
    assert parse_reason(text) == reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "moved",
        "other_school",
        "other_school: -",
        "other_school: onbekend",
        "no_reply",
        "no_reply: nooit",
        "x" * 400,
    ],
)
def test_reason_that_says_too_little_is_refused(text: str):
    """DH-124"""
    with pytest.raises(ReasonError):
        parse_reason(text)
