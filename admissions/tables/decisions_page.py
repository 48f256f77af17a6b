"""What a school that draws by hand has decided and still has to decide (DH-074 to DH-086)."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Count, QuerySet
from django.utils.translation import pgettext, pgettext_lazy

from admissions.enums import OPEN_CARE_STATES, Decision
from admissions.models import Application, CareCase, Placement
from admissions.selectors.school import SchoolView, drawn_out_applications, rules_of
from admissions.services.draws.manual_draw import Processed, live_draw, processed, undecided
from admissions.services.places.ledger import open_places
from admissions.validators import plain
from lottery.enums import SessionKind, SessionState
from lottery.models import DrawSession
from lottery.selectors import families_know
from schools.enums import DrawMode, RoundKind, RoundState
from schools.models import Round, SchoolRound


class Verdict(models.TextChoices):
    """What the rules would do with a child that waits."""

    LOTS = "lots", pgettext_lazy("decision", "Lots decide")
    ADMITTED = "admitted", pgettext_lazy("decision", "Admitted")
    DRAWN_OUT = "drawn_out", pgettext_lazy("decision", "Drawn out")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One child that waits for a decision: its class, and what the rules would do with it."""

    application: Any
    tier: int
    rule: str
    verdict: Verdict
    card: str = ""

    @property
    def pk(self) -> int:
        return int(self.application.pk)

    @property
    def sort_name(self) -> tuple[str, str, int]:
        child = self.application.child
        return (plain(child.surname), plain(child.given_name), self.pk)


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions page of one school in one round."""

    school_round: SchoolRound
    waiting: list[Waiting]
    preview: Processed
    places: int
    admitted: int
    drawn_out: int
    open_care: int
    live: DrawSession | None
    finished: DrawSession | None

    @property
    def is_open(self) -> bool:
        return (
            self.school_round.round.state == RoundState.LOCKED
            and not self.school_round.is_ready
            and not self.open_care
        )


def deciding_round(view: SchoolView) -> SchoolRound | None:
    """The period in which this school decides: the one that is locked, else the next that is not drawn."""
    rows = SchoolRound.objects.filter(
        programme__school=view.school, round__year=view.year, round__kind=RoundKind.ALM
    ).select_related("round__year__region", "programme__school")
    rounds = sorted(rows, key=lambda row: row.round.position)
    locked = [row for row in rounds if row.round.state == RoundState.LOCKED]
    begun = [row for row in rounds if not row.round.is_played and row.round.state != RoundState.FROZEN]
    return next(iter([*locked, *begun]), None)


@dataclass(frozen=True, slots=True)
class DigitalResult:
    """What the draw at the notary decided for this school, from the day it may be seen (DH-078, DH-081)."""

    round: Round
    admitted: int
    drawn_out: int
    families_know: bool  # before that, nobody at the school says anything (DH-085)


def digital_result(view: SchoolView) -> DigitalResult | None:
    """Of the last period that was drawn digitally and whose result this school may see; three queries."""
    shown = [row for row in view.rounds if row.kind == RoundKind.ALM and view.shows(row)]
    seat = (
        SchoolRound.objects.filter(
            round__in=shown, programme__school=view.school, draw_mode=DrawMode.DIGITAL, ceiling__isnull=False
        )
        .select_related("round__year")
        .order_by("-round__position")
        .first()
    )
    if seat is None:
        return None
    admitted = Placement.objects.filter(school_round=seat, preference_rank=1)
    drawn_out = drawn_out_applications(view).filter(first_choice=seat)
    known = families_know(seat.round, now=view.now)
    return DigitalResult(seat.round, admitted.count(), drawn_out.count(), known)


def decisions_of(view: SchoolView, school_round: SchoolRound) -> Decisions:
    """Who waits, in which class, and what has been decided; a handful of queries."""
    round_, code = school_round.round, school_round.programme.code
    tiers = undecided(school_round)
    places = open_places(round_).get(school_round.pk, 0)
    would = processed(tiers, places=places)
    names = [str(rule.get_kind_display()) for rule in rules_of(view)]
    none = pgettext("priority class", "No priority")
    rows: QuerySet[Application] = Application.objects.filter(pk__in=tiers).select_related("child", "form")
    live = live_draw(school_round)
    cards = dict(live.numbers.values_list("registration_number", "number")) if live is not None else {}
    waiting = [
        Waiting(
            row,
            tiers[row.pk],
            names[tiers[row.pk] - 1] if tiers[row.pk] <= len(names) else none,
            _verdict(row.pk, would),
            cards.get(row.registration_number, ""),
        )
        for row in rows
    ]
    waiting.sort(key=lambda row: (row.card, row.tier, row.application.child.surname, row.application.pk))
    counts = Counter(
        dict(
            Application.objects.filter(first_choice=school_round)
            .order_by()
            .values_list("decision")
            .annotate(n=Count("pk"))
        )
    )
    finished = DrawSession.objects.filter(
        round=round_, kind=SessionKind.SCHOOL, key=code, applied_at__isnull=False
    ).first()
    care = CareCase.objects.filter(application__first_choice=school_round, state__in=OPEN_CARE_STATES)
    return Decisions(
        school_round,
        waiting,
        would,
        places,
        admitted=counts[Decision.ADMITTED],
        drawn_out=counts[Decision.DRAWN_OUT] + counts[Decision.CARE_FOLLOW_UP],
        open_care=care.count(),
        live=live,
        finished=finished,
    )


def _verdict(pk: int, would: Processed) -> Verdict:
    if pk in would.to_draw:
        return Verdict.LOTS
    return Verdict.ADMITTED if pk in would.admitted else Verdict.DRAWN_OUT


# The office


@dataclass(frozen=True, slots=True)
class SchoolDraw:
    """One school that draws by hand, as the office follows it (DH-086)."""

    school_round: SchoolRound
    waiting: int
    live: DrawSession | None
    finished: DrawSession | None
    void: int


def school_draws(round_: Round) -> list[SchoolDraw]:
    """Every school that draws by hand in this round, those that are not ready first; three queries."""
    rows = SchoolRound.objects.filter(
        round=round_, draw_mode=DrawMode.MANUAL, ceiling__isnull=False
    ).select_related("programme__school")
    waiting = dict(
        Application.objects.filter(first_choice__round=round_, decision=Decision.UNDECIDED)
        .order_by()
        .values_list("first_choice")
        .annotate(n=Count("pk"))
    )
    sessions = DrawSession.objects.filter(round=round_, kind=SessionKind.SCHOOL).only(
        "name", "key", "state", "applied_at", "drawn_by", "drawn_at", "recording", "round"
    )
    by_code: dict[str, list[DrawSession]] = {}
    for session in sessions.order_by("pk"):
        by_code.setdefault(session.key, []).append(session)
    found = []
    for row in rows:
        own = by_code.get(row.programme.code, [])
        found.append(
            SchoolDraw(
                row,
                waiting.get(row.pk, 0),
                next((s for s in own if s.applied_at is None and s.state != SessionState.VOID), None),
                next((s for s in own if s.applied_at is not None), None),
                sum(s.state == SessionState.VOID for s in own),
            )
        )
    return sorted(found, key=lambda draw: (draw.school_round.is_ready, draw.school_round.programme.name))
