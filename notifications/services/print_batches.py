"""Letters by post: printed together, in the order of their addresses, and the day they went (DH-159, Q-35)."""

import re
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from notifications.enums import DeliveryState
from notifications.models import Delivery, DeliveryEvent, PrintBatch
from schools.clock import database_now
from schools.errors import RefusedError
from schools.models import AMSTERDAM, AdmissionYear, School, User


class PostError(RefusedError):
    """These letters cannot be printed or posted."""


def waiting_for_post(year: AdmissionYear, school: School | None = None) -> QuerySet[Delivery]:
    """Released letters for post that are in no batch yet."""
    rows = Delivery.objects.filter(message__year=year, state=DeliveryState.TO_POST, batch=None)
    return rows.filter(message__school=school) if school is not None else rows


@transaction.atomic
def make_batch(year: AdmissionYear, *, school: School | None, actor: User | None, at: datetime) -> PrintBatch:
    """Put everything that waits into one batch; two clicks at once share the letters, never print one twice."""
    ids = list(waiting_for_post(year, school).select_for_update(of=("self",)).values_list("pk", flat=True))
    if not ids:
        raise PostError(_("No letter waits for the post."))
    batch = PrintBatch.objects.create(year=year, school=school, made_by=actor, made_at=at)
    for start in range(0, len(ids), 500):
        Delivery.objects.filter(pk__in=ids[start : start + 500], batch=None).update(batch=batch)
    return batch


def in_address_order(rows: QuerySet[Delivery]) -> list[int]:
    """The messages of these deliveries in the order in which the post brings them (DH-159): postcode and place, then
    street and house number, 9 before 10."""
    addresses = rows.values_list("message_id", "message__recipient_address")
    return [pk for pk, address in sorted(addresses, key=lambda row: (_walk(row[1]), row[0]))]


def _walk(address: str) -> tuple[str, list[tuple[int, str]]]:
    *lines, place = address.casefold().splitlines() or [""]
    parts = re.split(r"(\d+)", " ".join(lines))
    return "".join(place.split()), [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


@transaction.atomic
def post_batch(batch: PrintBatch, *, on: date, at: datetime) -> list[Delivery]:
    """Everything in this batch went to the post on this day; answers what did. Said twice it is said once."""
    batch = PrintBatch.objects.select_for_update(of=("self",)).select_related("year").get(pk=batch.pk)
    if batch.posted_on is not None:
        raise PostError(_("This batch has been posted already."))
    if on > at.astimezone(AMSTERDAM).date():
        raise PostError(_("That day has not come yet."))
    rows = list(batch.deliveries.filter(state=DeliveryState.TO_POST).select_related("message__year"))
    batch.posted_on = on
    batch.save(update_fields=["posted_on"])
    batch.deliveries.filter(state=DeliveryState.TO_POST).update(state=DeliveryState.POSTED, sent_at=at)
    told = database_now()
    DeliveryEvent.objects.bulk_create(
        (DeliveryEvent(delivery=row, state=DeliveryState.POSTED, at=told, source="post") for row in rows),
        batch_size=500,
    )
    return rows
