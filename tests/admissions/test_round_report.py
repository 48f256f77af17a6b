"""The report of a round: counted again from the files, masked for everybody, and for nobody before its moment."""

import csv
import io
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from admissions.masking import FEW, FEWER, HIDDEN, hide
from admissions.models import Placement
from admissions.services.explaining.round_report import masked, round_report
from admissions.services.explaining.round_report_files import compare_rows, rank_rows
from lottery.engine.quality import UnplacedCause
from lottery.engine.standings import TierCount
from lottery.models import DrawSession
from schools.enums import Role
from tests.admissions.office import logged_in, manager, people, played_city, text
from tests.admissions.test_hand_draw import Desk
from tests.factories.city import UNCAPPED, City, Form, School, brin, make_city
from tests.factories.schools import RegionFactory, region_user

pytestmark = pytest.mark.django_db
REPORT = "/programma/rondes/ALM1/rapport"


def visitor() -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def city() -> City:
    return played_city()


def rows_of(city: City) -> dict[str, Any]:
    report = round_report(city.round("ALM1"), sees_care=True)
    return {row.code: row for row in report.schools}


def test_figures_of_a_small_round(city: City):
    report = round_report(city.round("ALM1"), sees_care=True)
    assert (report.children, report.by_rank, report.unplaced) == (6, ((1, 5),), 1)
    assert report.causes == ((UnplacedCause.CARE_ROUTE, 1),)
    assert (report.central_children, report.examined.blocking, report.swap_pairs) == (0, 0, 0)
    a = rows_of(city)[brin("A")]
    assert (a.places, a.first_choices, a.admitted, a.last_rank, a.lots) == (2, 3, 2, 2, True)
    assert a.classes == (TierCount(1, 1, 1), TierCount(2, 2, 1))


def test_who_may_not_see_care_learns_no_cause(city: City):
    report = round_report(city.round("ALM1"), sees_care=False)
    assert (report.unplaced, report.causes) == (1, ())
    office = logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))
    for end in ("/", ".csv"):
        answer = office.get(REPORT + end)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert b"care duty" not in body.lower() and b"care_route" not in body


def test_draws_by_hand_are_counted_with_the_others():
    """AE-02: four by their groups, one by card, three drawn out, of whom the central draw places two."""
    desk = Desk()
    desk.play()
    report = round_report(desk.city.round("ALM1"), sees_care=True)
    assert report.children == 8
    placed = Counter(Placement.objects.values_list("preference_rank", flat=True))
    assert dict(report.by_rank) == placed and placed[1] == 5
    assert report.unplaced == 8 - sum(placed.values())
    row = {row.code: row for row in report.schools}[brin("A")]
    assert (row.places, row.first_choices, row.admitted, row.by_hand, row.classes) == (5, 8, 5, True, ())


def from_files(session: DrawSession) -> dict[str, Any]:
    """Everything again from the text of the files."""
    lists: dict[str, tuple[str, list[str]]] = {}
    for line in bytes(session.dossiers).decode().splitlines():
        word, *cells = line.split("|")
        if word == "kind":
            lists[cells[0]] = (cells[2], [choice.split(":")[0] for choice in cells[3].split(",")])
    got: dict[str, str] = {}
    at_school: dict[str, Counter[str]] = {}
    central: Counter[str] = Counter()
    for line in bytes(session.outcome or b"").decode().splitlines():
        word, *cells = line.split("|")
        if word != "uitkomst":
            continue
        draw, _rank, number, _unit, klasse, _lot, code = cells
        got[number] = code
        if draw == "centraal":
            central[code] += 1
        else:
            counts = at_school.setdefault(draw.removeprefix("school/"), Counter())
            counts["children"] += 1
            counts["admitted"] += code != "-"
            counts[f"children {klasse}"] += 1
            counts[f"admitted {klasse}"] += code != "-"
    ranks = Counter(lists[number][1].index(code) + 1 for number, code in got.items() if code != "-")
    return {
        "children": len(lists),
        "ranks": tuple(sorted(ranks.items())),
        "care": sum(code == "-" and lists[number][0] == "S" for number, code in got.items()),
        "unplaced": sum(code == "-" for code in got.values()),
        "at_school": at_school,
        "central": central,
        "wanted": {number: wishes for number, (_part, wishes) in lists.items()},
        "got": got,
    }


