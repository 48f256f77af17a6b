"""The central list of directors belongs to the office: a letter is checked against it (DH-153d)."""

import pytest

from notifications.services.template_checks import why_blocked
from notifications.services.template_choice import default_choice
from notifications.services.template_editing import Draft, save_template
from schools.enums import Role
from schools.models import Event, School, SchoolRound, Ticket
from tests.admissions.test_views_school import _english, logged_in, text  # noqa: F401
from tests.factories.schools import RegionFactory, SchoolFactory, SchoolRoundFactory, region_user, school_user

pytestmark = pytest.mark.django_db
LIST = "/programma/directeuren/"


@pytest.fixture
def seats() -> SchoolRound:
    return SchoolRoundFactory(round__code="ALM1")


@pytest.fixture
def school(seats) -> School:
    school: School = seats.programme.school
    school.director_name = "Marijke Schouten"
    school.save()
    return school


def office(school: School, role: Role = Role.CENTRAL_OFFICE):
    return logged_in(region_user(school.region, role))


def signed_by_name(school: School, name: str) -> None:
    for code in ("ALM124_FIRST", "ALM124_LOWER"):
        draft = Draft.of(default_choice(code))
        values = {field: getattr(draft, field) for field in draft.__slots__} | {"signature": name}
        save_template(
            region=school.region, school=school, code=code, draft=Draft(**values), actor=None, approve=True
        )


@pytest.mark.parametrize("role", [Role.CENTRAL_OFFICE, Role.PROGRAMME_MANAGER])
def test_office_changes_the_list_and_the_letter_turns_red(seats, school, role):
    signed_by_name(school, "Marijke Schouten\nde directeur")
    assert why_blocked(school, seats.round) == []
    client = office(school, role)
    assert "Marijke Schouten" in text(client, LIST)

    answer = client.post(f"{LIST}{school.pk}/", {"director_name": "  Omar   Jansen "})

    assert answer.status_code == 302
    school.refresh_from_db()
    assert school.director_name == "Omar Jansen"
    assert "Omar Jansen" in " ".join(why_blocked(school, seats.round))
    event = Event.objects.get(kind="director_set")
    assert event.object_key == school.brin and "Omar" not in f"{event.old}{event.new}{event.reason}"
    client.post(f"{LIST}{school.pk}/", {"director_name": "Omar Jansen"})  # the second click
    assert Event.objects.filter(kind="director_set").count() == 1


@pytest.mark.parametrize("name", ["", "   ", "\u202e\u2066", "x" * 121])
def test_name_that_cannot_be_printed_is_refused_beside_its_field(school, name):
    answer = office(school).post(f"{LIST}{school.pk}/", {"director_name": name})

    assert answer.status_code == 422 and "director_name" in answer.content.decode()
    school.refresh_from_db()
    assert school.director_name == "Marijke Schouten"


def test_school_reads_its_name_and_cannot_change_it(seats, school):
    """Also not by sending the field that its form had before."""
    client = logged_in(school_user(school, Role.SCHOOL_DIRECTOR))
    page = f"/school/{school.brin}/instellingen/gegevens/"
    shown = text(client, page)
    assert "Marijke Schouten" in shown and 'name="director_name"' not in shown
    assert "Ask the office to change it" in text(client, f"/school/{school.brin}/instellingen/")

    typed = {
        "street": "Nieuwstraat 2",
        "postcode": "2511 BB",
        "place": "Duinstad",
        "contact_email": "info@example.org",
        "contact_phone": "070 123",
        "hand_in": "desk",
        "hand_in_note": "",
        "transition": "10-01",
        "transition_other": "",
        "director_name": "Ik Zelf",
    }
    client.post(page, typed)

    school.refresh_from_db()
    assert school.director_name == "Marijke Schouten"
    assert client.get(f"{LIST}{school.pk}/").status_code == 404


def test_school_asks_its_desk_with_the_present_name_filled_in(school):
    client = logged_in(school_user(school))
    url = f"/school/{school.brin}/hulp/"
    assert "Our director on the central list is Marijke Schouten" in text(client, f"{url}?over=directeur")
    assert "Our director on the central list" not in text(client, url)
    assert not Ticket.objects.exists()  # looking at the form asks nothing


def test_list_finds_schools_without_a_name_and_goes_to_a_file(seats, school):
    nameless = SchoolRoundFactory(round=seats.round, programme__school__director_name="").programme.school
    client = office(school)

    found = text(client, f"{LIST}?tab=missing")
    assert nameless.name in found and school.name not in found
    assert school.name in text(client, f"{LIST}?q=schouten")
    exported = client.get(f"{LIST}?export=csv")
    assert "Marijke Schouten" in b"".join(exported.streaming_content).decode("utf-8-sig")


def test_school_of_another_region_is_not_found(school):
    other = SchoolFactory(region=RegionFactory())
    assert office(school).get(f"{LIST}{other.pk}/").status_code == 404
    assert office(school).post(f"{LIST}{other.pk}/", {"director_name": "X"}).status_code == 404
