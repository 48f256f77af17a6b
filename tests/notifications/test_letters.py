"""Letters: right words in the right place, never a hole, made once, the same bytes every time."""

import gc
import hashlib
import io
import re
import resource
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.formats import date_format
from pypdf import PdfReader

from notifications.enums import Channel, MessageKind, MessageState
from notifications.models import Letter, Message
from notifications.services.letter_content import LetterContent, letter_content
from notifications.services.letter_renderer import LetterRenderer, letter_html
from notifications.services.letters import (
    BATCH,
    LETTER_KINDS,
    LetterError,
    letters_to_make,
    make_letters,
    render_letter,
)
from notifications.services.samples import sample_of
from notifications.tasks import make_letters_task
from schools.enums import JobState
from schools.models import Job
from schools.services.pdf import BASE_URL, PdfError, Press, qr_svg, read_bundled
from tests.lottery.draw_sessions import make_round
from tests.notifications.family_messages import HASH, MERGE, make_message

MM = 72 / 25.4


def message(kind: str, *, language: str = "nl", **merge: object) -> Message:
    values = {**MERGE[kind], **merge}
    return Message(
        kind=kind,
        merge=values,
        language=language,
        registration_number=str(values["registration_number"]),
    )


def pages_of(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def html(kind: str, *, language: str = "nl", **merge: object) -> str:
    return " ".join(letter_html(letter_content(message(kind, language=language, **merge))).split())


class StubRenderer(LetterRenderer):
    """An engine that prints the fields as text: shows that another engine fits, and is quick."""

    def __init__(self) -> None:
        self.rendered: list[str] = []

    def render(self, content: LetterContent) -> bytes:
        self.rendered.append(content.fields["registration_number"])
        return f"{content.kind} {sorted(content.fields.items(), key=str)}".encode()


# --- form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(LETTER_KINDS))
def test_every_letter_is_one_dutch_tagged_a4_and_the_same_twice(kind):
    pdf = render_letter(message(kind))
    reader = PdfReader(io.BytesIO(pdf))
    xmp = reader.root_object["/Metadata"].get_object().get_data().decode()

    assert render_letter(message(kind)) == pdf
    assert len(reader.pages) == 1
    assert (round(reader.pages[0].mediabox.width), round(reader.pages[0].mediabox.height)) == (595, 842)
    assert re.search(r'pdfaid:part(="|>)3', xmp) and re.search(r'pdfaid:conformance(="|>)A', xmp)
    assert reader.root_object["/Lang"] == "nl"


def test_address_stands_in_the_right_hand_window():
    """The box of the look: 110 mm from the left, 50 mm from the top, 80 by 30 mm."""
    found: list[tuple[str, float, float]] = []

    def visit(text: str, cm: list[float], tm: list[float], font: object, size: float) -> None:
        if text.strip():
            found.append((text.strip(), tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]))

    page = PdfReader(io.BytesIO(render_letter(message(MessageKind.M05)))).pages[0]
    page.extract_text(visitor_text=visit)
    lines = [(x, y) for text, x, y in found if text in ("Voorbeeldstraat 40", "Noor de Wit")]

    assert len(lines) == 2
    for x, y in lines:
        assert x / MM == pytest.approx(110, abs=0.5)
        assert 50 <= (841.89 - y) / MM <= 80


@pytest.mark.parametrize(
    "merge",
    [
        {
            "guardian_name": "Mevrouw A. van der Zanden-Bakker",
            "address_lines": [
                "Burgemeester van Testenlaan 1200",
                "Gebouw C, 4e verdieping",
                "1234 AB  LAATSTE",
            ],
        },
        {  # the example with the longest names
            "guardian_name": sample_of("lang").parent,
            "child_name": sample_of("lang").child,
            "address_lines": [sample_of("lang").street, "2500 AA  LAATSTE"],
        },
        {
            "guardian_name": " ".join(["Maximiliana-Theodora"] * 5),
            "child_name": " ".join(["Wilhelmina-Frederique"] * 5),
            "address_lines": ["Burgemeester van der Voorbeeldlaan-Noord 1234 B-bis", "Gebouw C", "LAATSTE"],
        },
    ],
)
def test_long_address_stays_in_the_window(merge):
    found: list[float] = []

    def visit(text: str, cm: list[float], tm: list[float], font: object, size: float) -> None:
        if "LAATSTE" in text:
            found.append((841.89 - (tm[5] * cm[3] + cm[5])) / MM)

    pdf = render_letter(message(MessageKind.M05, **merge))
    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=visit)

    assert len(found) == 1 and found[0] < 80


