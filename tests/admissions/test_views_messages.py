"""Pages about sending: the release of the office, letters of a school, what did not arrive (DH-052, DH-115, DH-135)."""

import pytest
from django.test import Client
from django.utils import translation

from admissions.models import ContactAttempt, Guardian, ReminderStop
from notifications.enums import DeliveryState
from notifications.models import Delivery, Message, PrintBatch, Release, ReleaseLook
from notifications.services.template_choice import default_choice
from notifications.services.template_editing import Draft
from schools.enums import Role, RoundState
from schools.models import School
from tests.admissions.office import logged_in, text
from tests.factories.city import City, brin, make_city
from tests.factories.city import School as SchoolPlan
from tests.factories.schools import region_user, school_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def city_at(state: str) -> City:
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", a="A", b="A B", c="A B")
    city.play_to("ALM1", state) if state != RoundState.OFFERS else city.play("ALM1")
    city.year.refresh_from_db()
    return city


def at_school(city: City, name: str = "A", role: str = Role.SCHOOL_ADMIN) -> Client:
    return logged_in(school_user(School.objects.get(brin=brin(name)), role))


def fail(city: City, kind: str) -> Delivery:
    """A copy of a message of this kind that could not be delivered."""
    row = Delivery.objects.filter(message__kind=kind, message__year=city.year).first()
    assert row is not None
    broken = Delivery.objects.create(
        message=row.message,
        position=2,
        channel="email",
        email="fout@example.org",
        key="f" * 32,
        state="failed",
        code="5.1.1",
    )
    return broken


# --- the office ------------------------------------------------------------------------------------------------------

RELEASE = "/programma/verzending/vrijgave/ALM1/"


def test_two_accounts_open_the_release_on_its_page():
    city = city_at(RoundState.MATCHED)
    region = city.year.region
    first, second = (
        logged_in(region_user(region, role)) for role in (Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE)
    )
    for name in "AB":
        at_school(city, name).post(f"/school/{brin(name)}/brieven/ALM1/klaar/")
    city.move_clock("2024-01-18T10:00")
    assert "Nobody yet" in text(first, RELEASE)
    for client in (first, second):
        client.post(f"{RELEASE}bevestigen/")  # nothing looked at: refused
        assert Message.objects.filter(kind="M04", state="released").count() == 0
        client.post(f"{RELEASE}nakijken/")
        client.post(f"{RELEASE}kijken/")
        look = ReleaseLook.objects.latest("pk")
        for pk in look.sample:
            assert client.get(f"/programma/verzending/{pk}/lezen/").status_code == 302
        client.post(f"{RELEASE}bevestigen/")
    assert Release.objects.get().opened_at is not None
    assert set(Message.objects.values_list("state", flat=True)) == {"released"}
    assert "Opened on" in text(first, RELEASE)
    count = Delivery.objects.count()
    first.post(f"{RELEASE}bevestigen/")
    assert Delivery.objects.count() == count


def test_stop_button_takes_confirmations_back():
    city = city_at(RoundState.MATCHED)
    client = logged_in(region_user(city.year.region))
    client.post(f"{RELEASE}nakijken/")
    client.post(f"{RELEASE}kijken/")
    for pk in ReleaseLook.objects.get().sample:
        client.get(f"/programma/verzending/{pk}/lezen/")
    client.post(f"{RELEASE}bevestigen/")
    assert Release.objects.get().first_by is not None
    client.post(f"{RELEASE}terug/")
    assert Release.objects.get().first_by is None


def test_release_page_names_every_empty_field_with_its_number_of_letters():
    """DH-158: what to mend, not only which letters; nobody confirms before it is mended."""
    city = city_at(RoundState.MATCHED)
    school = School.objects.get(brin=brin("A"))
    director = school_user(school, Role.SCHOOL_DIRECTOR)
    draft = Draft.of(default_choice("ALM124_FIRST"))
    values = {name: getattr(draft, name) for name in draft.__slots__}
    values["body"] = "# [kind] mag komen\nBel [school-telefoon].\n"
    url = f"/school/{school.brin}/sjablonen/ALM124_FIRST/"
    assert logged_in(director).post(url, values).status_code == 302
    client = logged_in(region_user(city.year.region))
    client.post(f"{RELEASE}nakijken/")
    page = client.get(RELEASE).content.decode()
    assert "Empty fields" in page and "<code>[school-telefoon]</code>: 1 letter<" in page
    assert "Some letters are not complete" in page


