"""The stand-alone verifier against OA-LOT/1: vectors, alterations, cheaters, rules of form, stories, speed.

``make_session`` below is a second, deliberately plain production: one child at a time instead of rounds. No test
needs Django. The full counts are marked ``long``; ``OA_LONG=1`` gives the ordinary tests those counts too.
"""

import ast
import hashlib
import hmac
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from lottery.verifier.controleer import DIFFERENCE, INVALID, MISSING, NAMES, OK, check

LONG = os.environ.get("OA_LONG") == "1"
FULL = [pytest.param(LONG, id="sample"), pytest.param(True, id="full", marks=pytest.mark.long)]
PROGRAM = Path(__file__).parents[2] / "lottery" / "verifier" / "controleer.py"
VECTORS = Path(__file__).parents[2] / "lottery" / "vectors"
COMMITMENTS = {  # OA-LOT/1 section 11: H_C and the hash of uitslag.txt
    "alm": (
        "19baca8bcc59f370ed53fa469f289632e69599b3d9df3ac216bbebe64b0faec8",
        "26df7728d6a7e28441a923f0712653b6dde97c4c714cb826544ece114e4246d2",
    ),
    "hand": (
        "006d61c6b53a341739c1d00f8f675d28619cb01adabf407272b75a017bffed0f",
        "61e395365cd15c4cbc3d54b122778c54995bebdd8e75fa9e962311b856d6c113",
    ),
    "vovp": (
        "3cb74ecee9380338734fe77c4ba0a0061b9a4b436ebff6eab0696dfcb4c43298",
        "296970eb2989e76937884a834563a1d6f42b3391782a59b1424b7656da819cdd",
    ),
}
SIGNATURE = (  # of round 657413 (section 10)
    "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
)
FIRST_ROUND = 657413  # 2023-09-15T11:00:03Z
OTHER_SECRET = "ab" * 32
PUBLIC = ["vastlegging.txt", "deelnemers.txt", "zaad.txt", "uitslag.txt"]


def sha(text):
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def vector(name):
    return {file: (VECTORS / name / file).read_bytes() for file in NAMES}


def without(files, *names):
    return {name: raw for name, raw in files.items() if name not in names}


def run(folder, *arguments, **environment):
    command = [sys.executable, "-I", str(PROGRAM), str(folder), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=60
    )


def write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    return folder


# A second production -------------------------------------------------------------------------------------------


def fit_one_by_one(order, choices, held, places):
    """Child-optimal deferred acceptance, one child at a time with displacement (section 6.1)."""
    rank = {name: position for position, name in enumerate(order)}
    seated, tried = {code: [] for code in places}, dict.fromkeys(order, 0)
    for newcomer in order:
        moving = newcomer
        while moving is not None and tried[moving] < len(choices[moving]):
            code = choices[moving][tried[moving]][0]
            tried[moving] += 1
            seated[code].append(moving)
            if places[code] is not None and len(seated[code]) > places[code]:
                moving = max(seated[code], key=lambda name: (held.get(name) != code, rank[name]))
                seated[code].remove(moving)
            else:
                moving = None
    return {name: code for code, names in seated.items() for name in names}


def draw_all(draws, schools, children, koppel, lot_of):
    """The lines between zaad and eind, straight from sections 5, 6 and 6.1."""
    members, data = {}, {}
    for regno, unit, part, choices in sorted(children):
        members.setdefault(unit, []).append(regno)
        data[unit] = (part, choices)
    held = {unit: choices[-1][0] for unit, (_, choices) in data.items() if choices[-1][1] == "0"}
    places, admitted, lines = dict(schools), set(), []
    for draw in draws:
        if draw == "centraal":
            names = [name for name in data if "C" in data[name][0] and name not in admitted]
            tier = dict.fromkeys(names, "")
        else:
            names = [name for name in data if "S" in data[name][0] and data[name][1][0][0] == draw[7:]]
            tier = {name: data[name][1][0][1] for name in names}
        lots = lot_of(draw, names)
        order = sorted(names, key=lambda name: (tier[name], lots[name], name))
        start, result, full, refused, last = dict(places), {}, set(), False, {}
        if draw == "centraal" and all(len(members[name]) == 1 for name in names):
            result = fit_one_by_one(order, {name: data[name][1] for name in names}, held, places)
            for code in result.values():
                places[code] = None if places[code] is None else places[code] - 1
        else:
            for name in order:
                size = len(members[name])
                for code in [draw[7:]] if draw != "centraal" else [code for code, _ in data[name][1]]:
                    over = draw != "centraal" and koppel == "boven-plafond" and places[code]
                    if places[code] is None or size <= places[code] or over:
                        result[name] = code
                        places[code] = None if places[code] is None else max(0, places[code] - size)
                        break
                refused = refused or name not in result
        for name in order:
            if name in result and held.get(name) != result[name]:
                last[result[name]] = (tier[name] or "-", lots[name])
        full = {code for code in places if places[code] == 0}
        count = sum(len(members[name]) for name in names)
        text = "-" if draw == "centraal" else "onbeperkt" if start[draw[7:]] is None else start[draw[7:]]
        lines.append(f"loting|{draw}|{text}|{count}")
        rank = 0
        for name in order:
            for regno in members[name]:
                rank += 1
                klasse = tier[name] or ("0" if name in held else "-")
                code = result.get(name, "-")
                lines.append(f"uitkomst|{draw}|{rank}|{regno}|{name}|{klasse}|{lots[name]}|{code}")
        for code in sorted(schools) if draw == "centraal" else [draw[7:]]:
            closed = start[code] == 0 or (refused and not result if draw != "centraal" else False)
            limit = last.get(code, ("dicht", "-"))
            if not closed and (code not in full if draw == "centraal" else not refused):
                limit = ("vrij", "-")
            limit = ("dicht", "-") if closed else limit
            lines.append(f"grens|{draw}|{code}|{limit[0]}|{limit[1]}")
        if draw != "centraal":
            admitted |= set(result)
    return lines


