"""Engines that print a letter. One so far: our own markup, a Django template around it, and WeasyPrint."""

from abc import ABC, abstractmethod
from functools import cache, lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from notifications.enums import MessageKind
from notifications.models import SchoolLogo
from notifications.services.letter_content import LetterContent, LetterError
from notifications.services.markup import Style
from notifications.services.merge_codes import Merge, day
from notifications.services.texts import DUTCH, RIGHT_TO_LEFT, label, text_of
from schools.services.pdf import PdfError, Press, picture_url, qr_url

TEMPLATE = "notifications/letters/letter.html"
STYLES = ("css/brief.css", "css/letter.css")
BOX = ('<div class="besluit">', "</div>")
# How an address is set so that it stays in its window: lines that fit, characters in a line, and the class.
ADDRESS_SIZES = ((5, 40, ""), (7, 52, "dicht"), (9, 64, "klein"))


class LetterRenderer(ABC):
    """Prints one letter. Another engine needs this one method; the same content must give the same bytes."""

    @abstractmethod
    def render(self, content: LetterContent) -> bytes:
        """The letter as PDF/A, Dutch first. Thread safe."""


class WeasyPrintRenderer(LetterRenderer):
    """HTML made of markup, printed with fonts and style sheets that are read once in a process."""

    def __init__(self) -> None:
        self._press = Press(*STYLES)

    def render(self, content: LetterContent) -> bytes:
        try:
            return self._press.render(letter_html(content))
        except PdfError as exc:
            raise LetterError(
                _("A letter of %(number)s refers to something outside it, and that is not allowed: %(what)s.")
                % {"number": content.fields["registration_number"], "what": exc}
            ) from exc


@cache
def default_renderer() -> LetterRenderer:
    """The engine of this process; made at the first letter, because WeasyPrint is slow to import."""
    return WeasyPrintRenderer()


def letter_html(content: LetterContent) -> str:
    """The page in Dutch, with the same message in the family's language behind it where there is one.

    Errors: LetterError when a code of the text has nothing to say for this recipient (DH-158).
    """
    html, empty = compose(content)
    if empty:
        raise LetterError(
            _("The letter of %(number)s has a hole: the code “%(codes)s” is empty.")
            % {"number": content.fields["registration_number"], "codes": "”, “".join(empty)}
        )
    return html


def compose(content: LetterContent) -> tuple[str, list[str]]:
    """The page, and the merge codes that were empty in it."""
    fields, choice = content.fields, content.choice
    merge = Merge(fields, DUTCH)
    body = merge.html(choice.text.body, Style(box=BOX))
    heading = {"date": merge.line(choice.date_line), "reference": merge.line(choice.reference)}
    enclosure = merge.html(choice.enclosure, Style()) if choice.enclosure else ""
    empty = list(merge.empty)
    # Who signs is known for most letters; where a name is missing the line is left out.
    signature = [line for raw in choice.signature.splitlines() if (line := merge.line(raw))]
    second = _second(content)
    with translation.override(DUTCH):
        title = str(MessageKind(content.kind).label)
        context = {
            **fields,
            **heading,
            "title": title,
            "words": _words(DUTCH),
            "body": body,
            "respond_day": day(fields["respond_by"], DUTCH),
            "parent_of": merge.line(label("ouder-van")),
            "address_size": _address_size(
                [fields["guardian_name"], merge.line(label("ouder-van")), *fields["address_lines"]]
            ),
            "signature": signature,
            "on_behalf": merge.line(label("mede-namens"))
            if content.kind == MessageKind.M11 and fields["school_name"]
            else "",
            "enclosure": enclosure,
            "check": _check(fields, merge) if fields["has_session"] else "",
            "qr": qr_url(fields["qr_text"]) if fields["has_session"] else "",
            "logo": logo_url(choice.logo) if choice.logo else "",
            "second": second,
        }
        return render_to_string(TEMPLATE, context), empty


def _address_size(lines: list[str]) -> str:
    """Smaller letters for long names: nothing of the address may run out of the window of the envelope."""
    for fitting, width, size in ADDRESS_SIZES:
        if sum(-(-len(line) // width) for line in lines) <= fitting:
            return size
    return ADDRESS_SIZES[-1][2]


def _second(content: LetterContent) -> dict[str, Any] | None:
    """The page in the family's language; None when it reads Dutch, or has a language that has no text."""
    language = content.language
    text = text_of(content.choice.code, language) if language != DUTCH else None
    if text is None:
        return None
    merge = Merge(content.fields, language)
    style = Style(box=BOX, isolate=language in RIGHT_TO_LEFT)
    return {
        "language": language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "words": _words(language),
        "date": day(content.fields["letter_date"], language),
        "respond_day": day(content.fields["respond_by"], language),
        "body": merge.html(text.body, style),
    }


def _check(fields: Any, merge: Merge) -> dict[str, Any]:
    """How to check the draw: where, with which number, and what came of it."""
    where = label("controleer-link").replace("[link]", fields["check_url"])
    draws = [
        label("loting")
        .replace("[naam]", row["label"])
        .replace("[nummer]", row["lot_rank"])
        .replace("[totaal]", row["of_total"])
        .replace("[lot]", row["lot"][:8])
        for row in fields["draws"]
    ]
    return {
        "where": where if fields["check_url"] else label("controleer-code"),
        "number": merge.line(label("nummer-in-loting")),
        "session": merge.line(label("zitting")),
        "draws": draws,
        "alt": label("qr-link") if fields["check_url"] else label("qr-code"),
    }


@cache
def _words(language: str) -> dict[str, str]:
    names = {
        "date": "datum",
        "reference": "kenmerk",
        "period": "periode",
        "answer": "antwoord",
        "to": "aan",
        "greeting": "groet",
        "check": "controleer",
        "commitment": "code-vastlegging",
        "note": "tweede",
    }
    return {name: label(dutch, language) for name, dutch in names.items()}


@lru_cache(maxsize=256)
def _logo(digest: str) -> tuple[bytes, str]:
    row = SchoolLogo.objects.filter(hash=digest).values_list("content", "media_type").first()
    if row is None:
        raise LetterError(
            _("The logo of the school was changed while the letters were made. Make them again.")
        )
    return bytes(row[0]), row[1]


def logo_url(digest: str) -> str:
    """Address for a document of the logo with this hash."""
    return picture_url(*_logo(digest))
