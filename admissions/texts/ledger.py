"""The place ledger in words: what every booking says, and the steps of a waterfall."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from admissions.enums import EntryKind
from admissions.selectors.places import Booking, PlaceRow
from schools.context import round_name
from schools.models import Round

K = EntryKind
ROUTE = re.compile(r"(?:to|from) (\S+)")


def booking_words(booking: Booking, rounds: Mapping[str, Round]) -> str:
    """A booking in one sentence; its cause, as the services wrote it, becomes the name of the round."""
    n = abs(booking.places)
    match = ROUTE.fullmatch(booking.cause)
    other = rounds.get(match[1]) if match else None
    words = {"n": n, "round": round_name(other) if other else booking.cause}
    match booking.kind:
        case K.CEILING:
            if booking.places < 0:
                text = ngettext("%(n)d place less", "%(n)d places less", n)
            else:
                text = ngettext("%(n)d place: own ceiling", "%(n)d places: own ceiling", n)
        case K.CARRIED_IN:
            text = ngettext(
                "%(n)d open place carried in from %(round)s",
                "%(n)d open places carried in from %(round)s",
                n,
            )
        case K.CARRIED_OUT:
            text = ngettext(
                "%(n)d open place goes on to %(round)s", "%(n)d open places go on to %(round)s", n
            )
        case K.FREED_IN:
            text = ngettext("%(n)d place came free in %(round)s", "%(n)d places came free in %(round)s", n)
        case K.FREED_OUT:
            text = ngettext(
                "%(n)d place that came free goes to %(round)s",
                "%(n)d places that came free go to %(round)s",
                n,
            )
        case K.PLACED:
            text = ngettext("%(n)d child placed", "%(n)d children placed", n)
        case K.RELEASED:
            text = ngettext("%(n)d place left by an improver", "%(n)d places left by improvers", n)
        case K.WITHDRAWN:
            text = ngettext("%(n)d child withdrawn", "%(n)d children withdrawn", n)
        case _:
            text = (
                ngettext("%(n)d exception place paid back", "%(n)d exception places paid back", n)
                if booking.places < 0
                else ngettext("%(n)d exception place", "%(n)d exception places", n)
            )
    return text % words


def goes_to(row: PlaceRow) -> str:
    """Where the places of a row went that nobody got."""
    if not row.is_seen:
        return _("not drawn yet")
    if not row.free:
        return pgettext("ledger", "nothing left")
    return round_name(row.next_round) if row.next_round else _("the school, from 1 December")


def waterfall_steps(row: PlaceRow) -> list[tuple[str, int]]:
    """Steps from ceiling to what is open now; the five of every round, others only when they are not 0."""
    steps = [
        (pgettext("ledger step", "Own ceiling"), row.ceiling, True),
        (pgettext("ledger step", "Carried in"), row.carried_in, True),
        (pgettext("ledger step", "Freed in"), row.freed_in, True),
        (pgettext("ledger step", "Left by improvers"), row.released, False),
        (pgettext("ledger step", "Exception places"), row.exceptions, False),
        (pgettext("ledger step", "Placed"), -row.placed, True),
        (pgettext("ledger step", "Carried on"), -row.carried_out, True),
        (pgettext("ledger step", "Withdrawn"), row.withdrawn, False),
        (pgettext("ledger step", "Passed on to a VOVP"), -row.freed_out, False),
    ]
    return [(str(word), places) for word, places, is_always in steps if is_always or places]
