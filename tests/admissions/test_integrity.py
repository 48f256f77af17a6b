"""``check_integrity`` finds what somebody with the database in hand has changed, and never what is in order.

The triggers are taken away first: whoever tampers can do that too. Each change must be reported, none may crash it.
"""

import contextlib
import hashlib
import io
import itertools
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import translation

from admissions.models import Application, LedgerEntry, Placement
from admissions.services.integrity.facts import all_problems, problems_of
from lottery.models import DrawSession
from schools.models import Event
from schools.triggers import drop_triggers, registered
from tests.factories.city import CENTRAL, City, School, everything, make_city
from tests.factories.notifications import LetterFactory, MessageFactory
from tests.factories.schools import AdmissionYearFactory, RegionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def city() -> City:
    """Played up to VOVP1: a withdrew, I moved from B to A, u took its seat, e enrolled."""
    city = make_city({"A": School((2, 1, 1, 1)), "B": School((1, 1, 1, 1)), "C": School((1, 0, 0, 0))})
    city.apply("ALM1", a="A", e="A", I="A B", u="A B", w="A B")
    city.play("ALM1", {"A": "a e I u w", CENTRAL: "I u w"})
    city.enrol("e")
    city.withdraw("a", on="2024-02-12")
    city.apply("ALM2", x="A", y="B")
    city.play("ALM2")
    city.play("VOVP1", {CENTRAL: "I u w"})
    assert city.outcomes("VOVP1") == {"I": "A", "u": "B", "w": "unchanged"}
    return city


def said(city: City) -> str:
    with translation.override("en"):
        city.year.refresh_from_db()
        return "\n".join(problems_of(city.year))


