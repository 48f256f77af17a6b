"""The code (QR) on a form that a family filled in on the screen and printed (DH-038).

The browser makes it (``static/js/paper-code.js``), so that nothing typed reaches the public site; a hand scanner at the
school types it into one field, and what it holds goes the same way as what a person types there.

Format, version 1. The text of the code is ``OAF1`` and then, in base32 (RFC 4648, capitals, no ``=``), four bytes
CRC-32 (big endian, of the bytes after it) and UTF-8 lines ended by nothing but separated by ``\\n``::

    region slug, code of the admission year, the fields of ``FIELDS`` in that order,
    then one line per school of the list, from the first choice on (0 to 10)

Ticks are ``1`` or empty, the question about support is ``1``, ``0`` or empty; all else stands as it was typed. Only
letters and digits are used, so that a scanner types the same on every keyboard, with or without capitals. A changed
order or field is a next version. The checksum finds a bad scan; it is no signature: whoever prints may print anything,
as whoever writes on paper may, and the school compares with the paper. Priority and the seven points of the check are
not in it: those are for the family to tick by hand, and for the school to look at (DH-045, DH-061).
"""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from admissions.services.forms.checks import MAX_PREFERENCES, PREFERENCES
from admissions.services.forms.intake import Intake
from admissions.services.forms.typed_values import LISTED, directory_of, find_schools
from schools.errors import RefusedError
from schools.models import SchoolRound

MARK, VERSION = "OAF", "1"
# In the order of the paper. Also in paper-code.js; a test in the browser holds the two together.
FIELDS = (
    "given_name",
    "surname_prefix",
    "surname",
    "date_of_birth",
    "postcode",
    "house_number",
    "street",
    "place",
    "is_twin",
    "guardian_name",
    "guardian2_name",
    "email",
    "phone",
    "care_request",
    "care_note",
)
ANSWERS = {"is_twin": ("", "1"), "care_request": ("", "0", "1")}
# What a QR of version 20 with correction M holds: 97 modules, of half a millimetre on the paper.
MOST_SIGNS = 970
CRC_BYTES = 4
SHAPE = re.compile(rf"{MARK}([0-9])([A-Z2-7]+)")


class PaperCodeError(RefusedError):
    """This code cannot be loaded; the sentence stands beside the field of the scanner."""

    field = "code"


@dataclass(frozen=True, slots=True)
class PaperCode:
    """What stands in a code. ``typed`` by field, empty ones left out; ``schools`` from the first choice on."""

    region: str
    year: str
    typed: dict[str, str]
    schools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadedCode:
    """Values for the fields of the entry page. ``is_first_clear``: the paper says that this school is first."""

    typed: dict[str, str]
    is_first_clear: bool


def write_code(region: str, year: str, typed: Mapping[str, str], schools: Sequence[str]) -> str:
    """The text of a code. Raises PaperCodeError when it would be too small to read from paper (``MOST_SIGNS``)."""
    lines = [region, year, *(typed.get(name, "") for name in FIELDS), *schools]
    lines = [" ".join(line.split()) for line in lines]
    while len(lines) > 2 + len(FIELDS) and not lines[-1]:
        lines.pop()
    body = "\n".join(lines).encode()
    checked = zlib.crc32(body).to_bytes(CRC_BYTES) + body
    text = MARK + VERSION + base64.b32encode(checked).decode("ascii").rstrip("=")
    if len(text) > MOST_SIGNS:
        raise PaperCodeError(_("There is more in this form than fits in a code."))
    return text


def read_code(text: str) -> PaperCode:
    """What a scanner typed, strictly. Raises PaperCodeError for anything that ``write_code`` cannot have made."""
    text = "".join(text[: 2 * MOST_SIGNS].split())
    found = SHAPE.fullmatch(text.upper()) if text.isascii() else None
    if found is None:
        raise PaperCodeError(
            _("This is not the code of an application form. Scan the code on the form again.")
        )
    if found[1] != VERSION:
        raise PaperCodeError(
            _("This code comes from another version of this program. Type the form in from the paper.")
        )
    body = _checked(found[2]) if len(text) <= MOST_SIGNS else None
    code = _parsed(body) if body is not None else None
    if code is None:
        raise PaperCodeError(
            _("This code is not complete or has a mistake in it. Scan it again, or type the form in.")
        )
    return code


def _checked(signs: str) -> bytes | None:
    """The bytes behind the checksum, when that is right and nobody wrote them in another way."""
    try:
        raw = base64.b32decode(signs + "=" * (-len(signs) % 8))
    except binascii.Error:
        return None
    is_canonical = base64.b32encode(raw).decode("ascii").rstrip("=") == signs
    body = raw[CRC_BYTES:]
    return body if is_canonical and raw[:CRC_BYTES] == zlib.crc32(body).to_bytes(CRC_BYTES) else None


def _parsed(body: bytes) -> PaperCode | None:
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError:
        return None
    region, year, *rest = lines if len(lines) > 2 else ["", ""]
    values, schools = rest[: len(FIELDS)], rest[len(FIELDS) :]
    typed = dict(zip(FIELDS, values, strict=False))
    if len(values) < len(FIELDS) or len(schools) > MAX_PREFERENCES:
        return None
    if any(typed[name] not in answers for name, answers in ANSWERS.items()):
        return None
    return PaperCode(region, year, {name: value for name, value in typed.items() if value}, tuple(schools))


def load_code(text: str, *, school_round: SchoolRound, intake: Intake) -> LoadedCode:
    """The values of a code for a new form in this round.

    Raises PaperCodeError for a bad code, and for a form of another region, another year or another first school.
    """
    code = read_code(text)
    year = school_round.round.year
    if code.region != year.region.slug:
        raise PaperCodeError(_("This is a form of another region. You cannot enter it here."))
    if code.year != year.code:
        sentence = _("This is a form of another school year. Here you enter forms of %(year)s.")
        raise PaperCodeError(sentence % {"year": year.code})
    first = code.schools[0] if code.schools else ""
    meant = find_schools(first, directory_of(intake))
    is_ours = school_round.programme.code in [school.code for school in meant]
    if meant and not is_ours:
        sentence = _("On this form %(school)s stands first. That school enters the form.")
        raise PaperCodeError(sentence % {"school": meant[0].name if len(meant) == 1 else f"“{first[:40]}”"})
    listed = {
        name: school
        for name, school in zip(PREFERENCES, code.schools, strict=False)
        if name in LISTED and school
    }
    return LoadedCode(code.typed | listed, is_ours)
