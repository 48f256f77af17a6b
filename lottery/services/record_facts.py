"""What a draw record tells, taken from the stored files and stored moments of one session.

Every figure is counted again from the files themselves, so that the paper cannot say anything else than they do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import npgettext, pgettext

from lottery.engine.files import (
    Commitment,
    Dossiers,
    Seed,
    beacon_time,
    parse_commitment,
    parse_dossiers,
    parse_outcome,
    parse_seed,
    rehearsal_beacon,
)
from lottery.engine.grammar import HASH
from lottery.engine.outcome import CutoffLine, DrawOutcome, SessionOutcome
from lottery.enums import AttestationKind
from lottery.models import DrawSession
from schools.models import AMSTERDAM, Programme, Region, User
from schools.services.pdf import qr_url

CENTRAL = "centraal"
GROUP = 5  # dice digits are read aloud five at a time
LINE_LENGTH = 108  # characters of the code face on one printed line of an annex
GAP = "   "
NONE = "–"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a session as objects; None for what does not exist yet."""

    dossiers: Dossiers
    commitment: Commitment
    seed: Seed | None
    outcome: SessionOutcome | None

    @classmethod
    def of(cls, session: DrawSession) -> Files:
        """Parse the stored bytes. Raises FileFormatError for bytes that are not OA-LOT/1."""
        content = session.files()
        seed, outcome = content.get("zaad.txt"), content.get("uitslag.txt")
        return cls(
            parse_dossiers(content["dossiers.txt"]),
            parse_commitment(content["vastlegging.txt"]),
            None if seed is None else parse_seed(seed),
            None if outcome is None else parse_outcome(outcome),
        )


