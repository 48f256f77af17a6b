"""Random draw sessions for the engine's tests: frozen lists, commitment, seed and outcome, without Django."""

import hashlib
import importlib.util
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import cast

from lottery.engine.commitment import (
    BEACON_GENESIS,
    Commitment,
    Seed,
    render_commitment,
    render_seed,
    secret_hash,
)
from lottery.engine.files import (
    ChildLine,
    Dossiers,
    SchoolLine,
    render_dossiers,
    render_participants,
    sha256_hex,
)
from lottery.engine.lots import hand_lot
from lottery.engine.outcome import SessionOutcome, render_outcome
from lottery.engine.school_draw import Coupling, Unit, walk
from lottery.engine.session import compute_session

ROOT = Path(__file__).resolve().parent.parent.parent
VECTORS = ROOT / "lottery" / "vectors"
VERIFIER = ROOT / "lottery" / "verifier" / "controleer.py"
NAMES = ("dossiers.txt", "deelnemers.txt", "vastlegging.txt", "zaad.txt", "uitslag.txt")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Session:
    dossiers: Dossiers
    commitment: Commitment
    seed: Seed

    def outcome(self) -> SessionOutcome:
        return compute_session(self.dossiers, self.commitment, self.seed)

    def files(self) -> dict[str, bytes]:
        return {
            "dossiers.txt": render_dossiers(self.dossiers),
            "deelnemers.txt": render_participants(self.dossiers),
            "vastlegging.txt": render_commitment(self.commitment),
            "zaad.txt": render_seed(self.seed),
            "uitslag.txt": render_outcome(self.outcome()),
        }


def vector(name: str) -> dict[str, bytes]:
    return {file: (VECTORS / name / file).read_bytes() for file in NAMES}


