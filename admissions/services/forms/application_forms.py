"""The application form from draft to locked (den-haag.md 4.1, DH-050 to DH-059)."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.case_enums import CARE_KINDS, CaseEnd
from admissions.enums import (
    FORM_MOVES,
    CaseKind,
    Decision,
    FormState,
)
from admissions.models import Application, ApplicationForm, Child, FormVersion
from admissions.procedures.base import Problem
from admissions.services.cases.settling import duplicates_ended, live_cases, settle_cases
from admissions.services.forms.checks import ALL_CHECKED, check_contents, clean_contents
from admissions.services.forms.contents import (
    Contents,
    contents_of,
    known_child,
    open_care_route,
    provisional_child,
    rename_provisional,
    write_contents,
)
from admissions.services.forms.eligibility import may_apply, movers
from admissions.services.forms.intake import Intake, intake_for
from admissions.services.forms.registration import any_number
from admissions.services.letters.outcome_messages import send_confirmation
from admissions.services.year.states import check_move
from notifications.enums import DeliveryState, Settled
from notifications.models import Delivery, Message
from notifications.services.deliveries import settle
from schools.clock import now
from schools.errors import RefusedError
from schools.models import Round, SchoolRound, User, end_of_day, local_moment
from schools.services.events import Fact, record_event
from schools.texts import long_date

S = FormState
NEEDED_FOR_DRAFT = ("given_name", "surname", "date_of_birth", "received_on")


class FormError(RefusedError):
    """This form cannot do that now."""


class FormProblems(FormError):
    """The form is not complete or breaks a rule; ``problems`` say where and what to do."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Typed:
    """What the school typed: the columns of the import format, and the ticked points of the checklist."""

    contents: Contents
    checklist: tuple[int, ...] = ()


def check_entry_open(round_: Round, *, at: datetime | None = None) -> None:
    """Forms are entered from the parents' window until the processing deadline, to the second (DH-055).

    ``at``: the moment the caller has asked the clock for already.
    """
    at = at or now(round_.year)
    if (
        round_.parents_from is None
        or round_.processing_until is None
        or at < local_moment(round_.parents_from)
    ):
        raise FormError(_("Forms for %(round)s cannot be entered yet.") % {"round": round_.code})
    if at >= end_of_day(round_.processing_until):
        raise FormError(
            _(
                "The processing deadline of %(round)s was %(day)s at 23:59:59. "
                "Nothing in the form can be changed any more."
            )
            % {"round": round_.code, "day": long_date(round_.processing_until)}
        )


def _load(form_id: int) -> ApplicationForm:
    form = (
        ApplicationForm.objects.select_for_update(of=("self",))
        .select_related(
            "application__first_choice__round__year__region",
            "application__first_choice__programme__school",
            "application__child",
        )
        .get(pk=form_id)
    )
    form.application.form = form
    if form.application.year_id == form.application.first_choice.round.year_id:
        form.application.year = form.application.first_choice.round.year  # with its region, read already
    return form


def _fact(form: ApplicationForm, kind: str, old: str, new: str, reason: str = "") -> Fact:
    return Fact(kind, "application", form.application.registration_number, old=old, new=new, reason=reason)


def _move(form: ApplicationForm, target: FormState) -> str:
    check_move(form, target, FORM_MOVES, form.state)
    old, form.state = form.state, target
    return old


@transaction.atomic
def create_draft(
    school_round: SchoolRound, typed: Typed, *, actor: User | None, at: datetime | None = None
) -> ApplicationForm:
    """Start a form at its first-choice school (DH-050, DH-051). Raises FormProblems or FormError."""
    round_ = school_round.round
    check_entry_open(round_, at=at)
    if not school_round.is_capped:
        raise FormError(_("A school without a ceiling admits the child itself: no form is entered (DH-060)."))
    contents = clean_contents(typed.contents | {"preference_1": school_round.programme.code})
    _check_draft(contents, round_)
    application = _pending_application(school_round, contents)
    number = application.registration_number
    own_reference = contents["form_reference"]
    contents["form_reference"] = own_reference or number
    if (
        own_reference
        and ApplicationForm.objects.filter(year=round_.year, form_reference=own_reference).exists()
    ):
        raise FormProblems(
            [Problem("form_reference", _("This reference is already in use for another form."))]
        )
    form = ApplicationForm.objects.create(
        application=application,
        form_reference=contents["form_reference"],
        year=round_.year,
        received_on=date.fromisoformat(contents["received_on"]),
        draft=contents,
        checklist=list(typed.checklist),
    )
    record_event(round_.year, _fact(form, "form_draft", "", S.DRAFT), actor=actor)
    return form


def _pending_application(school_round: SchoolRound, contents: Contents) -> Application:
    year = school_round.round.year
    for tries in range(3):
        number = any_number()
        try:
            with transaction.atomic():
                return Application.objects.create(
                    year=year,
                    first_choice=school_round,
                    child=provisional_child(year.region_id, contents, number),
                    registration_number=number,
                    decision=Decision.PENDING,
                )
        except IntegrityError:
            if tries == 2:
                raise
    raise AssertionError("unreachable")


