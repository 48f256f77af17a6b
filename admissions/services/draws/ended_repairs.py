"""A draw afterwards whose child has left: it waits for nobody any more (OA-LOT/1 section 8, Q-10).

What was committed in public is drawn all the same and then counts for nothing; a void attempt gets no next one.
"""

from collections.abc import Collection

from django.utils.translation import gettext as _

from admissions.enums import ACTIVE_DECISIONS, REPAIR_MOVES, RepairKind, RepairState
from admissions.models import Repair
from admissions.services.year.states import check_move
from lottery.enums import AttestationKind, SessionState
from lottery.services.sessions import attest
from schools.clock import now
from schools.models import User
from schools.services.events import Fact, record_event


def end_draws_afterwards(application_ids: Collection[int], *, actor: User | None) -> int:
    """Close the repairs whose draw is void and whose child has ended its application; answers how many.

    Called in the transaction of whatever ended the application, and of whatever made the draw void.
    """
    rows = Repair.objects.select_for_update(of=("self",)).filter(
        kind=RepairKind.MINI_SESSION,
        state=RepairState.APPROVED,
        mini_session__state=SessionState.VOID,
        application__in=list(application_ids),
    )
    rows = rows.exclude(application__decision__in=ACTIVE_DECISIONS)
    found = list(rows.select_related("session__round__year", "mini_session", "application").order_by("pk"))
    for repair in found:
        assert repair.mini_session is not None and repair.application is not None
        at = now(repair.session.round.year)
        check_move(repair, RepairState.REJECTED, REPAIR_MOVES, repair.state)
        repair.state, repair.done_at = RepairState.REJECTED, at
        repair.outcome = {"ended": True}
        repair.save(update_fields=["state", "done_at", "outcome"])
        told = _(
            "The draw afterwards, session %(name)s, was void. There is no next attempt: the child left."
        ) % {"name": repair.mini_session.name}
        attest(repair.session, AttestationKind.REPAIR, actor=actor, at=at, note=told)
        number = repair.application.registration_number
        fact = Fact("repair_ended", "application", number, new=repair.kind, reason=repair.session.name)
        record_event(repair.session.round.year, fact, actor=actor)
    return len(found)
