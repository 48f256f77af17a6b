"""What is heard back of a mail: signed reports of a provider, and mail that comes back (DH-052, DH-115).

Plain SMTP tells no more than that the next server took the mail: only a provider can say "received".
"""

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.message import Message as Mail
from typing import Any

from notifications.enums import DeliveryState
from notifications.models import Delivery
from notifications.services.deliveries import record_report
from schools.clock import database_now

S = DeliveryState
REPORTS = {
    "delivered": S.RECEIVED,
    "deferred": S.DEFERRED,
    "bounced": S.FAILED,
    "rejected": S.FAILED,
    "failed": S.FAILED,
    "complained": S.RECEIVED,  # it arrived, and was not welcome
}
KEY = re.compile(r"^[0-9a-f]{32}$")
MESSAGE_ID = re.compile(r"<([0-9a-f]{32})@")
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


def take_report(event: Any, *, provider: str) -> bool:
    """One tracking event of django-anymail; answers whether it changed a delivery. Unknown mail is no error."""
    state = REPORTS.get(str(event.event_type))
    row = _of_provider(event)
    if state is None or row is None:
        return False
    at: datetime = event.timestamp or database_now()
    code = _code(f"{event.mta_response or ''} {event.description or ''}") or str(event.reject_reason or "")
    return record_report(
        row,
        state=state,
        at=at,
        code=code,
        source=provider.lower(),
        provider_event=str(event.event_id or f"{event.event_type} {at.isoformat()}"),
    )


def _of_provider(event: Any) -> Delivery | None:
    key = str((event.metadata or {}).get("delivery", ""))
    if KEY.match(key):
        return Delivery.objects.filter(key=key).first()
    provider_id = str(event.message_id or "")
    return Delivery.objects.filter(provider_id=provider_id).first() if provider_id else None


def _code(text: str) -> str:
    found = STATUS.search(text)
    return found.group(1) if found else ""


def take_bounce(content: bytes) -> int:
    """A mail that came back (RFC 3464), as the mail server hands it over; answers how many deliveries it was about."""
    mail = message_from_bytes(content, policy=policy.default)
    reports = [*_statuses(mail)]
    if not reports:
        return 0
    taken = 0
    for key in _keys(mail):
        row = Delivery.objects.filter(key=key).first()
        if row is None:
            continue
        for action, status in reports:
            if action not in ("failed", "delayed"):
                continue
            # "Delivered" and "relayed" say less than they seem: the state stays "offered".
            state = S.FAILED if action == "failed" else S.DEFERRED
            record_report(
                row,
                state=state,
                at=database_now(),
                code=status,
                source="bounce",
                provider_event=f"{action} {mail.get('Message-ID', '')}"[:200],
            )
            taken += 1
            break
    return taken


def _statuses(mail: EmailMessage | Mail) -> Iterator[tuple[str, str]]:
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks: Any = part.get_payload()
            for block in blocks if isinstance(blocks, list) else []:
                action = str(block.get("Action", "")).strip().lower()
                if action:
                    yield action, _code(str(block.get("Status", "")))


def _keys(mail: EmailMessage | Mail) -> list[str]:
    """Keys of our own mails that came back with it, whole or as headers alone."""
    found: list[str] = []
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "text/rfc822-headers":
            found += MESSAGE_ID.findall(str(part.get_payload()))
        elif part is not mail and (own := str(part.get("X-OA-Delivery", "")).strip()):
            found.append(own)
    return [key for key in dict.fromkeys(found) if KEY.match(key)]
