"""What tests of the VOVP's pages share: a city of three children up to the opt-in window, and its people."""

from datetime import datetime
from typing import Any

from django.test import Client

from admissions.models import Participation
from schools.enums import Role
from schools.models import AMSTERDAM
from tests.admissions.office import address, logged_in
from tests.factories.city import CENTRAL, City, School, make_city
from tests.factories.schools import region_user

NOON = {"VOVP1": {"visible_to_schools_at": "2024-05-29T12:00"}}


def improver_city() -> City:
    """AE-14: I sits at B, its second choice; U has nothing; one free seat at A, given back by x."""
    schools = {"A": School((1, 0, 0, 0)), "B": School((1, 0, 0, 0)), **dict.fromkeys("CDEF", 0)}
    city = make_city(schools, calendar=NOON)
    city.apply("ALM1", x="A", I="A B C D E", U="A B C D E")
    city.play("ALM1", {"A": "x I U", CENTRAL: "I U"})
    city.withdraw("x", on="2024-02-12")
    city.play("ALM2")
    return city


def desk(city: City) -> Client:
    return logged_in(region_user(city.year.region, Role.PARENT_DESK))


def office(city: City) -> Client:
    return logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))


def manager(city: City) -> Client:
    return logged_in(region_user(city.year.region, Role.PROGRAMME_MANAGER))


def set_clock(client: Client, moment: str) -> None:
    """Move the clock of the rehearsal on its page, ``2024-05-14T09:00``; rounds move along."""
    day, _t, at = moment.partition("T")
    answer = client.post(address("clock"), {"day": day, "at": at})
    assert answer.status_code == 302, answer.content.decode()[-3000:]


def invite(city: City, *, at: str = "2024-05-14T09:00", code: str = "VOVP1") -> Client:
    """The manager invites on the page and lets the window open; answers the manager."""
    client = manager(city)
    assert client.post(address("vovp-invite", code)).status_code == 302
    set_clock(client, at)
    return client


def family(city: City, key: str, code: str = "VOVP1") -> Participation:
    return Participation.objects.get(application__form__form_reference=key, round=city.round(code))


def message(at: str = "2024-05-13T10:00", **fields: Any) -> dict[str, Any]:
    """What the desk types of one mail."""
    day, _t, time = at.partition("T")
    return {"action": "register", "day": day, "at": time, "channel": "email"} | fields


def opt_in(client: Client, city: City, key: str, *added: str, code: str = "VOVP1", **fields: Any) -> Any:
    """Type one message on the page of the family; ``added`` as somebody would type a school."""
    schools = {f"school_{number}": text for number, text in enumerate(added, start=1)}
    url = address("vovp-family", family(city, key, code).pk)
    return client.post(url, message(**fields) | schools)


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)
