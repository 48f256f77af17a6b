"""Signed forms from a file: what goes in, what stays out and the sentence that says why (data-formats.md section 1)."""

import csv
import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from admissions.enums import ClaimState
from admissions.models import Application, ApplicationForm, CareCase, Child, Guardian
from admissions.services.year.csv_files import FileError
from admissions.services.year.import_applications import (
    COLUMNS,
    ImportReport,
    import_applications,
    refused_csv,
)
from schools.models import Event
from schools.triggers import Rule, _create_statements
from tests.factories.city import UNCAPPED, City, Form, School, brin, csv_bytes, everything, make_city
from tests.factories.schools import DEMO

pytestmark = pytest.mark.django_db


@pytest.fixture
def city() -> City:
    """A has the sibling rule, B has not, U is uncapped."""
    return make_city({"A": School(5, "sibling preschool"), "B": 5, "U": UNCAPPED})


def read(city: City, content: bytes, round_code: str = "ALM1") -> ImportReport:
    with translation.override("en"):
        return import_applications(
            round_=city.round(round_code), content=content, name="forms.csv", actor=None
        )


def one_row(city: City, form: Form | str = "A", **cells: str) -> ImportReport:
    return read(city, csv_bytes([city.row("ALM1", "a", form) | cells]))


# --- rows that are refused ------------------------------------------------------------------------------------------

EMPTY = "This is empty"
NO_NAME = "This is not a name"
NO_DATE = "This is not a date"
NO_POSTCODE = "This is not a Dutch postcode"

