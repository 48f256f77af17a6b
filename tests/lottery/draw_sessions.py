"""Draw sessions for tests, made from the files of the vectors or from invented children."""

import hashlib
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from lottery.engine.commitment import (
    Commitment,
    Seed,
    beacon_time,
    dice_slot,
    parse_commitment,
    parse_seed,
    rehearsal_beacon,
    render_commitment,
    render_seed,
)
from lottery.engine.files import ChildLine, Dossiers, SchoolLine, render_dossiers, render_participants
from lottery.engine.outcome import render_outcome
from lottery.engine.session import compute_session
from lottery.enums import AttestationKind, SessionState
from lottery.models import DrawSession
from schools.enums import Role, RoundKind
from schools.models import AdmissionYear, Board, Membership, Programme, Region, Round, School, User

VECTORS = Path(__file__).resolve().parent.parent.parent / "lottery" / "vectors"
FIELDS = {
    "dossiers.txt": "dossiers",
    "deelnemers.txt": "participants",
    "vastlegging.txt": "commitment",
    "zaad.txt": "seed",
    "uitslag.txt": "outcome",
}


def make_round(kind: str = RoundKind.ALM, *, is_rehearsal: bool = False) -> Round:
    region, _ = Region.objects.get_or_create(
        slug="duinstad", defaults={"name": "Duinstad", "procedure_key": "test"}
    )
    year, _ = AdmissionYear.objects.get_or_create(
        region=region,
        code="2023-2024",
        defaults={
            "starts_on": date(2023, 10, 1),
            "ends_on": date(2024, 9, 30),
            "uncapped_ends_on": date(2024, 11, 30),
            "born_from": date(2020, 10, 1),
            "born_to": date(2021, 9, 30),
            "is_rehearsal": is_rehearsal,
        },
    )
    position = year.rounds.count() + 1
    return Round.objects.create(year=year, code=f"{kind}{position}", kind=kind, position=position)


def session_of(round_: Round, files: dict[str, bytes], **fields: object) -> DrawSession:
    """A verified session that holds exactly these files."""
    plan, seed = parse_commitment(files["vastlegging.txt"]), parse_seed(files["zaad.txt"])
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    frozen_at = datetime.fromisoformat(plan.frozen_at)
    beacon_at = beacon_time(seed.beacon[0]) if seed.beacon else frozen_at + timedelta(days=2)
    verified_at = beacon_at + timedelta(minutes=2)
    session = DrawSession.objects.create(
        name=plan.session,
        round=round_,
        is_rehearsal=plan.session.startswith("OEFEN-"),
        profile=plan.profile,
        attempt=plan.attempt,
        state=SessionState.VERIFIED,
        **{FIELDS[name]: content for name, content in files.items()},
        **{f"{FIELDS[name]}_hash": digits for name, digits in hashes.items()},
        slot=dice_slot(plan.session, hashes["vastlegging.txt"], seed.digits) if seed.digits else "",
        rules_hash=plan.rules_hash,
        verifier_hash=plan.verifier_hash,
        verifier_report="De uitslag klopt: alle 28 regels zijn gelijk.",
        notary_name="mr. Test Notaris",
        frozen_at=frozen_at,
        locked_at=beacon_at - timedelta(minutes=5),
        beacon_at=beacon_at,
        computed_at=beacon_at + timedelta(minutes=1),
        verified_at=verified_at,
        **fields,
    )
    manager, _ = User.objects.get_or_create(email="manager@example.org", defaults={"name": "Test Beheerder"})
    Membership.objects.get_or_create(user=manager, role=Role.PROGRAMME_MANAGER, region=round_.year.region)
    session.attestations.create(
        kind=AttestationKind.FREEZE,
        user=manager,
        at=frozen_at + timedelta(minutes=8),
        note=session.commitment_hash,
    )
    session.attestations.create(kind=AttestationKind.VERIFIED, at=verified_at, note=session.outcome_hash)
    return session


def vector_session(name: str, kind: str = RoundKind.ALM, **fields: object) -> DrawSession:
    """A session with the five files of a test vector: ``alm``, ``vovp`` or ``hand``."""
    return session_of(
        make_round(kind), {file: (VECTORS / name / file).read_bytes() for file in FIELDS}, **fields
    )


def rehearsal_files(
    *,
    children: int,
    schools: int = 4,
    name: str = "OEFEN-DUINSTAD-ALM1",
    generator: int = 1,
    verifier_hash: str = "1" * 64,
) -> dict[str, bytes]:
    """The five files of a rehearsal with invented children; the dice and the stand-in beacon are fixed."""
    chance = random.Random(generator)
    codes = [
        f"{number + 10:02d}{chr(65 + number % 26)}{chr(65 + number // 26 % 26)}" for number in range(schools)
    ]
    symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    numbers: set[str] = set()
    while len(numbers) < children:
        numbers.add("".join(chance.choices(symbols, k=8)))
    dossiers = Dossiers(
        name,
        tuple(SchoolLine(code, max(1, children * 9 // (10 * schools))) for code in sorted(codes)),
        tuple(
            ChildLine(
                number,
                number,
                "SC",
                tuple((code, chance.randint(1, 3)) for code in chance.sample(codes, min(5, schools))),
                f"{chance.getrandbits(128):032x}",
            )
            for number in sorted(numbers)
        ),
    )
    content, public = render_dossiers(dossiers), render_participants(dossiers)
    first_choices = sorted({child.choices[0][0] for child in dossiers.children})
    commitment = Commitment(
        session=name,
        attempt=1,
        previous=None,
        profile="NB",
        participants_hash=hashlib.sha256(public).hexdigest(),
        dossiers_hash=hashlib.sha256(content).hexdigest(),
        rules_hash="0" * 64,
        verifier_hash=verifier_hash,
        dice="d6",
        throws=60,
        beacon_rounds=(4000000, 4001200, 4002400),
        secret_hash=None,
        coupling="sla-over",
        draws=(*(f"school/{code}" for code in first_choices), "centraal"),
        frozen_at=datetime(2024, 1, 8, 8, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    digits = "".join(chance.choices("123456", k=60))
    seed = Seed(
        session=name,
        commitment_hash=hashlib.sha256(render_commitment(commitment)).hexdigest(),
        digits=digits,
        orders=(),
        beacon=(4000000, rehearsal_beacon(name, digits)),
        secret=None,
    )
    return {
        "dossiers.txt": content,
        "deelnemers.txt": public,
        "vastlegging.txt": render_commitment(commitment),
        "zaad.txt": render_seed(seed),
        "uitslag.txt": render_outcome(compute_session(dossiers, commitment, seed)),
    }


def rehearsal_session(
    *, children: int, schools: int = 4, name: str = "OEFEN-DUINSTAD-ALM1", **fields: object
) -> DrawSession:
    files = rehearsal_files(children=children, schools=schools, name=name)
    return session_of(make_round(is_rehearsal=True), files, **fields)


def name_schools(region: Region, codes: list[str]) -> None:
    """Give the codes of the files a school each."""
    board = Board.objects.create(region=region, name="Bestuur")
    for code in codes:
        school = School.objects.create(
            region=region, board=board, brin=f"{code:0<6}", name=f"De Proef {code}", postcode="2500AA"
        )
        Programme.objects.create(school=school, code=code, name=school.name)
