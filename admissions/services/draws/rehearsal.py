"""Playing a whole round of a rehearsal year on its calendar days (``run_round``, data-formats.md section 2).

It stands in for the ceremony and says so in the draw record. Each step is one transaction and the steps can be taken
up again: a killed run leaves a consistent round, and the same command finishes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.case_enums import CaseEnd
from admissions.enums import CARE_MOVES, CareState, CaseKind, ParticipationState
from admissions.models import CareCase, Participation
from admissions.procedures.registry import procedure_of
from admissions.services.cases.settling import live_cases, settle_cases
from admissions.services.draws.freezing import freeze_lists, unsettled_care
from admissions.services.draws.outcomes import apply_session, count_outcome
from admissions.services.forms.closing import keep_time
from admissions.services.letters.offers import send_offers
from admissions.services.places.vovp import OptIn, everybody, invite_eligible, read_opt_ins, record_opt_ins
from admissions.services.replies.kept_withdrawals import carry_out
from admissions.services.year.states import move_rows
from lottery.enums import OFFICIAL_STATES, SessionKind, SessionState
from lottery.models import DrawSession
from lottery.services.sessions import (
    DAY,
    check_dice,
    compute,
    freeze_session,
    seed_rehearsal,
    session_name,
    store_outcome,
    verify_session,
)
from schools.calendar_words import dates_in_words
from schools.clock import move_clock
from schools.enums import DrawMode, RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import ProgrammeYear, Round, SchoolRound, User, end_of_day, local_moment
from schools.services.confirmations import confirm_rules_in_rehearsal
from schools.services.events import Fact, record_events
from schools.services.jobs import Progress
from schools.services.rounds import missing_dates, move_round

NOON = time(12)
OFFICE_HOUR = time(10)


class RehearsalRefused(RefusedError):
    """This round cannot be played now."""


@dataclass(frozen=True, slots=True)
class PlayedRound:
    """What a round came to."""

    session: str
    children: int
    placed: int
    unplaced: int
    offers: int
    messages: int


def silent(step: str) -> None:
    """Progress that nobody reads."""


def check_playable(round_: Round, *, digits: str) -> str:
    """Everything that can refuse before anything has changed; returns the dice without spaces."""
    year = round_.year
    if not settings.REHEARSAL_ALLOWED or not year.is_rehearsal:
        raise RehearsalRefused(
            _("This is a real year: a round is drawn in a ceremony with the notary, not with this command.")
        )
    if round_.state in (RoundState.OFFERS, RoundState.CLOSED):
        raise RehearsalRefused(_("Round %(round)s has been played already.") % {"round": round_.code})
    earlier = year.rounds.filter(position__lt=round_.position).exclude(
        state__in=[RoundState.OFFERS, RoundState.CLOSED]
    )
    waiting = earlier.order_by("position").first()
    if waiting is not None:
        raise RehearsalRefused(
            _("Round %(round)s comes after %(waiting)s, which has not been played yet. Play that one first.")
            % {"round": round_.code, "waiting": waiting.code}
        )
    missing = missing_dates(round_)
    if missing:
        raise RehearsalRefused(
            _("Round %(code)s cannot open: these dates are missing: %(dates)s. Fill them in first.")
            % {"code": round_.code, "dates": dates_in_words(missing)}
        )
    freeze_moment(round_)
    return check_dice(digits)


def freeze_moment(round_: Round) -> tuple[datetime, datetime]:
    """When the lists are frozen and when the beacon speaks: at least 24 hours later, not after the sending day."""
    frozen_at = round_.freeze_at
    closed = round_.processing_until if round_.kind == RoundKind.ALM else round_.opt_in_until
    assert closed is not None and round_.central_matching_on is not None and round_.offers_on is not None
    frozen_at = max(frozen_at, end_of_day(closed))
    beacon_at = max(local_moment(round_.central_matching_on, NOON), frozen_at + DAY + timedelta(minutes=1))
    if beacon_at >= end_of_day(round_.offers_on):
        raise RehearsalRefused(
            _(
                "Round %(round)s has too little time between closing and sending: between the freeze and the draw "
                "there must be 24 hours. Choose a later sending day."
            )
            % {"round": round_.code}
        )
    return frozen_at, beacon_at


def play_round(
    round_: Round,
    *,
    digits: str,
    actor: User | None,
    opt_ins: bytes | None = None,
    opt_ins_name: str = "",
    progress: Progress = silent,
) -> PlayedRound:
    """Close, freeze, commit, draw, match, verify, decide and send one round. Raises RefusedError with a sentence.

    Shapes: ``digits`` 60 dice digits; ``opt_ins`` the bytes of an opt-in file, None = everybody eligible (VOVP only).
    """
    digits = check_playable(round_, digits=digits)
    if opt_ins is not None and round_.kind != RoundKind.VOVP:
        raise RehearsalRefused(
            _("An opt-in file belongs to a VOVP: %(round)s is not one.") % {"round": round_.code}
        )
    sessions = DrawSession.objects.filter(round=round_, kind=SessionKind.ROUND)
    session = sessions.exclude(state=SessionState.VOID).first()
    if session is None:
        progress(_("Closing the round and freezing the lists"))
        session = _close_and_freeze(round_, actor=actor, opt_ins=opt_ins, opt_ins_name=opt_ins_name)
    children = session.numbers.count()
    progress(
        ngettext(
            "Frozen: %(children)d child, commitment %(hash)s",
            "Frozen: %(children)d children, commitment %(hash)s",
            children,
        )
        % {"children": children, "hash": session.commitment_hash[:8]}
    )
    session = seed_rehearsal(session_id=session.pk, digits=digits, actor=actor)
    drawn_at = session.beacon_at
    assert drawn_at is not None  # set together with the seed
    _advance(round_, drawn_at)
    progress(_("Drawing and matching"))
    if session.outcome is None:
        session = store_outcome(session_id=session.pk, outcome=compute(session), at=drawn_at)
    progress(_("Verifying with the stand-alone program"))
    verified_at = drawn_at + timedelta(minutes=1)
    session = verify_session(session_id=session.pk, at=verified_at)
    _advance(round_, verified_at)  # what becomes official is dated after the verdict
    if session.state not in OFFICIAL_STATES:
        progress(_("Deciding: places, ledger and letters in one transaction"))
        apply_session(session_id=session.pk, actor=actor)
        round_.refresh_from_db()
    if round_.kind == RoundKind.VOVP and round_.state == RoundState.MATCHED:
        assert round_.visible_to_schools_at is not None
        _advance(round_, round_.visible_to_schools_at)
        move_round(round_, RoundState.VISIBLE_TO_SCHOOLS, actor=actor)
        carry_out(round_)
    progress(_("Sending the offers into the outbox"))
    assert round_.offers_on is not None
    _advance(round_, local_moment(round_.offers_on, OFFICE_HOUR))
    sent = send_offers(round_, actor=actor)
    placed, unplaced = count_outcome(session)  # of the stored files: right too when an earlier run decided
    return PlayedRound(session.name, children, placed, unplaced, sent.offers, sent.messages)


def _advance(round_: Round, to: datetime) -> None:
    """Move the clock of the year along; it never goes back."""
    round_.year.refresh_from_db()
    if round_.year.clock_at is None or to > round_.year.clock_at:
        move_clock(round_.year, to=to)


@transaction.atomic
def _close_and_freeze(
    round_: Round, *, actor: User | None, opt_ins: bytes | None, opt_ins_name: str
) -> DrawSession:
    frozen_at, beacon_at = freeze_moment(round_)
    notes = [
        str(
            _(
                "This was a rehearsal: run_round stood in for the ceremony, and the beacon value is a stand-in."
            )
        )
    ]
    if round_.kind == RoundKind.VOVP:
        _open_vovp(round_, actor=actor, opt_ins=opt_ins, name=opt_ins_name)
    else:
        assert round_.processing_until is not None
        _advance(round_, end_of_day(round_.processing_until))
        keep_time(round_, actor=actor)
        notes += settle_care(round_, actor=actor)
        notes += settle_rules(round_)
        by_hand = SchoolRound.objects.filter(
            round=round_, draw_mode=DrawMode.MANUAL, ceiling__isnull=False
        ).count()
        if by_hand:
            notes.append(
                str(
                    ngettext(
                        "%(count)d school that draws by hand was drawn in this session like the others.",
                        "%(count)d schools that draw by hand were drawn in this session like the others.",
                        by_hand,
                    )
                    % {"count": by_hand}
                )
            )
    _advance(round_, frozen_at)
    frozen = freeze_lists(round_)
    name = session_name(round_)
    session = freeze_session(
        round_=round_,
        name=name,
        dossiers=replace(frozen.dossiers, session=name),
        draws=frozen.draws,
        registration_numbers=frozen.registration_numbers,
        rules_text=procedure_of(round_.year.region).rules_text(),
        frozen_at=frozen_at,
        beacon_at=beacon_at,
        actor=actor,
        notes=notes,
    )
    move_round(round_, RoundState.FROZEN, actor=actor, reason=session.commitment_hash)
    return session


def _open_vovp(round_: Round, *, actor: User | None, opt_ins: bytes | None, name: str) -> None:
    assert round_.opt_in_from is not None and round_.opt_in_until is not None
    if round_.state == RoundState.PLANNED:
        invite_eligible(round_, actor=actor)
        move_round(round_, RoundState.INVITED, actor=actor)
    _advance(round_, local_moment(round_.opt_in_from))
    if round_.state == RoundState.INVITED:
        move_round(round_, RoundState.OPT_IN, actor=actor)
    typed = Participation.objects.filter(round=round_, state=ParticipationState.OPTED_IN).exists()
    if typed or round_.state == RoundState.OPT_IN_CLOSED:
        # Families were registered one by one: those take part, and nobody is opted in for them.
        if opt_ins is not None:
            raise RehearsalRefused(
                _("Families have been registered for %(round)s already. Play it without a file.")
                % {"round": round_.code}
            )
        chosen: Sequence[OptIn] = []
    else:
        chosen = everybody(round_) if opt_ins is None else read_opt_ins(round_, opt_ins, name=name)
    record_opt_ins(round_, chosen, actor=actor)
    _advance(round_, end_of_day(round_.opt_in_until))
    if round_.state == RoundState.OPT_IN:
        move_round(round_, RoundState.OPT_IN_CLOSED, actor=actor)


def settle_rules(round_: Round) -> list[str]:
    """In a rehearsal no school looks at its rules: they are taken as confirmed, and the record says so (DH-012)."""
    confirm_rules_in_rehearsal(round_.year)
    by_itself = ProgrammeYear.objects.filter(year=round_.year, rules_confirmed_by=None).exclude(
        rules_confirmed=""
    )
    count = by_itself.count()
    if not count:
        return []
    told = ngettext(
        "Rehearsal: the priority rules of %(count)d school were not confirmed by the school itself.",
        "Rehearsal: the priority rules of %(count)d schools were not confirmed by the schools themselves.",
        count,
    )
    return [str(told % {"count": count})]


def settle_care(round_: Round, *, actor: User | None) -> list[str]:
    """In a rehearsal nobody holds meetings: an open care request is recorded as "outcome not available" (DH-181)."""
    cases = unsettled_care(round_)
    if not cases:
        return []
    by_state: dict[str, list[CareCase]] = {}
    for case in cases:
        by_state.setdefault(case.state, []).append(case)
    for state, group in by_state.items():
        ids = [case.pk for case in group]
        # Step by step along the table: a planned meeting was held without finding a duty.
        path = {
            CareState.REQUESTED: [CareState.DUTY_NO],
            CareState.SIGNALLED: [CareState.DUTY_NO],
            CareState.MEETING_PLANNED: [CareState.MEETING_HELD, CareState.DUTY_NO],
            CareState.MEETING_HELD: [CareState.DUTY_NO],
        }[CareState(state)]
        old: str = state
        for new in path:
            move_rows(CareCase.objects, ids, old=old, new=new, moves=CARE_MOVES)
            old = new
    facts = [
        Fact(
            "care_outcome",
            "application",
            case.application.registration_number,
            old=case.state,
            new=CareState.DUTY_NO,
            reason="rehearsal: outcome not available",
        )
        for case in cases
    ]
    record_events(round_.year, facts, actor=actor)
    signals = live_cases([case.application_id for case in cases], CaseKind.SIGNAL)
    settle_cases(round_.year, signals, CaseEnd.CARE_OUTCOME, actor=actor)
    return [
        str(
            ngettext(
                "%(count)d care request without an outcome was recorded as “not available”.",
                "%(count)d care requests without an outcome were recorded as “not available”.",
                len(cases),
            )
            % {"count": len(cases)}
        )
    ]
