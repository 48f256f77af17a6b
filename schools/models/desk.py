"""The support desks: questions, call-backs and training (DH-190 to DH-196), and the public questions and answers."""

from django.db import models
from django.db.models import Q

from schools.enums import TicketKind


class Ticket(models.Model):
    """One question to a desk (melding aan het loket), with the day by which somebody answers (DH-192)."""

    region = models.ForeignKey("schools.Region", models.PROTECT, related_name="tickets")
    kind = models.CharField(max_length=10, choices=TicketKind)
    school = models.ForeignKey(
        "schools.School", models.CASCADE, null=True, blank=True, related_name="tickets"
    )
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=30, blank=True)
    question = models.TextField()
    language = models.CharField(max_length=5, default="nl")
    asked_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    answer = models.TextField(blank=True)
    closed_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=TicketKind.values), name="ticket_kind_known"),
            models.CheckConstraint(condition=~Q(email="") | ~Q(phone=""), name="ticket_can_be_answered"),
        ]

    def __str__(self) -> str:
        return f"ticket {self.pk}"  # never a name: this text ends up in logs

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Question(models.Model):
    """A public question with its answer (veelgestelde vraag), written by the office without a programmer (DH-196)."""

    region = models.ForeignKey("schools.Region", models.CASCADE, related_name="questions")
    category = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=100)
    question = models.CharField(max_length=200)
    answer = models.TextField()
    question_en = models.CharField(max_length=200, blank=True)
    answer_en = models.TextField(blank=True)
    is_public = models.BooleanField(default=True)

    class Meta:
        ordering = ["category", "position", "pk"]

    def __str__(self) -> str:
        return self.question
