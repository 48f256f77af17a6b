"""What the database refuses by itself, on SQLite and PostgreSQL alike: every statement here is raw SQL.

DESIGN section 4: the application's own checks may be bypassed, the database's may not.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from admissions.enums import Decision, PlacementState
from admissions.models import (
    Application,
    ApplicationForm,
    CareCase,
    Case,
    CaseEntry,
    FileOpening,
    LedgerEntry,
    Participation,
    PlaceException,
    Placement,
    Preference,
    PriorityClaim,
)
from admissions.services.draws.ceremony import request_draw
from lottery.enums import SessionState
from lottery.models import (
    Attestation,
    BlindEntry,
    Draw,
    DrawOutcome,
    DrawSession,
    SessionNumber,
    SignedRecord,
    TimeStamp,
)
from lottery.services.sessions import compute, store_outcome
from notifications.enums import OUTCOME_KINDS, MessageKind
from notifications.models import (
    Delivery,
    DeliveryEvent,
    Letter,
    LetterTemplate,
    Message,
    Release,
    TemplateApproval,
)
from schools.models import (
    AdmissionYear,
    Event,
    EventHead,
    HelperView,
    HelperVisit,
    PriorityRule,
    Round,
    SchoolRound,
    User,
)
from schools.services.events import Fact, broken_links, record_events
from schools.triggers import drop_triggers, missing_triggers, registered
from tests.factories.admissions import (
    ApplicationFactory,
    LedgerEntryFactory,
    PlacementFactory,
    PreferenceFactory,
)
from tests.factories.ceremony import open_room
from tests.factories.lottery import DrawSessionFactory, computed_session, verified_session
from tests.factories.notifications import MessageFactory
from tests.factories.schools import AdmissionYearFactory, RoundFactory, SchoolRoundFactory

pytestmark = pytest.mark.django_db


def execute(sql: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def refused(sql: str, *values: Any) -> None:
    """The database must refuse this statement."""
    with pytest.raises(IntegrityError):
        execute(sql, *values)


def columns(row: Model, **changes: Any) -> dict[str, Any]:
    """The row as column and value, as the database wants them, without its primary key."""
    values = {}
    for item in row._meta.concrete_fields:
        if not item.primary_key:
            value = changes.pop(item.attname, getattr(row, item.attname))
            values[item.column] = item.get_db_prep_save(value, connection)
    assert changes == {}
    return values


def insert(row: Model, *, verb: str = "INSERT INTO", pk: int | None = None, **changes: Any) -> None:
    """A copy of ``row`` with these changes, as one INSERT."""
    values = columns(row, **changes) | ({"id": pk} if pk else {})
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(["%s"] * len(values))
    execute(f'{verb} "{row._meta.db_table}" ({names}) VALUES ({marks})', *values.values())


def insert_refused(row: Model, **changes: Any) -> None:
    with pytest.raises(IntegrityError):
        insert(row, **changes)


# --- seats ----------------------------------------------------------------------------------------------------------


def test_placement_beyond_the_places_is_refused():
    seats = SchoolRoundFactory(ceiling=1)
    taken = PlacementFactory(application__first_choice=seats)
    other = ApplicationFactory(first_choice=seats)
    insert_refused(taken, application_id=other.pk, child_id=other.child_id)
    assert Placement.objects.count() == 1


def test_placement_is_refused_where_nothing_is_open_also_when_its_state_says_superseded():
    """A superseded placement still fills the seat of its own round."""
    seats = SchoolRoundFactory(ceiling=1)
    taken = PlacementFactory(application__first_choice=seats)
    other = ApplicationFactory(first_choice=seats)
    for state in (PlacementState.SUPERSEDED, PlacementState.LAPSED):
        insert_refused(taken, application_id=other.pk, child_id=other.child_id, state=state)


def test_uncapped_school_has_no_last_place():
    seats = SchoolRoundFactory(ceiling=None)
    for _ in range(3):
        PlacementFactory(application__first_choice=seats)
    assert Placement.objects.filter(school_round=seats).count() == 3


def test_seat_of_a_withdrawn_child_is_not_given_twice():
    """The place is freed to a VOVP by the ledger, and only there."""
    seats = SchoolRoundFactory(ceiling=1)
    first = PlacementFactory(application__first_choice=seats, state=PlacementState.WITHDRAWN)
    LedgerEntryFactory(school_round=seats, placement=first, kind="withdrawn", places=1)
    LedgerEntryFactory(school_round=seats, placement=first, kind="freed_out", places=-1)
    other = ApplicationFactory(first_choice=seats)
    insert_refused(first, application_id=other.pk, child_id=other.child_id, state=PlacementState.RESERVED)


def test_child_holds_one_active_placement():
    first = PlacementFactory()
    elsewhere = SchoolRoundFactory(round=first.school_round.round)
    insert_refused(first, school_round_id=elsewhere.pk)
    insert(first, school_round_id=elsewhere.pk, state=PlacementState.WITHDRAWN)


def test_placement_belongs_to_the_child_of_its_application():
    first = PlacementFactory()
    insert_refused(first, child_id=ApplicationFactory().child_id, school_round_id=SchoolRoundFactory().pk)


@pytest.mark.parametrize(
    ("state", "target"),
    [
        (PlacementState.WITHDRAWN, PlacementState.RESERVED),
        (PlacementState.WITHDRAWN, PlacementState.ENROLLED),
        (PlacementState.SUPERSEDED, PlacementState.OFFERED),
        (PlacementState.LAPSED, PlacementState.ENROLLED),
    ],
)
def test_ended_placement_does_not_come_back(state: str, target: str):
    placement = PlacementFactory(state=state)
    refused("UPDATE admissions_placement SET state = %s WHERE id = %s", target, placement.pk)


def test_placement_is_not_moved_to_another_school_child_or_application():
    placement = PlacementFactory()
    other = ApplicationFactory()
    for column, value in (
        ("school_round_id", SchoolRoundFactory().pk),
        ("child_id", other.child_id),
        ("application_id", other.pk),
    ):
        refused(f"UPDATE admissions_placement SET {column} = %s WHERE id = %s", value, placement.pk)


def test_placement_is_not_deleted():
    placement = PlacementFactory()
    LedgerEntry.objects.filter(placement=None).exists()
    refused("DELETE FROM admissions_placement WHERE id = %s", placement.pk)


@pytest.mark.parametrize("places", ["NULL", "5"])
def test_school_with_places_in_the_books_does_not_become_uncapped_or_capped(places: str):
    """Q-37: else the last place would have no end."""
    seats = SchoolRoundFactory(ceiling=1 if places == "NULL" else None)
    PlacementFactory(application__first_choice=seats)
    refused(f"UPDATE schools_schoolround SET ceiling = {places} WHERE id = %s", seats.pk)


# --- applications and lists -----------------------------------------------------------------------------------------


def test_child_has_one_active_application_a_year():
    """DH-034"""
    first = ApplicationFactory()
    insert_refused(first, registration_number="OTHER001")
    execute("UPDATE admissions_application SET decision = %s WHERE id = %s", Decision.WITHDRAWN, first.pk)
    insert(first, registration_number="OTHER001")
    # The withdrawn one cannot be woken up beside it.
    refused("UPDATE admissions_application SET decision = %s WHERE id = %s", Decision.ADMITTED, first.pk)


def test_school_stands_once_on_a_list():
    """DH-043"""
    row = PreferenceFactory()
    insert_refused(row, rank=row.rank + 1)


def test_rank_stands_once_on_a_list():
    row = PreferenceFactory()
    insert_refused(row, programme_id=SchoolRoundFactory().programme_id)


@pytest.mark.parametrize("rank", [0, -1, 4, 9])
def test_list_has_no_gap(rank: int):
    """DH-043: two schools are on the list, the next one is number three."""
    row = PreferenceFactory()
    other = SchoolRoundFactory().programme_id
    insert_refused(row, rank=rank, programme_id=other)
    insert(row, rank=3, programme_id=other)


def test_list_is_replaced_as_a_whole():
    row = PreferenceFactory()
    refused("UPDATE admissions_preference SET rank = 3 WHERE id = %s", row.pk)
    refused(
        "UPDATE admissions_preference SET programme_id = %s WHERE id = %s",
        SchoolRoundFactory().programme_id,
        row.pk,
    )
    assert Preference.objects.get(pk=row.pk).rank == 2


# --- ledger ---------------------------------------------------------------------------------------------------------


def test_ledger_entry_is_not_changed_or_deleted():
    """DH-104"""
    entry = SchoolRoundFactory(ceiling=3).entries.get()
    refused("UPDATE admissions_ledgerentry SET places = 4 WHERE id = %s", entry.pk)
    refused("UPDATE admissions_ledgerentry SET cause = cause WHERE id = %s", entry.pk)
    refused("DELETE FROM admissions_ledgerentry WHERE id = %s", entry.pk)


def test_ledger_does_not_go_below_zero():
    entry = SchoolRoundFactory(ceiling=3).entries.get()
    insert_refused(entry, places=-4)
    insert(entry, places=-3)
    insert_refused(entry, places=-1)


def test_places_are_not_booked_twice_for_one_placement():
    placement = PlacementFactory()
    insert_refused(placement.entries.get())


def test_uncapped_school_keeps_no_ledger():
    entry = SchoolRoundFactory(ceiling=3).entries.get()
    insert_refused(entry, school_round_id=SchoolRoundFactory(ceiling=None).pk)


@pytest.mark.parametrize(
    ("kind", "places"),
    [("placed", 1), ("placed", -2), ("withdrawn", -1), ("freed_in", 2), ("freed_out", 1), ("carried_in", -1),
     ("carried_out", 1), ("released", -1), ("placed", -1), ("gift", 1)],
)  # fmt: skip
def test_sign_of_an_entry_fits_its_kind(kind: str, places: int):
    """The last ``placed`` has the right sign and yet no placement."""
    insert_refused(SchoolRoundFactory(ceiling=3).entries.get(), kind=kind, places=places)


# --- the trail ------------------------------------------------------------------------------------------------------


def three_events() -> list[Event]:
    year = AdmissionYearFactory()
    record_events(year, [Fact("test", "year", f"key {n}") for n in range(3)], actor=None)
    return list(Event.objects.filter(year=year).order_by("sequence"))


def test_event_is_not_changed_or_deleted():
    """DH-200"""
    first, _second, last = three_events()
    refused("UPDATE schools_event SET reason = 'other' WHERE id = %s", first.pk)
    refused("DELETE FROM schools_event WHERE id = %s", last.pk)


def test_chain_of_events_does_not_fork_or_start_again():
    first, second, last = three_events()
    insert_refused(last, reason="a second end")  # same sequence
    insert_refused(last, sequence=4)  # hangs on the second event
    insert_refused(last, sequence=5, previous_hash=last.hash)  # leaves a number out
    insert_refused(first, sequence=4, previous_hash="")
    insert_refused(first, sequence=1)
    assert second.previous_hash == first.hash
    assert broken_links([first, second, last]) == []


def test_event_may_be_deleted_only_while_a_rehearsal_year_is_reset():
    events = three_events()
    execute("UPDATE schools_admissionyear SET reset_started_at = %s", timezone.now())
    execute("DELETE FROM schools_event WHERE id = %s", events[2].pk)
    real = AdmissionYearFactory(code="2024-2025", is_rehearsal=False, clock_at=None)
    refused("UPDATE schools_admissionyear SET reset_started_at = %s WHERE id = %s", timezone.now(), real.pk)


def test_real_year_does_not_become_a_rehearsal_and_has_no_standing_clock():
    real = AdmissionYearFactory(is_rehearsal=False)
    refused("UPDATE schools_admissionyear SET is_rehearsal = %s WHERE id = %s", True, real.pk)
    refused("UPDATE schools_admissionyear SET clock_at = %s WHERE id = %s", timezone.now(), real.pk)


# --- draws ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column",
    ["dossiers", "participants", "commitment", "seed", "outcome", "commitment_hash", "outcome_hash", "name"],
)
def test_bytes_of_a_draw_are_not_changed(column: str):
    """DH-201: not one byte of what was committed or drawn."""
    session = verified_session()
    old = getattr(session, column)
    new = old[:-1] + "X" if isinstance(old, str) else connection.Database.Binary(bytes(old) + b"X")
    refused(f"UPDATE lottery_drawsession SET {column} = %s WHERE id = %s", new, session.pk)


@pytest.mark.parametrize("column", ["seed", "outcome"])
def test_seed_and_outcome_do_not_disappear(column: str):
    session = computed_session()
    refused(f"UPDATE lottery_drawsession SET {column} = NULL WHERE id = %s", session.pk)


def test_draw_is_not_deleted():
    refused("DELETE FROM lottery_drawsession WHERE id = %s", DrawSessionFactory().pk)


@pytest.mark.parametrize("state", [SessionState.VERIFIED, SessionState.APPLIED])
def test_draw_without_outcome_is_never_official(state: str):
    """OA-LOT/1 section 7 point 6: fail closed."""
    frozen = DrawSessionFactory()
    refused("UPDATE lottery_drawsession SET state = %s WHERE id = %s", state, frozen.pk)
    refused(
        "UPDATE lottery_drawsession SET state = %s, verified_at = %s WHERE id = %s",
        state,
        timezone.now(),
        frozen.pk,
    )


def test_draw_that_nobody_verified_is_never_official():
    session = computed_session()
    refused("UPDATE lottery_drawsession SET state = %s WHERE id = %s", SessionState.VERIFIED, session.pk)


def test_round_has_one_official_draw():
    first, second = verified_session(), verified_session()
    assert first.round == second.round
    sql = "UPDATE lottery_drawsession SET state = %s, applied_at = verified_at WHERE id = %s"
    execute(sql, SessionState.APPLIED, first.pk)
    refused(sql, SessionState.APPLIED, second.pk)
    refused("UPDATE lottery_drawsession SET state = %s WHERE id = %s", SessionState.APPLIED, second.pk)


def test_name_of_a_draw_says_whether_it_is_a_rehearsal():
    session = DrawSessionFactory()
    insert_refused(session, name=session.name.removeprefix("OEFEN-"))
    insert_refused(session, name=session.name + "X", is_rehearsal=False)
    insert_refused(session)  # a zitting is never used again


# --- messages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MessageKind.M04, MessageKind.M09])
def test_message_is_not_released_before_its_moment(kind: str):
    """DH-111: by no path, also once the release of the round has been opened; what is no result needs none."""
    message = MessageFactory(kind=kind)
    sql = "UPDATE notifications_message SET state = 'released', released_at = %s WHERE id = %s"
    adapted = connection.ops.adapt_datetimefield_value  # SQLite compares text: UTC without an offset
    if kind in OUTCOME_KINDS:
        refused(sql, adapted(message.not_before), message.pk)  # its moment, and nobody opened the release
        moment = message.not_before - timedelta(seconds=1)
        Release.objects.create(
            year=message.year, round=message.round, moment=moment, is_rehearsal=True, opened_at=moment
        )
    refused(sql, adapted(message.not_before - timedelta(seconds=1)), message.pk)
    refused("UPDATE notifications_message SET state = 'released' WHERE id = %s", message.pk)
    execute(sql, adapted(message.not_before), message.pk)
    assert Message.objects.get().released_at == message.not_before


# --- REPLACE, which deletes without saying so -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda: three_events()[1], {"reason": "another story"}),
        (lambda: SchoolRoundFactory(ceiling=3).entries.get(), {"places": 300}),
        (lambda: PlacementFactory().entries.get(), {"cause": "another story"}),
        (PlacementFactory, {"preference_rank": 2}),
        (DrawSessionFactory, {"commitment": b"another"}),
    ],
    ids=["event", "entry", "entry of a placement", "placement", "session"],
)
@pytest.mark.parametrize("by_key", [True, False])
def test_row_that_stays_is_not_replaced(make: Callable[[], Model], change: dict[str, Any], by_key: bool):
    """SQLite's REPLACE deletes the old row without asking the trigger that guards against DELETE."""
    row = make()
    if connection.vendor == "sqlite":
        verb, pk = "INSERT OR REPLACE INTO", row.pk if by_key else None
        if isinstance(row, LedgerEntry) and row.placement_id is None and not by_key:
            pytest.skip("nothing else in this row is unique")
        with pytest.raises(IntegrityError):
            insert(row, verb=verb, pk=pk, **change)
    else:
        column, value = next(iter(change.items()))
        table = row._meta.db_table
        names = ", ".join(f'"{name}"' for name in columns(row))
        refused(
            f'INSERT INTO "{table}" (id, {names}) SELECT id, {names} FROM "{table}" WHERE id = %s '
            f"ON CONFLICT (id) DO UPDATE SET {column} = %s",
            row.pk,
            value,
        )


