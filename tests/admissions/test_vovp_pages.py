"""The VOVP on screen: inviting, typing opt-ins, adding schools, taking back, the inventory (den-haag.md 2.9, 4.6)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from admissions.enums import Decision, ParticipationState
from admissions.models import OptInMessage, Participation, Preference
from admissions.services.places.vovp_calendar import keep_every_vovp
from notifications.models import Message
from schools.clock import database_now
from schools.enums import Role, RoundState
from schools.models import AdmissionYear, Event, Round
from tests.admissions.office import address, logged_in, text
from tests.admissions.vovp_pages import (
    desk,
    family,
    improver_city,
    invite,
    message,
    moment_of,
    office,
    opt_in,
    set_clock,
)
from tests.factories.city import City, brin
from tests.factories.schools import region_user

pytestmark = pytest.mark.django_db
P = ParticipationState


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker: Any) -> Iterator[City]:
    """Played once; every test takes back what it does."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield improver_city()
        transaction.set_rollback(True)


@pytest.fixture
def city(played: City) -> City:
    played.year.refresh_from_db()
    return played


def states(city: City) -> dict[str, str]:
    return {key: state for key, (_kind, state) in city.participations("VOVP1").items()}


def said(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def test_invited_families_stand_on_the_list_with_their_invitation(city: City):
    """DH-131, DH-132, 4.4: the office invites; a second click invites nobody again."""
    client = invite(city)
    assert states(city) == {"I": "invited", "U": "invited"}
    assert city.round("VOVP1").state == RoundState.OPT_IN
    client.post(address("vovp-invite", "VOVP1"))
    assert Message.objects.filter(kind__in=["M09", "M10"]).count() == 2
    page = text(client, address("vovp-round", "VOVP1"))
    assert "Kind I Proef" in page and "Kind U Proef" in page and "invited already" in page
    export = b"".join(client.get(address("vovp-round", "VOVP1") + "?export=csv").streaming_content)  # type: ignore[attr-defined]
    assert b"Kind U Proef" in export


def test_nobody_is_invited_before_the_families_of_its_periods_know_their_result(city: City):
    """DH-111: the invitation would tell it."""
    client = logged_in(region_user(city.year.region))
    answer = client.post(address("vovp-invite", "VOVP2"), follow=True)
    assert "do not know their result yet" in said(answer)
    assert city.round("VOVP2").state == RoundState.PLANNED and not Participation.objects.exists()


def test_number_typed_in_the_search_box_opens_the_family_at_once(city: City):
    """Typed in seconds: number, Enter, Enter; the answer is the search box again."""
    invite(city)
    client = desk(city)
    number = city.application("U").registration_number
    answer = client.get(address("vovp-find", "VOVP1"), {"q": f"{number[:4]}-{number[4:]}".lower()})
    assert answer.headers["Location"] == address("vovp-family", family(city, "U").pk)
    assert (
        client.get(address("vovp-find", "VOVP1"), {"q": "U"}).headers["Location"]
        == answer.headers["Location"]
    )
    done = opt_in(client, city, "U", f"De Proef F ({brin('F')})", at="2024-05-13T10:12")
    assert done.headers["Location"] == address("vovp-find", "VOVP1")
    row = OptInMessage.objects.get()
    assert (row.received_at, row.channel) == (moment_of("2024-05-13T10:12"), "email")
    assert states(city) == {"I": "invited", "U": "opted_in"}
    added = Preference.objects.get(added_in=city.round("VOVP1"))
    assert (added.rank, added.programme.code) == (6, brin("F"))
    assert Event.objects.get(kind="vovp_opted_in").reason == brin("F")


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("2024-05-12T23:59", "before the window"),
        ("2024-05-13T00:00", ""),
        ("2024-05-24T23:59", ""),
        ("2024-05-25T00:00", "came too late"),
        ("2024-05-25T12:00", "has not come yet"),
    ],
)
def test_moment_of_the_message_decides_also_when_it_is_typed_after_the_window(
    city: City, at: str, sentence: str
):
    """DH-134, AE-21: to the minute; what was typed stays on the screen."""
    invite(city, at="2024-05-25T09:00")
    assert states(city) == {"I": "not_opted_in", "U": "not_opted_in"}
    answer = opt_in(desk(city), city, "U", "De Proef F", at=at)
    if not sentence:
        assert answer.status_code == 302 and states(city)["U"] == "opted_in"
        return
    page = said(answer)
    assert answer.status_code == 409 and sentence in page and at[:10] in page and "De Proef F" in page
    assert states(city)["U"] == "not_opted_in" and not OptInMessage.objects.exists()


