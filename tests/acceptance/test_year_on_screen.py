"""A whole year through the screens alone, by three accounts: the manager, the central office and a school.

Forms are typed, the clock is moved, rounds are played, families answer and opt in on the pages that people use; files
of draws and results are downloaded there. The end must add up, and be what ``recompute.py`` finds (issue 6).
"""

import csv
import io
import re
import shutil
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from admissions.enums import Decision, JobKind, PlacementState
from admissions.models import Application, Placement
from admissions.services.year.import_applications import COLUMNS
from lottery.models import DrawSession
from schools.enums import JobState, Role
from schools.models import AdmissionYear, Job, Membership, School
from tests.acceptance.recompute import Recomputed, read_ledger, read_numbers, read_results
from tests.admissions.office import BOXES, address, logged_in, text
from tests.factories.city import ALMS, FILLERS, City, brin, make_city, school_row
from tests.factories.city import School as Plan
from tests.factories.schools import CALENDAR, DEMO, UserFactory, region_user

pytestmark = pytest.mark.django_db
Capture = Callable[..., AbstractContextManager[Any]]
FILES = ("dossiers.txt", "vastlegging.txt", "zaad.txt", "deelnemers.txt", "uitslag.txt")
SCHOOLS = {
    "A": Plan((2, 2, 1, 2), rules="sibling"),
    "B": Plan((1, 2, 1, 1)),
    "C": Plan((1, 1, 2, 1), rules="sibling neighbourhood"),
    "D": Plan(None),
}
# Per period: the list of each child; ! = a brother or sister at the first school.
LISTS = {
    "ALM1": ("A B C", "A! C", "A B D", "A C B", "B A C", "B C A", "C A B"),
    "ALM2": ("A C B", "A B C", "A! B", "B A D", "C B A", "C A B"),
    "ALM3": ("A B C", "A C B", "B C A", "C B A", "C! A"),
    "ALM4": ("A B C", "A B D", "A! C", "B A C", "B C A", "C A B"),
}


@dataclass
class Office:
    """The three accounts, and what happened so far in the words of the import and reply files."""

    year: AdmissionYear
    manager: Client
    office: Client
    school: Client
    capture: Capture
    folder: Path
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    steps: list[tuple[str, Any]] = field(default_factory=list)

    # --- the clock and the rounds ---------------------------------------------------------------------------------

    def move_clock(self, day: date) -> None:
        answer = self.manager.post(address("clock"), {"day": day.isoformat(), "at": "09:00"})
        assert answer.status_code == 302, answer.content.decode()

    def play(self, client: Client, code: str, opt_ins: str | None = None) -> None:
        """Play a round on its page and take its files and results from the pages that give them."""
        data: dict[str, Any] = dict(BOXES) | {"confirm": "on"}
        if opt_ins is not None:
            data["opt_ins"] = SimpleUploadedFile("deelname.csv", opt_ins.encode())
        with self.capture(execute=True):
            answer = client.post(address("round-play", code), data)
            assert answer.status_code == 302, answer.content.decode()
        job = Job.objects.filter(year=self.year, kind=JobKind.PLAY_ROUND, key=code).latest("pk")
        assert job.state == JobState.DONE, job.message
        session = DrawSession.objects.get(round__year=self.year, round__code=code)
        bundle = self.folder / f"bundle-{code}"
        bundle.mkdir()
        for name in FILES:
            got = client.get(reverse("lottery:session-file", args=[session.name, name]))
            assert got.status_code == 200, name
            (bundle / name).write_bytes(body(got))
        results = self.folder / f"results-{code}.csv"
        results.write_bytes(body(client.get(address("round-results", code))))
        self.steps.append(("play", (code, bundle, results, opt_ins)))

    # --- forms ----------------------------------------------------------------------------------------------------

    def type_form(self, code: str, number: int, wanted: str) -> None:
        """One paper form, typed and made final by its first school."""
        letters = wanted.replace("!", "").split()
        has_sibling = "!" in wanted
        if not has_sibling:
            letters += FILLERS[: 5 - len(letters)]
        key = uuid.uuid4()
        day = date.fromisoformat(rounds()[code]["parents_from"]) + timedelta(days=2)
        born = date(2020, 10, 1) + timedelta(days=number)
        name = f"{code.lower()} {'abcdefghij'[number]}"
        typed = {
            "given_name": name,
            "surname": "Proef",
            "date_of_birth": born.isoformat(),
            "received_on": day.isoformat(),
            "channel": "paper",
            "postcode": "2511AB" if number % 2 else "2599ZZ",
            "house_number": str(10 + 7 * number),
            "street": "Voorbeeldstraat",
            "place": "Den Haag",
            "guardian_name": f"A. {name}",
            "email": f"{code.lower()}{number}@example.org",
            "phone": "0612345678",
            "language": "nl",
            "care_request": "0",
            **{f"preference_{rank}": brin(letter) for rank, letter in enumerate(letters, 1) if rank > 1},
            **{f"check_{point}": "1" for point in (1, 3, 4, 7)},
            "actie": "definitief",
            "revision": "0",
        }
        if has_sibling:
            typed |= {"claim_sibling": "1", "evidence_sibling": "Aya, groep 4", "checked_sibling": "1"}
        with self.capture(execute=True):
            answer = self.school.post(address("entry", brin(letters[0]), key), typed)
        assert answer.status_code == 302, re.sub(r"<[^>]+>", " ", answer.content.decode())[:4000]
        application = Application.objects.select_related("form").get(child__given_name=name)
        cells = dict.fromkeys(COLUMNS, "") | {
            name: typed[name]
            for name in ("given_name", "surname", "date_of_birth", "received_on", "postcode")
        }
        cells |= {f"preference_{rank}": brin(letter) for rank, letter in enumerate(letters, 1)}
        cells["form_reference"] = application.form.form_reference
        cells["priority_claims"] = "sibling" if has_sibling else ""
        cells["care_request"] = "0"
        self.rows.setdefault(code, []).append(cells)

    # --- replies --------------------------------------------------------------------------------------------------

    def reply(self, placement: Placement, answer: str, *, on: date) -> None:
        """The reply of one family, at the school that holds its place."""
        code = placement.school_round.programme.school.brin
        data = {"answer": answer}
        if answer == "withdraw":
            data |= {"reason": "moved_outside", "detail": "Rijswijk"}
        got = self.school.post(address("reply", code, placement.pk), data)
        assert got.status_code == 302, got.content.decode()
        reference = placement.application.form.form_reference
        self.steps.append(("reply", (reference, answer, on.isoformat())))

    def reply_to_all(self, code: str, *, every: int = 4) -> None:
        """Of the families with an offer of this round every fourth withdraws, every third stays silent."""
        on = date.fromisoformat(rounds()[code]["offers_on"])
        rows = Placement.objects.filter(
            state=PlacementState.OFFERED, school_round__round__code=code, school_round__round__year=self.year
        )
        rows = rows.select_related("application__form", "school_round__programme__school")
        for number, placement in enumerate(rows.order_by("pk"), start=1):
            if number % every == 0:
                self.reply(placement, "withdraw", on=on)
            elif number % 3:
                self.reply(placement, "enrol", on=on)

    # --- the end --------------------------------------------------------------------------------------------------

    def check(self, directory: Path) -> Recomputed:
        """Everything again by the independent program, step by step; every file must be the same."""
        again = Recomputed(directory)
        for what, told in self.steps:
            if what == "reply":
                reference, answer, on = told
                row = f"form_reference,reply,on,reason\n{reference},{answer},{on},moved_outside\n"
                again.record_replies(row)
                continue
            code, bundle, results, opt_ins = told
            wrong = again.play(code, bundle=bundle, numbers=read_numbers(results), opt_ins=opt_ins)
            assert wrong == [], code
            assert read_results(results) == again.results(code), code
        call_command("export_ledger", self.folder / "ledger.csv")
        assert read_ledger(self.folder / "ledger.csv") == again.ledger()
        call_command("check_integrity")
        return again


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def rounds() -> dict[str, Any]:
    return {row["code"]: row for row in CALENDAR["rounds"]}


