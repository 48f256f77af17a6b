"""The tests of verifiable-draw.md section 12 that need no database, numbered as there.

The counts are a tenth of those in the table; ``OA_LONG=1`` or ``-m long`` runs them in full.
"""

import hashlib
import hmac
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from math import sqrt

import pytest

from lottery.engine.cutoffs import admits, place_by_cutoffs
from lottery.engine.deferred_acceptance import Applicant, School, deferred_acceptance
from lottery.engine.files import child_line, parse_dossiers, seal, sha256_hex
from lottery.engine.lots import lot
from lottery.engine.outcome import SessionOutcome
from lottery.engine.session import compute_session, render_outcome
from tests.lottery.random_sessions import (
    NAMES,
    ROOT,
    VECTORS,
    VERIFIER,
    key_of,
    large_session,
    load_verifier,
    random_session,
    vector,
    with_digits,
)

TENTH = 1.0 if os.environ.get("OA_LONG") == "1" else 0.1
both_counts = pytest.mark.parametrize(
    "share", [pytest.param(TENTH, id="tenth"), pytest.param(1.0, id="full", marks=pytest.mark.long)]
)


# --- 1: vectors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alm", "hand", "vovp"])
def test_1_verifier_accepts_the_vectors_and_only_with_their_own_h_c(name):
    h_c = sha256_hex(vector(name)["vastlegging.txt"])
    command = [sys.executable, "-I", str(VERIFIER), str(VECTORS / name), "--vastlegging"]
    assert subprocess.run([*command, h_c], capture_output=True, timeout=60).returncode == 0
    assert subprocess.run([*command, "0" * 64], capture_output=True, timeout=60).returncode == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_1_lots_and_seals_by_hand_with_openssl():
    """The recipe of section 11 for every lot and every seal of the first vector."""
    files = vector("alm")
    key = hashlib.sha256(files["zaad.txt"]).digest()
    lines = [line.split("|") for line in files["uitslag.txt"].decode().splitlines()]
    lots = {(line[1], line[4]): line[6] for line in lines if line[0] == "uitkomst"}
    assert len(lots) == 15
    for (draw, unit), wanted in lots.items():
        message = f"OA-LOT/1|lot|TEST-2023-ALM3|{draw}|{unit}"
        assert openssl(message, "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}") == wanted
        assert lot(key, "TEST-2023-ALM3", draw, unit) == wanted
        assert hmac.new(key, message.encode(), "sha256").hexdigest() == wanted
    seals = [
        line.split("|")[3] for line in files["deelnemers.txt"].decode().splitlines() if line[:4] == "kind"
    ]
    for child, wanted in zip(parse_dossiers(files["dossiers.txt"]).children, seals, strict=True):
        assert openssl(child_line(child)) == wanted == seal(child)


def openssl(message: str, *options: str) -> str:
    result = subprocess.run(
        ["openssl", "dgst", "-sha256", *options], input=message.encode(), capture_output=True, check=True
    )
    return result.stdout.decode().split()[-1]


def test_1_a_lot_needs_a_key_of_32_bytes():
    with pytest.raises(ValueError, match="32 bytes"):
        lot(b"short", "TEST-1", "centraal", "A")


# --- 3: production against verifier ------------------------------------------------------------------------------


@both_counts
def test_3_random_sessions_production_against_verifier(share):
    """Linked children, hand draws, all profiles and dice, both couplings, held seats: 0 differences."""
    verifier = load_verifier()
    seen: set[str] = set()
    for number in range(int(10_000 * share)):
        session = random_session(number)
        files = session.files()
        report = verifier.check(files, hc=sha256_hex(files["vastlegging.txt"]))
        assert report.code == 0, (number, report.errors)
        children = session.dossiers.children
        seen |= {session.commitment.profile, session.commitment.dice, session.commitment.coupling}
        seen |= {"linked" for child in children if child.unit != child.regno}
        seen |= {"held" for child in children if child.choices[-1][1] == 0}
    assert seen == {
        *("NB", "NG", "NGB", "H", "d6", "d10", "hand", "sla-over", "boven-plafond", "linked", "held")
    }


def test_3_verifier_refuses_what_production_did_not_compute():
    """The agreement has teeth: one swapped place, and the verifier says no."""
    verifier = load_verifier()
    refused = 0
    for number in range(200):
        files = random_session(number, children=20).files()
        lines = files["uitslag.txt"].decode().splitlines()
        places = [index for index, line in enumerate(lines) if line.startswith("uitkomst")]
        by_place = {lines[index].rsplit("|", 1)[1]: index for index in places}
        if len(by_place) < 2:
            continue
        one, other = list(by_place.values())[:2]
        (left, first), (right, second) = lines[one].rsplit("|", 1), lines[other].rsplit("|", 1)
        lines[one], lines[other] = f"{left}|{second}", f"{right}|{first}"
        tampered = files | {"uitslag.txt": ("\n".join(lines) + "\n").encode()}
        assert verifier.check(tampered, hc=sha256_hex(files["vastlegging.txt"])).code == 1
        refused += 1
    assert refused > 100


