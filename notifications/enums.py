"""Fixed words of the notifications app."""

from django.db import models
from django.utils.translation import pgettext_lazy


class MessageKind(models.TextChoices):
    """The message catalogue (den-haag.md 2.10)."""

    M01 = "M01", pgettext_lazy("message", "Confirmation of application")
    M02 = "M02", pgettext_lazy("message", "Confirmation failed")
    M03 = "M03", pgettext_lazy("message", "Birth date reported wrong")
    M04 = "M04", pgettext_lazy("message", "Offer at first choice")
    M05 = "M05", pgettext_lazy("message", "Drawn out, offer at lower choice")
    M06 = "M06", pgettext_lazy("message", "Unplaced on every school")
    M07 = "M07", pgettext_lazy("message", "List of centrally placed children")
    M08 = "M08", pgettext_lazy("message", "Reminder")
    M09 = "M09", pgettext_lazy("message", "Invitation to the extra distribution, unplaced")
    M10 = "M10", pgettext_lazy("message", "Invitation to the extra distribution, placed lower")
    M11 = "M11", pgettext_lazy("message", "Placed in the extra distribution")
    M12 = "M12", pgettext_lazy("message", "Nothing changed in the extra distribution")
    M13 = "M13", pgettext_lazy("message", "A child was placed with you")
    M14 = "M14", pgettext_lazy("message", "A child left your school")
    M15 = "M15", pgettext_lazy("message", "Withdrawal reported")
    M16 = "M16", pgettext_lazy("message", "Care outcome letter")
    M17 = "M17", pgettext_lazy("message", "Decision on moving house")
    M18 = "M18", pgettext_lazy("message", "Offer overdue or not sent")
    M19 = "M19", pgettext_lazy("message", "Call back asked")
    M20 = "M20", pgettext_lazy("message", "Lists frozen for the draw")
    M21 = "M21", pgettext_lazy("message", "Commitment of a draw, to boards and notary")
    M22 = "M22", pgettext_lazy("message", "Reminder to a school before the draw")


class TemplateCode(models.TextChoices):
    """The texts that can be edited (DH-151 and the catalogue); the others come with the application."""

    ALM124_FIRST = "ALM124_FIRST", pgettext_lazy("letter template", "Offer at first choice, four weeks")
    ALM124_LOWER = (
        "ALM124_LOWER",
        pgettext_lazy("letter template", "Drawn out, offer at lower choice, four weeks"),
    )
    ALM3_FIRST = "ALM3_FIRST", pgettext_lazy("letter template", "Offer at first choice, eight weeks")
    ALM3_LOWER = (
        "ALM3_LOWER",
        pgettext_lazy("letter template", "Drawn out, offer at lower choice, eight weeks"),
    )
    CONFIRMATION_POST = "CONFIRMATION_POST", pgettext_lazy("letter template", "Confirmation by post")


class TemplateFamily(models.TextChoices):
    """Which offers belong together: the reply period that they name is that of the round (DH-152, AE-18)."""

    ALM124 = "ALM124", pgettext_lazy("template family", "Four weeks to reply")
    ALM3 = "ALM3", pgettext_lazy("template family", "Eight weeks to reply")


class TemplateUse(models.TextChoices):
    FIRST = "FIRST", pgettext_lazy("template use", "Offer at first choice")
    LOWER = "LOWER", pgettext_lazy("template use", "Offer at lower choice")


REPLY_WEEKS = {TemplateFamily.ALM124: 4, TemplateFamily.ALM3: 8}


class MessageState(models.TextChoices):
    HELD = "held", pgettext_lazy("message state", "Held until the sending day")
    RELEASED = "released", pgettext_lazy("message state", "In the outbox")
    CANCELLED = "cancelled", pgettext_lazy("message state", "Not sent")


MESSAGE_MOVES: dict[str, set[str]] = {
    MessageState.HELD: {MessageState.RELEASED, MessageState.CANCELLED},
    MessageState.RELEASED: set(),
    MessageState.CANCELLED: set(),
}


class Channel(models.TextChoices):
    EMAIL = "email", pgettext_lazy("channel", "E-mail")
    POST = "post", pgettext_lazy("channel", "Post")


# What a family or school hears of the result of a round: leaves with the release of that round only (DH-111, DH-142).
OUTCOME_KINDS = frozenset(
    {
        MessageKind.M04,
        MessageKind.M05,
        MessageKind.M06,
        MessageKind.M11,
        MessageKind.M12,
        MessageKind.M13,
        MessageKind.M16,
    }
)
# Letters of a school: it marks them ready before the release, or sends them itself afterwards.
SCHOOL_KINDS = frozenset({MessageKind.M04, MessageKind.M05, MessageKind.M16})
# To a school: who has a question asks the desk for schools (DH-147, DH-190).
TO_SCHOOLS = frozenset(
    {
        MessageKind.M02,
        MessageKind.M07,
        MessageKind.M13,
        MessageKind.M14,
        MessageKind.M18,
        MessageKind.M22,
    }
)


class DeliveryState(models.TextChoices):
    """How far one copy of a message is on its way to one address (DH-052, DH-115)."""

    WAITING = "waiting", pgettext_lazy("delivery state", "In the queue")
    SENDING = "sending", pgettext_lazy("delivery state", "Being sent")
    OFFERED = "offered", pgettext_lazy("delivery state", "Offered")
    RECEIVED = "received", pgettext_lazy("delivery state", "Received")
    DEFERRED = "deferred", pgettext_lazy("delivery state", "Postponed")
    FAILED = "failed", pgettext_lazy("delivery state", "Failed")
    STORED = "stored", pgettext_lazy("delivery state", "Not really sent")
    TO_POST = "to_post", pgettext_lazy("delivery state", "To be printed")
    POSTED = "posted", pgettext_lazy("delivery state", "Posted")


V = DeliveryState
DELIVERY_MOVES: dict[str, set[str]] = {
    V.WAITING: {V.SENDING, V.STORED},
    # WAITING: the process that held it was stopped before it could write down what became of it.
    V.SENDING: {V.OFFERED, V.DEFERRED, V.FAILED, V.RECEIVED, V.WAITING, V.STORED},
    V.DEFERRED: {V.SENDING, V.OFFERED, V.RECEIVED, V.FAILED, V.STORED},
    V.OFFERED: {V.RECEIVED, V.DEFERRED, V.FAILED},
    V.RECEIVED: {V.FAILED},  # accepted, and bounced afterwards
    V.FAILED: {V.RECEIVED},  # the provider changed its mind: events may come in any order
    V.TO_POST: {V.POSTED, V.STORED},
    V.POSTED: set(),
    V.STORED: set(),
}
# Mail of these states left this installation, or was about to.
LEFT_STATES = frozenset({V.SENDING, V.OFFERED, V.RECEIVED, V.DEFERRED})


class Settled(models.TextChoices):
    """How a failed delivery was dealt with."""

    RESENT = "resent", pgettext_lazy("settled", "Sent again to another address")
    PHONED = "phoned", pgettext_lazy("settled", "Told by phone")
    POSTED = "posted", pgettext_lazy("settled", "Sent by post")