REFUSED = [
    ({"form_reference": ""}, "form_reference", EMPTY),
    ({"form_reference": "x" * 41}, "form_reference", "This is too long"),
    ({"form_reference": "=1+1"}, "form_reference", "unreadable character"),
    ({"house_number": "=12*1"}, "house_number", "unreadable character"),
    ({"phone": "@A1"}, "phone", "unreadable character"),
    ({"given_name": ""}, "given_name", EMPTY),
    ({"given_name": "x" * 101}, "given_name", "This is too long"),
    ({"given_name": "=1+1"}, "given_name", NO_NAME),
    ({"given_name": '=HYPERLINK("http://example.org")'}, "given_name", NO_NAME),
    ({"given_name": "@SUM(A1)"}, "given_name", NO_NAME),
    ({"given_name": "12345"}, "given_name", NO_NAME),
    ({"given_name": "🌸"}, "given_name", NO_NAME),
    ({"given_name": "Noor\x07"}, "given_name", "unreadable character"),
    ({"given_name": "Noor\ufffe"}, "given_name", "unreadable character"),
    ({"given_name": "Noor 123456782"}, "given_name", "looks like a BSN"),
    ({"surname": ""}, "surname", EMPTY),
    ({"surname": "+31612345678"}, "surname", NO_NAME),
    ({"surname_prefix": "."}, "surname_prefix", NO_NAME),
    ({"date_of_birth": ""}, "date_of_birth", NO_DATE),
    ({"date_of_birth": "05-10-2020"}, "date_of_birth", NO_DATE),
    ({"date_of_birth": "2021-02-29"}, "date_of_birth", NO_DATE),  # no such day
    ({"date_of_birth": "2021-W05-1"}, "date_of_birth", NO_DATE),
    ({"date_of_birth": "20201005"}, "date_of_birth", NO_DATE),
    ({"date_of_birth": "2020-02-29"}, "date_of_birth", "belongs to another year"),
    ({"date_of_birth": "0001-01-01"}, "date_of_birth", "belongs to another year"),
    ({"date_of_birth": "9999-12-31"}, "date_of_birth", "belongs to another year"),
    ({"received_on": ""}, "received_on", NO_DATE),
    ({"received_on": "2023-12-32"}, "received_on", NO_DATE),
    ({"received_on": "2023-11-30"}, "received_on", "must be handed in from"),
    (
        {"received_on": "2024-01-01"},
        "received_on",
        "must be handed in from",
    ),  # still entered, too late (DH-055)
    ({"received_on": "2024-03-05"}, "received_on", "must be handed in from"),  # another round
    ({"date_of_birth": "2020-12-16", "received_on": "2023-12-15"}, "received_on", "not yet 3"),
    ({"street": ""}, "street", EMPTY),
    ({"house_number": ""}, "house_number", EMPTY),
    ({"place": ""}, "place", EMPTY),
    ({"postcode": ""}, "postcode", NO_POSTCODE),
    ({"postcode": "2599"}, "postcode", NO_POSTCODE),
    ({"postcode": "0123AB"}, "postcode", NO_POSTCODE),
    ({"postcode": "2599 ZZZ"}, "postcode", NO_POSTCODE),
    ({"postcode": "25 99ZZ"}, "postcode", NO_POSTCODE),  # one space, and only before the letters
    ({"guardian_name": ""}, "guardian_name", EMPTY),
    ({"email": "geen"}, "email", "not an e-mail address"),
    ({"email": "a b@example.org"}, "email", "not an e-mail address"),
    ({"language": "Nederlands"}, "language", "not a language code"),
    ({"language": "xx"}, "language", "not a language code"),
    ({"priority_claims": "neighbourhood"}, "priority_claims", "cannot be claimed"),
    ({"priority_claims": "sister"}, "priority_claims", "cannot be claimed"),
    ({"priority_claims": "staff staff"}, "priority_claims", "named twice"),
    ({"care_request": ""}, "care_request", "must be 0 or 1"),
    ({"care_request": "ja"}, "care_request", "must be 0 or 1"),
    ({"care_duty": "2"}, "care_duty", "must be 0, 1 or empty"),
    ({"preference_1": ""}, "preference_1", "There is a gap in the list"),
    ({"preference_3": ""}, "preference_3", "There is a gap in the list"),
    ({"preference_1": "99ZZ99"}, "preference_1", "No school has the BRIN"),
    ({"preference_4": "99ZZ99"}, "preference_4", "No school has the BRIN"),
    ({"preference_5": brin("A")}, "preference_5", "already number 1 on the list"),
    ({"preference_1": brin("U")}, "preference_1", "no ceiling and admits the child itself"),
    ({f"preference_{n}": "" for n in range(1, 11)}, "preference_1", "Fill in at least one school"),
    ({"preference_5": ""}, "preference_5", "choose at least 5"),
]


@pytest.mark.parametrize(("cells", "column", "sentence"), REFUSED)
def test_row_that_breaks_a_rule_is_refused_with_column_and_sentence(
    city: City, cells: dict[str, str], column: str, sentence: str
):
    """DH-030 to DH-045"""
    report = one_row(city, **cells)
    assert (report.imported, len(report.refused)) == (0, 1)
    found_column, _colon, found = report.refused[0].error.partition(": ")
    assert found_column == column
    assert sentence in found
    assert report.refused[0].line == 2
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    ("form", "column"),
    [
        (Form("A B Z1 Z2", fill=False), "preference_5"),  # four schools, no claim
        (Form("B A Z1 Z2", claims="sibling"), "preference_5"),  # the first school has no such rule
        (Form("A B Z1 Z2", claims="preschool", fill=False), "preference_5"),  # only the sibling rule waives
        (Form("A", claims="sibling"), None),
        (Form("A B Z1 Z2 Z3"), None),
    ],
)
def test_list_is_short_only_with_the_sibling_rule_of_the_first_school(
    city: City, form: Form, column: str | None
):
    """DH-042, Q-27"""
    refused = [row.error.partition(":")[0] for row in one_row(city, form).refused]
    assert refused == ([column] if column else [])


