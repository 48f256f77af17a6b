"""Where a freed place goes: first to what its school has above its ceiling, then to a VOVP (DH-102, DH-103).

A place by way of exception (OA-LOT/1 section 8) lets a school sit above its ceiling for as long as it must. So the
first place that comes free at that school pays it back: it ends there, and nobody is given it a second time.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from admissions.enums import EntryKind
from admissions.models import LedgerEntry, Placement
from admissions.services.places.ledger import book, vovp_for_freed_place
from schools.enums import RoundKind
from schools.models import AdmissionYear, Programme, SchoolRound


@dataclass(frozen=True, slots=True)
class Freed:
    """A placement that ended, and the day on which its place came free."""

    placement: Placement
    on: date


def lock_schools(programme_ids: set[int]) -> None:
    """Whoever adds a place above a ceiling and whoever frees one wait for each other; in order, so never crosswise."""
    rows = Programme.objects.select_for_update(no_key=True).filter(pk__in=programme_ids)
    list(rows.order_by("pk").values_list("pk", flat=True))


def above_ceiling(year: AdmissionYear, programme_ids: set[int]) -> dict[int, int]:
    """Exception places that were not paid back yet, by programme; schools without one are left out."""
    sums = LedgerEntry.objects.filter(
        kind=EntryKind.EXCEPTION, school_round__round__year=year, school_round__programme__in=programme_ids
    ).values_list("school_round__programme_id")
    return {pk: total for pk, total in sums.annotate(total=Sum("places")) if total}


def book_freed(year: AdmissionYear, freed: Sequence[Freed]) -> None:
    """Book places that were given back: ``withdrawn``, and then what becomes of each.

    It pays back an exception place of its school where there is one; else it goes to the first VOVP that can still
    take it, and without such a VOVP it stays where it was given (AE-20). Uncapped schools keep no ledger.
    """
    freed = [item for item in freed if item.placement.school_round.is_capped]
    if not freed:
        return
    rounds = list(year.rounds.order_by("position"))
    by_pk = {round_.pk: round_ for round_ in rounds}
    programmes = {item.placement.school_round.programme_id for item in freed}
    lock_schools(programmes)
    owed = defaultdict(int, above_ceiling(year, programmes))
    seats = {
        (row.round_id, row.programme_id): row
        for row in SchoolRound.objects.filter(
            round__year=year, round__kind=RoundKind.VOVP, programme__in=programmes
        )
    }
    entries: list[LedgerEntry] = []
    for item in freed:
        given = item.placement.school_round
        common = {"placement": item.placement, "effective_on": item.on}
        entries.append(
            LedgerEntry(school_round=given, kind=EntryKind.WITHDRAWN, places=1, cause="withdrawal", **common)
        )
        if owed[given.programme_id] > 0:
            owed[given.programme_id] -= 1
            entries.append(
                LedgerEntry(
                    school_round=given, kind=EntryKind.EXCEPTION, places=-1, cause="paid back", **common
                )
            )
            continue
        target = vovp_for_freed_place(by_pk[given.round_id], on=item.on, rounds=rounds)
        if target is None:
            continue
        entries.append(
            LedgerEntry(
                school_round=given, kind=EntryKind.FREED_OUT, places=-1, cause=f"to {target.code}", **common
            )
        )
        entries.append(
            LedgerEntry(
                school_round=seats[target.pk, given.programme_id],
                kind=EntryKind.FREED_IN,
                places=1,
                cause=f"from {by_pk[given.round_id].code}",
                **common,
            )
        )
    book(entries)
