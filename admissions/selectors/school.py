"""What one school may see of the applications and places of a year (den-haag.md section 5, Q-16).

A school sees a draw from its day on (DH-081), a VOVP from ``visible_to_schools_at`` (DH-141); never an opt-in
(DH-135), never where a child it drew out ended up (Q-16).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.fields import CharField
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from admissions.enums import (
    ACTIVE_DECISIONS,
    ACTIVE_PLACEMENTS,
    OPEN_CARE_STATES,
    ClaimState,
    Decision,
    FormState,
    PlacementState,
)
from admissions.models import (
    Application,
    ApplicationForm,
    Guardian,
    Placement,
    Preference,
    PriorityClaim,
)
from admissions.selectors.places import PlaceRow, place_rows
from notifications.models import Message
from schools.enums import PriorityKind, RoundKind, RoundState
from schools.models import AMSTERDAM, AdmissionYear, PriorityRule, Round, School

OFFER_MESSAGES = ("M04", "M05", "M11", "M16")


class Outcome(TextChoices):
    """What an application came to, as far as the school of first choice may know it."""

    NOT_FINAL = "not_final", pgettext_lazy("outcome", "Does not take part yet")
    NO_PART = "no_part", pgettext_lazy("outcome", "Does not take part")
    WAITING = "waiting", pgettext_lazy("outcome", "Waits for the draw")
    ADMITTED = "admitted", pgettext_lazy("outcome", "Admitted")
    DRAWN_OUT = "drawn_out", pgettext_lazy("outcome", "Drawn out")
    HANDLED = "handled", pgettext_lazy("outcome", "Drawn out, handled")
    FOLLOW_UP = "care_follow_up", pgettext_lazy("outcome", "Follow-up with the school")
    LEFT = "left", pgettext_lazy("outcome", "Left for another place")
    WITHDRAWN = "withdrawn", pgettext_lazy("outcome", "Withdrawn")


DRAWN_OUT_OUTCOMES = (Outcome.DRAWN_OUT, Outcome.HANDLED, Outcome.FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class SchoolView:
    """One school in one year at one moment, and which rounds' results it may see then."""

    school: School
    year: AdmissionYear
    now: datetime
    rounds: tuple[Round, ...]
    sees_care: bool = False
    sees_all: bool = True  # False: a care coordinator, who sees care-marked applications only

    @property
    def today(self) -> date:
        return self.now.astimezone(AMSTERDAM).date()

    @property
    def visible(self) -> list[int]:
        """Rounds whose result this school may see now."""
        return [round_.pk for round_ in self.rounds if self.shows(round_)]

    @property
    def told(self) -> list[int]:
        """Application periods whose families have had their letter (the offer day has come)."""
        return [
            round_.pk
            for round_ in self.rounds
            if self.shows(round_) and round_.offers_on and round_.offers_on <= self.today
        ]

    @property
    def standstill(self) -> Round | None:
        """A VOVP between its freeze and the moment schools see it. Replies wait then, of every child alike: refusing
        only some would tell who takes part or who moved (DH-135, DH-141)."""
        for round_ in self.rounds:
            if round_.kind != RoundKind.VOVP:
                continue
            if round_.state == RoundState.FROZEN or (round_.is_played and not self.shows(round_)):
                return round_
        return None

    def shows(self, round_: Round) -> bool:
        if not round_.is_played:
            return False
        if round_.kind == RoundKind.VOVP:
            return round_.visible_to_schools_at is not None and round_.visible_to_schools_at <= self.now
        return round_.central_matching_on is None or round_.central_matching_on <= self.today


def _visible_end(view: SchoolView) -> Q:
    """Placements that ended by a better place in a VOVP, as far as the school may know it (DH-140)."""
    return Q(state=PlacementState.SUPERSEDED, superseded_by__school_round__round_id__in=view.visible)


def _placed_here(view: SchoolView) -> QuerySet[Placement]:
    return Placement.objects.filter(
        application_id=OuterRef("pk"),
        school_round__programme__school=view.school,
        school_round__round_id__in=view.visible,
    )


