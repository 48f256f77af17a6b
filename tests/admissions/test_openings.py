"""Who opened the file of a child: kept by person, kind and hour, and shown to those who may know (issue 6, DH-180)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from admissions.models import FileOpening
from admissions.services.year.openings import forget_openings
from admissions.services.year.reset import reset_year
from schools.clock import database_now
from schools.enums import Role
from schools.models import local_moment
from tests.admissions.office import address, logged_in, small_city, text
from tests.factories.city import City
from tests.factories.schools import region_user, school_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def city() -> City:
    return small_city()


def brin(city: City, letter: str = "A") -> str:
    return city.school_round(letter, "ALM1").programme.school.brin


def number(city: City, key: str) -> str:
    return city.application(key).registration_number


def kept() -> list[tuple[str, str, bool]]:
    rows = FileOpening.objects.order_by("pk")
    return [(row.application.form.form_reference, row.kind, row.of_region) for row in rows]


def test_every_kind_of_page_about_a_child_is_kept_once_an_hour(city):
    region, school = city.year.region, city.school_round("A", "ALM1").programme.school
    office, staff = logged_in(region_user(region, Role.CENTRAL_OFFICE)), logged_in(school_user(school))
    for _twice in range(2):
        text(office, address("child-detail", number(city, "a1")))
        text(staff, address("application-detail", school.brin, number(city, "a1")))
        text(staff, address("form-versions", school.brin, number(city, "a1")))
    text(staff, address("care-detail", school.brin, number(city, "a3")))
    assert kept() == [("a1", "page", True), ("a1", "page", False), ("a3", "care", False)]


def test_a_page_with_care_data_is_marked_and_a_refused_page_is_not_kept(city):
    region = city.year.region
    text(logged_in(region_user(region)), address("child-detail", number(city, "a3")))
    assert kept() == [("a3", "care", True), ("a3", "page", True)]
    notary = logged_in(region_user(region, Role.NOTARY))
    assert notary.get(address("child-detail", number(city, "a1"))).status_code == 404
    office = logged_in(region_user(region, Role.CENTRAL_OFFICE))
    assert office.get(address("care-detail", brin(city), number(city, "a3"))).status_code == 403
    text(office, address("child-detail", number(city, "a3")))  # not named for care: sees no care
    assert kept()[2:] == [("a3", "page", True)]


def test_desk_that_looks_a_family_up_leaves_a_trace(city):
    desk = logged_in(region_user(city.year.region, Role.PARENT_DESK))
    text(desk, address("desk-case") + f"?number={number(city, 'b1')}")
    assert kept() == [("b1", "page", True)]


def test_office_and_own_school_read_the_log_and_others_do_not(city):
    school = city.school_round("A", "ALM1").programme.school
    manager, staff = region_user(city.year.region), school_user(school)
    manager.name, staff.name = "Mara Manager", "Sanne School"
    manager.save(), staff.save()
    text(logged_in(manager), address("child-detail", number(city, "a3")))
    page = text(logged_in(staff), address("application-detail", school.brin, number(city, "a3")))
    assert "Who opened this file" in page and "Mara Manager" in page
    page = text(logged_in(manager), address("child-detail", number(city, "a3")))
    assert "Sanne School" in page and "Care data" in page
    plain = logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))
    assert "Care data" not in text(plain, address("child-detail", number(city, "a3")))
    coordinator = logged_in(school_user(school, Role.CARE_COORDINATOR))
    url = address("application-detail", school.brin, number(city, "a3"))
    assert "Who opened this file" not in text(coordinator, url)


def test_school_never_learns_from_the_log_who_opted_in(city):
    """DH-135: what the office opens during the opt-in does not show, neither before nor after the result."""
    school = city.school_round("A", "ALM1").programme.school
    staff = logged_in(school_user(school))
    manager = region_user(city.year.region)
    manager.name = "Mara Manager"
    manager.save()
    url = address("application-detail", school.brin, number(city, "a1"))
    city.year.clock_at = local_moment(city.year.rounds.get(code="VOVP1").opt_in_from) + timedelta(hours=1)
    city.year.save()
    text(logged_in(manager), address("child-detail", number(city, "a1")))
    assert FileOpening.objects.filter(user=manager).exists()
    assert "Mara Manager" not in text(staff, url)
    city.year.clock_at += timedelta(days=60)
    city.year.save()
    assert "Mara Manager" not in text(staff, url)
    text(logged_in(manager), address("child-detail", number(city, "a1")))
    assert "Mara Manager" in text(staff, url)


def execute(sql: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_database_keeps_the_log_as_it_is_for_a_year(city, settings):
    settings.FILE_OPENINGS_DAYS = 400
    manager = logged_in(region_user(city.year.region))
    text(manager, address("child-detail", number(city, "a1")))
    row = FileOpening.objects.get()
    with pytest.raises(IntegrityError):
        execute("UPDATE admissions_fileopening SET user_id = user_id")
    with pytest.raises(IntegrityError):
        execute("DELETE FROM admissions_fileopening")
    fields = {"application": row.application, "user": row.user, "kind": "page", "of_region": True}
    for days, hour in ((399, 1), (401, 2)):
        moment = database_now() - timedelta(days=days)
        FileOpening.objects.create(**fields, hour=row.hour - timedelta(hours=hour), recorded_at=moment)
    assert forget_openings() == 1
    assert FileOpening.objects.count() == 2


def test_a_reset_rehearsal_year_takes_its_openings_along(city):
    text(logged_in(region_user(city.year.region)), address("child-detail", number(city, "a1")))
    reset_year(city.year, actor=None)
    assert not FileOpening.objects.exists()
