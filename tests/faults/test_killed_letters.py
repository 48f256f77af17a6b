"""Letters made by two processes, one killed on the way: none lost, doubled or cut off, the same bytes (DH-155)."""

import hashlib
import io
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from pypdf import PdfReader

from admissions.services.year.office_jobs import JobError, request_letters, restart_job
from notifications.models import Letter
from notifications.services.letter_content import letter_content
from notifications.services.letter_renderer import default_renderer
from notifications.services.letters import BATCH, letters_to_make
from schools.enums import JobState
from schools.models import Job
from schools.services.jobs import STALE_AFTER
from tests.factories.worker import Worker, wait_until
from tests.lottery.draw_sessions import make_round
from tests.notifications.family_messages import make_message

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="tried with PostgreSQL and Redis, as in service"
    ),
]
LANGUAGES = ("nl", "ar", "pl", "tr", "nl", "uk", "en")


def is_over(job: Job) -> bool:
    return Job.objects.only("state").get(pk=job.pk).state in (JobState.DONE, JobState.FAILED)


@pytest.mark.parametrize("victim", ["first", "second", "all"])
@pytest.mark.parametrize(
    "letters", [pytest.param(60, id="sample"), pytest.param(1_400, id="full", marks=pytest.mark.long)]
)
def test_killed_process_loses_doubles_and_truncates_no_letter(broker, tmp_path, letters, victim):
    round_ = make_round()
    messages = {}
    for n in range(letters):
        number = f"H{n:05}"
        message = make_message(
            round_,
            registration_number=number,
            language=LANGUAGES[n % len(LANGUAGES)],
            merge={"child_name": f"Kind {n} de Wit", "registration_number": number},
        )
        messages[message.pk] = message
    worker = Worker(folder=tmp_path, redis_url=broker, concurrency=2)
    worker.start()
    try:
        job = request_letters(round_, actor=None)
        wait_until(lambda: Letter.objects.count() >= BATCH, what=f"the first letters: {worker.log()[-2000:]}")
        if victim == "all":
            worker.kill()
        else:
            worker.kill_child(0 if victim == "first" else 1)
        assert Letter.objects.count() < letters, "too late to hit anything"
        before = dict(Letter.objects.values_list("message_id", "hash"))
        if victim == "all":
            worker.start()
        else:
            # Who was left goes on: as the one that keeps the job, or as a helper that walks the whole list too.
            wait_until(
                lambda: Letter.objects.count() == letters or is_over(job),
                what=f"the one that was left: {worker.log()[-2000:]}",
                patience=1_200,
            )
        if not is_over(job):
            past = STALE_AFTER + timedelta(seconds=60)
            Job.objects.filter(pk=job.pk).update(
                requested_at=F("requested_at") - past, heartbeat_at=F("heartbeat_at") - past
            )
            with suppress(JobError):  # the one that keeps the job was left alive, and just said so
                restart_job(Job.objects.get(pk=job.pk))
        wait_until(lambda: is_over(job), what=f"the rest: {worker.log()[-2000:]}", patience=1_200)
    finally:
        worker.kill()

    job.refresh_from_db()
    assert job.state == JobState.DONE, job.message
    assert letters_to_make(round_.pk) == []
    assert sorted(Letter.objects.values_list("message_id", flat=True)) == sorted(messages)
    assert before.items() <= dict(Letter.objects.values_list("message_id", "hash")).items()
    for letter in Letter.objects.iterator():
        pdf = bytes(letter.pdf)
        assert hashlib.sha256(pdf).hexdigest() == letter.hash and pdf.rstrip().endswith(b"%%EOF")
    # The same bytes as a process that nobody disturbs makes: of every letter in a sample, of some in the full count.
    for pk in list(messages)[:: max(1, letters // 20)]:
        letter = Letter.objects.get(message_id=pk)
        assert len(PdfReader(io.BytesIO(bytes(letter.pdf))).pages) >= 1
        assert bytes(letter.pdf) == default_renderer().render(letter_content(messages[pk]))
