"""The care route of one application (den-haag.md 2.12 and 4.3)."""

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.case_enums import CaseEnd
from admissions.enums import (
    CARE_MOVES,
    OPEN_CARE_STATES,
    CareOrigin,
    CareState,
    CaseKind,
    Decision,
    FormState,
)
from admissions.models import Application, CareCase, CareDay
from admissions.services.cases.opening import Opening, open_case
from admissions.services.cases.settling import live_cases, settle_cases
from admissions.services.year.states import check_move
from schools.clock import now, today
from schools.errors import RefusedError
from schools.models import Round, SchoolRound, User
from schools.services.events import Fact, record_event
from schools.texts import long_date

S = CareState


class CareError(RefusedError):
    """The care route cannot do that now."""


@transaction.atomic
def record_signal(application: Application, *, note: str, actor: User | None) -> CareCase:
    """Strong signs without a wish of the parents (DH-174, Q-54): form entered, not drawn yet."""
    if application.form.state not in (FormState.FINAL, FormState.RELEASED, FormState.LOCKED):
        raise CareError(_("Make the form final first."))
    if application.decision != Decision.UNDECIDED:
        raise CareError(_("The draw has been: speak with the programme manager about this child (Q-12)."))
    if CareCase.objects.filter(application=application).exists():
        raise CareError(_("There is a care case for this child already."))
    case = CareCase.objects.create(
        application=application, origin=CareOrigin.SIGNAL, state=S.SIGNALLED, note=note.strip()
    )
    record_step(case, "", actor)
    # The note about the child stays in the care route: a case of the office says only that there is something.
    opening = Opening(CaseKind.SIGNAL, application.registration_number, application=application)
    open_case(application.year, opening, actor=actor)
    return case


def load_case(case_id: int) -> CareCase:
    """The case, locked until the end of the transaction."""
    return (
        CareCase.objects.select_for_update(of=("self",))
        .select_related("application__first_choice__round", "application__year")
        .get(pk=case_id)
    )


@transaction.atomic
def move_care(
    case_id: int, target: CareState, *, actor: User | None, on: date | None = None, note: str = ""
) -> CareCase:
    """Take a care case one step further; ``on`` is the day of the meeting or of the outcome.

    The outcome must be there before the lists are frozen (DH-181), so the meeting too; a meeting was held, and its
    outcome found, on a day that has come. Who may take which step is the view's rule.
    Errors: StateError, CareError with the field its sentence belongs to.
    """
    case = load_case(case_id)
    check_move(case, target, CARE_MOVES, case.state)
    round_ = case.application.first_choice.round
    before_draw = target in (S.MEETING_PLANNED, S.DUTY_YES, S.DUTY_NO)
    if before_draw and round_.is_frozen:
        raise CareError(
            _("The lists of this round are frozen: the outcome no longer changes the draw (Q-12).")
        )
    if target in (S.MEETING_PLANNED, S.DUTY_YES, S.DUTY_NO) and on is None and case.state != S.REQUESTED:
        raise CareError(_("Fill in the day."), "on")
    _check_day(case, target, on)
    if target == S.DUTY_NO and case.state in (S.REQUESTED, S.SIGNALLED) and not note.strip():
        raise CareError(_("Say why no meeting is needed."))
    if target == S.CARE_CLOSED and case.application.decision != Decision.CARE_FOLLOW_UP:
        raise CareError(_("Follow-up is only for a child that was drawn out with care duty."))
    old, case.state = case.state, target
    if target in (S.MEETING_PLANNED, S.MEETING_HELD):
        case.meeting_on = on or case.meeting_on  # held on another day than was planned
    elif target in (S.DUTY_YES, S.DUTY_NO):
        case.outcome_on = on
    if note.strip():
        case.note = f"{case.note}\n{note.strip()}".strip()
    case.save()
    record_step(case, old, actor)
    if target not in OPEN_CARE_STATES:
        signals = live_cases([case.application_id], CaseKind.SIGNAL)
        settle_cases(case.application.year, signals, CaseEnd.CARE_OUTCOME, actor=actor)
    return case


