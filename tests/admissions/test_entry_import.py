"""A school's own spreadsheet: read safely, looked over, corrected, and made into drafts."""

import io
import re
import uuid
import zipfile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from admissions.enums import FormState
from admissions.models import Application, ApplicationForm, FormEntry
from admissions.services.forms.sheets_in import MAX_ROWS, read_sheet
from admissions.services.year.csv_files import FileError
from schools.models import School
from tests.admissions.entry_pages import Desk, make_desk

pytestmark = pytest.mark.django_db
HEADER = (
    "Voornaam;Tussenvoegsel;Achternaam;Geboortedatum;Ontvangen op;Postcode;Huisnummer;Straat;Naam ouder 1;"
    "E-mailadres;Telefoon;Zorgwens;School 2;School 3;School 4;School 5;Naam broer of zus;Klasse"
)
GOOD = (
    "Noor;de;Wit;4-12-20;15-12-23;2548 br;3;Laan;A. de Wit;a@example.org;0612345678;nee;beuk;blad;eik;jan;;1"
)
WRONG = "Sem;;Bos;31-2-20;15-12-23;25489;3;Laan;B. Bos;b@gmial;06;ja;jong;beuk;eik;jan;;1"


@pytest.fixture
def desk() -> Desk:
    return make_desk()


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def upload(desk: Desk, content: bytes, name: str = "lijst.csv"):
    return desk.client.post(desk.url("form-import"), {"file": SimpleUploadedFile(name, content)})


def csv_file(*rows: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join((HEADER, *rows)).encode(encoding)


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_list_is_looked_over_corrected_and_becomes_drafts(desk: Desk):
    answer = upload(desk, csv_file(GOOD, WRONG))
    assert answer.status_code == 302
    page = desk.client.get(answer.url).content.decode()
    assert "1 row is good" in page
    assert "Klasse" in page  # a column that was not understood is named
    for text in ("Write it as day-month-year", "not a Dutch postcode", "2 schools have “jong” in their name"):
        assert text in page
    assert Application.objects.count() == 0

    wrong = FormEntry.objects.get(typed__given_name="Sem")
    corrections = {
        f"{wrong.pk}-date_of_birth": "5-12-20",
        f"{wrong.pk}-postcode": "2548 BR",
        f"{wrong.pk}-email": "b@example.org",
        f"{wrong.pk}-preference_2": "De Wilg",
    }
    desk.client.post(answer.url, corrections | {"actie": "bewaar"})
    assert "2 rows are good" in desk.client.get(answer.url).content.decode()
    for _click in range(2):
        desk.client.post(answer.url, {"actie": "maak"})
    forms = ApplicationForm.objects.order_by("pk")
    assert [(form.state, form.application.child.full_name) for form in forms] == [
        (FormState.DRAFT, "Noor de Wit"),
        (FormState.DRAFT, "Sem Bos"),
    ]
    # The same file again: the children are known.
    again = upload(desk, csv_file(GOOD))
    assert "This child already has a form at your school." in desk.client.get(again.url).content.decode()
    # A draft that came from a file is opened and made final like any other.
    number = forms[0].application.registration_number
    opened = desk.client.get(desk.url("form-edit", number))
    assert "Laan" in desk.client.get(opened.url).content.decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_of_any_spreadsheet_program_is_read(encoding: str):
    sheet = read_sheet(csv_file(GOOD.replace("Noor", "Zoë"), encoding=encoding), name="x.csv")
    assert sheet.rows[0].typed["given_name"] == "Zoë"
    assert sheet.rows[0].line == 2
    commas = csv_file(GOOD).replace(b";", b",")
    assert read_sheet(commas, name="x.csv").rows[0].typed["surname"] == "Wit"


def test_xlsx_with_real_dates_and_numbers_is_read():
    from datetime import datetime

    content = workbook(
        ["Voornaam", "Achternaam", "Geboortedatum", "Huisnummer", "Zorgwens"],
        ["Noor", "Wit", datetime(2020, 12, 4), 112, "Ja"],
        [None, None, None, None, None],
    )
    assert [(row.line, row.typed) for row in read_sheet(content, name="x.xlsx").rows] == [
        (
            2,
            {
                "given_name": "Noor", "surname": "Wit", "date_of_birth": "04-12-2020",
                "house_number": "112", "care_request": "1", "no_email": "1",
            },
        )
    ]  # fmt: skip


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (100 * 1024 * 1024))
    return out.getvalue()


def lying_zip() -> bytes:
    """A ZIP whose directory says it is small."""
    content = bytearray(bomb())
    size = (100 * 1024 * 1024).to_bytes(4, "little")
    while size in content:
        at = content.index(size)
        content[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(content)


def entities() -> bytes:
    content = workbook(["Voornaam", "Achternaam", "Geboortedatum"], ["Noor", "Wit", "4-12-20"])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename == "xl/workbook.xml":
                data = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>' + data
            new.writestr(member, data)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x89PNG\r\n\x1a\n\0\0", b"\xd0\xcf\x11\xe0 old", b"PK\x03\x04 broken", bomb(), lying_zip(), entities(),
        b"x" * (5 * 1024 * 1024 + 1), b"a;b;c\n1;2;3", csv_file(*[GOOD] * (MAX_ROWS + 1)), b'"open;quote' * 20000,
    ],
    ids=["empty", "picture", "xls", "broken zip", "bomb", "lying", "entities", "large", "columns", "rows", "quote"],
)  # fmt: skip
def test_files_that_cannot_be_used_are_refused_with_a_sentence(desk: Desk, content: bytes):
    with pytest.raises(FileError):
        read_sheet(content, name="x")
    answer = upload(desk, content)
    assert answer.status_code == 422
    assert FormEntry.objects.count() == 0