def make_session(schools, children, draws=None, *, seed=0, session="PROEF-1", **settings):
    """Five files for ``schools`` {code: places or None} and ``children`` [(regno, unit, part, [(code, klasse)])]."""
    rng = random.Random(seed)
    profile, dice = settings.get("profile", "NB"), settings.get("dice", "d6")
    koppel, least = settings.get("koppel", "sla-over"), {"d6": 50, "d10": 39, "hand": 0}[dice]
    throws = settings.get("throws", least)
    digits = "".join(rng.choice("123456" if dice == "d6" else "0123456789") for _ in range(throws)) or "hand"
    rounds = settings.get("rounds", [FIRST_ROUND, FIRST_ROUND + 1200, FIRST_ROUND + 2400])
    beacon, secret = profile in ("NB", "NGB"), sha(f"geheim {seed}") if profile in ("NG", "NGB") else "-"
    if draws is None:
        firsts = sorted({choices[0][0] for _, _, part, choices in children if "S" in part})
        draws = [f"school/{code}" for code in firsts] + ["centraal"]
    school_lines = [f"school|{c}|{'onbeperkt' if p is None else p}\n" for c, p in sorted(schools.items())]
    kids = []
    for regno, unit, part, choices in sorted(children):
        listed = ",".join(f"{code}:{klasse}" for code, klasse in choices)
        kids.append(f"kind|{regno}|{unit}|{part}|{listed}|{sha(f'{seed} {regno}')[:32]}")
    ending = f"eind|{len(schools)}|{len(children)}\n"
    head = f"OA-LOT/1|%s|{session}\n"
    dossiers = head % "dossiers" + "".join(school_lines) + "".join(kid + "\n" for kid in kids) + ending
    sealed = ["|".join([*kid.split("|")[:3], sha(kid)]) + "\n" for kid in kids]
    people = head % "deelnemers" + "".join(school_lines) + "".join(sealed) + ending
    plan = head % "vastlegging" + "\n".join(
        [
            settings.get("poging", "poging|1|-"),
            f"profiel|{profile}",
            f"deelnemers|{sha(people)}",
            f"dossiers|{sha(dossiers)}",
            f"reglement|{sha('reglement')}",
            f"verificateur|{settings.get('verifier', sha('verificateur'))}",
            f"notaris|{dice}|{throws}",
            "baken|drand-quicknet|" + ",".join(map(str, rounds)) if beacon else "baken|-|-",
            "geheim|" + (sha(f"OA-LOT/1|geheim|{session}|{secret}") if secret != "-" else "-"),
            f"koppel|{koppel}",
            "lotingen|" + ",".join(draws),
            f"moment|{settings.get('moment', '2023-09-13T08:00:00Z')}",
            "eind\n",
        ]
    )
    randomness = settings.get("randomness", sha(bytes.fromhex(SIGNATURE)))
    randomness = sha(f"OA-LOT/1|oefenbaken|{session}|{digits}") if randomness == "oefen" else randomness
    used = f"baken|{settings.get('used', rounds[0])}|{randomness}\n" if beacon else "baken|-|-\n"
    key, orders = b"", []

    def zaad():
        named = settings.get("named", sha(plan))
        text = head % "zaad" + f"vastlegging|{named}\nnotaris|{digits}\n" + "".join(orders)
        return text + used + f"geheim|{settings.get('revealed', secret)}\neind\n"

    def lot_of(draw, names):
        if dice != "hand":
            message = f"OA-LOT/1|lot|{session}|{draw}|"
            return {
                name: hmac.new(key, (message + name).encode(), hashlib.sha256).hexdigest() for name in names
            }
        order = rng.sample(sorted(names), len(names))
        orders.append(f"volgorde|{draw}|{','.join(order) or '-'}\n")
        return {name: f"{position:064x}" for position, name in enumerate(order, 1)}

    key = b"" if dice == "hand" else bytes.fromhex(sha(zaad()))
    lines = draw_all(draws, schools, children, koppel, lot_of)
    result = [head.strip() % "uitslag", f"zaad|{sha(zaad())}", *lines, f"eind|{len(lines)}", ""]
    texts = (plan, people, dossiers, zaad(), "\n".join(result))
    return {name: text.encode() for name, text in zip(NAMES, texts, strict=True)}


def random_session(seed, held=False, groups=True):
    rng = random.Random(f"sessie {seed}")
    codes = [f"{number:02d}{rng.choice('ABC')}{rng.choice('XYZ')}" for number in range(rng.randint(1, 6))]
    schools = {code: rng.choice([None, 0, 1, 2, 3, 5]) for code in codes}
    children, seats = [], {code: 9999 if places is None else places for code, places in schools.items()}
    for number in range(rng.randint(0, 30)):
        listed = [(code, str(rng.randint(1, 4))) for code in rng.sample(codes, rng.randint(1, len(codes)))]
        part = "C" if held else rng.choice(["SC", "SC", "S", "C"])
        if held and rng.random() < 0.6 and seats[listed[-1][0]]:
            seats[listed[-1][0]] -= 1
            listed[-1] = (listed[-1][0], "0")
        size = rng.choice([1, 1, 1, 2, 3]) if groups and not held else 1
        regnos = [f"{rng.randrange(32**5):06X}{number:03d}{extra}" for extra in range(size)]
        children += [(regno, min(regnos), part, listed) for regno in regnos]
    profile = rng.choice(["NB", "NG", "NGB", "H"])
    settings = {"profile": profile, "dice": "hand" if profile == "H" else rng.choice(["d6", "d10"])}
    settings["koppel"] = rng.choice(["sla-over", "boven-plafond"])
    everywhere = [f"school/{code}" for code in codes] + ["centraal"]  # also where nobody takes part
    draws = ["centraal"] if held else rng.choice([None, everywhere])
    return make_session(schools, children, draws, seed=seed, **settings)


def small_session(**settings):
    schools = {"10AA": 1, "20BB": 1, "30CC": None}
    lists = [[("10AA", "1"), ("20BB", "2")], [("10AA", "2"), ("30CC", "2")], [("20BB", "2"), ("10AA", "2")]]
    children = [(f"K{number}", f"K{number}", "SC", listed) for number, listed in enumerate(lists)]
    return make_session(schools, children, **settings)


# Vectors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMITMENTS)
def test_vectors_of_section_11_are_correct_with_their_h_c(name):
    files = vector(name)
    h_c, outcome = COMMITMENTS[name]

    report = check(files, h_c)

    assert (report.code, report.errors) == (OK, [])
    assert sha(files["uitslag.txt"]) == outcome


def test_slot_is_that_of_section_11():
    slot = "2f4e7cce4e7619842664602217b0f2d56cee21a50abdcf5c83950ddb52628804"
    assert f"Slot: {slot}" in check(vector("alm")).facts


def test_commitment_of_a_secret_is_that_of_section_11():
    secret = bytes(range(32)).hex()
    commitment = "9d90a6e3fd8f87a43ea451750ab48d1fa97c69870c6ae192f6f6b71859c6f629"
    assert sha(f"OA-LOT/1|geheim|TEST-2023-ALM3|{secret}") == commitment


@pytest.mark.parametrize("name", COMMITMENTS)
def test_without_dossiers_the_public_files_are_correct_and_the_skipped_checks_named(name):
    report = check(without(vector(name), "dossiers.txt"), COMMITMENTS[name][0])

    assert report.code == OK
    assert "dossiers.txt" in report.skipped[0]


@pytest.mark.parametrize("missing", PUBLIC)
def test_each_other_file_missing_is_exit_3(missing):
    report = check(without(vector("alm"), missing), COMMITMENTS["alm"][0])

    assert report.code == MISSING
    assert f"{missing} ontbreekt of kan niet worden gelezen." in report.errors


# Another program agrees ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", FULL)
@pytest.mark.parametrize("held", [False, True])
def test_random_sessions_of_a_second_production_are_correct_with_and_without_dossiers(held, full):
    for seed in range(2000 if full else 150):
        files = random_session(seed, held)
        for given in (files, without(files, "dossiers.txt")):
            assert check(given, sha(files["vastlegging.txt"])).errors == [], seed


@pytest.mark.parametrize("full", FULL)
def test_walk_by_lot_is_deferred_acceptance_for_units_of_size_one(full):
    """Section 6: the builder accepts one child at a time, the verifier walks."""
    for seed in range(3000 if full else 150):
        assert check(random_session(seed, groups=False)).errors == [], seed


# Alterations with H_C (section 12, test 2) ---------------------------------------------------------------------


