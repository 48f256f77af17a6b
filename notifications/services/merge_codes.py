"""Merge codes: what may stand in square brackets in a text, what it means, and its value for one recipient.

The names are Dutch in every language, because schools read them. A code is filled from the fields of
``letter_content``, which come from the frozen merge values of a message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext_lazy

from notifications.enums import MessageKind
from notifications.services.markup import Fragment, Style, parse, solve, to_html, to_line, to_text
from notifications.services.texts import RIGHT_TO_LEFT, label

K = MessageKind
Fields = Mapping[str, Any]

OUTCOMES = frozenset({K.M04, K.M05, K.M06, K.M11, K.M12, K.M16})
OFFERS = frozenset({K.M04, K.M05, K.M08, K.M11, K.M12, K.M16, K.M01})
FAMILY = frozenset({*OUTCOMES, *OFFERS, K.M09, K.M10, K.M17, K.M19, K.M20})
SCHOOL_LISTS = frozenset({K.M07, K.M13, K.M14, K.M18})
ABOUT_ONE = frozenset({*FAMILY, K.M02, K.M03, K.M15})
ALL = frozenset(K)

DAY = {"tr": "j E Y"}
WEEKDAY = {"tr": "j E Y l", "en": "l j E Y", "ar": "l j E Y", "pl": "l, j E Y", "uk": "l, j E Y"}


@dataclass(frozen=True, slots=True)
class Code:
    """A merge code with the explanation that the editor shows."""

    name: str
    explanation: str | Promise
    kinds: frozenset[str]
    value: Callable[[Fields, str], "str | Fragment"]
    fields: tuple[str, ...] = field(default=())  # merge values it is made of; named when one is empty


def day(value: date | None, language: str) -> str:
    """18 april 2024, in the language of the text."""
    return _day(value, DAY.get(language, "j E Y"), language)


def weekday(value: date | None, language: str) -> str:
    """donderdag 16 mei 2024."""
    return _day(value, WEEKDAY.get(language, "l j E Y"), language)


def _day(value: date | None, form: str, language: str) -> str:
    if value is None:
        return ""
    with translation.override(language):
        return date_format(value, form)


def _text(name: str) -> Callable[[Fields, str], str]:
    return lambda fields, _language: str(fields.get(name) or "")


def _lines(name: str) -> Callable[[Fields, str], str]:
    return lambda fields, _language: ", ".join(fields.get(name) or [])


def _date(name: str, form: Callable[[date | None, str], str] = day) -> Callable[[Fields, str], str]:
    return lambda fields, language: form(fields.get(name), language)


# --- codes that are more than words ------------------------------------------------------------------------------


def _reasons(fields: Fields, language: str) -> "str | Fragment":
    """The table per school, in the language where the sentences exist in it (DH-112)."""
    rows = [(row, reason_in(row, language)) for row in fields["explained"]]
    if not rows:
        return ""
    html = format_html_join(
        "",
        '<tr{}><th class="nr" scope="row">{}</th><td class="school"{}>{}</td><td{}>{}</td></tr>',
        (
            (
                mark_safe(' class="hier"') if row["is_placed"] else "",
                row["rank"],
                # The cell, not a word inside it: WeasyPrint does not break a line inside an isolated word.
                mark_safe(' dir="ltr"') if language in RIGHT_TO_LEFT else "",
                row["school_name"],
                mark_safe(' lang="nl" dir="ltr"') if is_dutch and language != "nl" else "",
                reason,
            )
            for row, (reason, is_dutch) in rows
        ),
    )
    text = "\n".join(f"{row['rank']}. {row['school_name']}: {reason}" for row, (reason, _dutch) in rows)
    note = ""
    if language != "nl" and any(is_dutch for _row, (_reason, is_dutch) in rows):
        note = label("redenen-nederlands", language)
        text = f"{note}\n{text}"
    return Fragment(
        format_html(
            '{}<table class="waarom">{}</table>', format_html("<p>{}</p>\n", note) if note else "", html
        ),
        text,
    )


def reason_in(row: Mapping[str, Any], language: str) -> tuple[str, bool]:
    """The sentence of one school, and whether it is Dutch because there is no other."""
    if language == "nl":
        return row["reason"], True
    other = str((row.get("reasons") or {}).get(language) or "")
    return (other, False) if other else (row["reason"], True)


def _data(fields: Fields, language: str) -> Fragment:
    """What the parents told us (DH-150)."""
    pairs = [
        (label("naam-kind", language), fields["child_name"]),
        (label("geboortedatum", language), day(fields["child_birth_date"], language)),
        (label("kenmerk", language), fields["registration_number"]),
    ]
    pairs += [
        (
            to_line(label("keus", language), {"nummer": row["rank"]}),
            ". ".join(filter(None, (row["school_name"], row["reason"]))),
        )
        for row in fields["preferences"]
    ]
    pairs = [(name, value) for name, value in pairs if value]
    html = format_html_join(
        "",
        '<tr><th class="wat" scope="row">{}</th><td>{}</td></tr>',
        ((name, _isolated(value, language)) for name, value in pairs),
    )
    return Fragment(
        format_html('<table class="waarom">{}</table>', html),
        "\n".join(f"{name}: {value}" for name, value in pairs),
    )


def _isolated(value: str, language: str) -> str:
    return format_html("<bdi>{}</bdi>", value) if language in RIGHT_TO_LEFT else escape(value)


def _numbers(fields: Fields, _language: str) -> "str | Fragment":
    numbers = fields["registration_numbers"]
    if not numbers:
        return ""
    items = format_html_join("", "<li>{}</li>", ((number,) for number in numbers))
    return Fragment(format_html("<ul>{}</ul>", items), "\n".join(f"- {number}" for number in numbers))


def _objection(fields: Fields, language: str) -> "str | Fragment":
    """The clause that fits the school: objection for a public authority, else complaint (Awb: six weeks)."""
    own = fields["objection_text"] if language == "nl" else ""
    first = "bezwaar-eerst-school" if fields["by_school"] else "bezwaar-eerst-loket"
    rest = "bezwaar-openbaar" if fields["public_authority"] else "bezwaar-bijzonder"
    if own:
        html = format_html("<h2>{}</h2>\n<p>{}</p>", label("bezwaar-kop", language), own)
        return Fragment(html, f"{label('bezwaar-kop', language)}\n\n{own}")
    source = f"## {label('bezwaar-kop', language)}\n{label(first, language)} {label(rest, language)}"
    values = {name: _plain(CODES[name].value(fields, language)) for name in ("loket", "bezwaar-tot")}
    blocks = parse(source)
    style = Style(isolate=language in RIGHT_TO_LEFT)
    return Fragment(to_html(blocks, values, style), to_text(blocks, values))


def _plain(value: "str | Fragment") -> str:
    return value.text if isinstance(value, Fragment) else value


# --- the list ----------------------------------------------------------------------------------------------------


def _code(
    name: str,
    explanation: str | Promise,
    kinds: frozenset[str],
    value: Callable[[Fields, str], "str | Fragment"],
    *fields: str,
) -> Code:
    return Code(name, explanation, kinds, value, fields)


_LIST = [
    _code(
        "vandaag",
        pgettext_lazy("merge code", "the day on which the letter is sent"),
        ALL,
        _date("letter_date"),
        "letter_date",
    ),
    _code(
        "kenmerk",
        pgettext_lazy("merge code", "registration number of the child"),
        ABOUT_ONE,
        _text("registration_number"),
        "registration_number",
    ),
    _code(
        "kind",
        pgettext_lazy("merge code", "full name of the child"),
        FAMILY,
        _text("child_name"),
        "child_name",
    ),
    _code(
        "voornaam",
        pgettext_lazy("merge code", "given name of the child"),
        FAMILY,
        _text("first_name"),
        "child_given_name",
    ),
    _code(
        "geboortedatum",
        pgettext_lazy("merge code", "date of birth of the child"),
        OUTCOMES | {K.M01},
        _date("child_birth_date"),
        "child_birth_date",
    ),
    _code(
        "ouder",
        pgettext_lazy("merge code", "name of the parent who gets the letter"),
        FAMILY,
        _text("guardian_name"),
        "guardian_name",
    ),
    _code(
        "school",
        pgettext_lazy("merge code", "name of the school"),
        ALL - {K.M06, K.M09, K.M19, K.M20, K.M21},
        _text("school_name"),
        "school_name",
    ),
    _code(
        "school-adres",
        pgettext_lazy("merge code", "address of the school"),
        OFFERS,
        _lines("school_address"),
        "school_address",
    ),
    _code(
        "school-telefoon",
        pgettext_lazy("merge code", "phone number of the school"),
        OFFERS,
        _text("school_phone"),
        "school_phone",
    ),
    _code(
        "school-mail",
        pgettext_lazy("merge code", "mail address of the school"),
        OFFERS,
        _text("school_email"),
        "school_email",
    ),
    _code(
        "directeur",
        pgettext_lazy("merge code", "director of the school, from the central list"),
        OFFERS,
        _text("signed_by"),
        "signed_by",
    ),
    _code(
        "loket",
        pgettext_lazy("merge code", "name of the desk that answers questions"),
        ALL,
        _text("desk_name"),
        "desk_name",
    ),
    _code(
        "loket-mail",
        pgettext_lazy("merge code", "mail address of the desk that answers questions"),
        ALL,
        _text("desk_email"),
        "desk_email",
    ),
    _code(
        "loket-telefoon",
        pgettext_lazy("merge code", "phone number of the desk that answers questions"),
        ALL,
        _text("desk_phone"),
        "desk_phone",
    ),
    _code(
        "contact",
        pgettext_lazy("merge code", "phone number and mail address of the desk that answers questions"),
        ALL,
        _lines("desk_contact"),
        "desk_phone",
        "desk_email",
    ),
    _code(
        "ronde",
        pgettext_lazy("merge code", "the application period"),
        ALL,
        lambda fields, _language: fields["round_name"] or fields["round_code"],
        "round_code",
    ),
    _code(
        "reactie-uiterlijk",
        pgettext_lazy("merge code", "last day to reply, computed from the day of sending"),
        OFFERS,
        _date("respond_by", weekday),
        "respond_by",
    ),
    _code(
        "reactie-voor",
        pgettext_lazy("merge code", "the day after the last day to reply"),
        OFFERS,
        _date("respond_before"),
        "respond_by",
    ),
    _code(
        "keusnummer",
        pgettext_lazy("merge code", "place of the school on the list of the parents"),
        OUTCOMES,
        lambda fields, _language: str(fields["preference_rank"] or ""),
        "preference_rank",
    ),
    _code(
        "waarom",
        pgettext_lazy("merge code", "table with a sentence for every school: why or why not"),
        OUTCOMES,
        _reasons,
        "preferences",
    ),
    _code(
        "gegevens",
        pgettext_lazy("merge code", "table with what the parents filled in"),
        frozenset({K.M01}),
        _data,
        "preferences",
    ),
    _code(
        "bezwaar",
        pgettext_lazy("merge code", "what to do when you disagree; differs for public-authority schools"),
        OUTCOMES | {K.M17},
        _objection,
        "public_authority",
        "letter_date",
    ),
    _code(
        "bezwaar-tot",
        pgettext_lazy("merge code", "last day to object: six weeks after sending"),
        OUTCOMES | {K.M17},
        _date("object_by"),
        "letter_date",
    ),
    _code(
        "vorige-school",
        pgettext_lazy("merge code", "the school whose place has ended"),
        frozenset({K.M11, K.M17}),
        _text("old_school_name"),
        "old_school_name",
    ),
    _code(
        "verdeling-van",
        pgettext_lazy("merge code", "first day to sign up for the extra distribution"),
        OUTCOMES | {K.M09, K.M10},
        _date("opt_in_from"),
        "opt_in_from",
    ),
    _code(
        "verdeling-tot",
        pgettext_lazy("merge code", "last day to sign up for the extra distribution"),
        OUTCOMES | {K.M09, K.M10},
        _date("opt_in_until"),
        "opt_in_until",
    ),
    _code(
        "aantal",
        pgettext_lazy("merge code", "number of children"),
        SCHOOL_LISTS,
        lambda fields, _language: str(len(fields["registration_numbers"]) or ""),
        "registration_numbers",
    ),
    _code(
        "kinderen",
        pgettext_lazy("merge code", "list of registration numbers"),
        SCHOOL_LISTS,
        _numbers,
        "registration_numbers",
    ),
    _code(
        "reden",
        pgettext_lazy("merge code", "the reason that was given"),
        frozenset({K.M02, K.M03, K.M15, K.M17, K.M22}),
        _text("reason"),
        "reason",
    ),
    _code(
        "telefoon",
        pgettext_lazy("merge code", "phone number that the parent left"),
        frozenset({K.M19}),
        _text("parent_phone"),
        "parent_phone",
    ),
    _code(
        "lotnummer",
        pgettext_lazy("merge code", "number of the child in the files of the draw"),
        OUTCOMES | {K.M20},
        _text("session_number"),
        "session_number",
    ),
    _code(
        "zitting",
        pgettext_lazy("merge code", "name of the draw session"),
        OUTCOMES | {K.M20, K.M21},
        _text("session_name"),
        "session_name",
    ),
    _code(
        "vastlegging",
        pgettext_lazy("merge code", "code of the commitment of the draw"),
        OUTCOMES | {K.M20, K.M21},
        _text("commitment_hash"),
        "commitment_hash",
    ),
    _code(
        "dossierregel",
        pgettext_lazy("merge code", "line of the child in the files of the draw"),
        frozenset({K.M20}),
        _text("dossier_line"),
        "dossier_line",
    ),
    _code(
        "zegel",
        pgettext_lazy("merge code", "seal of that line"),
        frozenset({K.M20}),
        _text("seal"),
        "seal",
    ),
]
CODES: dict[str, Code] = {code.name: code for code in _LIST}

# Only after [als ...]: something that is so or not so. Every code may stand there too: it holds when it says something.
FLAGS: dict[str, tuple[frozenset[str], Callable[[Fields], bool], str | Promise]] = {
    "eerste-keus": (
        OUTCOMES,
        lambda fields: fields["preference_rank"] == 1,
        pgettext_lazy("merge code", "the place is at the first choice"),
    ),
    "van-school": (
        OUTCOMES | {K.M01},
        lambda fields: bool(fields["by_school"]),
        pgettext_lazy("merge code", "the school sends the letter, not the office"),
    ),
    "toegestaan": (
        frozenset({K.M17}),
        lambda fields: bool(fields["is_allowed"]),
        pgettext_lazy("merge code", "the request was granted"),
    ),
    "aan-school": (
        frozenset({K.M17}),
        lambda fields: bool(fields["to_school"]),
        pgettext_lazy("merge code", "the school reads it, not the parents"),
    ),
    "een-kind": (
        SCHOOL_LISTS,
        lambda fields: len(fields["registration_numbers"]) == 1,
        pgettext_lazy("merge code", "it is about one child"),
    ),
    "niet-verzonden": (
        frozenset({K.M18}),
        lambda fields: bool(fields["is_unsent"]),
        pgettext_lazy("merge code", "it is about letters that were not sent"),
    ),
}


def codes_for(kind: str) -> list[Code]:
    """The codes of a kind of message, in the order of the list beside the editor."""
    return [code for code in _LIST if kind in code.kinds]


def conditions_for(kind: str) -> dict[str, str | Promise]:
    return {name: words for name, (kinds, _holds, words) in FLAGS.items() if kind in kinds}


class Merge(Mapping[str, "str | Fragment"]):
    """The values of one recipient in one language; computed when asked, and remembers what was empty.

    ``empty`` names the codes that were printed and had nothing to say (DH-158).
    """

    def __init__(self, fields: Fields, language: str) -> None:
        self.fields, self.language = fields, language
        self.empty: dict[str, None] = {}
        self._known: dict[str, str | Fragment] = {}

    def value(self, name: str) -> "str | Fragment":
        if name not in self._known:
            code = CODES.get(name)
            self._known[name] = code.value(self.fields, self.language) if code else ""
        return self._known[name]

    def holds(self, name: str) -> bool:
        if name in FLAGS:
            return FLAGS[name][1](self.fields)
        return bool(self.value(name))

    def __getitem__(self, name: str) -> "str | Fragment":
        found = self.value(name)
        if not found:
            self.empty[name] = None
        return found

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]

    def __iter__(self) -> Any:
        return iter(CODES)

    def __len__(self) -> int:
        return len(CODES)

    def html(self, text: str, style: Style) -> SafeString:
        return to_html(parse(solve(text, self.holds)), self, style)

    def text(self, text: str) -> str:
        return to_text(parse(solve(text, self.holds)), self)

    def line(self, text: str) -> str:
        return to_line(solve(text, self.holds), self)
