"""What every page of the place ledger shows: figures, proof, drawing and bookings from the same rows."""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import pgettext

from admissions.selectors.places import PlaceRow, bookings, closing, is_told
from admissions.texts.ledger import booking_words
from schools.context import round_name
from schools.models import Round


def ledger_context(
    rows: list[PlaceRow],
    rounds: Sequence[Round],
    chosen: str,
    shows: Callable[[Round], bool],
    *,
    title: str,
) -> dict[str, Any]:
    """What the ledger of one school shows, to the office and to the school itself, from the same rows."""
    row = next((r for r in rows if r.round.code == chosen), None)
    if row is None:  # the last round that was drawn, else the first one
        row = next((r for r in reversed(rows) if r.is_seen), rows[0] if rows else None)
    by_code = {r.code: r for r in rounds}
    told = row is not None and is_told(row, rounds, shows)
    is_whole = all(r.is_seen or not r.round.is_played for r in rows)
    return {
        "rows": rows,
        "shown": row,
        "closing": closing(rows) if is_whole else None,
        "bookings": [(b, booking_words(b, by_code)) for b in bookings(row, is_told=told)] if row else [],
        "chart": [
            {"label": round_name(r.round), "values": [r.placed, max(r.free, 0)]} for r in rows if r.is_seen
        ],
        "chart_title": title,
        "series": [(pgettext("chart", "Placed"), "f1"), (pgettext("chart", "Open, goes on"), "fo")],
    }
