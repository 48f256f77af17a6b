"""Keeping who opened the file of a child (issue 6), and forgetting it when its time is over."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings

from admissions.enums import OpeningKind
from admissions.models import Application, FileOpening
from schools.clock import database_now, now
from schools.models import HelperView, User


def record_opening(
    application: Application,
    kinds: Iterable[OpeningKind],
    *,
    user: User,
    of_region: bool,
    helper_view: HelperView | None = None,
) -> None:
    """Keep that ``user`` opened this file: once per kind and hour, the next times change nothing."""
    hour = now(application.year).replace(minute=0, second=0, microsecond=0)
    moment = database_now()
    rows = [
        FileOpening(
            application=application,
            user=user,
            kind=kind,
            hour=hour,
            recorded_at=moment,
            helper_view=helper_view,
            of_region=of_region,
        )
        for kind in kinds
    ]
    FileOpening.objects.bulk_create(rows, ignore_conflicts=True)


def forget_openings() -> int:
    """Remove what is older than ``FILE_OPENINGS_DAYS`` (at least a year, the database keeps it); answers how many."""
    before = database_now() - timedelta(days=settings.FILE_OPENINGS_DAYS)
    return FileOpening.objects.filter(recorded_at__lt=before).delete()[0]
