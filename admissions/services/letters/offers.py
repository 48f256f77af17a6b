"""Sending the offers of a round on its one fixed day, opened by two people (DH-110 to DH-116, DH-142, Q-48).

Everything that is ready leaves in one transaction: places become offers, messages are released, deliveries made. What a
school marks ready later it sends itself, with the reply period counted from that day (Q-36).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from admissions.enums import CARE_MOVES, PLACEMENT_MOVES, CareState, PlacementState
from admissions.models import CareCase, Placement
from admissions.services.cases.late import settle_sent
from admissions.services.letters.outcome_messages import reply_deadline, sending_moment
from admissions.services.year.states import chunks, move_rows
from lottery.enums import SessionState
from lottery.models import DrawSession
from lottery.services.attesting import publish_session
from notifications.enums import OUTCOME_KINDS, SCHOOL_KINDS, MessageKind, MessageState
from notifications.models import Letter, Message, Release
from notifications.services.outbox import release_rows
from notifications.services.releases import (
    held_of,
    leaving_of,
    mark_ready,
    open_release,
    plan_release,
)
from schools.clock import now
from schools.enums import RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import AMSTERDAM, Round, School, User
from schools.services.events import Fact, record_event, record_events
from schools.services.rounds import move_round
from schools.texts import long_date

SHOWN = (RoundState.MATCHED, RoundState.VISIBLE_TO_SCHOOLS)


class TooEarly(RefusedError):
    """Nobody hears before the sending day."""


class OfferError(RefusedError):
    """These letters cannot be sent (now)."""


@dataclass(frozen=True, slots=True)
class Sent:
    offers: int
    messages: int


def release_of(round_: Round) -> Release:
    """The release of a round with its configured moment (DH-111)."""
    return plan_release(round_, moment=sending_moment(round_))


@transaction.atomic
def send_offers(round_: Round, *, actor: User | None) -> Sent:
    """In a rehearsal: open the release without its two people, for every school at once (DH-111, AE-18).

    Raises TooEarly before the sending day, OfferError in a real year. The reply period is counted from the real day of
    sending (Q-36).
    """
    if not round_.year.is_rehearsal:
        raise OfferError(_("Two people of the office must open this release."))
    at = now(round_.year)
    check_moment(round_, at)
    release = plan_release(round_, moment=sending_moment(round_), is_rehearsal=True)
    if not release.is_rehearsal and (release.first_by_id is None or release.second_by_id is None):
        # It was looked at on its page before the round was played to its end: the row says now who opened it.
        Release.objects.filter(pk=release.pk, opened_at=None).delete()
        release = plan_release(round_, moment=sending_moment(round_), is_rehearsal=True)
    for school in School.objects.filter(messages__in=held_of(release)).distinct():
        mark_ready(release, school, actor=actor, at=at)
    return _open(round_, release, at=at, actor=actor)


@transaction.atomic
def open_round(round_: Round, *, actor: User | None = None) -> Sent:
    """Two people have confirmed and the moment has come: everything that is ready goes out together (Q-48).

    Exactly once: a second call, a redelivered task or another worker finds the release opened and does nothing.
    Errors: TooEarly, or ReleaseError when one of the two is missing; then nothing has changed.
    """
    at = now(round_.year)
    check_moment(round_, at)
    return _open(round_, release_of(round_), at=at, actor=actor)


def check_moment(round_: Round, at: datetime) -> None:
    if at >= sending_moment(round_):
        return
    assert round_.offers_on is not None
    raise TooEarly(
        _("The offers of %(round)s go out on %(day)s, not earlier.")
        % {"round": round_.code, "day": long_date(round_.offers_on)}
    )


def _open(round_: Round, release: Release, *, at: datetime, actor: User | None) -> Sent:
    opened = open_release(release.pk, at=at)
    if opened is None:
        return Sent(0, 0)
    move_round(round_, RoundState.OFFERS, actor=actor)
    waiting = unreviewed_care(round_) if not round_.year.is_rehearsal else set()
    leaving = leaving_of(opened).exclude(kind=MessageKind.M16, registration_number__in=waiting)
    sent = _send(round_, leaving, at=at, actor=actor)
    # What has a moment of its own and no two people (M07, M14) leaves here at the latest.
    others = Message.objects.filter(round=round_).exclude(kind__in=sorted(OUTCOME_KINDS))
    told = release_rows(others, now=at)
    attested = DrawSession.objects.filter(round=round_, state=SessionState.ATTESTED)
    for session_id in attested.values_list("pk", flat=True):
        publish_session(session_id=session_id)
    fact = Fact(
        "release_opened", "round", round_.code, new=str(sent.messages), reason=f"{sent.offers} offers"
    )
    record_event(round_.year, fact, actor=actor)
    return Sent(sent.offers, sent.messages + told)


@transaction.atomic
def send_own(round_: Round, school: School, *, actor: User | None) -> Sent:
    """A school sends what it marked ready after the release (Q-48): for its own letters, from that day on.

    Errors: OfferError when the release has not been opened yet, or nothing of this school waits.
    """
    release = release_of(round_)
    release = Release.objects.select_for_update().get(pk=release.pk)
    if release.opened_at is None:
        raise OfferError(_("The letters of all schools go out together. Mark yours ready."))
    at = now(round_.year)
    mark_ready(release, school, actor=actor, at=at)
    rows = held_of(release).filter(school=school, kind__in=sorted(SCHOOL_KINDS))
    if not round_.year.is_rehearsal:
        rows = rows.exclude(kind=MessageKind.M16, registration_number__in=unreviewed_care(round_))
    sent = _send(round_, rows, at=at, actor=actor)
    if not sent.messages:
        raise OfferError(_("No letter of your school waits."))
    fact = Fact("sent_late", "round", round_.code, new=str(sent.messages), reason=school.brin)
    record_event(round_.year, fact, actor=actor)
    return sent


def _send(round_: Round, rows: QuerySet[Message], *, at: datetime, actor: User | None) -> Sent:
    """Release these messages and offer the places they are about, dated today."""
    today = at.astimezone(AMSTERDAM).date()
    messages = list(rows.values_list("pk", "registration_number", "kind"))
    numbers = [number for _pk, number, _kind in messages if number]
    offers = _offer(round_, numbers, today=today, actor=actor)
    if round_.offers_on != today:
        _date_again([pk for pk, _number, _kind in messages], today=today, weeks=round_.reply_weeks)
    released = 0
    for part in chunks([pk for pk, _number, _kind in messages]):
        released += release_rows(Message.objects.filter(pk__in=part), now=at)
    care_letters_sent([number for _pk, number, kind in messages if kind == MessageKind.M16])
    settle_sent(round_, actor=actor)
    return Sent(offers, released)


def _offer(round_: Round, numbers: Sequence[str], *, today: date, actor: User | None) -> int:
    rows: list[tuple[int, str]] = []
    for part in chunks(list(numbers)):
        reserved = Placement.objects.filter(
            school_round__round=round_,
            state=PlacementState.RESERVED,
            application__registration_number__in=part,
        )
        rows += reserved.values_list("pk", "application__registration_number")
    move_rows(
        Placement.objects,
        [pk for pk, _number in rows],
        old=PlacementState.RESERVED,
        new=PlacementState.OFFERED,
        moves=PLACEMENT_MOVES,
        offered_on=today,
        respond_by=reply_deadline(today, round_.reply_weeks),
    )
    facts = [
        Fact("offer_sent", "application", number, old="reserved", new="offered", reason=round_.code)
        for _pk, number in rows
    ]
    record_events(round_.year, facts, actor=actor)
    return len(rows)


def _date_again(ids: Sequence[int], *, today: date, weeks: int) -> None:
    """Sent on another day than planned: date and reply period of the held messages follow (Q-36, AE-18).

    A letter that was printed with the planned day has not left: it is made anew.
    """
    for part in chunks(list(ids)):
        held = list(Message.objects.filter(pk__in=part, state=MessageState.HELD))
        for message in held:
            message.merge = message.merge | {"letter_date": today.isoformat()}
            if message.merge.get("respond_by"):
                message.merge["respond_by"] = reply_deadline(today, weeks).isoformat()
        Message.objects.bulk_update(held, ["merge"], batch_size=200)
        Letter.objects.filter(message_id__in=part).delete()


def unreviewed_care(round_: Round) -> set[str]:
    """Children whose care letter the programme manager has not ticked as reviewed: it does not leave (DH-176)."""
    waiting = CareCase.objects.filter(
        application__first_choice__round=round_, state__in=[CareState.DUTY_YES, CareState.LETTER_DRAFT]
    )
    return set(waiting.values_list("application__registration_number", flat=True))


def care_letters_sent(numbers: Iterable[str]) -> None:
    """The care letters of these children have left: the last step of their route (4.3)."""
    reviewed = CareCase.objects.filter(
        application__registration_number__in=list(numbers), state=CareState.LETTER_REVIEWED
    )
    move_rows(
        CareCase.objects,
        list(reviewed.values_list("pk", flat=True)),
        old=CareState.LETTER_REVIEWED,
        new=CareState.LETTER_SENT,
        moves=CARE_MOVES,
    )


# --- what is due -----------------------------------------------------------------------------------------------------


def due_rounds(rounds: Iterable[Round]) -> list[Round]:
    """Rounds whose result is known, whose moment has come and for which two people have confirmed."""
    found = []
    for round_ in rounds:
        if round_.state not in SHOWN or round_.offers_on is None or now(round_.year) < sending_moment(round_):
            continue
        if round_.kind == RoundKind.VOVP and round_.state == RoundState.MATCHED:
            continue  # first the schools see it (DH-141)
        release = Release.objects.filter(round=round_, opened_at=None, second_by__isnull=False).first()
        if release is not None:
            found.append(round_)
    return found
