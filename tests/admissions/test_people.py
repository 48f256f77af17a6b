"""People and roles: invited by mail, taken away at once, by the programme manager alone (den-haag.md section 5)."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import translation

from schools.enums import Role
from schools.models import Event, Membership, User
from schools.services.people import PeopleRefused, remove_member
from tests.factories.ceremony import logged_in
from tests.factories.city import City, make_city
from tests.factories.schools import region_user, school_user

pytestmark = pytest.mark.django_db
PASSWORD = "een-lang-genoeg-wachtwoord"


@pytest.fixture
def city(settings) -> City:
    settings.LANGUAGE_CODE = "en"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with translation.override("en"):
        yield make_city({"A": 2, "B": 1})


@pytest.fixture
def manager(city) -> User:
    return region_user(city.year.region)


@pytest.fixture
def client(manager) -> Client:
    client = logged_in(manager)
    client.cookies["django_language"] = "en"
    return client


def school_of(city: City, letter: str = "A"):
    return city.school_round(letter, "ALM1").programme.school


def typed(city: City, **fields: object) -> dict[str, object]:
    data = {
        "name": "Noor Nieuw",
        "email": "Noor@Example.org",
        "role": Role.SCHOOL_ADMIN,
        "school": school_of(city).pk,
    }
    return {name: value for name, value in (data | fields).items() if value is not None}


def test_somebody_is_invited_chooses_a_password_and_works(city, client, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("admissions:member-add"), typed(city), follow=True)
    page = answer.content.decode()
    assert "Noor Nieuw is now school administrator." in page
    assert "Invited" in page
    [invitation] = mail.outbox
    assert invitation.to == ["noor@example.org"]
    [link] = re.findall(r"http://testserver(/accounts/\S+)", str(invitation.body))[:1]
    visitor = Client()
    form = visitor.get(link, follow=True)
    assert form.status_code == 200
    address = form.redirect_chain[-1][0]
    visitor.post(address, {"password1": PASSWORD, "password2": PASSWORD})
    visitor.post(reverse("account_login"), {"login": "noor@example.org", "password": PASSWORD})
    assert visitor.get(reverse("admissions:school-today", args=[school_of(city).brin])).status_code == 200
    assert (
        visitor.get(reverse("admissions:school-today", args=[school_of(city, "B").brin])).status_code == 404
    )
    assert "token" in Client().get(link, follow=True).content.decode().lower()  # the link works once
    event = Event.objects.get(kind="member_added")
    assert (event.object_key, event.new) == (
        str(User.objects.get(email="noor@example.org").pk),
        f"school_admin {school_of(city).brin}",
    )


def test_who_has_an_account_gets_a_second_role_and_no_mail(city, client, django_capture_on_commit_callbacks):
    user = school_user(school_of(city, "B"))
    user.set_password(PASSWORD)
    user.save()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("admissions:member-add"), typed(city, email=user.email))
    assert {m.school for m in user.memberships.all()} == {school_of(city), school_of(city, "B")}
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Fill in the name."),
        ({"email": "noor"}, "This is not an e-mail address."),
        ({"email": "noor@example.org\nBcc: a@b.nl"}, "This is not an e-mail address."),
        ({"school": None}, "Choose the school"),
        ({"role": Role.NOTARY}, "leave the school empty"),
        ({"may_see_care": "on"}, "central office"),
        ({"role": "king"}, "king"),
    ],
)
def test_bad_input_gets_a_sentence_and_nobody_is_added(city, client, fields, sentence):
    before = Membership.objects.count()
    answer = client.post(reverse("admissions:member-add"), typed(city, **fields))
    assert answer.status_code in (409, 422)
    page = answer.content.decode()
    assert sentence in page
    assert "name" in fields or 'value="Noor Nieuw"' in page
    assert Membership.objects.count() == before
    assert not User.objects.filter(email="noor@example.org").exists()


def test_the_same_role_twice_is_said(city, client):
    client.post(reverse("admissions:member-add"), typed(city))
    answer = client.post(reverse("admissions:member-add"), typed(city))
    assert "has that role already" in answer.content.decode()


def test_whoever_loses_the_role_is_out_at_once(city, client):
    user = school_user(school_of(city))
    at_work = logged_in(user)
    address = reverse("admissions:school-today", args=[school_of(city).brin])
    assert at_work.get(address).status_code == 200
    member = user.memberships.get()
    client.post(reverse("admissions:member", args=[member.pk]), {"do": "remove"})
    assert at_work.get(address).status_code == 302  # logged out
    user.refresh_from_db()
    assert not user.is_active
    assert Event.objects.filter(kind="member_removed", object_key=str(user.pk)).exists()


def test_a_region_keeps_a_manager_and_nobody_removes_oneself(city, client, manager):
    own = manager.memberships.get()
    answer = client.post(reverse("admissions:member", args=[own.pk]), {"do": "remove"})
    assert "You cannot take your own role away" in answer.content.decode()
    other = region_user(city.year.region)
    remove_member(other.memberships.get(), region=city.year.region, actor=manager)
    with pytest.raises(PeopleRefused, match="at least one"):
        remove_member(own, region=city.year.region, actor=other)
    assert own.__class__.objects.filter(pk=own.pk).exists()


def test_a_lost_second_factor_is_forgotten_with_a_reason(city, client):
    user = region_user(city.year.region, Role.NOTARY)
    at_work = logged_in(user)
    address = reverse("admissions:member", args=[user.memberships.get().pk])
    assert client.post(address, {"do": "forget", "reason": ""}).status_code == 422
    assert Authenticator.objects.filter(user=user).exists()
    client.post(address, {"do": "forget", "reason": "teruggebeld op het kantoor"})
    assert not Authenticator.objects.filter(user=user).exists()
    assert at_work.get(reverse("lottery:session-list")).status_code == 302
    event = Event.objects.get(kind="second_factor_reset")
    assert event.reason == "teruggebeld op het kantoor"


def test_others_manage_nobody(city, manager):
    member = manager.memberships.get()
    addresses = [
        reverse("admissions:member-list"),
        reverse("admissions:member-add"),
        reverse("admissions:member", args=[member.pk]),
    ]
    office = logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))
    assert [office.get(address).status_code for address in addresses] == [403] * 3
    assert office.post(addresses[1], typed(city)).status_code == 403
    for user in (
        school_user(school_of(city), Role.SCHOOL_DIRECTOR),
        region_user(city.year.region, Role.NOTARY),
    ):
        stranger = logged_in(user)
        assert [stranger.get(address).status_code for address in addresses] == [404] * 3
        assert stranger.post(addresses[2], {"do": "remove"}).status_code == 404
        assert stranger.post(addresses[1], typed(city)).status_code == 404
    elsewhere = make_city({"X": 1}, slug="elders")
    client = logged_in(region_user(elsewhere.year.region))
    assert client.get(addresses[2]).status_code == 404
    assert client.post(addresses[2], {"do": "remove"}).status_code == 404
    answer = client.post(addresses[1], typed(city))
    assert answer.status_code == 422  # a school of another region is no choice
    assert Membership.objects.filter(pk=member.pk).exists()
