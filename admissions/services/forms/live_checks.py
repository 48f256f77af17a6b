"""What the screen says beside each field while somebody types: in plain words, never in the way (DH-030 to DH-045).

Two moods: ``live`` keeps quiet about what has simply not been typed yet; when the form must become final everything
that is still wrong is said.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.procedures.base import FormFacts, Note, Problem
from admissions.services.forms.alike import AlikeApplication, alike_to
from admissions.services.forms.checks import PREFERENCES, check_contents
from admissions.services.forms.contents import Contents, known_child
from admissions.services.forms.eligibility import may_apply
from admissions.services.forms.intake import Intake
from admissions.services.forms.typed_values import (
    FIELDS,
    LISTED,
    ON,
    TICKED_BY_HAND,
    Listed,
    Reading,
    directory_of,
    parse_day,
    read_typed,
    short_day,
)
from admissions.validators import is_postcode, meant_email, normalise_postcode
from schools.enums import PriorityKind
from schools.models import Round, School, SchoolRound

BIRTH = ("date_of_birth", "received_on")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One point of the checklist as the system sees it; ``by_hand`` = a person must still tick it."""

    point: int
    holds: bool
    text: str
    by_hand: bool = False


@dataclass(slots=True)
class Judged:
    """Everything there is to say about what was typed."""

    contents: Contents
    problems: list[Problem]  # by field of the page
    notes: list[Note]
    evaluations: dict[int, Evaluation]
    checklist: tuple[int, ...]
    choices: dict[str, list[Listed]] = field(default_factory=dict)
    alike: list[AlikeApplication] = field(default_factory=list)
    twins: list[AlikeApplication] = field(default_factory=list)
    shown: dict[str, str] = field(
        default_factory=dict
    )  # typed values as they will be written: 04-03-2021, 2565 XP
    is_taken: bool = False  # the child has its one application this year already (DH-034)

    def lines(self, *, live: bool, typed: Collection[str]) -> dict[str, list[Note]]:
        """Notes and problems by field; ``live`` leaves out what is merely not there yet."""
        lines: defaultdict[str, list[Note]] = defaultdict(list)
        for note in self.notes:
            lines[note.field].append(note)
        for problem in self.problems:
            if not live or problem.field in typed:
                lines[problem.field].append(Note(problem.field, "error", problem.text))
        return dict(lines)


def judge(
    typed: Mapping[str, str],
    *,
    school_round: SchoolRound,
    intake: Intake,
    left_out: Iterable[str] = (),
    besides: int | None = None,
    reference: str = "",
    deep: bool = True,
) -> Judged:
    """Judge typed values. ``deep`` also looks for look-alike children and earlier applications (three queries)."""
    own_code = school_round.programme.code
    reading = read_typed(typed, own_code=own_code, intake=intake, reference=reference)
    contents = reading.contents
    problems = _problems(reading, intake, left_out)
    evaluations = _evaluations(contents, typed, problems, intake)
    judged = Judged(
        contents,
        problems,
        _notes(reading, typed, own_code, school_round.programme.school, intake),
        evaluations,
        _checklist(typed, evaluations),
        choices=reading.choices,
        shown=_shown(typed, reading, directory_of(intake)),
    )
    if sorted(judged.checklist) != list(range(1, 8)):
        judged.problems += [
            Problem(f"check_{point}", _("Tick this when it is right."))
            for point in TICKED_BY_HAND
            if point not in judged.checklist
        ]
    if deep:
        _look_further(judged, school_round.round, school_round.programme.school, besides)
    return judged


def _problems(reading: Reading, intake: Intake, left_out: Iterable[str]) -> list[Problem]:
    contents = dict(reading.contents)
    contents["form_reference"] = contents["form_reference"] or "-"  # given when the draft is stored
    _ready, found = check_contents(contents, intake)
    told = {problem.field for problem in reading.problems}
    problems = list(reading.problems)
    for column, text in found:
        name = reading.fields.get(column) or column
        if name == PREFERENCES[0]:
            name = LISTED[0]
        if name == "form_reference" or name in told:
            continue  # said already, in the words of what was typed
        if name in BIRTH and not contents[name]:
            text = _("Fill in the date as on the paper form, like 4-3-21.")
        if name == "care_request":
            text = _("Answer question 3 of the form: yes or no.")
        problems.append(Problem(name, text))
    problems += [
        Problem(
            name,
            _("There was a number here that looks like a BSN. It has been left out: it may not be stored."),
        )
        for name in left_out
    ]
    order = {name: position for position, name in enumerate(FIELDS)}
    return sorted(problems, key=lambda problem: order.get(problem.field, len(order)))


