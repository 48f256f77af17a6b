"""What is mended around a draw without drawing again (OA-LOT/1 section 8, Q-10, Q-11)."""

from django.db import models
from django.db.models import F, Q

from admissions.enums import OPEN_REPAIRS, REPAIR_MOVES, RepairKind, RepairState, WithdrawalReason


class LateWithdrawal(models.Model):
    """A withdrawal that came in while the lists were frozen: kept, and carried out after the result (Q-10).

    The table stands outside the freeze: nothing in it goes into the draw.
    """

    application = models.OneToOneField(
        "admissions.Application", models.PROTECT, related_name="late_withdrawal"
    )
    round = models.ForeignKey("schools.Round", models.PROTECT, related_name="late_withdrawals")
    reason = models.CharField(max_length=20, choices=WithdrawalReason)
    detail = models.CharField(max_length=300, blank=True)
    is_reported = models.BooleanField(default=False)
    effective_on = models.DateField()
    recorded_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=WithdrawalReason.values), name="late_withdrawal_reason_known"
            ),
        ]

    def __str__(self) -> str:
        return f"late withdrawal {self.application_id}"


class Repair(models.Model):
    """One mend of one session: asked for by one person, decided by another (herstel).

    ``details`` hold what was asked, ``outcome`` what it came to: keys and codes, never names.
    """

    session = models.ForeignKey("lottery.DrawSession", models.PROTECT, related_name="repair_requests")
    kind = models.CharField(max_length=14, choices=RepairKind)
    state = models.CharField(max_length=8, choices=RepairState, default=RepairState.PROPOSED)
    application = models.ForeignKey(
        "admissions.Application", models.PROTECT, null=True, blank=True, related_name="repairs"
    )
    reason = models.CharField(max_length=500)
    document = models.CharField(max_length=200, blank=True)  # the written objection or decision
    details = models.JSONField(default=dict)
    outcome = models.JSONField(default=dict)
    mini_session = models.OneToOneField(
        "lottery.DrawSession", models.PROTECT, null=True, blank=True, related_name="repair"
    )
    proposed_by = models.ForeignKey("schools.User", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=RepairKind.values), name="repair_kind_known"),
            models.CheckConstraint(condition=Q(state__in=RepairState.values), name="repair_state_known"),
            # Four eyes, also for raw SQL; whoever asked may take it back, which changes nothing.
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(state=RepairState.REJECTED)
                | ~Q(decided_by=F("proposed_by")),
                name="repair_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state=RepairState.PROPOSED)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="repair_is_decided_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["session", "kind", "application"],
                condition=Q(state__in=OPEN_REPAIRS, application__isnull=False),
                name="one_open_repair_of_a_child",
            ),
            models.UniqueConstraint(
                fields=["session", "kind"],
                condition=Q(state__in=OPEN_REPAIRS, application__isnull=True),
                name="one_open_repair_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def can_move_to(self, target: str) -> bool:
        return target in REPAIR_MOVES[self.state]