def alterations(files, step):
    """Three bit flips at every ``step``-th byte, and each way of damaging a whole file."""
    position = 0
    for name, raw in files.items():
        for place in range(len(raw)):
            for bit in (1, 32, 128):
                position += 1
                if position % step == 0:
                    yield name, f"{place}^{bit}", raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
        yield name, "BOM", b"\xef\xbb\xbf" + raw
        yield name, "CRLF", raw.replace(b"\n", b"\r\n")
        yield name, "one CR", raw.replace(b"\n", b"\r\n", 1)
        yield name, "no final LF", raw[:-1]
        yield name, "two final LF", raw + b"\n"
        yield name, "trailing space", raw[:-1] + b" \n"
        yield name, "leading space", b" " + raw
        yield name, "trailing space inside", raw.replace(b"\n", b" \n", 1)
        yield name, "empty line", raw.replace(b"\n", b"\n\n", 1)
        yield name, "empty field", raw.replace(b"|", b"||", 1)
        yield name, "tab", raw.replace(b"|", b"\t|", 1)
        yield name, "NUL", raw + b"\0"
        yield name, "truncated", raw[: len(raw) // 2]
        yield name, "empty", b""


@pytest.mark.parametrize("full", FULL)
@pytest.mark.parametrize("name", COMMITMENTS)
def test_with_h_c_no_altered_file_is_accepted(name, full):
    files, tried, accepted = vector(name), 0, []
    for file, what, raw in alterations(files, 1 if full else 41):
        tried += 1
        if check({**files, file: raw}, COMMITMENTS[name][0]).code == OK:
            accepted.append((file, what))
    assert accepted == []
    assert tried > (sum(map(len, files.values())) * 3 if full else 270)


@pytest.mark.parametrize("full", FULL)
@pytest.mark.parametrize("name", COMMITMENTS)
def test_without_dossiers_only_a_class_that_decides_nothing_can_be_altered(name, full):
    """Classes are not in the public files before the uitslag, so there only their effect can be checked."""
    files = without(vector(name), "dossiers.txt")
    for file, what, raw in alterations(files, 1 if full else 41):
        if check({**files, file: raw}, COMMITMENTS[name][0]).code == OK:
            lines = zip(files[file].split(b"\n"), raw.split(b"\n"), strict=True)
            ((old, new),) = [pair for pair in lines if pair[0] != pair[1]]
            column = [old.split(b"|")[at] == new.split(b"|")[at] for at in range(8)].index(False)
            assert (file, old[:16], column) == ("uitslag.txt", b"uitkomst|school/", 5), what


@pytest.mark.parametrize("name", COMMITMENTS)
def test_other_h_c_is_a_difference(name):
    for wrong in (COMMITMENTS[name][0][:-1] + "e", "", "abc", "zo maar iets"):
        report = check(vector(name), wrong)
        assert (report.code, len(report.errors)) == (DIFFERENCE, 1)


# Cheaters who keep every hash right, without H_C ---------------------------------------------------------------


def swap(text, one, other):
    return text.replace(one, "\0").replace(other, one).replace("\0", other)


def renumbered(lines):
    """Ranks and the closing count made right again, so that only the substance is wrong."""
    rank, done = 0, []
    for line in lines:
        fields = line.split("|")
        rank = 0 if fields[0] == "loting" else rank
        if fields[0] == "uitkomst":
            rank += 1
            fields[2] = str(rank)
        done.append("|".join(fields))
    return [*done[:-1], f"eind|{len(done) - 3}"]


def reversed_draw(draw):
    def change(lines):
        places = [at for at, line in enumerate(lines) if line.startswith(f"uitkomst|{draw}|")]
        turned = [lines[at] for at in reversed(places)]
        lines = list(lines)
        for at, line in zip(places, turned, strict=True):
            lines[at] = line
        return renumbered(lines)

    return change


def replaced(old, new):
    def change(lines):
        assert any(old in line for line in lines)
        return [line.replace(old, new) for line in lines]

    return change


def dropped(regno):
    def change(lines):
        kept = [line for line in lines if f"|{regno}|{regno}|" not in line]
        counts = {line.split("|")[1]: 0 for line in kept if line.startswith("loting|")}
        for line in kept:
            if line.startswith("uitkomst|"):
                counts[line.split("|")[1]] += 1
        heads = ["|".join([*line.split("|")[:3], str(counts.get(line.split("|")[1]))]) for line in kept]
        pairs = zip(kept, heads, strict=True)
        return renumbered([head if line.startswith("loting|") else line for line, head in pairs])

    return change


def result(draw, regno, code):
    def change(lines):
        start = f"uitkomst|{draw}|"
        return [
            line.rsplit("|", 1)[0] + f"|{code}" if line.startswith(start) and f"|{regno}|" in line else line
            for line in lines
        ]

    return change


def limit(draw, code, value):
    def change(lines):
        start = f"grens|{draw}|{code}|"
        return [start + value if line.startswith(start) else line for line in lines]

    return change


LOT_3Q6D = "5f7fb2c93a425f032e52808f64fb951245783ebebbdfca12cfa9c4c31e5226de"  # the first refused at 15AB
LOT_5KM2 = (
    "e03e31c5dcca9ce96cb2d7ee15d72bae57f5970759ca06a401f9161e4c86e4bc"  # the improver who stays at 22CD
)
CHEATS = {
    "swapped children": ("alm", lambda lines: [swap(line, "1XW3T5RB", "3Q6D7YVE") for line in lines]),
    "swapped improvers": ("vovp", lambda lines: [swap(line, "9B3VW8QA", "7D4JH6ZS") for line in lines]),
    "another school": ("alm", result("centraal", "BW8D5NJV", "44GH")),
    "closed school": ("alm", result("centraal", "BW8D5NJV", "15AB")),
    "school not on the list": ("alm", result("centraal", "CK3T9HQZ", "44GH")),
    "refused child admitted": ("alm", result("school/15AB", "5T2C8PXA", "15AB")),
    "admitted child refused": ("hand", result("school/23AX-HV", "004", "-")),
    "pair not passed over": ("alm", result("school/22CD", "8E4Y9QKM", "22CD")),
    "order of a school draw reversed": ("alm", reversed_draw("school/15AB")),
    "order of the central draw reversed": ("alm", reversed_draw("centraal")),
    "order of a hand draw reversed": ("hand", reversed_draw("school/23AX-HV")),
    "grens one child too far": ("alm", limit("school/15AB", "15AB", f"3|{LOT_3Q6D}")),
    "grens of another class": ("hand", limit("school/23AX-HV", "23AX-HV", f"3|{3:064x}")),
    "grens vrij at a full school": ("vovp", limit("centraal", "31EF", "vrij|-")),
    "grens dicht at a free school": ("alm", limit("centraal", "44GH", "dicht|-")),
    "grens of a child on its held seat": ("vovp", limit("centraal", "22CD", f"-|{LOT_5KM2}")),
    "class in the outcome": ("alm", replaced("|3Q6D7YVE|3Q6D7YVE|3|", "|3Q6D7YVE|3Q6D7YVE|1|")),
    "class 0 for a child without a seat": (
        "vovp",
        replaced("|C6N2F5TX|C6N2F5TX|-|", "|C6N2F5TX|C6N2F5TX|0|"),
    ),
    "lot": ("alm", replaced("afc287b4", "0fc287b4")),
    "more places than frozen": ("alm", replaced("loting|school/15AB|3|6", "loting|school/15AB|4|6")),
    "child left out": ("alm", dropped("CK3T9HQZ")),
    "child left out of a hand draw": ("hand", dropped("001")),
    "improver below the floor": ("vovp", result("centraal", "5KM2R8YB", "-")),
    "draw left out": ("alm", lambda lines: [*[x for x in lines if "school/31EF" not in x][:-1], "eind|25"]),
}


PUBLICLY_UNSEEN = ["grens of a child on its held seat"]


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheater_who_recomputes_every_hash_is_caught_without_h_c(cheat):
    name, change = CHEATS[cheat]
    files = vector(name)
    lines = files["uitslag.txt"].decode().split("\n")[:-1]
    changed = change(lines)
    assert changed != lines

    report = check({**files, "uitslag.txt": "\n".join([*changed, ""]).encode()})

    assert report.code == DIFFERENCE
    assert report.errors


@pytest.mark.parametrize("name", COMMITMENTS)
def test_any_two_outcome_codes_swapped_is_caught_without_h_c(name):
    """Section 6 and 6.1: the outcome is unique, so every exchange of two different results is wrong."""
    files, tried = vector(name), 0
    lines = files["uitslag.txt"].decode().split("\n")
    rows = [at for at, line in enumerate(lines) if line.startswith("uitkomst|")]
    for one in rows:
        for other in rows:
            (left, a), (right, b) = lines[one].rsplit("|", 1), lines[other].rsplit("|", 1)
            if a != b and left.split("|")[1] == right.split("|")[1]:
                changed = {one: f"{left}|{b}", other: f"{right}|{a}"}
                text = "\n".join(changed.get(at, line) for at, line in enumerate(lines))
                assert check({**files, "uitslag.txt": text.encode()}).code == DIFFERENCE
                tried += 1
    assert tried > 10


def frozen_again(files, change):
    """Dossiers changed after the freeze and every hash made again; only the old outcome is kept."""
    dossiers = change(files["dossiers.txt"].decode())
    kids = {line: sha(line) for line in dossiers.split("\n") if line.startswith("kind|")}
    sealed = ["|".join([*x.split("|")[:3], kids[x]]) if x in kids else x for x in dossiers.split("\n")]
    people = "\n".join(sealed).replace("|dossiers|", "|deelnemers|", 1)
    plan = files["vastlegging.txt"].decode()
    plan = plan.replace(sha(files["dossiers.txt"]), sha(dossiers)).replace(
        sha(files["deelnemers.txt"]), sha(people)
    )
    zaad = files["zaad.txt"].decode().replace(sha(files["vastlegging.txt"]), sha(plan))
    outcome = files["uitslag.txt"].decode().replace(sha(files["zaad.txt"]), sha(zaad))
    texts = (plan, people, dossiers, zaad, outcome)
    return {name: text.encode() for name, text in zip(NAMES, texts, strict=True)}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("alm", "3Q6D7YVE|SC|15AB:3", "3Q6D7YVE|SC|15AB:1"),  # a better class
        ("hand", "001|S|23AX-HV:3", "001|S|23AX-HV:1"),
        ("alm", "school|15AB|3", "school|15AB|4"),
        ("alm", "3Q6D7YVE|SC|15AB:3,22CD:3", "3Q6D7YVE|SC|22CD:3,15AB:3"),
        ("vovp", "5KM2R8YB|C|31EF:3,22CD:0", "5KM2R8YB|C|31EF:3,22CD:3"),
    ],
)
def test_dossiers_changed_after_the_draw_are_caught_without_h_c(name, old, new):
    report = check(frozen_again(vector(name), lambda text: text.replace(old, new)))
    assert report.code == DIFFERENCE
    assert not any("hash" in error for error in report.errors)


