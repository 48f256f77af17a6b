"""Applying again after moving house (den-haag.md 4.5, DH-125, AE-22)."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from admissions.case_enums import CaseEnd
from admissions.enums import MOVE_MOVES, PLACEMENT_MOVES, CaseKind, MoveState, PlacementState
from admissions.models import Application, MoveRequest, Placement
from admissions.services.cases.opening import Opening, open_case
from admissions.services.cases.settling import live_cases, settle_cases
from admissions.services.letters.notices import tell_move_decision
from admissions.services.year.states import check_move, move_rows
from schools.clock import now
from schools.errors import RefusedError
from schools.models import User
from schools.services.events import Fact, record_event

P = PlacementState


class MoveError(RefusedError):
    """The request is not possible like that."""


@transaction.atomic
def request_move(application: Application, *, note: str, actor: User) -> MoveRequest:
    """Ask the programme manager whether the child may apply again; it holds a place (DH-125)."""
    # Also who has a better place that nobody may see yet: a refusal would tell the old school (DH-141).
    moved = Q(state=P.RESERVED, supersedes__isnull=False)
    holds = Q(state__in=[P.OFFERED, P.ENROLLED]) | moved
    if not Placement.objects.filter(holds, application=application).exists():
        raise MoveError(_("Only a child with an offer or an enrolment can ask this."))
    try:
        with transaction.atomic():
            request = MoveRequest.objects.create(
                application=application, note=note.strip()[:500], requested_by=actor
            )
    except IntegrityError as exc:
        raise MoveError(_("There is a request for this child already.")) from exc
    _record(request, "", actor)
    opening = Opening(
        CaseKind.MOVE, application.registration_number, note=request.note, application=application
    )
    open_case(application.year, opening, actor=actor)
    return request


@transaction.atomic
def see_proof(request_id: int, *, actor: User) -> MoveRequest:
    """The programme manager has seen the written proof; it is not stored."""
    request = _load(request_id)
    old = _move(request, MoveState.PROOF)
    request.save()
    _record(request, old, actor)
    return request


@transaction.atomic
def decide_move(request_id: int, *, outside_catchment: bool, note: str, actor: User) -> MoveRequest:
    """Approve only when the new address lies outside the school's catchment area; then the place lapses (DH-125)."""
    request = _load(request_id)
    if not note.strip():
        raise MoveError(_("Give the reason of the decision."))
    old = _move(request, MoveState.APPROVED if outside_catchment else MoveState.REJECTED)
    request.outside_catchment, request.note = outside_catchment, note.strip()[:500]
    request.decided_by, request.decided_at = actor, now(request.application.year)
    request.save()
    held = Placement.objects.filter(application=request.application, state__in=[P.OFFERED, P.ENROLLED])
    seat = held.select_related("school_round__programme__school").first()
    if outside_catchment:
        if seat is None:
            raise MoveError(_("The child holds no place any more."))
        move_rows(Placement.objects, [seat.pk], old=seat.state, new=P.LAPSED, moves=PLACEMENT_MOVES)
    _record(request, old, actor)
    end = CaseEnd.MOVE_ALLOWED if outside_catchment else CaseEnd.MOVE_REFUSED
    year, about = request.application.year, [request.application_id]
    settle_cases(year, live_cases(about, CaseKind.MOVE), end, actor=actor, resolution=request.note)
    if outside_catchment:  # a lapsed place needs no reply any more
        settle_cases(year, live_cases(about, CaseKind.OVERDUE), CaseEnd.PLACE_ENDED, actor=actor)
    tell_move_decision(request, is_allowed=outside_catchment, seat=seat)
    return request


def _load(request_id: int) -> MoveRequest:
    return (
        MoveRequest.objects.select_for_update(of=("self",))
        .select_related("application__year")
        .get(pk=request_id)
    )


def _move(request: MoveRequest, target: MoveState) -> str:
    check_move(request, target, MOVE_MOVES, request.state)
    old, request.state = request.state, target
    return old


def _record(request: MoveRequest, old: str, actor: User) -> None:
    fact = Fact(
        "move_request", "application", request.application.registration_number, old=old, new=request.state
    )
    record_event(request.application.year, fact, actor=actor)
