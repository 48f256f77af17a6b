"""The draw of a round as a ceremony: freeze by one, confirmation by another, computing (OA-LOT/1 section 7).

The part of admissions: lists, families and jobs. What happens at the table is ``lottery.services.ceremony`` and the
rooms beside it (``blind_entries``, ``beacon_steps``, ``attesting``, ``voiding``), which know no child.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import JobKind
from admissions.models import Application, Repair
from admissions.procedures.registry import procedure_of
from admissions.rules import OFFICE
from admissions.services.draws.commitment_mail import commitment_messages
from admissions.services.draws.ended_repairs import end_draws_afterwards
from admissions.services.draws.freezing import freeze_lists
from admissions.services.draws.preflight import READY, check_round
from admissions.services.draws.rehearsal import settle_care
from admissions.services.letters.outcome_messages import sending_moment
from admissions.services.letters.recipients import to_parents
from admissions.services.replies.kept_withdrawals import carry_out
from lottery.engine.files import parse_dossiers
from lottery.engine.grammar import sha256_hex
from lottery.enums import AttestationKind, Profile, SessionKind, SessionState
from lottery.models import DrawSession, SessionNumber
from lottery.selectors import live_sessions
from lottery.services.attesting import publish_session
from lottery.services.ceremony import WITH_BEACON, WITH_SECRET, confirm_commitment, new_secret
from lottery.services.sessions import DAY, attest, freeze_session, session_name
from lottery.services.voiding import void_session
from notifications.enums import MessageKind, MessageState
from notifications.models import Message
from notifications.services.outbox import hold_messages, release_rows
from schools.access import roles_in
from schools.clock import database_now, now
from schools.enums import JobState, RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import Job, Round, User, local_moment
from schools.services.events import Fact, record_event
from schools.services.jobs import DRAW_STALE, AlreadyRunning, request_job
from schools.services.rounds import move_round
from schools.services.starting import start

NOON = time(12)
MARGIN = timedelta(hours=1)  # between 24 hours after the freeze and the beacon round that is proposed
LIVE = (JobState.REQUESTED, JobState.RUNNING)


class CeremonyError(RefusedError):
    """The ceremony cannot do that now."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """``secret`` is shown once, for the sealed envelope; nobody can look it up later."""

    session: DrawSession
    secret: str


def live_session(round_: Round) -> DrawSession | None:
    """The session of a round that is not void; the newest, with its bytes."""
    return live_sessions(round_).select_related("round__year__region").first()


def proposed_beacon(round_: Round) -> datetime:
    """Noon of the day of the draw, or as soon as 24 hours and a margin allow."""
    earliest = now(round_.year) + DAY + MARGIN
    if round_.central_matching_on is None:
        return earliest
    return max(local_moment(round_.central_matching_on, NOON), earliest)


def _check_office(round_: Round, actor: User) -> None:
    if OFFICE.isdisjoint(roles_in(actor, round_.year.region)):
        raise CeremonyError(_("Your role may not do this in a draw."))


def _locked_round(round_id: int) -> Round:
    """Writers of what the draw is made of wait for this row, and whoever freezes waits for them."""
    rows = Round.objects.select_for_update(of=("self",), no_key=True).select_related("year__region")
    return rows.get(pk=round_id)


@transaction.atomic
def freeze_round(
    round_id: int,
    *,
    actor: User,
    beacon_at: datetime | None = None,
    profile: str = Profile.NB,
    warnings_seen: bool = False,
) -> Frozen:
    """Freeze the lists of a round and write the commitment; public only when somebody else has confirmed.

    Errors: CeremonyError for a red line of the pre-flight, for warnings nobody looked at, and for the second of two
            managers; SessionError when the beacon round lies within 24 hours in a real year.
    """
    round_ = _locked_round(round_id)
    _check_office(round_, actor)
    session = live_session(round_)
    if session is not None:
        row = session.attestations.filter(kind=AttestationKind.FREEZE).select_related("user").first()
        raise CeremonyError(
            _("%(name)s froze the lists of this round already.")
            % {"name": row.user if row and row.user else "–"}
        )
    preflight = check_round(round_)
    if preflight.blocked:
        raise CeremonyError(
            _("The pre-flight has red lines, so nothing was frozen. First mend this: %(text)s")
            % {"text": preflight.red[0].text}
        )
    if preflight.warnings and not warnings_seen:
        raise CeremonyError(_("There are warnings. Look at them and tick that you have seen them."))
    at = now(round_.year)
    name, frozen = session_name(round_), freeze_lists(round_)
    if not frozen.registration_numbers:
        raise CeremonyError(_("Nobody takes part in this draw: there is nothing to freeze."))
    secret = new_secret() if profile in WITH_SECRET else ""
    session = freeze_session(
        round_=round_,
        name=name,
        dossiers=replace(frozen.dossiers, session=name),
        draws=frozen.draws,
        registration_numbers=frozen.registration_numbers,
        rules_text=procedure_of(round_.year.region).rules_text(),
        frozen_at=at,
        beacon_at=(beacon_at or proposed_beacon(round_)) if profile in WITH_BEACON else at + DAY,
        actor=actor,
        notes=[finding.text for finding in preflight.warnings],
        profile=profile,
        secret=secret,
    )
    move_round(round_, RoundState.FROZEN, actor=actor, reason=session.commitment_hash)
    return Frozen(session, secret)


@transaction.atomic
def confirm_round(session_id: int, *, actor: User) -> DrawSession:
    """The second person: the commitment becomes public and goes to boards and notary (M21); every family gets its
    own line (M20).
    """
    session = confirm_commitment(session_id=session_id, actor=actor)
    hold_messages([*_freeze_messages(session), *commitment_messages(session)])
    at = now(session.round.year)
    told = (MessageKind.M20, MessageKind.M21)
    rows = Message.objects.filter(round=session.round, kind__in=told, state=MessageState.HELD)
    # After a draw by hand the line would tell its result: that family hears it on the sending day (DH-111).
    release_rows(rows, now=at)
    fact = Fact(
        "session_committed", "round", session.round.code, new=session.name, reason=session.commitment_hash
    )
    record_event(session.round.year, fact, actor=actor)
    return session


def _freeze_messages(session: DrawSession) -> Iterator[Message]:
    """M20: session number, own dossier line, its seal and H_C; the last moment to object (Q-49)."""
    year, at = session.round.year, now(session.round.year)
    lines = {
        child.regno: line
        for child, line in zip(
            parse_dossiers(bytes(session.dossiers)).children,
            (
                line
                for line in bytes(session.dossiers).decode("ascii").splitlines()
                if line.startswith("kind|")
            ),
            strict=True,
        )
    }
    in_alm, later = session.round.kind == RoundKind.ALM, sending_moment(session.round)
    numbers = dict(SessionNumber.objects.filter(session=session).values_list("registration_number", "number"))
    rows = Application.objects.filter(year=year).select_related("child", "form").prefetch_related("guardians")
    for application in rows.iterator(chunk_size=2000):
        number = numbers.get(application.registration_number)
        if number is None:
            continue
        line = lines[number]
        is_told_later = in_alm and line.split("|")[3] == "C"
        yield Message(
            year=year,
            round=session.round,
            kind=MessageKind.M20,
            case_key=f"{application.registration_number}/{session.round.code}/{session.attempt}",
            registration_number=application.registration_number,
            **to_parents(application),
            merge={
                "child_name": application.child.full_name,
                "registration_number": application.registration_number,
                "round_code": session.round.code,
                "session_name": session.name,
                "session_number": number,
                "dossier_line": line,
                "seal": sha256_hex(line.encode("ascii")),
                "commitment_hash": session.commitment_hash,
            },
            not_before=later if is_told_later else at,
        )


@transaction.atomic
def void_round(session_id: int, *, reason: str, actor: User) -> DrawSession:
    """Give a session up and open the lists for the mend; the next freeze is a new attempt."""
    round_id = DrawSession.objects.values_list("round_id", flat=True).get(pk=session_id)
    round_ = _locked_round(round_id)
    session = void_session(session_id=session_id, reason=reason, actor=actor)
    if session.kind != SessionKind.ROUND:  # its round stands as it was
        children = Repair.objects.filter(mini_session=session).values_list("application", flat=True)
        end_draws_afterwards([pk for pk in children if pk is not None], actor=actor)
        return session
    move_round(round_, READY[round_.kind], actor=actor, reason=session.name)  # type: ignore[index]
    carry_out(round_)  # the lists are open again: who withdrew is not in the next attempt
    return session


@transaction.atomic
def settle_rehearsal_care(round_id: int, *, actor: User) -> None:
    """In a rehearsal nobody holds meetings: open care wishes get "outcome not available" (DH-181)."""
    round_ = _locked_round(round_id)
    _check_office(round_, actor)
    if not round_.year.is_rehearsal or round_.state != RoundState.LOCKED:
        raise CeremonyError(_("Only in a rehearsal, between the deadline and the freeze."))
    settle_care(round_, actor=actor)


# Computing


@transaction.atomic
def request_draw(session_id: int, *, actor: User) -> Job:
    """Ask for the computation of a session; the second of two managers reads who was first."""
    session = (
        DrawSession.objects.select_for_update(of=("self",))
        .select_related("round__year__region")
        .get(pk=session_id)
    )
    _check_office(session.round, actor)
    running = (
        Job.objects.filter(year=session.round.year, kind=JobKind.DRAW, key=session.round.code, state__in=LIVE)
        .select_related("requested_by")
        .first()
    )
    if running is not None:
        raise AlreadyRunning(_("%(name)s started this already.") % {"name": running.requested_by or "–"})
    if session.is_official:
        raise CeremonyError(_("The result of %(round)s is official already.") % {"round": session.round.code})
    if session.state not in (SessionState.SEEDED, SessionState.COMPUTED, SessionState.VERIFIED):
        raise CeremonyError(_("The dice and the beacon of this session are not known yet."))
    job = request_job(
        kind=JobKind.DRAW,
        key=session.round.code,
        year=session.round.year,
        actor=actor,
        arguments={"session": session.pk},
    )
    attest(session, AttestationKind.COMPUTE, actor=actor, at=now(session.round.year), note=session.seed_hash)
    start("admissions.tasks.start_draw", job.pk)
    return job


def draw_job(round_: Round) -> Job | None:
    """The newest computation of a round."""
    rows = Job.objects.filter(year=round_.year_id, kind=JobKind.DRAW, key=round_.code)
    return rows.select_related("requested_by").order_by("-pk").first()


def stopped_draws() -> list[int]:
    """Computations that nobody has been heard of for half a minute, or that were never begun."""
    at = database_now()
    return [
        job.pk
        for job in Job.objects.filter(kind=JobKind.DRAW, state__in=LIVE).order_by("pk")
        if at - (job.heartbeat_at or job.requested_at) >= DRAW_STALE
    ]


def publish_due() -> int:
    """Make attested sessions public whose families know."""
    waiting = DrawSession.objects.filter(state=SessionState.ATTESTED).values_list("pk", flat=True)
    return sum(publish_session(session_id=session_id) for session_id in list(waiting))
