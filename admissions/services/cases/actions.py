"""Guided actions that settle a case and have no page elsewhere (DH-058, Q-08, DH-126, DH-128, Q-31, Q-32).

Corrections, moves, care letters and replies stand with their own subject and settle the case from there.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.case_enums import CaseEnd, CaseStep
from admissions.enums import CaseKind, FormState, MoveState
from admissions.models import Application, Case, CaseEntry, MoveRequest
from admissions.services.cases.opening import Opening, open_case
from admissions.services.cases.settling import CaseError, locked_case, settle_cases
from admissions.services.cases.working import add_note
from admissions.services.forms.corrections import void_application
from admissions.services.places.forgotten_forms import is_last_period
from lottery.enums import SessionKind
from lottery.models import DrawSession
from schools.enums import DrawMode
from schools.models import SchoolRound, User

LEAST = 10  # signs of a reason that says something
DRAWS = (CaseKind.DISPUTE, CaseKind.MANUAL_DECISION)


def _settle(case: Case, end: CaseEnd, reason: str, actor: User) -> Case:
    if len(" ".join(reason.split())) < LEAST:
        raise CaseError(_("Give the reason in a sentence; it stays in the history of the case."))
    settle_cases(case.year, Case.objects.filter(pk=case.pk), end, actor=actor, resolution=reason)
    case.refresh_from_db()
    return case


@transaction.atomic
def date_was_right(case_id: int, *, reason: str, actor: User) -> Case:
    """The report was a mistake: the date of birth on the form is the right one (DH-058)."""
    return _settle(locked_case(case_id, CaseKind.BIRTH_DATE), CaseEnd.DATE_RIGHT, reason, actor)


@transaction.atomic
def declare_different(case_id: int, *, reason: str, actor: User) -> Case:
    """Two children that look alike, and no child with two applications (Q-08); this pair is not reported again."""
    return _settle(locked_case(case_id, CaseKind.DUPLICATE), CaseEnd.DIFFERENT, reason, actor)


@transaction.atomic
def void_duplicate(case_id: int, *, number: str, reason: str, actor: User) -> Case:
    """Strike one application of the pair; before the draw the earliest final form counts (Q-08)."""
    case = locked_case(case_id, CaseKind.DUPLICATE)
    if number not in case.about.split("/"):
        raise CaseError(_("Choose which of these applications is struck."))
    application = Application.objects.get(year=case.year, registration_number=number)
    void_application(application.pk, reason=reason, actor=actor)
    case.refresh_from_db()
    return case


@transaction.atomic
def judge_withdrawal(case_id: int, *, may_again: bool, reason: str, actor: User) -> Case:
    """A reported withdrawal: out for the rest of the year, or once more after an approved move (DH-126, DH-128).

    Only the move request gives that right (DH-125): without one that was approved the answer cannot be yes.
    """
    case = locked_case(case_id, CaseKind.WITHDRAWAL)
    assert case.application is not None
    approved = MoveRequest.objects.filter(application=case.application, state=MoveState.APPROVED).exists()
    if may_again and not approved:
        raise CaseError(_("There is no approved request after moving house: the child cannot apply again."))
    if approved and not may_again:
        raise CaseError(_("The request after moving house was approved: the child may apply once more."))
    return _settle(case, CaseEnd.MAY_AGAIN if may_again else CaseEnd.STAYS_OUT, reason, actor)


@transaction.atomic
def keep_last_version(case_id: int, *, reason: str, actor: User) -> Case:
    """A form released at the deadline fell back: its last final version counts, and the school knows (DH-059)."""
    case = locked_case(case_id, CaseKind.NOT_FINAL)
    if case.application is None or case.application.form.state == FormState.EXPIRED:
        raise CaseError(_("This form was never made final: there is no version that counts."))
    return _settle(case, CaseEnd.LAST_VERSION, reason, actor)


@transaction.atomic
def to_next_round(case_id: int, *, reason: str, actor: User) -> Case:
    """No proof that the form came in on time, or too late for this draw: the next period is for it (Q-14, Q-31).

    After the last period of the year only schools without a ceiling are left.
    """
    case = locked_case(case_id, CaseKind.NOT_FINAL)
    if case.application is None or case.application.form.state != FormState.EXPIRED:
        raise CaseError(_("This form takes part already."))
    is_last = is_last_period(case.application.first_choice.round)
    return _settle(case, CaseEnd.NO_ROUND_LEFT if is_last else CaseEnd.NEXT_ROUND, reason, actor)


# Draws by hand that are disputed (Q-32, DH-077)


@transaction.atomic
def dispute_draw(school_round: SchoolRound, *, note: str, actor: User) -> Case:
    """A family disputes the draw by hand of a school; the recording is asked for. Once at a time per school.

    Errors: CaseError for a school without a draw by hand in this round, or without what was said.
    """
    drew = DrawSession.objects.filter(
        round=school_round.round, kind=SessionKind.SCHOOL, key=school_round.programme.code
    )
    if school_round.draw_mode != DrawMode.MANUAL and not drew.exists():
        raise CaseError(_("This school does not draw by hand in this period."))
    if len(" ".join(note.split())) < LEAST:
        raise CaseError(_("Write what the family disputes, in a sentence and without names."))
    opening = Opening(
        CaseKind.DISPUTE,
        f"{school_round.programme.code}/{school_round.round.code}",
        note=note,
        school_round=school_round,
    )
    return open_case(school_round.round.year, opening, actor=actor)


@transaction.atomic
def ask_recording(case_id: int, *, note: str, actor: User) -> CaseEntry:
    """The school was asked to show the recording of its draw (DH-077)."""
    locked_case(case_id, *DRAWS)
    return add_note(case_id, text=note, actor=actor, step=CaseStep.RECORDING)


@transaction.atomic
def decisions_stand(case_id: int, *, reason: str, actor: User) -> Case:
    """The order was shown, or the reason holds: what the school decided stays (Q-32, DH-076)."""
    return _settle(locked_case(case_id, *DRAWS), CaseEnd.STANDS, reason, actor)


def new_order_refusal(school_round: SchoolRound) -> str:
    """Why no new draw can be ordered at this school any more; empty when it can (Q-32: before the freeze only)."""
    if school_round.round.is_frozen:
        return _(
            "The lists of this period have been frozen. A new draw at the school is not possible any more."
        )
    return ""


def settle_by_new_order(school_round: SchoolRound, *, reason: str, actor: User | None) -> int:
    """Whoever orders the new draw calls this in the same transaction: it settles what was disputed there (Q-32)."""
    rows = Case.objects.filter(school_round=school_round, kind__in=DRAWS)
    return settle_cases(school_round.round.year, rows, CaseEnd.NEW_ORDER, actor=actor, resolution=reason)
