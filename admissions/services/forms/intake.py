"""What the rules of intake need to know, read once for a whole round."""

from collections import defaultdict
from dataclasses import dataclass

from admissions.procedures.base import IntakeContext, Procedure
from admissions.procedures.registry import procedure_of
from schools.models import AdmissionYear, PriorityRule, Round, SchoolRound


@dataclass(frozen=True, slots=True)
class Intake:
    """The round's context for the procedure, with the rows behind the programme codes."""

    procedure: Procedure
    context: IntakeContext
    school_rounds: dict[str, SchoolRound]  # by programme code
    rule_rows: tuple[PriorityRule, ...] = ()


def rules_by_code(year: AdmissionYear) -> dict[str, tuple[str, ...]]:
    """The adopted kinds of every programme of the year, in the school's own order."""
    return _kinds(_rules(year))


def _rules(year: AdmissionYear) -> tuple[PriorityRule, ...]:
    return tuple(PriorityRule.objects.filter(year=year).order_by("position").select_related("programme"))


def _kinds(rows: tuple[PriorityRule, ...]) -> dict[str, tuple[str, ...]]:
    rules: defaultdict[str, list[str]] = defaultdict(list)
    for rule in rows:
        rules[rule.programme.code].append(rule.kind)
    return {code: tuple(kinds) for code, kinds in rules.items()}


def intake_for(round_: Round) -> Intake:
    """Two queries, whatever the number of forms."""
    year = round_.year
    rules = _rules(year)
    school_rounds = {
        school_round.programme.code: school_round
        for school_round in SchoolRound.objects.filter(round=round_).select_related("programme")
    }
    context = IntakeContext(
        born_from=year.born_from,
        born_to=year.born_to,
        parents_from=round_.parents_from,
        parents_until=round_.parents_until,
        ceilings={code: school_round.ceiling for code, school_round in school_rounds.items()},
        rules=_kinds(rules),
        year_from=year.starts_on,
        period=int("".join(sign for sign in round_.code if sign.isdigit()) or 0),
    )
    return Intake(procedure_of(year.region), context, school_rounds, rules)
