"""The extra distribution rounds: who may take part, with which list, and what it leaves (den-haag.md 2.9)."""

import pytest

from admissions.enums import Decision, PlacementState
from admissions.models import Participation, Placement
from admissions.services.draws.freezing import freeze_lists
from admissions.services.places.vovp import everybody, invite_eligible, record_opt_ins
from lottery.engine.files import parse_dossiers
from lottery.models import DrawSession, SessionNumber
from notifications.models import Message
from schools.models import Event
from tests.factories.city import CENTRAL, UNCAPPED, City, Form, School, brin, make_city

pytestmark = pytest.mark.django_db

ONCE = School((1, 0, 0, 0))


def invited(city: City, code: str) -> dict[str, str]:
    invite_eligible(city.round(code), actor=None)
    return {key: kind for key, (kind, _state) in city.participations(code).items()}


def test_unplaced_and_lower_placed_of_the_served_rounds_are_eligible_and_nobody_else():
    """DH-131 to DH-133, Q-13"""
    city = make_city({"A": ONCE, "B": ONCE, "X": 0})
    city.apply(
        "ALM1",
        first="A",
        lower="A B",
        none="A B",
        gone="A B",
        care=Form("A", care_request=True, care_duty=True),
    )
    city.play("ALM1", {"A": "first lower none gone care", CENTRAL: "lower none gone"})
    city.withdraw("gone", on="2024-02-01")
    city.apply("ALM2", none2="X")
    city.play("ALM2")
    assert invited(city, "VOVP1") == {"lower": "improver", "none": "unplaced", "none2": "unplaced"}
    assert Event.objects.filter(kind="vovp_invited").count() == 3


def test_vovp2_serves_only_its_own_rounds():
    """Q-20, Q-30: unplaced of VOVP1 and improvers of VOVP1 are not eligible again."""
    city = make_city({"A": ONCE, "B": ONCE, "X": 0})
    city.apply("ALM1", first="A", lower="A B", none="A B")
    city.play("ALM1", {"A": "first lower none", CENTRAL: "lower none"})
    city.apply("ALM4", late="X")
    city.play_until("VOVP2")
    assert invited(city, "VOVP2") == {"late": "unplaced"}


def test_lower_place_that_is_only_reserved_is_no_ticket():
    """Q-29: eligible while offered or enrolled."""
    city = make_city({"A": ONCE, "B": ONCE})
    city.apply("ALM1", first="A", lower="A B", other="A B")
    city.play("ALM1", {"A": "first lower other", CENTRAL: "lower other"})
    city.enrol("lower")
    assert invited(city, "VOVP1") == {"lower": "improver", "other": "unplaced"}
    Participation.objects.all().delete()
    Placement.objects.filter(pk=city.seat("lower").pk).update(state=PlacementState.LAPSED)
    assert invited(city, "VOVP1") == {"other": "unplaced"}


def test_list_of_an_improver_is_cut_behind_its_seat_and_holds_it_as_class_zero():
    """DH-138, OA-LOT/1 section 6.1; no rule counts: every class is the last one."""
    city = make_city(
        {
            "A": School((0, 0, 0, 0), "sibling staff"),
            "B": School((1, 0, 0, 0), "sibling"),
            "C": 1,
            "U": UNCAPPED,
        },
    )
    city.apply("ALM1", lower=Form("A B C U", claims="sibling"), none="A B Z1 Z2 Z3")
    city.play("ALM1", {CENTRAL: "lower none"})
    city.play("ALM2")
    session = city.freeze("VOVP1", opt_ins={"lower": "", "none": "C"})
    numbers = dict(SessionNumber.objects.filter(session=session).values_list("registration_number", "number"))
    dossiers = parse_dossiers(bytes(session.dossiers))
    choices = {child.regno: (child.participation, child.choices) for child in dossiers.children}
    fillers = tuple((brin(name), 1) for name in ("Z1", "Z2", "Z3"))
    assert choices == {
        numbers[city.application("lower").registration_number]: ("C", ((brin("A"), 3), (brin("B"), 0))),
        numbers[city.application("none").registration_number]: (
            "C",
            ((brin("A"), 3), (brin("B"), 2), *fillers, (brin("C"), 1)),
        ),
    }
    places = {school.code: school.places for school in dossiers.schools}
    assert places[brin("B")] == 1  # no open place, and the seat of the improver
    assert places[brin("C")] == 2  # carried in from ALM1 and ALM2
    assert places[brin("U")] is None
    assert b"\nlotingen|centraal\n" in bytes(session.commitment)


