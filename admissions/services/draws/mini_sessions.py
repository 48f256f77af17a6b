"""The end of a draw afterwards for one child: where its lot stands, and what it gets (OA-LOT/1 section 8)."""

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import CARE_DUTY_STATES, REPAIR_MOVES, Decision, RepairState
from admissions.models import Application, CareCase, Repair
from admissions.services.draws.outcomes import AlreadyApplied
from admissions.services.draws.repair_messages import hold_repair_message
from admissions.services.places.exceptions import check_nothing_frozen, give_place, leave_without
from admissions.services.year.states import check_move
from lottery.enums import AttestationKind
from lottery.models import DrawSession
from lottery.services.sessions import attest, mark_applied
from lottery.services.shadow import standing
from schools.clock import now
from schools.models import Round, User
from schools.services.events import Fact, record_event


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
    placement = None
    if found.code is not None:
        placement = give_place(application, round_, code=found.code, session=session, actor=actor)
    else:
        duty = CareCase.objects.filter(application=application, state__in=CARE_DUTY_STATES).exists()
        target = Decision.CARE_FOLLOW_UP if duty else Decision.UNPLACED
        leave_without(application, target, session=session, actor=actor)
    application.refresh_from_db()
    hold_repair_message(application, placement, round_, session)
    check_move(repair, RepairState.DONE, REPAIR_MOVES, repair.state)
    repair.state, repair.done_at = RepairState.DONE, at
    repair.outcome = {"code": found.code or "", "draw": found.draw}
    repair.save()
    told = _("The draw afterwards, session %(name)s, is official.") % {"name": session.name}
    attest(repair.session, AttestationKind.REPAIR, actor=actor, at=at, note=told)
    fact = Fact(
        "repair_done", "application", application.registration_number, new=repair.kind, reason=session.name
    )
    record_event(round_.year, fact, actor=actor)
    return found.code
