"""Fetching the beacon from a server of our own: right, slow, wrong, garbage and broken (sections 7 point 4 and 10)."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from lottery.engine.commitment import beacon_time
from lottery.enums import AttestationKind, EntryKind, SessionState
from lottery.models import BlindEntry
from lottery.services.beacon import BeaconError
from lottery.services.beacon_fetch import CHAIN, fetch_beacon
from lottery.services.beacon_steps import FETCH_BEACON, may_fetch, request_fetch
from lottery.services.blind_entries import Entered, enter
from lottery.services.sessions import SessionError
from lottery.tasks import fetch_beacon_task
from schools.enums import JobState
from schools.errors import RefusedError
from schools.models import Job
from schools.services.jobs import AlreadyRunning
from tests.factories.ceremony import Room, logged_in, open_room

ROOT = Path(__file__).resolve().parents[2]
ROUND = 657413
SIGNATURE = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
VALUE = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"
RIGHT = {"round": ROUND, "randomness": VALUE, "signature": SIGNATURE}


@dataclass
class Beacon:
    """A server that answers as the test says; keeps what it was asked."""

    status: int = 200
    body: bytes = json.dumps(RIGHT).encode()
    pause: float = 0.0  # before the first byte
    drip: float = 0.0  # between the bytes
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    address: str = ""


@pytest.fixture
def beacon(settings: Any) -> Iterator[Beacon]:
    plan = Beacon()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            plan.asked.append(self.path)
            time.sleep(plan.pause)
            try:
                self.send_response(plan.status)
                for name, value in plan.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for at in range(0, len(plan.body), 1 if plan.drip else 100_000):
                    self.wfile.write(plan.body[at : at + (1 if plan.drip else 100_000)])
                    self.wfile.flush()
                    time.sleep(plan.drip)
            except OSError:
                return  # the other side hung up, as it should

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    plan.address = f"http://127.0.0.1:{server.server_port}"
    settings.BEACON_URLS, settings.BEACON_TIMEOUT = [plan.address], 60.0
    yield plan
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def refusal(work: Callable[[], Any]) -> str:
    with pytest.raises(RefusedError) as caught:
        work()
    return str(caught.value)


# --- one question ---------------------------------------------------------------------------------------------------


def test_right_value_is_fetched_from_the_chain_of_the_specification(beacon: Beacon):
    found = fetch_beacon(ROUND)
    assert (found.number, found.value, found.signature) == (ROUND, VALUE, SIGNATURE)
    assert beacon.asked == [f"/{CHAIN}/public/{ROUND}"]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"body": json.dumps(RIGHT | {"round": ROUND + 1}).encode()}, "value of round 657414"),
        ({"body": json.dumps(RIGHT | {"randomness": "0" + VALUE[1:]}).encode()}, "do not belong together"),
        ({"body": json.dumps(RIGHT | {"signature": SIGNATURE[:-2]}).encode()}, "94 signs"),
        ({"body": json.dumps(RIGHT | {"randomness": "x" * 64}).encode()}, "“x”"),
        ({"body": json.dumps(RIGHT | {"randomness": 7}).encode()}, "not the answer of a beacon"),
        ({"body": b'{"round": true}'}, "not the answer of a beacon"),
        ({"body": b"[1, 2"}, "not the answer of a beacon"),
        ({"body": b"[" * 4000}, "not the answer of a beacon"),
        ({"body": b"\xff\xfe\x00garbage"}, "not the answer of a beacon"),
        ({"body": b""}, "not the answer of a beacon"),
        ({"body": b"x" * 3_000_000}, "not the answer of a beacon"),
        ({"status": 500}, "error 500"),
        ({"status": 404}, "not known there yet"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, "error 302"),
        ({"pause": 3.0}, "did not answer in time"),
        ({"drip": 0.05}, "did not answer in time"),
    ],
)
def test_everything_else_is_told(beacon: Beacon, plan: dict[str, Any], told: str, settings: Any):
    # Only who answers slowly is judged by the clock; on a busy machine the others may take their time.
    if told == "did not answer in time":
        settings.BEACON_TIMEOUT = 1.0
    for name, value in plan.items():
        setattr(beacon, name, value)
    text = refusal(lambda: fetch_beacon(ROUND))
    assert told in text
    assert "let two people type it" in text


def test_signature_of_another_round_is_found_out(beacon: Beacon):
    """The hash is right and the round is what was asked: only the BLS signature shows it."""
    beacon.body = json.dumps(RIGHT | {"round": ROUND + 1200}).encode()
    assert "657413" in refusal(lambda: fetch_beacon(ROUND + 1200, listed=(ROUND, ROUND + 1200)))


def test_next_address_is_asked_when_the_first_is_silent(beacon: Beacon, settings: Any):
    settings.BEACON_URLS = ["http://127.0.0.1:1", "file:///etc", beacon.address]
    assert fetch_beacon(ROUND).value == VALUE


def test_without_addresses_nothing_is_fetched(settings: Any):
    assert settings.BEACON_URLS == []
    with pytest.raises(BeaconError, match="No address"):
        fetch_beacon(ROUND)


# --- in a session ---------------------------------------------------------------------------------------------------


@pytest.fixture
def room() -> Room:
    room = open_room()
    room.lock(beacon_at=beacon_time(ROUND))
    return room


def fetch(room: Room) -> Job:
    job = request_fetch(session_id=room.session().pk, actor=room.first)
    fetch_beacon_task(job.pk)
    job.refresh_from_db()
    return job


def read_along(room: Room, *, value: str = VALUE, signature: str = "") -> Entered:
    return enter(
        session_id=room.session().pk,
        kind=EntryKind.BEACON,
        values=[str(ROUND), value, signature],
        actor=room.notary,
    )


@pytest.mark.django_db
def test_fetched_value_waits_for_one_person_who_reads_it_along(room: Room, beacon: Beacon):
    assert fetch(room).state == JobState.DONE
    entry = BlindEntry.objects.get(kind=EntryKind.BEACON)
    assert entry.user is None
    assert room.session().beacon_value == ""  # nothing counts before a person has read the same
    assert not may_fetch(room.session())
    assert "not the value that was fetched" in refusal(lambda: read_along(room, value="0" * 64))
    assert read_along(room) == Entered.EQUAL
    session = room.session()
    assert (session.state, session.beacon_value, session.beacon_signature) == (
        SessionState.SEEDED,
        VALUE,
        SIGNATURE,
    )
    users = session.attestations.filter(kind=AttestationKind.BEACON).values_list("user", flat=True)
    assert set(users) == {None, room.notary.pk}


@pytest.mark.django_db
def test_value_typed_first_and_fetched_after_is_enough(room: Room, beacon: Beacon):
    assert "Type the signature" in refusal(lambda: read_along(room))
    assert read_along(room, signature=SIGNATURE) == Entered.WAITING
    fetch(room)
    assert room.session().state == SessionState.SEEDED


@pytest.mark.django_db
def test_failure_leaves_typing_and_may_be_tried_again(room: Room, beacon: Beacon):
    beacon.status = 500
    job = fetch(room)
    assert job.state == JobState.FAILED
    assert "type" in job.message.lower() or "typen" in job.message.lower()
    assert not BlindEntry.objects.filter(kind=EntryKind.BEACON).exists()
    assert may_fetch(room.session())
    beacon.status = 200
    assert fetch(room).state == JobState.DONE


@pytest.mark.django_db
def test_task_delivered_twice_asks_once(room: Room, beacon: Beacon):
    job = fetch(room)
    fetch_beacon_task(job.pk)
    assert len(beacon.asked) == 1
    assert BlindEntry.objects.filter(kind=EntryKind.BEACON).count() == 1


@pytest.mark.django_db
def test_second_who_asks_reads_that_it_is_running(room: Room, beacon: Beacon):
    request_fetch(session_id=room.session().pk, actor=room.first)
    with pytest.raises(AlreadyRunning):
        request_fetch(session_id=room.session().pk, actor=room.second)
    assert Job.objects.filter(kind=FETCH_BEACON).count() == 1


@pytest.mark.django_db
def test_off_by_default_and_no_button(room: Room):
    assert not may_fetch(room.session())
    with pytest.raises(SessionError):
        request_fetch(session_id=room.session().pk, actor=room.first)
    client = logged_in(room.notary)
    assert "ophalen" not in client.get(f"/zittingen/{room.session().name}/").content.decode()


@pytest.mark.django_db
def test_button_does_not_wait_for_the_answer(
    room: Room, beacon: Beacon, django_capture_on_commit_callbacks: Any
):
    client, name = logged_in(room.notary), room.session().name
    page = f"/zittingen/{name}/"
    assert f'action="{page}stap/ophalen/"' in client.get(page).content.decode()
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        assert client.post(f"{page}stap/ophalen/").status_code == 302
    assert beacon.asked == []
    assert len(callbacks) == 1
    callbacks[0]()
    shown = client.get(page).content.decode()
    assert VALUE not in shown
    assert "stap/ophalen/" not in shown
    assert client.post(f"{page}stap/baken/", {"round": ROUND, "value": VALUE}).status_code == 302
    assert room.session().state == SessionState.SEEDED


def test_checking_a_signature_leaves_the_limit_of_recursion_alone():
    """py_ecc lifts it while it is imported; deep JSON would then end the process (in a process of its own here)."""
    program = (
        "import json, sys\n"
        "from lottery.services.beacon import is_signed\n"
        f"assert is_signed({ROUND}, {SIGNATURE!r})\n"
        "assert sys.getrecursionlimit() < 10_000\n"
        "try:\n    json.loads('[' * 200_000)\n"
        "except RecursionError:\n    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr
