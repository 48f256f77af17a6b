"""Exceptions by two people (uitzonderingen): proposed by one, decided by another, with who would be passed over."""

from django.db import models
from django.db.models import F, Q

from admissions.exception_enums import ExceptionKind, ExceptionState

S = ExceptionState


class PlaceException(models.Model):
    """One exception for one child (uitzondering).

    ``passed_over``: registration numbers of children with a better number, at the proposal; the second person decides
    on that very list. A trigger keeps what was proposed and decided.
    """

    application = models.ForeignKey("admissions.Application", models.PROTECT, related_name="exceptions")
    round = models.ForeignKey("schools.Round", models.PROTECT, related_name="exceptions")
    kind = models.CharField(max_length=12, choices=ExceptionKind)
    state = models.CharField(max_length=8, choices=S, default=S.PROPOSED)
    reason = models.CharField(max_length=500)
    passed_over = models.JSONField(default=list)
    proposed_by = models.ForeignKey("schools.User", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ExceptionKind.values), name="exception_kind_known"),
            models.CheckConstraint(condition=Q(state__in=S.values), name="exception_state_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="exception_has_a_reason"),
            # Four eyes, also for raw SQL; whoever proposed may take it back, which changes nothing.
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(state=S.REJECTED) | ~Q(decided_by=F("proposed_by")),
                name="exception_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state=S.PROPOSED, decided_by__isnull=True)
                | Q(state__in=[S.DONE, S.REJECTED], decided_by__isnull=False, decided_at__isnull=False),
                name="exception_is_decided_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["application", "kind"],
                condition=Q(state=S.PROPOSED),
                name="one_open_exception_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
