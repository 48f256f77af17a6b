"""``vastlegging.txt`` and ``zaad.txt``: what is promised before the draw, and what decides it.

Source: OA-LOT/1 sections 4.3, 4.4, 7 (profile H) and 10 (the beacon).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from lottery.engine.grammar import (
    CENTRAL,
    COUNT,
    DRAW,
    HASH,
    MOMENT,
    NONE,
    NUMBER,
    REHEARSAL_PREFIX,
    ROUND,
    SESSION,
    VERSION,
    FileFormatError,
    Lines,
    encode,
    is_count,
    matches,
    sha256_hex,
    shown,
)

COMMITMENT: Final = "vastlegging.txt"
SEED: Final = "zaad.txt"
BEACON: Final = "drand-quicknet"
BEACON_GENESIS: Final = datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)  # Unix 1692803367
BEACON_PERIOD: Final = timedelta(seconds=3)

PROFILES: Final = ("NB", "NG", "NGB", "H")
COUPLINGS: Final = ("sla-over", "boven-plafond")
DICE: Final = {"d6": (50, "123456"), "d10": (39, "0123456789")}  # least number of throws, faces


@dataclass(frozen=True, slots=True)
class Commitment:
    """The public promise before the draw; its SHA-256 is H_C."""

    session: str
    attempt: int  # from 1
    previous: str | None  # hash of the previous commitment of this period
    profile: str  # NB, NG, NGB or H
    participants_hash: str
    dossiers_hash: str
    rules_hash: str
    verifier_hash: str
    dice: str  # d6, d10 or hand
    throws: int  # 0 for hand
    beacon_rounds: tuple[int, ...]  # the round and two reserves, empty without a beacon
    secret_hash: str | None
    coupling: str  # sla-over or boven-plafond
    draws: tuple[str, ...]  # in order of execution
    frozen_at: str  # YYYY-MM-DDTHH:MM:SSZ


@dataclass(frozen=True, slots=True)
class Seed:
    """The randomness; the SHA-256 of its file is K."""

    session: str
    commitment_hash: str  # H_C
    digits: str | None  # the dice as thrown; None in profile H
    orders: tuple[tuple[str, tuple[str, ...]], ...]  # profile H: per draw its units as drawn
    beacon: tuple[int, str] | None  # round and 64 hex digits
    secret: str | None  # 64 hex digits


def dice_slot(session: str, commitment_hash: str, digits: str) -> str:
    """The lock that is published as soon as the dice have been typed in twice (section 4.4)."""
    return sha256_hex(f"{VERSION}|notaris|{session}|{commitment_hash}|{digits}".encode("ascii"))


def secret_hash(session: str, secret_hex: str) -> str:
    """What the commitment says of the system's secret (profiles NG and NGB)."""
    return sha256_hex(f"{VERSION}|geheim|{session}|{secret_hex}".encode("ascii"))


def rehearsal_beacon(session: str, digits: str) -> str:
    """The value that stands in for the beacon in a rehearsal (data-formats.md section 2)."""
    return sha256_hex(f"{VERSION}|oefenbaken|{session}|{digits}".encode("ascii"))


def beacon_time(round_number: int) -> datetime:
    """The moment (UTC) at which ``drand-quicknet`` publishes a round, counted from 1 (section 10)."""
    return BEACON_GENESIS + BEACON_PERIOD * (round_number - 1)


