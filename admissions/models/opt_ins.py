"""How a family's wish to take part in a VOVP reached the office."""

from django.db import models
from django.db.models import Q

from admissions.opt_in_enums import OptInChannel


class OptInMessage(models.Model):
    """The message with which a family opted in (deelnamebericht), DH-134; schools never see one (DH-135).

    In a table of its own, which no page of a school reads. ``received_at`` decides whether it came in time, not the
    moment somebody typed it.
    """

    participation = models.OneToOneField(
        "admissions.Participation", models.CASCADE, related_name="opt_in_message"
    )
    received_at = models.DateTimeField()
    channel = models.CharField(max_length=10, choices=OptInChannel)
    recorded_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=OptInChannel.values), name="opt_in_channel_known"),
        ]

    def __str__(self) -> str:
        return f"opt-in {self.participation_id}"