def draft_problems(contents: Contents, round_: Round) -> list[Problem]:
    """What even a draft needs: who it is about and when it came in, inside the parents' window (4.1)."""
    problems = [
        Problem(column, _("This is empty. Fill it in as on the paper form."))
        for column in NEEDED_FOR_DRAFT
        if not contents[column]
    ]
    for column in ("date_of_birth", "received_on"):
        try:
            date.fromisoformat(contents[column] or "2000-01-01")
        except ValueError:
            problems.append(
                Problem(column, _("This is not a date. Write it as year-month-day, like 2021-02-28."))
            )
    if not problems and round_.parents_from and round_.parents_until:
        received_on = date.fromisoformat(contents["received_on"])
        if not round_.parents_from <= received_on <= round_.parents_until:
            problems.append(
                Problem(
                    "received_on",
                    _(
                        "The form must be handed in from %(first)s to %(last)s. Use the period in which it came in."
                    )
                    % {"first": long_date(round_.parents_from), "last": long_date(round_.parents_until)},
                )
            )
    return problems


def _check_draft(contents: Contents, round_: Round) -> None:
    problems = draft_problems(contents, round_)
    if problems:
        raise FormProblems(problems)


@transaction.atomic
def save_draft(
    form_id: int, typed: Typed, *, actor: User | None, at: datetime | None = None
) -> ApplicationForm:
    """Keep what was typed in a DRAFT or RELEASED form; nothing is judged that may still be wrong."""
    form = _load(form_id)
    round_ = form.application.first_choice.round
    check_entry_open(round_, at=at)
    if form.state not in (S.DRAFT, S.RELEASED):
        raise FormError(_("Release the form first, then you can change it."))
    fixed = {
        "form_reference": form.form_reference,
        "preference_1": form.application.first_choice.programme.code,
    }
    contents = clean_contents(typed.contents | fixed)
    _check_draft(contents, round_)
    _check_birth_date(form, contents)
    form.draft, form.checklist = contents, list(typed.checklist)
    form.save(update_fields=["draft", "checklist"])
    if form.state == S.DRAFT:
        rename_provisional(form.application.child, contents)
    return form


def _check_birth_date(form: ApplicationForm, contents: Contents) -> None:
    """A birth date that was final once is corrected by the programme manager only (DH-058)."""
    if (
        form.state == S.RELEASED
        and contents["date_of_birth"] != form.application.child.date_of_birth.isoformat()
    ):
        raise FormProblems(
            [
                Problem(
                    "date_of_birth",
                    _("A wrong date of birth goes to the programme manager: use “report wrong birth date”."),
                )
            ]
        )


def problems_of(
    form: ApplicationForm, contents: Contents, intake: Intake
) -> tuple[list[Problem], Child | None]:
    """Everything that keeps the form from being final: its contents, the checklist, a second application.

    Besides the problems the row of this child, if there is one.
    """
    year = form.application.year
    child = None
    _ready, found = check_contents(contents, intake)
    problems = [Problem(column, text) for column, text in found]
    if sorted(form.checklist) != ALL_CHECKED:
        problems.append(Problem("checklist", _("Tick all seven points of the checklist first.")))
    if not problems:
        child = known_child(year.region_id, contents)
        if child is not None and not may_apply(year, child, besides_id=form.application_id):
            problems.append(
                Problem(
                    "given_name",
                    _(
                        "This child already has an application this year. A child can apply once a year at schools "
                        "with a ceiling. Call the office."
                    ),
                )
            )
    return problems, child


@transaction.atomic
def finalise_form(form_id: int, *, actor: User | None, intake: Intake | None = None) -> ApplicationForm:
    """Make a DRAFT or RELEASED form final and confirm it to the parents (DH-045, DH-051, DH-054).

    ``intake``: of the form's round, when the caller has read it already.
    Raises FormProblems with every field that is not right yet; the draft stays as it is.
    """
    form = _load(form_id)
    round_ = form.application.first_choice.round
    at = now(round_.year)
    check_entry_open(round_, at=at)
    return _finalise(form, S.FINAL, actor=actor, at=at, intake=intake or intake_for(round_))


