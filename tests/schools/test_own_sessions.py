"""The own sessions, and people who leave: no access at the next click (issue 6)."""

import pytest
from django.test import Client
from django.urls import reverse

from schools.enums import Role
from schools.models import User
from schools.services.own_sessions import device_of
from schools.services.people import remove_member
from tests.admissions.office import logged_in
from tests.factories.schools import AdmissionYearFactory, SchoolFactory, region_user, school_user

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def page_of(client: Client) -> str:
    answer = client.get(reverse("own-sessions"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_somebody_sees_the_own_sessions_and_logs_one_out():
    year = AdmissionYearFactory()
    user = school_user(SchoolFactory(region=year.region))
    here, there, other = logged_in(user), logged_in(user), logged_in(region_user(year.region))
    page = page_of(here)
    assert page.count("Log this session out") == 1
    assert "This is where you are now" in page
    assert there.session.session_key not in page
    [mark] = [part.split('"')[0] for part in page.split('name="session" value="')[1:]]
    assert (
        "is no longer there"
        in other.post(reverse("own-sessions"), {"session": mark}, follow=True).content.decode()
    )
    assert there.get(reverse("own-sessions")).status_code == 200
    answer = here.post(reverse("own-sessions"), {"session": mark}, follow=True)
    assert "That session has been logged out." in answer.content.decode()
    assert there.get(reverse("own-sessions")).status_code == 302  # to the login page
    assert "Log this session out" not in page_of(here)


def test_device_is_told_in_words_and_no_more():
    assert device_of(FIREFOX) == "Firefox, Windows"
    assert device_of("") == ""


@pytest.mark.parametrize("role", [Role.SCHOOL_ADMIN, Role.CENTRAL_OFFICE])
def test_open_session_of_somebody_who_left_is_refused_at_the_next_request(role: Role):
    year = AdmissionYearFactory()
    manager = region_user(year.region)
    if role == Role.SCHOOL_ADMIN:
        user = school_user(SchoolFactory(region=year.region))
    else:
        user = region_user(year.region, role)
    client = logged_in(user)
    assert client.get("/", follow=True).status_code == 200
    remove_member(user.memberships.get(), region=year.region, actor=manager)
    answer = client.get(reverse("own-sessions"))
    assert answer.status_code == 302 and "/accounts/login/" in answer.url


def test_open_session_of_a_deactivated_account_is_refused_even_when_its_session_stays():
    user = school_user(SchoolFactory(region=AdmissionYearFactory().region))
    client = logged_in(user)
    assert client.get(reverse("own-sessions")).status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    answer = client.get(reverse("own-sessions"))
    assert answer.status_code == 302 and "/accounts/login/" in answer.url
    assert client.post(reverse("own-sessions"), {"session": "x"}).status_code == 302
