"""``kill -9`` of a real worker at any moment of a draw, on the real broker: the watchdog finishes it, once.

OA-LOT/1 section 12 test 9. The number of kills is small in ``make test`` and 200 in ``make test-long``.
"""

import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from admissions.services.draws.ceremony import request_draw
from admissions.tasks import watch_draws_task
from lottery.engine.outcome import render_outcome
from lottery.enums import SessionState
from lottery.models import DrawSession
from lottery.services.sessions import compute
from schools.enums import JobState
from schools.models import Job
from schools.services.jobs import DRAW_STALE
from tests.factories.ceremony import Room, open_room
from tests.factories.worker import Worker, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="tried with PostgreSQL and Redis, as in service"
    ),
]

both_counts = pytest.mark.parametrize(
    "kills", [pytest.param(5, id="sample"), pytest.param(200, id="full", marks=pytest.mark.long)]
)


def is_done(job: Job) -> bool:
    return Job.objects.only("state").get(pk=job.pk).state in (JobState.DONE, JobState.FAILED)


def undisturbed(worker: Worker, job: Job) -> None:
    """A draw that nobody kills ends by itself; when it does not, what was known of it is said."""
    try:
        wait_until(lambda: is_done(job), what="a draw that nobody disturbs")
    except AssertionError as exc:
        known = Job.objects.filter(pk=job.pk).values("state", "step", "requested_at", "heartbeat_at").get()
        raise AssertionError(f"{exc}: {known}, children {worker.children()}, {worker.log()[-2000:]}") from exc


def half_a_minute_passes(job: Job) -> None:
    """Nobody has been heard of for as long as it takes the watchdog to call a process dead."""
    past = DRAW_STALE + timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(
        requested_at=F("requested_at") - past, heartbeat_at=F("heartbeat_at") - past
    )


def finished_once(room: Room, job: Job, seen: set[bytes]) -> None:
    """One official session with the one outcome there can be, every place given once, and nothing contradicts."""
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.message
    session = DrawSession.objects.get(round=room.round)
    assert session.state == SessionState.APPLIED
    assert seen | {bytes(session.outcome or b"")} == {render_outcome(compute(session))}
    assert len(room.city.placements()) == len(room.city.seats()) == 3
    assert room.city.contradictions() == []


def outcome_so_far(room: Room) -> set[bytes]:
    outcome = room.session().outcome
    return set() if outcome is None else {bytes(outcome)}


@both_counts
def test_draw_goes_on_after_a_kill_at_any_moment(worker: Worker, kills: int):
    chance = random.Random(kills)
    for number in range(2):  # the first draw of a process takes longer
        room = open_room(slug=f"city-warm-{number}")
        session = room.seed()
        started = time.monotonic()
        job = request_draw(session.pk, actor=room.first)
        undisturbed(worker, job)
        length = time.monotonic() - started
        finished_once(room, job, set())

    killed_in: Counter[str] = Counter()
    turn = too_late = 0
    while killed_in.total() < kills:
        turn += 1
        room = open_room(slug=f"city-{turn}")
        session = room.seed()
        everything = chance.random() < 0.25
        job = request_draw(session.pk, actor=room.first)
        time.sleep(chance.uniform(0, length))
        if everything:
            worker.kill()
        else:
            worker.kill_child()
        job.refresh_from_db()
        if job.state == JobState.DONE:
            too_late += 1
            length *= 0.9
            assert too_late < 2 * kills + 10, f"a draw takes {length:.2f} s, and nothing is hit any more"
        else:
            assert job.state in (JobState.REQUESTED, JobState.RUNNING)
            length *= 1.05
            killed_in[room.session().state] += 1
        seen = outcome_so_far(room)
        if everything:
            worker.start()
        if job.state != JobState.DONE:
            half_a_minute_passes(job)
            watch_draws_task.delay()
            wait_until(
                lambda job=job: is_done(job), what=f"the watchdog in turn {turn}: {worker.log()[-2000:]}"
            )
        finished_once(room, job, seen)
    print(f"killed while the session was {dict(killed_in)}; {too_late} came too late")
    assert DrawSession.objects.count() == turn + 2
    assert watch_draws_task() == 0
