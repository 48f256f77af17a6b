"""Every address of the site × every kind of person × our own row, another school's and another region's.

The cases are generated from ``schools/matrix.py`` and the URL conf. A new address without a row in ``PAGES`` fails,
a permission that is not in ``MATRIX`` fails, and a page that answers anything but its row says fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import rules
from django.db import transaction
from django.urls import URLPattern, get_resolver, reverse

from schools.matrix import ACCOUNT, MATRIX, PAGES, PUBLIC, TOKEN, Page
from tests.permissions.objects import Person, Place, World, client_of, make_people, make_world

pytestmark = pytest.mark.django_db

LIBRARY = ("account_", "mfa_")  # logging in: the library's own addresses, about the own account only
CONSTANTS = {
    "year": "2023-2024",
    "topic": "inloggen",
    "file": "dossiers.txt",
    "step": "dobbelstenen",
    "template": "ALM124_FIRST",
    "kind": "schaduwuitslag",
    "condition": "formulieren",
}
REFUSED = (403, 404)
WRONG_METHOD = 405


@dataclass(frozen=True)
class Address:
    name: str
    view: Any
    takes: tuple[str, ...]

    @property
    def page(self) -> Page:
        return PAGES.get(self.name, Page())


def addresses() -> list[Address]:
    """Every named address in the URL conf, those of the login library left out."""

    def walk(resolver: Any, space: str) -> Iterator[Address]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLPattern):
                name = f"{space}{entry.name}" if entry.name else f"{space}{entry.pattern}"
                yield Address(name, entry.callback, tuple(entry.pattern.regex.groupindex))
            else:
                inner = f"{space}{entry.namespace}:" if entry.namespace else space
                for found in walk(entry, inner):
                    takes = (*entry.pattern.regex.groupindex, *found.takes)
                    yield Address(found.name, found.view, takes)

    return [found for found in walk(get_resolver(), "") if not found.name.startswith(LIBRARY)]


ADDRESSES = addresses()
PEOPLE = (
    "school_admin",
    "school_director",
    "care_coordinator",
    "programme_manager",
    "central_office",
    "named_for_care",
    "notary",
    "school_desk",
    "parent_desk",
    "school_admin next door",
    "school_director next door",
    "care_coordinator next door",
    "programme_manager elsewhere",
    "central_office elsewhere",
    "notary elsewhere",
    "school_desk elsewhere",
    "parent_desk elsewhere",
    "nobody",
    "anonymous",
)


# --- the table itself ----------------------------------------------------------------------------------------------


def test_every_address_has_a_row_and_every_row_an_address():
    names = {address.name for address in ADDRESSES}
    assert names - set(PAGES) == set(), "add a line to PAGES in schools/matrix.py"
    assert set(PAGES) - names == set(), "these rows of PAGES have no address any more"


def test_every_row_names_permissions_of_the_matrix():
    known = {*MATRIX, PUBLIC, ACCOUNT, TOKEN, ""}
    assert {name for name, page in PAGES.items() if {page.get, page.post} - known} == set()
    assert {name for name, page in PAGES.items() if not page.get and not page.post} == set()


def test_rules_know_the_permissions_of_the_matrix_and_no_others():
    ours = {name for name in rules.permissions.permissions if name.split(".")[0] in ("admissions", "lottery")}
    assert ours == set(MATRIX)


def test_views_ask_the_permission_of_their_row():
    wrong = {}
    for address in ADDRESSES:
        view = getattr(address.view, "view_class", None)
        asked = getattr(view, "permission", None)
        if asked is not None and asked not in (address.page.get, address.page.post):
            wrong[address.name] = asked
        posted = getattr(view, "post_permission", "")
        if posted and posted != address.page.post:
            wrong[address.name] = posted
    assert wrong == {}


def test_public_pages_are_public_on_purpose():
    """Nothing opens without logging in that is not PUBLIC in the table; the API asks for itself."""
    without_login = {a.name for a in ADDRESSES if not getattr(a.view, "login_required", True)}
    assert {name for name in without_login if PUBLIC not in (PAGES[name].get, PAGES[name].post)} == {
        "api:job",
        *(name for name, page in PAGES.items() if page.get == TOKEN),
    }


# --- every address × every kind of person --------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One request: to the pages of ``school`` (None: no school in the address), about a row of ``row``."""

    address: Address
    method: str
    url: str
    school: Place | None
    row: Place | None

    def is_own(self, person: Person) -> bool:
        places = [place for place in (self.school, self.row) if place is not None]
        return all(place in person.reach for place in places) and len({id(place) for place in places}) < 2


