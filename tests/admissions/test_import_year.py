"""The calendar and the school list of a year: read whole, or refused whole with a sentence (data-formats.md 1)."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from admissions.procedures.base import turns
from admissions.services.draws.rehearsal import play_round
from schools.calendar import CalendarError, read_calendar
from schools.errors import RefusedError
from schools.models import AdmissionYear, Board, PriorityRule, Programme, Region, Round, SchoolRound
from tests.factories.city import City, School, csv_bytes, everything, school_row
from tests.factories.schools import CALENDAR, DEMO

pytestmark = pytest.mark.django_db

RICH = Path(__file__).with_name("den-haag-calendar.json")  # the richer source form, with its null dates
SCHOOLS = {"A": School(5, "sibling neighbourhood"), "B": School((1, 2, 3, 4)), "U": School(None)}


class YearFolder:
    """An import directory that a test spoils."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calendar = copy.deepcopy(CALENDAR)
        self.schools = [school_row(name, school) for name, school in SCHOOLS.items()]

    def write(self) -> Path:
        (self.path / "calendar.json").write_text(json.dumps(self.calendar))
        (self.path / "schools.csv").write_bytes(csv_bytes(self.schools))
        return self.path

    def load(self, *arguments: str) -> None:
        with translation.override("en"):
            call_command("import_year", self.write(), *arguments)

    def refused(self) -> str:
        """The sentence, after checking that nothing was stored."""
        before = everything()
        with pytest.raises(CommandError) as refusal:
            self.load()
        assert refusal.value.returncode == 1
        assert everything() == before
        return str(refusal.value)


@pytest.fixture
def folder(tmp_path: Path) -> YearFolder:
    return YearFolder(tmp_path)


def test_year_goes_in_with_rounds_schools_rules_and_ceilings(folder: YearFolder):
    """DH-001 to DH-010, DH-104"""
    folder.load()
    year = AdmissionYear.objects.get()
    assert (year.code, year.born_from, year.born_to) == ("2023-2024", date(2020, 10, 1), date(2021, 9, 30))
    assert list(year.rounds.values_list("code", flat=True)) == [
        "ALM1",
        "ALM2",
        "VOVP1",
        "ALM3",
        "ALM4",
        "VOVP2",
    ]
    edges = year.rounds.values_list("code", "open_places_to__code", "freed_places_to__code")
    assert {code: targets for code, *targets in edges} == {
        "ALM1": ["ALM2", "VOVP1"],
        "ALM2": ["VOVP1", "VOVP1"],
        "VOVP1": ["ALM3", "VOVP2"],
        "ALM3": ["ALM4", "VOVP2"],
        "ALM4": ["VOVP2", "VOVP2"],
        "VOVP2": [None, None],
    }
    assert list(
        PriorityRule.objects.values_list("kind", "position", "area_postcodes").order_by("position")
    ) == [
        ("sibling", 1, ""),
        ("neighbourhood", 2, "2511"),
    ]
    city = City(year)
    assert {code: city.open_places(code) for code in ("ALM1", "ALM4", "VOVP1")} == {
        "ALM1": {"A": 5, "B": 1},
        "ALM4": {"A": 5, "B": 4},
        "VOVP1": {"A": 0, "B": 0},
    }
    assert SchoolRound.objects.filter(ceiling=None).count() == 6  # U, in every round


def test_same_year_twice_changes_nothing(folder: YearFolder):
    folder.load()
    before = everything()
    folder.schools.reverse()  # another order of lines is no difference
    folder.load()
    assert everything() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: folder.schools[0].update(alm1="6"),
        lambda folder: folder.schools[0].update(name="Anders"),
        lambda folder: folder.schools.pop(),
        lambda folder: folder.calendar["rounds"][0].update(offers_on="2024-01-19"),
        lambda folder: folder.calendar["rounds"][3].update(reply_weeks=4),
    ],
)
def test_other_calendar_or_school_list_than_before_is_refused(
    folder: YearFolder, change: Callable[[YearFolder], Any]
):
    folder.load()
    change(folder)
    assert "differs from the one imported before" in folder.refused()


