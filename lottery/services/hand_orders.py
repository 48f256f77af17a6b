"""The order of a draw by hand as it was typed: every number of the draw once (OA-LOT/1 section 7, profile H)."""

import re
from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lottery.services.sessions import SessionError

SHOWN = 40  # signs of a wrong number that a sentence repeats


def read_order(text: str, wanted: Collection[str]) -> list[str]:
    """The numbers in the order typed, separated by spaces, commas, semicolons or new lines.

    Shapes: ``wanted`` the numbers that take part. ``7`` stands for ``07`` where numbers are of equal length.
    Errors: SessionError with a sentence for a number that does not take part, stands there twice, or is missing.
    """
    numbers = set(wanted)
    width = max(map(len, numbers), default=0)
    units = [unit for unit in re.split(r"[\s,;]+", text.upper()) if unit]
    units = [unit if unit in numbers else unit.zfill(width) if unit.isdigit() else unit for unit in units]
    unknown = next((unit for unit in units if unit not in numbers), None)
    if unknown is not None:
        raise SessionError(
            _("Number %(position)d is “%(unit)s”: that number does not take part in this draw.")
            % {"position": units.index(unknown) + 1, "unit": unknown[:SHOWN]}
        )
    twice = next((unit for index, unit in enumerate(units) if unit in units[:index]), None)
    if twice is not None:
        raise SessionError(
            _("Number %(unit)s stands there twice. Every number is drawn once.") % {"unit": twice}
        )
    missing = sorted(numbers - set(units))
    if missing:
        raise SessionError(
            ngettext(
                "Number %(unit)s is missing. Draw until every number has been drawn.",
                "%(count)d numbers are missing, the first is %(unit)s. Draw until every number has been drawn.",
                len(missing),
            )
            % {"count": len(missing), "unit": missing[0]}
        )
    return units
