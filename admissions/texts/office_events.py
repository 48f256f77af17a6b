"""Sentences for the events of the office: dates, rounds, schools, people. Those of a child stand in ``events.py``."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from admissions.texts.event_titles import TITLES, title
from schools.calendar_words import LABELS
from schools.enums import DrawMode, PriorityKind, Role, RoundState
from schools.models import Event

# Kinds whose ``new`` is a number, a code or a day that people read as it stands.
SHOWN = frozenset(
    {
        "care_day",
        "figures_read",
        "last_year_places",
        "places_confirmed",
        "region_added",
        "release_opened",
        "reply_period_moved",
        "school_added",
        "school_closed",
        "programme_closed",
        "schools_imported",
        "sent_late",
        "session_committed",
    }
)


def _label(choices: Any, value: str) -> str:
    """The label of a choice; a value the application no longer knows stays as it is."""
    return str(choices(value).label) if value in choices.values else value


def _labels(choices: Any, values: str) -> str:
    return ", ".join(_label(choices, value) for value in values.split()) or "–"


def _from_to(event: Event, old: str, new: str) -> str:
    words = {"what": title(event.kind), "old": old, "new": new}
    if not old:
        return _("%(what)s: %(new)s") % words
    return _("%(what)s: from %(old)s to %(new)s") % words


def _date_changed(event: Event) -> str:
    field, _space, old = event.old.partition(" ")
    what = {"what": LABELS.get(field, field), "old": old or "–", "new": event.new or "–"}
    return _("Date changed, %(what)s: from %(old)s to %(new)s") % what


def _role(event: Event) -> str:
    role, _space, place = event.new.partition(" ")
    return _("%(what)s: %(new)s") % {
        "what": title(event.kind),
        "new": f"{_label(Role, role)} {place}".strip(),
    }


SENTENCES: dict[str, Callable[[Event], str]] = {
    "date_changed": _date_changed,
    "member_added": _role,
    "member_removed": _role,
    "round_state": lambda e: _from_to(e, _label(RoundState, e.old), _label(RoundState, e.new)),
    "ceiling_set": lambda e: _from_to(e, "" if e.old == "None" else e.old, "–" if e.new == "None" else e.new),
    "draw_mode_set": lambda e: _from_to(e, _label(DrawMode, e.old), _label(DrawMode, e.new)),
    "rules_set": lambda e: _from_to(e, "", _labels(PriorityKind, e.new)),
}


def office_sentence(event: Event) -> str:
    """What happened in the office, in the active language."""
    tell = SENTENCES.get(event.kind)
    if tell is not None:
        return tell(event)
    if event.kind not in TITLES:  # nothing is hidden
        return f"{title(event.kind)} {event.new}".strip()
    return _from_to(event, "", event.new) if event.kind in SHOWN and event.new else title(event.kind)