def swap_pairs(found: dict[str, Any]) -> int:
    """Every pair of children who would both rather have the other's school, looked at one by one."""
    placed = [(number, code) for number, code in found["got"].items() if code != "-"]

    def wants(number: str, own: str, other: str) -> bool:
        wishes = found["wanted"][number]
        return other in wishes and wishes.index(other) < wishes.index(own)

    return sum(
        wants(one, at, there) and wants(other, there, at)
        for index, (one, at) in enumerate(placed)
        for other, there in placed[index + 1 :]
        if at != there
    )


def test_every_figure_against_the_files(tmp_path):
    import subprocess
    import sys

    from django.core.management import call_command

    from tests.acceptance.test_unseen_year import CALENDAR, HERE

    make = [sys.executable, str(HERE / "city" / "make_city.py"), "--seed", "31", "--children", "1200"]
    subprocess.run([*make, "--supply", "0.85", "--out", str(tmp_path / "year")], check=True)
    (tmp_path / "year" / "calendar.json").write_bytes(CALENDAR.read_bytes())
    call_command("import_year", tmp_path / "year")
    for code in ("ALM1", "ALM2"):
        call_command("run_round", code, "--dice", "123456" * 10)
    session = DrawSession.objects.get(round__code="ALM2")
    report = round_report(session.round, sees_care=True)
    found = from_files(session)
    assert (report.children, report.by_rank, report.unplaced) == (
        found["children"],
        found["ranks"],
        found["unplaced"],
    )
    assert dict(report.causes).get(UnplacedCause.CARE_ROUTE, 0) == found["care"]
    assert sum(count for _cause, count in report.causes) == report.unplaced
    assert report.central_children == sum(found["central"].values())
    assert report.examined.blocking == 0 and report.examined.pairs > 0
    assert report.swap_pairs == swap_pairs(found) == sum(route.pairs for route in report.swaps)
    for row in report.schools:
        counts = found["at_school"].get(row.code)
        if counts is None:
            assert row.first_choices is None
            continue
        assert (row.first_choices, row.admitted) == (counts["children"], counts["admitted"])
        assert row.classes == tuple(
            TierCount(k, counts[f"children {k}"], counts[f"admitted {k}"])
            for k in range(1, 10)
            if counts[f"children {k}"]
        )
        assert row.central_placed == found["central"][row.code]
    (earlier,) = report.earlier
    first = from_files(DrawSession.objects.get(round__code="ALM1"))
    assert (earlier.round.code, earlier.children, earlier.unplaced) == (
        "ALM1",
        first["children"],
        first["unplaced"],
    )
    assert earlier.first == dict(first["ranks"])[1]
    check_mask(report)


def check_mask(report) -> None:
    """No count below five in the public version, and none that follows from the others."""
    public = masked(report)
    assert public.swaps == () and public.is_public
    counts = [count for _rank, count in public.by_rank] + [public.unplaced]
    true = [count for _rank, count in report.by_rank] + [report.unplaced]
    assert not [count for count in counts if 0 < count < FEW]
    hidden = [real for count, real in zip(counts, true, strict=True) if count < 0]
    assert len(hidden) != 1 or not [real for real in true if real >= FEW]
    for row, real in zip(public.schools, report.schools, strict=True):
        for value in (row.first_choices, row.admitted, row.central_placed):
            assert value is None or value <= 0 or value >= FEW
        for one in row.classes:
            assert one.admitted <= 0 or one.admitted >= FEW
            if min(one.children, one.admitted) >= 0:
                assert one.children - one.admitted == 0 or one.children - one.admitted >= FEW
        assert row.places == real.places
    assert UnplacedCause.CARE_ROUTE not in dict(public.causes)
    assert all(bar["values"][0] not in range(1, FEW) for bar in rank_rows(public))
    assert all(value not in range(1, FEW) for bar in compare_rows(public) for value in bar["values"])


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([10, 20, 30], [10, 20, 30]),
        ([10, 3, 30], [HIDDEN, FEWER, 30]),  # 3 alone would follow from the sum
        ([10, 3, 4], [10, FEWER, FEWER]),
        ([0, 0, 7], [0, 0, 7]),
        ([0, 2], [0, FEWER]),
        ([], []),
    ],
)
def test_hiding(counts: list[int], shown: list[int]):
    assert hide(counts) == tuple(shown)


