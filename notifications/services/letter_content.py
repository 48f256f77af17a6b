"""What a letter says: the frozen merge values of a message, checked and turned into dates and numbers.

A letter with a hole in it is never made: an empty field that the text needs is an error that names the field (DH-158).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from notifications.enums import TO_SCHOOLS, MessageKind
from notifications.models import Message
from notifications.services.template_choice import Choice, LetterError, choice_for
from notifications.services.texts import has_language
from schools.models import AMSTERDAM, Desk

K = MessageKind
OBJECTION_PERIOD = timedelta(weeks=6)
QR_OF_COMMITMENT = "OA-LOT/1|{session}|vastlegging.txt|{digits}"  # the same text as in the draw record

# What each letter cannot do without. A phone number or mail address is printed when it is known.
ALWAYS = ("child_name", "registration_number", "letter_date", "address_lines", "round_code", "sender")
OFFER = ("school_name", "respond_by")
SESSION = ("session_number", "session_name", "commitment_hash")
REQUIRED: dict[str, tuple[str, ...]] = {
    K.M01: ("child_birth_date", "preferences"),
    K.M04: OFFER,
    K.M05: (*OFFER, "preference_rank", "preferences", "desk_name", *SESSION),
    K.M06: ("preferences", "desk_name", *SESSION),
    K.M11: (*OFFER, "preference_rank", "desk_name", *SESSION),
    K.M12: ("desk_name", *SESSION),
    K.M16: OFFER,
}
SENDERS = {"school": ("school_name", "school_address"), "office": ("desk_name",)}
LETTER_KINDS = frozenset(REQUIRED)  # letters to families; the other kinds are mails only
NO_OBJECTION = frozenset({K.M01})

DATES = ("letter_date", "respond_by", "child_birth_date", "opt_in_from", "opt_in_until")
NUMBERS = ("preference_rank",)
TEXT_LISTS = ("address_lines", "school_address", "notes", "registration_numbers")
FLAGS = ("public_authority", "is_allowed", "is_unsent", "to_school")
TABLES = {
    "preferences": ("rank", "school_name", "reason"),
    "draws": ("label", "lot_rank", "of_total", "lot"),
    "priority": ("label", "result"),
}
TEXTS = (
    "child_name",
    "child_given_name",
    "registration_number",
    "guardian_name",
    "school_name",
    "school_phone",
    "school_email",
    "old_school_name",
    "sender",
    "desk_name",
    "desk_email",
    "desk_phone",
    "round_code",
    "round_name",
    "session_number",
    "session_name",
    "commitment_hash",
    "check_url",
    "objection_text",
    "signed_by",
    "signed_role",
    "reason",
    "parent_phone",
    "dossier_line",
    "seal",
    "link",
)


@dataclass(frozen=True, slots=True)
class LetterContent:
    """Everything an engine needs to print one letter: no database, no clock.

    ``fields`` has every name of the merge dictionary: texts, dates (None when empty), lists of texts and of
    dictionaries, and what follows from them.
    """

    kind: str
    language: str  # of a second text behind the Dutch one; "nl" for none
    fields: Mapping[str, Any]
    choice: Choice  # the text that the school or the region chose


def letter_content(message: Message, choice: Choice | None = None) -> LetterContent:
    """Check and convert the merge values of ``message``.

    Units:  dates are ISO 8601 days; ``preference_rank`` counts from 1 on the family's own list, 0 is no place.
    ``choice`` is the text when it was looked up before, for many messages.
    Errors: LetterError for a kind that has no letter, an empty field that the letter needs, or a value of the wrong
            kind; WrongFamily for an offer whose text names another reply period.
    Source: DH-112, DH-151, DH-158; look, page 14.
    """
    if message.kind not in REQUIRED:
        raise LetterError(
            _("Message %(id)s cannot be printed: there is no letter of kind %(kind)s.")
            % {"id": message.pk, "kind": message.kind}
        )
    fields = _fields(message)
    _check_complete(message, fields)
    return _content(message, fields, choice)


def message_content(message: Message, choice: Choice | None = None) -> LetterContent:
    """The same for any message, also one that goes by mail only and about many children; holes are allowed here.

    Errors: LetterError for a value of the wrong kind.
    """
    return _content(message, _fields(message), choice)


def _content(message: Message, fields: dict[str, Any], choice: Choice | None) -> LetterContent:
    everything = fields | _derived(message.kind, fields)
    return LetterContent(message.kind, _second_language(message), everything, choice or choice_for(message))


def _fields(message: Message) -> dict[str, Any]:
    merge = message.merge
    fields: dict[str, Any] = {name: printable(merge.get(name) or "") for name in TEXTS}
    fields |= {name: _converted(message, name, date.fromisoformat) for name in DATES}
    fields |= {name: _converted(message, name, int) for name in NUMBERS}
    fields |= {name: _texts(merge.get(name)) for name in TEXT_LISTS}
    fields |= {name: _table(merge.get(name), columns) for name, columns in TABLES.items()}
    fields |= {name: bool(merge.get(name)) for name in FLAGS}
    if not fields["desk_name"] and message.year_id:
        # Messages that no desk signs still say where a question can be asked.
        fields["desk_name"], fields["desk_email"], fields["desk_phone"] = desk_of(message)
    if fields["letter_date"] is None and message.kind not in REQUIRED and message.not_before:
        fields["letter_date"] = message.not_before.astimezone(AMSTERDAM).date()
    return fields


def desk_of(message: Message) -> Desk:
    """Where whoever gets this message asks: parents their desk, schools theirs (DH-147)."""
    region = message.year.region
    return region.schools_desk if message.kind in TO_SCHOOLS else region.parents_desk


def _converted(message: Message, name: str, convert: Callable[[Any], Any]) -> Any:
    value = message.merge.get(name)
    if value in (None, ""):
        return None
    try:
        return convert(value)
    except (TypeError, ValueError) as exc:
        raise LetterError(
            _("Letter %(id)s of %(number)s cannot be made: the field “%(field)s” holds “%(value)s”.")
            % {
                "id": message.pk,
                "number": message.registration_number,
                "field": name,
                "value": str(value)[:40],
            }
        ) from exc


def _texts(value: Any) -> list[str]:
    return [text for line in value or [] if (text := printable(line))]


# Signs without a shape: line breaks and other controls, and those that turn the direction of what follows them.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]+"
)


def printable(value: Any) -> str:
    """One line of text that cannot break a header, a document or the direction of the text around it."""
    return " ".join(UNPRINTABLE.sub(" ", str(value)).split())


def _table(value: Any, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of texts; a missing cell is empty, None and 0 are told apart. Sentences in other languages go along."""
    return [
        {column: "" if row.get(column) is None else printable(row[column]) for column in columns}
        | (
            {"reasons": {k: printable(v) for k, v in row["reasons"].items()}}
            if isinstance(row.get("reasons"), dict)
            else {}
        )
        for row in value or []
    ]


