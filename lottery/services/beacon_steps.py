"""The public beacon of a session: the round that counts, its value, the stand-in of a rehearsal (OA-LOT/1 4.4, 10)."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from lottery.engine.commitment import beacon_time, rehearsal_beacon
from lottery.enums import AttestationKind, EntryKind, SessionState
from lottery.models import BlindEntry, DrawSession
from lottery.services.beacon import SIGNATURE_DIGITS, VALUE_DIGITS, check_beacon, clean_hex
from lottery.services.ceremony import (
    WITH_BEACON,
    add_note,
    check_role,
    moment_of,
    need,
    plan_of,
    seed_when_complete,
)
from lottery.services.sessions import LOCK_MARGIN, SessionError, attest, lock_session
from schools.access import roles_in
from schools.enums import REGION_ROLES, Role
from schools.models import Job, User
from schools.services.jobs import request_job

S, A = SessionState, AttestationKind
FETCH_BEACON = "fetch_beacon"  # kind of job


def expected_round(session: DrawSession) -> int | None:
    """The first round of the commitment at least 60 seconds after the lock (section 4.4); None when there is none."""
    rounds = plan_of(session).beacon_rounds
    if session.locked_at is None:
        return rounds[0] if rounds else None
    first = next((r for r in rounds if beacon_time(r) >= session.locked_at + LOCK_MARGIN), None)
    return rounds[0] if first is None and rounds and session.is_rehearsal else first


def usable_rounds(session: DrawSession) -> list[int]:
    first = expected_round(session)
    return [] if first is None else [r for r in plan_of(session).beacon_rounds if r >= first]


def clean_beacon(session: DrawSession, values: Sequence[str], actor: User | None) -> tuple[str, str]:
    """Round, value and signature as one text. What the program fetched needs no signature from who reads it along."""
    need(session, S.LOCKED, WITH_BEACON)
    if session.beacon_value:
        raise SessionError(_("The beacon value is known already."))
    number, value, signature = (*values, "", "", "")[:3]
    usable = usable_rounds(session)
    if not number.strip().isdigit() or int(number) not in usable:
        raise SessionError(
            _("Round %(round)s is not one of this session. Use %(rounds)s.")
            % {"round": number.strip() or "–", "rounds": ", ".join(map(str, usable)) or "–"}
        )
    chosen = int(number)
    if not session.is_rehearsal and moment_of(session) < beacon_time(chosen):
        raise SessionError(_("The moment of this round has not come: nobody can know its value yet."))
    value = clean_hex(value, VALUE_DIGITS, _("The value"))
    if not signature.strip():
        signature = _fetched_signature(session, chosen, value)
    signature = clean_hex(signature, SIGNATURE_DIGITS, _("The signature"))
    check_beacon(chosen, value, signature, listed=plan_of(session).beacon_rounds)
    return "", f"{chosen}|{value}|{signature}"


def fetched_entry(session: DrawSession) -> BlindEntry | None:
    """What the program fetched and nobody has read along yet."""
    return session.entries.filter(kind=EntryKind.BEACON, user=None).first()


def _fetched_signature(session: DrawSession, number: int, value: str) -> str:
    fetched = fetched_entry(session)
    if fetched is None:
        raise SessionError(_("Type the signature of the beacon."))
    known, found, signature = fetched.value.split("|")
    if (known, found) != (str(number), value):
        raise SessionError(
            _(
                "This is not the value that was fetched. Look at it again, or type the signature of your device too."
            )
        )
    return signature


def may_fetch(session: DrawSession) -> bool:
    """Whether the button to fetch the value has a use now."""
    number = expected_round(session)
    return (
        bool(settings.BEACON_URLS)
        and session.state == S.LOCKED
        and session.profile in WITH_BEACON
        and not session.beacon_value
        and number is not None
        and (session.is_rehearsal or moment_of(session) >= beacon_time(number))
        and fetched_entry(session) is None
    )


@transaction.atomic
def request_fetch(*, session_id: int, actor: User) -> Job:
    """Ask the worker to fetch the value; the page does not wait. Raises AlreadyRunning for the second who asks."""
    session = lock_session(session_id)
    check_role(session, actor, REGION_ROLES)
    need(session, S.LOCKED, WITH_BEACON)
    if not may_fetch(session):
        raise SessionError(_("The value cannot be fetched now. Two people can type it."))
    return request_job(
        kind=FETCH_BEACON,
        key=session.name,
        year=session.round.year,
        actor=actor,
        arguments={"session": session.pk, "round": expected_round(session)},
    )


def fetch_job(session: DrawSession) -> Job | None:
    """The newest time that the value was fetched."""
    return Job.objects.filter(year=session.round.year_id, kind=FETCH_BEACON, key=session.name).first()


def beacon_agreed(
    session: DrawSession, key: str, value: str, people: Sequence[User | None], at: datetime
) -> None:
    """Two equal entries: the value stands, and the seed follows as soon as all is known."""
    number, randomness, signature = value.split("|")
    if int(number) != expected_round(session):
        region = session.round.year.region
        if not any(Role.NOTARY in roles_in(user, region) for user in people if user):
            raise SessionError(_("A reserve round counts only when the notary types its value too."))
        add_note(
            session,
            _("Beacon round %(missing)d was missing; reserve round %(used)s was used.")
            % {"missing": expected_round(session), "used": number},
        )
    set_beacon(session, int(number), randomness, signature)
    for user in people:
        attest(session, A.BEACON, actor=user, at=at, note=randomness)
    seed_when_complete(session)


def set_beacon(session: DrawSession, number: int, value: str, signature: str) -> None:
    """Keep the value of a round; the seed follows as soon as all is known."""
    session.beacon_round, session.beacon_value, session.beacon_signature = number, value, signature
    session.beacon_at = beacon_time(number)
    session.save()


@transaction.atomic
def use_stand_in(*, session_id: int, actor: User) -> DrawSession:
    """The value that stands in for the beacon in a rehearsal, with one click; the record says so."""
    session = lock_session(session_id)
    check_role(session, actor, REGION_ROLES)
    if not session.is_rehearsal:
        raise SessionError(_("Only a rehearsal may use a stand-in for the public beacon."))
    if session.beacon_value:
        return session
    need(session, S.LOCKED, WITH_BEACON)
    number = plan_of(session).beacon_rounds[0]
    add_note(session, _("Rehearsal: the beacon value is a stand-in, made from the dice."))
    session.entries.filter(kind=EntryKind.BEACON).delete()
    set_beacon(session, number, rehearsal_beacon(session.name, session.digits), "")
    attest(session, A.BEACON, actor=actor, at=moment_of(session), note=session.beacon_value)
    seed_when_complete(session)
    return session
