"""Signed forms from a CSV file (data-formats.md section 1): every row is judged by itself, the good ones go in."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import (
    CareOrigin,
    CareState,
    ClaimState,
    Decision,
    FormState,
)
from admissions.models import (
    Application,
    ApplicationForm,
    CareCase,
    Child,
    FormVersion,
    Guardian,
    Preference,
    PriorityClaim,
)
from admissions.services.forms.alike import find_alike
from admissions.services.forms.checks import ALL_CHECKED, COLUMNS, ReadyForm, check_contents, clean_contents
from admissions.services.forms.eligibility import movers, taken_children
from admissions.services.forms.intake import Intake, intake_for
from admissions.services.forms.registration import draw_numbers
from admissions.services.year.csv_files import FileError, Row, read_table
from schools.clock import now
from schools.enums import BEFORE_LOCK_STATES, RoundKind
from schools.models import Round, User
from schools.services.events import Fact, record_events

CHUNK = 500


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that stays out; ``error`` is ``column: sentence``."""

    line: int
    form_reference: str
    error: str
    raw: tuple[str, ...]


@dataclass(slots=True)
class ImportReport:
    imported: int = 0
    skipped: int = 0
    columns: tuple[str, ...] = ()
    unknown_columns: tuple[str, ...] = ()
    refused: list[RefusedRow] = field(default_factory=list)
    alike: list[tuple[str, str]] = field(default_factory=list)  # form references of children that look alike


def refused_csv(reports: Sequence[ImportReport]) -> str:
    """The refused rows as they came, with an ``error`` column, ready to correct and import again."""
    columns = list(
        dict.fromkeys(column for report in reports for column in report.columns if column != "error")
    )
    out = io.StringIO()
    writer = csv.DictWriter(out, [*columns, "error"], lineterminator="\n")
    writer.writeheader()
    for report in reports:
        for row in report.refused:
            writer.writerow(dict(zip(report.columns, row.raw, strict=True)) | {"error": row.error})
    return out.getvalue()


@transaction.atomic
def import_applications(
    *,
    round_: Round,
    content: bytes,
    name: str,
    actor: User | None,
    progress: Callable[[str], None] | None = None,
) -> ImportReport:
    """Import one file of signed forms into ``round_``; all good rows, or after a crash none.

    Raises FileError when the file as a whole cannot be used. Source: data-formats.md section 1, DH-030 to DH-045.
    """
    if round_.kind != RoundKind.ALM:
        raise FileError(_("Forms can only be imported into an application period (ALM)."))
    table = read_table(content, name=name, required=COLUMNS, known=["error"])
    report = ImportReport(columns=table.columns, unknown_columns=table.unknown)
    intake = intake_for(round_)
    known = _known_forms(round_)
    taken = taken_children(round_.year)
    ready: list[ReadyForm] = []
    for row in table.rows:
        form = _judge(row, intake=intake, known=known, taken=taken, round_=round_, report=report)
        if form is not None:
            known[form.contents["form_reference"]] = [form.contents]
            taken[form.key] = form.contents["form_reference"]
            ready.append(form)
    report.alike = find_alike(round_.year, ready)
    if ready:
        _store(round_, ready, intake=intake, actor=actor)
    report.imported = len(ready)
    return report


def _judge(
    row: Row,
    *,
    intake: Intake,
    known: dict[str, list[dict[str, str]]],
    taken: dict[str, str],
    round_: Round,
    report: ImportReport,
) -> ReadyForm | None:
    contents = clean_contents(row.cells)
    reference = contents["form_reference"]

    def refuse(problems: Iterable[tuple[str, str]]) -> None:
        error = " | ".join(f"{column}: {sentence}" for column, sentence in problems)
        report.refused.append(RefusedRow(row.line, reference, error, row.raw))

    if row.problem:
        refuse([("form_reference", row.problem)])
        return None
    if reference in known:
        if contents in known[reference]:
            report.skipped += 1
        else:
            refuse(
                [("form_reference", _("This reference is already in use for a form with other contents."))]
            )
        return None
    if round_.state not in BEFORE_LOCK_STATES:
        refuse([("form_reference", _("This period is closed: no form can be added any more."))])
        return None
    form, problems = check_contents(contents, intake)
    if form is None:
        refuse(problems)
        return None
    if form.key in taken:
        sentence = _(
            "This child already has an application this year (form %(other)s). A child can apply once a year at "
            "schools with a ceiling; call the office when that form is wrong."
        ) % {"other": taken[form.key] or "?"}
        refuse([("given_name", sentence)])
        return None
    return ReadyForm(
        row.line, row.raw, form.contents, form.born, form.received_on, form.claims, form.preferences, form.key
    )


