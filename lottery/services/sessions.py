"""The life of a draw session: freeze and commit, dice, beacon, compute, verify (OA-LOT/1 section 7).

Each step is one transaction that moves the session one state further; asked twice it does nothing the second time,
so that a crash, a second click or a redelivered task gives the same bytes or nothing.
"""

import hashlib
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from lottery.engine.commitment import (
    Commitment,
    Seed,
    beacon_time,
    dice_slot,
    parse_commitment,
    parse_seed,
    rehearsal_beacon,
    render_commitment,
    render_seed,
    secret_hash,
)
from lottery.engine.files import Dossiers, parse_dossiers, render_dossiers, render_participants
from lottery.engine.outcome import SessionOutcome, parse_outcome, render_outcome
from lottery.engine.session import compute_session
from lottery.enums import AttestationKind, Profile, SessionKind, SessionState
from lottery.models import Attestation, Draw, DrawOutcome, DrawSession, SessionNumber
from lottery.services.verification import VERIFIER, verify_files
from schools.errors import RefusedError
from schools.models import AdmissionYear, Round, User

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # 32 letters and digits (OA-LOT/1 section 3)
NUMBER_LENGTH = 8
THROWS = 60

DAY = timedelta(hours=24)
RESERVE_HOURS = (1, 2)  # reserve rounds one and two hours later (section 10)
LOCK_MARGIN = timedelta(seconds=60)  # between the lock of the dice and the beacon round (section 4.4)
REHEARSAL_PREFIX = "OEFEN-"
BATCH = 1000
NAME_LENGTH = 32  # of a zitting (OA-LOT/1 section 3)


class SessionError(RefusedError):
    """The session cannot do that now."""


class VerificationFailed(SessionError):
    """The second program does not agree: nothing is official."""


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def beacon_round_from(moment: datetime) -> int:
    """The first drand-quicknet round at or after ``moment`` (section 10: one round every 3 seconds)."""
    first = beacon_time(1)
    return 1 + max(0, math.ceil((moment - first) / timedelta(seconds=3)))


def session_name(round_: Round) -> str:
    """A zitting that was never used before: ``OEFEN-CITY-2023-ALM1-7KQ2F`` in a rehearsal."""
    year: AdmissionYear = round_.year
    slug = re.sub(r"[^0-9A-Z-]", "", year.region.slug.upper())[:9].strip("-")
    base = f"{slug}-{year.code[:4]}-{round_.code}"
    if not year.is_rehearsal:
        used = DrawSession.objects.filter(round=round_, kind=SessionKind.ROUND).count()
        return base if not used else f"{base}-P{used + 1}"
    return f"{REHEARSAL_PREFIX}{base}-{''.join(secrets.choice(SYMBOLS) for _ in range(5))}"


def school_session_name(round_: Round, code: str) -> str:
    """The zitting of a school's draw by hand: ``CITY-2023-ALM1-15AB00``, with ``OEFEN-`` in a rehearsal."""
    year: AdmissionYear = round_.year
    if year.is_rehearsal:
        ending = "".join(secrets.choice(SYMBOLS) for _ in range(5))
        return f"{REHEARSAL_PREFIX}{year.code[:4]}-{round_.code}-{code[:6]}-{ending}"
    slug = re.sub(r"[^0-9A-Z-]", "", year.region.slug.upper())[:8].strip("-")
    used = DrawSession.objects.filter(round=round_, kind=SessionKind.SCHOOL, key=code).count()
    base = f"{slug}-{year.code[:4]}-{round_.code}-{code[:6]}"
    return base if not used else f"{base}-P{used + 1}"


def mini_session_name(original: DrawSession, key: str, attempt: int = 1) -> str:
    """``<zitting>-N1``, with ``-P2`` behind it for a second attempt; a long rehearsal name loses its last signs."""
    ending = f"-{key}" if attempt == 1 else f"-{key}-P{attempt}"
    return original.name[: NAME_LENGTH - len(ending)].rstrip("-") + ending


def draw_session_numbers(count: int) -> list[str]:
    """Fresh numbers for one session from the operating system's generator; worthless before K exists."""
    numbers: dict[str, None] = {}
    while len(numbers) < count:
        numbers["".join(secrets.choice(SYMBOLS) for _ in range(NUMBER_LENGTH))] = None
    return list(numbers)


def new_salt() -> str:
    """128 random bits for one child line."""
    return secrets.token_hex(16)