def test_stable_outcome_that_is_not_best_for_the_children_is_refused():
    """Section 6.1: improvers who could swap and do not; nobody is passed over, yet it is not the outcome."""
    lists = {"A1": [("20BB", "2"), ("10AA", "0")], "B2": [("10AA", "2"), ("20BB", "0")]}
    children = [(name, name, "C", listed) for name, listed in lists.items()]
    files = make_session({"10AA": 1, "20BB": 1}, children, ["centraal"])
    assert check(files).code == OK
    text = files["uitslag.txt"].decode()
    stay = "\n".join(
        line.rsplit("|", 1)[0] + f"|{lists[line.split('|')[3]][1][0]}"
        if line.startswith("uitkomst")
        else line
        for line in text.split("\n")
    )
    assert check({**files, "uitslag.txt": stay.encode()}).code == DIFFERENCE


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"5KM2R8YB": "-"}, "Kind 5KM2R8YB raakte de plaats kwijt die het al had."),
        ({"3T9XQ5WD": "-"}, "Kind 3T9XQ5WD is overgeslagen bij school 22CD."),
        ({"C6N2F5TX": "44GH"}, "School 44GH heeft te veel kinderen."),
        ({"2P7C4LNE": "22CD"}, "Kind 2P7C4LNE is overgeslagen bij school 15AB."),
        (
            {"2P7C4LNE": "22CD", "3T9XQ5WD": "-", "C6N2F5TX": "15AB"},
            "Kind 2P7C4LNE is overgeslagen bij school 15AB.",
        ),
    ],
)
def test_fairness_of_a_vovp_is_checked_on_the_printed_result(changes, sentence):
    """Section 6.1: the direct checks name the child, beside the recomputation."""
    files = vector("vovp")
    lines = files["uitslag.txt"].decode().split("\n")
    for regno, code in changes.items():
        lines = result("centraal", regno, code)(lines)

    errors = check({**files, "uitslag.txt": "\n".join(lines).encode()}).errors

    assert f"uitslag.txt: {sentence}" in errors


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheater_is_caught_with_the_public_files_alone(cheat):
    """Only what hangs on a choice or on which seat was held cannot be seen there."""
    name, change = CHEATS[cheat]
    files = without(vector(name), "dossiers.txt")
    lines = change(files["uitslag.txt"].decode().split("\n")[:-1])

    report = check({**files, "uitslag.txt": "\n".join([*lines, ""]).encode()})

    assert (report.code == OK) == (cheat in PUBLICLY_UNSEEN)


def test_without_dossiers_a_grens_of_a_vovp_must_fit_the_public_classes():
    """Section 6.1: never before the last child with klasse -, and dicht only if there is no such child."""
    accepted = 0
    for seed in range(30):
        files = without(random_session(seed, held=True), "dossiers.txt")
        text = files["uitslag.txt"].decode()
        rows = [line.split("|") for line in text.split("\n") if line.startswith("uitkomst|")]
        for line in [line for line in text.split("\n") if line.startswith("grens|") and "|vrij|" not in line]:
            inside = [(row[6], row[5]) for row in rows if row[7] == line.split("|")[2]]
            last = max([lot for lot, klasse in inside if klasse == "-"], default="")
            for grens, lot in [("dicht", "-"), ("vrij", "-"), *(("-", lot) for lot, _ in inside)]:
                other = "|".join([*line.split("|")[:3], grens, lot])
                report = check({**files, "uitslag.txt": text.replace(line, other).encode()})
                fits = (not last and grens == "dicht") or (grens == "-" and lot >= last)
                assert (report.code == OK) == fits, (seed, line, other)
                accepted += fits
    assert accepted > 30


