"""The held outbox: messages wait for their moment and leave once (DH-111, DH-142).

``now`` is always the time of the admission year, passed in by the caller; the machine's clock decides nothing here.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from notifications.enums import MessageState
from notifications.models import Message
from notifications.services.deliveries import make_deliveries
from schools.errors import RefusedError
from schools.models import AMSTERDAM, Round

BATCH = 500


class OutboxError(RefusedError):
    """Messages that cannot be held, released or cancelled like that."""


class TooEarly(OutboxError):
    """The moment of these messages has not come (DH-111)."""


def hold_messages(messages: list[Message]) -> int:
    """Store messages to be released later; answers how many are new.

    A message for a decision that has one already (year, kind and case key) is left as it is, so that a repeated
    step makes nothing twice.
    Errors: OutboxError for a message that is not HELD; then none is stored.
    """
    for message in messages:
        if message.state != MessageState.HELD or message.released_at is not None:
            raise OutboxError(_("A new message must be held: %(message)s.") % {"message": message})
    unique = {_key(message): message for message in reversed(messages)}
    new = list(reversed(unique.values()))
    try:
        if len(new) > 1:
            return _insert_missing(new)
        with transaction.atomic():  # one message is nearly always new: the insert itself finds out
            return len(Message.objects.bulk_create(new))
    except IntegrityError:
        # Somebody stored one of them between our look and our insert: look once more. `ignore_conflicts` is no
        # help, on SQLite it would also swallow messages that break a check constraint.
        return _insert_missing(new)


def _key(message: Message) -> tuple[int, str, str]:
    return (message.year_id, str(message.kind), message.case_key)


@transaction.atomic
def _insert_missing(messages: list[Message]) -> int:
    years, kinds = {m.year_id for m in messages}, {m.kind for m in messages}
    stored = Message.objects.filter(year_id__in=years, kind__in=kinds)
    if len(messages) <= BATCH:  # one confirmation must not read those of the whole year
        stored = stored.filter(case_key__in=[m.case_key for m in messages])
    present = set(stored.values_list("year_id", "kind", "case_key"))
    missing = [message for message in messages if _key(message) not in present]
    return len(Message.objects.bulk_create(missing, batch_size=BATCH))


@transaction.atomic
def release_messages(*, round_id: int, now: datetime) -> int:
    """Release every held message of a round whose moment has come; answers how many. A second call finds none.

    The results of the round are among them only when its release was opened: the database refuses them otherwise.
    Errors: TooEarly when messages wait and the moment of none of them has come; OutboxError when a row escaped
            (then nothing is released).
    Source: DH-111, DH-142; data-formats.md section 2 (outbox).
    """
    held = Message.objects.filter(round_id=round_id, state=MessageState.HELD)
    released = release_rows(held, now=now)
    if not released:
        first = held.order_by("not_before").values_list("not_before", flat=True).first()
        if first is not None:
            raise TooEarly(
                _("It is too early: these messages may not leave before %(moment)s.")
                % {"moment": date_format(first.astimezone(AMSTERDAM), "l j F Y H:i")}
            )
    return released


@transaction.atomic
def release_rows(rows: QuerySet[Message], *, now: datetime) -> int:
    """Release the held ones among ``rows`` whose moment has come, each with its deliveries; answers how many.

    Messages and deliveries change in one transaction, and sending starts when it is committed: whatever is clicked,
    killed or raced, a message leaves once.
    """
    due = rows.filter(state=MessageState.HELD, not_before__lte=now)
    # Only what a delivery is made of; the texts stay in the database.
    messages = list(due.select_for_update(of=("self",)).select_related("year").defer("merge"))
    return _release(messages, now=now)


def _release(messages: list[Message], *, now: datetime) -> int:
    """Release held messages that nobody else can touch now: their rows are locked, or were made in this transaction."""
    moved = 0
    for start in range(0, len(messages), BATCH):
        ids = [message.pk for message in messages[start : start + BATCH]]
        held = Message.objects.filter(pk__in=ids, state=MessageState.HELD)
        moved += held.update(state=MessageState.RELEASED, released_at=now)
    if moved != len(messages):
        raise OutboxError(
            _("%(moved)s messages moved where %(expected)s were counted. Nothing was released, try again.")
            % {"moved": moved, "expected": len(messages)}
        )
    for is_rehearsal in (False, True):
        group = [message for message in messages if message.year.is_rehearsal == is_rehearsal]
        if group:
            make_deliveries(group, is_rehearsal=is_rehearsal)
    return moved


def send_now(messages: list[Message], *, now: datetime) -> int:
    """Store messages and release them at once: for what waits for no day (M01, M02, M08 and so on).

    Answers how many left; one that exists already (same kind and case key) is not sent again.
    """
    if not messages:
        return 0
    with transaction.atomic():
        hold_messages(messages)
        # Those that got a key are ours alone until this transaction ends: no need to read and lock them again.
        return _release([m for m in messages if m.pk and m.not_before <= now], now=now)


@transaction.atomic
def cancel_messages(registration_numbers: Iterable[str], round: Round) -> int:
    """Take back the messages of these children in a round that have not left; answers how many.

    What was released stays released: it has been said.
    """
    numbers = list(dict.fromkeys(registration_numbers))
    held = Message.objects.filter(round=round, state=MessageState.HELD)
    return sum(
        held.filter(registration_number__in=numbers[start : start + BATCH]).update(
            state=MessageState.CANCELLED
        )
        for start in range(0, len(numbers), BATCH)
    )
