"""The contract files: results of a round, the ledger, the bundle of its session (data-formats.md section 2)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.utils.translation import gettext as _

from admissions.enums import Decision, RepairKind, RepairState
from admissions.models import Application, LedgerEntry, Repair
from admissions.services.draws.freezing import CENTRAL, lists_of
from admissions.services.draws.hand_draw import HandLine, hand_lines
from admissions.services.year.csv_files import FileError
from lottery.engine.files import parse_dossiers
from lottery.engine.outcome import DrawOutcome, OutcomeLine
from lottery.enums import OFFICIAL_STATES, SessionKind
from lottery.models import DrawSession, SessionNumber
from lottery.services.draw_record import build_draw_record
from lottery.services.sessions import outcome_of
from schools.enums import RoundKind
from schools.errors import RefusedError
from schools.models import AdmissionYear, Round

RESULT_COLUMNS = (
    "form_reference",
    "registration_number",
    "draw_number",
    "outcome",
    "brin",
    "preference_rank",
    "decided_by",
    "draw_rank",
)
LEDGER_COLUMNS = ("brin", "round", "entry", "places", "form_reference")
Row = tuple[object, ...]


class NotPlayed(RefusedError):
    """The round has no official result yet."""


def official_session(round_: Round) -> DrawSession:
    """The applied session of the round. Raises NotPlayed."""
    session = DrawSession.objects.filter(
        round=round_, kind=SessionKind.ROUND, state__in=OFFICIAL_STATES
    ).first()
    if session is None:
        raise NotPlayed(
            _("Round %(round)s has not been played yet: it has no results.") % {"round": round_.code}
        )
    return session


def _lots_decided(draw: DrawOutcome) -> bool:
    return isinstance(draw.places, int) and draw.children > draw.places


def result_rows(round_: Round) -> Iterator[Row]:
    """One row per participant, by form reference; what the round decided, which later rounds do not change.

    Only an application withdrawn since shows as ``withdrawn``, in every round it took part in.
    """
    for decision, row in decided_rows(round_):
        yield (*row[:3], "withdrawn", "", "", "", "") if decision == Decision.WITHDRAWN else row


def decided_rows(round_: Round) -> Iterator[tuple[str, Row]]:
    """What the round decided for every participant, with the decision its application stands on now."""
    session = official_session(round_)
    outcome = outcome_of(session)
    in_vovp = round_.kind == RoundKind.VOVP
    where = {"participations__round": round_} if in_vovp else {"first_choice__round": round_}
    lists = lists_of(**{f"application__{key}": value for key, value in where.items()})
    numbers = dict(SessionNumber.objects.filter(session=session).values_list("registration_number", "number"))
    lines: dict[str, dict[str, tuple[DrawOutcome, OutcomeLine]]] = defaultdict(dict)
    for draw in outcome.draws:
        for line in draw.lines:
            lines[line.regno]["central" if draw.id == CENTRAL else "school"] = (draw, line)
    held = _held_seats(session) if in_vovp else {}
    by_hand = {} if in_vovp else hand_lines(round_, session)
    crowded = _crowded(by_hand)
    applications = Application.objects.filter(**where).order_by("form__form_reference")
    for pk, reference, registration_number, decision in applications.values_list(
        "pk", "form__form_reference", "registration_number", "decision"
    ):
        number = numbers.get(registration_number)
        own = by_hand.get(registration_number)
        if number is None and own is not None:
            yield decision, (reference, registration_number, own.number, *_hand_result(own, crowded))
            continue
        if number is None:
            continue
        row = (
            _vovp_result(lines[number]["central"][1], lists[pk], held.get(number))
            if in_vovp
            else _alm_result(lines[number], lists[pk])
        )
        yield decision, (reference, registration_number, number, *row)
    if not in_vovp:
        yield from _mini_rows(round_)


def _crowded(by_hand: Mapping[str, HandLine]) -> set[str]:
    """Codes of the schools that decided themselves and drew somebody out: more first choices than places."""
    return {line.code for line in by_hand.values() if not line.is_admitted}


def _hand_result(own: HandLine, crowded: set[str]) -> Row:
    """The same of a child on which its school decided and that did not enter the session of the round."""
    rank: object = own.line.rank if own.line is not None else ""
    if own.is_admitted:
        return ("admitted", own.code, 1, "school_draw" if own.code in crowded else "no_draw", rank)
    return ("care_follow_up", "", "", "school_draw", rank)


def _mini_rows(round_: Round) -> Iterator[tuple[str, Row]]:
    """Children who were forgotten and drawn afterwards: their own session, beside the others."""
    rows = Repair.objects.filter(
        kind=RepairKind.MINI_SESSION, state=RepairState.DONE, session__round=round_
    ).select_related("application__form", "mini_session")
    for repair in rows.order_by("pk"):
        application, session = repair.application, repair.mini_session
        if application is None or session is None:
            continue
        code = repair.outcome.get("code", "")
        rank: object = application.preferences.get(programme__code=code).rank if code else ""
        outcome = "unplaced"
        if code:
            outcome = "admitted" if rank == 1 else "placed_lower"
        elif repair.outcome.get("draw") != CENTRAL:
            outcome = "care_follow_up"
        number = session.numbers.values_list("number", flat=True).get()
        decided_by = "central_matching" if repair.outcome.get("draw") == CENTRAL else "school_draw"
        reference = application.form.form_reference
        yield (
            application.decision,
            (reference, application.registration_number, number, outcome, code, rank, decided_by, ""),
        )


def _held_seats(session: DrawSession) -> dict[str, str]:
    """Where the improvers of a VOVP sat when it was frozen, by session number (klasse 0, OA-LOT/1 section 6.1)."""
    children = parse_dossiers(bytes(session.dossiers)).children
    return {child.regno: child.choices[-1][0] for child in children if child.choices[-1][1] == 0}


def _vovp_result(line: OutcomeLine, preferences: list[str], held: str | None) -> Row:
    """``outcome, brin, preference_rank, decided_by, draw_rank`` of one child in a VOVP."""
    rank = preferences.index(line.code) + 1 if line.code else ""
    if line.code is None or line.code == held:
        return ("unchanged", line.code or "", rank, "vovp", line.rank)
    return ("admitted" if rank == 1 else "placed_lower", line.code, rank, "vovp", line.rank)


def _alm_result(seen: dict[str, tuple[DrawOutcome, OutcomeLine]], preferences: list[str]) -> Row:
    """The same of one child in an ALM."""
    if "school" in seen:
        draw, line = seen["school"]
        if line.code:
            decided = _lots_decided(draw)
            return (
                "admitted",
                line.code,
                1,
                "school_draw" if decided else "no_draw",
                line.rank if decided else "",
            )
        if "central" not in seen:
            return ("care_follow_up", "", "", "school_draw", line.rank)
    _draw, line = seen["central"]
    if line.code:
        return ("placed_lower", line.code, preferences.index(line.code) + 1, "central_matching", line.rank)
    return ("unplaced", "", "", "central_matching", line.rank)


def ledger_rows(year: AdmissionYear) -> Iterator[Row]:
    """Every entry of the capped schools, in order of booking; rows of 0 left out."""
    entries = (
        LedgerEntry.objects.filter(school_round__round__year=year, school_round__ceiling__isnull=False)
        .exclude(places=0)
        .order_by("school_round__programme__code", "school_round__round__position", "pk")
    )
    for code, round_code, kind, places, reference in entries.values_list(
        "school_round__programme__code",
        "school_round__round__code",
        "kind",
        "places",
        "placement__application__form__form_reference",
    ).iterator(chunk_size=5000):
        yield (code, round_code, kind, places, reference or "")


def write_bundle(round_: Round, directory: Path) -> list[Path]:
    """The OA-LOT/1 files of the round, one folder per session, each with both versions of the record.

    Records that the worker has not made yet are made now. Returns the folders.
    """
    official_session(round_)
    folders = []
    for session in DrawSession.objects.filter(round=round_, state__in=OFFICIAL_STATES):
        if session.record is None or session.public_record is None:
            build_draw_record(session_id=session.pk)
            session.refresh_from_db()
        folder = directory / session.name
        assert session.record is not None and session.public_record is not None
        files = session.files() | {
            "verslag.pdf": bytes(session.record),
            "verslag-openbaar.pdf": bytes(session.public_record),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (folder / name).write_bytes(content)
        except OSError as exc:
            raise FileError(
                _("%(file)s cannot be written. Check the folder and the rights.") % {"file": folder}
            ) from exc
        folders.append(folder)
    return folders
