"""A backup that is put back and goes on from there gives the same draw (OA-LOT/1 section 12 test 9).

With the programs an operator uses: pg_dump and pg_restore, on SQLite its own copy. The restored database is then worked
in by processes of their own, as the installation that took over would.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from admissions.models import Placement
from admissions.services.draws.ceremony import request_draw
from admissions.tasks import start_draw
from lottery.engine.outcome import render_outcome
from lottery.models import DrawSession
from lottery.services.sessions import compute
from schools.models import Job
from tests.admissions.test_processes import drop_database, on_server, server_url
from tests.factories.ceremony import open_room
from tests.factories.worker import ROOT, database_url

pytestmark = pytest.mark.django_db(transaction=True)

Restored = dict[str, Any]
SEAT = ("application__registration_number", "school_round__programme__code")
# What the installation that took over does: migrate (which puts the rules of the database back), take up what was left,
# take it up once more, and look whether everything adds up.
TAKE_OVER = """
import json, sys
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from admissions.models import Placement
from admissions.services.integrity.facts import all_problems
from admissions.tasks import start_draw
from lottery.models import DrawSession
from schools.models import Event, Job
for _turn in range(2):
    for job in Job.objects.filter(kind="draw"):
        start_draw(job.pk)
print(json.dumps({
    "hashes": list(DrawSession.objects.order_by("pk").values_list("outcome_hash", flat=True)),
    "seats": sorted(map(list, Placement.objects.values_list(*sys.argv[1:]))),
    "events": Event.objects.count(),
    "states": list(DrawSession.objects.order_by("pk").values_list("state", flat=True)),
    "problems": list(all_problems()),
}))
"""


@pytest.fixture
def backup(tmp_path: Path) -> Iterator[Callable[[str], Callable[[], Restored]]]:
    """Make a backup of the database as it is now; what it answers restores that and lets it go on."""
    made: list[str] = []

    def make(name: str) -> Callable[[], Restored]:
        file = tmp_path / name
        if connection.vendor == "sqlite":
            with sqlite3.connect(connection.settings_dict["NAME"]) as source, sqlite3.connect(file) as target:
                source.backup(target)
            return lambda: taken_over(f"sqlite:///{file}")
        subprocess.run(
            ["pg_dump", "--format=custom", f"--file={file}", database_url()], check=True, env=here()
        )
        url = server_url(f"oa_restored_{os.getpid()}_{name}")

        def restore() -> Restored:
            on_server(f'CREATE DATABASE "{url.rpartition("/")[2]}"')
            made.append(url)
            command = ["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", str(file)]
            subprocess.run(command, check=True, env=here())
            return taken_over(url)

        return restore

    if connection.vendor != "sqlite" and shutil.which("pg_dump", path=here()["PATH"]) is None:
        pytest.skip("pg_dump is not installed")
    yield make
    for url in made:
        drop_database(url)


def here() -> dict[str, str]:
    """The programs of the newest server come first: pg_dump refuses a server that is newer than itself."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    return os.environ | {"PATH": os.pathsep.join([*map(str, folders), os.environ["PATH"]])}


def taken_over(url: str) -> Restored:
    ours = {"TEST_DATABASE_URL", "DATABASE_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in ours} | {
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings_restored",
        "RESTORED_URL": url,
        "ENV_FILE": "/dev/null",
    }
    done = subprocess.run(
        [sys.executable, "-c", TAKE_OVER, *SEAT],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answer: Restored = json.loads(done.stdout.splitlines()[-1])
    return answer


def seats() -> list[list[str]]:
    return sorted(map(list, Placement.objects.values_list(*SEAT)))


def test_restored_backup_gives_the_same_draw(
    backup: Callable[[str], Callable[[], Restored]], monkeypatch: pytest.MonkeyPatch
):
    room = open_room(children=9, schools={"A": 3, "B": 2})
    session = room.seed()
    with monkeypatch.context() as patch:  # the broker is away: nothing starts by itself
        patch.setattr("admissions.tasks.start_draw", lambda job_id: None)
        job = request_draw(session.pk, actor=room.first)
    before = backup("seeded")
    start_draw(job.pk)
    session = DrawSession.objects.get()
    assert render_outcome(compute(session)) == bytes(session.outcome or b"")
    after = backup("applied")
    Job.objects.filter(pk=job.pk).update(state="requested", heartbeat_at=None)  # a message that comes late
    late = backup("late")
    for restore in (before, after, late):
        found = restore()
        assert found["problems"] == []
        assert (found["hashes"], found["states"]) == ([session.outcome_hash], ["applied"])
        assert found["seats"] == seats() and len(found["seats"]) == 5