def test_names_in_other_scripts_are_printed():
    pages = pages_of(render_letter(message(MessageKind.M04, child_name="نور Łukasz Đorđe Çelik")))

    assert "Łukasz Đorđe Çelik" in pages[0]


def test_second_language_follows_on_a_page_of_its_own():
    first, second = pages_of(render_letter(message(MessageKind.M05, language="en")))

    assert "Noor de Wit heeft een plaats op De Waterlelie" in first
    assert "Noor de Wit has a place at De Waterlelie" in second
    assert "before 17 May 2024" in second
    assert "The reasons for each school are in Dutch." in second and "21 plaatsen" in second


def test_reasons_are_told_in_the_language_where_they_exist_in_it():
    reasons = [{**MERGE[MessageKind.M05]["preferences"][0], "reasons": {"tr": "21 yer, 29 çocuk."}}]
    _first, second = pages_of(render_letter(message(MessageKind.M05, language="tr", preferences=reasons)))

    assert "21 yer, 29 çocuk." in second and "21 plaatsen" not in second
    assert "Hollandaca yazılmıştır" not in second


def test_language_without_a_text_of_ours_gets_dutch_only():
    assert len(pages_of(render_letter(message(MessageKind.M05, language="ti")))) == 1


def test_language_of_whoever_prints_changes_nothing():
    with translation.override("en"):
        other = html(MessageKind.M05)
    assert other == html(MessageKind.M05)
    assert "18 april 2024" in other


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MessageKind.M04, MessageKind.M05, MessageKind.M11, MessageKind.M16])
def test_offer_gives_outcome_first_then_what_to_do_until_when(kind):
    page = html(kind)
    last = date.fromisoformat(MERGE[kind]["respond_by"])
    with translation.override("nl"):
        weekday = date_format(last, "l j F Y")
        before = date_format(date.fromordinal(last.toordinal() + 1), "j F Y")

    assert page.index("<h1>Noor de Wit heeft een plaats op De Waterlelie</h1>") < page.index(
        f"Schrijf Noor de Wit in vóór {before}."
    )
    assert f"uiterlijk op {weekday}? Dan gaat de plaats naar een ander kind." in page


def test_lower_place_explains_every_school_above_it_and_no_further():
    page = html(MessageKind.M05)

    assert "Dat is uw keus nummer 3." in page
    assert "Noor had nummer 9, het laatste kind met een plaats had nummer 7." in page
    assert '<tr class="hier"><th class="nr" scope="row">3</th><td class="school">De Waterlelie' in page
    assert "De Duinroos" not in page


def test_unplaced_explains_all_schools_and_comes_from_the_office():
    page = html(MessageKind.M06, preference_rank=0)

    assert "<h1>Noor de Wit heeft nog geen plaats</h1>" in page
    assert page.count('<td class="school">') == 5
    assert '<p class="naam">Ouderloket Duinstad</p>' in page
    assert "respond" not in page


def test_unplaced_names_the_days_of_the_extra_distribution_when_known():
    page = html(MessageKind.M06, opt_in_from="2024-05-13", opt_in_until="2024-05-24")

    assert "Meld u aan van 13 mei 2024 tot en met 24 mei 2024 per mail aan ouders@example.org." in page


def test_improver_without_gain_keeps_the_place_and_need_not_act():
    """What admissions hands over: no new placement, so rank 0, and the school of the held seat."""
    page = html(MessageKind.M12, preference_rank=0)

    assert "<h1>Noor de Wit houdt de plaats op De Waterlelie</h1>" in page
    assert "U hoeft niets te doen." in page
    assert '<tr class="hier"><th class="nr" scope="row">3</th>' in page


