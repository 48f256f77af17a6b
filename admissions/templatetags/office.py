"""Words of the programme office for templates."""

from datetime import date
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from admissions.models import FormVersion
from admissions.selectors.children import ChildFile
from admissions.tables import office as tables_office
from admissions.texts.events import column_word
from schools.enums import RoundState
from schools.models import Round
from schools.templatetags.oa import ICONS, badge

register = template.Library()

ROUND_LOOK = {
    RoundState.PLANNED: ("", "dashed"),
    RoundState.OPEN: ("info", "half"),
    RoundState.PROCESSING: ("warning", "clock"),
    RoundState.LOCKED: ("", "lock"),
    RoundState.INVITED: ("info", "mail"),
    RoundState.OPT_IN: ("info", "half"),
    RoundState.OPT_IN_CLOSED: ("", "lock"),
    RoundState.FROZEN: ("", "lock"),
    RoundState.MATCHED: ("info", "half"),
    RoundState.VISIBLE_TO_SCHOOLS: ("info", "half"),
    RoundState.OFFERS: ("ok", "ok"),
    RoundState.CLOSED: ("", "check"),
}


@register.simple_tag
def round_badge(round_: Round) -> SafeString:
    modifier, shape = ROUND_LOOK[RoundState(round_.state)]
    return badge(modifier, round_.get_state_display(), shape)


BOARD_SHAPES = ("ok", "error", "warning")


@register.simple_tag
def board_symbols() -> SafeString:
    """The shapes of the round board, written once: a thousand cells refer to them."""
    shapes = ((name, mark_safe(ICONS[name])) for name in BOARD_SHAPES)  # noqa: S308 - constants of ours
    return format_html_join("", '<symbol id="i-{}" viewBox="0 0 24 24"><g class="i">{}</g></symbol>', shapes)


@register.simple_tag
def message_badge(state: str) -> SafeString:
    return tables_office.message_badge(state)


@register.simple_tag
def version_changes(file: ChildFile, version: FormVersion) -> str:
    """What this version changed, in the words of the form."""
    return ", ".join(column_word(column) for column in file.changes.get(version.version, []))


@register.filter
def iso_day(value: Any) -> date | None:
    """A day in the merge values of a message; None for anything else."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
