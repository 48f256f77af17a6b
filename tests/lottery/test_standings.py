"""The figures behind a reason, against counts made from the lines of the files."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from lottery.engine.explain import ReasonKind, explain
from lottery.engine.standings import Standing, TierCount, standings
from tests.lottery.random_sessions import random_session
from tests.lottery.test_session import CITY, by_hand


def test_school_with_classes_and_a_central_draw():
    found = standings(CITY.dossiers, CITY.outcome())
    own = found["school/C", "C"]
    assert (own.places, own.children, own.admitted, own.left, own.last_rank) == (2, 3, 2, 0, 2)
    assert own.needs_lots
    assert own.tiers == (TierCount(1, 1, 1), TierCount(2, 2, 1))
    central = found["centraal", "B"]
    assert (central.frozen_places, central.places, central.left) == (3, 1, 0)
    assert (central.children, central.admitted, central.last_rank) == (3, 1, 1)


def test_no_lots_needed():
    session = by_hand("A 2", "A1 S A:1; A2 S A:1", "A: A1 A2")
    own = standings(session.dossiers, session.outcome())["school/A", "A"]
    assert not own.needs_lots
    assert own.last_rank is None


def counted(session) -> dict[tuple[str, str], tuple]:
    """The same from the text of uitslag.txt and dossiers.txt."""
    files = session.files()
    places: dict[str, int | None] = {}
    for line in files["dossiers.txt"].decode().splitlines():
        word, *cells = line.split("|")
        if word == "school":
            places[cells[0]] = None if cells[1] == "onbeperkt" else int(cells[1])
    frozen, rows, found = dict(places), [], {}
    start = dict(places)
    for line in files["uitslag.txt"].decode().splitlines():
        word, *cells = line.split("|")
        if word == "loting":
            rows, start = [], dict(places)
        elif word == "uitkomst":
            rows.append(cells)
            code = cells[6]
            if code != "-" and places[code] is not None:
                places[code] = max(0, places[code] - 1)
        elif word == "grens":
            draw, code, limit, lot = cells
            here = [row for row in rows if row[6] == code]
            last = max((int(row[1]) for row in rows if row[5] == lot), default=None)
            tiers = Counter(row[4] for row in rows)
            got = Counter(row[4] for row in here)
            found[draw, code] = (
                frozen[code],
                start[code],
                places[code],
                len(rows),
                len(here),
                () if draw == "centraal" else tuple((int(t), tiers[t], got[t]) for t in sorted(tiers)),
                None if limit in ("vrij", "dicht") else last,
            )
    return found


def as_tuple(one: Standing) -> tuple:
    tiers = tuple((count.tier, count.children, count.admitted) for count in one.tiers)
    return (one.frozen_places, one.places, one.left, one.children, one.admitted, tiers, one.last_rank)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.integers(0, 10**9))
def test_every_figure_stands_in_the_files(number):
    session = random_session(number)
    outcome = session.outcome()
    found = standings(session.dossiers, outcome)
    assert {key: as_tuple(one) for key, one in found.items()} == counted(session)
    for own in explain(session.dossiers, outcome).values():
        for reason in own:
            if reason.draw is None:
                continue
            standing = found[reason.draw, reason.code]
            assert (standing.children, standing.cutoff) == (reason.of_total, reason.cutoff)
            if reason.kind in (ReasonKind.SCHOOL_FULL, ReasonKind.DRAWN_OUT, ReasonKind.CLASS_TOO_LATE):
                assert reason.own_rank > standing.last_rank
