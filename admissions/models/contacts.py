"""Families that did not answer: what was tried to reach them, and reminders that were stopped (DH-121)."""

from django.db import models
from django.db.models import Q

from admissions.enums import ContactWay


class ContactAttempt(models.Model):
    """One time that somebody tried to reach the family of a child (contact), DH-121; erasable, it may hold names."""

    application = models.ForeignKey("admissions.Application", models.CASCADE, related_name="contact_attempts")
    school = models.ForeignKey("schools.School", models.CASCADE, null=True, blank=True, related_name="+")
    way = models.CharField(max_length=10, choices=ContactWay)
    on = models.DateField()
    was_reached = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)
    recorded_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(way__in=ContactWay.values), name="contact_way_known")
        ]

    def __str__(self) -> str:
        return f"contact {self.pk}"


class ReminderStop(models.Model):
    """No automatic reminder (M08): for one place, or with ``placement`` empty for a whole school in a round."""

    school_round = models.ForeignKey("schools.SchoolRound", models.CASCADE, related_name="reminder_stops")
    placement = models.OneToOneField(
        "admissions.Placement", models.CASCADE, null=True, blank=True, related_name="reminder_stop"
    )
    stopped_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    stopped_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school_round"],
                condition=Q(placement__isnull=True),
                name="reminders_of_school_stopped_once",
            )
        ]

    def __str__(self) -> str:
        return f"no reminder {self.school_round_id}"
