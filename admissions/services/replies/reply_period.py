"""The reply period of a letter that did not arrive begins when it does (Q-35); sending it again to another address."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import PlacementState
from admissions.models import Application, Guardian, Placement
from admissions.services.forms.contact import Contact, change_contact
from admissions.services.letters.outcome_messages import reply_deadline
from admissions.validators import is_email
from notifications.enums import Channel, DeliveryState, MessageKind, MessageState, Settled
from notifications.models import Delivery, Message, PrintBatch
from notifications.services.deliveries import settle
from notifications.services.outbox import send_now
from notifications.services.print_batches import post_batch
from schools.clock import now, today
from schools.errors import RefusedError
from schools.models import AMSTERDAM, AdmissionYear, User
from schools.services.events import Fact, record_event

OFFERS = (MessageKind.M04, MessageKind.M05, MessageKind.M11, MessageKind.M16)
# Letters whose reply period or meaning has a day of its own; the others say the same on any day.
AGAIN = (
    MessageKind.M01,
    *OFFERS,
    MessageKind.M06,
    MessageKind.M08,
    MessageKind.M09,
    MessageKind.M10,
    MessageKind.M12,
)


class ResendError(RefusedError):
    """This message cannot be sent again."""


def restart(application: Application, round_id: int | None, *, on: date, actor: User | None) -> bool:
    """Count the reply period from ``on``, never shorter than it was; answers whether it changed (Q-35)."""
    if round_id is None:
        return False
    seat = (
        Placement.objects.select_for_update(of=("self",))
        .select_related("school_round__round")
        .filter(application=application, school_round__round_id=round_id, state=PlacementState.OFFERED)
        .first()
    )
    if seat is None or seat.respond_by is None:
        return False
    until = reply_deadline(on, seat.school_round.round.reply_weeks)
    if until <= seat.respond_by:
        return False
    old, seat.respond_by = seat.respond_by, until
    seat.save(update_fields=["respond_by"])
    fact = Fact(
        "reply_period_moved",
        "application",
        application.registration_number,
        old=old.isoformat(),
        new=until.isoformat(),
        reason=seat.school_round.round.code,
    )
    record_event(application.year, fact, actor=actor)
    return True


@transaction.atomic
def resend(delivery: Delivery, *, email: str, actor: User | None) -> Message:
    """Correct the address and send the message again; an empty address means post (DH-053, Q-35).

    A message that was sent never changes: this is a new one with the day and the reply period of today, which points at
    the one that failed. Twice the same click makes one.
    """
    row = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("message__year__region", "message__school", "message__round")
        .get(pk=delivery.pk)
    )
    old = row.message
    if old.kind not in AGAIN or not old.registration_number:
        raise ResendError(_("This message cannot be sent again."))
    if row.state != DeliveryState.FAILED or row.settled_at is not None:
        raise ResendError(_("This message has not failed, or somebody has dealt with it already."))
    email = email.strip()
    if email and not is_email(email):
        raise ResendError(_("This is not an e-mail address. Correct it, or leave it empty for post."))
    application = Application.objects.select_related("form", "year__region").get(
        year=old.year, registration_number=old.registration_number
    )
    _keep_address(application, row, email=email, actor=actor)
    at, day = now(old.year), today(old.year)
    merge = dict(old.merge) | {"letter_date": day.isoformat()}
    if merge.get("respond_by") and old.round is not None and old.kind in OFFERS:
        until = reply_deadline(day, old.round.reply_weeks).isoformat()
        merge["respond_by"] = max(until, str(merge["respond_by"]))
    number = (
        1
        + Message.objects.filter(year=old.year, kind=old.kind, resend_of__isnull=False)
        .filter(registration_number=old.registration_number, round=old.round)
        .count()
    )
    message = Message(
        year=old.year,
        round=old.round,
        kind=old.kind,
        case_key=f"{old.case_key[:48]}/again{number}",
        registration_number=old.registration_number,
        school=old.school,
        recipient_name=row.name,
        recipient_email=email,
        recipient_address=old.recipient_address,
        channel=Channel.EMAIL if email else Channel.POST,
        language=old.language,
        merge=merge,
        not_before=at,
        resend_of=old,
    )
    send_now([message], now=at)
    settle([row], how=Settled.RESENT if email else Settled.POSTED, by=actor)
    if old.kind in OFFERS and email:
        restart(application, old.round_id, on=day, actor=actor)
    fact = Fact("message_resent", "application", old.registration_number, old=old.kind, new=message.case_key)
    record_event(old.year, fact, actor=actor)
    return message


def _keep_address(application: Application, row: Delivery, *, email: str, actor: User | None) -> None:
    if row.position == 1:
        first = application.guardians.order_by("position").first()
        if first is not None and first.email != email:
            change_contact(application, Contact(email, first.phone), actor=actor)
        return
    Guardian.objects.filter(application=application, email=row.email).exclude(position=1).update(email=email)


@transaction.atomic
def told_by_phone(delivery: Delivery, *, actor: User | None) -> None:
    """The family heard it by phone: the failure no longer asks for attention (DH-115)."""
    if not settle([delivery], how=Settled.PHONED, by=actor):
        raise ResendError(_("This message has not failed, or somebody has dealt with it already."))
    message = delivery.message
    fact = Fact("told_by_phone", "application", message.registration_number, old=message.kind)
    record_event(message.year, fact, actor=actor)


@transaction.atomic
def post_letters(batch: PrintBatch, *, on: date, actor: User | None) -> int:
    """The letters of a print batch went to the post on this day: their reply periods count from it (Q-35)."""
    rows = post_batch(batch, on=on, at=now(batch.year))
    for row in rows:
        message = row.message
        if message.kind in OFFERS and message.registration_number:
            application = Application.objects.select_related("year").get(
                year=message.year, registration_number=message.registration_number
            )
            restart(application, message.round_id, on=on, actor=actor)
    return len(rows)


def follow_resent(year: AdmissionYear) -> int:
    """Offers that the mail server took only days later: the period counts from the day it did (Q-35)."""
    late = Delivery.objects.filter(
        message__year=year,
        message__kind__in=OFFERS,
        message__state=MessageState.RELEASED,
        state__in=[DeliveryState.OFFERED, DeliveryState.RECEIVED],
        tries__gt=1,
    ).select_related("message")
    moved = 0
    for row in late:
        if row.sent_at is None or row.message.released_at is None:
            continue
        waited = (row.sent_at - row.first_try_at).days if row.first_try_at else 0
        if waited < 1:
            continue
        application = Application.objects.select_related("year").get(
            year=year, registration_number=row.message.registration_number
        )
        with transaction.atomic():
            moved += restart(
                application, row.message.round_id, on=row.sent_at.astimezone(AMSTERDAM).date(), actor=None
            )
    return moved
