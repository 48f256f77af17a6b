"""Who looked along at a school, for the school itself."""

from datetime import timedelta

from django.db.models import Count, QuerySet

from schools.clock import DatabaseNow
from schools.models import HelperView, School

RECENT = timedelta(days=14)


def lookers_of(school: School) -> QuerySet[HelperView]:
    """Newest first, with the number of pages (``pages``) of each."""
    rows = HelperView.objects.filter(school=school).select_related("user")
    return rows.annotate(pages=Count("visits")).order_by("-started_at", "-pk")


def recent_lookers(school: School) -> list[HelperView]:
    """What the start page of the school tells: the newest of the last two weeks, in real time. One query."""
    newest = lookers_of(school).annotate(read_at=DatabaseNow())[:3]
    return [row for row in newest if row.started_at >= row.read_at - RECENT]