def render_commitment(commitment: Commitment) -> bytes:
    """The bytes of ``vastlegging.txt``.

    Errors: FileFormatError for anything the grammar forbids, and, except in a rehearsal, for a beacon round
    within 24 hours of the freeze.
    """
    _check_commitment(commitment)
    rounds = ",".join(map(str, commitment.beacon_rounds))
    return encode(
        [
            f"{VERSION}|vastlegging|{commitment.session}",
            f"poging|{commitment.attempt}|{commitment.previous or NONE}",
            f"profiel|{commitment.profile}",
            f"deelnemers|{commitment.participants_hash}",
            f"dossiers|{commitment.dossiers_hash}",
            f"reglement|{commitment.rules_hash}",
            f"verificateur|{commitment.verifier_hash}",
            f"notaris|{commitment.dice}|{commitment.throws}",
            f"baken|{BEACON}|{rounds}" if rounds else "baken|-|-",
            f"geheim|{commitment.secret_hash or NONE}",
            f"koppel|{commitment.coupling}",
            f"lotingen|{','.join(commitment.draws)}",
            f"moment|{commitment.frozen_at}",
            "eind",
        ]
    )


def parse_commitment(data: bytes) -> Commitment:
    """The object that ``render_commitment`` turns into exactly these bytes.

    Errors: FileFormatError with line and sentence.
    """
    lines = Lines(data, COMMITMENT, "vastlegging")
    attempt, previous = lines.take("poging", 3)
    lines.field(COUNT, attempt, "an attempt")
    previous_hash = lines.optional(HASH, previous, "the hash of a previous commitment")
    (profile,) = lines.take("profiel", 2)
    hashes = [lines.take(word, 2)[0] for word in ("deelnemers", "dossiers", "reglement", "verificateur")]
    dice, throws = lines.take("notaris", 3)
    lines.field(COUNT, throws, "a number of throws")
    beacon, rounds = lines.take("baken", 3)
    numbers: tuple[int, ...] = ()
    if (beacon, rounds) != (NONE, NONE):
        if beacon != BEACON:
            raise lines.error(f"{shown(beacon)} is not a known beacon")
        numbers = tuple(int(lines.field(ROUND, part, "a beacon round")) for part in rounds.split(","))
    (secret,) = lines.take("geheim", 2)
    secret_of = lines.optional(HASH, secret, "the hash of a secret")
    (coupling,) = lines.take("koppel", 2)
    (draws,) = lines.take("lotingen", 2)
    (moment,) = lines.take("moment", 2)
    lines.take("eind", 1)
    lines.finish()
    commitment = Commitment(
        session=lines.session,
        attempt=int(attempt),
        previous=previous_hash,
        profile=profile,
        participants_hash=hashes[0],
        dossiers_hash=hashes[1],
        rules_hash=hashes[2],
        verifier_hash=hashes[3],
        dice=dice,
        throws=int(throws),
        beacon_rounds=numbers,
        secret_hash=secret_of,
        coupling=coupling,
        draws=tuple(draws.split(",")),
        frozen_at=moment,
    )
    _check_commitment(commitment)
    return commitment


def render_seed(seed: Seed) -> bytes:
    """The bytes of ``zaad.txt``.

    Errors: FileFormatError for anything the grammar forbids.
    """
    _check_seed_alone(seed)
    lines = [
        f"{VERSION}|zaad|{seed.session}",
        f"vastlegging|{seed.commitment_hash}",
        f"notaris|{'hand' if seed.digits is None else seed.digits}",
    ]
    # A draw in which nobody takes part has no unit to name: "-" means none (section 3).
    lines.extend(f"volgorde|{draw}|{','.join(units) or NONE}" for draw, units in seed.orders)
    lines.append("baken|-|-" if seed.beacon is None else f"baken|{seed.beacon[0]}|{seed.beacon[1]}")
    lines.append(f"geheim|{seed.secret or NONE}")
    return encode([*lines, "eind"])


