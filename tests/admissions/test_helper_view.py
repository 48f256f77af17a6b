"""Looking along at a school: with a reason, for an hour, read only, and in sight of the school (issue 6)."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from schools.enums import Role
from schools.helping import STILL_DONE
from schools.matrix import PAGES, PUBLIC
from schools.models import HelperView, HelperVisit
from tests.admissions.office import address, logged_in, text
from tests.factories.schools import region_user, school_user
from tests.permissions.objects import make_world
from tests.permissions.test_matrix import ADDRESSES, link

pytestmark = pytest.mark.django_db
WHY = "Helping with the decisions page"


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def manager(world) -> Client:
    user = region_user(world.ours.region)
    user.name = "Mara Manager"
    user.save()
    return logged_in(user)


def looking(client: Client, world) -> Client:
    answer = client.post(address("helper-start", world.ours.school.brin), {"reason": WHY})
    assert answer.status_code == 302
    return client


def contents() -> dict[str, int]:
    """Rows of every table but those that tell of the looking along itself and of sessions."""
    left_out = {"HelperVisit", "HelperView", "FileOpening", "Session", "Event", "EventHead"}
    return {m.__name__: m.objects.count() for m in apps.get_models() if m.__name__ not in left_out}


def test_reason_is_required_and_what_was_typed_stays(world, manager):
    url = address("helper-start", world.ours.school.brin)
    for reason in ("", "ja"):
        answer = manager.post(url, {"reason": reason})
        assert answer.status_code == 422
        assert "Write down why you look along." in answer.content.decode()
    assert not HelperView.objects.exists()


def test_banner_end_button_and_what_the_school_reads(world, manager):
    brin = world.ours.school.brin
    looking(manager, world)
    page = text(manager, address("school-today", brin))
    assert f"You look along at {world.ours.school.name}" in page and "Stop looking along" in page
    assert "Back to the programme office" not in page
    text(manager, address("application-detail", brin, world.ours.cared.registration_number))
    staff = logged_in(school_user(world.ours.school))
    today = text(staff, address("school-today", brin))
    assert "Looked at by Mara Manager of the programme office or the desk" in today and WHY in today
    listed = text(staff, address("helper-list", brin))
    assert "2 pages" in listed and "Page of a child" in listed
    number = world.ours.cared.registration_number
    assert number in listed.replace("-", "").replace("\u2011", "")
    assert manager.post(address("helper-end", brin)).status_code == 302
    assert "You look along at" not in text(manager, address("school-today", brin))
    assert HelperView.objects.get().ended_at is not None
    assert HelperVisit.objects.count() == 2  # what is opened as oneself is no part of it


def test_every_post_address_of_the_site_is_refused_on_the_server(world, manager):
    """The crawl: whatever the person may do otherwise, nothing can be sent while looking along."""
    looking(manager, world)
    before, tried = contents(), 0
    for one in ADDRESSES:
        page = PAGES[one.name]
        if not page.post or page.post == PUBLIC or one.name in STILL_DONE:
            continue
        answer = manager.post(link(one, world.ours, world.ours), {"do": "remove", "reason": WHY})
        assert answer.status_code == 403, one.name
        assert "Looking along changes nothing" in answer.content.decode(), one.name
        tried += 1
    for name in ("account_change_password", "mfa_activate_totp", "mfa_generate_recovery_codes"):
        assert manager.post(reverse(name)).status_code == 403, name
    assert tried > 80
    assert contents() == before
    assert HelperVisit.objects.filter(was_refused=True).count() >= tried


def test_reading_every_page_of_the_school_changes_nothing(world, manager):
    """Also a page that writes when it is read: the connection refuses it."""
    looking(manager, world)
    before = contents()
    for one in ADDRESSES:
        if "brin" not in one.takes or not PAGES[one.name].get:
            continue
        with transaction.atomic():
            answer = manager.get(link(one, world.ours, world.ours))
            assert answer.status_code in (200, 302, 403, 404), one.name
        assert contents() == before, one.name
    assert connection.execute_wrappers == []


def test_only_this_school_opens(world, manager):
    looking(manager, world)
    here = address("school-today", world.ours.school.brin)
    for url in (address("office-today"), address("school-today", world.next_door.school.brin), "/"):
        answer = manager.get(url)
        assert (answer.status_code, answer.url) == (302, here)
    assert manager.get(address("school-today", world.elsewhere.school.brin)).status_code in (302, 404)


def test_it_ends_after_an_hour(world, manager):
    looking(manager, world)
    view = HelperView.objects.get()
    hour = timedelta(hours=1)
    assert view.ends_at - view.started_at == hour
    old = HelperView.objects.create(
        school=view.school,
        user=view.user,
        reason=WHY,
        started_at=view.started_at - 2 * hour,
        ends_at=view.started_at - hour,
    )
    session = manager.session
    session["oa_helper"] = old.pk
    session.save()
    page = text(manager, address("office-today"))
    assert "it lasts an hour at most" in page
    old.refresh_from_db()
    assert old.ended_at == old.ends_at


def test_care_data_stay_with_who_may_see_them(world):
    """DH-180: looking along opens nothing that was closed."""
    brin, number = world.ours.school.brin, world.ours.cared.registration_number
    office = looking(logged_in(region_user(world.ours.region, Role.CENTRAL_OFFICE)), world)
    assert office.get(address("care-detail", brin, number)).status_code == 403
    named = region_user(world.ours.region, Role.CENTRAL_OFFICE, may_see_care=True)
    assert looking(logged_in(named), world).get(address("care-detail", brin, number)).status_code == 200


@pytest.mark.parametrize("role", [Role.NOTARY, Role.PARENT_DESK])
def test_others_do_not_look_along(world, role):
    client = logged_in(region_user(world.ours.region, role))
    assert client.get(address("helper-start", world.ours.school.brin)).status_code == 404


def test_somebody_elses_key_in_the_session_opens_nothing(world, manager):
    looking(manager, world)
    other = logged_in(region_user(world.ours.region))
    session = other.session
    session["oa_helper"] = HelperView.objects.get().pk
    session.save()
    assert "You look along at" not in text(other, address("office-today"))
