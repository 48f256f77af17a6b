"""Changing the dates of a year: every rule of the calendar holds before and after (den-haag.md 3.2, DH-202).

The rounds in the database are the calendar in force; ``AdmissionYear.calendar`` stays what was imported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from schools.calendar import CalendarError, RoundPlan, read_calendar
from schools.clock import now
from schools.enums import RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import AMSTERDAM, AdmissionYear, Round, User, end_of_day
from schools.services.events import Fact, record_events

# What may still change in which state; from the freeze on nothing: letters already wait for their moment.
AFTER_WINDOW = ("processing_until", "school_draws_on", "central_matching_on", "offers_on", "reply_weeks")
DRAW_ON = ("school_draws_on", "central_matching_on", "offers_on", "reply_weeks")
AFTER_OPT_IN = ("central_matching_on", "visible_to_schools_at", "offers_on", "reply_weeks")
FIELDS: dict[str, tuple[str, ...]] = {
    RoundKind.ALM: ("parents_from", "parents_until", *AFTER_WINDOW),
    RoundKind.VOVP: ("opt_in_from", "opt_in_until", *AFTER_OPT_IN),
}
R = RoundState
STILL_OPEN: dict[str, dict[str, tuple[str, ...]]] = {
    RoundKind.ALM: {
        R.PLANNED: FIELDS[RoundKind.ALM],
        R.OPEN: ("parents_until", *AFTER_WINDOW),
        R.PROCESSING: AFTER_WINDOW,
        R.LOCKED: DRAW_ON,
    },
    RoundKind.VOVP: {
        R.PLANNED: FIELDS[RoundKind.VOVP],
        R.INVITED: FIELDS[RoundKind.VOVP],
        R.OPT_IN: ("opt_in_until", *AFTER_OPT_IN),
        R.OPT_IN_CLOSED: AFTER_OPT_IN,
    },
}


class PlannerRefused(RefusedError):
    """This date cannot be so; ``field`` names it where one is to blame."""


@dataclass(frozen=True, slots=True)
class Change:
    """One date that becomes another; empty = not known."""

    round_code: str
    field: str
    old: str
    new: str


def open_fields(round_: Round) -> tuple[str, ...]:
    """The dates of a round that may still change, in calendar order."""
    return STILL_OPEN[round_.kind].get(round_.state, ())


def calendar_of(year: AdmissionYear) -> dict[str, Any]:
    """The calendar in force in the short shape of calendar.json; reading it again gives the same plan."""
    rounds = list(year.rounds.order_by("position").prefetch_related("serves"))
    codes = {round_.pk: round_.code for round_ in rounds}
    return {
        "timezone": str(AMSTERDAM),
        "year": {
            "code": year.code,
            **{
                name: getattr(year, name).isoformat()
                for name in ("starts_on", "ends_on", "uncapped_ends_on", "born_from", "born_to")
            },
        },
        "rounds": [_row(round_, codes) for round_ in rounds],
    }


def _row(round_: Round, codes: Mapping[int, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"code": round_.code, "kind": round_.kind}
    if round_.kind == RoundKind.VOVP:
        row["serves"] = sorted(
            (served.code for served in round_.serves.all()), key=list(codes.values()).index
        )
    for name in FIELDS[round_.kind]:
        row[name] = _stored(getattr(round_, name))
    row["open_places_to"] = codes.get(round_.open_places_to_id or 0)
    row["freed_places_to"] = codes.get(round_.freed_places_to_id or 0)
    return row


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(AMSTERDAM).strftime("%Y-%m-%dT%H:%M")
    return value.isoformat() if isinstance(value, date) else value


def changes_to(year: AdmissionYear, source: Any) -> list[Change]:
    """What would change if ``source`` (either shape of calendar.json) became the calendar. Writes nothing.

    Errors: CalendarError for a calendar that cannot be; PlannerRefused for another year, other rounds, or a date
            that is not open any more.
    """
    plan = read_calendar(source)
    theirs = source.get("region") or source.get("city") or year.region.slug
    if theirs != year.region.slug:
        raise PlannerRefused(
            _("This is the calendar of another region: %(theirs)s. Choose the one of %(ours)s.")
            % {"theirs": str(theirs)[:50], "ours": year.region.name}
        )
    if plan.code != year.code:
        raise PlannerRefused(
            _("This is the calendar of %(theirs)s. Choose the one of %(ours)s.")
            % {"theirs": plan.code, "ours": year.code}
        )
    rounds = {round_.code: round_ for round_ in year.rounds.order_by("position").prefetch_related("serves")}
    if [(item.code, item.kind) for item in plan.rounds] != [(r.code, r.kind) for r in rounds.values()]:
        raise PlannerRefused(
            _("This calendar has other rounds than %(year)s. It belongs to another city or another year.")
            % {"year": year.code}
        )
    bounds = ("starts_on", "ends_on", "uncapped_ends_on", "born_from", "born_to")
    if any(getattr(plan, name) != getattr(year, name) for name in bounds):
        raise PlannerRefused(
            _("The bounds of the year cannot change once it exists: forms have been judged by them.")
        )
    by_id = {round_.pk: round_.code for round_ in rounds.values()}
    found: list[Change] = []
    for item in plan.rounds:
        round_ = rounds[item.code]
        edges = (by_id.get(round_.open_places_to_id or 0), by_id.get(round_.freed_places_to_id or 0))
        if edges != (item.open_places_to, item.freed_places_to) or {
            s.code for s in round_.serves.all()
        } != set(item.serves):
            raise PlannerRefused(
                _("%(round)s: where places go cannot change once the year exists.") % {"round": item.code}
            )
        found += _round_changes(round_, item)
    return found


def _round_changes(round_: Round, item: RoundPlan) -> list[Change]:
    still, moment = open_fields(round_), now(round_.year)
    today = moment.astimezone(AMSTERDAM).date()
    changes: list[Change] = []
    for name in FIELDS[round_.kind]:
        old, new = getattr(round_, name), getattr(item, name)
        if old == new:
            continue
        if name not in still:
            raise PlannerRefused(
                _("%(round)s, %(field)s: this can no longer change, the round is past it.")
                % {"round": round_.code, "field": name},
                field=name,
            )
        day = new.astimezone(AMSTERDAM).date() if isinstance(new, datetime) else new
        if isinstance(day, date) and day < today:
            raise PlannerRefused(
                _("%(round)s, %(field)s: this day is past already. Choose today or later.")
                % {"round": round_.code, "field": name},
                field=name,
            )
        if new is None and round_.state != RoundState.PLANNED:
            raise PlannerRefused(
                _("%(round)s, %(field)s: a round that is open needs this day.")
                % {"round": round_.code, "field": name},
                field=name,
            )
        changes.append(Change(round_.code, name, str(_stored(old) or ""), str(_stored(new) or "")))
    return changes


@transaction.atomic
def change_calendar(year: AdmissionYear, source: Any, *, actor: User | None, reason: str) -> list[Change]:
    """Make ``source`` the calendar; every changed date becomes an event with the reason.

    The row of the year makes two changers queue; rounds are read again inside, and moved only from what was read.
    """
    if not reason.strip():
        raise PlannerRefused(_("Say why the calendar changes."), field="reason")
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    changes = changes_to(year, source)
    plan = {item.code: item for item in read_calendar(source).rounds}
    for code in dict.fromkeys(change.round_code for change in changes):
        round_ = year.rounds.get(code=code)
        names = [change.field for change in changes if change.round_code == code]
        values = {name: getattr(plan[code], name) for name in names}
        moved = Round.objects.filter(pk=round_.pk, state=round_.state).update(**values)
        if moved != 1:
            raise PlannerRefused(_("Somebody else moved round %(code)s at the same moment.") % {"code": code})
    facts = [
        Fact("date_changed", "round", change.round_code, f"{change.field} {change.old}", change.new, reason)
        for change in changes
    ]
    record_events(year, facts, actor=actor)
    return changes


def with_dates(year: AdmissionYear, code: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The calendar in force with other dates in one round, to hand to ``change_calendar``."""
    source = calendar_of(year)
    for row in source["rounds"]:
        if row["code"] == code:
            row.update({name: _stored(value) for name, value in values.items()})
    return source


