"""The deadlines of an ALM round: what happens to forms when parents and schools are out of time (4.1, 4.4)."""

from datetime import timedelta

import structlog
from django.db import transaction

from admissions.enums import FORM_MOVES, CaseKind, FormState
from admissions.models import ApplicationForm
from admissions.services.cases.opening import Opening, open_cases
from admissions.services.year.states import move_rows
from schools.clock import now
from schools.enums import BEFORE_LOCK_STATES, RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import Round, User, end_of_day, local_moment
from schools.services.events import Fact, record_events
from schools.services.rounds import move_round

R = RoundState
LOCK_AFTER = timedelta(seconds=5)  # longer than any save takes
log = structlog.get_logger(__name__)


def due_states(round_: Round) -> list[RoundState]:
    """States of an ALM round that its dates have brought by now, in order (den-haag.md 4.4)."""
    if round_.kind != RoundKind.ALM:
        return []
    at = now(round_.year)
    due: list[RoundState] = []
    if round_.parents_from and at >= local_moment(round_.parents_from):
        due.append(R.OPEN)
    if round_.parents_until and at >= end_of_day(round_.parents_until):
        due.append(R.PROCESSING)
    if round_.processing_until and at >= end_of_day(round_.processing_until):
        due.append(R.LOCKED)
    return due


def keep_time(round_: Round, *, actor: User | None) -> None:
    """Move a round along with the year's clock, up to LOCKED; may run as often as you like."""
    for state in due_states(round_):
        if round_.can_move_to(state):
            if state == R.LOCKED:
                lock_forms(round_, actor=actor)
            else:
                move_round(round_, state, actor=actor)


def keep_every_round() -> int:
    """Move the application periods of real years along with the time; answers how many were locked now.

    Run every few seconds. The entry pages refuse to the second; the lock itself comes a moment later, when a form that
    was made final in the last second has been stored. A rehearsal year moves when somebody moves its clock.
    """
    locked = 0
    rounds = Round.objects.filter(
        kind=RoundKind.ALM, state__in=BEFORE_LOCK_STATES, year__clock_at=None, year__is_planned=False
    ).select_related("year__region")
    for round_ in rounds:
        if round_.processing_until:
            late = now(round_.year) - end_of_day(round_.processing_until)
            if timedelta(0) <= late < LOCK_AFTER:
                continue
        try:
            keep_time(round_, actor=None)
        except RefusedError as exc:  # another worker was a moment earlier
            log.info("round_moved_by_another", round=round_.pk, reason=type(exc).__name__)
            continue
        round_.refresh_from_db(fields=["state"])
        locked += round_.state == R.LOCKED
    return locked


@transaction.atomic
def lock_forms(round_: Round, *, actor: User | None) -> dict[str, int]:
    """The processing deadline has passed: final forms are locked, drafts expire, released forms fall back.

    Source: DH-056, DH-059.

    Returns how many forms went which way: ``locked``, ``fallen_back``, ``expired``.
    """
    forms = ApplicationForm.objects.filter(application__first_choice__round=round_).select_related(
        "application", "application__child"
    )
    facts: list[Fact] = []
    final = list(forms.filter(state=FormState.FINAL).values_list("pk", flat=True))
    move_rows(ApplicationForm.objects, final, old=FormState.FINAL, new=FormState.LOCKED, moves=FORM_MOVES)
    released = list(forms.filter(state=FormState.RELEASED))
    facts += [
        Fact(
            "form_fell_back",
            "application",
            form.application.registration_number,
            old="released",
            new="locked",
        )
        for form in released
    ]
    move_rows(
        ApplicationForm.objects,
        [form.pk for form in released],
        old=FormState.RELEASED,
        new=FormState.LOCKED,
        moves=FORM_MOVES,
        draft=None,  # what was being typed is dropped; the rows hold the last final version
    )
    drafts = list(forms.filter(state=FormState.DRAFT))
    move_rows(
        ApplicationForm.objects,
        [form.pk for form in drafts],
        old=FormState.DRAFT,
        new=FormState.EXPIRED,
        moves=FORM_MOVES,
    )
    facts += [
        Fact("form_expired", "application", form.application.registration_number, old="draft", new="expired")
        for form in drafts
    ]
    # a forgotten form can be added until the lists are frozen, the day before the draw at the latest.
    latest = round_.school_draws_on - timedelta(days=2) if round_.school_draws_on else None
    openings = [
        Opening(
            CaseKind.NOT_FINAL,
            form.application.registration_number,
            note=str(form.state),
            application=form.application,
            latest=latest,
        )
        for form in [*released, *drafts]
    ]
    open_cases(round_.year, openings, actor=None)
    record_events(round_.year, facts, actor=actor)
    move_round(round_, R.LOCKED, actor=actor, reason=f"{len(final)} forms")
    return {"locked": len(final), "fallen_back": len(released), "expired": len(drafts)}
