"""What time itself brings: releases at their moment, reminders, and what is late (DH-111, DH-116, DH-121, DH-129).

Looks at the facts and not at what ran before: it may run as often as you like, and whatever it missed it does later.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta

import structlog
from django.db import transaction

from admissions.enums import PlacementState
from admissions.models import Placement, ReminderStop
from admissions.procedures.registry import procedure_of
from admissions.services.cases.late import open_overdue, open_unsent, settle_sent
from admissions.services.letters.notices import remind, tell_failed_confirmations, tell_overdue, tell_unsent
from admissions.services.letters.offers import due_rounds, open_round
from admissions.services.replies.reply_period import follow_resent
from notifications.enums import OUTCOME_KINDS, SCHOOL_KINDS, MessageState
from notifications.models import Message
from notifications.services.outbox import release_rows
from schools.clock import now
from schools.enums import PLAYED_STATES
from schools.errors import RefusedError
from schools.models import AMSTERDAM, AdmissionYear, Round, School, local_moment

log = structlog.get_logger(__name__)
UNSENT_AT = time(17)  # DH-116


def watch_year(year: AdmissionYear) -> int:
    """Everything that is due in this year now; answers how many messages left."""
    rounds = list(year.rounds.select_related("year__region").order_by("position"))
    at = now(year)
    left = _release_due(year, rounds, at)
    left += tell_failed_confirmations(year)
    left += sum(tell_unsent_of(round_, at) for round_ in rounds)
    left += remind_due(year, at)
    left += tell_overdue_of(year, rounds, at)
    follow_resent(year)
    return left


def _release_due(year: AdmissionYear, rounds: Sequence[Round], at: datetime) -> int:
    left = 0
    for round_ in due_rounds(rounds):
        try:
            sent = open_round(round_)
        except RefusedError as exc:  # taken back meanwhile, for example
            log.warning("release_not_opened", round=round_.code, reason=type(exc).__name__)
            continue
        left += sent.messages
    # What has a moment of its own: M07 after the matching, M14 when schools see the result.
    others = Message.objects.filter(year=year, state=MessageState.HELD, not_before__lte=at)
    return left + release_rows(others.exclude(kind__in=sorted(OUTCOME_KINDS)), now=at)


@transaction.atomic
def tell_unsent_of(round_: Round, at: datetime) -> int:
    """At 17:00 of the sending day: the letters of schools that have not gone out (DH-116)."""
    if round_.offers_on is None or round_.state not in PLAYED_STATES:
        return 0
    if at < local_moment(round_.offers_on, UNSENT_AT):
        return 0
    held = Message.objects.filter(
        round=round_, state=MessageState.HELD, kind__in=sorted(SCHOOL_KINDS), school__isnull=False
    )
    numbers: defaultdict[int, list[str]] = defaultdict(list)
    for school_id, number in held.values_list("school_id", "registration_number"):
        numbers[school_id].append(number)
    settle_sent(round_, actor=None)
    if not numbers:
        return 0
    schools = list(School.objects.filter(pk__in=numbers))
    open_unsent(round_, schools)
    return tell_unsent(round_, [(school, numbers[school.pk]) for school in schools])


def remind_due(year: AdmissionYear, at: datetime) -> int:
    """M08 for offers whose last day is near, unless the school stopped it; each last day is told once."""
    days = procedure_of(year.region).parameters.reminder_days
    today = at.astimezone(AMSTERDAM).date()
    near = Placement.objects.filter(
        school_round__round__year=year,
        state=PlacementState.OFFERED,
        respond_by__gte=today,
        respond_by__lte=today + timedelta(days=days),
        offered_on__lt=today,
    )
    stops = ReminderStop.objects.filter(school_round__round__year=year)
    stopped = set(stops.filter(placement=None).values_list("school_round_id", flat=True))
    single = set(stops.exclude(placement=None).values_list("placement_id", flat=True))
    told = set(Message.objects.filter(year=year, kind="M08").values_list("case_key", flat=True))
    rows = (
        near.select_related(
            "school_round__round",
            "school_round__programme__school",
            "application__year__region",
            "application__child",
            "application__form",
        )
        .prefetch_related("application__guardians")
        .order_by("pk")
    )
    due = [
        row
        for row in rows
        if row.school_round_id not in stopped
        and row.pk not in single
        and f"{row.application.registration_number}/{row.school_round.round.code}/{row.respond_by}"
        not in told
    ]
    return remind(due)


@transaction.atomic
def tell_overdue_of(year: AdmissionYear, rounds: Sequence[Round], at: datetime) -> int:
    """M18 to every school with families that did not reply in time, once per last day (DH-129)."""
    today = at.astimezone(AMSTERDAM).date()
    open_overdue(year, today=today)
    late = Placement.objects.filter(
        school_round__round__year=year, state=PlacementState.OFFERED, respond_by__lt=today
    ).values_list(
        "school_round__round_id",
        "respond_by",
        "school_round__programme__school_id",
        "application__registration_number",
    )
    waiting: defaultdict[tuple[int, str], defaultdict[int, list[str]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for round_id, until, school_id, number in late:
        waiting[round_id, str(until)][school_id].append(number)
    by_pk = {round_.pk: round_ for round_ in rounds}
    schools = School.objects.in_bulk({pk for schools in waiting.values() for pk in schools})
    return sum(
        tell_overdue(by_pk[round_id], [(schools[pk], numbers) for pk, numbers in found.items()], until=until)
        for (round_id, until), found in waiting.items()
    )
