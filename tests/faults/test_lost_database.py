"""The database breaks off the connection of a worker in the middle of a transaction; the watchdog finishes the draw."""

import random
import time
from collections import Counter

import pytest
from django.db import connection

from admissions.services.draws.ceremony import request_draw
from admissions.tasks import watch_draws_task
from schools.enums import JobState
from tests.factories.ceremony import open_room
from tests.factories.worker import NAME, Worker, wait_until
from tests.faults.test_killed_worker import finished_once, half_a_minute_passes, is_done, outcome_so_far

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no connections to break off"),
]
# Whose transaction writes something: reading alone has nothing to lose. Only of this database: the workers of tests
# that run beside this one have the same name.
BREAK_OFF = """
    SELECT query, pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = %s
        AND xact_start IS NOT NULL AND backend_xid IS NOT NULL
"""


def broken_off() -> str:
    """The statement at which a writing transaction of the worker was broken off; "" when there was none."""
    with connection.cursor() as cursor:
        cursor.execute(BREAK_OFF, [NAME])
        rows = cursor.fetchall()
    return str(rows[0][0]) if rows else ""


@pytest.mark.parametrize(
    "times", [pytest.param(3, id="sample"), pytest.param(50, id="full", marks=pytest.mark.long)]
)
def test_draw_goes_on_after_its_connection_was_broken_off(worker: Worker, times: int):
    chance = random.Random(times)
    hit: Counter[str] = Counter()
    turn, length = 0, 1.0
    while hit.total() < times:
        turn += 1
        room = open_room(slug=f"city-{turn}")
        session = room.seed()
        job = request_draw(session.pk, actor=room.first)
        begun = time.monotonic()
        wait_from = begun + chance.uniform(0, length)
        statement = ""
        while not statement and not is_done(job):
            if time.monotonic() >= wait_from:
                statement = broken_off()
        if statement:
            words = statement.split()
            hit[" ".join([words[0], *(words[2:3] if words[0] == "INSERT" else words[1:2])])] += 1
            time.sleep(0.2)  # the worker finds out
        else:
            length = min(length, time.monotonic() - begun) * 0.9
            assert turn < 5 * times + 10, "nothing is hit any more"
        seen = outcome_so_far(room)
        job.refresh_from_db()
        assert job.state != JobState.FAILED, job.message
        if job.state != JobState.DONE:
            half_a_minute_passes(job)
            watch_draws_task.delay()
            wait_until(
                lambda job=job: is_done(job), what=f"the watchdog in turn {turn}: {worker.log()[-2000:]}"
            )
        finished_once(room, job, seen)
    print(f"broken off {hit.total()} times in {turn} draws: {dict(hit)}")