def test_formulas_bsn_and_huge_cells_come_in_as_harmless_text(desk: Desk):
    row = GOOD.replace("Noor", "=HYPERLINK(1)").replace("Laan", "Laan 111222333")
    answer = upload(desk, csv_file(row, GOOD.replace("Noor", "x" * 20_000)))
    assert answer.status_code == 302
    typed = [entry.typed for entry in FormEntry.objects.order_by("line")]
    assert (typed[0]["given_name"], typed[0]["street"], len(typed[1]["given_name"])) == (
        "=HYPERLINK(1)",
        "Laan",
        10_000,
    )
    page = desk.client.get(answer.url).content.decode()
    assert "2 rows must be corrected" in page
    desk.client.post(answer.url, {"actie": "maak"})
    assert ApplicationForm.objects.count() == 0


def test_batch_of_another_school_is_not_found(desk: Desk):
    batch = uuid.uuid4()
    entry = FormEntry.objects.create(school_round=desk.others[0], batch=batch, line=2, typed=desk.typed())
    url = desk.url("form-import-batch", batch)
    assert desk.client.get(url).status_code == 404
    assert desk.client.post(url, {"actie": "maak"}).status_code == 404
    # Nor can a correction reach an entry outside its own batch.
    own = upload(desk, csv_file(GOOD))
    desk.client.post(own.url, {f"{entry.pk}-surname": "Anders", "actie": "bewaar"})
    entry.refresh_from_db()
    assert entry.typed["surname"] == "Çelik"


def test_looking_over_costs_the_same_for_many_rows(desk: Desk):
    counts = []
    for rows in (1, 5):
        url = upload(desk, csv_file(*[GOOD.replace("Noor", f"Kind {chr(97 + n)}") for n in range(rows)])).url
        with CaptureQueriesContext(connection) as asked:
            desk.client.get(url)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_same_child_twice_in_a_file_is_said_in_the_second_row(desk: Desk):
    url = upload(desk, csv_file(GOOD, GOOD.replace("Noor", "Bo"), GOOD.replace("Noor", "NOOR"))).url
    page = desk.client.get(url)
    assert [row["row"].entry.line for row in page.context["good"]] == [2, 3]
    assert "This child stands in row 2 already" in page.content.decode()
    desk.client.post(url, {"actie": "maak"})
    assert ApplicationForm.objects.count() == 2
    # A school whose own town is not known: the town of the form it entered last, as on the form itself.
    School.objects.filter(pk=desk.school.pk).update(place="")
    ApplicationForm.objects.update(place="Delft")
    upload(desk, csv_file(GOOD.replace("Noor", "Fay")))
    assert FormEntry.objects.latest("pk").typed["place"] == "Delft"
    # Without a good row left there is nothing to make, and that is said.
    none = desk.client.post(url, {"actie": "maak"}, follow=True).content.decode()
    assert "No draft has been made" in none and 'value="maak"' not in none


def test_a_bsn_that_was_taken_out_of_the_file_or_a_correction_is_told(desk: Desk):
    """DH-040"""
    first = upload(desk, csv_file(GOOD.replace("Laan", "Laan 111222333"), WRONG))
    assert "taken out of row 2:" in desk.client.get(first.url).content.decode()
    wrong = FormEntry.objects.get(typed__given_name="Sem")
    corrected = desk.client.post(
        first.url, {f"{wrong.pk}-guardian_name": "B. Bos 111222333", "actie": "bewaar"}, follow=True
    )
    assert "taken out of row 3:" in corrected.content.decode()
    wrong.refresh_from_db()
    assert wrong.typed["guardian_name"] == "B. Bos"


def test_many_wrong_rows_come_in_parts_that_a_server_takes(desk: Desk):
    rows = [WRONG.replace("Sem", f"Kind {chr(97 + n % 26)}{chr(97 + n // 26)}") for n in range(200)]
    url = upload(desk, csv_file(*rows)).url
    page = desk.client.get(url)
    assert len(page.context["to_correct"]) == 30 and page.context["later"] == 170
    assert "170 more rows must be corrected" in page.content.decode()
    assert page.content.decode().count("<input") + page.content.decode().count("<select") < 1000
    # Nothing is lost of a list that was left: it stands above the forms, and on the start page.
    listed = desk.client.get(desk.url("application-list")).content.decode()
    today = desk.client.get(desk.url("school-today")).context["day"]
    assert url in listed and "200 rows of" in listed
    assert (url, "200 rows of a list are not a draft yet") in [
        (task.url, task.title) for task, _tone in today.tasks
    ]
    desk.client.post(url, {"actie": "weg"})
    assert url not in desk.client.get(desk.url("application-list")).content.decode()


def test_enter_in_a_cell_throws_nothing_away_and_the_summary_leads_to_the_cells(desk: Desk):
    """Enter presses the first button of its form: that must be the harmless one."""
    url = upload(desk, csv_file(GOOD.replace("a@example.org", "a@gmial.com"), WRONG)).url
    page = desk.client.get(url)
    html = page.content.decode()
    own = html[html.index('<form class="stack" method="post"') :]
    first = re.search(r'<button[^>]*value="(\w+)"', own)
    assert first is not None and first[1] == "bewaar"
    target, text = page.context["faults"][0]
    assert text.startswith("Row 3, Sem Bos: ") and f'id="{target}"' in html and f'href="#{target}"' in html
    assert "Do you mean a@gmail.com?" in html  # said of a good row too, and it stays good
    assert "2 rows of your list are thrown away" in html
