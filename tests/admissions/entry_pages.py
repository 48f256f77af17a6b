"""A school with a ceiling in the first period, five schools to list, and a form as a school types it."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.test import Client
from django.urls import reverse

from admissions.models import FormEntry
from schools.enums import RoundState
from schools.models import AMSTERDAM, School, SchoolRound, User, local_moment
from tests.factories.schools import (
    AdmissionYearFactory,
    PriorityRuleFactory,
    RoundFactory,
    SchoolRoundFactory,
    school_user,
)

NAMES = ("De Beuk", "Het Jonge Blad", "De Jonge Eik", "Sint Jan", "De Wilg")


@dataclass
class Desk:
    """One administrator at one school, with everything a form needs."""

    seats: SchoolRound
    others: list[SchoolRound]
    user: User
    client: Client

    @property
    def school(self) -> School:
        return self.seats.programme.school

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"admissions:{name}", args=[self.school.brin, *args])

    def at(self, moment: str) -> None:
        year = self.seats.round.year
        year.clock_at = datetime.fromisoformat(moment).replace(tzinfo=AMSTERDAM)
        year.save()

    def typed(self, **changes: str) -> dict[str, str]:
        """What is typed from a whole paper form, as people type it."""
        return {
            "given_name": "Ilyas",
            "surname": "Çelik",
            "date_of_birth": "4-12-20",
            "received_on": "15-12-2023",
            "channel": "paper",
            "postcode": "2548 br",
            "house_number": "112",
            "street": "Voorbeeldstraat",
            "place": "Delft",
            "guardian_name": "H. Çelik",
            "email": "h.celik@example.org",
            "phone": "06 0000 2644",
            "language": "nl",
            "care_request": "0",
            "preference_2": "beuk",
            "preference_3": self.others[1].programme.code,
            "preference_4": "eik",
            "preference_5": "sint jan",
            **{f"check_{point}": "1" for point in (1, 3, 4, 7)},
            **changes,
        }

    def post(self, key: uuid.UUID, typed: dict[str, str], action: str = "concept", revision: int = 0) -> Any:
        return self.client.post(self.url("entry", key), typed | {"actie": action, "revision": str(revision)})

    def keep(self, key: uuid.UUID, typed: dict[str, str], revision: int = 0, **more: str) -> Any:
        return self.client.post(self.url("entry-keep", key), typed | {"revision": str(revision), **more})

    def entry(self, key: uuid.UUID) -> FormEntry:
        return FormEntry.objects.select_related("form__application__child").get(key=key)


def make_desk(**year: Any) -> Desk:
    """It is 15 December 2023, in the parents' window of ALM1; births from October to December 2020 may apply."""
    year_ = AdmissionYearFactory(**year)
    year_.clock_at = local_moment(date(2023, 12, 18), time(10))
    year_.save()
    round_ = RoundFactory(year=year_, code="ALM1", state=RoundState.OPEN)
    seats = SchoolRoundFactory(
        round=round_, programme__school__name="De Gantel", programme__school__place="Delft"
    )
    others = [
        SchoolRoundFactory(
            round=round_, programme__school__name=name, ceiling=None if name == "De Wilg" else 10
        )
        for name in NAMES
    ]
    for kind in ("sibling", "preschool", "neighbourhood"):
        PriorityRuleFactory(year=year_, programme=seats.programme, kind=kind)
    user = school_user(seats.programme.school)
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return Desk(seats, others, user, client)
