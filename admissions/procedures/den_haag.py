"""Den Haag primary schools (AanmeldenPO): periods, school draw with priority, central matching (den-haag.md)."""

from collections.abc import Collection, Sequence
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from admissions.procedures.base import FormFacts, IntakeContext, Note, Problem, Procedure, turns
from schools.texts import long_date

MONTHS_PER_PERIOD = 3  # the quarter in which a child turns three belongs to the period of the same number


class DenHaag(Procedure):
    """The core procedure."""

    key = "den_haag"
    label = gettext_lazy("Primary schools as in Den Haag: periods, a draw at the school, a central matching")
    default_region = ("den-haag", "Den Haag")
    rules_file = Path(__file__).with_name("den_haag_reglement.md")
    has_central_matching = True
    has_one_programme = True

    def form_problems(self, facts: FormFacts, context: IntakeContext) -> list[Problem]:
        """DH-030 to DH-043: birth group, age, window, and the list."""
        return [
            *self._birth_problems(facts, context),
            *self._window_problems(facts, context),
            *self._list_problems(facts, context),
        ]

    def _birth_problems(self, facts: FormFacts, context: IntakeContext) -> list[Problem]:
        if not context.born_from <= facts.date_of_birth <= context.born_to:
            return [
                Problem(
                    "date_of_birth",
                    _(
                        "This child belongs to another year: this year is for children born from %(first)s "
                        "to %(last)s. Check the date of birth."
                    )
                    % {"first": long_date(context.born_from), "last": long_date(context.born_to)},
                )
            ]
        third = turns(self.parameters.minimum_age, facts.date_of_birth)
        if facts.received_on < third:
            return [
                Problem(
                    "received_on",
                    _(
                        "The child was not yet %(age)d on the day the form came in. Parents can apply from %(day)s."
                    )
                    % {"age": self.parameters.minimum_age, "day": long_date(third)},
                )
            ]
        return []

    def _window_problems(self, facts: FormFacts, context: IntakeContext) -> list[Problem]:
        if context.parents_from is None or context.parents_until is None:
            return [Problem("received_on", _("This period has no dates yet: ask the programme manager."))]
        if not context.parents_from <= facts.received_on <= context.parents_until:
            return [
                Problem(
                    "received_on",
                    _(
                        "The form must be handed in from %(first)s to %(last)s. Use the period in which it came in."
                    )
                    % {"first": long_date(context.parents_from), "last": long_date(context.parents_until)},
                )
            ]
        return []

    def _list_problems(self, facts: FormFacts, context: IntakeContext) -> list[Problem]:
        problems, seen = [], dict[str, int]()
        filled = [code for code in facts.preferences if code]
        for position, code in enumerate(facts.preferences, start=1):
            name = f"preference_{position}"
            if not code:
                if any(facts.preferences[position:]):
                    problems.append(
                        Problem(name, _("There is a gap in the list: move the schools below it up."))
                    )
                    break
                continue
            if code not in context.ceilings:
                problems.append(
                    Problem(name, _("No school has the BRIN “%(brin)s”. Check it.") % {"brin": code[:20]})
                )
            elif code in seen:
                problems.append(
                    Problem(
                        name, _("This school is already number %(rank)d on the list.") % {"rank": seen[code]}
                    )
                )
            seen.setdefault(code, position)
        if not filled:
            return [Problem("preference_1", _("Fill in at least one school."))]
        first = facts.preferences[0]
        if first in context.ceilings and context.ceilings[first] is None:  # DH-043, Q-18
            problems.append(
                Problem(
                    "preference_1",
                    _(
                        "This school has no ceiling and admits the child itself: the form is not entered here. "
                        "The right to apply once at a school with a ceiling is not used up."
                    ),
                )
            )
        waived = (
            self.parameters.short_list_rule in facts.claims
            and self.parameters.short_list_rule in context.rules.get(first, ())
        )
        if len(filled) < self.parameters.minimum_list_length and not waived and not problems:  # DH-042, Q-27
            problems.append(
                Problem(
                    f"preference_{len(filled) + 1}",
                    _(
                        "There are %(count)d schools on the list: choose at least %(minimum)d. Fewer is possible only "
                        "with a brother or sister at the first school, if that school has this rule."
                    )
                    % {"count": len(filled), "minimum": self.parameters.minimum_list_length},
                )
            )
        return problems

    def form_notes(self, facts: FormFacts, context: IntakeContext) -> list[Note]:
        """DH-032, DH-033: the cohort is advice. Q-15, Q-17: what a short list or an uncapped school means."""
        return [*self._birth_notes(facts, context), *self._list_notes(facts, context)]

    def _birth_notes(self, facts: FormFacts, context: IntakeContext) -> list[Note]:
        if self._birth_problems(facts, context):
            return []
        third = turns(self.parameters.minimum_age, facts.date_of_birth)
        words = {"age": self.parameters.minimum_age, "day": long_date(third)}
        notes = [Note("date_of_birth", "ok", _("Fits this year. %(age)d years old on %(day)s.") % words)]
        if context.year_from is None or not context.period:
            return notes
        months = (third.year - context.year_from.year) * 12 + third.month - context.year_from.month
        cohort = months // MONTHS_PER_PERIOD + 1
        if cohort < context.period:
            notes.append(
                Note(
                    "date_of_birth",
                    "info",
                    _(
                        "The city asked these parents to apply in period %(period)d. This period is just as good: "
                        "you need to do nothing."
                    )
                    % {"period": cohort},
                )
            )
        return notes

    def _list_notes(self, facts: FormFacts, context: IntakeContext) -> list[Note]:
        codes = [code for code in facts.preferences if code]
        notes = []
        for rank, code in enumerate(codes, start=1):
            if rank > 1 and rank < len(codes) and code in context.ceilings and context.ceilings[code] is None:
                notes.append(
                    Note(
                        f"preference_{rank}",
                        "warn",
                        _(
                            "This school has no ceiling and takes every child. The schools below it can therefore "
                            "never count. Do the parents know that?"
                        ),
                    )
                )
                break
        if 0 < len(codes) < self.parameters.minimum_list_length and not self._list_problems(facts, context):
            notes.append(
                Note(
                    f"preference_{len(codes) + 1}",
                    "warn",
                    _(
                        "With a brother or sister a short list is allowed. If the child is drawn out here, only these "
                        "schools count. Tell the parents that they may list five."
                    ),
                )
            )
        return notes

    def rule_problems(self, kinds: Sequence[str], *, public_authority: bool, capped: bool) -> str:
        """DH-008 and DH-010."""
        if kinds and not capped:
            return _("a school without a ceiling has no priority rules.")
        if len(set(kinds)) != len(kinds):
            return _("a priority rule is named twice.")
        if len(kinds) > self.parameters.maximum_rules:
            return _("a school has at most %(maximum)d priority rules.") % {
                "maximum": self.parameters.maximum_rules
            }
        if public_authority and set(kinds) & set(self.parameters.rules_closed_to_public_authority):
            return _("a school of a public authority may not use the neighbourhood rule.")
        return ""

    def tier(self, rules: Sequence[str], met: Collection[str]) -> int:
        """DH-072, DH-073: the first adopted rule that the child meets; none = one class later than all."""
        return next((position for position, kind in enumerate(rules, start=1) if kind in met), len(rules) + 1)

    def participation(self, *, has_care_duty: bool, drawn_out_by_hand: bool) -> str:
        """DH-083, DH-094: care duty joins the school draw only. DH-091: after a draw by hand only the central one."""
        if drawn_out_by_hand:
            return "" if has_care_duty else "C"
        return "S" if has_care_duty else "SC"

    def offer_kind(self, *, preference_rank: int, has_care_duty: bool) -> str:
        """M04, M05, or M16 in place of either (DH-112, DH-179, Q-45)."""
        if has_care_duty:
            return "M16"
        return "M04" if preference_rank == 1 else "M05"
