"""One row of our own and one of somebody else for every kind of row that an address can name (``Page.about``).

Whoever adds a page about a new kind of row adds one line to ``ROWS``: how the row is written in an address.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from allauth.mfa.models import Authenticator
from django.test import Client

from admissions.enums import CareState, Decision, FormState, JobKind, PlacementState
from admissions.models import ApiClient, Application, FormEntry, LateWithdrawal, PlaceException, Repair
from admissions.models.simulations import Simulation
from notifications.models import Delivery, PrintBatch
from schools.enums import SCHOOL_ROLES, Role, RoundState, TicketKind
from schools.matrix import NAMED_FOR_CARE
from schools.models import Job, Question, Region, Round, School, SchoolRound, Ticket, User, local_moment
from tests.factories.admissions import (
    ApplicationFactory,
    CareCaseFactory,
    CaseFactory,
    MoveRequestFactory,
    ParticipationFactory,
    PlacementFactory,
    PriorityClaimFactory,
)
from tests.factories.lottery import DrawSessionFactory
from tests.factories.notifications import LetterFactory, MessageFactory
from tests.factories.schools import (
    AdmissionYearFactory,
    MembershipFactory,
    RegionFactory,
    RoundFactory,
    SchoolRoundFactory,
    UserFactory,
    region_user,
    school_user,
)


@dataclass(frozen=True)
class Place:
    """A school with one child that waits for the draw, one with an offer, and one with a care case."""

    seats: SchoolRound
    waiting: Application
    offered: Application
    cared: Application
    rows: dict[str, str]

    @property
    def school(self) -> School:
        return self.seats.programme.school

    @property
    def region(self) -> Region:
        return self.school.region


def make_place(region: Region, round_code: str, *, session: bool = True) -> Place:
    year = AdmissionYearFactory(region=region)
    year.clock_at = local_moment(date(2024, 1, 22))
    year.save()
    round_ = RoundFactory(
        year=year,
        code=round_code,
        kind="ALM",
        parents_from=date(2023, 12, 4),
        parents_until=date(2023, 12, 22),
        processing_until=date(2023, 12, 23),
        school_draws_on=date(2024, 1, 16),
        central_matching_on=date(2024, 1, 16),
        offers_on=date(2024, 1, 18),
    )
    seats = SchoolRoundFactory(round=round_, programme__school__region=region)
    waiting = ApplicationFactory(first_choice=seats, form__state=FormState.LOCKED)
    PriorityClaimFactory(application=waiting)
    offered = ApplicationFactory(first_choice=seats, decision=Decision.ADMITTED, form__state=FormState.LOCKED)
    placement = PlacementFactory(
        application=offered,
        state=PlacementState.OFFERED,
        offered_on=date(2024, 1, 18),
        respond_by=date(2024, 2, 15),
    )
    cared = ApplicationFactory(first_choice=seats, form__state=FormState.LOCKED)
    CareCaseFactory(application=cared, state=CareState.REQUESTED)
    message = MessageFactory(round=round_, registration_number=offered.registration_number)
    LetterFactory(message=message)
    job = Job.objects.create(year=year, kind=JobKind.PLAY_ROUND, key=round_code, state="failed", message="x")
    rows = {
        "child": cared.registration_number,
        "placement": str(placement.pk),
        "message": str(message.pk),
        "job": str(job.pk),
        "round": round_code,
    }
    place = Place(seats, waiting, offered, cared, rows)
    rows |= {kind: make(place) for kind, make in ROWS.items()}
    if session:
        rows["session"] = DrawSessionFactory(round=round_).name
    # Last: from here on the lists of the round do not change any more.
    round_.refresh_from_db()
    round_.state = RoundState.OFFERS
    round_.save(update_fields=["state"])
    return place


def failed_delivery(place: Place) -> str:
    """A confirmation to the parents of the school's own child that did not arrive."""
    message = MessageFactory(
        round=place.seats.round,
        kind="M01",
        school=place.school,
        registration_number=place.waiting.registration_number,
        case_key=f"{place.waiting.registration_number}/v1",
        not_before=local_moment(date(2023, 12, 4)),
    )
    message.state, message.released_at = "released", local_moment(date(2023, 12, 4))
    message.save()
    row = Delivery.objects.create(
        message=message, channel="email", email="", key=uuid.uuid4().hex, state="failed", code="no address"
    )
    return str(row.pk)


def vovp_of(place: Place) -> Round:
    """A VOVP with a code of its own, so that one of elsewhere does not exist here."""
    code = place.seats.round.code.replace("ALM", "VOVP")
    round_ = place.seats.round
    return RoundFactory(year=round_.year, code=code, kind="VOVP", position=50 + round_.position)


