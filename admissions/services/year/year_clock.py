"""Moving the clock of a rehearsal year, with the deadlines it passes (DESIGN section 7)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import JobKind
from admissions.services.figures.publishing import publish_due_figures
from admissions.services.forms.closing import keep_time
from admissions.services.places.vovp_calendar import keep_vovp
from schools.clock import ClockError, move_clock
from schools.enums import JobState
from schools.models import AdmissionYear, Job, User, end_of_day
from schools.services.events import Fact, record_event
from schools.texts import long_date

MARGIN = timedelta(days=365)


@transaction.atomic
def move_year_clock(year: AdmissionYear, *, to: datetime, actor: User | None) -> list[str]:
    """Move the clock forward and let every application period keep time; returns the codes of rounds that moved.

    Raises ClockError when the moment lies before the clock or far after the year, in a real year, and while a round
    is being played.
    """
    year = AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    drawing = Job.objects.filter(year=year, kind__in=[JobKind.PLAY_ROUND, JobKind.DRAW])
    if drawing.filter(state__in=[JobState.REQUESTED, JobState.RUNNING]).exists():
        raise ClockError(_("A round is being played, and that moves the clock. Wait until it is ready."))
    last = year.uncapped_ends_on + MARGIN
    if to >= end_of_day(last):
        raise ClockError(
            _("That is after the end of this year. Choose a day up to %(day)s.") % {"day": long_date(last)}
        )
    old = year.clock_at
    move_clock(year, to=to)
    fact = Fact(
        "clock_moved",
        "year",
        year.code,
        old=old.isoformat(timespec="minutes") if old else "",
        new=to.isoformat(timespec="minutes"),
    )
    record_event(year, fact, actor=actor)
    moved = []
    for round_ in year.rounds.select_related("year").order_by("position"):
        state = round_.state
        round_.year = year
        keep_time(round_, actor=actor)
        keep_vovp(round_, actor=actor)
        round_.refresh_from_db(fields=["state"])
        if round_.state != state:
            moved.append(round_.code)
    publish_due_figures(year, actor=actor)
    return moved