@dataclass(frozen=True, slots=True)
class Hash:
    """One SHA-256: its plain name, the file it is of, its digits and the address of its QR code."""

    label: str
    source: str
    digits: str
    qr: str

    @property
    def head(self) -> str:
        """The first eight digits, which people read aloud."""
        return self.digits[:8]

    @property
    def tail(self) -> str:
        return self.digits[8:]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened; ``at`` is empty when it did not."""

    label: str
    at: str


@dataclass(frozen=True, slots=True)
class Presence:
    """Who confirmed what, and when: officials only."""

    name: str
    role: str
    what: str
    at: str
    digits: str  # the first eight digits when the note is a hash
    note: str


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """One school in a session; the figures are empty strings where the school takes no part in that step."""

    code: str
    name: str
    places: str
    first_choices: str
    admitted: str
    no_lots: bool
    school_cutoff: str
    left: str
    held: str
    placed: str
    central_cutoff: str


@dataclass(frozen=True, slots=True)
class DrawTable:
    """One draw with its outcomes in columns of fixed width, several outcomes beside each other.

    Text and not table cells: twelve times as fast, and memory stays small with ten thousands of children.
    """

    id: str
    title: str
    summary: str
    head: str
    lines: str


@dataclass(frozen=True, slots=True)
class Order:
    """Profile H: the units of one draw as the notary drew them."""

    draw: str
    units: str


def written(moment: datetime | None) -> str:
    """``woensdag 13 september 2023, 10.00.03 uur`` in Europe/Amsterdam; the empty string for None."""
    if moment is None:
        return ""
    local = moment.astimezone(AMSTERDAM)
    return pgettext("moment", "%(date)s, %(time)s") % {
        "date": date_format(local, "l j F Y"),
        "time": local.strftime("%H.%M.%S"),
    }


def hashes(session: DrawSession) -> list[Hash]:
    """The hashes of the files that exist, with H_C and K by their names (section 7 point 7)."""
    found = [
        (pgettext("draw record", "Commitment, H_C"), "vastlegging.txt", session.commitment_hash),
        (pgettext("draw record", "Participants"), "deelnemers.txt", session.participants_hash),
        (pgettext("draw record", "Dossiers"), "dossiers.txt", session.dossiers_hash),
        (pgettext("draw record", "Seed, K"), "zaad.txt", session.seed_hash),
        (pgettext("draw record", "Outcome"), "uitslag.txt", session.outcome_hash),
        (pgettext("draw record", "Lock of the dice"), "slot", session.slot),
    ]
    return [
        Hash(label, source, digits, qr_url(f"OA-LOT/1|{session.name}|{source}|{digits}"))
        for label, source, digits in found
        if digits
    ]


def other_hashes(files: Files) -> list[Hash]:
    """Rules and second program, as promised in the commitment."""
    return [
        Hash(pgettext("draw record", "Rules"), "reglement", files.commitment.rules_hash, ""),
        Hash(pgettext("draw record", "Second program"), "controleer.py", files.commitment.verifier_hash, ""),
    ]


def moments(session: DrawSession) -> list[Moment]:
    """Freeze, publication, lock, round and result, in order of time (section 7 point 7)."""
    rows = session.attestations
    confirmed = (
        rows.filter(kind=AttestationKind.CONFIRM).first() or rows.filter(kind=AttestationKind.FREEZE).first()
    )
    return [
        Moment(pgettext("draw record", "Lists frozen"), written(session.frozen_at)),
        Moment(
            pgettext("draw record", "Commitment confirmed and published"),
            written(confirmed.at if confirmed else None),
        ),
        Moment(pgettext("draw record", "Dice locked"), written(session.locked_at)),
        Moment(pgettext("draw record", "Beacon round"), written(session.beacon_at)),
        Moment(pgettext("draw record", "Outcome computed"), written(session.computed_at)),
        Moment(
            pgettext("draw record", "Outcome recomputed by the second program"), written(session.verified_at)
        ),
        Moment(pgettext("draw record", "Outcome official"), written(session.applied_at)),
    ]


def presences(session: DrawSession) -> list[Presence]:
    """Every confirmation with the name and role of the official; the system itself has no name."""
    rows = session.attestations.select_related("user").prefetch_related("user__memberships")
    return [
        Presence(
            name=row.user.name or row.user.email if row.user else pgettext("draw record", "System"),
            role=_roles(row.user) if row.user else "",
            what=row.get_kind_display(),
            at=written(row.at),
            digits=row.note[:8] if HASH.fullmatch(row.note) else "",
            note="" if row.kind == AttestationKind.INCIDENT else row.note,
        )
        for row in rows
    ]


def _roles(user: User) -> str:
    return ", ".join(sorted({str(membership.get_role_display()) for membership in user.memberships.all()}))


def incidents(session: DrawSession) -> list[str]:
    """Remarks for the record, in the order in which they were made."""
    told = session.attestations.filter(kind=AttestationKind.INCIDENT).exclude(note="")
    return [*map(str, session.notes), *(f"{written(row.at)}: {row.note}" for row in told)]


def dice_lines(seed: Seed) -> list[str]:
    """The digits as thrown, in groups, thirty to a line; empty for a draw by hand."""
    digits = seed.digits or ""
    groups = [digits[start : start + GROUP] for start in range(0, len(digits), GROUP)]
    return [" ".join(groups[start : start + 6]) for start in range(0, len(groups), 6)]


def hand_orders(seed: Seed) -> list[Order]:
    return [Order(draw, ", ".join(units)) for draw, units in seed.orders]


def is_stand_in(session: DrawSession, seed: Seed) -> bool:
    """True when the beacon value was derived from the dice: only in a rehearsal (data-formats.md section 2)."""
    if seed.beacon is None or seed.digits is None:
        return False
    return seed.beacon[1] == rehearsal_beacon(session.name, seed.digits)


def beacon_moment(seed: Seed) -> str:
    """When the beacon round used was published, by the calendar of the beacon (section 10)."""
    return written(beacon_time(seed.beacon[0])) if seed.beacon else ""


def school_names(region: Region, codes: Iterable[str]) -> dict[str, str]:
    wanted = set(codes)
    programmes = Programme.objects.filter(school__region=region).values_list("code", "name")
    return {code: name for code, name in programmes if code in wanted}


def school_rows(files: Files, names: dict[str, str]) -> list[SchoolRow]:
    """Places, children and outcomes per school, school draw and central draw side by side, by code."""
    by_hand = files.commitment.dice == "hand"
    draws = {draw.id: draw for draw in files.outcome.draws} if files.outcome else {}
    central = draws.get(CENTRAL)
    placed = Counter(line.code for line in central.lines if line.code) if central else Counter[str]()
    held = Counter(
        code for child in files.dossiers.children for code, tier in child.choices[-1:] if tier == 0
    )
    central_cutoffs = {cutoff.code: cutoff for cutoff in central.cutoffs} if central else {}
    rows = []
    for school in files.dossiers.schools:
        draw = draws.get(f"school/{school.code}")
        admitted = sum(line.code is not None for line in draw.lines) if draw else 0
        rows.append(
            SchoolRow(
                code=school.code,
                name=names.get(school.code, ""),
                places=_places(school.places),
                first_choices=str(draw.children) if draw else "",
                admitted=str(admitted) if draw else "",
                no_lots=bool(draw and needs_no_lots(draw)),
                school_cutoff=cutoff_words(draw.cutoffs[0], by_hand) if draw and draw.cutoffs else "",
                left=_places(None if school.places is None else max(0, school.places - admitted)),
                held=str(held[school.code]) if held[school.code] else "",
                placed=str(placed[school.code]) if central else "",
                central_cutoff=cutoff_words(central_cutoffs.get(school.code), by_hand),
            )
        )
    return rows


def _places(places: int | None) -> str:
    return pgettext("places", "unlimited") if places is None else str(places)


def needs_no_lots(draw: DrawOutcome) -> bool:
    """No more children than places: the lots are listed but decide nothing (AE-01)."""
    return draw.places == "onbeperkt" or (draw.places != "-" and draw.children <= draw.places)


def lot_words(lot: str, by_hand: bool) -> str:
    """The first eight digits; in a draw by hand the lot is a position, written as a number (section 7)."""
    return str(int(lot, 16)) if by_hand else lot[:8]


def cutoff_words(cutoff: CutoffLine | None, by_hand: bool) -> str:
    """``vrij``, ``dicht``, or class and lot of the last unit that got a place."""
    if cutoff is None:
        return ""
    if cutoff.kind == "free":
        return pgettext("cutoff", "free")
    if cutoff.kind == "closed":
        return pgettext("cutoff", "closed")
    lot = lot_words(cutoff.lot or "0", by_hand)
    if cutoff.tier is None:
        return lot
    return pgettext("cutoff", "class %(tier)s, %(lot)s") % {"tier": cutoff.tier, "lot": lot}


def draw_tables(outcome: SessionOutcome, names: dict[str, str], *, by_hand: bool) -> Iterator[DrawTable]:
    """Every draw with its outcome lines in drawn order: rank, number, class, first digits of the lot, school."""
    head = (
        pgettext("draw record", "Rank"),
        pgettext("draw record", "Number"),
        pgettext("draw record", "Cl."),
        pgettext("draw record", "Lot"),
        pgettext("draw record", "School"),
    )
    for draw in outcome.draws:
        rows = [
            (
                str(line.rank),
                line.regno,
                NONE if line.tier is None else str(line.tier),
                lot_words(line.lot, by_hand),
                line.code or NONE,
            )
            for line in draw.lines
        ]
        above, *lines = in_columns([head, *rows], LINE_LENGTH)
        yield DrawTable(draw.id, draw_title(draw.id, names), draw_summary(draw), above, "\n".join(lines))


def in_columns(rows: Sequence[Sequence[str]], length: int) -> list[str]:
    """Lines of at most ``length`` characters with as many rows beside each other as fit, read from left to right.

    The first row is the head: it comes on a line of its own, once for each row that stands beside another.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    beside = max(1, (length + len(GAP)) // (sum(widths) + len(widths) - 1 + len(GAP)))
    head, *cells = [
        " ".join(
            [
                row[0].rjust(widths[0]),
                *(cell.ljust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    groups = (cells[start : start + beside] for start in range(0, len(cells), beside))
    return [
        GAP.join([head] * min(beside, len(cells))).rstrip(),
        *(GAP.join(group).rstrip() for group in groups),
    ]


def draw_title(draw: str, names: dict[str, str]) -> str:
    if draw == CENTRAL:
        return _("Central draw (centraal)")
    code = draw.removeprefix("school/")
    return _("School draw %(code)s %(name)s") % {"code": code, "name": names.get(code, "")}


def draw_summary(draw: DrawOutcome) -> str:
    """One sentence with children, places and outcomes of a draw."""
    placed = sum(line.code is not None for line in draw.lines)
    children = npgettext("draw record", "%(count)s child", "%(count)s children", draw.children) % {
        "count": draw.children
    }
    if draw.places == "-":
        return _("%(children)s, %(placed)s placed, %(rest)s without a place.") % {
            "children": children,
            "placed": placed,
            "rest": draw.children - placed,
        }
    unlimited = draw.places == "onbeperkt"
    places = (
        _("unlimited places")
        if unlimited
        else npgettext("draw record", "%(count)s place", "%(count)s places", int(draw.places))
        % {"count": draw.places}
    )
    told = _("%(places)s, %(children)s, %(admitted)s admitted, %(rest)s drawn out.") % {
        "places": places,
        "children": children,
        "admitted": placed,
        "rest": draw.children - placed,
    }
    return told + " " + _("No lots needed.") if needs_no_lots(draw) else told


def central_summary(outcome: SessionOutcome) -> str:
    """Children and outcomes of the central draw; the empty string for a session without one."""
    return "".join(draw_summary(draw) for draw in outcome.draws if draw.id == CENTRAL)
