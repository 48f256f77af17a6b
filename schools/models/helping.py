"""Looking along at a school: who opened its screens, why, and every page of it."""

from django.db import models
from django.db.models import F, Q


class HelperView(models.Model):
    """One time that somebody of the office or a desk opened a school's screens (meekijken); the school sees it.

    Read only and for an hour at most. Real time: it is about who was really there.
    """

    school = models.ForeignKey("schools.School", models.PROTECT, related_name="helper_views")
    user = models.ForeignKey("schools.User", models.PROTECT, related_name="helper_views")
    reason = models.CharField(max_length=300)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="helper_view_has_reason"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("started_at")), name="helper_view_ends"),
        ]

    def __str__(self) -> str:
        return f"helper view {self.pk}"


class HelperVisit(models.Model):
    """One page of a school that somebody looking along asked for (bekeken pagina); append-only, no names."""

    view = models.ForeignKey(HelperView, models.PROTECT, related_name="visits")
    at = models.DateTimeField()
    page = models.CharField(max_length=60)  # the name of its address
    registration_number = models.CharField(max_length=20, blank=True)
    was_refused = models.BooleanField(default=False)  # it would have changed something

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.view_id} {self.page}"
