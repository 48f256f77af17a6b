"""Mail servers on this machine that swallow mail, and that misbehave as real ones do."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from django.test import override_settings

Answer = Callable[[str], str]  # an address in, an answer of the server out; "" = as usual


class Sink:
    """Keeps every mail it took. ``rcpt`` and ``data`` may answer something else than "250"."""

    def __init__(self, *, rcpt: Answer | None = None, data: Answer | None = None, seconds: float = 0) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.tried: Counter[str] = Counter()
        self.rcpt, self.data, self.seconds = rcpt, data, seconds

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.tried[address] += 1
        answer = self.rcpt(address) if self.rcpt else ""
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        import asyncio

        if self.seconds:
            await asyncio.sleep(self.seconds)
        answer = self.data(envelope.rcpt_tos[0]) if self.data else ""
        if answer and not answer.startswith("250"):
            return answer
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos[0], mail))  # type: ignore[arg-type]
        return answer or "250 Taken"

    def times(self) -> Counter[str]:
        """How often each address got a mail."""
        return Counter(address for address, _mail in self.mails)

    def mail_to(self, address: str) -> EmailMessage:
        (found,) = [mail for to, mail in self.mails if to == address]
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail_server(
    sink: Sink, *, port: int | None = None, allow: tuple[str, ...] = ("*",), **settings: Any
) -> Iterator[Sink]:
    """This installation really sends, to a server on this machine that keeps everything."""
    port = port or free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with sending(port, allow=allow, **settings):
            yield sink
    finally:
        controller.stop()


@contextmanager
def sending(port: int, *, allow: tuple[str, ...] = ("*",), **settings: Any) -> Iterator[None]:
    """As in production: the switch is on, and mail goes to this port."""
    values: dict[str, Any] = {
        "OA_MAY_SEND": True,
        "OA_MAIL_MODE": "send",
        "OA_MAIL_ALLOW": list(allow),
        "EMAIL_BACKEND": "schools.mail.GuardedBackend",
        "OA_MAIL_TRANSPORT": "schools.mail.PatientBackend",
        "OA_MAIL_PROVIDER": "",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": port,
        "EMAIL_USE_TLS": False,
        "EMAIL_USE_SSL": False,
        "EMAIL_HOST_USER": "",
        "EMAIL_HOST_PASSWORD": "",
        "EMAIL_TIMEOUT": 5,
        "DEFAULT_FROM_EMAIL": "aanmelden@duinstad.example",
    }
    with override_settings(**(values | settings)):
        yield
