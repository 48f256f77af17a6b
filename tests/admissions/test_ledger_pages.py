"""The place ledger on screen: AE-13 as it stands in the specification, the bookings behind it, who sees what."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from admissions.enums import EntryKind
from admissions.models import LedgerEntry
from admissions.selectors.places import bookings, city_rows, closing, is_told, place_rows
from admissions.texts.ledger import booking_words, goes_to, waterfall_steps
from schools.models import Round, School
from tests.admissions.ledger_year import play_ledger_year
from tests.admissions.office import address, logged_in, manager, text
from tests.factories.city import City, brin, make_city
from tests.factories.schools import school_user

pytestmark = pytest.mark.django_db

# den-haag.md, AE-13: round, plan, carried in, freed in, seats, placed, open out, open goes to.
AE13 = [
    ("Application period 1", "12", "0", "n/a", "12", "10", "2", "Application period 2"),
    ("Application period 2", "12", "2", "n/a", "14", "14", "0", "nothing left"),
    ("VOVP 1", "0", "0", "2", "2", "1", "1", "Application period 3"),
    ("Application period 3", "12", "1", "n/a", "13", "10", "3", "Application period 4"),
    ("Application period 4", "12", "3", "n/a", "15", "14", "1", "VOVP 2"),
    ("VOVP 2", "0", "1", "2", "3", "2", "1", "the school, from 1 December"),
]


def table_of(page: str) -> list[tuple[str, ...]]:
    """The rows of the first table of figures, as somebody reads them."""
    body = page.split('<tbody role="rowgroup">')[1].split("</tbody>")[0]
    return [
        tuple(
            re.sub(r"<[^>]+>", "", cell).strip()
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
        )
        for row in body.split("</tr>")
        if "<td" in row
    ]


def office_rows(city: City, school: str) -> list[Any]:
    rounds = tuple(city.year.rounds.order_by("position"))
    own = School.objects.get(brin=brin(school))
    return place_rows(own, city.year, rounds, shows=lambda r: r.is_played)


def test_ledger_reads_as_the_worked_example():
    """AE-13, DH-100 to DH-104: service, pages of office and school, bookings and proof say the same."""
    city = play_ledger_year()
    rows = office_rows(city, "S")
    assert [(r.ceiling, r.carried_in, r.freed_in, r.seats, r.placed, r.free) for r in rows] == [
        (12, 0, 0, 12, 10, 2),
        (12, 2, 0, 14, 14, 0),
        (0, 0, 2, 2, 1, 1),
        (12, 1, 0, 13, 10, 3),
        (12, 3, 0, 15, 14, 1),
        (0, 1, 2, 3, 2, 1),
    ]
    proof = closing(rows)
    assert (proof.placed, proof.withdrawn, proof.left, proof.total, proof.is_closed) == (51, 4, 1, 48, True)

    office = manager(city)
    page = text(office, address("ledger-school", brin("S")))
    assert table_of(page) == AE13
    assert "The count is closed" in page
    school = logged_in(school_user(School.objects.get(brin=brin("S"))))
    assert table_of(text(school, address("school-places", brin("S")))) == AE13

    # Down to the bookings: the two places of VOVP 1 came free in February and April.
    vovp = next(row for row in rows if row.round.code == "VOVP1")
    assert [(b.kind, b.places, b.cause, len(b.numbers)) for b in bookings(vovp)] == [
        (EntryKind.FREED_IN, 1, "from ALM1", 1),
        (EntryKind.FREED_IN, 1, "from ALM2", 1),
        (EntryKind.PLACED, -1, vovp.round.draw_sessions.get().name, 1),
        (EntryKind.CARRIED_OUT, -1, "to ALM3", 0),
    ]
    # The same in words, with the name of the round.
    by_code = {r.code: r for r in Round.objects.filter(year=city.year)}
    with override("en"):
        words = [booking_words(booking, by_code) for booking in bookings(vovp)]
    assert words == [
        "1 place came free in Application period 1",
        "1 place came free in Application period 2",
        "1 child placed",
        "1 open place goes on to Application period 3",
    ]
    page = text(office, address("ledger-school", brin("S")) + "?ronde=VOVP1")
    number = city.application("a1").registration_number
    assert address("child-detail", number) in page and f"?q={number}" in page
    # What a step of the waterfall adds and takes is what the entries of its kind sum up to.
    for row in rows:
        entries = LedgerEntry.objects.filter(school_round=row.seat)
        assert sum(places for _word, places in waterfall_steps(row)) == row.now
        assert row.now == sum(entries.values_list("places", flat=True))

    # All schools together: X has nothing, so the city has what S has.
    city_total = city_rows(city.year, tuple(city.year.rounds.order_by("position")))
    assert [(r.seats, r.placed, r.free) for r in city_total] == [(r.seats, r.placed, r.free) for r in rows]
    with CaptureQueriesContext(connection) as queries:
        page = text(office, address("ledger"))
    assert table_of(page) == AE13
    assert len(queries) <= 15


def small() -> City:
    city = make_city({"A": 2, "B": 3})
    city.apply("ALM1", a1="A", a2="A", a3="A B")
    return city


def test_round_that_was_not_drawn_tells_nothing_and_a_strange_round_is_no_error():
    city = small()
    rows = office_rows(city, "A")
    assert len({goes_to(row) for row in rows}) == 1 and not any(row.is_seen for row in rows)
    page = text(manager(city), address("ledger-school", brin("A")) + "?ronde=bestaat-niet")
    assert table_of(page)[0][5:7] == ("–", "–")
    assert manager(city).get(address("ledger-school", "99XX99")).status_code == 404


def test_school_does_not_see_what_a_hidden_vovp_booked():
    """DH-141: until the school may see VOVP1 neither its places nor what it carried on are told."""
    city = small()
    rounds = tuple(city.year.rounds.order_by("position"))
    city.play("ALM1")
    city.play("ALM2")
    city.play("VOVP1", opt_ins={})
    own = School.objects.get(brin=brin("B"))

    def shows(round_: Round) -> bool:
        return round_.is_played and round_.code != "VOVP1"

    rounds = tuple(city.year.rounds.order_by("position"))
    rows = {row.round.code: row for row in place_rows(own, city.year, rounds, shows=shows)}
    seen = {b.kind for b in bookings(rows["VOVP1"], is_told=is_told(rows["VOVP1"], rounds, shows))}
    assert seen <= {EntryKind.CEILING, EntryKind.FREED_IN, EntryKind.CARRIED_IN}
    later = rows["ALM3"]
    assert later.carried_in == 0 and not is_told(later, rounds, shows)
    assert EntryKind.CARRIED_IN not in {b.kind for b in bookings(later, is_told=False)}


def test_office_list_filters_sorts_and_exports():
    city = small()
    client: Client = manager(city)
    page = text(client, address("ledger") + "?q=00000A&sort=-left_total")
    assert address("ledger-school", brin("A")) in page and address("ledger-school", brin("B")) not in page
    answer = client.get(address("ledger") + "?export=csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) >= 3 and "00000A" in "".join(lines)


def test_menu_of_the_office_stands_in_groups_with_its_own_group_open():
    """One line adds a page to the menu; the group of the page that is shown is open."""
    page = text(manager(small()), address("ledger"))
    groups = re.findall(r'<details class="oa-group" name="menu"( open)?><summary[^>]*>([^<]+)<', page)
    assert [label for _open, label in groups] == [
        "Today", "Rounds", "Children", "Letters", "Schools and people", "Year",
    ]  # fmt: skip
    assert [label for is_open, label in groups if is_open] == ["Rounds"]
