"""Whole sessions: the vectors to the byte, acceptance examples through the files, invariants on random input."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lottery.engine.files import (
    ChildLine,
    Commitment,
    Dossiers,
    FileFormatError,
    SchoolLine,
    Seed,
    parse_commitment,
    parse_dossiers,
    parse_seed,
    render_commitment,
    render_dossiers,
    render_participants,
    sha256_hex,
)
from lottery.engine.outcome import CutoffLine, DrawOutcome, OutcomeLine
from lottery.engine.quality import blocking_pairs
from lottery.engine.session import compute_session, render_outcome
from tests.lottery.random_sessions import Session, random_session, vector


def by_hand(schools: str, children: str, orders: str, coupling: str = "sla-over") -> Session:
    """A session of profile H, so that a test can choose the lots.

    ``A 2, U -`` schools with places; ``a1 SC A:1,B:2`` children (``a1+a2`` linked); ``A: a1 a2; centraal: a1`` orders.
    """
    lines = [part.split() for part in schools.split(", ")]
    school_lines = tuple(SchoolLine(code, None if places == "-" else int(places)) for code, places in lines)
    child_lines = []
    for part in children.split("; "):
        names, participation, text = part.split()
        choices = tuple((code, int(tier)) for code, tier in (item.split(":") for item in text.split(",")))
        members = names.split("+")
        child_lines += [ChildLine(name, members[0], participation, choices, "00" * 16) for name in members]
    drawn = []
    for part in orders.split("; "):
        draw, _, units = part.partition(":")
        drawn.append((draw if draw == "centraal" else f"school/{draw}", tuple(units.split())))
    dossiers = Dossiers("TEST-H", school_lines, tuple(child_lines))
    commitment = Commitment(
        session="TEST-H",
        attempt=1,
        previous=None,
        profile="H",
        participants_hash=sha256_hex(render_participants(dossiers)),
        dossiers_hash=sha256_hex(render_dossiers(dossiers)),
        rules_hash="0" * 64,
        verifier_hash="0" * 64,
        dice="hand",
        throws=0,
        beacon_rounds=(),
        secret_hash=None,
        coupling=coupling,
        draws=tuple(draw for draw, _ in drawn),
        frozen_at="2024-01-01T12:00:00Z",
    )
    seed = Seed("TEST-H", sha256_hex(render_commitment(commitment)), None, tuple(drawn), None, None)
    return Session(dossiers, commitment, seed)


def lot(position: int) -> str:
    return f"{position:064x}"


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("alm", "26df7728d6a7e28441a923f0712653b6dde97c4c714cb826544ece114e4246d2"),
        ("hand", "61e395365cd15c4cbc3d54b122778c54995bebdd8e75fa9e962311b856d6c113"),
        ("vovp", "296970eb2989e76937884a834563a1d6f42b3391782a59b1424b7656da819cdd"),
    ],
)
def test_vectors_to_the_byte(name, sha256):
    files = vector(name)
    outcome = compute_session(
        parse_dossiers(files["dossiers.txt"]),
        parse_commitment(files["vastlegging.txt"]),
        parse_seed(files["zaad.txt"]),
    )
    data = render_outcome(outcome)
    assert data == files["uitslag.txt"]
    assert sha256_hex(data) == sha256


CITY = by_hand(
    "A 2, B 3, C 2, D 1, E 0, U -",
    "A1 SC A:2,B:1; A2 SC A:1,B:1; A3 SC A:3,B:1,C:2,D:1,U:1; A4 SC A:3,C:2,B:1,D:1,E:1; "
    "B1 SC B:1,C:2; B2 SC B:1,C:2; C1 SC C:1,D:1; C2 SC C:2,B:1,A:3,D:1,U:1; C3 SC C:2,D:1; "
    "D1 S D:1,A:3,U:1; D2 SC D:1,E:1",
    "A: A1 A2 A3 A4; B: B1 B2; C: C3 C2 C1; D: D2 D1; centraal: C2 A3 A4",
)


def test_ae_17_whole_round_of_a_small_city():
    outcome = CITY.outcome()
    assert outcome.final_places() == {
        "A1": "A", "A2": "A", "A3": "U", "A4": None, "B1": "B", "B2": "B",
        "C1": "C", "C2": "B", "C3": "C", "D1": None, "D2": "D",
    }  # fmt: skip
    assert [line.regno for line in outcome.draws[-1].lines] == ["C2", "A3", "A4"]  # not D1, who has care duty
    assert outcome.draws[-1].cutoffs == (
        CutoffLine("A", "closed", None, None),
        CutoffLine("B", "limit", None, lot(1)),
        CutoffLine("C", "closed", None, None),
        CutoffLine("D", "closed", None, None),
        CutoffLine("E", "closed", None, None),
        CutoffLine("U", "free", None, None),
    )
    assert outcome.draws[0].cutoffs == (CutoffLine("A", "limit", 2, lot(1)),)


def test_ae_01_no_draw_leaves_open_places_to_central_matching():
    outcome = by_hand("A 6", "A1 S A:1; A2 S A:1; A3 S A:1; A4 S A:1", "A: A4 A3 A2 A1").outcome()
    assert set(outcome.final_places().values()) == {"A"}
    assert outcome.draws[0].cutoffs == (CutoffLine("A", "free", None, None),)


def test_ae_09_care_duty_stays_out_of_central_matching_though_a_seat_is_left():
    outcome = by_hand(
        "X 3, Y 2",
        "K1 SC X:1,Y:1; K2 SC X:1,Y:1; K3 SC X:1,Y:1; K4 SC X:1,Y:1; KZ S X:1,Y:1",
        "X: K2 K3 K1 K4 KZ; centraal: K4",
    ).outcome()
    assert outcome.final_places() == {"K1": "X", "K2": "X", "K3": "X", "K4": "Y", "KZ": None}
    assert outcome.draws[1].lines == (OutcomeLine(1, "K4", "K4", None, lot(1), "Y"),)


def test_ae_16_crossing_improvers_through_the_files():
    session = by_hand("A 1, B 1", "I1 C B:1,A:0; I2 C A:1,B:0; U1 C A:1,B:1", "centraal: U1 I2 I1")
    assert session.outcome().draws == (
        DrawOutcome(
            "centraal",
            "-",
            3,
            (
                OutcomeLine(1, "U1", "U1", None, lot(1), None),
                OutcomeLine(2, "I2", "I2", 0, lot(2), "B"),
                OutcomeLine(3, "I1", "I1", 0, lot(3), "A"),
            ),
            (CutoffLine("A", "closed", None, None), CutoffLine("B", "closed", None, None)),
        ),
    )


def test_a_seat_left_in_the_same_run_sets_the_cutoff():
    """AE-14a: I moves to A, U gets the seat at B that I left; B is full by U's lot, not by a held seat."""
    outcome = by_hand("A 1, B 1", "I1 C A:1,B:0; U1 C A:1,B:1", "centraal: I1 U1").outcome()
    assert outcome.final_places() == {"I1": "A", "U1": "B"}
    assert outcome.draws[0].cutoffs == (
        CutoffLine("A", "limit", None, lot(1)),
        CutoffLine("B", "limit", None, lot(2)),
    )