def test_unplaced_in_the_extra_distribution_is_told_plainly():
    page = html(MessageKind.M12, preference_rank=0, school_name="")

    assert "<h1>Noor de Wit heeft nog geen plaats</h1>" in page
    assert 'class="hier"' not in page


def test_place_that_ended_is_named():
    assert "<h2>De plaats op Het Anker</h2>" in html(MessageKind.M11)
    assert "Het Anker" not in html(MessageKind.M11, old_school_name="")


def test_care_letter_makes_the_same_offer_and_says_little():
    page, usual = html(MessageKind.M16), html(MessageKind.M04)

    box = re.compile(r'<div class="besluit">.*?</div>')
    assert box.search(page).group() == box.search(usual).group()
    assert "Extra ondersteuning" in page and "Extra ondersteuning" not in usual
    assert "[" not in page.split("<body>")[1]


def test_confirmation_shows_the_data_and_no_draw():
    page = html(MessageKind.M01)

    assert "1 maart 2020" in page
    assert page.count("Het Anker") == 1
    assert "qr" not in page and HASH not in page
    assert "Niet eens met dit besluit?" not in page


def test_objection_differs_for_public_authority_and_ends_after_six_weeks():
    """The letter of the look: sent 18 April, until and with 30 May."""
    public = "kunt u tot en met 30 mei 2024 schriftelijk bezwaar maken bij het schoolbestuur."
    other = "kunt u tot en met 30 mei 2024 een klacht sturen naar het schoolbestuur."

    assert public in html(MessageKind.M05, public_authority=True)
    assert other in html(MessageKind.M05, public_authority=False)
    own = html(MessageKind.M05, objection_text="Eigen <tekst>.")
    assert "Eigen &lt;tekst&gt;." in own and other not in own


def test_family_can_check_the_draw():
    page = html(MessageKind.M05)

    assert "0F7K2M9Q" in page and "DUINSTAD-2024-ALM2" in page and HASH in page
    assert "Centrale loting: nummer 47 van 212, lot b2b2b2b2." in page
    qr = re.search(r'<td class="qr"><img src="([^"]+)"', page).group(1)
    assert read_bundled(qr)[0] == qr_svg(f"OA-LOT/1|DUINSTAD-2024-ALM2|vastlegging.txt|{HASH}")
    address = re.search(
        r'<td class="qr"><img src="([^"]+)"', html(MessageKind.M05, check_url="https://x.example/h")
    )
    assert read_bundled(address.group(1))[0] == qr_svg("https://x.example/h")


def test_offer_without_a_draw_has_no_block_about_one():
    page = html(MessageKind.M04, session_number="", session_name="", commitment_hash="", draws=[])

    assert "qr" not in page and "Controleer de loting zelf." not in page


@pytest.mark.parametrize("kind", sorted(LETTER_KINDS))
def test_unknown_phone_and_mail_leave_no_hole(kind):
    names = ("school_phone", "school_email", "desk_email", "desk_phone", "guardian_name")
    page = html(kind, **dict.fromkeys(names, ""))

    assert "()" not in page and " ." not in page and "None" not in page and ": ." not in page


# --- holes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(LETTER_KINDS))
@pytest.mark.parametrize(
    "name", ["child_name", "registration_number", "letter_date", "address_lines", "sender"]
)
@pytest.mark.parametrize("value", ["", None, "gone"])
def test_empty_required_field_is_named(kind, name, value):
    broken = message(kind)
    broken.merge[name] = value
    if value == "gone":
        del broken.merge[name]

    with pytest.raises(LetterError, match=f"“{name}”"):
        letter_content(broken)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (MessageKind.M01, "preferences"),
        (MessageKind.M01, "child_birth_date"),
        (MessageKind.M04, "respond_by"),
        (MessageKind.M04, "school_address"),
        (MessageKind.M05, "preference_rank"),
        (MessageKind.M05, "session_number"),
        (MessageKind.M06, "desk_name"),
        (MessageKind.M06, "commitment_hash"),
        (MessageKind.M11, "school_name"),
        (MessageKind.M12, "session_name"),
        (MessageKind.M16, "respond_by"),
    ],
)
def test_field_of_one_kind_is_required_there(kind, name):
    with pytest.raises(LetterError, match=f"“{name}”"):
        letter_content(message(kind, **{name: ""}))


