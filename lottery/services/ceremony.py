"""The session as people hold it: confirm, compare, and the seed as soon as all is known (OA-LOT/1 section 7).

Each step, here and in the rooms beside it (``blind_entries``, ``beacon_steps``, ``attesting``, ``voiding``), is one
transaction that locks the row of the session: of two people at the same moment one goes first and the other reads what
happened. What was typed wrongly is told before anything is stored.
"""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from lottery.engine.commitment import (
    Commitment,
    Seed,
    beacon_time,
    check_seed,
    parse_commitment,
    render_seed,
)
from lottery.enums import AttestationKind, Profile, SessionKind, SessionState
from lottery.models import DrawSession
from lottery.services.sessions import DAY, SessionError, attest, lock_session, move_session, sha256_hex
from schools.access import roles_in
from schools.clock import now
from schools.enums import Role
from schools.models import User
from schools.services.starting import start

S, A = SessionState, AttestationKind
OFFICE = frozenset({Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE})
WITH_BEACON = (Profile.NB, Profile.NGB)
WITH_SECRET = (Profile.NG, Profile.NGB)


def new_secret() -> str:
    """256 random bits; only its hash is kept, the digits go into the sealed envelope."""
    return secrets.token_hex(32)


def plan_of(session: DrawSession) -> Commitment:
    return parse_commitment(bytes(session.commitment))


def check_role(session: DrawSession, user: User, roles: frozenset[Role]) -> None:
    """The service asks again what the page asked: nobody steers a draw by calling something else."""
    if session.kind == SessionKind.SCHOOL:
        raise SessionError(_("This draw belongs to its school, which types the order itself."))
    if not roles & roles_in(user, session.round.year.region):
        raise SessionError(_("Your role may not do this in a draw."))


def freezer_of(session: DrawSession) -> User | None:
    row = session.attestations.filter(kind=A.FREEZE).select_related("user").first()
    return row.user if row else None


def moment_of(session: DrawSession) -> datetime:
    return now(session.round.year)


def add_note(session: DrawSession, sentence: str) -> None:
    """A sentence for the record; the caller saves."""
    if sentence not in session.notes:
        session.notes = [*session.notes, sentence]


def need(session: DrawSession, state: SessionState, kinds: tuple[Profile, ...]) -> None:
    if session.profile not in kinds:
        raise SessionError(_("This does not belong to the randomness of this session."))
    if session.state != state:
        raise SessionError(
            _("Session %(name)s is “%(state)s” and cannot do that now.")
            % {"name": session.name, "state": session.get_state_display()}
        )


@transaction.atomic
def confirm_commitment(*, session_id: int, actor: User) -> DrawSession:
    """A second person looked at the lists: the commitment becomes public (section 7 point 2)."""
    session = lock_session(session_id)
    check_role(session, actor, OFFICE)
    confirmed = session.attestations.filter(kind=A.CONFIRM).select_related("user").first()
    if confirmed is not None:
        raise SessionError(_("%(name)s confirmed this already.") % {"name": confirmed.user})
    freezer = freezer_of(session)
    if freezer is not None and freezer.pk == actor.pk:
        raise SessionError(_("You froze the lists yourself. Somebody else must confirm."))
    at, plan = moment_of(session), plan_of(session)
    if plan.beacon_rounds and beacon_time(plan.beacon_rounds[0]) - at < DAY:
        if not session.is_rehearsal:
            raise SessionError(
                _(
                    "The beacon round comes within 24 hours, so the commitment would be public too short. "
                    "Declare this session void and freeze again with a later moment."
                )
            )
        add_note(
            session, _("Rehearsal: the commitment was public less than 24 hours before the beacon round.")
        )
    move_session(session, S.COMMITTED)
    session.committed_at = at
    session.save()
    attest(session, A.CONFIRM, actor=actor, at=at, note=session.commitment_hash)
    if settings.TIMESTAMP_URL:
        start("lottery.tasks.stamp_commitment_task", session.pk)
    return session


@transaction.atomic
def compare_commitment(*, session_id: int, actor: User) -> None:
    """The notary compared H_C with the own copy (section 7 point 3)."""
    session = lock_session(session_id)
    check_role(session, actor, frozenset({Role.NOTARY}))
    if session.state in (S.FROZEN, S.VOID):
        raise SessionError(_("The commitment has not been confirmed yet."))
    if not session.attestations.filter(kind=A.COMPARE, user=actor).exists():
        attest(session, A.COMPARE, actor=actor, at=moment_of(session), note=session.commitment_hash)


def seed_when_complete(session: DrawSession) -> None:
    """Write zaad.txt as soon as everything that the commitment announces is known."""
    plan = plan_of(session)
    if (plan.beacon_rounds and not session.beacon_value) or (plan.secret_hash and not session.secret):
        return
    seed = Seed(
        session=session.name,
        commitment_hash=session.commitment_hash,
        digits=session.digits or None,
        orders=tuple((draw, tuple(session.orders[draw])) for draw in plan.draws)
        if plan.dice == "hand"
        else (),
        beacon=(session.beacon_round, session.beacon_value) if session.beacon_round else None,
        secret=session.secret or None,
    )
    check_seed(plan, seed)
    move_session(session, S.SEEDED)
    session.seed = render_seed(seed)
    session.seed_hash = sha256_hex(session.seed)
    session.save()
