"""Every message of the catalogue has a step that makes it (den-haag.md 2.10), and makes it once."""

from datetime import date, timedelta

import pytest

from admissions.enums import CareState
from admissions.models import CareCase, Placement, ReminderStop
from admissions.services.forms.corrections import report_wrong_birth_date
from admissions.services.letters.notices import acknowledge_call
from admissions.services.letters.watching import remind_due, watch_year
from admissions.services.replies.moves import decide_move, request_move, see_proof
from admissions.services.replies.withdrawal_reasons import Reason
from notifications.enums import DeliveryState
from notifications.models import Delivery, Message
from notifications.services.deliveries import due_deliveries
from notifications.services.mail_content import render_mail
from notifications.services.sending import send_batch
from schools.clock import now
from schools.enums import RoundState
from schools.models import Region, School
from tests.factories.ceremony import open_room
from tests.factories.city import City, Form, brin, make_city
from tests.factories.city import School as SchoolPlan
from tests.factories.schools import region_user, school_user
from tests.notifications.sinks import Sink, mail_server

pytestmark = pytest.mark.django_db


def kinds(city: City) -> dict[str, int]:
    found: dict[str, int] = {}
    for kind in Message.objects.filter(year=city.year).values_list("kind", flat=True):
        found[kind] = found.get(kind, 0) + 1
    return found


def only(kind: str) -> Message:
    """The one message of this kind, which can be rendered and has left."""
    message = Message.objects.get(kind=kind)
    assert message.state == "released"
    mail = render_mail(message)
    assert mail.subject and mail.text and "[" not in mail.subject
    return message


def city_with_offers() -> City:
    """a has a place at A; b was drawn out at A and has a place at B."""
    city = make_city({"A": 1, "B": 1})
    School.objects.update(contact_email="school@example.org")
    Region.objects.update(desk_email="loket@example.org")
    city.apply("ALM1", a=Form("A", claims=""), b="A B")
    city.play("ALM1", {"A": "a b"})
    city.year.refresh_from_db()
    return city


def failed_confirmation() -> Message:
    """A confirmation that the mail server refused, at a form that was made final here."""
    from admissions.services.letters.outcome_messages import send_confirmation

    city = city_with_offers()
    type(city.year).objects.filter(pk=city.year.pk).update(is_rehearsal=False, clock_at=None)
    city.year.refresh_from_db()
    application = city.application("a")
    application.year.refresh_from_db()
    with mail_server(Sink(rcpt=lambda _address: "550 5.1.1 no such user")):
        message = send_confirmation(application, version=7)
        send_batch(due_deliveries())
    return message


def test_m02_tells_the_school_that_a_confirmation_failed_once():
    confirmation = failed_confirmation()
    watch_year(confirmation.year)
    watch_year(confirmation.year)
    message = only("M02")
    assert (message.recipient_email, message.merge["reason"]) == ("school@example.org", "5.1.1")
    assert message.registration_number == confirmation.registration_number


def test_m03_tells_the_office_of_a_wrong_birth_date():
    city = city_with_offers()
    user = school_user(city.school_round("A", "ALM1").programme.school)
    report_wrong_birth_date(city.application("a"), note="Moet 6 oktober zijn", actor=user)
    message = only("M03")
    assert message.recipient_email == "loket@example.org"
    assert "Moet 6 oktober zijn" in render_mail(message).text


def test_m04_to_m07_come_with_the_round():
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", a="A", b="A B", c="A B")
    city.play("ALM1")
    assert kinds(city) == {"M04": 1, "M05": 1, "M06": 1, "M07": 1}
    assert set(Message.objects.values_list("state", flat=True)) == {"released"}


def test_m07_leaves_after_the_matching_and_before_the_offers():
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", a="A", b="A B", c="A B")
    city.play_to("ALM1", RoundState.MATCHED)
    city.year.refresh_from_db()
    watch_year(city.year)
    assert dict(Message.objects.values_list("kind", "state")) == {
        "M04": "held",
        "M05": "held",
        "M06": "held",
        "M07": "released",
    }


