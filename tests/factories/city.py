"""Small whole cities on the calendar of the demo year, made and played through the real services.

Schools have one letter (``A``) and children a short key (``a1``), so that a test reads like the examples of
den-haag.md section 7. Draws get the order a test asks for: the lists are frozen first, then dice are looked for that
give every lot its place; the lots are computed here, from OA-LOT/1 section 5, and not by the engine.
"""

import contextlib
import copy
import csv
import hashlib
import hmac
import io
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.apps import apps

from admissions.enums import ACTIVE_PLACEMENTS
from admissions.models import Application, LedgerEntry, Participation, Placement
from admissions.services.draws.rehearsal import PlayedRound, play_round
from admissions.services.explaining.exports import result_rows
from admissions.services.integrity.facts import problems_of
from admissions.services.places.ledger import open_places
from admissions.services.replies.answers import record_enrolments, withdraw
from admissions.services.replies.withdrawal_reasons import Reason
from admissions.services.year.import_applications import COLUMNS, ImportReport, import_applications
from admissions.services.year.import_schools import set_up_year
from lottery.models import DrawSession, SessionNumber
from notifications.models import Message
from schools.clock import move_clock
from schools.models import AMSTERDAM, AdmissionYear, Round, SchoolRound
from tests.factories.schools import CALENDAR, RegionFactory

CENTRAL = "centraal"
DICE = "1" * 60
ALMS = ("ALM1", "ALM2", "ALM3", "ALM4")
FILLERS = ("Z1", "Z2", "Z3", "Z4", "Z5")  # schools without a single place, to make lists long enough
AREA = "2511"  # where the neighbourhood rule counts, unless a school says otherwise
OUTSIDE = "2599ZZ"


@dataclass(frozen=True, slots=True)
class School:
    """``places`` per ALM or the same in each; None = uncapped."""

    places: int | tuple[int, ...] | None
    rules: str = ""
    area: str = AREA
    draw_mode: str = "digital"

    def ceiling(self, position: int) -> str:
        if self.places is None:
            return ""
        return str(self.places if isinstance(self.places, int) else self.places[position])


UNCAPPED = School(None)


@dataclass(frozen=True, slots=True)
class Form:
    """``schools`` are the letters of the list; it is filled up to five unless the child claims ``sibling``."""

    schools: str
    claims: str = ""
    postcode: str = OUTSIDE
    care_request: bool = False
    care_duty: bool | None = None
    born: str = "2020-10-05"
    received_on: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)  # any other column of the import format
    fill: bool = True


def brin(school: str) -> str:
    """The BRIN of the school with this letter."""
    return f"{school:0>6}"


def letter(code: str) -> str:
    return code.lstrip("0")


class Stopped(Exception):
    """The test stopped a round half way, as a killed run would."""


