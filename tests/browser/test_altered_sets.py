"""Altered sets of files before both verifiers, the program of the notary and the page of the parents: 0 accepted.

OA-LOT/1 section 12 test 2, with H_C given. Some go through the program as a process of its own, as the draw does.
"""

import random
from collections.abc import Callable
from functools import cache

import pytest
from playwright.sync_api import BrowserContext

from lottery.services.verification import verify_files
from lottery.verifier.controleer import OK, check
from tests.browser.test_check_page import OFFLINE, Files, checked, job, sha
from tests.lottery.random_sessions import NAMES, random_session, vector

pytestmark = pytest.mark.browser
AT_ONCE = 100  # sets for each question to the browser


@cache
def sources() -> tuple[Files, ...]:
    """The vectors, and sessions of every profile with linked children and held seats."""
    random_ones = (random_session(number, children=12).files() for number in range(40))
    return (*map(vector, ("alm", "hand", "vovp")), *random_ones)


def one_bit(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]


def one_byte(content: bytes, chance: random.Random) -> bytes:
    """A byte more, a byte less, or another one."""
    at = chance.randrange(len(content))
    extra = chance.choice([b"", b"0", b"|", b"\n", b"\r", b" ", b"\t", b"\0", b"\xc3\xa9", b"-"])
    return content[:at] + extra + content[at + chance.randint(0, 1) :]


def other_lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    kind = chance.randrange(4)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[other])
    elif kind == 2:
        lines[at], lines[other] = lines[other], lines[at]
    else:
        fields, source = lines[at].split(b"|"), lines[other].split(b"|")
        fields[chance.randrange(len(fields))] = chance.choice(source)
        lines[at] = b"|".join(fields)
    return b"\n".join(lines)


def as_saved_by_a_spreadsheet(content: bytes, chance: random.Random) -> bytes:
    return chance.choice(
        [
            content.replace(b"\n", b"\r\n"),
            b"\xef\xbb\xbf" + content,
            content.rstrip(b"\n"),
            content + b"\n",
            content.replace(b"|", b";"),
            content.upper(),
            b"",
        ]
    )


def altered(number: int) -> tuple[Files, str]:
    """Set ``number`` with the H_C that was published: one file changed, or two, or one of another session."""
    chance = random.Random(number)
    files = chance.choice(sources())
    changed = dict(files)
    while changed == files:
        for name in chance.sample(NAMES, chance.choice([1, 1, 2])):
            kind = chance.choice([one_bit, one_bit, one_byte, other_lines, as_saved_by_a_spreadsheet])
            changed[name] = (
                chance.choice(sources())[name] if chance.random() < 0.05 else kind(changed[name], chance)
            )
    return changed, sha(files["vastlegging.txt"])


def test_lists_of_another_session_do_not_keep_the_page_busy(new_context: Callable[..., BrowserContext]):
    """Drawn by hand, nobody on the other lists has a lot: all are equal, and no door could shut one of them out."""
    files, h_c = altered(14_110)
    page = new_context(offline=True).new_page()
    page.goto(OFFLINE)
    assert checked(page, job(files, commitment=h_c))[0]["exitCode"] != 0


@pytest.mark.parametrize(
    ("count", "processes"),
    [pytest.param(500, 10, id="sample"), pytest.param(16_000, 100, id="full", marks=pytest.mark.long)],
)
def test_no_altered_set_is_accepted_by_either_verifier(
    new_context: Callable[..., BrowserContext], count: int, processes: int
):
    page = new_context(offline=True).new_page()
    page.goto(OFFLINE)
    for files in sources():  # as they are, both accept them
        h_c = sha(files["vastlegging.txt"])
        assert check(files, h_c).code == OK
        assert checked(page, job(files, commitment=h_c))[0]["exitCode"] == 0
    for first in range(0, count, AT_ONCE):
        sets = [altered(number) for number in range(first, min(first + AT_ONCE, count))]
        answers = checked(page, *(job(files, commitment=h_c) for files, h_c in sets))
        for number, ((files, h_c), answer) in enumerate(zip(sets, answers, strict=True), start=first):
            report = check(files, h_c)
            assert report.code != OK and report.errors, number
            assert answer["exitCode"] != 0 and any(step["errors"] for step in answer["steps"]), number
    for number in range(0, count, count // processes):
        files, h_c = altered(number)
        assert verify_files(files, commitment_hash=h_c).exit_code in (1, 2, 3), number
