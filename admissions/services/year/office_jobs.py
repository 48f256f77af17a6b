"""Starting the long work of the programme office: the job row first, the task when it has been committed."""

import base64

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import JobKind
from admissions.services.draws.rehearsal import RehearsalRefused, check_playable
from admissions.services.year.reset import check_resettable
from schools.clock import database_now
from schools.enums import JobState, RoundKind
from schools.errors import RefusedError
from schools.models import AdmissionYear, Job, Round, User
from schools.services.events import Fact, record_event
from schools.services.jobs import STALE_AFTER, AlreadyRunning, request_job
from schools.services.starting import start

LIVE = (JobState.REQUESTED, JobState.RUNNING)
EXCLUSIVE = (JobKind.PLAY_ROUND, JobKind.DRAW, JobKind.RESET_YEAR)  # each changes the whole year


class JobError(RefusedError):
    """This job cannot be started (again) now."""


def live_job(year: AdmissionYear, *kinds: str) -> Job | None:
    """The unfinished job of one of these kinds in this year, if there is one."""
    return Job.objects.filter(year=year, kind__in=kinds, state__in=LIVE).order_by("pk").first()


def is_behind(job: Job) -> bool:
    """Waits because the worker is busy with something else, which is alive."""
    busy = Job.objects.filter(state=JobState.RUNNING, heartbeat_at__gt=database_now() - STALE_AFTER)
    return job.state == JobState.REQUESTED and busy.exclude(pk=job.pk).exists()


def is_stale(job: Job) -> bool:
    """Asked for or begun, and nobody has been heard of for a minute: the worker was stopped."""
    if job.is_finished:
        return False
    heard = job.heartbeat_at or job.requested_at
    return database_now() - heard >= STALE_AFTER and not is_behind(job)


@transaction.atomic
def request_round(
    round_: Round,
    *,
    digits: str,
    actor: User | None,
    opt_ins: bytes | None = None,
    opt_ins_name: str = "",
) -> Job:
    """Ask for a rehearsal round to be played. Raises RefusedError with a sentence; AlreadyRunning names no second job.

    Shapes: ``digits`` 60 dice digits; ``opt_ins`` the bytes of an opt-in file, None = everybody (VOVP only).
    """
    digits = check_playable(round_, digits=digits)
    if opt_ins is not None and round_.kind != RoundKind.VOVP:
        raise RehearsalRefused(
            _("An opt-in file belongs to a VOVP: %(round)s is not one.") % {"round": round_.code}
        )
    _check_alone(round_.year)
    arguments: dict[str, object] = {"digits": digits}
    if opt_ins is not None:
        arguments |= {"opt_ins": base64.b64encode(opt_ins).decode("ascii"), "opt_ins_name": opt_ins_name}
    job = request_job(
        kind=JobKind.PLAY_ROUND, key=round_.code, year=round_.year, actor=actor, arguments=arguments
    )
    record_event(round_.year, Fact("round_requested", "round", round_.code, new="rehearsal"), actor=actor)
    start_job(job)
    return job


@transaction.atomic
def request_reset(year: AdmissionYear, *, actor: User | None) -> Job:
    """Ask for a rehearsal year to be reset; refused while a round is being played."""
    check_resettable(year)
    _check_alone(year)
    job = request_job(kind=JobKind.RESET_YEAR, key=year.code, year=year, actor=actor)
    start_job(job)
    return job


@transaction.atomic
def request_letters(round_: Round, *, actor: User | None) -> Job:
    """Ask for the letters of a round that do not exist yet."""
    job = request_job(
        kind=JobKind.LETTERS,
        key=round_.code,
        year=round_.year,
        actor=actor,
        arguments={"round": round_.pk},
    )
    start_job(job)
    return job


def restart_job(job: Job) -> None:
    """Say "go" again for a job whose worker was stopped; what was done stays done."""
    if not is_stale(job):
        raise JobError(_("This is still running. Wait until it is ready."))
    start_job(job)


def _check_alone(year: AdmissionYear) -> None:
    """Playing a round and resetting the year do not go together; the row of the year makes requests queue."""
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    if live_job(year, *EXCLUSIVE) is not None:
        raise AlreadyRunning(_("This is already running. Wait until it is ready."))


STARTS: dict[str, str] = {
    JobKind.PLAY_ROUND: "admissions.tasks.play_round_task",
    JobKind.RESET_YEAR: "admissions.tasks.reset_year_task",
    JobKind.DRAW: "admissions.tasks.start_draw",
    JobKind.SIMULATION: "admissions.tasks.play_simulation_task",
}


def start_job(job: Job) -> None:
    """Say "go" for a requested job once its row has been committed; until then its page offers to start it again."""
    if job.kind == JobKind.LETTERS:
        start("notifications.tasks.make_letters_task", job.arguments.get("round"), job.pk)
    else:
        start(STARTS[job.kind], job.pk)
