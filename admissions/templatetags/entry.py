"""What stands beside a field of the entry page."""

from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from admissions.procedures.base import Note
from schools.templatetags.oa import icon

register = template.Library()

LINES = {
    "ok": ("oa-okline", "ok"),
    "info": ("oa-infoline", "info"),
    "warn": ("oa-warnline", "warning"),
    "error": ("utrecht-form-field-error-message", "error"),
}


@register.simple_tag
def lines(notes: list[Note] | None) -> SafeString:
    """Notes and problems of one field, each with its shape."""
    return format_html_join(
        "",
        '<p class="{}">{}<span>{}</span></p>',
        ((LINES[note.kind][0], icon(LINES[note.kind][1]), note.text) for note in notes or []),
    )


@register.simple_tag
def field_lines(field: Any) -> SafeString:
    return lines(field.form.lines.get(field.name))


@register.simple_tag
def entry_field(form: Any, name: str) -> SafeString:
    """A field by its name; empty when the form has none, such as a claim to a rule that the school lacks."""
    return form[name].as_field_group() if name in form.fields else SafeString("")


@register.simple_tag
def section_state(section: Any) -> SafeString:
    """The shape in the list of sections: done, wrong or not yet."""
    shape = {"bad": "error", "todo": "dashed"}.get(section.state, "ok")
    return format_html("{}", icon(shape))
