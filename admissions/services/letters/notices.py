"""Messages that wait for no sending day: reports, invitations, reminders and decisions (den-haag.md 2.10).

Each is made by the service whose step it tells of, in the same transaction, and leaves at once. Case keys make
every one unique per event: a step that is done twice tells once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from admissions.enums import ParticipationKind
from admissions.models import Application, MoveRequest, Participation, Placement
from admissions.services.letters.recipients import (
    address_lines,
    school_address,
    to_office,
    to_parents,
    to_school,
)
from notifications.enums import Channel, MessageKind
from notifications.models import Delivery, Message
from notifications.services.outbox import send_now
from schools.clock import now
from schools.models import AMSTERDAM, AdmissionYear, Region, Round, School

K = MessageKind


def _day(at: datetime) -> str:
    return at.astimezone(AMSTERDAM).date().isoformat()


def _desk(region: Region) -> dict[str, str]:
    return {f"desk_{name}": value for name, value in region.parents_desk._asdict().items()}


def _child(application: Application, at: datetime, *, school: School | None, sender: str) -> dict[str, Any]:
    child, region = application.child, application.year.region
    merge: dict[str, Any] = {
        "child_name": child.full_name,
        "child_given_name": child.given_name,
        "registration_number": application.registration_number,
        "address_lines": address_lines(application.form),
        "letter_date": _day(at),
        "sender": sender,
        **_desk(region),
    }
    if school is not None:
        merge |= {
            "school_name": school.name,
            "school_address": school_address(school),
            "school_phone": school.contact_phone,
            "school_email": school.contact_email,
        }
    return merge


def _loaded(application_id: int) -> Application:
    return Application.objects.select_related(
        "year__region", "child", "form", "first_choice__round", "first_choice__programme__school__board"
    ).get(pk=application_id)


# --- to schools and the office ---------------------------------------------------------------------------------------


def tell_failed_confirmations(year: AdmissionYear) -> int:
    """M02: a confirmation did not arrive; the school calls the parents and corrects the address (DH-053)."""
    told = Message.objects.filter(year=year, kind=K.M02).values("case_key")
    failed = (
        Delivery.objects.filter(message__year=year, message__kind=K.M01, state="failed", settled_at=None)
        .exclude(message__case_key__in=told)
        .select_related("message__school", "message__round")
        .order_by("pk")
    )
    at = now(year)
    messages = [
        Message(
            year=year,
            round=row.message.round,
            kind=K.M02,
            case_key=row.message.case_key,
            registration_number=row.message.registration_number,
            school=row.message.school,
            merge={
                "registration_number": row.message.registration_number,
                "school_name": row.message.school.name,
                "reason": row.code,
                "letter_date": _day(at),
            },
            not_before=at,
            **to_school(row.message.school),
        )
        for row in failed
        if row.message.school is not None
    ]
    return send_now(messages, now=at)


def tell_birth_date_report(application: Application, *, case_id: int, note: str) -> int:
    """M03: only the programme manager corrects a birth date (DH-058)."""
    return _to_office(K.M03, _loaded(application.pk), key=f"case {case_id}", reason=note)


def tell_withdrawals(applications: Sequence[tuple[Application, str]]) -> int:
    """M15: withdrawals that the school reported to the application coordinator, each with its reason (DH-126)."""
    return sum(
        _to_office(K.M15, _loaded(application.pk), key=application.registration_number, reason=reason)
        for application, reason in applications
    )


def _to_office(kind: str, application: Application, *, key: str, reason: str) -> int:
    year, school = application.year, application.first_choice.programme.school
    at = now(year)
    message = Message(
        year=year,
        round=application.first_choice.round,
        kind=kind,
        case_key=key,
        registration_number=application.registration_number,
        merge={
            "registration_number": application.registration_number,
            "school_name": school.name,
            "reason": reason,
            "letter_date": _day(at),
            **_desk(year.region),
        },
        not_before=at,
        **to_office(year.region),
    )
    return send_now([message], now=at)


def tell_unsent(round_: Round, waiting: Iterable[tuple[School, Sequence[str]]]) -> int:
    """M18 at 17:00 of the sending day: offers that have not gone out, to the school and to the office (DH-116)."""
    return _late(round_, list(waiting), key="unsent", is_unsent=True)


def tell_overdue(round_: Round, waiting: Iterable[tuple[School, Sequence[str]]], *, until: str) -> int:
    """M18 after the last day to reply: families that did not answer (DH-129)."""
    return _late(round_, list(waiting), key=f"overdue {until}", is_unsent=False, office=False)


def _late(
    round_: Round,
    waiting: Sequence[tuple[School, Sequence[str]]],
    *,
    key: str,
    is_unsent: bool,
    office: bool = True,
) -> int:
    year = round_.year
    at = now(year)
    common = {
        "round_code": round_.code,
        "is_unsent": is_unsent,
        "letter_date": _day(at),
        **_desk(year.region),
    }
    messages = [
        Message(
            year=year,
            round=round_,
            kind=K.M18,
            case_key=f"{school.brin}/{round_.code}/{key}",
            school=school,
            merge={**common, "school_name": school.name, "registration_numbers": sorted(numbers)},
            not_before=at,
            **to_school(school),
        )
        for school, numbers in waiting
    ]
    if office and waiting:
        every = sorted(number for _school, numbers in waiting for number in numbers)
        names = ", ".join(school.name for school, _numbers in waiting)
        messages.append(
            Message(
                year=year,
                round=round_,
                kind=K.M18,
                case_key=f"office/{round_.code}/{key}",
                merge={**common, "school_name": names, "registration_numbers": every},
                not_before=at,
                **to_office(year.region),
            )
        )
    return send_now(messages, now=at)


# --- to parents ------------------------------------------------------------------------------------------------------


def remind(placements: Sequence[Placement]) -> int:
    """M08: a place is kept until the last day to reply, and no answer has come (DH-121); once per last day."""
    messages = []
    for placement in placements:
        application = placement.application
        round_, school = placement.school_round.round, placement.school_round.programme.school
        at = now(application.year)
        if placement.respond_by is None:
            continue
        messages.append(
            Message(
                year=application.year,
                round=round_,
                kind=K.M08,
                case_key=f"{application.registration_number}/{round_.code}/{placement.respond_by}",
                registration_number=application.registration_number,
                school=school,
                merge=_child(application, at, school=school, sender="school")
                | {
                    "round_code": round_.code,
                    "respond_by": placement.respond_by.isoformat(),
                    "preference_rank": placement.preference_rank,
                },
                not_before=at,
                **to_parents(application),
            )
        )
    return send_now(messages, now=now(placements[0].application.year)) if placements else 0


def tell_invited(round_: Round) -> int:
    """M09 to the unplaced and M10 to who was placed lower: how to take part in this VOVP (DH-113, DH-114).

    No message names a school as its sender or belongs to one: schools never learn who may or does take part (DH-135).
    """
    at = now(round_.year)
    rows = Participation.objects.filter(round=round_).select_related(
        "application__child",
        "application__form",
        "application__year__region",
        "held_placement__school_round__programme__school",
    )
    messages = []
    for row in rows.prefetch_related("application__guardians").iterator(chunk_size=500):
        seat = row.held_placement.school_round.programme.school if row.held_placement else None
        application = row.application
        merge = _child(application, at, school=seat, sender="office") | {
            "round_code": round_.code,
            "opt_in_from": round_.opt_in_from.isoformat() if round_.opt_in_from else "",
            "opt_in_until": round_.opt_in_until.isoformat() if round_.opt_in_until else "",
        }
        messages.append(
            Message(
                year=round_.year,
                round=round_,
                kind=K.M09 if row.kind == ParticipationKind.UNPLACED else K.M10,
                case_key=f"{application.registration_number}/{round_.code}",
                registration_number=application.registration_number,
                merge=merge,
                not_before=at,
                **to_parents(application),
            )
        )
    return send_now(messages, now=at)


def tell_move_decision(request: MoveRequest, *, is_allowed: bool, seat: Placement | None) -> int:
    """M17: the decision to the parents, and to the school whose place lapses or stays (DH-125)."""
    application = _loaded(request.application_id)
    year = application.year
    at = now(year)
    school = seat.school_round.programme.school if seat is not None else None
    merge = _child(application, at, school=school, sender="office") | {
        "is_allowed": is_allowed,
        "reason": request.note,
        "old_school_name": school.name if school else "",
        "public_authority": application.first_choice.programme.school.board.public_authority,
    }
    common = {
        "year": year,
        "round": application.first_choice.round,
        "kind": K.M17,
        "registration_number": application.registration_number,
        "not_before": at,
    }
    messages = [
        Message(
            case_key=f"{application.registration_number}/parents",
            merge=merge,
            **common,
            **to_parents(application),
        )
    ]
    if school is not None:
        messages.append(
            Message(
                case_key=f"{application.registration_number}/school",
                school=school,
                merge=merge | {"to_school": True},
                **common,
                **to_school(school),
            )
        )
    return send_now(messages, now=at)


def acknowledge_call(
    year: AdmissionYear, *, key: str, name: str, email: str, phone: str, language: str = "nl"
) -> int:
    """M19: the desk got the request and calls back (DH-191, DH-192); nothing to send without a mail address."""
    if not email.strip():
        return 0
    at = now(year)
    message = Message(
        year=year,
        kind=K.M19,
        case_key=key[:60],
        recipient_name=name[:200],
        recipient_email=email.strip(),
        channel=Channel.EMAIL,
        language=language,
        merge={"parent_phone": phone, "sender": "office", "letter_date": _day(at), **_desk(year.region)},
        not_before=at,
    )
    return send_now([message], now=at)
