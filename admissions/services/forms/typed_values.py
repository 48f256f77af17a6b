"""From what somebody typed to the columns of a form: dates, postcodes and schools as people write them.

Typed values are kept as they were typed; only what may never be stored (a BSN) or cannot be (unreadable signs) is
taken out of them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from admissions.procedures.base import Problem
from admissions.services.forms.checks import CHANNELS, CLAIMABLE, PREFERENCES
from admissions.services.forms.contents import Contents
from admissions.services.forms.intake import Intake
from admissions.validators import has_control_character, normalise_postcode, plain, without_bsn

# In the order of the paper form; tests and the page itself follow it.
CHILD = ("given_name", "surname_prefix", "surname", "date_of_birth", "received_on", "channel")
ADDRESS = ("postcode", "house_number", "street", "place", "is_twin")
PARENTS = (
    "guardian_name",
    "guardian2_name",
    "email",
    "guardian2_email",
    "phone",
    "language",
    "no_email",
)
CARE = ("care_request", "care_note")
CLAIMS = tuple(f"{part}_{kind}" for kind in CLAIMABLE for part in ("claim", "evidence", "checked"))
LISTED = PREFERENCES[1:]  # the first school is the one that types
TICKED_BY_HAND = (1, 3, 4, 5, 7)  # the points of the checklist that a person answers for
CHECKS = tuple(f"check_{point}" for point in TICKED_BY_HAND)
FIELDS = (*CHILD, *ADDRESS, *PARENTS, *CARE, *CLAIMS, *LISTED, *CHECKS)
SAME = (
    "given_name",
    "surname_prefix",
    "surname",
    "street",
    "house_number",
    "place",
    "guardian_name",
    "guardian2_name",
    "email",
    "guardian2_email",
    "phone",
    "language",
    "care_note",
    "evidence_sibling",
    "evidence_preschool",
    "evidence_staff",
)
NOT_SEARCHED = frozenset(
    {"phone", "date_of_birth", "received_on", "postcode"}
)  # may hold nine digits of their own
LONGEST = 10_000
ON = "1"

DAY = re.compile(r"(\d{1,2})\s*[-/. ]\s*(\d{1,2}|[a-z]{3,9}\.?)\s*[-/. ]\s*(\d{4}|\d{2})", re.I)
DIGITS = re.compile(r"(\d{2})(\d{2})(\d{4}|\d{2})")
ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
MONTHS = {
    word: number
    for number, words in enumerate(
        "jan feb mrt,maart,mar apr mei,may jun jul aug sep okt,oct nov dec".split(), start=1
    )
    for word in words.split(",")
}
CODE_AT_END = re.compile(r"\(([0-9A-Z]{4,16})\)\s*$")


@dataclass(frozen=True, slots=True)
class Listed:
    """A school that can be put on a list."""

    code: str
    name: str
    is_capped: bool

    @property
    def label(self) -> str:
        return f"{self.name} ({self.code})"


@dataclass(slots=True)
class Reading:
    """What was typed, as the columns of a form; what could not be read stands in ``problems``."""

    contents: Contents
    problems: list[Problem] = field(default_factory=list)
    fields: dict[str, str] = field(
        default_factory=dict
    )  # column → the field it was typed in, where they differ
    choices: dict[str, list[Listed]] = field(default_factory=dict)  # field → schools that it may mean


def clean_typed(raw: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The known fields of ``raw``, fit to be stored; and the fields out of which a BSN was taken (DH-040)."""
    typed, refused = {}, []
    for name in FIELDS:
        value = _readable(raw.get(name, ""))[:LONGEST].strip()
        if name not in NOT_SEARCHED:
            kept = without_bsn(value)
            if kept != value:
                refused.append(name)
                value = kept.strip()
        if value:
            typed[name] = value
    return typed, refused


def _readable(value: str) -> str:
    """Without signs that no keyboard types: they cannot be stored, or turn the text around them."""
    return "".join(
        sign
        for sign in value.replace("\r\n", "\n")
        if sign == "\n" or not (has_control_character(sign) or sign in TURNING)
    )


TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def parse_day(text: str) -> date | None:
    """``4-3-21``, ``04/03/2021``, ``040321``, ``4 mrt 21`` and ``2021-03-04`` are all 4 March 2021."""
    text = text.strip().lower()
    iso = ISO.fullmatch(text)
    if iso:
        year, month, day = (int(part) for part in iso.groups())
    else:
        match = DAY.fullmatch(text) or DIGITS.fullmatch(text)
        if match is None:
            return None
        day, year = int(match[1]), int(match[3])
        month = int(match[2]) if match[2].isdigit() else MONTHS.get(match[2].rstrip(".")[:3], 0)
        if match[2] == "maart":
            month = 3
        year += 2000 if year < 100 else 0
    try:
        return date(year, month, day)
    except ValueError:
        return None


