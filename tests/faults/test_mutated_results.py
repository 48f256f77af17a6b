"""A result that is not what the files give: the second program refuses every one, and nothing changes (section 7.6)."""

import contextlib
import random
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from admissions.services.draws.outcomes import apply_session
from lottery.engine.files import sha256_hex
from lottery.engine.outcome import render_outcome
from lottery.enums import SessionState
from lottery.models import DrawSession
from lottery.services.sessions import SessionError, VerificationFailed, compute, verify_session
from tests.factories.ceremony import Room, open_room
from tests.factories.city import everything

pytestmark = pytest.mark.django_db

Lines = list[str]


def swapped(lines: Lines, chance: random.Random, column: int) -> Lines:
    """Two children of one draw change places, ranks, lots or schools with each other."""
    draws = {line.split("|")[1] for line in lines if line.startswith("uitkomst|")}
    draw = chance.choice(sorted(draws))
    of_draw = [number for number, line in enumerate(lines) if line.startswith(f"uitkomst|{draw}|")]
    if len(of_draw) < 2:
        return lines
    one, other = chance.sample(of_draw, 2)
    first, second = lines[one].split("|"), lines[other].split("|")
    first[column], second[column] = second[column], first[column]
    return _with(_with(lines, one, "|".join(first)), other, "|".join(second))


def _with(lines: Lines, at: int, line: str) -> Lines:
    return [*lines[:at], line, *lines[at + 1 :]]


def other_field(lines: Lines, chance: random.Random) -> Lines:
    """One field of one line says what the same field of another line says."""
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    fields, source = lines[at].split("|"), lines[other].split("|")
    column = chance.randrange(len(fields))
    fields[column] = (
        source[column] if column < len(source) else chance.choice(["-", "0", "1", "vrij", "dicht"])
    )
    return _with(lines, at, "|".join(fields))


def another_school(lines: Lines, chance: random.Random) -> Lines:
    """A child gets a place it did not win, or loses the one it won."""
    at = chance.choice([number for number, line in enumerate(lines) if line.startswith("uitkomst|")])
    codes = sorted({line.split("|")[2] for line in lines if line.startswith("grens|")})
    head, _code = lines[at].rsplit("|", 1)
    return _with(lines, at, f"{head}|{chance.choice([*codes, '-'])}")


def one_digit(lines: Lines, chance: random.Random) -> Lines:
    at = chance.randrange(len(lines))
    places = [number for number, letter in enumerate(lines[at]) if letter in "0123456789abcdef"]
    if not places:
        return lines
    place = chance.choice(places)
    return _with(lines, at, lines[at][:place] + chance.choice("0123456789abcdef") + lines[at][place + 1 :])


def child_left_out(lines: Lines, chance: random.Random) -> Lines:
    """Without one child, with every rank and count made right again."""
    at = chance.choice([number for number, line in enumerate(lines) if line.startswith("uitkomst|")])
    draw = lines[at].split("|")[1]
    kept, rank = [], 0
    for number, line in enumerate(lines):
        fields = line.split("|")
        if number == at:
            continue
        if fields[0] == "loting" and fields[1] == draw:
            fields[3] = str(int(fields[3]) - 1)
        if fields[0] == "uitkomst" and fields[1] == draw:
            rank += 1
            fields[2] = str(rank)
        kept.append("|".join(fields))
    return [*kept[:-1], f"eind|{len(kept) - 3}"]


def lines_moved(lines: Lines, chance: random.Random) -> Lines:
    one, other = chance.sample(range(len(lines)), 2)
    return _with(_with(lines, one, lines[other]), other, lines[one])


def cut_off(lines: Lines, chance: random.Random) -> Lines:
    return lines[: chance.randrange(len(lines))]


MUTATIONS: tuple[Callable[[Lines, random.Random], Lines], ...] = (
    *(lambda lines, chance, column=column: swapped(lines, chance, column) for column in (2, 3, 6, 7)),
    other_field,
    another_school,
    one_digit,
    child_left_out,
    lines_moved,
    cut_off,
)


def mutated(outcome: bytes, chance: random.Random) -> bytes:
    """One to three changes, or a bit; never the same bytes."""
    content = outcome
    while content == outcome:
        if chance.random() < 0.1:
            at = chance.randrange(len(outcome))
            content = outcome[:at] + bytes([outcome[at] ^ 1 << chance.randrange(8)]) + outcome[at + 1 :]
            continue
        lines = outcome.decode().splitlines()
        for _ in range(chance.randint(1, 3)):
            with contextlib.suppress(IndexError, ValueError):  # does not fit what an earlier change left
                lines = chance.choice(MUTATIONS)(lines, chance)
        content = "".join(f"{line}\n" for line in lines).encode()
    return content


def stored(room: Room, content: bytes) -> DrawSession:
    """These bytes as the outcome, with their own hash, as a program that went wrong would leave them."""
    session = room.session()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE lottery_drawsession SET state = %s, outcome = %s, outcome_hash = %s, computed_at = frozen_at "
            "WHERE id = %s",
            [SessionState.COMPUTED, content, sha256_hex(content), session.pk],
        )
    return room.session()


@pytest.mark.parametrize(
    "count", [pytest.param(50, id="sample"), pytest.param(1_000, id="full", marks=pytest.mark.long)]
)
def test_mutated_result_is_refused_and_changes_nothing(count: int):
    room = open_room(children=9, schools={"A": 3, "B": 2})
    session = room.seed()
    right = render_outcome(compute(session))
    chance = random.Random(count)
    for number in range(count):
        content = mutated(right, chance)
        with transaction.atomic():
            session = stored(room, content)
            before = everything()
            with pytest.raises(VerificationFailed):
                verify_session(session_id=session.pk, at=session.frozen_at)
            with pytest.raises(SessionError):
                apply_session(session_id=session.pk, actor=None)
            assert everything() == before, (number, content)
            transaction.set_rollback(True)
    stored(room, right)
    assert verify_session(
        session_id=session.pk, at=session.frozen_at
    ).is_verified  # the right one is accepted
