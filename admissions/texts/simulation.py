"""A simulation in words and figures for its page and its memo."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from admissions.models import Simulation
from admissions.services.what_if.population import AS_SET, NO_RULES, Changes
from lottery.simulation.mechanisms import Mechanism
from schools.enums import PriorityKind

MECHANISMS = [
    (
        Mechanism.TWO_STEPS,
        gettext_lazy("As now: a draw at the first choice, then one matching for who was drawn out"),
    ),
    (Mechanism.ONE_MATCHING, gettext_lazy("One matching of whole lists, in which priority counts")),
    (Mechanism.ONE_MATCHING_LOT_ONLY, gettext_lazy("One matching of whole lists, only the lot counts")),
    (
        Mechanism.LOTTERY_PER_SCHOOL,
        gettext_lazy("One matching with priority, and a draw of its own at every school"),
    ),
    (
        Mechanism.IMMEDIATE_ACCEPTANCE,
        gettext_lazy("First choices first, for good; then second choices, and so on"),
    ),
]
ORDERS = [
    (AS_SET, pgettext_lazy("rule order", "As every school has set them")),
    (NO_RULES, pgettext_lazy("rule order", "Without any priority")),
    (PriorityKind.SIBLING, pgettext_lazy("rule order", "Brothers and sisters first")),
    (PriorityKind.NEIGHBOURHOOD, pgettext_lazy("rule order", "Neighbourhood first")),
    (PriorityKind.PRESCHOOL, pgettext_lazy("rule order", "Preschool first")),
    (PriorityKind.STAFF, pgettext_lazy("rule order", "Children of staff first")),
]
SMALL = 5  # fewer children than this are not shown apart


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, as it is now and with the changes, each with its mean and range."""

    key: str
    label: str
    now: dict[str, Any]
    then: dict[str, Any]

    @property
    def difference(self) -> float:
        return float(round(self.then["mean"] - self.now["mean"], 1))


@dataclass(frozen=True, slots=True)
class PartLine:
    """Shares of the children of one class or area, in percent."""

    label: str
    children: int
    now: dict[str, float]
    then: dict[str, float]


def change_sentences(changes: Changes) -> list[str]:
    """What is different, one sentence each; one sentence that nothing is, when nothing is."""
    said: list[str] = []
    if changes.mechanism != Mechanism.TWO_STEPS:
        said.append(str(dict(MECHANISMS)[Mechanism(changes.mechanism)]))
    if changes.rule_order != AS_SET:
        said.append(str(dict(ORDERS)[changes.rule_order]))
    if changes.ceiling_percent != 100:
        said.append(
            _("Every school with a ceiling has %(n)d%% of its places") % {"n": changes.ceiling_percent}
        )
    for code, places in sorted(changes.ceilings.items()):
        said.append(
            ngettext("%(code)s has %(n)d place", "%(code)s has %(n)d places", places)
            % {"code": code, "n": places}
        )
    if changes.shortest:
        said.append(_("Every list has at least %(n)d schools") % {"n": changes.shortest})
    if changes.longest:
        said.append(_("Lists are cut after %(n)d schools") % {"n": changes.longest})
    return said or [_("Nothing: the round as it is")]


def figure_lines(simulation: Simulation) -> list[Line]:
    """The figures that are compared, in a fixed order; empty while there is no outcome."""
    if not simulation.outcome:
        return []
    now, then = simulation.outcome["now"], simulation.outcome["then"]
    labels = {
        "first": pgettext("figure", "Children at their first choice"),
        "top": pgettext("figure", "Children at one of their first three schools"),
        "unplaced": pgettext("figure", "Children without a place"),
        "swap_pairs": pgettext("figure", "Pairs of children who would gladly change places"),
        "passed_over": pgettext("figure", "Children passed over by a child of a later class"),
    }
    return [Line(key, label, now[key], then[key]) for key, label in labels.items()]


def group_lines(simulation: Simulation) -> list[PartLine]:
    """By the rule met at the first choice."""
    names = {kind.value: str(kind.label) for kind in PriorityKind} | {"": pgettext("class", "No priority")}
    return _part_lines(simulation, "groups", names)


def area_lines(simulation: Simulation) -> list[PartLine]:
    """By four-digit area; small areas together, so that no child stands out."""
    return _part_lines(simulation, "areas", {"": pgettext("area", "Unknown")})


def rank_lines(simulation: Simulation) -> list[tuple[int, float, float]]:
    """(rank, children now, children then), means over all draws."""
    if not simulation.outcome:
        return []
    now = {int(rank): mean for rank, mean in simulation.outcome["now"]["by_rank"]}
    then = {int(rank): mean for rank, mean in simulation.outcome["then"]["by_rank"]}
    return [(rank, now.get(rank, 0), then.get(rank, 0)) for rank in sorted(now.keys() | then.keys())]


def _part_lines(simulation: Simulation, key: str, names: dict[str, str]) -> list[PartLine]:
    if not simulation.outcome:
        return []
    now, then = simulation.outcome["now"][key], simulation.outcome["then"][key]
    # The classes of children can differ once the order of the rules does: what is missing on one side shows as "–".
    lines, small = [], 0
    for part in sorted(now.keys() | then.keys()):
        children = int(max(now.get(part, {}).get("children", 0), then.get(part, {}).get("children", 0)))
        if children < SMALL:
            small += children
            continue
        lines.append(PartLine(names.get(part, part), children, now.get(part, {}), then.get(part, {})))
    if small:
        lines.append(PartLine(_("Fewer than %(n)d children each") % {"n": SMALL}, small, {}, {}))
    return lines
