"""The Dutch catalogue is complete, and its compiled form is the one that is committed."""

import re
from pathlib import Path

import polib
import pytest

CATALOGUE = Path(__file__).resolve().parent.parent.parent / "locale" / "nl" / "LC_MESSAGES" / "django.po"
FIELD = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd]")


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def test_every_text_has_a_translation(catalogue: polib.POFile):
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []


def test_translations_fill_in_the_same_fields(catalogue: polib.POFile):
    def fields(text: str) -> set[str]:
        return {match.group() for match in FIELD.finditer(text)}

    def differs(entry: polib.POEntry) -> bool:
        if entry.msgid_plural:
            # "one child" may well do without its number
            return any(
                not fields(text) <= fields(entry.msgid_plural) for text in entry.msgstr_plural.values()
            )
        return fields(entry.msgid) != fields(entry.msgstr)

    assert [entry.msgid for entry in catalogue.translated_entries() if differs(entry)] == []


def test_compiled_catalogue_is_in_step(catalogue: polib.POFile):
    """A bare machine has no gettext: it shows what was committed."""

    def texts(entries: polib.POFile | polib.MOFile) -> dict[tuple[str | None, str], str | dict[int, str]]:
        return {
            (entry.msgctxt, entry.msgid): entry.msgstr_plural or entry.msgstr
            for entry in entries
            if not entry.obsolete and entry.msgid
        }

    assert texts(polib.mofile(str(CATALOGUE.with_suffix(".mo")))) == texts(catalogue), "run `make messages`"
