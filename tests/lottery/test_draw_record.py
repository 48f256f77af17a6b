"""The account of a draw: what is in it, for whom, and that the same session always gives the same bytes."""

import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext
from pypdf import PdfReader

from lottery.engine.commitment import parse_seed
from lottery.enums import AttestationKind, SessionState
from lottery.models import DrawSession
from lottery.services.draw_record import (
    Publication,
    build_draw_record,
    limits_file,
    public_files,
    publication_of,
)
from lottery.services.record_facts import in_columns, needs_no_lots
from lottery.tasks import build_draw_record_task
from schools.enums import RoundKind
from tests.lottery.draw_sessions import (
    FIELDS,
    VECTORS,
    make_round,
    name_schools,
    rehearsal_files,
    rehearsal_session,
    session_of,
    vector_session,
)

pytestmark = pytest.mark.django_db
A4 = (595.276, 841.89)  # points


def built(session: DrawSession, publication: str | None = None) -> tuple[bytes, bytes]:
    build_draw_record(session_id=session.pk, publication=publication)
    session.refresh_from_db()
    return bytes(session.record), bytes(session.public_record)


class Printed(NamedTuple):
    """A session with both versions of its account, made once for all tests that only read."""

    session: DrawSession
    record: bytes
    public: bytes


@pytest.fixture(scope="module")
def printed(django_db_setup, django_db_blocker) -> Callable[[str], Printed]:
    """``printed("alm")``: the vector with its schools, a remark and a signature; ``printed("oefen")``: a rehearsal."""

    @cache
    def make(name: str) -> Printed:
        with django_db_blocker.unblock(), transaction.atomic():
            if name == "oefen":
                session = rehearsal_session(children=150)
            else:
                kind = RoundKind.VOVP if name == "vovp" else RoundKind.ALM
                session = vector_session(
                    name, kind, notes=["Worp 14 is opnieuw gegooid."], beacon_signature="ab" * 48
                )
                name_schools(session.round.year.region, ["15AB", "44GH"])
                session.attestations.create(
                    kind=AttestationKind.INCIDENT,
                    at=session.locked_at + timedelta(minutes=1),
                    note="De stroom viel uit.",
                )
            made = Printed(session, *built(session))
            transaction.set_rollback(True)
        return made

    return make