# Rules of form (sections 3, 4 and 6.1) ---------------------------------------------------------------------------


HEX = "0123456789abcdef" * 4
RULES = [  # vector, file, old text, new text, words in the sentence
    ("alm", "dossiers.txt", "OA-LOT/1|dossiers", "OA-LOT/2|dossiers", "regel 1"),
    ("alm", "dossiers.txt", "|dossiers|", "|deelnemers|", "regel 1"),
    ("alm", "dossiers.txt", "TEST-2023-ALM3", "test-2023", "zitting"),
    ("alm", "dossiers.txt", "TEST-2023-ALM3", "A" * 33, "zitting"),
    ("alm", "dossiers.txt", "school|15AB|3", "school|15AB|03", "plaatsen"),
    ("alm", "dossiers.txt", "school|15AB|3", "school|15AB|10000", "plaatsen"),
    ("alm", "dossiers.txt", "school|15AB|3", "school|15AB|-1", "plaatsen"),
    ("alm", "dossiers.txt", "school|15AB|3", "school|15AB|-", "plaatsen"),
    ("alm", "dossiers.txt", "school|15AB|3", "school|15AB|3|3", "vorm"),
    ("alm", "dossiers.txt", "school|22CD|2", "school|15AB|2", "volgorde"),
    ("alm", "dossiers.txt", "school|22CD|2", "school|09ZZ|2", "volgorde"),
    ("alm", "dossiers.txt", "school|44GH|onbeperkt\n", "", "onbekend"),
    ("alm", "dossiers.txt", "kind|1XW3T5RB|1XW3T5RB", "kind|0F7K2M9Q|0F7K2M9Q", "volgorde"),
    ("alm", "dossiers.txt", "kind|1XW3T5RB|1XW3T5RB", "kind|00000000|00000000", "volgorde"),
    ("alm", "dossiers.txt", "kind|1XW3T5RB|1XW3T5RB", "kind|1XW3T5R-|1XW3T5R-", "lotnummer"),
    ("alm", "dossiers.txt", "9A3S7CTH|8E4Y9QKM", "9A3S7CTH|9ZZZZZZZ", "kleinste lotnummer"),
    ("alm", "dossiers.txt", "8E4Y9QKM|8E4Y9QKM", "8E4Y9QKM|9A3S7CTH", "kleinste lotnummer"),
    ("alm", "dossiers.txt", "9A3S7CTH|8E4Y9QKM|SC|22CD:2", "9A3S7CTH|8E4Y9QKM|SC|22CD:1", "eenheid"),
    ("alm", "dossiers.txt", "9A3S7CTH|8E4Y9QKM|SC", "9A3S7CTH|8E4Y9QKM|S", "eenheid"),
    ("alm", "dossiers.txt", "|SC|15AB:1", "|CS|15AB:1", "SC/S/C"),
    ("alm", "dossiers.txt", "15AB:1,22CD:3", "15AB:1,15AB:3", "twee keer"),
    ("alm", "dossiers.txt", "15AB:1,22CD:3", "15AB:1,99ZZ:3", "onbekend"),
    ("alm", "dossiers.txt", "15AB:1,22CD:3", "15AB:10,22CD:3", "keuzes"),
    ("alm", "dossiers.txt", "15AB:1,22CD:3", "15AB:1,,22CD:3", "keuzes"),
    ("alm", "dossiers.txt", "2c16782717c54723381dd3f33cf51e84", "2C16782717C54723381DD3F33CF51E84", "zout"),
    ("alm", "dossiers.txt", "eind|4|13", "eind|4|12", "13 kinderen"),
    ("alm", "dossiers.txt", "eind|4|13", "eind|5|13", "4 scholen"),
    ("alm", "dossiers.txt", "eind|4|13", "eind|04|13", "aantal"),
    ("alm", "dossiers.txt", "eind|4|13\n", "eind|4|13\neind|4|13\n", "niets meer"),
    ("alm", "dossiers.txt", "|C|22CD:2,31EF:2", "|C|22CD:0,31EF:2", "klasse 0"),
    ("alm", "dossiers.txt", "|S|15AB:3,31EF:3", "|S|15AB:3,31EF:0", "klasse 0"),
    ("alm", "dossiers.txt", "|C|22CD:2,31EF:2", "|C|22CD:2,31EF:0", "klasse 0"),
    ("vovp", "dossiers.txt", "school|22CD|2", "school|22CD|1", "22CD"),
    ("vovp", "dossiers.txt", "3T9XQ5WD|C|", "3T9XQ5WD|SC|", "klasse 0"),
    (
        "vovp",
        "dossiers.txt",
        "C6N2F5TX|C6N2F5TX|C|44GH:2,15AB:3",
        "C6N2F5TX|C6N2F5TX|C|44GH:0,15AB:3",
        "klasse 0",
    ),
    ("alm", "deelnemers.txt", "b82db666", "B82DB666", "zegel"),
    ("alm", "vastlegging.txt", "poging|1|-", f"poging|1|{HEX}", "poging 1"),
    ("alm", "vastlegging.txt", "poging|1|-", "poging|2|-", "poging 1"),
    ("alm", "vastlegging.txt", "poging|1|-", f"poging|0|{HEX}", "poging"),
    ("alm", "vastlegging.txt", "profiel|NB", "profiel|XX", "NB/NG/NGB/H"),
    ("alm", "vastlegging.txt", "profiel|NB", "profiel|NG", "profiel NG"),
    ("alm", "vastlegging.txt", "profiel|NB", "profiel|NGB", "profiel NGB"),
    ("alm", "vastlegging.txt", "profiel|NB", "profiel|H", "profiel H"),
    ("hand", "vastlegging.txt", "profiel|H", "profiel|NB", "profiel NB"),
    ("alm", "vastlegging.txt", "notaris|d6|60", "notaris|d6|49", "49 worpen"),
    ("alm", "vastlegging.txt", "notaris|d6|60", "notaris|d10|38", "38 worpen"),
    ("hand", "vastlegging.txt", "notaris|hand|0", "notaris|hand|5", "5 worpen"),
    ("alm", "vastlegging.txt", "notaris|d6|60", "notaris|d8|60", "d6/d10/hand"),
    ("alm", "vastlegging.txt", "notaris|d6|60", "notaris|d6|61", "zaad.txt, regel 3"),
    ("alm", "vastlegging.txt", "657413,658613,659813", "657413,658613", "rondes"),
    ("alm", "vastlegging.txt", "657413,658613,659813", "-", "drie rondes"),
    ("alm", "vastlegging.txt", "657413,658613,659813", "658613,657413,659813", "lopen op"),
    ("alm", "vastlegging.txt", "657413,658613,659813", "657413,657413,659813", "lopen op"),
    ("alm", "vastlegging.txt", "drand-quicknet|", "nist|", "drand-quicknet staat 'nist'"),
    ("alm", "vastlegging.txt", "geheim|-", f"geheim|{HEX}", "profiel NB"),
    ("alm", "vastlegging.txt", "koppel|sla-over", "koppel|sla", "sla-over/boven-plafond"),
    ("alm", "vastlegging.txt", "school/31EF,centraal", "centraal,school/31EF", "lotingen"),
    ("alm", "vastlegging.txt", "school/31EF,centraal", "centraal,centraal", "lotingen"),
    ("alm", "vastlegging.txt", "school/31EF,centraal", "school/22CD,centraal", "twee keer"),
    ("alm", "vastlegging.txt", "school/31EF,centraal", "school/99ZZ,centraal", "niet in de lijst"),
    ("alm", "vastlegging.txt", "school/31EF,centraal", "-", "lotingen"),
    ("alm", "vastlegging.txt", "2023-09-13T08", "2023-02-30T08", "tijdstip"),
    ("alm", "vastlegging.txt", "2023-09-13T08:00:00Z", "2023-09-13T08:00:60Z", "tijdstip"),
    ("alm", "vastlegging.txt", "2023-09-13T08:00:00Z", "2023-09-13 08:00:00Z", "moment"),
    ("alm", "vastlegging.txt", "2023-09-13T08:00:00Z", "0000-09-13T08:00:00Z", "tijdstip"),
    ("alm", "vastlegging.txt", "\neind", "\neind|1", "eind"),
    ("alm", "zaad.txt", "notaris|2", "notaris|7", "regel 3"),
    ("alm", "zaad.txt", "notaris|2", "notaris|22", "regel 3"),
    ("alm", "zaad.txt", "notaris|2", "notaris|", "regel 3"),
    ("alm", "zaad.txt", "baken|657413|fc", "baken|-|fc", "een ronde en een waarde"),
    ("alm", "zaad.txt", "geheim|-", f"geheim|{HEX}", "profiel NB"),
    ("hand", "zaad.txt", "003A,001,004,002", "003A,001,004", "volgorde"),
    ("hand", "zaad.txt", "003A,001,004,002", "003A,001,004,004", "twee keer"),
    ("hand", "zaad.txt", "003A,001,004,002", "003A,003B,001,004,002", "wie er meeloot"),
    (
        "hand",
        "zaad.txt",
        "\nvolgorde|school/23AX-TL",
        "\nvolgorde|school/23AX-HV|002\nvolgorde|school/23AX-TL",
        "keer",
    ),
    ("hand", "zaad.txt", "volgorde|school/23AX-TL|006,005\n", "", "volgorde"),
    ("hand", "zaad.txt", "notaris|hand", "notaris|123", "hoort bij 'hand'"),
    ("alm", "uitslag.txt", "|15AB\nuitkomst", "|15AB \nuitkomst", "rand"),
    ("alm", "uitslag.txt", "uitkomst|school/15AB|1|", "uitkomst|school/15AB|01|", "rang"),
    ("alm", "uitslag.txt", "uitkomst|school/15AB|1|", "uitkomst|School/15AB|1|", "loting"),
    ("alm", "uitslag.txt", "15AB|3|471a", "15AB|open|471a", "grens"),
    ("alm", "uitslag.txt", "eind|28", "eind", "eind"),
    ("alm", "uitslag.txt", "eind|28\n", "eind|28", "regeleinde"),
]


