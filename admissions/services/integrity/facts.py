"""Facts that must not contradict each other: reports rows and repairs nothing (DH-104, data-formats.md section 2)."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from django.db import connection
from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum
from django.utils.translation import gettext as _

from admissions.enums import (
    ACTIVE_DECISIONS,
    ACTIVE_PLACEMENTS,
    Decision,
    EntryKind,
    FormState,
    PlacementState,
)
from admissions.models import Application, ApplicationForm, LedgerEntry, Placement, Preference, Withdrawal
from admissions.services.integrity.draws import check_rounds, check_sessions
from notifications.enums import MessageState
from notifications.models import Letter, Message
from schools.enums import BEFORE_LOCK_STATES, RoundKind
from schools.models import AdmissionYear, Event, EventHead, SchoolRound
from schools.services.events import broken_links
from schools.triggers import missing_triggers

K, S = EntryKind, PlacementState
Check = Callable[[AdmissionYear], Iterator[str]]


def check_database() -> Iterator[str]:
    """Triggers present, and on SQLite its own check of pages and foreign keys."""
    for name in missing_triggers():
        yield _("The database misses the trigger %(name)s: run migrate.") % {"name": name}
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA quick_check")
            answer = cursor.fetchone()[0]
            if answer != "ok":
                yield _("SQLite reports damage: %(answer)s") % {"answer": answer}
            cursor.execute("PRAGMA foreign_key_check")
            for row in cursor.fetchall():
                yield _("Table %(table)s, row %(row)s points at a row that does not exist.") % {
                    "table": row[0],
                    "row": row[1],
                }


def check_events(year: AdmissionYear) -> Iterator[str]:
    """The chain holds, and ends where the last event was written."""
    events = list(Event.objects.filter(year=year).order_by("sequence"))
    for sequence in broken_links(events):
        yield _("Event %(sequence)d does not fit the hash chain.") % {"sequence": sequence}
    head = EventHead.objects.filter(year=year).first()
    noted = (head.sequence, head.hash) if head else (0, "")
    found = (events[-1].sequence, events[-1].hash) if events else (0, "")
    if noted != found:
        yield _("The trail ends at event %(found)d, and event %(noted)d was the last one written.") % {
            "found": found[0],
            "noted": noted[0],
        }


def check_ledger(year: AdmissionYear) -> Iterator[str]:
    """Sums not below zero, and every seat booked exactly as often as it changed hands."""
    entries = LedgerEntry.objects.filter(school_round__round__year=year)
    label = ("school_round__programme__code", "school_round__round__code")
    for code, round_code, total in (
        entries.values_list(*label).annotate(total=Sum("places")).filter(total__lt=0)
    ):
        yield _("Ledger of %(school)s in %(round)s: the sum is %(total)d.") % {
            "school": code,
            "round": round_code,
            "total": total,
        }
    booked: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for placement_id, kind in entries.exclude(placement=None).values_list("placement_id", "kind"):
        booked[placement_id][kind] += 1
    placements = Placement.objects.filter(school_round__round__year=year, school_round__ceiling__isnull=False)
    for pk, state in placements.values_list("pk", "state"):
        found = booked.pop(pk, Counter())
        expected = {
            K.PLACED: 1,
            K.WITHDRAWN: int(state == S.WITHDRAWN),
            K.RELEASED: int(state == S.SUPERSEDED),
        }
        if (
            any(found[kind] != count for kind, count in expected.items())
            or found[K.FREED_OUT] != found[K.FREED_IN]
        ):
            yield _("Placement %(pk)d (%(state)s) is not booked as it should be.") % {
                "pk": pk,
                "state": state,
            }
    for pk in booked:
        yield _("The ledger books placement %(pk)d, which holds no place at a school with a ceiling.") % {
            "pk": pk
        }
    yield from _check_carried(year)


def _check_carried(year: AdmissionYear) -> Iterator[str]:
    """What left a round came in where the calendar says, and freed places went to a VOVP (DH-100, DH-102)."""
    entries = LedgerEntry.objects.filter(school_round__round__year=year)
    carried: defaultdict[tuple[str, int | None], int] = defaultdict(int)
    for kind, target in (
        (K.CARRIED_OUT, "school_round__round__open_places_to"),
        (K.CARRIED_IN, "school_round__round"),
    ):
        sums = entries.filter(kind=kind).values_list("school_round__programme__code", target)
        for code, round_id, total in sums.annotate(total=Sum("places")):
            carried[code, round_id] += total
    for (code, _round_id), total in sorted(carried.items(), key=str):
        if total:
            yield _("Ledger of %(school)s: carried in and carried out differ by %(total)d.") % {
                "school": code,
                "total": total,
            }
    astray = entries.filter(kind=K.FREED_IN).exclude(
        school_round__round__kind=RoundKind.VOVP,
        school_round__programme=F("placement__school_round__programme"),
    )
    for pk in astray.values_list("placement_id", flat=True):
        yield _("The freed place of placement %(pk)d went to the wrong school or round.") % {"pk": pk}


def check_exceptions(year: AdmissionYear) -> Iterator[str]:
    """Nobody sits above the ceilings of a year but on an exception place, which the next freed place pays back
    (OA-LOT/1 section 8)."""
    owed: Counter[int] = Counter()
    kinds = LedgerEntry.objects.filter(
        school_round__round__year=year, kind__in=[K.EXCEPTION, K.FREED_OUT]
    ).order_by("pk")
    astray: set[int] = set()
    for programme, kind, places in kinds.values_list("school_round__programme", "kind", "places"):
        if kind == K.EXCEPTION:
            owed[programme] += places
        if owed[programme] < 0 or (kind == K.FREED_OUT and owed[programme] > 0):
            astray.add(programme)
    seats = Sum("entries__places", filter=Q(entries__kind__in=[K.CEILING, K.EXCEPTION]))
    capped = SchoolRound.objects.filter(round__year=year, ceiling__isnull=False)
    sums = capped.order_by().values_list("programme_id", "programme__code").annotate(seats=seats)
    taken = Counter(
        Placement.objects.filter(school_round__round__year=year)
        .exclude(state__in=[S.WITHDRAWN, S.SUPERSEDED])
        .values_list("school_round__programme_id", flat=True)
    )
    for pk, code, places in sorted(sums, key=lambda row: row[1]):
        if pk in astray:
            yield _("%(school)s passed a freed place on while it was above its ceiling.") % {"school": code}
        if taken[pk] > (places or 0):
            yield _("%(school)s has %(taken)d children this year on %(seats)d places.") % {
                "school": code,
                "taken": taken[pk],
                "seats": places or 0,
            }


def check_year(year: AdmissionYear) -> Iterator[str]:
    """A reset that did not end would leave the append-only rows unguarded."""
    if year.reset_started_at is not None:
        yield _("A reset of this year began and did not end: start it again.")


def check_ceilings(year: AdmissionYear) -> Iterator[str]:
    """The ceiling of a school is what the ledger books for it (DH-101, DH-104)."""
    booked = Sum("entries__places", filter=Q(entries__kind=K.CEILING))
    rows = SchoolRound.objects.filter(round__year=year).annotate(booked=booked)
    for row in rows.select_related("programme", "round"):
        if (row.booked or 0) != (row.ceiling or 0):
            yield _(
                "%(school)s in %(round)s: the ceiling is %(ceiling)d, and %(booked)d places are booked for it."
            ) % {
                "school": row.programme.code,
                "round": row.round.code,
                "ceiling": row.ceiling or 0,
                "booked": row.booked or 0,
            }


def check_places(year: AdmissionYear) -> Iterator[str]:
    """No placement beyond the places."""
    seats = Sum("entries__places", filter=~Q(entries__kind__in=[K.PLACED, K.WITHDRAWN]))
    rows = SchoolRound.objects.filter(round__year=year, ceiling__isnull=False).annotate(seats=seats)
    taken = Counter(
        Placement.objects.filter(school_round__round__year=year)
        .exclude(state=S.WITHDRAWN)
        .values_list("school_round_id", flat=True)
    )
    for row in rows.select_related("programme", "round"):
        if taken[row.pk] > (row.seats or 0):
            yield _("%(school)s has %(taken)d children on %(seats)d places in %(round)s.") % {
                "school": row.programme.code,
                "round": row.round.code,
                "taken": taken[row.pk],
                "seats": row.seats or 0,
            }


def check_decisions(year: AdmissionYear) -> Iterator[str]:
    """A decision and the seats of its child say the same."""
    holding = Count("placements", filter=Q(placements__state__in=[*ACTIVE_PLACEMENTS, S.LAPSED]))
    with_seat = {Decision.ADMITTED, Decision.PLACED_LOWER}
    rows = Application.objects.filter(year=year).annotate(holding=holding)
    for number, decision, count in rows.values_list("registration_number", "decision", "holding"):
        if count != int(decision in with_seat):
            yield _("Application %(number)s is “%(decision)s” and holds %(count)d places.") % {
                "number": number,
                "decision": decision,
                "count": count,
            }
    ended = Q(decision=Decision.WITHDRAWN)
    odd = Application.objects.filter(year=year).filter(
        (ended & Q(withdrawal=None)) | (~ended & Q(withdrawal__isnull=False))
    )
    for number in odd.values_list("registration_number", flat=True):
        yield _("Application %(number)s and its withdrawal do not say the same.") % {"number": number}
    strangers = Placement.objects.filter(application__year=year).exclude(child=F("application__child"))
    for pk in strangers.values_list("pk", flat=True):
        yield _("Placement %(pk)d belongs to another child than its application.") % {"pk": pk}
    listed = Preference.objects.filter(
        application=OuterRef("application"), programme=OuterRef("school_round__programme")
    )
    ranked = Placement.objects.filter(application__year=year).annotate(listed=Subquery(listed.values("rank")))
    for pk in (
        ranked.filter(listed__isnull=False).exclude(preference_rank=F("listed")).values_list("pk", flat=True)
    ):
        yield _("Placement %(pk)d has another rank than its school on the list.") % {"pk": pk}
    ends = Withdrawal.objects.filter(application__year=year, placement__isnull=False)
    for number in ends.exclude(placement__application=F("application")).values_list(
        "application__registration_number", flat=True
    ):
        yield _("The withdrawal of %(number)s gave back the place of another child.") % {"number": number}


def check_forms(year: AdmissionYear) -> Iterator[str]:
    """After the processing deadline no form is open, and lists have no gaps."""
    waiting = ApplicationForm.objects.filter(
        year=year, state__in=[FormState.DRAFT, FormState.FINAL, FormState.RELEASED]
    ).exclude(application__first_choice__round__state__in=BEFORE_LOCK_STATES)
    for number in waiting.values_list("application__registration_number", flat=True):
        yield _("The form of %(number)s is still open after the deadline.") % {"number": number}
    lists = Preference.objects.filter(application__year=year).values("application__registration_number")
    for row in lists.annotate(count=Count("pk"), last=Max("rank")).exclude(count=F("last")):
        yield _("The list of %(number)s has a gap.") % {"number": row["application__registration_number"]}
    wrong = Application.objects.filter(year=year, decision__in=ACTIVE_DECISIONS).exclude(
        form__state__in=[FormState.FINAL, FormState.RELEASED, FormState.LOCKED]
    )
    for number in wrong.values_list("registration_number", flat=True):
        yield _("Application %(number)s takes part without a final form.") % {"number": number}


def check_messages(year: AdmissionYear) -> Iterator[str]:
    """Nothing left before its moment, and letters are the bytes they were."""
    early = Message.objects.filter(year=year, state=MessageState.RELEASED, released_at__lt=F("not_before"))
    for pk in early.values_list("pk", flat=True):
        yield _("Message %(pk)d was released before its moment.") % {"pk": pk}
    for letter in Letter.objects.filter(message__year=year).iterator(chunk_size=200):
        if hashlib.sha256(bytes(letter.pdf)).hexdigest() != letter.hash:
            yield _("Letter %(pk)d has been changed.") % {"pk": letter.pk}


CHECKS: tuple[Check, ...] = (
    check_year,
    check_events,
    check_ceilings,
    check_ledger,
    check_places,
    check_exceptions,
    check_decisions,
    check_forms,
    check_sessions,
    check_rounds,
    check_messages,
)


def problems_of(year: AdmissionYear) -> Iterator[str]:
    for check in CHECKS:
        yield from check(year)


def all_problems() -> Iterator[str]:
    """Every contradiction in the database, as sentences; nothing is changed."""
    yield from check_database()
    for year in AdmissionYear.objects.select_related("region"):
        for problem in problems_of(year):
            yield f"{year.region.slug} {year.code}: {problem}"
