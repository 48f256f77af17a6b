"""Dates the way people read them."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format


def long_date(day: date) -> str:
    """``18 januari 2024``, in the active language."""
    return date_format(day, "j F Y")


def long_moment(moment: datetime) -> str:
    """``18 januari 2024, 13:00``, local time, in the active language."""
    return date_format(timezone.localtime(moment), "j F Y, H:i")
