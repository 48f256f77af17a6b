"""Moving a round through its states (den-haag.md 4.4)."""

from django.utils.translation import gettext as _

from schools.calendar_words import dates_in_words
from schools.errors import RefusedError
from schools.models import Round, User
from schools.services.events import Fact, record_event


class RoundError(RefusedError):
    """The round cannot do that now."""


# What must be filled in before a round can open (den-haag.md 3.2).
REQUIRED_DATES = {
    "ALM": (
        "parents_from",
        "parents_until",
        "processing_until",
        "school_draws_on",
        "central_matching_on",
        "offers_on",
    ),
    "VOVP": ("opt_in_from", "opt_in_until", "central_matching_on", "visible_to_schools_at", "offers_on"),
}


def missing_dates(round_: Round) -> list[str]:
    """Names (as in calendar.json) of the dates without which the round cannot open."""
    return [name for name in REQUIRED_DATES[round_.kind] if getattr(round_, name) is None]


def move_round(round_: Round, target: str, *, actor: User | None, reason: str = "") -> None:
    """Move ``round_`` to ``target``; every pair that the table does not list is refused.

    The row is moved only from the state that was read, so that two movers cannot both succeed.
    """
    if not round_.can_move_to(target):
        raise RoundError(
            _("Round %(code)s is in state “%(state)s” and cannot do that now.")
            % {"code": round_.code, "state": round_.get_state_display()}
        )
    missing = missing_dates(round_)
    if missing:
        raise RoundError(
            _("Round %(code)s cannot open: these dates are missing: %(dates)s. Fill them in first.")
            % {"code": round_.code, "dates": dates_in_words(missing)}
        )
    moved = Round.objects.filter(pk=round_.pk, state=round_.state).update(state=target)
    if moved != 1:
        raise RoundError(_("Somebody else moved round %(code)s at the same moment.") % {"code": round_.code})
    fact = Fact("round_state", "round", round_.code, old=round_.state, new=target, reason=reason)
    round_.state = target
    record_event(round_.year, fact, actor=actor)
