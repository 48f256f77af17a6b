"""A verified draw session becomes decisions, placements, ledger entries and held messages, exactly once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.case_enums import CaseEnd
from admissions.enums import (
    CARE_DUTY_STATES,
    DECISION_MOVES,
    PARTICIPATION_MOVES,
    PLACEMENT_MOVES,
    CaseKind,
    Decision,
    EntryKind,
    ParticipationKind,
    ParticipationState,
    PlacementState,
)
from admissions.models import Application, CareCase, LedgerEntry, Participation, Placement
from admissions.services.cases.settling import live_cases, settle_cases
from admissions.services.draws.freezing import CENTRAL, lists_of
from admissions.services.letters.outcome_messages import hold_outcome_messages
from admissions.services.places.ledger import book, carry_over, placed_entries
from admissions.services.replies.kept_withdrawals import carry_out
from admissions.services.year.states import move_rows
from lottery.engine.files import parse_dossiers
from lottery.engine.outcome import DrawOutcome, OutcomeLine
from lottery.models import DrawSession, SessionNumber
from lottery.services.sessions import SessionError, mark_applied, outcome_of
from schools.clock import now
from schools.enums import RoundKind, RoundState
from schools.models import Round, SchoolRound, User
from schools.services.events import Fact, record_events
from schools.services.rounds import move_round

D, P = Decision, ParticipationState


class AlreadyApplied(SessionError):
    """This session has become official already; nothing was done."""


@dataclass(frozen=True, slots=True)
class AppliedOutcome:
    """How many children got a place, and how many were left without."""

    placed: int
    unplaced: int
    carried: int  # places that move on to the next round


@dataclass(slots=True)
class _Case:
    """One application in the session."""

    pk: int
    registration_number: str
    child_id: int
    decision: str
    number: str


@transaction.atomic
def apply_session(*, session_id: int, actor: User | None) -> AppliedOutcome:
    """Turn a verified session into decisions, places and held letters, exactly once (DH-081, DH-104).

    Raises SessionError when it is not verified and AlreadyApplied the second time; then nothing has changed.
    """
    session = DrawSession.objects.select_for_update().get(pk=session_id)
    round_ = Round.objects.select_related("year__region", "open_places_to").get(pk=session.round_id)
    if session.applied_at is not None:
        raise AlreadyApplied(_("The result of %(round)s is official already.") % {"round": round_.code})
    outcome = outcome_of(session)
    on = round_.central_matching_on
    assert on is not None  # a round without this date cannot open
    # First the round: the database refuses every change of the frozen lists, and takes them as soon as the round has
    # its official session. All of it is one transaction.
    mark_applied(session, at=now(round_.year))
    move_round(round_, RoundState.MATCHED, actor=actor, reason=session.name)
    cases = _cases(session, round_)
    draws = {draw.id: draw for draw in outcome.draws}
    if round_.kind == RoundKind.VOVP:
        placed, unplaced = _apply_vovp(session, round_, draws[CENTRAL], cases, on=on, actor=actor)
    else:
        placed, unplaced = _apply_alm(session, round_, draws, cases, on=on, actor=actor)
    carried = carry_over(round_, session=session, on=on)
    hold_outcome_messages(session=session, round_=round_)
    if round_.kind == RoundKind.ALM:
        carry_out(round_)  # after places and letters: what is held for these families is taken back
    return AppliedOutcome(placed=placed, unplaced=unplaced, carried=carried)


def count_outcome(session: DrawSession) -> tuple[int, int]:
    """How many got a (better) place and how many are left without one, from the stored files of any draw."""
    children = parse_dossiers(bytes(session.dossiers)).children
    held = {child.regno: child.choices[-1][0] for child in children if child.choices[-1][1] == 0}
    got = {line.regno: line.code for draw in outcome_of(session).draws for line in draw.lines if line.code}
    placed = sum(held.get(number) != code for number, code in got.items())
    return placed, sum(child.regno not in got and child.regno not in held for child in children)


def _cases(session: DrawSession, round_: Round) -> dict[str, _Case]:
    """The applications behind the numbers of the session, by number."""
    numbers = dict(SessionNumber.objects.filter(session=session).values_list("registration_number", "number"))
    if round_.kind == RoundKind.VOVP:
        rows = Application.objects.filter(participations__round=round_)
    else:
        rows = Application.objects.filter(first_choice__round=round_)
    return {
        numbers[registration_number]: _Case(
            pk, registration_number, child_id, decision, numbers[registration_number]
        )
        for pk, registration_number, child_id, decision in rows.values_list(
            "pk", "registration_number", "child_id", "decision"
        ).iterator(chunk_size=5000)
        if registration_number in numbers
    }


def _decide(
    cases: Sequence[_Case], target: Decision, *, reasons: Mapping[str, str], facts: list[Fact]
) -> None:
    """Move applications to ``target``, whatever listed state they come from, and note each as a fact."""
    by_state: defaultdict[str, list[_Case]] = defaultdict(list)
    for case in cases:
        by_state[case.decision].append(case)
    for state, group in sorted(by_state.items()):
        move_rows(
            Application.objects,
            [case.pk for case in group],
            old=state,
            new=target,
            moves=DECISION_MOVES,
            state_field="decision",
        )
        for case in group:
            facts.append(
                Fact(
                    "decision",
                    "application",
                    case.registration_number,
                    old=state,
                    new=target,
                    reason=reasons.get(case.number, ""),
                )
            )
            case.decision = target


def _reasons(draw: DrawOutcome) -> dict[str, str]:
    return {line.regno: f"{draw.id} rank {line.rank} of {draw.children}" for line in draw.lines}


def _apply_alm(
    session: DrawSession,
    round_: Round,
    draws: Mapping[str, DrawOutcome],
    cases: Mapping[str, _Case],
    *,
    on: date,
    actor: User | None,
) -> tuple[int, int]:
    facts: list[Fact] = []
    winners: list[OutcomeLine] = []
    losers: list[OutcomeLine] = []
    reasons: dict[str, str] = {}
    for draw in draws.values():
        if draw.id != CENTRAL:
            reasons |= _reasons(draw)
            for line in draw.lines:
                (winners if line.code else losers).append(line)
    _decide([cases[line.regno] for line in winners], D.ADMITTED, reasons=reasons, facts=facts)
    _decide([cases[line.regno] for line in losers], D.DRAWN_OUT, reasons=reasons, facts=facts)

    central = draws[CENTRAL]
    reasons = _reasons(central)
    lower = [line for line in central.lines if line.code]
    unplaced = [line for line in central.lines if not line.code]
    _decide([cases[line.regno] for line in lower], D.PLACED_LOWER, reasons=reasons, facts=facts)
    _decide([cases[line.regno] for line in unplaced], D.UNPLACED, reasons=reasons, facts=facts)

    duty = set(
        CareCase.objects.filter(
            application__first_choice__round=round_, state__in=CARE_DUTY_STATES
        ).values_list("application_id", flat=True)
    )
    follow_up = [case for case in cases.values() if case.decision == D.DRAWN_OUT and case.pk in duty]
    _decide(follow_up, D.CARE_FOLLOW_UP, reasons={}, facts=facts)

    lists = lists_of(application__first_choice__round=round_)
    placements = _new_placements(round_, cases, [*winners, *lower], lists)
    Placement.objects.bulk_create(placements, batch_size=500)
    book(placed_entries(placements, session=session, on=on, cause=session.name))
    record_events(round_.year, facts, actor=actor)
    return len(placements), len(unplaced) + len(follow_up)


def _new_placements(
    round_: Round,
    cases: Mapping[str, _Case],
    lines: Sequence[OutcomeLine],
    lists: Mapping[int, Sequence[str]],
) -> list[Placement]:
    seats = {
        row.programme.code: row
        for row in SchoolRound.objects.filter(round=round_).select_related("programme")
    }
    return [
        Placement(
            application_id=case.pk,
            child_id=case.child_id,
            school_round=seats[line.code],
            preference_rank=lists[case.pk].index(line.code) + 1,
        )
        for line in lines
        if line.code is not None
        for case in [cases[line.regno]]
    ]


def _apply_vovp(
    session: DrawSession,
    round_: Round,
    central: DrawOutcome,
    cases: Mapping[str, _Case],
    *,
    on: date,
    actor: User | None,
) -> tuple[int, int]:
    """DH-138 to DH-140: an improver that wins leaves its seat to the same VOVP; one that does not keeps it."""
    facts: list[Fact] = []
    lists = lists_of(application__participations__round=round_)
    taking_part = {
        row.application_id: row
        for row in Participation.objects.filter(round=round_, state=P.OPTED_IN).select_related(
            "held_placement__school_round__programme"
        )
    }
    winners: list[OutcomeLine] = []
    leaving: list[Placement] = []
    new_state: defaultdict[str, list[int]] = defaultdict(list)
    for line in central.lines:
        row = taking_part[cases[line.regno].pk]
        held = row.held_placement
        if line.code is None or (held is not None and line.code == held.school_round.programme.code):
            new_state[P.UNCHANGED].append(row.pk)
            continue
        winners.append(line)
        new_state[P.IMPROVED if held is not None else P.PLACED].append(row.pk)
        if held is not None:
            leaving.append(held)
    for state, ids in new_state.items():
        move_rows(Participation.objects, ids, old=P.OPTED_IN, new=state, moves=PARTICIPATION_MOVES)

    # The old seats first: SQLite checks each row as it comes, and a child holds one seat at a time.
    _supersede(leaving, session=session, round_=round_, on=on, facts=facts)
    placements = _new_placements(round_, cases, winners, lists)
    left_by = {placement.application_id: placement for placement in leaving}
    for placement in placements:
        placement.supersedes = left_by.get(placement.application_id)
    Placement.objects.bulk_create(placements, batch_size=500)
    book(placed_entries(placements, session=session, on=on, cause=session.name))

    reasons = _reasons(central)
    rank = {placement.application_id: placement.preference_rank for placement in placements}
    first = [cases[line.regno] for line in winners if rank[cases[line.regno].pk] == 1]
    lower = [
        case for line in winners if rank[(case := cases[line.regno]).pk] > 1 and case.decision == D.UNPLACED
    ]
    _decide(first, D.ADMITTED, reasons=reasons, facts=facts)
    _decide(lower, D.PLACED_LOWER, reasons=reasons, facts=facts)
    facts += [
        Fact(
            "vovp_result",
            "application",
            cases[line.regno].registration_number,
            new=line.code or "-",
            reason=text,
        )
        for line in central.lines
        for text in [reasons[line.regno]]
    ]
    record_events(round_.year, facts, actor=actor)
    without = [row for row in taking_part.values() if row.kind == ParticipationKind.UNPLACED]
    won = {placement.application_id for placement in placements}
    return len(placements), sum(row.application_id not in won for row in without)


def _supersede(
    leaving: Sequence[Placement], *, session: DrawSession, round_: Round, on: date, facts: list[Fact]
) -> None:
    seats = {row.programme_id: row for row in SchoolRound.objects.filter(round=round_)}
    by_state: defaultdict[str, list[Placement]] = defaultdict(list)
    for placement in leaving:
        by_state[placement.state].append(placement)
    for state, group in sorted(by_state.items()):
        move_rows(
            Placement.objects,
            [placement.pk for placement in group],
            old=state,
            new=PlacementState.SUPERSEDED,
            moves=PLACEMENT_MOVES,
        )
    # Whoever had not replied to the place it leaves need not any more.
    answered = live_cases([placement.application_id for placement in leaving], CaseKind.OVERDUE)
    settle_cases(round_.year, answered, CaseEnd.PLACE_ENDED, actor=None)
    entries = []
    for placement in leaving:
        seat = seats[placement.school_round.programme_id]
        facts.append(
            Fact(
                "placement_superseded", "placement", str(placement.pk), old=placement.state, new="superseded"
            )
        )
        if seat.is_capped:
            entries.append(
                LedgerEntry(
                    school_round=seat,
                    kind=EntryKind.RELEASED,
                    places=1,
                    placement=placement,
                    session=session,
                    effective_on=on,
                    cause=session.name,
                )
            )
    book(entries)
