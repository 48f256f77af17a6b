"""The waterfall of the place ledger: inline SVG from the figures of the table beside it (look, Charts)."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext

from admissions.selectors.places import PlaceRow
from admissions.texts import ledger as words

register = template.Library()

STEP, BAR = 34, 22
UP, DOWN, LEFT = "f4", "f1", "fo"


@register.filter
def goes_to(row: PlaceRow) -> str:
    return words.goes_to(row)


@register.simple_tag
def waterfall(title: str, row: PlaceRow) -> SafeString:
    """From ceiling to open places, each step a bar that begins where the one before ended; wide and narrow.

    Shapes: horizontal, so that it is read on a phone; the numbers stand on the bars and in the table.
    Source: issue 6, place ledger; DH-104.
    """
    steps = words.waterfall_steps(row)
    return format_html("{}{}", _drawing(title, steps, 760), _drawing(title, steps, 320))


def _drawing(title: str, steps: Sequence[tuple[str, int]], width: int) -> SafeString:
    wide = width > 400
    at, top, low = 0, 0, 0
    for _word, places in steps:
        at += places
        top, low = max(top, at), min(low, at)
    label = 190 if wide else 0
    step = STEP if wide else 50
    scale = (width - label - 60) / ((top - low) or 1)
    zero = label - low * scale
    parts = [format_html('<path class="ax" d="M{0} 0V{1}"/>', round(zero, 1), (len(steps) + 1) * step)]
    level = 0
    bars: list[tuple[str, int | None]] = [*steps, (pgettext("ledger step", "Open now"), None)]
    for index, (word, change) in enumerate(bars):
        y = index * step + 4
        if wide:
            parts.append(format_html('<text x="0" y="{}">{}</text>', y + 16, word))
        else:
            parts.append(format_html('<text x="6" y="{}">{}</text>', y + 12, word))
            y += 16
        begin, end = (level, level + change) if change is not None else (0, level)
        x, size = zero + min(begin, end) * scale, abs(end - begin) * scale
        css = LEFT if change is None else UP if change > 0 else DOWN
        if size:
            parts.append(
                format_html(
                    '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
                    css,
                    round(x, 1),
                    y,
                    round(size, 1),
                    BAR,
                )
            )
        figure = f"{change:+d}" if change else str(level if change is None else 0)
        if change is not None and index == 0:
            figure = str(change)
        parts.append(
            format_html(
                '<text class="tb" x="{}" y="{}">{}</text>',
                round(x + size + 6, 1),
                y + 16,
                figure.replace("-", "\u2212"),
            )
        )
        level = end if change is not None else level
    return format_html(
        '<svg class="oa-chart {}" viewBox="0 0 {} {}" role="img"><title>{}</title>{}</svg>',
        "oa-hide-s" if wide else "oa-only-s",
        width,
        (len(steps) + 1) * step + 6,
        title,
        mark_safe("".join(parts)),  # noqa: S308 - every part was made by format_html
    )
