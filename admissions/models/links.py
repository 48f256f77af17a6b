"""The door to a family's own page of the draw."""

from django.db import models
from django.db.models import Q


class SheetLink(models.Model):
    """A personal code that opens the parent's sheet of one application (ouderblad); printed in the letter.

    125 random bits, so that nobody guesses one; it says nothing about the child. What it opens, and from when, is
    decided by the page. A withdrawn one opens nothing; there is one that works at a time.
    """

    application = models.ForeignKey("admissions.Application", models.CASCADE, related_name="sheet_links")
    code = models.CharField(max_length=25, unique=True)
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_working_sheet_link",
            ),
        ]

    def __str__(self) -> str:
        return f"sheet link {self.pk}"  # never the code: this text ends up in logs
