"""The worked examples of den-haag.md section 7 about the VOVP, done with the pages alone (AE-14).

Dice are typed in the boxes of the rehearsal; the worker that computes is called by hand, as its task would.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from admissions.services.draws.rehearsal import play_round
from schools.models import Job
from tests.admissions.office import address, text
from tests.admissions.vovp_pages import desk, improver_city, invite, manager, opt_in
from tests.factories.city import CENTRAL, City, brin, dice_giving

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


@pytest.fixture(scope="module")
def improvers(django_db_setup: None, django_db_blocker: Any) -> Iterator[City]:
    with django_db_blocker.unblock(), transaction.atomic():
        city = improver_city()
        invite(city)
        yield city
        transaction.set_rollback(True)


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
    improvers: City, who: dict[str, tuple[str, ...]], order: str, result: dict[str, str]
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
