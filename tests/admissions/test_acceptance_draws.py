"""The worked examples of den-haag.md section 7: draws and matchings of one round (AE-01 to AE-10, AE-17).

On the real services with real draw sessions: forms in, freeze, draw, second program, decisions, ledger, held
messages. Where an example gives numbers, dice are looked for that put the lots in that order
(``tests.factories.city``).
"""

import pytest
from django.utils import translation

from admissions.enums import Decision
from admissions.models import Application, LedgerEntry
from admissions.services.draws.manual_draw import finish_decisions, process_automatically, undecided
from admissions.services.forms.closing import keep_time
from lottery.engine.school_draw import Unit, settle_without_lots
from lottery.models import DrawSession
from lottery.services.record_facts import Files, draw_summary, needs_no_lots
from notifications.models import Message
from tests.admissions.worked_examples import EXACT, FIRST_TOO_LARGE, NEAR, RULES
from tests.factories.city import CENTRAL, UNCAPPED, City, Form, School, brin, make_city

pytestmark = pytest.mark.django_db


def split(city: City, code: str) -> tuple[str, str]:
    """The keys of the admitted and of the others, in order of key."""
    results = city.results(code)
    admitted = sorted(key for key, row in results.items() if row[0] == "admitted")
    return " ".join(admitted), " ".join(sorted(results.keys() - set(admitted)))


# --- AE-01 to AE-06: the school draw -------------------------------------------------------------------------------


def test_as_many_applications_as_places_are_all_admitted_without_lots():
    """AE-01, DH-071"""
    city = make_city({"A": 6})
    keys = "a1 a2 a3 a4 a5 a6".split()
    city.apply("ALM1", **dict.fromkeys(keys, "A"))
    city.play("ALM1")

    assert city.results("ALM1") == dict.fromkeys(keys, ("admitted", "A", 1, "no_draw"))
    assert city.open_places("ALM1") == {"A": 0}


def test_fewer_applications_than_places_leave_open_places_and_lots_that_decide_nothing():
    """AE-01, DH-071: the record says that no lots were needed, the uitslag still lists them."""
    city = make_city({"A": 6, "B": 0})
    city.apply("ALM1", **dict.fromkeys("a1 a2 a3 a4".split(), "A"), b1="B A")
    city.play("ALM1")

    assert split(city, "ALM1") == ("a1 a2 a3 a4", "b1")
    # One of the two open places is still there for the central matching, the other moves on.
    assert city.outcomes("ALM1")["b1"] == "A"
    assert city.ledger("A")["ALM1"] == {"ceiling": 6, "placed": -5, "carried_out": -1}
    outcome = Files.of(DrawSession.objects.get(round=city.round("ALM1"))).outcome
    assert outcome is not None
    at_a = next(draw for draw in outcome.draws if draw.id == f"school/{brin('A')}")
    assert needs_no_lots(at_a)
    with translation.override("en"):
        assert draw_summary(at_a).endswith("No lots needed.")
    assert [len(line.lot) for line in at_a.lines] == [64] * 4


NUMBERS = "B D F G C H E A"  # the numbers 1 to 8 of AE-02


def test_rules_count_in_the_order_of_the_school():
    """AE-02"""
    city = make_city({"A": School(5, "sibling preschool neighbourhood")})
    city.apply("ALM1", **RULES)
    city.play("ALM1", {"A": NUMBERS})
    assert split(city, "ALM1") == ("A B C D F", "E G H")
    assert {
        key: row[3] for key, row in city.results("ALM1").items() if row[0] == "admitted"
    } == dict.fromkeys("ABCDF", "school_draw")


def test_after_automatic_processing_only_those_remain_among_whom_lots_decide():
    """AE-02, MANUAL mode, DH-074"""
    city = make_city({"A": School(5, "sibling preschool neighbourhood", draw_mode="manual")})
    city.apply("ALM1", **RULES)
    city.move_clock("2024-01-02T09:00")
    keep_time(city.round("ALM1"), actor=None)
    here = city.school_round("A", "ALM1")
    process_automatically(here.pk, actor=None)

    remaining = Application.objects.filter(pk__in=undecided(here))
    assert set(remaining.values_list("form__form_reference", flat=True)) == {"E", "F"}
    assert city.decisions() == dict.fromkeys("ABCD", Decision.ADMITTED) | dict.fromkeys(
        "EF", Decision.UNDECIDED
    ) | dict.fromkeys("GH", Decision.DRAWN_OUT)
    assert city.open_places("ALM1") == {"A": 1}


def test_same_children_with_another_order_of_rules():
    """AE-03"""
    city = make_city({"A": School(5, "neighbourhood sibling preschool")})
    city.apply("ALM1", **RULES)
    city.play("ALM1", {"A": NUMBERS})
    assert split(city, "ALM1") == ("A B D E F", "C G H")


