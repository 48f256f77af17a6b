"""Forms that are being typed at one school, and the rounds that take them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from admissions.enums import CaseKind, FormState
from admissions.models import Application, ApplicationForm, Case, FormEntry
from admissions.selectors.school import SchoolView
from schools.enums import RoundKind
from schools.models import School, SchoolRound, end_of_day, local_moment


def open_school_rounds(view: SchoolView) -> list[SchoolRound]:
    """This school in every round that takes forms now: window begun, processing deadline not passed (DH-055)."""
    ids = [
        round_.pk
        for round_ in view.rounds
        if round_.kind == RoundKind.ALM
        and round_.parents_from
        and round_.processing_until
        and local_moment(round_.parents_from) <= view.now < end_of_day(round_.processing_until)
    ]
    if not ids:
        return []
    rows = SchoolRound.objects.filter(round_id__in=ids, programme__school=view.school)
    return list(rows.select_related("round__year__region", "programme__school").order_by("round__position"))


def entries_of(view: SchoolView) -> QuerySet[FormEntry]:
    """What was begun at this school this year."""
    return FormEntry.objects.filter(
        school_round__programme__school=view.school, school_round__round__year=view.year
    )


def begun_entries(view: SchoolView) -> QuerySet[FormEntry]:
    """Begun and not a draft yet: without a name, a date of birth or a day received (nothing typed is lost)."""
    found = entries_of(view).filter(form=None, batch=None).exclude(typed={})
    return found.select_related("saved_by", "school_round__round").order_by("pk")


@dataclass(frozen=True, slots=True)
class OpenList:
    """A list of the school that was imported and not finished."""

    batch: UUID
    rows: int  # that became no draft
    at: datetime


def open_lists(view: SchoolView) -> list[OpenList]:
    """Lists with rows that are no draft yet, the newest first. One query."""
    rows = (
        entries_of(view)
        .filter(form=None, batch__isnull=False)
        .order_by()
        .values("batch")
        .annotate(rows=Count("pk"), at=Max("saved_at"))
        .order_by("-at")
    )
    return [OpenList(row["batch"], row["rows"], row["at"]) for row in rows if row["batch"]]


def last_channel(known: Mapping[str, str]) -> str:
    return known.get("channel", "paper")


def usual_place(school: School) -> str:
    """Where the families of this school live: its own town, else that of the form it entered last."""
    if school.place:
        return school.place
    forms = ApplicationForm.objects.filter(application__first_choice__programme__school=school)
    return forms.exclude(place="").order_by("-pk").values_list("place", flat=True).first() or ""


@dataclass(frozen=True, slots=True)
class FormChoices:
    """What may be done with a form now; the services refuse the rest."""

    edit: bool = False
    release: bool = False
    void: bool = False
    claims: bool = False
    contact: bool = False
    report: bool = False
    letter: bool = False
    is_duplicate: bool = False  # the programme manager looks into it


def form_choices(
    view: SchoolView, application: Application, *, may_enter: bool, may_report: bool
) -> FormChoices:
    """Buttons on the page of a child. Two queries."""
    form = application.form
    round_ = application.first_choice.round
    is_open = bool(
        round_.parents_from
        and round_.processing_until
        and local_moment(round_.parents_from) <= view.now < end_of_day(round_.processing_until)
    )
    duplicate = Case.objects.filter(application=application, kind=CaseKind.DUPLICATE, closed_at=None).exists()
    final = form.state in (FormState.FINAL, FormState.LOCKED)
    post = final and not application.guardians.exclude(email="").exists()
    return FormChoices(
        edit=may_enter and is_open and form.state in (FormState.DRAFT, FormState.RELEASED),
        release=may_enter and is_open and form.state == FormState.FINAL,
        void=may_enter and is_open and form.state in (FormState.DRAFT, FormState.FINAL),
        claims=may_enter and is_open and form.state == FormState.FINAL and bool(application.claims.all()),
        contact=may_enter and final,
        report=may_report and (final or form.state == FormState.RELEASED),
        letter=may_enter and post,
        is_duplicate=duplicate,
    )
