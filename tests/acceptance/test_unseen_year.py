"""Years nobody has looked at, played through the commands and computed again by an independent program.

Another seed makes other schools, children, replies and opt-ins; nothing in bundles, results or ledger may differ from
what ``recompute.py`` finds in the specification. ``OA_LONG=1`` adds a year of 20,000 children.
"""

import csv
import io
import os
import random
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from lottery.models import DrawSession
from tests.acceptance.recompute import Recomputed, read, read_ledger, read_numbers, read_results

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VERIFIER = ROOT / "lottery" / "verifier" / "controleer.py"
CALENDAR = ROOT / "demo" / "den-haag-2023" / "calendar.json"
LONG = 20_000
SIZES = [
    (1, 11),
    (4, 12),
    (40, 13),
    (400, 14),
    pytest.param(
        LONG, 15, marks=pytest.mark.skipif(not os.environ.get("OA_LONG"), reason="OA_LONG=1 plays it")
    ),
]
REASONS = (
    "other_school: De Parel",
    "uncapped_school",
    "moved_outside",
    "moved_inside",
    "no_reply: 2024-02-10",
)


def make_year(directory: Path, *, children: int, chance: random.Random) -> None:
    """An import directory from ``make_city.py``, with places scarce enough for every outcome to occur."""
    subprocess.run(
        [
            sys.executable,
            HERE / "city" / "make_city.py",
            "--seed",
            str(chance.randrange(10**6)),
            "--children",
            str(max(4, children)),
            "--supply",
            "0.95",
            "--manual-share",
            "0.1",
            "--out",
            directory,
        ],
        check=True,
    )
    shutil.copy(CALENDAR, directory)
    alms = ("ALM1", "ALM2", "ALM3", "ALM4")
    if children < LONG:
        # make_city gives every school two places at least: far too many for a handful of children.
        rows = read(directory / "schools.csv")
        for row in rows:
            for code in alms:
                if row["has_ceiling"] == "1":
                    row[code.lower()] = str(chance.choice((0, 1, 1, 2) if children >= 400 else (0, 0, 1)))
        write(directory / "schools.csv", rows)
    only = chance.choice(alms) if children < 4 else None
    for code in alms:
        path = directory / f"applications-{code}.csv"
        rows = read(path)
        for row in rows:
            if chance.random() < 0.03:
                row["care_request"], row["care_duty"] = "0", "1"  # a signal of the school
            elif row["care_request"] == "1" and chance.random() < 0.2:
                row["care_duty"] = ""  # no meeting yet
            if chance.random() < 0.05:
                row["email"] = ""
        write(path, rows if only in (None, code) else [], columns=list(rows[0]))


def write(path: Path, rows: list[dict[str, str]], columns: list[str] | None = None) -> None:
    path.write_text(as_csv(rows, columns), encoding="utf-8")


def as_csv(rows: list[dict[str, str]], columns: list[str] | None = None) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def dice(chance: random.Random) -> str:
    return "".join(chance.choices("123456", k=60))


def random_replies(year: Recomputed, chance: random.Random) -> str:
    """What some of the families answer now, a few for the second time; dates around the freezes among them."""
    freezes = [item.matching_on - timedelta(days=1) for item in year.rounds.values() if item.kind == "VOVP"]
    rows = []
    for child in year.children.values():
        luck = chance.random()
        this = year.rounds[child.holds[1] if child.holds else child.round]
        row = {"form_reference": child.reference, "reply": "withdraw", "on": "", "reason": ""}
        if child.status == "placed" and not child.enrolled and luck < 0.3:
            rows.append(row | {"reply": "enrol", "on": chance.choice(("", this.offers_on.isoformat()))})
        elif child.status == "withdrawn" and luck < 0.1:
            rows.append(row | {"reason": chance.choice(REASONS)})  # known already, changes nothing
        elif child.status == "withdrawn" or not this.played:
            continue
        elif luck > (0.85 if child.status == "placed" else 0.95):
            near = [freeze + timedelta(days=days) for freeze in freezes for days in (-1, 0, 1)]
            days = [day for day in near if day >= this.offers_on]
            days.append(this.offers_on + timedelta(days=chance.randint(0, 40)))
            on = chance.choice(["", chance.choice(days).isoformat()])
            rows.append(row | {"on": on, "reason": chance.choice(REASONS)})
    chance.shuffle(rows)
    return as_csv(rows, ["form_reference", "reply", "on", "reason"])


