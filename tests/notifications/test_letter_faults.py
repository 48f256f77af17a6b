"""Letters under bad conditions: a full disk, a killed worker, a missing font, a text that was changed meanwhile."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from django.db import IntegrityError, InternalError, OperationalError, transaction

from notifications.enums import MessageKind, MessageState
from notifications.models import Letter, LetterTemplate, Message
from notifications.services.dry_run import dry_run
from notifications.services.letter_content import LetterContent, letter_content
from notifications.services.letter_renderer import LetterRenderer
from notifications.services.letters import LetterError, letters_to_make, make_letters, redate_letter
from notifications.services.mail_content import render_mail
from notifications.services.template_choice import default_choice
from notifications.services.template_editing import Draft, mend_selection, save_template, select_template
from notifications.services.texts import LANGUAGES
from schools.models import Round
from schools.services.pdf import PdfError, Press
from tests.factories.schools import SchoolFactory
from tests.lottery.draw_sessions import make_round
from tests.notifications.family_messages import MERGE, make_message

ROOT = Path(__file__).resolve().parent.parent.parent


class Printer(LetterRenderer):
    def render(self, content: LetterContent) -> bytes:
        return f"{content.choice.text.body} {content.fields['letter_date']}".encode()


def printed(message: Message) -> str:
    return bytes(Letter.objects.get(message=message).pdf).decode()


def saved(school, **changes: str) -> LetterTemplate:
    draft = Draft.of(default_choice("ALM124_LOWER"))
    values = {name: getattr(draft, name) for name in draft.__slots__} | changes
    return save_template(
        region=school.region,
        school=school,
        code="ALM124_LOWER",
        draft=Draft(**values),
        actor=None,
        approve=True,
    )


@pytest.fixture
def round_() -> Round:
    return make_round()


@pytest.fixture
def school(round_):
    return SchoolFactory(region=round_.year.region, director_name="D. Proef")


# --- disk and font -------------------------------------------------------------------------------------------------


def may_mount() -> bool:
    if shutil.which("unshare") is None or os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="needs root and a mount namespace of its own")
def test_full_disk_truncates_nothing_and_the_rest_follows(tmp_path):
    """Room for some 30 of 100 letters: what is stored is whole, the database is sound, the same call makes the rest."""
    command = ["unshare", "-m", sys.executable, "-m", "tests.notifications.full_disk", str(tmp_path), "100"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout.splitlines()[-1])

    assert "full" in found["failure"]
    assert 0 < found["before"]["letters"] < 100 and found["before"]["whole"]
    assert found["made"] == 100 - found["before"]["letters"]
    assert found["after"] == {"letters": 100, "whole": True, "messages": 100}
    assert found["sound"] == "ok"


def test_missing_font_is_an_error_and_no_letter_in_another_face(monkeypatch):
    from schools.services import pdf

    monkeypatch.setattr(pdf.finders, "find", lambda path: None)
    pdf._static_file.cache_clear()
    try:
        with pytest.raises(PdfError, match="missing"):
            Press("css/brief.css")
    finally:
        pdf._static_file.cache_clear()


# --- a letter follows its text until it is sent ----------------------------------------------------------------------


@pytest.mark.django_db
def test_letter_that_was_not_sent_follows_the_changed_text(round_, school):
    held = make_message(round_, school=school)
    make_letters(message_ids=[held.pk], renderer=Printer())
    first = Letter.objects.get().hash
    assert letters_to_make(round_.pk) == []

    saved(school, body="# [kind] mag komen\nSchrijf in vóór [reactie-voor].\n")

    assert letters_to_make(round_.pk) == [held.pk]
    assert make_letters(message_ids=[held.pk], renderer=Printer()) == 1
    assert "mag komen" in printed(held) and Letter.objects.get().hash != first
    assert make_letters(message_ids=[held.pk], renderer=Printer()) == 0


@pytest.mark.django_db
def test_sent_letter_never_changes(round_, school):
    """DH-155: not by another text, not by a second run, not by hand in the database."""
    sent = make_message(round_, MessageKind.M01, school=school, channel="post")
    make_letters(message_ids=[sent.pk], renderer=Printer())
    Message.objects.filter(pk=sent.pk).update(state=MessageState.RELEASED, released_at=sent.not_before)
    before = Letter.objects.get()
    draft = Draft.of(default_choice("CONFIRMATION_POST"))
    values = {name: getattr(draft, name) for name in draft.__slots__} | {"body": "# Anders\n"}
    save_template(
        region=school.region, school=school, code="CONFIRMATION_POST", draft=Draft(**values), actor=None
    )

    assert letters_to_make(round_.pk) == []
    assert make_letters(message_ids=[sent.pk], renderer=Printer()) == 0
    with pytest.raises(LetterError):
        redate_letter(Message.objects.get(pk=sent.pk), sent_on=date(2024, 5, 1))
    refused = (IntegrityError, InternalError, OperationalError)
    with pytest.raises(refused), transaction.atomic():
        Letter.objects.filter(pk=before.pk).update(pdf=b"other")
    with pytest.raises(refused), transaction.atomic():
        Letter.objects.filter(pk=before.pk).delete()
    assert Letter.objects.get().hash == before.hash


@pytest.mark.django_db
def test_version_of_a_text_stays_as_it_was_saved(school):
    row = saved(school)
    for change in (lambda rows: rows.update(body="x"), lambda rows: rows.delete()):
        with pytest.raises((IntegrityError, InternalError, OperationalError)), transaction.atomic():
            change(LetterTemplate.objects.filter(pk=row.pk))


@pytest.mark.django_db
def test_late_letter_counts_its_period_from_the_real_day(round_, school):
    """Q-36: the reply weeks count from the real sending date, and the objection period with it."""
    late = make_message(round_, school=school)
    redate_letter(late, sent_on=date(2024, 4, 22))
    late.save()
    fields = letter_content(late).fields

    assert (fields["letter_date"], fields["respond_by"]) == (date(2024, 4, 22), date(2024, 5, 20))
    assert fields["object_by"] == date(2024, 6, 3)


# --- which text ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("weeks", "sent", "respond_by", "words"),
    [
        (4, "2024-04-22", "maandag 20 mei 2024", "vier weken"),
        (8, "2024-07-08", "maandag 2 september 2024", "acht weken"),
    ],
)
@pytest.mark.parametrize("kind", [MessageKind.M04, MessageKind.M05])
def test_reply_dates_and_templates_of_ae_18(round_, school, kind, weeks, sent, respond_by, words):
    round_.reply_weeks = weeks
    round_.save()
    day = date.fromisoformat(sent)
    merge = {"letter_date": sent, "respond_by": date.fromordinal(day.toordinal() + 7 * weeks).isoformat()}
    mail = render_mail(make_message(round_, kind, school=school, merge=merge))

    assert respond_by in mail.text and words in mail.text


@pytest.mark.django_db
def test_text_of_another_reply_period_makes_no_letter(round_, school):
    """AE-18: ALM124 letters in ALM3 would print 5 August instead of 2 September."""
    round_.reply_weeks = 8
    round_.save()
    select_template(school=school, use="LOWER", code="ALM124_LOWER")
    held = make_message(round_, school=school)

    with pytest.raises(LetterError, match=round_.code):
        make_letters(message_ids=[held.pk], renderer=Printer())
    assert not Letter.objects.exists()
    assert [finding.message_id for finding in dry_run(round_id=round_.pk).findings] == [held.pk]
    mend_selection(school=school, round_=round_)
    assert make_letters(message_ids=[held.pk], renderer=Printer()) == 1
    assert "acht weken" in printed(held)


@pytest.mark.django_db
def test_dry_run_lists_what_is_empty(round_, school):
    saved(school, body="# [kind] mag komen\nWij doen mee op [verdeling-van]. Bel [school-telefoon].\n")
    bad = make_message(round_, school=school, registration_number="H0001")
    fine = make_message(round_, MessageKind.M04, school=school, registration_number="H0002")
    found = dry_run(round_id=round_.pk)

    assert (found.rendered, found.newest) == (2, max(bad.pk, fine.pk))
    (finding,) = found.findings
    assert finding.registration_number == "H0001" and finding.codes == ("verdeling-van",)
    assert "[verdeling-van]" in finding.text and found.by_code() == [("verdeling-van", 1)]
    with pytest.raises(LetterError, match="verdeling-van"):
        make_letters(message_ids=[bad.pk])


# --- names and mails -------------------------------------------------------------------------------------------------

NASTY = [
    '<img src="https://example.org/x.png">',
    "<link rel=attachment href=file:///etc/passwd>",
    "</mj-text><mj-image src='https://example.org/x'/>",
    "{{ settings.SECRET_KEY }} {% load x %} ${7*7}",
    "[bezwaar] [als school] **vet** # kop",
    "a\r\nBcc: iedereen@example.org",
    "a\x00b\u202egnp.exe",
    "]]> <!-- &#0; -->",
]


@pytest.mark.parametrize("name", NASTY)
def test_name_is_only_a_name(name):
    merge = {**MERGE[MessageKind.M05], "child_name": name, "guardian_name": name}
    message = Message(kind=MessageKind.M05, merge=merge, language="ar", registration_number="H1")
    mail = render_mail(message)

    assert "\n" not in mail.subject and "\r" not in mail.subject
    assert all(tag not in mail.html for tag in ("<img", "<link", "<mj-"))
    assert "\u202e" not in mail.html + mail.text + mail.subject and "\x00" not in mail.html
    assert mail.text.count("Niet eens met dit besluit?") == 1  # a code in a name is not filled in


def test_lines_of_a_mail_run_the_way_of_their_language_whatever_name_they_begin_with():
    merge = {**MERGE[MessageKind.M05], "child_name": "نور المثال", "child_given_name": "نور"}
    text = render_mail(Message(kind=MessageKind.M05, merge=merge, language="ar")).text
    dutch, arabic, _foot = text.split("* * *")

    assert dutch.startswith("\u200eنور المثال heeft een plaats")
    assert "\n\u200f1. De Gantel: " in arabic and "\u200e" not in arabic
    plain = render_mail(Message(kind=MessageKind.M05, merge=MERGE[MessageKind.M05], language="pl")).text
    assert "\u200e" not in plain and "\u200f" not in plain


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_mail_has_its_looks_inside_and_room_for_a_telephone(language):
    message = Message(kind=MessageKind.M05, merge=MERGE[MessageKind.M05], language=language)
    html = render_mail(message).html

    assert html.count("<h2") == html.count("<h2 style=") > 0 and "<p>" not in html and "<td>" not in html
    assert 'class="school"' not in html  # the school stands above its reason, not beside it
    assert "<strong>De Gantel</strong><br /><span>21 plaatsen" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_mail_refers_to_nothing_outside_it(language):
    message = Message(kind=MessageKind.M05, merge=MERGE[MessageKind.M05], language=language)
    html = render_mail(message).html

    for word in ("<img", "<link", "@import", "url(", "src=", "<script"):
        assert word not in html
    assert "://" not in html.replace("http://www.w3.org/1999/xhtml", "")
    assert render_mail(message) == render_mail(message)


@pytest.mark.django_db
def test_every_kind_of_message_makes_a_mail_without_a_hole(round_, school):
    from notifications.services.letter_content import message_content
    from notifications.services.mail_content import empty_codes
    from notifications.services.samples import sample_message

    for kind in MessageKind:
        code = {"M04": "ALM124_FIRST", "M05": "ALM124_LOWER"}.get(kind, kind)
        message = sample_message(
            code=code, region=school.region, school=school, round_=round_, today=date(2024, 1, 1)
        )
        assert render_mail(message).subject
        left = set(empty_codes(message_content(message))) - {"loket-mail"}
        assert left == set(), kind
