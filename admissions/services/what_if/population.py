"""From a round to a population without names, with the changes somebody wants to try."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from django.utils.translation import gettext as _

from admissions.enums import ClaimState
from admissions.models import Application, PriorityClaim
from admissions.procedures.base import Procedure
from admissions.procedures.registry import procedure_of
from admissions.services.draws.freezing import areas, freeze_alm
from admissions.services.forms.intake import rules_by_code
from lottery.engine.files import ChildLine, Dossiers, parse_dossiers
from lottery.enums import OFFICIAL_STATES
from lottery.models import DrawSession, SessionNumber
from lottery.simulation.mechanisms import Mechanism
from lottery.simulation.population import Candidate, Population, checked
from schools.enums import PriorityKind, RoundKind
from schools.errors import RefusedError
from schools.models import Round

AS_SET, NO_RULES = "as_set", "none"


class SimulationRefused(RefusedError):
    """This cannot be simulated; says why."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different from the round as it is; the defaults change nothing."""

    mechanism: str = Mechanism.TWO_STEPS
    ceiling_percent: int = 100
    ceilings: Mapping[str, int] = field(default_factory=dict)  # places by programme code, instead of its own
    rule_order: str = AS_SET  # AS_SET, NO_RULES, or the kind that goes first wherever a school has it
    shortest: int = 0  # lists shorter than this are made longer
    longest: int = 0  # lists are cut after this many schools; 0 = not

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**stored)

    def stored(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A round as it was frozen, or would be now. Reading it writes nothing."""

    dossiers: Dossiers
    met_first: Mapping[str, frozenset[str]]  # by number: rules met at the first choice of the form
    first: Mapping[str, str]  # by number: first choice of the form
    postcodes: Mapping[str, str]
    rules: Mapping[str, tuple[str, ...]]
    areas: Mapping[str, frozenset[str]]
    procedure: Procedure


def snapshot_of(round_: Round) -> Snapshot:
    """The population of a round: of its official session, otherwise of its forms as they are now.

    Errors: SimulationRefused for a VOVP (who opts in follows from the results before it) and for an empty round.
    """
    if round_.kind != RoundKind.ALM:
        raise SimulationRefused(
            _("A VOVP cannot be simulated: who takes part depends on the results before it. Choose a period.")
        )
    session = DrawSession.objects.filter(round=round_, state__in=OFFICIAL_STATES).order_by("pk").first()
    if session is not None:
        dossiers = parse_dossiers(bytes(session.dossiers))
        numbers = dict(
            SessionNumber.objects.filter(session=session).values_list("number", "registration_number")
        )
    else:
        frozen = freeze_alm(round_)
        dossiers, numbers = frozen.dossiers, frozen.registration_numbers
    if not dossiers.children:
        raise SimulationRefused(
            _("%(round)s has no children to draw for yet. Choose another round.") % {"round": round_.code}
        )
    forms = {
        registration: (pk, first, postcode)
        for pk, registration, first, postcode in Application.objects.filter(
            first_choice__round=round_
        ).values_list("pk", "registration_number", "first_choice__programme__code", "form__postcode")
    }
    claims: defaultdict[int, set[str]] = defaultdict(set)
    confirmed = PriorityClaim.objects.filter(
        application__first_choice__round=round_, state=ClaimState.CONFIRMED
    )
    for pk, kind in confirmed.values_list("application_id", "kind"):
        claims[pk].add(kind)
    known = {
        child.regno: forms[numbers[child.regno]]
        for child in dossiers.children
        if numbers[child.regno] in forms
    }
    return Snapshot(
        dossiers,
        {number: frozenset(claims[pk]) for number, (pk, _first, _postcode) in known.items()},
        {number: first for number, (_pk, first, _postcode) in known.items()},
        {number: postcode for number, (_pk, _first, postcode) in known.items()},
        rules_by_code(round_.year),
        areas(round_),
        procedure_of(round_.year.region),
    )


def population_of(snapshot: Snapshot, changes: Changes) -> Population:
    """The snapshot with the changes made, without numbers.

    A claim counts at the first choice only, as on the form; at other schools the neighbourhood counts. A list that
    is too short gets the schools that children with the same first choice list most.
    """
    rules = {code: _reordered(kinds, changes.rule_order) for code, kinds in snapshot.rules.items()}
    companions = _companions(snapshot.dossiers.children) if changes.shortest else {}
    return checked(
        Population(
            tuple(
                _candidate(child, snapshot, rules, changes, companions)
                for child in snapshot.dossiers.children
            ),
            {
                school.code: None
                if school.places is None
                else changes.ceilings.get(school.code, (school.places * changes.ceiling_percent + 50) // 100)
                for school in snapshot.dossiers.schools
            },
        )
    )


def _candidate(
    child: ChildLine,
    snapshot: Snapshot,
    rules: Mapping[str, tuple[str, ...]],
    changes: Changes,
    companions: Mapping[str, Sequence[str]],
) -> Candidate:
    codes = [code for code, _tier in child.choices]
    if len(codes) < changes.shortest:
        extra = [code for code in companions[codes[0]] if code not in codes]
        codes += extra[: changes.shortest - len(codes)]
    if changes.longest:
        codes = codes[: changes.longest]
    postcode = snapshot.postcodes.get(child.regno, "")[:4]
    met = {code: _met(code, child.regno, postcode, snapshot) for code in codes}
    first = rules.get(codes[0], ())
    return Candidate(
        choices=tuple(codes),
        tiers=tuple(snapshot.procedure.tier(rules.get(code, ()), met[code]) for code in codes),
        draws_at_school="S" in child.participation,
        draws_centrally="C" in child.participation,
        area=postcode,
        group=next((kind for kind in first if kind in met[codes[0]]), ""),
    )


def _met(code: str, number: str, postcode: str, snapshot: Snapshot) -> frozenset[str]:
    met = set(snapshot.met_first.get(number, ())) if code == snapshot.first.get(number) else set()
    if postcode in snapshot.areas.get(code, ()):
        met.add(PriorityKind.NEIGHBOURHOOD)
    return frozenset(met)


def _reordered(kinds: tuple[str, ...], order: str) -> tuple[str, ...]:
    if order == NO_RULES:
        return ()
    if order in kinds:
        return (order, *(kind for kind in kinds if kind != order))
    return kinds


def _companions(children: Iterable[ChildLine]) -> dict[str, list[str]]:
    """By first choice: the other schools that its children list, most listed first."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    overall: Counter[str] = Counter()
    for child in children:
        codes = [code for code, _tier in child.choices]
        counts[codes[0]].update(codes[1:])
        overall.update(codes)
    everywhere = [code for code, _n in sorted(overall.items(), key=lambda item: (-item[1], item[0]))]
    ordered = {}
    for first, counter in counts.items():
        own = [code for code, _n in sorted(counter.items(), key=lambda item: (-item[1], item[0]))]
        ordered[first] = [*own, *(code for code in everywhere if code not in counter)]
    return ordered
