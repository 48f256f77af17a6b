"""Messages to invented families, with the merge values that admissions hands over."""

from datetime import UTC, datetime
from typing import Any

from notifications.enums import MessageKind
from notifications.models import Message, Release
from schools.models import Round
from tests.factories.schools import UserFactory
from tests.lottery.draw_sessions import make_round

MOMENT = datetime(2024, 4, 18, 7, tzinfo=UTC)
HASH = "b7749691667fc4b71fb2a72ecae058877f6bc0a302f0857e0259327c191b94ca"
SCHOOL = {
    "sender": "school",
    "school_name": "De Waterlelie",
    "school_address": ["Voorbeeldkade 8", "2548 NP  Duinstad"],
    "school_phone": "070 000 00 12",
    "school_email": "administratie@waterlelie.example",
}
DESK = {"desk_name": "Ouderloket Duinstad", "desk_email": "ouders@example.org", "desk_phone": "070 000 00 99"}
CHILD = {
    "child_name": "Noor de Wit",
    "child_birth_date": "2020-03-01",
    "registration_number": "H4WP-7KQM",
    "guardian_name": "",
    "address_lines": ["Voorbeeldstraat 40", "2548 CK  DUINSTAD"],
    "round_code": "ALM2",
    "letter_date": "2024-04-18",
}
SESSION = {
    "session_number": "0F7K2M9Q",
    "session_name": "DUINSTAD-2024-ALM2",
    "commitment_hash": HASH,
    "draws": [
        {"label": "Loting De Gantel", "lot_rank": "9", "of_total": "29", "lot": "a1" * 32},
        {"label": "Centrale loting", "lot_rank": "47", "of_total": "212", "lot": "b2" * 32},
    ],
}
REASONS = [
    {
        "rank": 1,
        "school_name": "De Gantel",
        "reason": "21 plaatsen, 29 kinderen. 14 plaatsen gingen naar kinderen van de voorschool en naar broers en "
        "zussen. Om 7 plaatsen lootten 10 kinderen uit de wijk. Noor had nummer 9, het laatste kind met een plaats "
        "had nummer 7.",
    },
    {
        "rank": 2,
        "school_name": "De Fontein",
        "reason": "Vol. Noor had nummer 47 van 212. Het laatste kind met een plaats had nummer 31.",
    },
    {"rank": 3, "school_name": "De Waterlelie", "reason": "Geplaatst. Hier was nog plaats bij nummer 47."},
    {"rank": 4, "school_name": "De Duinroos", "reason": ""},
    {"rank": 5, "school_name": "Het Anker", "reason": ""},
]
FULL = [
    {**row, "reason": row["reason"] or "Vol. Het laatste kind met een plaats had nummer 12."}
    for row in REASONS
]
OFFER = {**CHILD, **SCHOOL, **DESK, **SESSION, "respond_by": "2024-05-16", "public_authority": False}
OFFICE = {**CHILD, **SCHOOL, **DESK, **SESSION, "sender": "office"}
MERGE: dict[str, dict[str, Any]] = {
    MessageKind.M01: {**CHILD, **SCHOOL, "preferences": [{**row, "reason": ""} for row in REASONS]},
    MessageKind.M04: {
        **OFFER,
        "preference_rank": 1,
        "preferences": [
            {
                "rank": 1,
                "school_name": "De Waterlelie",
                "reason": "20 plaatsen, 14 kinderen: er is niet geloot.",
            }
        ],
        "public_authority": True,
    },
    MessageKind.M05: {**OFFER, "preference_rank": 3, "preferences": REASONS},
    MessageKind.M06: {
        **OFFICE,
        "school_name": "",
        "school_address": [],
        "preferences": FULL,
        "respond_by": "",
    },
    MessageKind.M11: {
        **OFFICE,
        "preference_rank": 2,
        "preferences": REASONS[:2],
        "respond_by": "2024-06-27",
        "old_school_name": "Het Anker",
    },
    MessageKind.M12: {**OFFICE, "preference_rank": 3, "preferences": REASONS, "respond_by": ""},
    MessageKind.M16: {**OFFER, "preference_rank": 1, "preferences": []},
}


def make_message(round_: Round, kind: str = MessageKind.M05, **fields: Any) -> Message:
    """A held message with a full merge dictionary; ``merge`` in ``fields`` changes single values of it."""
    merge = {**MERGE[kind], **fields.pop("merge", {})}
    number = fields.pop("registration_number", merge["registration_number"])
    return Message.objects.create(
        **{
            "year": round_.year,
            "round": round_,
            "kind": kind,
            "case_key": f"{number}-{round_.code}",
            "registration_number": number,
            "merge": merge,
            "not_before": MOMENT,
            **fields,
        }
    )


def open_release_of(round_: Round, *, at: datetime | None = None) -> Release:
    """The release of a round, opened long before anything else happens: the messages' own moments decide."""
    moment = at or datetime(2020, 1, 1, tzinfo=UTC)
    people = {} if round_.year.is_rehearsal else {"first_by": UserFactory(), "second_by": UserFactory()}
    return Release.objects.create(
        year=round_.year,
        round=round_,
        moment=moment,
        is_rehearsal=round_.year.is_rehearsal,
        opened_at=moment,
        **people,
    )


def opened_round() -> Round:
    round_ = make_round()
    open_release_of(round_)
    return round_
