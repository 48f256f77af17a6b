"""The held outbox: nothing leaves before its moment, nothing leaves twice (DH-111, DH-142)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from notifications.enums import MessageKind, MessageState
from notifications.models import Message
from notifications.services.outbox import (
    OutboxError,
    TooEarly,
    cancel_messages,
    hold_messages,
    release_messages,
)
from schools.models import Round
from tests.lottery.draw_sessions import make_round
from tests.notifications.family_messages import MOMENT, make_message, opened_round

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def new_message(round_: Round, number: str, **fields: object) -> Message:
    values = {
        "year": round_.year,
        "round": round_,
        "kind": MessageKind.M04,
        "case_key": f"{number}/{round_.code}",
        "registration_number": number,
        "not_before": MOMENT,
    }
    return Message(**{**values, **fields})


def states() -> list[tuple[str, str]]:
    return list(Message.objects.values_list("registration_number", "state"))


# --- holding -----------------------------------------------------------------------------------------------------


def test_messages_are_stored_held_and_counted():
    round_ = make_round()

    assert hold_messages([new_message(round_, "A1"), new_message(round_, "A2")]) == 2
    assert states() == [("A1", "held"), ("A2", "held")]


def test_same_decision_makes_no_second_message():
    round_ = make_round()
    hold_messages([new_message(round_, "A1", merge={"text": "first"})])

    assert (
        hold_messages([new_message(round_, "A1", merge={"text": "second"}), new_message(round_, "A2")]) == 1
    )
    assert hold_messages([new_message(round_, "A1"), new_message(round_, "A2")]) == 0
    assert Message.objects.get(registration_number="A1").merge == {"text": "first"}


def test_two_of_the_same_in_one_call_become_one_the_first():
    round_ = make_round()
    twice = [new_message(round_, "A1", merge={"n": 1}), new_message(round_, "A1", merge={"n": 2})]

    assert hold_messages(twice) == 1
    assert Message.objects.get().merge == {"n": 1}


def test_other_kind_round_or_version_is_another_message():
    round_, later = make_round(), make_round()
    messages = [
        new_message(round_, "A1"),
        new_message(round_, "A1", kind=MessageKind.M05),
        new_message(later, "A1"),
        new_message(round_, "A1", kind=MessageKind.M01, case_key="A1/v1"),
        new_message(round_, "A1", kind=MessageKind.M01, case_key="A1/v2"),
    ]
    assert hold_messages(messages) == 5


def test_new_messages_get_their_keys():
    message = new_message(make_round(), "A1")
    hold_messages([message])

    assert message.pk == Message.objects.get().pk


@pytest.mark.parametrize("fields", [{"state": MessageState.RELEASED}, {"released_at": MOMENT}])
def test_message_that_is_not_held_is_refused_and_none_is_stored(fields):
    round_ = make_round()
    with pytest.raises(OutboxError):
        hold_messages([new_message(round_, "A1"), new_message(round_, "A2", **fields)])
    assert not Message.objects.exists()


def test_message_that_breaks_a_rule_is_not_swallowed():
    """SQLite's INSERT OR IGNORE would drop it in silence."""
    round_ = make_round()
    with pytest.raises(IntegrityError), transaction.atomic():
        hold_messages([new_message(round_, "A1"), new_message(round_, "A2", not_before=None)])
    assert not Message.objects.exists()


def test_nothing_to_hold_is_fine():
    assert hold_messages([]) == 0


def test_number_of_queries_does_not_grow(django_assert_num_queries):
    round_ = make_round()
    with django_assert_num_queries(3):  # savepoint, insert, release
        assert hold_messages([new_message(round_, "A1")]) == 1
    assert hold_messages([new_message(round_, "A1")]) == 0  # the insert itself finds that it is there
    with django_assert_num_queries(4):  # savepoint, look, insert, release
        hold_messages([new_message(round_, f"B{n}") for n in range(30)])


# --- releasing ---------------------------------------------------------------------------------------------------


def test_too_early_is_refused_and_nothing_leaves():
    round_ = opened_round()
    hold_messages([new_message(round_, "A1"), new_message(round_, "A2")])

    with pytest.raises(TooEarly, match="18 april 2024"):
        release_messages(round_id=round_.pk, now=MOMENT - SECOND)

    assert states() == [("A1", "held"), ("A2", "held")]


