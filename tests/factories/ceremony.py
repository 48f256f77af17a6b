"""A small city that is ready for its draw, and the people who hold it."""

import hashlib
import hmac
import struct
import time
from base64 import b32decode
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from admissions.services.draws.ceremony import confirm_round, freeze_round
from admissions.services.year.year_clock import move_year_clock
from lottery.enums import EntryKind, Profile
from lottery.models import DrawSession
from lottery.services.attesting import add_witness, set_sitting
from lottery.services.beacon_steps import use_stand_in
from lottery.services.blind_entries import enter
from schools.enums import Role, RoundState
from schools.models import Round, User, end_of_day
from tests.factories.city import City, make_city
from tests.factories.schools import region_user

DICE = "146253" * 10
OTHER_DICE = "146253" * 9 + "146256"


@dataclass
class Room:
    """The city, its round and its people."""

    city: City
    code: str
    first: User
    second: User
    notary: User

    @property
    def round(self) -> Round:
        return self.city.round(self.code)

    def session(self) -> DrawSession:
        return DrawSession.objects.filter(round=self.round).latest("pk")

    def freeze(self, **options: Any) -> DrawSession:
        return freeze_round(self.round.pk, actor=self.first, warnings_seen=True, **options).session

    def commit(self, **options: Any) -> DrawSession:
        return confirm_round(self.freeze(**options).pk, actor=self.second)

    def lock(self, **options: Any) -> DrawSession:
        session = self.commit(**options)
        for user in (self.first, self.notary):
            enter(session_id=session.pk, kind=EntryKind.DICE, values=[DICE], actor=user)
        return self.session()

    def seed(self) -> DrawSession:
        return use_stand_in(session_id=self.lock(profile=Profile.NB).pk, actor=self.first)

    def seat_witnesses(self) -> None:
        for name in ("Olga Kramer, namens de ouders", "Bram Oosterhuis, namens de besturen"):
            add_witness(session_id=self.session().pk, name=name, actor=self.notary)
        session = self.session()
        set_sitting(
            session_id=session.pk, place="Stadhuis, Duinstad", at=session.frozen_at, actor=self.notary
        )


def open_room(*, children: int = 4, schools: dict[str, Any] | None = None, slug: str = "den-haag") -> Room:
    """ALM1 of a rehearsal year after its deadline, with more children than places at school A."""
    city = make_city(schools or {"A": 2, "B": 1}, slug=slug)
    city.apply("ALM1", **{f"a{number}": "A B" for number in range(children)})
    round_ = city.round("ALM1")
    assert round_.processing_until is not None
    move_year_clock(city.year, to=end_of_day(round_.processing_until), actor=None)
    city.year.refresh_from_db()
    assert city.round("ALM1").state == RoundState.LOCKED
    region = city.year.region
    return Room(
        city,
        "ALM1",
        region_user(region, user__name="Jeroen Wiersma"),
        region_user(region, Role.CENTRAL_OFFICE, user__name="Fatima Haddou"),
        region_user(region, Role.NOTARY, user__name="mr. E.M. van Loon"),
    )


def code_app(user: User) -> str:
    """Give somebody an app with codes; answers its secret."""
    Authenticator.objects.filter(user=user).delete()
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return str(secret)


def code_now(secret: str) -> str:
    """What the app shows now (RFC 6238), worked out here."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(b32decode(secret + "=" * (-len(secret) % 8)), counter, hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def logged_in(user: User) -> Client:
    Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}}
    )
    client = Client()
    client.force_login(user)
    return client