# Kinds of rows that other pages are about: the text that stands for one in an address.
ROWS: dict[str, Callable[[Place], str]] = {
    "print_batch": lambda place: str(
        PrintBatch.objects.create(year=place.seats.round.year, made_at=local_moment(date(2024, 1, 19))).pk
    ),
    "vovp_round": lambda place: vovp_of(place).code,
    "participation": lambda place: str(
        ParticipationFactory(
            application=ApplicationFactory(first_choice=place.seats, decision=Decision.UNPLACED),
            round=vovp_of(place),
        ).pk
    ),
    "held_message": lambda place: place.rows["message"],
    "failed_delivery": failed_delivery,
    "member": lambda place: str(MembershipFactory(school=place.school).pk),
    "listed_school": lambda place: str(place.school.pk),
    "placed": lambda place: place.offered.registration_number,
    "move": lambda place: str(MoveRequestFactory(application=place.offered).pk),
    "case": lambda place: str(CaseFactory(application=place.waiting).pk),
    "exception": lambda place: str(
        PlaceException.objects.create(
            application=place.waiting,
            round=place.seats.round,
            kind="vovp_entry",
            reason="Een reden in een zin",
            proposed_by=UserFactory(),
            proposed_at=local_moment(date(2024, 1, 16)),
        ).pk
    ),
    "ticket": lambda place: str(
        Ticket.objects.create(
            region=place.region,
            kind=TicketKind.QUESTION,
            name="x",
            phone="070",
            question="x",
            opened_at=place.seats.round.year.clock_at,
            due_on=date(2024, 1, 25),
        ).pk
    ),
    "programme": lambda place: place.seats.programme.code,
    "question": lambda place: str(
        Question.objects.create(region=place.region, category="x", question="x", answer="x").pk
    ),
    "care": lambda place: place.cared.registration_number,
    "entry": lambda place: str(FormEntry.objects.create(school_round=place.seats).key),
    "batch": lambda place: str(
        FormEntry.objects.create(school_round=place.seats, batch=uuid.uuid4(), line=2).batch
    ),
    "late": lambda place: str(
        LateWithdrawal.objects.create(
            application=place.waiting,
            round=place.seats.round,
            reason="uncapped_school",
            effective_on=date(2024, 1, 16),
            recorded_at=local_moment(date(2024, 1, 16)),
        ).pk
    ),
    "repair": lambda place: str(
        Repair.objects.create(
            session=DrawSessionFactory(round=place.seats.round),
            kind="shadow",
            reason="Een klasse was verkeerd",
            proposed_by=UserFactory(),
            proposed_at=local_moment(date(2024, 1, 16)),
        ).pk
    ),
    "api_client": lambda place: str(
        ApiClient.objects.create(
            region=place.region,
            name=uuid.uuid4().hex,
            token_hash=uuid.uuid4().hex,
            token_start="oa_x",
            scopes=["rounds"],
            made_by=UserFactory(),
            made_at=local_moment(date(2024, 1, 16)),
        ).pk
    ),
    "simulation": lambda place: str(
        Simulation.objects.create(round=place.seats.round, title="x", changes={}, seeds=1).pk
    ),
}


@dataclass(frozen=True)
class World:
    """Our school and region, another school of our region, and another region with a school of its own."""

    ours: Place
    next_door: Place
    elsewhere: Place


def make_world() -> World:
    region, other = RegionFactory(), RegionFactory(slug="elders", name="Elders")
    return World(
        make_place(region, "ALM1"),
        make_place(region, "ALM2", session=False),
        make_place(other, "ALM9"),
    )


@dataclass(frozen=True)
class Person:
    """What somebody is, where, and so which places are their own."""

    kinds: frozenset[str]
    reach: tuple[Place, ...]
    user: User | None


def make_people(world: World) -> dict[str, Person]:
    """Somebody of every kind: at our school and in our region, next door and in the other region."""
    ours, next_door, elsewhere = world.ours, world.next_door, world.elsewhere
    people: dict[str, Person] = {}
    for role in Role:
        kinds = frozenset({role.value})
        if role in SCHOOL_ROLES:
            people[role.value] = Person(kinds, (ours,), school_user(ours.school, role))
            neighbour = school_user(next_door.school, role)
            people[f"{role.value} next door"] = Person(kinds, (next_door,), neighbour)
        else:
            people[role.value] = Person(kinds, (ours, next_door), region_user(ours.region, role))
            stranger = region_user(elsewhere.region, role)
            people[f"{role.value} elsewhere"] = Person(kinds, (elsewhere,), stranger)
    named = region_user(ours.region, Role.CENTRAL_OFFICE, may_see_care=True)
    kinds = frozenset({Role.CENTRAL_OFFICE.value, NAMED_FOR_CARE})
    people[NAMED_FOR_CARE] = Person(kinds, (ours, next_door), named)
    people["nobody"] = Person(frozenset(), (), UserFactory())
    people["anonymous"] = Person(frozenset(), (), None)
    return people


def client_of(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    client.cookies["django_language"] = "en"
    if user is not None:
        data: Any = {"secret": "x"}
        Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": data})
        client.force_login(user)
    return client
