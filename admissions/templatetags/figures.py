"""Published figures in words, for templates."""

from django import template

from admissions.models import PublishedSchool
from admissions.templatetags.report import count
from admissions.texts import figures

register = template.Library()
register.filter("round_words", figures.round_words)


@register.filter
def group_lines(row: PublishedSchool) -> list[str]:
    """Admitted per kind of priority, one line each."""
    return [f"{figures.group_words(group)}: {count(number)}" for group, number in row.classes]
