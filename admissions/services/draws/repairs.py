"""Mending a draw without drawing again: asked by one, decided by another, told to all (OA-LOT/1 section 8).

What each kind does stands in ``repair_kinds``; here are the four eyes, the record and the public sentence.
"""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.enums import OPEN_REPAIRS, REPAIR_MOVES, RepairKind, RepairState
from admissions.models import Repair
from admissions.rules import OFFICE
from admissions.services.draws.repair_base import RepairError
from admissions.services.draws.repair_kinds import KINDS
from admissions.services.year.states import check_move
from lottery.enums import AttestationKind
from lottery.models import DrawSession
from lottery.services.sessions import attest
from schools.access import roles_in
from schools.clock import now
from schools.enums import Role
from schools.models import User
from schools.services.events import Fact, record_event

R = RepairState
# Who may decide: the office, and the notary alone where a locked session is given up.
DECIDERS: dict[str, frozenset[Role]] = {RepairKind.MISSING_BEACON: frozenset({Role.NOTARY})}
LEAST = 10  # signs of a reason that says something


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants mended. ``details`` as the kind needs them."""

    kind: str
    reason: str
    document: str = ""
    application_id: int | None = None
    details: dict[str, Any] | None = None


def _check_roles(session: DrawSession, actor: User, roles: frozenset[Role]) -> None:
    if not roles & roles_in(actor, session.round.year.region):
        raise RepairError(_("Your role may not do this in a draw."))


def _session(session_id: int) -> DrawSession:
    return (
        DrawSession.objects.select_for_update(of=("self",))
        .select_related("round__year__region")
        .get(pk=session_id)
    )


@transaction.atomic
def propose(session_id: int, asked: Asked, *, actor: User) -> Repair:
    """The first person: what is wrong, why, and on which written decision. Nothing changes yet.

    Errors: RepairError with a sentence; then nothing was stored.
    """
    session = _session(session_id)
    _check_roles(session, actor, OFFICE)
    reason, document = " ".join(asked.reason.split()), " ".join(asked.document.split())
    if len(reason) < LEAST:
        raise RepairError(_("Give the reason in a sentence; it stands in the record."))
    kind = KINDS[RepairKind(asked.kind)]
    if kind.needs_document and not document:
        raise RepairError(_("Name the written objection or decision: without it nothing is mended."))
    repair = Repair(
        session=session,
        kind=asked.kind,
        application_id=asked.application_id,
        reason=reason[:500],
        document=document[:200],
        details=asked.details or {},
        proposed_by=actor,
        proposed_at=now(session.round.year),
    )
    repair.outcome = kind.preview(repair)
    try:
        with transaction.atomic():
            repair.save()
    except IntegrityError as exc:
        raise RepairError(_("This was asked already and waits for a second person.")) from exc
    _record(repair, "repair_proposed", actor)
    return repair


def _record(repair: Repair, what: str, actor: User) -> None:
    number = repair.application.registration_number if repair.application is not None else ""
    kind, key = ("application", number) if number else ("session", repair.session.name)
    fact = Fact(what, kind, key, new=repair.kind, reason=repair.session.name)
    record_event(repair.session.round.year, fact, actor=actor)


def _locked(repair_id: int) -> Repair:
    session_id = Repair.objects.values_list("session", flat=True).get(pk=repair_id)
    _session(session_id)
    rows = Repair.objects.select_for_update(of=("self",)).select_related(
        "session__round__year__region", "application", "proposed_by", "mini_session"
    )
    return rows.get(pk=repair_id)


def _check_open(repair: Repair) -> None:
    if repair.state != R.PROPOSED:
        who = repair.decided_by or "–"
        raise RepairError(_("%(name)s decided on this already.") % {"name": who})


@transaction.atomic
def approve(repair_id: int, *, actor: User) -> Repair:
    """The second person, another account: the mend is carried out, in the record and told in public."""
    repair = _locked(repair_id)
    _check_roles(repair.session, actor, DECIDERS.get(repair.kind, OFFICE))
    _check_open(repair)
    if repair.proposed_by_id == actor.pk:
        raise RepairError(_("You asked for this yourself. Somebody else must decide."))
    kind, at = KINDS[RepairKind(repair.kind)], now(repair.session.round.year)
    repair.decided_by, repair.decided_at = actor, at
    state = kind.carry_out(repair, actor)
    check_move(repair, state, REPAIR_MOVES, repair.state)
    repair.state = state
    if state == R.DONE:
        repair.done_at = at
    repair.save()
    attest(repair.session, AttestationKind.REPAIR, actor=actor, at=at, note=kind.notice(repair))
    _record(repair, "repair_approved", actor)
    return repair


@transaction.atomic
def reject(repair_id: int, *, actor: User) -> Repair:
    """The mend is not made; whoever asked for it may take it back too."""
    repair = _locked(repair_id)
    _check_roles(repair.session, actor, OFFICE | DECIDERS.get(repair.kind, frozenset()))
    _check_open(repair)
    check_move(repair, R.REJECTED, REPAIR_MOVES, repair.state)
    repair.state, repair.decided_by, repair.decided_at = R.REJECTED, actor, now(repair.session.round.year)
    repair.save()
    _record(repair, "repair_rejected", actor)
    return repair


def open_repairs(session: DrawSession) -> list[Repair]:
    rows = session.repair_requests.filter(state__in=OPEN_REPAIRS)
    return list(rows.select_related("application__child", "proposed_by", "decided_by", "mini_session"))
