"""Draw sessions made by the services themselves, from lists without children unless told otherwise."""

from datetime import datetime, timedelta
from typing import Any

import factory

from lottery.engine.files import ChildLine, Dossiers, SchoolLine
from lottery.models import DrawSession, SessionNumber
from lottery.services.sessions import (
    compute,
    draw_session_numbers,
    freeze_session,
    new_salt,
    seed_rehearsal,
    session_name,
    store_outcome,
    verify_session,
)
from schools.models import Round
from tests.factories.schools import RoundFactory

DICE = "123456" * 10


class DrawSessionFactory(factory.django.DjangoModelFactory):
    """A frozen session of ``children`` with the first choice at one school of ``places`` places."""

    class Meta:
        model = DrawSession

    round = factory.SubFactory(RoundFactory)
    children = 0
    places = 1

    @classmethod
    def _create(cls, model_class: type[DrawSession], *args: Any, **kwargs: Any) -> DrawSession:
        round_: Round = kwargs["round"]
        name = session_name(round_)
        numbers = draw_session_numbers(kwargs["children"])
        choice = (("10AB00", 1),)
        frozen_at: datetime = round_.freeze_at
        return freeze_session(
            round_=round_,
            name=name,
            dossiers=Dossiers(
                name,
                (SchoolLine("10AB00", kwargs["places"]),),
                tuple(ChildLine(number, number, "SC", choice, new_salt()) for number in numbers),
            ),
            draws=("school/10AB00", "centraal"),
            registration_numbers={number: f"R{number}" for number in numbers},
            rules_text=b"Testreglement\n",
            frozen_at=frozen_at,
            beacon_at=frozen_at + timedelta(days=1, hours=12),
            actor=None,
        )


def computed_session(*, digits: str = DICE, **fields: Any) -> DrawSession:
    """A session with its outcome, that no second program has looked at yet."""
    session = seed_rehearsal(session_id=DrawSessionFactory(**fields).pk, digits=digits, actor=None)
    assert session.beacon_at is not None
    return store_outcome(session_id=session.pk, outcome=compute(session), at=session.beacon_at)


def verified_session(*, digits: str = DICE, **fields: Any) -> DrawSession:
    session = computed_session(digits=digits, **fields)
    assert session.computed_at is not None
    return verify_session(session_id=session.pk, at=session.computed_at)


class SessionNumberFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SessionNumber

    session = factory.SubFactory(DrawSessionFactory)
    number = factory.Sequence(lambda n: f"N{n:07d}")
    registration_number = factory.Sequence(lambda n: f"A{n:07d}")