def test_release_of_a_round_that_was_not_drawn_does_not_exist():
    city = city_at(RoundState.MATCHED)
    client = logged_in(region_user(city.year.region))
    assert client.get("/programma/verzending/vrijgave/ALM2/").status_code == 404


def test_letters_by_post_are_printed_and_their_day_moves_the_reply_period():
    """Q-35, DH-159"""
    city = make_city({"A": 2})
    city.apply("ALM1", a="A", b="A")
    Guardian.objects.filter(application=city.application("a")).update(email="")
    city.play("ALM1")
    client = logged_in(region_user(city.year.region))
    assert "1 letter waits" in text(client, "/programma/verzending/post/")
    client.post("/programma/verzending/post/maken/")
    client.post("/programma/verzending/post/maken/")
    batch = PrintBatch.objects.get()
    city.move_clock("2024-01-23T10:00")
    pdf = client.get(f"/programma/verzending/post/{batch.pk}/brieven.pdf")
    assert pdf.content.startswith(b"%PDF")
    school = city.application("a").first_choice.programme.school.brin
    own = client.get(f"/programma/verzending/post/{batch.pk}/brieven.pdf?school={school}")
    assert own.content == pdf.content and school in own.headers["Content-Disposition"]
    assert client.get(f"/programma/verzending/post/{batch.pk}/brieven.pdf?school=bureau").status_code == 404
    page = client.post(f"/programma/verzending/post/{batch.pk}/verstuurd/", {f"{batch.pk}-on": "2024-02-01"})
    assert (page.status_code, "has not come yet" in page.content.decode()) == (409, True)
    client.post(f"/programma/verzending/post/{batch.pk}/verstuurd/", {f"{batch.pk}-on": "2024-01-22"})
    assert Delivery.objects.get(channel="post").state == DeliveryState.POSTED
    assert city.seat("a").respond_by.isoformat() == "2024-02-19"
    assert city.seat("b").respond_by.isoformat() == "2024-02-15"


def test_outbox_finds_what_did_not_arrive():
    city = city_at(RoundState.OFFERS)
    row = fail(city, "M04")
    client = logged_in(region_user(city.year.region))
    page = client.get("/programma/verzending/?arrived=failed")
    assert [record.record.pk for record in page.context["table"].page.object_list] == [row.message_id]
    assert "1 message did not arrive" in page.content.decode()
    assert "fout@example.org" in text(client, f"/programma/verzending/{row.message_id}/")


# --- a school --------------------------------------------------------------------------------------------------------


def test_school_marks_ready_takes_back_and_cannot_send_before_the_others():
    city = city_at(RoundState.MATCHED)
    client, page = at_school(city), f"/school/{brin('A')}/brieven/"
    assert "Our letters are ready" in text(client, page)
    client.post(f"{page}ALM1/klaar/")
    assert Release.objects.get().marks.count() == 1
    client.post(f"{page}ALM1/niet-klaar/")
    assert Release.objects.get().marks.count() == 0
    client.post(f"{page}ALM1/versturen/")
    assert set(Message.objects.filter(kind="M04").values_list("state", flat=True)) == {"held"}
    assert client.post(f"{page}ALM2/klaar/").status_code == 404


def test_failed_message_stands_on_the_start_page_in_the_list_and_is_mended():
    """DH-052, DH-053, DH-115, Q-35"""
    city = city_at(RoundState.OFFERS)
    row = fail(city, "M04")
    number = row.message.registration_number
    client = at_school(city)
    assert "1 message did not arrive" in text(client, f"/school/{brin('A')}/")
    listed = client.get(f"/school/{brin('A')}/berichten/?tab=failed")
    assert [record.record.registration_number for record in listed.context["table"].page.object_list] == [
        number
    ]
    assert "Failed" in text(client, f"/school/{brin('A')}/toegelaten/?arrived=failed")
    city.move_clock("2024-01-25T10:00")
    url = f"/school/{brin('A')}/bezorging/{row.pk}/opnieuw/"
    answer = client.post(url, {f"{row.pk}-email": "geen adres"})
    assert (answer.status_code, "geen adres" in answer.content.decode()) == (422, True)
    assert answer.content.decode().count('id="fouten"') == 1
    assert client.post(url, {f"{row.pk}-email": "goed@example.org"}).status_code == 302
    again = Message.objects.get(resend_of=row.message)
    assert (again.recipient_email, again.merge["respond_by"], again.state) == (
        "goed@example.org",
        "2024-02-22",
        "released",
    )
    assert client.post(url, {f"{row.pk}-email": "goed@example.org"}).status_code == 409
    assert Message.objects.filter(resend_of=row.message).count() == 1
    assert "did not arrive" not in text(client, f"/school/{brin('A')}/")