def is_public(address: Address) -> bool:
    return PUBLIC in (address.page.get, address.page.post)


def link(address: Address, school: Place, row: Place) -> str:
    values = {"brin": school.school.brin, "region": row.region.slug, **CONSTANTS}
    for name in address.takes:
        if name not in values:
            # A public page is about a secret code: a wrong one finds nothing.
            nobody_has_it = is_public(address) or address.page.get == TOKEN
            values[name] = row.rows.get(address.page.about, "onbekend" if nobody_has_it else "")
            assert values[name], (
                f"add a line about {address.page.about!r} to ROWS in tests/permissions/objects.py"
            )
    return reverse(address.name, kwargs={name: values[name] for name in address.takes})


def cases(world: World) -> Iterator[Case]:
    """Ours, and what is somebody else's: another region's school, the row of a school next door or elsewhere."""
    ours, next_door, elsewhere = world.ours, world.next_door, world.elsewhere
    for address in (a for a in ADDRESSES if a.name in PAGES):  # one without a row fails a test of its own
        has_row = address.page.about not in ("", "topic")
        if "brin" in address.takes:
            pairs = [(ours, ours), (elsewhere, elsewhere)]
            if address.page.about == "round":  # every school of a region has the same rounds
                pairs += [(ours, elsewhere)]
            elif has_row:
                pairs += [(ours, next_door), (ours, elsewhere)]
        else:
            pairs = [(None, ours), (None, elsewhere)] if has_row else [(None, ours)]
        for method in ("get", "post"):
            for school, row in pairs:
                url = link(address, school or row, row)
                yield Case(address, method, url, school, row if has_row else None)


def refusal(case: Case, person: Person, status: int, location: str) -> str:
    """Empty when the answer is what the table says; otherwise what it should have been."""
    page = case.address.page
    wanted, other = (page.get, page.post) if case.method == "get" else (page.post, page.get)
    if status >= 500:
        return "no error of ours"
    if PUBLIC in (wanted, other):
        # What a stranger may do there the page itself says: a code that is not known, a signature that is wrong.
        return "" if wanted == PUBLIC or status in (302, *REFUSED, WRONG_METHOD) else "refused"
    if TOKEN in (wanted, other):
        return "" if status in (401, 403, WRONG_METHOD) else "refused: only for a system with a token"
    if person.user is None:
        if case.address.name.startswith("api:"):
            return "" if status in (401, 403) else "refused without logging in"
        return "" if status == 302 and "/accounts/login/" in location else "sent to the login page"
    if wanted == ACCOUNT:
        return "" if status in (200, 302) else "open to every account"
    if not wanted:
        return "" if status in (*REFUSED, WRONG_METHOD) else "refused: nobody may do this"
    may = not MATRIX[wanted].who.isdisjoint(person.kinds)
    if not case.is_own(person):
        # Nobody learns which schools and rows exist elsewhere; without the permission a page may say "forbidden".
        foreign_school = case.school is not None and case.school not in person.reach
        fine = (404,) if may or foreign_school else REFUSED
        return "" if status in fine else "a foreign school or row is not found"
    if not may:
        return "" if status in REFUSED else "refused"
    if page.inside and status in REFUSED:
        return ""
    return "" if status not in (*REFUSED, WRONG_METHOD) else "open"


@pytest.mark.parametrize("who", PEOPLE)
def test_every_page_answers_what_the_matrix_says(who: str, record_property: Any):
    world = make_world()
    everybody = make_people(world)
    assert set(everybody) == set(PEOPLE)
    person = everybody[who]
    client = client_of(person.user)
    wrong, count = [], 0
    for case in cases(world):
        with transaction.atomic():
            answer = getattr(client, case.method)(case.url)
            transaction.set_rollback(True)
        count += 1
        said = refusal(case, person, answer.status_code, answer.headers.get("Location", ""))
        if said:
            wrong.append(f"{case.method} {case.url}: {answer.status_code}, but {said}")
    record_property("cases", count)
    print(f"{who}: {count} cases")
    assert count > 2 * len(ADDRESSES)
    assert not wrong, "\n".join([f"{len(wrong)} of {count} cases are open:", *wrong])
