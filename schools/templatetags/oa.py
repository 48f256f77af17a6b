"""Template tags for the look: icons, badges, dates with days left, small charts.

One icon set, one list of statuses, one way to write a deadline. The rules behind them: look/README.md.
"""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.forms import BaseForm
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext, pgettext

register = template.Library()

# 24 px grid, stroke 2. Class f is filled, k and kf are cut out of the filling.
ICONS = {
    "ok": '<circle class="f" cx="12" cy="12" r="10"/><path class="k" d="M7.5 12.4l3.2 3.2 6-6.6" stroke-width="2.6"/>',
    "error": '<path class="f" d="M7.4 1.8h9.2l5.6 5.6v9.2l-5.6 5.6H7.4l-5.6-5.6V7.4z"/>'
    '<path class="k" d="M8.3 8.3l7.4 7.4M15.7 8.3l-7.4 7.4" stroke-width="2.6"/>',
    "warning": '<path class="f" d="M12 2.2L23 21.5H1z"/><path class="k" d="M12 9v5.5" stroke-width="2.4"/>'
    '<circle class="kf" cx="12" cy="18" r="1.4"/>',
    "info": '<circle cx="12" cy="12" r="9.5"/><path d="M12 11v6" stroke-width="2.4"/>'
    '<circle class="f" cx="12" cy="7.2" r="1.5"/>',
    "help": '<circle cx="12" cy="12" r="9.5"/><path d="M9 9.3a3 3 0 1 1 4.4 2.7c-1 .6-1.4 1-1.4 2"/>'
    '<circle class="f" cx="12" cy="17.4" r="1.3"/>',
    "dashed": '<circle cx="12" cy="12" r="9" stroke-dasharray="4 3.07"/>',
    "half": '<circle cx="12" cy="12" r="9.5"/><path class="f" d="M12 2.5a9.5 9.5 0 0 1 0 19z"/>',
    "none": '<circle cx="12" cy="12" r="9.5"/><path d="M5.5 18.5l13-13"/>',
    "back": '<path d="M9 5L3 11l6 6M3 11h11a6 6 0 0 1 6 6v2"/>',
    "lock": '<rect class="f" x="4" y="10" width="16" height="11" rx="2"/><path d="M8 10V7a4 4 0 0 1 8 0v3"/>',
    "check": '<path d="M4.5 12.5l5 5 10-11"/>',
    "close": '<path d="M5 5l14 14M19 5L5 19"/>',
    "up": '<path d="M5 15l7-7 7 7"/>',
    "down": '<path d="M5 9l7 7 7-7"/>',
    "plus": '<path d="M12 4v16M4 12h16" stroke-width="2.6"/>',
    "download": '<path d="M12 3v12M6 10l6 6 6-6M4 21h16"/>',
    "document": '<path d="M6 2.5h8.5L19 7v14.5H6zM14 2.5V7.5h5M9 12h6.5M9 16h6.5"/>',
    "mail": '<rect x="2.5" y="5" width="19" height="14" rx="2"/><path d="M3 7l9 6.5L21 7"/>',
    "flag": '<path d="M5 21V4h13l-2.5 4.5L18 13H5"/>',
    "heart": '<path d="M12 20S3 14.5 3 8.5A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 9 1.5C21 14.5 12 20 12 20z"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4 21c.6-4.5 4-6.5 8-6.5s7.4 2 8 6.5"/>',
    "clock": '<circle cx="12" cy="12" r="9.5"/><path d="M12 6.5V12l4 2.5"/>',
    "phone": '<path d="M5 3h4l1.5 5-2.5 1.8a12 12 0 0 0 6.2 6.2L16 13.5l5 1.5v4a2 2 0 0 1-2 2'
    'A16 16 0 0 1 3 5a2 2 0 0 1 2-2z"/>',
}
LOGO = (
    '<path class="oa-logo__ring" d="M17.6 5.1A11 11 0 1 0 26.9 14.4"/>'
    '<circle class="oa-logo__dot" cx="25" cy="7" r="4.3"/>'
)
# Every status has a colour of its own and a shape of its own (look, page 15). The keys are the values of the enums.
STATUSES = {
    "draft": ("", "dashed"),
    "final": ("ok", "ok"),
    "released": ("warning", "warning"),
    "locked": ("", "lock"),
    "expired": ("", "none"),
    "void": ("", "none"),
    "received": ("ok", "ok"),
    "sent": ("info", "half"),
    "queued": ("info", "half"),
    "held": ("", "dashed"),
    "failed": ("error", "error"),
    "undecided": ("", "dashed"),
    "admitted": ("ok", "ok"),
    "drawn_out": ("", "none"),
    "placed_lower": ("ok", "ok"),
    "unplaced": ("", "none"),
    "care_follow_up": ("warning", "warning"),
    "reserved": ("", "dashed"),
    "offered": ("info", "half"),
    "enrolled": ("ok", "ok"),
    "overdue": ("warning", "warning"),
    "superseded": ("", "none"),
    "lapsed": ("", "none"),
    "withdrawn": ("", "back"),
    "planned": ("", "dashed"),
    "open": ("info", "half"),
    "closed": ("", "lock"),
    "frozen": ("", "lock"),
    "drawn": ("info", "half"),
    "matched": ("ok", "ok"),
    "done": ("ok", "ok"),
    "confirmed": ("ok", "ok"),
    "rejected": ("", "none"),
    "claimed": ("warning", "warning"),
    "running": ("info", "half"),
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon beside a word; on its own it says nothing to a screen reader."""
    return mark_safe(  # noqa: S308 - constants of this module only
        f'<svg class="i" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{ICONS[name]}</svg>'
    )


@register.simple_tag
def logo(css_class: str = "") -> SafeString:
    classes = format_html(' class="{}"', css_class) if css_class else ""
    return format_html(
        '<svg{} viewBox="0 0 32 32" aria-hidden="true" focusable="false">{}</svg>',
        classes,
        mark_safe(LOGO),  # noqa: S308
    )


@register.simple_tag
def asset(path: str) -> str:
    """Like ``static``, but an error page may never fail because a file is missing from the manifest."""
    try:
        return static(path)
    except ValueError:
        from django.conf import settings

        return f"{settings.STATIC_URL}{path}"


@register.simple_tag
def badge(kind: str, text: object, shape: str = "") -> SafeString:
    """A status badge; ``kind`` is a key of STATUSES, or ok, warning, error, info or empty with a ``shape``."""
    modifier, default = STATUSES.get(str(kind), (str(kind), str(kind) if kind in ICONS else "dashed"))
    classes = f" utrecht-status-badge--{modifier}" if modifier else ""
    return format_html(
        '<span class="utrecht-status-badge{}">{}{}</span>', classes, icon(shape or default), text
    )


@register.filter
def status_badge(record: Any, field: str = "state") -> SafeString:
    """The badge of a record's state (or other choice field), with the words of its enum."""
    return badge(str(getattr(record, field)), getattr(record, f"get_{field}_display")())


@register.simple_block_tag
def alert(
    content: str, kind: str = "info", title: str = "", level: int = 2, extra_class: str = ""
) -> SafeString:
    """A message on the page: info, ok, warning or error. An error is announced at once."""
    return format_html(
        '<div class="utrecht-alert{}{}"{}>{}{}<div class="stack-s">{}</div></div>',
        f" utrecht-alert--{kind}" if kind != "info" else "",
        f" {extra_class}" if extra_class else "",
        mark_safe(' role="alert"') if kind == "error" else "",
        icon({"ok": "ok", "warning": "warning", "error": "error"}.get(kind, "info")),
        format_html("<h{0}>{1}</h{0}>", level, title) if title else "",
        content,
    )


@register.simple_block_tag
def now_block(content: str, title: str, url: str = "", label: str = "") -> SafeString:
    """The one thing to do, until when. One on a page, never two."""
    button = format_html('<a class="utrecht-button" href="{}">{}</a>', url, label) if url else ""
    return format_html(
        '<section class="oa-now" aria-labelledby="nu"><div><h2 id="nu">{}</h2>{}</div>{}</section>',
        title,
        content,
        button,
    )


EMPTY_ART = {
    "done": '<circle cx="16" cy="16" r="12" fill="none" stroke="currentColor" stroke-width="2"/>'
    '<path d="M10.5 16.5l4 4 7.5-8" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round"'
    ' stroke-linejoin="round"/>',
    "nothing": '<circle cx="16" cy="16" r="12" fill="none" stroke="currentColor" stroke-width="2"'
    ' stroke-dasharray="4 4"/>',
    "search": '<circle cx="14" cy="14" r="8" fill="none" stroke="currentColor" stroke-width="2"/>'
    '<path d="M20 20l7 7" stroke="currentColor" stroke-width="2.5" stroke-linecap="round"/>',
}


@register.simple_tag
def empty_state(
    art: str, title: str, text: str = "", url: str = "", label: str = "", level: int = 2
) -> SafeString:
    """Nothing there: what that means and the next day that counts."""
    return format_html(
        '<div class="oa-empty"><svg viewBox="0 0 32 32" aria-hidden="true">{0}</svg><h{1}>{2}</h{1}>{3}{4}</div>',
        mark_safe(EMPTY_ART[art]),  # noqa: S308
        level,
        title,
        format_html("<p>{}</p>", text) if text else "",
        format_html('<a class="utrecht-button" href="{}">{}</a>', url, label) if url else "",
    )


@register.simple_tag
def data_list(pairs: Iterable[tuple[object, object]], css_class: str = "") -> SafeString:
    """Terms with their values; an empty value shows as a dash, so that nobody thinks it was forgotten."""
    rows = format_html_join(
        "", "<dt>{}</dt><dd>{}</dd>", ((term, "–" if value in (None, "") else value) for term, value in pairs)
    )
    return format_html('<dl class="utrecht-data-list{}">{}</dl>', f" {css_class}" if css_class else "", rows)


@register.simple_tag
def error_summary(form: BaseForm) -> SafeString:
    """What is wrong in a form, above it, with a link to every field."""
    if not form.errors:
        return mark_safe("")
    faults = [("", message) for message in form.non_field_errors()]
    for field in form:
        target = (
            f"{field.auto_id}_0" if field.use_fieldset else field.id_for_label
        )  # the first of the choices
        faults += [(target, message) for message in field.errors]
    return mark_safe(render_to_string("components/error_summary.html", {"faults": faults}))  # noqa: S308


@register.simple_tag
def place_dots(taken: int, offered: int = 0, free: int = 0) -> SafeString:
    """A place is a dot: filled = taken, half = offered, ring = open. The label says it in words."""
    total = taken + offered + free
    label = ngettext(
        "%(total)d place: %(taken)d taken, %(offered)d offered, %(free)d open",
        "%(total)d places: %(taken)d taken, %(offered)d offered, %(free)d open",
        total,
    ) % {"total": total, "taken": taken, "offered": offered, "free": free}
    dots = "<i></i>" * taken + '<i class="half"></i>' * offered + '<i class="open"></i>' * free
    return format_html('<div class="oa-places" role="img" aria-label="{}">{}</div>', label, mark_safe(dots))  # noqa: S308


# Dates


def _as_moment(value: datetime.date | datetime.datetime) -> datetime.date | datetime.datetime:
    return (
        timezone.localtime(value)
        if isinstance(value, datetime.datetime) and timezone.is_aware(value)
        else value
    )


def _day(value: datetime.date | datetime.datetime) -> datetime.date:
    value = _as_moment(value)
    return value.date() if isinstance(value, datetime.datetime) else value


@register.filter
def day(value: datetime.date | None) -> str:
    """Thursday 16 May."""
    return date_format(_day(value), pgettext("date format", "l j F")) if value else ""


@register.filter
def day_year(value: datetime.date | None) -> str:
    """Thursday 16 May 2024."""
    return date_format(_day(value), pgettext("date format", "l j F Y")) if value else ""


@register.filter
def date_year(value: datetime.date | None) -> str:
    """16 May 2024."""
    return date_format(_day(value), pgettext("date format", "j F Y")) if value else ""


@register.filter
def short_date(value: datetime.date | None) -> str:
    """16-05-2024, for columns."""
    return _day(value).strftime("%d-%m-%Y") if value else ""


@register.filter
def clock_time(value: datetime.datetime | None) -> str:
    """23.59 uur."""
    return date_format(_as_moment(value), pgettext("date format", "H:i")) if value else ""


@register.filter
def moment(value: datetime.date | datetime.datetime | None) -> str:
    """Monday 1 April, 23:59; a plain date gives the day only."""
    if not value:
        return ""
    if isinstance(value, datetime.datetime):
        return date_format(_as_moment(value), pgettext("date format", "l j F, H:i"))
    return day(value)


@register.filter
def short_moment(value: datetime.date | datetime.datetime | None) -> str:
    """Mon 1 April, 23:59."""
    if not value:
        return ""
    if isinstance(value, datetime.datetime):
        return date_format(_as_moment(value), pgettext("date format", "D j F, H:i"))
    return date_format(value, pgettext("date format", "D j F"))


@register.filter
def moment_year(value: datetime.datetime | None) -> str:
    """1 April 2024, 23:59."""
    return date_format(_as_moment(value), pgettext("date format", "j F Y, H:i")) if value else ""


def days_between(until: datetime.date | datetime.datetime, now: datetime.date | datetime.datetime) -> int:
    return (_day(until) - _day(now)).days


@register.filter
def days_left(until: datetime.date | datetime.datetime | None, now: datetime.datetime) -> str:
    """The days left until a deadline, counted in whole days of the calendar (DH-204)."""
    if not until:
        return ""
    days = days_between(until, now)
    if (
        isinstance(until, datetime.datetime)
        and isinstance(now, datetime.datetime)
        and until < now
        and days == 0
    ):
        return pgettext("deadline", "passed today")
    if days == 0:
        return pgettext("deadline", "today")
    if days < 0:
        return ngettext("%(days)d day ago", "%(days)d days ago", -days) % {"days": -days}
    return ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days}