def _known_forms(round_: Round) -> dict[str, list[dict[str, str]]]:
    """Per form reference of the year every contents it has been final with."""
    known: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for reference, contents in FormVersion.objects.filter(form__year=round_.year).values_list(
        "form__form_reference", "contents"
    ):
        # A form that a school typed or corrected knows more than a row of the file.
        known[reference].append({column: contents.get(column, "") for column in COLUMNS})
    for reference in ApplicationForm.objects.filter(year=round_.year, versions=None).values_list(
        "form_reference", flat=True
    ):
        known[reference] = []
    return dict(known)


def _chunks(items: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _store(round_: Round, ready: Sequence[ReadyForm], *, intake: Intake, actor: User | None) -> None:
    year, at = round_.year, now(round_.year)
    children = _children(round_, ready)
    previous = {application.child_id: application for application in movers(round_.year_id)}
    applications = [
        Application(
            year=year,
            first_choice=intake.school_rounds[form.preferences[0]],
            child=children[form.key],
            registration_number=number,
            decision=Decision.UNDECIDED,
            previous=previous.get(children[form.key].pk),
        )
        for form, number in zip(ready, draw_numbers(len(ready)), strict=True)
    ]
    Application.objects.bulk_create(applications, batch_size=CHUNK)
    pairs = list(zip(applications, ready, strict=True))
    forms = [
        ApplicationForm(
            application=application,
            form_reference=form.contents["form_reference"],
            year=year,
            state=FormState.FINAL,
            received_on=form.received_on,
            street=form.contents["street"],
            house_number=form.contents["house_number"],
            postcode=form.contents["postcode"],
            place=form.contents["place"],
            care_requested=form.contents["care_request"] == "1",
            checklist=ALL_CHECKED,
            checked_by=actor,
            checked_at=at,
        )
        for application, form in pairs
    ]
    ApplicationForm.objects.bulk_create(forms, batch_size=CHUNK)
    FormVersion.objects.bulk_create(
        (
            FormVersion(form=stored, version=1, contents=form.contents, finalised_by=actor, finalised_at=at)
            for stored, form in zip(forms, ready, strict=True)
        ),
        batch_size=CHUNK,
    )
    Guardian.objects.bulk_create(
        (
            Guardian(
                application=application,
                name=form.contents["guardian_name"],
                email=form.contents["email"],
                phone=form.contents["phone"],
                language=form.contents["language"],
            )
            for application, form in pairs
        ),
        batch_size=CHUNK,
    )
    Preference.objects.bulk_create(
        (
            Preference(application=application, rank=rank, programme=intake.school_rounds[code].programme)
            for application, form in pairs
            for rank, code in enumerate(form.preferences, start=1)
        ),
        batch_size=CHUNK,
    )
    PriorityClaim.objects.bulk_create(
        (
            PriorityClaim(application=application, kind=kind, state=ClaimState.CONFIRMED)
            for application, form in pairs
            for kind in form.claims
        ),
        batch_size=CHUNK,
    )
    CareCase.objects.bulk_create(
        (
            case
            for application, form in pairs
            if (case := care_case_of(application, form.contents, received_on=form.received_on)) is not None
        ),
        batch_size=CHUNK,
    )
    record_events(year, _facts(pairs), actor=actor, effective_at=at)


def _children(round_: Round, ready: Sequence[ReadyForm]) -> dict[str, Child]:
    """The child of every form by identity key; a child known from an earlier year or form is the same row."""
    region = round_.year.region
    children: dict[str, Child] = {}
    for chunk in _chunks([form.key for form in ready]):
        for child in Child.objects.filter(region=region, identity_key__in=chunk):
            children[child.identity_key] = child
    new = [
        Child(
            region=region,
            given_name=form.contents["given_name"],
            surname_prefix=form.contents["surname_prefix"],
            surname=form.contents["surname"],
            date_of_birth=form.born,
            identity_key=form.key,
        )
        for form in ready
        if form.key not in children
    ]
    Child.objects.bulk_create(new, batch_size=CHUNK)
    return children | {child.identity_key: child for child in new}


def care_case_of(
    application: Application, contents: Mapping[str, str], *, received_on: date
) -> CareCase | None:
    """The care route as far as the file tells it (DH-170 to DH-177, Q-54)."""
    asked, duty = contents["care_request"] == "1", contents["care_duty"]
    if duty == "1":
        state = CareState.DUTY_YES
    elif not asked:
        return None
    else:
        state = CareState.DUTY_NO if duty == "0" else CareState.REQUESTED
    return CareCase(
        application=application,
        origin=CareOrigin.REQUEST if asked else CareOrigin.SIGNAL,
        state=state,
        outcome_on=received_on if duty else None,
    )


def _facts(pairs: Sequence[tuple[Application, ReadyForm]]) -> list[Fact]:
    facts = []
    for application, form in pairs:
        key = application.registration_number
        facts.append(
            Fact(
                "form_imported",
                "application",
                key,
                new=FormState.FINAL,
                reason=form.contents["form_reference"],
            )
        )
    return facts
