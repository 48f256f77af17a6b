"""Whether the contents of a form make sense, whoever typed them: import, school or desk (DH-030 to DH-045).

Contents are plain text values by column of the import format (data-formats.md section 1).
"""

import re
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from admissions.procedures.base import FormFacts
from admissions.services.forms.intake import Intake
from admissions.validators import (
    contains_bsn,
    has_control_character,
    has_letter,
    identity_key,
    is_email,
    is_language,
    is_postcode,
    looks_like_formula,
    normalise_postcode,
)

MAX_PREFERENCES = 10
PREFERENCES = tuple(f"preference_{rank}" for rank in range(1, MAX_PREFERENCES + 1))
COLUMNS = (
    "form_reference",
    "given_name",
    "surname_prefix",
    "surname",
    "date_of_birth",
    "received_on",
    "street",
    "house_number",
    "postcode",
    "place",
    "guardian_name",
    "email",
    "phone",
    "language",
    "priority_claims",
    "care_request",
    "care_duty",
    *PREFERENCES,
)
# What the school types besides: a file of signed forms lacks these, and what lacks a column is not judged on it.
EXTRAS = (
    "channel",
    "no_email",
    "guardian2_name",
    "guardian2_email",
    "care_note",
    "evidence_sibling",
    "evidence_preschool",
    "evidence_staff",
    "is_twin",  # the parents marked a twin in the same round
    "checked_claims",  # kinds the school has confirmed already
)
FREE_TEXTS = ("care_note", "evidence_sibling", "evidence_preschool", "evidence_staff")
LONGEST = {
    "form_reference": 40,
    "given_name": 100,
    "surname_prefix": 30,
    "surname": 100,
    "street": 120,
    "house_number": 20,
    "place": 80,
    "guardian_name": 200,
    "phone": 30,
    "guardian2_name": 200,
    "care_note": 2000,
    "evidence_sibling": 300,
    "evidence_preschool": 300,
    "evidence_staff": 300,
}
REQUIRED = ("form_reference", "given_name", "surname", "street", "house_number", "place", "guardian_name")
NAMES = ("given_name", "surname_prefix", "surname", "guardian_name", "guardian2_name", "street", "place")
CHANNELS = ("paper", "email")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CLAIMABLE = ("sibling", "preschool", "staff")
ALL_CHECKED = [1, 2, 3, 4, 5, 6, 7]  # DH-045: the school signed for these before the form was handed over


@dataclass(frozen=True, slots=True)
class ReadyForm:
    """A row that passed every check of its own."""

    line: int
    raw: tuple[str, ...]
    contents: dict[str, str]  # normalised, by column
    born: date
    received_on: date
    claims: tuple[str, ...]
    preferences: tuple[str, ...]
    key: str  # identity of the child


def clean_contents(cells: dict[str, str]) -> dict[str, str]:
    """Normalise the cells of a row, so that the same form always looks the same."""
    contents = {column: cells.get(column, "") for column in COLUMNS}
    contents["postcode"] = normalise_postcode(contents["postcode"])
    contents["language"] = contents["language"].lower() or "nl"
    contents["priority_claims"] = " ".join(contents["priority_claims"].lower().split())
    for column in PREFERENCES:
        contents[column] = contents[column].upper()
    return contents | {column: cells[column] for column in EXTRAS if column in cells}


def _day(value: str) -> date | None:
    # ``fromisoformat`` alone also reads 2021-W05-1.
    try:
        return date.fromisoformat(value) if DAY.fullmatch(value) else None
    except ValueError:
        return None


def _typed_problems(contents: dict[str, str], claims: tuple[str, ...]) -> list[tuple[str, str]]:
    """What a form that a school types must have besides (DH-041): ways to reach the family, evidence of a claim."""
    problems: list[tuple[str, str]] = []
    if not contents["phone"]:
        problems.append(
            ("phone", _("Fill in a phone number: the school calls when a letter does not arrive."))
        )
    if not contents["email"] and contents["no_email"] != "1":
        problems.append(("email", _("Fill in an e-mail address, or tick that the parents have none.")))
    if contents["email"] and contents["no_email"] == "1":
        problems.append(("no_email", _("There is an e-mail address. Take it out, or do not tick this.")))
    if contents["guardian2_email"] and not is_email(contents["guardian2_email"]):
        problems.append(
            ("guardian2_email", _("This is not an e-mail address. Correct it, or leave it empty."))
        )
    if contents["guardian2_email"] and not contents["guardian2_name"]:
        problems.append(
            ("guardian2_name", _("Fill in the name of this parent, or take out the e-mail address."))
        )
    if contents["channel"] not in CHANNELS:
        problems.append(("channel", _("Choose how the form came in.")))
    for kind in claims:
        if kind in CLAIMABLE and not contents[f"evidence_{kind}"]:
            problems.append(
                (f"evidence_{kind}", _("Fill in what the parents wrote: without it you cannot check this."))
            )
    for column in FREE_TEXTS:
        if contains_bsn(contents[column]):
            problems.append(
                (
                    column,
                    _("There is a number here that looks like a BSN. Take it out: it may not be stored."),
                )
            )
    return problems