@pytest.mark.parametrize(("name", "file", "old", "new", "words"), RULES)
def test_file_that_breaks_a_rule_of_form_is_exit_2_and_the_sentence_says_where(name, file, old, new, words):
    files = vector(name)
    text = files[file].decode()
    assert old in text

    report = check({**files, file: text.replace(old, new, 1).encode()})

    assert report.code == INVALID
    assert any(words in error for error in report.errors), report.errors


def test_each_byte_outside_ascii_and_lf_is_refused():
    for byte in [*range(10), *range(11, 32), *range(127, 256)]:
        raw = vector("alm")["zaad.txt"].replace(b"eind", b"ein" + bytes([byte]))
        report = check({**vector("alm"), "zaad.txt": raw})
        assert report.code == INVALID
        assert "zaad.txt, regel 6" in report.errors[0]


# Rules between the files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"moment": "2023-09-14T11:00:04Z"}, "24 uur"),
        ({"named": OTHER_SECRET}, "zaad.txt hoort bij deze vastlegging"),
        ({"used": FIRST_ROUND + 1}, "staat in de vastlegging"),
        ({"randomness": "oefen"}, "oefenbaken"),
        ({"profile": "NG", "revealed": OTHER_SECRET}, "geheim"),
        ({"profile": "NGB", "dice": "d10", "revealed": OTHER_SECRET}, "geheim"),
    ],
)
def test_session_right_in_all_but_one_thing_is_exit_1(settings, sentence):
    report = check(small_session(**settings))

    assert (report.code, len(report.errors)) == (DIFFERENCE, 1)
    assert sentence in report.errors[0]


@pytest.mark.parametrize(
    "settings",
    [
        {"moment": "2023-09-14T11:00:03Z"},  # exactly 24 hours before round 657413
        {"dice": "d6", "throws": 50},
        {"dice": "d10", "throws": 39},
        {"profile": "NG"},
        {"profile": "NGB", "dice": "d10"},
        {"profile": "H", "dice": "hand"},
        {"koppel": "boven-plafond"},
    ],
)
def test_each_profile_and_each_least_number_is_accepted(settings):
    assert check(small_session(**settings)).errors == []


def test_reserve_round_is_accepted_with_a_warning():
    report = check(small_session(used=FIRST_ROUND + 1200))
    assert (report.code, "reserveronde" in " ".join(report.warnings)) == (OK, True)


def test_chain_of_attempts_is_printed_in_bold():
    report = check(small_session(poging=f"poging|3|{HEX}"))
    assert (report.code, report.warnings) == (
        OK,
        [f"**Dit is poging 3. De vorige vastlegging had H_C {HEX}.**"],
    )


def test_files_of_two_sessions_do_not_fit():
    files = vector("alm")
    report = check({**files, "dossiers.txt": files["dossiers.txt"].replace(b"ALM3", b"ALM4")})
    assert report.code == DIFFERENCE
    assert "Dit klopt niet: Alle bestanden horen bij dezelfde zitting." in report.errors


def test_child_in_no_draw_gets_a_warning_in_bold():
    children = [("K1", "K1", "S", [("10AA", "1")]), ("K2", "K2", "S", [("20BB", "1")])]
    report = check(make_session({"10AA": 1, "20BB": 1}, children, ["school/10AA"]))
    assert (report.code, report.warnings) == (OK, ["**Kind K2 staat in geen enkele loting.**"])


def test_held_seats_allow_no_school_draw_and_no_group():
    """Section 6.1."""
    improver, other = ("K1", "K1", "C", [("10AA", "0")]), ("K2", "K2", "C", [("10AA", "1")])
    pair = [("K3", "K3", "C", [("10AA", "1")]), ("K4", "K3", "C", [("10AA", "1")])]
    for children, draws in (
        ([improver, other], ["school/10AA", "centraal"]),
        ([improver, *pair], ["centraal"]),
    ):
        assert check(make_session({"10AA": 2}, children, draws)).code == INVALID


