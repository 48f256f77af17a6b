"""Run a command with a PostgreSQL to test on in TEST_DATABASE_URL.

    python scripts/with_postgres.py pytest -n 2

Takes the server of TEST_DATABASE_URL. Else it starts one of its own in a temporary folder, twice as fast because
nothing there has to survive; as an unprivileged user, because PostgreSQL refuses root. Else it takes one that answers
on this machine and lets us make databases. Where none of these is possible it says so loudly and skips, but fails
where CI is set.
"""

import contextlib
import getpass
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg2


def can_make_databases(url: str) -> bool:
    try:
        connection = psycopg2.connect(url, connect_timeout=3)
    except psycopg2.OperationalError:
        return False
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def running_server() -> str | None:
    local = "postgres:///postgres?host=/var/run/postgresql&user="
    candidates = [
        local + quote(getpass.getuser()),
        local + "postgres",
        "postgres://postgres@127.0.0.1:5432/postgres",
        "postgres://postgres:postgres@127.0.0.1:5432/postgres",
    ]
    return next((url for url in candidates if can_make_databases(url)), None)


def server_programs() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    on_path = shutil.which("initdb")
    if folders:
        return folders[-1]
    return Path(on_path).resolve().parent if on_path else None


def unprivileged() -> tuple[int, int] | None:
    """Whom to be instead of root; None when we are nobody special already."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return account.pw_uid, account.pw_gid
    raise SystemExit("No unprivileged user to run PostgreSQL as.")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def own_server(programs: Path) -> Iterator[str]:
    step_down = unprivileged()
    with tempfile.TemporaryDirectory(prefix="oa-postgres-") as folder:
        if step_down:
            os.chown(folder, *step_down)
        data, port = f"{folder}/data", free_port()

        def call(program: str, *arguments: str) -> None:
            command = [str(programs / program), *arguments]
            user, group = step_down or (None, None)
            groups: list[int] | None = [] if step_down else None
            subprocess.run(
                command,
                check=True,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                user=user,
                group=group,
                extra_groups=groups,
            )

        call(
            "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        # A test database may be lost at any moment: no waiting for the disk.
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
        call("pg_ctl", "-D", data, "-w", "-o", options, "-l", f"{folder}/log", "start")
        try:
            yield f"postgres://postgres@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "stop")


def drop_leftovers(url: str, suffix: str) -> None:
    """A run that was interrupted leaves its databases behind; their names end in our process number."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"test_open_aanmelden{suffix}%"]
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def run(command: list[str], url: str) -> int:
    suffix = f"_{os.getpid()}"
    print(f"PostgreSQL: {url.rpartition('@')[2] or url}", flush=True)
    environment = {**os.environ, "TEST_DATABASE_URL": url, "TEST_DATABASE_SUFFIX": suffix}
    try:
        return subprocess.run(command, env=environment).returncode
    finally:
        drop_leftovers(url, suffix)


def main(command: list[str]) -> int:
    if url := os.environ.get("TEST_DATABASE_URL", ""):
        return run(command, url)
    if programs := server_programs():
        with own_server(programs) as url:
            return run(command, url)
    if url := running_server() or "":
        return run(command, url)
    line = "=" * 78
    sentence = "SKIPPED: the tests on PostgreSQL. No server can be started and none answers here."
    print(f"{line}\n{sentence}\nOn Debian: sudo apt-get install postgresql\n{line}", file=sys.stderr)
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
