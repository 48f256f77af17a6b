"""The outbox of a year, as the programme office may see it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from admissions.selectors.children import CARE_MESSAGES
from admissions.selectors.office import OfficeView
from notifications.enums import Channel, MessageKind, MessageState
from notifications.models import Message
from notifications.services.letter_content import LETTER_KINDS
from schools.models import Round


def messages_of(view: OfficeView) -> QuerySet[Message]:
    """Messages of the year; care letters only for who may see care data (DH-180)."""
    found = Message.objects.filter(year=view.year).select_related("round", "school")
    return found if view.sees_care else found.exclude(kind__in=CARE_MESSAGES)


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many messages of one kind stand where."""

    kind: str
    held: int = 0
    released: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        return self.held + self.released + self.cancelled


def counts_by_kind(view: OfficeView) -> list[KindCount]:
    """One query, by the number of the message."""
    rows = (
        messages_of(view)
        .order_by()
        .values("kind")
        .annotate(
            held=Count("pk", filter=Q(state=MessageState.HELD)),
            released=Count("pk", filter=Q(state=MessageState.RELEASED)),
            cancelled=Count("pk", filter=Q(state=MessageState.CANCELLED)),
        )
    )
    return [KindCount(**row) for row in rows.order_by("kind")]


@dataclass(frozen=True, slots=True)
class LetterCount:
    """Letters of one round: how many there should be, how many have been made."""

    round: Round
    wanted: int
    made: int

    @property
    def missing(self) -> int:
        return self.wanted - self.made


def letters_by_round(view: OfficeView) -> list[LetterCount]:
    """One query; rounds without letters are left out."""
    # As notifications.services.letters.letters_to_make chooses them.
    rows: Any = (
        Message.objects.filter(year=view.year, kind__in=LETTER_KINDS)
        .exclude(state=MessageState.CANCELLED)
        .exclude(kind=MessageKind.M01, channel=Channel.EMAIL)
        .order_by()
        .values_list("round_id")
        .annotate(wanted=Count("pk"), made=Count("letter"))
    )
    counts = {pk: (wanted, made) for pk, wanted, made in rows}
    return [LetterCount(r, *counts[r.pk]) for r in view.rounds if r.pk in counts]