def test_a_pair_is_passed_over_in_the_central_draw_and_a_later_child_gets_the_place():
    outcome = by_hand("A 1, B 1, C 2", "P1+P2 C A:1,B:1,C:1; Q1 C B:1,C:1", "centraal: P1 Q1").outcome()
    assert outcome.final_places() == {"P1": "C", "P2": "C", "Q1": "B"}


@pytest.mark.parametrize(
    ("coupling", "places", "cutoff"),
    [
        ("sla-over", {"A1": "A", "B1": None, "B2": None, "D1": "A"}, CutoffLine("A", "limit", 1, lot(3))),
        ("boven-plafond", {"A1": "A", "B1": "A", "B2": "A", "D1": None}, CutoffLine("A", "limit", 1, lot(2))),
    ],
)
def test_both_couplings(coupling, places, cutoff):
    session = by_hand("A 2", "A1 S A:1; B1+B2 S A:1; D1 S A:1", "A: A1 B1 D1", coupling)
    outcome = session.outcome()
    assert outcome.final_places() == places
    assert outcome.draws[0].cutoffs == (cutoff,)


def test_cutoff_is_closed_when_only_units_too_large_came():
    outcome = by_hand("A 1", "B1+B2 S A:1", "A: B1").outcome()
    assert outcome.draws[0].cutoffs == (CutoffLine("A", "closed", None, None),)


