"""Who opened the file of a child, and when."""

from django.db import models
from django.db.models import Q

from admissions.enums import OpeningKind


class FileOpening(models.Model):
    """Somebody opened the file of a child (inzage): one row per person, child, kind of page and hour.

    Append-only, keys only. Kept as long as ``FILE_OPENINGS_DAYS`` says, at least a year: the database refuses to
    let a younger row go.
    """

    application = models.ForeignKey("admissions.Application", models.PROTECT, related_name="openings")
    user = models.ForeignKey("schools.User", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=6, choices=OpeningKind)
    hour = models.DateTimeField()  # by the clock of the year, cut to the hour
    recorded_at = models.DateTimeField()  # real time of the first opening in that hour
    helper_view = models.ForeignKey(
        "schools.HelperView", models.PROTECT, null=True, blank=True, related_name="+"
    )
    of_region = models.BooleanField(default=False)  # opened by somebody of the office or a desk

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "user", "kind", "hour"], name="opening_once_an_hour"
            ),
            models.CheckConstraint(condition=Q(kind__in=OpeningKind.values), name="opening_kind_known"),
        ]

    def __str__(self) -> str:
        return f"opening {self.pk}"