def test_same_family_twice_reads_who_registered_it_and_nothing_changes(city: City):
    """Also the second of two desks that type the same mail."""
    invite(city)
    client = desk(city)
    opt_in(client, city, "U")
    answer = opt_in(office(city), city, "U", "De Proef F", at="2024-05-13T11:00")
    assert answer.status_code == 409 and "takes part already" in said(answer)
    assert "De Proef F" in said(answer)  # what was typed for the second mail is not lost
    assert (
        OptInMessage.objects.count() == 1 and not Preference.objects.filter(added_in__isnull=False).exists()
    )
    assert Event.objects.filter(kind="vovp_opted_in").count() == 1


def test_improver_cannot_add_schools(city: City):
    """DH-132: on screen and by a request made by hand."""
    invite(city)
    client = desk(city)
    assert "school_1" not in text(client, address("vovp-family", family(city, "I").pk))
    answer = opt_in(client, city, "I", "De Proef F")
    assert answer.status_code == 422 and "no schools can be added" in said(answer)
    assert "De Proef F" in said(answer) and states(city)["I"] == "invited"
    assert opt_in(client, city, "I").status_code == 302
    url = address("vovp-family", family(city, "I").pk)
    answer = client.post(url, message() | {"action": "extend", "school_1": "De Proef F"})
    assert answer.status_code == 422 and "no schools can be added" in said(answer)
    assert not Preference.objects.filter(added_in__isnull=False).exists()


@pytest.mark.parametrize(
    ("added", "sentence"),
    [
        (["Bestaat niet"], "No school has this name"),
        (["De Proef"], "More than one school fits"),
        (["De Proef F", "De Proef F"], "A school is added twice"),
        (["De Proef B"], "is on the list already"),
    ],
)
def test_school_that_cannot_be_added_is_named_beside_its_field(city: City, added: list[str], sentence: str):
    """DH-131, Q-28"""
    invite(city)
    answer = opt_in(desk(city), city, "U", *added)
    assert answer.status_code in (409, 422) and sentence in said(answer) and added[0] in said(answer)
    assert states(city)["U"] == "invited"


@pytest.mark.parametrize(
    "fields",
    [
        {"day": ""},
        {"day": "2024-02-30"},
        {"at": "25:00"},
        {"at": "x"},
        {"channel": "pigeon"},
        {"day": "99-99-99"},
    ],
)
def test_nonsense_gets_a_sentence_and_changes_nothing(city: City, fields: dict[str, str]):
    invite(city)
    answer = desk(city).post(address("vovp-family", family(city, "U").pk), message() | fields)
    assert answer.status_code == 422 and states(city)["U"] == "invited"


def test_unplaced_family_adds_schools_later_and_takes_everything_back(city: City):
    """4.6, Q-28: additions behind the list; opting out forgets them; a mistake can be mended."""
    invite(city)
    client, url = desk(city), address("vovp-family", family(city, "U").pk)
    opt_in(client, city, "U")
    empty = client.post(url, message() | {"action": "extend"})
    assert empty.status_code == 409 and "Type the school" in said(empty)
    assert client.post(url, message() | {"action": "extend", "school_1": brin("F")}).status_code == 302
    assert "added" in text(client, url)
    assert client.post(url, {"action": "withdraw"}).status_code == 422
    assert client.post(url, {"action": "withdraw", "reason": "mistake"}).status_code == 302
    assert states(city)["U"] == "not_opted_in"
    assert (
        not Preference.objects.filter(added_in__isnull=False).exists() and not OptInMessage.objects.exists()
    )
    assert client.post(url, {"action": "withdraw", "reason": "mistake"}).status_code == 409
    assert opt_in(client, city, "U").status_code == 302 and states(city)["U"] == "opted_in"
    kinds = Event.objects.filter(kind__startswith="vovp_").exclude(kind="vovp_invited").order_by("sequence")
    assert list(kinds.values_list("kind", flat=True)) == [
        "vovp_opted_in", "vovp_list_extended", "vovp_opted_out", "vovp_opted_in",
    ]  # fmt: skip
    page = text(office(city), address("child-detail", city.application("U").registration_number))
    assert "typed for the wrong family" in page


def test_child_that_may_not_take_part_gets_its_reason(city: City):
    """DH-133: withdrawn; and a number that nobody has."""
    invite(city)
    client = desk(city)
    page = text(client, address("vovp-find", "VOVP1") + "?q=x")
    assert "was withdrawn or declined" in page
    assert "No child of this year" in text(client, address("vovp-find", "VOVP1") + "?q=9999999")
    assert client.get(address("vovp-find", "VOVP1") + "?q=").status_code == 422
    city.apply("ALM3", late="A")
    assert "does not serve that period" in text(client, address("vovp-find", "VOVP1") + "?q=late")
    assert Participation.objects.count() == 2


def test_withdrawn_child_is_off_the_list_and_cannot_opt_in(city: City):
    """4.6: removed; the desk reads why."""
    invite(city)
    opt_in(desk(city), city, "I")
    city.withdraw("I", on="2024-05-14")
    assert states(city)["I"] == "removed"
    answer = opt_in(desk(city), city, "I")
    assert answer.status_code == 409 and "was withdrawn" in said(answer)