@transaction.atomic
def freeze_session(
    *,
    round_: Round,
    name: str,
    dossiers: Dossiers,
    draws: Sequence[str],
    registration_numbers: Mapping[str, str],
    rules_text: bytes,
    frozen_at: datetime,
    beacon_at: datetime,
    actor: User | None,
    notes: Sequence[str] = (),
    profile: str = Profile.NB,
    secret: str = "",
    kind: SessionKind = SessionKind.ROUND,
    key: str = "",
    repairs: DrawSession | None = None,
) -> DrawSession:
    """Write the lists of a session and its promise: dossiers.txt, deelnemers.txt, vastlegging.txt.

    Shapes: ``registration_numbers`` by session number, for every child of ``dossiers``; ``secret`` 64 hex digits in
            the profiles NG and NGB, of which only the hash is kept.
    Errors: SessionError when the beacon round lies less than 24 hours after the freeze (a rehearsal gets a note), or
            when this installation may not make a session of this kind.
    Source: OA-LOT/1 sections 3, 4 and 7; DH-201.
    """
    is_rehearsal = name.startswith(REHEARSAL_PREFIX)
    if is_rehearsal and not settings.REHEARSAL_ALLOWED:
        raise SessionError(_("This installation is for real draws: a rehearsal session is refused."))
    notes = [*notes]
    has_beacon = profile in (Profile.NB, Profile.NGB)
    if has_beacon and beacon_at - frozen_at < DAY:
        if not is_rehearsal:
            raise SessionError(
                _("Between the freeze and the draw there must be 24 hours. Choose a later moment.")
            )
        notes.append(_("Rehearsal: there are less than 24 hours between the freeze and the beacon round."))
    first = beacon_round_from(beacon_at)
    previous = DrawSession.objects.filter(round=round_, kind=kind, key=key).order_by("pk").last()
    content, public = render_dossiers(dossiers), render_participants(dossiers)
    commitment = render_commitment(
        Commitment(
            session=name,
            attempt=(previous.attempt + 1) if previous else 1,
            previous=previous.commitment_hash if previous else None,
            profile=profile,
            participants_hash=sha256_hex(public),
            dossiers_hash=sha256_hex(content),
            rules_hash=sha256_hex(rules_text),
            verifier_hash=sha256_hex(VERIFIER.read_bytes()),
            dice="hand" if profile == Profile.H else "d6",
            throws=0 if profile == Profile.H else THROWS,
            beacon_rounds=(first, *(first + hours * 1200 for hours in RESERVE_HOURS)) if has_beacon else (),
            secret_hash=secret_hash(name, secret) if profile in (Profile.NG, Profile.NGB) else None,
            coupling="sla-over",
            draws=tuple(draws),
            frozen_at=timestamp(frozen_at),
        )
    )
    session = DrawSession.objects.create(
        name=name,
        round=round_,
        kind=kind,
        key=key,
        repairs=repairs,
        is_rehearsal=is_rehearsal,
        attempt=(previous.attempt + 1) if previous else 1,
        profile=profile,
        dossiers=content,
        participants=public,
        commitment=commitment,
        dossiers_hash=sha256_hex(content),
        participants_hash=sha256_hex(public),
        commitment_hash=sha256_hex(commitment),
        frozen_at=frozen_at,
        rules_hash=sha256_hex(rules_text),
        verifier_hash=sha256_hex(VERIFIER.read_bytes()),
        notes=notes,
    )
    SessionNumber.objects.bulk_create(
        (
            SessionNumber(session=session, number=number, registration_number=registration_number)
            for number, registration_number in registration_numbers.items()
        ),
        batch_size=BATCH,
    )
    attest(session, AttestationKind.FREEZE, actor=actor, at=frozen_at, note=session.commitment_hash)
    return session


def attest(
    session: DrawSession, kind: AttestationKind, *, actor: User | None, at: datetime, note: str = ""
) -> Attestation:
    return Attestation.objects.create(session=session, kind=kind, user=actor, at=at, note=note[:500])


def check_dice(digits: str) -> str:
    """60 digits 1 to 6, without spaces; SessionError with a sentence otherwise."""
    digits = "".join(digits.split())
    if len(digits) != THROWS:
        raise SessionError(
            _("There are %(found)d dice digits: exactly %(throws)d are needed.")
            % {"found": len(digits), "throws": THROWS}
        )
    wrong = re.search(r"[^1-6]", digits)
    if wrong:
        raise SessionError(
            _("Dice digit number %(position)d is “%(digit)s”: a die shows 1 to 6. Look at that throw again.")
            % {"position": wrong.start() + 1, "digit": wrong.group()}
        )
    return digits


def lock_session(session_id: int) -> DrawSession:
    return (
        DrawSession.objects.select_for_update(of=("self",))
        .select_related("round__year__region")
        .get(pk=session_id)
    )


def move_session(session: DrawSession, target: SessionState) -> None:
    if not session.can_move_to(target):
        raise SessionError(
            _("Session %(name)s is “%(state)s” and cannot do that now.")
            % {"name": session.name, "state": session.get_state_display()}
        )
    session.state = target