def _check_day(case: CareCase, target: CareState, on: date | None) -> None:
    """DH-173, DH-202: a meeting before the freeze; nothing is held or found on a day that is still to come."""
    if target == S.MEETING_PLANNED and on is not None:
        _check_before_draw(case.application.first_choice.round, on, "on")
    day = on or (case.meeting_on if target == S.MEETING_HELD else None)
    if target not in (S.MEETING_HELD, S.DUTY_YES, S.DUTY_NO) or day is None:
        return
    if day > today(case.application.year):
        raise CareError(_("This day is still to come. Fill in the day on which it happened."), "on")
    if target != S.MEETING_HELD and case.meeting_on is not None and day < case.meeting_on:
        raise CareError(_("The outcome cannot be older than the meeting."), "on")


def _check_before_draw(round_: Round, day: date, field: str) -> None:
    """DH-173; errors: CareError beside ``field``."""
    until = round_.last_day_before_freeze
    if until is not None and day > until:
        raise CareError(
            _("The meeting must be before the draw: on %(day)s at the latest.") % {"day": long_date(until)},
            field,
        )


def record_step(case: CareCase, old: str, actor: User | None, *, reason: str = "") -> None:
    fact = Fact(
        "care_state",
        "application",
        case.application.registration_number,
        old=old,
        new=case.state,
        reason=reason,
    )
    record_event(case.application.year, fact, actor=actor)


# The two tasks of a new case, and the days of the start talk

TASKS = ("appointment_made", "manager_told")


@transaction.atomic
def finish_task(case_id: int, task: str, *, actor: User) -> CareCase:
    """Tick one of the two tasks of DH-171: the parents have an appointment, the programme manager knows."""
    if task not in TASKS:
        raise CareError(_("This task is not known. Reload the page."))
    case = load_case(case_id)
    if getattr(case, f"{task}_at") is None:
        setattr(case, f"{task}_at", now(case.application.year))
        setattr(case, f"{task}_by", actor)
        case.save(update_fields=[f"{task}_at", f"{task}_by"])
        record_step(case, case.state, actor, reason=task)
    return case


@transaction.atomic
def add_care_day(school_round: SchoolRound, *, day: date, note: str, actor: User) -> CareDay:
    """A provisional day for care meetings, between the parents' deadline and the draw (DH-020, DH-173)."""
    round_ = school_round.round
    if round_.is_frozen:
        raise CareError(_("This round has been drawn. Choose a round that is still to come."), "round")
    _check_before_draw(round_, day, "day")
    if day < today(round_.year):
        raise CareError(_("This day has passed. Choose a day that is still to come."), "day")
    try:
        with transaction.atomic():
            found = CareDay.objects.create(school_round=school_round, day=day, note=note.strip()[:200])
    except IntegrityError as exc:
        raise CareError(_("This day stands in the list already."), "day") from exc
    _day_recorded(found, "added", actor)
    return found


@transaction.atomic
def confirm_care_day(day_id: int, *, actor: User) -> CareDay:
    """The day stands in the diaries of everybody who must be there."""
    found = (
        CareDay.objects.select_for_update(of=("self",)).select_related("school_round__round").get(pk=day_id)
    )
    if found.in_diaries_at is None:
        found.in_diaries_at, found.in_diaries_by = now(found.school_round.round.year), actor
        found.save(update_fields=["in_diaries_at", "in_diaries_by"])
        _day_recorded(found, "in the diaries", actor)
    return found


@transaction.atomic
def remove_care_day(day_id: int, *, actor: User) -> None:
    found = CareDay.objects.select_related("school_round__round").get(pk=day_id)
    _day_recorded(found, "removed", actor)
    found.delete()


def _day_recorded(day: CareDay, what: str, actor: User) -> None:
    row = day.school_round
    fact = Fact(
        "care_day", "school_round", f"{row.programme.code}/{row.round.code}", new=str(day.day), reason=what
    )
    record_event(row.round.year, fact, actor=actor)
