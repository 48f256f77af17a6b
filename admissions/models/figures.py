"""Figures of rounds that were published: what the public may read, masked before it is stored (DH-160 to DH-163)."""

from django.db import models
from django.db.models import Q

from admissions.enums import FigureSource
from schools.enums import RoundKind


class PublishedRound(models.Model):
    """The published figures of one round (gepubliceerde cijfers).

    Public pages, files and the API read these rows and nothing else, so that no figure of a running round can appear
    (DH-161). A count is stored as it is shown: see ``masking.py`` for the values below zero.
    ``round`` is empty for a year before the region worked with this system; its figures came as a file.
    """

    region = models.ForeignKey("schools.Region", models.CASCADE, related_name="published_rounds")
    year_code = models.CharField(max_length=20)
    round_code = models.CharField(max_length=10)
    kind = models.CharField(max_length=4, choices=RoundKind)
    position = models.PositiveSmallIntegerField(default=0)  # in its year
    source = models.CharField(max_length=10, choices=FigureSource)
    round = models.OneToOneField(
        "schools.Round", models.CASCADE, null=True, blank=True, related_name="published_figures"
    )
    published_at = models.DateTimeField()
    children = models.IntegerField(null=True, blank=True)
    first = models.IntegerField(null=True, blank=True)  # placed at the first choice
    lower = models.IntegerField(null=True, blank=True)  # placed by the central draw
    unplaced = models.IntegerField(null=True, blank=True)  # in the whole city

    class Meta:
        ordering = ["-year_code", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["region", "year_code", "round_code"], name="figures_published_once_per_round"
            ),
            models.CheckConstraint(
                condition=Q(source=FigureSource.SYSTEM, round__isnull=False)
                | Q(source=FigureSource.FILE, round__isnull=True),
                name="figures_have_their_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year_code} {self.round_code}"


class PublishedSchool(models.Model):
    """One school in a published round; ``classes`` is a list of ``[kind of priority or "none", admitted]``."""

    published = models.ForeignKey(PublishedRound, models.CASCADE, related_name="schools")
    brin = models.CharField(max_length=16)
    name = models.CharField(max_length=200)
    places = models.PositiveIntegerField(null=True, blank=True)  # None: no ceiling, or not known
    applications = models.IntegerField(null=True, blank=True)  # first choices
    drawn_places = models.PositiveIntegerField(null=True, blank=True)  # 0: no lots were needed
    admitted = models.IntegerField(null=True, blank=True)
    central = models.IntegerField(null=True, blank=True)
    classes = models.JSONField(default=list)

    class Meta:
        ordering = ["published_id", "name", "brin"]
        indexes = [models.Index(fields=["brin"], name="published_school_by_brin")]
        constraints = [
            models.UniqueConstraint(fields=["published", "brin"], name="figures_once_per_school"),
        ]

    def __str__(self) -> str:
        return f"{self.brin} {self.published_id}"
