"""The legal trail of a year as the office may read it."""

from django.db.models import QuerySet

from admissions.models import CareCase
from admissions.selectors.children import CARE_EVENTS
from admissions.selectors.office import OfficeView
from schools.models import Event, User

# Decisions that tell of care to who may not know (DH-180).
CARE_VALUES = ("care_follow_up",)


def events_of(view: OfficeView) -> QuerySet[Event]:
    """Newest first. Who may not see care data misses the events that would tell of it, also in counts and exports.

    A child with a care case is left out of nothing else: what happened to its form and its seat stays.
    """
    events = Event.objects.filter(year=view.year).select_related("actor").order_by("-sequence")
    if view.sees_care:
        return events
    events = events.exclude(kind__in=CARE_EVENTS).exclude(new__in=CARE_VALUES).exclude(old__in=CARE_VALUES)
    cases = CareCase.objects.filter(application__year=view.year).values("application__registration_number")
    return events.exclude(kind="case_opened", new__startswith="care", object_key__in=cases)


def kinds_of(view: OfficeView) -> list[str]:
    """The kinds that occur, for the filter."""
    return list(events_of(view).order_by("kind").values_list("kind", flat=True).distinct())


def people_of(view: OfficeView) -> QuerySet[User]:
    """Whom an event of this year is about: the trail keeps a key, a page shows the name that belongs to it now."""
    keys = Event.objects.filter(year=view.year, object_type="user").values_list("object_key", flat=True)
    return User.objects.filter(pk__in=[int(key) for key in keys.distinct() if key.isdigit()])