def test_family_that_heard_by_phone_asks_for_no_attention_any_more():
    city = city_at(RoundState.OFFERS)
    row = fail(city, "M04")
    client = at_school(city)
    client.post(f"/school/{brin('A')}/bezorging/{row.pk}/gebeld/")
    row.refresh_from_db()
    assert (row.settled_how, row.settled_at is not None) == ("phoned", True)


def test_contact_is_written_down_and_nothing_typed_is_lost():
    city = city_at(RoundState.OFFERS)
    number = Message.objects.get(kind="M04").registration_number
    client, page = at_school(city), f"/school/{brin('A')}/kind/{number}/bereiken/"
    wrong = client.post(f"{page}contact/", {"way": "phone", "on": "2030-01-01", "note": "Oma nam op"})
    assert (wrong.status_code, "Oma nam op" in wrong.content.decode()) == (422, True)
    client.post(
        f"{page}contact/", {"way": "phone", "on": "2024-01-18", "note": "Oma nam op", "was_reached": "on"}
    )
    attempt = ContactAttempt.objects.get()
    assert (attempt.way, attempt.was_reached, attempt.note) == ("phone", True, "Oma nam op")
    assert "Oma nam op" in text(client, page)
    client.post(f"{page}herinnering/", {"stop": "1"})
    assert ReminderStop.objects.get().placement is not None
    client.post(f"{page}herinnering/", {"stop": "0"})
    assert not ReminderStop.objects.exists()
    client.post(f"/school/{brin('A')}/brieven/ALM1/herinneringen/", {"stop": "1"})
    assert ReminderStop.objects.get().placement is None


def test_school_sees_messages_about_its_own_children_only():
    """Nothing of another school, of the unplaced, or of who was invited for a VOVP (DH-135, Q-16)."""
    once = SchoolPlan((1, 0, 0, 0))
    city = make_city({"A": once, "B": once})
    city.apply("ALM1", a="A", b="A B", c="A B")
    city.play("ALM1", {"A": "a b c"})
    city.play("ALM2")
    city.play("VOVP1")
    lower = next(key for key in "bc" if city.seats().get(key))
    pages = {name: at_school(city, name).get(f"/school/{brin(name)}/berichten/") for name in "AB"}
    kinds = {
        name: {
            (row.record.kind, row.record.registration_number)
            for row in page.context["table"].page.object_list
        }
        for name, page in pages.items()
    }
    assert {number for _kind, number in kinds["A"]} == {city.application("a").registration_number}
    assert {number for _kind, number in kinds["B"]} == {city.application(lower).registration_number}
    assert {kind for found in kinds.values() for kind, _number in found} <= {
        "M01",
        "M04",
        "M05",
        "M08",
        "M11",
    }
    # Drawn out here: its own application, never where it ended up.
    other = city.application(lower).registration_number
    shown = text(at_school(city), f"/school/{brin('A')}/kind/{other}/bereiken/")
    assert "De Proef B" not in shown
    assert "Offer" not in shown
    foreign = city.application("a").registration_number
    assert at_school(city, "B").get(f"/school/{brin('B')}/kind/{foreign}/bereiken/").status_code == 404


def test_vovp_result_is_no_message_of_a_school_before_it_may_see_it():
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", x="A", y="A B")
    city.play("ALM1", {"A": "x y"})
    city.withdraw("x", on="2024-02-01")
    city.play("ALM2")
    city.play_to("VOVP1", RoundState.VISIBLE_TO_SCHOOLS)
    page = at_school(city).get(f"/school/{brin('A')}/berichten/")
    assert all(
        row.record.kind != "M11" or row.record.state == "held"
        for row in page.context["table"].page.object_list
    )


def test_somebody_elses_delivery_does_not_exist_here():
    city = city_at(RoundState.OFFERS)
    row = fail(city, "M05")
    client = at_school(city, "A")
    assert (
        client.post(
            f"/school/{brin('A')}/bezorging/{row.pk}/opnieuw/", {"email": "x@example.org"}
        ).status_code
        == 404
    )
    assert client.post(f"/school/{brin('A')}/bezorging/{row.pk}/gebeld/").status_code == 404
