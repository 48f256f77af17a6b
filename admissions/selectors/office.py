"""What the programme office sees of a year: rounds, places per school, figures of a played round, what waits.

Everything is a sum of ledger entries and placements; nothing here counts by itself (DH-104).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from admissions.case_enums import CARE_KINDS
from admissions.enums import (
    OPEN_CARE_STATES,
    Decision,
    EntryKind,
    FormState,
    JobKind,
    ParticipationKind,
    ParticipationState,
    PlacementState,
)
from admissions.models import (
    Application,
    ApplicationForm,
    Case,
    LedgerEntry,
    Participation,
    Placement,
)
from lottery.enums import OFFICIAL_STATES, SessionKind, SessionState
from lottery.models import DrawOutcome, DrawSession, SessionNumber
from lottery.selectors import BYTES
from notifications.enums import MessageState
from notifications.models import Message
from schools.context import reply_until
from schools.enums import RoundKind
from schools.models import AMSTERDAM, AdmissionYear, Job, Region, Round, School, SchoolRound

K = EntryKind
NOT_APPLIED = (Decision.PENDING, Decision.VOID)
# What became of a place after the draw: passed on to a next round, or given back by a family.
AFTERWARDS = (K.CARRIED_OUT, K.WITHDRAWN, K.FREED_OUT)


@dataclass(frozen=True, slots=True)
class OfficeView:
    """One region in one year at one moment, for somebody of its office."""

    region: Region
    year: AdmissionYear
    now: datetime
    rounds: tuple[Round, ...]
    sees_care: bool = False
    manages: bool = False  # programme manager: clock and reset

    @property
    def today(self) -> date:
        return self.now.astimezone(AMSTERDAM).date()

    @property
    def next_round(self) -> Round | None:
        """The first round that has not been drawn and sent yet."""
        return next((r for r in self.rounds if r.state not in ("offers", "closed")), None)

    def round(self, code: str) -> Round | None:
        return next((r for r in self.rounds if r.code == code), None)


# Rounds


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One round in the list, with what it came to so far."""

    round: Round
    applications: int
    placed: int

    @property
    def reply_until(self) -> date | None:
        return reply_until(self.round)


def round_rows(view: OfficeView) -> list[RoundRow]:
    """Two queries."""
    applied = Application.objects.filter(year=view.year).exclude(decision__in=NOT_APPLIED).order_by()
    taking_part = dict(
        applied.values_list("first_choice__round_id")
        .annotate(n=Count("pk"))
        .values_list("first_choice__round_id", "n")
    )
    placed = dict(
        Placement.objects.filter(school_round__round__year=view.year)
        .order_by()
        .values_list("school_round__round_id")
        .annotate(n=Count("pk"))
        .values_list("school_round__round_id", "n")
    )
    return [RoundRow(r, taking_part.get(r.pk, 0), placed.get(r.pk, 0)) for r in view.rounds]


def per_seat(rows: QuerySet[Any], expression: Any, key: str = "school_round") -> Coalesce:
    """The sum of ``rows`` per school round, 0 where there are none."""
    grouped = rows.filter(**{key: OuterRef("pk")}).order_by().values(key).annotate(n=expression).values("n")
    return Coalesce(Subquery(grouped, output_field=IntegerField()), 0)


def school_rows(round_: Round) -> QuerySet[SchoolRound]:
    """Every school of a round with its sums: one query, whatever the number of schools.

    ``open`` counts places nobody got in the draw (before it: all places), also after they moved on to a next round;
    a place that a family gave back later is not among them (DH-100, DH-102).
    """
    entries = LedgerEntry.objects.all()
    placements = Placement.objects.all()
    applications = Application.objects.exclude(decision__in=NOT_APPLIED)
    return (
        SchoolRound.objects.filter(round=round_)
        .select_related("programme__school__board")
        .annotate(
            booked_ceiling=per_seat(entries.filter(kind=K.CEILING), Sum("places")),
            carried_in=per_seat(entries.filter(kind=K.CARRIED_IN), Sum("places")),
            freed_in=per_seat(entries.filter(kind=K.FREED_IN), Sum("places")),
            released=per_seat(entries.filter(kind=K.RELEASED), Sum("places")),
            applied=per_seat(applications, Count("pk"), key="first_choice"),
            admitted=per_seat(placements.filter(preference_rank=1), Count("pk")),
            placed=per_seat(placements, Count("pk")),
            open_places=per_seat(
                # An exception place that was paid back was paid with a place that a family gave back.
                entries.exclude(kind__in=AFTERWARDS).exclude(kind=K.EXCEPTION, places__lt=0),
                Sum("places"),
            ),
        )
        .annotate(seats=F("booked_ceiling") + F("carried_in") + F("freed_in") + F("released"))
    )