def parse_seed(data: bytes) -> Seed:
    """The object that ``render_seed`` turns into exactly these bytes.

    Errors: FileFormatError with line and sentence.
    """
    lines = Lines(data, SEED, "zaad")
    (commitment_hash,) = lines.take("vastlegging", 2)
    (digits,) = lines.take("notaris", 2)
    orders: list[tuple[str, tuple[str, ...]]] = []
    while lines.peek() == "volgorde":
        draw, units = lines.take("volgorde", 3)
        orders.append((draw, () if units == NONE else tuple(units.split(","))))
    round_number, value = lines.take("baken", 3)
    beacon: tuple[int, str] | None = None
    if (round_number, value) != (NONE, NONE):
        beacon = (int(lines.field(ROUND, round_number, "a beacon round")), value)
    (secret,) = lines.take("geheim", 2)
    own_secret = lines.optional(HASH, secret, "a secret of 64 hexadecimal digits")
    lines.take("eind", 1)
    lines.finish()
    seed = Seed(
        lines.session,
        commitment_hash,
        None if digits == "hand" else digits,
        tuple(orders),
        beacon,
        own_secret,
    )
    _check_seed_alone(seed)
    return seed


def check_seed(commitment: Commitment, seed: Seed) -> None:
    """Refuse a seed that the commitment did not announce (sections 4.3, 4.4 and 7).

    Errors: FileFormatError for another session or H_C, dice of another kind or number, a beacon round that
    was not listed, a secret that does not fit its hash, a hand order for other draws. That each order holds
    exactly the participating units is checked when the draw is computed.
    """
    if seed.session != commitment.session:
        raise FileFormatError(SEED, 1, f"the commitment is of session {commitment.session}")
    if seed.commitment_hash != sha256_hex(render_commitment(commitment)):
        raise FileFormatError(SEED, 2, "this is not the hash of vastlegging.txt")
    if commitment.dice == "hand":
        if seed.digits is not None:
            raise FileFormatError(SEED, 3, "the commitment announces a draw by hand")
        if tuple(draw for draw, _ in seed.orders) != commitment.draws:
            raise FileFormatError(SEED, 4, "the orders are not those of the announced draws")
    else:
        faces = DICE[commitment.dice][1]
        if seed.digits is None or len(seed.digits) != commitment.throws or set(seed.digits) - set(faces):
            raise FileFormatError(SEED, 3, f"{commitment.throws} digits of a {commitment.dice} are announced")
    round_number = seed.beacon[0] if seed.beacon else None
    if (seed.beacon is not None) != bool(commitment.beacon_rounds) or (
        seed.beacon and round_number not in commitment.beacon_rounds
    ):
        raise FileFormatError(SEED, None, "the beacon round is not one of those announced")
    if seed.secret is None or commitment.secret_hash is None:
        if seed.secret is not None or commitment.secret_hash is not None:
            raise FileFormatError(SEED, None, "commitment and seed do not both have a secret")
    elif secret_hash(seed.session, seed.secret) != commitment.secret_hash:
        raise FileFormatError(SEED, None, "the secret does not fit the hash in the commitment")


def _check_commitment(commitment: Commitment) -> None:
    fault = _commitment_fault(commitment)
    if fault is not None:
        raise FileFormatError(COMMITMENT, fault[0], fault[1])


def _commitment_fault(commitment: Commitment) -> tuple[int, str] | None:
    """Line and sentence of the first fault."""
    c = commitment
    if not matches(SESSION, c.session):
        return 1, f"{shown(c.session)} is not a session name"
    if not is_count(c.attempt, 1, 999_999_999):
        return 2, f"{shown(c.attempt)} is not an attempt"
    if (c.previous is None) != (c.attempt == 1) or (c.previous is not None and not matches(HASH, c.previous)):
        return 2, "the first attempt has no previous commitment, every later one has its hash"
    if c.profile not in PROFILES:
        return 3, f"{shown(c.profile)} is not a profile"
    hashes = (c.participants_hash, c.dossiers_hash, c.rules_hash, c.verifier_hash)
    for line, value in enumerate(hashes, 4):
        if not matches(HASH, value):
            return line, f"{shown(value)} is not a hash"
    if c.profile == "H":
        if c.dice != "hand" or not is_count(c.throws, 0, 0):
            return 8, "in profile H the notary draws by hand, without throws"
    elif c.dice not in DICE or not is_count(c.throws, DICE[c.dice][0], 999_999_999):
        return 8, "the dice are d6 with at least 50 throws or d10 with at least 39"
    return _beacon_fault(c) or _tail_fault(c)


