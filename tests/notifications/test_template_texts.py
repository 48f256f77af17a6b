"""Texts as data: markup, codes, the texts that come with the application, and what an editor sends."""

import pytest

from notifications.enums import MessageKind, TemplateCode
from notifications.services.markup import codes_in, parse, solve
from notifications.services.merge_codes import codes_for, conditions_for
from notifications.services.template_checks import faults_of
from notifications.services.template_choice import default_choice, kind_of
from notifications.services.template_editing import ENCLOSURE, Draft, TemplateError, check_draft, markup_of
from notifications.services.texts import LANGUAGES, label, text_of

EDITED = [*TemplateCode, *(kind for kind in MessageKind if kind not in (MessageKind.M04, MessageKind.M05))]
TO_FAMILIES = [
    TemplateCode.ALM124_FIRST,
    TemplateCode.ALM124_LOWER,
    *(MessageKind(f"M{number:02}") for number in (1, 6, 8, 9, 10, 11, 12, 16, 17, 19, 20)),
]


@pytest.mark.parametrize("code", EDITED)
def test_every_message_has_a_dutch_text_that_could_be_saved(code):
    assert check_draft(Draft.of(default_choice(code)), code) == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", TO_FAMILIES)
def test_every_message_to_families_exists_in_every_language_with_the_same_codes(code, language):
    text, dutch = text_of(code, language), text_of(code)

    assert text is not None and dutch is not None
    assert faults_of(text.subject + "\n" + text.body, kind_of(code)) == []
    # The school's own number and its half sentence about calling may differ, what is told may not.
    own = {"school", "als aan-school"}  # schools read Dutch
    spoken = {piece.text for piece in codes_in(text.body)} - own
    assert spoken == {piece.text for piece in codes_in(dutch.body)} - own


@pytest.mark.parametrize("language", LANGUAGES)
def test_fixed_words_exist_in_every_language(language):
    for name in ("datum", "kenmerk", "periode", "antwoord", "keus", "bezwaar-kop", "bezwaar-openbaar"):
        assert label(name, language)
        assert language == "nl" or label(name, language) != label(name) or name == "datum"
    assert [piece.text for piece in codes_in(label("bezwaar-openbaar", language))] == ["bezwaar-tot"]


def test_unknown_language_has_no_text():
    assert text_of("M06", "xx") is None and text_of("M06", "../nl") is None


# --- faults ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# [kind]\n\nU krijgt [voornam] iets.", [(3, 10, "[voornaam]")]),
        ("# [kind]\n[lotnummer2]", [(2, 1, "[lotnummer]")]),
        ("# a [xyzzyplugh]", [(1, 5, "[xyzzyplugh]")]),
        ("# a\n[als waarom]x", [(2, 1, "[einde]")]),
        ("# a\nx[einde]", [(2, 2, "[als ...]")]),
        ("# a [anders] b", [(1, 5, "[als ...]")]),
        ("# a\n[als zomaar]x[einde]", [(2, 1, "[als zomaar]")]),
        ("# a [kind\nb", [(1, 5, "")]),
        ("# a\n<link rel=attachment href=file:///etc/passwd>", [(2, 1, "<link")]),
        ("# a\nx <img src='https://example.org/a.png'>", [(2, 3, "<img")]),
        ("# a [telefoon]", [(1, 5, "[telefoon]")]),  # a code of another message
    ],
)
def test_fault_is_told_with_its_place(text, expected):
    found = faults_of(text, MessageKind.M04)

    assert [(fault.line, fault.column) for fault in found] == [
        (line, column) for line, column, _word in expected
    ]
    assert all(word in str(fault) for fault, (_l, _c, word) in zip(found, expected, strict=True))


def test_too_long_text_is_refused_with_the_number_of_characters():
    (fault,) = faults_of("x" * 8100, MessageKind.M04)

    assert "100" in fault.text


def test_text_of_a_letter_begins_with_the_outcome():
    draft = Draft("a", "[kenmerk]", "[vandaag]", "Beste ouders,\n")

    assert list(check_draft(draft, "M06")) == ["body"]


def test_enclosed_form_of_one_click_fits_every_offer():
    for code in (TemplateCode.ALM124_FIRST, TemplateCode.ALM3_LOWER):
        assert faults_of(ENCLOSURE, kind_of(code)) == []


# --- conditions and blocks ---------------------------------------------------------------------------------------


def test_conditions_can_stand_inside_each_other():
    text = "a[als x]b[als y]c[anders]d[einde]e[einde]f"

    assert solve(text, {"x": True, "y": True}.get) == "abcef"
    assert solve(text, {"x": True, "y": False}.get) == "abdef"
    assert solve(text, {"x": False, "y": True}.get) == "af"


def test_list_of_conditions_holds_for_the_message():
    assert "toegestaan" in conditions_for(MessageKind.M17) and "toegestaan" not in conditions_for(
        MessageKind.M04
    )
    assert {code.name for code in codes_for(MessageKind.M07)} >= {"kinderen", "aantal"}
    assert "kind" not in {
        code.name for code in codes_for(MessageKind.M07)
    }  # a mail to a school names no child


# --- what an editor sends ----------------------------------------------------------------------------------------


def test_html_of_the_editor_becomes_markup():
    html = (
        "<h1>[kind] heeft een plaats</h1><div>Eerste zin.<br>Tweede <strong>vet</strong>.<br><br>Nog iets.</div>"
        "<h2>Wat nu?</h2><ol><li>Bel ons</li><li>Kom langs</li></ol><ul><li>x &amp; y</li></ul>"
    )

    assert markup_of(html) == (
        "# [kind] heeft een plaats\nEerste zin.\nTweede **vet**.\n\nNog iets.\n\n"
        "## Wat nu?\n1. Bel ons\n2. Kom langs\n- x & y\n"
    )


@pytest.mark.parametrize("code", EDITED)
def test_text_survives_the_editor(code):
    """Markup to HTML and back says the same."""
    from notifications.services.markup import editor_html

    body = default_choice(code).text.body
    assert parse(markup_of(editor_html(body))) == parse(body)


@pytest.mark.parametrize(
    "html",
    [
        "<link rel=attachment href=file:///etc/passwd>",
        "<p>a</p><img src=file:///etc/hostname>",
        '<IMG SRC="https://example.org/x.png">',
        "<script>alert(1)</script>",
        "<style>@import url(https://example.org)</style>",
        "<svg onload=alert(1)>",
        "<iframe src=x>",
        "<object data=x>",
    ],
)
def test_what_would_fetch_or_run_is_refused_and_named(html):
    tag = html.replace("<p>a</p>", "").split()[0].strip("<>").split(">")[0].lower()
    with pytest.raises(TemplateError, match=f"<{tag}"):
        markup_of(html)


def test_other_tags_and_attributes_leave_only_their_words():
    html = '<h1 style="x" onclick="y">A</h1><table><tr><td>b</td></tr></table><p><a href="http://x">c</a></p>'

    assert markup_of(html) == "# A\nb\n\nc\n"


def test_a_megabyte_of_nested_tables_is_refused_at_once():
    with pytest.raises(TemplateError):
        markup_of("<table><tr><td>" * 70_000)
    markup_of("<table><tr><td>" * 12_000 + "x")  # under the limit: cleaned, without a crash
