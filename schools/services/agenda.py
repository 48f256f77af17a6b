"""The dates of a year as a calendar feed (iCalendar, RFC 5545) for each kind of reader."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from icalendar import Calendar, Event

from schools.context import reply_until, round_name
from schools.enums import RoundKind
from schools.models import AdmissionYear, Round

AUDIENCES = {
    "ouders": pgettext_lazy("calendar feed", "Parents"),
    "scholen": pgettext_lazy("calendar feed", "Schools"),
    "kantoor": pgettext_lazy("calendar feed", "Programme office"),
    "notaris": pgettext_lazy("calendar feed", "Notary"),
}
TITLE = gettext_lazy("Applying for a school, %(region)s %(year)s")
Entry = tuple[str, str, date | datetime, date | None]  # key, text, begin, last day


def agenda_of(year: AdmissionYear, audience: str, *, changed_at: datetime) -> bytes:
    """The feed; the same dates and moment give the same bytes. Errors: KeyError for an unknown audience.

    Everything in it is in the published year calendar: no counts, no states, nothing of an outcome.
    """
    AUDIENCES[audience]
    calendar = Calendar()
    calendar.add("prodid", "-//Open Aanmelden//calendar//NL")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", str(TITLE) % {"region": year.region.name, "year": year.code})
    mark = pgettext("calendar feed", "rehearsal") if year.is_rehearsal else ""
    for round_ in year.rounds.order_by("position"):
        for key, text, begin, last in _entries(round_, audience):
            entry = Event()
            entry.add("uid", f"{year.code}-{round_.code}-{key}@{year.region.slug}")
            entry.add("dtstamp", changed_at)
            name = round_name(round_)
            entry.add("summary", f"{name}: {text}" + (f" ({mark})" if mark else ""))
            entry.add("dtstart", begin)
            if last is not None and not isinstance(begin, datetime):
                entry.add("dtend", last + timedelta(days=1))  # the end is the first day after it
            calendar.add_component(entry)
    return bytes(calendar.to_ical())


def _entries(round_: Round, audience: str) -> Iterator[Entry]:
    parents, schools, office = audience == "ouders", audience == "scholen", audience == "kantoor"
    if audience == "notaris":
        if round_.central_matching_on:
            yield "draw", pgettext("calendar feed", "draw"), round_.central_matching_on, None
        return
    if round_.parents_from and round_.parents_until:
        text = pgettext("calendar feed", "parents can apply")
        yield "window", text, round_.parents_from, round_.parents_until
    if round_.opt_in_from and round_.opt_in_until:
        text = pgettext("calendar feed", "parents can opt in")
        yield "opt-in", text, round_.opt_in_from, round_.opt_in_until
    if (schools or office) and round_.processing_until:
        text = pgettext("calendar feed", "last day to enter forms")
        yield "processing", text, round_.processing_until, None
    if (schools or office) and round_.school_draws_on:
        yield "school-draws", pgettext("calendar feed", "school draws"), round_.school_draws_on, None
    if not parents and round_.central_matching_on:
        yield "draw", pgettext("calendar feed", "draw"), round_.central_matching_on, None
    if not parents and round_.kind == RoundKind.VOVP and round_.visible_to_schools_at:
        text = pgettext("calendar feed", "schools see the result")
        yield "visible", text, round_.visible_to_schools_at, None
    if round_.offers_on:
        yield "offers", pgettext("calendar feed", "parents hear the result"), round_.offers_on, None
        replies = reply_until(round_)
        if replies:
            yield "reply", pgettext("calendar feed", "last day to reply"), replies, None
