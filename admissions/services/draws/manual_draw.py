"""A school that draws by hand: automatic processing, decisions one by one, and being ready (DH-074 to DH-077)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.enums import (
    CARE_DUTY_STATES,
    DECISION_MOVES,
    OPEN_CARE_STATES,
    CaseKind,
    Decision,
)
from admissions.models import Application, CareCase, Placement
from admissions.services.cases.opening import Opening, open_cases
from admissions.services.draws.freezing import tiers_at_first_choice
from admissions.services.places.ledger import book, open_places, placed_entries
from admissions.services.year.states import move_rows
from lottery.enums import SessionKind, SessionState
from lottery.models import DrawSession
from schools.clock import today
from schools.enums import DrawMode, RoundState
from schools.errors import RefusedError
from schools.models import SchoolRound, User
from schools.services.events import Fact, record_events

D = Decision
AUTOMATIC, BY_HAND = "automatic processing", "by hand"


class ManualDrawError(RefusedError):
    """The school cannot decide this now."""


@dataclass(frozen=True, slots=True)
class Processed:
    """Result of the automatic processing; ``to_draw`` are the children among whom lots must be drawn (AE-02)."""

    admitted: tuple[int, ...]
    drawn_out: tuple[int, ...]
    to_draw: tuple[int, ...]


def undecided(school_round: SchoolRound) -> dict[int, int]:
    """Class of every undecided application at this school, by application id."""
    tiers = tiers_at_first_choice(school_round.round)
    ids = Application.objects.filter(first_choice=school_round, decision=D.UNDECIDED).values_list(
        "pk", flat=True
    )
    return {pk: tiers[pk] for pk in ids}


def preview(school_round: SchoolRound) -> Processed:
    """What automatic processing would do (DH-072)."""
    return processed(undecided(school_round), places=open_places(school_round.round)[school_round.pk])


def processed(tiers: Mapping[int, int], *, places: int) -> Processed:
    """Whole classes while they fit; in the first that does not, lots (DH-072). ``tiers``: class by application id."""
    by_tier: defaultdict[int, list[int]] = defaultdict(list)
    for pk, tier in sorted(tiers.items()):
        by_tier[tier].append(pk)
    left = places
    admitted: list[int] = []
    drawn_out: list[int] = []
    to_draw: list[int] = []
    for _tier, group in sorted(by_tier.items()):
        if left > 0 and not to_draw and len(group) <= left:
            admitted += group
            left -= len(group)
        elif left > 0 and not to_draw:
            to_draw = group
        else:
            drawn_out += group
    return Processed(tuple(admitted), tuple(drawn_out), tuple(to_draw))


def live_draw(school_round: SchoolRound) -> DrawSession | None:
    """The draw by hand of this school that has been opened and not finished."""
    rows = DrawSession.objects.filter(
        round_id=school_round.round_id,
        kind=SessionKind.SCHOOL,
        key=school_round.programme.code,
        applied_at=None,
    )
    return rows.exclude(state=SessionState.VOID).select_related("round__year__region").first()


def check_deciding(school_round_id: int, *, drawing: bool = False) -> SchoolRound:
    """The school may decide now; the caller is in a transaction. ``drawing``: the draw by hand itself goes on."""
    school_round = (
        SchoolRound.objects.select_for_update(of=("self",))
        .select_related("round__year__region", "programme")
        .get(pk=school_round_id)
    )
    if school_round.draw_mode != DrawMode.MANUAL or not school_round.is_capped:
        raise ManualDrawError(
            _("This school has the digital draw in this round: it has nothing to do here (DH-078).")
        )
    if school_round.round.state != RoundState.LOCKED:
        raise ManualDrawError(_("Decisions are made after the processing deadline and before the freeze."))
    if school_round.is_ready:
        raise ManualDrawError(_("This school has finished its decisions for this round."))
    if CareCase.objects.filter(application__first_choice=school_round, state__in=OPEN_CARE_STATES).exists():
        raise ManualDrawError(_("A care wish has no outcome yet: record it first (DH-181)."))
    if not drawing and live_draw(school_round) is not None:
        raise ManualDrawError(_("A draw by hand has been opened. Finish it first."))
    return school_round


@transaction.atomic
def process_automatically(school_round_id: int, *, actor: User | None) -> Processed:
    """The button “Automatische verwerking” (DH-071, DH-074): decides everything that needs no lots."""
    school_round = check_deciding(school_round_id)
    result = preview(school_round)
    decide(school_round, result.admitted, D.ADMITTED, dict.fromkeys(result.admitted, AUTOMATIC), actor)
    decide(school_round, result.drawn_out, D.DRAWN_OUT, dict.fromkeys(result.drawn_out, AUTOMATIC), actor)
    return result


@transaction.atomic
def decide_by_hand(
    school_round_id: int,
    application_ids: Sequence[int],
    *,
    admitted: bool,
    reason: str = "",
    actor: User | None,
) -> None:
    """Decide on one or more children (DH-075); against the rules only with a reason for the office (DH-076)."""
    school_round = check_deciding(school_round_id)
    tiers, places = undecided(school_round), open_places(school_round.round)[school_round.pk]
    chosen = [pk for pk in dict.fromkeys(application_ids) if pk in tiers]
    if len(chosen) != len(set(application_ids)):
        raise ManualDrawError(_("Some of these children have been decided already. Reload the page."))
    if admitted and len(chosen) > places:
        raise ManualDrawError(
            _("There are %(places)d places left and %(chosen)d children chosen. Choose fewer.")
            % {"places": places, "chosen": len(chosen)}
        )
    expected = preview(school_round)
    allowed = set(expected.admitted if admitted else expected.drawn_out)
    against = [pk for pk in chosen if pk not in allowed]
    if against and not reason.strip():
        if set(against) & set(expected.to_draw):
            raise ManualDrawError(
                _(
                    "Lots decide among these children: draw by hand. Or give the reason; the office will see it."
                )
            )
        raise ManualDrawError(
            _("This goes against the school's priority rules. Give the reason; the office will see it.")
        )
    # The trail holds codes: what the school wrote may name somebody, and stands in the case of the office.
    target = D.ADMITTED if admitted else D.DRAWN_OUT
    decide(school_round, chosen, target, dict.fromkeys(chosen, BY_HAND), actor)
    openings = [
        Opening(
            CaseKind.MANUAL_DECISION,
            row.registration_number,
            note=reason,
            application=row,
            school_round=school_round,
        )
        for row in Application.objects.filter(pk__in=against).order_by("pk")
    ]
    open_cases(school_round.round.year, openings, actor=actor)


def decide(
    school_round: SchoolRound,
    ids: Sequence[int],
    decision: Decision,
    reasons: Mapping[int, str],
    actor: User | None,
    *,
    session: DrawSession | None = None,
) -> None:
    """Write decisions of the school with their places; ``reasons`` for the trail, by application."""
    if not ids:
        return
    year = school_round.round.year
    rows = {row.pk: row for row in Application.objects.filter(pk__in=ids)}
    move_rows(
        Application.objects, ids, old=D.UNDECIDED, new=decision, moves=DECISION_MOVES, state_field="decision"
    )
    if decision == D.ADMITTED:
        placements = [
            Placement(
                application_id=pk, child_id=rows[pk].child_id, school_round=school_round, preference_rank=1
            )
            for pk in ids
        ]
        Placement.objects.bulk_create(placements)
        cause = session.name if session is not None else "school decision"
        book(placed_entries(placements, session=session, on=today(year), cause=cause))
    else:
        duty = CareCase.objects.filter(application__in=ids, state__in=CARE_DUTY_STATES)
        follow_up = list(duty.values_list("application_id", flat=True))
        move_rows(
            Application.objects,
            follow_up,
            old=D.DRAWN_OUT,
            new=D.CARE_FOLLOW_UP,
            moves=DECISION_MOVES,
            state_field="decision",
        )
    facts = [
        Fact(
            "decision",
            "application",
            rows[pk].registration_number,
            old=D.UNDECIDED,
            new=decision,
            reason=reasons.get(pk, BY_HAND),
        )
        for pk in ids
    ]
    record_events(year, facts, actor=actor)


@transaction.atomic
def finish_decisions(school_round_id: int, *, actor: User | None) -> SchoolRound:
    """The school is ready for the freeze (DH-086); every child has been decided on."""
    school_round = check_deciding(school_round_id)
    waiting = len(undecided(school_round))
    if waiting:
        told = ngettext(
            "%(count)d child still waits for a decision.",
            "%(count)d children still wait for a decision.",
            waiting,
        )
        raise ManualDrawError(told % {"count": waiting})
    school_round.is_ready = True
    school_round.save(update_fields=["is_ready"])
    fact = Fact(
        "school_ready",
        "school_round",
        f"{school_round.programme.code}/{school_round.round.code}",
        new="ready",
    )
    record_events(school_round.round.year, [fact], actor=actor)
    return school_round
