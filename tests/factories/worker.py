"""A real Celery worker on the database of the test, with a Redis of its own.

The test says "go" and the worker, in a process of its own, does the work; its processes may be killed.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.db import connection

from config.celery import app

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "oa-test-worker"  # what PostgreSQL calls its connections
PATIENCE = 120.0  # seconds, on a machine where much else is going on


def wait_until(is_so: Callable[[], object], *, what: str, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:.0f} s for {what}")
        time.sleep(0.01)


def database_url() -> str:
    server = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{server['NAME']}"
    login = f"{server['USER']}:{server['PASSWORD']}".rstrip(":")
    return f"postgres://{login}@{server['HOST'] or 'localhost'}:{server['PORT'] or 5432}/{server['NAME']}"


class Worker:
    """One worker: its main process and the processes in which it does its tasks."""

    def __init__(self, *, folder: Path, redis_url: str, concurrency: int = 1) -> None:
        self.folder, self.redis_url, self.concurrency = folder, redis_url, concurrency
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        ours = {"TEST_DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
        return {name: value for name, value in os.environ.items() if name not in ours} | {
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DATABASE_URL": database_url(),
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": "only-for-tests",
            "ENV_FILE": "/dev/null",
            "PGAPPNAME": NAME,
        }

    def start(self) -> None:
        command = [sys.executable, "-m", "celery", "--app", "config", "worker", "--pool", "prefork"]
        command += ["--concurrency", str(self.concurrency), "--loglevel", "WARNING"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        with (self.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment(), stdout=log, stderr=log, start_new_session=True
            )
        wait_until(lambda: len(self.children()) >= self.concurrency, what="the worker to start")

    def children(self) -> list[int]:
        """The processes that do the tasks."""
        assert self.process is not None
        pid = self.process.pid
        with contextlib.suppress(OSError):
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    def kill(self) -> None:
        """``kill -9`` of all of it, the verifier it may be waiting for included."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def kill_child(self, which: int | None = None) -> None:
        """``kill -9`` of the process at work, as the kernel does when memory runs out; the worker makes another.

        ``which`` is the place of one child among several; without it all of them are killed.
        """
        for child in self.children() if which is None else self.children()[which : which + 1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def log(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis of our own, which nothing outlives."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server is not installed, and CI must have it")
        pytest.skip("redis-server is not installed")
    process, port = started_redis(program, folder)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def started_redis(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A Redis that answers, and its port. Somebody else may take a free port before it does: then it takes another."""
    for _attempt in range(10):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers(process: subprocess.Popen[bytes] = process, port: int = port) -> bool:
            if process.poll() is not None:
                return True  # it ended: its port was taken
            with contextlib.suppress(redis.ConnectionError):
                return redis.Redis(port=port).info("server")["process_id"] == process.pid
            return False

        wait_until(answers, what="Redis to answer")
        if process.poll() is None:
            return process, port
    raise AssertionError("no free port for Redis in ten attempts")


@contextlib.contextmanager
def sending_to(redis_url: str) -> Iterator[None]:
    """Tasks of this process go to the broker instead of being done at once."""
    settings = {"task_always_eager": False, "broker_url": redis_url, "broker_transport_options": {}}
    before = {name: getattr(app.conf, name) for name in settings}
    app.conf.update(settings)
    app._after_fork()  # forgets the connections to the other broker
    try:
        yield
    finally:
        app.conf.update(before)
        app._after_fork()
