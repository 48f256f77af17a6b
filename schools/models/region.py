"""Who runs admissions: the region and the school boards in it."""

from typing import NamedTuple

from django.db import models

from schools.enums import LetterInMail


class Desk(NamedTuple):
    """Where somebody asks; email or phone may be empty."""

    name: str
    email: str
    phone: str


class Region(models.Model):
    """A city, region or board that runs one admission procedure (regio)."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    procedure_key = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict, blank=True)  # validated by the procedure (spec 3.2)
    desk_name = models.CharField(max_length=120, blank=True)
    desk_email = models.EmailField(blank=True)
    desk_phone = models.CharField(max_length=30, blank=True)
    school_desk_name = models.CharField(max_length=120, blank=True)
    school_desk_email = models.EmailField(blank=True)
    school_desk_phone = models.CharField(max_length=30, blank=True)
    theme = models.CharField(max_length=20, default="duin")
    letter_in_mail = models.CharField(max_length=10, choices=LetterInMail, default=LetterInMail.ATTACHED)

    def __str__(self) -> str:
        return self.name

    @property
    def parents_desk(self) -> Desk:
        """Where parents ask (DH-147, DH-191)."""
        return Desk(self.desk_name or self.name, self.desk_email, self.desk_phone)

    @property
    def schools_desk(self) -> Desk:
        """Where schools ask (DH-147, DH-190): a desk of their own, or that of the parents where there is one desk."""
        if not (self.school_desk_email or self.school_desk_phone):
            return self.parents_desk
        return Desk(self.school_desk_name or self.name, self.school_desk_email, self.school_desk_phone)


class Board(models.Model):
    """A school board (schoolbestuur); ``public_authority`` forbids the neighbourhood rule (DH-010)."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="boards")
    name = models.CharField(max_length=120)
    public_authority = models.BooleanField(default=False)
    contact_email = models.EmailField(blank=True)  # gets the commitment of every draw (OA-LOT/1 section 4.3)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["region", "name"], name="board_unique_in_region")]

    def __str__(self) -> str:
        return self.name