def test_nothing_changes_after_the_freeze(city: City):
    """4.4: the lists stand in the commitment."""
    invite(city)
    client = desk(city)
    opt_in(client, city, "I")
    city.freeze("VOVP1")
    assert states(city) == {"I": "opted_in", "U": "not_opted_in"}  # played with who was typed, nobody else
    url = address("vovp-family", family(city, "I").pk)
    assert 'value="withdraw"' not in text(client, url)
    for action in ("register", "extend", "withdraw"):
        answer = client.post(url, message() | {"action": action, "reason": "family"})
        assert answer.status_code in (409, 422), action
    assert "are frozen" in said(opt_in(client, city, "U"))
    assert "frozen" in text(office(city), address("vovp-places", "VOVP1"))


def test_desk_sees_no_result_before_the_families_do(city: City):
    """DH-142: the office does; the desk on the message day."""
    client = invite(city)
    opt_in(desk(city), city, "I")
    city.play_to("VOVP1", RoundState.VISIBLE_TO_SCHOOLS)
    at_desk, url = desk(city), address("vovp-family", family(city, "I").pk)
    for page in (address("vovp-round", "VOVP1"), url):
        assert "Improved" in text(client, page)
        assert "Improved" not in text(at_desk, page) and "Takes part" in text(at_desk, page)
    export = b"".join(at_desk.get(address("vovp-round", "VOVP1") + "?export=csv").streaming_content)  # type: ignore[attr-defined]
    assert b"Improved" not in export
    city.move_clock("2024-05-30T00:00")
    assert "Improved" in text(at_desk, url)


def test_manager_reads_and_desk_types(city: City):
    """Section 5: opt-ins are CRU for the office and the parents' desk, R for the manager; nobody else."""
    manager = invite(city)
    assert opt_in(manager, city, "U").status_code == 403
    assert manager.get(address("vovp-find", "VOVP1")).status_code == 403
    assert manager.get(address("vovp-family", family(city, "U").pk)).status_code == 200
    assert desk(city).get(address("vovp-places", "VOVP1")).status_code == 403  # no counts for the desk
    helper = logged_in(region_user(city.year.region, Role.SCHOOL_DESK))
    assert helper.get(address("vovp-round", "VOVP1")).status_code == 403
    assert office(city).get(address("vovp-round", "ALM1")).status_code == 404
    assert Client().get(address("vovp")).status_code == 302


def test_inventory_adds_up_per_school_and_in_total(city: City):
    """DH-136, DH-139: B has nothing, but its improver's seat is in the matching."""
    client = invite(city)
    opt_in(desk(city), city, "I")
    rows = b"".join(client.get(address("vovp-places", "VOVP1") + "?export=csv").streaming_content)  # type: ignore[attr-defined]
    lines = {
        line.split(";")[1]: line.split(";")[2:] for line in rows.decode("utf-8-sig").split("\r\n")[1:] if line
    }
    # carried in, freed, seats of improvers, in the matching, open
    assert lines[brin("A")] == ["0", "1", "0", "1", "1"]
    assert lines[brin("B")] == ["0", "0", "1", "1", "0"]


def test_list_takes_the_same_queries_whatever_its_length(city: City, django_assert_max_num_queries: Any):
    """One family or two."""
    invite(city)
    client, url = office(city), address("vovp-round", "VOVP1")
    client.get(url)
    counts = []
    for query in ("?tab=unplaced", ""):
        with django_assert_max_num_queries(30) as captured:
            client.get(url + query)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_vovp_of_a_real_year_keeps_time_by_itself(city: City):
    """4.4: no clock that somebody moves. All its days have passed, so the window opens and closes in one go."""
    invite(city, at="2024-05-10T09:00")
    assert city.round("VOVP1").state == RoundState.INVITED
    AdmissionYear.objects.update(is_rehearsal=False, clock_at=None)
    assert database_now() > moment_of("2024-05-25T00:00")
    keep_every_vovp()
    keep_every_vovp()
    assert city.round("VOVP1").state == RoundState.OPT_IN_CLOSED
    assert states(city) == {"I": "not_opted_in", "U": "not_opted_in"}
    Round.objects.filter(code="VOVP1").update(state=RoundState.MATCHED)
    keep_every_vovp()
    assert city.round("VOVP1").state == RoundState.VISIBLE_TO_SCHOOLS
    assert city.decisions()["U"] == Decision.UNPLACED


def test_clock_that_passes_the_window_closes_it(city: City):
    client = invite(city)
    opt_in(desk(city), city, "U")
    set_clock(client, "2024-05-26T09:00")
    assert city.round("VOVP1").state == RoundState.OPT_IN_CLOSED
    assert states(city) == {"I": "not_opted_in", "U": "opted_in"}
