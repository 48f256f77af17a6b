"""What two people type without seeing each other: dice, envelope, beacon, order (OA-LOT/1 section 7 points 3 and 4).

Equal: the session goes on at once. Different: both entries are dropped, and that is noted.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from lottery.engine.commitment import beacon_time, dice_slot, secret_hash
from lottery.engine.files import parse_dossiers
from lottery.engine.session import next_hand_draw
from lottery.enums import AttestationKind, EntryKind, Profile, SessionState
from lottery.models import BlindEntry, DrawSession
from lottery.services.beacon import clean_hex
from lottery.services.beacon_steps import beacon_agreed, clean_beacon
from lottery.services.ceremony import (
    WITH_SECRET,
    add_note,
    check_role,
    moment_of,
    need,
    plan_of,
    seed_when_complete,
)
from lottery.services.hand_orders import read_order
from lottery.services.sessions import (
    DAY,
    LOCK_MARGIN,
    SessionError,
    attest,
    check_dice,
    lock_session,
    move_session,
)
from schools.enums import REGION_ROLES
from schools.models import User

S, A = SessionState, AttestationKind


class Entered(Enum):
    """What became of an entry."""

    WAITING = "waiting"  # for the second person
    EQUAL = "equal"
    DIFFERENT = "different"  # both are gone: again


@transaction.atomic
def enter(*, session_id: int, kind: str, values: Sequence[str], actor: User) -> Entered:
    """One of two blind entries. Equal: the session goes on at once. Different: both are dropped, and noted.

    Shapes: ``values`` of DICE the digits, of SECRET the digits, of BEACON round, value and signature, of ORDER the
            draw and its units separated by spaces or commas.
    Errors: SessionError with a sentence for anything that cannot be right; then nothing was stored.
    """
    session = lock_session(session_id)
    check_role(session, actor, REGION_ROLES)
    return _enter(session, EntryKind(kind), values, actor)


@transaction.atomic
def enter_fetched(*, session_id: int, values: Sequence[str]) -> Entered:
    """The beacon value that the program fetched, as one of the two entries; asked twice it stays one."""
    return _enter(lock_session(session_id), EntryKind.BEACON, values, None)


def _enter(session: DrawSession, kind: EntryKind, values: Sequence[str], actor: User | None) -> Entered:
    key, value = _CLEAN[kind](session, values, actor)
    entries = list(BlindEntry.objects.filter(session=session, kind=kind, key=key).select_related("user"))
    own = next((entry for entry in entries if entry.user == actor), None)
    if own is not None:
        if own.value == value:
            return Entered.WAITING
        raise SessionError(_("You typed this already. Now somebody else must type it, on another screen."))
    at = moment_of(session)
    other = next(iter(entries), None)
    BlindEntry.objects.create(session=session, kind=kind, key=key, user=actor, value=value, at=at)
    if other is None:
        return Entered.WAITING
    if other.value != value:
        BlindEntry.objects.filter(session=session, kind=kind, key=key).delete()
        program = pgettext("blind entry", "the program")
        attest(
            session,
            A.INCIDENT,
            actor=actor,
            at=at,
            note=_("%(what)s: the entries of %(first)s and %(second)s differed. Both were dropped.")
            % {"what": kind.label, "first": other.user or program, "second": actor or program},
        )
        return Entered.DIFFERENT
    _AGREED[kind](session, key, value, [other.user, actor], at)
    return Entered.EQUAL


def waiting_entries(session: DrawSession, kind: str) -> list[BlindEntry]:
    """Who typed already; the values stay out of every page."""
    return list(session.entries.filter(kind=kind).defer("value").select_related("user"))


def _clean_dice(session: DrawSession, values: Sequence[str], actor: User | None) -> tuple[str, str]:
    need(session, S.COMMITTED, (Profile.NB, Profile.NG, Profile.NGB))
    digits, at = check_dice("".join(values)), moment_of(session)
    if session.is_rehearsal:
        return "", digits
    rounds = plan_of(session).beacon_rounds
    if rounds and beacon_time(rounds[-1]) < at + LOCK_MARGIN:
        raise SessionError(
            _(
                "All beacon rounds of this session have passed. Declare it void and freeze again (new attempt)."
            )
        )
    if not rounds:
        wait_a_day(session, at)
    return "", digits


def wait_a_day(session: DrawSession, at: datetime) -> None:
    if session.committed_at is None or at - session.committed_at < DAY:
        raise SessionError(_("The commitment must have been public for 24 hours. Wait until then."))


def _dice_agreed(
    session: DrawSession, key: str, value: str, people: Sequence[User | None], at: datetime
) -> None:
    if session.is_rehearsal and session.committed_at is not None and at - session.committed_at < DAY:
        add_note(session, _("Rehearsal: the dice were thrown within 24 hours of the commitment."))
    move_session(session, S.LOCKED)
    session.digits, session.locked_at = value, at
    session.slot = dice_slot(session.name, session.commitment_hash, value)
    session.save()
    for user in people:
        attest(session, A.DICE, actor=user, at=at, note=session.slot)


def _clean_secret(session: DrawSession, values: Sequence[str], actor: User | None) -> tuple[str, str]:
    need(session, S.LOCKED, WITH_SECRET)
    secret = clean_hex("".join(values), 64, _("The secret"))
    if secret_hash(session.name, secret) != plan_of(session).secret_hash:
        raise SessionError(
            _("This secret does not fit the commitment. Look for a typing error, or take the right envelope.")
        )
    return "", secret


def _secret_agreed(
    session: DrawSession, key: str, value: str, people: Sequence[User | None], at: datetime
) -> None:
    session.secret = value
    session.save()
    for user in people:
        attest(
            session, A.SECRET, actor=user, at=at, note=_("Typed from the envelope; it fits the commitment.")
        )
    seed_when_complete(session)


def next_draw(session: DrawSession) -> tuple[str, tuple[str, ...]] | None:
    """Profile H: the draw whose order is typed now, with its units; draws without children pass by themselves."""
    return next_hand_draw(parse_dossiers(bytes(session.dossiers)), plan_of(session), session.orders)


def _clean_order(session: DrawSession, values: Sequence[str], actor: User | None) -> tuple[str, str]:
    need(session, S.COMMITTED, (Profile.H,))
    if not session.is_rehearsal:
        wait_a_day(session, moment_of(session))
    following = next_draw(session)
    draw, text = (*values, "", "")[:2]
    if following is None or following[0] != draw:
        raise SessionError(_("The order of this draw is known already. Reload the page."))
    return draw, ",".join(read_order(text, following[1]))


def _order_agreed(
    session: DrawSession, key: str, value: str, people: Sequence[User | None], at: datetime
) -> None:
    session.orders = session.orders | {key: value.split(",") if value else []}
    for user in people:
        attest(session, A.ORDER, actor=user, at=at, note=key)
    following = next_draw(session)
    while following is not None and not following[1]:
        session.orders = session.orders | {following[0]: []}
        following = next_draw(session)
    session.save()
    if following is not None:
        return
    move_session(session, S.LOCKED)
    session.locked_at = at
    session.save()
    seed_when_complete(session)


_CLEAN = {
    EntryKind.DICE: _clean_dice,
    EntryKind.SECRET: _clean_secret,
    EntryKind.BEACON: clean_beacon,
    EntryKind.ORDER: _clean_order,
}


_AGREED = {
    EntryKind.DICE: _dice_agreed,
    EntryKind.SECRET: _secret_agreed,
    EntryKind.BEACON: beacon_agreed,
    EntryKind.ORDER: _order_agreed,
}
