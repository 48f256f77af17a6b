"""Two processes that walk the same list of letters share it: what one has claimed the other makes last, or not at all.

Killed processes are tried with real workers in ``tests/faults/test_killed_letters.py``.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from notifications.models import Letter, Message
from notifications.services.letter_content import LetterContent
from notifications.services.letter_renderer import LetterRenderer
from notifications.services.letters import make_letters
from tests.lottery.draw_sessions import make_round
from tests.notifications.family_messages import make_message

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="SQLite has one writer at a time: nothing to claim"
    ),
]
PATIENCE = 20  # seconds


class Printer(LetterRenderer):
    """Remembers whose letters it made, and does something before each."""

    def __init__(self, before: Callable[[str], None] = lambda number: None) -> None:
        self.rendered: list[str] = []
        self._before = before

    def render(self, content: LetterContent) -> bytes:
        number = content.fields["registration_number"]
        self._before(number)
        self.rendered.append(number)
        return number.encode()


@pytest.fixture
def ids(monkeypatch) -> list[int]:
    """Four messages, in batches of two."""
    monkeypatch.setattr("notifications.services.letters.BATCH", 2)
    round_ = make_round()
    return [
        make_message(round_, registration_number=number, merge={"registration_number": number}).pk
        for number in ("H1", "H2", "H3", "H4")
    ]


def test_batch_that_somebody_else_has_is_passed_over_first_and_waited_for_at_the_end(ids):
    claimed, others_made = threading.Event(), threading.Event()

    def hold() -> None:
        """Another process that claims the first batch, and ends without making anything of it."""
        try:
            with transaction.atomic():
                assert len(Message.objects.select_for_update().filter(pk__in=ids[:2])) == 2
                claimed.set()
                assert others_made.wait(PATIENCE)
        finally:
            connections.close_all()

    printer = Printer(lambda number: others_made.set() if number == "H4" else None)
    with ThreadPoolExecutor() as pool:
        other = pool.submit(hold)
        assert claimed.wait(PATIENCE)
        made = make_letters(message_ids=ids, renderer=printer)
        other.result(PATIENCE)

    assert made == 4 and printer.rendered == ["H3", "H4", "H1", "H2"]
    assert Letter.objects.count() == 4


def test_two_processes_on_one_list_make_no_letter_twice(ids):
    first_has_claimed, second_is_busy = threading.Event(), threading.Event()

    def wait_for_the_second(number: str) -> None:
        if number == "H1":
            first_has_claimed.set()
            assert second_is_busy.wait(PATIENCE)

    first, second = Printer(wait_for_the_second), Printer(lambda _number: second_is_busy.set())

    def walk() -> int:
        try:
            return make_letters(message_ids=ids, renderer=first)
        finally:
            connections.close_all()

    with ThreadPoolExecutor() as pool:
        walking = pool.submit(walk)
        assert first_has_claimed.wait(PATIENCE)
        made = make_letters(message_ids=ids, renderer=second)
        made += walking.result(PATIENCE)

    assert (first.rendered, second.rendered) == (["H1", "H2"], ["H3", "H4"])
    assert made == 4 and Letter.objects.count() == 4
