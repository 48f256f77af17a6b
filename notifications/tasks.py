"""Long work of messages. A task takes ids and may run twice."""

from celery import current_app, shared_task
from django.utils.translation import gettext

HELPERS = (
    3  # processes besides the one that keeps the job; where fewer are free the others find nothing left to do
)


@shared_task(acks_late=True, autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def make_letters_task(round_id: int, job_id: int | None = None) -> int:
    """Make the letters of a round that do not exist yet; answers how many.

    With ``job_id`` the progress is kept in that job, and a second delivery while it runs does nothing. Other
    processes are asked to help; killed or missing helpers cost time and nothing else, because this one goes through
    all letters.
    """
    # WeasyPrint is slow to import
    from notifications.services.letters import BATCH, LetterError, letters_to_make, make_letters
    from schools.services.jobs import fail_job, finish_job, report_progress, take_job

    job = take_job(job_id) if job_id is not None else None
    if job_id is not None and job is None:
        return 0

    def progress(done: int, total: int) -> None:
        if job is not None:
            report_progress(job, step=gettext("Making the letters"), done=done, total=total)

    wanted = letters_to_make(round_id)
    if len(wanted) > BATCH and not current_app.conf.task_always_eager:
        for helper in range(1, HELPERS + 1):
            help_with_letters_task.delay(round_id, helper)
    try:
        made = make_letters(message_ids=wanted, progress=progress)
    except LetterError as exc:
        if job is None:
            raise
        fail_job(job, message=str(exc))
        return 0
    if job is not None:
        finish_job(job)
    return made


@shared_task(acks_late=True)
def help_with_letters_task(round_id: int, helper: int) -> int:
    """Make letters of a round from another place in the list than the other processes; answers how many.

    The list is walked once round, and what others have made meanwhile or are making now is passed over. Two that
    make the same letter all the same store the same bytes once.
    """
    from notifications.services.letters import LetterError, letters_to_make, make_letters

    wanted = letters_to_make(round_id)
    start = len(wanted) * helper // (HELPERS + 1)
    try:
        return make_letters(message_ids=[*wanted[start:], *wanted[:start]])
    except LetterError:
        return 0  # the one that keeps the job meets the same letters and tells about them


@shared_task(acks_late=True)
def send_deliveries_task(delivery_ids: list[int]) -> int:
    """Hand these mails over to the mail server; answers how many it took."""
    from notifications.services.sending import send_batch

    return send_batch(delivery_ids)


@shared_task(acks_late=True)
def watch_deliveries_task() -> int:
    """Every so often: take up what a stopped worker left behind, and what was postponed and is due again.

    Answers how many mails were taken. Two of them side by side share the work: each mail is claimed by one.
    """
    from notifications.services.deliveries import due_deliveries, free_stopped
    from notifications.services.sending import send_batch

    free_stopped()
    return send_batch(due_deliveries())
