"""Handing mail over to the mail server, one delivery after another over one connection (DH-051, DH-115)."""

import smtplib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import formataddr, parseaddr

import structlog
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse

from notifications.enums import Channel, DeliveryState, MessageKind
from notifications.models import Delivery, Letter, Message
from notifications.services.deliveries import claim, record_sent, record_trouble
from notifications.services.letter_content import desk_of
from notifications.services.letters import LETTER_KINDS, make_letters
from notifications.services.mail_content import render_mail
from notifications.services.template_choice import Choices
from schools.enums import LetterInMail
from schools.errors import RefusedError

log = structlog.get_logger(__name__)
S = DeliveryState
# Codes of the mailbox itself; other 5xx answers with a code (5.7.1: policy) are about us, and pass.
ABOUT_THE_MAILBOX = ("5.1.", "5.2.", "5.3.", "5.6.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a failure means: for this delivery, and whether the others had better wait too."""

    state: DeliveryState
    code: str
    stop: bool = False


def send_batch(delivery_ids: Iterable[int], *, backend: BaseEmailBackend | None = None) -> int:
    """Send these deliveries; answers how many the mail server took. May run twice and side by side.

    Stops at the first sign that the mail server itself is ill: the rest stays as it is, and is tried later.
    """
    connection = backend or get_connection()
    texts: dict[int, Choices] = {}  # of each region, read once
    sent = 0
    try:
        for delivery_id in delivery_ids:
            row = claim(delivery_id)
            if row is None:
                continue
            verdict = _send(row, connection, texts)
            if verdict is None:
                sent += 1
                continue
            record_trouble(row, state=verdict.state, code=verdict.code, source=_source())
            log.info("delivery_not_taken", delivery=row.pk, state=verdict.state, code=verdict.code)
            connection.close()  # whatever was half said is forgotten; the next mail begins anew
            if verdict.stop:
                log.warning("mail_server_is_ill", code=verdict.code)
                break
    finally:
        connection.close()
    return sent


def _send(row: Delivery, connection: BaseEmailBackend, texts: dict[int, Choices]) -> Verdict | None:
    region_id = row.message.year.region_id
    try:
        choices = texts.setdefault(region_id, Choices(region_id))
        mail = build_mail(row, choices=choices)
    except RefusedError:
        return Verdict(S.DEFERRED, "letter")  # it cannot be made: the office sees which field is empty
    except (ValueError, UnicodeError):
        return Verdict(S.FAILED, "address")
    try:
        connection.open()
        connection.send_messages([mail])
    except Exception as exc:  # every kind of trouble has its verdict; a claimed row is never left behind
        return verdict_of(exc)
    status = getattr(mail, "anymail_status", None)
    record_sent(row, provider_id=str(getattr(status, "message_id", "") or ""), source=_source())
    return None


def verdict_of(exc: Exception) -> Verdict:
    """What went wrong: the address (failed), or the mail server and the line to it (postponed)."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(exc.recipients.values()), (550, b""))
        return _of_answer(code, text)
    if isinstance(
        exc, smtplib.SMTPSenderRefused | smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError
    ):
        return Verdict(S.DEFERRED, str(exc.smtp_code), stop=True)
    if isinstance(exc, smtplib.SMTPDataError):
        return _of_answer(exc.smtp_code, exc.smtp_error)
    if isinstance(exc, AnymailRecipientsRefused):
        return Verdict(S.FAILED, "refused")
    if isinstance(exc, AnymailAPIError):
        status = int(getattr(exc, "status_code", 0) or 0)
        if status in (400, 406, 422):  # about this one mail
            return Verdict(S.FAILED, str(status))
        return Verdict(S.DEFERRED, str(status or "api"), stop=True)
    if isinstance(exc, smtplib.SMTPException | OSError | AnymailError):
        return Verdict(S.DEFERRED, "timeout" if isinstance(exc, TimeoutError) else "connection", stop=True)
    if isinstance(exc, ValueError | UnicodeError):  # an address that cannot be written down as one
        return Verdict(S.FAILED, "address")
    log.error("delivery_fault", kind=type(exc).__name__)
    return Verdict(S.DEFERRED, "fault")


def _of_answer(code: int, text: bytes | str) -> Verdict:
    words = text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)
    enhanced = words.split()[0] if words.split() else ""
    has_code = enhanced.count(".") == 2 and enhanced.replace(".", "").isdigit()
    told = enhanced if has_code else str(code)
    if code == 421:  # it is about to hang up
        return Verdict(S.DEFERRED, told, stop=True)
    if code < 500 or (has_code and not enhanced.startswith(ABOUT_THE_MAILBOX)):
        return Verdict(S.DEFERRED, told)
    return Verdict(S.FAILED, told)


def _source() -> str:
    transport = str(settings.OA_MAIL_TRANSPORT)
    return transport.split(".")[2][:20] if transport.startswith("anymail.backends.") else "smtp"


# --- the mail itself -----------------------------------------------------------------------------------------------


def build_mail(row: Delivery, *, choices: Choices | None = None) -> EmailMultiAlternatives:
    """The whole mail of one delivery. Same delivery, same Message-ID: sent again after a stop it is the same mail.

    Errors: RefusedError when the letter cannot be made, ValueError for an address that no mail can be sent to.
    """
    message = row.message
    letter = letter_for_mail(message)
    link = ""
    if letter is not None and message.year.region.letter_in_mail == LetterInMail.LINK:
        link, letter = personal_link(row), None
        message.merge = {**message.merge, "link": link}  # of this copy, never stored
    choice = choices.of(message) if choices is not None else None
    subject, text, html = render_mail(message, choice=choice)
    if link and link not in text:
        text, html = (
            f"{text}\n{link}\n",
            html.replace("</body>", f'<p><a href="{link}">{link}</a></p></body>'),
        )
    domain = mail_domain()
    region = message.year.region
    mail = EmailMultiAlternatives(
        subject=_one_line(subject),
        body=text,
        from_email=formataddr((_one_line(_sender_name(message)), parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[_recipient(row)],
        reply_to=_reply_to(message),
        headers={
            "Message-ID": f"<{row.key}@{domain}>",
            "List-Id": f"{_one_line(region.name)} <berichten.{region.slug}.{domain}>".replace(",", ""),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
            "X-OA-Delivery": row.key,
        },
    )
    mail.attach_alternative(html, "text/html")
    if letter is not None:
        mail.attach(
            f"brief-{message.registration_number or message.pk}.pdf", bytes(letter.pdf), "application/pdf"
        )
    # A provider gives the key back with every report. Nothing is counted or followed.
    mail.metadata = {"delivery": row.key}  # type: ignore[attr-defined]
    mail.track_opens = mail.track_clicks = False  # type: ignore[attr-defined]
    return mail


def letter_for_mail(message: Message) -> Letter | None:
    """The letter that goes with the mail: made now if the worker has not yet. A confirmation is a mail alone."""
    if message.kind not in LETTER_KINDS or message.kind == MessageKind.M01:
        return None
    letter = Letter.objects.filter(message=message).first()
    if letter is None and message.channel == Channel.EMAIL:
        make_letters(message_ids=[message.pk])
        letter = Letter.objects.get(message=message)
    return letter


def personal_link(row: Delivery) -> str:
    return settings.OA_SITE_URL.rstrip("/") + reverse("notifications:letter-link", args=[row.key])


def mail_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def _recipient(row: Delivery) -> str:
    """The address with its name. A quoted part before the @ may hold nearly anything, but no control character."""
    local, _at, domain = row.email.rpartition("@")
    is_quoted = len(local) > 2 and local.startswith('"') and local.endswith('"')
    if not local or not domain or not row.email.isprintable() or (" " in row.email and not is_quoted):
        raise ValueError("not an address")
    return formataddr((_one_line(row.name), f"{local}@{_idna(domain)}"))


def _idna(domain: str) -> str:
    return domain.encode("idna").decode("ascii") if not domain.isascii() else domain


def _one_line(text: str) -> str:
    """No line ends or other control characters: nothing can slip into the headers."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _sender_name(message: Message) -> str:
    merge = message.merge
    by_school = merge.get("sender") == "school"
    return str((merge.get("school_name") if by_school else merge.get("desk_name")) or desk_of(message).name)


def _reply_to(message: Message) -> Sequence[str]:
    merge = message.merge
    by_school = merge.get("sender") == "school"
    address = str((merge.get("school_email") if by_school else "") or desk_of(message).email)
    return [_one_line(address)] if address else []
