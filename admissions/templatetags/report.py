"""Words of the round report for templates."""

from django import template
from django.utils.formats import localize
from django.utils.translation import gettext, pgettext

from admissions.masking import FEW, FEWER, HIDDEN
from admissions.services.explaining.reasons import group_name
from admissions.services.explaining.round_report import RoundReport, SchoolFigures
from lottery.engine.quality import SwapRoute, UnplacedCause

register = template.Library()


@register.filter
def count(value: int | None) -> str:
    """A number of children; a dash where nobody could be counted, words where it stays hidden."""
    if value is None:
        return "–"
    if value == FEWER:
        return gettext("fewer than %(few)d") % {"few": FEW}
    if value == HIDDEN:
        return pgettext("count", "not shown")
    return str(value)


@register.filter
def share(value: float | None) -> str:
    """A share of the children with one decimal, in the numbers of the language."""
    return "–" if value is None else f"{localize(round(value, 1))}%"


@register.filter
def cause_words(cause: str) -> str:
    return {
        UnplacedCause.LATE_LOT: gettext("The places on the list went to children with an earlier lot"),
        UnplacedCause.NOTHING_OPEN: gettext(
            "No school left on the list had a place when the central draw began"
        ),
        UnplacedCause.UNIT_TOO_LARGE: gettext("Too few places for all children who are drawn together"),
        UnplacedCause.CARE_ROUTE: gettext("Drawn out with care duty: school and office look further"),
        UnplacedCause.NO_CENTRAL_DRAW: gettext("Drawn out, and there was no central draw"),
    }[UnplacedCause(cause)]


@register.filter
def limit_of(row: SchoolFigures) -> str:
    """Where the school closed in the central draw."""
    if row.central_limit == "free":
        return pgettext("limit", "room for everybody")
    if row.central_limit == "closed":
        return pgettext("limit", "no places")
    return str(row.central_closed_at or "–")


@register.filter
def class_lines(row: SchoolFigures) -> list[str]:
    """Per priority group how many of how many got a place."""
    lines = []
    for one in row.classes:
        words = {
            "group": group_name(row.rules, one.tier),
            "admitted": count(one.admitted),
            "children": count(one.children),
        }
        if one.children < 0:
            lines.append(gettext("%(group)s: %(admitted)s") % words)
        else:
            lines.append(gettext("%(group)s: %(admitted)s of %(children)s") % words)
    return lines


@register.simple_tag
def swap_names(report: RoundReport, route: SwapRoute) -> str:
    """The two schools between which children would gladly change places."""
    names = [report.names.get(code, code) for code in (route.code, route.other)]
    return gettext("%(one)s and %(other)s:") % {"one": names[0], "other": names[1]}
