"""What-if simulations: invented draws of a real round, which touch nothing of it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

MAX_SEEDS = 1000


class Simulation(models.Model):
    """One question ("what if …") with its answer; never a result of anybody (simulatie).

    ``changes`` holds the fields of ``services.simulation_input.Changes``; ``outcome`` the plain values of
    ``lottery.simulation`` for the round as it is (``now``) and as asked (``then``), empty until the job is done.
    """

    round = models.ForeignKey("schools.Round", models.CASCADE, related_name="simulations")
    title = models.CharField(max_length=120)
    changes = models.JSONField()
    seeds = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(MAX_SEEDS)])
    requested_by = models.ForeignKey("schools.User", models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    job = models.OneToOneField("schools.Job", models.SET_NULL, null=True, related_name="simulation")
    is_cancelled = models.BooleanField(default=False)
    outcome = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(seeds__gte=1, seeds__lte=MAX_SEEDS), name="simulation_seeds_in_range"
            )
        ]

    def __str__(self) -> str:
        return f"simulation {self.pk}"
