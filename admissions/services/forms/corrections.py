"""What only the programme manager may put right: a wrong birth date, a duplicate (DH-058, Q-08, Q-11)."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.case_enums import CARE_KINDS, CaseEnd
from admissions.enums import DECISION_MOVES, FORM_MOVES, CaseKind, Decision, FormState
from admissions.models import Application, ApplicationForm, Case, Child, FormVersion
from admissions.procedures.base import FormFacts
from admissions.services.cases.opening import Opening, open_case
from admissions.services.cases.settling import duplicates_ended, live_cases, settle_cases
from admissions.services.draws.ended_repairs import end_draws_afterwards
from admissions.services.forms.contents import contents_of
from admissions.services.forms.intake import intake_for
from admissions.services.letters.notices import tell_birth_date_report
from admissions.services.letters.outcome_messages import send_confirmation
from admissions.services.replies.answers import free_seat, seat_of
from admissions.services.year.states import check_move
from admissions.validators import identity_key
from schools.clock import now, today
from schools.enums import RoundState
from schools.errors import RefusedError
from schools.models import User
from schools.services.events import Fact, record_event


class CorrectionError(RefusedError):
    """The correction is not possible like that."""


@transaction.atomic
def report_wrong_birth_date(application: Application, *, note: str, actor: User | None) -> Case:
    """The school reports, at any time, that a birth date is wrong; only the programme manager corrects it (DH-058)."""
    if not note.strip():
        raise CorrectionError(_("Say what is wrong with the date of birth, and what it should be."))
    opening = Opening(
        CaseKind.BIRTH_DATE, application.registration_number, note=note, application=application
    )
    known = live_cases([application.pk], CaseKind.BIRTH_DATE).exists()
    case = open_case(application.year, opening, actor=actor)
    if not known:  # a second report stands in the history of the first; the programme manager knows
        fact = Fact("case_opened", "application", application.registration_number, new=CaseKind.BIRTH_DATE)
        record_event(application.year, fact, actor=actor)
        tell_birth_date_report(application, case_id=case.pk, note=case.note)
    return case


@transaction.atomic
def correct_birth_date(application_id: int, *, born: date, evidence: str, actor: User | None) -> Application:
    """Write the right date (Q-11): still eligible = nothing else changes; not eligible = VOID and the seat is freed."""
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related("form", "child", "year__region", "first_choice__round__year__region")
        .get(pk=application_id)
    )
    form = application.form
    if not evidence.strip():
        raise CorrectionError(_("Say what proves the right date of birth."))
    if form.state not in (FormState.FINAL, FormState.LOCKED):
        raise CorrectionError(_("The date of birth of a draft is changed in the form itself."))
    if application.first_choice.round.state == RoundState.FROZEN:
        raise CorrectionError(
            _("The lists are frozen for the draw. Correct the date when the result is known.")
        )
    year = application.year
    contents = contents_of(application) | {"date_of_birth": born.isoformat()}
    child = application.child
    key = identity_key(child.given_name, child.surname_prefix, child.surname, born.isoformat())
    if Child.objects.filter(region=child.region_id, identity_key=key).exclude(pk=child.pk).exists():
        raise CorrectionError(
            _("With this date it is a child that is known already. Void one of the two applications.")
        )
    # The same row: placements and earlier years belong to this child, whatever its date was thought to be.
    child.date_of_birth, child.identity_key = born, key
    child.save(update_fields=["date_of_birth", "identity_key"])
    fact = Fact(
        "birth_date_corrected",
        "application",
        application.registration_number,
        reason="date corrected with evidence",
    )
    record_event(year, fact, actor=actor)
    settle_cases(
        year,
        live_cases([application.pk], CaseKind.BIRTH_DATE),
        CaseEnd.CORRECTED,
        actor=actor,
        resolution=evidence,
    )
    if not is_date_eligible(application, born):
        return void_application(application.pk, reason="birth date not eligible", actor=actor)
    form.version = form.versions.count() + 1
    form.save(update_fields=["version"])
    FormVersion.objects.create(
        form=form, version=form.version, contents=contents, finalised_by=actor, finalised_at=now(year)
    )
    send_confirmation(application, version=form.version)
    return application


def is_date_eligible(application: Application, born: date) -> bool:
    """Whether a child born on that day could take part in the round of this application (DH-030 to DH-033)."""
    intake = intake_for(application.first_choice.round)
    facts = FormFacts(
        given_name=application.child.given_name,
        surname_prefix=application.child.surname_prefix,
        surname=application.child.surname,
        date_of_birth=born,
        received_on=application.form.received_on,
        preferences=tuple(application.preferences.values_list("programme__code", flat=True)),
    )
    about_age = ("date_of_birth", "received_on")
    return not any(p.field in about_age for p in intake.procedure.form_problems(facts, intake.context))


@transaction.atomic
def void_application(application_id: int, *, reason: str, actor: User | None) -> Application:
    """Strike an application that should not be there (duplicate, not eligible); its seat is freed (Q-08, Q-11)."""
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related("form", "year", "first_choice__round")
        .get(pk=application_id)
    )
    if not reason.strip():
        raise CorrectionError(_("Give the reason."))
    if application.first_choice.round.state == RoundState.FROZEN:
        raise CorrectionError(_("The lists are frozen for the draw. Do this when the result is known."))
    check_move(application, Decision.VOID, DECISION_MOVES, application.decision)
    form: ApplicationForm = application.form
    check_move(form, FormState.VOID, FORM_MOVES, form.state)
    seat, old = seat_of(application), application.decision
    application.decision, form.state = Decision.VOID, FormState.VOID
    application.save(update_fields=["decision"])
    form.save(update_fields=["state"])
    if seat is not None:
        free_seat(application, seat, on=today(application.year))
    fact = Fact(
        "application_void", "application", application.registration_number, old=old, new="void", reason=reason
    )
    record_event(application.year, fact, actor=actor)
    about = (CaseKind.BIRTH_DATE, CaseKind.OVERDUE, *CARE_KINDS)
    for cases in (live_cases([application.pk], *about), duplicates_ended(application)):
        settle_cases(application.year, cases, CaseEnd.VOIDED, actor=actor, resolution=reason)
    end_draws_afterwards([application.pk], actor=actor)
    return application
