"""A worker that can be killed, and rooms full of draws for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.worker import Worker, redis_server, sending_to


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A Redis of its own, to which this process sends its tasks."""
    with redis_server(tmp_path) as url, sending_to(url):
        yield url


@pytest.fixture
def worker(broker: str, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(folder=tmp_path, redis_url=broker)
    worker.start()
    yield worker
    worker.kill()
