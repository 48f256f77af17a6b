"""What came of a round, for the office and, masked, for everybody: figures from the stored files and placements.

Source: DH-081, DH-090 to DH-099, DH-106, DH-161 to DH-163; DESIGN section 6. Children decided by hand without a session
are counted with the others. A count below five in a public report is shown as such; see ``masked``.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

from django.db.models import Count

from admissions.enums import ParticipationKind, ParticipationState
from admissions.masking import HIDDEN, hide, hide_one
from admissions.models import Participation, Placement
from admissions.services.explaining.explanations import RoundExplanation
from admissions.services.forms.intake import rules_by_code
from lottery.engine.files import Dossiers, parse_dossiers
from lottery.engine.grammar import CENTRAL
from lottery.engine.outcome import SessionOutcome
from lottery.engine.quality import SwapRoute, UnplacedCause, assess
from lottery.engine.standings import Standing, TierCount
from lottery.enums import SessionKind
from lottery.models import DrawSession
from lottery.services.passed_over import Examined, examine
from lottery.services.sessions import outcome_of
from schools.enums import RoundKind, RoundState
from schools.models import Programme, Round


@dataclass(frozen=True, slots=True)
class SchoolFigures:
    """One school in a round; None where the school took no part in that step, below zero what is not shown."""

    code: str
    name: str
    places: int | None  # when the lists were frozen; None without a ceiling
    first_choices: int | None
    admitted: int | None
    classes: tuple[TierCount, ...]
    rules: tuple[str, ...]
    by_hand: bool
    lots: bool
    last_rank: int | None  # of the school draw
    central_placed: int | None
    central_closed_at: (
        int | None
    )  # last rank in the central draw; None while there was room, or nothing to give
    central_limit: str  # free, closed or limit


@dataclass(frozen=True, slots=True)
class Earlier:
    """The line of one round in the comparison."""

    round: Round
    children: int
    first: int
    lower: int
    unplaced: int

    @property
    def first_share(self) -> float | None:
        return _share(self.first, self.children)

    @property
    def placed_share(self) -> float | None:
        if min(self.first, self.lower) < 0:
            return None
        return _share(self.first + self.lower, self.children)


def _share(part: int, whole: int) -> float | None:
    return None if min(part, whole) < 0 or not whole else 100 * part / whole


@dataclass(frozen=True, slots=True)
class RoundReport:
    """Everything the page, the PDF and the export tell of a round."""

    round: Round
    session: DrawSession
    is_public: bool
    children: int
    by_rank: tuple[tuple[int, int], ...]  # (preference on the whole list, children)
    unplaced: int
    causes: tuple[tuple[UnplacedCause, int], ...]
    improved: int
    kept: int
    schools: tuple[SchoolFigures, ...]
    central_children: int
    examined: Examined
    swaps: tuple[SwapRoute, ...]
    swap_pairs: int
    earlier: tuple[Earlier, ...] = field(default=())
    names: dict[str, str] = field(default_factory=dict)

    @property
    def first(self) -> int:
        return dict(self.by_rank).get(1, 0)

    @property
    def placed(self) -> int:
        counts = [count for _rank, count in self.by_rank]
        return HIDDEN if min(counts, default=0) < 0 else sum(counts)

    @property
    def first_share(self) -> float | None:
        return _share(self.first, self.children)

    @property
    def is_vovp(self) -> bool:
        return self.round.kind == RoundKind.VOVP


class NoReport(Exception):
    """The round has no official session."""


def round_report(round_: Round, *, sees_care: bool) -> RoundReport:
    """The whole report, for the office. ``sees_care`` False: the care route counts among the others (DH-180).

    Errors: NoReport while the round has no official result.
    """
    explanation = RoundExplanation(round_)
    main = next((row for row in explanation.sessions if row.kind == SessionKind.ROUND), None)
    if main is None:
        raise NoReport(round_.code)
    lists, outcome = parse_dossiers(bytes(main.dossiers)), outcome_of(main)
    told = explanation.explained(main)
    quality = assess(lists, outcome, told.reasons)
    by_rank = placed_by_rank(round_)
    causes = Counter(dict(quality.unplaced))
    causes[UnplacedCause.CARE_ROUTE] += len(explanation.left_out)
    improved, kept = quality.moved_up, quality.kept_seat
    unplaced = sum(causes.values())
    if not sees_care and causes[UnplacedCause.CARE_ROUTE]:
        causes = Counter()  # the others would tell how many children are in the care route
    central = next((draw for draw in outcome.draws if draw.id == CENTRAL), None)
    placed = sum(count for _rank, count in by_rank)
    children = len(lists.children) if round_.kind == RoundKind.VOVP else placed + unplaced
    return RoundReport(
        round=round_,
        session=main,
        is_public=False,
        children=children,
        by_rank=by_rank,
        unplaced=unplaced,
        causes=tuple((cause, causes[cause]) for cause in UnplacedCause if causes[cause]),
        improved=improved,
        kept=kept,
        schools=_schools(explanation, main, lists, outcome),
        central_children=central.children if central else 0,
        examined=examine(bytes(main.dossiers), bytes(main.outcome or b"")),
        swaps=quality.swaps,
        swap_pairs=quality.mutual_swaps,
        earlier=earlier_rounds(round_),
        names=_names(round_),
    )


def placed_by_rank(round_: Round) -> tuple[tuple[int, int], ...]:
    """(preference, children) as the round decided: rows that later rounds and replies do not change."""
    ranks = Placement.objects.filter(school_round__round=round_).order_by().values_list("preference_rank")
    return tuple(sorted(ranks.annotate(n=Count("pk")).values_list("preference_rank", "n")))


def _names(round_: Round) -> dict[str, str]:
    rows = Programme.objects.filter(school_rounds__round=round_)
    return dict(rows.values_list("code", "name"))


def _schools(
    explanation: RoundExplanation, main: DrawSession, lists: Dossiers, outcome: SessionOutcome
) -> tuple[SchoolFigures, ...]:
    """By name of the school; draws by hand from their own session or from the trail."""
    round_ = explanation.round
    names, rules = _names(round_), rules_by_code(round_.year)
    drawn: dict[str, Standing] = {}
    for session in explanation.sessions:
        for (draw, code), standing in explanation.explained(session).standings.items():
            if draw != CENTRAL:
                drawn[code] = standing
    main_standings = explanation.explained(main).standings
    has_central = any(draw.id == CENTRAL for draw in outcome.draws)
    rows = []
    for school in lists.schools:
        own, central = drawn.get(school.code), main_standings.get((CENTRAL, school.code))
        hand = explanation.hand_at(school.code)
        if hand is not None and own is not None and own.children == hand.children:
            hand = None  # everybody was in the draw by hand: its session tells more
        rows.append(
            SchoolFigures(
                code=school.code,
                name=names.get(school.code, school.code),
                places=hand.places if hand else own.places if own else school.places,
                first_choices=hand.children if hand else own.children if own else None,
                admitted=hand.admitted if hand else own.admitted if own else None,
                classes=own.tiers if own and hand is None else (),
                rules=rules.get(school.code, ()),
                by_hand=hand is not None or bool(own and own.by_hand),
                lots=bool(own and own.needs_lots) or bool(hand and hand.children > hand.places),
                last_rank=own.last_rank if own else None,
                central_placed=central.admitted if central and has_central else None,
                central_closed_at=central.last_rank if central else None,
                central_limit=central.cutoff.kind if central else "",
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.name, row.code)))


def earlier_rounds(round_: Round, limit: int = 6) -> tuple[Earlier, ...]:
    """Rounds of the same kind in this region that were drawn before this one, the newest first."""
    before = Round.objects.filter(
        year__region=round_.year.region,
        kind=round_.kind,
        state__in=[RoundState.MATCHED, RoundState.VISIBLE_TO_SCHOOLS, RoundState.OFFERS, RoundState.CLOSED],
        central_matching_on__lt=round_.central_matching_on,
    ).select_related("year__region")
    return tuple(_summary(row) for row in before.order_by("-central_matching_on")[:limit])


def _summary(round_: Round) -> Earlier:
    ranks = dict(placed_by_rank(round_))
    placed, first = sum(ranks.values()), ranks.get(1, 0)
    if round_.kind == RoundKind.VOVP:
        rows = Participation.objects.filter(round=round_)
        unplaced = rows.filter(kind=ParticipationKind.UNPLACED, state=ParticipationState.UNCHANGED).count()
        drawn = (ParticipationState.PLACED, ParticipationState.IMPROVED, ParticipationState.UNCHANGED)
        return Earlier(round_, rows.filter(state__in=drawn).count(), first, placed - first, unplaced)
    explanation = RoundExplanation(round_)
    main = next((row for row in explanation.sessions if row.kind == SessionKind.ROUND), None)
    without = 0 if main is None else sum(code is None for code in outcome_of(main).final_places().values())
    without += len(explanation.left_out)
    return Earlier(round_, placed + without, first, placed - first, without)


# For everybody


def masked(report: RoundReport) -> RoundReport:
    """The same report for everybody: small counts hidden, no care route, no routes between two schools.

    A VOVP tells nothing per school: numbers of places and held seats would show a school how many of its children
    want to leave (DH-135; OA-LOT/1 section 7 point 9).
    """
    *ranks, unplaced = hide([*(count for _rank, count in report.by_rank), report.unplaced])
    by_rank = tuple((rank, count) for (rank, _count), count in zip(report.by_rank, ranks, strict=True))
    by_cause = Counter(dict(report.causes))
    if by_cause[UnplacedCause.CARE_ROUTE]:
        by_cause = Counter()  # the rest would tell how many children are in the care route
    causes = tuple(zip(by_cause, hide(list(by_cause.values())), strict=True))
    if unplaced < 0:
        causes = ()
    columns = () if report.is_vovp else hide_columns(report.schools, unplaced=report.unplaced)
    return RoundReport(
        round=report.round,
        session=report.session,
        is_public=True,
        children=hide_one(report.children),
        by_rank=by_rank,
        unplaced=unplaced,
        causes=causes,
        improved=hide_one(report.improved),
        kept=hide_one(report.kept),
        schools=tuple(
            _masked_school(row, *shown)
            for row, shown in zip(report.schools if columns else (), columns, strict=True)
        ),
        central_children=hide_one(report.central_children),
        examined=report.examined,
        swaps=(),
        swap_pairs=hide_one(report.swap_pairs),
        earlier=tuple(_masked_earlier(row) for row in report.earlier),
        names=report.names,
    )


def hide_columns(
    schools: tuple[SchoolFigures, ...], *, unplaced: int
) -> tuple[tuple[int | None, int | None, int | None], ...]:
    """Per school first choices, admitted and centrally placed as everybody may see them, side by side.

    Every column adds up to a figure of the whole round, so one school that is hidden alone would follow from it. The
    last column is weighed with ``unplaced``, since the two together are the children who were drawn out.
    """
    chosen = hide([row.first_choices or 0 for row in schools])
    admitted = hide([row.admitted or 0 for row in schools])
    central = hide([*(row.central_placed or 0 for row in schools), unplaced])
    found = []
    for row, wanted, got, placed in zip(schools, chosen, admitted, central[:-1], strict=True):
        # Without lots everybody who chose the school got in: the one figure would tell the other.
        got = HIDDEN if wanted < 0 < got and not row.lots else got
        wanted = HIDDEN if got < 0 < wanted and not row.lots else wanted
        found.append(
            (
                None if row.first_choices is None else wanted,
                None if row.admitted is None else got,
                None if row.central_placed is None else placed,
            )
        )
    return tuple(found)


def _masked_school(
    row: SchoolFigures, first_choices: int | None, total: int | None, central: int | None
) -> SchoolFigures:
    admitted = hide([count.admitted for count in row.classes])
    if total is not None and total < 0:
        # The groups would add up to what is not shown.
        admitted = tuple(HIDDEN if count > 0 else count for count in admitted)
    refused = hide([count.children - count.admitted for count in row.classes])
    hides_children = (first_choices or 0) < 0
    classes = tuple(
        TierCount(count.tier, HIDDEN if hides_children or min(got, lost) < 0 else count.children, got)
        for count, got, lost in zip(row.classes, admitted, refused, strict=True)
    )
    return replace(
        row,
        first_choices=first_choices,
        admitted=total,
        classes=classes,
        central_placed=central,
    )


def _masked_earlier(row: Earlier) -> Earlier:
    first, lower, unplaced = hide([row.first, row.lower, row.unplaced])
    return Earlier(row.round, hide_one(row.children), first, lower, unplaced)
