"""A withdrawal reported while the lists are frozen: kept at once, carried out when the result is known (Q-10).

The list stays as it was committed. Afterwards the order is that of the rules: first the result with its places and the
open ones that move on, then the withdrawal, whose place goes to the next VOVP and to no other child of this draw.
"""

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.models import Application, LateWithdrawal
from admissions.services.replies.withdrawal_reasons import Reason
from lottery.enums import AttestationKind
from lottery.selectors import live_sessions
from lottery.services.sessions import attest
from schools.clock import now
from schools.errors import RefusedError
from schools.models import Round, User
from schools.services.events import Fact, record_event
from schools.texts import long_date


class LateWithdrawalError(RefusedError):
    """This withdrawal cannot be kept for later."""


@transaction.atomic
def keep_for_later(
    application: Application, round_: Round, *, reason: Reason, on: date, actor: User | None
) -> LateWithdrawal:
    """Store the withdrawal; ``round_`` is the frozen round after which it is carried out."""
    known = LateWithdrawal.objects.filter(application=application).first()
    if known is None:
        at = now(round_.year)
        try:
            with transaction.atomic():
                row = LateWithdrawal.objects.create(
                    application=application,
                    round=round_,
                    reason=reason.kind,
                    detail=reason.detail,
                    is_reported=reason.is_reported,
                    effective_on=on,
                    recorded_by=actor,
                    recorded_at=at,
                )
        except IntegrityError:  # somebody else was a moment earlier
            known = LateWithdrawal.objects.get(application=application)
    if known is not None:
        raise LateWithdrawalError(
            _("This withdrawal was recorded already, on %(day)s. It is carried out when the result is known.")
            % {"day": long_date(known.effective_on)}
        )
    fact = Fact(
        "withdrawal_kept",
        "application",
        application.registration_number,
        new=round_.code,
        reason=reason.kind,  # the detail may hold a name
    )
    record_event(round_.year, fact, actor=actor)
    _tell(round_, actor)
    return row


def _tell(round_: Round, actor: User | None) -> None:
    """One sentence in the record and on the public page; how many there are would tell too much."""
    session = live_sessions(round_).first()
    if session is None:
        return
    text = _(
        "A withdrawal was reported after the freeze. The list stays as it is; "
        "a place that becomes free goes to the next VOVP."
    )
    if not session.attestations.filter(kind=AttestationKind.REPAIR, note=text).exists():
        attest(session, AttestationKind.REPAIR, actor=actor, at=now(round_.year), note=text)


@transaction.atomic
def take_back(late_id: int, *, actor: User) -> None:
    """The family stays after all, and nothing has been carried out yet."""
    row = (
        LateWithdrawal.objects.select_for_update(of=("self",))
        .select_related("application__year")
        .get(pk=late_id)
    )
    if row.applied_at is not None:
        raise LateWithdrawalError(_("This withdrawal has been carried out already."))
    application = row.application
    row.delete()
    fact = Fact("withdrawal_taken_back", "application", application.registration_number)
    record_event(application.year, fact, actor=actor)
