"""The place ledger: open places are a sum, never a counter (DH-100 to DH-105)."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Sum

from admissions.enums import EntryKind
from admissions.models import LedgerEntry, Placement
from lottery.models import DrawSession
from schools.enums import RoundKind
from schools.models import AdmissionYear, Round, SchoolRound
from schools.models.year import AMSTERDAM

BATCH = 500


def open_places(round_: Round) -> dict[int, int]:
    """Open places by school round id, capped schools only; one query for the whole round."""
    sums = (
        LedgerEntry.objects.filter(school_round__round=round_)
        .values("school_round_id")
        .annotate(total=Sum("places"))
    )
    totals = {row["school_round_id"]: row["total"] for row in sums}
    capped = SchoolRound.objects.filter(round=round_, ceiling__isnull=False).values_list("pk", flat=True)
    return {pk: totals.get(pk, 0) for pk in capped}


def book(entries: Iterable[LedgerEntry]) -> int:
    """Append entries; the database refuses a sum below zero."""
    return len(LedgerEntry.objects.bulk_create(entries, batch_size=BATCH))


def book_ceilings(year: AdmissionYear, *, cause: str, codes: Sequence[str] | None = None) -> int:
    """The ceilings of a whole year as its first entries, on its first day (DH-100); ``codes`` leaves the others out.

    Answers how many schools times rounds were booked.
    """
    rows = SchoolRound.objects.filter(round__year=year, round__kind=RoundKind.ALM, ceiling__gt=0)
    if codes is not None:
        rows = rows.filter(programme__code__in=codes)
    return book(
        LedgerEntry(
            school_round=row,
            kind=EntryKind.CEILING,
            places=row.ceiling or 0,
            effective_on=year.starts_on,
            cause=cause,
        )
        for row in rows
    )


def placed_entries(
    placements: Sequence[Placement], *, session: DrawSession | None, on: date, cause: str
) -> list[LedgerEntry]:
    """``placed`` -1 for each placement at a capped school; an uncapped school keeps no ledger."""
    return [
        LedgerEntry(
            school_round=placement.school_round,
            kind=EntryKind.PLACED,
            places=-1,
            placement=placement,
            session=session,
            effective_on=on,
            cause=cause,
        )
        for placement in placements
        if placement.school_round.is_capped
    ]


def carry_over(round_: Round, *, session: DrawSession, on: date) -> int:
    """What is still open after the central matching moves on with the calendar's edge (DH-100); nothing after the last.

    Returns the number of places carried.
    """
    target = round_.open_places_to
    if target is None:
        return 0
    still_open = {pk: places for pk, places in open_places(round_).items() if places > 0}
    programmes = dict(SchoolRound.objects.filter(round=round_).values_list("pk", "programme_id"))
    targets = {
        school_round.programme_id: school_round for school_round in SchoolRound.objects.filter(round=target)
    }
    entries = []
    for pk, places in sorted(still_open.items()):
        common = {"session": session, "effective_on": on}
        entries.append(
            LedgerEntry(
                school_round_id=pk,
                kind=EntryKind.CARRIED_OUT,
                places=-places,
                cause=f"to {target.code}",
                **common,
            )
        )
        entries.append(
            LedgerEntry(
                school_round=targets[programmes[pk]],
                kind=EntryKind.CARRIED_IN,
                places=places,
                cause=f"from {round_.code}",
                **common,
            )
        )
    book(entries)
    return sum(still_open.values())


def vovp_for_freed_place(given_in: Round, *, on: date, rounds: Sequence[Round]) -> Round | None:
    """The first VOVP that can take a place given in ``given_in`` and freed on ``on``; None = it stays (DH-103, AE-20).

    A VOVP takes it when it comes from the calendar's ``freed_places_to`` on, has not been frozen or played, and ``on``
    lies before the day of its freeze: 00:00 of the day before its matching.
    """
    if given_in.freed_places_to_id is None:
        return None
    first = next(round_ for round_ in rounds if round_.pk == given_in.freed_places_to_id)
    for round_ in rounds:
        if (
            round_.kind != RoundKind.VOVP
            or round_.position < first.position
            or round_.position <= given_in.position
        ):
            continue
        if round_.is_played or round_.state == "frozen" or round_.central_matching_on is None:
            continue
        if on < round_.freeze_at.astimezone(AMSTERDAM).date():
            return round_
    return None