# Who sees it, and when


def test_page_pdf_and_table_of_the_office(city: City):
    client = manager(city)
    page = text(client, f"{REPORT}/")
    assert "De Proef A" in page and "1 of 2" in page
    assert "in the central draw nobody can gain anything" in page
    assert "that the order makes no difference in the whole procedure" in page
    pdf = client.get(f"{REPORT}.pdf")
    words = "".join(one.extract_text() for one in PdfReader(io.BytesIO(pdf.content)).pages)
    assert "De Proef A" in words and "Report of Application period 1" in words
    table = b"".join(client.get(f"{REPORT}.csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table), delimiter=";"))
    assert ["round", "", "", "children", "", "6"] in rows
    assert ["school", brin("A"), "De Proef A", "admitted", "", "2"] in rows
    assert f'href="{REPORT}/"' in text(client, "/programma/rondes/ALM1/")


def test_a_round_that_was_not_drawn_has_no_report(city: City):
    assert manager(city).get("/programma/rondes/ALM2/rapport/").status_code == 404


def test_who_may_read_the_report_of_the_office(city: City):
    # The other region has an ALM1 of its own, not drawn yet.
    other = make_city({"A": 1}, slug="elders")
    for who, client in people(city, other.year.region).items():
        for end in ("/", ".pdf", ".csv"):
            status = client.get(REPORT + end).status_code
            if who in ("programme_manager", "central_office"):
                assert status == 200, who
            else:
                assert status in (302, 403, 404), who


def test_office_of_a_region_without_a_year_reads_nothing_of_another_region(city: City):
    client = logged_in(region_user(RegionFactory(slug="elders", name="Elders")))
    for end in ("/", ".pdf", ".csv"):
        answer = client.get(REPORT + end)
        assert "admissions/office_empty.html" in [template.name for template in answer.templates]
        assert "De Proef" not in answer.content.decode()


def test_everybody_reads_the_masked_version_when_all_families_know(city: City):
    session = DrawSession.objects.get()
    base = f"/den-haag/lotingen/{session.name}/rapport"
    page = text(visitor(), f"{base}/")
    assert "fewer than 5" in page
    assert "care duty" not in page.lower()
    assert "1 of 2" not in page
    table = b"".join(visitor().get(f"{base}.csv").streaming_content).decode()
    assert "<5" in table and "swap;" not in table
    assert visitor().get(f"{base}.pdf").status_code == 200
    assert f'href="{base}/"' in text(visitor(), "/den-haag/lotingen/")


def test_no_public_report_before_all_families_know():
    city = make_city({"A": 1})
    city.apply("ALM1", x="A", y="A")
    city.play_to("ALM1", "matched")
    session = DrawSession.objects.get()
    assert session.is_official
    for end in ("/", ".pdf", ".csv"):
        assert visitor().get(f"/den-haag/lotingen/{session.name}/rapport{end}").status_code == 404
    assert "rapport" not in text(visitor(), "/den-haag/lotingen/")


def test_a_public_report_of_a_vovp_tells_nothing_per_school():
    """DH-135; OA-LOT/1 section 7 point 9."""
    city = make_city({"A": School((1, 0, 0, 0)), "B": School((2, 0, 0, 0)), "C": UNCAPPED})
    city.apply("ALM1", a1="A", a2="A B", a3="A B", a4=Form("A B"))
    city.play("ALM1", {"A": "a1 a2 a3 a4", "centraal": "a2 a3 a4"})
    city.play_until("VOVP1")
    city.withdraw("a1", on="2024-02-20")
    city.play("VOVP1", {"centraal": "a2 a3 a4"})
    session = DrawSession.objects.get(round__code="VOVP1")
    page = text(visitor(), f"/den-haag/lotingen/{session.name}/rapport/")
    assert "no figures per school are given" in page
    assert "De Proef" not in page
    report = round_report(city.round("VOVP1"), sees_care=True)
    assert report.improved == 1 and report.kept == 1
    assert masked(report).schools == ()
    assert (masked(report).improved, masked(report).kept) == (FEWER, FEWER)
