"""The care route as its few readers see it (DH-180): the school of first choice, the programme manager, the named."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext, pgettext

from admissions.case_enums import LIVE_CASES
from admissions.enums import CARE_DUTY_STATES, OPEN_CARE_STATES, CareState, CaseKind, Decision
from admissions.models import Application, CareCase, CareDay, Case
from admissions.selectors.office import OfficeView
from admissions.selectors.school import Outcome, SchoolView, own_applications

S = CareState
# Who waits for whom: tabs of the lists.
TABS: dict[str, tuple[str, ...]] = {
    "open": tuple(sorted(OPEN_CARE_STATES)),
    "letter": (S.DUTY_YES, S.LETTER_DRAFT, S.LETTER_REVIEWED),
    "done": (S.LETTER_SENT, S.CARE_CLOSED),
    "none": (S.DUTY_NO,),
}


def care_of_school(view: SchoolView) -> QuerySet[Any]:
    """Care-marked applications of this school of first choice, with ``waits_for_manager``: its letter is being read.

    A child that left for another school is not its any more: from then on only the school that placed it knows (Q-46).
    Nor is there anything to find out about a child whose form was cancelled, or that was withdrawn before an outcome.
    """
    with_manager = Case.objects.filter(
        application=OuterRef("pk"), kind=CaseKind.CARE_LETTER, state__in=LIVE_CASES
    )
    found: QuerySet[Any] = own_applications(view).annotate(waits_for_manager=Exists(with_manager))
    return (
        found.filter(care_case__isnull=False)
        .exclude(outcome__in=[Outcome.LEFT, Outcome.NO_PART])
        .exclude(outcome=Outcome.WITHDRAWN, care_case__state__in=sorted(OPEN_CARE_STATES))
    )


def in_care_route(application: Any, case: CareCase) -> bool:
    """Whether ``care_of_school`` holds this child; asked of one application with its ``outcome``."""
    if application.outcome in (Outcome.LEFT, Outcome.NO_PART):
        return False
    return not (application.outcome == Outcome.WITHDRAWN and case.is_open)


def care_in_region(view: OfficeView) -> QuerySet[Application]:
    """Every care case of the year, for those of the office who may see care."""
    return Application.objects.filter(year=view.year, care_case__isnull=False).select_related(
        "child", "form", "care_case", "first_choice__round", "first_choice__programme__school"
    )


def care_days(view: SchoolView) -> list[CareDay]:
    """Days that were set aside for meetings, of rounds that have not been drawn."""
    rows = CareDay.objects.filter(
        school_round__programme__school=view.school, school_round__round__year=view.year, day__gte=view.today
    )
    return list(rows.select_related("school_round__round"))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the route: done with its day, now, or later."""

    label: str
    state: str
    when: date | None = None


def steps_of(case: CareCase) -> list[Step]:
    """The route of one case in order; what can no longer happen is left out."""
    order = [S.REQUESTED, S.MEETING_PLANNED, S.MEETING_HELD]
    state = S(case.state)
    reached = {S.SIGNALLED: 0, S.REQUESTED: 0, S.MEETING_PLANNED: 1, S.MEETING_HELD: 2}.get(state, 3)
    began = gettext("Signal of the school") if case.origin == "signal" else gettext("Wish of the parents")
    labels = [
        (began, None),
        (pgettext("care step", "Meeting planned"), case.meeting_on),
        (pgettext("care step", "Meeting held"), case.meeting_on),
    ]
    if state == S.DUTY_NO and case.meeting_on is None:
        labels = labels[:1]  # the programme manager decided that no meeting was needed
    steps = [
        Step(
            label,
            "done" if i < reached else "now" if i == reached else "later",
            when if i <= reached else None,
        )
        for i, (label, when) in enumerate(labels[: len(order)])
    ]
    outcome = {
        True: gettext("Outcome: care duty"),
        False: gettext("Outcome: no care duty"),
    }.get(state in CARE_DUTY_STATES if state not in OPEN_CARE_STATES else None)  # type: ignore[arg-type]
    steps.append(
        Step(
            outcome or pgettext("care step", "Outcome"),
            "done" if outcome else "now" if reached == 2 else "later",
            case.outcome_on,
        )
    )
    if state == S.DUTY_NO:
        return steps
    if state == S.CARE_CLOSED:
        return [*steps, Step(gettext("Follow-up agreed"), "done")]
    letter = {S.DUTY_YES: 0, S.LETTER_DRAFT: 1, S.LETTER_REVIEWED: 2, S.LETTER_SENT: 3}.get(state, -1)
    words = [
        pgettext("care step", "Letter written"),
        pgettext("care step", "Letter read by the programme manager"),
        pgettext("care step", "Letter sent"),
    ]
    return steps + [
        Step(word, "done" if i < letter else "now" if i == letter else "later")
        for i, word in enumerate(words)
    ]


def may_follow_up(case: CareCase) -> bool:
    """Drawn out with care duty: school and programme manager look for a place outside the draw (DH-179)."""
    return case.state == S.DUTY_YES and case.application.decision == Decision.CARE_FOLLOW_UP
