"""Long work of admissions. A task takes ids, keeps its progress in the job row, and may run twice."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from schools.models import AdmissionYear, Job, Round

log = structlog.get_logger(__name__)
STEPS = 6  # sentences that play_round tells on its way
TOLD = 5  # contradictions that are spelled out; the log has them all


@contextmanager
def _told(job: "Job") -> Iterator[None]:
    """A refusal becomes the sentence of the job; anything else is a fault, which the job also has to say."""
    from schools.errors import RefusedError
    from schools.services.jobs import fail_job

    # What is written down (records, steps) is Dutch, whatever language the worker happens to have.
    with translation.override(settings.LANGUAGE_CODE):
        try:
            yield
        except RefusedError as exc:
            fail_job(job, message=str(exc))
            log.warning("job_refused", job=job.pk, kind=job.kind, key=job.key)
        except Exception:
            fail_job(
                job, message=_("Something went wrong on our side. What was done is kept. Start it again.")
            )
            raise


@shared_task(acks_late=True)
def play_round_task(job_id: int) -> None:
    """Play the round of this job; afterwards the worker makes the record of the draw and the letters."""
    from admissions.services.draws.rehearsal import play_round
    from schools.models import Round
    from schools.services.jobs import finish_job, report_progress, take_job

    job = take_job(job_id)
    if job is None:
        return
    with _told(job):
        round_ = Round.objects.select_related("year__region").get(year=job.year_id, code=job.key)
        done = 0

        def progress(step: str) -> None:
            nonlocal done
            report_progress(job, step=step, done=min(done, STEPS - 1), total=STEPS)
            done += 1

        content = job.arguments.get("opt_ins")
        played = play_round(
            round_,
            digits=str(job.arguments["digits"]),
            actor=job.requested_by,
            opt_ins=base64.b64decode(content) if content is not None else None,
            opt_ins_name=str(job.arguments.get("opt_ins_name", "")),
            progress=progress,
        )
        report_progress(job, step="", done=STEPS, total=STEPS)
        finish_job(
            job,
            message=_(
                "Session %(session)s is official: %(children)d children, %(offers)d places offered, "
                "%(messages)d messages in the outbox."
            )
            % {
                "session": played.session,
                "children": played.children,
                "offers": played.offers,
                "messages": played.messages,
            },
        )
        _start_paperwork(round_, played.session, job)


def _start_paperwork(round_: "Round", session_name: str, job: "Job") -> None:
    from admissions.services.year.office_jobs import request_letters
    from lottery.models import DrawSession
    from lottery.tasks import build_draw_record_task
    from schools.services.jobs import AlreadyRunning

    session_id = DrawSession.objects.values_list("pk", flat=True).get(name=session_name)
    build_draw_record_task.delay(session_id)
    try:
        request_letters(round_, actor=job.requested_by)
    except AlreadyRunning:
        log.info("letters_already_asked_for", round=round_.code)


@shared_task(acks_late=True)
def reset_year_task(job_id: int) -> None:
    """Set a rehearsal year back to what was imported."""
    from admissions.services.year.reset import reset_year
    from schools.services.jobs import finish_job, report_progress, take_job

    job = take_job(job_id)
    if job is None or job.year is None:
        return
    with _told(job):
        report_progress(job, step=_("Setting everything back to how it was imported"), done=0, total=1)
        forms = reset_year(job.year, actor=job.requested_by)
        report_progress(job, step="", done=1, total=1)
        finish_job(
            job, message=_("The year stands at its beginning again, with %(forms)d forms.") % {"forms": forms}
        )


@shared_task(acks_late=True)
def play_simulation_task(job_id: int) -> None:
    """Play the invented draws of a what-if simulation; run twice it gives the same figures."""
    from admissions.services.what_if.playing import play_simulation
    from schools.services.jobs import take_job

    job = take_job(job_id)
    if job is None:
        return
    with _told(job):
        play_simulation(job)


@shared_task(acks_late=True)
def check_integrity_task() -> int:
    """Nightly: look for facts that contradict each other, tell the office and the log; repairs nothing.

    Answers the number of contradictions.
    """
    from admissions.services.integrity.facts import check_database
    from schools.models import AdmissionYear

    with translation.override(settings.LANGUAGE_CODE):
        damage = list(check_database())
        for problem in damage:
            log.error("integrity", year="", problem=problem)
    years = AdmissionYear.objects.select_related("region").order_by("pk")
    return len(damage) + sum(_check_year(year, damage) for year in years)


def _check_year(year: "AdmissionYear", damage: list[str]) -> int:
    from admissions.enums import JobKind
    from admissions.services.integrity.facts import problems_of
    from admissions.services.year.office_jobs import live_job
    from schools.models import EventHead
    from schools.services.jobs import fail_job, finish_job, request_job, take_job

    known = live_job(year, JobKind.CHECK_INTEGRITY)
    job = take_job((known or request_job(kind=JobKind.CHECK_INTEGRITY, key="", year=year, actor=None)).pk)
    if job is None:  # somebody else is at it
        return 0
    with _told(job):
        problems = list(problems_of(year))
        for problem in problems:
            log.error("integrity", year=year.code, problem=problem)
        head = EventHead.objects.filter(year=year).first()
        if head is not None:  # a copy outside the database, for who doubts the trail later
            log.info("trail_head", year=year.code, sequence=head.sequence, hash=head.hash)
        if problems or damage:
            shown = " ".join([*damage, *problems][:TOLD])
            text = _("%(count)d things do not add up. %(shown)s")
            fail_job(job, message=text % {"count": len(problems) + len(damage), "shown": shown})
        else:
            finish_job(job, message=_("Everything adds up."))
        return len(problems)
    return 0


def start_draw(job_id: int) -> None:
    """Say "go" for a draw: compute and verify in lottery, decide here. Said twice it is done once."""
    from celery import chain

    from lottery.tasks import compute_draw_task, verify_draw_task

    chain(compute_draw_task.si(job_id), verify_draw_task.si(job_id), apply_draw_task.si(job_id)).delay()


@shared_task(acks_late=True)
def apply_draw_task(job_id: int) -> None:
    """Decisions, places and held letters of a verified session, in one transaction, exactly once."""
    from lottery.tasks import run_draw_step
    from schools.models import Job

    job = Job.objects.select_related("requested_by").get(pk=job_id)

    def work(session_id: int) -> str:
        from admissions.services.draws.mini_sessions import apply_mini_session
        from admissions.services.draws.outcomes import AlreadyApplied, apply_session
        from lottery.enums import VERIFIED_STATES, SessionKind
        from lottery.models import DrawSession

        session = DrawSession.objects.only("name", "state", "kind").get(pk=session_id)
        if (
            session.state not in VERIFIED_STATES
        ):  # an earlier step is still to be done: the watchdog begins again
            return ""
        try:
            if session.kind == SessionKind.MINI:
                apply_mini_session(session_id=session_id, actor=job.requested_by)
            else:
                apply_session(session_id=session_id, actor=job.requested_by)
        except AlreadyApplied:
            log.info("draw_applied_before", session=session.name)
        return _("Two programs found the same outcome. Session %(session)s is official.") % {
            "session": session.name
        }

    run_draw_step(
        job_id,
        number=2,
        step=_("Deciding: places, ledger and letters in one transaction"),
        work=work,
        last=True,
    )


@shared_task(acks_late=True)
def watch_draws_task() -> int:
    """Every few seconds: take up draws whose worker was stopped (answers how many), and publish what is due."""
    from admissions.services.draws.ceremony import publish_due, stopped_draws
    from admissions.services.replies.kept_withdrawals import carry_out_due

    publish_due()
    carry_out_due()
    ids = stopped_draws()
    for job_id in ids:
        log.warning("draw_taken_up_again", job=job_id)
        start_draw(job_id)
    return len(ids)


@shared_task(acks_late=True)
def keep_rounds_task() -> int:
    """Every few seconds: lock the forms of a period whose processing deadline has passed (DH-056, DH-059).

    VOVPs keep time too: their window, and the moment schools see the result.
    """
    from admissions.services.figures.publishing import publish_due_figures
    from admissions.services.forms.closing import keep_every_round
    from admissions.services.places.vovp_calendar import keep_every_vovp

    keep_every_vovp()
    locked = keep_every_round()
    publish_due_figures()  # DH-163
    return locked


@shared_task(acks_late=True)
def watch_messages_task() -> int:
    """Every few seconds: releases at their moment, reminders, and what is late; answers how many messages left."""
    from admissions.services.letters.watching import watch_year
    from schools.models import AdmissionYear

    with translation.override(settings.LANGUAGE_CODE):
        years = AdmissionYear.objects.filter(is_planned=False).select_related("region").order_by("pk")
        return sum(watch_year(year) for year in years)


@shared_task(acks_late=True)
def forget_openings_task() -> int:
    """Every night: who opened which file is forgotten when its time is over; answers how many rows."""
    from admissions.services.year.openings import forget_openings

    return forget_openings()
