"""Nobody starts or attests a draw with a password alone."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from schools.enums import SECOND_FACTOR_ROLES, Role
from schools.models import User
from schools.second_factor import needs_second_factor
from tests.factories.schools import (
    AdmissionYearFactory,
    SchoolFactory,
    UserFactory,
    region_user,
    school_user,
)

pytestmark = pytest.mark.django_db

SET_UP = "/accounts/2fa/totp/activate/"


def visit(user: User, path: str) -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    answer = client.get(path)
    return answer.status_code, answer.headers.get("Location", "")


@pytest.mark.parametrize("role", sorted(SECOND_FACTOR_ROLES))
@pytest.mark.parametrize("path", ["/", "/programma/", "/programma/kinderen/?q=x", "/zittingen/"])
def test_role_without_second_factor_can_only_set_one_up(role: str, path: str):
    user = region_user(AdmissionYearFactory().region, role)
    assert reverse("mfa_activate_totp") == SET_UP
    assert visit(user, path) == (302, SET_UP)


@pytest.mark.parametrize("role", sorted(SECOND_FACTOR_ROLES))
def test_set_up_logging_out_help_and_language_stay_open(role: str):
    client = Client()
    client.force_login(region_user(AdmissionYearFactory().region, role))
    assert "/programma" not in client.get(SET_UP).headers.get("Location", "")
    assert client.get(reverse("mfa_index")).status_code == 200
    assert client.get(reverse("help:index")).status_code == 200
    assert client.post(reverse("set_language"), {"language": "en"}).status_code == 302
    assert client.post(reverse("account_logout")).status_code == 302
    assert "_auth_user_id" not in client.session


def test_page_to_set_up_says_why():
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(region_user(AdmissionYearFactory().region))
    page = client.get("/programma/", follow=True)
    assert "Your role needs safe logging in" in page.content.decode()


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        (Authenticator.Type.TOTP, False),
        (Authenticator.Type.WEBAUTHN, False),
        (Authenticator.Type.RECOVERY_CODES, True),
    ],
)
def test_app_or_key_is_a_second_factor_and_spare_codes_alone_are_not(kind: str, needed: bool):
    user = region_user(AdmissionYearFactory().region)
    Authenticator.objects.create(user=user, type=kind, data={"secret": "x"})
    assert needs_second_factor(user) is needed


def test_school_staff_and_people_without_a_role_need_none():
    staff = school_user(SchoolFactory(), Role.SCHOOL_DIRECTOR)
    assert [needs_second_factor(user) for user in (staff, UserFactory())] == [False, False]


def test_anonymous_visitor_is_sent_to_the_login_page(client: Client):
    assert client.get("/programma/").headers["Location"].startswith(reverse("account_login"))
