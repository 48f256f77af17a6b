"""The chart of a simulation: a bar to the mean, a line over the range of nineteen draws out of twenty."""

from collections.abc import Sequence

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext

from admissions.texts.simulation import Line

register = template.Library()
CHILDREN = ("first", "top", "unplaced")  # figures that count children and fit on one scale


@register.simple_tag
def range_chart(title: str, lines: Sequence[Line]) -> SafeString:
    """Inline SVG, wide and narrow; the same figures stand in the table beside it (look/README.md, Charts)."""
    shown = [line for line in lines if line.key in CHILDREN]
    return mark_safe("".join(_drawing(title, shown, width) for width in (760, 320)))  # noqa: S308 - format_html


def _drawing(title: str, lines: Sequence[Line], width: int) -> SafeString:
    top = max((side["most"] for line in lines for side in (line.now, line.then)), default=0) or 1
    left = 130
    scale = (width - left - 70) / top
    words = (pgettext("simulation", "as it is"), pgettext("simulation", "what if"))
    parts: list[SafeString] = []
    y = 0
    for line in lines:
        parts.append(format_html('<text class="tb" x="0" y="{}">{}</text>', y + 14, line.label))
        y += 22
        for word, css, side in zip(words, ("fo", "f1"), (line.now, line.then), strict=True):
            end = round(left + side["mean"] * scale, 1)
            low, high = round(left + side["low"] * scale, 1), round(left + side["high"] * scale, 1)
            middle = y + 10
            parts.append(format_html('<text x="0" y="{}">{}</text>', y + 15, word))
            parts.append(
                format_html(
                    '<rect class="{}" x="{}" y="{}" width="{}" height="20"/>',
                    css,
                    left,
                    y,
                    round(end - left, 1),
                )
            )
            parts.append(
                format_html(
                    '<path class="ax" d="M{} {}V{}M{} {}H{}M{} {}V{}"/>',
                    low, middle - 5, middle + 5, low, middle, high, high, middle - 5, middle + 5,
                )
            )  # fmt: skip
            parts.append(
                format_html(
                    '<text class="tb" x="{}" y="{}">{}</text>',
                    max(end, high) + 6,
                    y + 15,
                    number_format(side["mean"], 1),
                )
            )
            y += 25
        y += 9
    return format_html(
        '<svg class="oa-chart {}" viewBox="0 0 {} {}" role="img"><title>{}</title>{}</svg>',
        "oa-hide-s" if width > 400 else "oa-only-s",
        width,
        y,
        title,
        mark_safe("".join(parts)),  # noqa: S308 - every part was made by format_html
    )