def text_of(pdf: bytes) -> str:
    """All text with every run of white space as one space."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def attached(pdf: bytes) -> dict[str, bytes]:
    return {name: content for name, (content,) in PdfReader(io.BytesIO(pdf)).attachments.items()}


def alternative_texts(pdf: bytes) -> list[str]:
    reader = PdfReader(io.BytesIO(pdf))
    objects = (
        reader.get_object(number) for number in range(1, len(reader.xref[0]) + len(reader.xref_objStm))
    )
    return [str(item["/Alt"]) for item in objects if isinstance(item, dict) and "/Alt" in item]


def dutch(text: str, context: str = "draw record") -> str:
    with translation.override("nl"):
        return pgettext(context, text) if context else gettext(text)


# --- the same bytes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alm", "vovp", "hand"])
def test_same_session_gives_same_bytes_whoever_asks(name):
    session = vector_session(name, RoundKind.VOVP if name == "vovp" else RoundKind.ALM)
    first = built(session)

    with translation.override("en"), timezone.override("America/New_York"):
        assert built(session) == first


def test_bytes_do_not_depend_on_process_hash_seed_or_zone():
    """What Python or WeasyPrint keeps in a set must not decide the order of anything in the file."""
    program = (
        "import sys, django; django.setup()\n"
        "import hashlib\n"
        "from datetime import UTC, datetime\n"
        "from schools.services.pdf import AttachedFile, Press\n"
        "files = [AttachedFile(n, n.encode(), n) for n in ('b', 'a')]\n"
        "html = '<html lang=nl><title>x</title><h1>y</h1><p>z <code>0</code> <b>w</b></p>'\n"
        "pdf = Press('css/record.css').render(html, attachments=files, moment=datetime(2024, 1, 1, tzinfo=UTC))\n"
        "print(hashlib.sha256(pdf).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
                "TZ": zone,
            },
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(digests) == 1


def test_each_document_has_an_identifier_of_its_own(printed):
    pdfs = (printed("alm").record, printed("alm").public, printed("hand").record)

    assert len({bytes(PdfReader(io.BytesIO(pdf)).trailer["/ID"][0].original_bytes) for pdf in pdfs}) == 3


def test_dates_are_those_of_the_draw(printed):
    session = printed("alm").session
    reader = PdfReader(io.BytesIO(printed("alm").record))

    assert reader.metadata.creation_date == session.computed_at.replace(microsecond=0)
    assert reader.metadata.modification_date == session.computed_at.replace(microsecond=0)


def test_task_may_run_twice():
    session = vector_session("alm")
    build_draw_record_task(session_id=session.pk)
    session.refresh_from_db()
    first = bytes(session.record)

    build_draw_record_task.delay(session.pk)
    session.refresh_from_db()

    assert bytes(session.record) == first


# --- form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["record", "public"])
def test_is_tagged_dutch_pdf_a_3a_on_a4(printed, version):
    reader = PdfReader(io.BytesIO(getattr(printed("alm"), version)))
    catalogue = reader.root_object
    xmp = catalogue["/Metadata"].get_object().get_data().decode()

    assert 'pdfaid:part="3"' in xmp or "part>3<" in xmp
    assert 'pdfaid:conformance="A"' in xmp or "conformance>A<" in xmp
    assert catalogue["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean
    assert catalogue["/Lang"] == "nl"
    assert {
        (round(float(p.mediabox.width), 2), round(float(p.mediabox.height), 2)) for p in reader.pages
    } == {(round(A4[0], 2), round(A4[1], 2))}


def test_all_fonts_are_embedded_and_ours(printed):
    reader = PdfReader(io.BytesIO(printed("alm").record))
    fonts = {font for page in reader.pages for font in page["/Resources"]["/Font"].values()}
    names = {str(font.get_object()["/BaseFont"]).split("+")[-1] for font in fonts}

    assert names <= {"Tekst", "Tekst-Bold", "Code"}
    assert len(names) == 3


def test_nothing_is_coloured_so_that_it_prints_in_grey(printed):
    reader = PdfReader(io.BytesIO(printed("alm").record))
    colours = set()
    for page in reader.pages:
        content = page.get_contents().get_data().decode("latin-1")
        colours |= {
            tuple(found.split()) for found in re.findall(r"([\d.]+ [\d.]+ [\d.]+) rg\b", content, re.I)
        }

    assert all(red == green == blue for red, green, blue in colours)


def test_every_hash_is_there_as_text_and_as_qr_code(printed):
    session, record, public = printed("alm")
    hashes = {
        session.commitment_hash,
        session.participants_hash,
        session.dossiers_hash,
        session.seed_hash,
        session.outcome_hash,
        session.slot,
    }
    for pdf in (record, public):
        written = text_of(pdf).replace(" ", "")
        assert [digits for digits in hashes if digits not in written] == []
        assert len(alternative_texts(pdf)) == len(hashes)


# --- content -----------------------------------------------------------------------------------------------------


def test_tells_everything_the_protocol_asks(printed):
    session = printed("alm").session
    text = text_of(printed("alm").record)
    packed = text.replace(" ", "")

    seed = parse_seed(bytes(session.seed))
    assert seed.digits in packed
    assert "23422 61122" in text  # in groups of five
    assert f"{seed.beacon[0]}" in packed and seed.beacon[1] in packed
    assert "ab" * 48 in packed
    assert "mr. Test Notaris" in text
    assert "Test Beheerder" in text
    assert "13 september 2023, 10.00.00" in text  # freeze, in Europe/Amsterdam
    assert "15 september 2023, 13.00.03" in text  # round of the beacon
    assert "De uitslag klopt: alle 28 regels zijn gelijk." in text
    assert session.verifier_hash in packed
    assert "Worp 14 is opnieuw gegooid." in text
    assert "De stroom viel uit." in text
    assert dutch("Signature") in text


def test_outcome_table_has_every_line_of_the_uitslag(printed):
    session = printed("alm").session
    text = text_of(printed("alm").record)

    lines = [
        line.split("|")
        for line in bytes(session.outcome).decode().splitlines()
        if line.startswith("uitkomst")
    ]
    assert len(lines) == 17
    for _, _, rank, number, _, tier, lot, code in lines:
        assert f"{rank} {number} {tier.replace('-', '–')} {lot[:8]} {code.replace('-', '–')}" in text


def test_no_lots_needed_is_said_where_everybody_got_a_place(printed):
    """AE-01: 31EF has three places and one child."""
    text = text_of(printed("alm").record)

    assert text.count(dutch("no lots needed")) == 1
    assert dutch("No lots needed.", "") in text


def test_names_of_schools_are_given_when_known(printed):
    assert "De Proef 44GH" in text_of(printed("alm").record)


def test_draw_by_hand_shows_the_order_drawn_and_positions_as_lots(printed):
    text = text_of(printed("hand").record)

    assert "003A, 001, 004, 002" in text
    assert "1 002 1 4 23AX-HV" in text


def test_no_name_of_a_child_can_be_in_it():
    """Whatever the record says comes from tables of the lottery and of schools: no other table is read."""
    session = rehearsal_session(children=12)
    with CaptureQueriesContext(connection) as queries:
        built(session)

    tables = {name for query in queries for name in re.findall(r'(?:FROM|JOIN|UPDATE) "(\w+)"', query["sql"])}
    assert {name.split("_")[0] for name in tables} == {"lottery", "schools"}
    assert "lottery_sessionnumber" not in tables  # the only link to a registration number


def test_session_without_result_gets_a_record_of_what_there_is():
    """Section 8: void session, the account says why."""
    files = {
        name: (VECTORS / "alm" / name).read_bytes()
        for name in ("dossiers.txt", "deelnemers.txt", "vastlegging.txt")
    }
    bare = DrawSession.objects.create(
        name="TEST-2023-ALM3",
        round=make_round(),
        state=SessionState.VOID,
        **{FIELDS[name]: content for name, content in files.items()},
        **{f"{FIELDS[name]}_hash": hashlib.sha256(content).hexdigest() for name, content in files.items()},
        rules_hash="0" * 64,
        frozen_at=datetime(2023, 9, 13, 8, tzinfo=UTC),
        notes=["Geen van de drie rondes van het baken kwam binnen."],
    )
    record, public = built(bare)

    assert attached(record) == files
    assert attached(public) == {name: files[name] for name in ("deelnemers.txt", "vastlegging.txt")}
    assert "Geen van de drie rondes" in text_of(public)
    assert dutch("This session has no official outcome") in text_of(record)


# --- two versions ------------------------------------------------------------------------------------------------


def test_full_record_holds_the_five_files_byte_for_byte(printed):
    session, record, public = printed("alm")
    files = session.files()

    assert attached(record) == files
    assert attached(public) == {name: content for name, content in files.items() if name != "dossiers.txt"}
    text = text_of(record).replace(" ", "")
    assert all(hashlib.sha256(content).hexdigest() in text for content in files.values())


def test_vovp_never_publishes_numbers_places_or_lines_of_children(printed):
    session, record, public = printed("vovp")

    assert attached(record) == session.files()
    assert set(attached(public)) == {"vastlegging.txt", "zaad.txt", "grenzen.txt"}
    text = text_of(public)
    for line in bytes(session.outcome).decode().splitlines():
        if line.startswith("uitkomst"):
            assert line.split("|")[3] not in text
    for word in ("Seats held", "Places", "First choices"):
        assert dutch(word) not in text
    assert "6 kinderen" not in text and "6 children" not in text
    assert session.verifier_report not in text
    assert "56db2514" in text  # where 15AB closed


def test_region_may_limit_publication_of_an_ordinary_round():
    session = vector_session("alm")
    _, public = built(session, "eigen-regels")

    assert set(attached(public)) == {"vastlegging.txt", "zaad.txt", "grenzen.txt"}
    assert "0F7K2M9Q" not in text_of(public)


def test_vovp_in_full_is_refused():
    round_ = make_round(RoundKind.VOVP)
    with pytest.raises(ValueError, match="never published in full"):
        publication_of(round_, "volledig")
    assert publication_of(round_) == publication_of(round_, "eigen-regels") == Publication.OWN_LINES


def test_limits_file_has_all_grens_lines_and_names_its_source():
    session = vector_session("vovp", RoundKind.VOVP)

    assert limits_file(session).decode() == (
        "OA-LOT/1|grenzen|TEST-2024-VOVP1\n"
        "uitslag|296970eb2989e76937884a834563a1d6f42b3391782a59b1424b7656da819cdd\n"
        "grens|centraal|15AB|-|56db251470f3738a0a39b0976990eaf9d8ad4e6d9145e0c0ee473d9acfd43717\n"
        "grens|centraal|22CD|-|b8fce4c82899ea2f5603f4fcbe7961df2d68d0df6b409c3579bc82401aff57d5\n"
        "grens|centraal|31EF|-|16aeb33cc0d5aaa9f6eca29b1aca17f059bce246e763c997bb4dd4c25cc86f9a\n"
        "grens|centraal|44GH|-|da75503bcb1021a632c05031d0958a20aa4dbe8ab1ed61c6a94afdfa0b0d0f6e\n"
        "eind|4\n"
    )


def test_public_files_without_outcome_are_what_exists():
    session = vector_session("alm")
    session.outcome = None

    assert set(public_files(session)) == {"deelnemers.txt", "vastlegging.txt", "zaad.txt"}
    assert set(public_files(session, "eigen-regels")) == {"vastlegging.txt", "zaad.txt"}


# --- rehearsal ---------------------------------------------------------------------------------------------------


def test_rehearsal_is_marked_on_every_page(printed):
    for pdf in printed("oefen")[1:]:
        pages = PdfReader(io.BytesIO(pdf)).pages
        mark = dutch("REHEARSAL")
        assert len(pages) > 3
        assert all(mark in page.extract_text().replace(" ", "") for page in pages)


def test_rehearsal_says_what_stood_in_for_ceremony_and_beacon(printed):
    text = text_of(printed("oefen").record)

    assert "run_round" in text
    assert (
        dutch("This is no value of the beacon. In this rehearsal it was derived from the dice.", "") in text
    )
    assert dutch("Nobody signs a rehearsal with a pen.") in text
    assert (
        dutch(
            "The digital signature on this record was set with an exercise certificate (demo). It proves nothing.",
            "",
        )
        in text
    )


def test_real_session_has_no_rehearsal_mark(printed):
    text = text_of(printed("alm").record)

    assert dutch("REHEARSAL") not in text.replace(" ", "")
    assert "run_round" not in text


# --- parts -------------------------------------------------------------------------------------------------------


def test_columns_keep_the_order_from_left_to_right():
    rows = [("R", "N"), ("1", "AAA"), ("2", "BBB"), ("3", "CCC")]

    assert in_columns(rows, 13) == ["R N     R N", "1 AAA   2 BBB", "3 CCC"]
    assert in_columns(rows, 12) == ["R N", "1 AAA", "2 BBB", "3 CCC"]
    assert in_columns(rows[:1], 12) == [""]


def test_the_record_of_1400_children_stays_small():
    """A whole round with 85 schools."""
    session = session_of(make_round(is_rehearsal=True), rehearsal_files(children=1400, schools=85))
    record, public = built(session)

    assert len(record) < 2_000_000 and len(public) < 2_000_000


def test_needs_no_lots_knows_unlimited_and_central():
    from lottery.engine.outcome import DrawOutcome

    assert needs_no_lots(DrawOutcome("school/15AB", "onbeperkt", 9, (), ()))
    assert needs_no_lots(DrawOutcome("school/15AB", 3, 3, (), ()))
    assert not needs_no_lots(DrawOutcome("school/15AB", 3, 4, (), ()))
    assert not needs_no_lots(DrawOutcome("centraal", "-", 0, (), ()))
