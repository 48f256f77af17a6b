"""Children who do not exist, to see a letter before it is real (DH-158): an ordinary one, the longest names, and names
written from right to left; with the school's own data."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from notifications.enums import Channel, MessageKind
from notifications.models import Message
from notifications.services.template_choice import KIND_OF_CODE, kind_of
from notifications.services.texts import reason_languages, reason_text
from schools.models import Region, Round, School

K = MessageKind
BY_OFFICE = frozenset({K.M06, K.M11, K.M12})


@dataclass(frozen=True, slots=True)
class Sample:
    key: str
    label: str | Promise
    child: str
    given: str
    parent: str
    street: str


SAMPLES = (
    Sample(
        "gewoon",
        pgettext_lazy("sample", "A made-up child"),
        "Noor de Voorbeeld",
        "Noor",
        "A. de Voorbeeld",
        "Voorbeeldstraat 40",
    ),
    Sample(
        "lang",
        pgettext_lazy("sample", "The longest names"),
        "Wilhelmina-Frederique Alexandrine van Voorbeeld-Bergenstein tot Oudekerk-Zevenhuizen",
        "Wilhelmina-Frederique",
        "Mevrouw dr. Maximiliana-Theodora van Voorbeeld-Bergenstein tot Oudekerk",
        "Burgemeester van der Voorbeeldlaan-Noord 1234 B-bis",
    ),
    Sample(
        "rtl",
        pgettext_lazy("sample", "Names from right to left"),
        "نور عبد الرحمن المثال",
        "نور",
        "ليلى المثال",
        "Voorbeeldstraat 40",
    ),
)


def sample_of(key: str) -> Sample:
    return next((sample for sample in SAMPLES if sample.key == key), SAMPLES[0])


def sample_message(
    *,
    code: str,
    region: Region,
    school: School | None,
    round_: Round | None,
    today: date,
    key: str = "gewoon",
    language: str = "nl",
) -> Message:
    """A message that is never stored. Its draw is made up too."""
    sample, kind = sample_of(key), kind_of(code)
    sent = (round_.offers_on if round_ else None) or today
    weeks = round_.reply_weeks if round_ else 4
    name = school.name if school else "De Voorbeeldschool"
    address = (
        [school.street, f"{school.postcode} {school.place}"]
        if school
        else ["Schoolkade 8", "2500 AA Voorbeeld"]
    )
    lower = kind in (K.M05, K.M11)
    merge: dict[str, Any] = {
        "child_name": sample.child,
        "child_given_name": sample.given,
        "child_birth_date": date(sent.year - 4, 3, 1).isoformat(),
        "registration_number": "VBLD-0001",
        "guardian_name": sample.parent,
        "address_lines": [sample.street, "2500 AA  VOORBEELD"],
        "school_name": "" if kind == K.M06 else name,
        "old_school_name": "De Vorige Voorbeeldschool" if kind in (K.M11, K.M17) else "",
        "school_address": [line.strip() for line in address if line.strip()] or ["Schoolkade 8"],
        "school_phone": school.contact_phone if school else "000 000 00 00",
        "school_email": school.contact_email if school else "school@example.org",
        "signed_by": school.director_name if school else "D. Voorbeeld",
        "sender": "office" if kind in BY_OFFICE or school is None else "school",
        "desk_name": region.desk_name or region.name,
        "desk_email": region.desk_email,
        "desk_phone": region.desk_phone,
        "round_code": round_.code if round_ else "ALM1",
        "letter_date": sent.isoformat(),
        "respond_by": "" if kind in (K.M01, K.M06, K.M12) else (sent + timedelta(weeks=weeks)).isoformat(),
        "preference_rank": 0 if kind in (K.M06, K.M12) else 3 if lower else 1,
        "preferences": _preferences(kind, name),
        "opt_in_from": (sent + timedelta(weeks=4)).isoformat(),
        "opt_in_until": (sent + timedelta(weeks=6)).isoformat(),
        "session_number": "" if kind in (K.M01, K.M08) else "0V00RB33",
        "session_name": "" if kind in (K.M01, K.M08) else "VOORBEELD-ALM1",
        "commitment_hash": "" if kind in (K.M01, K.M08) else "0123456789abcdef" * 4,
        "draws": [],
        "public_authority": bool(school and school.board.public_authority),
        "registration_numbers": ["VBLD-0001", "VBLD-0002"],
        "reason": "Voorbeeld van een reden.",
        "parent_phone": "06 00 00 00 00",
        "dossier_line": "kind|0V00RB33|voorbeeld",
        "seal": "fedcba9876543210" * 4,
        "is_allowed": True,
    }
    return Message(
        year=round_.year if round_ else None,
        round=round_,
        school=school,
        kind=kind,
        registration_number="VBLD-0001",
        recipient_name=sample.parent,
        channel=Channel.POST if code in KIND_OF_CODE and kind == K.M01 else Channel.EMAIL,
        language=language,
        merge=merge,
    )


def _preferences(kind: MessageKind, school: str) -> list[dict[str, Any]]:
    names = ["De Eerste Voorbeeldschool", "De Tweede Voorbeeldschool", school]
    reasons = [
        "Er waren 20 plaatsen voor 31 kinderen. In de volgorde van de loting was uw kind nummer 27 van 31; "
        "de laatste plaats ging naar nummer 20.",
        "Bij de centrale loting was uw kind nummer 47 van 212; de laatste plaats hier ging naar nummer 31.",
        "Uw kind heeft hier een plaats.",
    ]
    if kind == K.M01:
        return [{"rank": n, "school_name": name, "reason": ""} for n, name in enumerate(names, 1)]
    if kind in (K.M04, K.M16):
        return [{"rank": 1, "school_name": school, "reason": reasons[2], "reasons": _translated(2)}]
    return [
        {"rank": n, "school_name": name, "reason": reason, "reasons": _translated(n - 1)}
        for n, (name, reason) in enumerate(zip(names, reasons, strict=True), 1)
    ]


def _translated(which: int) -> dict[str, str]:
    """The made-up reason in every language that has the fixed lines of a real one."""
    lines: tuple[tuple[str, dict[str, int]], ...] = (
        (("aanbod", {}), ("nummer-laatste", {"nummer": 27, "totaal": 31, "laatste": 20})),
        (("centraal-nummer-laatste", {"nummer": 47, "totaal": 212, "laatste": 31}),),
        (("plaats-hier", {}),),
    )[which]
    english = (
        "There were 20 places for 31 children. In the order of the draw your child was number 27 of 31; "
        "the last place went to number 20.",
        "In the central draw your child was number 47 of 212; the last place here went to number 31.",
        "Your child has a place here.",
    )
    found = {"en": english[which]}
    for language in reason_languages():
        if language not in found:
            parts = []
            for name, figures in lines:
                text = reason_text(name, language)
                for code, value in {"plaatsen": 20, "kinderen": 31, **figures}.items():
                    text = text.replace(f"[{code}]", str(value))
                parts.append(text)
            found[language] = " ".join(parts)
    return found
