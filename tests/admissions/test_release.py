"""The one release of a round: opened by two people, exactly once, never early (DH-111, DH-116, DH-142, Q-36, Q-48)."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from admissions.models import Guardian, Placement
from admissions.services.letters.offers import (
    OfferError,
    TooEarly,
    due_rounds,
    open_round,
    release_of,
    send_offers,
    send_own,
)
from admissions.services.letters.watching import tell_unsent_of, watch_year
from notifications.enums import SCHOOL_KINDS, DeliveryState
from notifications.models import Delivery, Message, Release
from notifications.services.deliveries import due_deliveries
from notifications.services.releases import (
    ReleaseError,
    check_recipients,
    confirm_release,
    differences,
    held_rows,
    last_look,
    mark_read,
    mark_ready,
    take_back,
    take_look,
    take_mark_back,
    why_not,
)
from notifications.services.sending import send_batch
from schools.clock import now
from schools.enums import Role, RoundState
from schools.models import AdmissionYear, Round, School, User, local_moment
from tests.factories.city import CENTRAL, City, brin, make_city
from tests.factories.schools import region_user
from tests.notifications.sinks import Sink, mail_server

pytestmark = pytest.mark.django_db


ORDERS = {"A": "a b c d", CENTRAL: "c d"}


def matched_city() -> City:
    """ALM1 drawn and not told: a and b have a place at A, c at B (lower), d nowhere."""
    city = make_city({"A": 2, "B": 1})
    city.apply("ALM1", a="A", b="A", c="A B", d="A B")
    city.play_to("ALM1", RoundState.MATCHED, ORDERS)
    assert city.decisions() == {"a": "admitted", "b": "admitted", "c": "placed_lower", "d": "unplaced"}
    return city


def people(city: City) -> tuple[User, User]:
    region = city.year.region
    return region_user(region), region_user(region, Role.CENTRAL_OFFICE)


def school(city: City, name: str) -> School:
    return School.objects.get(region=city.year.region, brin=brin(name))


def look_and_confirm(round_: Round, user: User) -> Release:
    """What one person does on the page."""
    release, at = release_of(round_), now(round_.year)
    if not release.checked_at:
        check_recipients(release, at=at)
    for pk in take_look(release, user, at=at).sample:
        mark_read(release, user, pk)
    return confirm_release(release.pk, actor=user, at=at)


def ready(city: City, *names: str) -> None:
    round_ = city.round("ALM1")
    for name in names:
        mark_ready(release_of(round_), school(city, name), actor=None, at=now(city.year))


def go_to_sending_day(city: City, time: str = "10:00") -> Round:
    round_ = city.round("ALM1")
    city.move_clock(f"{round_.offers_on.isoformat()}T{time}")
    return city.round("ALM1")


def make_real(city: City) -> None:
    """The same year for real children: its clock is that of the database, long after the sending day."""
    AdmissionYear.objects.filter(pk=city.year.pk).update(is_rehearsal=False, clock_at=None)
    city.year.refresh_from_db()


def states(city: City) -> dict[str, str]:
    rows = (
        Message.objects.filter(round=city.round("ALM1")).exclude(registration_number="").exclude(kind="M20")
    )
    keys = {city.application(key).registration_number: key for key in "abcd"}
    return {keys[number]: state for number, state in rows.values_list("registration_number", "state")}


# --- two people ------------------------------------------------------------------------------------------------------


def test_two_people_open_and_everything_that_is_ready_goes_out_together():
    city = matched_city()
    first, second = people(city)
    ready(city, "A", "B")
    round_ = go_to_sending_day(city)
    look_and_confirm(round_, first)
    with pytest.raises(ReleaseError):
        open_round(round_)
    assert set(states(city).values()) == {"held"}
    look_and_confirm(round_, second)
    sent = open_round(round_)
    assert (sent.offers, set(states(city).values())) == (3, {"released"})
    assert city.round("ALM1").state == RoundState.OFFERS
    assert (
        len(
            set(
                Message.objects.filter(round=round_, kind__in=["M04", "M05", "M06"]).values_list(
                    "released_at"
                )
            )
        )
        == 1
    )
    assert (
        Delivery.objects.filter(message__round=round_).count() == Message.objects.filter(round=round_).count()
    )
    assert city.contradictions() == []


def test_same_person_twice_is_one_person():
    city = matched_city()
    first, _second = people(city)
    round_ = go_to_sending_day(city)
    look_and_confirm(round_, first)
    with pytest.raises(ReleaseError, match=r"Somebody else|Iemand anders"):
        look_and_confirm(round_, first)
    release = Release.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.filter(pk=release.pk).update(second_by=first)


def test_confirmed_before_the_day_it_opens_by_itself_in_the_first_minute_and_once():
    city = matched_city()
    ready(city, "A", "B")
    round_ = city.round("ALM1")
    for user in people(city):
        look_and_confirm(round_, user)
    assert due_rounds([round_]) == []
    with pytest.raises(TooEarly):
        open_round(round_)
    round_ = go_to_sending_day(city, "00:01")
    assert [found.code for found in due_rounds([round_])] == ["ALM1"]
    city.year.refresh_from_db()
    left = watch_year(city.year)
    assert left >= 4
    assert set(states(city).values()) == {"released"}
    before = Delivery.objects.count()
    watch_year(city.year)
    assert open_round(city.round("ALM1")).messages == 0
    assert Delivery.objects.count() == before


def test_taken_back_before_its_moment_it_does_not_open():
    city = matched_city()
    round_ = city.round("ALM1")
    for user in people(city):
        look_and_confirm(round_, user)
    take_back(release_of(round_).pk)
    round_ = go_to_sending_day(city)
    assert due_rounds([round_]) == []
    with pytest.raises(ReleaseError):
        open_round(round_)
    assert set(states(city).values()) == {"held"}


def test_opened_cannot_be_taken_back():
    city = matched_city()
    ready(city, "A")
    round_ = go_to_sending_day(city)
    for user in people(city):
        look_and_confirm(round_, user)
    open_round(round_)
    release = Release.objects.get()
    with pytest.raises(ReleaseError):
        take_back(release.pk)
    with pytest.raises(ReleaseError):
        take_mark_back(release, school(city, "A"))


def test_real_year_is_never_opened_by_a_command():
    city = matched_city()
    make_real(city)
    with pytest.raises(OfferError):
        send_offers(city.round("ALM1"), actor=None)
    assert set(states(city).values()) == {"held"}


# --- by no path before ------------------------------------------------------------------------------------------------


def raw(sql: str, *values: object) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_raw_sql_cannot_release_open_or_deliver():
    city = matched_city()
    message = Message.objects.filter(kind="M04").first()
    assert message is not None
    late = datetime(2030, 1, 1, tzinfo=UTC)
    raw(
        "UPDATE notifications_message SET state = 'released', released_at = %s WHERE id = %s",
        late,
        message.pk,
    )
    release = release_of(city.round("ALM1"))
    raw(
        "UPDATE notifications_message SET state = 'released', released_at = %s WHERE id = %s",
        late,
        message.pk,
    )
    first, second = people(city)
    early = (release.moment - timedelta(seconds=1)).astimezone(UTC)  # as it is stored
    raw("UPDATE notifications_release SET opened_at = %s WHERE id = %s", late, release.pk)  # nobody confirmed
    raw(
        "UPDATE notifications_release SET opened_at = %s, first_by_id = %s, second_by_id = %s WHERE id = %s",
        *(early, first.pk, second.pk, release.pk),
    )
    raw(
        "UPDATE notifications_release SET opened_at = %s, first_by_id = %s, second_by_id = %s WHERE id = %s",
        *(late, first.pk, first.pk, release.pk),
    )
    make_real(city)
    raw(
        "UPDATE notifications_release SET opened_at = %s, is_rehearsal = %s WHERE id = %s",
        late,
        True,
        release.pk,
    )
    raw(
        "INSERT INTO notifications_release (year_id, round_id, moment, is_rehearsal, opened_at, checked) "
        "VALUES (%s, %s, %s, %s, %s, '{}')",
        *(city.year.pk, city.round("ALM2").pk, early, True, late),
    )
    raw(
        "INSERT INTO notifications_delivery (message_id, position, channel, name, email, key, state, tries, "
        "provider_id, code, settled_how) VALUES (%s, 1, 'email', '', 'a@example.org', 'k', 'waiting', 0, '', '', '')",
        message.pk,
    )


def test_opened_release_and_what_was_said_stay_as_they_are():
    city = matched_city()
    city.play("ALM1", ORDERS)
    release, message = Release.objects.get(), Message.objects.filter(kind="M04").first()
    assert message is not None
    raw("UPDATE notifications_release SET opened_at = NULL WHERE id = %s", release.pk)
    raw("DELETE FROM notifications_release WHERE id = %s", release.pk)
    raw("UPDATE notifications_message SET state = 'held', released_at = NULL WHERE id = %s", message.pk)
    raw("UPDATE notifications_message SET merge = '{}' WHERE id = %s", message.pk)
    row = Delivery.objects.first()
    assert row is not None
    raw("DELETE FROM notifications_delivery WHERE id = %s", row.pk)


# --- before it is opened ---------------------------------------------------------------------------------------------


def test_nobody_confirms_unread_or_unchecked():
    city = matched_city()
    first, second = people(city)
    round_ = city.round("ALM1")
    release, at = release_of(round_), now(city.year)
    assert why_not(release, first) != ""
    with pytest.raises(ReleaseError):
        confirm_release(release.pk, actor=first, at=at)
    check_recipients(release, at=at)
    release.refresh_from_db()
    take_look(release, first, at=at)
    with pytest.raises(ReleaseError):
        confirm_release(release.pk, actor=first, at=at)
    look = last_look(release, first)
    assert look is not None
    assert len(look.sample) == 4  # everybody: there are no five
    for pk in look.sample:
        mark_read(release, second, pk)  # somebody else's reading does not count
    assert why_not(release, first) != ""
    for pk in look.sample:
        mark_read(release, first, pk)
    assert why_not(release, first) == ""


def test_five_letters_are_chosen_at_random():
    city = make_city({"A": 30})
    city.apply("ALM1", **{f"k{n}": "A" for n in range(30)})
    city.play_to("ALM1", RoundState.MATCHED)
    first, _second = people(city)
    release = release_of(city.round("ALM1"))
    samples = {tuple(take_look(release, first, at=now(city.year)).sample) for _turn in range(8)}
    assert {len(sample) for sample in samples} == {5}
    assert len(samples) > 1


def test_dry_run_finds_the_letter_that_is_not_complete_and_stops_the_release():
    city = matched_city()
    message = Message.objects.filter(kind="M05").first()
    assert message is not None
    message.merge = message.merge | {"respond_by": ""}
    message.save()
    first, _second = people(city)
    round_ = city.round("ALM1")
    found = check_recipients(release_of(round_), at=now(city.year))
    assert (found.rendered, [finding.message_id for finding in found.findings]) == (4, [message.pk])
    with pytest.raises(ReleaseError, match=r"complete|compleet"):
        look_and_confirm(round_, first)


def test_message_made_after_the_dry_run_asks_for_another():
    city = matched_city()
    first, _second = people(city)
    round_ = city.round("ALM1")
    release = release_of(round_)
    check_recipients(release, at=now(city.year))
    old = Message.objects.filter(kind="M04").first()
    assert old is not None
    old.pk, old.case_key = None, "extra/ALM1"
    old.save()
    release.refresh_from_db()
    assert why_not(release, first) != ""


def test_differences_since_the_last_look():
    city = matched_city()
    first, _second = people(city)
    release = release_of(city.round("ALM1"))
    look = take_look(release, first, at=now(city.year))
    assert differences(look, held_rows(release)) == []
    city.withdraw("a", on="2024-01-15")
    (found,) = differences(look, held_rows(release))
    assert (found.key, found.before, found.now) == (f"M04|{brin('A')}", 2, 1)


# --- schools ---------------------------------------------------------------------------------------------------------


def test_school_that_is_late_sends_its_own_letters_with_the_period_of_that_day():
    """Q-36, Q-48: not ready at the moment, reported at 17:00, and sent by the school itself a day later."""
    city = matched_city()
    ready(city, "A")
    round_ = go_to_sending_day(city)
    for user in people(city):
        look_and_confirm(round_, user)
    with pytest.raises(OfferError):
        send_own(round_, school(city, "B"), actor=None)
    open_round(round_)
    told = states(city)
    assert told.pop("d") == "released"  # of the office, not of a school
    assert told.pop("c") == "held"
    assert told == {"a": "released", "b": "released"}
    assert city.seat("c").state == "reserved"

    assert tell_unsent_of(round_, local_moment(round_.offers_on) + timedelta(hours=16, minutes=59)) == 0
    round_ = go_to_sending_day(city, "17:00")
    assert tell_unsent_of(round_, now(city.year)) == 2  # the school and the office
    assert tell_unsent_of(round_, now(city.year)) == 0
    report = Message.objects.get(kind="M18", school=school(city, "B"))
    assert report.merge["registration_numbers"] == [city.application("c").registration_number]
    assert Message.objects.filter(kind="M18", school=None).count() == 1

    city.move_clock((round_.offers_on + timedelta(days=1)).isoformat() + "T09:00")
    sent = send_own(city.round("ALM1"), school(city, "B"), actor=None)
    assert (sent.offers, sent.messages) == (1, 1)
    seat = city.seat("c")
    assert seat.offered_on == round_.offers_on + timedelta(days=1)
    assert seat.respond_by == seat.offered_on + timedelta(weeks=4)
    message = Message.objects.get(kind="M05")
    assert message.merge["respond_by"] == seat.respond_by.isoformat()
    assert message.merge["letter_date"] == seat.offered_on.isoformat()
    with pytest.raises(OfferError):
        send_own(city.round("ALM1"), school(city, "B"), actor=None)


def test_mark_can_be_taken_back_until_the_release():
    city = matched_city()
    release = release_of(city.round("ALM1"))
    ready(city, "A")
    take_mark_back(release, school(city, "A"))
    assert not release.marks.exists()


# --- in a real year, to a mail server --------------------------------------------------------------------------


def test_real_release_arrives_once_at_every_family_and_school():
    city = make_city({"A": 2, "B": 1})
    School.objects.update(contact_email="school@example.org")
    city.apply("ALM1", a="A", b="A", c="A B", d="A B")
    second = {"position": 2, "name": "T. Tweede", "email": "tweede@example.org"}
    Guardian.objects.create(application=city.application("a"), **second)  # at another address
    city.play_to("ALM1", RoundState.MATCHED)
    make_real(city)
    ready(city, "A", "B")
    round_ = city.round("ALM1")
    for user in people(city):
        look_and_confirm(round_, user)
    with mail_server(Sink()) as sink:
        open_round(round_)
        send_batch(due_deliveries())
        open_round(city.round("ALM1"))
        send_batch(due_deliveries())
    families = Counter({f"{key}@example.org": 1 for key in ("a", "b", "c", "d", "tweede")})
    assert {to: n for to, n in sink.times().items() if to in families} == families
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.OFFERED}
    for to, mail in sink.mails:
        if to in families:
            assert [part.get_content_type() for part in mail.iter_attachments()] == ["application/pdf"]


def test_release_of_a_vovp_waits_until_schools_have_seen_it():
    """DH-141, DH-142"""
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", x="A", y="A B")
    city.play("ALM1")
    city.play("ALM2")
    city.play_to("VOVP1", RoundState.VISIBLE_TO_SCHOOLS)
    round_ = city.round("VOVP1")
    for user in people(city):
        look_and_confirm(round_, user)
    assert due_rounds([round_]) == []
    assert not Message.objects.filter(round=round_, kind__in=["M11", "M12"], state="released").exists()


def test_placements_are_offered_only_with_their_letter():
    """A place whose letter was cancelled or waits is not offered (DH-110)."""
    city = matched_city()
    ready(city, "A")
    round_ = go_to_sending_day(city)
    for user in people(city):
        look_and_confirm(round_, user)
    open_round(round_)
    offered = Placement.objects.filter(state="offered").values_list(
        "application__registration_number", flat=True
    )
    released = Message.objects.filter(kind__in=sorted(SCHOOL_KINDS), state="released")
    assert set(offered) == set(released.values_list("registration_number", flat=True))