def short_day(day: date) -> str:
    return day.strftime("%d-%m-%Y")


def directory_of(intake: Intake) -> dict[str, Listed]:
    """Every school of the round by its code, in the order of their names."""
    rows = sorted(intake.school_rounds.values(), key=lambda row: plain(row.programme.name))
    return {row.programme.code: Listed(row.programme.code, row.programme.name, row.is_capped) for row in rows}


def find_schools(text: str, directory: Mapping[str, Listed]) -> list[Listed]:
    """Schools that ``text`` may mean: exactly one when it names one, else all that have it in name or BRIN."""
    code = CODE_AT_END.search(text)
    if code and code[1] in directory:
        return [directory[code[1]]]
    wanted = plain(text)
    if wanted.upper() in directory:
        return [directory[wanted.upper()]]
    if not wanted:
        return []
    found = [
        school for school in directory.values() if wanted in plain(school.name) + " " + plain(school.code)
    ]
    named = [school for school in found if plain(school.name) == wanted]
    return named or found


def read_typed(typed: Mapping[str, str], *, own_code: str, intake: Intake, reference: str = "") -> Reading:
    """Turn typed values into the columns of a form; schools close up, the order of typing is that of preference."""
    get = typed.get
    contents: Contents = {name: " ".join(get(name, "").split(" ")) for name in SAME}
    reading = Reading(contents)
    for name in ("date_of_birth", "received_on"):
        day = parse_day(get(name, ""))
        contents[name] = day.isoformat() if day else get(name, "")
        if day is None and get(name):
            reading.problems.append(
                Problem(name, _("This is not a date. Write it as day-month-year, like 4-3-21."))
            )
    claims = [kind for kind in CLAIMABLE if get(f"claim_{kind}") == ON]
    contents |= {
        "form_reference": reference,
        "postcode": normalise_postcode(get("postcode", "")),
        "language": get("language", "nl"),
        "channel": get("channel", CHANNELS[0]),
        "no_email": get("no_email", "0"),
        "is_twin": get("is_twin", "0"),
        "care_request": get("care_request", ""),
        "care_duty": "",
        "priority_claims": " ".join(claims),
        "checked_claims": " ".join(kind for kind in claims if get(f"checked_{kind}") == ON),
        PREFERENCES[0]: own_code,
    }
    for kind in CLAIMABLE:
        if kind not in claims:
            contents[f"evidence_{kind}"] = ""
    _read_list(typed, reading, directory_of(intake))
    return reading


def _read_list(typed: Mapping[str, str], reading: Reading, directory: Mapping[str, Listed]) -> None:
    columns = iter(PREFERENCES[1:])
    for name in LISTED:
        text = typed.get(name, "")
        if not text:
            continue
        column = next(columns)
        reading.fields[column] = name
        found = find_schools(text, directory)
        if len(found) == 1:
            reading.contents[column] = found[0].code
            continue
        reading.contents[column] = text[:40]
        if found:
            reading.choices[name] = found[:12]
            sentence = _("%(count)d schools have “%(text)s” in their name. Choose one.")
        else:
            sentence = _("No school has “%(text)s” in its name or BRIN. Type a part of the name.")
        reading.problems.append(Problem(name, sentence % {"count": len(found), "text": text[:40]}))
    for column in columns:
        reading.contents[column] = ""
        reading.fields.setdefault(column, "")
    # What is missing behind the list is asked in the first empty field.
    empty = [name for name in LISTED if not typed.get(name)]
    for column, name in zip((c for c in PREFERENCES[1:] if not reading.contents[c]), empty, strict=False):
        reading.fields[column] = name


def typed_from(
    contents: Contents, directory: Mapping[str, Listed], checklist: Iterable[int] = ()
) -> dict[str, str]:
    """The other way: how a stored form looks in the fields."""
    typed = {
        name: contents.get(name, "") for name in (*SAME, "channel", "no_email", "care_request", "is_twin")
    }
    for name in ("date_of_birth", "received_on"):
        day = parse_day(contents[name])
        typed[name] = short_day(day) if day else contents[name]
    typed["postcode"] = contents["postcode"]
    for kind in contents["priority_claims"].split():
        typed[f"claim_{kind}"] = ON
    for kind in contents.get("checked_claims", "").split():
        typed[f"checked_{kind}"] = ON
    for name in LISTED:
        code = contents.get(name, "")
        typed[name] = directory[code].label if code in directory else code
    ticked = set(checklist)
    typed |= {f"check_{point}": ON for point in TICKED_BY_HAND if point in ticked}
    return {
        name: value
        for name, value in typed.items()
        if value and not (name in ("no_email", "is_twin") and value == "0")
    }
