"""Test 12 of the specification: the printed instruction, done to the letter with the published files and a sheet."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lottery.services.verification import VERIFIER
from tests.lottery.draw_sessions import VECTORS, rehearsal_files

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT, INSTRUCTION = ROOT / "scripts" / "lay_test.py", ROOT / "docs" / "zelf-controleren.md"
PUBLIC = ("vastlegging.txt", "deelnemers.txt", "zaad.txt", "uitslag.txt")


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A draw of forty children whose commitment names the program that is really handed out."""
    files = rehearsal_files(children=40, verifier_hash=sha(VERIFIER.read_bytes()))
    folder = tmp_path_factory.mktemp("openbaar")
    for name, content in (files | {"controleer.py": VERIFIER.read_bytes()}).items():
        (folder / name).write_bytes(content)
    return folder


def sheet(folder: Path, at: int = 0) -> dict[str, str]:
    """What stands on the paper of one family."""
    lines = (folder / "dossiers.txt").read_text().splitlines()
    line = [line for line in lines if line.startswith("kind|")][at]
    return {
        "ADRES": folder.as_uri(),
        "PROGRAMMA": (folder / "controleer.py").as_uri(),
        "ZITTING": lines[0].split("|")[2],
        "NUMMER": line.split("|")[1],
        "EENHEID": line.split("|")[2],
        "REGEL": line,
        "ZEGEL": sha(line.encode()),
        "CODE": sha((folder / "vastlegging.txt").read_bytes()),
        "LOTING": f"school/{line.split('|')[4].split(':')[0]}",
    }


def follow(paper: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *(f"{word}={value}" for word, value in paper.items())],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("at", [0, 17, 39])
def test_instruction_works_as_printed(published: Path, at: int):
    done = follow(sheet(published, at))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Goed: ") == 7
    assert "Uitleg bij dit kind" in done.stdout
    assert f"Uitkomst voor {sheet(published, at)['NUMMER']}" in done.stdout


@pytest.mark.parametrize(
    ("word", "value", "step"),
    [
        ("CODE", "0" * 64, "Stap 2"),
        ("REGEL", "kind|AAAAAAAA|AAAAAAAA|SC|10AA:1|" + "0" * 32, "Stap 3"),
        ("NUMMER", "ZZZZZZZZ", "Stap 3"),
        ("ZITTING", "OEFEN-ANDERS", "Stap 4"),
    ],
)
def test_instruction_stops_where_something_is_different(published: Path, word: str, value: str, step: str):
    done = follow(sheet(published) | {word: value})
    assert done.returncode == 1
    assert step in done.stdout[done.stdout.rindex("== ") :]
    assert "ANDERS dan de instructie zegt" in done.stdout


def test_altered_result_is_found_out_by_the_instruction(published: Path, tmp_path: Path):
    for name in (*PUBLIC, "controleer.py", "dossiers.txt"):
        (tmp_path / name).write_bytes((published / name).read_bytes())
    lines = (tmp_path / "uitslag.txt").read_text().splitlines(keepends=True)
    at = next(
        n for n, line in enumerate(lines) if line.startswith("uitkomst|") and not line.rstrip().endswith("|-")
    )
    lines[at] = lines[at].rsplit("|", 1)[0] + "|-\n"
    (tmp_path / "uitslag.txt").write_text("".join(lines))
    done = follow(sheet(tmp_path))
    assert done.returncode == 1
    assert "Stap 6" in done.stdout[done.stdout.rindex("== ") :]


def test_program_of_another_version_is_found_out_by_the_instruction(published: Path, tmp_path: Path):
    (tmp_path / "controleer.py").write_bytes(VERIFIER.read_bytes() + b"# een andere versie\n")
    done = follow(sheet(published) | {"PROGRAMMA": (tmp_path / "controleer.py").as_uri()})
    assert done.returncode == 1
    assert "Stap 5" in done.stdout[done.stdout.rindex("== ") :]


def test_missing_word_on_the_sheet_is_named(published: Path):
    paper = sheet(published)
    del paper["CODE"]
    assert "Op het blad ontbreekt: CODE" in follow(paper).stderr


def test_recipe_of_the_specification_is_the_one_that_is_printed():
    """The lot of section 11 by hand, with the commands of step 4 and the files of the vector."""
    text = INSTRUCTION.read_text(encoding="utf-8")
    block = next(block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "openssl" in block)
    for word, value in (("ZITTING", "TEST-2023-ALM3"), ("LOTING", "centraal"), ("NUMMER", "BW8D5NJV")):
        block = block.replace(word, value)
    done = subprocess.run(
        ["/bin/sh", "-ec", block.replace("EENHEID", "BW8D5NJV")],
        cwd=VECTORS / "alm",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["63b338ce698bfd8fba3a587a592b2044a0ac757b9b5765f96c4409fde8906a60", "1"]
