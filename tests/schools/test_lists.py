"""Exports hold what is in the list, and nothing that a spreadsheet would run."""

import datetime
import io
import zipfile

import pytest

from schools.lists import csv_lines, safe_cell, write_xlsx


@pytest.mark.parametrize("text", ["=1+1", "+31 6 1234", "-cmd", "@sum", "\tx", "\rx"])
def test_cell_that_begins_like_a_formula_gets_an_apostrophe(text: str):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value, text", [(None, ""), (5, "5"), ("Łucja", "Łucja"), (datetime.date(2024, 1, 8), "08-01-2024")]
)
def test_ordinary_cells_stay_as_they_are(value: object, text: str):
    assert safe_cell(value) == text


def test_csv_opens_in_dutch_excel():
    text = "".join(csv_lines([["Kind", "Telefoon"], ["Zoë; de Boer", "+31 6"]]))
    assert text == '\ufeffKind;Telefoon\r\n"Zoë; de Boer";\'+31 6\r\n'


def test_workbook_holds_no_formula_and_no_link():
    content = write_xlsx(
        [["Kind"], ["=1+1"], ["https://example.org"], [7], [datetime.date(2024, 1, 8)], [None]]
    ).read()
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "=1+1" in sheet