def _outcome(view: SchoolView) -> Case:
    here = _placed_here(view)
    is_visible = Q(first_choice__round_id__in=view.visible)
    active = Q(state__in=sorted(ACTIVE_PLACEMENTS)) | (
        Q(state=PlacementState.SUPERSEDED) & ~_visible_end(view)
    )
    follow_up = [When(is_visible & Q(decision=Decision.CARE_FOLLOW_UP), then=Value(Outcome.FOLLOW_UP.value))]
    return Case(
        When(
            Q(decision=Decision.VOID) | Q(form__state__in=[FormState.VOID, FormState.EXPIRED]),
            then=Value(Outcome.NO_PART.value),
        ),
        When(decision=Decision.PENDING, then=Value(Outcome.NOT_FINAL.value)),
        When(Exists(here.filter(active)), then=Value(Outcome.ADMITTED.value)),
        When(Exists(here.filter(state=PlacementState.WITHDRAWN)), then=Value(Outcome.WITHDRAWN.value)),
        When(Exists(here), then=Value(Outcome.LEFT.value)),
        When(~is_visible & Q(decision=Decision.WITHDRAWN), then=Value(Outcome.WITHDRAWN.value)),
        When(~is_visible, then=Value(Outcome.WAITING.value)),
        # Withdrawn before the draw. Later it would tell that the child had a place elsewhere, or none.
        When(
            decision=Decision.WITHDRAWN,
            withdrawal__placement__isnull=True,
            withdrawal__effective_on__lt=F("first_choice__round__central_matching_on"),
            then=Value(Outcome.WITHDRAWN.value),
        ),
        *(follow_up if view.sees_care else []),
        When(first_choice__round_id__in=view.told, then=Value(Outcome.HANDLED.value)),
        default=Value(Outcome.DRAWN_OUT.value),
        output_field=CharField(),
    )


def twins_of(view: SchoolView, application: Application) -> list[Application]:
    """Other children at this school with the same birthday and address, when either is marked as a twin (Q-01)."""
    form = application.form
    rows = own_applications(view).filter(
        child__date_of_birth=application.child.date_of_birth,
        form__postcode=form.postcode,
        form__house_number__iexact=form.house_number,
    )
    if not form.is_twin:
        rows = rows.filter(form__is_twin=True)
    return list(rows.exclude(pk=application.pk).exclude(decision=Decision.VOID).order_by("pk"))


def first_list(preferences: QuerySet[Preference]) -> QuerySet[Preference]:
    """The list of the form. What an unplaced family added for a VOVP would tell that it takes part (DH-135)."""
    return preferences.filter(added_in__isnull=True)


def own_applications(view: SchoolView) -> QuerySet[Any]:
    """Applications with this school as first choice, with ``outcome`` and ``list_length``; three queries a page."""
    length = (
        first_list(Preference.objects.filter(application_id=OuterRef("pk")))
        .order_by()
        .values("application_id")
        .annotate(n=Count("pk"))
        .values("n")
    )
    found: QuerySet[Any] = (
        Application.objects.filter(year=view.year, first_choice__programme__school=view.school)
        .select_related("child", "form", "first_choice__round")
        .prefetch_related(Prefetch("claims", PriorityClaim.objects.order_by("pk")))
        .annotate(
            outcome=_outcome(view), list_length=Coalesce(Subquery(length, output_field=IntegerField()), 0)
        )
    )
    if view.sees_care:
        found = found.select_related("care_case")
    return found if view.sees_all else found.filter(care_case__isnull=False)


def drawn_out_applications(view: SchoolView) -> QuerySet[Any]:
    """Children with this school as first choice who got no place here (DH-081); not where they ended up."""
    return own_applications(view).filter(outcome__in=DRAWN_OUT_OUTCOMES)


def placements_here(view: SchoolView) -> QuerySet[Any]:
    """Children placed at this school in rounds it may see, with ``shown_state``, phone and state of the letter."""
    first_guardian = Guardian.objects.filter(application_id=OuterRef("application_id")).order_by("position")
    letter = Message.objects.filter(
        year=view.year,
        registration_number=OuterRef("application__registration_number"),
        round_id=OuterRef("school_round__round_id"),
        kind__in=OFFER_MESSAGES,
    ).order_by("-pk")
    hidden_end = Q(state=PlacementState.SUPERSEDED) & ~_visible_end(view)
    shown = Case(
        When(hidden_end & Q(enrolled_on__isnull=False), then=Value(PlacementState.ENROLLED.value)),
        When(
            (hidden_end | Q(state=PlacementState.OFFERED)) & Q(respond_by__lt=view.today),
            then=Value("overdue"),
        ),
        When(hidden_end, then=Value(PlacementState.OFFERED.value)),
        default=F("state"),
        output_field=CharField(),
    )
    found: QuerySet[Any] = (
        Placement.objects.filter(
            school_round__programme__school=view.school,
            school_round__round_id__in=view.visible,
        )
        .select_related("application__child", "application__first_choice__programme", "school_round__round")
        .prefetch_related(
            Prefetch(
                "application__claims", PriorityClaim.objects.filter(state=ClaimState.CONFIRMED).order_by("pk")
            )
        )
        .annotate(
            shown_state=shown,
            phone=Subquery(first_guardian.values("phone")[:1]),
            email=Subquery(first_guardian.values("email")[:1]),
            letter_state=Subquery(letter.values("state")[:1]),
        )
    )
    if not view.sees_all:
        found = found.filter(
            application__care_case__isnull=False, application__first_choice__programme__school=view.school
        )
    return found


