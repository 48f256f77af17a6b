"""The closed grammar of OA-LOT/1 files: bytes to lines to fields, and the one error they all raise.

Source: ``verifiable-draw.md`` section 3. Nothing is repaired: what does not match is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

VERSION = "OA-LOT/1"
CENTRAL = "centraal"
SCHOOL_PREFIX = "school/"
UNLIMITED = "onbeperkt"
NONE = "-"
REHEARSAL_PREFIX = "OEFEN-"

SESSION = re.compile(r"[0-9A-Z][0-9A-Z-]{0,31}")
CODE = re.compile(r"[0-9A-Z][0-9A-Z-]{0,15}")
NUMBER = re.compile(r"[0-9A-Z](?:[0-9A-Z-]{0,30}[0-9A-Z])?")
SALT = re.compile(r"[0-9a-f]{32}")
HASH = re.compile(r"[0-9a-f]{64}")
PLACES = re.compile(r"0|[1-9][0-9]{0,3}")
COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
ROUND = re.compile(r"[1-9][0-9]{0,14}")
CHOICE = re.compile(r"([0-9A-Z][0-9A-Z-]{0,15}):([0-9])")
DRAW = re.compile(r"centraal|school/[0-9A-Z][0-9A-Z-]{0,15}")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")

_ALLOWED = bytes([0x0A, *range(0x20, 0x7F)])


class FileFormatError(ValueError):
    """One sentence about the first thing in a file that OA-LOT/1 forbids.

    ``file`` is the file's name, ``line`` counts from 1 in the file as it is or would be written (None when
    the whole file is meant), ``sentence`` says what is wrong.
    """

    def __init__(self, file: str, line: int | None, sentence: str) -> None:
        self.file = file
        self.line = line
        self.sentence = sentence
        super().__init__(f"{file}, line {line}: {sentence}" if line is not None else f"{file}: {sentence}")


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def matches(pattern: re.Pattern[str], value: object) -> bool:
    """Whether ``value`` is a string that the pattern describes from its first to its last character."""
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_count(value: object, low: int, high: int) -> bool:
    """Whether ``value`` is a whole number (not a boolean) from ``low`` to ``high``."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def shown(value: object) -> str:
    """A value as it appears in an error: plain characters only, never longer than a line."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def draw_code(draw: str) -> str | None:
    """School code of ``school/<code>``, None for ``centraal``."""
    return draw[len(SCHOOL_PREFIX) :] if draw.startswith(SCHOOL_PREFIX) else None


def encode(lines: Sequence[str]) -> bytes:
    """Lines as the bytes of a file: ASCII, one LF after each line."""
    return ("\n".join(lines) + "\n").encode("ascii")


class Lines:
    """The lines of one file with their fields, handed out one by one.

    Errors: FileFormatError for forbidden bytes, empty lines, spaces at an edge, empty fields, a missing last
    LF, a wrong first line.
    """

    def __init__(self, data: bytes, file: str, kind: str) -> None:
        self.file = file
        self.number = 0
        self._lines = self._split(data)
        header = self.take("OA-LOT/1", 3)
        if header[0] != kind:
            raise self.error(f"the first line must announce a {kind} file")
        if not matches(SESSION, header[1]):
            raise self.error(f"{shown(header[1])} is not a session name")
        self.session = header[1]

    def _split(self, data: bytes) -> list[str]:
        if not data:
            raise FileFormatError(self.file, None, "the file is empty")
        strange = data.translate(None, _ALLOWED)
        if strange:
            line = data[: data.index(strange[:1])].count(b"\n") + 1
            raise FileFormatError(self.file, line, f"byte 0x{strange[0]:02X} is not allowed")
        if not data.endswith(b"\n"):
            raise FileFormatError(
                self.file, data.count(b"\n") + 1, "the last line does not end with a line feed"
            )
        return data.decode("ascii").split("\n")[:-1]

    def error(self, sentence: str) -> FileFormatError:
        """An error about the line handed out last."""
        return FileFormatError(self.file, self.number or None, sentence)

    def peek(self) -> str:
        """First field of the next line, the empty string after the last one."""
        if self.number >= len(self._lines):
            return ""
        return self._lines[self.number].split("|", 1)[0]

    def take(self, word: str, width: int) -> list[str]:
        """The fields after ``word`` of the next line, which has ``width`` fields with the word."""
        if self.number >= len(self._lines):
            raise FileFormatError(self.file, self.number + 1, f"a line that begins with {word} is missing")
        line = self._lines[self.number]
        self.number += 1
        if not line:
            raise self.error("an empty line is not allowed")
        if line[0] == " " or line[-1] == " ":
            raise self.error("a space at the start or end of a line is not allowed")
        fields = line.split("|")
        if fields[0] != word:
            raise self.error(f"a line that begins with {word} is expected here, not {shown(fields[0])}")
        if len(fields) != width:
            raise self.error(f"the {word} line has {len(fields)} fields")
        if "" in fields:
            raise self.error("an empty field is not allowed")
        return fields[1:]

    def field(self, pattern: re.Pattern[str], value: str, what: str) -> str:
        """``value`` itself when it matches."""
        if pattern.fullmatch(value) is None:
            raise self.error(f"{shown(value)} is not {what}")
        return value

    def optional(self, pattern: re.Pattern[str], value: str, what: str) -> str | None:
        """``value`` when it matches, None for ``-``."""
        return None if value == NONE else self.field(pattern, value, what)

    def finish(self) -> None:
        """Refuse anything after the last line."""
        if self.number != len(self._lines):
            raise FileFormatError(self.file, self.number + 1, "nothing may follow the last line")