@dataclass(frozen=True, slots=True)
class RoundTotals:
    """The schools of a round together, and how many of them fit each quick filter."""

    ceiling: int = 0
    carried_in: int = 0
    freed_in: int = 0
    released: int = 0
    applied: int = 0
    placed: int = 0
    open_places: int = 0
    schools: int = 0
    capped: int = 0
    with_room: int = 0
    full: int = 0

    @property
    def uncapped(self) -> int:
        return self.schools - self.capped


def totals_of(rows: QuerySet[SchoolRound]) -> RoundTotals:
    """One query over ``school_rows``."""
    names = (
        "ceiling",
        "booked_ceiling",
        "carried_in",
        "freed_in",
        "released",
        "applied",
        "placed",
        "open_places",
    )
    found = list(rows.order_by().values(*names))
    capped = [row for row in found if row["ceiling"] is not None]

    def total(name: str, among: Iterable[dict[str, Any]] = capped) -> int:
        return sum(row[name] for row in among)

    return RoundTotals(
        ceiling=total("booked_ceiling"),
        carried_in=total("carried_in"),
        freed_in=total("freed_in"),
        released=total("released"),
        applied=total("applied", found),
        placed=total("placed", found),
        open_places=total("open_places"),
        schools=len(found),
        capped=len(capped),
        with_room=sum(row["open_places"] > 0 for row in capped),
        full=sum(row["open_places"] <= 0 for row in capped),
    )


# How good the outcome is


@dataclass(frozen=True, slots=True)
class Quality:
    """Where the children of a played round ended. In a VOVP ``children`` are those who took part."""

    children: int
    by_rank: tuple[tuple[int, int], ...]  # (preference, children placed there in this round)
    unplaced: int
    care: (
        int | None
    )  # follow-up with the school; None for who may not see care data: then they are in ``unplaced``
    improved: int = 0  # VOVP: left a place for a better one
    kept: int = 0  # VOVP: kept the place they had

    @property
    def placed(self) -> int:
        return sum(count for _rank, count in self.by_rank)

    @property
    def first(self) -> int:
        return dict(self.by_rank).get(1, 0)

    @property
    def lower(self) -> int:
        return self.placed - self.first

    @property
    def first_share(self) -> float:
        return 100 * self.first / self.children if self.children else 0.0


