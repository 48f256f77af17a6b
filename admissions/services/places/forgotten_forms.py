"""A form that came in on time and that its school left as a draft in the last period of the year (Q-31, Q-14).

Until the lists are frozen the programme manager makes it final. After that a child of an earlier period goes to the
next one; for the last period there is none, and the child may join the VOVP that serves it, as one without a place.
"""

from django.utils.translation import gettext as _

from admissions.case_enums import CaseEnd
from admissions.enums import Decision, FormState
from admissions.models import Application
from admissions.services.forms.application_forms import finalise_late
from admissions.services.places.exceptions import ExceptionRefused, leave_without
from schools.context import round_name
from schools.enums import FROZEN_STATES, RoundKind
from schools.models import Round, User


def is_forgotten(application: Application) -> bool:
    return application.decision == Decision.PENDING and application.form.state == FormState.EXPIRED


def is_last_period(round_: Round) -> bool:
    """No application period comes after this one in its year."""
    return not round_.year.rounds.filter(kind=RoundKind.ALM, position__gt=round_.position).exists()


def vovp_for_forgotten(round_: Round) -> Round | None:
    """The VOVP that a child forgotten in this period may join: after the last one, until its lists are frozen."""
    if not round_.is_frozen or not is_last_period(round_):
        return None
    rows = round_.served_by.filter(kind=RoundKind.VOVP).exclude(state__in=FROZEN_STATES)
    return rows.order_by("position").first()


def check_forgotten(application: Application, vovp: Round) -> None:
    """Errors: ExceptionRefused with the sentence what to do instead."""
    own = application.first_choice.round
    if not own.is_frozen:
        raise ExceptionRefused(
            _("The lists of %(round)s are not frozen yet: make the form final from its case.")
            % {"round": round_name(own)}
        )
    if not is_last_period(own):
        raise ExceptionRefused(_("This child goes to the next application period, and not to a VOVP."))
    if not vovp.serves.filter(pk=own.pk).exists():
        raise ExceptionRefused(
            _("%(vovp)s is not for children of %(round)s.")
            % {"vovp": round_name(vovp), "round": round_name(own)}
        )


def add_forgotten(application: Application, vovp: Round, *, proof: str, actor: User) -> None:
    """Make the form count and the child one without a place; settles its case. The caller invites it for ``vovp``."""
    finalise_late(
        application.form.pk,
        proof=proof,
        actor=actor,
        after_draw=True,
        is_checked=True,
        end=CaseEnd.ADDED_TO_VOVP,
    )
    application.refresh_from_db()
    leave_without(application, Decision.UNPLACED, cause=f"Q-31 {vovp.code}", actor=actor)
