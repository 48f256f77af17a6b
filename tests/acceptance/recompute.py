"""A whole admission year computed again, from the specification and the published files alone.

Written from den-haag.md, data-formats.md and verifiable-draw.md; imports nothing of the application and shares no
code with it, so that the two can be wrong in the same way only by chance. Reads an import directory, the files of
every draw, the files of replies and opt-ins, and says what the exports must hold.

    year = Recomputed(Path("den-haag-2023"))
    year.play("ALM1", bundle=Path("out/OEFEN-..."), numbers={"2023-0000001": "0F7K2M9Q", ...})
    year.record_replies("replies.csv contents")
    year.results("ALM1"), year.ledger()

``numbers`` is the only thing taken from an export: who has which number in a draw is known to nobody else.
"""

import csv
import hashlib
import hmac
import io
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

UNLIMITED = 10**9
PREFERENCES = [f"preference_{rank}" for rank in range(1, 11)]
Result = tuple[str, str, str, str, str]  # outcome, brin, preference_rank, decided_by, draw_rank


@dataclass
class School:
    brin: str
    capped: bool
    rules: list[str]
    area: set[str]
    ceilings: dict[str, int]


@dataclass
class Child:
    """``holds``: the school and the round in which that place was given."""

    reference: str
    round: str
    schools: list[str]
    claims: set[str]
    postcode4: str
    duty: bool
    status: str = "waiting"  # waiting, placed, unplaced, care, withdrawn
    holds: tuple[str, str] | None = None
    enrolled: bool = False


@dataclass
class Round:
    code: str
    kind: str
    matching_on: date
    offers_on: date
    open_to: str | None
    freed_to: str | None
    serves: list[str]
    played: bool = False
    numbers: dict[str, str] = field(default_factory=dict)
    decided: dict[str, Result] = field(default_factory=dict)


