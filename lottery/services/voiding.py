"""Giving up a session; the next one names its commitment (``poging``, OA-LOT/1 section 8)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from lottery.engine.commitment import beacon_time
from lottery.enums import AttestationKind, SessionState
from lottery.models import DrawSession
from lottery.services.ceremony import OFFICE, add_note, check_role, moment_of, plan_of
from lottery.services.sessions import SessionError, attest, lock_session, move_session
from schools.enums import Role
from schools.models import User

S, A = SessionState, AttestationKind


def voidable(session: DrawSession, at: datetime) -> bool:
    """Before the lock a session can be given up; after it only when every beacon round is past (section 8)."""
    if session.state in (S.FROZEN, S.COMMITTED):
        return True
    rounds = plan_of(session).beacon_rounds
    if session.state != S.LOCKED or session.beacon_value or not rounds:
        return False
    return session.is_rehearsal or at > beacon_time(rounds[-1]) + timedelta(minutes=10)


@transaction.atomic
def void_session(*, session_id: int, reason: str, actor: User) -> DrawSession:
    """End a session without result; its files stay, and the next one names its commitment (``poging``).

    After the lock only the notary can, and only when all beacon rounds are missing: whoever could compute the result
    must not be able to throw it away.
    """
    session, reason = lock_session(session_id), " ".join(reason.split())
    after_lock = session.state == S.LOCKED
    check_role(session, actor, frozenset({Role.NOTARY}) if after_lock else OFFICE)
    at = moment_of(session)
    if not voidable(session, at):
        raise SessionError(
            _("The dice are locked: from here the result is fixed, and the session can only be finished.")
        )
    if len(reason) < 10:
        raise SessionError(_("Give the reason in a sentence; it stands in the record."))
    move_session(session, S.VOID)
    add_note(session, reason[:500])
    session.save()
    attest(session, A.VOID, actor=actor, at=at, note=reason)
    return session
