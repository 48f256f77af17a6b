"""Boxes of the paper form: to write in on paper, to type in on the screen (DH-036).

On the screen they stand in no form, so what a family types never reaches the server.
"""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from schools.enums import PriorityKind

register = template.Library()

CLAIM_WORDS = {
    PriorityKind.SIBLING: _("An older brother or sister is already at this school."),
    PriorityKind.PRESCHOOL: _("My child goes to a preschool that works with the school."),
    PriorityKind.STAFF: _("A parent works at the school."),
}


@register.filter
def claim_words(kind: str) -> str:
    """What a family ticks for this priority."""
    return str(CLAIM_WORDS[PriorityKind(kind)])


def _coded(field: str) -> SafeString:
    """What paper-code.js finds a box by; a name would make it part of a request."""
    return format_html(' data-code="{}"', field) if field else SafeString("")


@register.simple_tag(takes_context=True)
def write_box(
    context: Any, width: str, label: object, value: object = "", code: str = "", rows: int = 1
) -> SafeString:
    """A labelled box; ``width`` is a class of paper-form.css, ``code`` its field in the printed code (DH-038).

    One of several ``rows`` grows with what is typed: a long answer must not end at the edge of the paper.
    """
    if context.get("on_screen") and rows > 1:
        return format_html(
            '<label class="field {}"><b>{}</b>'
            '<textarea class="utrecht-textbox" rows="{}" autocomplete="off"{}>{}</textarea></label>',
            width,
            label,
            rows,
            _coded(code),
            value,
        )
    if context.get("on_screen"):
        return format_html(
            '<label class="field {}"><b>{}</b>'
            '<input class="utrecht-textbox" type="text" autocomplete="off" value="{}"{}></label>',
            width,
            label,
            value,
            _coded(code),
        )
    return format_html(
        '<div class="field {}"><b>{}</b><span class="hand">{}</span></div>', width, label, value
    )


@register.simple_tag(takes_context=True)
def tick_box(
    context: Any,
    text: object,
    written: object,
    ticked_when: object,
    group: str = "",
    code: str = "",
    means: str = "1",
) -> SafeString:
    """A box with its text, ticked when that was ``written``; of a ``group`` the screen takes only one.

    ``code`` is its field in the printed code, in which a tick stands as ``means`` (DH-038).
    """
    if context.get("on_screen"):
        kind = (
            format_html('class="utrecht-radio-button" type="radio" name="{}"', group)
            if group
            else SafeString('class="utrecht-checkbox" type="checkbox"')
        )
        coded = format_html('{} value="{}"', _coded(code), means) if code else ""
        return format_html(
            '<label class="tickline"><input {}{} autocomplete="off"> {}</label>', kind, coded, text
        )
    mark = "x" if written == ticked_when else ""
    return format_html('<span class="tick">{}</span>{} &nbsp; ', mark, text)
