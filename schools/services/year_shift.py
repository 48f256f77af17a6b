"""The calendar of a year, one year later: pure data in, pure data out."""

import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

from schools.workdays import is_working_day

WEEKS = timedelta(weeks=52)
# Windows in which parents can apply keep their calendar days: they follow birthdays, and deadlines of the law.
PARENTS = ("parents_from", "parents_until")
# Days on which people work keep their weekday, and move on from a holiday.
WORKED = ("opt_in_from", "opt_in_until", "school_draws_on", "central_matching_on", "offers_on")


def same_day_next_year(day: date) -> date:
    """One calendar year later; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def same_weekday_next_year(day: date) -> date:
    """52 weeks later, or the first working day after that; a day in a weekend stays in its weekend."""
    later = day + WEEKS
    while day.weekday() < 5 and not is_working_day(later):
        later += timedelta(days=1)
    return later


def next_code(code: str) -> str:
    """2023-2024 becomes 2024-2025; a code without a year gets a plus."""
    later = re.sub(r"\d{4}", lambda found: str(int(found[0]) + 1), code)
    return later if later != code else f"{code}+"[:20]


def next_calendar(source: Mapping[str, Any]) -> dict[str, Any]:
    """The short shape of calendar.json a year later; dates that were not known stay unknown.

    The processing deadline keeps its distance to that of the parents and falls on a working day (Q-52).
    """
    later: dict[str, Any] = deepcopy(dict(source))
    year = later["year"]
    for name in ("starts_on", "ends_on", "uncapped_ends_on", "born_from", "born_to"):
        year[name] = same_day_next_year(date.fromisoformat(year[name])).isoformat()
    year["code"] = next_code(year["code"])
    for row in later["rounds"]:
        gap = None
        if row.get("parents_until") and row.get("processing_until"):
            until = date.fromisoformat(row["parents_until"])
            gap = date.fromisoformat(row["processing_until"]) - until
        for name in PARENTS:
            if row.get(name):
                row[name] = same_day_next_year(date.fromisoformat(row[name])).isoformat()
        for name in WORKED:
            if row.get(name):
                row[name] = same_weekday_next_year(date.fromisoformat(row[name])).isoformat()
        if gap is not None:
            day = date.fromisoformat(row["parents_until"]) + gap
            while not is_working_day(day):
                day += timedelta(days=1)
            row["processing_until"] = day.isoformat()
        if row.get("visible_to_schools_at"):
            seen = datetime.fromisoformat(row["visible_to_schools_at"])
            row["visible_to_schools_at"] = datetime.combine(
                same_weekday_next_year(seen.date()), seen.time()
            ).isoformat(timespec="minutes")
    return later


def empty_calendar(source: Mapping[str, Any], *, years: int = 0) -> dict[str, Any]:
    """The rounds of ``source`` without a single date, in the year that begins ``years`` later."""
    later: dict[str, Any] = deepcopy(dict(source))
    for row in later["rounds"]:
        for name in (*PARENTS, *WORKED, "processing_until", "visible_to_schools_at"):
            if name in row:
                row[name] = None
    for _year in range(years):
        later = next_calendar(later)
    return later
