"""A school's own draw by hand as a session of profile H: numbered cards, typed twice, checked by the second program.

The "agreed procedure" of DH-077 has no notary and no day of waiting; what it has is kept: who drew, when, the
witnesses, the order and where the recording is. A card number says nothing and is worth nothing: it is dealt at
random when the draw is opened.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lottery.engine.files import ChildLine, Dossiers, SchoolLine, parse_dossiers
from lottery.enums import AttestationKind, EntryKind, Profile, SessionKind, SessionState
from lottery.models import BlindEntry, DrawSession
from lottery.services.attesting import WITNESSES
from lottery.services.blind_entries import Entered
from lottery.services.ceremony import add_note, moment_of, seed_when_complete
from lottery.services.hand_orders import read_order
from lottery.services.sessions import (
    SessionError,
    attest,
    compute,
    freeze_session,
    lock_session,
    move_session,
    new_salt,
    school_session_name,
    store_outcome,
    verify_session,
)
from schools.models import Round, User

S, A = SessionState, AttestationKind
FIRST = "first"  # key of the first typing in the blind entries


@dataclass(frozen=True, slots=True)
class DrawFacts:
    """What must be known of a draw by hand (DH-077)."""

    drawn_by: str
    drawn_at: str  # ISO moment
    recording: str
    witnesses: tuple[str, ...]

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.drawn_at)


@dataclass(frozen=True, slots=True)
class Typed:
    """The first typing as far as pages may show it: the facts, and whether an order waits for its second typing."""

    facts: DrawFacts
    is_ordered: bool
    user: User


def card_numbers(count: int) -> list[str]:
    """``01`` to ``<count>`` in a random order, all of the same length."""
    width = max(2, len(str(count)))
    numbers = [f"{number:0{width}d}" for number in range(1, count + 1)]
    secrets.SystemRandom().shuffle(numbers)
    return numbers


@transaction.atomic
def open_hand_draw(
    *,
    round_: Round,
    code: str,
    places: int,
    tiers: Mapping[str, int],
    rules_text: bytes,
    actor: User,
    at: datetime,
) -> DrawSession:
    """Freeze who takes part in the draw at one school and deal the cards.

    Shapes: ``tiers`` the priority class by registration number.
    Errors: SessionError where a draw of this school has been opened already.
    """
    live = DrawSession.objects.filter(round=round_, kind=SessionKind.SCHOOL, key=code)
    if live.exclude(state=S.VOID).exists():
        raise SessionError(_("The draw by hand has been opened already. Reload the page."))
    cards = dict(zip(card_numbers(len(tiers)), sorted(tiers), strict=True))
    name = school_session_name(round_, code)
    children = tuple(
        ChildLine(card, card, "S", ((code, tiers[number]),), new_salt()) for card, number in cards.items()
    )
    session = freeze_session(
        round_=round_,
        name=name,
        dossiers=Dossiers(name, (SchoolLine(code, places),), children),
        draws=(f"school/{code}",),
        registration_numbers=cards,
        rules_text=rules_text,
        frozen_at=at,
        beacon_at=at,
        actor=actor,
        profile=Profile.H,
        kind=SessionKind.SCHOOL,
        key=code,
    )
    move_session(session, S.COMMITTED)
    session.committed_at = at
    session.save()
    return session


def first_typing(session: DrawSession) -> Typed | None:
    """Who typed what about the draw; the order itself stays out of every page."""
    entry = session.entries.filter(kind=EntryKind.ORDER, key=FIRST).select_related("user").first()
    if entry is None or entry.user is None:
        return None
    value = json.loads(entry.value)
    facts = DrawFacts(value["drawn_by"], value["drawn_at"], value["recording"], tuple(value["witnesses"]))
    return Typed(facts, bool(value["order"]), entry.user)


def _numbers(session: DrawSession) -> list[str]:
    return [child.regno for child in parse_dossiers(bytes(session.dossiers)).children]


def _open(session_id: int) -> DrawSession:
    session = lock_session(session_id)
    if session.kind != SessionKind.SCHOOL or session.state != S.COMMITTED:
        raise SessionError(_("This draw has been finished, or was given up. Reload the page."))
    return session


def check_facts(session: DrawSession, facts: DrawFacts) -> None:
    """Raises SessionError with a sentence for what cannot be right or is missing (DH-077)."""
    if not facts.drawn_by.strip():
        raise SessionError(_("Say who drew the cards."))
    if not facts.recording.strip():
        raise SessionError(_("Say where the recording of the draw is kept."))
    if len(set(facts.witnesses)) < WITNESSES:
        raise SessionError(_("A draw by hand needs at least two witnesses. Type their names, one on a line."))
    if facts.drawn_by in facts.witnesses:
        raise SessionError(_("Whoever draws the cards is not a witness. Name somebody else."))
    if facts.moment < session.frozen_at.replace(second=0, microsecond=0):
        raise SessionError(_("The draw cannot be earlier than the moment its list was fixed."))
    if facts.moment > moment_of(session):
        raise SessionError(_("The draw cannot be in the future. Look at the date and the time."))


@transaction.atomic
def type_order(*, session_id: int, facts: DrawFacts, order: str, actor: User) -> None:
    """The first typing: what happened, and the order in which the cards came. Typed again it replaces the first."""
    session = _open(session_id)
    check_facts(session, facts)
    units = read_order(order, _numbers(session))
    _store_first(session, asdict(facts) | {"order": units}, actor, moment_of(session))


def _store_first(session: DrawSession, value: dict[str, Any], user: User, at: datetime) -> None:
    """What somebody typed is not changed: a new row takes the place of the old one."""
    session.entries.filter(kind=EntryKind.ORDER, key=FIRST).delete()
    BlindEntry.objects.create(
        session=session, kind=EntryKind.ORDER, key=FIRST, user=user, value=json.dumps(value), at=at
    )


@transaction.atomic
def type_order_again(*, session_id: int, order: str, actor: User) -> Entered:
    """The second typing, without seeing the first. Equal: the outcome is computed and verified at once.

    Different: the order is dropped and that is noted; what was typed about the draw stays.
    """
    session = _open(session_id)
    entry = session.entries.filter(kind=EntryKind.ORDER, key=FIRST).select_related("user").first()
    typed = first_typing(session)
    if entry is None or typed is None or not typed.is_ordered:
        raise SessionError(_("Type the order for the first time first."))
    units, at = read_order(order, _numbers(session)), moment_of(session)
    value = json.loads(entry.value)
    if units != value["order"]:
        _store_first(session, value | {"order": []}, typed.user, at)
        attest(session, A.INCIDENT, actor=actor, at=at, note=_("The order was typed twice and differed."))
        return Entered.DIFFERENT
    check_facts(session, typed.facts)
    _finish(session, units, typed, [typed.user, actor], at)
    return Entered.EQUAL


def _finish(
    session: DrawSession, units: Sequence[str], typed: Typed, people: Sequence[User], at: datetime
) -> None:
    session.orders = {f"school/{session.key}": list(units)}
    session.drawn_by, session.drawn_at = typed.facts.drawn_by[:120], typed.facts.moment
    session.recording = typed.facts.recording[:200]
    for name in dict.fromkeys(typed.facts.witnesses):
        attest(session, A.WITNESS, actor=people[0], at=at, note=name)
    told = _("Drawn by %(name)s; recording: %(recording)s") % {
        "name": session.drawn_by,
        "recording": session.recording,
    }
    for user in people:
        attest(session, A.ORDER, actor=user, at=at, note=told)
    if people[0].pk == people[1].pk:
        add_note(session, _("The order was typed twice by the same person."))
    move_session(session, S.LOCKED)
    session.locked_at = at
    session.save()
    seed_when_complete(session)
    store_outcome(session_id=session.pk, outcome=compute(session), at=at)
    verify_session(session_id=session.pk, at=at)


@transaction.atomic
def give_up_hand_draw(*, session_id: int, reason: str, actor: User) -> DrawSession:
    """The office ends a draw that was opened and not finished; the next one names it (``poging``)."""
    session, reason = _open(session_id), " ".join(reason.split())
    if len(reason) < 10:
        raise SessionError(_("Give the reason in a sentence; it stands in the record."))
    move_session(session, S.VOID)
    add_note(session, reason[:500])
    session.save()
    attest(session, A.VOID, actor=actor, at=moment_of(session), note=reason)
    return session


@transaction.atomic
def void_finished_draw(session: DrawSession, *, reason: str, actor: User) -> None:
    """End a finished draw by hand whose order cannot be shown (Q-32); the caller holds the row and has two people.

    Its files and what was attested stay; the next draw of the school names its commitment (``poging``).
    """
    if session.kind != SessionKind.SCHOOL or session.state != S.APPLIED:
        raise SessionError(_("This draw has not been finished. Reload the page."))
    move_session(session, S.VOID)
    session.applied_at = None
    add_note(session, reason[:500])
    session.save()
    attest(session, A.VOID, actor=actor, at=moment_of(session), note=reason)
