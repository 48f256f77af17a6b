"""The kinds of repair: what can be asked, what it would do, what it does, and what everybody reads about it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from admissions.enums import ACTIVE_DECISIONS, Decision, FormState, RepairKind, RepairState
from admissions.models import Application, Placement, Preference, Repair
from admissions.services.draws.ceremony import confirm_round, void_round
from admissions.services.draws.mini_sessions import freeze_mini
from admissions.services.draws.new_order import NewOrder
from admissions.services.draws.repair_base import Kind, RepairError, official_alm
from admissions.services.draws.repair_messages import hold_repair_message
from admissions.services.forms.application_forms import finalise_late
from admissions.services.forms.corrections import correct_birth_date, is_date_eligible
from admissions.services.places.exceptions import check_nothing_frozen, give_places
from admissions.services.replies.answers import seat_of
from lottery.engine.files import parse_dossiers
from lottery.enums import SessionKind, SessionState
from lottery.models import DrawSession
from lottery.services.shadow import Change, shadow_changes
from lottery.services.voiding import voidable
from schools.clock import now
from schools.enums import DrawMode, RoundKind
from schools.models import SchoolRound, User


class MiniSession(Kind):
    """A forgotten child gets a session of its own; its lot is compared with the limits of the draw (Q-31, Q-49)."""

    def preview(self, repair: Repair) -> dict[str, Any]:
        session, application = official_alm(repair), repair.application
        if session.round.kind != RoundKind.ALM:
            raise RepairError(_("A forgotten child belongs to an application period, not to a VOVP."))
        if application is None or application.first_choice.round_id != session.round_id:
            raise RepairError(_("Choose a child whose form was handed in for this application period."))
        if application.form.state != FormState.EXPIRED or application.decision != Decision.PENDING:
            raise RepairError(_("This child was not forgotten: its form was not left as a draft."))
        if self._drew_by_hand(application.first_choice, session):
            raise RepairError(
                _(
                    "The school of first choice drew by hand, and its order cannot be compared with a lot. "
                    "The boards decide about this child."
                )
            )
        check_nothing_frozen(session.round)
        return {}

    @staticmethod
    def _drew_by_hand(seat: SchoolRound, session: DrawSession) -> bool:
        drew = DrawSession.objects.filter(
            round=session.round, kind=SessionKind.SCHOOL, key=seat.programme.code
        )
        in_session = session.draws.filter(draw_id=f"school/{seat.programme.code}").exists()
        return drew.exclude(applied_at=None).exists() or (
            seat.draw_mode == DrawMode.MANUAL and not in_session
        )

    def carry_out(self, repair: Repair, actor: User) -> RepairState:
        self.preview(repair)
        application = repair.application
        assert application is not None
        finalise_late(application.form.pk, proof=repair.document, actor=repair.proposed_by, after_draw=True)
        application.refresh_from_db()
        mini = freeze_mini(repair, actor=repair.proposed_by)
        confirm_round(mini.pk, actor=actor)  # the second person; the family gets its own line
        repair.mini_session = DrawSession.objects.get(pk=mini.pk)
        return RepairState.APPROVED

    def notice(self, repair: Repair) -> str:
        assert repair.mini_session is not None
        return _(
            "A child was forgotten. It gets a draw of its own, session %(name)s, after a written decision. "
            "No other result changes."
        ) % {"name": repair.mini_session.name}


class Shadow(Kind):
    """The same lots with the right classes or places; who should have had a better place gets it."""

    def preview(self, repair: Repair) -> dict[str, Any]:
        session = official_alm(repair)
        if session.round.kind != RoundKind.ALM:
            raise RepairError(_("Classes and places of a VOVP cannot be corrected like this."))
        tiers = {str(key): int(value) for key, value in repair.details.get("tiers", {}).items()}
        places = {str(key): int(value) for key, value in repair.details.get("places", {}).items()}
        if not tiers and not places:
            raise RepairError(_("Say which class or which number of places was wrong."))
        numbers = dict(session.numbers.values_list("number", "registration_number"))
        by_registration = {number: key for key, number in numbers.items()}
        unknown = next((number for number in tiers if number not in by_registration), None)
        if unknown is not None:
            raise RepairError(_("%(number)s did not take part in this draw.") % {"number": unknown})
        changes, same = shadow_changes(
            session, tiers={by_registration[n]: tier for n, tier in tiers.items()}, places=places
        )
        return self._judged(session, changes, same, numbers)

    @staticmethod
    def _judged(
        session: DrawSession, changes: list[Change], same: int, numbers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Better and worse by each child's own list; on a list counted from its first school."""
        lists = {
            child.regno: [code for code, _tier in child.choices]
            for child in parse_dossiers(bytes(session.dossiers)).children
        }
        better: list[list[str]] = []
        worse: list[list[str]] = []
        for change in changes:
            codes = lists[change.number]
            before, after = (
                codes.index(code) if code is not None else len(codes)
                for code in (change.before, change.after)
            )
            row = [numbers[change.number], change.before or "", change.after or ""]
            (better if after < before else worse).append(row)
        return {"better": better, "worse": worse, "same": same}

    def carry_out(self, repair: Repair, actor: User) -> RepairState:
        found = self.preview(repair)
        if found != {key: repair.outcome[key] for key in found}:
            raise RepairError(_("The comparison is not the one that was asked for. Ask again."))
        round_ = repair.session.round
        check_nothing_frozen(round_)
        moving: list[tuple[Application, str]] = []
        kept: list[str] = []
        for number, _before, code in found["better"]:
            application = Application.objects.select_for_update(of=("self",)).get(
                year=round_.year, registration_number=number
            )
            if self._should_move(application, code):
                moving.append((application, code))
            else:
                kept.append(number)
        placements = give_places(moving, round_, session=repair.session, actor=actor)
        for (application, _code), placement in zip(moving, placements, strict=True):
            hold_repair_message(application, placement, round_, repair.session)
        given = {application.registration_number: str(application.decision) for application, _code in moving}
        repair.outcome = found | {"given": given, "kept": kept}
        return RepairState.DONE

    @staticmethod
    def _should_move(application: Application, code: str) -> bool:
        """Not who ended the application, nor who meanwhile has a place as high or higher."""
        if application.decision not in ACTIVE_DECISIONS:
            return False
        seat = seat_of(application)
        rank = Preference.objects.get(application=application, programme__code=code).rank
        placed = Placement.objects.filter(application=application, school_round__programme__code=code)
        return (seat is None or seat.preference_rank > rank) and not placed.exists()

    def notice(self, repair: Repair) -> str:
        return _(
            "A class or a number of places was wrong. The same lots were computed again with the right ones, after a "
            "written decision. Nobody loses a place; who should have had one gets it. Nothing was drawn again."
        )