def test_boven_plafond_lets_the_last_pair_in_and_leaves_no_place():
    """Section 6: three places, a pair and then a pair; with sla-over the second pair goes on without a place."""
    pairs = [(f"K{n}", f"K{n - n % 2}", "SC", [("10AA", "1")]) for n in range(4)]
    for koppel, admitted, grens in (("boven-plafond", 4, "vrij"), ("sla-over", 2, "1")):
        files = make_session({"10AA": 3}, pairs, ["school/10AA"], koppel=koppel)
        text = files["uitslag.txt"].decode()
        assert check(files).errors == []
        assert (text.count("|10AA\nuitkomst") + text.count("|10AA\ngrens"), f"|10AA|{grens}|" in text) == (
            admitted,
            True,
        )


# Beacon and rehearsal --------------------------------------------------------------------------------------------


def test_signature_of_the_beacon_gives_its_value():
    """Section 10, level 1."""
    report = check(vector("alm"), signature=SIGNATURE)
    assert report.code == OK
    assert "De waarde van het baken is de hash van de handtekening." in report.done


@pytest.mark.parametrize("wrong", [SIGNATURE[:-1] + "c", "", "zz", SIGNATURE + "00"])
def test_other_signature_is_a_difference(wrong):
    assert check(vector("alm"), signature=wrong).code == DIFFERENCE


def test_signature_for_a_hand_draw_is_a_difference():
    assert check(vector("hand"), signature=SIGNATURE).code == DIFFERENCE


def test_rehearsal_only_warns_about_24_hours_and_beacon():
    """Section 3: OEFENING is printed; data-formats: the stand-in value is recognised."""
    settings = {"randomness": "oefen", "moment": "2023-09-15T10:59:00Z"}
    report = check(small_session(session="OEFEN-2024-1", **settings), signature=SIGNATURE)

    assert (report.code, report.errors) == (OK, [])
    assert "**OEFENING: dit is geen echte loting.**" in report.text()
    assert ["24 uur" in text or "oefenbaken" in text for text in report.warnings] == [True, True]


def test_rehearsal_is_not_lenient_about_anything_else():
    files = small_session(session="OEFEN-2024-1", randomness="oefen")
    for file in NAMES:
        raw = (
            files[file].replace(b"K1", b"K7")
            if b"K1" in files[file]
            else files[file].replace(b"eind", b"einde")
        )
        assert check({**files, file: raw}).code != OK


# Stories ---------------------------------------------------------------------------------------------------------


def story(name, regno, public=False):
    files = without(vector(name), *(["dossiers.txt"] if public else []))
    report = check(files, COMMITMENTS[name][0], regno)
    assert report.code == OK
    return report.story


def test_story_of_a_child_without_a_place_tells_why_not_at_each_school():
    lots = [
        "5f7fb2c93a425f032e52808f64fb951245783ebebbdfca12cfa9c4c31e5226de",
        "471ad21e2db9cb727b7b4e801efddac89ba200c3c21811340c984c65618126b2",
        "d340635cdcecb0966cea9504b92863533e10ad848b3f6bc624181258da6f4b0c",
        "afc287b4f343b2dcfaa80a09e6aa9f5f4cefa1f9952fa4986d7aafbf571bc1ce",
    ]
    assert story("alm", "3Q6D7YVE") == [
        "De keuzes: 15AB, 22CD, 31EF.",
        f"Loting school/15AB: nummer 4 van 6. Het lot is {lots[0]}.",
        "Voorrangsklasse 3 (1 gaat eerst), plaatsen: 3.",
        f"School 15AB (grens: klasse 3, lot {lots[1]}): geen plaats, want een lager lot gaat voor.",
        f"Loting centraal: nummer 6 van 6. Het lot is {lots[2]}.",
        "School 15AB (grens: dicht): hier was in deze loting geen plaats te krijgen.",
        "School 22CD (grens: dicht): hier was in deze loting geen plaats te krijgen.",
        f"School 31EF (grens: lot {lots[3]}): geen plaats, want een lager lot gaat voor.",
        "Uitkomst voor 3Q6D7YVE: geen plaats.",
    ]


@pytest.mark.parametrize(
    ("name", "regno", "sentence"),
    [
        ("alm", "0F7K2M9Q", "Uitkomst voor 0F7K2M9Q: een plaats bij school 15AB."),
        ("alm", "4M9Z1KSG", "Dit kind doet niet mee aan de centrale loting."),
        ("alm", "9A3S7CTH", "Dit kind loot als groep, met een lot voor iedereen: 8E4Y9QKM, 9A3S7CTH."),
        ("alm", "9A3S7CTH", "er waren te weinig plaatsen voor de hele groep"),
        ("alm", "CK3T9HQZ", "Loting centraal: nummer 5 van 6."),
        ("hand", "001", f"(grens: klasse 2, lot {3:064x}): geen plaats, want een lagere klasse gaat voor."),
        ("hand", "006", "School 23AX-TL (grens: vrij): hier is plaats."),
        ("vovp", "5KM2R8YB", "Dit kind had al een plaats bij school 22CD."),
        ("vovp", "5KM2R8YB", "deze plaats had het kind al."),
        ("vovp", "2P7C4LNE", "Uitkomst voor 2P7C4LNE: een plaats bij school 15AB."),
    ],
)
def test_story_says_what_decided(name, regno, sentence):
    assert sentence in " ".join(story(name, regno))


@pytest.mark.parametrize("name", COMMITMENTS)
@pytest.mark.parametrize("public", [False, True])
def test_every_child_has_a_story_that_ends_with_its_outcome(name, public):
    rows = [line.split("|") for line in vector(name)["uitslag.txt"].decode().split("\n")]
    got = {row[3]: row[7] for row in rows if row[0] == "uitkomst"}
    for regno, code in got.items():
        place = "geen plaats" if code == "-" else f"een plaats bij school {code}"
        assert story(name, regno, public)[-1] == f"Uitkomst voor {regno}: {place}."


def test_story_without_dossiers_says_that_the_choices_are_not_public():
    assert "De keuzes zijn niet openbaar." in story("alm", "3Q6D7YVE", public=True)


def test_unknown_number_is_a_difference_and_no_story_is_told_about_a_wrong_outcome():
    assert check(vector("alm"), regno="ZZZZZZZZ").errors == [
        "Lotnummer ZZZZZZZZ komt in deze zitting niet voor."
    ]
    assert check(vector("alm"), "0" * 64, "3Q6D7YVE").story == []


# The program -----------------------------------------------------------------------------------------------------


