"""The verification page in a real browser: OA-LOT/1 a third time, in JavaScript (specification sections 11 and 12).

``OA_LONG=1`` or ``-m long`` takes 16,000 altered file sets and 1,000 random sessions.
"""

import base64
import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import BrowserContext, Page, expect

from lottery.enums import SessionState
from lottery.models import DrawSession
from schools.enums import RoundKind, RoundState
from tests.lottery.draw_sessions import rehearsal_files, vector_session
from tests.lottery.random_sessions import NAMES, random_session, vector

pytestmark = pytest.mark.browser

STATIC = Path(settings.BASE_DIR) / "static"
OFFLINE = (STATIC / "controleer" / "controleer.html").as_uri()
LONG = os.environ.get("OA_LONG") == "1"
FULL = [pytest.param(LONG, id="sample"), pytest.param(True, id="full", marks=pytest.mark.long)]
H_C = {
    "alm": "19baca8bcc59f370ed53fa469f289632e69599b3d9df3ac216bbebe64b0faec8",
    "hand": "006d61c6b53a341739c1d00f8f675d28619cb01adabf407272b75a017bffed0f",
    "vovp": "3cb74ecee9380338734fe77c4ba0a0061b9a4b436ebff6eab0696dfcb4c43298",
}
SIGNATURE = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
SLOT = "2f4e7cce4e7619842664602217b0f2d56cee21a50abdcf5c83950ddb52628804"
ORDER = (
    "In de centrale loting kunt u nooit iets winnen door scholen in een andere volgorde te zetten. Voor de hele "
    "procedure geldt dat niet: de school van uw eerste keus loot eerst, en voorrang telt alleen daar."
)
CHECK = """async (jobs) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const answers = [];
  for (const job of jobs) {
    const files = {};
    for (const name in job.files) files[name] = bytes(job.files[name]);
    answers.push(await OALot.check(files, job.options));
  }
  return answers;
}"""

Files = dict[str, bytes]
Answer = dict[str, Any]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def job(files: Files, **options: str) -> dict[str, Any]:
    return {
        "files": {name: base64.b64encode(content).decode() for name, content in files.items()},
        "options": {"lang": "nl", **options},
    }


def checked(page: Page, *jobs: dict[str, Any]) -> list[Answer]:
    return page.evaluate(CHECK, list(jobs))


def errors(answer: Answer) -> list[str]:
    return [f"{step['id']}: {text}" for step in answer["steps"] for text in step["errors"]]


def without_dossiers(files: Files) -> Files:
    return {name: content for name, content in files.items() if name != "dossiers.txt"}


def changed(files: Files, name: str, old: str, new: str) -> Files:
    assert files[name].count(old.encode()) >= 1, f"{old} is not in {name}"
    return files | {name: files[name].replace(old.encode(), new.encode(), 1)}


def remade(files: Files) -> Files:
    """The same files with every hash made again, as somebody would who wants to hide a change."""
    files = dict(files)
    if "dossiers.txt" in files:
        lines = files["dossiers.txt"].decode().split("\n")
        for index, line in enumerate(lines):
            if line.startswith("kind|"):
                lines[index] = "|".join([*line.split("|")[:3], sha(line.encode())])
        lines[0] = lines[0].replace("dossiers", "deelnemers")
        files["deelnemers.txt"] = "\n".join(lines).encode()
    return rehashed(files)


def rehashed(files: Files) -> Files:
    """``remade`` that leaves deelnemers.txt as it is."""

    def put(name: str, word: str, digits: str) -> None:
        pattern = re.compile(rb"(?m)^" + word.encode() + rb"\|.*$")
        files[name] = pattern.sub(word.encode() + b"|" + digits.encode(), files[name], count=1)

    files = dict(files)
    for name in ("deelnemers", "dossiers"):
        if f"{name}.txt" in files:
            put("vastlegging.txt", name, sha(files[f"{name}.txt"]))
    put("zaad.txt", "vastlegging", sha(files["vastlegging.txt"]))
    put("uitslag.txt", "zaad", sha(files["zaad.txt"]))
    return files


def dossier_lines(files: Files) -> list[str]:
    return [line for line in files["dossiers.txt"].decode().split("\n") if line.startswith("kind|")]


def numbers(files: Files) -> list[str]:
    return [line.split("|")[1] for line in dossier_lines(files)]


def limits_file(files: Files) -> bytes:
    """grenzen.txt of a session that is published by own lines."""
    session = files["uitslag.txt"].decode().split("\n")[0].rpartition("|")[2]
    lines = [line for line in files["uitslag.txt"].decode().split("\n") if line.startswith("grens|")]
    head = [f"OA-LOT/1|grenzen|{session}", f"uitslag|{sha(files['uitslag.txt'])}"]
    return "".join(f"{line}\n" for line in [*head, *lines, f"eind|{len(lines)}"]).encode()


