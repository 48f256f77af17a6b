"""The reasons per school ([waarom]) in every language of the letters: all kinds and figures, nothing left open."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from admissions.services.explaining.explanations import HandDecision, Why
from admissions.services.explaining.reasons import limit_words, sentence
from lottery.engine.explain import Reason, ReasonKind
from lottery.engine.grammar import CENTRAL
from lottery.engine.outcome import CutoffKind, CutoffLine
from lottery.engine.standings import Standing, TierCount
from notifications.services.merge_codes import reason_in
from notifications.services.texts import LANGUAGES, REASONS, _pairs
from schools.enums import PriorityKind

K = ReasonKind
OTHERS = [language for language in LANGUAGES if language not in ("nl", "en")]
RULES = tuple(str(kind) for kind in PriorityKind)
SCRIPT = {"ar": r"[\u0600-\u06ff]", "uk": r"[\u0400-\u04ff]"}
# A word of another language in a sentence of this one is a text that was not translated.
DUTCH = re.compile(r"\b(uw kind|plaats(en)?|loting|kinderen|voorrang)\b", re.IGNORECASE)
ENGLISH = re.compile(r"\b(your child|places?|draw|children|priority)\b", re.IGNORECASE)


def cutoff(kind: CutoffKind, tier: int | None = None) -> CutoffLine:
    return CutoffLine(code="S1", kind=kind, tier=tier, lot=None)


def standing(draw: str, **changes: object) -> Standing:
    tiers = tuple(TierCount(tier, 30 + tier, tier) for tier in range(1, len(RULES) + 2))
    full = Standing(draw, "S1", 27, 23, 0, 157, 23, tiers, False, cutoff("limit", 2), 41)
    return replace(full, **changes)  # type: ignore[arg-type]


def school_lines() -> Iterator[tuple[str, Why]]:
    for kind in (K.PLACED, K.DRAWN_OUT, K.CLASS_TOO_LATE, K.CLOSED, K.UNIT_TOO_LARGE):
        reason = Reason(
            "S1", 1, kind, 3, "school/S1", own_tier=len(RULES) + 1, own_lot="0" * 63 + "9", own_rank=53
        )
        for name, where in (
            ("lot", standing("school/S1")),
            ("hand", standing("school/S1", by_hand=True)),
            ("last unknown", standing("school/S1", last_rank=None, cutoff=cutoff("closed"))),
            ("room", standing("school/S1", places=200, cutoff=cutoff("free"))),
            ("no ceiling", standing("school/S1", places=None, cutoff=cutoff("free"))),
            ("closed", standing("school/S1", places=0, cutoff=cutoff("closed"))),
        ):
            yield f"{kind} {name}", Why(1, "S1", reason, where, rules=RULES, given_before=7)


def central_lines() -> Iterator[tuple[str, Why]]:
    for kind in (K.PLACED, K.SCHOOL_FULL, K.CLOSED, K.UNIT_TOO_LARGE, K.SEATS_KEPT, K.HELD_SEAT):
        reason = Reason("S1", 2, kind, 3, CENTRAL, own_rank=53)
        for name, where in (
            ("lot", standing(CENTRAL, tiers=(), cutoff=cutoff("limit"))),
            (
                "last unknown",
                standing(CENTRAL, tiers=(), last_rank=None, frozen_places=0, cutoff=cutoff("closed")),
            ),
            ("room", standing(CENTRAL, tiers=(), cutoff=cutoff("free"))),
            ("no ceiling", standing(CENTRAL, tiers=(), places=None, cutoff=cutoff("free"))),
        ):
            for vovp in (False, True):
                yield f"{kind} {name} {vovp}", Why(2, "S1", reason, where, in_vovp=vovp, rules=RULES)


def other_lines() -> Iterator[tuple[str, Why]]:
    for kind in (K.HELD_SEAT_LEFT, K.NOT_REACHED, K.CARE_ROUTE, K.NO_CENTRAL_DRAW):
        yield f"{kind}", Why(3, "S1", Reason("S1", 3, kind, 1))
    yield "own draw", Why(1, "S1")
    for admitted in (True, False):
        for children in (20, 157):
            hand = HandDecision(places=23, children=children, admitted=20, is_admitted=admitted)
            yield f"by hand {admitted} {children}", Why(1, "S1", hand=hand)


LINES = dict([*school_lines(), *central_lines(), *other_lines()])


def test_every_kind_of_reason_is_here():
    assert {why.reason.kind for why in LINES.values() if why.reason} == set(ReasonKind)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words_and_figures_in_every_language(language):
    for name, why in LINES.items():
        told, limit = sentence(why, language), limit_words(why, language)
        assert told, (language, name)
        for text in filter(None, (told, limit)):
            assert not re.search(r"[\[\]{}]|%\(|None|  ", text), (language, name, text)
            assert not DUTCH.search(text) or language == "nl", (language, name, text)
            assert not ENGLISH.search(text) or language == "en", (language, name, text)
            if language in SCRIPT:
                assert re.search(SCRIPT[language], text), (language, name, text)


@pytest.mark.parametrize("language", OTHERS)
def test_figures_are_the_same_as_in_dutch(language):
    """A number that a family cannot find in the published files, or that is missing, would be worse than Dutch."""
    for name, why in LINES.items():
        for words in (sentence, limit_words):
            own, dutch = (sorted(re.findall(r"\d+", words(why, code))) for code in (language, "nl"))
            assert own == dutch, (language, name, words(why, language), words(why, "nl"))


@pytest.mark.parametrize("language", OTHERS)
def test_no_line_and_no_code_is_missing_in_one_language(language):
    lines, measure = _pairs(REASONS, language), _pairs(REASONS, "tr")
    assert lines.keys() == measure.keys()
    for name, text in lines.items():
        assert sorted(re.findall(r"\[[a-z]+\]", text)) == sorted(re.findall(r"\[[a-z]+\]", measure[name])), (
            name
        )


def test_language_without_reasons_gets_the_dutch_line_and_the_letter_says_so():
    why = LINES[f"{K.DRAWN_OUT} lot"]
    assert sentence(why, "fr") == sentence(why, "nl") and limit_words(why, "fr") == limit_words(why, "nl")
    assert reason_in({"reason": "Dutch", "reasons": {}}, "tr") == ("Dutch", True)
    assert reason_in({"reason": "Dutch", "reasons": {"tr": "Türkçe"}}, "tr") == ("Türkçe", False)
