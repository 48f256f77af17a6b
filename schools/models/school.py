"""Schools, what a child can be placed in, and the reasons to go first."""

from datetime import date

from django.db import models
from django.db.models import Q

from schools.enums import HandIn, PriorityKind

USUAL_TRANSITION = "10-01"


class School(models.Model):
    """A school on one location, known by its BRIN (school)."""

    region = models.ForeignKey("schools.Region", models.PROTECT, related_name="schools")
    board = models.ForeignKey("schools.Board", models.PROTECT, related_name="schools")
    brin = models.CharField(max_length=6)
    name = models.CharField(max_length=200)
    street = models.CharField(max_length=120, blank=True)
    postcode = models.CharField(max_length=6)
    place = models.CharField(max_length=80, blank=True)
    director_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=30, blank=True)
    hand_in = models.CharField(max_length=10, choices=HandIn, default=HandIn.BOTH)  # DH-037
    hand_in_note = models.CharField(max_length=300, blank=True)  # where and when, in the school's own words
    # Day on which a child moves up, as month and day (doorstroommoment, DH-017); it alters no draw.
    transition_on = models.CharField(max_length=5, default="10-01")
    closed_on = models.DateField(null=True, blank=True)  # from this day on it takes no part in a new round

    class Meta:
        ordering = ["name", "brin"]
        constraints = [
            models.UniqueConstraint(fields=["region", "brin"], name="school_brin_unique_in_region")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_other_transition(self) -> bool:
        """Children move up on another day than the first day of the year (DH-018)."""
        return self.transition_on != USUAL_TRANSITION

    @property
    def moves_up_in_january(self) -> bool:
        return self.transition_on == "01-01"

    def moves_up_late(self, born: date, *, period: int) -> bool:
        """A child of the last quarter that applies after the first period, at a school that moves up in January: in
        principle too late. It warns and stops nobody (DH-018)."""
        return self.moves_up_in_january and born.month >= 10 and period > 1


class Programme(models.Model):
    """What a child can be placed in (brugklas); a primary school has exactly one, with its BRIN as code."""

    school = models.ForeignKey(School, models.PROTECT, related_name="programmes")
    code = models.CharField(max_length=16)  # the code in the draw files
    name = models.CharField(max_length=200)
    closed_on = models.DateField(
        null=True, blank=True
    )  # from this day on nobody is placed here in a new round

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["school", "code"], name="programme_code_unique_at_school")
        ]

    def __str__(self) -> str:
        return self.name


class PriorityRule(models.Model):
    """One of a school's ordered reasons to go first, in one year (voorrangsregel, DH-008 to DH-013)."""

    year = models.ForeignKey("schools.AdmissionYear", models.CASCADE, related_name="priority_rules")
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="priority_rules")
    kind = models.CharField(max_length=20, choices=PriorityKind)
    position = models.PositiveSmallIntegerField()  # 1 goes first
    area_postcodes = models.CharField(
        max_length=500, blank=True
    )  # NEIGHBOURHOOD: four digits, space separated
    partner_facilities = models.CharField(max_length=500, blank=True)  # PRESCHOOL (DH-011)

    class Meta:
        ordering = ["programme_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["year", "programme", "kind"], name="priority_rule_adopted_once"),
            models.UniqueConstraint(
                fields=["year", "programme", "position"], name="priority_rule_position_unique"
            ),
            models.CheckConstraint(
                condition=Q(position__gte=1, position__lte=4), name="priority_rule_at_most_four"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=PriorityKind.values), name="priority_rule_kind_known"
            ),
            models.CheckConstraint(
                condition=~Q(kind=PriorityKind.NEIGHBOURHOOD) | ~Q(area_postcodes=""),
                name="neighbourhood_has_area",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.kind}"
