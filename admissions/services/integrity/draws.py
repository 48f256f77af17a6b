"""Draws against everything that came of them: part of ``check_integrity``, reports and repairs nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from admissions.enums import Decision, ParticipationKind, ParticipationState, RepairKind, RepairState
from admissions.exception_enums import ExceptionKind, ExceptionState
from admissions.models import Application, Participation, PlaceException, Placement, Preference, Repair
from admissions.services.explaining.exports import decided_rows
from lottery.engine.commitment import dice_slot, parse_commitment, parse_seed
from lottery.engine.files import parse_dossiers
from lottery.engine.outcome import SessionOutcome, parse_outcome, render_outcome
from lottery.enums import OFFICIAL_STATES, SessionKind, SessionState
from lottery.models import DrawOutcome, DrawSession
from lottery.services.sessions import compute, timestamp
from lottery.services.verification import verify_files
from schools.enums import PLAYED_STATES, RoundKind
from schools.models import AdmissionYear, Round

DECIDED = frozenset({Decision.ADMITTED, Decision.PLACED_LOWER, Decision.UNPLACED, Decision.CARE_FOLLOW_UP})
T = ParticipationState


def check_sessions(year: AdmissionYear) -> Iterator[str]:
    """Stored files have their hashes, give the same outcome again, and the verifier still agrees."""
    for session in DrawSession.objects.filter(round__year=year).exclude(state=SessionState.VOID):
        hashes = {
            "dossiers.txt": session.dossiers_hash,
            "deelnemers.txt": session.participants_hash,
            "vastlegging.txt": session.commitment_hash,
            "zaad.txt": session.seed_hash,
            "uitslag.txt": session.outcome_hash,
        }
        files = session.files()
        for name, content in files.items():
            if hashlib.sha256(content).hexdigest() != hashes[name]:
                yield _("%(session)s: %(file)s does not have its hash.") % {
                    "session": session.name,
                    "file": name,
                }
        if session.outcome is None:
            continue
        if not verify_files(files, commitment_hash=session.commitment_hash).agrees:
            yield _("%(session)s: the verifier does not agree.") % {"session": session.name}
        try:
            outcome = parse_outcome(bytes(session.outcome))
            again = render_outcome(compute(session))
            differing = _columns_that_differ(session, outcome)
        except ValueError as exc:  # a file that is not OA-LOT/1 any more; the sentence says where
            yield _("%(session)s cannot be computed again: %(reason)s") % {
                "session": session.name,
                "reason": exc,
            }
            continue
        if again != bytes(session.outcome):
            yield _("%(session)s: computed again the outcome differs.") % {"session": session.name}
        if _stored_lines(session) != _lines_of(outcome):
            yield _("%(session)s: the stored lines differ from the file.") % {"session": session.name}
        if differing:
            yield _("%(session)s: what is stored beside its files says otherwise: %(columns)s.") % {
                "session": session.name,
                "columns": ", ".join(differing),
            }


def _columns_that_differ(session: DrawSession, outcome: SessionOutcome) -> list[str]:
    """Columns that repeat what the five files say, for pages and records, and no longer say the same."""
    plan, seed = parse_commitment(bytes(session.commitment)), parse_seed(bytes(session.seed or b""))
    digits, (beacon_round, beacon_value) = seed.digits or "", seed.beacon or (None, "")
    slot = dice_slot(seed.session, seed.commitment_hash, digits) if digits else ""
    says = {
        "name": (session.name, plan.session),
        "attempt": (session.attempt, plan.attempt),
        "profile": (session.profile, plan.profile),
        "rules_hash": (session.rules_hash, plan.rules_hash),
        "verifier_hash": (session.verifier_hash, plan.verifier_hash),
        "frozen_at": (timestamp(session.frozen_at), plan.frozen_at),
        "digits": (session.digits, digits),
        "slot": (session.slot, slot),
        "secret": (session.secret, seed.secret or ""),
        "beacon_round": (session.beacon_round, beacon_round),
        "beacon_value": (session.beacon_value, beacon_value),
        "draws": (
            list(session.draws.values_list("draw_id", "places", "children")),
            [(draw.id, str(draw.places), draw.children) for draw in outcome.draws],
        ),
    }
    return [column for column, (stored, sealed) in says.items() if stored != sealed]


def _stored_lines(session: DrawSession) -> list[tuple[object, ...]]:
    rows = DrawOutcome.objects.filter(draw__session=session).order_by("draw__position", "rank")
    return list(rows.values_list("draw__draw_id", "rank", "number", "unit", "tier", "lot", "code"))


def _lines_of(outcome: SessionOutcome) -> list[tuple[object, ...]]:
    return [
        (draw.id, line.rank, line.regno, line.unit, line.tier, line.lot, line.code or "")
        for draw in outcome.draws
        for line in draw.lines
    ]


def check_rounds(year: AdmissionYear) -> Iterator[str]:
    """A played round has one official session; what it decided is what decisions, seats and lists say."""
    given = set(
        Placement.objects.filter(school_round__round__year=year).values_list(
            "application__registration_number", "school_round__programme__code", "school_round__round__code"
        )
    )
    decided: dict[str, str] = {}
    for round_ in year.rounds.all():
        applied = list(round_.draw_sessions.filter(kind=SessionKind.ROUND, state__in=OFFICIAL_STATES))
        if (round_.state in PLAYED_STATES) != (len(applied) == 1):
            yield _("Round %(round)s is “%(state)s” with %(count)d official draws.") % {
                "round": round_.code,
                "state": round_.state,
                "count": len(applied),
            }
            continue
        if not applied:
            continue
        try:
            rows = [row for _decision, row in decided_rows(round_)]
            lists = _lists_that_differ(round_, applied[0])
        except (ValueError, KeyError):
            yield _("%(session)s: lists and numbers do not fit its files any more.") % {
                "session": applied[0].name
            }
            continue
        for number in lists:
            yield _("The list of %(number)s is not the one that was drawn with in %(round)s.") % {
                "number": number,
                "round": round_.code,
            }
        results = {str(row[1]): (str(row[3]), str(row[4])) for row in rows}
        for number, (outcome, code) in results.items():
            if outcome in DECIDED:
                decided[number] = outcome
            placed_here = outcome in (Decision.ADMITTED, Decision.PLACED_LOWER)
            if placed_here and (number, code, round_.code) not in given:
                yield _("%(round)s gave %(number)s a place at %(school)s that nobody booked.") % {
                    "round": round_.code,
                    "number": number,
                    "school": code,
                }
        decided |= _repaired(round_)
        if round_.kind == RoundKind.VOVP:
            yield from _check_participations(round_, results)
    yield from _check_decisions(year, decided)


def _lists_that_differ(round_: Round, session: DrawSession) -> list[str]:
    """Registration numbers whose stored list is not the frozen one (DH-056, DH-201)."""
    in_vovp = round_.kind == RoundKind.VOVP
    then = Q(added_in=None) | Q(added_in__position__lte=round_.position) if in_vovp else Q(added_in=None)
    where = (
        {"application__participations__round": round_}
        if in_vovp
        else {"application__first_choice__round": round_}
    )
    lists: defaultdict[str, list[str]] = defaultdict(list)
    rows = Preference.objects.filter(then, **where).order_by("application_id", "rank")
    for number, code in rows.values_list("application__registration_number", "programme__code").iterator(
        chunk_size=5000
    ):
        lists[number].append(code)
    numbers = dict(session.numbers.values_list("number", "registration_number"))
    differ = []
    for child in parse_dossiers(bytes(session.dossiers)).children:
        number = numbers[child.regno]
        frozen, stored = [code for code, _tier in child.choices], lists[number]
        if child.choices[-1][1] == 0:  # an improver: cut behind the seat it holds
            stored = stored[: len(frozen)]
        elif (
            child.participation == "C" and not in_vovp
        ):  # drawn out by hand: without its first choice (DH-091)
            stored = stored[1:]
        if frozen != stored:
            differ.append(number)
    return differ


def _repaired(round_: Round) -> dict[str, str]:
    """What a shadow result (OA-LOT/1 section 8) or an exception (Q-13) gave instead of the draw, by number."""
    rows = Repair.objects.filter(kind=RepairKind.SHADOW, state=RepairState.DONE, session__round=round_)
    given = {
        number: decision
        for outcome in rows.values_list("outcome", flat=True)
        for number, decision in outcome.get("given", {}).items()
    }
    placed = PlaceException.objects.filter(
        kind=ExceptionKind.CARE_PLACE, state=ExceptionState.DONE, round=round_
    )
    numbers = placed.values_list("application__registration_number", flat=True)
    return given | dict.fromkeys(numbers, str(Decision.ADMITTED))


def _check_participations(round_: Round, results: dict[str, tuple[str, str]]) -> Iterator[str]:
    rows = Participation.objects.filter(round=round_)
    for number, kind, state in rows.values_list("application__registration_number", "kind", "state"):
        if number not in results:
            fits = state in (T.NOT_OPTED_IN, T.REMOVED)
        elif results[number][0] == "unchanged":
            fits = state == T.UNCHANGED
        else:
            fits = state == (T.IMPROVED if kind == ParticipationKind.IMPROVER else T.PLACED)
        if not fits:
            yield _("%(number)s in %(round)s is “%(state)s”, which is not what the draw gave.") % {
                "number": number,
                "round": round_.code,
                "state": state,
            }


def _check_decisions(year: AdmissionYear, decided: dict[str, str]) -> Iterator[str]:
    ended = [Decision.WITHDRAWN, Decision.VOID]
    rows = Application.objects.filter(year=year).exclude(decision__in=ended)
    for number, decision in rows.values_list("registration_number", "decision"):
        if number in decided and decision != decided[number]:
            yield _("Application %(number)s is “%(decision)s”, and its last draw gave “%(outcome)s”.") % {
                "number": number,
                "decision": decision,
                "outcome": decided[number],
            }
