"""The engine against its budgets: ``python -m bench engine``.

Times are processor seconds of this process (others work on the machine too), medians of alternating runs.
"""

import random
import statistics
import time
import tracemalloc
from collections.abc import Callable
from heapq import heappush, heappushpop
from typing import Any

from lottery.engine.deferred_acceptance import Applicant, School, deferred_acceptance
from lottery.engine.files import parse_commitment, parse_dossiers, parse_seed, sha256_hex
from lottery.engine.outcome import render_outcome
from lottery.engine.session import compute_session
from tests.lottery.random_sessions import large_session, load_verifier

APPLICANTS, SCHOOLS, PREFERENCES = 100_000, 1_000, 5
RATIO, MEMORY, SECONDS = 1.2, 120, 5.0


def run() -> list[dict[str, Any]]:
    """Rows for ``python -m bench``."""
    return [*matching(), *session()]


def matching() -> list[dict[str, Any]]:
    """Deferred acceptance as its callers use it, with all checks, beside a bare loop on prepared lists.

    Applicants come in the order of their registration with lots in random order; as many places as applicants, and
    schools of unequal popularity.
    """
    lists, lots, capacities = instance()
    codes = [f"S{index:04d}" for index in range(SCHOOLS)]
    applicants = [
        Applicant(f"c{index:06d}", tuple([codes[school] for school in wishes]), lot)
        for index, (wishes, lot) in enumerate(zip(lists, lots, strict=True))
    ]
    schools = [School(code, capacity) for code, capacity in zip(codes, capacities, strict=True)]
    by_lot = [0] * APPLICANTS
    for index, lot in enumerate(lots):
        by_lot[lot] = index

    plain = bare_loop(lists, lots, by_lot, capacities)
    matched = deferred_acceptance(applicants, schools)
    if list(matched.values()) != [None if school is None else codes[school] for school in plain]:
        raise AssertionError("engine and bare loop differ")
    own, bare = alternating(
        lambda: deferred_acceptance(applicants, schools),
        lambda: bare_loop(lists, lots, by_lot, capacities),
        rounds=11,
    )

    tracemalloc.start()
    deferred_acceptance(applicants, schools)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    megabytes = peak / 1e6
    work = f"matching, {APPLICANTS:,} applicants × {PREFERENCES}, {SCHOOLS:,} schools"
    return [
        {
            "work": work,
            "figure": f"{own * 1000:.0f} ms",
            "peer": f"{bare * 1000:.0f} ms bare heapq loop",
            "ratio": own / bare,
            "budget": f"ratio {RATIO}",
            "ok": own / bare <= RATIO,
        },
        {
            "work": f"{work}: memory",
            "figure": f"{megabytes:.0f} MB extra",
            "peer": None,
            "ratio": None,
            "budget": f"{MEMORY} MB",
            "ok": megabytes < MEMORY,
        },
    ]


def instance() -> tuple[list[list[int]], list[int], list[int]]:
    """Per applicant the schools it lists and its lot, and per school its places."""
    rng = random.Random(2024)
    weights = [1 / (index + 1) ** 0.5 for index in range(SCHOOLS)]
    lists: list[list[int]] = []
    while len(lists) < APPLICANTS:
        wishes = list(dict.fromkeys(rng.choices(range(SCHOOLS), weights, k=2 * PREFERENCES)))[:PREFERENCES]
        if len(wishes) == PREFERENCES:
            lists.append(wishes)
    lots = list(range(APPLICANTS))
    rng.shuffle(lots)
    return lists, lots, [APPLICANTS // SCHOOLS] * SCHOOLS


def bare_loop(
    lists: list[list[int]], lots: list[int], by_lot: list[int], capacities: list[int]
) -> list[int | None]:
    """The least a deferred acceptance with heaps must do, on whole numbers and without any check."""
    heaps: list[list[int]] = [[] for _ in capacities]
    upcoming = [0] * len(lists)
    for newcomer in range(len(lists)):
        applicant = newcomer
        while upcoming[applicant] < len(lists[applicant]):
            school = lists[applicant][upcoming[applicant]]
            upcoming[applicant] += 1
            heap = heaps[school]
            if len(heap) < capacities[school]:
                heappush(heap, -lots[applicant])
                break
            applicant = by_lot[-heappushpop(heap, -lots[applicant])]
    placed: list[int | None] = [None] * len(lists)
    for school, heap in enumerate(heaps):
        for key in heap:
            placed[by_lot[-key]] = school
    return placed


def session() -> list[dict[str, Any]]:
    """A whole session: files in, ``uitslag.txt`` out, and the stand-alone verifier on the result."""
    large = large_session(10, children=8_000, schools=300)
    files = large.files()
    verifier = load_verifier()

    def compute() -> bytes:
        return render_outcome(
            compute_session(
                parse_dossiers(files["dossiers.txt"]),
                parse_commitment(files["vastlegging.txt"]),
                parse_seed(files["zaad.txt"]),
            )
        )

    def verify() -> int:
        return int(verifier.check(files, hc=sha256_hex(files["vastlegging.txt"])).code)

    if compute() != files["uitslag.txt"] or verify() != 0:
        raise AssertionError("production and verifier differ")
    computed, verified = alternating(compute, verify, rounds=5)
    return [
        {
            "work": f"session, 8,000 children, 300 schools: {what}",
            "figure": f"{seconds:.2f} s",
            "peer": None,
            "ratio": None,
            "budget": f"{SECONDS:.0f} s",
            "ok": seconds < SECONDS,
        }
        for what, seconds in (("compute from files", computed), ("verify", verified))
    ]


def alternating(
    one: Callable[[], object], other: Callable[[], object], *, rounds: int
) -> tuple[float, float]:
    """Median processor seconds of two pieces of work, done in turn so that a busy moment hits both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, seconds in zip((one, other), times, strict=True):
            started = time.process_time()
            work()
            seconds.append(time.process_time() - started)
    return statistics.median(times[0]), statistics.median(times[1])
