"""The texts that come with the application: every message in every language, as files in ``notifications/texts``.

Dutch leads and is complete; a family with another language gets that text beside it. A language or a message that
has no text falls back to Dutch alone. Schools and the office change copies of the Dutch texts, never these files.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from notifications.enums import MessageKind, TemplateCode

FOLDER = Path(__file__).resolve().parent.parent / "texts"
DUTCH = "nl"
LANGUAGES = (DUTCH, "en", "tr", "ar", "pl", "uk")
RIGHT_TO_LEFT = frozenset({"ar"})
LABELS = "labels"
REASONS = (
    "redenen"  # why a child is where it is, school by school; Dutch and English of these are in the catalogue
)

# Offers of both families say the same in other languages; only the Dutch ones name the number of weeks.
SAME_TEXT = {
    TemplateCode.ALM3_FIRST: TemplateCode.ALM124_FIRST,
    TemplateCode.ALM3_LOWER: TemplateCode.ALM124_LOWER,
    TemplateCode.CONFIRMATION_POST: MessageKind.M01,
}
DEFAULT_CODE = {
    MessageKind.M04: TemplateCode.ALM124_FIRST,
    MessageKind.M05: TemplateCode.ALM124_LOWER,
}


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body of a message, in the markup of ``markup``."""

    subject: str
    body: str


def text_of(code: str, language: str = DUTCH) -> Text | None:
    """The text of a template or message code in one language; None where there is none."""
    sections = _sections(language)
    code = str(DEFAULT_CODE.get(code, code))  # type: ignore[call-overload]
    return sections.get(code) or sections.get(str(SAME_TEXT.get(code, "")))  # type: ignore[call-overload]


def label(name: str, language: str = DUTCH) -> str:
    """A fixed word around the text; Dutch where the language has none."""
    found = _labels(language).get(name)
    return _labels(DUTCH)[name] if found is None else found


def reason_text(name: str, language: str) -> str:
    """One fixed line of the reasons per school, with codes for the figures; empty where the language has none."""
    return _pairs(REASONS, language).get(name, "")


@cache
def reason_languages() -> tuple[str, ...]:
    """The languages other than Dutch that have the reasons per school; with a line missing a language has none."""
    lines = {language: _pairs(REASONS, language) for language in LANGUAGES}
    every = frozenset[str]().union(*lines.values())
    return ("en", *(language for language, own in lines.items() if every and own.keys() == every))


def has_language(language: str) -> bool:
    return language in LANGUAGES and language != DUTCH


@cache
def _sections(language: str) -> dict[str, Text]:
    found = {}
    for code, lines in _raw(language).items():
        if code not in (LABELS, REASONS):
            subject, _, body = "\n".join(lines).strip().partition("\n")
            found[code] = Text(subject.strip(), body.strip() + "\n")
    return found


def _labels(language: str) -> dict[str, str]:
    return _pairs(LABELS, language)


@cache
def _pairs(section: str, language: str) -> dict[str, str]:
    lines = _raw(language).get(section, [])
    pairs = (line.partition(":") for line in lines if line.strip())
    return {name.strip(): words.strip() for name, _colon, words in pairs}


@cache
def _raw(language: str) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    path = FOLDER / f"{language}.txt"
    if language not in LANGUAGES or not path.exists():
        return {}
    current: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("=== "):
            current = sections.setdefault(line.removeprefix("=== ").strip(), [])
        else:
            current.append(line)
    return sections
