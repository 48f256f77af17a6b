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
from tests.factories.schools import (
    AdmissionYearFactory,
    MembershipFactory,
    RegionFactory,
    region_user,
    school_user,
)

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


def test_a_lost_second_factor_is_forgotten_with_a_reason(city, client, django_capture_on_commit_callbacks):
    user = region_user(city.year.region, Role.NOTARY)
    at_work = logged_in(user)
    address = reverse("admissions:member", args=[user.memberships.get().pk])
    assert client.post(address, {"do": "forget", "reason": ""}).status_code == 422
    assert Authenticator.objects.filter(user=user).exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address, {"do": "forget", "reason": "teruggebeld op het kantoor"})
    [warning] = mail.outbox
    assert warning.to == [user.email] and "de tweede factor van uw account laten vergeten" in warning.body
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


# Changing somebody, and a list


def test_name_and_address_change_and_another_address_logs_out(
    city, client, django_capture_on_commit_callbacks
):
    """The old address is told: two people must stay two people."""
    user = school_user(school_of(city))
    before = user.email
    at_work = logged_in(user)
    address = reverse("admissions:member", args=[user.memberships.get().pk])
    renamed = {"do": "change", "name": "Anders Genoemd", "email": user.email}
    assert "are stored" in client.post(address, renamed, follow=True).content.decode()
    assert at_work.get(reverse("own-sessions")).status_code == 200
    moved = renamed | {"email": "Anders@Example.org"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address, moved)
    [warning] = mail.outbox
    assert warning.to == [before]
    assert "het e-mailadres van uw account gewijzigd" in warning.body
    user.refresh_from_db()
    assert (user.name, user.email) == ("Anders Genoemd", "anders@example.org")
    assert at_work.get(reverse("own-sessions")).status_code == 302
    assert "Nothing changed." in client.post(address, moved, follow=True).content.decode()
    events = Event.objects.filter(kind="member_changed").order_by("sequence")
    assert [(event.object_key, event.new) for event in events] == [
        (str(user.pk), "name"),
        (str(user.pk), "email"),
    ]


def test_a_wrong_address_of_an_invitation_is_mended(city, client, django_capture_on_commit_callbacks):
    client.post(reverse("admissions:member-add"), typed(city))
    member = Membership.objects.get(user__email="noor@example.org")
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            reverse("admissions:member", args=[member.pk]),
            {"do": "change", "name": "Noor Nieuw", "email": "noor@example.net"},
        )
    assert [message.to for message in mail.outbox] == [["noor@example.net"]]


def test_data_of_a_person_that_cannot_be_get_a_sentence_and_stay_typed(city, client, manager):
    user = school_user(school_of(city))
    address = reverse("admissions:member", args=[user.memberships.get().pk])
    own = reverse("admissions:member", args=[manager.memberships.get().pk])
    for url, data, sentence in (
        (address, {"name": "", "email": user.email}, "Fill in the name."),
        (address, {"name": "Noor", "email": "noor"}, "This is not an e-mail address."),
        (address, {"name": "Noor", "email": manager.email}, "Somebody else has this address."),
        (own, {"name": "Noor", "email": "zelf@example.org"}, "You cannot change your own address."),
    ):
        answer = client.post(url, {"do": "change"} | data)
        assert answer.status_code in (409, 422)
        assert sentence in answer.content.decode()
        assert data["name"] in answer.content.decode()
    user.refresh_from_db()
    assert user.name != "Noor"


def test_the_account_of_somebody_who_works_elsewhere_too_is_not_ours_to_change(city, client, manager):
    """A role in region A gives nothing in region B: neither the address nor the second factor."""
    user = region_user(city.year.region, Role.NOTARY)
    there = AdmissionYearFactory(region=RegionFactory(slug="maasstad")).region
    MembershipFactory(user=user, region=there, school=None, role=Role.PROGRAMME_MANAGER)
    logged_in(user)  # sets up a second factor
    address = reverse("admissions:member", args=[user.memberships.get(region=city.year.region).pk])
    for data in (
        {"do": "change", "name": user.name, "email": "van-mij@example.org"},
        {"do": "forget", "reason": "zegt hij"},
    ):
        answer = client.post(address, data)
        assert answer.status_code == 409
        assert "works for another region too" in answer.content.decode()
    assert Authenticator.objects.filter(user=user).exists()
    assert not User.objects.filter(email="van-mij@example.org").exists()
    MembershipFactory(user=manager, region=there, school=None, role=Role.PROGRAMME_MANAGER)
    client.post(address, {"do": "forget", "reason": "teruggebeld"})  # manages both
    assert not Authenticator.objects.filter(user=user).exists()


def test_a_list_of_people_is_looked_at_before_it_counts(city, client, django_capture_on_commit_callbacks):
    known = school_user(school_of(city))
    lines = [
        "name,email,role,brin",
        f"Noor Nieuw,Noor@example.org,School administrator,{school_of(city).brin}",
        f"Noor Nieuw,noor@example.org,school_director,{school_of(city, 'B').brin.lower()}",
        "Nico Notaris,nico@example.org,notary,",
        f"Al Bekend,{known.email},school_admin,{school_of(city).brin}",
        "Geen Adres,geen,notary,",
        "Geen Rol,rol@example.org,koning,",
        "Geen School,school@example.org,school_admin,99ZZ99",
        "Zonder School,zonder@example.org,school_admin,",
        f"Te Veel,teveel@example.org,notary,{school_of(city).brin}",
        "Te kort,tekort@example.org",
    ]
    url, text = reverse("admissions:member-import"), "\n".join(lines)
    before = Membership.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post(url, {"text": text}).content.decode()
    for sentence in (
        "New (3)",
        "Has this role already (1)",
        "Line 6: This is not an e-mail address.",
        "Line 7: “koning” is no role.",
        "Line 8: No school of this region has the BRIN “99ZZ99”.",
        "Line 9: Choose the school",
        "Line 10: This role is for the whole region",
        "Line 11: This line has 2 cells",
    ):
        assert sentence in page
    assert (Membership.objects.count(), mail.outbox) == (before, [])
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(url, {"text": text, "confirm": "1"}).content.decode()
    assert "3 roles have been added." in done and "Line 6" in done
    assert sorted(address for message in mail.outbox for address in message.to) == [
        "nico@example.org",
        "noor@example.org",
    ]
    noor = User.objects.get(email="noor@example.org")
    assert {(m.role, m.school) for m in noor.memberships.all()} == {
        (Role.SCHOOL_ADMIN, school_of(city)),
        (Role.SCHOOL_DIRECTOR, school_of(city, "B")),
    }
    assert Event.objects.filter(kind="member_added").count() == 3
    again = client.post(url, {"text": text, "confirm": "1"}).content.decode()
    assert "0 roles have been added." in again


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Choose the list of people."),
        ("naam;rol", "has semicolons"),
        ("name,email\nA,a@b.nl", "misses these columns: role, brin"),
    ],
)
def test_a_file_that_is_no_list_of_people_gets_a_sentence(city, client, text, sentence):
    answer = client.post(reverse("admissions:member-import"), {"text": text})
    assert answer.status_code in (409, 422)
    assert sentence in answer.content.decode()