def _beacon_fault(c: Commitment) -> tuple[int, str] | None:
    if c.profile not in ("NB", "NGB"):
        return (9, f"profile {c.profile} has no beacon") if c.beacon_rounds else None
    rounds = c.beacon_rounds
    if len(rounds) != 3 or not all(is_count(number, 1, 10**15 - 1) for number in rounds):
        return 9, "a beacon needs a round and two reserve rounds"
    if not rounds[0] < rounds[1] < rounds[2]:
        return 9, "the beacon rounds are not in ascending order"
    return None


def _tail_fault(c: Commitment) -> tuple[int, str] | None:
    if (c.secret_hash is not None) != (c.profile in ("NG", "NGB")) or (
        c.secret_hash is not None and not matches(HASH, c.secret_hash)
    ):
        return 10, "profiles NG and NGB have the hash of a secret, the others have none"
    if c.coupling not in COUPLINGS:
        return 11, f"{shown(c.coupling)} is neither sla-over nor boven-plafond"
    if not c.draws or not all(matches(DRAW, draw) for draw in c.draws):
        return 12, "the draws are school/<code> and centraal, at least one"
    if len(set(c.draws)) != len(c.draws):
        return 12, "a draw occurs twice"
    if CENTRAL in c.draws[:-1]:
        return 12, "centraal gives what the school draws left and comes last"
    moment = _moment(c.frozen_at)
    if moment is None:
        return 13, f"{shown(c.frozen_at)} is not a moment"
    if c.beacon_rounds and not c.session.startswith(REHEARSAL_PREFIX):
        seconds = (moment - BEACON_GENESIS).total_seconds() + 24 * 3600
        if (c.beacon_rounds[0] - 1) * BEACON_PERIOD.total_seconds() < seconds:
            return 9, "the first beacon round is less than 24 hours after the freeze"
    return None


def _moment(text: str) -> datetime | None:
    if not matches(MOMENT, text):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _check_seed_alone(seed: Seed) -> None:
    fault = _seed_fault(seed)
    if fault is not None:
        raise FileFormatError(SEED, fault[0], fault[1])


def _seed_fault(s: Seed) -> tuple[int, str] | None:
    if not matches(SESSION, s.session):
        return 1, f"{shown(s.session)} is not a session name"
    if not matches(HASH, s.commitment_hash):
        return 2, f"{shown(s.commitment_hash)} is not the hash of a commitment"
    if s.digits is None:
        if not s.orders:
            return 4, "a draw by hand needs the drawn orders"
        if s.beacon is not None or s.secret is not None:
            return 4 + len(s.orders), "a draw by hand has neither beacon nor secret"
    else:
        if (
            not isinstance(s.digits, str)
            or not s.digits.isascii()
            or not s.digits.isdigit()
            or len(s.digits) < 39
        ):
            return 3, "the notary's digits are not at least 39 digits"
        if s.orders:
            return 4, "orders drawn by hand do not go together with dice"
        if s.beacon is None and s.secret is None:
            return 4, "beside the dice there is a beacon, a secret or both"
    for line, (draw, units) in enumerate(s.orders, 4):
        if not matches(DRAW, draw) or any(draw == other for other, _ in s.orders[: line - 4]):
            return line, f"{shown(draw)} is not a draw or occurs twice"
        if not all(matches(NUMBER, unit) for unit in units) or len(set(units)) != len(units):
            return line, "a drawn unit is not well formed or occurs twice"
    if s.beacon is not None and not (is_count(s.beacon[0], 1, 10**15 - 1) and matches(HASH, s.beacon[1])):
        return 4, "the beacon is a round with 64 hexadecimal digits"
    if s.secret is not None and not matches(HASH, s.secret):
        return 5, "the secret is not 64 hexadecimal digits"
    return None
