"""Copies of messages on their way: made once with the release, and moved by one table of states (DH-052, DH-115).

Sending is claim, send, record: a row is claimed in a transaction of its own (WAITING to SENDING), the mail is handed
over, and what came of it is recorded (OFFERED, DEFERRED or FAILED). Whatever is clicked, raced or redelivered, a row is
claimed by one process at a time. When a process is killed between claim and record nobody can know whether the mail
server took the mail: after a while the row waits again, and the mail that goes then has the same Message-ID, so that
to every mail server on the way it is the same mail and no second one.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from notifications.enums import DELIVERY_MOVES, Channel, DeliveryState, Settled
from notifications.models import Delivery, DeliveryEvent, Message
from schools.clock import database_now
from schools.mail import may_leave, sends_mail
from schools.models import User
from schools.services.starting import start

S = DeliveryState
BATCH = 500
TASK_SIZE = 100  # deliveries in one task
# How long after each try the next one follows; the last step repeats until GIVE_UP.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240))
GIVE_UP = timedelta(days=7)


def stale_after() -> timedelta:
    """A claim older than this belongs to a process that no longer lives."""
    return timedelta(seconds=2 * settings.OA_MAIL_ANSWER_SECONDS)


def make_deliveries(messages: Iterable[Message], *, is_rehearsal: bool) -> list[Delivery]:
    """One delivery per recipient of each released message, in the transaction that released it; starts the sending.

    The database refuses a second one for the same message and recipient, and one for a message that is held.
    """
    rows = [row for message in messages for row in _copies(message, is_rehearsal=is_rehearsal)]
    Delivery.objects.bulk_create(rows, batch_size=BATCH)
    waiting = [row.pk for row in rows if row.state == S.WAITING]
    for first in range(0, len(waiting), TASK_SIZE):
        # Robust: when the broker does not answer, the watch finds them.
        start("notifications.tasks.send_deliveries_task", waiting[first : first + TASK_SIZE])
    return rows


def _copies(message: Message, *, is_rehearsal: bool) -> list[Delivery]:
    first = Delivery(
        message=message,
        position=1,
        channel=message.channel,
        name=message.recipient_name,
        email=message.recipient_email if message.channel == Channel.EMAIL else "",
    )
    rows = [first]
    if message.copy_email and message.copy_email.lower() != first.email.lower():
        second = Delivery(position=2, channel=Channel.EMAIL, name=message.copy_name, email=message.copy_email)
        second.message = message
        rows.append(second)
    for row in rows:
        row.key = secrets.token_hex(16)
        row.state = _first_state(row, is_rehearsal=is_rehearsal)
        if row.state == S.FAILED:
            row.code = "no address"
    return rows


def _first_state(row: Delivery, *, is_rehearsal: bool) -> DeliveryState:
    if row.channel == Channel.POST:
        return S.TO_POST
    if is_rehearsal or not sends_mail():
        return S.STORED
    local, _at, domain = row.email.rpartition("@")
    if not local or not domain:  # somebody must phone: it would never be sent, whoever is on the list
        return S.FAILED
    return S.WAITING if may_leave([row.email]) else S.STORED


def due_deliveries(*, at: datetime | None = None, limit: int = BATCH) -> list[int]:
    """Deliveries that may be tried now, those that waited longest first."""
    at = at or database_now()
    ready = Q(state=S.WAITING) | Q(state=S.DEFERRED, next_try_at__lte=at)
    return list(Delivery.objects.filter(ready).order_by("pk").values_list("pk", flat=True)[:limit])


def claim(delivery_id: int, *, at: datetime | None = None) -> Delivery | None:
    """Take a delivery for this process; None when it is not due or somebody else has it.

    One that may not leave (any more) is put aside instead: the switch or the list may have changed.
    """
    at = at or database_now()
    found = Delivery.objects.filter(
        Q(state=S.WAITING) | Q(state=S.DEFERRED, next_try_at__lte=at), pk=delivery_id
    )
    row = found.select_related("message__year__region", "message__school", "message__round").first()
    if row is None:
        return None
    if row.message.year.is_rehearsal or not may_leave([row.email]):
        with transaction.atomic():
            if found.update(state=S.STORED, next_try_at=None):
                _tell(row, S.STORED, at=at, source="policy")
        return None
    taken = found.update(
        state=S.SENDING, claimed_at=at, tries=F("tries") + 1, first_try_at=Coalesce(F("first_try_at"), at)
    )
    if not taken:
        return None
    row.state, row.claimed_at, row.tries = S.SENDING, at, row.tries + 1
    row.first_try_at = row.first_try_at or at
    return row


@transaction.atomic
def record_sent(row: Delivery, *, provider_id: str = "", source: str = "smtp") -> None:
    """The mail server took it: offered. Only a report of a provider can say that it was received."""
    at = database_now()
    mine = Delivery.objects.filter(pk=row.pk, state=S.SENDING, claimed_at=row.claimed_at)
    values = {"sent_at": at, "provider_id": provider_id[:200]}
    if not mine.update(
        state=S.OFFERED, claimed_at=None, next_try_at=None, code="", **values
    ):  # a report of the provider was earlier
        Delivery.objects.filter(pk=row.pk, sent_at=None).update(**values)
    _tell(row, S.OFFERED, at=at, source=source)


@transaction.atomic
def record_trouble(row: Delivery, *, state: DeliveryState, code: str, source: str = "smtp") -> None:
    """The mail was not taken: postponed with growing pauses, or failed for good."""
    at = database_now()
    if state == S.DEFERRED and row.first_try_at is not None and at - row.first_try_at >= GIVE_UP:
        state = S.FAILED
    later = at + BACKOFF[min(row.tries, len(BACKOFF)) - 1] if state == S.DEFERRED else None
    mine = Delivery.objects.filter(pk=row.pk, state=S.SENDING, claimed_at=row.claimed_at)
    if mine.update(state=state, claimed_at=None, next_try_at=later, code=code[:20]):
        _tell(row, state, at=at, code=code, source=source)


def free_stopped(*, at: datetime | None = None) -> int:
    """Put deliveries back whose process was stopped between claim and record; answers how many."""
    at = at or database_now()
    stopped = Delivery.objects.filter(state=S.SENDING, claimed_at__lte=at - stale_after())
    freed = 0
    for row in stopped.order_by("pk")[:BATCH]:
        with transaction.atomic():
            mine = Delivery.objects.filter(pk=row.pk, state=S.SENDING, claimed_at=row.claimed_at)
            if mine.update(state=S.WAITING, claimed_at=None):
                _tell(row, S.WAITING, at=at, source="stopped")
                freed += 1
    return freed


@transaction.atomic
def record_report(
    row: Delivery, *, state: DeliveryState, at: datetime, code: str, source: str, provider_event: str
) -> bool:
    """What a provider or a bounce says of a delivery; answers whether it changed anything.

    Reports may come twice, late and in any order: the same one counts once, an older one changes nothing, and of two at
    the same moment the failure counts.
    """
    row = Delivery.objects.select_for_update().get(pk=row.pk)
    if provider_event and row.events.filter(provider_event=provider_event[:200]).exists():
        return False
    _tell(row, state, at=at, code=code, source=source, provider_event=provider_event)
    older = row.changed_at is not None and (
        at < row.changed_at or (at == row.changed_at and state != S.FAILED)
    )
    if older or state not in DELIVERY_MOVES[row.state]:
        return False
    row.state, row.changed_at, row.code = state, at, code[:20]
    row.claimed_at = None
    row.next_try_at = None  # postponed by the provider: it tries again itself
    row.sent_at = row.sent_at or at
    row.save(update_fields=["state", "changed_at", "code", "claimed_at", "next_try_at", "sent_at"])
    return True


@transaction.atomic
def settle(rows: Sequence[Delivery], *, how: Settled, by: User | None) -> int:
    """A failed delivery was dealt with: it no longer asks for attention."""
    found = Delivery.objects.filter(pk__in=[row.pk for row in rows], state=S.FAILED, settled_at=None)
    return found.update(settled_at=database_now(), settled_how=how, settled_by=by)


def _tell(
    row: Delivery,
    state: DeliveryState,
    *,
    at: datetime,
    code: str = "",
    source: str = "",
    provider_event: str = "",
) -> None:
    DeliveryEvent.objects.create(
        delivery_id=row.pk,
        state=state,
        at=at,
        code=code[:20],
        source=source[:20],
        provider_event=provider_event[:200],
    )
