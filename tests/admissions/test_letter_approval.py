"""The director approves what the administrator changes in a letter; until then it is not sent (section 1, DH-151)."""

from datetime import date

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, InternalError, OperationalError, transaction

from notifications.models import LetterTemplate, TemplateApproval
from notifications.services.letters import letters_to_make
from notifications.services.template_approval import waiting_versions
from notifications.services.template_choice import Choices, default_choice
from notifications.services.template_editing import Draft
from schools.enums import Role, RoundState
from schools.models import Event, User
from tests.admissions.test_views_school import Scene, _english, logged_in, text  # noqa: F401
from tests.factories.schools import SchoolRoundFactory, region_user, school_user
from tests.notifications.family_messages import make_message

pytestmark = pytest.mark.django_db

FIRST = "ALM124_FIRST"
PROPOSED = "# [kind] mag bij ons komen\nSchrijf in vóór [reactie-voor].\n"


@pytest.fixture
def scene() -> Scene:
    scene = Scene(SchoolRoundFactory(round__code="ALM1", round__offers_on=date(2024, 1, 18)))
    scene.school.director_name = "Marijke Schouten"
    scene.school.save()
    return scene.at(date(2024, 1, 22), RoundState.OFFERS)


def store(scene: Scene, user: User, **changes: str):
    draft = Draft.of(default_choice(FIRST))
    typed = {name: getattr(draft, name) for name in draft.__slots__} | changes
    return logged_in(user).post(scene.url("letter-edit", FIRST), typed)


def approve(scene: Scene, user: User, version: object):
    return logged_in(user).post(scene.url("letter-approve", FIRST), {"version": version})


def sent_body(scene: Scene) -> str:
    return Choices(scene.school.region_id).text(scene.school.pk, FIRST).text.body


def said(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


@pytest.fixture
def administrator(scene) -> User:
    return school_user(scene.school, Role.SCHOOL_ADMIN)


@pytest.fixture
def director(scene) -> User:
    return school_user(scene.school, Role.SCHOOL_DIRECTOR)


def test_proposal_is_not_sent_before_the_director_approves_it(scene, administrator, director):
    ready_made = sent_body(scene)
    answer = store(scene, administrator, body=PROPOSED)

    assert "as soon as the director has approved it" in said(answer)
    assert sent_body(scene) == ready_made
    listed = text(logged_in(administrator), scene.url("letter-list"))
    assert "Version 1 waits for approval" in listed and "the ready-made text is sent" in listed
    page = text(logged_in(administrator), scene.url("letter-edit", FIRST))
    assert "mag bij ons komen" in page and "Version 1 is not sent yet" in page
    assert scene.url("letter-approve", FIRST) not in page
    assert scene.url("letter-approve", FIRST) in text(logged_in(director), scene.url("letter-edit", FIRST))

    approve(scene, director, 1)

    assert sent_body(scene) == PROPOSED
    approval = TemplateApproval.objects.get()
    assert approval.approved_by == director and approval.template.saved_by == administrator
    page = text(logged_in(administrator), scene.url("letter-edit", FIRST))
    assert "Approved" in page and str(director) in page and "is not sent yet" not in page
    assert Event.objects.get(kind="letter_approved").new == "ALM124_FIRST v1"


def test_last_approved_version_goes_on_while_a_newer_one_waits(scene, administrator, director):
    store(scene, director, body=PROPOSED)
    store(scene, administrator, body="# Nog niet\n")

    assert sent_body(scene) == PROPOSED
    listed = text(logged_in(administrator), scene.url("letter-list"))
    assert "Until then version 1 is sent" in listed
    assert [row.version for row in waiting_versions(scene.school)] == [2]
    preview = scene.url("letter-preview", FIRST)
    client = logged_in(administrator)
    assert "Nog niet" in text(client, preview + "?als=mail&html=1&versie=2")
    assert "Nog niet" not in text(client, preview + "?als=mail&html=1")


def test_held_letter_follows_the_approval_and_not_the_proposal(scene, administrator, director):
    message = make_message(scene.seats.round, "M04", school=scene.school)
    choice = Choices(scene.school.region_id)
    before = choice.of(message).digest
    store(scene, administrator, body=PROPOSED)
    assert Choices(scene.school.region_id).of(message).digest == before
    assert letters_to_make(scene.seats.round_id) == [message.pk]

    approve(scene, director, 1)
    assert Choices(scene.school.region_id).of(message).digest != before


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.SCHOOL_ADMIN, 403),
        (Role.SCHOOL_DIRECTOR, 302),
        (Role.CARE_COORDINATOR, 403),
        (Role.PROGRAMME_MANAGER, 302),
        (Role.CENTRAL_OFFICE, 403),
        (Role.SCHOOL_DESK, 403),
        (Role.NOTARY, 404),
    ],
)
def test_who_may_approve(scene, administrator, role, status):
    store(scene, administrator, body=PROPOSED)
    in_school = role in (Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR)
    user = school_user(scene.school, role) if in_school else region_user(scene.school.region, role)

    assert approve(scene, user, 1).status_code == status
    assert TemplateApproval.objects.exists() == (status == 302)


