"""The small language in which letters and mails are written, as data: no HTML in it, so none can come out of it.

    # The outcome                 the first line of the message; with the paragraph below it, it is printed in a box
    ## A heading
    An ordinary paragraph with **bold** words and a [code].
    - a point                     1. a step
    [als code] only when the code says something [anders] otherwise [einde]

Conditions are solved first, then lines become blocks, and values come in last: a name cannot become a heading, a
condition or a tag. Values are escaped where they are written.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

CODE = re.compile(r"\[([^\[\]\n]{1,60})\]")
INLINE = re.compile(r"\*\*(?P<bold>.+?)\*\*|\[(?P<code>[^\[\]\n]{1,60})\]")
IF, ELSE, END = "als ", "anders", "einde"
ITEM, STEP = re.compile(r"[-*•]\s+(.*)"), re.compile(r"\d{1,2}[.)]\s+(.*)")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line: text, or a code that is filled later."""

    text: str
    is_code: bool = False
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    kind: str  # h1, h2, p, ul, ol
    lines: tuple[tuple[Part, ...], ...]

    @property
    def lone_code(self) -> str:
        """The code that is the whole block, such as a table; else empty."""
        parts = self.lines[0] if len(self.lines) == 1 else ()
        return parts[0].text if self.kind == "p" and len(parts) == 1 and parts[0].is_code else ""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A value that is more than words: a table, ready in both forms."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Style:
    """How a kind of document writes the blocks."""

    box: tuple[str, str] = ("", "")  # around the outcome and the paragraph below it
    attributes: Mapping[str, str] = field(default_factory=dict)  # of a tag
    isolate: bool = False  # values stand in a text of the other direction


# --- conditions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    is_code: bool
    at: int


@lru_cache(maxsize=512)
def pieces(text: str) -> tuple[Piece, ...]:
    """Text and codes in turn, with their place."""
    found, end = [], 0
    for match in CODE.finditer(text):
        if match.start() > end:
            found.append(Piece(text[end : match.start()], False, end))
        found.append(Piece(match[1].strip(), True, match.start()))
        end = match.end()
    if end < len(text):
        found.append(Piece(text[end:], False, end))
    return tuple(found)


def solve(text: str, holds: Callable[[str], bool]) -> str:
    """The text with its conditions decided. Meant for texts that ``check_conditions`` of the checks let through."""
    kept, open_ = list[str](), list[bool]()
    for piece in pieces(text):
        word = piece.text.lower() if piece.is_code else ""
        if word.startswith(IF):
            open_.append(holds(word.removeprefix(IF).strip()))
        elif word == ELSE and open_:
            open_[-1] = not open_[-1]
        elif word == END and open_:
            open_.pop()
        elif all(open_):
            kept.append(f"[{piece.text}]" if piece.is_code else piece.text)
    return "".join(kept)


# --- blocks ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def parse(text: str) -> tuple[Block, ...]:
    """Blocks of a text whose conditions are decided."""
    blocks, kind, lines = list[Block](), "", list[str]()

    def close() -> None:
        nonlocal kind, lines
        if lines:
            blocks.append(Block(kind, tuple(_parts(line) for line in lines)))
        kind, lines = "", []

    for raw in text.splitlines():
        line = " ".join(raw.split())
        sort, words = _sort(line)
        if sort != kind or sort in ("h1", "h2"):
            close()
        if sort:
            kind = sort
            lines.append(words)
    close()
    return tuple(blocks)


def _sort(line: str) -> tuple[str, str]:
    if line.startswith("## "):
        return "h2", line[3:]
    if line.startswith("# "):
        return "h1", line[2:]
    if match := ITEM.fullmatch(line):
        return "ul", match[1]
    if match := STEP.fullmatch(line):
        return "ol", match[1]
    return ("p", line) if line else ("", "")


def _parts(line: str, *, bold: bool = False) -> tuple[Part, ...]:
    found, end = list[Part](), 0
    for match in INLINE.finditer(line):
        if match.start() > end:
            found.append(Part(line[end : match.start()], is_bold=bold))
        if match["code"]:
            found.append(Part(match["code"].strip().lower(), is_code=True, is_bold=bold))
        elif bold:
            found.append(Part(match["bold"], is_bold=True))
        else:
            found += _parts(match["bold"], bold=True)
        end = match.end()
    if end < len(line):
        found.append(Part(line[end:], is_bold=bold))
    return tuple(found)