def test_seat_of_an_improver_that_did_not_opt_in_is_not_in_the_draw():
    """DH-139: only those who take part bring their seat."""
    city = make_city({"A": ONCE, "B": ONCE})
    city.apply("ALM1", first="A", lower="A B", none="A B")
    city.play("ALM1", {"A": "first lower none", CENTRAL: "lower none"})
    city.play("ALM2")
    session = city.freeze("VOVP1", opt_ins={"none": ""})
    places = {school.code: school.places for school in parse_dossiers(bytes(session.dossiers)).schools}
    assert (places[brin("A")], places[brin("B")]) == (0, 0)


def test_added_schools_come_behind_the_list_and_count_from_then_on():
    """DH-131, Q-28: added at the end; ranks are those of the whole list."""
    city = make_city({"A": 0, "B": School((0, 1, 0, 0))})
    city.apply("ALM1", none="A")
    city.play("ALM1")
    city.play("ALM2")
    city.play("VOVP1", opt_ins={"none": "B"})
    assert city.results("VOVP1") == {"none": ("placed_lower", "B", 6, "vovp")}
    assert city.decisions() == {"none": Decision.PLACED_LOWER}
    assert city.seat("none").preference_rank == 6
    assert city.contradictions() == []


def test_improver_that_moves_up_without_reaching_its_first_choice_stays_placed_lower():
    city = make_city({"A": 0, "B": School((1, 0, 0, 0)), "C": ONCE})
    city.apply("ALM1", x="B", I="A B C")
    city.play("ALM1", {CENTRAL: "I"})
    assert city.seats() == {"x": "B", "I": "C"}
    city.withdraw("x", on="2024-02-01")
    city.play("ALM2")
    city.play("VOVP1")
    assert city.results("VOVP1") == {"I": ("placed_lower", "B", 2, "vovp")}
    assert city.decisions()["I"] == Decision.PLACED_LOWER
    assert city.contradictions() == []


def test_enrolled_improver_leaves_its_school_and_both_families_and_schools_hear():
    """DH-140, M11, M13, M14: also an enrolled child; the old school is told when schools see the result."""
    city = make_city({"A": ONCE, "B": ONCE})
    city.apply("ALM1", x="A", I="A B")
    city.play("ALM1", {"A": "x I"})
    city.enrol("I")
    city.withdraw("x", on="2024-02-01")
    city.play("ALM2")
    city.play("VOVP1")
    old = Placement.objects.get(state=PlacementState.SUPERSEDED)
    assert (old.superseded_by, old.enrolled_on is not None) == (city.seat("I"), True)
    assert city.messages("VOVP1") == {("M10", "I"), ("M11", "I"), ("M13", "A"), ("M14", "B")}
    moments = dict(Message.objects.filter(round=city.round("VOVP1")).values_list("kind", "not_before"))
    round_ = city.round("VOVP1")
    assert moments["M14"] == round_.visible_to_schools_at
    assert moments["M11"] == moments["M13"] > moments["M14"]


def test_vovp_with_nobody_in_it_carries_its_places_on():
    city = make_city({"A": School((2, 0, 0, 0))})
    city.play_until("ALM3")
    assert city.ledger("A")["VOVP1"] == {"carried_in": 2, "carried_out": -2}
    assert city.open_places("ALM3") == {"A": 2}
    assert city.contradictions() == []


def test_places_open_after_the_last_round_stay_there():
    """DH-103: the school's own after 1 December."""
    city = make_city({"A": School((1, 0, 0, 0))})
    city.play_until("VOVP2")
    city.play("VOVP2")
    assert city.open_places("VOVP2") == {"A": 1}
    assert city.contradictions() == []


def test_lists_are_made_in_any_order_of_rows_and_numbers_are_fresh_every_time():
    """OA-LOT/1 section 3: numbers exist for one session only."""
    city = make_city({"A": 0})
    city.apply("ALM1", **dict.fromkeys("abc", "A"))
    city.play("ALM1")
    city.play("ALM2")
    round_ = city.round("VOVP1")
    invite_eligible(round_, actor=None)
    record_opt_ins(round_, everybody(round_), actor=None)
    one, other = freeze_lists(round_), freeze_lists(round_)
    assert set(one.registration_numbers).isdisjoint(other.registration_numbers)
    assert sorted(one.registration_numbers.values()) == sorted(other.registration_numbers.values())
    used = DrawSession.objects.get(round=city.round("ALM1")).numbers.values_list("number", flat=True)
    assert set(one.registration_numbers).isdisjoint(used)


def test_invited_twice_is_told_once():
    city = make_city({"A": School((1, 1, 1, 1)), "B": School((1, 1, 1, 1))})
    city.apply("ALM1", a="A B", b="A B", c="A B")
    city.play_until("VOVP1")
    round_ = city.round("VOVP1")
    assert invite_eligible(round_, actor=None) == 2
    assert invite_eligible(round_, actor=None) == 0
    events = Event.objects.filter(year=city.year, kind="vovp_invited")
    assert events.count() == Participation.objects.filter(round=round_).count() == 2
