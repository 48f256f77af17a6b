"""The place ledger to read: per school and round what came in and went out, and the entries behind every figure.

Every figure is a sum of ledger entries (DH-104): nothing here counts by itself.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from admissions.enums import EntryKind
from admissions.models import LedgerEntry
from schools.models import AdmissionYear, Round, School, SchoolRound

K = EntryKind


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One round in the place ledger of a school, or of all schools together (then ``seat`` is None).

    What the reader may not see yet is 0, and ``is_seen`` is False.
    """

    round: Round
    seat: SchoolRound | None
    ceiling: int = 0
    carried_in: int = 0
    freed_in: int = 0
    released: int = 0
    exceptions: int = 0
    placed: int = 0
    withdrawn: int = 0
    freed_out: int = 0
    carried_out: int = 0
    is_seen: bool = True
    next_round: Round | None = None

    @property
    def school_round(self) -> SchoolRound:
        """The row of one school; ValueError for the row of all schools."""
        if self.seat is None:
            raise ValueError(f"{self.round.code}: all schools together")
        return self.seat

    @property
    def freed(self) -> int:
        """Given back and offered again here: freed into this round, or left by improvers."""
        return self.freed_in + self.released

    @property
    def seats(self) -> int:
        """DH-101: own ceiling, open places carried in, and what came free."""
        return self.ceiling + self.carried_in + self.freed_in + self.released + self.exceptions

    @property
    def free(self) -> int:
        """Places that nobody got in the draw of this round."""
        return self.seats - self.placed

    @property
    def now(self) -> int:
        """Places of this round that are open now: the sum of its entries."""
        return self.free - self.carried_out + self.withdrawn - self.freed_out


@dataclass(frozen=True, slots=True)
class Closing:
    """Does the ledger add up? placed - withdrawn - left by improvers + open = ceiling + exceptions (AE-13)."""

    ceiling: int
    exceptions: int
    placed: int
    withdrawn: int
    released: int
    left: int

    @property
    def total(self) -> int:
        return self.placed - self.withdrawn - self.released + self.left

    @property
    def is_closed(self) -> bool:
        return self.total == self.ceiling + self.exceptions


def closing(rows: Iterable[PlaceRow]) -> Closing:
    """The proof under a ledger; ``rows`` are all rounds of the year."""
    rows = list(rows)
    return Closing(
        ceiling=sum(row.ceiling for row in rows),
        exceptions=sum(row.exceptions for row in rows),
        placed=sum(row.placed for row in rows),
        withdrawn=sum(row.withdrawn for row in rows),
        released=sum(row.released for row in rows),
        left=sum(row.now for row in rows),
    )


def place_rows(
    school: School, year: AdmissionYear, rounds: Sequence[Round], *, shows: Callable[[Round], bool]
) -> list[PlaceRow]:
    """The ledger of one school, a row a round; what a hidden draw booked is left out. Two queries.

    ``shows`` says whether the reader may see the result of a round.
    """
    entries = LedgerEntry.objects.filter(
        school_round__programme__school=school, school_round__round__year=year
    )
    sums: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for pk, kind, total in (
        entries.order_by().values_list("school_round_id", "kind").annotate(total=Sum("places"))
    ):
        sums[pk][kind] = sums[pk].get(kind, 0) + total
    seats = (
        SchoolRound.objects.filter(programme__school=school, round__year=year)
        .select_related("round", "programme__school")
        .order_by("round__position")
    )
    return [_row(seat.round, seat, sums[seat.pk], rounds, shows) for seat in seats]


def city_rows(year: AdmissionYear, rounds: Sequence[Round]) -> list[PlaceRow]:
    """The ledgers of all schools together, a row a round; one query."""
    sums: defaultdict[int, dict[str, int]] = defaultdict(dict)
    entries = LedgerEntry.objects.filter(school_round__round__year=year).order_by()
    for pk, kind, total in entries.values_list("school_round__round_id", "kind").annotate(
        total=Sum("places")
    ):
        sums[pk][kind] = total
    return [_row(round_, None, sums[round_.pk], rounds, lambda r: r.is_played) for round_ in rounds]


def _row(
    round_: Round,
    seat: SchoolRound | None,
    sums: Mapping[str, int],
    rounds: Sequence[Round],
    shows: Callable[[Round], bool],
) -> PlaceRow:
    seen = shows(round_)
    # What a hidden draw passed on would tell its result (DH-141).
    told = _is_told(round_, rounds, shows)
    return PlaceRow(
        round_,
        seat,
        # In a VOVP an entry of 0 says that the school keeps a ledger there; uncapped schools have none at all.
        ceiling=sums.get(K.CEILING, (seat.ceiling or 0) if seat is not None else 0),
        carried_in=sums.get(K.CARRIED_IN, 0) if told else 0,
        freed_in=sums.get(K.FREED_IN, 0),
        released=sums.get(K.RELEASED, 0) if seen else 0,
        exceptions=sums.get(K.EXCEPTION, 0) if seen else 0,
        placed=-sums.get(K.PLACED, 0) if seen else 0,
        withdrawn=sums.get(K.WITHDRAWN, 0) if seen else 0,
        freed_out=-sums.get(K.FREED_OUT, 0) if seen else 0,
        carried_out=-sums.get(K.CARRIED_OUT, 0) if seen else 0,
        is_seen=seen,
        next_round=next((r for r in rounds if r.pk == round_.open_places_to_id), None),
    )


def _is_told(round_: Round, rounds: Sequence[Round], shows: Callable[[Round], bool]) -> bool:
    """No draw before this one is hidden from the reader."""
    return not any(r.is_played and not shows(r) and r.position < round_.position for r in rounds)


# Entries


@dataclass(frozen=True, slots=True)
class Booking:
    """Entries of one kind, day and cause together: "10 children placed"."""

    kind: EntryKind
    on: date
    places: int
    cause: str
    numbers: tuple[str, ...]  # registration numbers of the children, where the entries are about some
    session: str = ""


def bookings(row: PlaceRow, *, is_told: bool = True) -> list[Booking]:
    """The entries behind one row in order of booking, as far as its reader may see them; one query.

    ``is_told`` False leaves out what earlier draws carried in, as in the row itself.
    """
    if row.seat is None:
        return []
    shown = set(K) if row.is_seen else {K.CEILING, K.FREED_IN}
    if not row.is_seen and is_told:
        shown.add(K.CARRIED_IN)
    if not is_told:
        shown.discard(K.CARRIED_IN)
    entries = (
        LedgerEntry.objects.filter(school_round=row.seat, kind__in=shown)
        .exclude(places=0)
        .order_by("pk")
        .values_list(
            "kind",
            "effective_on",
            "places",
            "cause",
            "placement__application__registration_number",
            "session__name",
        )
    )
    groups: dict[tuple[str, date, str, str], tuple[int, list[str]]] = {}
    for kind, on, places, cause, number, session in entries:
        key = (kind, on, cause, session or "")
        total, numbers = groups.get(key, (0, []))
        groups[key] = (total + places, [*numbers, number] if number else numbers)
    return [
        Booking(EntryKind(kind), on, total, cause, tuple(numbers), session)
        for (kind, on, cause, session), (total, numbers) in groups.items()
    ]


def is_told(row: PlaceRow, rounds: Sequence[Round], shows: Callable[[Round], bool]) -> bool:
    """May the reader see what earlier rounds carried into this one?"""
    return _is_told(row.round, rounds, shows)