def load_verifier() -> ModuleType:
    """The stand-alone verifier, imported from its file as the notary has it."""
    spec = importlib.util.spec_from_file_location("controleer", VERIFIER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def random_session(number: int, **fixed: object) -> Session:
    """Session ``number``: the same number gives the same session.

    ``fixed`` may set ``profile``, ``vovp``, ``linked``, ``coupling``, ``children`` and ``schools``.
    """
    rng = random.Random(number)
    profile = str(fixed.get("profile") or rng.choice(["NB", "NB", "NG", "NGB", "H"]))
    vovp = bool(fixed.get("vovp", rng.random() < 0.25))
    name = rng.choice(["TEST-", "TEST-", "OEFEN-"]) + f"{number:X}"
    schools = _schools(rng, int(str(fixed.get("schools") or rng.randint(1, 7))))
    total = int(str(fixed.get("children") or rng.choice([0, rng.randint(1, 12), rng.randint(1, 40)])))
    if vovp:
        children = _improvers(rng, schools, total)
        # Held seats count among the places (section 6.1).
        held = [child.choices[-1][0] for child in children if child.choices[-1][1] == 0]
        schools = [
            SchoolLine(
                school.code,
                school.places if school.places is None else school.places + held.count(school.code),
            )
            for school in schools
        ]
    else:
        children = _children(rng, schools, total, linked=bool(fixed.get("linked", rng.random() < 0.5)))
    rng.shuffle(schools)
    rng.shuffle(children)
    dossiers = Dossiers(name, tuple(schools), tuple(children))
    coupling = str(fixed.get("coupling") or rng.choice(["sla-over", "boven-plafond"]))
    return frozen_session(rng, dossiers, profile, coupling)


def large_session(number: int, *, children: int, schools: int) -> Session:
    """A round of a large region: popular and less popular schools, three classes, some care duty, all drawn."""
    rng = random.Random(number)
    codes = [f"S{index:05d}" for index in range(schools)]
    weights = [1 / (index + 5) ** 0.5 for index in range(schools)]
    lines = tuple(SchoolLine(code, rng.randint(0, 2 * children // schools)) for code in codes)
    numbers = sorted({"".join(rng.choices(ALPHABET, k=8)) for _ in range(children)})
    child_lines = []
    for regno in numbers:
        chosen = list(dict.fromkeys(rng.choices(codes, weights, k=9)))[:5]
        choices = tuple((code, rng.choice([1, 2, 3]) if not rank else 3) for rank, code in enumerate(chosen))
        participation = "S" if rng.random() < 0.01 else "SC"
        child_lines.append(ChildLine(regno, regno, participation, choices, rng.randbytes(16).hex()))
    rng.shuffle(child_lines)
    dossiers = Dossiers(f"OEFEN-{number}", lines, tuple(child_lines))
    return frozen_session(rng, dossiers, "NB", "sla-over")


def frozen_session(rng: random.Random, dossiers: Dossiers, profile: str, coupling: str) -> Session:
    """A session of these lists with a commitment and a seed."""
    commitment, secret = _commitment(rng, dossiers, profile, coupling)
    return Session(dossiers, commitment, _seed(rng, dossiers, commitment, secret))


def with_digits(session: Session, digits: str) -> Session:
    """The same session had the dice fallen differently."""
    return Session(session.dossiers, session.commitment, replace(session.seed, digits=digits))


def _word(rng: random.Random) -> str:
    word = "".join(rng.choices(ALPHABET, k=rng.choice([1, 3, 4, 8, 8])))
    return f"{word}-{rng.choice(ALPHABET)}" if rng.random() < 0.1 else word


def _schools(rng: random.Random, total: int) -> list[SchoolLine]:
    codes = {_word(rng) for _ in range(total)}
    return [SchoolLine(code, rng.choice([None, 0, 1, 1, 2, 2, 3, 4, 6, 9])) for code in sorted(codes)]


def _choices(rng: random.Random, schools: list[SchoolLine]) -> tuple[tuple[str, int], ...]:
    codes = [school.code for school in schools]
    chosen = rng.sample(codes, rng.randint(1, min(5, len(codes))))
    return tuple((code, rng.choice([1, 2, 3, 3, 3, 9])) for code in chosen)


def _children(rng: random.Random, schools: list[SchoolLine], total: int, *, linked: bool) -> list[ChildLine]:
    numbers = sorted({_word(rng) for _ in range(total)})
    rng.shuffle(numbers)
    children: list[ChildLine] = []
    while numbers:
        size = rng.choice([1, 1, 1, 2, 2, 3]) if linked else 1
        members, numbers = sorted(numbers[:size]), numbers[size:]
        choices = _choices(rng, schools)
        participation = rng.choice(["SC", "SC", "SC", "SC", "S", "C"])
        children += [
            ChildLine(regno, members[0], participation, choices, rng.randbytes(16).hex()) for regno in members
        ]
    return children


def _improvers(rng: random.Random, schools: list[SchoolLine], total: int) -> list[ChildLine]:
    children: list[ChildLine] = []
    for regno in sorted({_word(rng) for _ in range(total)}):
        choices = _choices(rng, schools)
        if rng.random() < 0.5:
            choices = (*choices[:-1], (choices[-1][0], 0))
        children.append(ChildLine(regno, regno, "C", choices, rng.randbytes(16).hex()))
    return children


def _commitment(
    rng: random.Random, dossiers: Dossiers, profile: str, coupling: str
) -> tuple[Commitment, str | None]:
    frozen = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(10**8))
    draws = {f"school/{child.choices[0][0]}" for child in dossiers.children if "S" in child.participation}
    has_seats = any(child.choices[-1][1] == 0 for child in dossiers.children)
    if not has_seats:
        draws |= {f"school/{school.code}" for school in dossiers.schools if rng.random() < 0.2}
    ordered = sorted(draws)
    rng.shuffle(ordered)
    if not ordered or has_seats or any("C" in child.participation for child in dossiers.children):
        ordered.append("centraal")
    first = (frozen + timedelta(hours=24) - BEACON_GENESIS) // timedelta(seconds=3) + 2 + rng.randrange(1000)
    secret = rng.randbytes(32).hex() if profile in ("NG", "NGB") else None
    dice, throws = (
        ("hand", 0) if profile == "H" else rng.choice([("d6", 50), ("d6", 60), ("d10", 39), ("d10", 45)])
    )
    attempt = rng.choice([1, 1, 1, 2, 3])
    commitment = Commitment(
        session=dossiers.session,
        attempt=attempt,
        previous=None if attempt == 1 else rng.randbytes(32).hex(),
        profile=profile,
        participants_hash=sha256_hex(render_participants(dossiers)),
        dossiers_hash=sha256_hex(render_dossiers(dossiers)),
        rules_hash=rng.randbytes(32).hex(),
        verifier_hash=rng.randbytes(32).hex(),
        dice=dice,
        throws=throws,
        beacon_rounds=(first, first + 1200, first + 2400) if profile in ("NB", "NGB") else (),
        secret_hash=None if secret is None else secret_hash(dossiers.session, secret),
        coupling=coupling,
        draws=tuple(ordered),
        frozen_at=frozen.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return commitment, secret


def _seed(rng: random.Random, dossiers: Dossiers, commitment: Commitment, secret: str | None) -> Seed:
    faces = {"d6": "123456", "d10": "0123456789"}.get(commitment.dice)
    beacon = (
        (rng.choice(commitment.beacon_rounds), rng.randbytes(32).hex()) if commitment.beacon_rounds else None
    )
    return Seed(
        session=dossiers.session,
        commitment_hash=sha256_hex(render_commitment(commitment)),
        digits="".join(rng.choices(faces, k=commitment.throws)) if faces else None,
        orders=() if faces else hand_orders(rng, dossiers, commitment),
        beacon=beacon,
        secret=secret,
    )


def hand_orders(
    rng: random.Random, dossiers: Dossiers, commitment: Commitment
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Orders as a notary might draw them: who takes part centrally is known once the schools have drawn."""
    groups: dict[str, list[ChildLine]] = {}
    for child in dossiers.children:
        groups.setdefault(child.unit, []).append(child)
    places = {school.code: school.places for school in dossiers.schools}
    admitted: set[str] = set()
    orders: list[tuple[str, tuple[str, ...]]] = []
    for draw in commitment.draws:
        if draw == "centraal":
            taking_part = [unit for unit, (child, *_) in groups.items() if "C" in child.participation]
            taking_part = [unit for unit in taking_part if unit not in admitted]
        else:
            taking_part = [
                unit
                for unit, (child, *_) in groups.items()
                if "S" in child.participation and f"school/{child.choices[0][0]}" == draw
            ]
        rng.shuffle(taking_part)
        orders.append((draw, tuple(taking_part)))
        if draw != "centraal":
            units = [
                Unit(
                    tuple(sorted(child.regno for child in groups[unit])),
                    groups[unit][0].choices[0][1],
                    hand_lot(position),
                )
                for position, unit in enumerate(taking_part, 1)
            ]
            code = draw.removeprefix("school/")
            for unit, is_admitted in walk(
                units, places=places[code], coupling=cast(Coupling, commitment.coupling)
            ):
                if is_admitted:
                    admitted.add(unit.members[0])
    return tuple(orders)


def key_of(number: int) -> bytes:
    """A seed for tests of many lots: 32 bytes."""
    return hashlib.sha256(str(number).encode()).digest()
