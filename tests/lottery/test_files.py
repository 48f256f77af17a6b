"""The byte format: what is written comes back, what the grammar forbids is neither read nor written."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lottery.engine.files import (
    ChildLine,
    Commitment,
    Dossiers,
    FileFormatError,
    SchoolLine,
    Seed,
    beacon_time,
    check_freeze,
    check_seed,
    child_line,
    dice_slot,
    parse_commitment,
    parse_dossiers,
    parse_outcome,
    parse_seed,
    rehearsal_beacon,
    render_commitment,
    render_dossiers,
    render_participants,
    render_seed,
    seal,
    secret_hash,
    sha256_hex,
)
from lottery.engine.outcome import render_outcome
from tests.lottery.random_sessions import random_session, vector

CODECS: dict[str, tuple[Callable, Callable]] = {
    "dossiers.txt": (parse_dossiers, render_dossiers),
    "vastlegging.txt": (parse_commitment, render_commitment),
    "zaad.txt": (parse_seed, render_seed),
    "uitslag.txt": (parse_outcome, render_outcome),
}
HASH = "ab" * 32
SALT = "cd" * 16


def child(regno: str = "A1", **fields) -> ChildLine:
    return replace(ChildLine(regno, regno, "SC", (("S1", 1), ("S2", 2)), SALT), **fields)


TWO_SCHOOLS = (SchoolLine("S1", 1), SchoolLine("S2", None))


def dossiers(*children: ChildLine, schools: tuple[SchoolLine, ...] = TWO_SCHOOLS) -> Dossiers:
    return Dossiers("TEST-1", schools, children)


@pytest.mark.parametrize("name", ["alm", "hand", "vovp"])
@pytest.mark.parametrize("file", CODECS)
def test_vectors_survive_reading_and_writing(name, file):
    parse, render = CODECS[file]
    data = vector(name)[file]
    assert render(parse(data)) == data


@pytest.mark.parametrize("name", ["alm", "hand", "vovp"])
def test_participants_follow_from_dossiers(name):
    files = vector(name)
    assert render_participants(parse_dossiers(files["dossiers.txt"])) == files["deelnemers.txt"]


def test_hashes_of_section_11():
    files = vector("alm")
    h_c = sha256_hex(files["vastlegging.txt"])
    seed = parse_seed(files["zaad.txt"])
    assert h_c == "19baca8bcc59f370ed53fa469f289632e69599b3d9df3ac216bbebe64b0faec8"
    assert sha256_hex(files["zaad.txt"]) == "82d5e7fd3783da357f02d10335090dfd5a7b82a6e13109c7627366fe7d627205"
    slot = "2f4e7cce4e7619842664602217b0f2d56cee21a50abdcf5c83950ddb52628804"
    assert dice_slot(seed.session, h_c, seed.digits) == slot
    secret = "9d90a6e3fd8f87a43ea451750ab48d1fa97c69870c6ae192f6f6b71859c6f629"
    assert secret_hash("TEST-2023-ALM3", bytes(range(32)).hex()) == secret


def test_seal_of_section_11():
    line = parse_dossiers(vector("alm")["dossiers.txt"]).children[11]
    assert child_line(line) == "kind|BW8D5NJV|BW8D5NJV|C|15AB:3,31EF:2|a9cc0d551f00f5ac94a0f10cdebf9927"
    assert seal(line) == "b53b23b1df28112b3e455b37ec349d4e53f9c924a90254a58d5161b25f7723d7"


def test_rehearsal_beacon_is_the_hash_of_session_and_digits():
    assert rehearsal_beacon("OEFEN-1", "123") == sha256_hex(b"OA-LOT/1|oefenbaken|OEFEN-1|123")


def test_beacon_time_of_the_round_in_section_10():
    assert beacon_time(657413).isoformat() == "2023-09-15T11:00:03+00:00"


def test_any_order_in_gives_sorted_lines_out():
    wanted = b"""OA-LOT/1|dossiers|TEST-1
