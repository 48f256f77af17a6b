"""Many clicks at the same moment: one record, and nobody sees an error page. Real threads, on both databases."""

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import Client

from admissions.enums import Decision, FormState
from admissions.models import Application, ApplicationForm, FormEntry
from notifications.models import Message
from schools.models import Event
from tests.admissions.entry_pages import Desk, make_desk
from tests.factories.schools import school_user

pytestmark = pytest.mark.django_db(transaction=True)
CLICKS, AT_ONCE = 100, 10


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def at_once(calls: list) -> Counter[int]:
    """Run the calls, ten at a time, and count the answers by status."""
    gate = threading.Barrier(min(AT_ONCE, len(calls)), timeout=30)
    started = threading.Lock()
    first = [min(AT_ONCE, len(calls))]

    def run(call) -> int:
        with started:
            waits = first[0] > 0
            first[0] -= 1
        if waits:
            gate.wait()
        try:
            return call().status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(run, calls))


def client_of(desk: Desk) -> Client:
    client = Client(raise_request_exception=False)
    client.cookies.update(desk.client.cookies)
    return client


def test_a_hundred_clicks_on_final_make_one_form(desk: Desk):
    clicks = CLICKS if connection.vendor == "postgresql" else 20  # one writer at a time on SQLite
    key = uuid.uuid4()
    url, typed = desk.url("entry", key), desk.typed() | {"actie": "definitief", "revision": "0"}
    answers = at_once([lambda: client_of(desk).post(url, typed) for _ in range(clicks)])
    assert answers == {302: clicks}
    assert (FormEntry.objects.count(), ApplicationForm.objects.count()) == (1, 1)
    assert ApplicationForm.objects.get().state == FormState.FINAL
    assert Message.objects.filter(kind="M01").count() == 1
    assert Event.objects.filter(kind="form_final").count() == 1


def test_two_schools_finalise_one_child_at_the_same_moment(desk: Desk):
    """DH-034: the second is refused in words, and the first counts."""
    other = desk.others[0]
    second = Client(raise_request_exception=False)
    second.force_login(school_user(other.programme.school))
    there = f"/school/{other.programme.school.brin}/formulieren/invoer/{uuid.uuid4()}/"
    here = desk.url("entry", uuid.uuid4())
    mine = desk.typed() | {"actie": "definitief", "revision": "0"}
    theirs = mine | {"preference_2": "gantel"}
    answers = at_once([lambda: client_of(desk).post(here, mine), lambda: second.post(there, theirs)])
    assert set(answers) <= {302, 409, 422}
    assert answers[302] == 1
    assert Application.objects.filter(decision=Decision.UNDECIDED).count() == 1


def test_saves_of_one_window_side_by_side_lose_nothing(desk: Desk):
    key = uuid.uuid4()
    url = desk.url("entry-keep", key)
    calls = [
        lambda n=n: client_of(desk).post(
            url, desk.typed(street=f"Laan {n}") | {"revision": "0", "window": f"w{n}"}
        )
        for n in range(10)
    ]
    assert at_once(calls) == {200: 10}
    entry = FormEntry.objects.get()
    # One of them is stored; the others are told to compare, and the last of these waits.
    assert entry.typed["street"].startswith("Laan")
    assert Application.objects.count() == 1
