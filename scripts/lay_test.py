r"""Do what the printed instruction says, and nothing else (OA-LOT/1 section 12, test 12).

    python3 scripts/lay_test.py ADRES=https://… PROGRAMMA=https://… ZITTING=… NUMMER=… \
        REGEL='kind|…' ZEGEL=… CODE=… LOTING=…

Reads docs/zelf-controleren.md (or the file after --instruction), puts what stands on a family's sheet on the place of
the words in capitals, and runs each command in an empty folder. After each one it looks for what the instruction says
one should see, as a reader would. Needs nothing of the application; ends with 1 at the first step that is different.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

INSTRUCTION = Path(__file__).resolve().parent.parent / "docs" / "zelf-controleren.md"
STEP = re.compile(r"```sh\n(.*?)```\n+Goed als u ziet: `([^`]*)`", re.DOTALL)
TITLE = re.compile(r"^## (Stap .*)$", re.MULTILINE)
WORDS = ("ADRES", "PROGRAMMA", "ZITTING", "NUMMER", "EENHEID", "REGEL", "ZEGEL", "CODE", "LOTING")
MINUTES = 10  # the goal of test 12


def steps_of(instruction: str) -> list[tuple[str, str, str]]:
    """Title, commands and what one should see, in the order of the page."""
    found = []
    for step in STEP.finditer(instruction):
        titles = TITLE.findall(instruction[: step.start()])
        found.append((titles[-1] if titles else "", step[1], step[2]))
    if len(found) != instruction.count("```sh"):
        sys.exit("De instructie heeft een opdracht zonder 'Goed als u ziet'.")
    return found


def filled_in(text: str, sheet: dict[str, str]) -> str:
    """The words in capitals replaced by what the sheet says; a word the sheet does not have stops the work."""

    def value(match: re.Match[str]) -> str:
        if match[0] not in sheet:
            sys.exit(f"Op het blad ontbreekt: {match[0]}")
        return sheet[match[0]]

    return re.sub(rf"\b(?:{'|'.join(WORDS)})\b", value, text)


def is_there(expected: str, output: str) -> bool:
    """All words that one should see, in their order."""
    words, seen = expected.split(), iter(output.split())
    return all(any(word == found for found in seen) for word in words)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sheet", nargs="+", metavar="WOORD=waarde")
    parser.add_argument("--instruction", type=Path, default=INSTRUCTION)
    arguments = parser.parse_args()
    sheet = dict(pair.split("=", 1) for pair in arguments.sheet)
    sheet.setdefault("EENHEID", sheet.get("NUMMER", ""))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="leek-") as folder:
        for title, commands, expected in steps_of(arguments.instruction.read_text(encoding="utf-8")):
            commands, expected = filled_in(commands, sheet), filled_in(expected, sheet)
            print(f"\n== {title}\n{commands}", flush=True)
            done = subprocess.run(
                ["/bin/sh", "-e", "-c", commands],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
                capture_output=True,
                text=True,
                check=False,
            )
            print(done.stdout + done.stderr)
            if done.returncode != 0 or not is_there(expected, done.stdout):
                print(f"ANDERS dan de instructie zegt. Verwacht: {expected}")
                return 1
            print(f"Goed: {expected}")
    seconds = time.monotonic() - begun
    print(
        f"\nAlles zoals de instructie zegt, in {seconds:.1f} seconden (doel: onder {MINUTES} minuten met lezen erbij)."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
