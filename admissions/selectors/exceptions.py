"""Exceptions of a year for the office, and how many there were for everybody."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from admissions.enums import RepairKind, RepairState
from admissions.exception_enums import ExceptionKind, ExceptionState
from admissions.models import PlaceException, Repair
from admissions.selectors.office import OfficeView
from schools.models import AdmissionYear, Region


def exceptions_of(view: OfficeView) -> QuerySet[PlaceException]:
    """Exceptions of the year; those about care only for who may see care (DH-180)."""
    rows = PlaceException.objects.filter(round__year=view.year).select_related(
        "application__child", "application__first_choice__programme", "round", "proposed_by", "decided_by"
    )
    return rows if view.sees_care else rows.exclude(kind=ExceptionKind.CARE_PLACE)


@dataclass(frozen=True, slots=True)
class YearCount:
    """How often each kind was carried out in one year: pairs of the word and the number, every kind named."""

    year: AdmissionYear
    counts: tuple[tuple[str, int], ...]


def yearly_counts(region: Region) -> list[YearCount]:
    """Carried out exceptions and repairs per kind, newest year first; three queries. Counts of a city, no school."""
    found: Counter[tuple[int, str]] = Counter()
    done = PlaceException.objects.filter(round__year__region=region, state=ExceptionState.DONE).order_by()
    for year, kind, n in done.values_list("round__year", "kind").annotate(n=Count("pk")):
        found[year, kind] += n
    repairs = Repair.objects.filter(session__round__year__region=region, state=RepairState.DONE).order_by()
    for year, kind, n in repairs.values_list("session__round__year", "kind").annotate(n=Count("pk")):
        found[year, f"repair {kind}"] += n
    years = AdmissionYear.objects.filter(region=region).order_by("-starts_on", "-pk")
    return [
        YearCount(
            year,
            (
                *((str(kind.label), found[year.pk, kind.value]) for kind in ExceptionKind),
                *((str(kind.label), found[year.pk, f"repair {kind.value}"]) for kind in RepairKind),
            ),
        )
        for year in years
    ]