A, B, U = 0, 1, 2
SCHOOL_FAULTS = [
    (A, {"brin": "04en00"}, "brin", "six capitals and digits"),
    (A, {"brin": "04EN0"}, "brin", "six capitals and digits"),
    (A, {"brin": ""}, "brin", "six capitals and digits"),
    (B, {"brin": "00000A"}, "brin", "occurs twice"),
    (A, {"name": ""}, "name", "empty or too long"),
    (A, {"name": "x" * 201}, "name", "empty or too long"),
    (A, {"board": ""}, "board", "empty or too long"),
    (A, {"postcode": "2511"}, "postcode", "not a postcode"),
    (A, {"public_authority": "ja"}, "public_authority", "0 or 1"),
    (A, {"has_ceiling": ""}, "has_ceiling", "0 or 1"),
    (A, {"alm1": ""}, "alm1", "whole number"),
    (A, {"alm2": "-1"}, "alm2", "whole number"),
    (A, {"alm3": "1.5"}, "alm3", "whole number"),
    (A, {"alm4": "10000"}, "alm4", "whole number"),
    (A, {"alm1": "²"}, "alm1", "whole number"),
    (A, {"alm1": "007"}, "alm1", "whole number"),
    (U, {"alm1": "3"}, "alm1", "no number of places"),
    (A, {"draw_mode": ""}, "draw_mode", "digital or manual"),
    (A, {"draw_mode": "Digital"}, "draw_mode", "digital or manual"),
    (A, {"priority_rules": "sibling brother"}, "priority_rules", "is not a priority rule"),
    (A, {"priority_rules": "sibling sibling"}, "priority_rules", "named twice"),
    (U, {"priority_rules": "sibling"}, "priority_rules", "without a ceiling has no priority rules"),  # DH-008
    (A, {"area_postcodes": ""}, "area_postcodes", "must name its area"),  # DH-011
    (A, {"area_postcodes": "2511AA"}, "area_postcodes", "four-digit postcodes"),
]


@pytest.mark.parametrize(("row", "cells", "column", "sentence"), SCHOOL_FAULTS)
def test_school_list_with_a_fault_is_refused_whole_with_line_and_column(
    folder: YearFolder, row: int, cells: dict[str, str], column: str, sentence: str
):
    folder.schools[row].update(cells)
    said = folder.refused()
    assert f"schools.csv, line {row + 2}, {column}: " in said
    assert sentence in said


def test_public_authority_does_not_adopt_the_neighbourhood_rule(folder: YearFolder):
    """DH-010: by an attribute of the board, not by its name."""
    for row in folder.schools:
        row["public_authority"] = "1"
    assert "public authority may not use the neighbourhood rule" in folder.refused()
    folder.schools[A]["priority_rules"] = "sibling"
    folder.load()
    assert Board.objects.get().public_authority


def test_schools_of_one_board_are_of_one_kind(folder: YearFolder):
    folder.schools[B]["public_authority"] = "1"
    assert "public_authority: another school of this board has another value" in folder.refused()


def test_at_most_four_rules_exist_and_a_school_may_have_all_in_its_own_order(folder: YearFolder):
    """DH-008"""
    folder.schools[A]["priority_rules"] = "staff neighbourhood preschool sibling"
    folder.load()
    kinds = PriorityRule.objects.order_by("position").values_list("kind", flat=True)
    assert list(kinds) == ["staff", "neighbourhood", "preschool", "sibling"]


def test_school_list_without_a_column_is_refused_and_an_unknown_column_is_not(folder: YearFolder):
    for row in folder.schools:
        row["remark"] = "x"
    folder.load()
    for row in folder.schools:
        del row["draw_mode"]
    assert "misses these columns: draw_mode" in folder.refused()


def test_school_list_without_schools_is_refused(folder: YearFolder):
    folder.write()
    header = ",".join(folder.schools[0])
    (folder.path / "schools.csv").write_text(header + "\n")
    with pytest.raises(CommandError, match="holds no schools"), translation.override("en"):
        call_command("import_year", folder.path)


# --- calendar -------------------------------------------------------------------------------------------------------


