"""Setting up a year from ``calendar.json`` and ``schools.csv`` (data-formats.md section 1)."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.procedures.base import Procedure
from admissions.procedures.registry import DEFAULT, procedure_of
from admissions.services.places.ledger import book_ceilings
from admissions.services.year.csv_files import FileError, Row, read_table
from admissions.validators import is_postcode, normalise_postcode
from schools.calendar import YearPlan, read_calendar
from schools.enums import DrawMode, PriorityKind, RoundKind
from schools.models import (
    AdmissionYear,
    Board,
    PriorityRule,
    Programme,
    Region,
    Round,
    School,
    SchoolRound,
    User,
    local_moment,
)
from schools.services.confirmations import confirm_rules_in_rehearsal
from schools.services.events import Fact, record_events

BRIN = re.compile(r"[0-9A-Z]{6}")
COLUMNS = (
    "brin",
    "name",
    "board",
    "public_authority",
    "postcode",
    "has_ceiling",
    "draw_mode",
    "priority_rules",
)


@dataclass(frozen=True, slots=True)
class SchoolPlan:
    """One line of schools.csv, checked. ``ceilings`` by round code; empty for an uncapped school."""

    brin: str
    name: str
    board: str
    public_authority: bool
    postcode: str
    ceilings: tuple[tuple[str, int], ...]
    draw_mode: str
    rules: tuple[str, ...]
    area_postcodes: str

    @property
    def is_capped(self) -> bool:
        return bool(self.ceilings)


def region_for_import(slug: str | None) -> Region:
    """The region to import into; the first import makes it, with the default procedure."""
    regions = list(Region.objects.all()[:2])
    if slug is None:
        if len(regions) > 1:
            raise FileError(_("There is more than one region. Say which one with --region."))
        if regions:
            return regions[0]
    default_slug, default_name = DEFAULT.default_region
    slug = slug or default_slug
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise FileError(
            _("“%(slug)s” cannot be the short name of a region: use small letters and hyphens.")
            % {"slug": slug}
        )
    name = default_name if slug == default_slug else slug.replace("-", " ").title()
    region, _created = Region.objects.get_or_create(
        slug=slug, defaults={"name": name, "procedure_key": DEFAULT.key}
    )
    return region


def read_calendar_json(content: bytes) -> Any:
    """Parsed ``calendar.json``; FileError with a sentence for anything that is not JSON."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as exc:
        raise FileError(_("calendar.json is not valid JSON (UTF-8). Check commas and quotes.")) from exc


def read_schools(
    content: bytes, plan: YearPlan, procedure: Procedure
) -> tuple[list[SchoolPlan], tuple[str, ...]]:
    """Check schools.csv against the rounds of ``plan``; returns the schools and the unknown columns."""
    alms = [round_.code for round_ in plan.rounds if round_.kind == RoundKind.ALM]
    columns = [code.lower() for code in alms]
    table = read_table(content, name="schools.csv", required=[*COLUMNS, *columns, "area_postcodes"])
    schools: dict[str, SchoolPlan] = {}
    authority: dict[str, bool] = {}
    for row in table.rows:
        school = _read_school(row, alms, procedure)
        if school.brin in schools:
            _refuse(row, "brin", _("this BRIN occurs twice."))
        if authority.setdefault(school.board, school.public_authority) != school.public_authority:
            _refuse(row, "public_authority", _("another school of this board has another value."))
        schools[school.brin] = school
    if not schools:
        raise FileError(_("schools.csv holds no schools."))
    return list(schools.values()), table.unknown


def _refuse(row: Row, column: str, what: str) -> NoReturn:
    raise FileError(
        _("schools.csv, line %(line)d, %(column)s: %(what)s")
        % {"line": row.line, "column": column, "what": what}
    )


def _flag(row: Row, column: str) -> bool:
    if row.cells[column] not in ("0", "1"):
        _refuse(row, column, _("this must be 0 or 1."))
    return row.cells[column] == "1"


