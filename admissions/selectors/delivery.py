"""Whether mail and letters arrived, as far as each may know it (DH-052, DH-115, DH-135)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When

from admissions.models import Application, ContactAttempt, Guardian, Placement, ReminderStop
from admissions.selectors.children import CARE_MESSAGES
from admissions.selectors.school import SchoolView
from notifications.enums import DeliveryState, MessageKind, MessageState
from notifications.models import Delivery, Message, Release

K = MessageKind
# What a school may know of at all: never who was invited for a VOVP, took part or won nothing there (DH-135).
SCHOOL_SEES = (K.M01, K.M04, K.M05, K.M08, K.M11, K.M16)
OFFER_KINDS = (K.M04, K.M05, K.M11, K.M16)


def _worst_first(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Of two parents the one that was not reached counts."""
    weight = Case(
        When(state=DeliveryState.FAILED, settled_at=None, then=Value(0)),
        When(state=DeliveryState.DEFERRED, then=Value(1)),
        When(state__in=[DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.TO_POST], then=Value(2)),
        When(state=DeliveryState.OFFERED, then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
    return rows.order_by("-message_id", weight, "pk")


def confirmation_state(view: SchoolView) -> Subquery:
    """State of the newest confirmation of an application: the mail column of the forms (DH-052)."""
    rows = Delivery.objects.filter(
        message__year=view.year,
        message__registration_number=OuterRef("registration_number"),
        message__kind=K.M01,
    )
    return Subquery(_worst_first(rows).values("state")[:1])


def message_state() -> Subquery:
    """State of a message's copy that needs attention most, for a list of messages."""
    return Subquery(_worst_first(Delivery.objects.filter(message_id=OuterRef("pk"))).values("state")[:1])


def offer_state(view: SchoolView) -> Subquery:
    """State of the newest offer letter of a placement (DH-115)."""
    rows = Delivery.objects.filter(
        message__year=view.year,
        message__registration_number=OuterRef("application__registration_number"),
        message__round_id=OuterRef("school_round__round_id"),
        message__kind__in=OFFER_KINDS,
    )
    return Subquery(_worst_first(rows).values("state")[:1])


def messages_of_school(view: SchoolView) -> QuerySet[Any]:
    """Messages to the parents of the school's own children, and nothing of anybody else (DH-135, DH-180).

    The school of a message is the one that sends it or has the place. A VOVP counts from the moment the school sees it.
    """
    found = Message.objects.filter(
        year=view.year, school=view.school, kind__in=SCHOOL_SEES, registration_number__gt=""
    ).filter(Q(kind__in=(K.M01, K.M08)) | Q(round_id__in=view.visible))
    if not view.sees_care:
        found = found.exclude(kind__in=CARE_MESSAGES)
    if not view.sees_all:
        own = Application.objects.filter(
            care_case__isnull=False, first_choice__programme__school=view.school, year=view.year
        )
        found = found.filter(registration_number__in=own.values("registration_number"))
    guardian = Guardian.objects.filter(
        application__registration_number=OuterRef("registration_number"), application__year=view.year
    ).order_by("position")
    child = Application.objects.filter(registration_number=OuterRef("registration_number"))
    return found.select_related("round").annotate(
        phone=Subquery(guardian.values("phone")[:1]),
        given_name=Subquery(child.values("child__given_name")[:1]),
        surname_prefix=Subquery(child.values("child__surname_prefix")[:1]),
        surname=Subquery(child.values("child__surname")[:1]),
        delivery_state=Subquery(
            _worst_first(Delivery.objects.filter(message_id=OuterRef("pk"))).values("state")[:1]
        ),
    )


def open_failures() -> QuerySet[Delivery]:
    """Deliveries that failed and that nobody has dealt with."""
    return Delivery.objects.filter(state=DeliveryState.FAILED, settled_at=None)


def has_failed() -> Exists:
    return Exists(open_failures().filter(message_id=OuterRef("pk")))


def failures_of_school(view: SchoolView) -> int:
    """The counter of the start page: families that a mail of this school did not reach (DH-052). One query."""
    return open_failures().filter(message__in=messages_of_school(view).order_by().values("pk")).count()


def delivery_counts(messages: QuerySet[Message]) -> dict[str, int]:
    """How many messages have a copy in each state; one query."""
    rows = Delivery.objects.filter(message__in=messages.order_by().values("pk")).order_by()
    found = dict(rows.values_list("state").annotate(n=Count("message", distinct=True)))
    open_ones = open_failures().filter(message__in=messages.order_by().values("pk"))
    return found | {"failed": open_ones.values("message").distinct().count()}


@dataclass(frozen=True, slots=True)
class Reach:
    """How a family was and can be reached: messages with every copy, contact, reminders."""

    messages: list[Message]
    contacts: list[ContactAttempt]
    placement: Placement | None
    reminder_stopped: bool
    school_stopped: bool


def reach_of(view: SchoolView, application: Application, placements: Collection[Placement]) -> Reach:
    """What this school may see of it; the contact log is the school's own."""
    messages = list(
        messages_of_school(view)
        .filter(registration_number=application.registration_number)
        .prefetch_related("deliveries__events")
        .order_by("-pk")
    )
    contacts = list(
        ContactAttempt.objects.filter(application=application, school=view.school).select_related(
            "recorded_by"
        )
    )
    offered = next((row for row in placements if row.state == "offered"), None)
    stops = (
        ReminderStop.objects.filter(school_round=offered.school_round)
        if offered
        else ReminderStop.objects.none()
    )
    found = list(stops)
    return Reach(
        messages,
        contacts,
        offered,
        reminder_stopped=any(stop.placement_id == offered.pk for stop in found) if offered else False,
        school_stopped=any(stop.placement_id is None for stop in found),
    )


@dataclass(frozen=True, slots=True)
class Unsent:
    """Letters of one school in one round that wait for the school itself."""

    round: Any
    number: int
    is_open: bool  # the release of the round has been opened without them


def unsent_letters(view: SchoolView) -> list[Unsent]:
    """What the school did not mark ready, or did not send after the release; in the order of the rounds. One query."""
    release = Release.objects.filter(round_id=OuterRef("round_id"))
    rows = (
        Message.objects.filter(
            year=view.year,
            school=view.school,
            kind__in=(K.M04, K.M05, K.M16),
            state=MessageState.HELD,
            round_id__in=view.visible,
        )
        .order_by()
        .values("round_id")
        .annotate(
            number=Count("pk"),
            is_open=Exists(release.filter(opened_at__isnull=False)),
            is_ready=Exists(release.filter(marks__school=view.school)),
        )
    )
    waiting = {row["round_id"]: row for row in rows if row["is_open"] or not row["is_ready"]}
    return [
        Unsent(round_, waiting[round_.pk]["number"], waiting[round_.pk]["is_open"])
        for round_ in view.rounds
        if round_.pk in waiting
    ]


@dataclass(frozen=True, slots=True)
class OwnLetters:
    """The letters of one school in one round: what waits, whether it is marked, whether the release is open."""

    round: Any
    release: Release | None
    waiting: int
    sent: int
    is_ready: bool
    marked_by: str
    marked_at: Any
    reminders_stopped: bool

    @property
    def is_open(self) -> bool:
        return self.release is not None and self.release.opened_at is not None


def own_letters(view: SchoolView) -> list[OwnLetters]:
    """Per round with letters of this school, newest first."""
    rows = (
        Message.objects.filter(year=view.year, school=view.school, kind__in=(K.M04, K.M05, K.M16))
        .filter(round_id__in=view.visible)
        .order_by()
        .values_list("round_id")
        .annotate(
            waiting=Count("pk", filter=Q(state=MessageState.HELD)),
            sent=Count("pk", filter=Q(state=MessageState.RELEASED)),
        )
    )
    counts = {round_id: (waiting, sent) for round_id, waiting, sent in rows}
    releases = {
        release.round_id: release
        for release in Release.objects.filter(round_id__in=counts).prefetch_related("marks__marked_by")
    }
    stopped = set(
        ReminderStop.objects.filter(school_round__programme__school=view.school, placement=None).values_list(
            "school_round__round_id", flat=True
        )
    )
    found = []
    for round_ in reversed(view.rounds):
        if round_.pk not in counts:
            continue
        release = releases.get(round_.pk)
        marks = [mark for mark in release.marks.all() if mark.school_id == view.school.pk] if release else []
        waiting, sent = counts[round_.pk]
        found.append(
            OwnLetters(
                round_,
                release,
                waiting,
                sent,
                is_ready=bool(marks),
                marked_by=str(marks[0].marked_by or "") if marks else "",
                marked_at=marks[0].marked_at if marks else None,
                reminders_stopped=round_.pk in stopped,
            )
        )
    return found
