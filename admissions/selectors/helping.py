"""Who looked along at a school, for the school itself."""

from datetime import datetime, timedelta

from django.db.models import Count, QuerySet

from schools.models import HelperView, School

RECENT = timedelta(days=14)


def lookers_of(school: School) -> QuerySet[HelperView]:
    """Newest first, with the number of pages (``pages``) of each."""
    rows = HelperView.objects.filter(school=school).select_related("user")
    return rows.annotate(pages=Count("visits")).order_by("-started_at", "-pk")


def recent_lookers(school: School, *, moment: datetime) -> list[HelperView]:
    """What the start page of the school tells: the newest of the last two weeks, in real time."""
    return list(lookers_of(school).filter(started_at__gte=moment - RECENT)[:3])
