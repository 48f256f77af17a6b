"""Checks of single typed values, shared by the import, the forms and the services."""

import difflib
import hashlib
import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LONGEST_KEY = 260  # Child.identity_key
POSTCODE = re.compile(r"[1-9][0-9]{3}[A-Z]{2}")
# Nine digits, also as people group them: 123456782, 1234.56.782, 123 456 782.
NINE_DIGITS = re.compile(r"(?<!\d)(?<!\d[ .-])\d(?:[ .-]?\d){8}(?![ .-]?\d)")
KNOWN_MAIL_DOMAINS = (
    "gmail.com",
    "hotmail.com",
    "hotmail.nl",
    "outlook.com",
    "live.nl",
    "live.com",
    "icloud.com",
    "yahoo.com",
    "ziggo.nl",
    "kpnmail.nl",
    "hetnet.nl",
    "planet.nl",
    "casema.nl",
    "xs4all.nl",
    "msn.com",
    "me.com",
    "proton.me",
    "mail.com",
    "gmx.com",
    "email.com",
    "ymail.com",
    "home.nl",
    "chello.nl",
    "upcmail.nl",
    "telfort.nl",
    "quicknet.nl",
)
# Letters that are one sign in Unicode and yet are written with and without their stroke (data-formats.md).
STROKES = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ħ": "h"}
)
# ISO 639-1.
LANGUAGES = frozenset(
    """aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en
    eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv
    ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne
    ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st
    su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu""".split()
)


def normalise_postcode(value: str) -> str:
    """``2565 xp`` → ``2565XP``; a space elsewhere stays, so that the check finds it. Not checked."""
    digits, _gap, letters = (typed := " ".join(value.split()).upper()).partition(" ")
    return digits + letters if (len(digits), len(letters)) == (4, 2) else typed


def is_postcode(value: str) -> bool:
    return POSTCODE.fullmatch(value) is not None


def is_email(value: str) -> bool:
    try:
        validate_email(value)
    except ValidationError:
        return False
    return len(value) <= 254


def is_language(value: str) -> bool:
    return value in LANGUAGES


def has_letter(value: str) -> bool:
    return any(character.isalpha() for character in value)


def has_control_character(value: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in value)


def looks_like_formula(value: str) -> bool:
    return value.startswith(("=", "+", "@"))


def contains_bsn(value: str) -> bool:
    """Nine digits that pass the BSN check must not be stored (DH-040)."""
    return any(_passes_bsn_check(match) for match in NINE_DIGITS.finditer(value))


def without_bsn(value: str) -> str:
    """The text with every number that looks like a BSN left out."""
    return NINE_DIGITS.sub(lambda match: "" if _passes_bsn_check(match) else match.group(), value)


def _passes_bsn_check(match: re.Match[str]) -> bool:
    digits = [int(sign) for sign in match.group() if sign.isdecimal()]
    total = sum(digit * weight for digit, weight in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
    return total % 11 == 0 and any(digits)


def meant_email(value: str) -> str:
    """``h.celik@gmial.com`` → ``h.celik@gmail.com``: what was probably meant; empty when nothing looks mistyped."""
    name, _at, domain = value.strip().rpartition("@")
    domain = domain.lower()
    if not name or domain in KNOWN_MAIL_DOMAINS:
        return ""
    near = difflib.get_close_matches(domain, KNOWN_MAIL_DOMAINS, n=1, cutoff=0.86)
    return f"{name}@{near[0]}" if near else ""


def plain(text: str) -> str:
    """Without capitals, accents, spaces and punctuation: how names are compared (data-formats.md)."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(STROKES))
    return "".join(character for character in folded.translate(STROKES) if character.isalnum())


def identity_key(given_name: str, surname_prefix: str, surname: str, date_of_birth: str) -> str:
    """Who is the same child: first name, prefix, surname and birth date (ISO), compared plainly.

    One letter can become many (a ligature, ß): what no longer fits the column is told apart by its hash.
    """
    key = f"{plain(given_name)}|{plain(surname_prefix)}|{plain(surname)}|{date_of_birth}"
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{key[: LONGEST_KEY - len(digest) - 1]}|{digest}"
