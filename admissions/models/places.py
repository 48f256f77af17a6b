"""Seats: who holds one, where it came from and where it went."""

from django.db import models
from django.db.models import Q

from admissions.enums import (
    ACTIVE_PLACEMENTS,
    MOVE_MOVES,
    PARTICIPATION_MOVES,
    PLACEMENT_MOVES,
    EntryKind,
    MoveState,
    ParticipationKind,
    ParticipationState,
    PlacementState,
    WithdrawalReason,
)


class Placement(models.Model):
    """A child holds a seat at a school, given in one round (plaatsing).

    ``child`` repeats ``application.child`` so that the database itself can refuse a second active placement; a
    trigger checks that the two agree and that the round has a seat left, also for raw SQL.
    """

    application = models.ForeignKey("admissions.Application", models.PROTECT, related_name="placements")
    child = models.ForeignKey("admissions.Child", models.PROTECT, related_name="placements")
    school_round = models.ForeignKey("schools.SchoolRound", models.PROTECT, related_name="placements")
    preference_rank = models.PositiveSmallIntegerField()  # on the whole list, added schools included
    state = models.CharField(max_length=12, choices=PlacementState, default=PlacementState.RESERVED)
    offered_on = models.DateField(null=True, blank=True)
    respond_by = models.DateField(null=True, blank=True)  # reply deadline, this day included (DH-120)
    enrolled_on = models.DateField(null=True, blank=True)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PlacementState.values), name="placement_state_known"
            ),
            models.UniqueConstraint(
                fields=["child"],
                condition=Q(state__in=sorted(ACTIVE_PLACEMENTS)),
                name="one_active_placement_per_child",
            ),
            # A school that has to draw by hand again may draw the same child again.
            models.UniqueConstraint(
                fields=["application", "school_round"],
                condition=~Q(state=PlacementState.WITHDRAWN),
                name="placed_once_per_round",
            ),
            models.CheckConstraint(condition=Q(preference_rank__gte=1), name="placement_rank_from_one"),
        ]

    def __str__(self) -> str:
        return f"placement {self.pk}"

    def can_move_to(self, target: str) -> bool:
        return target in PLACEMENT_MOVES[self.state]

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_PLACEMENTS


class LedgerEntry(models.Model):
    """One line of the place ledger (plaatsenboek), append-only; open places are the sum (DH-104).

    ``places`` is signed as seen by its school and round. A trigger refuses a sum below zero, UPDATE and DELETE.
    """

    school_round = models.ForeignKey("schools.SchoolRound", models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=12, choices=EntryKind)
    places = models.IntegerField()
    placement = models.ForeignKey(Placement, models.PROTECT, null=True, blank=True, related_name="entries")
    session = models.ForeignKey(
        "lottery.DrawSession", models.PROTECT, null=True, blank=True, related_name="+"
    )
    effective_on = models.DateField()
    cause = models.CharField(max_length=200)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["school_round", "kind"], name="entry_by_kind")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="entry_kind_known"),
            models.UniqueConstraint(
                fields=["placement", "kind"],
                condition=Q(placement__isnull=False),
                name="entry_once_per_placement",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[EntryKind.CARRIED_IN], places__gte=0)
                | Q(kind__in=[EntryKind.CARRIED_OUT], places__lte=0)
                | Q(kind__in=[EntryKind.PLACED, EntryKind.FREED_OUT], places=-1, placement__isnull=False)
                | Q(
                    kind__in=[EntryKind.RELEASED, EntryKind.WITHDRAWN, EntryKind.FREED_IN],
                    places=1,
                    placement__isnull=False,
                )
                | Q(kind=EntryKind.EXCEPTION, places=1)
                # Paid back by the place that this placement left.
                | Q(kind=EntryKind.EXCEPTION, places=-1, placement__isnull=False)
                | Q(kind=EntryKind.CEILING),
                name="entry_sign_fits_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.places:+d}"


class Withdrawal(models.Model):
    """The end of an application (terugtrekking), with a reason that says enough (DH-124)."""

    application = models.OneToOneField("admissions.Application", models.PROTECT, related_name="withdrawal")
    placement = models.OneToOneField(
        Placement, models.PROTECT, null=True, blank=True, related_name="withdrawal"
    )
    reason = models.CharField(max_length=20, choices=WithdrawalReason)
    detail = models.CharField(max_length=300, blank=True)
    is_reported = models.BooleanField(default=False)  # melden bij de aanmeldcoördinator (DH-126)
    effective_on = models.DateField()
    recorded_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=WithdrawalReason.values), name="withdrawal_reason_known"
            ),
            models.CheckConstraint(
                condition=~Q(reason=WithdrawalReason.MOVED_INSIDE) | Q(is_reported=True),
                name="move_inside_is_reported",
            ),
        ]

    def __str__(self) -> str:
        return f"withdrawal {self.application_id}"


class MoveRequest(models.Model):
    """A request to apply again after moving house (verhuisverzoek), den-haag.md 4.5."""

    application = models.OneToOneField("admissions.Application", models.PROTECT, related_name="move_request")
    state = models.CharField(max_length=10, choices=MoveState, default=MoveState.REQUESTED)
    outside_catchment = models.BooleanField(null=True)
    note = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey("schools.User", models.PROTECT, related_name="+")
    decided_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MoveState.values), name="move_state_known")
        ]

    def __str__(self) -> str:
        return f"move {self.application_id}"

    def can_move_to(self, target: str) -> bool:
        return target in MOVE_MOVES[self.state]


class Participation(models.Model):
    """One application in one VOVP (deelname); schools never see it before the result (DH-135)."""

    application = models.ForeignKey("admissions.Application", models.PROTECT, related_name="participations")
    round = models.ForeignKey("schools.Round", models.PROTECT, related_name="participations")
    kind = models.CharField(max_length=10, choices=ParticipationKind)
    state = models.CharField(max_length=14, choices=ParticipationState, default=ParticipationState.ELIGIBLE)
    held_placement = models.ForeignKey(Placement, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "round"], name="participation_once_per_round"),
            models.CheckConstraint(
                condition=Q(state__in=ParticipationState.values), name="participation_state_known"
            ),
            models.CheckConstraint(
                condition=Q(kind=ParticipationKind.UNPLACED, held_placement__isnull=True)
                | Q(kind=ParticipationKind.IMPROVER, held_placement__isnull=False),
                name="improver_holds_a_seat",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.round_id}"

    def can_move_to(self, target: str) -> bool:
        return target in PARTICIPATION_MOVES[self.state]
