"""Messages and letters: recipients, texts and moments, never admission rules."""

from django.db import models
from django.db.models import F, Q

from notifications.delivery_models import (
    Delivery,
    DeliveryEvent,
    PrintBatch,
    ReadyMark,
    Release,
    ReleaseLook,
)
from notifications.enums import MESSAGE_MOVES, Channel, MessageKind, MessageState
from notifications.template_models import LetterTemplate, SchoolLogo, TemplateApproval, TemplateSelection

__all__ = [
    "Delivery",
    "DeliveryEvent",
    "Letter",
    "LetterTemplate",
    "Message",
    "PrintBatch",
    "ReadyMark",
    "Release",
    "ReleaseLook",
    "SchoolLogo",
    "TemplateApproval",
    "TemplateSelection",
]


class Message(models.Model):
    """One message to one family, school or office (bericht); held until its moment (DH-111, DH-142).

    ``merge`` is a frozen dictionary of strings. ``case_key`` says which decision it belongs to, so that the same
    message cannot be made twice.
    """

    year = models.ForeignKey("schools.AdmissionYear", models.CASCADE, related_name="messages")
    round = models.ForeignKey("schools.Round", models.CASCADE, null=True, blank=True, related_name="messages")
    kind = models.CharField(max_length=4, choices=MessageKind)
    case_key = models.CharField(
        max_length=60
    )  # registration number or school code, with the decision or version
    registration_number = models.CharField(max_length=20, blank=True)
    school = models.ForeignKey(
        "schools.School", models.CASCADE, null=True, blank=True, related_name="messages"
    )
    recipient_name = models.CharField(max_length=200, blank=True)
    recipient_email = models.CharField(max_length=254, blank=True)
    copy_name = models.CharField(max_length=200, blank=True)  # the second parent, at an own address
    copy_email = models.CharField(max_length=254, blank=True)
    recipient_address = models.CharField(max_length=300, blank=True)  # lines separated by a newline
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.EMAIL)
    language = models.CharField(max_length=5, default="nl")
    merge = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.HELD)
    not_before = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    # The message that did not arrive, when this is the same one to a corrected address (DH-053, Q-35).
    resend_of = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="resends")

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["year", "registration_number"], name="message_by_registration"),
            models.Index(fields=["round", "state", "kind"], name="message_by_round"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["year", "kind", "case_key"], name="message_once_per_decision"),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_known"),
            # Nobody hears before the moment, whatever path is taken (DH-111).
            models.CheckConstraint(
                # Without "is not null" an empty moment would make the condition unknown, and that passes.
                condition=Q(
                    state=MessageState.RELEASED, released_at__isnull=False, released_at__gte=F("not_before")
                )
                | (~Q(state=MessageState.RELEASED) & Q(released_at__isnull=True)),
                name="message_not_before_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.case_key}"

    def can_move_to(self, target: str) -> bool:
        return target in MESSAGE_MOVES[self.state]


class Letter(models.Model):
    """The final bytes of one letter (brief); never changed once made (DH-155)."""

    message = models.OneToOneField(Message, models.CASCADE, related_name="letter")
    registration_number = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=5, default="nl")
    basis = models.CharField(
        max_length=64, blank=True
    )  # of text, logo and values: made again when it differs
    pdf = models.BinaryField()
    hash = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"letter {self.message_id}"