class City:
    """One year of one region."""

    def __init__(self, year: AdmissionYear) -> None:
        self.year = year

    # --- what goes in ------------------------------------------------------------------------------------------

    def round(self, code: str) -> Round:
        return Round.objects.select_related("year__region").get(year=self.year, code=code)

    def school_round(self, school: str, code: str) -> SchoolRound:
        return SchoolRound.objects.get(round=self.round(code), programme__code=brin(school))

    def row(self, round_code: str, key: str, form: Form | str) -> dict[str, str]:
        """The form as a row of the import format."""
        form = Form(form) if isinstance(form, str) else form
        schools = form.schools.split()
        if form.fill and "sibling" not in form.claims:
            schools += [school for school in FILLERS if school not in schools][: max(0, 5 - len(schools))]
        received = form.received_on or self.round(round_code).parents_from.isoformat()  # type: ignore[union-attr]
        cells = dict.fromkeys(COLUMNS, "") | {
            "form_reference": key,
            "given_name": f"Kind {key}",
            "surname": "Proef",
            "date_of_birth": form.born,
            "received_on": received,
            "street": "Voorbeeldstraat",
            "house_number": "12",
            "postcode": form.postcode,
            "place": "Den Haag",
            "guardian_name": "A. Proef",
            "email": f"{key.lower()}@example.org",
            "phone": "0612345678",
            "priority_claims": form.claims,
            "care_request": str(int(form.care_request)),
            "care_duty": "" if form.care_duty is None else str(int(form.care_duty)),
        }
        cells |= {f"preference_{rank}": brin(school) for rank, school in enumerate(schools, start=1)}
        return cells | dict(form.cells)

    def imported(self, round_code: str, **forms: Form | str) -> ImportReport:
        """Import these forms into the round and answer the report, refusals included."""
        content = csv_bytes([self.row(round_code, key, form) for key, form in forms.items()])
        return import_applications(
            round_=self.round(round_code), content=content, name="forms.csv", actor=None
        )

    def apply(self, round_code: str, **forms: Form | str) -> None:
        """Import these forms; every one must go in."""
        report = self.imported(round_code, **forms)
        assert report.refused == []
        assert report.imported == len(forms)

    # --- what happens ------------------------------------------------------------------------------------------

    def freeze(self, round_code: str, *, opt_ins: Mapping[str, str] | None = None) -> DrawSession:
        """Play the round up to the moment its lists are frozen and committed, and stop there."""
        round_ = self.round(round_code)

        def stop(step: str) -> None:
            if DrawSession.objects.filter(round=round_).exists():
                raise Stopped

        with contextlib.suppress(Stopped):
            play_round(round_, digits=DICE, actor=None, opt_ins=_opt_in_file(opt_ins), progress=stop)
        return DrawSession.objects.get(round=round_)

    def play(
        self,
        round_code: str,
        orders: Mapping[str, str] | None = None,
        *,
        opt_ins: Mapping[str, str] | None = None,
    ) -> PlayedRound:
        """Play the whole round. ``orders``: per school letter or ``centraal`` the keys with the best lot first.

        ``opt_ins``: for a VOVP, per key the letters it adds to its list; None = everybody takes part.
        """
        digits = self._digits(round_code, orders, opt_ins)
        return play_round(self.round(round_code), digits=digits, actor=None, opt_ins=_opt_in_file(opt_ins))

    def _digits(
        self, round_code: str, orders: Mapping[str, str] | None, opt_ins: Mapping[str, str] | None = None
    ) -> str:
        """The dice that give these orders; they follow from the lists, so those are frozen first."""
        if not orders:
            return DICE
        session = self.freeze(round_code, opt_ins=opt_ins)
        return dice_giving(session, {draw: keys.split() for draw, keys in orders.items()})

    def play_to(self, round_code: str, state: str, orders: Mapping[str, str] | None = None) -> None:
        """Play a round, with ``orders`` as for ``play``, and stop as soon as it is in ``state``."""
        digits = self._digits(round_code, orders)

        def stop(step: str) -> None:
            if self.round(round_code).state == state:
                raise Stopped

        try:
            play_round(self.round(round_code), digits=digits, actor=None, progress=stop)
        except Stopped:
            return
        raise AssertionError(f"{round_code} was never found in {state}")

    def play_until(self, round_code: str) -> None:
        """Play every round that comes before this one and was not played yet."""
        last = self.round(round_code).position
        for round_ in self.year.rounds.filter(position__lt=last):
            if not round_.is_played:
                self.play(round_.code)

    def move_clock(self, moment: str) -> None:
        """Make it this moment in the year: ``2024-09-27T10:00``, or the start of a day."""
        self.year.refresh_from_db()
        move_clock(self.year, to=datetime.fromisoformat(moment).replace(tzinfo=AMSTERDAM))

    def withdraw(self, key: str, *, on: str, reason: Reason | None = None) -> None:
        withdraw(
            self.application(key).pk,
            reason=reason or Reason("uncapped_school"),
            on=date.fromisoformat(on),
            actor=None,
        )

    def enrol(self, *keys: str, on: str | None = None) -> None:
        ids = [self.seat(key).pk for key in keys]
        day = date.fromisoformat(on) if on else None
        record_enrolments(ids, year=self.year, on=day, actor=None)

    # --- what came of it ---------------------------------------------------------------------------------------

    def application(self, key: str) -> Application:
        return Application.objects.get(form__form_reference=key, year=self.year)

    def seat(self, key: str) -> Placement:
        """The seat the child holds now."""
        return Placement.objects.get(
            application__form__form_reference=key, application__year=self.year, state__in=ACTIVE_PLACEMENTS
        )

    def seats(self) -> dict[str, str]:
        """Where every child that holds a seat sits."""
        rows = Placement.objects.filter(application__year=self.year, state__in=ACTIVE_PLACEMENTS)
        return {
            key: letter(code)
            for key, code in rows.values_list(
                "application__form__form_reference", "school_round__programme__code"
            )
        }

    def placements(self) -> list[tuple[str, str, str, str]]:
        """(key, school, round, state) of every placement there ever was, in order."""
        rows = Placement.objects.filter(application__year=self.year).order_by("pk")
        return [
            (key, letter(code), round_code, state)
            for key, code, round_code, state in rows.values_list(
                "application__form__form_reference",
                "school_round__programme__code",
                "school_round__round__code",
                "state",
            )
        ]

    def decisions(self) -> dict[str, str]:
        rows = Application.objects.filter(year=self.year)
        return dict(rows.values_list("form__form_reference", "decision"))

    def results(self, round_code: str) -> dict[str, tuple[Any, ...]]:
        """``export_results`` by key: outcome, school letter, preference rank, decided by."""
        return {
            str(reference): (outcome, letter(str(code)), rank, decided_by)
            for reference, _regno, _number, outcome, code, rank, decided_by, _draw_rank in result_rows(
                self.round(round_code)
            )
        }

    def outcomes(self, round_code: str) -> dict[str, str]:
        """Per key the school it got, or the outcome when it got none."""
        return {key: row[1] or row[0] for key, row in self.results(round_code).items()}

    def open_places(self, round_code: str) -> dict[str, int]:
        """Open places of the schools with a ceiling, fillers left out."""
        round_ = self.round(round_code)
        codes = dict(SchoolRound.objects.filter(round=round_).values_list("pk", "programme__code"))
        return {
            letter(codes[pk]): places
            for pk, places in open_places(round_).items()
            if letter(codes[pk]) not in FILLERS
        }

    def ledger(self, school: str) -> dict[str, dict[str, int]]:
        """The sums of one school by round and kind of entry."""
        sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
        entries = LedgerEntry.objects.filter(
            school_round__programme__code=brin(school), school_round__round__year=self.year
        )
        for code, kind, places in entries.values_list("school_round__round__code", "kind", "places"):
            sums[code][kind] += places
        return {code: dict(kinds) for code, kinds in sums.items()}

    def messages(self, round_code: str) -> set[tuple[str, str]]:
        """(kind, key of the child or letter of the school) of every message of the round."""
        keys = dict(
            Application.objects.filter(year=self.year).values_list(
                "registration_number", "form__form_reference"
            )
        )
        rows = Message.objects.filter(round=self.round(round_code)).select_related("school")
        return {
            (
                row.kind,
                keys[row.registration_number]
                if row.registration_number
                else letter(row.school.brin if row.school else ""),
            )
            for row in rows
        }

    def contradictions(self) -> list[str]:
        """What ``check_integrity`` says of this year."""
        self.year.refresh_from_db()
        return list(problems_of(self.year))

    def participations(self, round_code: str) -> dict[str, tuple[str, str]]:
        """Kind and state of everybody on the list of a VOVP."""
        rows = Participation.objects.filter(round=self.round(round_code))
        return {
            key: (kind, state)
            for key, kind, state in rows.values_list("application__form__form_reference", "kind", "state")
        }