def test_at_the_moment_everything_leaves_once():
    round_, other = opened_round(), opened_round()
    hold_messages([new_message(round_, "A1"), new_message(round_, "A2"), new_message(other, "B1")])

    assert release_messages(round_id=round_.pk, now=MOMENT) == 2
    assert release_messages(round_id=round_.pk, now=MOMENT + SECOND) == 0

    assert set(Message.objects.filter(round=round_).values_list("state", "released_at")) == {
        ("released", MOMENT)
    }
    assert Message.objects.get(round=other).state == MessageState.HELD


def test_clock_of_the_machine_decides_nothing():
    """A rehearsal year may stand still in the future or the past (DESIGN section 7)."""
    round_ = opened_round()
    far = datetime(2098, 1, 1, tzinfo=UTC)
    hold_messages([new_message(round_, "A1", not_before=far)])

    with pytest.raises(TooEarly):
        release_messages(round_id=round_.pk, now=far - SECOND)
    assert release_messages(round_id=round_.pk, now=far) == 1
    assert Message.objects.get().released_at == far


def test_messages_with_a_later_moment_stay_behind():
    """VOVP: schools see the result a day before families are told (DH-141, DH-142)."""
    round_ = opened_round()
    hold_messages(
        [new_message(round_, "S1"), new_message(round_, "F1", not_before=MOMENT + timedelta(days=1))]
    )

    assert release_messages(round_id=round_.pk, now=MOMENT) == 1
    assert states() == [("S1", "released"), ("F1", "held")]
    with pytest.raises(TooEarly):
        release_messages(round_id=round_.pk, now=MOMENT + SECOND)
    assert release_messages(round_id=round_.pk, now=MOMENT + timedelta(days=1)) == 1


def test_round_without_messages_releases_none():
    assert release_messages(round_id=opened_round().pk, now=MOMENT) == 0


def test_release_takes_the_same_queries_for_one_and_for_many(django_assert_num_queries):
    round_, other = opened_round(), opened_round()
    hold_messages([new_message(round_, "A1"), *(new_message(other, f"B{n}") for n in range(20))])

    with django_assert_num_queries(7):  # two savepoints, lock and read, update, deliveries
        release_messages(round_id=round_.pk, now=MOMENT)
    with django_assert_num_queries(7):
        release_messages(round_id=other.pk, now=MOMENT)


# --- the database refuses by itself --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "assignment",
    [
        "state = 'released', released_at = '2024-04-18 06:59:59+00:00'",  # a second too early
        "released_at = '2024-04-18 07:00:00+00:00'",  # held, with a moment of release
        "state = 'sent'",  # no such state
    ],
)
def test_raw_sql_cannot_release_early(assignment):
    message = make_message(opened_round())
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE notifications_message SET {assignment} WHERE id = %s", [message.pk])

    message.refresh_from_db()
    assert (message.state, message.released_at) == (MessageState.HELD, None)


def test_raw_sql_cannot_release_without_a_moment():
    message = make_message(opened_round())
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_message SET state = 'released' WHERE id = %s", [message.pk])


def test_bulk_update_cannot_release_early():
    message = make_message(opened_round())
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(
            state=MessageState.RELEASED, released_at=message.not_before - SECOND
        )


def test_message_cannot_be_born_released_too_early():
    round_ = opened_round()
    with pytest.raises(IntegrityError), transaction.atomic():
        new_message(round_, "A1", state=MessageState.RELEASED, released_at=MOMENT - SECOND).save()


# --- taking back -------------------------------------------------------------------------------------------------


def test_held_messages_of_these_children_are_taken_back_in_this_round_only():
    round_, other = opened_round(), opened_round()
    hold_messages([new_message(round_, "A1"), new_message(round_, "A2"), new_message(other, "A1")])

    assert cancel_messages(["A1", "A1", "A9"], round_) == 1
    assert set(Message.objects.values_list("registration_number", "round", "state")) == {
        ("A1", round_.pk, "cancelled"),
        ("A2", round_.pk, "held"),
        ("A1", other.pk, "held"),
    }
    assert release_messages(round_id=round_.pk, now=MOMENT) == 1


def test_what_was_released_stays_released():
    round_ = opened_round()
    hold_messages([new_message(round_, "A1")])
    release_messages(round_id=round_.pk, now=MOMENT)

    assert cancel_messages(["A1"], round_) == 0
    assert states() == [("A1", "released")]


def test_many_children_are_taken_back_together():
    round_ = opened_round()
    numbers = [f"A{n:04}" for n in range(1200)]
    hold_messages([new_message(round_, number) for number in numbers])

    assert cancel_messages(iter(numbers), round_) == 1200