def _read_school(row: Row, alms: Sequence[str], procedure: Procedure) -> SchoolPlan:
    cells = row.cells
    if row.problem:
        _refuse(row, "brin", row.problem)
    if not BRIN.fullmatch(cells["brin"]):
        _refuse(row, "brin", _("a BRIN with its location has six capitals and digits, like 04EN00."))
    for column, longest in (("name", 200), ("board", 120)):
        if not cells[column] or len(cells[column]) > longest:
            _refuse(row, column, _("this is empty or too long."))
    postcode = normalise_postcode(cells["postcode"])
    if not is_postcode(postcode):
        _refuse(row, "postcode", _("this is not a postcode like 2552ZE."))
    capped, public_authority = _flag(row, "has_ceiling"), _flag(row, "public_authority")
    ceilings = []
    for code in alms:
        value = cells[code.lower()]
        if not capped:
            if value:
                _refuse(row, code.lower(), _("a school without a ceiling has no number of places."))
            continue
        if not re.fullmatch(r"0|[1-9][0-9]{0,3}", value):
            _refuse(row, code.lower(), _("the ceiling must be a whole number from 0 to 9999."))
        ceilings.append((code, int(value)))
    if cells["draw_mode"] not in DrawMode.values:
        _refuse(row, "draw_mode", _("this must be digital or manual."))
    rules = tuple(cells["priority_rules"].split())
    for kind in rules:
        if kind not in PriorityKind.values:
            _refuse(row, "priority_rules", _("“%(kind)s” is not a priority rule.") % {"kind": kind[:30]})
    sentence = procedure.rule_problems(rules, public_authority=public_authority, capped=capped)
    if sentence:
        _refuse(row, "priority_rules", sentence)
    area = cells["area_postcodes"].split()
    if not all(re.fullmatch(r"[1-9][0-9]{3}", part) for part in area) or len(" ".join(area)) > 500:
        _refuse(row, "area_postcodes", _("this must be a list of four-digit postcodes."))
    if PriorityKind.NEIGHBOURHOOD in rules and not area:
        _refuse(row, "area_postcodes", _("a school with the neighbourhood rule must name its area."))
    return SchoolPlan(
        brin=cells["brin"],
        name=cells["name"],
        board=cells["board"],
        public_authority=public_authority,
        postcode=postcode,
        ceilings=tuple(ceilings),
        draw_mode=cells["draw_mode"],
        rules=rules,
        area_postcodes=" ".join(area) if PriorityKind.NEIGHBOURHOOD in rules else "",
    )


def fingerprint(schools: Sequence[SchoolPlan]) -> str:
    """The same schools give the same hash, whatever the order of lines and columns."""
    ordered = sorted(schools, key=lambda school: school.brin)
    return hashlib.sha256(repr(ordered).encode()).hexdigest()


@transaction.atomic
def set_up_year(
    *, region: Region, calendar: Mapping[str, Any], schools_csv: bytes, actor: User | None
) -> tuple[AdmissionYear, bool, tuple[str, ...]]:
    """Make the year with its rounds, schools, rules and ceilings; or find it, when it is exactly the same.

    Returns the year, whether it is new, and the unknown columns of schools.csv. Raises FileError (with a sentence)
    when something is wrong, or when the year was imported before from other contents. DH-001 to DH-010.
    """
    plan = read_calendar(calendar)
    procedure = procedure_of(region)
    schools, unknown = read_schools(schools_csv, plan, procedure)
    existing = AdmissionYear.objects.filter(region=region, code=plan.code).first()
    if existing is not None:
        if existing.calendar != calendar:
            raise FileError(_("calendar.json differs from the one imported before for this year."))
        if existing.schools_hash != fingerprint(schools):
            raise FileError(_("schools.csv differs from the one imported before for this year."))
        return existing, False, unknown
    year = create_year(region, plan, calendar=calendar, schools_hash=fingerprint(schools))
    rounds = make_rounds(year, plan)
    programmes = make_programmes(region, schools)
    make_school_rounds(year, rounds, programmes, schools)
    PriorityRule.objects.bulk_create(
        PriorityRule(
            year=year,
            programme=programmes[school.brin],
            kind=kind,
            position=position,
            area_postcodes=school.area_postcodes if kind == PriorityKind.NEIGHBOURHOOD else "",
        )
        for school in schools
        for position, kind in enumerate(school.rules, start=1)
    )
    facts = [Fact("year_set_up", "year", year.code, new=year.schools_hash)]
    facts += [
        Fact("ceiling_set", "school_round", f"{school.brin}/{code}", new=str(ceiling))
        for school in schools
        for code, ceiling in school.ceilings
    ]
    record_events(year, facts, actor=actor)
    if year.is_rehearsal:
        confirm_rules_in_rehearsal(year)
    return year, True, unknown


