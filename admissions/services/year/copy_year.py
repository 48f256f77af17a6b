"""A new admission year from the last one: dates a year later, ceilings, rules, partners and draw modes (3.2)."""

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.services.places.ledger import book_ceilings
from admissions.services.year.import_schools import make_rounds
from schools.calendar import read_calendar
from schools.clock import now
from schools.enums import RoundKind
from schools.errors import RefusedError
from schools.models import AdmissionYear, PriorityRule, Region, SchoolRound, User, local_moment
from schools.services.events import Fact, record_events
from schools.services.planner import calendar_of
from schools.services.year_shift import next_calendar


class CopyRefused(RefusedError):
    """The last year cannot be copied (now)."""


def planned_year(region: Region) -> AdmissionYear | None:
    """The year of this region that is being set up."""
    rows = AdmissionYear.objects.filter(region=region, is_planned=True)
    return rows.select_related("region", "copied_from").first()


@transaction.atomic
def copy_year(source: AdmissionYear, *, actor: User) -> AdmissionYear:
    """Make the next year; all its rounds are PLANNED, and no page works in it before it is opened.

    Schools and programmes that close before it begins stay out. Errors: CopyRefused when there is such a year
    already, CalendarError when the dates of the last year, a year later, cannot be.
    """
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=source.pk)
    calendar = next_calendar(calendar_of(source))
    plan = read_calendar(calendar)
    taken = AdmissionYear.objects.filter(region=source.region, code=plan.code).exists()
    if taken or planned_year(source.region) is not None:
        raise CopyRefused(_("The next year has been made already. Its differences stand here."))
    year = AdmissionYear.objects.create(
        region=source.region,
        code=plan.code,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        uncapped_ends_on=plan.uncapped_ends_on,
        born_from=plan.born_from,
        born_to=plan.born_to,
        is_rehearsal=source.is_rehearsal,
        clock_at=min(now(source), local_moment(plan.starts_on)) if source.is_rehearsal else None,
        calendar=calendar,
        is_planned=True,
        copied_from=source,
        copied_parameters=source.region.parameters,
    )
    rounds = make_rounds(year, plan)
    rows = (
        SchoolRound.objects.filter(round__year=source)
        .exclude(programme__school__closed_on__lte=plan.starts_on)
        .exclude(programme__closed_on__lte=plan.starts_on)
    )
    SchoolRound.objects.bulk_create(
        (
            SchoolRound(
                round=rounds[row.round.code],
                programme_id=row.programme_id,
                ceiling=row.ceiling,
                draw_mode=row.draw_mode,
            )
            for row in rows.select_related("round").order_by("pk")
        ),
        batch_size=500,
    )
    capped = SchoolRound.objects.filter(round__year=year, round__kind=RoundKind.ALM, ceiling__gt=0)
    book_ceilings(year, cause="copied")
    programmes = SchoolRound.objects.filter(round__year=year).values("programme")
    PriorityRule.objects.bulk_create(
        PriorityRule(
            year=year,
            programme_id=rule.programme_id,
            kind=rule.kind,
            position=rule.position,
            area_postcodes=rule.area_postcodes,
            partner_facilities=rule.partner_facilities,
        )
        for rule in PriorityRule.objects.filter(year=source, programme__in=programmes).order_by("pk")
    )
    facts = [Fact("year_copied", "year", year.code, old=source.code)]
    facts += [
        Fact("ceiling_set", "school_round", f"{code}/{round_code}", new=str(ceiling))
        for code, round_code, ceiling in capped.values_list("programme__code", "round__code", "ceiling")
    ]
    record_events(year, facts, actor=actor)
    return year