@transaction.atomic
def seed_rehearsal(*, session_id: int, digits: str, actor: User | None) -> DrawSession:
    """Dice and the stand-in beacon of a rehearsal: writes zaad.txt (data-formats.md section 2).

    Once written the seed is determined: asked again with the same dice nothing changes, with other dice it refuses.
    """
    digits = check_dice(digits)
    session = lock_session(session_id)
    if not session.is_rehearsal:
        raise SessionError(_("Only a rehearsal may use a stand-in for the public beacon."))
    plan = parse_commitment(bytes(session.commitment))
    beacon = (plan.beacon_rounds[0], rehearsal_beacon(session.name, digits))
    seed = render_seed(
        Seed(
            session=session.name,
            commitment_hash=session.commitment_hash,
            digits=digits,
            orders=(),
            beacon=beacon,
            secret=None,
        )
    )
    if session.seed is not None:
        if bytes(session.seed) != seed:
            raise SessionError(
                _("The dice of session %(name)s are locked already. Start again with the same digits.")
                % {"name": session.name}
            )
        return session
    # What takes people and a day in the ceremony is one step here; no state is skipped.
    if session.state == SessionState.FROZEN:
        move_session(session, SessionState.COMMITTED)
        session.committed_at = session.frozen_at
        session.save()
    move_session(session, SessionState.LOCKED)
    session.digits = digits
    session.slot = dice_slot(session.name, session.commitment_hash, digits)
    session.beacon_at = beacon_time(beacon[0])
    session.locked_at = session.beacon_at - 10 * LOCK_MARGIN
    session.save()
    move_session(session, SessionState.SEEDED)
    session.seed, session.seed_hash = seed, sha256_hex(seed)
    session.beacon_round, session.beacon_value = beacon
    session.save()
    attest(session, AttestationKind.DICE, actor=actor, at=session.locked_at, note=session.slot)
    attest(session, AttestationKind.BEACON, actor=actor, at=session.beacon_at, note=beacon[1])
    return session


def compute(session: DrawSession) -> SessionOutcome:
    """The outcome as a pure function of the stored bytes."""
    if session.seed is None:
        raise SessionError(_("The dice and the beacon of this session are not known yet."))
    return compute_session(
        parse_dossiers(bytes(session.dossiers)),
        parse_commitment(bytes(session.commitment)),
        parse_seed(bytes(session.seed)),
    )


@transaction.atomic
def store_outcome(*, session_id: int, outcome: SessionOutcome, at: datetime) -> DrawSession:
    """Keep uitslag.txt and its lines; a second delivery must bring the same bytes."""
    session, content = lock_session(session_id), render_outcome(outcome)
    if session.outcome is not None:
        if bytes(session.outcome) != content:
            raise SessionError(_("This session has another outcome already: stop and call the supplier."))
        return session
    move_session(session, SessionState.COMPUTED)
    session.outcome, session.outcome_hash, session.computed_at = content, sha256_hex(content), at
    session.save()
    draws = Draw.objects.bulk_create(
        Draw(
            session=session,
            position=position,
            draw_id=draw.id,
            places=str(draw.places),
            children=draw.children,
        )
        for position, draw in enumerate(outcome.draws, start=1)
    )
    DrawOutcome.objects.bulk_create(
        (
            DrawOutcome(
                draw=stored,
                rank=line.rank,
                number=line.regno,
                unit=line.unit,
                tier=line.tier,
                lot=line.lot,
                code=line.code or "",
            )
            for stored, draw in zip(draws, outcome.draws, strict=True)
            for line in draw.lines
        ),
        batch_size=BATCH,
    )
    return session


def verify_session(*, session_id: int, at: datetime) -> DrawSession:
    """Let the second program judge the stored files. Raises VerificationFailed; then the state has not changed."""
    session = DrawSession.objects.get(pk=session_id)
    if session.is_verified:
        return session
    if session.state != SessionState.COMPUTED:
        raise SessionError(_("Session %(name)s has no outcome to verify yet.") % {"name": session.name})
    files = session.files()
    verdict = verify_files(files, commitment_hash=session.commitment_hash)
    if not verdict.agrees:
        raise VerificationFailed(
            _(
                "The verifier does not agree with the outcome of %(name)s (exit %(code)d). "
                "Nothing is official. %(report)s"
            )
            % {"name": session.name, "code": verdict.exit_code, "report": verdict.report.strip()[-400:]}
        )
    with transaction.atomic():
        session = lock_session(session_id)
        if session.is_verified:
            return session
        if session.files() != files:
            raise VerificationFailed(
                _("The files changed while they were being verified. Nothing is official.")
            )
        move_session(session, SessionState.VERIFIED)
        session.verified_at, session.verifier_report = at, verdict.report
        session.save()
        attest(session, AttestationKind.VERIFIED, actor=None, at=at, note=session.outcome_hash)
    return session


def mark_applied(session: DrawSession, *, at: datetime) -> None:
    """Make the session the official one of its round; the caller holds the row and the transaction."""
    move_session(session, SessionState.APPLIED)
    session.applied_at = at
    try:
        with transaction.atomic():
            session.save(update_fields=["state", "applied_at"])
    except IntegrityError as exc:
        raise SessionError(_("This round has an official result already.")) from exc


def outcome_of(session: DrawSession) -> SessionOutcome:
    """The parsed outcome of a verified session; SessionError before that (fail closed)."""
    if not session.is_verified or session.outcome is None:
        raise SessionError(
            _("Session %(name)s has not been verified: it has no result.") % {"name": session.name}
        )
    return parse_outcome(bytes(session.outcome))
