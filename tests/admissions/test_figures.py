"""Published figures: nothing before its moment, small counts hidden also from who can add, earlier years by file."""

import csv
import itertools
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from admissions.masking import FEW, FEWER, HIDDEN, hide
from admissions.models import PublishedRound, PublishedSchool
from admissions.services.figures.earlier_years import import_figures, read_figures
from admissions.services.figures.publishing import publish_due_figures
from admissions.services.year.csv_files import FileError
from admissions.services.year.year_clock import move_year_clock
from schools.clock import move_clock
from schools.districts import FILE, Area, area_of
from schools.enums import Role
from schools.models import Event, School, local_moment
from tests.admissions.office import address, logged_in, manager, played_city, small_city, text
from tests.factories.city import City, Form, brin, make_city
from tests.factories.schools import RegionFactory, region_user

pytestmark = pytest.mark.django_db
HEADER = "year,round,brin,places,drawn_places,applications,admitted,central,unplaced,sibling,none\n"
CITY_ROW = "2022-2023,ALM1,,,,900,800,90,10,,\n"


def visitor() -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    return client


def public(city: City, query: str = "") -> str:
    return f"/{city.year.region.slug}/cijfers/{query}"


def body(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


def after_offers(city: City) -> None:
    round_ = city.round("ALM1")
    city.year.refresh_from_db()
    move_year_clock(city.year, to=local_moment(round_.offers_on + timedelta(days=1)), actor=None)


def big_city(**fields) -> City:
    """One school where 12 children want 6 places and one with room for some of the others."""
    city = make_city({"A": 6, "B": 20, "C": 5}, **fields)
    wanted = {f"a{i}": Form("A B C") for i in range(12)} | {f"b{i}": Form("B A C") for i in range(7)}
    city.apply("ALM1", **wanted)
    return city


# Before the moment


def test_nothing_of_an_unpublished_round_appears_anywhere_for_everybody():
    """DH-161: open, drawn and offered, pages, files and the finder say the same as without any child."""
    city = big_city()
    pages = [
        public(city),
        public(city, "?export=csv"),
        public(city, "?export=json"),
        f"/{city.year.region.slug}/scholen/",
    ]
    empty = [body(visitor(), page) for page in pages]
    assert "ALM1" not in "".join(empty[1:3])
    city.play("ALM1")
    # Played, letters gone, and still the offer day.
    assert publish_due_figures() == []
    assert [strip_token(body(visitor(), page)) for page in pages] == [strip_token(page) for page in empty]
    assert not PublishedRound.objects.exists()


def strip_token(html: str) -> str:
    """Without what differs by itself: the day in the banner and the token of the language form."""
    import re

    html = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", html)
    return re.sub(r'<aside class="oa-demo".*?</aside>', "", html, flags=re.S)


def test_a_day_that_passes_while_nothing_was_sent_opens_nothing():
    city = small_city()
    round_ = city.round("ALM1")
    move_clock(city.year, to=local_moment(round_.offers_on + timedelta(days=3)))
    assert publish_due_figures(city.year) == []


# After it


def test_figures_of_a_round_are_published_once_on_the_day_after():
    """DH-163: applications, places, drawn, by group, central and unplaced, with the statement of DH-162."""
    city = big_city()
    city.play("ALM1")
    after_offers(city)
    published = PublishedRound.objects.get()
    assert (published.children, published.first, published.lower, published.unplaced) == (19, 13, 6, 0)
    a = PublishedSchool.objects.get(brin=brin("A"))
    assert (a.places, a.applications, a.drawn_places, a.admitted) == (6, 12, 6, 6)
    b = PublishedSchool.objects.get(brin=brin("B"))
    assert (b.applications, b.drawn_places, b.admitted, b.central) == (7, 0, 7, 6)
    assert publish_due_figures() == []
    assert Event.objects.filter(year=city.year, kind="figures_published").count() == 1
    page = text(visitor(), public(city))
    assert "no guarantee" in page and "<svg" in page
    facts = json.loads(body(visitor(), public(city, "?export=json")))
    assert facts["rounds"][0]["first_choice"] == 13 and "no guarantee" in facts["note"]
    table = body(visitor(), public(city, "?export=csv"))
    assert f";{brin('A')};" in table
    finder = text(visitor(), f"/{city.year.region.slug}/scholen/?q={brin('A')}")
    assert "Applications and places in earlier rounds" in finder and ">12<" in finder


def test_small_counts_stay_hidden_on_every_way_out():
    """Six children at three schools: nobody can be counted."""
    city = played_city()
    after_offers(city)
    for row in PublishedSchool.objects.all():
        for count in (row.applications, row.admitted, row.central, *(n for _group, n in row.classes)):
            assert count is None or count <= 0 or count >= FEW
    assert PublishedRound.objects.get().unplaced == HIDDEN  # one beside five: either would tell the other
    facts = json.loads(body(visitor(), public(city, "?export=json")))
    row = next(s for s in facts["rounds"][0]["schools"] if s["brin"] == brin("A"))
    assert row["applications"] in ("<5", "x") and set(row["admitted_by_group"].values()) <= {"<5", "x", 0}


def test_the_hidden_counts_cannot_be_computed():
    """Of every small table with its total: each hidden count below five has at least two possible values."""
    for counts in itertools.combinations_with_replacement([0, 1, 2, 3, 4, 5, 6, 8, 21], 3):
        shown, total = hide(counts), sum(counts)
        if total < FEW:
            continue  # the total is hidden too
        rest = total - sum(count for count in shown if count > 0)
        hidden = [index for index, count in enumerate(shown) if count < 0]
        ranges = [range(1, FEW) if shown[index] == FEWER else range(1, rest + 1) for index in hidden]
        fits = [values for values in itertools.product(*ranges) if sum(values) == rest]
        for position, index in enumerate(hidden):
            if counts[index] < FEW:
                assert len({values[position] for values in fits}) > 1, (counts, shown)
        assert all(shown[i] == counts[i] or shown[i] in (FEWER, HIDDEN) for i in range(3))


def test_a_reset_takes_the_figures_of_its_year_along():
    from admissions.services.year.reset import reset_year

    city = big_city()
    city.play("ALM1")
    after_offers(city)
    assert PublishedRound.objects.exists()
    reset_year(city.year, actor=None)
    assert not PublishedRound.objects.exists()


# Earlier years


def test_a_file_is_looked_at_first_and_then_public():
    city = small_city()
    office = manager(city)
    content = (
        HEADER
        + CITY_ROW
        + f"2022-2023,ALM1,{brin('A')},20,20,31,20,0,,3,17\n2022-2023,ALM1,{brin('B')},9,0,869,780,90,,,780\n"
    )
    content = content.replace(",9,0,869,780,90,", ",900,0,869,780,90,")
    url = address("figures-file")
    look = office.post(url, {"file": SimpleUploadedFile("c.csv", content.encode())})
    assert look.status_code == 200 and "This is in the file" in look.content.decode()
    assert not PublishedRound.objects.exists()
    done = office.post(url, {"text": content, "confirm": "1"})
    assert done.status_code == 302
    row = PublishedSchool.objects.get(brin=brin("A"))
    assert row.classes == [["sibling", FEWER], ["none", HIDDEN]]  # 3 would follow from 20 and 17
    assert "2022-2023" in text(visitor(), public(city))
    assert office.post(url, {"text": content, "confirm": "1"}).status_code == 302
    assert PublishedRound.objects.count() == 1


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("2022-2023,ALM1,{a},20,20,abc,20,0,,3,17", "applications"),
        ("2022-2023,ALM1,{a},20,20,-3,2,0,,,", "applications"),
        ("2022-2023,ALM1,{a},20,20,10,11,0,,,", "admitted"),
        ("2022,ALM1,{a},20,20,31,20,0,,,", "year"),
        ("2022-2024,ALM1,{a},20,20,31,20,0,,,", "year"),
        ("2023-2024,ALM1,{a},20,20,31,20,0,,,", "year"),
        ("2022-2023,ronde,{a},20,20,31,20,0,,,", "round"),
        ("2022-2023,ALM1,zz,20,20,31,20,0,,,", "brin"),
        ("2022-2023,ALM1,99ZZ99,20,20,31,20,0,,,", "name"),
        ("2022-2023,VOVP1,{a},20,20,31,20,0,,,", "brin"),
        ("2022-2023,ALM1,{a},<5,20,31,20,0,,,", "places"),
        ("2022-2023,ALM1,{a},20,20,31,20,0", ""),
        ("2022-2023,ALM1,{a},20,20,31,20,0,,,\n2022-2023,ALM1,{a},20,20,31,20,0,,,", "brin"),
        ("2021-2022,ALM1,{a},20,20,31,20,0,,,", "brin"),  # without a row for the city
    ],
)
def test_a_wrong_row_says_where_and_nothing_is_stored(row: str, column: str):
    city = small_city()
    content = HEADER + CITY_ROW + row.format(a=brin("A")) + "\n"
    found = read_figures(content.encode(), region=city.year.region, name="c.csv")
    assert [problem.column for problem in found.problems] == [column]
    with pytest.raises(FileError):
        import_figures(found, year=city.year, actor=None)
    answer = manager(city).post(
        address("figures-file"), {"file": SimpleUploadedFile("c.csv", content.encode()), "confirm": "1"}
    )
    assert answer.status_code == 422 and "Nothing has been stored" in answer.content.decode()
    assert not PublishedRound.objects.exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a;b\n1;2\n", b"x" * 600_000, HEADER.encode()])