def _check_complete(message: Message, fields: Mapping[str, Any]) -> None:
    sender = fields["sender"]
    needed = [*ALWAYS, *REQUIRED[message.kind], *SENDERS.get(sender, ())]
    if any(fields[name] for name in SESSION):
        needed += SESSION  # all of it or nothing
    missing = [name for name in dict.fromkeys(needed) if not fields[name]]
    if sender and sender not in SENDERS:
        missing.append("sender")
    if missing:
        raise LetterError(
            _("Letter %(id)s of %(number)s cannot be made: the field “%(field)s” is empty.")
            % {"id": message.pk, "number": message.registration_number, "field": "”, “".join(missing)}
        )


def _second_language(message: Message) -> str:
    return message.language if has_language(message.language) else "nl"


def _derived(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Values that follow from the merge values, so that no engine has to compute."""
    by_school = fields["sender"] == "school"
    rank = fields["preference_rank"] or None
    contact = [fields["school_phone"], fields["school_email"]] if by_school else []
    desk = [fields["desk_phone"], fields["desk_email"]]
    explained = [
        {
            **row,
            "is_placed": row["rank"] == str(rank) if rank else row["school_name"] == fields["school_name"],
        }
        for row in fields["preferences"]
        if row["reason"] and (rank is None or not row["rank"].isdigit() or int(row["rank"]) <= rank)
    ]
    return {
        "by_school": by_school,
        "sender_name": fields["school_name"] if by_school else fields["desk_name"],
        "sender_lines": [line for line in [*fields["school_address"], *contact] if line]
        if by_school
        else [line for line in desk if line],
        "return_address": ", ".join(fields["school_address"]) if by_school else "",
        "first_name": fields["child_given_name"] or fields["child_name"],
        "desk_contact": [line for line in desk if line],
        "respond_before": fields["respond_by"] + timedelta(days=1) if fields["respond_by"] else None,
        "explained": explained,
        "has_objection": kind not in NO_OBJECTION,
        "object_by": fields["letter_date"] + OBJECTION_PERIOD if fields["letter_date"] else None,
        "has_session": bool(fields["session_number"]),
        "qr_text": fields["check_url"]
        or QR_OF_COMMITMENT.format(session=fields["session_name"], digits=fields["commitment_hash"]),
    }