def test_every_fault_of_a_row_is_named_at_once(city: City):
    report = one_row(city, surname="", postcode="12", email="x")
    assert [part.partition(":")[0] for part in report.refused[0].error.split(" | ")] == [
        "surname",
        "postcode",
        "email",
    ]


def test_other_rows_go_in_and_each_refused_row_has_its_line_and_reference(city: City):
    rows = [city.row("ALM1", key, "A") for key in "abcd"]
    rows[1]["surname"] = rows[3]["postcode"] = ""
    report = read(city, csv_bytes(rows))
    assert report.imported == 2
    assert [(row.line, row.form_reference) for row in report.refused] == [(3, "b"), (5, "d")]
    assert set(ApplicationForm.objects.values_list("form_reference", flat=True)) == {"a", "c"}


def test_line_number_counts_lines_inside_cells(city: City):
    rows = [city.row("ALM1", key, "A") for key in "abc"]
    rows[0]["street"] = "Eerste\nstraat"
    rows[2]["surname"] = ""
    report = read(city, csv_bytes(rows))
    assert [(row.line, row.form_reference) for row in report.refused] == [(2, "a"), (5, "c")]


@pytest.mark.parametrize("cells", ["a,b", ",".join("x" * 40)])
def test_row_with_another_number_of_cells_is_refused(city: City, cells: str):
    content = csv_bytes([city.row("ALM1", "a", "A")]) + cells.encode() + b"\n"
    report = read(city, content)
    assert report.imported == 1
    assert [row.line for row in report.refused] == [3]
    assert "Check commas and quotes" in report.refused[0].error


# --- the same child -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"given_name": "ZOË", "surname": "el amrani"},
        {"given_name": "Zoe", "surname": "El-Amrani"},
        {"given_name": " Zoë ", "surname": "El  Amrani."},
        {"surname_prefix": "", "surname": "van El Amrani"},
    ],
)
def test_child_applies_once_a_year_whatever_the_spelling(city: City, cells: dict[str, str]):
    """DH-034, Q-08: compared without capitals, accents, spaces and punctuation; the later row is refused."""
    child = {"given_name": "Zoë", "surname_prefix": "van", "surname": "El Amrani"}
    first = city.row("ALM1", "a", "A") | child
    second = city.row("ALM1", "b", "B") | child | cells
    same = cells.get("surname_prefix") != ""
    report = read(city, csv_bytes([first, second]))
    if same:
        assert [row.error.partition(":")[0] for row in report.refused] == ["given_name"]
        assert "already has an application this year" in report.refused[0].error
    else:
        assert report.imported == 2  # another prefix: another child, as the contract says


def test_child_applies_once_a_year_also_in_a_later_round(city: City):
    """DH-034"""
    city.apply("ALM1", a="A")
    report = city.imported("ALM2", b=Form("B", cells={"given_name": "Kind a"}))
    assert [row.error.partition(":")[0] for row in report.refused] == ["given_name"]


def test_withdrawn_child_does_not_apply_again(city: City):
    """DH-128"""
    city.apply("ALM1", a="A")
    city.play("ALM1")
    city.withdraw("a", on="2024-02-01")
    report = city.imported("ALM2", b=Form("B", cells={"given_name": "Kind a"}))
    assert [row.error.partition(":")[0] for row in report.refused] == ["given_name"]


def test_children_that_only_look_alike_are_reported_and_go_in(city: City):
    """Q-08: twins have another name; one letter may be a typing error."""
    rows = [city.row("ALM1", key, "A") for key in "abcd"]
    for row, name in zip(rows, ("Sofia", "Sophia", "Sofie", "Mohammed"), strict=True):
        row["given_name"] = name
    report = read(city, csv_bytes(rows))
    assert (report.imported, report.refused) == (4, [])
    assert report.alike == [("c", "a")]


def test_twins_go_in_as_two_children(city: City):
    """Q-01"""
    city.apply("ALM1", a=Form("A", cells={"given_name": "Ravi"}), b=Form("A", cells={"given_name": "Priya"}))
    assert Child.objects.count() == 2


