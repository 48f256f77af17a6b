"""The child and the people who care for it."""

from django.db import models
from django.db.models import Q


class Child(models.Model):
    """A child (kind). ``identity_key`` is the normalised name with the birth date: one row per child (Q-08).

    No BSN, no gender, no identity document: only that one was seen (DH-039, DH-040, DH-047).
    """

    region = models.ForeignKey("schools.Region", models.PROTECT, related_name="children")
    given_name = models.CharField(max_length=100)
    surname_prefix = models.CharField(max_length=30, blank=True)
    surname = models.CharField(max_length=100)
    date_of_birth = models.DateField()
    identity_key = models.CharField(max_length=260)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "identity_key"], name="child_known_once"),
            models.CheckConstraint(condition=~Q(given_name="") & ~Q(surname=""), name="child_has_a_name"),
        ]
        indexes = [models.Index(fields=["date_of_birth"], name="child_by_birth_date")]

    def __str__(self) -> str:
        return f"child {self.pk}"  # never a name: this text ends up in logs

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.given_name, self.surname_prefix, self.surname) if part)

    @property
    def family_name(self) -> str:
        return " ".join(part for part in (self.surname_prefix, self.surname) if part)


class Guardian(models.Model):
    """A parent or guardian (ouder of verzorger) as on the form; position 1 receives the letters."""

    application = models.ForeignKey("admissions.Application", models.CASCADE, related_name="guardians")
    position = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)  # empty: the family gets post
    phone = models.CharField(max_length=30, blank=True)
    language = models.CharField(max_length=5, default="nl")  # ISO 639-1

    class Meta:
        ordering = ["application_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["application", "position"], name="guardian_position_unique")
        ]

    def __str__(self) -> str:
        return f"guardian {self.pk}"
