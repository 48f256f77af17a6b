"""The dates of a round in the words of the screens."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import pgettext_lazy

LABELS: dict[str, Any] = {
    "parents_from": pgettext_lazy("date of a round", "Parents can apply from"),
    "parents_until": pgettext_lazy("date of a round", "Parents can apply until"),
    "processing_until": pgettext_lazy("date of a round", "Schools enter forms until"),
    "opt_in_from": pgettext_lazy("date of a round", "Parents opt in from"),
    "opt_in_until": pgettext_lazy("date of a round", "Parents opt in until"),
    "school_draws_on": pgettext_lazy("date of a round", "School draws"),
    "central_matching_on": pgettext_lazy("date of a round", "Central draw with the notary"),
    "visible_to_schools_at": pgettext_lazy("date of a round", "Schools see the result"),
    "offers_on": pgettext_lazy("date of a round", "All parents hear the result"),
    "reply_weeks": pgettext_lazy("date of a round", "Weeks to reply"),
}


def dates_in_words(names: Iterable[str]) -> str:
    """Names of dates as in calendar.json, as one list for a sentence."""
    return ", ".join(f"“{LABELS[name]}”" for name in names)
