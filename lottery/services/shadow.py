"""Two ways to look at a finished draw again without drawing again (OA-LOT/1 section 8).

The shadow result computes with the same K and corrected classes or places. The standing of a lot that was drawn
afterwards tells where its child would have stood: all lots are uniform on the same range.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from lottery.engine.commitment import parse_commitment, parse_seed
from lottery.engine.files import ChildLine, Dossiers, parse_dossiers
from lottery.engine.grammar import CENTRAL
from lottery.engine.outcome import CutoffLine, DrawOutcome, SessionOutcome
from lottery.engine.session import compute_shadow
from lottery.models import DrawSession
from lottery.services.sessions import SessionError, outcome_of


@dataclass(frozen=True, slots=True)
class Change:
    """One number in the draw: the school it got, and the one it would have got; None = no place."""

    number: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a lot drawn afterwards stands: the school it reaches, in which draw; None = no place."""

    code: str | None
    draw: str


def placed_in(outcome: SessionOutcome) -> dict[str, str | None]:
    """The school of every number of a session, None for those without a place."""
    found: dict[str, str | None] = {}
    for draw in outcome.draws:
        for line in draw.lines:
            found[line.regno] = found.get(line.regno) or line.code
    return found


def corrected(dossiers: Dossiers, *, tiers: Mapping[str, int], places: Mapping[str, int]) -> Dossiers:
    """The lists with other classes at the first choice (by number) and other places (by code)."""
    numbers, codes = (
        {child.regno for child in dossiers.children},
        {school.code for school in dossiers.schools},
    )
    unknown = next(iter([*(set(tiers) - numbers), *(set(places) - codes)]), None)
    if unknown is not None:
        raise SessionError(_("“%(what)s” does not take part in this session.") % {"what": unknown})
    wrong = next((tier for tier in tiers.values() if not 1 <= tier <= 9), None)
    if wrong is not None:
        raise SessionError(_("Class %(tier)d does not exist: classes are 1 to 9.") % {"tier": wrong})
    return replace(
        dossiers,
        schools=tuple(
            replace(school, places=places[school.code])
            if school.code in places and school.places is not None
            else school
            for school in dossiers.schools
        ),
        children=tuple(
            replace(child, choices=((child.choices[0][0], tiers[child.regno]), *child.choices[1:]))
            if child.regno in tiers
            else child
            for child in dossiers.children
        ),
    )


def shadow_changes(
    session: DrawSession, *, tiers: Mapping[str, int], places: Mapping[str, int]
) -> tuple[list[Change], int]:
    """Every number whose place would differ, in order of number, and how many stay as they are."""
    outcome = outcome_of(session)
    dossiers = parse_dossiers(bytes(session.dossiers))
    assert session.seed is not None  # a verified session has one
    shadow = compute_shadow(
        dossiers,
        corrected(dossiers, tiers=tiers, places=places),
        parse_commitment(bytes(session.commitment)),
        parse_seed(bytes(session.seed)),
    )
    before, after = placed_in(outcome), placed_in(shadow)
    changes = [
        Change(number, before.get(number), after.get(number))
        for number in sorted(before.keys() | after.keys())
        if before.get(number) != after.get(number)
    ]
    return changes, len(before.keys() | after.keys()) - len(changes)


def standing(original: DrawSession, mini: DrawSession) -> Standing:
    """Compare the lots of the one child of ``mini`` with where the schools closed in ``original``.

    Exact for children drawn alone, as the rule for parents is (section 6): in the school draw class and lot, in the
    central draw the first school of the list that is ``vrij`` or whose grens is not lower than the lot.
    """
    (child,) = parse_dossiers(bytes(mini.dossiers)).children
    lots = {draw.id: draw.lines[0].lot for draw in outcome_of(mini).draws if draw.lines}
    draws = {draw.id: draw for draw in outcome_of(original).draws}
    first = child.choices[0][0]
    at_school = f"school/{first}"
    if "S" in child.participation and _reaches_at_school(original, child, draws.get(at_school), lots):
        return Standing(first, at_school)
    if "C" not in child.participation or CENTRAL not in draws:
        return Standing(None, at_school)
    cutoffs = {cutoff.code: cutoff for cutoff in draws[CENTRAL].cutoffs}
    for code, _tier in child.choices:
        if _reaches(cutoffs[code], lots[CENTRAL]):
            return Standing(code, CENTRAL)
    return Standing(None, CENTRAL)


def _reaches_at_school(
    original: DrawSession, child: ChildLine, draw: DrawOutcome | None, lots: Mapping[str, str]
) -> bool:
    first, tier = child.choices[0]
    if draw is None:  # nobody had this school as first choice: whoever comes finds what there was
        schools = {school.code: school.places for school in parse_dossiers(bytes(original.dossiers)).schools}
        return schools[first] is None or bool(schools[first])
    (cutoff,) = draw.cutoffs
    if cutoff.kind == "limit":
        return (tier, lots[draw.id]) <= (cutoff.tier or 0, cutoff.lot or "")
    # Free: nobody was refused. With exactly as many children as places the next one still finds no place open,
    # and is placed above the ceiling: it would have been drawn with the others.
    return cutoff.kind == "free"


def _reaches(cutoff: CutoffLine, lot: str) -> bool:
    return cutoff.kind == "free" or (cutoff.kind == "limit" and lot <= (cutoff.lot or ""))