def test_very_long_names_in_wide_letters_go_in(city: City):
    """A ligature is one letter on the form and many in the comparison."""
    report = one_row(city, given_name="ß" * 100, surname="ﷺ" * 100, surname_prefix="ﬃ" * 30)
    assert report.refused == []
    report = one_row(city, form_reference="b", given_name="SS" * 50, surname="ﷺ" * 100)
    assert report.imported == 1


# --- files that are refused as a whole --------------------------------------------------------------------------------


def as_text(city: City) -> str:
    return csv_bytes([city.row("ALM1", "a", Form("A", cells={"surname": "Çelik"}))]).decode()


def random_bytes(length: int) -> bytes:
    return random.Random(1).randbytes(length)


WHOLE = [
    ("latin-1", lambda text: text.encode("latin-1"), "is not UTF-8"),
    ("utf-16", lambda text: text.encode("utf-16"), "is not UTF-8"),
    ("semicolons", lambda text: text.replace(",", ";").encode(), "has semicolons"),
    ("made by Excel", lambda text: ("\ufeff" + text.replace(",", ";")).encode(), "has semicolons"),
    ("empty", lambda text: b"", "is empty"),
    ("only a BOM", lambda text: b"\xef\xbb\xbf", "is empty"),
    ("blank lines", lambda text: b"\n\n", "is empty"),
    ("zero bytes", lambda text: text.encode() + b"\0", "is not a CSV file"),
    ("a missing column", lambda text: text.replace("care_duty", "care").encode(), "misses these columns: care_duty"),
    ("a column twice", lambda text: text.replace("care_duty", "phone").encode(), "has a column twice"),
    ("an open quote", lambda text: (text + '"').encode(), "the quotes do not match"),
    ("a quote inside", lambda text: text.replace("Çelik", '"Ç"elik').encode(), "the quotes do not match"),
    ("10 MB of random bytes", lambda text: random_bytes(10 * 2**20), "is not UTF-8"),
    ("10 MB of one letter", lambda text: b"x" * 10 * 2**20, "a cell is far too long"),
    ("10 MB of lines", lambda text: b"nonsense\n" * (10 * 2**20 // 9), "misses these columns"),
    ("10 MB of commas", lambda text: b"," * 10 * 2**20, "is empty"),
    ("a PDF", lambda text: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + random_bytes(2000), "is not UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "sentence"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE])
def test_file_that_cannot_be_used_is_refused_with_a_sentence(
    city: City, spoil: Callable[[str], bytes], sentence: str
):
    before = everything()
    with pytest.raises(FileError) as refused:
        read(city, spoil(as_text(city)))
    assert sentence in str(refused.value)
    assert "forms.csv" in str(refused.value)
    assert everything() == before


def test_ten_megabytes_of_broken_rows_are_refused_row_by_row(city: City):
    line = "x," * 26 + "x\n"
    content = csv_bytes([city.row("ALM1", "a", "A")]) + (line * (10 * 2**20 // len(line) // 8)).encode()
    report = read(city, content)
    assert report.imported == 1
    assert len(report.refused) > 10_000


def test_forms_do_not_go_into_a_vovp(city: City):
    with pytest.raises(FileError):
        read(city, csv_bytes([city.row("ALM1", "a", "A")]), "VOVP1")


# --- files that are fine ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text.replace("\n", "\r\n"),
        lambda text: text + "\n\n",
        lambda text: text.rstrip("\n"),
        lambda text: text + "," * 26 + "\n",
    ],
    ids=["BOM", "CRLF", "BOM and CRLF", "blank lines", "no last line end", "an empty row"],
)
def test_form_of_the_file_does_not_matter(city: City, change: Callable[[str], str]):
    report = read(city, change(as_text(city)).encode())
    assert (report.imported, report.refused, report.unknown_columns) == (1, [], ())
    assert Child.objects.get().surname == "Çelik"


def test_columns_come_in_any_order_and_unknown_ones_are_reported(city: City):
    row = city.row("ALM1", "a", "A")
    shuffled = dict(reversed(row.items())) | {"gender": "x", "error": "an old one", "BSN": "123456782"}
    report = read(city, csv_bytes([shuffled]))
    assert (report.imported, report.unknown_columns) == (1, ("gender", "BSN"))
    assert city.application("a").first_choice.programme.code == brin("A")


def test_header_alone_imports_nothing(city: City):
    report = read(city, (",".join(COLUMNS) + "\n").encode())
    assert (report.imported, report.skipped, report.refused) == (0, 0, [])


@pytest.mark.parametrize(
    ("given_name", "surname"),
    [
        ("محمد", "الأمراني"),
        ("Noor 🌸", "de Vries"),
        ("Zoë-Łucja", "O'Brien"),
        ("李", "王"),
        ('Noor "Noortje"', "de Vries, gezegd Bakker"),
        ("Ng", "’t Hart"),
        ("Ole\u0301", "Ångström"),
        ("N'Golo", "d’Artagnan-van der Meer"),
    ],
)
def test_names_are_kept_as_they_were_typed(city: City, given_name: str, surname: str):
    city.apply("ALM1", a=Form("A", cells={"given_name": given_name, "surname": surname}))
    child = Child.objects.get()
    assert (child.given_name, child.surname) == (given_name, surname)


def test_small_letters_and_spaces_are_put_right(city: City):
    report = one_row(
        city,
        postcode=" 2511 aa ",
        language="EN",
        priority_claims=" Staff  PRESCHOOL ",
        preference_2=f" {brin('B').lower()} ",
        email="",
        phone="",
        given_name="  Noor  ",
    )
    assert report.refused == []
    application = city.application("a")
    guardian = Guardian.objects.get()
    assert application.form.postcode == "2511AA"
    assert (guardian.language, guardian.email, guardian.phone) == ("en", "", "")
    assert set(application.claims.values_list("kind", "state")) == {
        ("staff", ClaimState.CONFIRMED),
        ("preschool", ClaimState.CONFIRMED),
    }
    assert application.child.given_name == "Noor"


def test_empty_language_is_dutch(city: City):
    one_row(city, language="")
    assert Guardian.objects.get().language == "nl"


@pytest.mark.parametrize(
    ("request_", "duty", "state"),
    [
        ("0", "", None),
        ("0", "0", None),
        ("1", "", "requested"),
        ("1", "0", "duty_no"),
        ("1", "1", "duty_yes"),
        ("0", "1", "duty_yes"),  # a signal of the school
    ],
)
def test_care_columns_open_the_care_route(city: City, request_: str, duty: str, state: str | None):
    """DH-170 to DH-177"""
    one_row(city, care_request=request_, care_duty=duty)
    assert list(CareCase.objects.values_list("state", flat=True)) == ([state] if state else [])
    assert list(CareCase.objects.values_list("origin", flat=True)) == (
        [] if state is None else ["request" if request_ == "1" else "signal"]
    )


# --- again, corrected, too late -------------------------------------------------------------------------------------


def test_same_file_twice_changes_nothing(city: City):
    content = csv_bytes(
        [city.row("ALM1", "a", "A"), city.row("ALM1", "b", Form("A", claims="sibling", care_request=True))]
    )
    assert read(city, content).imported == 2
    before = everything()
    report = read(city, content)
    assert (report.imported, report.skipped, report.refused) == (0, 2, [])
    assert everything() == before


def test_same_row_twice_in_one_file_is_skipped(city: City):
    row = city.row("ALM1", "a", "A")
    report = read(city, csv_bytes([row, row]))
    assert (report.imported, report.skipped, report.refused) == (1, 1, [])


def test_known_reference_with_other_contents_is_refused(city: City):
    city.apply("ALM1", a="A")
    report = one_row(city, house_number="99")
    assert [row.error.partition(":")[0] for row in report.refused] == ["form_reference"]
    assert "other contents" in report.refused[0].error
    assert city.application("a").form.house_number == "12"


def test_refused_rows_are_saved_corrected_and_imported_again(city: City):
    rows = [city.row("ALM1", key, "A") | {"remark": f"row {key}"} for key in "abc"]
    rows[1]["postcode"] = rows[2]["surname"] = ""
    rows[2]["street"] = 'De "Oude", straat'
    first = read(city, csv_bytes(rows))
    saved = list(csv.DictReader(io.StringIO(refused_csv([first]))))
    assert [list(row) for row in saved] == [[*rows[0], "error"]] * 2
    assert [row["error"].partition(":")[0] for row in saved] == ["postcode", "surname"]
    assert saved[1] == rows[2] | {"error": saved[1]["error"]}

    saved[0]["postcode"], saved[1]["surname"] = "2511AA", "Proef"
    report = read(city, csv_bytes(saved))
    assert (report.imported, report.refused, report.unknown_columns) == (2, [], ("remark",))
    assert refused_csv([report]).count("\n") == 1  # the header alone


def test_refused_rows_of_files_with_other_columns_fit_in_one_file(city: City):
    bad = city.row("ALM1", "a", "A") | {"surname": ""}
    other = dict(reversed((city.row("ALM1", "b", "A") | {"surname": ""}).items()))
    saved = refused_csv([read(city, csv_bytes([bad])), read(city, csv_bytes([other]))])
    assert [row["form_reference"] for row in csv.DictReader(io.StringIO(saved))] == ["a", "b"]


def test_new_rows_for_a_played_round_are_refused_and_known_ones_skipped(city: City):
    known = city.row("ALM1", "a", "A")
    read(city, csv_bytes([known]))
    city.play("ALM1")
    before = everything()
    report = read(city, csv_bytes([known, city.row("ALM1", "b", "A")]))
    assert (report.imported, report.skipped) == (0, 1)
    assert [(row.form_reference, row.error.partition(":")[0]) for row in report.refused] == [
        ("b", "form_reference")
    ]
    assert everything() == before


@pytest.mark.parametrize(
    "table", ["admissions_applicationform", "admissions_preference", "admissions_carecase", "schools_event"]
)
def test_crash_in_the_middle_leaves_the_state_before_it(city: City, table: str):
    """The database gives up at the last row of one table: a trigger of this test plays the full disk."""
    key = {"admissions_preference": "NEW.rank = 5", "schools_event": "NEW.kind = 'form_imported'"}
    rule = Rule("crash_in_test", table, "INSERT", key.get(table, "1=1"), "crash")
    before = everything()
    with connection.cursor() as cursor:
        for statement in _create_statements(rule, connection.vendor):
            cursor.execute(statement)
    rows = [city.row("ALM1", key, Form("A", care_request=True)) for key in "abc"]
    with pytest.raises(DatabaseError), transaction.atomic():
        read(city, csv_bytes(rows))
    assert everything() == before


def test_events_hold_keys_and_never_names(city: City):
    """DESIGN section 4"""
    one_row(city, given_name="Wonderbaarlijk", guardian_name="Bijzonder Herkenbaar")
    text = " ".join(str(row) for row in Event.objects.values_list())
    assert "Wonderbaarlijk" not in text and "Herkenbaar" not in text
    assert Event.objects.filter(kind="form_imported").count() == 1


def test_demo_year_goes_in_without_a_refusal(tmp_path: Path):
    """The sample of the contract: 5,600 forms at 138 schools."""
    call_command("import_year", DEMO, "--refused", tmp_path / "refused.csv")
    assert (tmp_path / "refused.csv").read_text().count("\n") == 1
    assert Application.objects.count() == 5600
