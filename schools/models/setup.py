"""What somebody confirmed of a year that was copied from the last one."""

from django.db import models


class SetupConfirmation(models.Model):
    """A line of the difference list with its new value, seen by somebody (bevestigd verschil).

    Another value than the one that was confirmed is not confirmed any more.
    """

    year = models.ForeignKey("schools.AdmissionYear", models.CASCADE, related_name="setup_confirmations")
    key = models.CharField(max_length=120)
    value = models.CharField(max_length=300, blank=True)
    confirmed_by = models.ForeignKey("schools.User", models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "key"], name="setup_line_confirmed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.year_id} {self.key}"