class Recomputed:
    def __init__(self, directory: Path) -> None:
        calendar = json.loads((directory / "calendar.json").read_text())
        self.rounds = {
            row["code"]: Round(
                row["code"],
                row["kind"],
                date.fromisoformat(row["central_matching_on"]),
                date.fromisoformat(row["offers_on"]),
                row["open_places_to"],
                row["freed_places_to"],
                row.get("serves", []),
            )
            for row in calendar["rounds"]
        }
        alms = [code for code, item in self.rounds.items() if item.kind == "ALM"]
        self.schools = {
            row["brin"]: School(
                row["brin"],
                row["has_ceiling"] == "1",
                row["priority_rules"].split(),
                set(row["area_postcodes"].split()),
                {code: int(row[code.lower()] or 0) for code in alms},
            )
            for row in read(directory / "schools.csv")
        }
        self.children: dict[str, Child] = {}
        for code in alms:
            path = directory / f"applications-{code}.csv"
            for row in read(path) if path.exists() else []:
                self.children[row["form_reference"]] = Child(
                    row["form_reference"],
                    code,
                    [row[column] for column in PREFERENCES if row[column]],
                    set(row["priority_claims"].split()),
                    row["postcode"].replace(" ", "")[:4],
                    row["care_duty"] == "1",
                )
        # (brin, round) -> entries; and the sum of places that are open now
        self.entries: Counter[tuple[str, str, str, str]] = Counter()
        self.open: defaultdict[tuple[str, str], int] = defaultdict(int)
        for school in self.schools.values():
            for code, places in school.ceilings.items():
                if school.capped:
                    self.book(school.brin, code, "ceiling", places)

    def book(self, brin: str, code: str, entry: str, places: int, reference: str = "") -> None:
        if self.schools[brin].capped and places:
            self.entries[brin, code, entry, reference] += places
            self.open[brin, code] += places

    def places(self, brin: str, code: str) -> int:
        return self.open[brin, code] if self.schools[brin].capped else UNLIMITED

    # --- a round -------------------------------------------------------------------------------------------------

    def play(
        self, code: str, *, bundle: Path, numbers: dict[str, str], opt_ins: str | None = None
    ) -> list[str]:
        """Decide the round; answers where the frozen lists in the bundle differ from what they must be."""
        this = self.rounds[code]
        this.numbers = numbers
        seed = (bundle / "zaad.txt").read_bytes()
        draws = _Draws(hashlib.sha256(seed).digest(), seed.split(b"\n")[0].decode().split("|")[2])
        if this.kind == "ALM":
            takes_part = [c for c in self.children.values() if c.round == code and c.status == "waiting"]
            wrong = self.compare_lists(
                bundle, this, {c.reference: self.alm_line(c) for c in takes_part}, held=Counter()
            )
            self.decide_alm(this, takes_part, draws)
        else:
            takes_part = self.opt_in(this, opt_ins)
            held = Counter(c.holds[0] for c in takes_part if c.holds)
            wrong = self.compare_lists(
                bundle, this, {c.reference: self.vovp_line(c) for c in takes_part}, held=held
            )
            self.decide_vovp(this, takes_part, draws)
        this.played = True
        if this.open_to:
            for brin, school in self.schools.items():
                left = self.open[brin, code]
                if school.capped and left > 0:
                    self.book(brin, code, "carried_out", -left)
                    self.book(brin, this.open_to, "carried_in", left)
        return wrong

    def rule_class(self, child: Child) -> int:
        """DH-072: the first of the school's rules that the child meets; none of them comes last."""
        school = self.schools[child.schools[0]]
        met = set(child.claims)
        if child.postcode4 in school.area:
            met.add("neighbourhood")
        for position, rule in enumerate(school.rules, 1):
            if rule in met:
                return position
        return len(school.rules) + 1

    def last_class(self, brin: str) -> int:
        return len(self.schools[brin].rules) + 1

    def decide_alm(self, this: Round, takes_part: list[Child], draws: "_Draws") -> None:
        at_school = defaultdict(list)
        for child in takes_part:
            at_school[child.schools[0]].append(child)
        left = {brin: self.places(brin, this.code) for brin in self.schools}
        central = []
        for brin, group in at_school.items():
            lot = draws.of(f"school/{brin}", [this.numbers[c.reference] for c in group])
            group.sort(key=lambda c: (self.rule_class(c), lot[this.numbers[c.reference]]))
            places = left[brin]
            no_draw = len(group) <= places
            for rank, child in enumerate(group, 1):
                if rank <= places:
                    how = ("no_draw", "") if no_draw else ("school_draw", str(rank))
                    self.give(child, brin, this, ("admitted", brin, "1", *how))
                    left[brin] -= 1
                elif child.duty:
                    child.status = "care"
                    this.decided[child.reference] = ("care_follow_up", "", "", "school_draw", str(rank))
                else:
                    central.append(child)
        lot = draws.of("centraal", [this.numbers[c.reference] for c in central])
        central.sort(key=lambda c: lot[this.numbers[c.reference]])
        for rank, child in enumerate(central, 1):
            brin = next((b for b in child.schools if left[b] > 0), None)
            if brin is None:
                child.status = "unplaced"
                this.decided[child.reference] = ("unplaced", "", "", "central_matching", str(rank))
            else:
                left[brin] -= 1
                position = str(child.schools.index(brin) + 1)
                self.give(child, brin, this, ("placed_lower", brin, position, "central_matching", str(rank)))

    def give(self, child: Child, brin: str, this: Round, result: Result) -> None:
        child.status, child.holds, child.enrolled = "placed", (brin, this.code), False
        this.decided[child.reference] = result
        self.book(brin, this.code, "placed", -1, child.reference)

    # --- VOVP ----------------------------------------------------------------------------------------------------

    def eligible(self, code: str) -> dict[str, str]:
        """DH-131 to DH-133: ``unplaced`` or ``improver`` by form reference."""
        found = {}
        for child in self.children.values():
            if child.round not in self.rounds[code].serves or child.duty:
                continue
            if child.status == "unplaced":
                found[child.reference] = "unplaced"
            elif child.status == "placed" and child.holds and child.holds[0] != child.schools[0]:
                found[child.reference] = "improver"
        return found

    def opt_in(self, this: Round, opt_ins: str | None) -> list[Child]:
        """Without a file everybody eligible takes part, with one exactly those in it."""
        kinds = self.eligible(this.code)
        if opt_ins is None:
            return [self.children[reference] for reference in kinds]
        takes_part = []
        for row in csv.DictReader(io.StringIO(opt_ins)):
            child = self.children[row["form_reference"]]
            added = row["added_preferences"].split()
            assert kinds[child.reference] == "unplaced" or not added
            child.schools = child.schools + added
            takes_part.append(child)
        return takes_part

    def decide_vovp(self, this: Round, takes_part: list[Child], draws: "_Draws") -> None:
        """DH-139: deferred acceptance in which a school ranks the children who sit there first, the others by lot."""
        lot = draws.of("centraal", [this.numbers[c.reference] for c in takes_part])
        order = sorted(takes_part, key=lambda c: lot[this.numbers[c.reference]])
        rank = {child.reference: position for position, child in enumerate(order, 1)}
        wishes = {
            c.reference: c.schools[: c.schools.index(c.holds[0]) + 1] if c.holds else list(c.schools)
            for c in takes_part
        }
        sits = {c.reference: c.holds[0] for c in takes_part if c.holds}
        room = {brin: self.places(brin, this.code) for brin in self.schools}
        for brin in sits.values():
            room[brin] += 1

        def standing(brin: str, reference: str) -> tuple[int, int]:
            return (0 if sits.get(reference) == brin else 1, rank[reference])

        asked = dict.fromkeys(wishes, 0)
        keeps: dict[str, list[str]] = {brin: [] for brin in self.schools}
        while True:  # every child without a school asks the next on its list, all at once
            free = set(wishes) - {reference for kept in keeps.values() for reference in kept}
            asking = [reference for reference in free if asked[reference] < len(wishes[reference])]
            if not asking:
                break
            for reference in asking:
                brin = wishes[reference][asked[reference]]
                asked[reference] += 1
                keeps[brin].append(reference)
            for brin, kept in keeps.items():
                kept.sort(key=lambda reference, brin=brin: standing(brin, reference))
                del kept[room[brin] :]
        got = {reference: brin for brin, kept in keeps.items() for reference in kept}

        leaving = [c for c in takes_part if c.holds and got[c.reference] != c.holds[0]]
        for child in leaving:
            self.book(sits[child.reference], this.code, "released", 1, child.reference)
        for child in takes_part:
            brin, position = got.get(child.reference), str(rank[child.reference])
            if brin is None:
                this.decided[child.reference] = ("unchanged", "", "", "vovp", position)
                continue
            at = child.schools.index(brin) + 1
            if child.holds and child.holds[0] == brin:
                this.decided[child.reference] = ("unchanged", brin, str(at), "vovp", position)
            else:
                outcome = "admitted" if at == 1 else "placed_lower"
                self.give(child, brin, this, (outcome, brin, str(at), "vovp", position))

    # --- replies -------------------------------------------------------------------------------------------------

    def record_replies(self, content: str) -> None:
        for row in csv.DictReader(io.StringIO(content)):
            child = self.children[row["form_reference"]]
            if row["reply"] == "enrol":
                assert child.holds is not None
                child.enrolled = True
            elif child.status != "withdrawn":
                self.withdraw(child, row["on"])

    def withdraw(self, child: Child, on: str) -> None:
        holds, child.holds, child.status = child.holds, None, "withdrawn"
        if holds is None:
            return
        brin, given = holds
        day = date.fromisoformat(on) if on else self.rounds[given].offers_on
        self.book(brin, given, "withdrawn", 1, child.reference)
        codes = list(self.rounds)
        for code in codes[codes.index(given) + 1 :]:
            vovp = self.rounds[code]
            frozen_on = vovp.matching_on - timedelta(days=1)
            if vovp.kind == "VOVP" and not vovp.played and day < frozen_on:
                self.book(brin, given, "freed_out", -1, child.reference)
                self.book(brin, code, "freed_in", 1, child.reference)
                return

    # --- what the files must hold ----------------------------------------------------------------------------------

    def results(self, code: str) -> dict[str, tuple[str, ...]]:
        """Draw number and the five columns after it, by form reference."""
        this, rows = self.rounds[code], {}
        for reference, decided in this.decided.items():
            shown = (
                ("withdrawn", "", "", "", "") if self.children[reference].status == "withdrawn" else decided
            )
            rows[reference] = (this.numbers[reference], *shown)
        return rows

    def ledger(self) -> Counter[tuple[str, str, str, str]]:
        """Places by school, round, entry and form reference; rows of 0 left out."""
        return Counter({key: places for key, places in self.entries.items() if places})

    def alm_line(self, child: Child) -> str:
        first, *others = child.schools
        choices = [f"{first}:{self.rule_class(child)}", *(f"{b}:{self.last_class(b)}" for b in others)]
        return f"{'S' if child.duty else 'SC'}|{','.join(choices)}"

    def vovp_line(self, child: Child) -> str:
        schools = child.schools[: child.schools.index(child.holds[0])] if child.holds else child.schools
        choices = [f"{brin}:{self.last_class(brin)}" for brin in schools]
        if child.holds:
            choices.append(f"{child.holds[0]}:0")
        return f"C|{','.join(choices)}"

    def compare_lists(
        self, bundle: Path, this: Round, lines: dict[str, str], *, held: Counter[str]
    ) -> list[str]:
        """Differences between ``dossiers.txt`` and these lines, and between its places and the ledger."""
        frozen, places = {}, {}
        for line in (bundle / "dossiers.txt").read_text().splitlines():
            word, *fields = line.split("|")
            if word == "kind":
                assert fields[0] == fields[1]  # every child is drawn alone
                frozen[fields[0]] = f"{fields[2]}|{fields[3]}"
            elif word == "school":
                places[fields[0]] = fields[1]
        expected = {this.numbers.get(reference, reference): line for reference, line in lines.items()}
        wrong = [
            f"{number}: frozen {frozen.get(number)}, should be {expected.get(number)}"
            for number in sorted(frozen.keys() | expected.keys())
            if frozen.get(number) != expected.get(number)
        ]
        should = {
            brin: str(self.open[brin, this.code] + held[brin]) if school.capped else "onbeperkt"
            for brin, school in self.schools.items()
        }
        wrong += [
            f"{brin}: {places.get(brin)} places frozen, should be {should.get(brin)}"
            for brin in sorted(places.keys() | should.keys())
            if places.get(brin) != should.get(brin)
        ]
        firsts = (
            {line.split("|")[1].split(":")[0] for line in lines.values()} if this.kind == "ALM" else set()
        )
        draws = ",".join([*(f"school/{brin}" for brin in sorted(firsts)), "centraal"])
        if f"\nlotingen|{draws}\n" not in (bundle / "vastlegging.txt").read_text():
            wrong.append(f"the draws should be {draws}")
        return wrong


class _Draws:
    """The lots of one session (OA-LOT/1 section 5)."""

    def __init__(self, key: bytes, session: str) -> None:
        self.key, self.session = key, session

    def of(self, draw: str, numbers: list[str]) -> dict[str, str]:
        return {
            number: hmac.new(
                self.key, f"OA-LOT/1|lot|{self.session}|{draw}|{number}".encode(), hashlib.sha256
            ).hexdigest()
            for number in numbers
        }


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def read_numbers(results: Path) -> dict[str, str]:
    """Who has which number in the draw of a round: the one thing that no other file tells."""
    return {row["form_reference"]: row["draw_number"] for row in read(results)}


def read_results(results: Path) -> dict[str, tuple[str, ...]]:
    columns = ("draw_number", "outcome", "brin", "preference_rank", "decided_by", "draw_rank")
    return {row["form_reference"]: tuple(row[column] for column in columns) for row in read(results)}


def read_ledger(ledger: Path) -> Counter[tuple[str, str, str, str]]:
    sums: Counter[tuple[str, str, str, str]] = Counter()
    for row in read(ledger):
        sums[row["brin"], row["round"], row["entry"], row["form_reference"]] += int(row["places"])
    return Counter({key: places for key, places in sums.items() if places})