@pytest.fixture
def offline(new_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """The page as it lies on a disk, in a browser without network. It may ask for nothing but files."""
    context = new_context(offline=True)
    asked: list[str] = []
    complaints: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(OFFLINE)
    yield page
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert [text for text in complaints if "Content Security Policy" not in text] == []


def choose(page: Page, files: Files, prefix: str = "") -> None:
    page.set_input_files(
        "#bestanden",
        [
            {"name": prefix + name, "mimeType": "text/plain", "buffer": content}
            for name, content in files.items()
        ],
    )
    expect(page.locator("#melding")).to_contain_text("toegevoegd")


def press_check(page: Page) -> None:
    page.get_by_role("button", name="Controleer", exact=True).click()
    expect(page.locator("#oordeel")).to_be_focused()


# --- the vectors of section 11 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alm", "hand", "vovp"])
def test_vectors_are_right(offline: Page, name: str):
    files = vector(name)
    full, public, short = checked(
        offline,
        job(files, commitment=H_C[name]),
        job(without_dossiers(files), commitment=H_C[name]),
        job(files, commitment=f"  {H_C[name][:8].upper()} "),
    )
    assert [errors(answer) for answer in (full, public, short)] == [[], [], []]
    assert [answer["exitCode"] for answer in (full, public, short)] == [0, 0, 0]
    assert full["facts"]["hc"] == H_C[name]
    assert full["facts"]["k"] == sha(files["zaad.txt"])
    # What could not be checked without the restricted file is said.
    assert not any("dossiers.txt" in text for text in full["skipped"])
    assert any("dossiers.txt" in text for text in public["skipped"])
    assert {step["id"] for step in full["steps"] if step["state"] == "ok"} >= {
        "files",
        "grammar",
        "commitment",
        "hashes",
        "lists",
        "chance",
        "schools",
        "central",
        "limits",
    } - {"schools", "central"}


def test_codes_and_signature_of_the_vector(offline: Page):
    files = vector("alm")
    good = {
        "commitment": H_C["alm"],
        "slot": SLOT[:8],
        "outcome": sha(files["uitslag.txt"]),
        "signature": SIGNATURE,
    }
    right, *wrong = checked(
        offline,
        job(files, **good),
        *[job(files, **good | {name: "0" * len(value)}) for name, value in good.items()],
        job(files, commitment="1234567"),
        job(files, commitment="dit is geen code"),
    )
    assert (right["exitCode"], right["facts"]["slot"]) == (0, SLOT)
    assert [answer["exitCode"] for answer in wrong] == [1, 1, 1, 1, 2, 2]
    assert [errors(answer)[0].split(":")[0] for answer in wrong] == [
        "commitment",
        "chance",
        "hashes",
        "chance",
        "commitment",
        "commitment",
    ]


def test_every_child_of_the_vectors_has_a_story_in_both_languages(offline: Page):
    for name in ("alm", "hand", "vovp"):
        files = vector(name)
        placed = {
            line.split("|")[3]: line.split("|")[7]
            for line in files["uitslag.txt"].decode().split("\n")
            if line.startswith("uitkomst|")
        }
        for lang in ("nl", "en"):
            jobs = [job(files, child=number, lang=lang) for number in numbers(files)]
            jobs += [
                job(without_dossiers(files), child=line, lang=lang, commitment=H_C[name])
                for line in dossier_lines(files)
            ]
            jobs += [job(without_dossiers(files), child=number, lang=lang) for number in numbers(files)]
            answers = checked(offline, *jobs)
            assert [errors(answer) for answer in answers] == [[]] * len(jobs)
            for answer in answers:
                story = answer["story"]
                place = placed[story["regno"]]
                assert story["place"] == (None if place == "-" else place)
                assert all(fact["state"] in ("ok", "skip") for fact in story["facts"])
                assert all(school["sentences"] for school in story["schools"])


def test_story_of_a_child_in_sentences(offline: Page):
    files = vector("alm")
    drawn_out, passed_over, care = checked(
        offline,
        *[job(files, child=number) for number in ("CK3T9HQZ", "9A3S7CTH", "4M9Z1KSG")],
    )
    assert drawn_out["story"]["title"] == "Nummer CK3T9HQZ heeft een plaats op school 31EF"
    assert [fact["text"] for fact in drawn_out["story"]["facts"]][2:] == [
        "In de centrale loting: nummer 5 van 6.",
        "School 31EF is de eerste school op uw lijst waar nog plaats was bij nummer 5.",
    ]
    assert [
        (school["code"], school["state"], school["sentences"]) for school in drawn_out["story"]["schools"]
    ] == [
        ("22CD", "full", ["In de centrale loting was hier geen plaats te krijgen."]),
        ("31EF", "here", ["In de centrale loting ging de laatste plaats hier naar uw kind, nummer 5."]),
    ]
    assert [school["sentences"] for school in passed_over["story"]["schools"]] == [
        [
            "Bij de loting van deze school had uw kind nummer 3 van 4. Er waren 2 plaatsen.",
            "Uw kind zat in klasse 2, met nummer 2 van 3. Klasse 1 gaat het eerst.",
            "Er waren te weinig plaatsen over voor uw hele groep van 2 kinderen.",
            "In de centrale loting was hier geen plaats te krijgen.",
        ],
        ["Toen uw groep aan de beurt was, waren hier te weinig plaatsen voor 2 kinderen."],
        ["Hier was in de centrale loting aan het eind nog plaats."],
    ]
    assert passed_over["story"]["sentences"] == ["Uw kind loot samen met 8E4Y9QKM. Zij hebben samen één lot."]
    assert care["story"]["title"] == "Nummer 4M9Z1KSG heeft in deze loting geen plaats"
    assert care["story"]["sentences"] == [
        "Uw kind doet alleen mee aan de loting van de eerste school, niet aan de centrale loting."
    ]
    assert {answer["story"]["order"] for answer in (drawn_out, passed_over, care)} == {ORDER}


def test_a_line_from_the_letter_is_compared_with_its_seal(offline: Page):
    files = without_dossiers(vector("alm"))
    line = dossier_lines(vector("alm"))[0]
    right, other_class, other_list, stranger, half = checked(
        offline,
        job(files, child=f"  {line[:40]}\n{line[40:]} "),
        job(files, child=line.replace("15AB:1", "15AB:2")),
        job(files, child=line.replace("22CD:3,31EF:3", "31EF:3,22CD:3")),
        job(files, child="ZZZZZZZZ"),
        job(files, child=line[:60]),
    )
    assert right["story"]["facts"][0]["state"] == "ok"
    assert [answer["exitCode"] for answer in (right, other_class, other_list, stranger, half)] == [
        0,
        1,
        1,
        1,
        2,
    ]
    assert "past niet bij het zegel" in errors(other_class)[0]
    assert stranger["verdict"] == "De bestanden kloppen, maar uw kind staat er niet in"


# --- what must not pass ------------------------------------------------------------------------------------------

ALTER = """async ({files, commitment, step}) => {
  const names = Object.keys(files), original = {};
  for (const name of names) original[name] = Uint8Array.from(atob(files[name]), (letter) => letter.charCodeAt(0));
  const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const accepted = [], codes = {};
  let tried = 0, number = 0;
  const attempt = async (name, bytes, what) => {
    const answer = await OALot.check({...original, [name]: bytes}, {commitment, lang: "nl"});
    tried++;
    codes[answer.exitCode] = (codes[answer.exitCode] || 0) + 1;
    if (answer.ok) accepted.push(`${name}: ${what}`);
    else if (!answer.steps.some((one) => one.errors.length)) accepted.push(`${name}: ${what}: no reason given`);
  };
  for (const name of names) {
    const bytes = original[name];
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [0, at % 3 + 1, at % 4 + 4]) {
        if (number++ % step) continue;
        const copy = bytes.slice();
        copy[at] ^= 1 << bit;
        await attempt(name, copy, `bit ${bit} of byte ${at}`);
      }
    }
    const text = [...bytes];
    await attempt(name, join([0xef, 0xbb, 0xbf], text), "BOM");
    await attempt(name, Uint8Array.from(text.flatMap((byte) => byte === 10 ? [13, 10] : [byte])), "CRLF");
    await attempt(name, bytes.slice(0, -1), "no final LF");
    await attempt(name, join(text, [10]), "two final LF");
    await attempt(name, join(text.slice(0, -1), [32, 10]), "space at the end");
    await attempt(name, join([32], text), "space at the start");
    await attempt(name, join(text, text), "twice");
    await attempt(name, new Uint8Array(0), "empty");
    await attempt(name, bytes.slice(0, bytes.lastIndexOf(10, bytes.length - 2) + 1), "last line cut off");
    await attempt(name, join(text.slice(0, 1), [0], text.slice(1)), "NUL");
    await attempt(name, join(text.slice(0, 3), [9], text.slice(3)), "tab");
  }
  return {tried, accepted, codes};
}"""


@pytest.mark.parametrize("full", FULL)
def test_no_altered_file_is_accepted(offline: Page, full: bool):
    tried = 0
    for name in ("alm", "hand", "vovp"):
        files = vector(name)
        size = sum(len(content) for content in files.values())
        step = 1 if full else size * 3 // 55
        result = offline.evaluate(
            ALTER, {"files": job(files)["files"], "commitment": H_C[name], "step": step}
        )
        assert result["accepted"] == []
        tried += result["tried"]
    assert tried >= (16_000 if full else 300)
    print(f"{tried} altered file sets, 0 accepted")


def school_cheats() -> list[tuple[str, str, str, str, str]]:
    """(file, what it says, what somebody makes of it, the step that must object, a word of the objection)."""
    return [
        # The outcome: other places, order, classes, numbers, limits.
        ("uitslag.txt", "d06e44a|-", "d06e44a|15AB", "schools", "5T2C8PXA"),
        ("uitslag.txt", "618126b2|15AB", "618126b2|-", "schools", ""),
        ("uitslag.txt", "uitkomst|school/15AB|1|0F7K2M9Q", "uitkomst|school/15AB|2|0F7K2M9Q", "schools", "regel 4"),
        ("uitslag.txt", "0F7K2M9Q|0F7K2M9Q|1|", "0F7K2M9Q|0F7K2M9Q|2|", "schools", "klasse"),
        ("uitslag.txt", "|5ec3ee74", "|4ec3ee74", "lots", "0F7K2M9Q"),
        ("uitslag.txt", "loting|school/15AB|3|6", "loting|school/15AB|4|6", "schools", "plaatsen"),
        ("uitslag.txt", "loting|school/15AB|3|6", "loting|school/15AB|3|7", "schools", "regel 3"),
        ("uitslag.txt", "grens|school/31EF|31EF|vrij|-", "grens|school/31EF|31EF|dicht|-", "limits", "regel 19"),
        ("uitslag.txt", "grens|centraal|44GH|vrij|-", "grens|centraal|44GH|dicht|-", "limits", "44GH"),
        ("uitslag.txt", "eind|28", "eind|27", "limits", "28"),
        ("uitslag.txt", "fde8906a60|31EF", "fde8906a60|44GH", "central", "BW8D5NJV"),
        ("uitslag.txt", "58da6f4b0c|-", "58da6f4b0c|44GH", "central", "3Q6D7YVE"),
        ("uitslag.txt", "f571bc1ce|31EF", "f571bc1ce|15AB", "central", "CK3T9HQZ"),
        # A group that is split.
        ("uitslag.txt", "centraal|4|9A3S7CTH|8E4Y9QKM", "centraal|4|9A3S7CTH|9A3S7CTH", "central", ""),
        # The chance.
        ("vastlegging.txt", "2023-09-13T08:00:00Z", "2023-09-14T11:00:04Z", "chance", "24 uur"),
        ("zaad.txt", "baken|657413|", "baken|657414|", "chance", "657414"),
        ("zaad.txt", "notaris|2342261122", "notaris|234226112", "grammar", "60"),
        ("zaad.txt", "notaris|2342261122", "notaris|7342261122", "grammar", "1–6"),
        ("vastlegging.txt", "notaris|d6|60", "notaris|d6|49", "grammar", "49"),
        ("vastlegging.txt", "657413,658613,659813", "657413,657413,659813", "grammar", "regel 9"),
        ("vastlegging.txt", "poging|1|-", "poging|2|-", "grammar", "regel 2"),
        ("vastlegging.txt", "profiel|NB", "profiel|NGB", "grammar", "NGB"),
        ("vastlegging.txt", "moment|2023-09-13", "moment|2023-02-30", "grammar", "regel 13"),
        ("vastlegging.txt", "school/31EF,centraal", "centraal", "grammar", "school/31EF"),
        ("vastlegging.txt", ",centraal", "", "grammar", "centraal"),
        ("vastlegging.txt", "school/15AB,", "school/15AB,school/99ZZ,", "grammar", "99ZZ"),
        # The lists.
        ("dossiers.txt", "C|15AB:3,31EF:2", "C|15AB:3,31EF:0", "grammar", "klasse 0"),
        ("dossiers.txt", "SC|15AB:1,22CD:3", "SC|15AB:0,22CD:3", "grammar", "klasse 0"),
        ("dossiers.txt", "C|15AB:3,31EF:2", "C|15AB:3,99ZZ:2", "grammar", "99ZZ"),
        ("dossiers.txt", "C|15AB:3,31EF:2", "C|15AB:3,15AB:2", "grammar", "15AB"),
        ("dossiers.txt", "22CD:2,31EF:1,44GH:1|21fb", "22CD:2,31EF:2,44GH:1|21fb", "grammar", "8E4Y9QKM"),
        ("dossiers.txt", "kind|BW8D5NJV|BW8D5NJV", "kind|BW8D5NJV|0F7K2M9Q", "grammar", "0F7K2M9Q"),
        ("dossiers.txt", "kind|8E4Y9QKM|8E4Y9QKM", "kind|8E4Y9QKM|9A3S7CTH", "grammar", "9A3S7CTH"),
        ("dossiers.txt", "eind|4|13", "eind|4|12", "grammar", "13"),
        ("dossiers.txt", "school|15AB|3", "school|15AB|03", "grammar", "03"),
        ("dossiers.txt", "15AB:1,22CD:3", "15AB:2,22CD:3", "schools", "klasse"),
        ("dossiers.txt", "school|15AB|3", "school|15AB|4", "schools", "plaatsen"),
    ]  # fmt: skip


def test_cheats_with_all_hashes_made_again_are_caught(offline: Page):
    cheats = school_cheats()
    sets = [remade(changed(vector("alm"), *cheat[:3])) for cheat in cheats]
    answers = checked(offline, *[job(files, commitment=sha(files["vastlegging.txt"])) for files in sets])
    for (name, old, new, step, word), answer in zip(cheats, answers, strict=True):
        found = [text for text in errors(answer) if text.startswith(f"{step}: ") and word in text]
        assert found, (name, old, new, errors(answer))
        assert answer["exitCode"] == (2 if step == "grammar" else 1)
        if step == "grammar":  # names the file and the line
            assert re.search(r"\w+\.txt, regel \d+: ", found[0])


def test_without_dossiers_most_cheats_are_caught_too(offline: Page):
    """What only the lists can deny, the family of the child can see from its own line."""
    cheats = [cheat for cheat in school_cheats() if cheat[3] != "grammar" and cheat[0] != "dossiers.txt"]
    sets = [without_dossiers(rehashed(changed(vector("alm"), *cheat[:3]))) for cheat in cheats]
    answers = checked(offline, *[job(files) for files in sets])
    missed = [index for index, answer in enumerate(answers) if answer["ok"]]
    assert [cheats[index][1:3] for index in missed] == [
        ("0F7K2M9Q|0F7K2M9Q|1|", "0F7K2M9Q|0F7K2M9Q|2|"),
        ("58da6f4b0c|-", "58da6f4b0c|44GH"),
    ]
    lines = {line.split("|")[1]: line for line in dossier_lines(vector("alm"))}
    own = checked(
        offline,
        *[
            job(sets[index], child=lines[child])
            for index, child in zip(missed, ("0F7K2M9Q", "3Q6D7YVE"), strict=True)
        ],
    )
    assert [(answer["exitCode"], errors(answer)[0].split(":")[0]) for answer in own] == [
        (1, "child"),
        (1, "child"),
    ]


def test_other_cheats_are_caught(offline: Page):
    alm, hand, vovp = vector("alm"), vector("hand"), vector("vovp")

    def swapped(files: Files, name: str, one: str, other: str) -> Files:
        return changed(changed(changed(files, name, one, "@@"), name, other, one), name, "@@", other)

    def dropped(files: Files, name: str, line: str) -> Files:
        (whole,) = re.findall(rf"(?m)^{re.escape(line)}.*\n", files[name].decode())
        return changed(files, name, whole, "")

    stand_in = sha(
        b"OA-LOT/1|oefenbaken|TEST-2023-ALM3|234226112252461444445241421635444616311454161326146525251514"
    )
    beacon = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"
    cheats = {
        "a child left out of the outcome": (dropped(alm, "uitslag.txt", "uitkomst|centraal|6|"), 1),
        "a draw left out of the outcome": (
            alm
            | {
                "uitslag.txt": re.sub(
                    rb"loting\|school/31EF(.|\n)*?(?=loting\|centraal)", b"", alm["uitslag.txt"]
                )
            },
            1,
        ),
        "two children in each other's place": (
            swapped(alm, "uitslag.txt", "2B8N4HJC|2B8N4HJC", "1XW3T5RB|1XW3T5RB"),
            1,
        ),
        "a stranger in the outcome": (changed(alm, "uitslag.txt", "BW8D5NJV|BW8D5NJV", "BW8D5NJW|BW8D5NJW"), 1),
        "a limit left out": (dropped(alm, "uitslag.txt", "grens|centraal|22CD"), 1),
        "a seal of somebody else": (
            rehashed(swapped(alm, "deelnemers.txt", "b82db66679994e8", "da56f9c074b1f43")),
            1,
        ),
        "a rehearsal beacon in a real draw": (rehashed(changed(alm, "zaad.txt", beacon, stand_in)), 1),
        "files of another session": (rehashed(changed(alm, "uitslag.txt", "TEST-2023-ALM3", "TEST-2023-ALM4")), 1),
        "the outcome of another seed": (alm | {"uitslag.txt": vovp["uitslag.txt"]}, 1),
        "no final line": (dropped(alm, "uitslag.txt", "eind|"), 2),
        "hand: a unit missing": (rehashed(changed(hand, "zaad.txt", "003A,001,004,002", "003A,001,004")), 2),
        "hand: a unit twice": (rehashed(changed(hand, "zaad.txt", "003A,001,004,002", "003A,001,004,002,002")), 2),
        "hand: a unit too many": (rehashed(changed(hand, "zaad.txt", "|006,005", "|006,005,002")), 2),
        "hand: a member instead of the unit": (rehashed(changed(hand, "zaad.txt", "003A,001", "003B,001")), 2),
        "hand: order of another draw": (
            rehashed(swapped(hand, "zaad.txt", "volgorde|school/23AX-HV", "volgorde|school/23AX-TL")),
            2,
        ),
        "hand: other lot": (changed(hand, "uitslag.txt", "0004|23AX-HV", "0005|23AX-HV"), 1),
        "vovp: below the held seat": (changed(vovp, "uitslag.txt", "c86e4bc|22CD", "c86e4bc|-"), 1),
        "vovp: passed over": (changed(vovp, "uitslag.txt", "cc86f9a|31EF", "cc86f9a|44GH"), 1),
        "vovp: over the places": (changed(vovp, "uitslag.txt", "fad852ee7|-", "fad852ee7|15AB"), 1),
        "vovp: a class hidden": (changed(vovp, "uitslag.txt", "5KM2R8YB|0|", "5KM2R8YB|-|"), 1),
        "vovp: too many holders": (remade(changed(vovp, "dossiers.txt", "school|22CD|2", "school|22CD|1")), 2),
        "vovp: holder not last": (
            remade(changed(vovp, "dossiers.txt", "31EF:3,22CD:0", "22CD:0,31EF:3")),
            2,
        ),
        "vovp: with a school draw": (
            remade(changed(vovp, "vastlegging.txt", "lotingen|", "lotingen|school/15AB,")),
            2,
        ),
    }  # fmt: skip
    answers = checked(
        offline, *[job(files, commitment=sha(files["vastlegging.txt"])) for files, _ in cheats.values()]
    )
    assert {what: answer["exitCode"] for what, answer in zip(cheats, answers, strict=True)} == {
        what: code for what, (_, code) in cheats.items()
    }
    assert all(errors(answer) for answer in answers)


def test_a_secret_must_fit_its_commitment(offline: Page):
    session = next(
        session
        for session in map(random_session, range(100))
        if session.commitment.profile == "NG" and not session.dossiers.session.startswith("OEFEN")
    )
    files = session.files()
    secret = str(session.seed.secret)
    other = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    right, wrong = checked(offline, job(files), job(rehashed(changed(files, "zaad.txt", secret, other))))
    assert (right["exitCode"], wrong["exitCode"]) == (0, 1)
    assert any("het geheim past niet" in text for text in errors(wrong))


def test_missing_and_double_files(offline: Page):
    files = vector("alm")
    some = {name: files[name] for name in ("vastlegging.txt", "zaad.txt")}
    missing, double, same, renamed, none = checked(
        offline,
        job(some),
        job(files | {"deelnemers (1).txt": vector("vovp")["deelnemers.txt"]}),
        job(files | {"deelnemers (1).txt": files["deelnemers.txt"], "verslag.pdf": b"%PDF-1.7"}),
        job({f"TEST-2023-ALM3-{name}": content for name, content in files.items()}),
        job({}),
    )
    assert [answer["exitCode"] for answer in (missing, double, same, renamed, none)] == [3, 2, 0, 0, 3]
    assert errors(missing) == ["files: Er mist: deelnemers.txt, uitslag.txt. Voeg dit bestand toe."]
    # By their first line, when the names say nothing.
    (nameless,) = checked(
        offline, job({f"{index}.dat": content for index, content in enumerate(files.values())})
    )
    assert nameless["exitCode"] == 0


def test_a_chain_of_attempts(offline: Page):
    files = vector("hand")
    first = files["vastlegging.txt"]
    second = changed(files, "vastlegging.txt", "poging|1|-", f"poging|2|{sha(first)}")
    # Its draw by hand does not depend on the seed, so only hashes change.
    second = rehashed(second)
    alone, chain, broken = checked(
        offline,
        job(second),
        job(second | {"vastlegging-poging-1.txt": first}),
        job(rehashed(changed(second, "vastlegging.txt", "poging|2", "poging|3")) | {"vastlegging-1.txt": first}),
    )  # fmt: skip
    assert [answer["exitCode"] for answer in (alone, chain, broken)] == [0, 0, 1]
    assert any("Dit is poging 2" in text for step in alone["steps"] for text in step["warnings"])
    assert any("poging 1" in text for text in alone["skipped"])
    assert any("past in de keten" in text for step in chain["steps"] for text in step["notes"])


def test_a_rehearsal_only_warns(offline: Page):
    files = rehearsal_files(children=30)
    (answer,) = checked(offline, job(files, child=numbers(files)[0]))
    assert answer["exitCode"] == 0
    assert answer["verdict"].startswith("Oefening.")
    warnings = [text for step in answer["steps"] for text in step["warnings"]]
    assert any("oefenbaken" in text for text in warnings)


def test_a_session_published_by_own_lines(offline: Page):
    """A VOVP: the public has the commitment, the seed and the limits (section 7 point 9)."""
    files = vector("vovp")
    public = {name: files[name] for name in ("vastlegging.txt", "zaad.txt")} | {
        "grenzen.txt": limits_file(files)
    }
    lines = dossier_lines(files)
    answers = checked(
        offline, job(public), *[job(public, child=line, commitment=H_C["vovp"]) for line in lines]
    )
    assert [errors(answer) for answer in answers] == [[]] * len(answers)
    placed = re.findall(r"(?m)^uitkomst\|centraal\|\d+\|(\w+)\|.*\|(\S+)$", files["uitslag.txt"].decode())
    assert {answer["story"]["regno"]: answer["story"]["place"] or "-" for answer in answers[1:]} == dict(
        placed
    )
    assert all(answer["skipped"] for answer in answers)
    cheat = public | {"grenzen.txt": public["grenzen.txt"].replace(b"eind|4", b"eind|5")}
    other = public | {"zaad.txt": vector("alm")["zaad.txt"]}
    assert [answer["exitCode"] for answer in checked(offline, job(cheat), job(other))] == [2, 1]


@pytest.mark.parametrize("full", FULL)
def test_random_sessions_agree_with_production(offline: Page, full: bool):
    """The engine made these files: the page computes them again, with and without the restricted list."""
    total = 1_000 if full else 100
    for start in range(0, total, 50):
        jobs = []
        for number in range(start, start + 50):
            files = random_session(number).files()
            code = sha(files["vastlegging.txt"])
            lines = dossier_lines(files)
            child = lines[number % len(lines)] if lines else ""
            jobs.append(job(files, commitment=code, child=child.split("|")[1] if child else ""))
            jobs.append(job(without_dossiers(files), commitment=code[:8], child=child, lang="en"))
        answers = checked(offline, *jobs)
        assert [
            (start + index // 2, errors(answer)) for index, answer in enumerate(answers) if not answer["ok"]
        ] == []


# --- texts -------------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_texts(offline: Page):
    texts = offline.evaluate("OALot.texts")
    dutch, english = texts["nl"], texts["en"]
    assert list(dutch) == list(english)

    def fields(text: str) -> set[str]:
        return set(re.findall(r"\{\w+\}", text))

    assert [key for key in dutch if fields(dutch[key]) != fields(english[key])] == []
    assert dutch["order"] == ORDER
    assert not any("!" in text or "helaas" in text.lower() for text in dutch.values())


def test_every_text_is_used():
    source = (STATIC / "controleer" / "controleer.js").read_text()
    table, _, code = source.partition("function speaker")
    keys = set(re.findall(r"(?m)(?:^\s+|, )(\w+): \"", table))
    made = {"s_", "n_", "v_", "st_", "t_", "tn_"}  # keys put together from a part and a name
    unused = [key for key in keys if not re.search(rf'"{re.escape(re.sub("_1$", "", key))}"', code)]
    assert [key for key in unused if not any(key.startswith(start) for start in made)] == []


def test_both_pages_have_the_same_parts(client: Client, db: None):
    online = client.get("/controleer/").content.decode()
    offline = (STATIC / "controleer" / "controleer.html").read_text()

    def parts(html: str) -> list[str]:
        return re.findall(r'id="([\w-]+)"', html[html.index('<main class="oa-main"') : html.index("</main>")])

    assert parts(online) == parts(offline)
    assert ORDER in online and ORDER in offline
    for html in (online, offline):
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
    assert "connect-src 'none'" in offline and "default-src 'none'" in offline


# --- the page ----------------------------------------------------------------------------------------------------


def test_offline_from_disk(offline: Page):
    files = vector("alm")
    choose(offline, files, prefix="TEST-2023-ALM3-")
    offline.fill("#kind", "5t2c8pxa")
    offline.fill("#code", "19BACA8B")
    press_check(offline)
    expect(offline.locator("#oordeel")).to_have_text("Wat is nagekeken, klopt")
    expect(offline.locator("#melding")).to_have_text("Klaar. Wat is nagekeken, klopt.")
    expect(offline.locator("#uwkind")).to_have_text("Nummer 5T2C8PXA heeft een plaats op school 44GH")
    expect(offline.get_by_text("4 van 4 controles goed")).to_be_visible()
    expect(offline.locator("#volgordezin")).to_have_text(ORDER)
    expect(offline.locator("#codes")).to_contain_text(SLOT)
    assert offline.evaluate("document.fonts.check('16px \"Source Sans 3\"')")
    # And it could not talk if it wanted to.
    refused = "fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')"
    assert offline.evaluate(refused) == "refused"
    assert offline.evaluate("navigator.sendBeacon('http://127.0.0.1:9/', 'x')") in (False, True)


def test_the_page_to_take_home(
    client: Client, db: None, tmp_path: Path, new_context: Callable[..., BrowserContext]
):
    first, second = (client.get("/controleer/controleer-zelf.zip") for _ in range(2))
    assert first.content == second.content
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        archive.extractall(tmp_path)
    assert (tmp_path / "controleer-zelf" / "controleer.py").exists()
    page = new_context(offline=True).new_page()
    page.goto((tmp_path / "controleer-zelf" / "controleer" / "controleer.html").as_uri())
    choose(page, vector("hand"))
    page.fill("#code", H_C["hand"])
    press_check(page)
    expect(page.locator("#oordeel")).to_have_text("Alles klopt")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.oa-top')).backgroundColor")
        != "rgba(0, 0, 0, 0)"
    )


def test_wrong_files_are_named_with_their_line(offline: Page):
    files = vector("alm")
    excel = files | {"uitslag.txt": files["uitslag.txt"].replace(b"\n", b"\r\n")}
    choose(offline, excel)
    press_check(offline)
    expect(offline.locator("#oordeel")).to_have_text("Een bestand is ongeldig")
    expect(offline.locator("#uitkomst")).to_contain_text(
        "uitslag.txt, regel 1: de regel eindigt op de manier van Windows"
    )
    expect(offline.locator("#uitkomst .is-wrong")).to_have_count(1)
    # The right file in its place, and again.
    choose(offline, {"uitslag.txt": files["uitslag.txt"]})
    press_check(offline)
    expect(offline.locator("#oordeel")).to_have_text("Wat is nagekeken, klopt")
    expect(offline.locator("#uitkomst .is-wrong")).to_have_count(0)


def test_wrong_input_is_told_at_its_field(offline: Page):
    offline.get_by_role("button", name="Controleer", exact=True).click()
    expect(offline.locator("#fouten h3")).to_be_focused()
    expect(offline.locator("#fouten")).to_contain_text("Kies eerst de bestanden van de loting.")
    choose(offline, vector("alm"))
    offline.fill("#code", "19baca8")
    offline.fill("#kind", "kind|5T2C8PXA|5T2C8PXA|SC")
    offline.get_by_role("button", name="Controleer", exact=True).click()
    expect(offline.locator("#fouten li")).to_have_count(2)
    assert offline.locator("#code").get_attribute("aria-invalid") == "true"
    offline.get_by_role("link", name="De code „19baca8”").click()
    expect(offline.locator("#code")).to_be_focused()
    expect(offline.locator("#code-fout")).to_contain_text("Een code heeft 8 tot 64 tekens")
    assert offline.locator("#code").get_attribute("aria-describedby") == "code-uitleg code-fout"
    offline.fill("#code", "19baca8b")
    offline.fill("#kind", "")
    press_check(offline)
    expect(offline.locator("#fouten")).to_be_hidden()
    expect(offline.locator("[aria-invalid], [id$=-fout]")).to_have_count(0)
    offline.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = false })")
    offline.locator("#slot").evaluate("(field) => { field.value = 'xyz' }")
    offline.get_by_role("button", name="Controleer", exact=True).click()
    expect(offline.locator("#slot-fout")).to_be_visible()