def accounts(year: AdmissionYear, capture: Capture, folder: Path) -> Office:
    """One manager, one person of the central office, one administrator who types for every school."""
    person = UserFactory(name="Sanne School")
    Membership.objects.bulk_create(
        Membership(user=person, role=Role.SCHOOL_ADMIN, school=school)
        for school in School.objects.filter(region=year.region)
    )
    return Office(
        year,
        logged_in(region_user(year.region)),
        logged_in(region_user(year.region, Role.CENTRAL_OFFICE)),
        logged_in(person),
        capture,
        folder,
    )


def write(path: Path, rows: list[dict[str, str]], columns: Any) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue())


def unplaced(office: Office) -> str:
    """The families without a place opt in, each with one school more; nobody else does."""
    rows = Application.objects.filter(
        year=office.year, decision=Decision.UNPLACED, first_choice__round__code__in=("ALM3", "ALM4")
    ).select_related("form")
    lines = [f"{row.form.form_reference},{brin('D')}" for row in rows.order_by("pk") if not lists(row, "D")]
    return "\n".join(["form_reference,added_preferences", *lines]) + "\n"


def lists(application: Application, letter: str) -> bool:
    return application.preferences.filter(programme__code=brin(letter)).exists()


def test_small_city_runs_its_whole_year_on_the_screens(
    tmp_path: Path, django_capture_on_commit_callbacks: Capture
):
    """Issue 6, "done when"; DH-070 to DH-146, all four periods and both VOVPs with replies."""
    city: City = make_city(SCHOOLS)
    office = accounts(city.year, django_capture_on_commit_callbacks, tmp_path)
    for code, row in rounds().items():
        if row["kind"] == "ALM":
            office.move_clock(date.fromisoformat(row["parents_from"]) + timedelta(days=3))
            for number, wanted in enumerate(LISTS[code]):
                office.type_form(code, number, wanted)
            office.play(office.manager, code)
        else:
            # The first VOVP with everybody who was invited, the second with the families that opted in.
            office.play(office.office, code, unplaced(office) if code == "VOVP2" else None)
        office.reply_to_all(code)

    directory = tmp_path / "year"
    directory.mkdir()
    shutil.copy(DEMO / "calendar.json", directory)
    every = SCHOOLS | {name: Plan(0) for name in FILLERS}
    plans = [school_row(name, plan) for name, plan in every.items()]
    write(directory / "schools.csv", plans, plans[0])
    for code in ALMS:
        write(directory / f"applications-{code}.csv", office.rows[code], COLUMNS)
    again = office.check(directory)
    said = {row[1] for code in again.rounds for row in again.results(code).values()}
    assert {"admitted", "placed_lower", "withdrawn"} <= said
    assert "2023-2024" in text(office.manager, address("planner"))


@pytest.mark.long
def test_demo_year_runs_its_rounds_and_replies_on_the_screens(
    tmp_path: Path, django_capture_on_commit_callbacks: Capture
):
    """The same with the 5,600 forms of the demo year, which come in by import."""
    call_command("import_year", DEMO)
    year = AdmissionYear.objects.get()
    School.objects.update(director_name="D. Proef")
    office = accounts(year, django_capture_on_commit_callbacks, tmp_path)
    for code, row in rounds().items():
        office.play(office.manager if row["kind"] == "ALM" else office.office, code)
        office.reply_to_all(code, every=12)
    office.check(DEMO)
