"""Stand-alone verifier for draws by OA-LOT/1; "OA-n" cites section n of its specification (verifiable draw).

Exit codes: 0 correct; 1 well formed, but not as it should be; 2 a file breaks a rule of form, or the command
is wrong; 3 a file is missing. Written from the specification alone, with other algorithms than production:
the walk by lot for the central draw (OA-6), rounds and direct checks for held seats (OA-6.1). It can do
without dossiers.txt, but needs the other four: a family that gets fewer (OA-7, point 9) has its own sheet.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import re
import sys
from collections import Counter, namedtuple
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice, zip_longest
from pathlib import Path

OK, DIFFERENCE, INVALID, MISSING = 0, 1, 2, 3
NAMES = ("vastlegging.txt", "deelnemers.txt", "dossiers.txt", "zaad.txt", "uitslag.txt")
SHOWN = 6  # differences printed per check; one wrong input can change every line
NO_LIMIT = float("inf")  # places of a school that is onbeperkt
GENESIS, PERIOD = datetime(1970, 1, 1) + timedelta(seconds=1692803367), timedelta(seconds=3)  # beacon (OA-10)
PROFILES = {"NB": (1, 1, 0), "NG": (1, 0, 1), "NGB": (1, 1, 1), "H": (0, 0, 0)}  # dice, beacon, secret (OA-2)
THROWS = {"d6": (50, "[1-6]+"), "d10": (39, "[0-9]+"), "hand": (0, "hand")}  # least number, digits (OA-4.3)
CODE, REGNO = "[0-9A-Z][0-9A-Z-]{0,15}", "[0-9A-Z](?:[0-9A-Z-]{0,30}[0-9A-Z])?"
HASH, COUNT = "[0-9a-f]{64}", "[1-9][0-9]{0,9}"
RULES = f"""
zitting=[0-9A-Z][0-9A-Z-]{{0,31}} school={CODE} lotnummer={REGNO} eenheid={REGNO} worpen=hand|[0-9]+
eenheden={REGNO}(?:,{REGNO})* keuzes={CODE}:[0-9](?:,{CODE}:[0-9])* zout=[0-9a-f]{{32}} klasse=[0-9]
hash={HASH} zegel={HASH} lot={HASH} plaatsen=0|[1-9][0-9]{{0,3}}|onbeperkt aantal=0|{COUNT} rang={COUNT}
poging={COUNT} ronde={COUNT} rondes={COUNT}(?:,{COUNT}){{2}} loting=school/{CODE}|centraal
grens=[1-9]|vrij|dicht lotingen=(?:school/{CODE},)*(?:school/{CODE}|centraal)
moment=[0-9]{{4}}(?:-[0-9]{{2}}){{2}}T[0-9:]{{8}}Z
"""
GRAMMAR = dict(rule.split("=", 1) for rule in RULES.split())  # what may stand in a field (OA-3, OA-4)
USAGE = """Gebruik: python -I controleer.py MAP [--vastlegging HASH] [--kind LOTNUMMER] [--handtekening HEX]
HASH: de H_C die vooraf bekend is gemaakt. HEX: de handtekening van het baken. --kind: uitleg over een kind.
"""
Plan = namedtuple("Plan", "attempt previous profile hashes dice throws rounds secret stretch draws moment")
Seed = namedtuple("Seed", "commitment digits orders round randomness secret")
Unit = namedtuple("Unit", "name members part choices held")  # held: school of the klasse-0 choice (OA-6.1)
Entry = namedtuple("Entry", "tier lot name unit")  # a unit in one draw; they sort as OA-5 says
Claim = namedtuple("Claim", "places rows limits")  # one draw of uitslag.txt


class Broken(Exception):
    """A file that cannot be used: exit code and Dutch sentence."""


class File:
    """The lines of one file after the byte rules of OA-3; ``at`` is the number of the line taken last."""

    def __init__(self, name, raw):
        self.name, self.at, self.forms = name, 0, {}
        *self.lines, rest = raw.decode("latin-1").split("\n")
        for self.at, line in enumerate([*self.lines, rest], 1):
            bad = re.search(r"[^ -~]|^ | \Z", line)
            text = f"hier mag {bad and bad[0]!a} niet (CR, BOM, spatie aan de rand); download dit bestand opnieuw"
            self.require(not bad, text)
            self.require(line or self.at > len(self.lines) > 0, "de regel of het bestand is leeg")
        self.require(not rest, "hierna ontbreekt een regeleinde")
        self.at = 0
        _, self.session = self.take(f"OA-LOT/1|{name[:-4]}|zitting")

    def require(self, good, text):
        if not good:
            raise Broken(INVALID, f"{self.name}, regel {self.at}: {text}.")

    def take(self, form):
        """The fields of the next line, matched with a form of names from GRAMMAR; ``?`` also allows ``-``."""
        word, *names = form.split("|")
        found, *values = self.lines[self.at].split("|") if self.at < len(self.lines) else [""]
        self.at += 1
        if found != word or len(values) != len(names):
            self.require(False, f"hier hoort een regel van de vorm {form.replace('?', ' of -')}")
        for name, value in zip(names, values):
            key = name.rstrip("?")  # a name that is not in the grammar stands for itself
            pattern = GRAMMAR.get(key, key.replace("/", "|"))
            fits = re.fullmatch(pattern, value) or (value == "-" and key != name)
            self.require(fits, f"in het veld {key} staat '{value[:40]}'; dat past daar niet")
        self.require(word != "eind" or self.at == len(self.lines), "na de regel 'eind' mag niets meer komen")
        self.forms[word] = [name.rstrip("?") for name in names]
        return values

    def each(self, form):
        while self.at < len(self.lines) and self.lines[self.at].split("|")[0] == form.split("|")[0]:
            yield self.take(form)

    def plan(self):
        """vastlegging.txt: exactly these lines (OA-4.3), all fitting the profile (OA-2)."""
        attempt, previous = self.take("poging|poging|hash?")
        self.require((attempt == "1") == (previous == "-"), "alleen poging 1 heeft '-' als vorige hash")
        (profile,) = self.take("profiel|NB/NG/NGB/H")
        words = ("deelnemers", "dossiers", "reglement", "verificateur")
        hashes = {word + ".txt": self.take(word + "|hash")[0] for word in words}
        dice, throws = self.take("notaris|d6/d10/hand|aantal")
        fits = int(throws) >= THROWS[dice][0] and (dice != "hand" or throws == "0")
        self.require(fits, f"{throws} worpen past niet bij {dice}")
        beacon, rounds = self.take("baken|drand-quicknet?|rondes?")
        numbers = [int(number) for number in rounds.split(",") if number != "-"]
        fits = (beacon == "-") == (rounds == "-") and numbers == sorted(set(numbers))
        self.require(fits, "een baken heeft drie rondes, en die lopen op")
        (secret,) = self.take("geheim|hash?")
        fits = (dice != "hand", beacon != "-", secret != "-") == PROFILES[profile]
        self.require(fits, f"notaris, baken of geheim past niet bij profiel {profile}")
        stretch = self.take("koppel|sla-over/boven-plafond") == ["boven-plafond"]
        draws = self.take("lotingen|lotingen")[0].split(",")
        self.require(len(draws) == len(set(draws)), "een loting staat er twee keer")
        try:
            moment = datetime.strptime(self.take("moment|moment")[0], "%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            self.require(False, "dit tijdstip bestaat niet")
        self.take("eind")
        return Plan(attempt, previous, profile, hashes, dice, throws, numbers, secret, stretch, draws, moment)

    def lists(self):
        """dossiers.txt or deelnemers.txt (OA-4.1, OA-4.2): {school: places} and {name: Unit}."""
        schools, units, last, count, part, choices, seat = {}, {}, "", 0, "", [], None
        for code, places in self.each("school|school|plaatsen"):
            self.require(code > last, "de scholen staan niet op volgorde, of een school staat er twee keer")
            schools[code], last = NO_LIMIT if places == "onbeperkt" else int(places), code
        last, rest = "", "zegel" if self.name == "deelnemers.txt" else "SC/S/C|keuzes|zout"
        for count, (regno, name, *values) in enumerate(self.each("kind|lotnummer|eenheid|" + rest), 1):
            self.require(regno > last, "de kinderen staan niet op volgorde, of een kind staat er twee keer")
            if len(values) > 1:
                part, choices = values[0], [tuple(choice.split(":")) for choice in values[1].split(",")]
                codes, classes = zip(*choices)
                fits = len(set(codes)) == len(codes) and schools.keys() >= set(codes)
                self.require(fits, "een school in de keuzes staat er twee keer, of is onbekend")
                seat = codes[-1] if classes[-1] == "0" else None
                fits = "0" not in classes[:-1] and (part == "C" or not seat)
                self.require(fits, "klasse 0 mag alleen bij deelname C en alleen bij de laatste keuze")
            unit, last = units.setdefault(name, Unit(name, [], part, choices, seat)), regno
            unit.members.append(regno)  # in a sorted file the smallest number of a group comes first
            self.require(unit.members[0] == name, "de eenheid is niet het kleinste lotnummer van de groep")
            self.require((unit.part, unit.choices) == (part, choices), "in een eenheid verschillen de keuzes")
        fits = self.take("eind|aantal|aantal") == [str(len(schools)), str(count)]
        self.require(fits, f"er staan {len(schools)} scholen en {count} kinderen in dit bestand")
        for code, held in Counter(unit.held for unit in units.values() if unit.held).items():
            self.require(held <= schools[code], f"bij school {code} houden te veel kinderen een plaats")
        return schools, units

    def seed(self):
        """zaad.txt (OA-4.4), with the order lines of a hand draw (OA-7)."""
        (commitment,), (digits,), orders = self.take("vastlegging|hash"), self.take("notaris|worpen"), {}
        for draw, names in self.each("volgorde|loting|eenheden?"):
            order = [name for name in names.split(",") if name != "-"]
            fits = digits == "hand" and draw not in orders and len(order) == len(set(order))
            self.require(fits, "een volgorde hoort bij 'hand'; geen loting of eenheid staat er twee keer")
            orders[draw] = order
        number, randomness = self.take("baken|ronde?|hash?")
        self.require((number == "-") == (randomness == "-"), "een baken heeft een ronde en een waarde")
        (secret,), _ = self.take("geheim|hash?"), self.take("eind")
        return Seed(commitment, digits, orders, number, randomness, secret)

    def outcome(self):
        """uitslag.txt (OA-4.5) as {draw: Claim}; what it says is recomputed and compared later."""
        claims, _ = {}, self.take("zaad|hash")
        for draw, places, _ in self.each("loting|loting|plaatsen?|aantal"):
            klasse = "klasse?" if draw == "centraal" else "klasse"
            rows = self.each(f"uitkomst|loting|rang|lotnummer|eenheid|{klasse}|lot|school?")
            claims[draw] = Claim(places, {row[2]: row for row in rows}, {})
            for _, code, *limit in self.each("grens|loting|school|grens?|lot?"):
                claims[draw].limits[code] = tuple(limit)
        self.take("eind|aantal")
        return claims


def sha(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode("ascii")).hexdigest()


def draw_school(code, entries, left, stretch):
    """OA-6, school draw: returns {unit: code} and {code: limit}, and takes the places from ``left``."""
    start, placed, limit = left[code], {}, ("dicht", "-")
    for entry in entries:
        size = len(entry.unit.members)
        if size <= left[code] or (stretch and left[code] > 0):
            placed[entry.name], limit = code, (entry.tier, entry.lot)
            left[code] = max(0, left[code] - size)
    return placed, {code: ("vrij", "-") if len(placed) == len(entries) and start else limit}


def walk(entries, left):
    """OA-6, central draw: by lot, each unit takes the first school on its list with room for all of it."""
    placed = {}
    for entry in entries:
        size = len(entry.unit.members)
        code = next((code for code, _ in entry.unit.choices if size <= left[code]), None)
        if code is not None:
            placed[entry.name], left[code] = code, left[code] - size
    return placed


def settle_in_rounds(entries, left):
    """OA-6.1: all unseated propose at once; a school keeps who holds a seat there first, then by lot."""
    seated, lists = {code: [] for code in left}, [iter(entry.unit.choices) for entry in entries]
    proposers = list(enumerate(entries))
    while proposers:
        asked, waiting, proposers = set(), proposers, []
        for rank, entry in waiting:
            for code, _ in islice(lists[rank], 1):
                seated[code].append((code != entry.unit.held, rank, entry))
                asked.add(code)
        for code in (code for code in asked if len(seated[code]) > left[code]):
            seated[code].sort()
            proposers += [(rank, entry) for _, rank, entry in seated[code][left[code] :]]
            del seated[code][left[code] :]
    left.update({code: left[code] - len(kept) for code, kept in seated.items()})
    return {entry.name: code for code, kept in seated.items() for _, _, entry in kept}


def find_unfairness(entries, rows, places):
    """OA-6.1 on the printed result, without recomputing: floor, places, nobody passed over."""
    ranked = [(rank, e.unit, rows[e.name][-1] if e.name in rows else "-") for rank, e in enumerate(entries)]
    count, worst = Counter(result for _, _, result in ranked), {}
    for rank, unit, result in ranked:
        worst[result] = max(worst.get(result, (False, -1)), (result != unit.held, rank))
    for rank, unit, result in ranked:
        codes = [code for code, _ in unit.choices]
        if unit.held and result not in codes:
            yield f"Kind {unit.name} raakte de plaats kwijt die het al had."
        for code in codes[: [*codes, result].index(result)]:
            if count[code] < places[code] or (code != unit.held, rank) < worst.get(code, (False, -1)):
                yield f"Kind {unit.name} is overgeslagen bij school {code}."
    yield from (f"School {code} heeft te veel kinderen." for code in places if count[code] > places[code])


def central_limits(entries, placed, left, claimed):
    """The grens lines of the central draw: OA-6, and OA-6.1 for seats that were held already."""
    inside, limits = {code: [] for code in sorted(left)}, {}
    for entry in (entry for entry in entries if entry.name in placed):
        inside[placed[entry.name]].append(entry)
    for code, kept in inside.items():
        moved = [entry.lot for entry in kept if entry.unit.held != code]
        limits[code] = ("vrij", "-") if left[code] else ("-", moved[-1]) if moved else ("dicht", "-")
        if not left[code] and any(entry.unit.held == "?" for entry in kept):
            # Without dossiers.txt any later child with klasse 0 may have been at this school already.
            first = max([entry.lot for entry in kept if not entry.unit.held], default="")
            options = [("-", lot) for lot in moved if lot >= first] + [("dicht", "-")] * (not first)
            limits[code] = claimed[code] if claimed.get(code) in options else limits[code]
    return limits


def assume_lists(claims, schools, units):
    """Without dossiers.txt: the lists as they must have been if uitslag.txt were true.

    A school draw shows who took part in which klasse, so it can be recomputed. In the central draw a child
    has only its result as a list: that checks lots, order, places and grenzen, but not the choices.
    """
    unit_of = {regno: unit.name for unit in units.values() for regno in unit.members}
    found, known = {name: unit._replace(choices=[]) for name, unit in units.items()}, {"-", *schools}
    for draw, claim in claims.items():
        for regno, (_, _, _, _, klasse, _, code) in claim.rows.items():
            place, letter = (code, "C") if draw == "centraal" else (draw[7:], "S")
            if regno not in unit_of or place not in known:
                raise Broken(DIFFERENCE, f"uitslag.txt: kind {regno} of school {place} is geen deelnemer.")
            unit = found[unit_of[regno]]
            if letter not in unit.part:
                choices = unit.choices + [(place, klasse)] * (place != "-")
                held = "?" if klasse == "0" else None  # the school that belongs to this seat is not public
                found[unit.name] = Unit(unit.name, unit.members, unit.part + letter, choices, held)
    return found


class Report:
    """What ``check`` found: ``code`` is the exit code, the lists hold Dutch sentences."""

    def __init__(self):
        self.code, self.session, self.announced = OK, "", None
        self.facts, self.done, self.skipped, self.warnings, self.errors, self.story = [], [], [], [], [], []

    def fail(self, code, text):
        self.code = max(self.code, code)
        (self.errors if code else self.warnings).append(text)

    def test(self, good, rule, code=DIFFERENCE):
        """Note one check; code OK makes it a warning only, as for the clock and beacon of a rehearsal."""
        self.done.append(rule) if good else self.fail(code, "Dit klopt niet: " + rule)

    def text(self):
        titles = "Gegevens", "Goed bevonden", "Niet gecontroleerd", "Let op", "Fout", "Uitleg bij dit kind"
        parts = self.facts, self.done, self.skipped, self.warnings, self.errors, self.story
        lines = ["Controle van een loting volgens OA-LOT/1. Zitting: " + (self.session or "onbekend")]
        lines += ["**OEFENING: dit is geen echte loting.**"] * self.session.startswith("OEFEN-")
        for title, sentences in zip(titles, parts):
            lines += ["", title + ":"] * bool(sentences) + ["  - " + sentence for sentence in sentences]
        wrong = "Wat is nagekeken, klopt", "Er klopt iets niet", "Een bestand is ongeldig", "Iets ontbreekt"
        verdict = wrong[self.code] + ". Gebruik deze uitslag niet" * bool(self.code)
        return "\n".join([*lines, "", f"UITKOMST: {verdict}. (code {self.code})"])

    def check_plan(self, plan, opened, hashes):
        """What the vastlegging says about the other files (OA-4.3)."""
        self.session, self.announced = opened["vastlegging.txt"].session, plan.hashes["verificateur.txt"]
        chain = f"**Dit is poging {plan.attempt}. De vorige vastlegging had H_C {plan.previous}.**"
        self.warnings += [chain] * (plan.attempt != "1")
        same = {file.session for file in opened.values()} == {self.session}
        self.test(same, "Alle bestanden horen bij dezelfde zitting.")
        for name in [name for name in hashes if name in plan.hashes]:
            self.test(hashes[name] == plan.hashes[name], f"{name} heeft de hash uit de vastlegging.")

    def check_seed(self, plan, seed, h_c, signature):
        """Dice, beacon and secret: announced in the vastlegging, used in the zaad (OA-4.3, OA-4.4)."""
        self.test(seed.commitment == h_c, "zaad.txt hoort bij deze vastlegging.")
        fits = re.fullmatch(THROWS[plan.dice][1], seed.digits) and plan.throws in ("0", str(len(seed.digits)))
        self.test(fits, f"zaad.txt, regel 3, past bij notaris|{plan.dice}|{plan.throws}.", INVALID)
        fits = (seed.round != "-", seed.secret != "-") == PROFILES[plan.profile][1:]
        fits = fits and list(seed.orders) == (plan.draws if plan.profile == "H" else [])
        self.test(fits, f"Baken, geheim en volgorde in zaad.txt passen bij profiel {plan.profile}.", INVALID)
        fits = seed.secret == "-" or sha(f"OA-LOT/1|geheim|{self.session}|{seed.secret}") == plan.secret
        self.test(fits, "Een geheim, als dat er is, past bij de vastlegging.")
        slot = sha(f"OA-LOT/1|notaris|{self.session}|{h_c}|{seed.digits}")
        self.facts += [f"Slot: {slot}"] * (seed.digits != "hand")
        if seed.round != "-" and plan.rounds:
            self.check_beacon(plan, seed, signature, OK if self.session.startswith("OEFEN-") else DIFFERENCE)
        elif signature is not None:
            self.fail(DIFFERENCE, "U gaf een handtekening van het baken, maar deze loting heeft geen baken.")

    def check_beacon(self, plan, seed, signature, code):
        """The rounds were fixed a day ahead, and the value is the hash of the signature (OA-10, level 1)."""
        first, used = (GENESIS + PERIOD * (number - 1) for number in (plan.rounds[0], int(seed.round)))
        self.facts.append(f"Baken: ronde {seed.round} van {used} UTC, waarde {seed.randomness}")
        fits = first - plan.moment >= timedelta(days=1)
        self.test(fits, "Tussen het vastleggen en de eerste ronde van het baken zit ten minste 24 uur.", code)
        fits = int(seed.round) in plan.rounds
        self.test(fits, f"Ronde {seed.round} van het baken staat in de vastlegging.", code)
        reserve = "Dit is een reserveronde van het baken. Het proces-verbaal zegt waarom."
        self.warnings += [reserve] * (int(seed.round) in plan.rounds[1:])
        if seed.randomness == sha(f"OA-LOT/1|oefenbaken|{self.session}|{seed.digits}"):
            self.fail(code, "De waarde komt niet van het baken: zij is berekend uit de worpen (oefenbaken).")
        elif signature is None:
            self.skipped.append("Of de waarde van het baken echt is. Geef daarvoor --handtekening op.")
        else:
            clean = signature.strip().lower()
            fits = re.fullmatch("[0-9a-f]{96}", clean) and sha(bytes.fromhex(clean)) == seed.randomness
            self.test(fits, "De waarde van het baken is de hash van de handtekening.", code)
            self.skipped.append("Of de handtekening echt van het baken komt (paragraaf 10, niveau 2).")

    def compare(self, file, expected, rule):
        """Line by line; says in which column a line differs."""
        pairs = enumerate(zip_longest(file.lines, expected, fillvalue="(geen regel)"), 1)
        wrong = [(at, found, wanted) for at, (found, wanted) in pairs if found != wanted]
        for at, found, wanted in wrong[:SHOWN]:
            (word, *here), (other, *there) = found.split("|"), wanted.split("|")
            columns = zip(file.forms[word] if word == other else (), here, there)
            texts = [f"bij {name} staat {a}, maar het moet {b} zijn" for name, a, b in columns if a != b]
            text = "; ".join(texts) or f"er staat {found}, maar het moet zijn: {wanted}"
            self.fail(DIFFERENCE, f"{file.name}, regel {at}: {text}.")
        self.test(not wrong, rule + f" ({len(wrong)} regels zijn anders.)" * bool(wrong))

    def lots(self, seed, key, draw, names):
        """OA-5: a keyed hash per unit; in a hand draw the position at which the unit was drawn (OA-7)."""
        if seed.digits == "hand":
            if sorted(seed.orders[draw]) != sorted(names):
                raise Broken(INVALID, f"zaad.txt: de volgorde van {draw} noemt niet precies wie er meeloot.")
            return {name: f"{position:064x}" for position, name in enumerate(seed.orders[draw], 1)}
        prefix = f"OA-LOT/1|lot|{self.session}|{draw}|"
        return {name: hmac.new(key, (prefix + name).encode("ascii"), "sha256").hexdigest() for name in names}

    def recompute(self, plan, seed, key, schools, units, claims):
        """The lines of uitslag.txt (OA-4.5) as they must be, draw by draw in the order of the vastlegging."""
        lines, left = [f"OA-LOT/1|uitslag|{self.session}", f"zaad|{key}"], dict(schools)
        held, out, firsts = any(unit.held for unit in units), set(), {}
        alone = all(unit.part in ("", "C") and len(unit.members) == 1 for unit in units)
        if not {"centraal", *("school/" + code for code in schools)}.issuperset(plan.draws):
            raise Broken(INVALID, "vastlegging.txt: een loting noemt een school die niet in de lijst staat.")
        if held and not (alone and plan.draws == ["centraal"]):
            raise Broken(INVALID, "Met klasse 0 is er alleen de loting centraal, deelname C en geen groep.")
        for unit in (unit for unit in units if "S" in unit.part):
            firsts.setdefault(unit.choices[0][0], []).append(unit)
        for draw in plan.draws:
            central, code, claim = draw == "centraal", draw[7:], claims.get(draw, Claim("", {}, {}))
            others = (unit for unit in units if "C" in unit.part and unit.name not in out)
            found = list(others) if central else firsts.get(code, [])
            lots = self.lots(seed, bytes.fromhex(key), draw, [unit.name for unit in found])
            entries = [Entry("" if central else u.choices[0][1], lots[u.name], u.name, u) for u in found]
            entries.sort()
            if central:
                places, start = "-", dict(left)
                placed = settle_in_rounds(entries, left) if held else walk(entries, left)
                limits = central_limits(entries, placed, left, claim.limits)
                for text in islice(find_unfairness(entries, claim.rows, start), SHOWN if held else 0):
                    self.fail(DIFFERENCE, "uitslag.txt: " + text)
            else:
                places = "onbeperkt" if left[code] == NO_LIMIT else left[code]
                placed, limits = draw_school(code, entries, left, plan.stretch)
                out.update(placed)
            rows = [(e, regno, placed.get(e.name, "-")) for e in entries for regno in e.unit.members]
            lines.append(f"loting|{draw}|{places}|{len(rows)}")
            for rank, (e, regno, result) in enumerate(rows, 1):
                klasse = e.tier or ("0" if e.unit.held else "-")
                lines.append(f"uitkomst|{draw}|{rank}|{regno}|{e.name}|{klasse}|{e.lot}|{result}")
            lines += [f"grens|{draw}|{code}|{limit}|{lot}" for code, (limit, lot) in limits.items()]
        return [*lines, f"eind|{len(lines) - 2}"]

    def tell(self, regno, unit, claims, full):
        """The story of one child, from an uitslag that was found correct."""
        codes, place, story = [code for code, _ in unit.choices], "geen plaats", self.story
        group = f"Dit kind loot als groep, met een lot voor iedereen: {', '.join(unit.members)}."
        story += [group] * (len(unit.members) > 1)
        story.append(f"De keuzes: {', '.join(codes)}." if full else "De keuzes zijn niet openbaar.")
        story += ["Dit kind doet niet mee aan de centrale loting."] * (unit.part == "S")
        story += [f"Dit kind had al een plaats bij school {unit.held}."] * bool(unit.held and full)
        for draw, claim in ((draw, claim) for draw, claim in claims.items() if regno in claim.rows):
            _, rank, _, _, klasse, lot, code = claim.rows[regno]
            story.append(f"Loting {draw}: nummer {rank} van {len(claim.rows)}. Het lot is {lot}.")
            central = draw == "centraal"
            options = [draw[7:]] if not central else codes if full else [code] * (code != "-")
            story += [f"Voorrangsklasse {klasse} (1 gaat eerst), plaatsen: {claim.places}."] * (not central)
            for option in options[: [*options, code].index(code) + 1]:
                limit, border = claim.limits[option]
                if option == code:
                    place = f"een plaats bij school {code}"
                    reason = "deze plaats had het kind al" if code == unit.held else "hier is plaats"
                elif limit == "dicht":
                    reason = "hier was in deze loting geen plaats te krijgen"
                elif limit < klasse and not central:
                    reason = "geen plaats, want een lagere klasse gaat voor"
                elif limit in ("-", klasse) and border < lot:
                    reason = "geen plaats, want een lager lot gaat voor"
                else:
                    reason = "er waren te weinig plaatsen voor de hele groep"
                edge = limit if border == "-" else ("" if central else f"klasse {limit}, ") + f"lot {border}"
                story.append(f"School {option} (grens: {edge}): {reason}.")
        story.append(f"Uitkomst voor {regno}: {place}.")


def check(files: dict[str, bytes], hc: str | None = None, regno=None, signature=None) -> Report:
    """Check files given as {name: bytes}; ``hc`` is H_C as published before. Reads and prints nothing."""
    report, opened, data = Report(), {}, {}
    hashes = {name: sha(files[name]) for name in NAMES if name in files}
    report.facts += [f"SHA-256 van {name}: {value}" for name, value in hashes.items()]
    for name, read in zip(NAMES, (File.plan, File.lists, File.lists, File.seed, File.outcome)):
        try:
            if name in hashes:
                opened[name] = File(name, files[name])
                data[name] = read(opened[name])
            elif name != "dossiers.txt":
                report.fail(MISSING, f"{name} ontbreekt of kan niet worden gelezen.")
        except Broken as error:
            report.fail(*error.args)
    plan, people, dossiers, seed, claims = (data.get(name) for name in NAMES)
    text = "De keuzes en klassen, en wie in de centrale loting waar komt: dossiers.txt is er niet."
    report.skipped += [text] * ("dossiers.txt" not in hashes)
    if hc is None:
        report.skipped.append("Of deze vastlegging vooraf bekend was. Geef daarvoor --vastlegging op.")
    else:
        report.test(hashes.get(NAMES[0]) == hc.strip().lower(), "vastlegging.txt heeft de opgegeven hash.")
    if plan:
        report.check_plan(plan, opened, hashes)
    if plan and seed:
        report.check_seed(plan, seed, hashes["vastlegging.txt"], signature)
    if report.code >= INVALID:
        return report
    try:
        if dossiers:  # OA-4.2: the public list is the restricted one with every child line sealed
            lines = opened["dossiers.txt"].lines
            lines = ["|".join([*x.split("|")[:3], sha(x)]) if x[:5] == "kind|" else x for x in lines]
            lines[0] = lines[0].replace("dossiers", "deelnemers")
            report.compare(opened["deelnemers.txt"], lines, "deelnemers.txt volgt uit dossiers.txt.")
        schools, units = dossiers or (people[0], assume_lists(claims, *people))
        lines = report.recompute(plan, seed, hashes["zaad.txt"], schools, list(units.values()), claims)
        report.compare(opened["uitslag.txt"], lines, "De lotingen zijn nagerekend en uitslag.txt klopt.")
        absent = {x for u in units.values() for x in u.members}.difference(*(c.rows for c in claims.values()))
        report.warnings += [f"**Kind {x} staat in geen enkele loting.**" for x in sorted(absent)[:SHOWN]]
    except Broken as error:
        report.fail(*error.args)
    unit = next((unit for unit in people[1].values() if regno in unit.members), None)
    if regno is not None and unit is None:
        report.fail(DIFFERENCE, f"Lotnummer {regno} komt in deze zitting niet voor.")
    elif regno is not None and report.code == OK:
        report.tell(regno, units[unit.name], claims, bool(dossiers))
    return report


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.format_help = lambda: USAGE
    parser.error = lambda _: parser.exit(INVALID, "De opdracht klopt niet.\n" + USAGE)
    for argument in ("map", "--vastlegging", "--kind", "--handtekening"):
        parser.add_argument(argument)
    options, files = parser.parse_args(), {}
    for path in (Path(options.map) / name for name in NAMES):
        with suppress(OSError):  # a file that cannot be read is reported as missing
            files[path.name] = path.read_bytes()
    report = check(files, options.vastlegging, options.kind, options.handtekening)
    if report.announced not in (None, sha(Path(__file__).read_bytes())):
        text = "De vastlegging noemt een andere versie van dit programma; neem die. De loting is niet fout."
        report.warnings.append(f"{text} De genoemde versie heeft SHA-256 {report.announced}.")
    sys.stdout.reconfigure(errors="backslashreplace")
    print(report.text())
    return report.code


if __name__ == "__main__":
    sys.exit(main())
