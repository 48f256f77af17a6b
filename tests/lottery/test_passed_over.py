"""The second check on the central draw: it finds what was put in, agrees with the other, and finds nothing else."""

import ast
import random
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lottery.engine.files import render_dossiers
from lottery.engine.grammar import CENTRAL
from lottery.engine.outcome import SessionOutcome, render_outcome
from lottery.engine.quality import blocking_pairs
from lottery.services import passed_over
from lottery.services.passed_over import examine
from tests.lottery.random_sessions import random_session, vector
from tests.lottery.test_session import CITY, by_hand


def test_it_shares_no_code_with_the_engine():
    tree = ast.parse(Path(passed_over.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"collections", "dataclasses"}


def test_vectors_pass_nobody_over():
    for name in ("alm", "vovp"):
        files = vector(name)
        assert examine(files["dossiers.txt"], files["uitslag.txt"]).found == ()
    files = vector("vovp")
    # Six children of whom C6N2 wants two schools in vain, 3T9X and 5KM2 one.
    assert examine(files["dossiers.txt"], files["uitslag.txt"]).pairs == 4


def with_lines(outcome: SessionOutcome, change) -> bytes:
    draws = [
        replace(draw, lines=tuple(change(line) for line in draw.lines)) if draw.id == CENTRAL else draw
        for draw in outcome.draws
    ]
    return render_outcome(replace(outcome, draws=tuple(draws)))


def test_a_child_passed_over_is_found():
    session = by_hand("A 0, B 1", "A1 SC A:1,B:1; A2 SC A:1,B:1", "A: A1 A2; centraal: A1 A2")
    swapped = {"A1": None, "A2": "B"}
    outcome = with_lines(session.outcome(), lambda line: replace(line, code=swapped[line.regno]))
    assert examine(render_dossiers(session.dossiers), outcome).found == (("A1", "B"),)


def test_a_place_left_empty_is_found():
    lists = render_dossiers(CITY.dossiers)
    outcome = CITY.outcome()
    assert examine(lists, render_outcome(outcome)).found == ()
    emptied = with_lines(outcome, lambda line: replace(line, code=None))
    assert examine(lists, emptied).blocking > 0


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.integers(0, 10**9))
def test_both_checks_agree_also_on_spoiled_outcomes(number):
    session = random_session(number)
    lists, outcome = render_dossiers(session.dossiers), session.outcome()
    assert examine(lists, render_outcome(outcome)).found == ()
    chance = random.Random(number)
    central = next((draw for draw in outcome.draws if draw.id == CENTRAL), None)
    if central is None or not central.lines:
        return
    # Two children who are drawn alone change their results, or one loses its place.
    alone = [line for line in central.lines if sum(o.unit == line.unit for o in central.lines) == 1]
    if not alone:
        return
    lists_of = {child.regno: dict(child.choices) for child in session.dossiers.children}
    one, other = chance.choice(alone), chance.choice(alone)
    codes = {one.regno: other.code, other.regno: one.code}
    if chance.random() < 0.3 or one == other:
        codes = {one.regno: None}
    if any(code is not None and code not in lists_of[regno] for regno, code in codes.items()):
        return
    lines = tuple(
        replace(line, code=codes[line.regno]) if line.regno in codes else line for line in central.lines
    )
    spoiled = replace(
        outcome,
        draws=tuple(replace(draw, lines=lines) if draw is central else draw for draw in outcome.draws),
    )
    mine = examine(lists, render_outcome(spoiled)).found
    assert mine == blocking_pairs(session.dossiers, spoiled)