def test_several_empty_fields_are_named_together():
    with pytest.raises(LetterError, match="“child_name”, “respond_by”"):
        letter_content(message(MessageKind.M04, child_name=" ", respond_by=""))


def test_half_a_session_is_a_hole():
    with pytest.raises(LetterError, match="“session_number”"):
        letter_content(message(MessageKind.M04, session_number=""))


@pytest.mark.parametrize(
    ("name", "value"), [("respond_by", "16 mei"), ("preference_rank", "derde"), ("letter_date", 20240418)]
)
def test_value_of_the_wrong_kind_is_named_with_what_it_holds(name, value):
    with pytest.raises(LetterError, match=f"“{name}”.*“{value}”"):
        letter_content(message(MessageKind.M04, **{name: value}))


def test_unknown_sender_is_refused():
    with pytest.raises(LetterError, match="“sender”"):
        letter_content(message(MessageKind.M04, sender="nobody"))


def test_kind_without_letter_is_refused():
    with pytest.raises(LetterError, match="M13"):
        letter_content(Message(kind=MessageKind.M13, merge={}))


def test_markup_in_names_is_shown_and_not_obeyed():
    page = html(MessageKind.M04, child_name='<img src="file:///etc/passwd">')

    assert "<img src=&quot;file" not in page and '<img src="file' not in page
    assert "&lt;img src=" in page


# --- a document cannot reach out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/hostname",
        "http://example.org/x.png",
        "https://example.org/x.png",
        "data:image/svg+xml,<svg/>",
        "/img/../../manage.py",
        f"{BASE_URL}img/%2e%2e/%2e%2e/pyproject.toml",
        f"{BASE_URL}css/../../manage.py",
        f"{BASE_URL}js/open-aanmelden.js",
        f"{BASE_URL}img/missing.svg",
        "//example.org/img/logo.svg",
    ],
)
def test_only_bundled_files_are_read(address):
    with pytest.raises(PdfError):
        Press().render(f'<html lang="nl"><title>x</title><body><img alt="x" src="{address}"></body></html>')


def test_attachment_of_a_local_file_is_refused():
    """STACK trap 12: a link put a system file inside the PDF."""
    with pytest.raises(PdfError):
        Press().render(
            '<html lang="nl"><title>x</title><link rel="attachment" href="file:///etc/hostname"><p>x'
        )


# --- many letters ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_letters_are_stored_once_with_their_hash():
    messages = [make_message(make_round(), MessageKind.M05, language="en")]
    ids = [row.pk for row in messages]

    assert make_letters(message_ids=ids) == 1
    letter = Letter.objects.get()
    pdf = bytes(letter.pdf)
    assert pdf.startswith(b"%PDF")
    assert letter.hash == hashlib.sha256(pdf).hexdigest()
    assert (letter.registration_number, letter.language) == ("H4WP-7KQM", "en")
    assert pdf == render_letter(messages[0])
    assert make_letters(message_ids=ids) == 0


@pytest.mark.django_db
def test_killed_run_goes_on_where_it_was():
    round_ = make_round()
    ids = [make_message(round_, registration_number=f"H{n:04}").pk for n in range(2 * BATCH + 5)]

    class Dies(StubRenderer):
        def render(self, content: LetterContent) -> bytes:
            if len(self.rendered) == BATCH + 3:
                raise KeyboardInterrupt
            return super().render(content)

    with pytest.raises(KeyboardInterrupt):
        make_letters(message_ids=ids, renderer=Dies())
    assert Letter.objects.count() == BATCH  # the batch that was finished

    seen: list[tuple[int, int]] = []
    again = StubRenderer()
    made = make_letters(
        message_ids=ids, renderer=again, progress=lambda done, total: seen.append((done, total))
    )

    assert made == len(again.rendered) == BATCH + 5
    assert Letter.objects.count() == len(ids)
    assert seen == [(BATCH, len(ids)), (2 * BATCH, len(ids)), (len(ids), len(ids))]


