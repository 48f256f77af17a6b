"""A file of replies, recorded as a whole (``record_replies``, data-formats.md section 2)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import SEAT_TAKEN, Decision, PlacementState
from admissions.models import Application, LateWithdrawal, Placement
from admissions.services.replies.answers import (
    Leaving,
    ReplyError,
    check_can_leave,
    check_offered,
    frozen_round_of,
    record_enrolments,
    sent_on_day,
    withdraw_all,
)
from admissions.services.replies.late_withdrawals import keep_for_later
from admissions.services.replies.withdrawal_reasons import ReasonError, parse_reason
from admissions.services.year.csv_files import FileError, Row, read_table
from schools.clock import today
from schools.enums import RoundState
from schools.models import AdmissionYear, User

S = PlacementState


@dataclass(frozen=True, slots=True)
class RecordedReplies:
    enrolled: int
    withdrawn: int
    known: int


@transaction.atomic
def record_replies(year: AdmissionYear, content: bytes, *, name: str, actor: User | None) -> RecordedReplies:
    """Record a file of replies as a whole; one wrong row refuses it with its line number (data-formats.md)."""
    table = read_table(content, name=name, required=["form_reference", "reply", "on", "reason"])
    applications = {
        application.form.form_reference: application
        for application in Application.objects.filter(year=year)
        .exclude(decision__in=[Decision.PENDING, Decision.VOID])
        .select_related("form", "first_choice__round", "withdrawal")
    }
    seats = {
        placement.application_id: placement
        for placement in Placement.objects.filter(
            application__year=year, state__in=SEAT_TAKEN - {S.SUPERSEDED}
        ).select_related("school_round__round", "school_round__programme")
    }
    # Seats that have ended since, with the day of their enrolment: a row repeated later changes nothing.
    former = set(
        Placement.objects.filter(application__year=year, enrolled_on__isnull=False)
        .exclude(state=S.ENROLLED)
        .values_list("application_id", "enrolled_on")
    )
    enrolling: list[tuple[int, date | None]] = []
    leaving: list[Leaving] = []
    seen: dict[str, tuple[str, ...]] = {}
    known = 0
    for row in table.rows:
        reference = row.cells["form_reference"]
        try:
            application = applications.get(reference)
            if row.problem:
                raise ReplyError(row.problem)
            if application is None:
                raise ReplyError(
                    _("there is no application with form reference “%(ref)s”.") % {"ref": reference}
                )
            said = tuple(row.cells[column] for column in ("reply", "on", "reason"))
            if reference in seen:
                if seen[reference] != said:
                    raise ReplyError(
                        _("form %(ref)s occurs twice with different replies.") % {"ref": reference}
                    )
                known += 1
                continue
            seen[reference] = said
            found = _read_reply(row, application, seats.get(application.pk), former, year)
        except (ReplyError, ReasonError) as exc:
            raise FileError(
                _("%(file)s, line %(line)d: %(sentence)s Nothing has been recorded.")
                % {"file": name, "line": row.line, "sentence": str(exc)}
            ) from exc
        if found is None:
            known += 1
        elif isinstance(found, Leaving):
            leaving.append(found)
        else:
            enrolling.append(found)
    return _store_replies(year, enrolling, leaving, known, actor=actor)


def _store_replies(
    year: AdmissionYear,
    enrolling: Sequence[tuple[int, date | None]],
    leaving: Sequence[Leaving],
    known: int,
    *,
    actor: User | None,
) -> RecordedReplies:
    by_day: defaultdict[date | None, list[int]] = defaultdict(list)
    for pk, day in enrolling:
        by_day[day].append(pk)
    enrolled = sum(
        record_enrolments(ids, year=year, on=day, actor=actor) for day, ids in sorted(by_day.items(), key=str)
    )
    # While a round is frozen a withdrawal is kept, and carried out after its result.
    frozen = year.rounds.filter(state=RoundState.FROZEN).exists()
    later = [(item, frozen_round_of(item.application)) for item in leaving] if frozen else []
    for item, round_ in later:
        if round_ is not None:
            keep_for_later(item.application, round_, reason=item.reason, on=item.on, actor=actor)
    kept = {item.application.pk for item, round_ in later if round_ is not None}
    at_once = [item for item in leaving if item.application.pk not in kept]
    withdrawn = len(kept) + (withdraw_all(year, at_once, actor=actor) if at_once else 0)
    return RecordedReplies(enrolled, withdrawn, known)


def _reply_day(row: Row, year: AdmissionYear) -> date | None:
    text = row.cells["on"]
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as exc:
        raise ReplyError(_("“on” is not a date like 2024-01-31.")) from exc
    # In a rehearsal year replies of days to come may be recorded ahead; in real use they cannot be known yet.
    if not year.is_rehearsal and day > today(year):
        raise ReplyError(_("this day is still to come."))
    return day


def _before_offer(seat: Placement | None, day: date) -> bool:
    return seat is None or (seat.offered_on is not None and day < seat.offered_on)


def _read_reply(
    row: Row,
    application: Application,
    seat: Placement | None,
    former: set[tuple[int, date | None]],
    year: AdmissionYear,
) -> "Leaving | tuple[int, date | None] | None":
    """One checked row: a withdrawal, an enrolment, or None when it was recorded before."""
    reply, day = row.cells["reply"].lower(), _reply_day(row, year)
    if reply == "enrol":
        if seat is not None and seat.state == S.ENROLLED:
            return None
        if day is not None and (application.pk, day) in former and _before_offer(seat, day):
            return None
        if seat is None or seat.state != S.OFFERED:
            raise ReplyError(_("only a child with an offer can be enrolled."))
        check_offered(seat, day)
        return seat.pk, day
    if reply != "withdraw":
        raise ReplyError(_("“reply” must be enrol or withdraw."))
    if application.decision == Decision.WITHDRAWN:
        return None
    reason = parse_reason(row.cells["reason"])
    on = day or sent_on_day(application, seat) or today(year)
    if LateWithdrawal.objects.filter(application=application, applied_at=None).exists():
        return None
    check_can_leave(application, seat, on)
    return Leaving(application, seat, reason, on)
