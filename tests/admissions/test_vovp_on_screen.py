"""The worked examples of den-haag.md section 7 about the VOVP, done with the pages alone (AE-14 to AE-17, AE-20).

Dice are typed in the boxes of the rehearsal; the worker that computes is called by hand, as its task would.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from admissions.services.draws.rehearsal import play_round
from schools.enums import RoundState
from schools.models import Job
from tests.admissions.office import address, text
from tests.admissions.vovp_pages import NOON, desk, improver_city, invite, manager, opt_in
from tests.factories.city import CENTRAL, UNCAPPED, City, Form, School, brin, dice_giving, make_city

pytestmark = pytest.mark.django_db


def play_on_screen(client: Client, city: City, code: str, orders: dict[str, str]) -> None:
    """Type the dice that give these orders on the page of the rehearsal, and let the worker do the rest."""
    session = city.freeze(code)
    digits = dice_giving(session, {draw: keys.split() for draw, keys in orders.items()})
    boxes = {f"d{box}": digits[(box - 1) * 10 : box * 10] for box in range(1, 7)}
    answer = client.post(address("round-play", code), boxes | {"confirm": "on"})
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    job = Job.objects.get(kind="play_round", key=code, state="requested")
    play_round(city.round(code), digits=job.arguments["digits"], actor=job.requested_by)
    job.state = "done"
    job.save()


def rows_of(client: Client, url: str) -> list[list[str]]:
    """The lines of an export below its heading."""
    answer: Any = client.get(f"{url}?export=csv")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return [line.split(";") for line in content.split("\r\n")[1:] if line]


def inventory(client: Client, *schools: str, code: str = "VOVP1") -> dict[str, list[str]]:
    """Carried in, freed, seats of improvers, in the matching, placed, left, open: as the page says, per school."""
    lines = {row[1]: row[2:] for row in rows_of(client, address("vovp-places", code))}
    return {school: lines[brin(school)] for school in schools}


def results(client: Client, code: str) -> dict[str, str]:
    """The school of every child in the results file, or its outcome."""
    answer: Any = client.get(address("round-results", code))
    content = b"".join(answer.streaming_content).decode()
    rows = [line.split(",") for line in content.splitlines()[1:]]
    return {row[0]: row[4].lstrip("0") or row[3] for row in rows}


@pytest.fixture(scope="class")
def improvers(django_db_setup: None, django_db_blocker: Any) -> Iterator[City]:
    with django_db_blocker.unblock(), transaction.atomic():
        city = improver_city()
        invite(city)
        yield city
        transaction.set_rollback(True)


class TestImproverAndUnplaced:
    @pytest.mark.parametrize(
        ("who", "order", "result"),
        [
            ({"I": (), "U": ("De Proef F",)}, "I U", {"I": "A", "U": "B"}),
            ({"I": (), "U": ("De Proef F",)}, "U I", {"I": "B", "U": "A"}),
            ({"I": ()}, "I", {"I": "A"}),
        ],
        ids=["a", "b", "c"],
    )
    def test_improver_and_unplaced(
        self, improvers: City, who: dict[str, tuple[str, ...]], order: str, result: dict[str, str]
    ):
        """AE-14 (a), (b), (c): opt-ins typed at the desk, dice typed in the boxes, outcome read from the pages."""
        city = improvers
        client, at_desk = manager(city), desk(city)
        for key, added in who.items():
            assert opt_in(at_desk, city, key, *added).status_code == 302
        play_on_screen(client, city, "VOVP1", {CENTRAL: order} if " " in order else {})
        assert results(client, "VOVP1") == result
        found = inventory(client, "A", "B")
        held = "1"  # I takes part in every case, and brings its seat at B
        assert found["A"] == ["0", "1", "0", "1", "1", "0", "0"]
        improved = result["I"] == "A"
        placed = "1" if result.get("U") == "B" else "0"
        left_open = "1" if improved and placed == "0" else "0"
        assert found["B"] == ["0", "0", held, "1", placed, str(int(improved)), left_open]
        page = text(client, address("vovp-round", "VOVP1"))
        assert ("Improved" if improved else "Unchanged") in page
        assert city.contradictions() == []


CHAIN = {
    "U I1 I2": {"I1": "C", "I2": "B", "U": "A"},
    "U I2 I1": {"I1": "C", "I2": "B", "U": "A"},
    "I1 U I2": {"I1": "A", "I2": "B", "U": "C"},
    "I1 I2 U": {"I1": "A", "I2": "B", "U": "C"},
    "I2 U I1": {"I1": "C", "I2": "A", "U": "B"},
    "I2 I1 U": {"I1": "B", "I2": "A", "U": "C"},
}


@pytest.fixture(scope="class")
def chain(django_db_setup: None, django_db_blocker: Any) -> Iterator[City]:
    with django_db_blocker.unblock(), transaction.atomic():
        once = School((1, 0, 0, 0))
        city = make_city({"A": once, "B": once, "C": once}, calendar=NOON)
        city.apply("ALM1", x="A", I1="A B C", I2="A B", U="A B C")
        city.play("ALM1", {"A": "x I1 I2 U", CENTRAL: "I2 I1 U"})
        city.withdraw("x", on="2024-02-12")
        city.play("ALM2")
        invite(city)
        at_desk = desk(city)
        for key in ("I1", "I2", "U"):
            assert opt_in(at_desk, city, key).status_code == 302
        yield city
        transaction.set_rollback(True)


class TestChain:
    @pytest.mark.parametrize("order", CHAIN)
    def test_chain_of_seats(self, chain: City, order: str):
        """AE-15: six orders; nobody is worse off and no seat stays open."""
        client = manager(chain)
        play_on_screen(client, chain, "VOVP1", {CENTRAL: order})
        assert results(client, "VOVP1") == CHAIN[order]
        assert {row[-1] for row in inventory(client, "A", "B", "C").values()} == {"0"}


@pytest.fixture(scope="class")
def crossing(django_db_setup: None, django_db_blocker: Any) -> Iterator[City]:
    with django_db_blocker.unblock(), transaction.atomic():
        city = make_city({"A": School((1, 1, 0, 0)), "B": School((1, 1, 0, 0))}, calendar=NOON)
        city.apply("ALM1", x="A", I2="A B", U="A B")
        city.play("ALM1", {"A": "x I2 U", CENTRAL: "I2 U"})
        city.apply("ALM2", y="B", I1="B A")
        city.play("ALM2", {"B": "y I1"})
        invite(city)
        yield city
        transaction.set_rollback(True)


class TestCrossing:
    @pytest.mark.parametrize(
        ("order", "result"),
        [
            ("I1 I2", {"I1": "B", "I2": "A"}),
            ("I2 I1", {"I1": "B", "I2": "A"}),
            ("U I2 I1", {"I1": "A", "I2": "B", "U": "unchanged"}),
        ],
    )
    def test_crossing_improvers(self, crossing: City, order: str, result: dict[str, str]):
        """AE-16 (a) in both orders, and (b)"""
        client, at_desk = manager(crossing), desk(crossing)
        for key in result:
            assert opt_in(at_desk, crossing, key).status_code == 302
        play_on_screen(client, crossing, "VOVP1", {CENTRAL: order})
        assert results(client, "VOVP1") == result


def test_whole_application_period():
    """AE-17: dice on the page, then the results and the places to the next period."""
    schools: dict[str, Any] = {
        "A": School(2, "sibling neighbourhood"), "B": 3, "C": School(2, "preschool"),
        "D": 1, "E": 0, "U": UNCAPPED,
    }  # fmt: skip
    city = make_city(schools)
    city.apply(
        "ALM1",
        a1=Form("A", postcode="2511AB"), a2=Form("A", claims="sibling"), a3="A B C D U", a4="A C B D E",
        b1="B", b2="B", c1=Form("C", claims="preschool"), c2="C B A D U", c3="C",
        d1=Form("D", care_request=True, care_duty=True), d2="D",
    )  # fmt: skip
    client = manager(city)
    play_on_screen(client, city, "ALM1", {"C": "c3 c2 c1", "D": "d2 d1", CENTRAL: "c2 a3 a4"})
    assert results(client, "ALM1") == {
        "a1": "A", "a2": "A", "a3": "U", "a4": "unplaced", "b1": "B", "b2": "B", "c1": "C", "c2": "B", "c3": "C",
        "d1": "care_follow_up", "d2": "D",
    }  # fmt: skip
    open_places = {
        row[0].rpartition(" ")[2]: row[-1] for row in rows_of(client, address("round-detail", "ALM1"))
    }
    assert {open_places[school] for school in "ABCDE"} == {"0"}


def test_freed_seats_go_where_the_table_says():
    """AE-20: withdrawals typed on the page of the reply, read back from the inventory of both VOVPs."""
    city = make_city({"A": 4, "C": School((0, 0, 0, 1))}, calendar=NOON)
    city.apply("ALM1", a="A")
    city.apply("ALM2", b="A", c="A", d="A", e="A")
    city.play("ALM1")
    client = manager(city)

    def withdraw(key: str, moment: str) -> None:
        city.move_clock(moment)
        url = address("reply", brin("A"), city.seat(key).pk)
        answer = client.post(url, {"answer": "withdraw", "reason": "uncapped_school"})
        assert answer.status_code == 302, answer.content.decode()[-2000:]

    def freed(code: str) -> str:
        return inventory(client, "A", code=code)["A"][1]

    withdraw("a", "2024-02-12T10:00")
    city.play("ALM2")
    assert city.round("ALM2").state == RoundState.OFFERS
    assert freed("VOVP1") == "1"  # February skipped ALM2
    invite(city, at="2024-05-26T10:00")
    withdraw("b", "2024-05-26T11:00")
    assert freed("VOVP1") == "2"  # the eve of the freeze still counts
    city.freeze("VOVP1")
    withdraw("c", "2024-05-27T10:00")
    city.play("VOVP1")
    withdraw("d", "2024-05-30T12:00")
    assert (freed("VOVP1"), freed("VOVP2")) == ("2", "2")
    city.apply("ALM3", f="A")
    city.play("ALM3")
    withdraw("f", "2024-08-20T10:00")
    assert freed("VOVP2") == "3"
    city.apply("ALM4", g="A", v="C", w="C")
    city.play("ALM4", {"C": "v w"})
    invite(city, at="2024-10-21T10:00", code="VOVP2")
    assert opt_in(desk(city), city, "w", "De Proef A", code="VOVP2", at="2024-10-21T09:00").status_code == 302
    city.move_clock("2024-11-09T10:00")
    city.play("VOVP2")
    assert city.seats()["w"] == "A"
    # The last two rows: no round is left, so the seat stays in the book of its own round, for the school.
    for key, code, moment in (("g", "ALM4", "2024-11-20T10:00"), ("w", "VOVP2", "2024-12-12T10:00")):
        before = text(client, address("ledger-school", brin("A")) + f"?ronde={code}")
        assert "child withdrawn" not in before
        withdraw(key, moment)
        after = text(client, address("ledger-school", brin("A")) + f"?ronde={code}")
        assert "1 child withdrawn" in after and "came free goes to" not in after
        assert "the school, from 1 December" in after
        assert freed("VOVP2") == "3"
    assert city.contradictions() == []
