"""The draw by hand at a school: from the children among whom lots decide to their decisions (DH-077, DH-086, Q-32).

The session itself, with its card numbers and its second program, is ``lottery.services.hand_draw``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import Decision
from admissions.models import Application, Placement
from admissions.procedures.registry import procedure_of
from admissions.rules import OFFICE, SCHOOL_STAFF
from admissions.services.draws.manual_draw import (
    ManualDrawError,
    check_deciding,
    decide,
    live_draw,
    preview,
    undecided,
)
from admissions.services.places.ledger import open_places
from lottery.engine.explain import Reason, ReasonKind, explain
from lottery.engine.files import parse_dossiers
from lottery.engine.outcome import DrawOutcome, OutcomeLine
from lottery.enums import OFFICIAL_STATES, SessionKind
from lottery.models import DrawSession
from lottery.services.blind_entries import Entered
from lottery.services.hand_draw import (
    DrawFacts,
    give_up_hand_draw,
    open_hand_draw,
    type_order,
    type_order_again,
)
from lottery.services.sessions import mark_applied, outcome_of
from schools.access import roles_at, roles_in
from schools.clock import now
from schools.enums import DrawMode
from schools.models import Round, SchoolRound, User
from schools.services.events import Fact, record_event


def _check_staff(school_round: SchoolRound, actor: User) -> None:
    """The service asks again: only the school itself draws (den-haag.md section 5)."""
    school = school_round.programme.school
    own = {m.role for m in actor.memberships.filter(school=school)}
    if SCHOOL_STAFF.isdisjoint(own & roles_at(actor, school)):
        raise ManualDrawError(_("Only the director or administrator of this school may do this."))


@transaction.atomic
def start_hand_draw(school_round_id: int, *, actor: User) -> DrawSession:
    """Fix who takes part and deal the cards; from here nothing else can be decided at this school."""
    school_round = check_deciding(school_round_id)
    _check_staff(school_round, actor)
    if not preview(school_round).to_draw:
        raise ManualDrawError(
            _("Lots decide nothing here: use “Automatic processing”, and nobody has to draw.")
        )
    tiers = undecided(school_round)
    numbers = dict(Application.objects.filter(pk__in=tiers).values_list("pk", "registration_number"))
    round_, code = school_round.round, school_round.programme.code
    session = open_hand_draw(
        round_=round_,
        code=code,
        places=open_places(round_)[school_round.pk],
        tiers={numbers[pk]: tier for pk, tier in tiers.items()},
        rules_text=procedure_of(round_.year.region).rules_text(),
        actor=actor,
        at=now(round_.year),
    )
    fact = Fact("hand_draw_opened", "school_round", f"{code}/{round_.code}", new=session.name)
    record_event(round_.year, fact, actor=actor)
    return session


def _live(school_round: SchoolRound) -> DrawSession:
    session = live_draw(school_round)
    if session is None:
        raise ManualDrawError(_("No draw by hand has been opened. Reload the page."))
    return session


@transaction.atomic
def enter_order(school_round_id: int, *, facts: DrawFacts, order: str, actor: User) -> None:
    """The first typing of the order, with who drew, when, the witnesses and the recording (DH-077)."""
    school_round = check_deciding(school_round_id, drawing=True)
    _check_staff(school_round, actor)
    type_order(session_id=_live(school_round).pk, facts=facts, order=order, actor=actor)


@transaction.atomic
def finish_hand_draw(school_round_id: int, *, order: str, actor: User) -> Entered:
    """The second typing. Equal: verified, decided and official in one transaction, or nothing of it."""
    school_round = check_deciding(school_round_id, drawing=True)
    _check_staff(school_round, actor)
    session = _live(school_round)
    entered = type_order_again(session_id=session.pk, order=order, actor=actor)
    if entered == Entered.EQUAL:
        _apply(DrawSession.objects.select_for_update().get(pk=session.pk), school_round, actor=actor)
    return entered


def _apply(session: DrawSession, school_round: SchoolRound, *, actor: User) -> None:
    (draw,) = outcome_of(session).draws
    numbers = dict(session.numbers.values_list("number", "registration_number"))
    ids = dict(
        Application.objects.filter(first_choice=school_round, decision=Decision.UNDECIDED).values_list(
            "registration_number", "pk"
        )
    )
    reasons = {
        ids[numbers[line.regno]]: f"{draw.id} rank {line.rank} of {draw.children}" for line in draw.lines
    }
    mark_applied(session, at=now(school_round.round.year))
    for target in (Decision.ADMITTED, Decision.DRAWN_OUT):
        chosen = [
            ids[numbers[line.regno]]
            for line in draw.lines
            if (line.code is not None) == (target == Decision.ADMITTED)
        ]
        decide(school_round, chosen, target, reasons, actor, session=session)


@transaction.atomic
def give_up(session_id: int, *, reason: str, actor: User) -> None:
    """The office ends a draw that was opened and cannot be finished; the school begins again (Q-32)."""
    session = DrawSession.objects.select_related("round__year__region").get(pk=session_id)
    if OFFICE.isdisjoint(roles_in(actor, session.round.year.region)):
        raise ManualDrawError(_("Only the programme office may do this."))
    give_up_hand_draw(session_id=session_id, reason=reason, actor=actor)
    fact = Fact("hand_draw_void", "school_round", f"{session.key}/{session.round.code}", old=session.name)
    record_event(session.round.year, fact, actor=actor)


# What it came to, for results, letters and explanations


@dataclass(frozen=True, slots=True)
class HandLine:
    """One child decided on by its school itself; ``line`` is None where no lot was drawn."""

    application_id: int
    registration_number: str
    code: str
    is_admitted: bool
    session: DrawSession | None = None
    draw: DrawOutcome | None = None
    line: OutcomeLine | None = None
    number: str = ""
    drawn_reason: Reason | None = None

    @property
    def reason(self) -> Reason:
        """Why the first choice went as it did, in the shape of the other explanations."""
        if self.drawn_reason is not None:
            return self.drawn_reason
        kind = ReasonKind.PLACED if self.is_admitted else ReasonKind.CLASS_TOO_LATE
        return Reason(self.code, 1, kind, 1)


def hand_sessions(round_: Round) -> list[DrawSession]:
    """Finished draws by hand of the schools in this round."""
    rows = DrawSession.objects.filter(round=round_, kind=SessionKind.SCHOOL, state__in=OFFICIAL_STATES)
    return list(rows.order_by("pk"))


def hand_lines(round_: Round, session: DrawSession) -> dict[str, HandLine]:
    """Everybody whose first choice decided by itself, by registration number: drawn, by the classes, or by hand.

    Shapes: ``session`` the official session of the round; in a rehearsal it draws for these schools too, and then
            there is nobody here. Five queries, whatever the number of schools.
    """
    found = {line.registration_number: line for line in _drawn(round_)}
    numbers = dict(session.numbers.values_list("number", "registration_number"))
    children = parse_dossiers(bytes(session.dossiers)).children
    drawn_out = {numbers[child.regno] for child in children if child.participation == "C"}
    in_session = set(numbers.values())
    placed = set(
        Placement.objects.filter(school_round__round=round_, preference_rank=1).values_list(
            "application_id", flat=True
        )
    )
    rows = Application.objects.filter(first_choice__round=round_, first_choice__draw_mode=DrawMode.MANUAL)
    for pk, number, code, decision in rows.values_list(
        "pk", "registration_number", "first_choice__programme__code", "decision"
    ):
        if number in found:
            continue
        if number in drawn_out or (number not in in_session and decision == Decision.CARE_FOLLOW_UP):
            found[number] = HandLine(pk, number, code, is_admitted=False)
        elif number not in in_session and pk in placed:
            found[number] = HandLine(pk, number, code, is_admitted=True)
    return found


def _drawn(round_: Round) -> Iterator[HandLine]:
    ids = dict(
        Application.objects.filter(
            first_choice__round=round_, first_choice__draw_mode=DrawMode.MANUAL
        ).values_list("registration_number", "pk")
    )
    for session in hand_sessions(round_):
        outcome = outcome_of(session)
        reasons = explain(parse_dossiers(bytes(session.dossiers)), outcome)
        numbers = dict(session.numbers.values_list("number", "registration_number"))
        (draw,) = outcome.draws
        for line in draw.lines:
            number = numbers[line.regno]
            yield HandLine(
                ids[number],
                number,
                session.key,
                line.code is not None,
                session,
                draw,
                line,
                line.regno,
                reasons[line.regno][0],
            )