def test_program_prints_the_verdict_in_dutch_and_exits_with_its_code(tmp_path):
    h_c = COMMITMENTS["alm"][0]
    good = write(tmp_path / "goed", vector("alm"))
    changed = write(tmp_path / "anders", {**vector("alm"), "uitslag.txt": vector("vovp")["uitslag.txt"]})
    broken = write(tmp_path / "kapot", {**vector("alm"), "zaad.txt": b""})
    absent = write(tmp_path / "weg", without(vector("alm"), "zaad.txt"))
    public = write(tmp_path / "openbaar", without(vector("alm"), "dossiers.txt"))
    runs = [
        (run(good), 0, "Wat is nagekeken, klopt."),
        (
            run(good, "--vastlegging", h_c, "--kind", "3Q6D7YVE", "--handtekening", SIGNATURE),
            0,
            "geen plaats.",
        ),
        (run(public, "--vastlegging", h_c), 0, "dossiers.txt is er niet."),
        (run(good, "--vastlegging", "0" * 64), 1, "Er klopt iets niet. Gebruik deze uitslag niet."),
        (run(good, "--kind", "BESTAATNIET"), 1, "Lotnummer BESTAATNIET komt in deze zitting niet voor."),
        (run(changed), 1, "uitslag.txt, regel 1: bij zitting staat TEST-2024-VOVP1"),
        (run(broken), 2, "zaad.txt, regel 1: de regel of het bestand is leeg."),
        (run(absent), 3, "zaad.txt ontbreekt of kan niet worden gelezen."),
        (run(tmp_path / "bestaat niet"), 3, "vastlegging.txt ontbreekt"),
        (run(good / "zaad.txt"), 3, "vastlegging.txt ontbreekt"),
        (run(tmp_path / ("x" * 5000)), 3, "vastlegging.txt ontbreekt"),
    ]
    for done, code, sentence in runs:
        assert (done.returncode, done.stderr) == (code, "")
        assert sentence in done.stdout
        assert done.stdout.endswith(f"(code {code})\n")


def test_folder_in_the_place_of_a_file_is_a_missing_file(tmp_path):
    folder = write(tmp_path / "map", without(vector("alm"), "zaad.txt"))
    (folder / "zaad.txt").mkdir()
    assert run(folder).returncode == 3


@pytest.mark.parametrize(
    "arguments", [[], ["--onbekend"], ["map", "nog een"], ["map", "--kind"], ["map", "--vast", "x"]]
)
def test_wrong_command_is_exit_2_with_a_dutch_sentence(arguments):
    done = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), *arguments], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("De opdracht klopt niet.\nGebruik: python -I controleer.py MAP")


def test_help_is_dutch():
    done = run("--help")
    assert (done.returncode, done.stdout.splitlines()[0].split(":")[0]) == (0, "Gebruik")


def test_program_compares_its_own_hash_with_the_verificateur_line(tmp_path):
    own = sha(PROGRAM.read_bytes())
    other = run(write(tmp_path / "ander", small_session()))
    same = run(write(tmp_path / "zelfde", small_session(verifier=own)))
    assert (other.returncode, "een andere versie van dit programma" in other.stdout) == (0, True)
    assert (same.returncode, "een andere versie" in same.stdout) == (0, False)


def test_output_is_the_same_in_every_language_time_zone_and_hash_seed():
    """Section 12, test 8."""
    settings = [
        {"PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone}
        for seed, locale, zone in [
            ("0", "C", "UTC"),
            ("1", "nl_NL.UTF-8", "Asia/Tokyo"),
            ("7", "tr_TR", "America/Lima"),
        ]
    ]
    printed = {run(VECTORS / "vovp", "--kind", "5KM2R8YB", **setting).stdout for setting in settings}
    assert len(printed) == 1


def test_program_is_one_file_of_500_lines_for_python_3_8_with_the_standard_library_only():
    """Section 12."""
    source = PROGRAM.read_text()
    tree = ast.parse(source, feature_version=(3, 8))
    imports = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imports |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert len(source.splitlines()) <= 500
    assert imports == {
        "__future__", "argparse", "collections", "contextlib", "datetime", "hashlib", "hmac", "itertools",
        "pathlib", "re", "sys",
    }  # fmt: skip


# Never a traceback -----------------------------------------------------------------------------------------------


def mutated(files, rng):
    name = rng.choice(list(files))
    lines = files[name].decode().split("\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    fields = lines[at].split("|")
    kind = rng.randrange(8)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[other])
    elif kind == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 3:
        fields[rng.randrange(len(fields))] = rng.choice(lines[other].split("|"))
        lines[at] = "|".join(fields)
    elif kind == 4:
        strange = [
            "-",
            "0",
            "1",
            "9" * 30,
            "onbeperkt",
            "centraal",
            "school/15AB",
            "hand",
            "",
            "é",
            HEX,
            "SC",
        ]
        fields[rng.randrange(len(fields))] = rng.choice(strange)
        lines[at] = "|".join(fields)
    elif kind == 5:
        lines = lines[:at]
    elif kind == 6:
        lines[at] = "|".join(fields[: rng.randrange(len(fields) + 1)])
    else:
        return without(files, name)
    return {**files, name: "\n".join(lines).encode()}


def made_consistent(files):
    """All hashes made again where the files are there, so that mutations reach the checks behind them."""
    plan = files.get("vastlegging.txt", b"").split(b"\n")
    for file in ("deelnemers.txt", "dossiers.txt"):
        word = file[:-4].encode() + b"|"
        plan = [word + sha(files[file]).encode() if x.startswith(word) and file in files else x for x in plan]
    files = {**files, "vastlegging.txt": b"\n".join(plan)}
    for file, word, source in (
        ("zaad.txt", b"vastlegging|", NAMES[0]),
        ("uitslag.txt", b"zaad|", "zaad.txt"),
    ):
        if file in files and source in files:
            lines = files[file].split(b"\n")
            fresh = word + sha(files[source]).encode()
            files[file] = b"\n".join(fresh if line.startswith(word) else line for line in lines)
    return files


@pytest.mark.parametrize("full", FULL)
def test_no_input_gives_a_traceback(full):
    """Lines and fields moved, doubled, cut and left out, with and without the hashes made again."""
    sources = [vector(name) for name in COMMITMENTS] + [
        random_session(seed, seed % 2 == 0) for seed in range(12)
    ]
    codes = set()
    for seed in range(20_000 if full else 1_500):
        rng = random.Random(seed)
        files = dict(rng.choice(sources))
        for _ in range(rng.randint(1, 3)):
            files = mutated(files, rng) if files else files
        if rng.random() < 0.7:
            files = made_consistent(files)
        report = check(
            files, rng.choice([None, "0" * 64]), rng.choice([None, "3Q6D7YVE"]), rng.choice([None, SIGNATURE])
        )
        assert (report.code == OK) == (report.errors == [])
        assert report.text().endswith(f"(code {report.code})")
        codes.add(report.code)
    assert codes >= {DIFFERENCE, INVALID, MISSING}


# Speed (section 12, test 10) -------------------------------------------------------------------------------------


def large_session(children, schools, held):
    rng = random.Random(1)
    codes = [f"{number:04d}" for number in range(schools)]
    places = dict.fromkeys(codes, children // schools)
    kids, taken = [], dict.fromkeys(codes, 0)
    for number in range(children):
        listed = [(code, str(rng.randint(1, 4))) for code in rng.sample(codes, 6)]
        if held and taken[listed[-1][0]] < places[listed[-1][0]] and number % 2:
            taken[listed[-1][0]] += 1
            listed[-1] = (listed[-1][0], "0")
        regno = f"{number * 7919 % 10**8:08d}"
        kids.append((regno, regno, "C" if held else "SC", listed))
    return make_session(places, kids, ["centraal"] if held else None)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(
    ("children", "schools"),
    [(8_000, 300), pytest.param(35_000, 600, marks=pytest.mark.long)],
)
def test_large_session_is_verified(children, schools, held):
    """How long that takes is for ``python -m bench engine`` to judge."""
    files = large_session(children, schools, held)

    assert check(files, sha(files["vastlegging.txt"])).errors == []
