"""Progress of long work, kept in the ``Job`` row (DESIGN section 8)."""

from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from schools.clock import database_now
from schools.enums import JobState
from schools.errors import RefusedError
from schools.models import AdmissionYear, Job, User

Progress = Callable[[str], None]
STALE_AFTER = timedelta(seconds=60)
# A step of a draw takes seconds: silence of half a minute means that its process is gone. Two at the same work would
# do no harm, each step gives the same or nothing.
DRAW_STALE = timedelta(seconds=30)


class AlreadyRunning(RefusedError):
    """The same work has been asked for already."""


def request_job(
    *,
    kind: str,
    key: str,
    year: AdmissionYear,
    actor: User | None,
    arguments: dict[str, object] | None = None,
) -> Job:
    """Make the job row; the caller starts its task in ``transaction.on_commit``. Raises AlreadyRunning."""
    try:
        with transaction.atomic():
            return Job.objects.create(
                kind=kind, key=key, year=year, requested_by=actor, arguments=arguments or {}
            )
    except IntegrityError as exc:
        raise AlreadyRunning(_("This is already running. Wait until it is ready.")) from exc


def take_job(job_id: int, *, stale_after: timedelta = STALE_AFTER) -> Job | None:
    """Claim a job for this process; None when it is finished or somebody else is alive on it.

    A task may be delivered twice: only one taker sees REQUESTED, or RUNNING without a recent heartbeat.
    """
    at = database_now()
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job_id)
        alive = job.heartbeat_at is not None and at - job.heartbeat_at < stale_after
        if job.is_finished or (job.state == JobState.RUNNING and alive):
            return None
        job.state, job.heartbeat_at = JobState.RUNNING, at
        job.started_at = job.started_at or at
        job.save(update_fields=["state", "heartbeat_at", "started_at"])
    return job


def report_progress(job: Job, *, step: str, done: int = 0, total: int = 0) -> None:
    """Tell the page what is going on. Autocommit: call it outside the transaction of the work itself."""
    Job.objects.filter(pk=job.pk).update(step=step[:200], done=done, total=total, heartbeat_at=database_now())


def hand_over(job: Job) -> None:
    """This step is done and the next task takes the job up; a watchdog does, should that task never come."""
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(
        state=JobState.REQUESTED, heartbeat_at=database_now()
    )


def finish_job(job: Job, *, message: str = "") -> None:
    Job.objects.filter(pk=job.pk).update(
        state=JobState.DONE, finished_at=database_now(), heartbeat_at=database_now(), message=message[:1000]
    )


def fail_job(job: Job, *, message: str) -> None:
    Job.objects.filter(pk=job.pk).update(
        state=JobState.FAILED, finished_at=database_now(), heartbeat_at=database_now(), message=message[:1000]
    )
