"""What time makes a case of: families that did not reply, and offers that were not sent (DH-116, DH-129, M18)."""

from collections.abc import Collection
from datetime import date

from django.db.models import Exists, OuterRef

from admissions.case_enums import LIVE_CASES, CaseEnd
from admissions.enums import CaseKind, PlacementState
from admissions.models import Case, Placement
from admissions.services.cases.opening import Opening, open_cases
from admissions.services.cases.settling import settle_cases
from notifications.enums import SCHOOL_KINDS, MessageState
from notifications.models import Message
from schools.models import AdmissionYear, Round, School, SchoolRound, User


def open_overdue(year: AdmissionYear, *, today: date) -> int:
    """A case for every offer whose last day has passed without an answer; the place stays reserved (DH-129).

    Answers how many are new. It ends when somebody enrols or withdraws the child, or the place ends otherwise.
    """
    has_case = Case.objects.filter(
        application=OuterRef("application"), kind=CaseKind.OVERDUE, state__in=LIVE_CASES
    )
    late = Placement.objects.filter(
        ~Exists(has_case),
        school_round__round__year=year,
        state=PlacementState.OFFERED,
        respond_by__lt=today,
    ).select_related("application", "school_round__round", "school_round__programme")
    openings = [
        Opening(
            CaseKind.OVERDUE,
            f"{row.application.registration_number}/{row.school_round.round.code}",
            note=row.school_round.programme.name,
            application=row.application,
            school_round=row.school_round,
        )
        for row in late.order_by("pk")
    ]
    open_cases(year, openings, actor=None)
    return len(openings)


def open_unsent(round_: Round, schools: Collection[School]) -> None:
    """A case for every school whose letters have not all left at 17:00 of the sending day (DH-116)."""
    rows = SchoolRound.objects.filter(round=round_, programme__school__in=schools).select_related("programme")
    openings = [
        Opening(
            CaseKind.UNSENT,
            f"{row.programme.code}/{round_.code}",
            note=row.programme.name,
            school_round=row,
        )
        for row in rows.order_by("pk")
    ]
    open_cases(round_.year, openings, actor=None)


def settle_sent(round_: Round, *, actor: User | None) -> int:
    """The letters of these schools have left (or are not needed any more): their cases of DH-116 are over."""
    live = Case.objects.filter(school_round__round=round_, kind=CaseKind.UNSENT, state__in=LIVE_CASES)
    waiting = Message.objects.filter(
        round=round_,
        state=MessageState.HELD,
        kind__in=sorted(SCHOOL_KINDS),
        school=OuterRef("school_round__programme__school"),
    )
    return settle_cases(round_.year, live.filter(~Exists(waiting)), CaseEnd.SENT, actor=actor)
