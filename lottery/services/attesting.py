"""Who was there, what happened, and what the notary declares about it (OA-LOT/1 section 7 points 3, 7 and 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from lottery.enums import AttestationKind, Profile, SessionState
from lottery.models import Attestation, DrawSession
from lottery.selectors import families_know
from lottery.services import record_facts as facts
from lottery.services.ceremony import WITH_BEACON, WITH_SECRET, check_role, moment_of
from lottery.services.sessions import SessionError, attest, lock_session, move_session
from schools.enums import REGION_ROLES, Role
from schools.models import User

S, A = SessionState, AttestationKind
WITNESSES = 2


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence the notary attests."""

    key: str
    text: str


@transaction.atomic
def add_witness(*, session_id: int, name: str, actor: User) -> None:
    """An adult who is present, by name; typed by an official."""
    session, name = lock_session(session_id), " ".join(name.split())
    check_role(session, actor, REGION_ROLES)
    if not 3 <= len(name) <= 120:
        raise SessionError(_("Type the name of the witness and for whom he or she is there."))
    if session.state in (S.ATTESTED, S.PUBLISHED, S.VOID):
        raise SessionError(_("This session has ended."))
    if not session.attestations.filter(kind=A.WITNESS, note=name).exists():
        attest(session, A.WITNESS, actor=actor, at=moment_of(session), note=name)


@transaction.atomic
def set_sitting(*, session_id: int, place: str, at: datetime, actor: User) -> None:
    """Where and when the sitting is held; each change stands in the record with who made it (section 7 point 7)."""
    session, place = lock_session(session_id), " ".join(place.split())
    check_role(session, actor, REGION_ROLES)
    if not place:
        raise SessionError(_("Type where the sitting is held: building and town."))
    if len(place) > 120:
        raise SessionError(_("Say the place in at most 120 signs."))
    if session.state in (S.ATTESTED, S.PUBLISHED, S.VOID):
        raise SessionError(_("This session has ended."))
    if (session.place, session.sitting_at) == (place, at):
        return
    session.place, session.sitting_at = place, at
    session.save(update_fields=["place", "sitting_at"])
    attest(session, A.PLACE, actor=actor, at=moment_of(session), note=f"{place}, {facts.written(at)}")


@transaction.atomic
def add_incident(*, session_id: int, text: str, actor: User) -> None:
    session, text = lock_session(session_id), " ".join(text.split())
    check_role(session, actor, REGION_ROLES)
    if not text:
        raise SessionError(_("Say what happened."))
    if len(text) > 500:
        raise SessionError(_("Say it in at most 500 signs."))
    attest(session, A.INCIDENT, actor=actor, at=moment_of(session), note=text)


def witnesses(session: DrawSession) -> list[Attestation]:
    return list(session.attestations.filter(kind=A.WITNESS))


def statements(session: DrawSession) -> list[Statement]:
    """What the notary attests, by the profile of the session."""
    by_hand = session.profile == Profile.H
    found = [Statement("compared", pgettext("statement", "I compared the commitment with my own copy"))]
    if by_hand:
        found.append(Statement("drawn", pgettext("statement", "I drew every number and read it aloud")))
    else:
        found += [
            Statement("dice", pgettext("statement", "The witnesses looked at the dice")),
            Statement("throws", pgettext("statement", "I threw 60 times and read every throw aloud")),
            Statement("lock", pgettext("statement", "The lock was read aloud before the seed was known")),
        ]
    if session.profile in WITH_BEACON:
        stand_in = not session.beacon_signature
        text = (
            pgettext("statement", "I know that the beacon value is a stand-in in this rehearsal")
            if stand_in
            else pgettext("statement", "The beacon value was the same on two devices")
        )
        found.append(Statement("beacon", text))
    if session.profile in WITH_SECRET:
        found.append(
            Statement("secret", pgettext("statement", "The envelope was closed until it was opened here"))
        )
    found.append(
        Statement("incidents", pgettext("statement", "There was no incident, or it is written down here"))
    )
    return found


@transaction.atomic
def attest_session(*, session_id: int, ticked: Sequence[str], incident: str = "", actor: User) -> DrawSession:
    """The notary declares that the session went as the record says (section 7 point 7)."""
    session = lock_session(session_id)
    check_role(session, actor, frozenset({Role.NOTARY}))
    if session.state in (S.ATTESTED, S.PUBLISHED):
        return session
    if session.state != S.APPLIED:
        raise SessionError(_("There is no official result to attest yet."))
    if {statement.key for statement in statements(session)} - set(ticked):
        raise SessionError(
            _("Tick every sentence. If one is not true, write down what happened and call the office.")
        )
    if len(witnesses(session)) < WITNESSES:
        raise SessionError(_("Type the names of at least two witnesses first."))
    if not session.place:
        raise SessionError(_("Say first where the sitting is held."))
    if incident.strip():
        add_incident(session_id=session_id, text=incident, actor=actor)
    at = moment_of(session)
    move_session(session, S.ATTESTED)
    session.attested_at, session.notary_name = at, str(actor)[:120]
    session.save()
    attest(session, A.NOTARY, actor=actor, at=at, note=session.outcome_hash)
    publish_when_known(session, at)
    return session


@transaction.atomic
def publish_session(*, session_id: int) -> bool:
    """Make an attested session public once families know (section 7 point 8); True when it is public now."""
    session = lock_session(session_id)
    publish_when_known(session, moment_of(session))
    return session.state == S.PUBLISHED


def publish_when_known(session: DrawSession, at: datetime) -> None:
    if session.state != S.ATTESTED or not families_know(session.round, now=at):
        return
    move_session(session, S.PUBLISHED)
    session.published_at = at
    session.save()
    attest(session, A.PUBLISHED, actor=None, at=at, note=session.outcome_hash)
