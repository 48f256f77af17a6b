"""Words of the programme office for templates."""

from datetime import date
from typing import Any

from django import template
from django.utils.safestring import SafeString

from admissions.models import FormVersion
from admissions.selectors.children import ChildFile
from admissions.tables import office as tables_office
from admissions.texts.events import column_word
from schools.enums import RoundState
from schools.models import Round
from schools.templatetags.oa import badge

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
