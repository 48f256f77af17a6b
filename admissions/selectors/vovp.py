"""What the office and the parents' desk see of a VOVP: families, their opt-in, and the places of the schools.

Nothing here is for a school: pages of schools must not read participations at all (DH-135).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from admissions.enums import ParticipationKind, ParticipationState, PlacementState
from admissions.models import Participation, Placement
from admissions.selectors.children import matching
from admissions.selectors.office import school_rows
from notifications.enums import MessageKind
from notifications.models import Message
from schools.models import Round, SchoolRound

P = ParticipationState
DRAWN = (P.PLACED, P.IMPROVED, P.UNCHANGED)


def shows_result(round_: Round, *, in_office: bool, today: date) -> bool:
    """The office sees a result as soon as it is official; the parents' desk when the families do (DH-142)."""
    return in_office or (round_.offers_on is not None and round_.offers_on <= today)


def families_of(round_: Round, *, with_result: bool) -> QuerySet[Any]:
    """Every family on the list with ``shown_state``, when its message came, and the state of its invitation.

    Without ``with_result`` a drawn family is one that takes part. One query.
    """
    state: Case | F = (
        F("state")
        if with_result
        else Case(
            When(state__in=DRAWN, then=Value(P.OPTED_IN.value)), default=F("state"), output_field=CharField()
        )
    )
    invitation = Message.objects.filter(
        round_id=OuterRef("round_id"),
        registration_number=OuterRef("application__registration_number"),
        kind__in=[MessageKind.M09, MessageKind.M10],
    ).order_by("-pk")
    return (
        Participation.objects.filter(round=round_)
        .select_related(
            "application__child",
            "application__form",
            "application__first_choice__round",
            "held_placement__school_round__programme__school",
            "opt_in_message__recorded_by",
        )
        .annotate(shown_state=state, invitation=Subquery(invitation.values("state")[:1]))
    )


def families_matching(round_: Round, text: str) -> QuerySet[Any]:
    """Families of this VOVP that fit what was typed: number, reference, name or birth date."""
    return Participation.objects.filter(
        round=round_, application__in=_applications(round_, text)
    ).select_related("application__child", "application__form")


def _applications(round_: Round, text: str) -> QuerySet[Any]:
    from admissions.models import Application

    return Application.objects.filter(matching(text), year=round_.year_id)


def others_matching(round_: Round, text: str) -> QuerySet[Any]:
    """Children of the year that fit and are not on the list of this VOVP."""
    return (
        _applications(round_, text)
        .exclude(participations__round=round_)
        .select_related("child", "form", "first_choice__round", "care_case")
    )


@dataclass(frozen=True, slots=True)
class VovpCounts:
    """How many families of one VOVP stand where; one query."""

    families: int = 0
    unplaced: int = 0
    improvers: int = 0
    taking_part: int = 0
    silent: int = 0
    removed: int = 0


def vovp_counts(round_: Round) -> VovpCounts:
    part = Q(state__in=[P.OPTED_IN, *DRAWN])
    sums: dict[str, int] = Participation.objects.filter(round=round_).aggregate(
        families=Count("pk"),
        unplaced=Count("pk", filter=Q(kind=ParticipationKind.UNPLACED)),
        improvers=Count("pk", filter=Q(kind=ParticipationKind.IMPROVER)),
        taking_part=Count("pk", filter=part),
        silent=Count("pk", filter=Q(state__in=[P.ELIGIBLE, P.INVITED, P.NOT_OPTED_IN])),
        removed=Count("pk", filter=Q(state=P.REMOVED)),
    )
    return VovpCounts(**sums)


def inventory_of(round_: Round) -> QuerySet[SchoolRound]:
    """Places of every school for the matching: the sums of the ledger, and the seats its improvers bring (DH-139).

    ``held`` are seats of improvers who take part, ``in_matching`` the places the school has in the draw, ``left`` and
    ``lost`` what the draw did: places still open, and children who left for a better place (DH-140). One query.
    """
    held = (
        Participation.objects.filter(
            round=round_,
            kind=ParticipationKind.IMPROVER,
            state__in=[P.OPTED_IN, *DRAWN],
            held_placement__school_round__programme=OuterRef("programme"),
        )
        .order_by()
        .values("round")
        .annotate(n=Count("pk"))
        .values("n")
    )
    lost = (
        Placement.objects.filter(
            state=PlacementState.SUPERSEDED,
            superseded_by__school_round__round=round_,
            school_round__programme=OuterRef("programme"),
        )
        .order_by()
        .values("school_round__programme")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return (
        school_rows(round_)
        .annotate(
            held=Coalesce(Subquery(held, output_field=IntegerField()), 0),
            lost=Coalesce(Subquery(lost, output_field=IntegerField()), 0),
        )
        .annotate(in_matching=F("carried_in") + F("freed_in") + F("held"))
    )
