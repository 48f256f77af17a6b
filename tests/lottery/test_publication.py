"""What is public, when, and who is told by mail (OA-LOT/1 sections 4.3 and 7 point 8)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from admissions.services.draws.commitment_mail import unreached_boards
from notifications.enums import MessageKind, MessageState
from notifications.models import Message
from notifications.services.mail_content import render_mail
from schools.enums import Role
from schools.models import Board, Event
from schools.templatetags.oa import time_left
from tests.factories.ceremony import Room, logged_in, open_room
from tests.factories.schools import RegionFactory, region_user, school_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def room() -> Room:
    return open_room()


def english(user: Any = None) -> Client:
    client = logged_in(user) if user else Client()
    client.cookies["django_language"] = "en"
    return client


# --- mail to boards and notary -------------------------------------------------------------------------------------


def test_commitment_goes_to_boards_and_notary_at_the_confirmation(room: Room):
    region = room.city.year.region
    board = Board.objects.filter(schools__isnull=False).first()
    assert board is not None
    Board.objects.filter(pk=board.pk).update(contact_email="bestuur@example.org")
    region_user(RegionFactory(slug="elders"), Role.NOTARY)
    room.freeze()
    assert not Message.objects.filter(kind=MessageKind.M21).exists()
    from admissions.services.draws.ceremony import confirm_round

    session = confirm_round(room.session().pk, actor=room.second)
    told = Message.objects.filter(kind=MessageKind.M21)
    assert {message.recipient_email for message in told} == {"bestuur@example.org", room.notary.email}
    assert all(message.state == MessageState.RELEASED for message in told)
    names = [
        application.child.full_name for application in room.city.year.applications.select_related("child")
    ]
    for message in told:
        mail = render_mail(message)
        assert session.name in mail.subject
        assert session.commitment_hash in mail.text
        assert session.commitment_hash in mail.html
        assert not [name for name in names if name in mail.text]
        assert not message.registration_number
    assert board.name not in unreached_boards(region)


def test_second_attempt_tells_them_again(room: Room):
    from admissions.services.draws.ceremony import void_round

    first = room.commit()
    void_round(first.pk, reason="Een verkeerde klasse bij een school.", actor=room.first)
    second = room.commit()
    hashes = set(
        Message.objects.filter(kind=MessageKind.M21).values_list("merge__commitment_hash", flat=True)
    )
    assert hashes == {first.commitment_hash, second.commitment_hash}


def test_manager_hears_which_boards_get_no_mail_and_fills_them_in(room: Room):
    client = english(room.second)
    board = Board.objects.filter(schools__isnull=False).first()
    assert board is not None
    room.freeze()
    answer = client.post("/programma/loting/ALM1/bevestigen/", follow=True)
    assert board.name in answer.content.decode()
    page = "/programma/besturen/"
    assert board.name in client.get(page).content.decode()
    wrong = client.post(page, {f"board{board.pk}": "bestuur"})
    assert wrong.status_code == 422
    assert "This is not a mail address" in wrong.content.decode()
    assert 'value="bestuur"' in wrong.content.decode()
    assert client.post(page, {f"board{board.pk}": "bestuur@example.org"}).status_code == 302
    board.refresh_from_db()
    assert board.contact_email == "bestuur@example.org"
    event = Event.objects.get(kind="board_mail_set")
    assert event.object_key == str(board.pk)
    assert "example" not in str(vars(event))
    client.post(page, {f"board{board.pk}": "bestuur@example.org"})
    assert Event.objects.filter(kind="board_mail_set").count() == 1


def test_page_of_boards_is_for_the_office(room: Room):
    school = room.city.school_round("A", "ALM1").programme.school
    for user, status in (
        (room.notary, 404),
        (school_user(school), 404),
        (room.first, 200),
        (room.second, 200),
    ):
        assert english(user).get("/programma/besturen/").status_code == status


# --- countdown ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(days=3, hours=4, minutes=5), "3 days and 4 hours"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=2, minutes=30), "2 days"),
        (timedelta(hours=5, minutes=1), "5 hours and 1 minute"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=12, seconds=59), "12 minutes"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(0), ""),
        (timedelta(seconds=-1), ""),
    ],
)
def test_time_left_in_its_two_largest_units(left: timedelta, told: str):
    now = datetime(2024, 3, 31, 0, 30, tzinfo=UTC)  # the night of summer time changes nothing
    assert time_left(now + left, now) == told


def test_public_page_counts_down_to_the_day_on_which_families_know(room: Room):
    session = room.commit()
    shown = english().get(f"/{room.city.year.region.slug}/lotingen/").content.decode()
    assert session.commitment_hash[8:] in shown
    assert "data-countdown" in shown
    assert "days" in shown[shown.index("That is in") : shown.index("That is in") + 40]


def test_desk_says_what_is_public_now_and_what_waits(room: Room):
    session = room.commit()
    page = f"/zittingen/{session.name}/"
    shown = english(room.notary).get(page).content.decode()
    assert "Within the hour after the result" in shown
    assert "Waits for the release" in shown
    assert "Not before" in shown
