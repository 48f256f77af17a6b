"""Where somebody is logged in: the own sessions, and ending one of them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from schools.clock import database_now
from schools.models import User

LOGIN = "oa_login"  # when and with what somebody logged in, in the session itself
BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class OwnSession:
    """``mark`` stands for the session on a page: its key itself never leaves the server."""

    mark: str
    started_at: datetime | None
    device: str
    is_this: bool


def note_login(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Remember when and on what kind of device; no address and no exact version, which nobody needs."""
    request.session[LOGIN] = {
        "at": database_now().isoformat(),
        "device": device_of(request.META.get("HTTP_USER_AGENT", "")),
    }


def device_of(agent: str) -> str:
    """Firefox, Windows; empty when it says nothing."""
    words = (next((word for part, word in known if part in agent), "") for known in (BROWSERS, SYSTEMS))
    return ", ".join(word for word in words if word)


def mark_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _sessions(user: User) -> Iterator[tuple[Session, dict[str, Any]]]:
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator(chunk_size=500):
        data = session.get_decoded()
        if data.get("_auth_user_id") == str(user.pk):
            yield session, data


def sessions_of(user: User, *, this: str | None) -> list[OwnSession]:
    """Everywhere ``user`` is logged in, the newest first; ``this`` is the key of the session that asks."""
    found = []
    for session, data in _sessions(user):
        login = data.get(LOGIN) or {}
        started = datetime.fromisoformat(login["at"]) if login.get("at") else None
        found.append(
            OwnSession(
                mark_of(session.session_key), started, login.get("device", ""), session.session_key == this
            )
        )
    return sorted(found, key=lambda one: (one.is_this, str(one.started_at)), reverse=True)


def end_own_session(user: User, mark: str) -> bool:
    """Log out that one session; False when it is gone already, or somebody else's."""
    for session, _data in _sessions(user):
        if mark_of(session.session_key) == mark:
            session.delete()
            return True
    return False
