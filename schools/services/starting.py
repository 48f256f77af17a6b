"""Saying "go" to the worker. Services name the work; only pages and tasks import tasks, so nothing runs in a circle."""

from typing import Any

from django.db import transaction
from django.utils.module_loading import import_string


def start(path: str, *args: Any) -> None:
    """Hand work to the worker as soon as this transaction is committed; without one, at once.

    Robust: when the broker does not answer, what was committed waits, and a watch or a page starts it again.

    Shapes: ``path`` a task, ``admissions.tasks.play_round_task``, which is delayed; or a function that starts several.
    """

    def go() -> None:  # with a name, which Django logs when the broker does not answer: a partial has none
        work = import_string(path)
        getattr(work, "delay", work)(*args)

    transaction.on_commit(go, robust=True)
