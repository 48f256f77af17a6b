"""The application, the form it was made from, its list, claims and care case."""

from django.db import models
from django.db.models import Q

from admissions.enums import (
    ACTIVE_DECISIONS,
    CARE_DUTY_STATES,
    CARE_MOVES,
    DECISION_MOVES,
    FORM_MOVES,
    OPEN_CARE_STATES,
    CareOrigin,
    CareState,
    ClaimState,
    Decision,
    FormState,
)
from schools.enums import PriorityKind


class Application(models.Model):
    """The case of one child in one admission year (aanmelding).

    ``first_choice`` is the school that entered the form, in the round of the form. ``previous`` links the one new
    application after an approved move (DH-125).
    """

    year = models.ForeignKey("schools.AdmissionYear", models.PROTECT, related_name="applications")
    first_choice = models.ForeignKey("schools.SchoolRound", models.PROTECT, related_name="applications")
    child = models.ForeignKey("admissions.Child", models.PROTECT, related_name="applications")
    registration_number = models.CharField(max_length=20, unique=True)
    decision = models.CharField(max_length=20, choices=Decision, default=Decision.PENDING)
    previous = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="next")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(decision__in=Decision.values), name="decision_known"),
            # DH-034: once per child and year, also when two schools finalise at the same moment.
            models.UniqueConstraint(
                fields=["year", "child"],
                condition=Q(decision__in=sorted(ACTIVE_DECISIONS)),
                name="one_active_application_per_child",
            ),
        ]

    def __str__(self) -> str:
        return self.registration_number

    def can_move_to(self, target: str) -> bool:
        return target in DECISION_MOVES[self.decision]

    @property
    def is_active(self) -> bool:
        return self.decision in ACTIVE_DECISIONS


class ApplicationForm(models.Model):
    """What the parents signed and the school typed in (aanmeldformulier), DH-041."""

    application = models.OneToOneField(Application, models.CASCADE, related_name="form")
    form_reference = models.CharField(max_length=40)
    year = models.ForeignKey("schools.AdmissionYear", models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=FormState, default=FormState.DRAFT)
    version = models.PositiveIntegerField(default=1)  # of the last time it was final
    received_on = models.DateField()
    channel = models.CharField(max_length=10, default="paper")
    street = models.CharField(max_length=120)
    house_number = models.CharField(max_length=20)
    postcode = models.CharField(max_length=6)  # 1234AB
    place = models.CharField(max_length=80)
    # A twin applied for as well: looked at together, each with its own number and lot.
    is_twin = models.BooleanField(default=False)
    care_requested = models.BooleanField(default=False)
    care_note = models.TextField(blank=True)
    # What is being typed while the form is DRAFT or RELEASED; the rows keep what was final last (DH-059).
    draft = models.JSONField(null=True, blank=True)
    checklist = models.JSONField(default=list)  # the ticked points of DH-045, 1 to 7
    checked_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=FormState.values), name="form_state_known"),
            models.UniqueConstraint(fields=["year", "form_reference"], name="form_reference_unique_in_year"),
        ]

    def __str__(self) -> str:
        return self.form_reference

    def can_move_to(self, target: str) -> bool:
        return target in FORM_MOVES[self.state]


class FormVersion(models.Model):
    """The contents of a form each time it was made final (DH-054); erasable, since it holds names."""

    form = models.ForeignKey(ApplicationForm, models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    contents = models.JSONField()
    finalised_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    finalised_at = models.DateTimeField()

    class Meta:
        ordering = ["form_id", "version"]
        constraints = [models.UniqueConstraint(fields=["form", "version"], name="form_version_unique")]

    def __str__(self) -> str:
        return f"{self.form_id} v{self.version}"


class Preference(models.Model):
    """One school on the ordered list (voorkeur); rank 1 is the first choice.

    A trigger refuses a rank that does not follow the last one, so that a list has no gaps (DH-043).
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="preferences")
    rank = models.PositiveSmallIntegerField()
    programme = models.ForeignKey("schools.Programme", models.PROTECT, related_name="preferences")
    added_in = models.ForeignKey(
        "schools.Round", models.PROTECT, null=True, blank=True, related_name="+"
    )  # DH-131

    class Meta:
        ordering = ["application_id", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["application", "rank"], name="preference_rank_unique"),
            models.UniqueConstraint(fields=["application", "programme"], name="preference_school_once"),
            models.CheckConstraint(condition=Q(rank__gte=1), name="preference_rank_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.rank}"


class PriorityClaim(models.Model):
    """A child's claim to a priority rule at its first choice (voorrang); counts only when confirmed (DH-061)."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="claims")
    kind = models.CharField(max_length=20, choices=PriorityKind)
    state = models.CharField(max_length=10, choices=ClaimState, default=ClaimState.CLAIMED)
    evidence = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "kind"], name="claim_once_per_rule"),
            models.CheckConstraint(condition=Q(state__in=ClaimState.values), name="claim_state_known"),
            # The neighbourhood is not claimed: it follows from the postcode (data-formats.md).
            models.CheckConstraint(
                condition=Q(kind__in=[PriorityKind.SIBLING, PriorityKind.PRESCHOOL, PriorityKind.STAFF]),
                name="claim_kind_can_be_claimed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind}"


class CareCase(models.Model):
    """The care route of one application (zorgroute), its own table with its own permission (DH-180)."""

    application = models.OneToOneField(Application, models.CASCADE, related_name="care_case")
    origin = models.CharField(max_length=10, choices=CareOrigin)
    state = models.CharField(max_length=20, choices=CareState)
    meeting_on = models.DateField(null=True, blank=True)
    outcome_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)
    # The two tasks of DH-171: an appointment with the parents at once, and the programme manager told.
    appointment_made_at = models.DateTimeField(null=True, blank=True)
    appointment_made_by = models.ForeignKey(
        "schools.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    manager_told_at = models.DateTimeField(null=True, blank=True)
    manager_told_by = models.ForeignKey(
        "schools.User", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CareState.values), name="care_state_known")
        ]

    def __str__(self) -> str:
        return f"care {self.application_id}"

    def can_move_to(self, target: str) -> bool:
        return target in CARE_MOVES[self.state]

    @property
    def has_duty(self) -> bool:
        """CareDuty (zorgplicht): joins the school draw, not the central one (DH-083, DH-094)."""
        return self.state in CARE_DUTY_STATES

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_CARE_STATES