def test_a_school_draw_without_participants():
    outcome = by_hand("A 0, B 3", "A1 C A:1", "A:; B:; centraal: A1").outcome()
    assert [draw.cutoffs[0].kind for draw in outcome.draws] == ["closed", "free", "closed"]


@pytest.mark.parametrize("units", [(), ("A1",), ("A1", "A2", "A2"), ("A1", "A3"), ("A1", "A2", "A3")])
def test_a_hand_order_holds_exactly_the_participants(units):
    session = by_hand("A 1", "A1 S A:1; A2 S A:1", "A: A1 A2")
    with pytest.raises(FileFormatError):
        compute_session(
            session.dossiers, session.commitment, replace(session.seed, orders=(("school/A", units),))
        )


def test_nothing_is_computed_from_files_that_do_not_belong_together():
    one, other = random_session(1, profile="NB"), random_session(2, profile="NB")
    for dossiers, commitment, seed in (
        (other.dossiers, one.commitment, one.seed),
        (one.dossiers, other.commitment, one.seed),
        (one.dossiers, one.commitment, other.seed),
    ):
        with pytest.raises(FileFormatError):
            compute_session(dossiers, commitment, seed)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.integers(0, 10**9))
def test_invariants(number):
    session = random_session(number)
    outcome = session.outcome()
    lists = session.dossiers
    children = {child.regno: child for child in lists.children}
    places = outcome.final_places()

    admitted: dict[str, int] = {}
    seen: set[str] = set()
    for draw in outcome.draws:
        for line in draw.lines:
            assert line.regno not in seen  # no draw after a place
            if line.code is not None:
                seen.add(line.regno)
                admitted[line.code] = admitted.get(line.code, 0) + 1
                assert line.code in [code for code, _ in children[line.regno].choices]
    for school in lists.schools:
        if school.places is not None and session.commitment.coupling == "sla-over":
            assert admitted.get(school.code, 0) <= school.places
    assert places.keys() == children.keys()  # everybody took part in something
    for child in lists.children:
        assert places[child.regno] == places[child.unit]  # linked children stay together
        if child.choices[-1][1] == 0:
            assert places[child.regno] is not None  # nobody below the held seat
    assert blocking_pairs(lists, outcome) == ()


@pytest.mark.parametrize("number", range(20))
def test_the_order_of_the_rows_changes_nothing(number):
    session = random_session(number)
    rng = random.Random(number)
    schools, children = list(session.dossiers.schools), list(session.dossiers.children)
    rng.shuffle(schools)
    rng.shuffle(children)
    other = replace(session.dossiers, schools=tuple(schools), children=tuple(children))
    assert render_outcome(compute_session(other, session.commitment, session.seed)) == render_outcome(
        session.outcome()
    )


def test_places_do_not_depend_on_who_is_linked_to_nobody():
    """Deferred acceptance and the walk for linked children agree where both are allowed."""
    for number in range(100):
        session = random_session(number, vovp=False, linked=False, profile="H", children=15)
        extra = ChildLine("ZZ8", "ZZ8", "C", (("ZZ9", 1),), "00" * 16)
        pair = (extra, replace(extra, regno="ZZ9"))
        lists = replace(
            session.dossiers,
            schools=(*session.dossiers.schools, SchoolLine("ZZ9", None)),
            children=(*session.dossiers.children, *pair),
        )
        draws = session.commitment.draws
        draws = draws if draws[-1] == "centraal" else (*draws, "centraal")
        commitment = replace(
            session.commitment,
            draws=draws,
            dossiers_hash=sha256_hex(render_dossiers(lists)),
            participants_hash=sha256_hex(render_participants(lists)),
        )
        # The pair goes last in the order drawn by hand.
        orders = dict(session.seed.orders)
        orders["centraal"] = (*orders.get("centraal", ()), "ZZ8")
        seed = replace(
            session.seed,
            commitment_hash=sha256_hex(render_commitment(commitment)),
            orders=tuple((draw, orders[draw]) for draw in draws),
        )
        walked = compute_session(lists, commitment, seed).final_places()
        assert walked == session.outcome().final_places() | {"ZZ8": "ZZ9", "ZZ9": "ZZ9"}
