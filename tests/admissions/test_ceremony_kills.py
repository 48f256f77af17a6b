"""The worker's process is killed (SIGKILL) in the middle of a draw; the watchdog finishes it, once."""

import json
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from admissions.services.draws.ceremony import request_draw
from admissions.tasks import watch_draws_task
from lottery.enums import SessionState
from lottery.models import DrawSession
from schools.enums import JobState
from schools.models import Job
from schools.services.jobs import DRAW_STALE
from tests.factories.ceremony import open_room

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = """
import json, os, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
from django.conf import settings
settings.DATABASES["default"].update(json.loads(sys.argv[1]))
import django
django.setup()
module, _dot, name = sys.argv[2].rpartition(".")
target = __import__(module, fromlist=[name])
real = getattr(target, name)
def die(*args, **kwargs):
    if sys.argv[3] == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(target, name, die)
from admissions.tasks import start_draw
start_draw(int(sys.argv[4]))
"""


def run_and_kill(place: str, when: str, job: Job) -> int:
    """A process of its own on the same database, that is killed at ``place``; answers its exit code."""
    database = {key: connection.settings_dict[key] for key in ("NAME", "HOST", "PORT", "USER", "PASSWORD")}
    command = [sys.executable, "-c", WORKER, json.dumps(database, default=str), place, when, str(job.pk)]
    return subprocess.run(command, cwd=ROOT, timeout=120, capture_output=True).returncode


@pytest.mark.parametrize(
    ("place", "when"),
    [
        ("lottery.services.sessions.compute", "after"),
        ("lottery.services.sessions.store_outcome", "after"),
        ("lottery.services.sessions.verify_files", "after"),
        ("admissions.services.draws.outcomes.carry_over", "after"),
        ("admissions.services.draws.outcomes.hold_outcome_messages", "after"),
    ],
)
def test_killed_worker(place: str, when: str, monkeypatch: pytest.MonkeyPatch):
    room = open_room()
    session = room.seed()
    with monkeypatch.context() as patch:  # the broker is away: nothing starts by itself
        patch.setattr("admissions.tasks.start_draw", lambda job_id: None)
        job = request_draw(session.pk, actor=room.first)
    assert run_and_kill(place, when, job) == -signal.SIGKILL
    job.refresh_from_db()
    assert job.state == JobState.RUNNING and job.heartbeat_at is not None
    assert room.session().state != SessionState.APPLIED and room.city.seats() == {}
    assert watch_draws_task() == 0
    Job.objects.filter(pk=job.pk).update(heartbeat_at=job.heartbeat_at - DRAW_STALE - timedelta(seconds=1))
    assert watch_draws_task() == 1
    job.refresh_from_db()
    assert (job.state, room.session().state) == (JobState.DONE, SessionState.APPLIED)
    assert DrawSession.objects.count() == 1 and len(room.city.placements()) == 3
    assert room.city.contradictions() == []