def test_files_may_be_dropped_anywhere_and_removed(offline: Page):
    files = {name: content.decode() for name, content in vector("hand").items()}
    offline.evaluate(
        """(files) => {
          const data = new DataTransfer();
          for (const name in files) data.items.add(new File([files[name]], name));
          for (const kind of ["dragenter", "dragover", "drop"])
            document.querySelector("h1").dispatchEvent(
              new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        files,
    )
    expect(offline.locator("#gekozen .oa-drop__have")).to_have_count(5)
    offline.get_by_role("button", name="Verwijder dossiers.txt").click()
    expect(offline.locator("#gekozen .oa-drop__have")).to_have_count(4)
    expect(offline.locator("#bestanden")).to_be_focused()
    press_check(offline)
    expect(offline.locator("#uitkomst")).to_contain_text("dossiers.txt is niet openbaar")


def test_by_keyboard_alone(offline: Page):
    """From the top to the verdict with Tab and Enter; every stop is visible."""
    choose(offline, vector("alm"))
    offline.evaluate("document.activeElement.blur()")
    stops: list[str] = []
    for _ in range(20):
        offline.keyboard.press("Tab")
        stops.append(
            offline.evaluate(
                "document.activeElement.id || document.activeElement.textContent.trim().replace(/\\s+/g, ' ')"
            )
        )
        assert offline.evaluate("document.activeElement.getClientRects().length") > 0, stops
        if stops[-1] == "kind":
            offline.keyboard.type("47NIETHIER")
        if stops[-1] == "Controleer":
            break
    assert stops == [
        "Naar de inhoud",
        "bestanden",
        *[
            f"Verwijder {name}"
            for name in ("vastlegging.txt", "deelnemers.txt", "dossiers.txt", "zaad.txt", "uitslag.txt")
        ],
        "kind",
        "code",
        "Andere codes die u misschien heeft opgeschreven",
        "Controleer",
    ]
    offline.keyboard.press("Enter")
    expect(offline.locator("#oordeel")).to_be_focused()
    expect(offline.locator("#oordeel")).to_have_text("De bestanden kloppen, maar uw kind staat er niet in")


def test_without_script_the_page_explains_what_to_do(new_context: Callable[..., BrowserContext]):
    page = new_context(java_script_enabled=False, offline=True).new_page()
    page.goto(OFFLINE)
    expect(page.locator("#controle")).to_be_hidden()
    expect(page.get_by_role("heading", name="Deze pagina rekent met JavaScript")).to_be_visible()
    expect(page.get_by_text("python3 -I controleer.py MAP")).to_be_visible()
    expect(page.get_by_text("openssl dgst -sha256 -mac HMAC")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_and_fits_from_disk(
    new_context: Callable[..., BrowserContext],
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
    scheme: str,
):
    files = vector("alm")
    broken = remade(changed(files, "uitslag.txt", "d06e44a|-", "d06e44a|15AB"))
    for width in widths:
        page = new_context(viewport=width, color_scheme=scheme, offline=True).new_page()

        def fine(page: Page = page) -> None:
            assert axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        page.goto(OFFLINE)
        for summary in page.locator("summary").all():
            summary.click()
        fine()
        page.get_by_role("button", name="Controleer", exact=True).click()
        fine()
        for case, child in ((files, "5T2C8PXA"), (broken, ""), (without_dossiers(files), "9A3S7CTH")):
            page.goto(OFFLINE)
            choose(page, case)
            page.fill("#kind", child)
            press_check(page)
            fine()


# --- online ------------------------------------------------------------------------------------------------------


def publish(session: DrawSession) -> DrawSession:
    """Families know their result, so the public may have its files."""
    session.round.state = RoundState.OFFERS
    session.round.offers_on = date(2023, 10, 20)
    session.round.save()
    DrawSession.objects.filter(pk=session.pk).update(
        state=SessionState.APPLIED, applied_at=session.verified_at
    )
    return session


@pytest.mark.django_db(transaction=True)
def test_online_the_public_files_are_fetched(
    live_server,
    page: Page,
    axe: Callable[[Page], list[str]],
    widths: list[dict[str, int]],
):
    publish(vector_session("alm"))
    publish(vector_session("vovp", RoundKind.VOVP))
    hidden = vector_session("hand")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    page.goto(f"{live_server.url}/controleer/?zitting=TEST-2023-ALM3")
    assert hidden.name not in page.content()
    line = dossier_lines(vector("alm"))[5]
    page.fill("#kind", line)
    page.fill("#code", H_C["alm"][:8])
    page.get_by_role("button", name="Openbare bestanden ophalen").click()
    expect(page.locator("#melding")).to_have_text("De bestanden van TEST-2023-ALM3 zijn opgehaald.")
    press_check(page)
    expect(page.locator("#uwkind")).to_have_text("Nummer 5T2C8PXA heeft een plaats op school 44GH")
    expect(page.get_by_text("4 van 4 controles goed")).to_be_visible()
    # A VOVP is published by own lines.
    page.select_option("#zitting", index=next(
        index for index, text in enumerate(page.locator("#zitting option").all_inner_texts()) if "VOVP1" in text
    ))  # fmt: skip
    page.fill("#kind", dossier_lines(vector("vovp"))[0])
    page.fill("#code", H_C["vovp"])
    page.get_by_role("button", name="Openbare bestanden ophalen").click()
    expect(page.locator("#melding")).to_have_text("De bestanden van TEST-2024-VOVP1 zijn opgehaald.")
    press_check(page)
    expect(page.locator("#uwkind")).to_have_text("Nummer 2P7C4LNE hoort een plaats te hebben op school 15AB")
    for width in widths:
        page.set_viewport_size(width)  # type: ignore[arg-type]
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # What was typed went nowhere.
    assert not any("5T2C8PXA" in url or "2P7C4LNE" in url for url in sent)


@pytest.mark.django_db(transaction=True)
def test_online_in_english(live_server, new_context: Callable[..., BrowserContext]):
    context = new_context()
    context.add_cookies([{"name": "django_language", "value": "en", "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/controleer/")
    page.set_input_files(
        "#bestanden",
        [
            {"name": name, "mimeType": "text/plain", "buffer": content}
            for name, content in vector("alm").items()
        ],
    )
    page.fill("#kind", "5T2C8PXA")
    page.locator("#controle [type=submit]").click()
    expect(page.locator("#oordeel")).to_have_text("What was checked is right")
    expect(page.locator("#uwkind")).to_have_text("Number 5T2C8PXA has a place at school 44GH")


@pytest.mark.django_db
def test_the_page_asks_as_many_questions_for_three_sessions_as_for_one(
    client: Client, django_assert_num_queries: Any
):
    publish(vector_session("alm"))
    with CaptureQueriesContext(connection) as first:
        client.get("/controleer/")
    publish(vector_session("hand"))
    publish(vector_session("vovp", RoundKind.VOVP))
    with django_assert_num_queries(len(first)):
        answer = client.get("/controleer/")
    assert json.dumps(re.findall(r'data-name="([\w-]+)"', answer.content.decode())).count("TEST-") == 3
    assert set(NAMES) - {"dossiers.txt"} == set(
        re.findall(r'data-name="TEST-2023-ALM3" data-files="([^"]+)"', answer.content.decode())[0].split()
    )