@pytest.mark.parametrize(
    "change",
    [
        "lottery_sessionnumber SET registration_number = 'X'",
        "lottery_sessionnumber SET number = number || '0'",
        "lottery_attestation SET note = 'another story'",
        "lottery_draw SET places = '99'",
        "lottery_drawoutcome SET code = ''",
        "lottery_drawoutcome SET rank = rank + 100",
        "lottery_blindentry SET value = '1'",
    ],
)
def test_what_a_draw_left_behind_is_not_changed(change: str):
    """Two numbers that change places after the draw would give one child the place of another (DH-201)."""
    room = open_room()
    room.seed()
    request_draw(room.session().pk, actor=room.first)
    table = change.split()[0]
    execute(f"UPDATE {table} SET id = id WHERE 1 = 0")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        if table in ("lottery_draw", "lottery_drawoutcome"):
            store_outcome(
                session_id=room.session().pk, outcome=compute(room.session()), at=room.session().frozen_at
            )
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
        assert cursor.fetchone()[0] > 0
    refused(f"UPDATE {change}")
    if table != "lottery_blindentry":
        refused(f"DELETE FROM {table}")


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no TRUNCATE")
def test_no_guarded_table_is_emptied_with_truncate():
    """TRUNCATE asks no trigger of rows; also not when another table is emptied with all that points at it."""
    three_events()
    connection.check_constraints()  # or PostgreSQL refuses because a foreign key is still to be looked at
    guarded = {rule.table for rule in registered() if rule.event == "DELETE"}
    assert guarded >= {
        "schools_event",
        "admissions_ledgerentry",
        "admissions_preference",
        "lottery_attestation",
    }
    for table in [*guarded, "schools_admissionyear", "schools_round", "admissions_child"]:
        refused(f"TRUNCATE {table} CASCADE")
    assert Event.objects.count() == 3