def _facts(contents: Contents) -> FormFacts | None:
    born, received_on = parse_day(contents["date_of_birth"]), parse_day(contents["received_on"])
    if born is None or received_on is None:
        return None
    return FormFacts(
        given_name=contents["given_name"],
        surname_prefix=contents["surname_prefix"],
        surname=contents["surname"],
        date_of_birth=born,
        received_on=received_on,
        preferences=tuple(contents[name] for name in PREFERENCES),
        claims=frozenset(contents["priority_claims"].split()),
        care_requested=contents["care_request"] == ON,
    )


def _notes(
    reading: Reading, typed: Mapping[str, str], own_code: str, school: School, intake: Intake
) -> list[Note]:
    contents = reading.contents
    notes: list[Note] = []
    facts = _facts(contents)
    if facts is not None:
        notes += [
            Note(reading.fields.get(note.field) or note.field, note.kind, note.text)
            for note in intake.procedure.form_notes(facts, intake.context)
        ]
    for name in ("email", "guardian2_email"):
        meant = meant_email(typed.get(name, ""))
        if meant:
            notes.append(
                Note(
                    name,
                    "warn",
                    _("Do you mean %(email)s? The confirmation goes to this address.") % {"email": meant},
                )
            )
    if contents["no_email"] == ON and not contents["email"]:
        notes.append(Note("no_email", "info", _("The confirmation becomes a letter that you send by post.")))
    if facts is not None and school.moves_up_late(facts.date_of_birth, period=intake.context.period):
        sentence = _(
            "At your school children move up on 1 January. A child born from October to December can in principle "
            "only apply in the first period. Talk with the parents; the form stays valid."
        )
        notes.append(Note("date_of_birth", "warn", sentence))
    postcode = normalise_postcode(typed.get("postcode", ""))
    area = next(
        (
            rule
            for rule in intake.rule_rows
            if rule.programme.code == own_code and rule.kind == PriorityKind.NEIGHBOURHOOD
        ),
        None,
    )
    if area is not None and is_postcode(postcode):
        inside = postcode[:4] in area.area_postcodes.split()
        notes.append(
            Note(
                "postcode", "ok", _("This address lies in the area of the school: priority by neighbourhood.")
            )
            if inside
            else Note("postcode", "info", _("This address lies outside the area of the school."))
        )
    notes += _listed_notes(reading, typed, intake)
    return notes


def _listed_notes(reading: Reading, typed: Mapping[str, str], intake: Intake) -> list[Note]:
    """Per school its number on the list and whether it has a ceiling."""
    directory = directory_of(intake)
    notes = []
    for column, name in reading.fields.items():
        code = reading.contents[column]
        if code in directory and typed.get(name):
            rank = PREFERENCES.index(column) + 1
            sentence = (
                _("Number %(rank)d, with a ceiling.")
                if directory[code].is_capped
                else _("Number %(rank)d, without a ceiling.")
            )
            notes.append(Note(name, "ok", sentence % {"rank": rank}))
            if rank == 1 and intake.context.ceilings.get(code) == 0:
                warning = _(
                    "This school has 0 places in this period. Without open places of an earlier period the child is "
                    "drawn out here, and goes on to the central draw. Tell the parents."
                )
                notes.append(Note(name, "warn", warning))
    return notes


