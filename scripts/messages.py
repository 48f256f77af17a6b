"""Translatable texts: collect them into the Dutch catalogue, or check that the catalogue has them all.

    python scripts/messages.py update    rewrite locale/nl/LC_MESSAGES/django.po and compile it
    python scripts/messages.py check     fail when a text in the code is not in the catalogue

Texts are collected in a copy of the sources, so that a check changes nothing. New texts come in empty, never guessed
from a likeness. Needs the gettext programs; running the application does not, the compiled catalogue is committed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/nl/LC_MESSAGES/django.po")
SOURCES = ("config", "schools", "admissions", "lottery", "notifications", "templates")
COLLECT = """
from django.core.management import execute_from_command_line
from django.core.management.commands.makemessages import Command
Command.msgmerge_options = [*Command.msgmerge_options, "--no-fuzzy-matching", "--no-wrap", "--sort-by-file"]
Command.xgettext_options = [*Command.xgettext_options, "--sort-by-file"]
execute_from_command_line(["django-admin", "makemessages", "--locale=nl", "--no-obsolete", "--no-wrap",
                           "--add-location=file", "--extension=html,txt,py"])
"""


def collected() -> polib.POFile:
    """The catalogue as it should be: every text of the sources, with the translations that exist."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in SOURCES:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        (copy / CATALOGUE).parent.mkdir(parents=True)
        if (ROOT / CATALOGUE).exists():
            shutil.copy(ROOT / CATALOGUE, copy / CATALOGUE)
        environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
        subprocess.run(
            [sys.executable, "-c", COLLECT], cwd=copy, env=environment, check=True, stdout=subprocess.DEVNULL
        )
        return polib.pofile(str(copy / CATALOGUE), wrapwidth=0)


def keys(catalogue: polib.POFile) -> set[tuple[str, str]]:
    return {(entry.msgctxt or "", entry.msgid) for entry in catalogue if not entry.obsolete}


def update() -> int:
    catalogue = collected()
    # Dates and names of whoever ran this would change the file each time and tell nobody anything.
    catalogue.header = "Open Aanmelden in Dutch."
    catalogue.metadata = {
        "Project-Id-Version": "Open Aanmelden",
        "Language": "nl",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    catalogue.metadata_is_fuzzy = False
    target = ROOT / CATALOGUE
    target.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(target))
    subprocess.run(["msgfmt", "--check-format", "-o", target.with_suffix(".mo"), target], check=True)
    print(f"{len(catalogue)} texts, {len(catalogue.untranslated_entries())} without translation")
    return 0


def check() -> int:
    stored = polib.pofile(str(ROOT / CATALOGUE)) if (ROOT / CATALOGUE).exists() else polib.POFile()
    wanted = collected()
    missing = sorted(keys(wanted) - keys(stored))
    superfluous = sorted(keys(stored) - keys(wanted))
    for context, text in missing:
        print(f"not in the catalogue: {text!r}" + (f" ({context})" if context else ""))
    for context, text in superfluous:
        print(f"no longer in the code: {text!r}" + (f" ({context})" if context else ""))
    if missing or superfluous:
        print("Run `make messages` and translate what is new.")
    return 1 if missing or superfluous else 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["update"], ["check"]):
        sys.exit(__doc__)
    sys.exit(update() if sys.argv[1] == "update" else check())
