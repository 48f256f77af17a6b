"""A draw afterwards for one child: its session, a next attempt, and what its lot reaches (OA-LOT/1 section 8)."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import CARE_DUTY_STATES, REPAIR_MOVES, Decision, RepairKind, RepairState
from admissions.models import Application, CareCase, Repair
from admissions.procedures.registry import procedure_of
from admissions.rules import OFFICE
from admissions.services.draws.ceremony import confirm_round
from admissions.services.draws.freezing import CENTRAL, lists_of, tiers_at_first_choice
from admissions.services.draws.outcomes import AlreadyApplied
from admissions.services.draws.repair_base import RepairError
from admissions.services.draws.repair_messages import hold_repair_message
from admissions.services.forms.intake import rules_by_code
from admissions.services.places.exceptions import check_nothing_frozen, give_place, leave_without
from admissions.services.year.states import check_move
from lottery.engine.files import ChildLine, Dossiers, SchoolLine
from lottery.enums import AttestationKind, Profile, SessionKind, SessionState
from lottery.models import DrawSession
from lottery.services.sessions import (
    DAY,
    attest,
    draw_session_numbers,
    freeze_session,
    mark_applied,
    mini_session_name,
    new_salt,
)
from lottery.services.shadow import standing
from schools.access import roles_in
from schools.clock import now
from schools.models import Round, SchoolRound, User
from schools.services.events import Fact, record_event

MARGIN = timedelta(hours=1)


def freeze_mini(repair: Repair, *, actor: User, beacon_at: datetime | None = None) -> DrawSession:
    """Commit a session with only this child; after a void one it is the next attempt and names it (``poging``).

    Not public before somebody else confirms it. ``beacon_at`` None: as soon as 24 hours and a margin allow.
    """
    session, application, void = repair.session, repair.application, repair.mini_session
    assert application is not None  # a forgotten child
    round_, at = session.round, now(session.round.year)
    attempts = DrawSession.objects.filter(round=round_, kind=SessionKind.MINI)
    key = void.key if void is not None else f"N{len(set(attempts.values_list('key', flat=True))) + 1}"
    name = mini_session_name(session, key, attempts.filter(key=key).count() + 1)
    codes = lists_of(application=application)[application.pk]
    rules = rules_by_code(round_.year)
    tier = tiers_at_first_choice(round_)[application.pk]
    choices = [(code, len(rules.get(code, ())) + 1) for code in codes]
    choices[0] = (codes[0], tier)
    duty = CareCase.objects.filter(application=application, state__in=CARE_DUTY_STATES).exists()
    participation = procedure_of(round_.year.region).participation(
        has_care_duty=duty, drawn_out_by_hand=False
    )
    (number,) = draw_session_numbers(1)
    capped = dict(
        SchoolRound.objects.filter(round=round_, programme__code__in=codes).values_list(
            "programme__code", "ceiling"
        )
    )
    # No places: this session gives lots only, and the limits of the original say what they reach.
    schools = tuple(SchoolLine(code, None if capped[code] is None else 0) for code in sorted(codes))
    child = ChildLine(number, number, participation, tuple(choices), new_salt())
    draws = [f"school/{codes[0]}"] if "S" in participation else []
    draws += [CENTRAL] if "C" in participation else []
    return freeze_session(
        round_=round_,
        name=name,
        dossiers=Dossiers(name, schools, (child,)),
        draws=draws,
        registration_numbers={number: application.registration_number},
        rules_text=procedure_of(round_.year.region).rules_text(),
        frozen_at=at,
        beacon_at=beacon_at or at + DAY + MARGIN,
        actor=actor,
        notes=[
            _("A draw afterwards for one child. Its lots are compared with the limits of %(name)s.")
            % {"name": session.name}
        ],
        profile=Profile.NB,
        kind=SessionKind.MINI,
        key=key,
        repairs=session,
    )


def _void_attempt(repair_id: int, actor: User) -> Repair:
    """The repair of a forgotten child, locked, for somebody of the office."""
    rows = Repair.objects.select_for_update(of=("self",)).select_related(
        "session__round__year__region", "application", "mini_session__round__year__region"
    )
    repair = rows.get(pk=repair_id)
    if OFFICE.isdisjoint(roles_in(actor, repair.session.round.year.region)):
        raise RepairError(_("Your role may not do this in a draw."))
    if repair.kind != RepairKind.MINI_SESSION or repair.state != RepairState.APPROVED:
        raise RepairError(_("No draw afterwards is under way here. Reload the page."))
    return repair


@transaction.atomic
def draw_again(repair_id: int, *, actor: User) -> Repair:
    """Freeze the next attempt of a draw afterwards whose session is void; somebody else confirms it.

    The void one keeps its files, and the commitment of the new one names it. The decision to hold this draw stands.
    """
    repair = _void_attempt(repair_id, actor)
    void = repair.mini_session
    if void is None or void.state != SessionState.VOID:
        raise RepairError(_("The draw afterwards of this child is not void. Reload the page."))
    check_nothing_frozen(repair.session.round)
    assert repair.application is not None
    if repair.application.decision != Decision.UNDECIDED:
        raise RepairError(_("This application has ended already."))
    # A day more than the least, for whoever confirms.
    repair.mini_session = freeze_mini(repair, actor=actor, beacon_at=now(void.round.year) + 2 * DAY)
    repair.save(update_fields=["mini_session"])
    fact = Fact(
        "repair_again",
        "application",
        repair.application.registration_number,
        old=void.name,
        new=repair.mini_session.name,
        reason=repair.session.name,
    )
    record_event(repair.session.round.year, fact, actor=actor)
    return repair


@transaction.atomic
def confirm_again(repair_id: int, *, actor: User) -> Repair:
    """The second person confirms the next attempt: public, told to the family, and in the record."""
    repair = _void_attempt(repair_id, actor)
    mini = repair.mini_session
    if mini is None or mini.state != SessionState.FROZEN:
        raise RepairError(_("There is nothing to confirm here. Reload the page."))
    confirm_round(mini.pk, actor=actor)
    earlier = DrawSession.objects.filter(round=mini.round, kind=SessionKind.MINI, key=mini.key)
    void = earlier.exclude(pk=mini.pk).order_by("pk").last()
    told = _("The draw afterwards, session %(void)s, was void. Session %(name)s is its next attempt.") % {
        "void": void.name if void is not None else "–",
        "name": mini.name,
    }
    attest(repair.session, AttestationKind.REPAIR, actor=actor, at=now(repair.session.round.year), note=told)
    return repair


@transaction.atomic
def apply_mini_session(*, session_id: int, actor: User | None) -> str | None:
    """Give the child the place its lot reaches, above the ceiling if need be; answers the code, None = no place.

    Raises AlreadyApplied the second time; nobody else's result is touched.
    """
    session = DrawSession.objects.select_for_update().get(pk=session_id)
    round_ = Round.objects.select_related("year__region").get(pk=session.round_id)
    if session.applied_at is not None:
        raise AlreadyApplied(_("The result of %(round)s is official already.") % {"round": session.name})
    check_nothing_frozen(round_)
    repair = Repair.objects.select_related("session", "application").get(mini_session=session)
    found, at = standing(repair.session, session), now(round_.year)
    mark_applied(session, at=at)
    assert repair.application is not None  # a forgotten child
    application = Application.objects.select_for_update(of=("self",)).get(pk=repair.application.pk)
    placement, has_left = None, application.decision != Decision.UNDECIDED
    if has_left:
        found = replace(found, code=None)  # the lot counts for nothing
    elif found.code is not None:
        placement = give_place(application, round_, code=found.code, session=session, actor=actor)
    else:
        duty = CareCase.objects.filter(application=application, state__in=CARE_DUTY_STATES).exists()
        target = Decision.CARE_FOLLOW_UP if duty else Decision.UNPLACED
        leave_without(application, target, cause=session.name, actor=actor)
    application.refresh_from_db()
    if not has_left:
        hold_repair_message(application, placement, round_, session)
    check_move(repair, RepairState.DONE, REPAIR_MOVES, repair.state)
    repair.state, repair.done_at = RepairState.DONE, at
    repair.outcome = {"code": found.code or "", "draw": found.draw} | ({"ended": True} if has_left else {})
    repair.save()
    told = _("The draw afterwards, session %(name)s, is official.") % {"name": session.name}
    attest(repair.session, AttestationKind.REPAIR, actor=actor, at=at, note=told)
    fact = Fact(
        "repair_done", "application", application.registration_number, new=repair.kind, reason=session.name
    )
    record_event(round_.year, fact, actor=actor)
    return found.code