def check_contents(
    contents: dict[str, str], intake: Intake
) -> tuple[ReadyForm | None, list[tuple[str, str]]]:
    """Judge one normalised row by itself; problems are (column, sentence). DH-030 to DH-045."""
    problems: list[tuple[str, str]] = []

    def refuse(column: str, sentence: str) -> None:
        problems.append((column, sentence))

    for column in REQUIRED:
        if not contents[column]:
            refuse(column, _("This is empty. Fill it in as on the paper form."))
    for column, longest in LONGEST.items():
        value = contents.get(column, "")
        if len(value) > longest:
            refuse(column, _("This is too long: at most %(longest)d characters.") % {"longest": longest})
        # A telephone number may begin with +; no cell outside the names begins with = or @.
        if has_control_character(value.replace("\n", " ") if column == "care_note" else value) or (
            column not in NAMES and value.startswith(("=", "@"))
        ):
            refuse(column, _("There is an unreadable character in this cell. Type it again."))
    for column in NAMES:
        value = contents.get(column, "")
        if value and (not has_letter(value) or looks_like_formula(value)):
            refuse(column, _("This is not a name. Type it as on the paper form."))
        if contains_bsn(value):
            refuse(
                column, _("There is a number here that looks like a BSN. Take it out: it may not be stored.")
            )
    born, received_on = _day(contents["date_of_birth"]), _day(contents["received_on"])
    for column, day in (("date_of_birth", born), ("received_on", received_on)):
        if day is None:
            refuse(column, _("This is not a date. Write it as year-month-day, like 2021-02-28."))
    if not is_postcode(contents["postcode"]):
        refuse("postcode", _("This is not a Dutch postcode. Write it like 2565 XP."))
    if contents["email"] and not is_email(contents["email"]):
        refuse(
            "email",
            _("This is not an e-mail address. Correct it, or leave it empty: then the family gets post."),
        )
    if not is_language(contents["language"]):
        refuse("language", _("This is not a language code of two letters, like nl or en."))
    claims = tuple(contents["priority_claims"].split())
    for claim in claims:
        if claim not in CLAIMABLE:
            refuse(
                "priority_claims",
                _("“%(claim)s” cannot be claimed. Possible are: sibling, preschool, staff.")
                % {"claim": claim[:30]},
            )
    if len(set(claims)) != len(claims):
        refuse("priority_claims", _("A reason is named twice."))
    if "no_email" in contents:
        problems += _typed_problems(contents, claims)
    if contents["care_request"] not in ("0", "1"):
        refuse("care_request", _("This must be 0 or 1: question 3 of the form."))
    if contents["care_duty"] not in ("", "0", "1"):
        refuse("care_duty", _("This must be 0, 1 or empty: the outcome of the meeting."))
    preferences = tuple(contents[column] for column in PREFERENCES)
    if born is not None and received_on is not None:
        facts = FormFacts(
            given_name=contents["given_name"],
            surname_prefix=contents["surname_prefix"],
            surname=contents["surname"],
            date_of_birth=born,
            received_on=received_on,
            preferences=preferences,
            claims=frozenset(claims),
            care_requested=contents["care_request"] == "1",
        )
        problems += [
            (problem.field, problem.text) for problem in intake.procedure.form_problems(facts, intake.context)
        ]
    if problems or born is None or received_on is None:
        return None, problems
    key = identity_key(
        contents["given_name"], contents["surname_prefix"], contents["surname"], contents["date_of_birth"]
    )
    listed = tuple(code for code in preferences if code)
    return ReadyForm(0, (), contents, born, received_on, claims, listed, key), []