def tamper(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount >= 1


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Take back afterwards what the block did, so that one city serves several changes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def without_triggers(city: City) -> City:
    """Whoever tampers takes the guards away first."""
    drop_triggers()
    return city


def test_year_in_order_has_no_problems_and_is_only_looked_at(city: City):
    before = everything()
    assert list(all_problems()) == []
    assert everything() == before


def test_empty_database_is_in_order():
    assert list(all_problems()) == []


# --- the trail ------------------------------------------------------------------------------------------------------


def test_changed_event_breaks_the_chain(without_triggers: City):
    for column in ("kind", "object_key", "old", "new", "reason", "hash", "previous_hash"):
        with undone():
            event = Event.objects.get(sequence=5)
            tamper(f"UPDATE schools_event SET {column} = %s WHERE id = %s", "x", event.pk)
            assert "Event 5 does not fit the hash chain" in said(without_triggers)


def test_changed_moment_of_an_event_breaks_the_chain(without_triggers: City):
    tamper("UPDATE schools_event SET effective_at = recorded_at WHERE sequence = 3")
    assert "Event 3 does not fit" in said(without_triggers)


def test_missing_event_breaks_the_chain(without_triggers: City):
    tamper("DELETE FROM schools_event WHERE sequence = 5")
    assert "Event 6 does not fit" in said(without_triggers)


@pytest.mark.parametrize("lost", [1, 40])
def test_events_that_are_missing_at_the_end_are_seen(without_triggers: City, lost: int):
    """The chain that is left is whole; how far it went is written down beside it."""
    last = Event.objects.latest("sequence").sequence
    tamper("DELETE FROM schools_event WHERE sequence > %s", last - lost)
    sentence = f"The trail ends at event {last - lost}, and event {last} was the last one written."
    assert sentence in said(without_triggers)


def test_trail_without_its_head_is_seen(without_triggers: City):
    tamper("DELETE FROM schools_eventhead")
    assert "and event 0 was the last one written" in said(without_triggers)


# --- ledger and seats -----------------------------------------------------------------------------------------------


def test_changed_ceiling_entry_is_seen(without_triggers: City):
    entry = LedgerEntry.objects.filter(kind="ceiling", school_round__round__code="ALM4").first()
    assert entry is not None
    tamper("UPDATE admissions_ledgerentry SET places = places + 1 WHERE id = %s", entry.pk)
    assert "ceiling" in said(without_triggers)


def test_changed_ceiling_of_a_school_is_seen(without_triggers: City):
    seats = without_triggers.school_round("A", "ALM4")
    tamper("UPDATE schools_schoolround SET ceiling = 9 WHERE id = %s", seats.pk)
    assert "ceiling" in said(without_triggers)


def test_missing_entry_of_a_placement_is_seen(without_triggers: City):
    for kind in ("placed", "withdrawn", "released", "freed_in", "freed_out"):
        with undone():
            entry = LedgerEntry.objects.filter(kind=kind).first()
            assert entry is not None
            tamper("DELETE FROM admissions_ledgerentry WHERE id = %s", entry.pk)
            assert f"Placement {entry.placement_id} " in said(without_triggers)


def test_places_that_were_carried_half_are_seen(without_triggers: City):
    for kind in ("carried_in", "carried_out"):
        with undone():
            entry = LedgerEntry.objects.filter(kind=kind).first()
            assert entry is not None
            tamper("DELETE FROM admissions_ledgerentry WHERE id = %s", entry.pk)
            assert "carried in and carried out differ" in said(without_triggers)


def test_freed_place_that_was_given_to_another_round_is_seen(without_triggers: City):
    """It went to VOVP1 (AE-20); somebody moved it to ALM3."""
    entry = LedgerEntry.objects.get(kind="freed_in")
    target = without_triggers.school_round("A", "ALM3")
    tamper("UPDATE admissions_ledgerentry SET school_round_id = %s WHERE id = %s", target.pk, entry.pk)
    assert said(without_triggers) != ""


def test_placement_at_another_school_is_seen(without_triggers: City):
    seat = without_triggers.seat("e")
    target = without_triggers.school_round("B", "ALM4")
    tamper("UPDATE admissions_placement SET school_round_id = %s WHERE id = %s", target.pk, seat.pk)
    assert "a place at 00000A that nobody booked" in said(without_triggers)


def test_placement_ended_by_hand_is_seen(without_triggers: City):
    for state in ("withdrawn", "superseded"):
        with undone():
            seat = without_triggers.seat("e")
            tamper("UPDATE admissions_placement SET state = %s WHERE id = %s", state, seat.pk)
            assert f"Placement {seat.pk} ({state}) is not booked" in said(without_triggers)
            assert "holds 0 places" in said(without_triggers)


def test_placement_woken_up_by_hand_is_seen(without_triggers: City):
    seat = Placement.objects.get(state="withdrawn")
    tamper("UPDATE admissions_placement SET state = 'enrolled' WHERE id = %s", seat.pk)
    assert f"Placement {seat.pk} (enrolled) is not booked" in said(without_triggers)
    assert "holds 1 places" in said(without_triggers)


def test_placement_of_another_child_is_seen(without_triggers: City):
    seat = without_triggers.seat("e")
    other = without_triggers.application("w").child_id
    tamper("UPDATE admissions_placement SET child_id = %s WHERE id = %s", other, seat.pk)
    assert f"Placement {seat.pk} belongs to another child" in said(without_triggers)


def test_placement_of_another_rank_is_seen(without_triggers: City):
    seat = without_triggers.seat("e")
    tamper("UPDATE admissions_placement SET preference_rank = 3 WHERE id = %s", seat.pk)
    assert f"Placement {seat.pk} has another rank" in said(without_triggers)


def test_withdrawal_of_another_childs_place_is_seen(without_triggers: City):
    tamper("UPDATE admissions_withdrawal SET placement_id = %s", without_triggers.seat("e").pk)
    number = without_triggers.application("a").registration_number
    assert f"withdrawal of {number} gave back" in said(without_triggers)


def test_more_children_than_places_are_seen(without_triggers: City):
    seat = without_triggers.seat("e")
    tamper(
        "INSERT INTO admissions_placement (application_id, child_id, school_round_id, preference_rank, state) "
        "SELECT %s, %s, school_round_id, 1, 'enrolled' FROM admissions_placement WHERE id = %s",
        without_triggers.application("w").pk,
        without_triggers.application("w").child_id,
        seat.pk,
    )
    assert "00000A has" in said(without_triggers)


# --- decisions, lists, forms ------------------------------------------------------------------------------------------


WRONG_DECISIONS = [
    ("w", "admitted"),
    ("w", "withdrawn"),
    ("e", "unplaced"),
    ("a", "unplaced"),
    ("a", "admitted"),
    ("e", "placed_lower"),
    ("u", "admitted"),
]


def test_decision_that_its_draw_did_not_give_is_seen(without_triggers: City):
    for key, decision in WRONG_DECISIONS:
        with undone():
            application = without_triggers.application(key)
            tamper("UPDATE admissions_application SET decision = %s WHERE id = %s", decision, application.pk)
            assert application.registration_number in said(without_triggers)


def test_gap_in_a_list_is_seen(without_triggers: City):
    application = without_triggers.application("w")
    tamper("DELETE FROM admissions_preference WHERE application_id = %s AND rank = 3", application.pk)
    assert f"list of {application.registration_number} has a gap" in said(without_triggers)


def test_list_that_differs_from_the_frozen_one_is_seen(without_triggers: City):
    """DH-056, DH-201: the list in the books is the list that was drawn with."""
    application = without_triggers.application("w")
    for rank, parking in ((2, 90), (3, 2), (90, 3)):
        tamper(
            "UPDATE admissions_preference SET rank = %s WHERE application_id = %s AND rank = %s",
            parking,
            application.pk,
            rank,
        )
    assert application.registration_number in said(without_triggers)


def test_form_that_is_open_after_its_deadline_is_seen(without_triggers: City):
    for state in ("draft", "final", "released"):
        with undone():
            application = without_triggers.application("e")
            tamper(
                "UPDATE admissions_applicationform SET state = %s WHERE application_id = %s",
                state,
                application.pk,
            )
            assert application.registration_number in said(without_triggers)


def test_application_without_a_counting_form_is_seen(without_triggers: City):
    for state in ("void", "expired"):
        with undone():
            application = without_triggers.application("e")
            tamper(
                "UPDATE admissions_applicationform SET state = %s WHERE application_id = %s",
                state,
                application.pk,
            )
            assert "takes part without a final form" in said(without_triggers)


# --- draws ----------------------------------------------------------------------------------------------------------

FILES = ("dossiers", "participants", "commitment", "seed", "outcome")


def test_changed_byte_of_a_draw_is_seen_and_does_not_crash_the_check(without_triggers: City):
    """DH-201: also when the hash beside it was changed along."""
    for column, with_hash in itertools.product(FILES, (False, True)):
        with undone():
            session = DrawSession.objects.get(round__code="ALM1")
            content = bytearray(getattr(session, column))
            at = content.index(b"|", len(content) // 2) - 1
            content[at] = ord("1") if content[at] != ord("1") else ord("2")
            tamper(
                f"UPDATE lottery_drawsession SET {column} = %s WHERE id = %s",
                connection.Database.Binary(bytes(content)),
                session.pk,
            )
            if with_hash:
                digest = hashlib.sha256(content).hexdigest()
                tamper(f"UPDATE lottery_drawsession SET {column}_hash = %s WHERE id = %s", digest, session.pk)
            assert session.name in said(without_triggers)


def test_file_of_nonsense_in_a_draw_is_seen_and_does_not_crash_the_check(without_triggers: City):
    for column in FILES:
        with undone():
            session = DrawSession.objects.get(round__code="VOVP1")
            nonsense = connection.Database.Binary(b"\x00\xff nonsense")
            tamper(f"UPDATE lottery_drawsession SET {column} = %s WHERE id = %s", nonsense, session.pk)
            assert session.name in said(without_triggers)


def test_stored_line_that_differs_from_the_file_is_seen(without_triggers: City):
    session = DrawSession.objects.get(round__code="ALM1")
    tamper(
        "UPDATE lottery_drawoutcome SET code = '00000B' WHERE code = '00000A' AND draw_id IN "
        "(SELECT id FROM lottery_draw WHERE session_id = %s)",
        session.pk,
    )
    assert f"{session.name}: the stored lines differ from the file" in said(without_triggers)


COLUMNS = {
    "name": "OEFEN-ANDERS",
    "attempt": 2,
    "digits": "1" * 60,
    "slot": "0" * 64,
    "beacon_round": 5,
    "beacon_value": "0" * 64,
    "rules_hash": "0" * 64,
    "verifier_hash": "0" * 64,
    "frozen_at": "2024-01-02 10:00:00+00:00",
}


def test_column_that_says_otherwise_than_the_files_is_seen(without_triggers: City):
    """data-formats.md section 2: what pages and records show is what was sealed."""
    session = DrawSession.objects.get(round__code="ALM1")
    for column, value in COLUMNS.items():
        with undone():
            tamper(f"UPDATE lottery_drawsession SET {column} = %s WHERE id = %s", value, session.pk)
            assert f"says otherwise: {column}" in said(without_triggers), column
    for column, value in {"places": "9", "children": 1}.items():
        with undone():
            tamper(f"UPDATE lottery_draw SET {column} = %s WHERE session_id = %s", value, session.pk)
            assert "says otherwise: draws" in said(without_triggers), column


def test_missing_line_is_seen(without_triggers: City):
    session = DrawSession.objects.get(round__code="ALM1")
    tamper(
        "DELETE FROM lottery_drawoutcome WHERE rank = 1 AND draw_id IN "
        "(SELECT id FROM lottery_draw WHERE session_id = %s)",
        session.pk,
    )
    assert f"{session.name}: the stored lines differ from the file" in said(without_triggers)


def test_numbers_of_two_children_that_were_exchanged_are_seen(without_triggers: City):
    session = DrawSession.objects.get(round__code="ALM1")
    numbers = dict(session.numbers.values_list("registration_number", "pk"))
    one, other = (without_triggers.application(key).registration_number for key in ("e", "w"))
    sql = "UPDATE lottery_sessionnumber SET registration_number = %s WHERE id = %s"
    tamper(sql, "parking", numbers[one])
    tamper(sql, one, numbers[other])
    tamper(sql, other, numbers[one])
    assert one in said(without_triggers)


def test_round_that_was_set_back_is_seen(without_triggers: City):
    for state in ("locked", "planned", "frozen"):
        with undone():
            tamper("UPDATE schools_round SET state = %s WHERE code = 'ALM2'", state)
            assert "Round ALM2" in said(without_triggers)


def test_draw_that_was_made_unofficial_is_seen(without_triggers: City):
    session = DrawSession.objects.get(round__code="ALM1")
    tamper("UPDATE lottery_drawsession SET state = 'verified', applied_at = NULL WHERE id = %s", session.pk)
    assert "Round ALM1" in said(without_triggers)


def test_result_of_a_participation_that_was_changed_is_seen(without_triggers: City):
    application = without_triggers.application("w")
    tamper("UPDATE admissions_participation SET state = 'placed' WHERE application_id = %s", application.pk)
    assert application.registration_number in said(without_triggers)


# --- messages, triggers, rows that hang in the air ------------------------------------------------------------------


def test_changed_letter_is_seen(without_triggers: City):
    """DH-155"""
    letter = LetterFactory(message=MessageFactory(round=without_triggers.round("ALM1")))
    assert f"Letter {letter.pk}" not in said(without_triggers)
    tamper(
        "UPDATE notifications_letter SET pdf = %s WHERE id = %s", connection.Database.Binary(b"x"), letter.pk
    )
    assert f"Letter {letter.pk} has been changed" in said(without_triggers)


def test_missing_trigger_is_seen():
    drop_triggers()
    with translation.override("en"):
        found = list(all_problems())
    assert len(found) == len(registered())
    assert all("The database misses the trigger" in problem for problem in found)


def test_year_that_was_left_half_reset_is_seen(city: City):
    """While this is set, append-only rows can be deleted."""
    tamper("UPDATE schools_admissionyear SET reset_started_at = clock_at")
    assert "reset" in said(city)


def test_row_that_points_at_nothing_is_seen(without_triggers: City):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL does not let go of a row that another points at")
    connection.check_constraints()
    seat = without_triggers.seat("e")
    tamper("DELETE FROM admissions_placement WHERE id = %s", seat.pk)
    with translation.override("en"):
        assert "points at a row that does not exist" in "\n".join(all_problems())
    drop_triggers()
    LedgerEntry.objects.filter(placement_id=seat.pk).delete()  # so that the test itself can end


# --- the command ----------------------------------------------------------------------------------------------------


def test_command_lists_what_is_wrong_and_ends_with_one(without_triggers: City):
    application = without_triggers.application("w")
    Application.objects.filter(pk=application.pk).update(decision="admitted")
    out = io.StringIO()
    with pytest.raises(CommandError) as refusal, translation.override("en"):
        call_command("check_integrity", stdout=out)
    assert refusal.value.returncode == 1
    lines = out.getvalue().splitlines()
    assert str(refusal.value) == f"{len(lines)} things do not add up."
    assert any(application.registration_number in line and "den-haag 2023-2024: " in line for line in lines)


def test_one_year_can_be_checked_alone(without_triggers: City):
    AdmissionYearFactory(region=RegionFactory(slug="zeestad"), code="2024-2025")
    tamper("UPDATE schools_event SET reason = 'x' WHERE sequence = 5")
    out = io.StringIO()
    with pytest.raises(CommandError), translation.override("en"):
        call_command("check_integrity", "--region", "zeestad", stdout=out)
    assert "Event 5" not in out.getvalue()  # only the missing triggers
