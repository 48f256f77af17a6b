"""Why a child is where it is, school by school: every figure from the stored files, none kept beside them.

A round of an application period is told by one session for the central draw and the digital school draws, and for a
school that drew by hand by the session of that draw or, where it held none, by the trail of its decisions.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from admissions.enums import CARE_DUTY_STATES, Decision, EntryKind
from admissions.models import Application, CareCase, LedgerEntry
from admissions.services.draws.freezing import lists_of
from admissions.services.forms.intake import rules_by_code
from lottery.engine.explain import Reason, ReasonKind
from lottery.engine.standings import Standing
from lottery.enums import OFFICIAL_STATES, SessionKind
from lottery.models import DrawSession, SessionNumber
from lottery.selectors import Explained, explained
from schools.enums import DrawMode, RoundKind
from schools.models import AdmissionYear, Event, Round, SchoolRound

BATCH = 500  # values in one IN; SQLite takes a limited number
SEATS = (EntryKind.CEILING, EntryKind.CARRIED_IN, EntryKind.FREED_IN)
PLACE_KINDS = (ReasonKind.PLACED, ReasonKind.HELD_SEAT)
NOT_NEEDED = ("record", "public_record", "participants", "verifier_report")


@dataclass(frozen=True, slots=True)
class HandDecision:
    """A school that decided without a session: its places, how many children, how many got one, and this child."""

    places: int
    children: int
    admitted: int
    is_admitted: bool


@dataclass(frozen=True, slots=True)
class Why:
    """One school on one child's list and what a round made of it.

    ``reason`` and ``standing`` come from a session, ``hand`` from a school's own decisions. Without any of them the
    school was not looked at; ``in_care`` says that this was because of the care route. ``rules`` are the kinds of
    priority of the school, in its own order.
    """

    rank: int  # on the whole list, also after a draw by hand (DH-091)
    code: str
    reason: Reason | None = None
    standing: Standing | None = None
    hand: HandDecision | None = None
    in_care: bool = False
    in_vovp: bool = False
    given_before: int = 0  # places that a school gave by its rules before it drew by hand
    rules: tuple[str, ...] = ()

    @property
    def is_here(self) -> bool:
        """The child has a place at this school."""
        if self.reason is not None:
            return self.reason.kind in PLACE_KINDS
        return self.hand is not None and self.hand.is_admitted

    @property
    def tells_of_care(self) -> bool:
        """Only for who may see care data (DH-180)."""
        return self.in_care or (self.reason is not None and self.reason.kind == ReasonKind.CARE_ROUTE)


@dataclass(frozen=True, slots=True)
class Taken:
    """One session a child took part in, and its number there."""

    session: DrawSession
    number: str


class RoundExplanation:
    """Everything a played round has to say of its children; the files of each session are read once."""

    def __init__(self, round_: Round) -> None:
        self.round = round_
        self._explained: dict[int, Explained] = {}

    @cached_property
    def sessions(self) -> list[DrawSession]:
        """The official sessions of the round: draws by hand first, the one with the central draw after them.

        A draw afterwards for one child stands beside the round and is told by its own repair.
        """
        rows = DrawSession.objects.filter(
            round=self.round, state__in=OFFICIAL_STATES, kind__in=[SessionKind.ROUND, SessionKind.SCHOOL]
        )
        return sorted(rows.defer(*NOT_NEEDED), key=lambda row: (row.kind == SessionKind.ROUND, row.pk))

    def explained(self, session: DrawSession) -> Explained:
        if session.pk not in self._explained:
            self._explained[session.pk] = explained(session)
        return self._explained[session.pk]

    def taken_by(self, registration_number: str) -> list[Taken]:
        """The sessions this child took part in, in order."""
        return self._taken.get(registration_number, [])

    @cached_property
    def _taken(self) -> dict[str, list[Taken]]:
        found: defaultdict[str, list[Taken]] = defaultdict(list)
        for session in self.sessions:
            rows = SessionNumber.objects.filter(session=session).values_list("registration_number", "number")
            for registration_number, number in rows.iterator(chunk_size=5000):
                found[registration_number].append(Taken(session, number))
        return dict(found)

    @cached_property
    def _rules(self) -> dict[str, tuple[str, ...]]:
        return rules_by_code(self.round.year)

    @cached_property
    def _with_duty(self) -> frozenset[int]:
        cases = CareCase.objects.filter(
            state__in=CARE_DUTY_STATES, application__first_choice__round=self.round
        )
        return frozenset(cases.values_list("application_id", flat=True))

    def of_child(self, application: Application) -> tuple[Why, ...]:
        return self.of_children([application])[application.registration_number]

    def of_children(self, applications: Iterable[Application]) -> dict[str, tuple[Why, ...]]:
        """Per registration number one ``Why`` for each school of the list, in order of preference.

        Empty for a child that took no part in this round. In a VOVP only the part of the list that was frozen is
        told; in an application period only the list of the form (DH-131). A fixed number of queries a batch.
        """
        rows = list(applications)
        in_period = self.round.kind == RoundKind.ALM
        lists: dict[int, list[str]] = {}
        for start in range(0, len(rows), BATCH):
            ids = [row.pk for row in rows[start : start + BATCH]]
            lists |= lists_of(application__in=ids, **({"added_in__isnull": True} if in_period else {}))
        return {row.registration_number: self._lines(row, lists.get(row.pk, [])) for row in rows}

    def _lines(self, application: Application, codes: Sequence[str]) -> tuple[Why, ...]:
        rank = {code: position for position, code in enumerate(codes, start=1)}
        found: dict[str, Why] = {}
        for taken in self.taken_by(application.registration_number):
            told = self.explained(taken.session)
            for reason in told.reasons[taken.number]:
                earlier = found.get(reason.code)
                looked_at = earlier is not None and earlier.reason is not None and earlier.reason.draw
                if reason.kind == ReasonKind.NO_CENTRAL_DRAW or (reason.draw is None and looked_at):
                    continue  # the other session of this round tells about this school
                standing = told.standings.get((reason.draw or "", reason.code))
                found[reason.code] = Why(
                    rank[reason.code],
                    reason.code,
                    reason,
                    standing,
                    in_vovp=self.round.kind == RoundKind.VOVP,
                    given_before=self._given_before(taken.session, reason.code, standing),
                    rules=self._rules.get(reason.code, ()),
                )
        if self.round.kind != RoundKind.ALM or not codes:
            return tuple(sorted(found.values(), key=lambda why: why.rank))
        hand = self._hand[0].get(application.registration_number)
        if codes[0] not in found and hand is not None:
            found[codes[0]] = Why(1, codes[0], hand=hand, rules=self._rules.get(codes[0], ()))
        if found:
            is_placed = any(why.is_here for why in found.values())
            in_care = application.pk in self._with_duty and not is_placed
            for code in codes:
                found.setdefault(code, Why(rank[code], code, in_care=in_care))
        return tuple(sorted(found.values(), key=lambda why: why.rank))

    def _given_before(self, session: DrawSession, code: str, standing: Standing | None) -> int:
        if session.kind != SessionKind.SCHOOL or standing is None or standing.places is None:
            return 0
        totals = self.hand_at(code)
        return max(0, totals.places - standing.places) if totals else 0

    def hand_at(self, code: str) -> HandDecision | None:
        """The totals of a school that decided by itself, children in its draw by hand included."""
        return self._hand[1].get(code)

    @cached_property
    def left_out(self) -> frozenset[str]:
        """Registration numbers of children that a school drew out by hand and that were in no central draw: care."""
        numbers = {number for number, hand in self._hand[0].items() if not hand.is_admitted}
        main = {session.pk for session in self.sessions if session.kind == SessionKind.ROUND}
        for session in self.sessions:
            if session.pk in main:
                continue
            reasons = self.explained(session).reasons
            rows = SessionNumber.objects.filter(session=session).values_list("registration_number", "number")
            numbers |= {regno for regno, number in rows if reasons[number][0].kind != ReasonKind.PLACED}
        return frozenset(
            number
            for number in numbers
            if not any(taken.session.pk in main for taken in self.taken_by(number))
        )

    @cached_property
    def _hand(self) -> tuple[dict[str, HandDecision], dict[str, HandDecision]]:
        """What manual schools decided without a session, by registration number and by school (DH-075)."""
        if self.round.kind != RoundKind.ALM:
            return {}, {}
        seats = SchoolRound.objects.filter(round=self.round, draw_mode=DrawMode.MANUAL, ceiling__isnull=False)
        codes = dict(seats.values_list("pk", "programme__code"))
        rows = [
            (number, seat)
            for number, seat in Application.objects.filter(first_choice__in=list(codes)).values_list(
                "registration_number", "first_choice_id"
            )
            if not self._was_drawn(number, SessionKind.ROUND)
        ]
        if not rows:
            return {}, {}
        places: Counter[int] = Counter()
        entries = LedgerEntry.objects.filter(school_round__in=list(codes), kind__in=SEATS)
        for seat, number_of in entries.values_list("school_round_id", "places"):
            places[seat] += number_of
        decided = decisions_by_hand(self.round.year, [number for number, _seat in rows])
        children: Counter[int] = Counter()
        admitted: Counter[int] = Counter()
        for number, seat in rows:
            children[seat] += number in decided
            admitted[seat] += decided.get(number) == Decision.ADMITTED
        totals = {
            codes[seat]: HandDecision(places[seat], children[seat], admitted[seat], is_admitted=False)
            for seat in codes
            if children[seat]
        }
        by_child = {
            number: replace(totals[codes[seat]], is_admitted=decided[number] == Decision.ADMITTED)
            for number, seat in rows
            if number in decided and not self._was_drawn(number, SessionKind.SCHOOL)
        }
        return by_child, totals

    def _was_drawn(self, registration_number: str, kind: SessionKind) -> bool:
        """The school draw of its first choice stands in a session of this kind."""
        return any(
            taken.session.kind == kind
            and (self.explained(taken.session).reasons[taken.number][0].draw or "").startswith("school/")
            for taken in self.taken_by(registration_number)
        )


def decisions_by_hand(year: AdmissionYear, registration_numbers: Sequence[str]) -> dict[str, str]:
    """What a school decided about these children: the first decision in the trail, which nothing changes."""
    found: dict[str, str] = {}
    for start in range(0, len(registration_numbers), BATCH):
        events = Event.objects.filter(
            year=year,
            kind="decision",
            object_type="application",
            object_key__in=registration_numbers[start : start + BATCH],
            old=Decision.UNDECIDED,
            new__in=[Decision.ADMITTED, Decision.DRAWN_OUT],
        )
        for key, new in events.order_by("sequence").values_list("object_key", "new"):
            found.setdefault(key, new)
    return found


def rounds_of(application: Application) -> list[Round]:
    """Played rounds this child may have taken part in: its own period and the VOVPs it joined, in order."""
    joined = Round.objects.filter(participations__application=application).select_related("year__region")
    rounds = {row.pk: row for row in [application.first_choice.round, *joined]}
    return sorted((row for row in rounds.values() if row.is_played), key=lambda row: row.position)


def explanations_of(application: Application) -> list[tuple[RoundExplanation, tuple[Why, ...]]]:
    """Every played round of one child with its lines, in order of the rounds."""
    told = []
    for round_ in rounds_of(application):
        explanation = RoundExplanation(round_)
        if lines := explanation.of_child(application):
            told.append((explanation, lines))
    return told
