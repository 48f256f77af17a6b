"""Admission years, their rounds, and one school in one round."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from schools.enums import FROZEN_STATES, PLAYED_STATES, ROUND_MOVES, DrawMode, RoundKind, RoundState

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def local_moment(day: date, at: time = time(0)) -> datetime:
    """The moment on a local calendar day; deadlines are judged in Europe/Amsterdam (DESIGN section 7)."""
    return datetime.combine(day, at, tzinfo=AMSTERDAM)


def end_of_day(day: date) -> datetime:
    """The first moment after ``day``: an end date includes the whole day (den-haag.md section 0)."""
    return local_moment(day + timedelta(days=1))


class AdmissionYear(models.Model):
    """One intake (aanmeldjaar), DH-001 to DH-003."""

    region = models.ForeignKey("schools.Region", models.PROTECT, related_name="years")
    code = models.CharField(max_length=20)
    starts_on = models.DateField()
    ends_on = models.DateField()
    uncapped_ends_on = models.DateField()
    born_from = models.DateField()
    born_to = models.DateField()
    is_rehearsal = models.BooleanField(default=False)
    clock_at = models.DateTimeField(null=True, blank=True)  # rehearsal only: it is this moment here
    calendar = models.JSONField(default=dict)  # as imported; a different one is refused (data-formats.md)
    schools_hash = models.CharField(max_length=64, blank=True)
    # Set inside the one transaction that resets a rehearsal year: only then may append-only rows go.
    reset_started_at = models.DateTimeField(null=True, blank=True)
    # Being set up: no page works in it before somebody opens it, with every difference confirmed.
    is_planned = models.BooleanField(default=False)
    copied_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="copies")
    copied_parameters = models.JSONField(default=dict, blank=True)  # of the region, when the copy was made

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "code"], name="year_code_unique_in_region"),
            models.CheckConstraint(
                condition=Q(clock_at__isnull=True) | Q(is_rehearsal=True),
                name="only_rehearsal_clock_stands_still",
            ),
            models.CheckConstraint(
                condition=Q(reset_started_at__isnull=True) | Q(is_rehearsal=True),
                name="only_rehearsal_can_be_reset",
            ),
            models.CheckConstraint(
                condition=Q(starts_on__lt=models.F("ends_on"), born_from__lt=models.F("born_to")),
                name="year_bounds_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Round(models.Model):
    """A round of the year: kind ALM (aanmeldperiode) or VOVP; its dates are whole local days."""

    year = models.ForeignKey(AdmissionYear, models.CASCADE, related_name="rounds")
    code = models.CharField(max_length=10)
    kind = models.CharField(max_length=4, choices=RoundKind)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, choices=RoundState, default=RoundState.PLANNED)
    parents_from = models.DateField(null=True, blank=True)
    parents_until = models.DateField(null=True, blank=True)
    processing_until = models.DateField(null=True, blank=True)
    opt_in_from = models.DateField(null=True, blank=True)
    opt_in_until = models.DateField(null=True, blank=True)
    school_draws_on = models.DateField(null=True, blank=True)
    central_matching_on = models.DateField(null=True, blank=True)
    visible_to_schools_at = models.DateTimeField(null=True, blank=True)
    offers_on = models.DateField(null=True, blank=True)
    reply_weeks = models.PositiveSmallIntegerField(default=4)
    open_places_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    freed_places_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    serves = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="served_by")

    class Meta:
        ordering = ["year_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["year", "code"], name="round_code_unique_in_year"),
            models.UniqueConstraint(fields=["year", "position"], name="round_position_unique_in_year"),
            models.CheckConstraint(condition=Q(kind__in=RoundKind.values), name="round_kind_known"),
            models.CheckConstraint(condition=Q(state__in=RoundState.values), name="round_state_known"),
        ]

    def __str__(self) -> str:
        return self.code

    def can_move_to(self, target: str) -> bool:
        return target in ROUND_MOVES[self.kind].get(self.state, set())

    @property
    def is_played(self) -> bool:
        """Drawn: the result of this round exists and is official."""
        return self.state in PLAYED_STATES

    @property
    def is_frozen(self) -> bool:
        """Its lists are frozen, or were: nothing that changes the draw can happen any more."""
        return self.state in FROZEN_STATES

    @property
    def last_day_before_freeze(self) -> date | None:
        """The last day on which something can still count for the draw (DH-173, DH-202); None without a draw day."""
        return self.central_matching_on - timedelta(days=2) if self.central_matching_on else None

    @property
    def freeze_at(self) -> datetime:
        """Start of the day before the draw: when lists, places and rules stand still (AE-20)."""
        if self.central_matching_on is None:
            raise ValueError(f"{self.code} has no day for the central matching")
        return local_moment(self.central_matching_on - timedelta(days=1))


class SchoolRound(models.Model):
    """One programme in one round: its ceiling (leerlingplafond), draw mode and readiness.

    ``ceiling`` None = uncapped; in a VOVP a capped school has the ceiling 0 (DH-101).
    """

    round = models.ForeignKey(Round, models.CASCADE, related_name="school_rounds")
    programme = models.ForeignKey("schools.Programme", models.PROTECT, related_name="school_rounds")
    ceiling = models.PositiveIntegerField(null=True, blank=True)
    draw_mode = models.CharField(max_length=10, choices=DrawMode, default=DrawMode.MANUAL)  # DH-014
    is_ready = models.BooleanField(default=False)  # a MANUAL school has finished its decisions (DH-086)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "programme"], name="school_round_unique"),
            models.CheckConstraint(condition=Q(draw_mode__in=DrawMode.values), name="draw_mode_known"),
        ]

    def __str__(self) -> str:
        return f"{self.round_id}/{self.programme_id}"

    @property
    def is_capped(self) -> bool:
        return self.ceiling is not None


class ProgrammeYear(models.Model):
    """What a school or the office confirmed about one programme in one year (DH-012, pre-flight).

    ``rules_confirmed`` is the fingerprint of the rules as they stood; other rules are not confirmed any more. The
    same holds for ``places_confirmed``, the total of the year. Nobody as confirmer: a rehearsal did it by itself.
    """

    year = models.ForeignKey(AdmissionYear, models.CASCADE, related_name="programme_years")
    programme = models.ForeignKey("schools.Programme", models.PROTECT, related_name="programme_years")
    last_year_places = models.PositiveIntegerField(
        null=True, blank=True
    )  # where last year is not in the system
    places_confirmed = models.PositiveIntegerField(null=True, blank=True)
    places_confirmed_by = models.ForeignKey(
        "schools.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    places_confirmed_at = models.DateTimeField(null=True, blank=True)
    rules_confirmed = models.CharField(max_length=64, blank=True)
    rules_confirmed_by = models.ForeignKey(
        "schools.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    rules_confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "programme"], name="programme_year_unique"),
            models.CheckConstraint(
                condition=Q(rules_confirmed="", rules_confirmed_at__isnull=True)
                | (~Q(rules_confirmed="") & Q(rules_confirmed_at__isnull=False)),
                name="rules_confirmed_at_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year_id}/{self.programme_id}"