def make_city(
    schools: Mapping[str, School | int],
    *,
    calendar: Mapping[str, Mapping[str, Any]] | None = None,
    slug: str = "den-haag",
    fillers: bool = True,
) -> City:
    """A rehearsal year with these schools and the fillers. ``calendar`` changes fields of rounds, by code."""
    plan = copy.deepcopy(CALENDAR)
    for row in plan["rounds"]:
        row.update((calendar or {}).get(row["code"], {}))
    region = RegionFactory(slug=slug)
    every = dict(schools) | (dict.fromkeys(FILLERS, 0) if fillers else {})
    rows = [school_row(name, School(item) if isinstance(item, int) else item) for name, item in every.items()]
    year, _is_new, _unknown = set_up_year(
        region=region, calendar=plan, schools_csv=csv_bytes(rows), actor=None
    )
    # The import of a year has no directors, and nobody else can sign a letter (DH-153).
    year.region.schools.update(director_name="D. Proef")
    return City(year)


def school_row(name: str, school: School) -> dict[str, str]:
    capped = school.places is not None
    return {
        "brin": brin(name),
        "name": f"De Proef {name}",
        "board": "Stichting Proef",
        "public_authority": "0",
        "postcode": "2511AA",
        "has_ceiling": str(int(capped)),
        **{code.lower(): school.ceiling(position) for position, code in enumerate(ALMS)},
        "draw_mode": school.draw_mode,
        "priority_rules": school.rules,
        "area_postcodes": school.area if "neighbourhood" in school.rules else "",
    }