# --- 4: deferred acceptance against the walk ---------------------------------------------------------------------


@both_counts
def test_4_deferred_acceptance_against_walk(share):
    for number in range(int(10_000 * share)):
        rng = random.Random(number)
        codes = [f"S{index}" for index in range(rng.randint(1, 6))]
        places = {code: rng.choice([None, 0, 1, 1, 2, 3]) for code in codes}
        children = [f"c{index}" for index in range(rng.randint(0, 25))]
        lists = {child: rng.sample(codes, rng.randint(0, len(codes))) for child in children}
        lots = dict(zip(children, rng.sample(range(1000), len(children)), strict=True))
        matched = deferred_acceptance(
            [Applicant(child, lists[child], lots[child]) for child in children],
            [School(code, capacity) for code, capacity in places.items()],
        )
        assert matched == walked(lists, lots, places), number


def walked(lists, lots, places) -> dict:
    left = dict(places)
    result = {}
    for child in sorted(lists, key=lots.__getitem__):
        result[child] = next((code for code in lists[child] if left[code] is None or left[code] > 0), None)
        if result[child] is not None and left[result[child]] is not None:
            left[result[child]] -= 1
    return result


# --- 5: the parent's rule ----------------------------------------------------------------------------------------


@both_counts
def test_5_parents_rule_for_every_child(share):
    """With the own list and the cutoffs alone a parent finds the outcome, in school draws, centrally and in a VOVP."""
    checked = 0
    for number in range(int(1_000 * share)):
        session = random_session(number, linked=False, children=random.Random(number).randint(1, 40))
        choices = {child.regno: child.choices for child in session.dossiers.children}
        for draw in session.outcome().draws:
            cutoffs = {cutoff.code: cutoff for cutoff in draw.cutoffs}
            for line in draw.lines:
                if draw.id == "centraal":
                    found = place_by_cutoffs(choices[line.regno], line.lot, cutoffs)
                else:
                    code = choices[line.regno][0][0]
                    found = code if admits(cutoffs[code], line.tier, line.lot) else None
                assert found == line.code, (number, line)
                checked += 1
    assert checked > 5_000 * share


# --- 6: uniformity -----------------------------------------------------------------------------------------------


def orders_by_lot(children: int, seeds: int) -> Iterator[list[int]]:
    units = [f"U{index:02d}" for index in range(children)]
    for seed in range(seeds):
        key = key_of(seed)
        lots = [lot(key, "TEST-UNIFORM", "centraal", unit) for unit in units]
        yield sorted(range(children), key=lots.__getitem__)


def orders_by_random_comparison(children: int, seeds: int) -> Iterator[list[int]]:
    """The browser ballot's mistake: an insertion sort whose comparison is a coin."""
    rng = random.Random(1)
    for _ in range(seeds):
        order: list[int] = []
        for child in range(children):
            place = len(order)
            while place and rng.random() < 0.5:
                place -= 1
            order.insert(place, child)
        yield order


def chi_square_z(orders: Iterator[list[int]], children: int) -> float:
    """How many standard deviations the child x position table is off, (children - 1) squared degrees of freedom."""
    table = [[0] * children for _ in range(children)]
    total = 0
    for order in orders:
        total += 1
        for position, child in enumerate(order):
            table[child][position] += 1
    expected = total / children
    statistic = sum((cell - expected) ** 2 / expected for row in table for cell in row)
    freedom = (children - 1) ** 2
    # Each row and column has a fixed sum: (children - 1) / children of the statistic follows the distribution.
    return (statistic * (children - 1) / children - freedom) / sqrt(2 * freedom)


@both_counts
def test_6_every_child_is_equally_likely_at_every_position(share):
    z = chi_square_z(orders_by_lot(20, int(60_000 * share)), 20)
    print(f"z of chi-square: {z:.2f}")
    assert abs(z) < 4
    assert chi_square_z(orders_by_random_comparison(20, 2_000), 20) > 100  # the test has teeth


# --- 7: independence ---------------------------------------------------------------------------------------------


