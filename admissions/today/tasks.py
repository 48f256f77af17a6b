"""One thing to do on a start page."""

from dataclasses import dataclass
from datetime import date, datetime, time

from schools.models import local_moment

SOON_DAYS = 7


def last_minute(day: date | None) -> datetime | None:
    """23:59 of a day that is included as a whole; what people call the deadline."""
    return local_moment(day, time(23, 59)) if day else None


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do: ``title`` says what, ``until`` by when; ``headline`` is the sentence for the dark block."""

    icon: str
    title: str
    text: str
    until: date | datetime | None
    url: str
    label: str
    headline: str = ""
    is_late: bool = False

    def days(self, today: date) -> int:
        if self.until is None:
            return 999
        day = self.until.date() if isinstance(self.until, datetime) else self.until
        return (day - today).days

    def tone(self, today: date) -> str:
        if self.is_late:
            return "late"
        return "soon" if self.days(today) <= SOON_DAYS else ""
