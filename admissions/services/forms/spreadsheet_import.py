"""A spreadsheet of the school becomes entries to look over, and the good ones drafts; nothing is final by import."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import Decision
from admissions.models import Application, FormEntry
from admissions.procedures.base import Problem
from admissions.services.forms.application_forms import Typed, check_entry_open, create_draft, draft_problems
from admissions.services.forms.contents import Contents
from admissions.services.forms.intake import Intake, intake_for
from admissions.services.forms.live_checks import Judged, judge
from admissions.services.forms.sheets_in import Sheet
from admissions.services.forms.typed_values import CHECKS, clean_typed
from admissions.services.year.csv_files import FileError
from admissions.validators import identity_key
from schools.clock import now
from schools.models import SchoolRound, User


@dataclass(slots=True)
class PreviewRow:
    """One row of the file as it would become a draft; what only a person can tick is not asked here."""

    entry: FormEntry
    judged: Judged
    problems: list[Problem]
    shown: dict[str, str]

    @property
    def is_good(self) -> bool:
        return not self.problems

    @property
    def is_done(self) -> bool:
        return self.entry.form_id is not None


@dataclass(frozen=True, slots=True)
class Staged:
    batch: uuid.UUID
    cleaned: list[int]  # lines out of which a number was taken that looks like a BSN (DH-040)


@transaction.atomic
def stage_sheet(
    sheet: Sheet, school_round: SchoolRound, *, defaults: Mapping[str, str], actor: User | None
) -> Staged:
    """Keep every row as an entry of one batch; ``defaults`` fill what the file leaves out."""
    check_entry_open(school_round.round)
    if not sheet.rows:
        raise FileError(_("There are no rows below the names of the columns."))
    batch, at = uuid.uuid4(), now(school_round.round.year)
    rows = [(row.line, *clean_typed({**defaults, **row.typed})) for row in sheet.rows]
    FormEntry.objects.bulk_create(
        FormEntry(
            school_round=school_round,
            typed=typed,
            revision=1,
            saved_by=actor,
            saved_at=at,
            batch=batch,
            line=line,
        )
        for line, typed, _left_out in rows
    )
    return Staged(batch, [line for line, _typed, left_out in rows if left_out])


def preview(batch: uuid.UUID, school_round: SchoolRound) -> list[PreviewRow]:
    """Every row of the batch with what is wrong in it. Four queries, whatever the number of rows.

    A child that stands in the file twice is wrong the second time: only one of the two can become a draft.
    """
    intake = intake_for(school_round.round)
    entries = FormEntry.objects.filter(batch=batch, school_round=school_round).order_by("line")
    known = _known_keys(school_round)
    lines: dict[str, int] = {}
    rows = []
    for entry in entries:
        row = _row(entry, school_round, intake, known)
        key = _key(row.judged.contents)
        first = lines.setdefault(key, entry.line or 0)
        if first != entry.line and not row.is_done and key not in known and row.judged.contents["surname"]:
            sentence = _("This child stands in row %(line)d already. Change the name, or leave this row.")
            row.problems.insert(0, Problem("given_name", sentence % {"line": first}))
        rows.append(row)
    return rows


def _key(contents: Contents) -> str:
    return identity_key(
        contents["given_name"], contents["surname_prefix"], contents["surname"], contents["date_of_birth"]
    )


def _known_keys(school_round: SchoolRound) -> dict[str, bool]:
    """Identity of every child with an application this year; whether that is at this very school."""
    rows = (
        Application.objects.filter(year=school_round.round.year)
        .exclude(decision=Decision.VOID)
        .values_list(
            "child__given_name",
            "child__surname_prefix",
            "child__surname",
            "child__date_of_birth",
            "first_choice__programme_id",
        )
    )
    return {
        identity_key(given, prefix, surname, born.isoformat()): programme == school_round.programme_id
        for given, prefix, surname, born, programme in rows.iterator(chunk_size=2000)
    }


def _row(entry: FormEntry, school_round: SchoolRound, intake: Intake, known: dict[str, bool]) -> PreviewRow:
    judged = judge(entry.typed, school_round=school_round, intake=intake, deep=False)
    problems = [problem for problem in judged.problems if problem.field not in CHECKS]
    key = _key(judged.contents)
    if entry.form_id is None and key in known:
        sentence = (
            _("This child already has a form at your school.")
            if known[key]
            else _("This child already has an application this year. Call the office.")
        )
        problems.insert(0, Problem("given_name", sentence))
    return PreviewRow(entry, judged, problems, entry.typed | judged.shown)


@transaction.atomic
def correct_rows(
    batch: uuid.UUID, school_round: SchoolRound, typed: Mapping[int, Mapping[str, str]]
) -> list[int]:
    """Take corrections from the preview, by entry and field; answers the lines out of which a BSN was taken."""
    cleaned = []
    rows = FormEntry.objects.select_for_update(of=("self",)).filter(
        batch=batch, school_round=school_round, form=None, pk__in=list(typed)
    )
    for entry in rows:
        corrected, left_out = clean_typed(entry.typed | dict(typed[entry.pk]))
        if left_out:
            cleaned.append(entry.line or 0)
        if corrected.get("email"):
            corrected.pop("no_email", None)
        if corrected != entry.typed:
            entry.typed, entry.revision = corrected, entry.revision + 1
            entry.save(update_fields=["typed", "revision"])
    return sorted(cleaned)


@transaction.atomic
def make_drafts(batch: uuid.UUID, school_round: SchoolRound, *, actor: User | None) -> int:
    """Make a draft of every good row that is none yet; a second click finds nothing to do."""
    check_entry_open(school_round.round)
    list(FormEntry.objects.select_for_update(of=("self",)).filter(batch=batch).values_list("pk", flat=True))
    made = 0
    for row in preview(batch, school_round):
        contents = row.judged.contents
        if row.is_done or not row.is_good or draft_problems(contents, school_round.round):
            continue
        row.entry.form = create_draft(school_round, Typed(contents, row.judged.checklist), actor=actor)
        row.entry.save(update_fields=["form"])
        made += 1
    return made


def drop_batch(batch: uuid.UUID, school_round: SchoolRound) -> None:
    """Throw away the rows that became no draft."""
    FormEntry.objects.filter(batch=batch, school_round=school_round, form=None).delete()
