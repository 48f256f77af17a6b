"""What the tests of the office's pages share: logging in with a second factor, and a small played city."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from schools.enums import Role
from schools.models import Region, User
from tests.factories.city import UNCAPPED, City, Form, School, make_city
from tests.factories.schools import region_user, school_user

DICE = "1234561234" * 6
BOXES = {f"d{box}": "1234561234" for box in range(1, 7)}


def logged_in(user: User, *, second_factor: bool = True) -> Client:
    """In English, so that these tests do not depend on the Dutch catalogue."""
    if second_factor:
        Authenticator.objects.get_or_create(
            user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}}
        )
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def manager(city: City) -> Client:
    return logged_in(region_user(city.year.region))


def people(city: City, elsewhere: Region) -> dict[str, Client]:
    """Somebody of every kind, here and in another region, and somebody who has not logged in."""
    school = city.school_round("A", "ALM1").programme.school
    region = city.year.region
    anonymous = Client()
    anonymous.cookies["django_language"] = "en"
    return {
        "school_admin": logged_in(school_user(school)),
        "school_director": logged_in(school_user(school, Role.SCHOOL_DIRECTOR)),
        "care_coordinator": logged_in(school_user(school, Role.CARE_COORDINATOR)),
        "programme_manager": logged_in(region_user(region)),
        "central_office": logged_in(region_user(region, Role.CENTRAL_OFFICE)),
        "notary": logged_in(region_user(region, Role.NOTARY)),
        "elsewhere": logged_in(region_user(elsewhere)),
        "notary_elsewhere": logged_in(region_user(elsewhere, Role.NOTARY)),
        "anonymous": anonymous,
    }


def small_city(**fields: Any) -> City:
    """Three schools with a ceiling and six children in ALM1, before any draw.

    A has two places and three children: a1 with a sibling, a2, and a3 with care duty.
    """
    city = make_city({"A": School(2, rules="sibling"), "B": 3, "C": 2, "D": UNCAPPED}, **fields)
    city.apply(
        "ALM1",
        a1=Form("A", claims="sibling"),
        a2=Form("A B"),
        a3=Form("A C", care_request=True, care_duty=True),
        b1=Form("B C", care_request=True, care_duty=False),
        b2=Form("B D"),
        c1=Form(
            "C B",
            cells={"given_name": "Zoë", "surname_prefix": "van", "surname": "Dël"},
            born="2020-11-04",
        ),
    )
    return city


def played_city() -> City:
    """The small city after ALM1: a2 won the last place of A, a3 was drawn out with care duty."""
    city = small_city()
    city.play("ALM1", {"A": "a1 a2 a3"})
    return city


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def address(name: str, *args: Any) -> str:
    return reverse(f"admissions:{name}", args=args)
