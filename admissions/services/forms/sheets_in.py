"""A school's own spreadsheet as rows of typed values: CSV as any spreadsheet writes it, or XLSX, never trusted."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from admissions.services.forms.checks import CLAIMABLE
from admissions.services.forms.typed_values import FIELDS, LISTED, ON, short_day
from admissions.services.year.csv_files import FileError
from admissions.validators import plain

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 60 * 1024 * 1024  # a workbook of 500 forms unpacks to less than one megabyte
MAX_MEMBERS = 500
MAX_ROWS = 500
MAX_COLUMNS = 80
# Headings people use, compared without capitals, accents and spaces.
HEADINGS = {
    "given_name": "voornaam officielevoornaam officialfirstname firstname roepnaamofficieel",
    "surname_prefix": "tussenvoegsel tussenvoegsels prefix",
    "surname": "achternaam familienaam familyname lastname",
    "date_of_birth": "geboortedatum geboren geborenop dateofbirth born",
    "received_on": "ontvangen ontvangenop formulierontvangenop ontvangstdatum receivedon received",
    "channel": "kanaal hoeontvangen channel",
    "postcode": "postcode",
    "house_number": "huisnummer huisnr nummer housenumber",
    "street": "straat straatnaam street",
    "place": "plaats woonplaats city place",
    "guardian_name": "ouder ouder1 naamouder naamouder1 naamverzorger parent parent1 guardian",
    "guardian2_name": "ouder2 naamouder2 parent2",
    "email": "email emailadres emailouder1 emailadresouder1 mail",
    "guardian2_email": "emailouder2 emailadresouder2",
    "phone": "telefoon telefoonnummer tel mobiel phone",
    "language": "taal taalvandebrief language",
    "no_email": "geenemail",
    "is_twin": "tweeling meerling twin",
    "care_request": "zorg zorgwens extraondersteuning vraag3 carerequest",
    "care_note": "toelichtingzorg toelichtingondersteuning carenote",
    "claim_sibling": "broerofzus broerzus sibling",
    "evidence_sibling": "naambroerofzus naambroerzus",
    "claim_preschool": "voorschool peuterspeelzaal preschool",
    "evidence_preschool": "naamvoorschool naampeuterspeelzaal",
    "claim_staff": "personeel staff",
    "evidence_staff": "welkeouderpersoneel",
}
NEEDED = ("given_name", "surname", "date_of_birth")
YES, NO = (
    frozenset({"ja", "j", "yes", "y", "1", "x", "waar", "true"}),
    frozenset({"nee", "n", "no", "0", "onwaar"}),
)
TICKS = frozenset({"no_email", "is_twin", *(f"claim_{kind}" for kind in CLAIMABLE)})


@dataclass(frozen=True, slots=True)
class SheetRow:
    line: int  # as the spreadsheet numbers it
    typed: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    rows: list[SheetRow]
    unknown: list[str]  # headings that were not understood


def read_sheet(content: bytes, *, name: str) -> Sheet:
    """Rows of the first sheet. Raises FileError with a sentence when the file cannot be used."""
    if len(content) > MAX_BYTES:
        raise FileError(_("%(file)s is too large: 5 MB at most.") % {"file": name})
    if content.startswith(b"PK\x03\x04"):
        rows = _xlsx_rows(content, name)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileError(
            _("%(file)s is an old or locked workbook. Save it as .xlsx or CSV without a password.")
            % {"file": name}
        )
    else:
        rows = _csv_rows(content, name)
    return _sheet(rows, name)


def _csv_rows(content: bytes, name: str) -> list[list[str]]:
    if b"\0" in content:
        raise FileError(_("%(file)s is not a CSV or XLSX file.") % {"file": name})
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # what an older spreadsheet program writes
    first = text.split("\n", 1)[0]
    separator = max(";,\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as exc:
        raise FileError(
            _("%(file)s cannot be read: the quotes do not match or a cell is far too long.") % {"file": name}
        ) from exc
    return rows


def _xlsx_rows(content: bytes, name: str) -> list[list[str]]:
    _check_zip(content, name)
    import openpyxl  # type: ignore[import-untyped]  # slow to import, and needed by this page only

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        found = sheet.iter_rows(max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS, values_only=True)
        rows = [[_cell(value) for value in row] for row in found]
        book.close()
    except Exception as exc:
        raise FileError(
            _("%(file)s cannot be read. Save it again as .xlsx or CSV.") % {"file": name}
        ) from exc
    return rows


def _check_zip(content: bytes, name: str) -> None:
    """A workbook is a ZIP: look what it would unpack to before unpacking it."""
    refusal = _("%(file)s is not a workbook that we can open safely. Save it as CSV and try again.") % {
        "file": name
    }
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
                raise FileError(refusal)
            if any(member.flag_bits & 1 for member in members):
                raise FileError(refusal)
            for member in members:
                with archive.open(member) as part:
                    start = part.read(2048)
                # Definitions of entities have no place in a workbook, and can grow without end.
                if b"<!" in start.replace(b"<!--", b"") or start.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise FileError(refusal)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError) as exc:
        raise FileError(refusal) from exc


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return short_day(value.date())
    if isinstance(value, date):
        return short_day(value)
    if isinstance(value, bool):
        return ON if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _field_of(heading: str) -> str:
    word = plain(heading)
    for name, words in HEADINGS.items():
        if word in words.split() or word == plain(name):
            return name
    for prefix in ("school", "voorkeur", "keuze", "preference"):
        if word.startswith(prefix) and word.removeprefix(prefix).isdecimal():
            name = f"preference_{int(word.removeprefix(prefix))}"
            return name if name in LISTED or name == "preference_1" else ""
    return ""


def _sheet(rows: Sequence[Sequence[str]], name: str) -> Sheet:
    filled = [(line, row) for line, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    if not filled:
        raise FileError(
            _("%(file)s is empty: the first line must hold the names of the columns.") % {"file": name}
        )
    header = [cell.strip() for cell in filled[0][1]]
    fields = [_field_of(cell) for cell in header]
    missing = [field for field in NEEDED if field not in fields]
    if missing:
        raise FileError(
            _(
                "%(file)s has no columns for first name, family name and date of birth. "
                "Put the names of the columns on the first line."
            )
            % {"file": name}
        )
    if len(filled) - 1 > MAX_ROWS:
        raise FileError(_("%(file)s has more than %(n)d rows. Split it.") % {"file": name, "n": MAX_ROWS})
    found = [SheetRow(line, _typed(fields, row)) for line, row in filled[1:]]
    unknown = [cell for cell, field in zip(header, fields, strict=True) if cell and not field]
    return Sheet(found, unknown)


def _typed(fields: Sequence[str], cells: Iterable[str]) -> dict[str, str]:
    typed: dict[str, str] = {}
    for name, cell in zip(fields, cells, strict=False):
        value = cell.strip()
        if not value or name not in FIELDS:
            continue
        word = plain(value)
        if name in TICKS:
            value = ON if word in YES else ""
        elif name == "care_request":
            value = ON if word in YES else "0" if word in NO else value
        elif name == "channel":
            value = "email" if word in ("email", "mail", "peremail") else "paper"
        if value:
            typed[name] = value
    for kind in CLAIMABLE:
        if typed.get(f"evidence_{kind}"):
            typed[f"claim_{kind}"] = ON
    if not typed.get("email"):
        typed["no_email"] = ON  # as in a file of signed forms: the family gets post
    return typed