def test_in_a_first_class_that_is_too_large_a_second_rule_does_not_help():
    """AE-04, Q-03"""
    city = make_city({"A": School(1, "sibling neighbourhood")})
    city.apply("ALM1", **FIRST_TOO_LARGE)
    city.play("ALM1", {"A": "C A B"})
    assert split(city, "ALM1") == ("A", "B C")


def test_classes_that_fill_the_school_exactly_need_no_lots():
    """AE-05: the page with children to draw among is empty after the button."""
    city = make_city({"A": School(3, "sibling neighbourhood")})
    city.apply("ALM1", **EXACT)
    city.play("ALM1", {"A": "E D C B A"})
    assert split(city, "ALM1") == ("A B C", "D E")
    units = [Unit((key,), tier, "") for key, tier in zip("ABCDE", (1, 1, 2, 3, 3), strict=True)]
    assert settle_without_lots(units, places=3).undecided == ()


def test_page_is_empty_after_the_button_when_the_classes_fill_the_school_exactly():
    """AE-05, MANUAL mode"""
    city = make_city({"A": School(3, "sibling neighbourhood", draw_mode="manual")})
    city.apply("ALM1", **EXACT)
    city.move_clock("2024-01-02T09:00")
    keep_time(city.round("ALM1"), actor=None)
    here = city.school_round("A", "ALM1")
    process_automatically(here.pk, actor=None)
    assert undecided(here) == {}
    assert city.decisions() == dict.fromkeys("ABC", Decision.ADMITTED) | dict.fromkeys(
        "DE", Decision.DRAWN_OUT
    )
    finish_decisions(here.pk, actor=None)
    assert city.school_round("A", "ALM1").is_ready


def test_zero_seats_draw_everybody_out_and_all_go_on_to_the_central_matching():
    """AE-06, Q-07"""
    city = make_city({"K": School(0, "sibling"), "Y": 1})
    city.apply("ALM1", A=Form("K Y", claims="sibling"), B="K Y")
    city.play("ALM1", {CENTRAL: "B A"})
    assert city.results("ALM1") == {
        "A": ("unplaced", "", "", "central_matching"),
        "B": ("placed_lower", "Y", 2, "central_matching"),
    }
    assert city.open_places("ALM1")["K"] == 0


# --- AE-07 to AE-10: the central matching ---------------------------------------------------------------------------


def central_city() -> City:
    city = make_city({"X": 0, "Y": School(1, "sibling"), "Z": 1, "V": 0, "W": 0, "U": UNCAPPED})
    city.apply(
        "ALM1",
        P="X Y Z V W",
        Q="X Y U Z V",
        R=Form("X Y Z V W", claims="sibling"),  # the sibling attends Y: counts nowhere here
        S="X Y U V W",
    )
    return city


def test_central_matching_serves_by_number_and_knows_no_rules():
    """AE-07, DH-092, DH-110, DH-113: letters come from the placing school, for the unplaced from the office."""
    city = central_city()
    city.play("ALM1", {CENTRAL: "Q P R S"})
    assert city.results("ALM1") == {
        "P": ("placed_lower", "Z", 3, "central_matching"),
        "Q": ("placed_lower", "Y", 2, "central_matching"),
        "R": ("unplaced", "", "", "central_matching"),
        "S": ("placed_lower", "U", 3, "central_matching"),
    }
    assert city.messages("ALM1") == {
        ("M05", "P"), ("M05", "Q"), ("M06", "R"), ("M05", "S"), ("M07", "Y"), ("M07", "Z"), ("M07", "U"),
    }  # fmt: skip
    senders = {
        message.registration_number: (message.school.brin if message.school else "office")
        for message in Message.objects.filter(round=city.round("ALM1")).exclude(registration_number="")
    }
    assert {key: senders[city.application(key).registration_number] for key in "PQRS"} == {
        "P": brin("Z"),
        "Q": brin("Y"),
        "R": "office",
        "S": brin("U"),
    }


def test_central_matching_with_other_numbers_and_a_school_without_limit():
    """AE-08"""
    city = central_city()
    city.play("ALM1", {CENTRAL: "R S Q P"})
    assert city.outcomes("ALM1") == {"R": "Y", "S": "U", "Q": "U", "P": "Z"}


def test_care_duty_takes_part_in_the_school_draw():
    """AE-09 (a), DH-083"""
    city = make_city({"K": 3})
    city.apply("ALM1", K1="K", K2="K", K3="K", K4="K", Kz=Form("K", care_request=True, care_duty=True))
    city.play("ALM1", {"K": "K2 K3 Kz K1 K4"})
    assert split(city, "ALM1") == ("K2 K3 Kz", "K1 K4")
    assert {key: row[0] for key, row in city.results("ALM1").items()} == {
        "K1": "unplaced",
        "K2": "admitted",
        "K3": "admitted",
        "K4": "unplaced",
        "Kz": "admitted",
    }
    # Kz hears by the reviewed care letter, in place of the offer (DH-179).
    assert {row for row in city.messages("ALM1") if row[1] in ("Kz", "K2")} == {("M16", "Kz"), ("M04", "K2")}