def can_leave_without_place(view: SchoolView, application: Any, *, by_office: bool) -> bool:
    """Whether this child can be withdrawn here though it has no place: while it waits for the draw, or when school and
    programme manager look for a place together (4.2, Q-10, Q-53).

    After the draw the school does not know whether a drawn-out child was placed elsewhere (Q-16), and an offer to
    withdraw some of them would tell: then it is the programme manager's. A child with a place has its reply page.
    """
    if application.form.state != FormState.LOCKED or application.decision not in ACTIVE_DECISIONS:
        return False
    if not application.first_choice.round.is_played or application.outcome == Outcome.FOLLOW_UP:
        return True
    return by_office and application.decision in (Decision.UNPLACED, Decision.CARE_FOLLOW_UP)


def rules_of(view: SchoolView) -> list[PriorityRule]:
    """The adopted rules of this school, in its own order."""
    return list(
        PriorityRule.objects.filter(year=view.year, programme__school=view.school).order_by("position")
    )


def in_neighbourhood(form: ApplicationForm, rules: Iterable[PriorityRule]) -> bool:
    """NEIGHBOURHOOD is not claimed: it follows from the postcode and the area of the school (DH-061)."""
    return any(
        rule.kind == PriorityKind.NEIGHBOURHOOD and form.postcode[:4] in rule.area_postcodes.split()
        for rule in rules
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of the school's applications of one round stand where; one query."""

    forms: int = 0
    final: int = 0
    draft: int = 0
    released: int = 0
    claims: int = 0
    care_open: int = 0
    care_asked: int = 0


def counts_of(view: SchoolView, round_: Round) -> Counts:
    found = ApplicationForm.objects.filter(
        application__first_choice__round=round_, application__first_choice__programme__school=view.school
    ).exclude(state=FormState.VOID)
    if not view.sees_all:
        found = found.filter(application__care_case__isnull=False)
    final = [FormState.FINAL, FormState.LOCKED]
    open_claim = Q(
        Exists(
            PriorityClaim.objects.filter(application_id=OuterRef("application_id"), state=ClaimState.CLAIMED)
        )
    )
    sums: dict[str, Any] = found.aggregate(
        forms=Count("pk"),
        final=Count("pk", filter=Q(state__in=final)),
        draft=Count("pk", filter=Q(state=FormState.DRAFT)),
        released=Count("pk", filter=Q(state=FormState.RELEASED)),
        claims=Count("pk", filter=open_claim & ~Q(state=FormState.EXPIRED)),
        # A child that was withdrawn keeps no draw waiting.
        care_open=Count(
            "pk",
            filter=Q(application__care_case__state__in=sorted(OPEN_CARE_STATES))
            & ~Q(application__decision__in=[Decision.WITHDRAWN, Decision.VOID]),
        ),
        care_asked=Count("pk", filter=Q(application__care_case__isnull=False)),
    )
    return Counts(**sums)


@dataclass(frozen=True, slots=True)
class ReplyCounts:
    """Placements of this school by what the school sees of them; one query."""

    reserved: int = 0
    offered: int = 0
    overdue: int = 0
    enrolled: int = 0
    withdrawn: int = 0
    left: int = 0
    lapsed: int = 0  # of those that left: allowed to move house, and not withdrawn yet (DH-125)
    next_reply: date | None = None
    first_overdue: date | None = None

    @property
    def total(self) -> int:
        return self.reserved + self.offered + self.overdue + self.enrolled


def reply_counts(view: SchoolView) -> ReplyCounts:
    sums: dict[str, int] = {}
    waiting: list[date] = []
    late: list[date] = []
    rows = placements_here(view).order_by().values("shown_state", "respond_by").annotate(n=Count("pk"))
    for row in rows:
        state = {"superseded": "left", "lapsed": "left"}.get(row["shown_state"], row["shown_state"])
        sums[state] = sums.get(state, 0) + row["n"]
        if row["shown_state"] == PlacementState.LAPSED:
            sums["lapsed"] = sums.get("lapsed", 0) + row["n"]
        if state == "offered" and row["respond_by"]:
            waiting.append(row["respond_by"])
        if state == "overdue" and row["respond_by"]:
            late.append(row["respond_by"])
    return ReplyCounts(**sums, next_reply=min(waiting, default=None), first_overdue=min(late, default=None))


def places_of(view: SchoolView) -> list[PlaceRow]:
    """The ledger of this school per round; what a hidden draw booked is left out. Two queries."""
    return place_rows(view.school, view.year, view.rounds, shows=view.shows)