def set_round(position: int, **fields: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda calendar: calendar["rounds"][position].update(fields)


CALENDAR_FAULTS = [
    (lambda c: c.pop("year"), "year"),
    (lambda c: c.pop("rounds"), "rounds"),
    (lambda c: c.update(rounds=[]), "rounds"),
    (lambda c: c.update(rounds=["ALM1"]), "rounds"),
    (lambda c: c["year"].pop("starts_on"), "starts_on"),
    (lambda c: c["year"].update(ends_on="2023-09-30"), "not in order"),
    (lambda c: c["year"].update(born_from="1 oktober"), "born_from"),
    (lambda c: c["year"].update(born_to="2020-10-01"), "not in order"),
    (lambda c: c["year"].update(uncapped_ends_on="9999-12-31"), "uncapped_ends_on"),
    (lambda c: c["year"].update(born_from="0001-01-01"), "born_from"),
    (lambda c: c["year"].update(code=""), "code"),
    (lambda c: c["year"].update(code=2023), "code"),
    (set_round(0, kind="LOT"), "kind"),
    (set_round(0, code="ALM2"), "occurs twice"),
    (set_round(0, code=None), "code"),
    (set_round(5, code="vovp2"), "code"),
    (set_round(5, code="VOVP 2"), "code"),
    (set_round(5, code="VERDELING-2"), "code"),
    (set_round(0, parents_from="2023-12-32"), "parents_from"),
    (set_round(0, parents_from=20231201), "parents_from"),
    (set_round(0, offers_on="9999-12-31"), "offers_on"),
    (set_round(2, visible_to_schools_at="9999-12-31T23:59"), "visible_to_schools_at"),
    (set_round(0, parents_until="2023-11-01"), "parents_until"),
    (set_round(0, processing_until="2023-12-30"), "processing_until"),
    (set_round(0, school_draws_on="2024-01-01"), "school_draws_on"),
    (set_round(0, central_matching_on="2024-01-10"), "central_matching_on"),
    (set_round(0, offers_on="2024-01-10"), "offers_on"),
    (set_round(0, reply_weeks=0), "reply_weeks"),
    (set_round(0, reply_weeks="4"), "reply_weeks"),
    (set_round(0, reply_weeks=True), "reply_weeks"),
    (set_round(0, open_places_to="ALM9"), "open_places_to"),
    (set_round(1, open_places_to="ALM1"), "open_places_to"),
    (set_round(0, open_places_to=["ALM2"]), "open_places_to"),
    (set_round(0, freed_places_to="ALM2"), "freed_places_to"),
    (set_round(0, freed_places_to=7), "freed_places_to"),
    (set_round(2, serves=["ALM3"]), "serves"),
    (set_round(2, serves=[]), "serves"),
    (set_round(2, serves="ALM1"), "serves"),
    (set_round(2, serves=[["ALM1"]]), "serves"),
    (set_round(2, opt_in_until="2024-05-28"), "central_matching_on"),
    (set_round(2, visible_to_schools_at="2024-05-31T13:00"), "visible_to_schools_at"),
    (set_round(2, visible_to_schools_at="woensdagmiddag"), "visible_to_schools_at"),
    (set_round(1, parents_from="2023-12-31"), "overlap"),
    (lambda c: c.update(rounds=[row for row in c["rounds"] if row["code"] not in ("ALM3", "ALM4")]), "ALM"),
]


@pytest.mark.parametrize(("spoil", "named"), CALENDAR_FAULTS)
def test_calendar_with_a_fault_is_refused_and_names_the_field(
    folder: YearFolder, spoil: Callable[[dict[str, Any]], Any], named: str
):
    spoil(folder.calendar)
    said = folder.refused()
    assert said.startswith("Calendar, ")
    assert named in said or named == "ALM"


ODD = [
    None,
    True,
    0,
    -1,
    7,
    1.5,
    "",
    "x",
    "2024-02-30",
    "2024-01-01",
    [],
    ["x"],
    [[]],
    {},
    {"a": 1},
    "ALM1",
    10**30,
]


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) inside a parsed JSON document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in list(pairs):
        yield value, key
        yield from places_in(inside)


@pytest.mark.parametrize("source", [DEMO / "calendar.json", RICH], ids=["short", "rich"])
def test_odd_value_anywhere_in_a_calendar_is_read_or_refused_and_never_a_crash(source: Path):
    text = source.read_text()
    count = len(list(places_in(json.loads(text))))
    chance = random.Random(5)
    for _ in range(2000):
        calendar = json.loads(text)
        container, key = list(places_in(calendar))[chance.randrange(count)]
        container[key] = chance.choice(ODD)
        try:
            assert read_calendar(calendar).rounds
        except CalendarError as refusal:
            assert str(refusal)


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "null", "\x00", "[" * 100_000, "{'year': 1}"])
def test_calendar_that_is_no_json_object_is_refused(folder: YearFolder, text: str):
    folder.write()
    (folder.path / "calendar.json").write_text(text)
    before = everything()
    with pytest.raises(CommandError) as refusal, translation.override("en"):
        call_command("import_year", folder.path)
    assert "calendar" in str(refusal.value).lower()
    assert everything() == before


def test_year_with_three_application_periods_is_possible(folder: YearFolder):
    """DH-005: at most four, at least three."""
    rounds = folder.calendar["rounds"]
    del rounds[4]  # ALM4
    rounds[3]["open_places_to"] = "VOVP2"
    rounds[4]["serves"] = ["ALM3"]
    folder.load()
    assert Round.objects.count() == 5


def test_round_with_a_missing_date_goes_in_and_does_not_open(folder: YearFolder):
    """den-haag.md 3.2: it can be planned; the refusal names the dates."""
    folder.calendar["rounds"][0].update(parents_from=None, offers_on=None)
    folder.load()
    round_ = Round.objects.select_related("year__region").get(code="ALM1")
    with pytest.raises(RefusedError) as refusal, translation.override("en"):
        play_round(round_, digits="1" * 60, actor=None)
    assert "“Parents can apply from”, “All parents hear the result”" in str(refusal.value)


