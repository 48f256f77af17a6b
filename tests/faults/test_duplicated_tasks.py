"""Every message of a draw delivered many times, early, late and at once, to two processes: one effect."""

import random

import pytest
from django.db import connection

from admissions.services.draws.ceremony import request_draw
from admissions.tasks import apply_draw_task, watch_draws_task
from config.celery import app
from lottery.models import DrawOutcome, DrawSession
from lottery.tasks import compute_draw_task, verify_draw_task
from notifications.models import Message
from schools.models import Event, Job
from tests.factories.ceremony import Room, open_room
from tests.factories.worker import Worker, wait_until
from tests.faults.test_killed_worker import finished_once, half_a_minute_passes, is_done

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="tried with PostgreSQL and Redis, as in service"
    ),
]
TASKS = (compute_draw_task, verify_draw_task, apply_draw_task)
EACH = 50  # deliveries of one draw


def waiting_messages() -> int:
    """Those that nobody took, and those that somebody took and did not finish."""
    with app.connection_for_read() as broker:
        redis = broker.default_channel.client
        return int(redis.llen("celery")) + int(redis.hlen("unacked"))


def effects(room: Room) -> tuple[int, ...]:
    """What there must be one of, however often it was asked for."""
    numbers = room.session().numbers.values("registration_number")
    return (
        DrawSession.objects.filter(round=room.round).count(),
        DrawOutcome.objects.filter(draw__session__round=room.round).count(),
        room.session().attestations.count(),
        Event.objects.filter(year=room.city.year).count(),
        Message.objects.filter(round=room.round).count(),
        Message.objects.filter(round=room.round, registration_number__in=numbers).count(),
        len(room.city.placements()),
        Job.objects.filter(year=room.city.year, kind="draw").count(),
    )


@pytest.mark.parametrize(
    "deliveries", [pytest.param(50, id="sample"), pytest.param(1_000, id="full", marks=pytest.mark.long)]
)
def test_deliveries_have_one_effect(broker: str, tmp_path, deliveries: int):
    worker = Worker(folder=tmp_path, redis_url=broker, concurrency=2)
    worker.start()
    try:
        chance = random.Random(deliveries)
        undisturbed = open_room(slug="city-alone")
        job = request_draw(undisturbed.seed().pk, actor=undisturbed.first)
        wait_until(lambda: is_done(job), what="a draw that nobody disturbs")
        wanted = effects(undisturbed)
        for turn in range(deliveries // EACH):
            room = open_room(slug=f"city-{turn}")
            session = room.seed()
            job = request_draw(session.pk, actor=room.first)
            late = chance.randint(5, EACH // 2)
            for _ in range(EACH - late):
                # Some come while the draw is going on, some before their turn, most when nothing is left to do.
                chance.choice(TASKS).apply_async((job.pk,), countdown=chance.choice([None, None, 0.3, 1.0]))
            wait_until(lambda: waiting_messages() == 0, what="the messages to be taken")
            if not is_done(
                job
            ):  # the last one that was needed came before its turn: the watchdog is for that
                half_a_minute_passes(job)
                watch_draws_task.delay()
            wait_until(lambda job=job: is_done(job), what=f"draw {turn}: {worker.log()[-2000:]}")
            for _ in range(late):
                chance.choice(TASKS).delay(job.pk)
            wait_until(lambda: waiting_messages() == 0, what="the late messages to be taken")
            finished_once(room, job, set())
            assert effects(room) == wanted
        assert "Traceback" not in worker.log()
    finally:
        worker.kill()
