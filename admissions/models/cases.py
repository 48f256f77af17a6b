"""What the programme office has to settle (zaken): who works on it, until when, its history, and how it ended."""

from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Q

from admissions.case_enums import CASE_ENDS, LIVE_CASES, CaseEnd, CaseState, CaseStep
from admissions.enums import CaseKind

_LIVE = Q(state__in=LIVE_CASES, closed_at__isnull=True, closed_through="")
# One OR per kind: an end that the specification does not give for this kind is refused, also for raw SQL.
_ENDED = Q(state=CaseState.CLOSED, closed_at__isnull=False) & reduce(
    or_, [Q(kind=kind, closed_through__in=ends) for kind, ends in CASE_ENDS.items()]
)


class Case(models.Model):
    """One thing to settle, for example a wrong birth date, DH-058 (zaak).

    ``about`` says what it is about within its kind: registration numbers, or ``<school>/<round>``. While a case lives
    there is no second one of its kind about the same. Triggers keep what was reported and what was settled.
    """

    year = models.ForeignKey("schools.AdmissionYear", models.CASCADE, related_name="cases")
    application = models.ForeignKey(
        "admissions.Application", models.CASCADE, null=True, blank=True, related_name="cases"
    )
    school_round = models.ForeignKey(
        "schools.SchoolRound", models.CASCADE, null=True, blank=True, related_name="cases"
    )
    kind = models.CharField(max_length=20, choices=CaseKind)
    about = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.OPEN)
    owner = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="cases")
    due_on = models.DateField()
    note = models.CharField(max_length=500)
    opened_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField()
    closed_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_through = models.CharField(max_length=20, choices=CaseEnd, blank=True)
    resolution = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["year", "state", "due_on"], name="case_by_due_day")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=CaseKind.values), name="case_kind_known"),
            models.CheckConstraint(condition=_LIVE | _ENDED, name="case_ends_by_its_action"),
            models.CheckConstraint(
                condition=Q(state=CaseState.OPEN, owner__isnull=True)
                | Q(state=CaseState.TAKEN, owner__isnull=False)
                | Q(state=CaseState.CLOSED),
                name="case_taken_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["year", "kind", "about"],
                condition=Q(state__in=LIVE_CASES),
                name="case_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_live(self) -> bool:
        return self.state != CaseState.CLOSED


class CaseEntry(models.Model):
    """One line in the history of a case; append-only, and gone only when a rehearsal year is reset."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="entries")
    step = models.CharField(max_length=10, choices=CaseStep)
    text = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(step__in=CaseStep.values), name="case_step_known"),
        ]

    def __str__(self) -> str:
        return f"case {self.case_id} {self.step}"
