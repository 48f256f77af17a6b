"""Reminding schools of what the draw still waits for: one message a school, a condition and a day (DH-202)."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from admissions.enums import BoardCondition
from admissions.services.draws.board import Board, Cell, Row, readiness_board
from admissions.services.letters.recipients import LETTER_LANGUAGE, to_school
from notifications.enums import MessageKind
from notifications.models import Message
from notifications.services.outbox import send_now
from schools.clock import now
from schools.errors import RefusedError
from schools.models import AMSTERDAM, AdmissionYear, Round, User
from schools.services.events import Fact, record_events

C = BoardCondition
# Where a school mends it: the words of its own menu.
WHERE = {
    C.FORMS: ("menu", "Forms"),
    C.CLAIMS: ("menu", "Forms"),
    C.CARE: ("menu", "Care"),
    C.PLACES: ("menu", "Settings"),
    C.RULES: ("menu", "Settings"),
    C.LETTERS: ("menu", "Letter texts"),
    C.DRAW: ("menu", "Decisions"),
    C.SEATS: ("menu", "Places"),
    C.REPLIES: ("menu", "Admitted"),
    C.CONTACT: ("menu", "Settings"),
}


class NobodyToRemind(RefusedError):
    """No school was chosen that still has something to do."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One school with this condition open; ``is_told`` when it was reminded of it today already."""

    row: Row
    cell: Cell
    is_told: bool

    @property
    def email(self) -> str:
        return str(self.row.seat.programme.school.contact_email)


@dataclass(frozen=True, slots=True)
class Reminded:
    """What became of the reminders: sent, told earlier today, and in order by now."""

    sent: int
    told: int
    settled: int


def _key(brin: str, round_: Round, condition: str, day: str) -> str:
    return f"{brin}/{round_.code}/{condition}/{day}"


def waiting_schools(round_: Round, condition: BoardCondition, board: Board | None = None) -> list[Waiting]:
    """The schools whose condition is not in order now, by name."""
    found = (board or readiness_board(round_)).waiting(condition)
    day = now(round_.year).astimezone(AMSTERDAM).date().isoformat()
    keys = [_key(row.brin, round_, condition, day) for row, _cell in found]
    rows = Message.objects.filter(year=round_.year, kind=MessageKind.M22, case_key__in=keys)
    told = set(rows.values_list("case_key", flat=True))
    return [Waiting(row, cell, _key(row.brin, round_, condition, day) in told) for row, cell in found]


@transaction.atomic
def remind_schools(
    round_: Round, condition: BoardCondition, *, brins: Collection[str], actor: User
) -> Reminded:
    """M22 to the chosen schools where the condition is still open, once a day; each leaves an event (DH-200).

    Shapes: ``brins`` the schools that stood on the page and were chosen; one that is in order by now gets nothing.
    Errors: NobodyToRemind when no chosen school has anything to do; then nothing is sent.
    """
    # Two managers who press at once: the second finds the messages of the first.
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=round_.year_id)
    at = now(round_.year)
    day = at.astimezone(AMSTERDAM).date().isoformat()
    # The school reads Dutch, whatever the language of the office.
    with override(LETTER_LANGUAGE):
        waiting = {one.row.brin: one for one in waiting_schools(round_, condition)}
        chosen = [waiting[brin] for brin in sorted(set(brins) & waiting.keys())]
        new = [one for one in chosen if not one.is_told]
        messages = [_message(round_, condition, one, day) for one in new]
    if not chosen:
        raise NobodyToRemind(_("None of these schools has anything to do any more, so nobody was reminded."))
    send_now(messages, now=at)
    facts = [
        Fact("school_reminded", "school_round", f"{one.row.brin}/{round_.code}", new=condition.value)
        for one in new
    ]
    record_events(round_.year, facts, actor=actor)
    return Reminded(len(new), len(chosen) - len(new), len(set(brins) - waiting.keys()))


def _message(round_: Round, condition: BoardCondition, one: Waiting, day: str) -> Message:
    school = one.row.seat.programme.school
    return Message(
        year=round_.year,
        round=round_,
        kind=MessageKind.M22,
        case_key=_key(school.brin, round_, condition, day),
        school=school,
        merge={
            "school_name": school.name,
            "round_code": round_.code,
            "reason": _sentences(round_, condition, one.cell),
            "letter_date": day,
        },
        not_before=now(round_.year),
        **to_school(school),
    )


def _sentences(round_: Round, condition: BoardCondition, cell: Cell) -> str:
    """What is not in order, until when, and where it is mended."""
    context, menu = WHERE[condition]
    what = cell.finding.text if cell.finding else cell.text
    where = _("You mend it on the page “%(menu)s”.") % {"menu": pgettext(context, menu)}
    if round_.central_matching_on is None:
        return f"{what} {where}"
    until = date_format(round_.freeze_at.astimezone(AMSTERDAM), "l j F Y, H:i")
    before = _("It must be in order before %(until)s.") % {"until": until}
    return f"{what} {before} {where}"