def _finalise(
    form: ApplicationForm, target: FormState, *, actor: User | None, at: datetime, intake: Intake
) -> ApplicationForm:
    application, year = form.application, form.application.year
    contents = form.draft or contents_of(application)
    _check_birth_date(form, contents)
    old = _move(form, target)
    problems, known = problems_of(form, contents, intake)
    if problems:
        raise FormProblems(problems)
    is_first = application.decision == Decision.PENDING
    form.version = 1 if is_first else form.versions.count() + 1
    form.draft, form.checked_by, form.checked_at = None, actor, at
    previous_child = application.child
    try:
        with transaction.atomic():
            written = write_contents(application, contents, known=known, intake=intake, is_first=is_first)
            if is_first:
                application.decision = Decision.UNDECIDED
                application.previous = unused_move(year.pk, application.child_id) if known else None
                application.save(update_fields=["decision", "previous"])
    except IntegrityError as exc:  # another school was a moment earlier
        raise FormError(_("This child already has an application this year. Call the office.")) from exc
    if previous_child.pk != application.child_id and not previous_child.applications.exists():
        previous_child.delete()  # only ever typed in this draft
    FormVersion.objects.create(
        form=form, version=form.version, contents=contents, finalised_by=actor, finalised_at=at
    )
    open_care_route(application)
    record_event(year, _fact(form, "form_final", old, target, f"version {form.version}"), actor=actor)
    told = send_confirmation(application, version=form.version, written=written, rules=intake.rule_rows)
    if not is_first:
        _settle_failed(told, actor=actor)
    return form


def _settle_failed(told: Message, *, actor: User | None) -> None:
    """Earlier confirmations that did not arrive ask for nothing any more: a new one has left (DH-053, AE-12)."""
    failed = Delivery.objects.filter(
        message__year=told.year,
        message__kind=told.kind,
        message__registration_number=told.registration_number,
        state=DeliveryState.FAILED,
        settled_at=None,
    ).exclude(message=told)
    if rows := list(failed):
        settle(rows, how=Settled.RESENT, by=actor)


def unused_move(year_id: int, child_id: int) -> Application | None:
    """The application whose approved move allows one new form (DH-125)."""
    return movers(year_id).filter(child_id=child_id).first()


@transaction.atomic
def release_form(form_id: int, *, actor: User | None, reason: str = "") -> ApplicationForm:
    """Open a FINAL form again for correction (DH-054); its last final version keeps counting until the next."""
    form = _load(form_id)
    check_entry_open(form.application.first_choice.round)
    old = _move(form, S.RELEASED)
    form.draft = contents_of(form.application)
    form.save(update_fields=["state", "draft"])
    record_event(form.application.year, _fact(form, "form_released", old, S.RELEASED, reason), actor=actor)
    return form


@transaction.atomic
def void_form(form_id: int, *, actor: User | None, reason: str = "") -> ApplicationForm:
    """Discard a draft, or cancel a final form before the deadline: the yearly right is not used up (Q-09)."""
    form = _load(form_id)
    check_entry_open(form.application.first_choice.round)
    application = form.application
    if form.state == S.RELEASED:
        raise FormError(
            _("Make the form final or cancel it from there; a released form cannot be thrown away.")
        )
    old = _move(form, S.VOID)
    form.save(update_fields=["state"])
    application.decision = Decision.VOID
    application.save(update_fields=["decision"])
    record_event(application.year, _fact(form, "form_void", old, S.VOID, reason), actor=actor)
    for cases in (
        live_cases([application.pk], CaseKind.BIRTH_DATE, *CARE_KINDS),
        duplicates_ended(application),
    ):
        settle_cases(application.year, cases, CaseEnd.VOIDED, actor=actor, resolution=reason)
    return form


@transaction.atomic
def finalise_late(
    form_id: int,
    *,
    proof: str,
    actor: User | None,
    after_draw: bool = False,
    is_checked: bool = False,
    end: CaseEnd = CaseEnd.MADE_FINAL,
) -> ApplicationForm:
    """The programme manager makes an expired form count, with proof that it came in on time (Q-31).

    ``is_checked``: the manager went through the seven points with the school, which had not ticked them (DH-045).
    ``after_draw``: two people add a forgotten child, whose lot is drawn apart (OA-LOT/1 section 8), or that joins the
    VOVP; ``end`` is how its case then ends.
    """
    form = _load(form_id)
    round_ = form.application.first_choice.round
    if round_.state not in ("processing", "locked") and not after_draw:
        raise FormError(_("After the freeze no form can be added: the child goes to the next period."))
    if not proof.strip():
        raise FormError(_("Say what proves that the form came in on time."))
    if form.state != S.EXPIRED:
        raise FormError(_("Only a form that was never made final can be added like this."))
    if is_checked:
        form.checklist = ALL_CHECKED
    form = _finalise(form, S.LOCKED, actor=actor, at=now(round_.year), intake=intake_for(round_))
    settle_cases(
        round_.year,
        live_cases([form.application_id], CaseKind.NOT_FINAL),
        end,
        actor=actor,
        resolution=proof,
    )
    return form


@transaction.atomic
def check_late(form_id: int) -> None:
    """Whether an expired form could count if the seven points were ticked; FormProblems with what is missing."""
    form = _load(form_id)
    form.checklist = ALL_CHECKED
    contents = form.draft or contents_of(form.application)
    problems, _known = problems_of(form, contents, intake_for(form.application.first_choice.round))
    if problems:
        raise FormProblems(problems)
