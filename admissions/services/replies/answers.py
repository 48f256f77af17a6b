"""What families answer: enrolment and withdrawal, and where a freed seat goes (den-haag.md 2.8, DH-102, DH-103)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.case_enums import CARE_KINDS, CaseEnd
from admissions.enums import (
    ACTIVE_DECISIONS,
    DECISION_MOVES,
    PARTICIPATION_MOVES,
    PLACEMENT_MOVES,
    SEAT_TAKEN,
    CaseKind,
    Decision,
    ParticipationState,
    PlacementState,
)
from admissions.models import (
    Application,
    LateWithdrawal,
    Participation,
    Placement,
    Withdrawal,
)
from admissions.services.cases.opening import Opening, open_cases
from admissions.services.cases.settling import live_cases, settle_cases
from admissions.services.draws.ended_repairs import end_draws_afterwards
from admissions.services.letters.notices import tell_withdrawals
from admissions.services.places.freed import Freed, book_freed
from admissions.services.replies.late_withdrawals import keep_for_later
from admissions.services.replies.withdrawal_reasons import Reason
from admissions.services.year.states import chunks, move_rows
from notifications.enums import MESSAGE_MOVES, MessageState
from notifications.models import Message
from schools.clock import today
from schools.enums import RoundState
from schools.errors import RefusedError
from schools.models import AdmissionYear, Round, User
from schools.services.events import Fact, record_events
from schools.texts import long_date

S = PlacementState


class ReplyError(RefusedError):
    """This reply cannot be recorded."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """One application that ends; ``placement`` is the seat it gives back, if any."""

    application: Application
    placement: Placement | None
    reason: Reason
    on: date


@transaction.atomic
def record_enrolments(
    placement_ids: Sequence[int], *, year: AdmissionYear, on: date | None, actor: User | None
) -> int:
    """Parents enrol: OFFERED becomes ENROLLED (DH-122), one or many at once; returns how many.

    Raises ReplyError when one of them has no offer (any more); then none is recorded.
    """
    rows = [
        row
        for part in chunks(list(placement_ids))
        for row in Placement.objects.filter(pk__in=part).select_related("application")
    ]
    for row in rows:
        check_offered(row, on)
    if len(rows) != len(set(placement_ids)) or any(row.state != S.OFFERED for row in rows):
        raise ReplyError(
            _("Only a child with an offer can be enrolled. Reload the page: something has changed.")
        )
    by_day: defaultdict[date, list[int]] = defaultdict(list)
    for row in rows:
        by_day[on or row.offered_on or today(year)].append(row.pk)
    for day, ids in by_day.items():
        move_rows(
            Placement.objects, ids, old=S.OFFERED, new=S.ENROLLED, moves=PLACEMENT_MOVES, enrolled_on=day
        )
    facts = [
        Fact("enrolled", "application", row.application.registration_number, old=S.OFFERED, new=S.ENROLLED)
        for row in rows
    ]
    record_events(year, facts, actor=actor)
    answered = live_cases([row.application_id for row in rows], CaseKind.OVERDUE)
    settle_cases(year, answered, CaseEnd.ENROLLED, actor=actor)
    return len(rows)


def check_offered(placement: Placement, on: date | None) -> None:
    if on is not None and placement.offered_on is not None and on < placement.offered_on:
        raise ReplyError(
            _("The reply cannot be earlier than the offer, which was sent on %(day)s.")
            % {"day": long_date(placement.offered_on)}
        )


def seat_of(application: Application) -> Placement | None:
    """The seat this application gives back when it ends: held, or lapsed after a move (AE-22)."""
    taken = SEAT_TAKEN - {S.SUPERSEDED}
    return (
        Placement.objects.select_related("school_round__round", "school_round__programme")
        .filter(application=application, state__in=taken)
        .first()
    )


def withdraw(
    application_id: int,
    *,
    reason: Reason,
    on: date | None,
    actor: User | None,
    standstill: Round | None = None,
) -> Withdrawal | LateWithdrawal:
    """Take one application out of the procedure (DH-123); ``on`` None = today by the year's clock.

    While its round is frozen the withdrawal is kept, and carried out after the result (Q-10). ``standstill`` is a VOVP
    whose result schools may not see yet: then it is kept for every child alike, whoever takes part (DH-135).
    Raises ReplyError when the application has ended already.
    """
    with transaction.atomic():
        application = (
            Application.objects.select_for_update(of=("self",))
            .select_related("year", "first_choice__round")
            .get(pk=application_id)
        )
        seat = seat_of(application)
        day = on or today(application.year)
        if seat is not None and seat.state == S.LAPSED and not reason.is_reported:
            raise ReplyError(
                _(
                    "After an approved move, tick “report to the application coordinator”: "
                    "then the child can apply again."
                )
            )
        check_can_leave(application, seat, day)
        later = standstill or frozen_round_of(application)
        if later is not None:
            return keep_for_later(application, later, reason=reason, on=day, actor=actor)
        withdraw_all(application.year, [Leaving(application, seat, reason, day)], actor=actor)
        return Withdrawal.objects.get(application=application)


def frozen_round_of(application: Application) -> Round | None:
    """The frozen round this application may take part in; None when it can leave at once."""
    for round_ in application.year.rounds.filter(state=RoundState.FROZEN):
        if application.first_choice.round_id == round_.pk or (
            # Whoever could take part, not only who does: a difference would tell who opted in (DH-135).
            Participation.objects.filter(application=application, round=round_).exists()
        ):
            return round_
    return None


def sent_on_day(application: Application, seat: Placement | None) -> date | None:
    """The day on which the family heard: of the offer, or else of the result of its round."""
    if seat is not None:
        return seat.offered_on
    round_ = application.first_choice.round
    return round_.offers_on if round_.state in (RoundState.OFFERS, RoundState.CLOSED) else None


def check_can_leave(application: Application, seat: Placement | None, on: date) -> None:
    if application.decision not in ACTIVE_DECISIONS:
        raise ReplyError(_("This application has ended already."))
    sent_on = sent_on_day(application, seat)
    if sent_on is not None and on < sent_on:
        raise ReplyError(
            _("The reply cannot be earlier than %(day)s, the day on which the family heard.")
            % {"day": long_date(sent_on)}
        )
    if LateWithdrawal.objects.filter(application=application, applied_at=None).exists():
        raise ReplyError(
            _("This withdrawal has been recorded already. It is carried out when the result is known.")
        )


@transaction.atomic
def withdraw_all(year: AdmissionYear, leaving: Sequence[Leaving], *, actor: User | None) -> int:
    """End many applications: placements, ledger, participations, held messages, cases and events.

    A seat at a capped school goes to the first VOVP that can still take it, else stays where it was given (DH-102,
    DH-103, AE-20). Every one of them is barred for the rest of the year (DH-128).
    """
    by_decision: defaultdict[str, list[int]] = defaultdict(list)
    by_state: defaultdict[str, list[int]] = defaultdict(list)
    for item in leaving:
        by_decision[item.application.decision].append(item.application.pk)
        if item.placement is not None:
            by_state[item.placement.state].append(item.placement.pk)
    for decision, ids in by_decision.items():
        move_rows(
            Application.objects,
            ids,
            old=decision,
            new=Decision.WITHDRAWN,
            moves=DECISION_MOVES,
            state_field="decision",
        )
    for state, ids in by_state.items():
        move_rows(Placement.objects, ids, old=state, new=S.WITHDRAWN, moves=PLACEMENT_MOVES)
    Withdrawal.objects.bulk_create(
        (
            Withdrawal(
                application=item.application,
                placement=item.placement,
                reason=item.reason.kind,
                detail=item.reason.detail,
                is_reported=item.reason.is_reported,
                effective_on=item.on,
                recorded_by=actor,
            )
            for item in leaving
        ),
        batch_size=500,
    )
    _free_seats(year, leaving)
    _leave_vovps([item.application.pk for item in leaving])
    _cancel_messages(year, [item.application.registration_number for item in leaving])
    openings = [
        Opening(
            CaseKind.WITHDRAWAL,
            item.application.registration_number,
            note=f"{item.reason.kind} {item.reason.detail}".strip(),
            application=item.application,
        )
        for item in leaving
        if item.reason.is_reported
    ]
    open_cases(year, openings, actor=actor)
    ended = [item.application.pk for item in leaving]
    settle_cases(year, live_cases(ended, CaseKind.OVERDUE, *CARE_KINDS), CaseEnd.WITHDRAWN, actor=actor)
    end_draws_afterwards(ended, actor=actor)
    facts = [
        Fact(
            "withdrawn",
            "application",
            item.application.registration_number,
            old=item.application.decision,
            new=Decision.WITHDRAWN,
            reason=item.reason.kind,  # the detail may hold a name
        )
        for item in leaving
    ]
    record_events(year, facts, actor=actor)
    tell_withdrawals(
        [
            (item.application, f"{item.reason.kind} {item.reason.detail}".strip())
            for item in leaving
            if item.reason.is_reported
        ]
    )
    return len(leaving)


def _free_seats(year: AdmissionYear, leaving: Sequence[Leaving]) -> None:
    book_freed(year, [Freed(item.placement, item.on) for item in leaving if item.placement is not None])


def vacate(application: Application, seat: Placement) -> None:
    """End one placement outside a withdrawal by the family; the caller books its place with ``book_freed``."""
    move_rows(Placement.objects, [seat.pk], old=seat.state, new=S.WITHDRAWN, moves=PLACEMENT_MOVES)
    unanswered = live_cases([application.pk], CaseKind.OVERDUE)
    settle_cases(application.year, unanswered, CaseEnd.PLACE_ENDED, actor=None)
    _leave_vovps([application.pk])
    _cancel_messages(application.year, [application.registration_number])


def free_seat(application: Application, seat: Placement, *, on: date) -> None:
    """Give one seat back outside a withdrawal by the family: the application was struck (Q-08, Q-11)."""
    vacate(application, seat)
    book_freed(application.year, [Freed(seat, on)])


def _leave_vovps(application_ids: Sequence[int]) -> None:
    """A withdrawn child is out of every VOVP to come (4.6)."""
    for part in chunks(list(application_ids)):
        for state in (ParticipationState.INVITED, ParticipationState.OPTED_IN):
            ids = list(
                Participation.objects.filter(application__in=part, state=state).values_list("pk", flat=True)
            )
            move_rows(
                Participation.objects,
                ids,
                old=state,
                new=ParticipationState.REMOVED,
                moves=PARTICIPATION_MOVES,
            )


def _cancel_messages(year: AdmissionYear, numbers: Sequence[str]) -> None:
    """What was still held for the family is not sent (Q-10)."""
    for part in chunks(list(numbers)):
        held = Message.objects.filter(year=year, registration_number__in=part, state=MessageState.HELD)
        move_rows(
            Message.objects,
            list(held.values_list("pk", flat=True)),
            old=MessageState.HELD,
            new=MessageState.CANCELLED,
            moves=MESSAGE_MOVES,
        )
