"""The event log of the office: complete, searchable, silent about care, and its chain can be proved whole (DH-200)."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from admissions.texts.event_titles import TITLES
from admissions.texts.events import SENTENCES
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
    assert shown.count("Form read from a file, reference") == 1
    assert "Form read from a file, reference" not in page(manager, kind="year_set_up")
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


def test_every_kind_of_event_has_words():
    """The log is for people: a kind that the code writes and the table does not know would show its code."""
    written = set()
    for path in (
        Path(settings.BASE_DIR) / app for app in ("admissions", "schools", "notifications", "lottery")
    ):
        for file in path.rglob("*.py"):
            for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("Fact", "_fact", "_tell"):
                    values = ast.walk(call.args[1] if call.func.id != "Fact" else call.args[0])  # type: ignore[attr-defined]
                    written |= {node.value for node in values if isinstance(node, ast.Constant)}
    kinds = {word for word in written if isinstance(word, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", word)}
    assert len(kinds) > 60
    assert kinds <= set(TITLES) and set(SENTENCES) <= set(TITLES)


def test_events_of_the_office_are_sentences_with_names(city):
    manager, person = (
        region_user(city.year.region),
        school_user(city.school_round("A", "ALM1").programme.school),
    )
    told = [
        Fact("date_changed", "round", "ALM2", "offers_on 2024-04-18", "2024-04-19", "Kermis"),
        Fact("ceiling_set", "school_round", "x/ALM2", old="10", new="12", reason="lokaal erbij"),
        Fact("round_state", "round", "ALM2", old="planned", new="open"),
        Fact("member_added", "user", str(person.pk), new="school_admin 00AA00"),
        Fact("rules_set", "school", "00AA00", new="sibling staff"),
        Fact("draw_mode_set", "school_round", "x/ALM2", old="digital", new="manual"),
        Fact("release_opened", "round", "ALM1", new="1394"),
    ]
    record_events(city.year, told, actor=manager)
    shown = page(manager)
    for words in (
        "Date changed, All parents hear the result: from 2024-04-18 to 2024-04-19",
        "Kermis",
        "Ceiling set: from 10 to 12",
        "lokaal erbij",
        "Round moved on: from Planned to Open for parents",
        "Role given: School administrator 00AA00",
        str(person),
        "Priority rules set: Brother or sister at the school, Parent works at the school",
        "Way of drawing chosen: from Digital, with the notary to By the school itself",
        "Letters released: 1394",
        "Application period 2",
    ):
        assert words in shown, words