# --- writing -----------------------------------------------------------------------------------------------------

Values = Mapping[str, "str | Fragment"]


def to_html(blocks: tuple[Block, ...], values: Values, style: Style) -> SafeString:
    """HTML of the blocks; every value escaped."""
    written, boxed = list[str](), False
    for number, block in enumerate(blocks):
        piece = _block_html(block, values, style)
        if block.kind == "h1" and not boxed:
            boxed = True
            follows = blocks[number + 1].kind == "p" if number + 1 < len(blocks) else False
            piece = style.box[0] + piece + ("" if follows else style.box[1])
        elif block.kind == "p" and number and boxed and blocks[number - 1].kind == "h1" and style.box[1]:
            piece += style.box[1] if _is_first_h1(blocks, number - 1) else ""
        written.append(piece)
    return mark_safe("\n".join(written))  # noqa: S308  words and values were escaped one by one


def _is_first_h1(blocks: tuple[Block, ...], number: int) -> bool:
    return all(block.kind != "h1" for block in blocks[:number])


def _block_html(block: Block, values: Values, style: Style) -> str:
    value = values.get(block.lone_code) if block.lone_code else None
    if isinstance(value, Fragment):
        return value.html
    lines = [_line_html(line, values, style) for line in block.lines]
    if block.kind in ("ul", "ol"):
        items = "".join(f"<li{_attributes('li', style)}>{line}</li>" for line in lines)
        return f"<{block.kind}{_attributes(block.kind, style)}>{items}</{block.kind}>"
    return f"<{block.kind}{_attributes(block.kind, style)}>{'<br>'.join(lines)}</{block.kind}>"


def _attributes(tag: str, style: Style) -> str:
    text = style.attributes.get(tag, "")
    return f" {text}" if text else ""


def _line_html(line: tuple[Part, ...], values: Values, style: Style) -> str:
    written = []
    for part in line:
        if part.is_code:
            value = values.get(part.text, "")
            words: str = escape(value.text if isinstance(value, Fragment) else value)
            if style.isolate and words:
                words = f"<bdi>{words}</bdi>"
        else:
            words = escape(part.text)
        written.append(f"<strong>{words}</strong>" if part.is_bold and words else words)
    return "".join(written)


def editor_html(text: str) -> str:
    """The text for an editor in the browser: codes and conditions stay as they are typed, between brackets."""
    written = []
    for block in parse(text):
        lines = [
            "".join(
                f"<strong>{words}</strong>" if part.is_bold else words
                for part in line
                if (words := escape(f"[{part.text}]" if part.is_code else part.text))
            )
            for line in block.lines
        ]
        if block.kind in ("ul", "ol"):
            lines = [f"<li>{line}</li>" for line in lines]
        inside = ("" if block.kind in ("ul", "ol") else "<br>").join(lines)
        written.append(f"<{block.kind}>{inside}</{block.kind}>")
    return "".join(written).replace("<p>", "<div>").replace("</p>", "</div>")


def to_text(blocks: tuple[Block, ...], values: Values) -> str:
    """The text part of a mail."""
    return "\n\n".join(filter(None, (_block_text(block, values) for block in blocks)))


def to_line(text: str, values: Values) -> str:
    """One line, such as a subject: no line break can come in, whatever a value holds."""
    found = (_line_text(line, values) for block in parse(text) for line in block.lines)
    return " ".join(" ".join(found).split())


def _block_text(block: Block, values: Values) -> str:
    value = values.get(block.lone_code) if block.lone_code else None
    if isinstance(value, Fragment):
        return value.text
    lines = [_line_text(line, values) for line in block.lines]
    if block.kind == "h1":
        return "\n".join([*lines, "=" * min(max(map(len, lines)), 70)])
    if block.kind == "h2":
        return "\n".join([*lines, "-" * min(max(map(len, lines)), 70)])
    if block.kind == "ul":
        return "\n".join(f"- {line}" for line in lines)
    if block.kind == "ol":
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
    return "\n".join(lines)


def _line_text(line: tuple[Part, ...], values: Values) -> str:
    return "".join(_plain(values.get(part.text, "")) if part.is_code else part.text for part in line)


def _plain(value: "str | Fragment") -> str:
    return value.text if isinstance(value, Fragment) else value


def codes_in(text: str) -> Iterator[Piece]:
    """Every code of a text, conditions included, with its place."""
    return (piece for piece in pieces(text) if piece.is_code)