def test_m08_reminds_a_week_before_the_last_day_once_and_not_when_it_was_stopped():
    city = city_with_offers()
    seats = {key: city.seat(key) for key in "ab"}
    until = seats["a"].respond_by
    assert until == date(2024, 2, 15)
    city.move_clock((until - timedelta(days=8)).isoformat())
    city.year.refresh_from_db()
    assert remind_due(city.year, now(city.year)) == 0
    ReminderStop.objects.create(
        school_round=seats["b"].school_round, placement=seats["b"], stopped_at=now(city.year)
    )
    city.move_clock((until - timedelta(days=7)).isoformat())
    city.year.refresh_from_db()
    assert remind_due(city.year, now(city.year)) == 1
    assert remind_due(city.year, now(city.year)) == 0
    message = only("M08")
    assert message.registration_number == city.application("a").registration_number
    assert "15 februari" in render_mail(message).text


def test_m08_of_a_whole_school_can_be_stopped_and_who_answered_gets_none():
    city = city_with_offers()
    seats = {key: city.seat(key) for key in "ab"}
    ReminderStop.objects.create(school_round=seats["a"].school_round, stopped_at=now(city.year))
    city.enrol("b")
    city.move_clock("2024-02-10")
    city.year.refresh_from_db()
    assert remind_due(city.year, now(city.year)) == 0


def test_m09_and_m10_invite_and_no_school_sees_them():
    once = SchoolPlan((1, 0, 0, 0))
    city = make_city({"A": once, "B": once})
    city.apply("ALM1", a="A", b="A B", c="A B")
    city.play("ALM1", {"A": "a b c"})
    city.play("ALM2")
    before = city.decisions()
    city.play("VOVP1")
    found = {
        message.kind: message.registration_number
        for message in Message.objects.filter(kind__in=["M09", "M10"])
    }
    unplaced = next(key for key in "abc" if before[key] == "unplaced")
    lower = next(key for key in "abc" if before[key] == "placed_lower")
    assert found == {
        "M09": city.application(unplaced).registration_number,
        "M10": city.application(lower).registration_number,
    }
    for message in Message.objects.filter(kind__in=["M09", "M10"]):
        assert message.school is None
        assert message.released_at is not None
        round_ = city.round("VOVP1")
        assert message.merge["opt_in_from"] == round_.opt_in_from.isoformat()
        assert render_mail(message).subject


def test_m11_to_m14_come_with_a_vovp_and_name_the_right_desk():
    """DH-147: parents ask their desk, schools theirs."""
    once = SchoolPlan((1, 0, 0, 0))
    city = make_city({"A": once, "B": once})
    Region.objects.update(desk_email="ouders@example.org", school_desk_email="scholen@example.org")
    city.apply("ALM1", x="A", y="A B", z="A")
    city.play("ALM1", {"A": "x y z"})
    city.withdraw("x", on="2024-02-01")
    city.play("ALM2")
    city.play("VOVP1", {"centraal": "y z"})
    found = Message.objects.filter(round__code="VOVP1").exclude(kind__in=["M09", "M10"])
    assert set(found.values_list("kind", flat=True)) == {"M11", "M12", "M13", "M14"}
    parents, schools = (
        {kind: render_mail(found.filter(kind=kind)[0]).text for kind in kinds}
        for kinds in (("M11", "M12"), ("M13", "M14"))
    )
    assert all("ouders@example.org" in text and "scholen@" not in text for text in parents.values())
    assert all("scholen@example.org" in text and "ouders@" not in text for text in schools.values())
    assert "is er bij De Proef A 1 kind geplaatst" in schools["M13"]
    assert "kreeg 1 kind van De Proef B" in schools["M14"]


def test_m15_tells_the_office_of_a_reported_withdrawal_only():
    city = city_with_offers()
    city.withdraw("a", on="2024-01-20", reason=Reason("moved_inside", "", is_reported=True))
    city.withdraw("b", on="2024-01-20", reason=Reason("uncapped_school"))
    message = only("M15")
    assert message.recipient_email == "loket@example.org"
    assert message.registration_number == city.application("a").registration_number


