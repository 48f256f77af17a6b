"""What a message says as a mail: subject, plain text and HTML, in Dutch and in the language of the family.

The HTML is MJML, compiled here without Node. It refers to nothing outside itself: no pictures, no fonts from elsewhere,
no tracking. Values are escaped; a subject is always one line, so that nothing can slip into the headers.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.utils.html import escape

from notifications.enums import TO_SCHOOLS, MessageKind
from notifications.models import Message
from notifications.services.letter_content import LetterContent, message_content
from notifications.services.markup import Style, to_line
from notifications.services.merge_codes import Merge
from notifications.services.template_choice import Choice
from notifications.services.texts import DUTCH, RIGHT_TO_LEFT, Text, label, text_of

LAYOUT = Path(__file__).resolve().parent.parent / "texts" / "mail.mjml"
MAX_SUBJECT = 200
LEFT_TO_RIGHT_MARK, RIGHT_TO_LEFT_MARK = "\u200e", "\u200f"
SCHOOL_AND_REASON = re.compile(r'<td class="school"([^>]*)>(.*?)</td><td([^>]*)>(.*?)</td>')
CELL = 'style="padding:6px 12px 6px 0;border-bottom:1px solid #bbb;vertical-align:top;text-align:left"'
TO_STAFF = TO_SCHOOLS | {MessageKind.M03, MessageKind.M15, MessageKind.M21}
BOX = (
    '<div style="border:2px solid #1d3b3e;border-radius:4px;padding:12px 16px;margin:0 0 16px">',
    "</div>",
)
ATTRIBUTES = {
    "h1": 'style="font-size:22px;line-height:1.25;margin:0 0 8px"',
    "h2": 'style="font-size:17px;line-height:1.3;margin:20px 0 4px"',
    "p": 'style="margin:0 0 10px"',
    "ul": 'style="margin:0 0 10px;padding:0 20px"',
    "ol": 'style="margin:0 0 10px;padding:0 20px"',
}


class Mail(NamedTuple):
    """A mail without its envelope."""

    subject: str
    text: str
    html: str


def render_mail(message: Message, *, choice: Choice | None = None) -> Mail:
    """Subject, text and HTML of a message, as ``subject, text, html = render_mail(message)``.

    Uses the text that the school or the region chose, else the one that comes with the application; ``choice`` gives
    one that was looked up before, for many messages. Same message, same mail: no clock, no randomness.
    Errors: LetterError for a merge value of the wrong kind.
    Source: DH-150, DH-159; STACK section 7.
    """
    content = message_content(message, choice)
    chosen = content.choice
    dutch = Merge(content.fields, DUTCH)
    parts = [(DUTCH, dutch, chosen.text)]
    if content.language != DUTCH and (second := text_of(chosen.code, content.language)):
        parts.append((content.language, Merge(content.fields, content.language), second))
    subject = dutch.line(chosen.text.subject)[:MAX_SUBJECT]
    about_one = message.kind not in TO_STAFF and content.fields["registration_number"]
    foot = to_line(
        label("mail-voet" if about_one else "mail-voet-school"),
        {
            "afzender": content.fields["sender_name"] or content.fields["desk_name"],
            "kenmerk": content.fields["registration_number"],
        },
    )
    texts = [_directed(merge.text(text.body), language) for language, merge, text in parts]
    return Mail(subject, "\n\n* * *\n\n".join([*texts, foot]) + "\n", _html(subject, parts, foot))


def _directed(text: str, language: str) -> str:
    """Every line runs the way its language does, also one that begins with a name in the other direction."""
    mark, foreign = (
        (RIGHT_TO_LEFT_MARK, {"L"}) if language in RIGHT_TO_LEFT else (LEFT_TO_RIGHT_MARK, {"R", "AL"})
    )
    return "\n".join(mark + line if _first_direction(line) in foreign else line for line in text.split("\n"))


def _first_direction(line: str) -> str:
    directions = (unicodedata.bidirectional(sign) for sign in line)
    return next((found for found in directions if found in ("L", "R", "AL")), "")


def empty_codes(content: LetterContent) -> list[str]:
    """Merge codes of the Dutch text that have nothing to say for this recipient (DH-158)."""
    merge = Merge(content.fields, DUTCH)
    merge.line(content.choice.text.subject)
    merge.text(content.choice.text.body)
    return list(merge.empty)


def _html(subject: str, parts: list[tuple[str, Merge, Text]], foot: str) -> str:
    sections = "".join(
        f'<mj-section background-color="#ffffff" padding="0 24px"><mj-column><mj-text align="{_align(language)}">'
        f'<div lang="{language}" dir="{_direction(language)}">{_body(merge, text, language)}</div>'
        "</mj-text></mj-column></mj-section>"
        + ("" if number == len(parts) else '<mj-section padding="0"><mj-column></mj-column></mj-section>')
        for number, (language, merge, text) in enumerate(parts, 1)
    )
    source = _layout().replace("@subject@", escape(subject)).replace("@foot@", escape(foot))
    return _compiled(source.replace("@sections@", sections))


def _body(merge: Merge, text: Text, language: str) -> str:
    style = Style(box=BOX, attributes=ATTRIBUTES, isolate=language in RIGHT_TO_LEFT)
    html: str = merge.html(text.body, style)
    # Tables and headings of codes come without looks; mail programs know no style sheet.
    html = html.replace('<table class="waarom">', '<table class="waarom" style="border-collapse:collapse">')
    for name in ("h2", "p"):
        html = html.replace(f"<{name}>", f"<{name} {ATTRIBUTES[name]}>")
    cell = CELL
    if language in RIGHT_TO_LEFT:
        cell = CELL.replace("6px 12px 6px 0", "6px 0 6px 12px").replace("left", "right")
    # A telephone has no room for two columns: the school stands above its reason.
    html = SCHOOL_AND_REASON.sub(r"<td><strong\1>\2</strong><br><span\3>\4</span></td>", html)
    for tag in ('<th class="nr" scope="row">', '<th class="wat" scope="row">', "<td>"):
        html = html.replace(tag, f"{tag[:-1]} {cell}>")
    return html


def _direction(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def _align(language: str) -> str:
    return "right" if language in RIGHT_TO_LEFT else "left"


@cache
def _layout() -> str:
    return LAYOUT.read_text(encoding="utf-8")


def _compiled(source: str) -> str:
    import mjml

    return str(mjml.mjml2html(source, disable_comments=True))