def test_a_file_that_is_no_table_is_refused_with_a_sentence(content: bytes):
    city = small_city()
    answer = manager(city).post(address("figures-file"), {"file": SimpleUploadedFile("c.csv", content)})
    assert answer.status_code == 422 and "utrecht-form-field-error-message" in answer.content.decode()


def test_a_file_cannot_touch_what_was_counted_here():
    city = big_city()
    city.play("ALM1")
    after_offers(city)
    content = HEADER + CITY_ROW.replace("2022-2023", city.year.code)
    found = read_figures(content.encode(), region=city.year.region, name="c.csv")
    assert [problem.column for problem in found.problems] == ["year"]


# The pages of the office, and the finder


def test_office_page_names_what_waits_and_another_region_sees_its_own():
    city = big_city()
    city.play("ALM1")
    page = text(manager(city), address("figures"))
    assert "Not public yet" in page
    after_offers(city)
    other = RegionFactory(slug="elders", name="Elders")
    assert "ALM1" not in body(visitor(), f"/{other.slug}/cijfers/?export=csv")
    assert visitor().get("/nergens/cijfers/").status_code == 404
    assert visitor().get("/nergens/scholen/").status_code == 404


def test_finder_filters_and_names_nonsense():
    """DH-013, DH-164: capped or not, rules in order, by area."""
    city = small_city()
    start = f"/{city.year.region.slug}/scholen/"
    page = text(visitor(), start + "?plafond=ja")
    assert "Brother or sister at the school" in page and "Without a ceiling</span>" not in page
    assert "All schools" in text(visitor(), start + "?stadsdeel=Nergens&page=abc&volgorde=wijk")
    assert "No school found" in text(visitor(), start + "?q=zzzzz")
    # Neighbourhoods are not known, which the page says; postcode areas always are.
    School.objects.filter(brin=brin("A")).update(postcode="2585VG")
    page = text(visitor(), start + "?gebied=2585&volgorde=gebied")
    assert "De Proef A" in page and "De Proef B" not in page and "Centrum, 2585VG" in page
    assert "is not kept here" in page and 'name="wijk"' not in page


def test_every_area_has_a_district_and_none_an_unsourced_neighbourhood():
    """DH-164: the eight districts of the city, and nothing that nobody can point to."""
    with FILE.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len({row["postcode4"] for row in rows}) == len(rows) == 57
    assert len({row["district"] for row in rows}) == 8 and {row["neighbourhood"] for row in rows} == {""}
    assert area_of("2585VG") == Area("Centrum") and area_of("2581AA") == Area()


def test_equity_report_hides_small_counts_and_counts_no_unknown_outcome():
    city = big_city()
    page = text(manager(city), address("equity"))
    assert "No area stands out" in page
    table = body(
        logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE)), address("equity") + "?export=csv"
    )
    lines = [line.split(";") for line in table.splitlines()[1:]]
    assert lines and all(
        cell in ("<5", "x", "'<5") or int(cell) == 0 or int(cell) >= FEW
        for line in lines
        for cell in line[3:]
    )