def test_m16_takes_the_place_of_the_offer_and_waits_for_the_review():
    """DH-176, DH-179: nothing leaves unread by the programme manager."""
    from admissions.services.letters.offers import unreviewed_care

    city = make_city({"A": 1})
    city.apply("ALM1", a=Form("A", care_request=True, care_duty=True))
    city.play_to("ALM1", RoundState.MATCHED)
    assert set(Message.objects.values_list("kind", flat=True)) == {"M16"}
    number = city.application("a").registration_number
    assert unreviewed_care(city.round("ALM1")) == {number}
    CareCase.objects.update(state=CareState.LETTER_REVIEWED)
    assert unreviewed_care(city.round("ALM1")) == set()
    city.play("ALM1")
    assert CareCase.objects.get().state == CareState.LETTER_SENT
    only("M16")


@pytest.mark.parametrize("outside", [True, False])
def test_m17_tells_parents_and_school_what_was_decided(outside: bool):
    city = city_with_offers()
    user = region_user(city.year.region)
    request = request_move(city.application("a"), note="Verhuist naar Duindorp", actor=user)
    see_proof(request.pk, actor=user)
    decide_move(request.pk, outside_catchment=outside, note="Gezien", actor=user)
    found = Message.objects.filter(kind="M17").order_by("case_key")
    assert [(message.recipient_email, message.merge["is_allowed"]) for message in found] == [
        ("a@example.org", outside),
        ("school@example.org", outside),
    ]
    parents, school = (render_mail(message).text for message in found)
    assert "Beste ouders" in parents and ("U mag" in parents) is outside and "klacht" in parents
    assert "Beste ouders" not in school and ("Trek de aanmelding terug" in school) is outside
    assert "klacht" not in school


def test_m18_tells_the_school_who_did_not_answer_once_per_last_day():
    city = city_with_offers()
    city.move_clock("2024-02-16")
    city.year.refresh_from_db()
    watch_year(city.year)
    watch_year(city.year)
    found = Message.objects.filter(kind="M18")
    assert {message.school.brin for message in found if message.school} == {brin("A"), brin("B")}
    assert found.count() == 2
    assert all(render_mail(message).subject for message in found)


def test_m19_says_that_we_call_back_once():
    city = city_with_offers()
    values = {"key": "call/1", "name": "A. de Wit", "email": "ouder@example.org", "phone": "06 00 00 00 00"}
    assert acknowledge_call(city.year, **values) == 1
    assert acknowledge_call(city.year, **values) == 0
    assert "06 00 00 00 00" in render_mail(only("M19")).text
    assert acknowledge_call(city.year, **(values | {"key": "call/2", "email": ""})) == 0


def test_m20_goes_to_every_family_by_mail_or_post():
    """A family without a mail address gets its dossier line by post."""
    from admissions.models import Guardian
    from admissions.services.draws.ceremony import confirm_round, freeze_round

    room = open_room()
    first = Guardian.objects.order_by("pk").first()
    assert first is not None
    Guardian.objects.filter(pk=first.pk).update(email="")
    frozen = freeze_round(room.round.pk, actor=room.first, warnings_seen=True)
    confirm_round(frozen.session.pk, actor=room.second)
    released = Message.objects.filter(kind="M20", state="released")
    assert Delivery.objects.filter(message__in=released).count() == released.count() > 1
    post = Delivery.objects.get(message__kind="M20", channel="post")
    assert post.state == DeliveryState.TO_POST
    assert post.message.recipient_address


def test_seats_of_families_that_answered_are_left_alone():
    city = city_with_offers()
    city.enrol("a", "b")
    city.move_clock("2024-03-01")
    city.year.refresh_from_db()
    watch_year(city.year)
    assert set(kinds(city)) <= {"M04", "M05", "M07"}
    assert Placement.objects.filter(state="enrolled").count() == 2
