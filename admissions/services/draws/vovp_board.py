"""The board of a VOVP: the steps of the round, and what is still open at schools (den-haag.md 2.9, 4.4, 4.6, Q-23).

It counts families and places, for the office alone: no page of a school reads any of this (DH-135).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from admissions.enums import PlacementState
from admissions.models import Placement
from admissions.selectors.vovp import VovpCounts, inventory_of, vovp_counts
from admissions.services.draws.preflight import Finding
from admissions.services.places.vovp_calendar import TOLD
from lottery.selectors import live_sessions
from schools.calendar_words import dates_in_words
from schools.clock import now
from schools.context import round_name
from schools.enums import PLAYED_STATES, RoundState
from schools.models import AMSTERDAM, Round, SchoolRound, local_moment
from schools.services.rounds import missing_dates
from schools.texts import long_date, long_moment

R = RoundState
DONE, LATE, NOW, LATER = "ok", "err", "warn", ""
# The states that a VOVP has left behind once it is in a later one.
BEFORE_OPT_IN = (R.PLANNED, R.INVITED)
BEFORE_CLOSE = (*BEFORE_OPT_IN, R.OPT_IN)
SEEN_BY_SCHOOLS = (R.VISIBLE_TO_SCHOOLS, R.OFFERS, R.CLOSED)


@dataclass(frozen=True, slots=True)
class VovpStep:
    """One condition of the round itself; ``address`` is a page that takes the code of the round."""

    label: str
    tone: str
    text: str
    address: str = ""


def vovp_seats(round_: Round) -> list[SchoolRound]:
    """Every school by name, with its places, the seats of improvers who take part, and overdue replies; two queries."""
    seats = list(inventory_of(round_).order_by("programme__name", "pk"))
    late = (
        Placement.objects.filter(
            school_round__round__year=round_.year_id,
            state=PlacementState.OFFERED,
            respond_by__lt=now(round_.year).astimezone(AMSTERDAM).date(),
        )
        .order_by()
        .values_list("school_round__programme")
        .annotate(n=Count("pk"))
    )
    overdue = dict(late)
    for seat in seats:
        seat.overdue = overdue.get(seat.programme_id, 0)  # type: ignore[attr-defined]
    return seats


def places_in(seat: SchoolRound) -> int:
    """What the ledger brings into this round."""
    return int((seat.carried_in or 0) + (seat.freed_in or 0))  # type: ignore[attr-defined]


def held_in(seat: SchoolRound) -> int:
    """Seats of improvers who take part: usable in the same matching when they win (DH-139)."""
    return int(seat.held)  # type: ignore[attr-defined]


def seat_word(seat: SchoolRound) -> str:
    """Places, and with them the seats of improvers."""
    held = held_in(seat)
    return f"{places_in(seat)} + {held}" if held else str(places_in(seat))


def vovp_findings(round_: Round, seats: Sequence[SchoolRound]) -> Iterator[Finding]:
    """What is not in order at a school; only sums that do not add up are red."""
    for seat in seats:
        school = seat.programme.school
        name, brin = seat.programme.name, school.brin
        stands = seat.open_places or 0  # type: ignore[attr-defined]
        if seat.is_capped and round_.state not in PLAYED_STATES and stands != places_in(seat):
            text = _("The ledger has %(found)d places and %(expected)d were brought in.") % {
                "found": stands,
                "expected": places_in(seat),
            }
            short = pgettext("board cell", "does not add up")
            yield Finding(True, text, name, brin, "admissions:ledger-school", "seats", seat.pk, short)
        if n := seat.overdue:  # type: ignore[attr-defined]
            text = ngettext(
                "%(n)d family did not reply in time. Until that is recorded its place is not in this round.",
                "%(n)d families did not reply in time. Until that is recorded their places are not in this round.",
                n,
            ) % {"n": n}
            short = pgettext("board cell", "%(n)d to record") % {"n": n}
            yield Finding(False, text, name, brin, "admissions:admitted-list", "replies", seat.pk, short)
        if not school.contact_email:
            text = _("The school has no mail address: nobody there hears that a child was placed (M13).")
            short = pgettext("board cell", "no address")
            yield Finding(False, text, name, brin, "admissions:school-edit", "contact", seat.pk, short)


def vovp_steps(round_: Round, seats: Sequence[SchoolRound]) -> list[VovpStep]:
    """Eight steps from the invitation to the message, each with how it stands; at most four queries."""
    at = now(round_.year)
    today = at.astimezone(AMSTERDAM).date()
    counts = vovp_counts(round_)
    known = _known(round_, today)
    invited = _invited(round_, counts, today, is_next=known.tone == DONE)
    steps = [known, invited, _window(round_, counts)]
    places = sum(places_in(seat) for seat in seats)
    held = sum(held_in(seat) for seat in seats)
    wrong = [one for one in vovp_findings(round_, seats) if one.kind == "seats"]
    words = _("Places: %(places)d. Seats of improvers who take part: %(held)d.") % {
        "places": places,
        "held": held,
    }
    tone = LATE if wrong else LATER if round_.state in BEFORE_CLOSE else DONE
    steps.append(VovpStep(pgettext("vovp step", "Places add up"), tone, words, "admissions:vovp-places"))
    session = live_sessions(round_).values_list("name", flat=True).first()
    room = "admissions:draw-room-round"
    if session is not None:
        text, tone = _("Session %(name)s.") % {"name": session}, DONE
    elif round_.central_matching_on is None:
        text, tone = _("The day is not known yet."), LATER
    else:
        text = _("At the latest on %(moment)s.") % {"moment": long_moment(round_.freeze_at)}
        tone = LATER if round_.state in BEFORE_CLOSE else LATE if at > round_.freeze_at else NOW
    steps.append(VovpStep(pgettext("vovp step", "Lists frozen"), tone, text, room))
    is_drawn = round_.state in PLAYED_STATES
    steps.append(_dated(pgettext("vovp step", "Drawn"), round_.central_matching_on, today, is_drawn, room))
    seen = round_.visible_to_schools_at
    text = long_moment(seen) if seen else _("The day is not known yet.")
    tone = DONE if round_.state in SEEN_BY_SCHOOLS else LATE if seen and at >= seen and is_drawn else LATER
    steps.append(VovpStep(pgettext("vovp step", "Visible to schools"), tone, text))
    is_told = round_.state in TOLD
    steps.append(
        _dated(pgettext("vovp step", "Families told"), round_.offers_on, today, is_told, "admissions:release")
    )
    return steps


def _dated(label: str, day: date | None, today: date, is_done: bool, address: str) -> VovpStep:
    text = long_date(day) if day else _("The day is not known yet.")
    tone = DONE if is_done else LATER if day is None or today < day else NOW if today == day else LATE
    return VovpStep(label, tone, text, address)


def _known(round_: Round, today: date) -> VovpStep:
    served = list(round_.serves.order_by("position"))
    waiting = [round_name(one) for one in served if one.state not in TOLD]
    label = pgettext("vovp step", "Earlier results known")
    if not waiting:
        return VovpStep(label, DONE, ", ".join(round_name(one) for one in served))
    text = _("Families of %(rounds)s do not know their result yet.") % {"rounds": ", ".join(waiting)}
    begun = round_.opt_in_from is not None and today >= round_.opt_in_from
    return VovpStep(label, LATE if begun else LATER, text, "admissions:round-detail")


def _invited(round_: Round, counts: VovpCounts, today: date, *, is_next: bool) -> VovpStep:
    label, url = pgettext("vovp step", "Families invited"), "admissions:vovp-round"
    missing = missing_dates(round_)
    if missing:
        text = _("These dates are missing: %(dates)s.") % {"dates": dates_in_words(missing)}
        return VovpStep(label, LATE, text, "admissions:planner-round")
    assert round_.opt_in_from is not None
    if round_.state == R.PLANNED:
        text = _("Before %(day)s, when the window opens.") % {"day": long_date(round_.opt_in_from)}
        tone = LATE if today >= round_.opt_in_from else NOW if is_next else LATER
        return VovpStep(label, tone, text, url)
    text = _("%(unplaced)d without a place and %(improvers)d placed lower.") % {
        "unplaced": counts.unplaced,
        "improvers": counts.improvers,
    }
    return VovpStep(label, DONE, text, url)


def _window(round_: Round, counts: VovpCounts) -> VovpStep:
    label, url = pgettext("vovp step", "Window for opting in"), "admissions:vovp-round"
    if round_.opt_in_from is None or round_.opt_in_until is None:
        return VovpStep(label, LATER, _("The day is not known yet."), url)
    days = {"first": long_date(round_.opt_in_from), "last": long_date(round_.opt_in_until)}
    text = _("From %(first)s to %(last)s.") % days
    if round_.state in BEFORE_OPT_IN:
        opened = local_moment(round_.opt_in_from) <= now(round_.year)
        return VovpStep(label, LATE if opened and round_.state == R.PLANNED else LATER, text, url)
    taking = {"n": counts.taking_part, "all": counts.families}
    text = f"{text} " + _("%(n)d of %(all)d families take part.") % taking
    return VovpStep(label, NOW if round_.state == R.OPT_IN else DONE, text, url)
