"""Words and badges for messages on their way."""

from django import template
from django.utils.safestring import SafeString

from admissions.tables.messages import delivery_badge as badge_of

register = template.Library()


@register.filter
def delivery_badge(state: str) -> SafeString:
    """The badge of a delivery state."""
    return badge_of(state)