class MissingBeacon(Kind):
    """Every beacon round of a locked session is missing: void, and a new attempt names the old commitment."""

    needs_document = False

    def preview(self, repair: Repair) -> dict[str, Any]:
        session = repair.session
        if session.state != SessionState.LOCKED or session.beacon_value:
            raise RepairError(_("The dice of this session are not locked, or its beacon value is known."))
        if not voidable(session, now(session.round.year)):
            raise RepairError(
                _("There is still a reserve round to come. Wait for it and type its value, with the notary.")
            )
        return {}

    def carry_out(self, repair: Repair, actor: User) -> RepairState:
        self.preview(repair)
        void_round(repair.session_id, reason=repair.reason, actor=actor)
        repair.session.refresh_from_db()
        return RepairState.DONE

    def notice(self, repair: Repair) -> str:
        return _(
            "Every beacon round of this session was missing. The session is void; the next attempt names it."
        )


class BirthDate(Kind):
    """A wrong date of birth found after the draw: nothing else changes, or the place is given back (Q-11)."""

    def preview(self, repair: Repair) -> dict[str, Any]:
        session, application = official_alm(repair), repair.application
        if (
            application is None
            or not session.numbers.filter(registration_number=application.registration_number).exists()
        ):
            raise RepairError(_("Choose a child that took part in this draw."))
        if application.decision not in ACTIVE_DECISIONS:
            raise RepairError(_("This application has ended already."))
        born = self._born(repair)
        if born == application.child.date_of_birth:
            raise RepairError(_("This is the date that stands there already."))
        return {"eligible": is_date_eligible(application, born)}

    @staticmethod
    def _born(repair: Repair) -> date:
        try:
            return date.fromisoformat(str(repair.details.get("born", "")))
        except ValueError as exc:
            raise RepairError(_("Type the right date of birth.")) from exc

    def carry_out(self, repair: Repair, actor: User) -> RepairState:
        check_nothing_frozen(repair.session.round)
        repair.outcome = self.preview(repair)
        assert repair.application is not None
        evidence = f"{repair.document}. {repair.reason}"
        correct_birth_date(repair.application.pk, born=self._born(repair), evidence=evidence, actor=actor)
        # What was asked is done; the date itself stands with the child and nowhere else.
        repair.details = {}
        return RepairState.DONE

    def notice(self, repair: Repair) -> str:
        if repair.outcome.get("eligible"):
            return _("A date of birth was corrected after the draw. No result changes.")
        return _(
            "A date of birth was corrected after the draw and the child could not take part. "
            "Its place goes to the next VOVP; all other results stand."
        )


KINDS: dict[RepairKind, Kind] = {
    RepairKind.MINI_SESSION: MiniSession(),
    RepairKind.SHADOW: Shadow(),
    RepairKind.MISSING_BEACON: MissingBeacon(),
    RepairKind.BIRTH_DATE: BirthDate(),
    RepairKind.NEW_ORDER: NewOrder(),
}
