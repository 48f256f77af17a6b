"""Publishing the figures of a round, once, on the day after all families have heard (DH-161, DH-163)."""

import structlog
from django.db import transaction

from admissions.enums import FigureSource
from admissions.masking import HIDDEN
from admissions.models import PublishedRound, PublishedSchool
from admissions.services.explaining.round_report import (
    NoReport,
    RoundReport,
    SchoolFigures,
    masked,
    round_report,
)
from lottery.selectors import families_know
from schools import clock
from schools.enums import RoundState
from schools.models import AdmissionYear, Round, User, end_of_day
from schools.services.events import Fact, record_event

log = structlog.get_logger(__name__)
NO_PRIORITY = "none"  # the group of children without priority, beside the kinds of PriorityKind


def may_be_published(round_: Round) -> bool:
    """The offer day is over and the messages have left; a day that passes while nothing was sent opens nothing."""
    now = clock.now(round_.year)
    return (
        round_.offers_on is not None
        and now >= end_of_day(round_.offers_on)
        and families_know(round_, now=now)
    )


def publish_due_figures(year: AdmissionYear | None = None, *, actor: User | None = None) -> list[str]:
    """Publish every round whose moment has come; returns their codes. May run twice or at the same moment twice."""
    due = Round.objects.filter(
        published_figures=None, state__in=[RoundState.OFFERS, RoundState.CLOSED], offers_on__isnull=False
    ).select_related("year__region")
    if year is not None:
        due = due.filter(year=year)
    published = []
    for round_ in due.order_by("year_id", "position"):
        if not may_be_published(round_):
            continue
        try:
            publish_figures(round_, actor=actor)
        except NoReport:
            log.warning("round_without_report", round=round_.pk)
            continue
        published.append(round_.code)
    return published


@transaction.atomic
def publish_figures(round_: Round, *, actor: User | None) -> PublishedRound:
    """Count the round and store what everybody may see of it. Raises NoReport without an official result."""
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=round_.year_id)
    existing = PublishedRound.objects.filter(round=round_).first()
    if existing is not None:
        return existing  # another worker was a moment earlier
    report = masked(round_report(round_, sees_care=True))
    year, ranks = round_.year, dict(report.by_rank)
    lower = [count for rank, count in ranks.items() if rank > 1]
    # A year that came from a file and is counted here after all: what was counted here stands.
    PublishedRound.objects.filter(
        region=year.region, year_code=year.code, round_code=round_.code, source=FigureSource.FILE
    ).delete()
    published = PublishedRound.objects.create(
        region=year.region,
        year_code=year.code,
        round_code=round_.code,
        kind=round_.kind,
        position=round_.position,
        source=FigureSource.SYSTEM,
        round=round_,
        published_at=clock.now(year),
        children=report.children,
        first=ranks.get(1, 0),
        lower=HIDDEN if min(lower, default=0) < 0 else sum(lower),
        unplaced=report.unplaced,
    )
    PublishedSchool.objects.bulk_create(_rows(published, report), batch_size=500)
    record_event(year, Fact("figures_published", "round", round_.code), actor=actor)
    return published


def _rows(published: PublishedRound, report: RoundReport) -> list[PublishedSchool]:
    return [
        PublishedSchool(
            published=published,
            brin=row.code,
            name=row.name,
            places=row.places,
            # A school with a ceiling that nobody put first had no applications; one without takes them all year.
            applications=0 if row.first_choices is None and row.places is not None else row.first_choices,
            drawn_places=None if row.first_choices is None else (row.places or 0) if row.lots else 0,
            admitted=row.admitted,
            central=row.central_placed,
            classes=[[_group(row, one.tier), one.admitted] for one in row.classes],
        )
        for row in report.schools
    ]


def _group(row: SchoolFigures, tier: int) -> str:
    return row.rules[tier - 1] if 0 < tier <= len(row.rules) else NO_PRIORITY


def waiting_rounds(year: AdmissionYear) -> list[Round]:
    """Rounds of this year whose figures nobody may see yet, in order."""
    return list(year.rounds.filter(published_figures=None).select_related("year").order_by("position"))
