"""The what-if simulator: 1,000 draws of 1,400 children, for the dearest and for today's mechanism.

No peer: the budget of 60 s on two cores is one of time; the simulator uses one of them.
"""

import time
from random import Random
from typing import Any

from lottery.simulation.figures import simulate
from lottery.simulation.mechanisms import Mechanism
from lottery.simulation.population import Candidate, Population, checked

CHILDREN, SCHOOLS, PREFERENCES, SEEDS = 1_400, 140, 5, 1_000
BUDGET = 60.0


def population() -> Population:
    """Schools of unequal popularity, four out of five with a ceiling; one child in three has priority somewhere."""
    random = Random(4)
    codes = [f"{number:03d}A" for number in range(SCHOOLS)]
    weights = [random.random() ** 2 + 0.05 for _code in codes]
    candidates = []
    for _child in range(CHILDREN):
        choices: list[str] = []
        while len(choices) < PREFERENCES:
            code = random.choices(codes, weights)[0]
            if code not in choices:
                choices.append(code)
        tiers = tuple(random.choice((1, 2, 3, 3, 3, 3)) for _choice in choices)
        area = str(2500 + random.randrange(60))
        candidates.append(Candidate(tuple(choices), tiers, area=area, group=random.choice(("", "sibling"))))
    places = {code: random.randrange(5, 16) if random.random() < 0.8 else None for code in codes}
    return checked(Population(tuple(candidates), places))


def run() -> list[dict[str, Any]]:
    """Rows for ``python -m bench``: both halves of one question, as it is and what if."""
    people = population()
    started = time.perf_counter()
    simulate(people, Mechanism.TWO_STEPS, seeds=SEEDS)
    simulate(people, Mechanism.LOTTERY_PER_SCHOOL, seeds=SEEDS)
    seconds = time.perf_counter() - started
    return [
        {
            "work": f"what-if, {SEEDS:,} draws of {CHILDREN:,} children, twice",
            "figure": f"{seconds:.0f} s",
            "budget": f"under {BUDGET:.0f} s",
            "ok": seconds < BUDGET,
        }
    ]
