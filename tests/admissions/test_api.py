"""The progress endpoint: the office of the region only, and no other region's work."""

import pytest
from django.urls import reverse

from schools.enums import Role
from schools.models import Job
from schools.services.jobs import request_job
from tests.factories.schools import (
    AdmissionYearFactory,
    MembershipFactory,
    RegionFactory,
    SchoolFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def job_of(year) -> Job:
    return request_job(kind="play_round", key="ALM1", year=year, actor=None)


def member(role: Role, **where):
    user = UserFactory()
    MembershipFactory(user=user, role=role, **where)
    return user


def test_office_reads_how_far_its_job_is(client):
    year = AdmissionYearFactory()
    job = job_of(year)
    client.force_login(member(Role.CENTRAL_OFFICE, region=year.region, school=None))

    answer = client.get(reverse("api:job", args=[job.pk]))

    assert answer.status_code == 200
    assert (answer.json()["kind"], answer.json()["state"]) == ("play_round", "requested")


def test_job_of_another_region_is_not_found(client):
    year = AdmissionYearFactory()
    client.force_login(member(Role.PROGRAMME_MANAGER, region=RegionFactory(slug="elders"), school=None))

    assert client.get(reverse("api:job", args=[job_of(year).pk])).status_code == 404


@pytest.mark.parametrize("role", [Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR])
def test_school_staff_may_not_see_jobs(client, role):
    year = AdmissionYearFactory()
    client.force_login(member(role, school=SchoolFactory(region=year.region), region=None))

    assert client.get(reverse("api:job", args=[job_of(year).pk])).status_code == 403


def test_notary_and_visitor_may_not_see_jobs(client):
    year = AdmissionYearFactory()
    url = reverse("api:job", args=[job_of(year).pk])

    assert client.get(url).status_code == 403
    client.force_login(member(Role.NOTARY, region=year.region, school=None))
    assert client.get(url).status_code == 403
