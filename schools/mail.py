"""The one door for mail: what may leave goes to the mail server, everything else stays here as a file.

Django's own mail (a forgotten password) and the messages to families pass through ``GuardedBackend``. Mail leaves only
when the settings of this installation may send at all, the switch is on, and every recipient is on the list.
"""

import contextlib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

EVERYBODY = "*"


def sends_mail() -> bool:
    """Whether this installation really sends: production settings and the explicit switch (DESIGN section 8)."""
    return bool(settings.OA_MAY_SEND) and settings.OA_MAIL_MODE == "send"


def is_allowed(address: str) -> bool:
    """Whether the list of recipients has this address, its domain, or everybody; an empty list has nobody."""
    plain = _plain(address)
    local, _at, domain = plain.rpartition("@")
    if not local or not domain:
        return False
    allowed = {_plain(entry).lstrip("@") for entry in settings.OA_MAIL_ALLOW if entry.strip()}
    return EVERYBODY in allowed or plain in allowed or domain in allowed


def _plain(address: str) -> str:
    """Small letters, the domain as it travels: an address with ü in its domain is the one with xn--."""
    local, at, domain = address.strip().lower().rpartition("@")
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{local}{at}{domain}"


def may_leave(addresses: Sequence[str]) -> bool:
    return sends_mail() and bool(addresses) and all(is_allowed(address) for address in addresses)


class GuardedBackend(BaseEmailBackend):
    """Hands on what may leave; the rest becomes a file in the folder for mail, for the operator alone."""

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self._transport = get_connection(settings.OA_MAIL_TRANSPORT, fail_silently=fail_silently, **options)

    def open(self) -> bool | None:
        return self._transport.open() if sends_mail() else False

    def close(self) -> None:
        self._transport.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        leaving = [message for message in email_messages if may_leave(_bare(message.recipients()))]
        kept = [message for message in email_messages if not any(message is other for other in leaving)]
        sent = (self._transport.send_messages(leaving) or 0) if leaving else 0
        if kept:
            folder = get_connection("django.core.mail.backends.filebased.EmailBackend")
            sent += folder.send_messages(kept) or 0
        return sent


def _bare(recipients: Sequence[str]) -> list[str]:
    """Addresses without their names."""
    from email.utils import parseaddr

    return [parseaddr(recipient)[1] for recipient in recipients]


class PatientBackend(EmailBackend):
    """SMTP that waits as long as RFC 5321 asks for the answer to a whole mail (10 minutes).

    Whoever hangs up earlier does not know whether the mail was taken, and would send it twice.
    """

    def open(self) -> bool | None:
        opened = super().open()
        if opened and self.connection is not None and self.connection.sock is not None:
            self.connection.sock.settimeout(settings.OA_MAIL_ANSWER_SECONDS)
        return opened
