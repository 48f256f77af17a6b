"""Messages and letters to invented families."""

import hashlib

import factory

from notifications.enums import MessageKind, MessageState
from notifications.models import Letter, Message
from schools.models import local_moment
from tests.factories.schools import RoundFactory


class MessageFactory(factory.django.DjangoModelFactory):
    """A held message of a round, to be released on its sending day."""

    class Meta:
        model = Message

    round = factory.SubFactory(RoundFactory)
    year = factory.SelfAttribute("round.year")
    kind = MessageKind.M04
    registration_number = factory.Sequence(lambda n: f"A{n:07d}")
    case_key = factory.LazyAttribute(lambda message: f"{message.registration_number}/{message.round.code}")
    recipient_name = "A. de Vries"
    recipient_email = "ouder@example.org"
    state = MessageState.HELD
    not_before = factory.LazyAttribute(lambda message: local_moment(message.round.offers_on))


class LetterFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Letter

    message = factory.SubFactory(MessageFactory)
    registration_number = factory.SelfAttribute("message.registration_number")
    pdf = b"%PDF-1.7 invented"
    hash = factory.LazyAttribute(lambda letter: hashlib.sha256(letter.pdf).hexdigest())
