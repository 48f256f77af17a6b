"""What time it is in an admission year (DESIGN section 7).

Every guard, deadline, timer and page asks here, never the machine. In a rehearsal year the clock stands still on a
chosen moment; in real use it is the database's time, so that all processes agree.
"""

from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import DateTimeField, Func
from django.utils.translation import gettext as _

from schools.errors import RefusedError
from schools.models import AMSTERDAM, AdmissionYear


class ClockError(RefusedError):
    """The clock of this year cannot be moved like that."""


def database_now() -> datetime:
    """The database's time, in UTC."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
            return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment.astimezone(UTC)


class DatabaseNow(Func):
    """The database's time within a query that is asked anyway."""

    template = "clock_timestamp()"
    arity = 0
    output_field = DateTimeField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="strftime('%%%%Y-%%%%m-%%%%dT%%%%H:%%%%M:%%%%f', 'now')", **context
        )


def now(year: AdmissionYear, *, read: datetime | None = None) -> datetime:
    """The present moment of ``year``, in UTC. Raises ClockError for a standing clock where that is not allowed.

    ``read``: the database's time, when a query of this very moment brought it along.
    """
    if year.clock_at is None:
        return read or database_now()
    if not settings.REHEARSAL_ALLOWED:
        raise ClockError(_("This installation is for real years: a clock that stands still is refused."))
    return year.clock_at.astimezone(UTC)


def today(year: AdmissionYear) -> date:
    """The local calendar day of ``year`` in Europe/Amsterdam."""
    return now(year).astimezone(AMSTERDAM).date()


def move_clock(year: AdmissionYear, *, to: datetime) -> None:
    """Move the clock of a rehearsal year forward; never back, since a later step never edits an earlier one."""
    if not year.is_rehearsal or not settings.REHEARSAL_ALLOWED:
        raise ClockError(_("Only the clock of a rehearsal year can be moved."))
    if year.clock_at is not None and to < year.clock_at:
        raise ClockError(
            _("The clock of a rehearsal year only moves forward. Reset the year to start again.")
        )
    year.clock_at = to
    year.save(update_fields=["clock_at"])