def _evaluations(
    contents: Contents, typed: Mapping[str, str], problems: list[Problem], intake: Intake
) -> dict[int, Evaluation]:
    wrong = {problem.field for problem in problems}
    fits = bool(contents["date_of_birth"] and contents["received_on"]) and wrong.isdisjoint(BIRTH)
    asked, answered = contents["care_request"] == ON, contents["care_request"] in ("0", "1")
    listed = sum(1 for name in PREFERENCES if contents[name])
    complete = wrong.isdisjoint(LISTED)
    missing = intake.procedure.parameters.minimum_list_length - listed
    if complete:
        list_text = ngettext("%(n)d school on the list.", "%(n)d schools on the list.", listed) % {
            "n": listed
        }
    elif missing > 0:
        list_text = ngettext(
            "Not yet: %(n)d more school, or a brother or sister at this school.",
            "Not yet: %(n)d more schools, or a brother or sister at this school.",
            missing,
        ) % {"n": missing}
    else:
        list_text = _("Not yet: look at the list of schools.")
    return {
        2: Evaluation(
            2,
            fits,
            _("Looked at by the system: it fits.")
            if fits
            else _("Not yet: look at the date of birth and the day received."),
        ),
        5: Evaluation(
            5,
            answered and not asked,
            _("Looked at by the system: no wish.")
            if answered and not asked
            else _("Plan the meeting and tick this.")
            if asked
            else _("Not yet: answer question 3."),
            by_hand=asked,
        ),
        6: Evaluation(6, complete, list_text),
    }


def _checklist(typed: Mapping[str, str], evaluations: Mapping[int, Evaluation]) -> tuple[int, ...]:
    ticked = {point for point in TICKED_BY_HAND if typed.get(f"check_{point}") == ON}
    for point, evaluation in evaluations.items():
        if not evaluation.by_hand:
            ticked = ticked | {point} if evaluation.holds else ticked - {point}
    return tuple(sorted(ticked))


def _shown(typed: Mapping[str, str], reading: Reading, directory: Mapping[str, Listed]) -> dict[str, str]:
    """How the values will be written: shown in the field as soon as somebody leaves it."""
    shown = {}
    for name in BIRTH:
        day = parse_day(typed.get(name, ""))
        if day:
            shown[name] = short_day(day)
    postcode = normalise_postcode(typed.get("postcode", ""))
    if is_postcode(postcode):
        shown["postcode"] = f"{postcode[:4]} {postcode[4:]}"
    for column, name in reading.fields.items():
        code = reading.contents[column]
        if typed.get(name) and code in directory:
            shown[name] = directory[code].label
    return shown


def _twin_notes(judged: Judged) -> list[Note]:
    """Q-01: twins are looked at together and drawn apart; one gives the other no priority."""
    is_marked = judged.contents.get("is_twin") == ON
    names = ", ".join(f"{row.child_name} ({row.registration_number})" for row in judged.twins)
    notes = []
    if is_marked and names:
        notes.append(
            Note(
                "is_twin", "ok", _("The other form is here too: %(names)s. Look at both.") % {"names": names}
            )
        )
    elif is_marked:
        notes.append(Note("is_twin", "info", _("The form of the other child is not at your school (yet).")))
    elif names:
        sentence = _("%(names)s lives at this address and has the same birthday. A twin? Then tick this.")
        notes.append(Note("is_twin", "warn", sentence % {"names": names}))
    if is_marked and "sibling" in judged.contents["priority_claims"].split():
        sentence = _(
            "A twin who takes part in the same draw gives no priority: that takes an older brother or sister "
            "who is at the school already."
        )
        notes.append(Note("claim_sibling", "warn", sentence))
    return notes


def _look_further(judged: Judged, round_: Round, school: School, besides: int | None) -> None:
    """Look-alike children, and whether the right to one application is used (Q-08, DH-034)."""
    year = round_.year
    found = alike_to(judged.contents, year=year, besides=besides)
    judged.alike = [row for row in found if not row.is_twin]
    judged.twins = [
        row for row in found if row.is_twin and row.school_id == school.pk
    ]  # no file of another school
    judged.notes += _twin_notes(judged)
    if not any(found.is_same for found in judged.alike):
        return
    child = known_child(year.region_id, judged.contents)
    if child is not None and not may_apply(year, child, besides_id=besides):
        judged.is_taken = True
        judged.problems.insert(
            0,
            Problem(
                "given_name",
                _(
                    "This child already has an application this year. A child can apply once a year at schools "
                    "with a ceiling. Call the office."
                ),
            ),
        )
