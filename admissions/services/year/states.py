"""Moving many rows from one state to another: counted, and refused when the table does not list the move."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Manager, Model
from django.utils.translation import gettext as _

from schools.errors import RefusedError

CHUNK = 900  # SQLite takes a limited number of values in one statement


class StateError(RefusedError):
    """The record is in another state than this action needs."""


def chunks(items: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def move_rows(
    manager: Manager[Any],
    ids: Sequence[int],
    *,
    old: str,
    new: str,
    moves: Mapping[str, set[str]],
    state_field: str = "state",
    **values: object,
) -> int:
    """Move exactly the rows ``ids`` from ``old`` to ``new``; StateError when one of them is not in ``old`` any more.

    ``values`` are set together with the state. Run it inside the transaction of the decision: a count that is off
    takes everything back (DESIGN section 4).
    """
    if new not in moves[old]:
        raise StateError(_("From “%(old)s” to “%(new)s” is not possible.") % {"old": old, "new": new})
    moved = 0
    for chunk in chunks(list(ids)):
        rows = manager.filter(**{"pk__in": chunk, state_field: old})
        moved += rows.update(**{state_field: new, **values})
    if moved != len(ids):
        raise StateError(_("Some records were changed by somebody else. Reload the page and try again."))
    return moved


def check_move(record: Model, target: str, moves: Mapping[str, set[str]], state: str) -> None:
    """StateError unless ``state`` of one record may become ``target``."""
    if target not in moves[state]:
        raise StateError(_("That is not possible in the state this record is in. Reload the page."))