school|9-9|0
school|99|onbeperkt
school|AB|3
kind|1-1|1-1|S|AB:1|cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
kind|11|11|S|AB:1|cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
kind|A|A|S|AB:1|cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
eind|3|3
"""
    schools = (SchoolLine("AB", 3), SchoolLine("99", None), SchoolLine("9-9", 0))
    children = [child(regno, participation="S", choices=(("AB", 1),)) for regno in ("A", "1-1", "11")]
    assert render_dossiers(dossiers(*children, schools=schools)) == wanted


@pytest.mark.parametrize(
    ("lists", "line", "sentence"),
    [
        (replace(dossiers(), session="oefen"), 1, "'oefen' is not a session name"),
        (replace(dossiers(), session="A" * 33), 1, "is not a session name"),
        (dossiers(schools=(SchoolLine("s1", 1),)), 2, "'s1' is not a school code"),
        (dossiers(schools=(SchoolLine("A" * 17, 1),)), 2, "is not a school code"),
        (dossiers(schools=(SchoolLine("S1", -1),)), 2, "-1 is not a number of places"),
        (dossiers(schools=(SchoolLine("S1", 10_000),)), 2, "10000 is not a number of places"),
        (dossiers(schools=(SchoolLine("S1", True),)), 2, "True is not a number of places"),
        (dossiers(schools=(SchoolLine("S1", 1), SchoolLine("S1", 2))), 3, "occurs twice"),
        (dossiers(child("a")), 4, "'a' is not a registration number"),
        (dossiers(child("A-")), 4, "is not a registration number"),
        (dossiers(child("A" * 33)), 4, "is not a registration number"),
        (dossiers(child("é")), 4, "is not a registration number"),
        (dossiers(child("A1"), child("A1")), 5, "occurs twice"),
        (dossiers(child(unit="-")), 4, "'-' is not a unit"),
        (dossiers(child(participation="CS")), 4, "'CS' is not SC, S or C"),
        (dossiers(child(salt="CD" * 16)), 4, "the salt is not 32 hexadecimal digits"),
        (dossiers(child(choices=())), 4, "child A1 has no choices"),
        (dossiers(child(choices=(("S3", 1),))), 4, "school 'S3' is not in the list"),
        (dossiers(child(choices=(("S1", 1), ("S1", 1)))), 4, "school S1 occurs twice in the choices"),
        (dossiers(child(choices=(("S1", 10),))), 4, "10 is not a priority class"),
        (dossiers(child(choices=(("S1", 0),))), 4, "class 0 is only for the last choice"),
        (
            dossiers(child(participation="C", choices=(("S1", 0), ("S2", 1)))),
            4,
            "class 0 is only for the last",
        ),
        (dossiers(child(unit="A2"), child("A2")), 4, "unit A2 is not the smallest number of its group"),
        (dossiers(child(unit="A0")), 4, "unit A0 is not the smallest number of its group"),
        (
            dossiers(child(), child("A2", unit="A1"), child("A3", unit="A2")),
            6,
            "unit A2 is not the smallest number of its group",
        ),
        (dossiers(child(), child("A2", unit="A1", participation="S")), 5, "differs from the others"),
        (
            dossiers(child(), child("A2", unit="A1", choices=(("S1", 1), ("S2", 3)))),
            5,
            "differs from the others",
        ),
        (
            dossiers(*(child(f"A{i}", participation="C", choices=(("S2", 2), ("S1", 0))) for i in (1, 2))),
            5,
            "more children hold a seat at S1 than it has places",
        ),
        (
            dossiers(child(participation="C", choices=(("S2", 2), ("S1", 0))), child("A2")),
            5,
            "in a session with held seats",
        ),
        (
            dossiers(
                child(participation="C", choices=(("S2", 2), ("S1", 0))),
                child("A2", participation="C"),
                child("A3", participation="C", unit="A2"),
            ),
            6,
            "in a session with held seats",
        ),
    ],
)
def test_bad_lists_are_never_written(lists, line, sentence):
    with pytest.raises(FileFormatError) as caught:
        render_dossiers(lists)
    assert (caught.value.file, caught.value.line) == ("dossiers.txt", line)
    assert sentence in caught.value.sentence
    with pytest.raises(FileFormatError):
        render_participants(lists)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (b"OA-LOT/1", b"OA-LOT/2", 1),
        (b"|dossiers|", b"|deelnemers|", 1),
        (b"TEST-2023", b"test-2023", 1),
        (b"school|15AB|3\n", b"school|15AB|03\n", 2),
        (b"school|15AB|3\n", b"school|15AB| 3\n", 2),
        (b"school|15AB|3\n", b"school|15AB|3 \n", 2),
        (b"school|15AB|3\n", b"school|15AB|\n", 2),
        (b"school|15AB|3\n", b"school|15AB|3|4\n", 2),
        (b"school|15AB|3\n", b"\nschool|15AB|3\n", 2),
        (b"school|15AB|3\n", b"school|15AB|3\r\n", 2),
        (b"school|15AB|3\n", b"school\t15AB|3\n", 2),
        (b"school|15AB|3\n", b"school|15\x00AB|3\n", 2),
        (b"school|15AB|3\nschool|22CD|2\n", b"school|22CD|2\nschool|15AB|3\n", 3),
        (b"|15AB:1,22CD:3,31EF:3|", b"|15AB:1,22CD:3,,31EF:3|", 6),
        (b"|15AB:1,22CD:3,31EF:3|", b"|15AB:1,22CD:3,31EF:10|", 6),
        (b"|15AB:1,22CD:3,31EF:3|", b"|15AB,22CD:3,31EF:3|", 6),
        (b"2c16782717c54723381dd3f33cf51e84", b"2C16782717c54723381dd3f33cf51e84", 6),
        (b"eind|4|13\n", b"eind|4|14\n", 19),
        (b"eind|4|13\n", b"eind|4|13", 19),
        (b"eind|4|13\n", b"eind|4|13\n\n", 20),
        (b"eind|4|13\n", b"eind|4|13\neind|4|13\n", 20),
        (b"eind|4|13\n", b"", 19),
    ],
)
def test_altered_dossiers_are_refused_with_the_line(old, new, line):
    data = vector("alm")["dossiers.txt"]
    assert data.count(old) == 1
    with pytest.raises(FileFormatError) as caught:
        parse_dossiers(data.replace(old, new))
    assert (caught.value.file, caught.value.line) == ("dossiers.txt", line)


@pytest.mark.parametrize("file", CODECS)
@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"OA-LOT/1", b"eind\n", b"\xff\xfe"])
def test_fragments_are_refused(file, data):
    with pytest.raises(FileFormatError):
        CODECS[file][0](data)


@pytest.mark.parametrize("name", ["alm", "hand", "vovp"])
@pytest.mark.parametrize("file", CODECS)
def test_whatever_is_read_is_written_back_the_same(name, file):
    """Three bit flips at every byte: refused, or a file that is itself canonical. Nothing is repaired."""
    parse, render = CODECS[file]
    data = vector(name)[file]
    for position in range(len(data)):
        for bit in (1, 4, 32):
            altered = bytearray(data)
            altered[position] ^= bit
            try:
                parsed = parse(bytes(altered))
            except FileFormatError:
                continue
            assert render(parsed) == altered


def a_commitment(**fields) -> Commitment:
    return replace(parse_commitment(vector("alm")["vastlegging.txt"]), **fields)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"session": ""}, 1),
        ({"attempt": 0}, 2),
        ({"attempt": 2}, 2),
        ({"previous": HASH}, 2),
        ({"attempt": 2, "previous": HASH.upper()}, 2),
        ({"profile": "NX"}, 3),
        ({"participants_hash": "-"}, 4),
        ({"dossiers_hash": HASH[1:]}, 5),
        ({"rules_hash": HASH + "a"}, 6),
        ({"verifier_hash": ""}, 7),
        ({"dice": "d20"}, 8),
        ({"dice": "hand", "throws": 0}, 8),
        ({"throws": 49}, 8),
        ({"dice": "d10", "throws": 38}, 8),
        ({"profile": "H"}, 8),
        ({"beacon_rounds": ()}, 9),
        ({"beacon_rounds": (657413, 658613)}, 9),
        ({"beacon_rounds": (657413, 657413, 659813)}, 9),
        ({"beacon_rounds": (659813, 658613, 657413)}, 9),
        ({"beacon_rounds": (0, 658613, 659813)}, 9),
        ({"frozen_at": "2023-09-14T11:00:04Z"}, 9),
        ({"secret_hash": HASH}, 10),
        ({"profile": "NGB"}, 10),
        ({"profile": "NG", "secret_hash": HASH}, 9),
        ({"coupling": "sla"}, 11),
        ({"draws": ()}, 12),
        ({"draws": ("school/15AB", "school/15AB")}, 12),
        ({"draws": ("school/",)}, 12),
        ({"draws": ("centraal", "school/15AB")}, 12),
        ({"frozen_at": "2023-02-30T08:00:00Z"}, 13),
        ({"frozen_at": "2023-09-13T08:00:60Z"}, 13),
        ({"frozen_at": "2023-09-13 08:00:00"}, 13),
        ({"frozen_at": "2023-09-13T08:00:00+00:00"}, 13),
    ],
)
def test_bad_commitments_are_never_written(fields, line):
    with pytest.raises(FileFormatError) as caught:
        render_commitment(a_commitment(**fields))
    assert (caught.value.file, caught.value.line) == ("vastlegging.txt", line)


def test_first_beacon_round_is_24_hours_after_the_freeze_except_in_a_rehearsal():
    exactly = a_commitment(frozen_at="2023-09-14T11:00:03Z")
    late = a_commitment(session="OEFEN-1", frozen_at="2023-09-15T11:00:04Z")
    assert parse_commitment(render_commitment(exactly)) == exactly
    assert parse_commitment(render_commitment(late)) == late


def a_seed(**fields) -> Seed:
    return replace(parse_seed(vector("alm")["zaad.txt"]), **fields)


@pytest.mark.parametrize(
    "seed",
    [
        a_seed(session="x"),
        a_seed(commitment_hash="x"),
        a_seed(digits="1" * 38),
        a_seed(digits="1" * 59 + "x"),
        a_seed(digits="1" * 59 + "²"),
        a_seed(digits=None),
        a_seed(orders=(("centraal", ("A",)),)),
        a_seed(beacon=None),
        a_seed(beacon=(0, HASH)),
        a_seed(beacon=(1, HASH.upper())),
        a_seed(secret="x"),
        a_seed(digits=None, beacon=None, orders=()),
        a_seed(digits=None, beacon=None, secret=HASH, orders=(("centraal", ("A",)),)),
        a_seed(digits=None, beacon=None, orders=(("centraal", ("A",)), ("centraal", ("A",)))),
        a_seed(digits=None, beacon=None, orders=(("centraal", ("A", "A")),)),
        a_seed(digits=None, beacon=None, orders=(("centraal", ("-",)),)),
        a_seed(digits=None, beacon=None, orders=(("school", ("A",)),)),
    ],
)
def test_bad_seeds_are_never_written(seed):
    with pytest.raises(FileFormatError):
        render_seed(seed)


def test_a_hand_draw_without_participants_has_a_dash():
    seed = a_seed(digits=None, beacon=None, orders=(("school/S1", ()), ("centraal", ("A", "B"))))
    data = render_seed(seed)
    assert b"volgorde|school/S1|-\nvolgorde|centraal|A,B\n" in data
    assert parse_seed(data) == seed


@pytest.mark.parametrize(
    ("commitment", "seed"),
    [
        (a_commitment(), a_seed(session="TEST-1")),
        (a_commitment(), a_seed(commitment_hash=HASH)),
        (a_commitment(), a_seed(digits="1" * 59)),
        (a_commitment(), a_seed(digits="1" * 59 + "7")),
        (a_commitment(), a_seed(beacon=(657414, HASH))),
        (a_commitment(), a_seed(beacon=None, secret=HASH)),
        (a_commitment(), a_seed(secret=HASH)),
        (a_commitment(), a_seed(digits=None, beacon=None, orders=(("centraal", ("A",)),))),
    ],
)
def test_a_seed_that_was_not_announced_is_refused(commitment, seed):
    with pytest.raises(FileFormatError):
        check_seed(commitment, seed)


def test_each_announced_round_may_be_the_one():
    for number in a_commitment().beacon_rounds:
        check_seed(a_commitment(), a_seed(beacon=(number, HASH)))


def test_a_secret_must_fit_its_hash():
    secret = bytes(range(32)).hex()
    commitment = a_commitment(profile="NGB", secret_hash=secret_hash("TEST-2023-ALM3", secret))
    seed = a_seed(secret=secret, commitment_hash=sha256_hex(render_commitment(commitment)))
    check_seed(commitment, seed)
    with pytest.raises(FileFormatError, match="does not fit"):
        check_seed(commitment, replace(seed, secret=HASH))
    with pytest.raises(FileFormatError, match="do not both have a secret"):
        check_seed(commitment, replace(seed, secret=None))


def frozen(lists: Dossiers, **fields) -> Commitment:
    return a_commitment(
        session=lists.session,
        participants_hash=sha256_hex(render_participants(lists)),
        dossiers_hash=sha256_hex(render_dossiers(lists)),
        **fields,
    )


def test_lists_and_commitment_must_belong_together():
    lists = parse_dossiers(vector("alm")["dossiers.txt"])
    check_freeze(lists, a_commitment())
    for other in (
        a_commitment(session="TEST-1"),
        a_commitment(participants_hash=HASH),
        a_commitment(dossiers_hash=HASH),
        a_commitment(draws=("school/15AB", "school/22CD", "centraal")),
        a_commitment(draws=("school/15AB", "school/22CD", "school/31EF")),
        a_commitment(draws=("school/15AB", "school/22CD", "school/31EF", "school/XX", "centraal")),
    ):
        with pytest.raises(FileFormatError):
            check_freeze(lists, other)


def test_held_seats_allow_the_central_draw_only():
    lists = dossiers(child(participation="C", choices=(("S2", 2), ("S1", 0))))
    check_freeze(lists, frozen(lists, draws=("centraal",)))
    with pytest.raises(FileFormatError, match="no other draw"):
        check_freeze(lists, frozen(lists, draws=("school/S1", "centraal")))


def test_every_byte_of_lists_and_commitment_is_bound():
    """Bit flips at every byte: another file is refused by the grammar, by a hash, or by H_C in the seed."""
    files = vector("alm")
    lists = parse_dossiers(files["dossiers.txt"])
    commitment = parse_commitment(files["vastlegging.txt"])
    seed = parse_seed(files["zaad.txt"])
    accepted = 0
    for position in range(len(files["dossiers.txt"])):
        altered = bytearray(files["dossiers.txt"])
        altered[position] ^= 1
        try:
            check_freeze(parse_dossiers(bytes(altered)), commitment)
            accepted += 1
        except FileFormatError:
            pass
    for position in range(len(files["vastlegging.txt"])):
        altered = bytearray(files["vastlegging.txt"])
        altered[position] ^= 1
        try:
            other = parse_commitment(bytes(altered))
            check_freeze(lists, other)
            check_seed(other, seed)
            accepted += 1
        except FileFormatError:
            pass
    assert accepted == 0


def test_random_sessions_survive_reading_and_writing():
    for number in range(100):
        for file, data in random_session(number).files().items():
            if file in CODECS:
                parse, render = CODECS[file]
                assert render(parse(data)) == data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"loting|school/15AB|3|6", b"loting|school/15AB|-|6"),
        (b"loting|school/15AB|3|6", b"loting|school/15AB|3|7"),
        (b"loting|centraal|-|6", b"loting|centraal|3|6"),
        (b"uitkomst|school/15AB|2|", b"uitkomst|school/15AB|3|"),
        (b"uitkomst|school/15AB|2|2B8N4HJC", b"uitkomst|school/22CD|2|2B8N4HJC"),
        (b"|2B8N4HJC|2B8N4HJC|2|", b"|2B8N4HJC|2B8N4HJC|-|"),
        (b"|2B8N4HJC|2B8N4HJC|2|", b"|0F7K2M9Q|0F7K2M9Q|2|"),
        (b"|BW8D5NJV|BW8D5NJV|-|", b"|BW8D5NJV|BW8D5NJV|1|"),
        (b"grens|school/31EF|31EF|vrij|-", b"grens|school/31EF|22CD|vrij|-"),
        (b"grens|school/31EF|31EF|vrij|-", b"grens|school/31EF|31EF|3|-"),
        (b"grens|centraal|15AB|dicht|-\n", b""),
        (b"eind|28", b"eind|27"),
    ],
)
def test_an_outcome_that_contradicts_itself_is_refused(old, new):
    data = vector("alm")["uitslag.txt"]
    assert old in data
    with pytest.raises(FileFormatError):
        parse_outcome(data.replace(old, new))
