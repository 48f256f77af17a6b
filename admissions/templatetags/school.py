"""Words of the admissions app for templates."""

from collections.abc import Collection, Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from admissions.tables import forms as tables
from admissions.texts.pages import page_about
from schools import context
from schools.context import SCHOOL_MENU

register = template.Library()

# The seven points of DH-045.
CHECKLIST = [
    _("Birth date is the same as on the document"),
    _("The child belongs in this round"),
    _("First name is the same as on the document"),
    _("Everything is legible and filled in"),
    _("Care wish looked at, meeting planned if needed"),
    _("Five schools, or a brother or sister at the school"),
    _("The form has been signed"),
]

register.filter("grouped", tables.grouped)
register.filter("placed_as", tables.placed_as)
register.filter("round_name", context.round_name)


@register.simple_tag
def outcome_badge(outcome: str) -> SafeString:
    return tables.outcome_badge(outcome)


@register.simple_tag
def placement_badge(state: str) -> SafeString:
    return tables.placement_badge(state)


@register.filter
def checklist(ticked: Collection[int]) -> list[dict[str, Any]]:
    return [{"label": label, "done": number in ticked} for number, label in enumerate(CHECKLIST, start=1)]


@register.filter
def postcode(value: str) -> str:
    """2548 BR."""
    return f"{value[:4]} {value[4:]}" if len(value) == 6 else value


@register.filter
def words(text: str) -> list[str]:
    """The words of a text, to loop over."""
    return text.split()


@register.filter
def page_word(name: str) -> str:
    """The page of a school that somebody opened, in words: the entry of the menu, or what the page is about."""
    return next((str(label) for label, address in SCHOOL_MENU if address == name), page_about(name))


@register.filter
def item(mapping: Mapping[str, Any], key: str) -> Any:
    """The value of a key that is itself a variable."""
    return mapping.get(key)
