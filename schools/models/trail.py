"""What happened (events) and what is running (jobs)."""

from django.db import models
from django.db.models import Q

from schools.enums import JobState


class Event(models.Model):
    """One fact of the legal trail (gebeurtenis), append-only and hash-chained per year (DESIGN section 4, DH-200).

    Holds keys and codes, never names or addresses. UPDATE and DELETE are refused by a database trigger.
    """

    # No index on the year alone: PostgreSQL would take it for the chain while the table is new, and read every event.
    year = models.ForeignKey("schools.AdmissionYear", models.PROTECT, related_name="events", db_index=False)
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    actor = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()  # real time
    effective_at = models.DateTimeField()  # time by the year's clock
    object_type = models.CharField(max_length=30)
    object_key = models.CharField(max_length=60)
    old = models.CharField(max_length=200, blank=True)
    new = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["year_id", "sequence"]
        indexes = [models.Index(fields=["object_key", "object_type", "year"], name="event_by_object")]
        constraints = [models.UniqueConstraint(fields=["year", "sequence"], name="event_sequence_unique")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"


class EventHead(models.Model):
    """The last event of a year (kop van het spoor): a chain from which the end was cut would otherwise look whole.

    It only moves forward, to an event that is there; a database trigger guards that.
    """

    year = models.OneToOneField("schools.AdmissionYear", models.PROTECT, related_name="event_head")
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.year_id} {self.sequence}"


class Job(models.Model):
    """Long work with its progress; this row is the truth, the broker only says "go" (taak, DESIGN section 8)."""

    year = models.ForeignKey(
        "schools.AdmissionYear", models.CASCADE, null=True, blank=True, related_name="jobs"
    )
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=60, blank=True)  # what it works on, for example a round code
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.REQUESTED)
    requested_by = models.ForeignKey("schools.User", models.SET_NULL, null=True, blank=True, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    step = models.CharField(max_length=200, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=1000, blank=True)  # the sentence a user reads when it failed

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
            # Two managers who press the same button get one job.
            models.UniqueConstraint(
                fields=["year", "kind", "key"],
                condition=Q(state__in=[JobState.REQUESTED, JobState.RUNNING]),
                name="job_once_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.state}"

    @property
    def is_finished(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED)
