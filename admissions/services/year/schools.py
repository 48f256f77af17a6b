"""Schools and boards of a region: adding, changing, closing, and a list from a file (issue 6, data-formats.md 1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.enums import PlacementState
from admissions.models import Placement
from admissions.procedures.base import Parameters
from admissions.procedures.registry import procedure_of
from admissions.services.places.ceilings import set_ceiling
from admissions.services.year.copy_year import planned_year
from admissions.services.year.import_schools import (
    SchoolPlan,
    make_programmes,
    make_school_rounds,
    read_schools,
)
from schools.calendar import read_calendar
from schools.enums import RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import AdmissionYear, Board, PriorityRule, Programme, Region, School, SchoolRound, User
from schools.services.events import Fact, record_event, record_events
from schools.services.planner import calendar_of

REGION_FIELDS = (
    "name",
    *("desk_name", "desk_email", "desk_phone"),
    *("school_desk_name", "school_desk_email", "school_desk_phone"),
    "letter_in_mail",
)
AT_REST = (RoundState.PLANNED, RoundState.OFFERS, RoundState.CLOSED)


class SchoolRefused(RefusedError):
    """This school cannot be so (now); ``field`` names the field to blame."""


def year_to_fill(region: Region, current: AdmissionYear) -> AdmissionYear:
    """The year in which schools can still come: the one being set up, else the current one before its first period.

    Errors: SchoolRefused when the year is running.
    """
    planned = planned_year(region)
    if planned is not None:
        return planned
    if current.rounds.exclude(state=RoundState.PLANNED).exists():
        raise SchoolRefused(
            _("%(year)s is running: a school joins with the next year. Copy the year in the planner first.")
            % {"year": current.code}
        )
    return current


@transaction.atomic
def add_school(year: AdmissionYear, plan: SchoolPlan, *, street: str, place: str, actor: User) -> School:
    """A new school with its places in every period of ``year``; the board is one that is known.

    Errors: SchoolRefused for a BRIN that is there already.
    """
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    if School.objects.filter(region=year.region, brin=plan.brin).exists():
        raise SchoolRefused(_("There is a school with this BRIN already. Change that one."), field="brin")
    programmes = make_programmes(year.region, [plan])
    make_school_rounds(year, {r.code: r for r in year.rounds.all()}, programmes, [plan])
    school = School.objects.get(region=year.region, brin=plan.brin)
    School.objects.filter(pk=school.pk).update(street=street, place=place)
    facts = [Fact("school_added", "school", plan.brin, new=year.code)]
    facts += [
        Fact("ceiling_set", "school_round", f"{plan.brin}/{code}", new=str(ceiling))
        for code, ceiling in plan.ceilings
    ]
    record_events(year, facts, actor=actor)
    return school


@transaction.atomic
def close_school(school: School, *, on: date | None, year: AdmissionYear, actor: User) -> None:
    """From ``on`` the school takes no part in a new round; None = it stays open after all.

    Errors: SchoolRefused, with what to do, in the middle of a round, while a later period of this year has places
            there, and while families still have to answer an offer.
    """
    school = School.objects.select_for_update(of=("self",)).get(pk=school.pk)
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    if on is not None:
        check_closable(Programme.objects.filter(school=school), on, year)
    if school.closed_on == on:
        return
    old = school.closed_on
    school.closed_on = on
    school.save(update_fields=["closed_on"])
    fact = Fact(
        "school_closed" if on else "school_stays",
        "school",
        school.brin,
        old=str(old or ""),
        new=str(on or ""),
    )
    record_event(year, fact, actor=actor)


def check_closable(programmes: QuerySet[Programme], on: date, year: AdmissionYear) -> None:
    """Errors: SchoolRefused when children still count on one of these, or could be placed there after ``on``."""
    rows = SchoolRound.objects.filter(programme__in=programmes, round__year=year).select_related("round")
    for row in rows.order_by("round__position", "pk"):
        round_ = row.round
        if round_.state not in AT_REST:
            raise SchoolRefused(
                _(
                    "%(round)s is running, and children have this school on their list. "
                    "Close it after the offers of %(round)s have been sent."
                )
                % {"round": round_.code},
                field="closed_on",
            )
        begins = round_.parents_from or round_.opt_in_from
        later = round_.state == RoundState.PLANNED and (begins is None or begins >= on)
        if later and round_.kind == RoundKind.ALM and row.ceiling != 0:
            text = (
                _(
                    "%(round)s still has %(n)d places here. Set that ceiling to 0 first, or close it after this year."
                )
                if row.ceiling
                else _("In %(round)s this school still admits children. Close it after this year.")
            )
            raise SchoolRefused(text % {"round": round_.code, "n": row.ceiling or 0}, field="closed_on")
    open_offers = Placement.objects.filter(
        school_round__programme__in=programmes,
        school_round__round__year=year,
        state__in=(PlacementState.RESERVED, PlacementState.OFFERED),
    ).count()
    if open_offers:
        raise SchoolRefused(
            ngettext(
                "%(n)d family has an offer of this school and has not answered. Record the answer first.",
                "%(n)d families have an offer of this school and have not answered. Record the answers first.",
                open_offers,
            )
            % {"n": open_offers},
            field="closed_on",
        )


# A list from a file


@dataclass
class SchoolImport:
    """What a file would change: BRIN and name per kind of change."""

    plans: list[SchoolPlan]
    unknown: tuple[str, ...]
    new: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    ceilings: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return len(self.new) + len(self.renamed) + len(self.ceilings) + len(self.rules)


def preview_schools(year: AdmissionYear, content: bytes) -> SchoolImport:
    """Compare a ``schools.csv`` with ``year``; writes nothing.

    Errors: FileError with line and column; SchoolRefused for a school that gets or loses its ceiling.
    """
    plan = read_calendar(calendar_of(year))
    plans, unknown = read_schools(content, plan, procedure_of(year.region))
    found = SchoolImport(plans, unknown)
    known = {s.brin: s for s in School.objects.filter(region=year.region).select_related("board")}
    places = _ceilings_of(year)
    rules = _rules_of(year)
    for item in plans:
        word = f"{item.brin} {item.name}"
        school = known.get(item.brin)
        if item.brin not in places:
            found.new.append(word)
            continue
        if school is not None and (school.name, school.postcode, school.board.name) != (
            item.name,
            item.postcode,
            item.board,
        ):
            found.renamed.append(word)
        now = places[item.brin]
        if (None in now.values()) == item.is_capped:
            raise SchoolRefused(
                _(
                    "%(school)s gets or loses its ceiling. That is only possible for a school that is new in the year."
                )
                % {"school": word}
            )
        if item.is_capped and dict(item.ceilings) != now:
            old, new = (" ".join(str(value) for value in row.values()) for row in (now, dict(item.ceilings)))
            found.ceilings.append(f"{word}: {old} → {new}")
        if (
            rules.get(item.brin, ((), ""))[0] != item.rules
            or rules.get(item.brin, ((), ""))[1] != item.area_postcodes
        ):
            found.rules.append(f"{word}: {' '.join(item.rules) or '–'}")
    listed = {item.brin for item in plans}
    found.missing = sorted(
        f"{code} {known[code].name}" for code in places if code not in listed and code in known
    )
    return found


def _ceilings_of(year: AdmissionYear) -> dict[str, dict[str, int | None]]:
    found: dict[str, dict[str, int | None]] = {}
    rows = SchoolRound.objects.filter(round__year=year, round__kind=RoundKind.ALM).order_by("round__position")
    for code, round_code, ceiling in rows.values_list("programme__code", "round__code", "ceiling"):
        found.setdefault(code, {})[round_code] = ceiling
    return found


def _rules_of(year: AdmissionYear) -> dict[str, tuple[tuple[str, ...], str]]:
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for rule in PriorityRule.objects.filter(year=year).select_related("programme").order_by("position"):
        kinds, area = found.get(rule.programme.code, ((), ""))
        found[rule.programme.code] = ((*kinds, rule.kind), area or rule.area_postcodes)
    return found


@transaction.atomic
def import_schools(year: AdmissionYear, content: bytes, *, actor: User) -> SchoolImport:
    """Carry out what ``preview_schools`` told: new schools, names and boards, ceilings and rules; all or nothing.

    A school that is not in the file stays as it is: closing one is a decision of its own.
    """
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    found = preview_schools(year, content)
    before_places, before_rules = _ceilings_of(year), _rules_of(year)
    programmes = make_programmes(year.region, found.plans)
    rounds = {round_.code: round_ for round_ in year.rounds.order_by("position")}
    fresh = [item for item in found.plans if item.brin not in before_places]
    make_school_rounds(year, rounds, programmes, fresh)
    facts = [Fact("schools_imported", "year", year.code, new=str(found.changes))]
    facts += [
        Fact("ceiling_set", "school_round", f"{item.brin}/{code}", new=str(ceiling))
        for item in fresh
        for code, ceiling in item.ceilings
    ]
    record_events(year, facts, actor=actor)
    for item in found.plans:
        if item.brin in before_places and item.is_capped and dict(item.ceilings) != before_places[item.brin]:
            _set_ceilings(year, programmes[item.brin], dict(item.ceilings), actor=actor)
        old = before_rules.get(item.brin, ((), ""))
        if old != (item.rules, item.area_postcodes):
            _set_rules(year, programmes[item.brin], item, old=old[0], actor=actor)
    return found


def _set_ceilings(
    year: AdmissionYear, programme: Programme, places: Mapping[str, int], *, actor: User
) -> None:
    rows = SchoolRound.objects.filter(programme=programme, round__year=year, round__code__in=places)
    for row in rows.select_related("round"):
        set_ceiling(row.pk, ceiling=places[row.round.code], by_office=True, reason="schools.csv", actor=actor)


def _set_rules(
    year: AdmissionYear, programme: Programme, item: SchoolPlan, *, old: tuple[str, ...], actor: User
) -> None:
    partners = dict(
        PriorityRule.objects.filter(year=year, programme=programme).values_list("kind", "partner_facilities")
    )
    PriorityRule.objects.filter(year=year, programme=programme).delete()
    PriorityRule.objects.bulk_create(
        PriorityRule(
            year=year,
            programme=programme,
            kind=kind,
            position=position,
            area_postcodes=item.area_postcodes if kind == "neighbourhood" else "",
            partner_facilities=partners.get(kind, ""),
        )
        for position, kind in enumerate(item.rules, start=1)
    )
    fact = Fact("rules_set", "school", item.brin, old=" ".join(old), new=" ".join(item.rules))
    record_event(year, fact, actor=actor)


@transaction.atomic
def change_school(school: School, data: Mapping[str, Any], *, year: AdmissionYear, actor: User) -> list[str]:
    """Name, board and address by the office; answers the names of what changed. The trail keeps no values.

    Errors: SchoolRefused for a board that may not have a rule that the school has (DH-010).
    """
    locked = School.objects.select_for_update(of=("self",)).select_related("board").get(pk=school.pk)
    changed = [
        name
        for name in ("name", "board", "street", "postcode", "place")
        if getattr(locked, name) != data[name]
    ]
    if "board" in changed:
        rules = PriorityRule.objects.filter(year=year, programme__school=school).order_by("position")
        sentence = procedure_of(locked.region).rule_problems(
            tuple(rules.values_list("kind", flat=True)),
            public_authority=data["board"].public_authority,
            capped=True,
        )
        if sentence:
            raise SchoolRefused(sentence, field="board")
    for name in changed:
        setattr(locked, name, data[name])
    if changed:
        locked.save(update_fields=changed)
        if "name" in changed:
            Programme.objects.filter(school=school, code=school.brin).update(name=data["name"])
        record_event(year, Fact("school_set", "school", locked.brin, new=" ".join(changed)), actor=actor)
    return changed


@transaction.atomic
def set_board(
    board: Board | None,
    *,
    region: Region,
    name: str,
    public_authority: bool,
    year: AdmissionYear,
    actor: User,
) -> Board:
    """Add a board (None) or change one; the mail address has a page of its own.

    Errors: SchoolRefused for a name that is taken, and for a public authority whose schools have a rule that it may
            not have (DH-010).
    """
    same = Board.objects.filter(region=region, name=name)
    if (same.exclude(pk=board.pk) if board else same).exists():
        raise SchoolRefused(_("There is a board with this name already."), field="name")
    closed = procedure_of(region).parameters.rules_closed_to_public_authority
    if board is not None and public_authority:
        held = PriorityRule.objects.filter(year=year, programme__school__board=board, kind__in=closed)
        school = held.values_list("programme__name", flat=True).first()
        if school:
            raise SchoolRefused(
                _("%(school)s has a rule that a public authority may not have. Change its rules first.")
                % {"school": school},
                field="public_authority",
            )
    if board is None:
        board = Board(region=region)
    old = f"{board.pk or ''} {int(board.public_authority)}"
    board.name, board.public_authority = name, public_authority
    board.save()
    fact = Fact("board_set", "board", str(board.pk), old=old.strip(), new=str(int(public_authority)))
    record_event(year, fact, actor=actor)
    return board


@transaction.atomic
def set_region(region: Region, data: Mapping[str, Any], *, year: AdmissionYear, actor: User) -> list[str]:
    """Name, desk and settings of the region; answers what changed. A setting that is not possible is refused.

    Errors: ParameterError with a sentence (Q-51).
    """
    locked = Region.objects.select_for_update().get(pk=region.pk)
    parameters = dict(locked.parameters)
    for name, value in data["parameters"].items():
        if value == getattr(Parameters(), name):
            parameters.pop(name, None)
        else:
            parameters[name] = value
    Parameters.read(parameters)
    changed = [name for name in REGION_FIELDS if getattr(locked, name) != data[name]]
    for name in changed:
        setattr(locked, name, data[name])
    if parameters != locked.parameters:
        changed += sorted(
            name
            for name in {*parameters, *locked.parameters}
            if parameters.get(name) != locked.parameters.get(name)
        )
        locked.parameters = parameters
    if changed:
        locked.save()
        record_event(
            year, Fact("region_set", "region", region.slug, new=" ".join(changed)[:200]), actor=actor
        )
    return changed