def everything() -> dict[str, list[str]]:
    """All rows of all our tables, to see that nothing changed."""

    def plain(row: tuple[Any, ...]) -> str:
        return str(tuple(bytes(value) if isinstance(value, memoryview) else value for value in row))

    return {
        model._meta.label: sorted(plain(row) for row in model._default_manager.values_list())
        for label in ("schools", "admissions", "lottery", "notifications")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }


def csv_bytes(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Rows with the same columns as a CSV file."""
    rows = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _opt_in_file(opt_ins: Mapping[str, str] | None) -> bytes | None:
    if opt_ins is None:
        return None
    rows = ["form_reference,added_preferences"]
    rows += [f"{key},{' '.join(brin(school) for school in added.split())}" for key, added in opt_ins.items()]
    return ("\n".join(rows) + "\n").encode()


def dice_giving(session: DrawSession, orders: Mapping[str, list[str]]) -> str:
    """Dice of a rehearsal session that put the lots of these children in these orders (OA-LOT/1 section 5).

    Counts throws up until one fits: some 40,000 tries for eight children in one draw, a second.
    """
    references = dict(
        Application.objects.filter(year=session.round.year).values_list(
            "registration_number", "form__form_reference"
        )
    )
    numbers = {
        references[regno]: number
        for number, regno in SessionNumber.objects.filter(session=session).values_list(
            "number", "registration_number"
        )
    }
    zitting, commitment = session.name, bytes(session.commitment)
    beacon_round = next(
        line.split("|")[2].split(",")[0]
        for line in commitment.decode().splitlines()
        if line.startswith("baken|")
    )
    wanted = []
    for draw, keys in orders.items():
        name = draw if draw == CENTRAL else f"school/{brin(draw)}"
        wanted.append([f"OA-LOT/1|lot|{zitting}|{name}|{numbers[key]}".encode() for key in keys])
    for throw in itertools.product("123456", repeat=60):
        digits = "".join(reversed(throw))
        beacon = hashlib.sha256(f"OA-LOT/1|oefenbaken|{zitting}|{digits}".encode()).hexdigest()
        seed = (
            f"OA-LOT/1|zaad|{zitting}\nvastlegging|{hashlib.sha256(commitment).hexdigest()}\n"
            f"notaris|{digits}\nbaken|{beacon_round}|{beacon}\ngeheim|-\neind\n"
        )
        key = hashlib.sha256(seed.encode()).digest()
        if all(_ascending(key, messages) for messages in wanted):
            return digits
    raise AssertionError("no dice give these orders")


def _ascending(key: bytes, messages: Iterable[bytes]) -> bool:
    last = b""
    for message in messages:
        lot = hmac.digest(key, message, "sha256")
        if lot < last:
            return False
        last = lot
    return True
