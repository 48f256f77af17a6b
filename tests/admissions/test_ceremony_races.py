"""Two managers at the same moment: one draw, one clear sentence for the other."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from admissions.models import ApplicationForm
from admissions.services.draws.ceremony import confirm_round, freeze_round, request_draw
from lottery.enums import EntryKind, SessionState
from lottery.models import BlindEntry, DrawSession
from lottery.services.blind_entries import enter
from schools.enums import Role
from schools.errors import RefusedError
from schools.models import Job
from tests.factories.ceremony import DICE, open_room
from tests.factories.schools import region_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer"),
]
# Five times in ``make test``, 200 times in ``make test-long``.
every_turn = pytest.mark.parametrize(
    "turn", [*range(5), *(pytest.param(turn, marks=pytest.mark.long) for turn in range(5, 200))]
)


def at_once(*actions: Callable[[], object]) -> list[str]:
    """Run each in a thread of its own; "" for what succeeded, the sentence for what was refused."""
    start, answers = threading.Barrier(len(actions)), list[str]()

    def run(action: Callable[[], object]) -> None:
        try:
            start.wait(timeout=20)
            action()
            answers.append("")
        except RefusedError as exc:
            answers.append(str(exc))
        except Exception as exc:
            answers.append(f"{type(exc).__name__}: {exc}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    return sorted(answers)


@every_turn
def test_two_managers_at_every_step(turn: int):
    room = open_room()
    third = region_user(room.city.year.region, Role.CENTRAL_OFFICE, user__name="Derde Beheerder")

    def named(answers: list[str], *names: str) -> None:
        assert answers[0] == "" and any(name in answers[1] for name in names), answers

    round_id = room.round.pk
    named(
        at_once(
            lambda: freeze_round(round_id, actor=room.first, warnings_seen=True),
            lambda: freeze_round(round_id, actor=room.first, warnings_seen=True),
        ),
        "Jeroen",
    )
    assert DrawSession.objects.count() == 1
    pk = room.session().pk
    named(
        at_once(lambda: confirm_round(pk, actor=room.second), lambda: confirm_round(pk, actor=third)),
        "Fatima",
        "Derde",
    )
    # Three people type at once: the first two count, the third is told so.
    answers = at_once(
        *(
            lambda user=user: enter(session_id=pk, kind=EntryKind.DICE, values=[DICE], actor=user)
            for user in (room.first, room.second, room.notary)
        )
    )
    assert answers[:2] == ["", ""] and answers[2]
    assert BlindEntry.objects.count() == 2
    assert room.session().state == SessionState.LOCKED
    from lottery.services.beacon_steps import use_stand_in

    assert at_once(
        lambda: use_stand_in(session_id=pk, actor=room.first),
        lambda: use_stand_in(session_id=pk, actor=room.second),
    ) == ["", ""]
    named(
        at_once(lambda: request_draw(pk, actor=room.first), lambda: request_draw(pk, actor=room.second)),
        "Jeroen",
        "Fatima",
        "official",
        "officieel",
    )
    assert Job.objects.filter(kind="draw").count() == 1
    assert room.session().state == SessionState.APPLIED
    assert len(room.city.placements()) == 3 and room.city.contradictions() == []


@every_turn
def test_writer_at_the_moment_of_the_freeze(turn: int):
    """Either the change came first and blocks the freeze, or it is refused: never a list that differs from its file."""
    room = open_room(children=2)
    form, round_id = room.city.application("a0").form, room.round.pk
    answers = at_once(
        lambda: ApplicationForm.objects.filter(pk=form.pk).update(state="released"),
        lambda: freeze_round(round_id, actor=room.first, warnings_seen=True),
    )
    form.refresh_from_db()
    frozen = DrawSession.objects.filter(round_id=round_id).exists()
    assert (form.state == "released") != frozen, answers
