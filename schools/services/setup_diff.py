"""What a year that was copied has different from the year before, and who confirmed it (DH-012, DH-200)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from schools.calendar import read_calendar
from schools.clock import database_now
from schools.enums import PriorityKind, RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import AdmissionYear, PriorityRule, SchoolRound, SetupConfirmation, User
from schools.services.events import Fact, record_event
from schools.services.planner import FIELDS, calendar_of
from schools.services.rounds import missing_dates


class SetupRefused(RefusedError):
    """The year that is being set up cannot do that (now)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One difference. ``group`` is what is confirmed at once: the year, a round, the ceilings, the rules."""

    group: str
    key: str
    what: str  # a field, a rule, a setting: the page has the words
    about: str  # a round, or a school
    old: str
    new: str
    confirmation: SetupConfirmation | None = None

    @property
    def is_confirmed(self) -> bool:
        return self.confirmation is not None


def differences(year: AdmissionYear) -> list[Line]:
    """Every difference with the year that ``year`` was copied from, in a fixed order; a fixed number of queries."""
    if year.copied_from is None:
        return []
    before = year.copied_from
    found = [
        *_dates(before, year),
        *_ceilings(before, year),
        *_rules(before, year),
        *_parameters(year),
    ]
    confirmed = {
        row.key: row for row in SetupConfirmation.objects.filter(year=year).select_related("confirmed_by")
    }
    return [
        Line(
            *line,
            confirmed[key] if (key := line[1]) in confirmed and confirmed[key].value == line[5] else None,
        )
        for line in found
    ]


_Row = tuple[str, str, str, str, str, str]  # a Line without its confirmation


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _dates(before: AdmissionYear, year: AdmissionYear) -> list[_Row]:
    old, new = calendar_of(before), calendar_of(year)
    rows = [
        ("year", f"year/{name}", name, "", _text(old["year"][name]), _text(new["year"][name]))
        for name in ("starts_on", "ends_on", "uncapped_ends_on", "born_from", "born_to")
    ]
    was = {row["code"]: row for row in old["rounds"]}
    for row in new["rounds"]:
        code, fields = row["code"], (*FIELDS[row["kind"]], "open_places_to", "freed_places_to")
        rows += [
            (code, f"{code}/{name}", name, code, _text(was.get(code, {}).get(name)), _text(row[name]))
            for name in fields
        ]
    return [row for row in rows if row[4] != row[5]]


def _places(year: AdmissionYear) -> dict[tuple[str, str], tuple[str, str]]:
    """By programme and round: name of the school and its ceiling; ``-`` without one."""
    rows = SchoolRound.objects.filter(round__year=year, round__kind=RoundKind.ALM)
    rows = rows.order_by("programme__name", "round__position")
    return {
        (code, round_code): (name, "-" if ceiling is None else str(ceiling))
        for code, name, round_code, ceiling in rows.values_list(
            "programme__code", "programme__name", "round__code", "ceiling"
        )
    }


def _ceilings(before: AdmissionYear, year: AdmissionYear) -> list[_Row]:
    old, new = _places(before), _places(year)
    return [
        (
            "ceilings",
            f"ceiling/{code}/{round_code}",
            round_code,
            (new.get((code, round_code)) or old[code, round_code])[0],
            old.get((code, round_code), ("", ""))[1],
            new.get((code, round_code), ("", ""))[1],
        )
        for code, round_code in [*new, *(key for key in old if key not in new)]
        if old.get((code, round_code), ("", ""))[1] != new.get((code, round_code), ("", ""))[1]
    ]


def _rules_of(year: AdmissionYear) -> dict[str, tuple[str, str]]:
    """By programme: its name and its rules in order, with area and partners."""
    told: dict[str, tuple[str, str]] = {}
    rows = PriorityRule.objects.filter(year=year).select_related("programme")
    for rule in rows.order_by("programme__name", "position"):
        extra = " ".join(part for part in (rule.area_postcodes, rule.partner_facilities) if part)
        word = str(PriorityKind(rule.kind).label) + (f" ({extra})" if extra else "")
        name, text = told.get(rule.programme.code, (rule.programme.name, ""))
        told[rule.programme.code] = (name, f"{text}; {word}" if text else word)
    return told


def _rules(before: AdmissionYear, year: AdmissionYear) -> list[_Row]:
    old, new = _rules_of(before), _rules_of(year)
    none = ("", "")
    return [
        (
            "rules",
            f"rules/{code}",
            "rules",
            (new.get(code) or old[code])[0],
            old.get(code, none)[1][:300],
            new.get(code, none)[1][:300],
        )
        for code in dict.fromkeys([*new, *old])
        if old.get(code, none)[1] != new.get(code, none)[1]
    ]


def _parameters(year: AdmissionYear) -> list[_Row]:
    old, new = year.copied_parameters, year.region.parameters
    return [
        ("parameters", f"parameter/{name}", name, "", _text(old.get(name)), _text(new.get(name))[:300])
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


@transaction.atomic
def confirm_lines(year: AdmissionYear, keys: Collection[str], *, actor: User) -> int:
    """Confirm these lines (a key) or whole groups (its name); answers how many were not confirmed before."""
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    lines = [
        line
        for line in differences(year)
        if not line.is_confirmed and (line.key in keys or line.group in keys)
    ]
    moment = database_now()
    for line in lines:
        SetupConfirmation.objects.update_or_create(
            year=year,
            key=line.key,
            defaults={"value": line.new, "confirmed_by": actor, "confirmed_at": moment},
        )
    if lines:
        groups = " ".join(dict.fromkeys(line.group for line in lines))
        fact = Fact("setup_confirmed", "year", year.code, new=groups[:200], reason=f"{len(lines)} lines")
        record_event(year, fact, actor=actor)
    return len(lines)


@transaction.atomic
def open_year(year: AdmissionYear, *, actor: User) -> list[str]:
    """From now on every page works in this year; answers the rounds that cannot open yet for want of dates.

    Errors: SetupRefused while a difference waits or the year before is not finished; CalendarError for dates that
            cannot be.
    """
    year = AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    if not year.is_planned:
        raise SetupRefused(_("This year has been opened already."))
    waiting = sum(not line.is_confirmed for line in differences(year))
    if waiting:
        raise SetupRefused(
            ngettext(
                "%(n)d difference has not been confirmed. Look at it and confirm it first.",
                "%(n)d differences have not been confirmed. Look at them and confirm them first.",
                waiting,
            )
            % {"n": waiting}
        )
    read_calendar(calendar_of(year))
    before = year.copied_from
    busy = before.rounds.exclude(state__in=(RoundState.OFFERS, RoundState.CLOSED)) if before else []
    codes = ", ".join(round_.code for round_ in busy)
    if codes and before is not None:
        raise SetupRefused(
            _("%(year)s is not finished: %(rounds)s. All pages would leave it. Open the new year after that.")
            % {"year": before.code, "rounds": codes}
        )
    year.is_planned = False
    year.calendar = calendar_of(year)
    year.save(update_fields=["is_planned", "calendar"])
    record_event(year, Fact("year_opened", "year", year.code), actor=actor)
    return [round_.code for round_ in year.rounds.order_by("position") if missing_dates(round_)]
