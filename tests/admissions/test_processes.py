"""The commands as processes of their own: exit codes, two at once, and runs that are killed (DESIGN section 6).

A killed run leaves a consistent round, and the same command finishes it: the same draw, nobody placed twice.
"""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings

from tests.acceptance.recompute import Recomputed, read_ledger, read_numbers, read_results
from tests.acceptance.test_unseen_year import make_year
from tests.factories.schools import DEMO

ROOT = Path(__file__).resolve().parent.parent.parent
DICE = "123456" * 10
STEPS = 6  # lines of progress of an application period before its last line


class Installation:
    """A database of its own, on the engine of this test run, with the commands of a real process."""

    def __init__(self, url: str) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in ("TEST_DATABASE_URL",)},
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DATABASE_URL": url,
            "SECRET_KEY": "only-for-tests",
            "ENV_FILE": "/dev/null",
        }

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", ROOT / "manage.py", *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: object) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def must(self, *arguments: object) -> str:
        code, out, err = self.run(*arguments)
        assert code == 0, out + err
        return out

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        url = self.environment["DATABASE_URL"]
        open_it: Any = sqlite3.connect if url.startswith("sqlite") else psycopg2.connect
        with contextlib.closing(open_it(url.removeprefix("sqlite:///"))) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall())

    def kill_during(self, *arguments: object, after_lines: int, seconds: float) -> bool:
        """Kill the command some time after it said so many lines; False when it was ready before that."""
        process = self.start(*arguments)
        assert process.stdout is not None
        for _ in range(after_lines):
            process.stdout.readline()
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the verifier too
        process.communicate()
        return process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty children, places enough for some of them."""
    directory = tmp_path_factory.mktemp("year")
    make_year(directory, children=160, chance=random.Random(7))
    return directory


@pytest.fixture(scope="module")
def templates(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Two databases to copy, by URL: ``empty`` has its tables, ``year`` an imported year."""
    if is_sqlite():
        directory = tmp_path_factory.mktemp("database")
        empty, year = (f"sqlite:///{directory / name}.sqlite3" for name in ("empty", "year"))
    else:
        empty, year = (server_url(f"oa_process_{os.getpid()}_{name}") for name in ("empty", "year"))
        on_server(f'CREATE DATABASE "{name_in(empty)}"')
    try:
        Installation(empty).must("migrate", "--verbosity", 0)
        copy_database(empty, year)
        Installation(year).must("import_year", folder)
        yield {"empty": empty, "year": year}
    finally:
        drop_database(empty)
        drop_database(year)


@pytest.fixture
def installation(templates: dict[str, str], tmp_path: Path) -> Iterator[Installation]:
    """With the year of ``folder`` imported."""
    yield from copy_of(templates["year"], tmp_path)


@pytest.fixture
def empty(templates: dict[str, str], tmp_path: Path) -> Iterator[Installation]:
    """Without a year."""
    yield from copy_of(templates["empty"], tmp_path)


def copy_of(url: str, tmp_path: Path) -> Iterator[Installation]:
    mine = f"sqlite:///{tmp_path / 'db.sqlite3'}" if is_sqlite() else f"{url}_{tmp_path.name[-20:]}"
    copy_database(url, mine)
    try:
        yield Installation(mine)
    finally:
        drop_database(mine)


def is_sqlite() -> bool:
    return bool(settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"))


def name_in(url: str) -> str:
    return url.rpartition("/")[2]


def copy_database(url: str, to: str) -> None:
    if is_sqlite():
        shutil.copy(url.removeprefix("sqlite:///"), to.removeprefix("sqlite:///"))
    else:
        on_server(f'CREATE DATABASE "{name_in(to)}" TEMPLATE "{name_in(url)}"')


def drop_database(url: str) -> None:
    if not is_sqlite():
        on_server(f'DROP DATABASE IF EXISTS "{name_in(url)}" WITH (FORCE)')


def server_url(name: str) -> str:
    server = settings.DATABASES["default"]
    return (
        f"postgres://{server['USER']}:{server['PASSWORD']}@{server['HOST']}:{server['PORT'] or 5432}/{name}"
    )


def on_server(sql: str) -> None:
    connection = psycopg2.connect(server_url("postgres"))
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(sql)


def is_as_specified(installation: Installation, folder: Path, out: Path) -> None:
    """ALM1 was played as the independent recomputation says, and everything stored adds up."""
    installation.must("export_results", "ALM1", out / "results.csv")
    installation.must("export_ledger", out / "ledger.csv")
    names = ("dossiers.txt", "vastlegging.txt", "zaad.txt")
    (files,) = installation.query(
        "SELECT dossiers, commitment, seed FROM lottery_drawsession WHERE state = 'applied'"
    )
    for name, content in zip(names, files, strict=True):  # export_bundle would make two PDFs as well
        (out / name).write_bytes(bytes(content))
    year = Recomputed(folder)
    assert year.play("ALM1", bundle=out, numbers=read_numbers(out / "results.csv")) == []
    assert read_results(out / "results.csv") == year.results("ALM1")
    assert read_ledger(out / "ledger.csv") == year.ledger()
    installation.must("check_integrity")


# --- exit codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("check_integrity",), 0),
        (("run_round", "ALM2", "--dice", DICE), 1),
        (("run_round", "ALM1", "--dice", "7" * 60), 1),
        (("run_round", "ALM1"), 2),
        (("run_round", "ALM1", "--dice", DICE, "--now"), 2),
        (("record_replies", "nergens.csv"), 1),
        (("import_year", "nergens"), 1),
        (("export_results", "ALM1", "results.csv"), 1),
    ],
)
def test_exit_code_says_how_it_went(installation: Installation, arguments: tuple[str, ...], exit_code: int):
    """0 on success, 1 with a plain sentence, 2 on wrong arguments; never a traceback."""
    code, out, err = installation.run(*arguments)
    assert code == exit_code
    assert "Traceback" not in err
    assert bool(err) == (code != 0)
    assert bool(out) == (code == 0)


