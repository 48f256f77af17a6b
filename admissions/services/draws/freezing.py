"""From rows to dossier lines: who takes part in a round, with which list and class (DH-072, DH-083, DH-091, DH-139)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from admissions.enums import (
    CARE_DUTY_STATES,
    OPEN_CARE_STATES,
    ClaimState,
    Decision,
    ParticipationKind,
    ParticipationState,
)
from admissions.models import Application, CareCase, Participation, Preference, PriorityClaim
from admissions.procedures.registry import procedure_of
from admissions.services.forms.intake import rules_by_code
from admissions.services.places.ledger import open_places
from lottery.engine.files import ChildLine, Dossiers, SchoolLine
from lottery.services.sessions import draw_session_numbers, new_salt
from schools.enums import PriorityKind, RoundKind
from schools.models import PriorityRule, Round, SchoolRound

CENTRAL = "centraal"
HELD = 0  # klasse of a seat the child holds (OA-LOT/1 section 6.1)


@dataclass(frozen=True, slots=True)
class FrozenLists:
    """What goes into a session: the dossiers, the draws in order, and who the numbers are."""

    dossiers: Dossiers
    draws: tuple[str, ...]
    registration_numbers: dict[str, str]  # by session number


def participating(round_: Round) -> list[tuple[int, str, str, str, str]]:
    """Applications that go into the session of an ALM: (id, registration number, decision, first choice, postcode)."""
    rows = Application.objects.filter(
        first_choice__round=round_, decision__in=[Decision.UNDECIDED, Decision.DRAWN_OUT]
    ).values_list("pk", "registration_number", "decision", "first_choice__programme__code", "form__postcode")
    return list(rows)


def unsettled_care(round_: Round) -> list[CareCase]:
    """Care cases without an outcome: the draw of their school cannot start (DH-181)."""
    cases = CareCase.objects.filter(
        state__in=OPEN_CARE_STATES,
        application__first_choice__round=round_,
        application__decision__in=[Decision.UNDECIDED, Decision.DRAWN_OUT],
    )
    return list(cases.select_related("application").order_by("pk"))


def lists_of(**where: object) -> dict[int, list[str]]:
    """Programme codes of every list in order of rank, by application id."""
    lists: defaultdict[int, list[str]] = defaultdict(list)
    rows = Preference.objects.filter(**where).order_by("application_id", "rank")
    for application_id, code in rows.values_list("application_id", "programme__code").iterator(
        chunk_size=5000
    ):
        lists[application_id].append(code)
    return dict(lists)


def areas(round_: Round) -> dict[str, frozenset[str]]:
    """Four-digit postcodes of the neighbourhood rule, by programme code."""
    rules = PriorityRule.objects.filter(year=round_.year, kind=PriorityKind.NEIGHBOURHOOD).select_related(
        "programme"
    )
    return {rule.programme.code: frozenset(rule.area_postcodes.split()) for rule in rules}


def tiers_at_first_choice(round_: Round) -> dict[int, int]:
    """Priority class of every taking-part application at its first choice, by application id (DH-061, DH-072)."""
    procedure, rules, area = procedure_of(round_.year.region), rules_by_code(round_.year), areas(round_)
    met: defaultdict[int, set[str]] = defaultdict(set)
    claims = PriorityClaim.objects.filter(application__first_choice__round=round_, state=ClaimState.CONFIRMED)
    for application_id, kind in claims.values_list("application_id", "kind"):
        met[application_id].add(kind)
    tiers = {}
    for pk, _number, _decision, code, postcode in participating(round_):
        if postcode[:4] in area.get(code, ()):
            met[pk].add(PriorityKind.NEIGHBOURHOOD)
        tiers[pk] = procedure.tier(rules.get(code, ()), met[pk])
    return tiers


def freeze_alm(round_: Round) -> FrozenLists:
    """The one session of an ALM: digital school draws and central matching together (Q-47).

    A child drawn out in its school's own draw by hand enters with participation ``C`` and without its first choice.
    """
    procedure, rules = procedure_of(round_.year.region), rules_by_code(round_.year)
    tiers = tiers_at_first_choice(round_)
    lists = lists_of(application__first_choice__round=round_)
    duty = set(
        CareCase.objects.filter(
            application__first_choice__round=round_, state__in=CARE_DUTY_STATES
        ).values_list("application_id", flat=True)
    )
    rows = participating(round_)
    numbers = iter(draw_session_numbers(len(rows)))
    children, registration, drawing = [], {}, set()
    for pk, registration_number, decision, first, _postcode in rows:
        by_hand = decision == Decision.DRAWN_OUT
        participation = procedure.participation(has_care_duty=pk in duty, drawn_out_by_hand=by_hand)
        choices = [(code, len(rules.get(code, ())) + 1) for code in lists[pk]]
        choices[0] = (first, tiers[pk])
        if by_hand:
            choices = choices[1:]
        if not participation or not choices:
            continue
        number = next(numbers)
        registration[number] = registration_number
        children.append(ChildLine(number, number, participation, tuple(choices), new_salt()))
        if "S" in participation:
            drawing.add(first)
    schools = _school_lines(round_, held={})
    draws = (*(f"school/{code}" for code in sorted(drawing)), CENTRAL)
    return FrozenLists(Dossiers("", schools, tuple(children)), draws, registration)


def freeze_vovp(round_: Round) -> FrozenLists:
    """The session of a VOVP: only ``centraal``, with held seats for the improvers (DH-138, DH-139)."""
    rules = rules_by_code(round_.year)
    rows = list(
        Participation.objects.filter(round=round_, state=ParticipationState.OPTED_IN).select_related(
            "application", "held_placement__school_round__programme"
        )
    )
    lists = lists_of(application__participations__round=round_)
    numbers = iter(draw_session_numbers(len(rows)))
    children, registration = [], {}
    held: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        codes = lists[row.application_id]
        choices = [(code, len(rules.get(code, ())) + 1) for code in codes]
        if row.kind == ParticipationKind.IMPROVER and row.held_placement is not None:
            seat = row.held_placement.school_round.programme.code
            choices = [*choices[: codes.index(seat)], (seat, HELD)]
            held[seat] += 1
        number = next(numbers)
        registration[number] = row.application.registration_number
        children.append(ChildLine(number, number, "C", tuple(choices), new_salt()))
    return FrozenLists(
        Dossiers("", _school_lines(round_, held=held), tuple(children)), (CENTRAL,), registration
    )


def _school_lines(round_: Round, *, held: Mapping[str, int]) -> tuple[SchoolLine, ...]:
    """Every school of the year with its open places, plus the seats held by those who take part."""
    places = open_places(round_)
    school_rounds = SchoolRound.objects.filter(round=round_).select_related("programme")
    return tuple(
        SchoolLine(
            school_round.programme.code,
            places[school_round.pk] + held.get(school_round.programme.code, 0)
            if school_round.is_capped
            else None,
        )
        for school_round in school_rounds
    )


def freeze_lists(round_: Round) -> FrozenLists:
    return freeze_vovp(round_) if round_.kind == RoundKind.VOVP else freeze_alm(round_)
