"""Finding a child of a region, and everything that is known of one application, for the programme office."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from itertools import pairwise

from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, Value, When

from admissions.case_enums import CARE_KINDS
from admissions.enums import ACTIVE_PLACEMENTS, CaseKind, Decision, PlacementState
from admissions.models import Application, FormVersion, Placement, Preference
from admissions.models import Case as OfficeCase
from admissions.selectors.office import OfficeView
from admissions.selectors.versions import CARE_COLUMNS, changed_columns
from admissions.validators import plain
from notifications.models import Message
from schools.models import Event, Region

CARE_MESSAGES = ("M16",)  # the letter itself tells of care (DH-180)
CARE_EVENTS = ("care_state", "care_outcome", "care_signal")
WORDS = 8
# A word of a school has four letters at least, of a name that is only alike three; how much of it must be the same.
SCHOOL_LETTERS, NAME_LETTERS, CLOSE = 4, 3, 0.75

# Searching

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januari jan january",
            "februari feb february",
            "maart mrt mar march",
            "april apr",
            "mei may",
            "juni jun june",
            "juli jul july",
            "augustus aug august",
            "september sep sept",
            "oktober okt oct october",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
NUMERIC_DATE = re.compile(r"(?<![\w-])(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?![\w-])")
WRITTEN_DATE = re.compile(r"(?<!\w)(\d{1,2})\s+([a-z]{3,9})\.?\s+(\d{4}|\d{2})(?!\w)", re.IGNORECASE)


def _valid(year: str, month: int, day: str) -> date | None:
    full = int(year) + (2000 if len(year) <= 2 else 0)
    try:
        return date(full, month, int(day))
    except ValueError:
        return None


def dates_in(text: str) -> tuple[list[date], str]:
    """Dates as people type them (4-3-21, 04/03/2021, 2021-03-04, 4 maart 2021), and the text without them."""
    found: list[date] = []

    def numeric(match: re.Match[str]) -> str:
        first, month, last = match.groups()
        year, day = (first, last) if len(first) == 4 else (last, first)
        if len(year) not in (2, 4) or len(day) > 2:
            return match.group()
        born = _valid(year, int(month), day)
        if born is None:
            return match.group()
        found.append(born)
        return " "

    def written(match: re.Match[str]) -> str:
        day, month, year = match.groups()
        born = _valid(year, MONTHS[month.lower()], day) if month.lower() in MONTHS else None
        if born is None:
            return match.group()
        found.append(born)
        return " "

    rest = WRITTEN_DATE.sub(written, NUMERIC_DATE.sub(numeric, text))
    return found, rest


def matching(text: str, *, or_school: bool = False) -> Q:
    """Children that fit what was typed: registration number, form reference, names in any order, birth date.

    Capitals, accents, hyphens and the dash in a registration number make no difference. ``or_school``: a word may also
    be of the name of the school of first choice.
    """
    born, rest = dates_in(text)
    found = Q(child__date_of_birth__in=born) if born else Q()
    for word in rest.split()[:WORDS]:
        key = plain(word)
        hit = Q(form__form_reference__iexact=word)
        if key:
            hit |= Q(child__identity_key__contains=key) | Q(registration_number__contains=key.upper())
        if or_school and len(key) >= SCHOOL_LETTERS:
            hit |= Q(first_choice__programme__name__icontains=word)
        found &= hit
    return found


def alike(applications: QuerySet[Application], text: str) -> list[int]:
    """Keys of the applications whose child has a name that looks like what was typed; dates must fit. One query.

    For when nothing fits: a letter misheard on the phone or typed wrong.
    """
    born, rest = dates_in(text)
    typed = [key for word in rest.split()[:WORDS] if (key := plain(word))]
    if not typed or any(len(key) < NAME_LETTERS for key in typed):
        return []
    rows = applications.filter(child__date_of_birth__in=born) if born else applications
    names = [
        (pk, {plain(word) for part in parts for word in part.split()})
        for pk, *parts in rows.order_by().values_list(
            "pk", "child__given_name", "child__surname_prefix", "child__surname"
        )
    ]
    known = sorted(set().union(*(words for _pk, words in names)))
    close = [set(get_close_matches(key, known, n=20, cutoff=CLOSE)) for key in typed]
    return [pk for pk, words in names if all(words & one for one in close)]


def _shown_decision(view: OfficeView) -> Case | F:
    """Who may not see care data sees a child in the care route as one without a place (DH-180)."""
    if view.sees_care:
        return F("decision")
    return Case(
        When(decision=Decision.CARE_FOLLOW_UP, then=Value(Decision.UNPLACED.value)),
        default=F("decision"),
        output_field=CharField(),
    )


def applications_of(view: OfficeView) -> QuerySet[Application]:
    """Every application of the year with ``shown_decision`` and the school the child has a place at; one query."""
    seat = Placement.objects.filter(application=OuterRef("pk"), state__in=sorted(ACTIVE_PLACEMENTS)).order_by(
        "-pk"
    )
    seat_state = Case(
        When(state=PlacementState.OFFERED, respond_by__lt=view.today, then=Value("overdue")),
        default=F("state"),
        output_field=CharField(),
    )
    return (
        Application.objects.filter(year=view.year)
        .select_related("child", "form", "first_choice__round", "first_choice__programme")
        .annotate(
            shown_decision=_shown_decision(view),
            seat_school=Subquery(seat.values("school_round__programme__name")[:1]),
            seat_state=Subquery(seat.annotate(shown=seat_state).values("shown")[:1]),
        )
    )


# One child


@dataclass(frozen=True, slots=True)
class Line:
    """One fact on the time line."""

    at: date | datetime
    text: str
    who: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ChildFile:
    """Everything the office may see of one application."""

    application: Application
    preferences: list[Preference]
    placements: list[Placement]
    messages: list[Message]
    events: list[Event]
    versions: list[FormVersion]
    cases: list[OfficeCase] = field(default_factory=list)
    changes: dict[int, list[str]] = field(default_factory=dict)  # columns that a version changed, by number


def find_application(region: Region, number: str) -> Application | None:
    """By registration number, with or without its dash, in any year of the region."""
    key = number.replace("-", "").upper()
    return (
        Application.objects.filter(year__region=region, registration_number=key)
        .select_related(
            "child",
            "form__checked_by",
            "year__region",
            "first_choice__round",
            "first_choice__programme__school",
            "withdrawal__recorded_by",
            "previous",
            "care_case",
        )
        .first()
    )


def child_file(application: Application, *, sees_care: bool) -> ChildFile:
    """Everything but the reasons of the draws, which stand in ``services/explanations``; a fixed number of queries."""
    preferences = list(application.preferences.select_related("programme", "added_in").order_by("rank"))
    placements = list(
        application.placements.select_related(
            "school_round__round", "school_round__programme__school"
        ).order_by("pk")
    )
    messages = Message.objects.filter(
        year=application.year, registration_number=application.registration_number
    )
    if not sees_care:
        messages = messages.exclude(kind__in=CARE_MESSAGES)
    versions = list(application.form.versions.select_related("finalised_by").order_by("version"))
    return ChildFile(
        application,
        preferences=preferences,
        placements=placements,
        messages=list(
            messages.select_related("round", "school", "letter").defer("merge", "letter__pdf").order_by("pk")
        ),
        events=_events(application, placements, sees_care=sees_care),
        versions=versions,
        cases=_cases(application, sees_care=sees_care),
        changes=_changes(versions, sees_care=sees_care),
    )


def _cases(application: Application, *, sees_care: bool) -> list[OfficeCase]:
    """What the office settles or settled about this child; a report of a child applied twice names both numbers."""
    twice = Q(kind=CaseKind.DUPLICATE, about__contains=application.registration_number)
    found = OfficeCase.objects.filter(Q(application=application) | twice, year=application.year_id)
    if not sees_care:
        found = found.exclude(kind__in=CARE_KINDS)
    return list(found.select_related("opened_by", "owner").order_by("pk"))


def _events(application: Application, placements: Iterable[Placement], *, sees_care: bool) -> list[Event]:
    about = Q(object_type="application", object_key=application.registration_number)
    keys = [str(placement.pk) for placement in placements]
    if keys:
        about |= Q(object_type="placement", object_key__in=keys)
    found = Event.objects.filter(about, year=application.year).select_related("actor").order_by("sequence")
    if not sees_care:
        found = found.exclude(kind__in=CARE_EVENTS).exclude(kind="decision", new=Decision.CARE_FOLLOW_UP)
    return list(found)


def _changes(versions: list[FormVersion], *, sees_care: bool) -> dict[int, list[str]]:
    """Which columns of the form each later version changed."""
    hidden = frozenset() if sees_care else CARE_COLUMNS
    changes: dict[int, list[str]] = {}
    for before, after in pairwise(versions):
        changes[after.version] = [
            column for column in changed_columns(before.contents, after.contents) if column not in hidden
        ]
    return changes
