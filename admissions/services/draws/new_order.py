"""A draw by hand that is disputed and whose order cannot be shown: its school draws again (Q-32, DH-077).

Only before the freeze of its round, on a decision of manager and boards, and only for the children whom the lots of
that draw decided about: whoever was admitted or drawn out by its class keeps what it got. Once a family has heard
anything, or the lists are frozen, the draw stands.
"""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.enums import (
    DECISION_MOVES,
    PLACEMENT_MOVES,
    CareState,
    Decision,
    EntryKind,
    PlacementState,
    RepairState,
)
from admissions.models import Application, CareCase, LedgerEntry, Placement, Repair
from admissions.services.cases.actions import settle_by_new_order
from admissions.services.draws.repair_base import Kind, RepairError
from admissions.services.places.ledger import book
from admissions.services.year.states import move_rows
from lottery.enums import SessionKind, SessionState
from lottery.models import DrawSession
from lottery.services.hand_draw import void_finished_draw
from lottery.services.sessions import outcome_of
from schools.clock import today
from schools.enums import DrawMode, RoundState
from schools.models import Round, SchoolRound, User
from schools.services.events import Fact, record_events

D = Decision
DRAWN = (D.ADMITTED, D.DRAWN_OUT, D.CARE_FOLLOW_UP)
LEAST = 10  # signs of a sentence that says something
# The parents have had a letter about what follows the draw, or agreed on it.
CARE_TOLD = (CareState.LETTER_SENT, CareState.CARE_CLOSED)


def finished_draws(round_: Round) -> list[DrawSession]:
    """Finished draws by hand of this round that can still be drawn again, in order of school."""
    if round_.state != RoundState.LOCKED:
        return []
    rows = DrawSession.objects.filter(round=round_, kind=SessionKind.SCHOOL, state=SessionState.APPLIED)
    return list(rows.order_by("key"))


class NewOrder(Kind):
    """The finished draw is void; the school deals cards again among the same children (``poging`` + 1)."""

    def preview(self, repair: Repair) -> dict[str, Any]:
        session = repair.session
        if session.kind != SessionKind.SCHOOL or session.state != SessionState.APPLIED:
            raise RepairError(_("Choose a draw by hand that was finished."))
        if session.round.state != RoundState.LOCKED:
            raise RepairError(
                _(
                    "The lists of this round are frozen or drawn already. A new draw by hand is possible only before "
                    "that; from here this draw stands."
                )
            )
        if len(str(repair.details.get("recording", "")).strip()) < LEAST:
            raise RepairError(_("Say what the recording shows, or why there is none."))
        rows = self._children(session)
        if Placement.objects.filter(
            application__in=rows, state__in=[PlacementState.OFFERED, PlacementState.ENROLLED]
        ).exists():
            raise RepairError(_("A family has had its offer already: this draw stands."))
        if CareCase.objects.filter(application__in=rows, state__in=CARE_TOLD).exists():
            raise RepairError(_("A family has heard the result of this draw already: it stands."))
        (draw,) = outcome_of(session).draws
        return {
            "code": session.key,
            "children": len(rows),
            "ended": len(draw.lines) - len(rows),  # withdrew since; they are not in the new draw
            "admitted": sum(row.decision == D.ADMITTED for row in rows),
        }

    @staticmethod
    def _children(session: DrawSession) -> list[Application]:
        """Those whom this draw decided about and who still take part."""
        numbers = session.numbers.values_list("registration_number", flat=True)
        rows = Application.objects.filter(
            year=session.round.year, registration_number__in=list(numbers), decision__in=DRAWN
        )
        return list(rows.order_by("pk"))

    def carry_out(self, repair: Repair, actor: User) -> RepairState:
        session = repair.session
        # Whoever freezes holds this row and the freeze waits for us, or we for it.
        session.round = (
            Round.objects.select_for_update(no_key=True, of=("self",))
            .select_related("year__region")
            .get(pk=session.round_id)
        )
        seat = (
            SchoolRound.objects.select_for_update(of=("self",))
            .select_related("programme")
            .get(round=session.round, programme__code=session.key)
        )
        if seat.draw_mode != DrawMode.MANUAL:
            raise RepairError(_("This school does not draw by hand any more."))
        found = self.preview(repair)
        if found != repair.outcome:
            raise RepairError(_("Something has changed since this was asked. Ask again."))
        rows = self._children(session)
        void_finished_draw(session, reason=repair.reason, actor=actor)
        self._undecide(repair, seat, rows, actor)
        settle_by_new_order(seat, reason=repair.reason, actor=actor)
        return RepairState.DONE

    @staticmethod
    def _undecide(repair: Repair, seat: SchoolRound, rows: list[Application], actor: User) -> None:
        """Back to waiting for the draw: the places stay at the school, in this round, for the new one."""
        session, year = repair.session, repair.session.round.year
        ids = [row.pk for row in rows]
        held = list(
            Placement.objects.filter(
                application__in=ids, school_round=seat, state=PlacementState.RESERVED
            ).order_by("pk")
        )
        move_rows(
            Placement.objects,
            [row.pk for row in held],
            old=PlacementState.RESERVED,
            new=PlacementState.WITHDRAWN,
            moves=PLACEMENT_MOVES,
        )
        book(
            LedgerEntry(
                school_round=seat,
                kind=EntryKind.WITHDRAWN,
                places=1,
                placement=row,
                session=session,
                effective_on=today(year),
                cause=f"{session.name} void",
            )
            for row in held
        )
        for state in DRAWN:
            move_rows(
                Application.objects,
                [row.pk for row in rows if row.decision == state],
                old=state,
                new=D.UNDECIDED,
                moves=DECISION_MOVES,
                state_field="decision",
            )
        facts = [
            Fact(
                "decision",
                "application",
                row.registration_number,
                old=row.decision,
                new=D.UNDECIDED,
                reason=session.name,
            )
            for row in rows
        ]
        key = f"{seat.programme.code}/{session.round.code}"
        facts.append(Fact("hand_draw_void", "school_round", key, old=session.name, reason="Q-32"))
        if seat.is_ready:
            seat.is_ready = False
            seat.save(update_fields=["is_ready"])
            facts.append(Fact("school_ready", "school_round", key, old="ready", new="not ready"))
        record_events(year, facts, actor=actor)

    def notice(self, repair: Repair) -> str:
        count = int(repair.outcome["children"])
        return ngettext(
            "The order of draw %(name)s could not be shown. On a decision of the boards it is void, and the school "
            "draws again for %(count)d child, before the lists are frozen.",
            "The order of draw %(name)s could not be shown. On a decision of the boards it is void, and the school "
            "draws again for %(count)d children, before the lists are frozen.",
            count,
        ) % {"name": repair.session.name, "count": count}