@both_counts
def test_7_rank_does_not_depend_on_time_number_school_or_class_size(share):
    session = large_session(7, children=60, schools=3)
    rng = random.Random(7)
    sizes: dict[tuple[str, int], int] = {}
    for child in session.dossiers.children:
        sizes[child.choices[0]] = sizes.get(child.choices[0], 0) + 1
    facts = {
        "registration time": {child.regno: rng.random() for child in session.dossiers.children},
        "number": {
            c.regno: i for i, c in enumerate(sorted(session.dossiers.children, key=lambda c: c.regno))
        },
        "school": {child.regno: int(child.choices[0][0][1:]) for child in session.dossiers.children},
        "class size": {child.regno: sizes[child.choices[0]] for child in session.dossiers.children},
    }
    draws = int(10_000 * share)
    sums = dict.fromkeys(product(facts, session.commitment.draws), 0.0)
    counts = dict.fromkeys(sums, 0)
    for number in range(draws):
        digits = "".join(random.Random(number).choices("123456", k=session.commitment.throws))
        if session.commitment.dice == "d10":
            digits = "".join(random.Random(number).choices("0123456789", k=session.commitment.throws))
        for draw in with_digits(session, digits).outcome().draws:
            by_lot = sorted(draw.lines, key=lambda line: line.lot)
            for name, fact in facts.items():
                scaled = correlation([fact[line.regno] for line in by_lot])
                if scaled is not None:
                    sums[name, draw.id] += scaled
                    counts[name, draw.id] += 1
    for (name, draw_id), total in sums.items():
        if counts[name, draw_id]:
            z = total / sqrt(counts[name, draw_id])
            print(f"{name}, {draw_id}: z = {z:.2f} over {counts[name, draw_id]} draws")
            assert abs(z) < 4, (name, draw_id)
    assert counts["registration time", "centraal"] == draws


def correlation(values: list[float]) -> float | None:
    """Correlation of a fact with the position, times the root of n - 1: mean 0, variance 1 for a random order."""
    n = len(values)
    mean = sum(values) / n if n else 0
    spread = sum((value - mean) ** 2 for value in values)
    if n < 2 or not spread:
        return None
    middle = (n - 1) / 2
    covariance = sum((value - mean) * (position - middle) for position, value in enumerate(values))
    return covariance / sqrt(spread * n * (n * n - 1) / 12) * sqrt(n - 1)


# --- 8: same bytes everywhere ------------------------------------------------------------------------------------

PROGRAM = """
import hashlib, json, locale, random, sys, time
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
time.tzset()
from dataclasses import replace
from lottery.engine.session import compute_session, render_outcome
from tests.lottery.random_sessions import Session, random_session
hashes = []
for number in range(40):
    session = random_session(number)
    rng = random.Random(int(sys.argv[1]))
    schools, children = list(session.dossiers.schools), list(session.dossiers.children)
    rng.shuffle(schools)
    rng.shuffle(children)
    lists = replace(session.dossiers, schools=tuple(schools), children=tuple(children))
    files = Session(lists, session.commitment, session.seed).files()
    hashes.append({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
print(json.dumps(hashes))
"""


def test_8_same_bytes_for_every_hash_seed_locale_time_zone_and_insertion_order():
    wanted = []
    for number in range(40):
        files = random_session(number).files()
        wanted.append({name: sha256_hex(files[name]) for name in NAMES})
    places = list(
        product(["C", "nl_NL.UTF-8", "tr_TR.UTF-8"], ["UTC", "Europe/Amsterdam", "Pacific/Kiritimati"])
    )
    for run in range(10):
        language, zone = places[run % len(places)]
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(run)],
            capture_output=True,
            check=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": str(run), "LC_ALL": language, "TZ": zone},
            timeout=120,
        )
        assert json.loads(result.stdout) == wanted


def test_8_nothing_is_drawn_twice_from_the_same_files():
    session = random_session(3, children=30)
    outcomes: list[SessionOutcome] = [
        compute_session(session.dossiers, session.commitment, session.seed) for _ in range(3)
    ]
    assert len({render_outcome(outcome) for outcome in outcomes}) == 1


# --- 10: size ----------------------------------------------------------------------------------------------------


def test_10_a_large_region_is_computed_and_verified():
    """8,000 children, 300 schools. How long it took is printed; ``python -m bench engine`` judges it."""
    session = large_session(10, children=8_000, schools=300)
    assert len(session.dossiers.children) == 8_000
    started = time.perf_counter()
    files = session.files()
    computed = time.perf_counter()
    report = load_verifier().check(files, hc=sha256_hex(files["vastlegging.txt"]))
    verified = time.perf_counter()
    assert report.code == 0, report.errors
    print(f"computed in {computed - started:.2f} s, verified in {verified - computed:.2f} s")
