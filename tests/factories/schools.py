"""Regions, schools, people, years and rounds. Dates of a round are those of the calendar of the demo year."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import factory

from admissions.enums import EntryKind
from schools.enums import DrawMode, PriorityKind, Role, RoundKind
from schools.models import (
    AMSTERDAM,
    AdmissionYear,
    Board,
    Membership,
    PriorityRule,
    Programme,
    Region,
    Round,
    School,
    SchoolRound,
    User,
    local_moment,
)

DEMO = Path(__file__).resolve().parent.parent.parent / "demo" / "den-haag-2023"
CALENDAR: dict[str, Any] = json.loads((DEMO / "calendar.json").read_text())
ROUNDS: dict[str, dict[str, Any]] = {row["code"]: row for row in CALENDAR["rounds"]}
PASSWORD = "proef-met-vier-woorden"


class RegionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ("slug",)

    slug = "den-haag"
    name = "Den Haag"
    procedure_key = "den_haag"
    desk_name = "Ouderloket"
    desk_email = "ouders@example.org"


class BoardFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Board
        django_get_or_create = ("region", "name")

    region = factory.SubFactory(RegionFactory)
    name = "Stichting Proef"
    public_authority = False


class SchoolFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = School

    region = factory.SubFactory(RegionFactory)
    board = factory.SubFactory(BoardFactory, region=factory.SelfAttribute("..region"))
    brin = factory.Sequence(lambda n: f"{n % 100:02d}{chr(65 + n // 100 % 26)}X00")
    name = factory.LazyAttribute(lambda school: f"De Proef {school.brin}")
    street = "Voorbeeldstraat 1"
    postcode = "2511AA"
    place = "Den Haag"
    contact_email = factory.LazyAttribute(lambda school: f"{school.brin.lower()}@example.org")
    director_name = "D. Proef"


class ProgrammeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Programme

    school = factory.SubFactory(SchoolFactory)
    code = factory.SelfAttribute("school.brin")
    name = factory.SelfAttribute("school.name")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"gebruiker{n}@example.org")
    name = factory.Sequence(lambda n: f"Gebruiker {n}")
    password = factory.django.Password(PASSWORD)


class MembershipFactory(factory.django.DjangoModelFactory):
    """A school role by default; for a role in the region give ``region`` and ``school=None``."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = Role.SCHOOL_ADMIN
    school = factory.SubFactory(SchoolFactory)


def school_user(school: School, role: str = Role.SCHOOL_ADMIN) -> User:
    return MembershipFactory(school=school, role=role).user


def region_user(region: Region, role: str = Role.PROGRAMME_MANAGER, **fields: Any) -> User:
    return MembershipFactory(region=region, school=None, role=role, **fields).user


class AdmissionYearFactory(factory.django.DjangoModelFactory):
    """The rehearsal year 2023-2024; it is 1 October 2023 there."""

    class Meta:
        model = AdmissionYear
        django_get_or_create = ("region", "code")

    region = factory.SubFactory(RegionFactory)
    code = CALENDAR["year"]["code"]
    starts_on = date.fromisoformat(CALENDAR["year"]["starts_on"])
    ends_on = date.fromisoformat(CALENDAR["year"]["ends_on"])
    uncapped_ends_on = date.fromisoformat(CALENDAR["year"]["uncapped_ends_on"])
    born_from = date.fromisoformat(CALENDAR["year"]["born_from"])
    born_to = date.fromisoformat(CALENDAR["year"]["born_to"])
    is_rehearsal = True
    clock_at = factory.LazyAttribute(lambda year: local_moment(year.starts_on) if year.is_rehearsal else None)


def _day(name: str) -> factory.LazyAttribute:
    def value(round_: Any) -> date | None:
        text = ROUNDS.get(round_.code, {}).get(name)
        return date.fromisoformat(text) if text else None

    return factory.LazyAttribute(value)


def _visible(round_: Any) -> datetime | None:
    text = ROUNDS.get(round_.code, {}).get("visible_to_schools_at")
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM) if text else None


class RoundFactory(factory.django.DjangoModelFactory):
    """``RoundFactory(code="VOVP1")`` has the kind, place and dates of that round in the calendar."""

    class Meta:
        model = Round
        django_get_or_create = ("year", "code")

    year = factory.SubFactory(AdmissionYearFactory)
    code = "ALM1"
    kind = factory.LazyAttribute(lambda round_: ROUNDS.get(round_.code, {}).get("kind", RoundKind.ALM))
    position = factory.LazyAttribute(lambda round_: [*ROUNDS, round_.code].index(round_.code) + 1)
    parents_from = _day("parents_from")
    parents_until = _day("parents_until")
    processing_until = _day("processing_until")
    opt_in_from = _day("opt_in_from")
    opt_in_until = _day("opt_in_until")
    school_draws_on = _day("school_draws_on")
    central_matching_on = _day("central_matching_on")
    visible_to_schools_at = factory.LazyAttribute(_visible)
    offers_on = _day("offers_on")
    reply_weeks = factory.LazyAttribute(lambda round_: ROUNDS.get(round_.code, {}).get("reply_weeks", 4))


class SchoolRoundFactory(factory.django.DjangoModelFactory):
    """One programme in one round, its ceiling booked in the ledger; ``ceiling=None`` = uncapped."""

    class Meta:
        model = SchoolRound
        skip_postgeneration_save = True

    round = factory.SubFactory(RoundFactory)
    programme = factory.SubFactory(
        ProgrammeFactory, school__region=factory.SelfAttribute("...round.year.region")
    )
    ceiling = 10
    draw_mode = DrawMode.DIGITAL

    @factory.post_generation
    def book(self, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        if create and extracted is not False and self.ceiling:
            self.entries.create(
                kind=EntryKind.CEILING,
                places=self.ceiling,
                effective_on=self.round.year.starts_on,
                cause="factory",
            )


class PriorityRuleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PriorityRule

    year = factory.SubFactory(AdmissionYearFactory)
    programme = factory.SubFactory(ProgrammeFactory, school__region=factory.SelfAttribute("...year.region"))
    kind = PriorityKind.SIBLING
    position = factory.LazyAttribute(
        lambda rule: 1 + PriorityRule.objects.filter(year=rule.year, programme=rule.programme).count()
    )
    area_postcodes = factory.LazyAttribute(
        lambda rule: "2511" if rule.kind == PriorityKind.NEIGHBOURHOOD else ""
    )