@register.filter
def time_left(until: datetime.datetime | None, now: datetime.datetime | None) -> str:
    """How long until a moment, in its two largest units; the empty string when it has come."""
    if until is None or now is None or until <= now:
        return ""
    minutes = int((until - now).total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    words = [
        ngettext("%(n)d day", "%(n)d days", days) % {"n": days} if days else "",
        ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else "",
        ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes} if minutes and not days else "",
    ]
    told = [word for word in words if word]
    if not told:
        return pgettext("countdown", "less than a minute")
    return (
        pgettext("countdown", "%(first)s and %(second)s") % dict(zip(("first", "second"), told, strict=True))
        if len(told) == 2
        else told[0]
    )


@register.filter
def initials(name: str) -> str:
    words = [word for word in str(name).replace("@", " ").replace(".", " ").split() if word]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


# Pages of a list


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: template.Context, page: Any, field: str = "page") -> dict[str, Any]:
    """Numbered pages that keep the filter and the order."""
    return {"page": page, "field": field, "request": context["request"], "numbers": list(page_numbers(page))}


def page_numbers(page: Any) -> Sequence[object]:
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


# Charts


@register.simple_tag
def bar_chart(
    title: str, rows: Sequence[dict[str, Any]], series: Sequence[tuple[str, str]], with_table: bool = True
) -> SafeString:
    """Stacked horizontal bars as inline SVG, with the same figures in a table below (or already beside it).

    Shapes: rows ``{"label": str, "values": [int, ...]}``; series ``(word, class)`` with f1 to f4 or fo (open, dashed).
    Source: look/README.md, Charts. Starts at zero, values on the bars, wide and narrow drawing.
    """
    wide, narrow = (_bars(title, rows, series, width) for width in (760, 320))
    words = [word for word, _css in series]
    table = (
        [(row["label"], list(zip(words, row["values"], strict=True))) for row in rows] if with_table else []
    )
    context = {"title": title, "wide": wide, "narrow": narrow, "table_rows": table, "series": series}
    return mark_safe(render_to_string("components/bar_chart.html", context))  # noqa: S308 - a template of ours


