"""Looking along at a school: beginning with a reason, ending, and what was looked at (den-haag.md section 1)."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from schools.clock import database_now
from schools.errors import RefusedError
from schools.models import AdmissionYear, HelperView, HelperVisit, School, User
from schools.services.events import Fact, record_event

LASTS = timedelta(hours=1)
SHORTEST_REASON = 5  # letters: "ja" explains nothing to the school


class HelpingRefused(RefusedError):
    """Nobody looks along like that."""


@transaction.atomic
def start_helping(school: School, *, user: User, reason: str, year: AdmissionYear) -> HelperView:
    """Begin looking along for an hour; the school sees who and why from this moment on.

    Errors: HelpingRefused without a reason.
    """
    reason = " ".join(reason.split())
    if len(reason) < SHORTEST_REASON:
        raise HelpingRefused(_("Write down why you look along. The school reads it."))
    moment = database_now()
    view = HelperView.objects.create(
        school=school, user=user, reason=reason[:300], started_at=moment, ends_at=moment + LASTS
    )
    record_event(year, Fact("helper_view_started", "school", school.brin, new=str(view.pk)), actor=user)
    return view


@transaction.atomic
def end_helping(view: HelperView, *, year: AdmissionYear | None) -> None:
    """End looking along, by hand or because the hour is over; done twice it is done once."""
    moment = min(database_now(), view.ends_at)
    moved = HelperView.objects.filter(pk=view.pk, ended_at=None).update(ended_at=moment)
    if moved and year is not None:
        fact = Fact("helper_view_ended", "school", view.school.brin, new=str(view.pk))
        record_event(year, fact, actor=view.user)


def record_visit(view: HelperView, *, page: str, number: str = "", was_refused: bool = False) -> None:
    """One request of somebody who looks along, whatever came of it."""
    HelperVisit.objects.create(
        view=view,
        at=database_now(),
        page=page[:60],
        registration_number=number[:20],
        was_refused=was_refused,
    )
