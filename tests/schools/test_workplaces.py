"""An account with roles in more than one place chooses its region; the roles of one place give nothing in another."""

import pytest
from django.test import Client
from django.urls import reverse

from schools.enums import Role
from schools.models import AdmissionYear, Board, Region, User
from tests.admissions.office import logged_in
from tests.factories.schools import (
    AdmissionYearFactory,
    BoardFactory,
    MembershipFactory,
    RegionFactory,
    SchoolFactory,
    region_user,
)

pytestmark = pytest.mark.django_db

CHOOSE, BOARDS = reverse("own-places"), reverse("admissions:board-list")


class Places:
    """Two regions with a year each, a board in the second, and somebody who works in both."""

    def __init__(self, here: Role, there: Role) -> None:
        self.here: Region = RegionFactory(slug="duinstad", name="Duinstad")
        self.there: Region = RegionFactory(slug="maasstad", name="Maasstad")
        self.years: list[AdmissionYear] = [AdmissionYearFactory(region=r) for r in (self.here, self.there)]
        self.board: Board = BoardFactory(region=self.there, name="Stichting van Elders")
        self.user: User = region_user(self.here, here)
        MembershipFactory(user=self.user, region=self.there, school=None, role=there)
        self.client: Client = logged_in(self.user)

    def choose(self, region: Region) -> None:
        answer = self.client.post(CHOOSE, {"region": region.slug})
        assert answer.status_code == 302

    def answers(self, name: str, *args: str) -> int:
        return self.client.get(reverse(name, args=args)).status_code


def test_manager_of_two_regions_chooses_one_and_comes_back():
    places = Places(Role.PROGRAMME_MANAGER, Role.PROGRAMME_MANAGER)
    page = places.client.get(BOARDS).content.decode()
    assert places.board.name not in page
    assert f'href="{CHOOSE}"' in page
    shown = places.client.get(CHOOSE).content.decode()
    assert shown.index("Duinstad") < shown.index("You work for this region now")
    places.choose(places.there)
    page = places.client.get(BOARDS).content.decode()
    assert places.board.name in page
    # Another session of the same person is not moved along.
    assert places.board.name not in logged_in(places.user).get(BOARDS).content.decode()
    places.choose(places.here)
    assert places.board.name not in places.client.get(BOARDS).content.decode()


def test_role_of_one_region_gives_nothing_in_the_other():
    places = Places(Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE)
    assert places.answers("admissions:member-list") == 200
    places.choose(places.there)
    assert places.answers("admissions:board-list") == 200
    assert places.answers("admissions:member-list") == 403
    assert places.answers("admissions:region-edit") == 403
    assert places.answers("admissions:child-search") == 200


def test_notary_of_the_chosen_region_has_no_office_there():
    places = Places(Role.CENTRAL_OFFICE, Role.NOTARY)
    places.choose(places.there)
    assert places.client.get("/").url == reverse("lottery:session-list")
    missing = places.client.get(reverse("admissions:office-today"))
    assert missing.status_code == 404
    assert CHOOSE in missing.content.decode()  # the way back
    places.choose(places.here)
    assert places.answers("admissions:office-today") == 200


def test_region_without_a_role_is_refused_with_a_sentence():
    places = Places(Role.CENTRAL_OFFICE, Role.CENTRAL_OFFICE)
    foreign = AdmissionYearFactory(region=RegionFactory(slug="verweg", name="Verweg")).region
    for slug in (foreign.slug, "", "bestaat-niet"):
        answer = places.client.post(CHOOSE, {"region": slug}, follow=True)
        assert "You have no role in that region." in answer.content.decode()
    assert "Verweg" not in places.client.get(CHOOSE).content.decode()


def test_role_taken_away_ends_the_choice_at_the_next_click():
    places = Places(Role.CENTRAL_OFFICE, Role.CENTRAL_OFFICE)
    places.choose(places.there)
    places.user.memberships.filter(region=places.there).delete()
    page = places.client.get(BOARDS)
    assert page.status_code == 200
    assert places.board.name not in page.content.decode()
    assert f'href="{CHOOSE}"' not in page.content.decode()


def test_somebody_of_a_region_and_a_school_finds_both():
    year = AdmissionYearFactory()
    school = SchoolFactory(
        region=AdmissionYearFactory(region=RegionFactory(slug="maasstad", name="Maasstad")).region
    )
    user = region_user(year.region, Role.CENTRAL_OFFICE)
    MembershipFactory(user=user, school=school)
    client = logged_in(user)
    assert reverse("admissions:school-today", args=[school.brin]) in client.get(CHOOSE).content.decode()
    page = client.get(reverse("admissions:school-today", args=[school.brin])).content.decode()
    assert "Maasstad" in page
    assert "Back to the programme office" not in page  # that office is of another region