def official_session(round_: Round) -> DrawSession | None:
    """The applied session of a round without its bytes, with ``children`` and ``unplaced``; one query."""
    numbers = SessionNumber.objects.filter(session=OuterRef("pk")).order_by().values("session")
    left = (
        DrawOutcome.objects.filter(draw__session=OuterRef("pk"), draw__draw_id="centraal", code="")
        .order_by()
        .values("draw__session")
    )
    return (
        DrawSession.objects.filter(round=round_, kind=SessionKind.ROUND, state__in=OFFICIAL_STATES)
        .defer(*BYTES)
        .annotate(
            children=Coalesce(
                Subquery(numbers.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
            ),
            unplaced=Coalesce(
                Subquery(left.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
            ),
            has_record=Q(record__isnull=False),
        )
        .first()
    )


def quality_of(round_: Round, session: Any, *, sees_care: bool) -> Quality:
    """What the round decided, which later rounds and replies do not change; one query, in a VOVP two."""
    ranks = Placement.objects.filter(school_round__round=round_).order_by().values_list("preference_rank")
    by_rank = tuple(sorted(ranks.annotate(n=Count("pk")).values_list("preference_rank", "n")))
    if round_.kind == RoundKind.VOVP:
        return _vovp_quality(round_, by_rank)
    placed = sum(count for _rank, count in by_rank)
    care = max(session.children - placed - session.unplaced, 0)
    if not sees_care:
        return Quality(session.children, by_rank, session.unplaced + care, None)
    return Quality(session.children, by_rank, session.unplaced, care)


def _vovp_quality(round_: Round, by_rank: tuple[tuple[int, int], ...]) -> Quality:
    rows = Participation.objects.filter(round=round_).order_by().values_list("kind", "state")
    counts = {
        (kind, state): n for kind, state, n in rows.annotate(n=Count("pk")).values_list("kind", "state", "n")
    }
    drawn = (ParticipationState.PLACED, ParticipationState.IMPROVED, ParticipationState.UNCHANGED)
    return Quality(
        children=sum(n for (_kind, state), n in counts.items() if state in drawn),
        by_rank=by_rank,
        unplaced=counts.get((ParticipationKind.UNPLACED, ParticipationState.UNCHANGED), 0),
        care=None,
        improved=counts.get((ParticipationKind.IMPROVER, ParticipationState.IMPROVED), 0),
        kept=counts.get((ParticipationKind.IMPROVER, ParticipationState.UNCHANGED), 0),
    )


# Jobs


def jobs_of(year: AdmissionYear, kinds: Sequence[str], *, key: str | None = None) -> list[Job]:
    """The newest job of each kind and key, newest first; one query."""
    found = Job.objects.filter(year=year, kind__in=kinds).select_related("requested_by").defer("arguments")
    if key is not None:
        found = found.filter(key=key)
    newest: dict[tuple[str, str], Job] = {}
    for job in found.order_by("-pk")[:200]:
        newest.setdefault((job.kind, job.key), job)
    return list(newest.values())


def last_dice(round_: Round) -> str:
    """The dice of the last try to play this round: after a failure nothing has to be typed again."""
    job = (
        Job.objects.filter(year=round_.year_id, kind=JobKind.PLAY_ROUND, key=round_.code)
        .order_by("-pk")
        .first()
    )
    return str(job.arguments.get("digits", "")) if job is not None else ""


def waiting_session(round_: Round) -> DrawSession | None:
    """A session of this round that was begun and is not official yet."""
    unfinished = DrawSession.objects.filter(round=round_, kind=SessionKind.ROUND).exclude(
        state__in=[SessionState.VOID, *OFFICIAL_STATES]
    )
    return unfinished.defer(*BYTES).first()


# What waits


@dataclass(frozen=True, slots=True)
class Waiting:
    """Counts behind the start page of the office."""

    forms: int = 0
    drafts: int = 0
    released_forms: int = 0
    care_open: int = 0
    not_ready: int = 0
    reserved: int = 0
    offered: int = 0
    overdue: int = 0
    first_overdue: date | None = None
    next_reply: date | None = None
    enrolled: int = 0
    withdrawn: int = 0
    cases: int = 0
    oldest_case: datetime | None = None
    messages_due: int = 0
    messages_held: int = 0


def waiting(view: OfficeView, period: Round | None) -> Waiting:
    """Five queries. ``period`` is the application period whose forms are being worked on."""
    found: dict[str, Any] = {}
    if period is not None:
        forms = ApplicationForm.objects.filter(application__first_choice__round=period).exclude(
            state=FormState.VOID
        )
        found |= forms.aggregate(
            forms=Count("pk"),
            drafts=Count("pk", filter=Q(state=FormState.DRAFT)),
            released_forms=Count("pk", filter=Q(state=FormState.RELEASED)),
            care_open=Count("pk", filter=Q(application__care_case__state__in=sorted(OPEN_CARE_STATES))),
        )
        found["not_ready"] = SchoolRound.objects.filter(
            round=period, draw_mode="manual", ceiling__isnull=False, is_ready=False
        ).count()
    offered = Q(state=PlacementState.OFFERED)
    overdue = offered & Q(respond_by__lt=view.today)
    found |= Placement.objects.filter(school_round__round__year=view.year).aggregate(
        reserved=Count("pk", filter=Q(state=PlacementState.RESERVED)),
        offered=Count("pk", filter=offered & ~Q(respond_by__lt=view.today)),
        overdue=Count("pk", filter=overdue),
        first_overdue=Min("respond_by", filter=overdue),
        next_reply=Min("respond_by", filter=offered & Q(respond_by__gte=view.today)),
        enrolled=Count("pk", filter=Q(state=PlacementState.ENROLLED)),
        withdrawn=Count("pk", filter=Q(state=PlacementState.WITHDRAWN)),
    )
    found |= cases_of(view).filter(closed_at=None).aggregate(cases=Count("pk"), oldest_case=Min("opened_at"))
    held = Q(state=MessageState.HELD)
    found |= Message.objects.filter(year=view.year).aggregate(
        messages_held=Count("pk", filter=held),
        messages_due=Count("pk", filter=held & Q(not_before__lte=view.now)),
    )
    return Waiting(**found)


def cases_of(view: OfficeView) -> QuerySet[Case]:
    """What the office has to settle, with child and school; care only for those who may see it (DH-180)."""
    rows = Case.objects.filter(year=view.year).select_related(
        "application__child",
        "application__first_choice__programme",
        "school_round__programme",
        "owner",
        "opened_by",
        "closed_by",
    )
    return rows if view.sees_care else rows.exclude(kind__in=CARE_KINDS)


def schools_of(view: OfficeView) -> QuerySet[School]:
    """The schools of this year with the ceiling of the year, first choices and placements; one query."""
    year = {"round__year": view.year}
    seats = SchoolRound.objects.filter(programme__school=OuterRef("pk"), **year)
    # By way of the school's own rows: an index on the year would make the database read every application.
    applied = Application.objects.exclude(decision__in=NOT_APPLIED).filter(
        first_choice__programme__school=OuterRef("pk"), first_choice__round__year=view.year
    )
    placed = Placement.objects.filter(
        school_round__programme__school=OuterRef("pk"), school_round__round__year=view.year
    )

    def total(rows: QuerySet[Any], key: str, expression: Any) -> Subquery:
        grouped = rows.order_by().values(key).annotate(n=expression).values("n")
        return Subquery(grouped, output_field=IntegerField())

    return (
        School.objects.filter(Exists(seats))
        .select_related("board")
        .annotate(
            year_ceiling=total(seats.filter(ceiling__isnull=False), "programme__school", Sum("ceiling")),
            applied=Coalesce(total(applied, "first_choice__programme__school", Count("pk")), 0),
            placed=Coalesce(total(placed, "school_round__programme__school", Count("pk")), 0),
        )
    )
