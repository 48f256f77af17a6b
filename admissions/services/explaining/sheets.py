"""The parent's sheet (ouderblad): one child's own lines of the draws, to be checked by anybody (OA-LOT/1 section 12).

Nothing of a round stands on it before all families know the result (DH-111, DH-142). It names no child: number, school
names, ranks and codes only.
"""

import hashlib
import shlex
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import pgettext

from admissions.models import Application
from admissions.services.explaining.explanations import RoundExplanation, Taken, Why, explanations_of
from admissions.services.explaining.reasons import limit_words, sentence
from admissions.services.explaining.sheet_links import sheet_start
from lottery.engine.files import ChildLine, child_line, parse_dossiers, seal
from lottery.engine.grammar import CENTRAL, draw_code
from lottery.enums import Profile
from lottery.models import DrawSession
from lottery.selectors import families_know, families_know_at
from lottery.services.draw_record import Publication, publication_of
from schools.enums import RoundKind
from schools.models import Programme, Round
from schools.services.pdf import Press

TEMPLATE: Final = "admissions/sheet_pdf.html"
STYLES: Final = ("css/record.css", "css/sheet.css")
KEY: Final = "K=$(sha256sum < zaad.txt | cut -c1-64)"


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """One school on the list: what was decided there, and where it closed."""

    rank: int
    name: str
    code: str
    is_here: bool
    reason: str
    limit: str


@dataclass(frozen=True, slots=True)
class DrawLine:
    """The child in one draw: "lot 47 of 212", and the line of the published outcome it was read from."""

    is_central: bool
    school: str  # of a school draw
    rank: int
    total: int
    lot: str
    position: int | None  # in a draw by hand: the how-manieth lot that was drawn
    line: str


@dataclass(frozen=True, slots=True)
class SessionPart:
    """One session the child took part in."""

    session: DrawSession
    number: str
    dossier_line: str
    seal: str
    draws: tuple[DrawLine, ...]
    is_limited: bool  # the participants and the whole outcome are not public (a VOVP)
    by_hand: bool
    check_command: str  # controleer.py with the child's number; empty where the public files do not allow it
    lot_commands: tuple[str, ...]
    seal_command: str


@dataclass(frozen=True, slots=True)
class RoundPart:
    round: Round
    schools: tuple[SchoolLine, ...]
    sessions: tuple[SessionPart, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything a family may check by now; the newest round first."""

    application: Application
    parts: tuple[RoundPart, ...]


def sheet_of(application: Application, *, now: datetime, with_vovp: bool = True) -> Sheet | None:
    """The sheet in the active language; None while no round of this child is known to its family.

    Shapes: ``now`` by the clock of the year; ``with_vovp`` False for who may not know of a VOVP (DH-135).
    """
    parts = [
        _round_part(explanation, whys, application)
        for explanation, whys in explanations_of(application)
        if families_know(explanation.round, now=now)
        and (with_vovp or explanation.round.kind != RoundKind.VOVP)
    ]
    return Sheet(application, tuple(reversed(parts))) if parts else None


def opens_at(application: Application, *, now: datetime) -> datetime | None:
    """When the family hears of its own period, while that moment lies ahead."""
    moment = families_know_at(application.first_choice.round)
    return moment if moment is not None and moment > now else None


def shows_care(sheet: Sheet) -> bool:
    """A frozen line with participation S says that the school has a care duty (DH-180)."""
    return any(session.dossier_line.split("|")[3] == "S" for part in sheet.parts for session in part.sessions)


def may_print(application: Application, *, now: datetime, sees_care: bool) -> bool:
    """Whether the school of first choice may print the sheet: only of a child it admitted itself, never of a VOVP.

    The sheet holds the whole list and where it ended. Of a drawn-out child that would tell this school where it was
    placed (Q-16), of a child in a VOVP that it takes part (DH-135); their families have their own page.
    """
    if not families_know(application.first_choice.round, now=now):
        return False
    care = getattr(application, "care_case", None)
    if care is not None and care.has_duty and not sees_care:
        return False
    return application.placements.filter(school_round=application.first_choice, preference_rank=1).exists()


def _round_part(explanation: RoundExplanation, whys: tuple[Why, ...], application: Application) -> RoundPart:
    region = explanation.round.year.region
    names = dict(
        Programme.objects.filter(school__region=region, code__in=[why.code for why in whys]).values_list(
            "code", "name"
        )
    )
    schools = tuple(
        SchoolLine(
            why.rank, names.get(why.code, why.code), why.code, why.is_here, sentence(why), limit_words(why)
        )
        for why in whys
    )
    taken = explanation.taken_by(application.registration_number)
    return RoundPart(
        explanation.round, schools, tuple(_session_part(one, explanation.round, names) for one in taken)
    )


def _session_part(taken: Taken, round_: Round, names: dict[str, str]) -> SessionPart:
    session, number = taken.session, taken.number
    children: dict[str, ChildLine] = {
        child.regno: child for child in parse_dossiers(bytes(session.dossiers)).children
    }
    child = children[number]
    line, by_hand = child_line(child), session.profile == Profile.H
    is_limited = publication_of(round_) == Publication.OWN_LINES
    draws = _draw_lines(session, number, names, by_hand=by_hand)
    check = (
        ""
        if is_limited
        else (f"python3 -I controleer.py . --vastlegging {session.commitment_hash} --kind {number}")
    )
    lots = () if by_hand else tuple(_lot_command(session, draw, child) for draw in draws)
    return SessionPart(
        session=session,
        number=number,
        dossier_line=line,
        seal=seal(child),
        draws=draws,
        is_limited=is_limited,
        by_hand=by_hand,
        check_command=check,
        lot_commands=lots,
        seal_command=f"printf '%s' {shlex.quote(line)} | sha256sum",
    )


def _draw_lines(
    session: DrawSession, number: str, names: dict[str, str], *, by_hand: bool
) -> tuple[DrawLine, ...]:
    """The child's own lines of uitslag.txt, as they stand there."""
    totals: dict[str, int] = {}
    found = []
    for line in bytes(session.outcome or b"").decode("ascii").splitlines():
        word, *fields = line.split("|")
        if word == "loting":
            totals[fields[0]] = int(fields[2])
        elif word == "uitkomst" and fields[2] == number:
            draw, rank, lot = fields[0], int(fields[1]), fields[5]
            code = draw_code(draw) or ""
            position = int(lot, 16) if by_hand else None
            is_central = draw == CENTRAL
            found.append(DrawLine(is_central, names.get(code, code), rank, totals[draw], lot, position, line))
    return tuple(found)


def _lot_command(session: DrawSession, draw: DrawLine, child: ChildLine) -> str:
    """The lot by openssl (section 11); every field is of the closed grammar, so nothing needs quoting."""
    message = f"OA-LOT/1|lot|{session.name}|{draw.line.split('|')[1]}|{child.unit}"
    return f"{KEY}; printf '%s' '{message}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$K"


def sheet_pdf(sheet: Sheet, *, moment: datetime, language: str, code: str = "") -> bytes:
    """The sheet on paper; the same sheet at the same moment gives the same bytes. ``code`` opens the family's page."""
    with translation.override(language):
        context = {
            "sheet": sheet,
            "language": language,
            "code": code,
            "moment": moment,
            "title": pgettext("parent's sheet", "The draw of your child"),
            "region": sheet.application.year.region,
            "start_path": sheet_start(),
        }
        html = render_to_string(TEMPLATE, context)
    key = hashlib.sha256(html.encode()).hexdigest()[:32].encode("ascii")
    return _press().render(html, identifier=key)


@cache
def _press() -> Press:
    return Press(*STYLES)
