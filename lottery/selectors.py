"""Sessions as their readers may see them: officials all, the public what the moment allows, a child its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from lottery.engine.commitment import parse_seed
from lottery.engine.explain import Reason, explain
from lottery.engine.files import parse_dossiers
from lottery.engine.outcome import parse_outcome
from lottery.engine.standings import Standings, standings
from lottery.enums import AttestationKind, Profile, SessionKind, SessionState
from lottery.models import Attestation, Draw, DrawOutcome, DrawSession, SessionNumber, TimeStamp
from schools.enums import RoundState
from schools.models import Region, Round, local_moment

# Nobody has confirmed it yet, or it counts no more.
NOT_PUBLIC = (SessionState.FROZEN, SessionState.VOID)
# The files and reports: hundreds of kilobytes that a list does not need.
BYTES = (
    "dossiers",
    "participants",
    "commitment",
    "seed",
    "outcome",
    "record",
    "public_record",
    "verifier_report",
)


def sessions_in(region: Region) -> QuerySet[DrawSession]:
    """Sessions of a region, the newest first, with ``children`` and ``has_record``; without their bytes."""
    children = SessionNumber.objects.filter(session=OuterRef("pk")).order_by().values("session")
    return (
        DrawSession.objects.filter(round__year__region=region)
        .select_related("round__year")
        .defer(*BYTES)
        .annotate(
            children=Coalesce(
                Subquery(children.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
            ),
        )
        .order_by("-frozen_at", "-pk")
    )


def live_sessions(round_: Round) -> QuerySet[DrawSession]:
    """Sessions of a whole round that are not void, the newest first."""
    rows = DrawSession.objects.filter(round=round_, kind=SessionKind.ROUND)
    return rows.exclude(state=SessionState.VOID).order_by("-pk")


def draws_of(session: DrawSession) -> QuerySet[Draw]:
    """The draws of a session in order, with ``placed``: children who got a place in it."""
    placed = DrawOutcome.objects.filter(draw=OuterRef("pk")).exclude(code="").order_by().values("draw")
    counted = Subquery(placed.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    return Draw.objects.filter(session=session).annotate(placed=Coalesce(counted, 0)).order_by("position")


@dataclass(frozen=True, slots=True)
class Explained:
    """What a verified session says of everybody in it: reasons by number, and the figures behind them."""

    reasons: Mapping[str, tuple[Reason, ...]]
    standings: Standings


def explained(session: DrawSession) -> Explained:
    """Read the files of a session once, for one child or for all. Empty before the second program has agreed."""
    if not session.is_verified or session.outcome is None:
        return Explained({}, {})
    lists, outcome = parse_dossiers(bytes(session.dossiers)), parse_outcome(bytes(session.outcome))
    by_hand = session.profile == Profile.H
    return Explained(explain(lists, outcome), standings(lists, outcome, by_hand=by_hand))


# What everybody may see


def families_know_at(round_: Round) -> datetime | None:
    """The moment from which families know their result: the offer day, the message day of a VOVP (DH-111, DH-142)."""
    return local_moment(round_.offers_on) if round_.offers_on else None


def families_know(round_: Round, *, now: datetime) -> bool:
    """The day has come and the messages have left; a day that comes while nothing was sent opens nothing."""
    moment = families_know_at(round_)
    return moment is not None and now >= moment and round_.state in (RoundState.OFFERS, RoundState.CLOSED)


@dataclass(frozen=True, slots=True)
class PublicSession:
    """What the public may know of a session by now (OA-LOT/1 section 7 points 2, 8 and 9).

    From the freeze: name and commitment. From the official result: lock of the dice, beacon round and hash of the
    outcome. From the moment families know (``is_open``): files and the public record.
    """

    session: DrawSession
    is_official: bool
    is_open: bool
    opens_at: datetime | None
    beacon_round: int | None
    now: datetime  # by the clock of its year

    @property
    def round(self) -> Round:
        return self.session.round


def public_session(session: DrawSession, *, now: datetime) -> PublicSession:
    """``now`` is the time of the session's year. A session shows its freeze only once that moment has come."""
    is_official = session.is_official
    beacon = parse_seed(bytes(session.seed)).beacon if is_official and session.seed is not None else None
    return PublicSession(
        session,
        is_official=is_official,
        is_open=is_official and families_know(session.round, now=now),
        opens_at=families_know_at(session.round),
        beacon_round=beacon[0] if beacon else None,
        now=now,
    )


def sessions_for_everybody(region: Region) -> QuerySet[DrawSession]:
    """Committed sessions that count, the newest first, with ``has_public_record``.

    A void one is told in the record of the one that followed it.
    """
    small = [name for name in BYTES if name not in ("seed", "commitment")]
    return (
        DrawSession.objects.filter(round__year__region=region)
        .exclude(state__in=NOT_PUBLIC)
        .select_related("round__year")
        .defer(*small)
        .annotate(has_public_record=Q(public_record__isnull=False))
        .prefetch_related(
            Prefetch(
                "attestations",
                Attestation.objects.filter(kind=AttestationKind.REPAIR),
                to_attr="public_notices",
            ),
            Prefetch("time_stamps", TimeStamp.objects.defer("token")),
        )
        .order_by("-frozen_at", "-pk")
    )


def matching_draws(draws: QuerySet[Draw], text: str, codes: list[str]) -> QuerySet[Draw]:
    """Draws whose code contains ``text``, or of one of these schools."""
    return draws.filter(Q(draw_id__icontains=text) | Q(draw_id__in=[f"school/{code}" for code in codes]))