@pytest.mark.django_db
def test_letter_that_cannot_be_made_does_not_hold_up_the_others():
    round_ = make_round()
    ids = [make_message(round_, registration_number=f"H{n:04}").pk for n in range(3)]
    bad = make_message(round_, registration_number="H0009", merge={"address_lines": []})

    with pytest.raises(LetterError, match=f"{bad.pk} .*H0009.*“address_lines”"):
        make_letters(message_ids=[bad.pk, *ids], renderer=StubRenderer())

    assert set(Letter.objects.values_list("message_id", flat=True)) == set(ids)


@pytest.mark.django_db
def test_many_failures_are_told_shortly():
    round_ = make_round()
    ids = [
        make_message(round_, registration_number=f"H{n:04}", merge={"child_name": ""}).pk for n in range(40)
    ]

    with pytest.raises(LetterError) as caught:
        make_letters(message_ids=ids, renderer=StubRenderer())

    assert str(caught.value).count("“child_name”") == 5
    assert "35" in str(caught.value)


@pytest.mark.django_db
def test_cancelled_messages_and_other_kinds_get_no_letter():
    round_ = make_round()
    wanted = make_message(round_, registration_number="H0001")
    cancelled = make_message(round_, registration_number="H0002", state=MessageState.CANCELLED)
    school = Message.objects.create(
        year=round_.year, round=round_, kind=MessageKind.M13, case_key="x", not_before=wanted.not_before
    )

    assert make_letters(message_ids=[school.pk, cancelled.pk, wanted.pk], renderer=StubRenderer()) == 1
    assert Letter.objects.get().message == wanted


@pytest.mark.django_db
def test_confirmation_is_a_letter_only_for_who_gets_post():
    round_ = make_round()
    make_message(round_, MessageKind.M01, registration_number="H0001", channel=Channel.EMAIL)
    post = make_message(round_, MessageKind.M01, registration_number="H0002", channel=Channel.POST)
    offer = make_message(round_, MessageKind.M04, registration_number="H0003", channel=Channel.EMAIL)
    make_message(make_round(), MessageKind.M04, registration_number="H0004")

    assert letters_to_make(round_.pk) == [post.pk, offer.pk]


@pytest.mark.django_db
def test_database_keeps_one_letter_a_message():
    row = make_message(make_round())
    Letter.objects.create(message=row, pdf=b"1", hash="1")

    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.create(message=row, pdf=b"2", hash="2")


@pytest.mark.django_db
def test_number_of_queries_does_not_grow_with_the_letters(django_assert_num_queries):
    round_ = make_round()
    ids = [make_message(round_, registration_number=f"H{n:04}").pk for n in range(BATCH)]
    # read, three for the texts of the region, savepoint, lock, look, insert, release
    with django_assert_num_queries(9):
        make_letters(message_ids=ids[:2], renderer=StubRenderer())
    with django_assert_num_queries(9):
        make_letters(message_ids=ids[2:], renderer=StubRenderer())


@pytest.mark.django_db
def test_task_keeps_its_progress_and_may_run_twice():
    round_ = make_round()
    make_message(round_)
    job = Job.objects.create(kind="letters", key=round_.code, year=round_.year)

    assert make_letters_task(round_.pk, job_id=job.pk) == 1
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (JobState.DONE, 1, 1)
    assert make_letters_task(round_.pk, job_id=job.pk) == 0
    assert make_letters_task(round_id=round_.pk) == 0


@pytest.mark.django_db
def test_task_tells_in_its_job_which_letter_failed():
    round_ = make_round()
    make_message(round_, merge={"child_name": ""})
    job = Job.objects.create(kind="letters", key=round_.code, year=round_.year)

    assert make_letters_task(round_.pk, job_id=job.pk) == 0
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "“child_name”" in job.message
    with pytest.raises(LetterError):
        make_letters_task(round_.pk)


@pytest.mark.long
def test_memory_stays_flat():
    for _ in range(50):
        render_letter(message(MessageKind.M05))
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(400):
        render_letter(
            message(MessageKind.M05, child_name=f"Kind {number}", registration_number=f"H{number:07}")
        )

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 15 * 1024  # KiB