FILLS = {"f1": "#1c4e6e", "f2": "#7aa7c2", "f3": "#c9a24a", "f4": "#8a5a83", "fo": "#fff"}


def chart_svg(title: str, rows: Sequence[dict[str, Any]], series: Sequence[tuple[str, str]]) -> SafeString:
    """The wide drawing with its colours inside: for a PDF, whose style sheets do not reach into a drawing."""
    drawing = str(_bars(title, rows, series, 760))
    for css, fill in FILLS.items():
        stroke = ' stroke="#1c4e6e" stroke-dasharray="3 2"' if css == "fo" else ""
        drawing = drawing.replace(f'<rect class="{css}"', f'<rect fill="{fill}"{stroke}')
    drawing = drawing.replace("<text ", '<text font-family="Tekst" font-size="13" ')
    return mark_safe(drawing)  # noqa: S308 - made by format_html above


def _bars(
    title: str, rows: Sequence[dict[str, Any]], series: Sequence[tuple[str, str]], width: int
) -> SafeString:
    top = max((sum(row["values"]) for row in rows), default=0) or 1
    label_width = 150 if width > 400 else 0
    step, bar = (34, 22) if label_width else (50, 20)
    scale = (width - label_width - 40) / top
    parts = []
    for index, row in enumerate(rows):
        y = index * step + 4
        if label_width:
            parts.append(format_html('<text x="0" y="{}">{}</text>', y + 16, row["label"]))
            x = float(label_width)
        else:
            parts.append(format_html('<text x="0" y="{}">{}</text>', y + 12, row["label"]))
            y, x = y + 18, 0.0
        for value, (_word, css) in zip(row["values"], series, strict=True):
            if not value:
                continue
            size = round(value * scale, 1)
            parts.append(
                format_html(
                    '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', css, round(x, 1), y, size, bar
                )
            )
            x += size
        parts.append(
            format_html(
                '<text class="tb" x="{}" y="{}">{}</text>', round(x + 6, 1), y + 16, sum(row["values"])
            )
        )
    height = len(rows) * step + 6
    return format_html(
        '<svg class="oa-chart {}" viewBox="0 0 {} {}" role="img"><title>{}</title>{}</svg>',
        "oa-hide-s" if label_width else "oa-only-s",
        width,
        height,
        title,
        mark_safe("".join(parts)),  # noqa: S308 - every part was made by format_html
    )


@register.filter
def rank_word(rank: int | None) -> str:
    """1st choice, 2nd choice: how people say it."""
    if not rank:
        return ""
    return gettext("choice %(rank)d") % {"rank": rank} if rank > 1 else gettext("1st choice")
