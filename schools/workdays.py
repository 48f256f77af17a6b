"""Working days: without weekends and the public holidays of the Netherlands (DH-192)."""

from datetime import date, timedelta


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (Meeus, Jones, Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e, f = b // 4, b % 4, (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    leap = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * leap) // 451
    month, day = divmod(h + leap - 7 * m + 114, 31)
    return date(year, month, day + 1)


def holidays(year: int) -> frozenset[date]:
    """New Year, Easter Monday, the King's day, Liberation day, Ascension, Whit Monday, both days of Christmas."""
    sunday = easter(year)
    king = date(year, 4, 27)
    return frozenset(
        {
            date(year, 1, 1),
            sunday,
            sunday + timedelta(days=1),
            king - timedelta(days=1) if king.weekday() == 6 else king,
            date(year, 5, 5),
            sunday + timedelta(days=39),
            sunday + timedelta(days=49),
            sunday + timedelta(days=50),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year)


def after_working_days(day: date, count: int) -> date:
    """The ``count``-th working day after ``day``; a call on Friday is answered on Wednesday at the latest (three)."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day
