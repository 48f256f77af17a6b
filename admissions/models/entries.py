"""What somebody is typing in, kept as it was typed until it has become a form."""

import uuid

from django.db import models
from django.db.models import Q

from admissions.models.applications import ApplicationForm


class FormEntry(models.Model):
    """The paper form as it is being typed (invoer): nothing is judged here and nothing is lost.

    It exists from the first letter, before there is a name or a date; ``form`` follows as soon as there is enough for
    a draft (den-haag.md 4.1). ``key`` is made with the empty page, so that a second click finds the same entry.
    ``revision`` guards against two people, or two windows, overwriting each other: what came too late waits in
    ``aside``, per user, until that user has compared and chosen; a window never competes with itself.
    ``batch`` marks the rows of one spreadsheet.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4)
    school_round = models.ForeignKey("schools.SchoolRound", models.CASCADE, related_name="form_entries")
    form = models.OneToOneField(ApplicationForm, models.CASCADE, null=True, blank=True, related_name="entry")
    typed = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    aside = models.JSONField(default=dict, blank=True)
    saved_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    saved_at = models.DateTimeField(null=True, blank=True)
    window = models.CharField(max_length=20, blank=True)  # the browser window that saved last
    batch = models.UUIDField(null=True, blank=True)
    line = models.PositiveIntegerField(null=True, blank=True)  # in the spreadsheet

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["batch", "line"], name="entry_by_batch", condition=Q(batch__isnull=False))
        ]

    def __str__(self) -> str:
        return f"entry {self.pk}"
