"""Long work of draws. A task takes ids, may run twice and then gives the same."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from celery import shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import translation
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from schools.models import Job

log = structlog.get_logger(__name__)
STEPS = 3  # compute, verify, decide


@shared_task(acks_late=True, autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def build_draw_record_task(session_id: int, publication: str | None = None) -> None:
    """Make both versions of the account of one session (OA-LOT/1 section 7 points 7 and 9)."""
    from lottery.services.draw_record import build_draw_record  # WeasyPrint is slow to import
    from lottery.services.signing import sign_record
    from lottery.services.time_stamps import RECORD, stamp_file

    build_draw_record(session_id=session_id, publication=publication)
    sign_record(session_id)
    stamp_file(session_id, RECORD)


@shared_task(acks_late=True)
def stamp_commitment_task(session_id: int) -> None:
    """A time stamp of somebody else on the commitment; once, and a failure stands in the record."""
    from lottery.services.time_stamps import COMMITMENT, stamp_file

    with translation.override(settings.LANGUAGE_CODE):
        stamp_file(session_id, COMMITMENT)


def run_draw_step(
    job_id: int, *, number: int, step: str, work: Callable[[int], str], last: bool = False
) -> None:
    """One step of a draw under its job: taken by one process, told, and handed on. ``work`` gets the session's id.

    Delivered twice or late it finds the job taken or finished and does nothing.
    """
    from schools.errors import RefusedError
    from schools.services.jobs import (
        DRAW_STALE,
        fail_job,
        finish_job,
        hand_over,
        report_progress,
        take_job,
    )

    job: Job | None = take_job(job_id, stale_after=DRAW_STALE)
    if job is None:
        return
    with translation.override(settings.LANGUAGE_CODE):
        try:
            report_progress(job, step=step, done=number, total=STEPS)
            message = work(int(job.arguments["session"]))
            report_progress(job, step=step, done=number + 1, total=STEPS)
            if last and message:
                finish_job(job, message=message)
            else:
                hand_over(job)
        except RefusedError as exc:
            fail_job(job, message=str(exc))
            log.warning("draw_refused", job=job.pk, key=job.key)
        except Exception as exc:
            # The connection is asked too: a cursor that is closed late tells its loss in words of the driver's own.
            if isinstance(exc, OperationalError | InterfaceError) or not connection.is_usable():
                # What was not finished is undone, and the watchdog begins again when the database is back.
                log.warning("draw_lost_the_database", job=job.pk, key=job.key)
                raise
            fail_job(job, message=_("Something went wrong on our side. Nothing is official. Start it again."))
            raise


@shared_task(acks_late=True)
def fetch_beacon_task(job_id: int) -> None:
    """Fetch the value of the beacon round that a session waits for; without it two people type."""
    from lottery.enums import SessionState
    from lottery.models import DrawSession
    from lottery.services.beacon_fetch import fetch_beacon
    from lottery.services.beacon_steps import usable_rounds
    from lottery.services.blind_entries import enter_fetched
    from schools.errors import RefusedError
    from schools.services.jobs import fail_job, finish_job, take_job

    job = take_job(job_id)
    if job is None:
        return
    session = DrawSession.objects.select_related("round__year").get(pk=job.arguments["session"])
    with translation.override(settings.LANGUAGE_CODE):
        try:
            if session.state == SessionState.LOCKED and not session.beacon_value:
                found = fetch_beacon(int(job.arguments["round"]), listed=tuple(usable_rounds(session)))
                values = [str(found.number), found.value, found.signature]
                enter_fetched(session_id=session.pk, values=values)
            finish_job(job)
        except RefusedError as exc:
            fail_job(job, message=str(exc))
            log.warning("beacon_not_fetched", job=job.pk, key=job.key)
        except Exception:
            fail_job(job, message=_("Something went wrong on our side. Let two people type the value."))
            raise


@shared_task(acks_late=True)
def compute_draw_task(job_id: int) -> None:
    """Compute the outcome from the frozen files and the seed."""

    def work(session_id: int) -> str:
        from lottery.enums import SessionState
        from lottery.models import DrawSession
        from lottery.services.sessions import compute, store_outcome
        from schools.clock import now

        session = DrawSession.objects.select_related("round__year").get(pk=session_id)
        if session.state == SessionState.SEEDED:
            store_outcome(session_id=session_id, outcome=compute(session), at=now(session.round.year))
        return ""

    run_draw_step(job_id, number=0, step=_("Computing the outcome"), work=work)


@shared_task(acks_late=True)
def verify_draw_task(job_id: int) -> None:
    """Let the second program judge the files."""

    def work(session_id: int) -> str:
        from lottery.enums import SessionState
        from lottery.models import DrawSession
        from lottery.services.sessions import verify_session
        from schools.clock import now

        session = DrawSession.objects.select_related("round__year").get(pk=session_id)
        if session.state == SessionState.COMPUTED:
            verify_session(session_id=session_id, at=now(session.round.year))
        return ""

    run_draw_step(job_id, number=1, step=_("A second program recomputes everything"), work=work)
