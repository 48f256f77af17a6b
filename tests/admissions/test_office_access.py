"""Who may open which page of the programme office and the notary (den-haag.md section 5); the rest is refused."""

import pytest
from django.test import Client
from django.utils import translation

from admissions.enums import JobKind
from admissions.urls import office as urls_office
from admissions.views.office import OfficePage
from lottery.models import DrawSession
from notifications.models import Message
from schools.models import Job
from tests.admissions.office import logged_in, people, played_city
from tests.factories.notifications import LetterFactory
from tests.factories.schools import AdmissionYearFactory, RegionFactory, UserFactory

pytestmark = pytest.mark.django_db

OFFICE = {"programme_manager", "central_office"}
MANAGER = {"programme_manager"}
DESK = OFFICE | {"notary"}
INSIDE = OFFICE  # who gets "forbidden" rather than "not found" on pages of the office


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def test_every_page_of_the_office_says_who_may_use_it():
    for pattern in urls_office.urlpatterns:
        view = pattern.callback.view_class  # type: ignore[attr-defined]
        assert issubclass(view, OfficePage), pattern.name
        assert view.permission.startswith("admissions."), pattern.name


def expected(role: str, allowed: set[str]) -> int:
    if role == "anonymous":
        return 302
    if role in allowed:
        return 200
    return 403 if role in INSIDE and allowed <= OFFICE else 404


def test_pages_open_for_the_right_people_only():
    city = played_city()
    everybody = people(city, AdmissionYearFactory(region=RegionFactory(slug="elders")).region)
    session = DrawSession.objects.get()
    number = city.application("a2").registration_number
    message = Message.objects.filter(registration_number=number).get()
    LetterFactory(message=message)
    job = Job.objects.create(year=city.year, kind=JobKind.CHECK_INTEGRITY, state="done")
    pages = {
        "/programma/": OFFICE,
        "/programma/rondes/": OFFICE,
        "/programma/rondes/ALM1/": OFFICE,
        "/programma/rondes/ALM1/?export=csv": OFFICE,
        "/programma/rondes/ALM2/spelen/": OFFICE,
        "/programma/rondes/ALM1/results.csv": OFFICE,
        f"/programma/taken/{job.pk}/": OFFICE,
        "/programma/klok/": MANAGER,
        "/programma/oefenjaar/terugzetten/": MANAGER,
        "/programma/kinderen/": OFFICE,
        f"/programma/kinderen/{number}/": OFFICE,
        "/programma/verzending/": OFFICE,
        f"/programma/verzending/{message.pk}/": OFFICE,
        f"/programma/verzending/{message.pk}/brief.pdf": OFFICE,
        "/programma/zaken/": OFFICE,
        "/programma/scholen/": OFFICE,
        "/zittingen/": DESK,
        f"/zittingen/{session.name}/": DESK,
        f"/zittingen/{session.name}/bestanden/dossiers.txt": DESK,
        f"/zittingen/{session.name}/bestanden/bundel.zip": DESK,
    }
    found = {
        (page, role): client.get(page).status_code for page in pages for role, client in everybody.items()
    }
    wanted = {(page, role): expected(role, allowed) for page, allowed in pages.items() for role in everybody}
    # The other region has a year of its own: its people open their own pages, and never anything of ours.
    own_pages = {"/programma/", "/programma/rondes/", "/programma/klok/", "/programma/oefenjaar/terugzetten/"}
    own_pages |= {f"/programma/{name}/" for name in ("kinderen", "verzending", "zaken", "scholen")}
    wanted |= {(page, "elsewhere"): 200 for page in [*own_pages, "/zittingen/"]}
    wanted |= {("/zittingen/", "notary_elsewhere"): 200}
    assert {key: code for key, code in found.items() if code != wanted[key]} == {}


def test_buttons_work_for_the_right_people_only():
    city = played_city()
    everybody = people(city, AdmissionYearFactory(region=RegionFactory(slug="elders")).region)
    job = Job.objects.create(year=city.year, kind=JobKind.PLAY_ROUND, key="ALM2", state="failed", message="x")
    session = DrawSession.objects.get()
    buttons = {
        "/programma/rondes/ALM2/spelen/": OFFICE,
        "/programma/rondes/ALM1/brieven/": OFFICE,
        f"/programma/taken/{job.pk}/opnieuw/": OFFICE,
        "/programma/klok/": MANAGER,
        "/programma/oefenjaar/terugzetten/": MANAGER,
        f"/zittingen/{session.name}/verslag/": DESK,
    }
    before = Job.objects.count()
    for path, allowed in buttons.items():
        for role, client in everybody.items():
            if role in allowed or (
                role == "elsewhere" and path in ("/programma/klok/", "/programma/oefenjaar/terugzetten/")
            ):
                continue
            answer = client.post(path)
            if role == "anonymous":
                assert answer.headers["Location"].startswith("/accounts/login/"), path
            else:
                assert answer.status_code == expected(role, allowed), (path, role)
    assert Job.objects.count() == before


def test_rows_of_another_region_do_not_exist_here():
    city = played_city()
    client = people(city, AdmissionYearFactory(region=RegionFactory(slug="elders")).region)["elsewhere"]
    number = city.application("a2").registration_number
    message = Message.objects.filter(registration_number=number).get()
    job = Job.objects.create(year=city.year, kind=JobKind.CHECK_INTEGRITY, state="done")
    paths = [
        "/programma/rondes/ALM1/",
        "/programma/rondes/ALM1/results.csv",
        f"/programma/kinderen/{number}/",
        f"/programma/verzending/{message.pk}/",
        f"/programma/taken/{job.pk}/",
        f"/zittingen/{DrawSession.objects.get().name}/",
    ]
    assert [client.get(path).status_code for path in paths] == [404] * len(paths)
    lists = [
        client.get(f"/programma/{name}/").content.decode() for name in ("kinderen", "verzending", "scholen")
    ]
    assert not any("Proef" in page.split("<main")[1] for page in lists)


def test_somebody_without_a_role_sees_nothing():
    played_city()
    client = logged_in(UserFactory())
    assert {
        client.get(path).status_code for path in ("/programma/", "/zittingen/", "/programma/kinderen/")
    } == {404}


def test_office_without_a_year_reads_what_to_do_first():
    from tests.factories.schools import region_user

    client = logged_in(region_user(RegionFactory(slug="nieuw")))
    assert client.get("/").headers["Location"] == "/programma/"
    assert "There is no admission year yet" in client.get("/programma/").content.decode()


@pytest.mark.parametrize(
    "path", ["/programma/rondes/ONZIN/", "/programma/kinderen/ZZZZZZZZ/", "/programma/taken/999/"]
)
def test_nonsense_in_an_address_is_not_found(path: str):
    city = played_city()
    client = people(city, RegionFactory(slug="elders"))["programme_manager"]
    assert client.get(path).status_code == 404
    assert Client().get(path).status_code == 302
