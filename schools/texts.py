"""Dates the way people read them."""

from datetime import date

from django.utils.formats import date_format


def long_date(day: date) -> str:
    """``18 januari 2024``, in the active language."""
    return date_format(day, "j F Y")