def warnings_of(rounds: Iterable[Round]) -> list[str]:
    """What is possible and yet deserves a look (den-haag.md 3.2, Q-21): never an error."""
    rounds = list(rounds)
    found: list[str] = []
    for round_ in rounds:
        if round_.offers_on is None:
            continue
        replies = end_of_day(round_.offers_on + timedelta(weeks=round_.reply_weeks))
        for vovp in rounds:
            if vovp.position > round_.position and vovp.kind == RoundKind.VOVP and vovp.central_matching_on:
                if replies > vovp.freeze_at and round_.freed_places_to_id == vovp.pk:
                    found.append(
                        _("Parents of %(round)s may still reply when the places of %(vovp)s are counted.")
                        % {"round": round_.code, "vovp": vovp.code}
                    )
                break
        for day in (round_.offers_on, round_.central_matching_on):
            if day is not None and day.weekday() >= 5:
                found.append(
                    _("%(round)s: %(day)s is in a weekend. Are schools and the notary there?")
                    % {"round": round_.code, "day": day.isoformat()}
                )
    return list(dict.fromkeys(found))


__all__ = [
    "CalendarError",
    "Change",
    "PlannerRefused",
    "calendar_of",
    "change_calendar",
    "changes_to",
    "open_fields",
    "warnings_of",
    "with_dates",
]