def test_director_of_another_school_does_not_see_the_letter(scene, administrator):
    store(scene, administrator, body=PROPOSED)
    other = school_user(SchoolRoundFactory().programme.school, Role.SCHOOL_DIRECTOR)

    assert approve(scene, other, 1).status_code == 404
    assert not TemplateApproval.objects.exists()


def test_two_clicks_and_two_people_give_one_approval(scene, administrator, director):
    store(scene, administrator, body=PROPOSED)
    manager = region_user(scene.school.region, Role.PROGRAMME_MANAGER)
    for user in (director, director, manager):
        assert "Version 1 is approved" in said(approve(scene, user, 1))

    assert TemplateApproval.objects.get().approved_by == director
    assert Event.objects.filter(kind="letter_approved").count() == 1


@pytest.mark.parametrize("version", ["1", "3", "", "x", "9" * 40])
def test_page_that_was_overtaken_approves_nothing(scene, administrator, director, version):
    """In one tab version 1 is read, in another version 2 is stored: nobody approves what they did not read."""
    store(scene, administrator, body=PROPOSED)
    store(scene, administrator, body="# Anders, [kind]\n")
    answer = approve(scene, director, version)

    assert answer.status_code == 302 and "ersion" in said(answer)
    assert not TemplateApproval.objects.exists()


def test_red_version_is_not_approved(scene, administrator, director):
    """DH-154: a text that blocks sending would stop the whole school on the day of the letters."""
    store(scene, administrator, date_line="18 januari 2024")
    assert "Mend what is red first" in said(approve(scene, director, 1))
    assert not TemplateApproval.objects.exists()

    logged_in(director).post(scene.url("letter-mend", FIRST), {"what": "date"})
    assert TemplateApproval.objects.get().template.version == 2


def test_mend_of_the_administrator_is_a_proposal_and_is_made_once(scene, administrator, director):
    store(scene, director, date_line="18 januari 2024")  # the director's own text: red, and it blocks
    client = logged_in(administrator)
    client.post(scene.url("letter-mend", FIRST), {"what": "date"})
    again = client.post(scene.url("letter-mend", FIRST), {"what": "date"})

    assert "waits for the director" in said(again)
    assert LetterTemplate.objects.count() == 2 and TemplateApproval.objects.count() == 1


def test_same_text_stored_by_the_director_approves_it(scene, administrator, director):
    store(scene, administrator, body=PROPOSED)
    store(scene, director, body=PROPOSED)

    assert LetterTemplate.objects.get().approval.approved_by == director


def test_start_page_asks_the_director_and_not_the_administrator(scene, administrator, director):
    store(scene, administrator, body=PROPOSED)

    page = scene.url("school-today")
    assert "Approve 1 changed letter" in text(logged_in(director), page) or "1 letter to approve" in text(
        logged_in(director), page
    )
    assert "letter to approve" not in text(logged_in(administrator), page)


def test_approval_stays_also_for_raw_sql(scene, director):
    store(scene, director, body=PROPOSED)
    refused = (IntegrityError, InternalError, OperationalError)
    for change in (lambda rows: rows.update(approved_by=None), lambda rows: rows.delete()):
        with pytest.raises(refused), transaction.atomic():
            change(TemplateApproval.objects.all())
