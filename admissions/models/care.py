"""What belongs to the care route besides its case: the letter to the parents, and days kept free for meetings."""

from django.db import models

from admissions.models.applications import CareCase


class CareLetter(models.Model):
    """The school's text for the care letter M16 (zorgbrief), read by the manager before it leaves (DH-176)."""

    case = models.OneToOneField(CareCase, models.CASCADE, related_name="letter")
    body = models.TextField()
    written_by = models.ForeignKey("schools.User", models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    remarks = models.TextField(blank=True)  # of the programme manager, when it goes back
    reviewed_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"care letter {self.case_id}"

    @property
    def paragraphs(self) -> list[str]:
        return [" ".join(part.split()) for part in self.body.split("\n\n") if part.strip()]


class CareDay(models.Model):
    """A day that the start talk set aside for care meetings (voorlopige MDO-datum), DH-020; no child on it."""

    school_round = models.ForeignKey("schools.SchoolRound", models.CASCADE, related_name="care_days")
    day = models.DateField()
    note = models.CharField(max_length=200, blank=True)
    in_diaries_at = models.DateTimeField(null=True, blank=True)
    in_diaries_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["day", "pk"]
        constraints = [models.UniqueConstraint(fields=["school_round", "day"], name="care_day_once")]

    def __str__(self) -> str:
        return f"care day {self.day}"