def create_year(
    region: Region, plan: YearPlan, *, calendar: Mapping[str, Any], schools_hash: str
) -> AdmissionYear:
    """The row of a new year; a rehearsal, standing on its first day, where this installation makes rehearsals."""
    return AdmissionYear.objects.create(
        region=region,
        code=plan.code,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        uncapped_ends_on=plan.uncapped_ends_on,
        born_from=plan.born_from,
        born_to=plan.born_to,
        is_rehearsal=settings.REHEARSAL_ALLOWED,
        clock_at=local_moment(plan.starts_on) if settings.REHEARSAL_ALLOWED else None,
        calendar=calendar,
        schools_hash=schools_hash,
    )


def make_rounds(year: AdmissionYear, plan: YearPlan) -> dict[str, Round]:
    """The rounds of a new year with their dates and edges, by code."""
    rounds = {}
    for position, item in enumerate(plan.rounds, start=1):
        rounds[item.code] = Round.objects.create(
            year=year,
            code=item.code,
            kind=item.kind,
            position=position,
            reply_weeks=item.reply_weeks,
            parents_from=item.parents_from,
            parents_until=item.parents_until,
            processing_until=item.processing_until,
            opt_in_from=item.opt_in_from,
            opt_in_until=item.opt_in_until,
            school_draws_on=item.school_draws_on,
            central_matching_on=item.central_matching_on,
            visible_to_schools_at=item.visible_to_schools_at,
            offers_on=item.offers_on,
        )
    for item in plan.rounds:
        round_ = rounds[item.code]
        round_.open_places_to = rounds[item.open_places_to] if item.open_places_to else None
        round_.freed_places_to = rounds[item.freed_places_to] if item.freed_places_to else None
        round_.save(update_fields=["open_places_to", "freed_places_to"])
        round_.serves.set(rounds[code] for code in item.serves)
    return rounds


def make_programmes(region: Region, schools: Sequence[SchoolPlan]) -> dict[str, Programme]:
    """Schools, boards and the one programme of each; those of an earlier year are kept."""
    boards: dict[str, Board] = {}
    for plan in schools:
        if plan.board not in boards:
            boards[plan.board], _created = Board.objects.update_or_create(
                region=region, name=plan.board, defaults={"public_authority": plan.public_authority}
            )
    known = {school.brin: school for school in School.objects.filter(region=region)}
    School.objects.bulk_create(
        School(
            region=region, board=boards[plan.board], brin=plan.brin, name=plan.name, postcode=plan.postcode
        )
        for plan in schools
        if plan.brin not in known
    )
    for plan in schools:
        if plan.brin in known:
            known[plan.brin].name, known[plan.brin].postcode = plan.name, plan.postcode
            known[plan.brin].board = boards[plan.board]
    School.objects.bulk_update(known.values(), ["name", "postcode", "board"], batch_size=200)
    stored = {school.brin: school for school in School.objects.filter(region=region)}
    Programme.objects.bulk_create(
        (Programme(school=stored[plan.brin], code=plan.brin, name=plan.name) for plan in schools),
        ignore_conflicts=True,
    )
    return {
        programme.code: programme
        for programme in Programme.objects.filter(school__region=region).select_related("school")
    }


def make_school_rounds(
    year: AdmissionYear,
    rounds: Mapping[str, Round],
    programmes: Mapping[str, Programme],
    schools: Sequence[SchoolPlan],
) -> None:
    """Every school takes part in every round; a capped school has no places of its own in a VOVP (DH-101)."""
    school_rounds = []
    for school in schools:
        ceilings = dict(school.ceilings)
        for round_ in rounds.values():
            school_rounds.append(
                SchoolRound(
                    round=round_,
                    programme=programmes[school.brin],
                    ceiling=ceilings.get(round_.code, 0) if school.is_capped else None,
                    draw_mode=school.draw_mode if round_.kind == RoundKind.ALM else DrawMode.DIGITAL,
                )
            )
    SchoolRound.objects.bulk_create(school_rounds, batch_size=500)
    book_ceilings(year, cause="import", codes=[school.brin for school in schools])
