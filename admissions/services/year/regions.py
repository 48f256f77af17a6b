"""A further region on this installation: its name, desk, settings, first year and first programme manager.

It starts without schools, and with the rounds of a year whose dates are still empty: the planner fills them, and no
round opens before (den-haag.md 3.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.procedures.base import Parameters
from admissions.procedures.registry import PROCEDURES
from admissions.services.year.import_schools import create_year, make_rounds
from admissions.services.year.schools import REGION_FIELDS
from schools.calendar import read_calendar
from schools.enums import Role
from schools.errors import RefusedError
from schools.models import AdmissionYear, Region, User
from schools.services.events import Fact, record_event
from schools.services.people import add_member
from schools.services.planner import calendar_of
from schools.services.year_shift import empty_calendar

YEARS = 4  # the year of the region that is copied, and those after it


class RegionRefused(RefusedError):
    """This region cannot be so; ``field`` names the field to blame."""


@dataclass(frozen=True, slots=True)
class FirstManager:
    """Whoever runs the new region; gets an invitation by mail."""

    name: str
    email: str


def first_years(model: AdmissionYear) -> Sequence[tuple[str, dict[str, Any]]]:
    """The years a new region can begin with: code and calendar without dates, in order."""
    calendars = [empty_calendar(calendar_of(model), years=n) for n in range(YEARS)]
    return [(calendar["year"]["code"], calendar) for calendar in calendars]


@transaction.atomic
def add_region(
    data: Mapping[str, Any],
    *,
    slug: str,
    model: AdmissionYear,
    procedure_key: str,
    year_code: str,
    first: FirstManager,
    site: str,
    actor: User,
) -> Region:
    """Make a region that runs this procedure, with a year that can be planned: the rounds of ``model``, no dates.

    Shapes: ``data`` as for ``set_region``; ``site`` as for ``add_member``.
    Errors: RegionRefused for a short name that is taken, an unknown year or an unknown procedure;
            ParameterError for a setting that is not possible (Q-51).
    """
    if Region.objects.filter(slug=slug).exists():
        raise RegionRefused(_("There is a region with this short name already."), field="slug")
    calendar = dict(first_years(model)).get(year_code)
    if calendar is None:
        raise RegionRefused(_("Choose the year to begin with."), field="year")
    if procedure_key not in PROCEDURES:
        raise RegionRefused(_("Choose a procedure."), field="procedure")
    parameters = {
        name: value for name, value in data["parameters"].items() if value != getattr(Parameters(), name)
    }
    Parameters.read(parameters)
    region = Region.objects.create(
        slug=slug,
        procedure_key=procedure_key,
        parameters=parameters,
        **{name: data[name] for name in REGION_FIELDS},
    )
    plan = read_calendar(calendar)
    year = create_year(region, plan, calendar=calendar, schools_hash="")
    make_rounds(year, plan)
    fact = Fact("region_added", "region", slug, new=year_code)
    record_event(year, fact, actor=actor)
    record_event(model, fact, actor=actor)
    add_member(
        region,
        email=first.email,
        name=first.name,
        role=Role.PROGRAMME_MANAGER,
        school=None,
        actor=actor,
        site=site,
    )
    return region
