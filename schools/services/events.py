"""Writing the legal trail: append-only events, hash-chained per year (DH-200, DESIGN section 4)."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from schools.clock import DatabaseNow, database_now, now
from schools.models import AdmissionYear, Event, EventHead, User

BATCH = 500


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened to one object: keys and codes only, never a name."""

    kind: str
    object_type: str
    object_key: str
    old: str = ""
    new: str = ""
    reason: str = ""


def event_hash(event: Event) -> str:
    """SHA-256 over the previous hash and everything the event says. Times in UTC to the microsecond."""

    def moment(value: datetime) -> str:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    said = [
        event.previous_hash,
        event.sequence,
        event.kind,
        event.actor_id,
        moment(event.recorded_at),
        moment(event.effective_at),
        event.object_type,
        event.object_key,
        event.old,
        event.new,
        event.reason,
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


@transaction.atomic
def record_events(
    year: AdmissionYear, facts: Iterable[Fact], *, actor: User | None, effective_at: datetime | None = None
) -> int:
    """Append ``facts`` to the chain of ``year``, in order; returns how many.

    Locks the year's row, so that two writers queue instead of forking the chain. A command without a login has
    ``actor`` None.
    """
    facts = list(facts)
    if not facts:
        return 0
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    # The time comes along with the last event, which is read when the lock is ours: moments follow the chain.
    rows = Event.objects.filter(year=year).order_by("-sequence").only("sequence", "hash")
    last = rows.annotate(read_at=DatabaseNow()).first()
    sequence, previous = (last.sequence, last.hash) if last else (0, "")
    recorded_at = last.read_at if last else database_now()
    if effective_at is None:  # in a real year the two are one moment, and one question to the database
        effective_at = recorded_at if year.clock_at is None else now(year)
    events: list[Event] = []
    for fact in facts:
        sequence += 1
        event = Event(
            year=year,
            sequence=sequence,
            kind=fact.kind,
            actor=actor,
            recorded_at=recorded_at,
            effective_at=effective_at,
            object_type=fact.object_type,
            object_key=fact.object_key,
            old=fact.old,
            new=fact.new,
            reason=fact.reason[:500],
            previous_hash=previous,
        )
        event.hash = previous = event_hash(event)
        events.append(event)
    Event.objects.bulk_create(events, batch_size=BATCH)
    # The year's row is ours since the top, so nobody makes the head between these two.
    if not EventHead.objects.filter(year=year).update(sequence=sequence, hash=previous):
        EventHead.objects.create(year=year, sequence=sequence, hash=previous)
    return len(events)


def record_event(
    year: AdmissionYear, fact: Fact, *, actor: User | None, effective_at: datetime | None = None
) -> None:
    record_events(year, [fact], actor=actor, effective_at=effective_at)


def broken_links(events: Sequence[Event]) -> list[int]:
    """Sequence numbers at which the chain does not hold; events of one year in order of sequence.

    That its end is missing it cannot tell: see ``EventHead``.
    """
    wrong, previous, expected = [], "", 1
    for event in events:
        if event.sequence != expected or event.previous_hash != previous or event.hash != event_hash(event):
            wrong.append(event.sequence)
        previous, expected = event.hash, event.sequence + 1
    return wrong
