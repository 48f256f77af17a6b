"""The outbox of the office: who hears what and when, one message, its letter."""

import hashlib

import pytest
from django.test import Client
from django.utils import translation

from notifications.models import Letter, Message
from notifications.services.letters import letters_to_make
from tests.admissions.office import address, manager, played_city, small_city, text
from tests.factories.city import City, make_city
from tests.factories.notifications import LetterFactory, MessageFactory

pytestmark = pytest.mark.django_db

OUTBOX = "/programma/verzending/"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def listed(client: Client, query: str) -> list[int]:
    return [row.record.pk for row in client.get(f"{OUTBOX}?{query}").context["table"].page.object_list]


def message_of(city: City, key: str) -> Message:
    return Message.objects.get(registration_number=city.application(key).registration_number)


def test_outbox_says_that_nothing_is_really_sent_and_counts_by_kind():
    city = played_city()
    MessageFactory(round=city.round("ALM1"), recipient_name="Still to come")
    page = manager(city).get(OUTBOX)
    assert "Nothing is really sent" in page.content.decode()
    assert [(row.kind, row.held, row.released, row.cancelled) for _words, row in page.context["kinds"]] == [
        ("M04", 1, 5, 0)
    ]
    tabs = {tab.value: tab.count for tab in page.context["tabs"]}
    assert tabs == {"": 6, "held": 1, "released": 5}
    assert sum(row.total for _words, row in page.context["kinds"]) == Message.objects.count()


def test_outbox_is_filtered_by_state_kind_round_and_who():
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", x="A", y="A B")
    city.play("ALM1", {"A": "x y"})
    client = manager(city)
    first, second = message_of(city, "x"), message_of(city, "y")
    assert set(listed(client, "tab=released&round=ALM1")) == set(Message.objects.values_list("pk", flat=True))
    assert listed(client, "kind=M04") == [first.pk]
    assert listed(client, "kind=M05") == [second.pk]
    assert listed(client, f"q={first.registration_number}") == [first.pk]
    assert listed(client, f"q={second.registration_number[:4]}-{second.registration_number[4:]}") == [
        second.pk
    ]
    assert listed(client, "q=y%40example.org") == [second.pk]
    assert listed(client, "tab=held") == []
    assert listed(client, "round=ALM2") == []
    assert {Message.objects.get(pk=pk).kind for pk in listed(client, "q=proef+b")} >= {"M07"}


def test_one_message_tells_to_whom_about_whom_and_what():
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", x="A", y="A B")
    city.play("ALM1", {"A": "x y"})
    shown = text(manager(city), address("message", message_of(city, "y").pk))
    assert "Kind y Proef" in shown
    assert "y@example.org" in shown
    assert "De Proef B" in shown
    assert "No letter has been made of this message." in shown
    to_school = Message.objects.get(kind="M07")
    number = city.application("y").registration_number
    assert f"/programma/kinderen/{number}/" in text(manager(city), address("message", to_school.pk))


def test_letter_is_downloaded_byte_for_byte():
    city = played_city()
    letter = LetterFactory(message=message_of(city, "a2"))
    answer = manager(city).get(address("letter", letter.message_id))
    assert answer.headers["Content-Type"] == "application/pdf"
    number = letter.registration_number
    assert answer.headers["Content-Disposition"] == f'attachment; filename="brief-M04-{number}.pdf"'
    assert hashlib.sha256(answer.content).hexdigest() == letter.hash


def test_message_without_a_letter_has_no_download():
    city = played_city()
    assert manager(city).get(address("letter", message_of(city, "a2").pk)).status_code == 404


def test_letters_still_to_make_are_those_the_worker_would_make():
    city = played_city()
    page = manager(city).get(OUTBOX)
    (row,) = page.context["letters"]
    assert (row.round.code, row.wanted, row.made) == ("ALM1", 5, 0)
    LetterFactory(message=message_of(city, "a2"))
    (row,) = manager(city).get(OUTBOX).context["letters"]
    assert row.missing == len(letters_to_make(city.round("ALM1").pk)) == 4
    assert Letter.objects.count() == 1


def test_empty_outbox_says_when_something_comes():
    shown = text(manager(small_city()), OUTBOX)
    assert "Messages are made with the result of a round and wait here for their day." in shown


def test_markup_in_a_name_stays_text():
    city = played_city()
    message = message_of(city, "a2")
    Message.objects.filter(pk=message.pk).update(recipient_name="<script>alert(1)</script>")
    for path in (OUTBOX, address("message", message.pk)):
        assert "<script>alert" not in text(manager(city), path)
