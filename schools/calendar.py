"""Reading ``calendar.json`` of an admission year: plain data in, a checked plan out (data-formats.md section 1).

Two shapes are read: the short one of an import directory, and the richer source form of the specification folder,
in which a missing date is ``null``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from schools.enums import RoundKind
from schools.errors import RefusedError
from schools.models import AMSTERDAM

YEARS = range(2000, 2101)  # a slip of the pen, and what no calendar can count on with
CODE = re.compile(r"[0-9A-Z][0-9A-Z-]{0,9}")


class CalendarError(RefusedError):
    """The calendar cannot be used; the sentence names the field. ``blamed`` is that field, by the code of its round:
    of two rounds that are in each other's way each has one."""

    def __init__(self, text: object = "", blamed: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.blamed = blamed or {}

    def of_round(self, code: str) -> "CalendarError":
        """The same refusal beside the field of this round, where it has one."""
        self.field = self.blamed.get(code, "")
        return self


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """Dates of one round; None where the source gives none, then the round cannot open (den-haag.md 3.2)."""

    code: str
    kind: str
    reply_weeks: int
    open_places_to: str | None
    freed_places_to: str | None
    serves: tuple[str, ...] = ()
    parents_from: date | None = None
    parents_until: date | None = None
    processing_until: date | None = None
    opt_in_from: date | None = None
    opt_in_until: date | None = None
    school_draws_on: date | None = None
    central_matching_on: date | None = None
    visible_to_schools_at: datetime | None = None
    offers_on: date | None = None


@dataclass(frozen=True, slots=True)
class YearPlan:
    code: str
    starts_on: date
    ends_on: date
    uncapped_ends_on: date
    born_from: date
    born_to: date
    rounds: tuple[RoundPlan, ...] = field(default_factory=tuple)


def read_calendar(source: Any) -> YearPlan:
    """Check ``source`` (parsed JSON, either shape) and return the plan. Raises CalendarError with a sentence."""
    if not isinstance(source, Mapping):
        raise CalendarError(_("The calendar must be a JSON object with “year” and “rounds”."))
    plan = _read_rich(source) if "admission_year" in source else _read_short(source)
    _check(plan)
    return plan


def _refuse(where: str, what: str, **blamed: str) -> NoReturn:
    raise CalendarError(_("Calendar, %(where)s: %(what)s") % {"where": where, "what": what}, blamed)


def _object(source: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = source.get(key)
    if not isinstance(value, Mapping):
        _refuse(key, _("this part is missing."))
    return value


def _rows(source: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rows = source.get("rounds")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        _refuse("rounds", _("this must be a list of rounds."))
    return rows


def _text(source: Mapping[str, Any], key: str, where: str) -> str:
    value = source.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > 20:
        _refuse(where, _("“%(key)s” is missing or too long.") % {"key": key})
    return value.strip()


def _day(source: Mapping[str, Any], key: str, where: str) -> date | None:
    value = source.get(key)
    if value is None:
        return None
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        _refuse(where, _("“%(key)s” is not a date like 2024-01-31.") % {"key": key})
    _check_century(day, key, where)
    return day


def _check_century(day: date, key: str, where: str) -> None:
    if day.year not in YEARS:
        _refuse(
            where,
            _("“%(key)s” must lie between %(first)d and %(last)d.")
            % {"key": key, "first": YEARS[0], "last": YEARS[-1]},
            **{where: key},
        )


def _needed_day(source: Mapping[str, Any], key: str, where: str) -> date:
    day = _day(source, key, where)
    if day is None:
        _refuse(where, _("“%(key)s” is missing.") % {"key": key})
    return day


def _moment(source: Mapping[str, Any], key: str, where: str) -> datetime | None:
    value = source.get(key)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        _refuse(where, _("“%(key)s” is not a moment like 2024-01-31T13:00.") % {"key": key})
    _check_century(moment, key, where)
    return moment if moment.tzinfo else moment.replace(tzinfo=AMSTERDAM)


def _weeks(source: Mapping[str, Any], where: str) -> int:
    weeks = source.get("reply_weeks", 4)
    if not isinstance(weeks, int) or isinstance(weeks, bool) or not 1 <= weeks <= 26:
        _refuse(where, _("“reply_weeks” must be a whole number from 1 to 26."))
    return weeks


def _kind(row: Mapping[str, Any], where: str) -> str:
    kind = row.get("kind")
    if kind not in RoundKind.values:
        _refuse(where, _("“kind” must be ALM or VOVP."))
    return str(kind)


def _serves(row: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    serves = row.get(key, [])
    if not isinstance(serves, list) or not all(isinstance(item, str) for item in serves):
        _refuse(where, _("“serves” must be a list of round codes."))
    return tuple(serves)


def _read_short(source: Mapping[str, Any]) -> YearPlan:
    year = _object(source, "year")
    rounds = []
    for row in _rows(source):
        code = _text(row, "code", "rounds")
        rounds.append(
            RoundPlan(
                code=code,
                kind=_kind(row, code),
                reply_weeks=_weeks(row, code),
                open_places_to=row.get("open_places_to"),
                freed_places_to=row.get("freed_places_to"),
                serves=_serves(row, "serves", code),
                parents_from=_day(row, "parents_from", code),
                parents_until=_day(row, "parents_until", code),
                processing_until=_day(row, "processing_until", code),
                opt_in_from=_day(row, "opt_in_from", code),
                opt_in_until=_day(row, "opt_in_until", code),
                school_draws_on=_day(row, "school_draws_on", code),
                central_matching_on=_day(row, "central_matching_on", code),
                visible_to_schools_at=_moment(row, "visible_to_schools_at", code),
                offers_on=_day(row, "offers_on", code),
            )
        )
    return YearPlan(
        code=_text(year, "code", "year"),
        starts_on=_needed_day(year, "starts_on", "year"),
        ends_on=_needed_day(year, "ends_on", "year"),
        uncapped_ends_on=_needed_day(year, "uncapped_ends_on", "year"),
        born_from=_needed_day(year, "born_from", "year"),
        born_to=_needed_day(year, "born_to", "year"),
        rounds=tuple(rounds),
    )


def _list(source: Mapping[str, Any], key: str) -> list[Any]:
    value = source.get(key, [])
    if not isinstance(value, list):
        _refuse(key, _("this must be a list of rounds."))
    return value


def _sequence(row: Mapping[str, Any]) -> int:
    value = row.get("sequence")
    return value if isinstance(value, int) else 0


def _hour(row: Mapping[str, Any], where: str) -> time:
    """When schools see a VOVP; the source says "afternoon" (AE-21)."""
    value = row.get("visible_to_schools_time") or "12:00"
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        _refuse(where, _("“%(key)s” is not a time like 13:00.") % {"key": "visible_to_schools_time"})


def _read_rich(source: Mapping[str, Any]) -> YearPlan:
    year, carry = _object(source, "admission_year"), _object(source, "carry_over")
    capped, uncapped = _object(year, "capped_schools"), _object(year, "uncapped_schools")
    group, freed = _object(year, "birth_group"), _object(carry, "freed_places")
    edges = {
        edge["from"]: edge.get("to")
        for edge in _list(carry, "open_places")
        if isinstance(edge, Mapping) and isinstance(edge.get("from"), str)
    }
    vovps = [code for code in _list(freed, "order") if isinstance(code, str)]
    rows = sorted(_rows(source), key=_sequence)
    codes = [row.get("code") for row in rows]
    rounds = []
    for position, row in enumerate(rows):
        code = _text(row, "code", "rounds")
        later = [vovp for vovp in vovps if vovp in codes and codes.index(vovp) > position]
        visible = _day(row, "visible_to_schools_from", code)
        rounds.append(
            RoundPlan(
                code=code,
                kind=_kind(row, code),
                reply_weeks=_weeks(row, code),
                open_places_to=edges.get(code),
                freed_places_to=later[0] if later else None,
                serves=_serves(row, "serves_rounds", code),
                parents_from=_day(row, "parents_window_start", code),
                parents_until=_day(row, "parents_window_end", code),
                processing_until=_day(row, "processing_deadline", code),
                opt_in_from=_day(row, "opt_in_start", code),
                opt_in_until=_day(row, "opt_in_end", code),
                school_draws_on=_day(row, "school_draw_date", code),
                central_matching_on=_day(row, "central_matching_date", code),
                visible_to_schools_at=datetime.combine(visible, _hour(row, code), AMSTERDAM)
                if visible and row.get("kind") == RoundKind.VOVP
                else None,
                offers_on=_day(row, "offer_send_date", code),
            )
        )
    return YearPlan(
        code=_text(year, "code", "admission_year"),
        starts_on=_needed_day(capped, "start", "capped_schools"),
        ends_on=_needed_day(capped, "end", "capped_schools"),
        uncapped_ends_on=_needed_day(uncapped, "end", "uncapped_schools"),
        born_from=_needed_day(group, "from", "birth_group"),
        born_to=_needed_day(group, "to", "birth_group"),
        rounds=tuple(rounds),
    )


# Dates of one round that must follow each other; True = the same day will do (DH-202, DH-142).
ORDERED: dict[str, tuple[tuple[str, str, bool], ...]] = {
    RoundKind.ALM: (
        ("parents_from", "parents_until", True),
        ("parents_until", "processing_until", True),
        ("processing_until", "school_draws_on", False),
        ("school_draws_on", "central_matching_on", True),
        ("central_matching_on", "offers_on", True),
    ),
    RoundKind.VOVP: (
        ("opt_in_from", "opt_in_until", True),
        ("opt_in_until", "central_matching_on", False),
        ("central_matching_on", "offers_on", True),
    ),
}


def _check(plan: YearPlan) -> None:
    if not (plan.starts_on < plan.ends_on <= plan.uncapped_ends_on and plan.born_from < plan.born_to):
        _refuse("year", _("the dates of the year are not in order."))
    codes = [round_.code for round_ in plan.rounds]
    if len(set(codes)) != len(codes):
        _refuse("rounds", _("a round occurs twice."))
    for code in codes:
        if not CODE.fullmatch(code):  # it goes into the name of a draw (OA-LOT/1 section 3)
            _refuse(code, _("“code” must have at most ten capitals, digits and hyphens."))
    alms = [round_ for round_ in plan.rounds if round_.kind == RoundKind.ALM]
    if not 3 <= len(alms) <= 4:  # DH-005
        _refuse("rounds", _("a year has three or four application periods."))
    for position, round_ in enumerate(plan.rounds):
        later = codes[position + 1 :]
        vovps = [other.code for other in plan.rounds[position + 1 :] if other.kind == RoundKind.VOVP]
        if round_.open_places_to is not None and round_.open_places_to not in later:
            _refuse(round_.code, _("“open_places_to” must be a later round."))
        if round_.freed_places_to is not None and round_.freed_places_to not in vovps:
            _refuse(round_.code, _("“freed_places_to” must be a later VOVP."))
        if not set(round_.serves) <= {other.code for other in alms if codes.index(other.code) < position}:
            _refuse(round_.code, _("“serves” may name earlier application periods only."))
        if round_.kind == RoundKind.VOVP and not round_.serves:
            _refuse(round_.code, _("“serves” must name at least one application period."))
        for first, second, same_day in ORDERED[round_.kind]:
            earlier, after = getattr(round_, first), getattr(round_, second)
            if earlier and after and (earlier > after or (earlier == after and not same_day)):
                _refuse(
                    round_.code,
                    _("“%(second)s” must come after “%(first)s”.") % {"second": second, "first": first},
                    **{round_.code: second},
                )
        if round_.visible_to_schools_at and round_.central_matching_on and round_.offers_on:
            seen = round_.visible_to_schools_at.astimezone(AMSTERDAM).date()
            if not round_.central_matching_on <= seen <= round_.offers_on:
                _refuse(
                    round_.code,
                    _("“visible_to_schools_at” must lie between the draw and the message day."),
                    **{round_.code: "visible_to_schools_at"},
                )
    for before, after in pairwise(alms):
        if before.parents_until and after.parents_from and before.parents_until >= after.parents_from:
            _refuse(
                after.code,
                _("the window for parents overlaps that of %(other)s.") % {"other": before.code},
                **{before.code: "parents_until", after.code: "parents_from"},
            )