def test_refusal_is_one_dutch_sentence(installation: Installation):
    _code, _out, err = installation.run("run_round", "ALM2", "--dice", DICE)
    assert len(err.strip().splitlines()) == 1
    assert "ALM1" in err and "comes after" not in err


# --- at the same time -----------------------------------------------------------------------------------------------


def test_two_managers_at_once_play_a_round_once(installation: Installation, folder: Path, tmp_path: Path):
    processes = [installation.start("run_round", "ALM1", "--dice", DICE) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in processes]
    codes = sorted(process.returncode for process in processes)
    assert codes in ([0, 0], [0, 1]), said
    assert not any("Traceback" in err for _out, err in said)
    is_as_specified(installation, folder, tmp_path)


def test_year_imported_by_two_at_once_goes_in_once(empty: Installation, folder: Path, tmp_path: Path):
    processes = [empty.start("import_year", folder) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in processes]
    codes = sorted(process.returncode for process in processes)
    assert codes in ([0, 0], [0, 1]), said
    assert not any("Traceback" in err for _out, err in said), said
    empty.must("check_integrity")
    empty.must("export_ledger", tmp_path / "ledger.csv")
    assert read_ledger(tmp_path / "ledger.csv") == Recomputed(folder).ledger()


# --- killed ---------------------------------------------------------------------------------------------------------


def killed_and_finished(
    installation: Installation, folder: Path, out: Path, moments: list[tuple[int, float]]
) -> None:
    """Kill the round at each of these moments, looking after each whether everything adds up; then finish it."""
    killed = 0
    for after_lines, seconds in moments:
        killed += installation.kill_during(
            "run_round", "ALM1", "--dice", DICE, after_lines=after_lines, seconds=seconds
        )
        installation.must("check_integrity")
    assert killed
    code, said, err = installation.run("run_round", "ALM1", "--dice", DICE)
    assert code == 0 or "al gespeeld" in err, said + err
    is_as_specified(installation, folder, out)


def test_round_killed_at_every_step_is_finished_by_the_same_command(
    installation: Installation, folder: Path, tmp_path: Path
):
    """One round, killed once behind every line of progress: freeze, dice, draw, verify, decide, send."""
    killed_and_finished(installation, folder, tmp_path, [(line, 0.0) for line in range(1, STEPS)])


def test_import_that_is_killed_leaves_all_or_nothing(empty: Installation, tmp_path: Path):
    """1,400 forms; the next command tells how many were there."""
    for name in ("calendar.json", "schools.csv"):
        shutil.copy(DEMO / name, tmp_path)
    empty.must("import_year", tmp_path)
    command = ("import_applications", DEMO / "applications-ALM1.csv", "--round", "ALM1")
    for seconds in (0.9, 1.1, 1.3):
        empty.kill_during(*command, after_lines=0, seconds=seconds)
        empty.must("check_integrity")
        assert empty.query("SELECT COUNT(*) FROM admissions_application") in ([(0,)], [(1400,)])
        assert empty.query("SELECT COUNT(*) FROM schools_event WHERE kind = 'form_imported'") in (
            [(0,)],
            [(1400,)],
        )
    empty.must(*command)
    assert empty.query("SELECT COUNT(*) FROM admissions_application") == [(1400,)]


@pytest.mark.long
@pytest.mark.parametrize("turn", range(40))
def test_round_killed_at_any_moment_is_finished_by_the_same_command(
    installation: Installation, folder: Path, tmp_path: Path, turn: int
):
    """OA-LOT/1 section 12 test 9: killed between freeze and publication; three times each, then finished."""
    chance = random.Random(turn)
    moments = [(chance.randint(0, STEPS), chance.uniform(0, 0.25)) for _ in range(3)]
    moments.append((chance.randint(1, 4), chance.uniform(0, 0.05)))
    killed_and_finished(installation, folder, tmp_path, moments)
