"""Reading the CSV files of data-formats.md: UTF-8, header row, commas; and writing safe ones."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from schools.errors import RefusedError

MAX_BYTES = 64 * 1024 * 1024
MAX_COLUMNS = 200


class FileError(RefusedError):
    """The file as a whole cannot be used."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file. ``problem`` is a sentence when the line itself is broken."""

    line: int  # the header is line 1
    cells: dict[str, str]  # by column, without spaces at the ends
    raw: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    rows: tuple[Row, ...]


def read_bytes(path: Path) -> bytes:
    """The contents of a file; FileError with a sentence when it is not there, unreadable or too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileError(_("%(file)s is too large: 64 MB at most.") % {"file": path.name})
        return path.read_bytes()
    except FileNotFoundError as exc:
        raise FileError(
            _("There is no file %(file)s. Check the name and the folder.") % {"file": path}
        ) from exc
    except OSError as exc:
        raise FileError(
            _("%(file)s cannot be read. Check the name and the rights.") % {"file": path}
        ) from exc


def read_table(content: bytes, *, name: str, required: Sequence[str], known: Sequence[str] = ()) -> Table:
    """Split ``content`` into rows. Raises FileError for another encoding, separator or a missing column.

    A BOM, CRLF, columns in any order and unknown columns are fine; the last are reported.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise FileError(
            _("%(file)s is not UTF-8 text. Save it as “CSV UTF-8 (comma delimited)” and try again.")
            % {"file": name}
        ) from exc
    if "\0" in text:
        raise FileError(_("%(file)s is not a CSV file.") % {"file": name})
    lines = _parsed(text, name)
    _first, header = next(lines, (1, ()))
    columns = tuple(cell.strip() for cell in header)
    if not any(columns):
        raise FileError(
            _("%(file)s is empty: the first line must hold the names of the columns.") % {"file": name}
        )
    if len(columns) == 1 and ";" in columns[0]:
        raise FileError(
            _(
                "%(file)s has semicolons between the columns. Save it as “CSV UTF-8 (comma delimited)” and try again."
            )
            % {"file": name}
        )
    if len(columns) > MAX_COLUMNS or len(set(columns)) != len(columns):
        raise FileError(_("%(file)s has a column twice, or too many columns.") % {"file": name})
    missing = [column for column in required if column not in columns]
    if missing:
        raise FileError(
            _("%(file)s misses these columns: %(columns)s. Add them and try again.")
            % {"file": name, "columns": ", ".join(missing)}
        )
    rows = []
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        problem = ""
        if len(cells) != len(columns):
            problem = _(
                "This line has %(found)d cells and the header %(expected)d. Check commas and quotes."
            ) % {
                "found": len(cells),
                "expected": len(columns),
            }
        padded = (*cells, *[""] * len(columns))[: len(columns)]
        stripped = {column: cell.strip() for column, cell in zip(columns, padded, strict=True)}
        rows.append(Row(line, stripped, tuple(padded), problem))
    expected = {*required, *known}
    return Table(name, columns, tuple(column for column in columns if column not in expected), tuple(rows))


def _parsed(text: str, name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            raise FileError(
                _("%(file)s, line %(line)d: the quotes do not match or a cell is far too long.")
                % {"file": name, "line": line}
            ) from exc
        yield line, tuple(cells)
        line = reader.line_num + 1


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a contract file: UTF-8 without BOM, commas, LF."""
    try:
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
    except OSError as exc:
        raise FileError(
            _("%(file)s cannot be written. Check the folder and the rights.") % {"file": path}
        ) from exc