# --- the end of the trail -------------------------------------------------------------------------------------------


def test_head_of_the_trail_only_moves_forward_to_an_event_that_is_there():
    events = three_events()
    head = EventHead.objects.get()
    assert (head.sequence, head.hash) == (3, events[2].hash)
    for values in ((2, events[1].hash), (3, "0" * 64), (3, events[2].hash), (4, events[2].hash)):
        refused("UPDATE schools_eventhead SET sequence = %s, hash = %s", *values)
    refused("DELETE FROM schools_eventhead")
    insert_refused(head, year_id=AdmissionYearFactory(code="2030-2031").pk)
    if connection.vendor == "sqlite":
        with pytest.raises(IntegrityError):
            insert(head, verb="INSERT OR REPLACE INTO", sequence=1, hash=events[0].hash)


# --- at the same moment ---------------------------------------------------------------------------------------------


def at_the_same_moment(actions: list[Callable[[], None]]) -> list[str]:
    """Run each in a thread with a connection of its own; what every one of them came to."""
    start = threading.Barrier(len(actions))
    answers: list[str] = []

    def run(action: Callable[[], None]) -> None:
        try:
            start.wait(timeout=20)
            action()
            answers.append("done")
        except (IntegrityError, OperationalError) as exc:
            answers.append(type(exc).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(answers)


@pytest.mark.django_db(transaction=True)
def test_one_of_four_gets_the_last_place():
    seats = SchoolRoundFactory(ceiling=1)
    template = PlacementFactory.build(
        application=ApplicationFactory(first_choice=seats), school_round=seats, child=None
    )
    applications = [ApplicationFactory(first_choice=seats) for _ in range(4)]

    def place(application: Application) -> Callable[[], None]:
        return lambda: insert(
            template, application_id=application.pk, child_id=application.child_id, school_round_id=seats.pk
        )

    answers = at_the_same_moment([place(application) for application in applications])
    assert answers == ["IntegrityError", "IntegrityError", "IntegrityError", "done"]
    assert Placement.objects.filter(school_round=seats).count() == 1


@pytest.mark.django_db(transaction=True)
def test_last_open_place_is_booked_out_once():
    entry = SchoolRoundFactory(ceiling=1).entries.get()
    answers = at_the_same_moment([lambda: insert(entry, places=-1)] * 4)
    assert answers == ["IntegrityError", "IntegrityError", "IntegrityError", "done"]
    assert sum(LedgerEntry.objects.values_list("places", flat=True)) == 0


@pytest.mark.django_db(transaction=True)
def test_writers_of_events_queue_instead_of_forking_the_chain():
    year = AdmissionYearFactory()

    def write(name: str) -> Callable[[], None]:
        facts = [Fact("test", "year", f"{name} {n}") for n in range(5)]
        return lambda: record_events(year, facts, actor=None) and None

    assert at_the_same_moment([write(name) for name in "abcd"]) == ["done"] * 4
    events = list(Event.objects.filter(year=year).order_by("sequence"))
    assert len(events) == 20
    assert broken_links(events) == []


# --- the triggers themselves ----------------------------------------------------------------------------------------


def count_triggers() -> int:
    query = (
        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT COUNT(*) FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def test_every_trigger_is_there_after_migrate():
    assert count_triggers() == len(registered())
    drop_triggers()
    assert len(missing_triggers()) == len(registered())
    call_command("migrate", verbosity=0)
    assert count_triggers() == len(registered())
    assert missing_triggers() == []


def test_guarded_tables_exist_under_their_names():
    """A trigger on a table that was renamed would never be made."""
    tables = set(connection.introspection.table_names())
    assert {rule.table for rule in registered()} <= tables
    models: tuple[type[Model], ...] = (AdmissionYear, Event, SchoolRound, LedgerEntry, Placement, Preference)
    models += (EventHead, Attestation, BlindEntry, Draw, DrawOutcome, SessionNumber)
    models += (
        DrawSession,
        Application,
        ApplicationForm,
        PriorityClaim,
        CareCase,
        Participation,
        PriorityRule,
        Round,
    )
    models += (SignedRecord, Message, Release, Delivery, DeliveryEvent, LetterTemplate, Letter)
    models += (TemplateApproval,)
    models += (Case, CaseEntry, PlaceException, User, FileOpening, HelperView, HelperVisit, TimeStamp)
    assert {model._meta.db_table for model in models} == {rule.table for rule in registered()}


def test_seats_of_another_round_do_not_count():
    round_ = RoundFactory(code="ALM1")
    seats = SchoolRoundFactory(round=round_, ceiling=0)
    SchoolRoundFactory(round=RoundFactory(code="ALM2"), programme=seats.programme, ceiling=5)
    application = ApplicationFactory(first_choice=seats)
    template = PlacementFactory.build(application=application, school_round=seats, child=application.child)
    insert_refused(template)
