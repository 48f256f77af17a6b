"""Typing a form: kept as it is typed, judged beside it, made final when it is right (DH-050 to DH-055).

Two people in one form: whoever comes second loses nothing and overwrites nothing. What was typed waits aside until its
typist has put the two versions side by side and chosen.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from admissions.case_enums import LIVE_CASES, CaseEnd
from admissions.enums import CaseKind, FormState
from admissions.models import Application, ApplicationForm, Case, FormEntry
from admissions.services.cases.opening import Opening, open_case
from admissions.services.forms.application_forms import (
    FormError,
    FormProblems,
    Typed,
    check_entry_open,
    create_draft,
    draft_problems,
    finalise_form,
    release_form,
    save_draft,
)
from admissions.services.forms.contents import contents_of
from admissions.services.forms.intake import Intake, intake_for
from admissions.services.forms.live_checks import Judged, judge
from admissions.services.forms.typed_values import FIELDS, clean_typed, directory_of, typed_from
from admissions.services.year.states import StateError
from schools.clock import now
from schools.models import SchoolRound, User
from schools.services.events import Fact, record_events

OPEN_FORMS = (FormState.DRAFT, FormState.RELEASED)
MOST_ALIKE = 6  # of that many applications the numbers fit in the subject of a case


class EntryConflict(FormError):
    """Somebody else saved this form since it was opened; both versions are kept."""

    def __init__(self, entry: FormEntry) -> None:
        super().__init__(
            _("Somebody else changed this form while you had it open. Compare the two and choose.")
        )
        self.entry = entry


class EntryProblems(FormProblems):
    """The form cannot be final yet; ``judged`` says everything beside the fields, and what was typed is kept."""

    def __init__(self, judged: Judged, entry: FormEntry) -> None:
        super().__init__(judged.problems)
        self.judged = judged
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Kept:
    """What was stored and what there is to say about it."""

    entry: FormEntry
    judged: Judged


@dataclass(frozen=True, slots=True)
class Finalised:
    form: ApplicationForm
    is_new: bool  # False: the same click came twice


def entry_of(form: ApplicationForm, *, actor: User | None) -> FormEntry:
    """The entry of a stored form; one is made for a form that came in by import."""
    entry, created = FormEntry.objects.get_or_create(
        form=form, defaults={"school_round": form.application.first_choice, "saved_by": actor}
    )
    return refreshed(entry, form) if created else entry


def refreshed(entry: FormEntry, form: ApplicationForm) -> FormEntry:
    """Fill the fields with what the form says now."""
    intake = intake_for(form.application.first_choice.round)
    contents = form.draft or contents_of(form.application)
    entry.typed = typed_from(contents, directory_of(intake), form.checklist)
    entry.revision += 1
    entry.saved_at = now(form.application.year)
    entry.save(update_fields=["typed", "revision", "saved_at"])
    return entry


@transaction.atomic
def release_for_entry(form_id: int, *, actor: User | None, reason: str = "") -> FormEntry:
    """Open a final form again, with its contents in the fields (DH-054)."""
    form = release_form(form_id, actor=actor, reason=reason)
    return refreshed(entry_of(form, actor=actor), form)


@transaction.atomic
def keep_typed(
    key: uuid.UUID,
    school_round: SchoolRound,
    raw: Mapping[str, str],
    *,
    revision: int,
    actor: User | None,
    window: str = "",
    intake: Intake | None = None,
    is_new: bool = False,
) -> Kept:
    """Store what was typed, whatever it is; and as a draft as soon as there is enough for one. At most 20 queries.

    ``is_new``: the caller looked and found no entry of this key.
    Raises FormError when the form is closed. A version that came too late is put aside and EntryConflict is raised
    by the caller (``conflict_of``), so that this transaction keeps it.
    """
    at = now(school_round.round.year)
    check_entry_open(school_round.round, at=at)
    entry = _locked(key, school_round, is_new=is_new)
    form = entry.form
    if form is not None and form.state not in OPEN_FORMS:
        raise FormError(_("This form is final. Release it first, then you can change it."))
    intake = intake or intake_for(school_round.round)
    typed, left_out = clean_typed(raw)
    judged = judge(
        typed,
        school_round=school_round,
        intake=intake,
        left_out=left_out,
        besides=form.application_id if form else None,
        reference=form.form_reference if form else "",
    )
    is_own_window = bool(window) and window == entry.window
    if revision != entry.revision and not is_own_window and typed != entry.typed and entry.typed:
        entry.aside = entry.aside | {str(actor.pk if actor else 0): {"typed": typed, "at": at.isoformat()}}
        entry.save(update_fields=["aside"])
        return Kept(entry, judged)
    is_moved, entry.window = entry.window != window[:20], window[:20]
    _store(entry, typed, judged, at, actor, is_moved=is_moved)
    return Kept(entry, judged)


def _locked(key: uuid.UUID, school_round: SchoolRound, *, is_new: bool) -> FormEntry:
    """The entry of this key, made when it is not there; whoever clicks at the same moment waits here."""
    rows = FormEntry.objects.select_for_update(of=("self",)).select_related("form__application__child")
    entry = None if is_new else rows.filter(key=key).first()
    if entry is None:
        try:
            with transaction.atomic():
                return FormEntry.objects.create(key=key, school_round=school_round)
        except IntegrityError:  # another click was a moment earlier
            entry = rows.get(key=key)
    if entry.school_round_id == school_round.pk:
        entry.school_round = school_round  # with its round and year, read already
    return entry


def _store(
    entry: FormEntry,
    typed: dict[str, str],
    judged: Judged,
    at: datetime,
    actor: User | None,
    *,
    is_moved: bool,
) -> None:
    """Write what changed; nothing when the last save said all of this already."""
    had_aside = entry.aside.pop(str(actor.pk if actor else 0), None) is not None
    if typed != entry.typed or entry.saved_at is None:
        entry.typed, entry.revision = typed, entry.revision + 1
        entry.saved_by, entry.saved_at = actor, at
        _keep_as_draft(entry, judged, actor, at)
    elif not (had_aside or is_moved):
        return
    entry.save(update_fields=["typed", "revision", "aside", "saved_by", "saved_at", "window", "form"])


def _keep_as_draft(entry: FormEntry, judged: Judged, actor: User | None, at: datetime) -> None:
    """A draft is an application that lists and counts know; what does not make one yet stays an entry."""
    if draft_problems(judged.contents, entry.school_round.round):
        return
    typed = Typed(judged.contents, judged.checklist)
    if entry.form is None:
        entry.form = create_draft(entry.school_round, typed, actor=actor, at=at)
        return
    try:
        with transaction.atomic():
            save_draft(entry.form.pk, typed, actor=actor, at=at)
    except FormProblems as exc:  # another birth date on a form that was final once (DH-058)
        judged.problems[:0] = [problem for problem in exc.problems if problem not in judged.problems]


def is_aside(entry: FormEntry, actor: User | None) -> bool:
    """Whether a version of this user waits to be compared."""
    return str(actor.pk if actor else 0) in entry.aside


def finalise_entry(
    key: uuid.UUID,
    school_round: SchoolRound,
    raw: Mapping[str, str],
    *,
    revision: int,
    actor: User | None,
    window: str = "",
    intake: Intake | None = None,
    is_new: bool = False,
) -> Finalised:
    """Keep what was typed and make it final; a click that comes twice makes one form (DH-051).

    Raises EntryConflict, EntryProblems (what was typed is kept) or FormError.
    """
    intake = intake or intake_for(school_round.round)
    try:
        kept = keep_typed(
            key,
            school_round,
            raw,
            revision=revision,
            actor=actor,
            window=window,
            intake=intake,
            is_new=is_new,
        )
    except FormError:
        done = _done_already(key, raw)  # the other click was earlier
        if done is not None:
            return Finalised(done, is_new=False)
        raise
    entry, judged = kept.entry, kept.judged
    if is_aside(entry, actor):
        raise EntryConflict(entry)
    if judged.is_taken:
        report_duplicate(entry.form, judged)
    if judged.problems or entry.form is None:
        raise EntryProblems(judged, entry)
    try:
        form = finalise_form(entry.form.pk, actor=actor, intake=intake)
    except FormProblems as exc:
        judged.problems = exc.problems
        raise EntryProblems(judged, entry) from exc
    except StateError:
        done = _done_already(key, raw)
        if done is None:
            raise
        return Finalised(done, is_new=False)
    if judged.alike:
        report_duplicate(form, judged)
    return Finalised(form, is_new=True)


def _done_already(key: uuid.UUID, raw: Mapping[str, str]) -> ApplicationForm | None:
    """The final form of this entry if it was made from just these values."""
    entry = FormEntry.objects.filter(key=key, form__state=FormState.FINAL).select_related("form").first()
    if entry is None or entry.typed != clean_typed(raw)[0]:
        return None
    return entry.form


@transaction.atomic
def report_duplicate(form: ApplicationForm | None, judged: Judged) -> None:
    """Tell the programme manager, and on their own pages both schools, that a child seems to be applied twice (Q-08).

    The note names registration numbers only; nobody sees the file of another school.
    """
    ids = {found.application_id for found in judged.alike} | ({form.application_id} if form else set())
    rows = list(Application.objects.filter(pk__in=ids).select_related("year").order_by("pk"))
    if not rows:
        return
    year, numbers = rows[0].year, [row.registration_number for row in rows]
    about = "/".join(sorted(numbers)[:MOST_ALIKE])
    known = Q(state__in=LIVE_CASES) | Q(closed_through=CaseEnd.DIFFERENT)
    if Case.objects.filter(known, year=year, kind=CaseKind.DUPLICATE, about=about).exists():
        return
    # One case for the pair: whoever settles it says which of the two counts, or that they are two children.
    opening = Opening(CaseKind.DUPLICATE, about, note=", ".join(numbers), application=rows[0])
    open_case(year, opening, actor=None)
    facts = [Fact("case_opened", "application", number, new=CaseKind.DUPLICATE) for number in numbers]
    record_events(year, facts, actor=None)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which the two versions differ."""

    field: str
    theirs: str
    mine: str


def differences(entry: FormEntry, actor: User | None) -> list[Difference]:
    """Field by field what the stored version says and what this user typed meanwhile."""
    mine: Mapping[str, Any] = entry.aside.get(str(actor.pk if actor else 0), {}).get("typed", {})
    return [
        Difference(name, entry.typed.get(name, ""), mine.get(name, ""))
        for name in FIELDS
        if entry.typed.get(name, "") != mine.get(name, "")
    ]


def settle(
    key: uuid.UUID, school_round: SchoolRound, mine_in: frozenset[str], *, revision: int, actor: User | None
) -> Kept:
    """Take the stored version, with this user's values in the fields of ``mine_in``."""
    entry = FormEntry.objects.get(key=key)
    typed = dict(entry.typed)
    for difference in differences(entry, actor):
        if difference.field in mine_in:
            typed[difference.field] = difference.mine
    return keep_typed(key, school_round, typed, revision=revision, actor=actor)


def discard_entry(entry: FormEntry) -> None:
    """Throw away what was begun and never had a name and a date; a draft is discarded as a form."""
    if entry.form_id is not None:
        raise FormError(_("This is a draft already. Discard it from its own page."))
    entry.delete()