def test_calendar_of_the_source_is_read_and_no_round_with_unknown_dates_opens(folder: YearFolder):
    """The richer form; every date that the source does not give is null in it."""
    folder.calendar = json.loads(RICH.read_text())
    folder.load()
    vovp = Round.objects.get(code="VOVP1")
    assert [
        str(vovp.opt_in_from),
        str(vovp.opt_in_until),
        str(vovp.central_matching_on),
        str(vovp.offers_on),
    ] == [
        "2024-05-13",
        "2024-05-24",
        "2024-05-28",
        "2024-05-30",
    ]
    assert list(vovp.serves.values_list("code", flat=True)) == ["ALM1", "ALM2"]
    edges = dict(Round.objects.values_list("code", "open_places_to__code"))
    assert edges == {
        "ALM1": "ALM2",
        "ALM2": "VOVP1",
        "VOVP1": "ALM3",
        "ALM3": "ALM4",
        "ALM4": "VOVP2",
        "VOVP2": None,
    }
    freed = dict(Round.objects.values_list("code", "freed_places_to__code"))
    assert freed == {
        "ALM1": "VOVP1",
        "ALM2": "VOVP1",
        "VOVP1": "VOVP2",
        "ALM3": "VOVP2",
        "ALM4": "VOVP2",
        "VOVP2": None,
    }
    assert Round.objects.get(code="ALM3").reply_weeks == 8
    round_ = Round.objects.select_related("year__region").get(code="ALM1")
    with pytest.raises(RefusedError) as refusal, translation.override("en"):
        play_round(round_, digits="1" * 60, actor=None)
    assert "“Parents can apply from”, “Parents can apply until”, “Schools enter forms until”" in str(
        refusal.value
    )


# --- the directory and the region -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["calendar.json", "schools.csv"])
def test_missing_file_is_named(folder: YearFolder, name: str):
    (folder.write() / name).unlink()
    with pytest.raises(CommandError) as refusal:
        call_command("import_year", folder.path)
    assert name in str(refusal.value)
    assert not Region.objects.exists()


def test_missing_directory_is_named(tmp_path: Path):
    with pytest.raises(CommandError) as refusal:
        call_command("import_year", tmp_path / "nergens")
    assert "nergens" in str(refusal.value)


def test_applications_of_a_round_that_the_calendar_lacks_are_refused(folder: YearFolder):
    folder.write()
    (folder.path / "applications-ALM7.csv").write_text("x\n")
    with pytest.raises(CommandError) as refusal:
        call_command("import_year", folder.path)
    assert "applications-ALM7.csv" in str(refusal.value)
    assert not AdmissionYear.objects.exists()


def test_broken_applications_file_leaves_no_year_behind(folder: YearFolder):
    """One directory is one transaction."""
    folder.write()
    (folder.path / "applications-ALM1.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(CommandError):
        call_command("import_year", folder.path)
    assert not AdmissionYear.objects.exists()


def test_refused_rows_that_cannot_be_written_take_the_import_back(folder: YearFolder, tmp_path: Path):
    with pytest.raises(CommandError):
        folder.load("--refused", str(tmp_path / "no" / "folder.csv"))
    assert not AdmissionYear.objects.exists()


def test_second_region_keeps_its_own_year_and_schools(folder: YearFolder):
    folder.load("--region", "duinstad")
    folder.load("--region", "zeestad")
    assert set(Region.objects.values_list("slug", flat=True)) == {"duinstad", "zeestad"}
    assert AdmissionYear.objects.count() == 2
    assert Programme.objects.filter(code="00000A").count() == 2
    with pytest.raises(CommandError, match="--region"), translation.override("en"):
        folder.load()


@pytest.mark.parametrize("slug", ["Duinstad", "duin stad", "-", "../etc"])
def test_region_has_a_short_name_of_small_letters(folder: YearFolder, slug: str):
    with pytest.raises(CommandError):
        folder.load("--region", slug) if slug != "-" else folder.load("--region=-")
    assert not Region.objects.exists()


def test_year_code_that_differs_from_the_calendar_is_refused(folder: YearFolder):
    with pytest.raises(CommandError, match="2024-2025"):
        folder.load("--year", "2024-2025")
    assert not AdmissionYear.objects.exists()


@pytest.mark.parametrize(
    ("born", "third_birthday"),
    [
        (date(2020, 10, 1), date(2023, 10, 1)),
        (date(2020, 2, 29), date(2023, 3, 1)),
        (date(2024, 2, 29), date(2027, 3, 1)),
        (date(2021, 2, 28), date(2024, 2, 28)),
    ],
)
def test_third_birthday(born: date, third_birthday: date):
    """DH-030, Q-26"""
    assert turns(3, born) == third_birthday