def withdrawals_before_the_round(year: Recomputed, code: str, chance: random.Random) -> str:
    """Some families leave before the freeze: no place was held (Q-10)."""
    rows = [
        {"form_reference": child.reference, "reply": "withdraw", "on": "", "reason": "moved_outside"}
        for child in year.children.values()
        if child.round == code and child.status == "waiting" and chance.random() < 0.03
    ]
    return as_csv(rows, ["form_reference", "reply", "on", "reason"])


def random_opt_ins(year: Recomputed, code: str, chance: random.Random) -> str:
    rows = []
    for reference, kind in year.eligible(code).items():
        if chance.random() < 0.75:
            others = sorted(year.schools.keys() - set(year.children[reference].schools))
            count = chance.choice((0, 1, 3)) if kind == "unplaced" else 0
            rows.append(
                {
                    "form_reference": reference,
                    "added_preferences": " ".join(chance.sample(others, min(count, len(others)))),
                }
            )
    return as_csv(rows, ["form_reference", "added_preferences"])


def bundle_of(code: str, folder: Path, *, with_records: bool) -> Path:
    """The files of a round: by the command, or without the two PDFs, which take longer than all the rest."""
    if with_records:
        call_command("export_bundle", code, folder)
        (bundle,) = folder.iterdir()
        assert {"verslag.pdf", "verslag-openbaar.pdf"} < {path.name for path in bundle.iterdir()}
        return bundle
    folder.mkdir()
    for name, content in DrawSession.objects.get(round__code=code).files().items():
        (folder / name).write_bytes(content)
    return folder


def verify(bundle: Path) -> None:
    """The stand-alone verifier, with its own Python and with the H_C of the file it is given."""
    done = subprocess.run(
        [sys.executable, "-I", VERIFIER, bundle], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
@pytest.mark.parametrize(("children", "seed"), SIZES)
def test_unseen_year_is_what_an_independent_program_finds(children: int, seed: int, tmp_path: Path):
    """data-formats.md; DH-070 to DH-146; AE-13, AE-20 over whole years."""
    chance = random.Random(seed)
    directory = tmp_path / "year"
    make_year(directory, children=children, chance=chance)
    call_command("import_year", directory, "--refused", tmp_path / "refused.csv")
    assert read(tmp_path / "refused.csv") == []
    year = Recomputed(directory)

    def record(content: str) -> None:
        (tmp_path / "replies.csv").write_text(content)
        call_command("record_replies", tmp_path / "replies.csv")
        year.record_replies(content)

    for code, this in year.rounds.items():
        opt_ins = None
        arguments = ["run_round", code, "--dice", dice(chance)]
        if this.kind == "ALM":
            record(withdrawals_before_the_round(year, code, chance))
        elif chance.random() < 0.7:
            opt_ins = random_opt_ins(year, code, chance)
            (tmp_path / "opt-ins.csv").write_text(opt_ins)
            arguments += ["--opt-ins", str(tmp_path / "opt-ins.csv")]
        call_command(*arguments)
        results = tmp_path / f"results-{code}.csv"
        bundle = bundle_of(code, tmp_path / f"bundle-{code}", with_records=children in (40, LONG))
        call_command("export_results", code, results)
        verify(bundle)
        assert year.play(code, bundle=bundle, numbers=read_numbers(results), opt_ins=opt_ins) == []
        assert read_results(results) == year.results(code)
        record(random_replies(year, chance))

    for code in year.rounds:  # later rounds change nothing but the withdrawn
        call_command("export_results", code, tmp_path / "results.csv")
        assert read_results(tmp_path / "results.csv") == year.results(code)
    call_command("export_ledger", tmp_path / "ledger.csv")
    assert read_ledger(tmp_path / "ledger.csv") == year.ledger()
    assert min(year.open.values(), default=0) >= 0
    call_command("check_integrity")
    if children >= 400:
        said = {row[1] for code in year.rounds for row in year.results(code).values()}
        assert said == {"admitted", "placed_lower", "unplaced", "care_follow_up", "withdrawn", "unchanged"}