def test_care_duty_does_not_take_part_in_the_central_matching():
    """AE-09 (b), DH-094: not placed although a seat is left; that seat moves on to the next round."""
    city = make_city({"K": 3, "Y": 2})
    city.apply(
        "ALM1", K1="K Y", K2="K Y", K3="K Y", K4="K Y", Kz=Form("K Y", care_request=True, care_duty=True)
    )
    city.play("ALM1", {"K": "K2 K3 K1 K4 Kz"})
    assert city.results("ALM1") == {
        "K1": ("admitted", "K", 1, "school_draw"),
        "K2": ("admitted", "K", 1, "school_draw"),
        "K3": ("admitted", "K", 1, "school_draw"),
        "K4": ("placed_lower", "Y", 2, "central_matching"),
        "Kz": ("care_follow_up", "", "", "school_draw"),
    }
    assert city.decisions()["Kz"] == Decision.CARE_FOLLOW_UP
    assert city.ledger("Y")["ALM2"] == {"ceiling": 2, "carried_in": 1}
    assert "Kz" not in {key for _kind, key in city.messages("ALM1")}  # no automatic letter


def test_short_list_with_the_sibling_rule_stays_short_and_may_grow_for_the_vovp():
    """AE-10, DH-042, Q-15"""
    city = make_city({"K": School(1, "sibling"), "Z": 0, "N": School((0, 0, 0, 0))})
    city.apply("ALM1", A=Form("K Z", claims="sibling"), B=Form("K Z Z1 Z2 Z3", claims="sibling"))
    report = city.imported("ALM1", C=Form("K Z Z1 Z2", fill=False))
    assert [row.error.partition(":")[0] for row in report.refused] == ["preference_5"]

    city.play("ALM1", {"K": "B A"})
    assert city.outcomes("ALM1") == {"A": "unplaced", "B": "K"}
    city.withdraw("B", on="2024-02-01")
    city.play_until("VOVP1")
    city.play("VOVP1", opt_ins={"A": "N"})
    assert city.outcomes("VOVP1") == {"A": "K"}
    assert list(city.application("A").preferences.values_list("programme__code", "added_in__code")) == [
        (brin("K"), None),
        (brin("Z"), None),
        (brin("N"), "VOVP1"),
    ]


# --- AE-17: a whole round -------------------------------------------------------------------------------------------


def test_whole_application_period_in_a_small_city():
    """AE-17"""
    city = make_city(
        {
            "A": School(2, "sibling neighbourhood"),
            "B": 3,
            "C": School(2, "preschool"),
            "D": 1,
            "E": 0,
            "U": UNCAPPED,
        }
    )
    city.apply(
        "ALM1",
        a1=Form("A", postcode=NEAR),
        a2=Form("A", claims="sibling"),
        a3="A B C D U",
        a4="A C B D E",
        b1="B",
        b2="B",
        c1=Form("C", claims="preschool"),
        c2="C B A D U",
        c3="C",
        d1=Form("D", care_request=True, care_duty=True),
        d2="D",
    )
    city.play("ALM1", {"C": "c3 c2 c1", "D": "d2 d1", CENTRAL: "c2 a3 a4"})
    assert city.results("ALM1") == {
        "a1": ("admitted", "A", 1, "school_draw"),
        "a2": ("admitted", "A", 1, "school_draw"),
        "a3": ("placed_lower", "U", 5, "central_matching"),
        "a4": ("unplaced", "", "", "central_matching"),
        "b1": ("admitted", "B", 1, "no_draw"),
        "b2": ("admitted", "B", 1, "no_draw"),
        "c1": ("admitted", "C", 1, "school_draw"),
        "c2": ("placed_lower", "B", 2, "central_matching"),
        "c3": ("admitted", "C", 1, "school_draw"),
        "d1": ("care_follow_up", "", "", "school_draw"),
        "d2": ("admitted", "D", 1, "school_draw"),
    }
    assert city.messages("ALM1") == {
        ("M04", "a1"), ("M04", "a2"), ("M04", "b1"), ("M04", "b2"), ("M04", "c1"), ("M04", "c3"), ("M04", "d2"),
        ("M05", "c2"), ("M05", "a3"), ("M06", "a4"), ("M07", "B"), ("M07", "U"),
    }  # fmt: skip
    assert not LedgerEntry.objects.filter(school_round__round__code="ALM2", kind="carried_in").exists()
    assert city.contradictions() == []
