"""The event log of the office: complete, searchable, silent about care, and its chain can be proved whole (DH-200)."""

import pytest
from django.urls import reverse
from django.utils import translation

from schools.enums import Role
from schools.models import Event
from schools.services.events import Fact, record_events
from schools.triggers import drop_triggers, install_triggers
from tests.admissions.office import small_city
from tests.factories.ceremony import logged_in
from tests.factories.city import City
from tests.factories.schools import region_user, school_user

pytestmark = pytest.mark.django_db
ADDRESS = "admissions:event-list"


@pytest.fixture
def city(settings) -> City:
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        return small_city()


def page(user, **query) -> str:
    client = logged_in(user)
    client.cookies["django_language"] = "en"
    return client.get(reverse(ADDRESS), query).content.decode()


def test_every_event_is_there_and_can_be_looked_for(city):
    manager = region_user(city.year.region)
    number = city.application("a1").registration_number
    shown = page(manager, q=number)
    assert shown.count("Form read from a file") == 1
    assert "Form read from a file" not in page(manager, kind="year_set_up")
    assert "Nothing found" in page(manager, actor="niemand")
    assert "Nothing found" in page(manager, until="1999-01-01")
    client = logged_in(manager)
    rows = b"".join(client.get(reverse(ADDRESS), {"export": "csv"}).streaming_content).decode().splitlines()
    assert len(rows) == 1 + Event.objects.filter(year=city.year).count()
    last = Event.objects.filter(year=city.year).order_by("-sequence").first()
    assert last is not None
    assert last.hash in rows[1]


def test_who_may_not_know_of_care_reads_nothing_of_it(city):
    number = city.application("a3").registration_number
    told = [
        Fact("care_outcome", "application", number, new="care_duty"),
        Fact("decision", "application", number, old="undecided", new="care_follow_up"),
    ]
    record_events(city.year, told, actor=None)
    about_care = len(told)
    assert "Care:" in page(region_user(city.year.region))
    office = region_user(city.year.region, Role.CENTRAL_OFFICE)
    assert "Care:" not in page(office)
    assert 'value="care' not in page(office)
    rows = b"".join(logged_in(office).get(reverse(ADDRESS), {"export": "csv"}).streaming_content).decode()
    assert "care_" not in rows
    assert len(rows.splitlines()) == 1 + Event.objects.filter(year=city.year).count() - about_care


def test_the_chain_is_proved_whole_and_a_change_is_found(city):
    client = logged_in(region_user(city.year.region))
    client.cookies["django_language"] = "en"
    check = reverse("admissions:event-check")
    assert "The chain is whole" in client.post(check, follow=True).content.decode()
    drop_triggers()
    try:
        event = Event.objects.filter(year=city.year).order_by("sequence")[2]
        Event.objects.filter(pk=event.pk).update(reason="somebody changed this")
    finally:
        install_triggers()
    answer = client.post(check, follow=True).content.decode()
    assert f"The chain is broken at event {event.sequence}" in answer


def test_others_find_nothing(city):
    school = city.school_round("A", "ALM1").programme.school
    for user in (school_user(school), region_user(city.year.region, Role.NOTARY)):
        client = logged_in(user)
        assert client.get(reverse(ADDRESS)).status_code == 404
        assert client.post(reverse("admissions:event-check")).status_code == 404
