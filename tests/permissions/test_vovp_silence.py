"""DH-135: no school can see who takes part in a VOVP, and none sees a result before its moment (DH-141, AE-21).

The administrators of the two schools it is about follow every link (pages, exports, public files) and send every form
as it stands; the other accounts open the pages they begin with; mails to schools are read too, and what the API
answers to a system with every scope. Nothing may differ between a world in which families take part and one in which
they do not; leaks planted on purpose show that the measure can fail. The number of queries per page stands in for the
time it takes, which depends on the machine: ``python -m bench vovp_silence`` measures the time itself.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from admissions.enums import ApiScope, ParticipationState, PlacementState
from admissions.models import Participation, Placement, Preference, SheetLink
from admissions.services.api_clients import make_client
from admissions.services.draws.outcomes import apply_session
from admissions.services.draws.rehearsal import play_round
from admissions.services.explaining.sheet_links import grouped_code
from admissions.services.year.year_clock import move_year_clock
from lottery.enums import SessionState
from lottery.models import DrawSession
from notifications.enums import MessageState
from notifications.models import Delivery, Message
from schools.enums import Role, RoundState
from schools.models import Round, School, SchoolRound
from tests.admissions.office import logged_in
from tests.admissions.vovp_pages import NOON, desk, invite, moment_of, opt_in
from tests.crawling import Crawler, Seen, differences, start_pages
from tests.factories.city import CENTRAL, DICE, City, Stopped, brin, dice_giving, letter, make_city
from tests.factories.city import School as Seats
from tests.factories.notifications import MessageFactory
from tests.factories.schools import UserFactory, school_user

pytestmark = pytest.mark.django_db
# These accounts follow every link and send every form; the others open the pages they begin with.
FOLLOWED = ("school_admin A", "school_admin B")


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker: Any) -> Iterator[City]:
    """I sits at B, enrolled, and wants A; U has nothing; x gave back its place at A. Made once, and taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        schools = {"A": Seats((1, 0, 0, 0)), "B": Seats((1, 0, 0, 0)), **dict.fromkeys("CDEF", 0)}
        city = make_city(schools, calendar=NOON, fillers=False)
        city.apply("ALM1", x="A B C D E", I="A B C D E", U="A B C D E", V="C A B D E")
        city.play("ALM1", {"A": "x I U", CENTRAL: "I U V"})
        city.enrol("I", on="2024-01-25")
        city.withdraw("x", on="2024-02-12")
        city.play("ALM2")
        invite(city)
        yield city
        transaction.set_rollback(True)


@pytest.fixture
def city(played: City) -> City:
    played.year.refresh_from_db()
    return played


def accounts(city: City) -> dict[str, Any]:
    """An administrator of every school, and the other roles at the two schools it is about."""
    more = {"A": [Role.CARE_COORDINATOR], "B": [Role.SCHOOL_DIRECTOR]}
    found = {}
    for school in School.objects.filter(region=city.year.region).order_by("brin"):
        mine = [Role.SCHOOL_ADMIN, *more.get(letter(school.brin), [])]
        found |= {f"{role} {letter(school.brin)}": (school, school_user(school, role)) for role in mine}
    return found


def seen_by_schools(city: City, people: dict[str, Any], *, other_draw: bool = False) -> dict[str, Any]:
    """Per account and address what it answers; and every mail that has gone to a school.

    What looking leaves behind (who opened which file) is taken back, so that only the world differs.
    """
    look = partial(_seen, city, people, other_draw=other_draw)
    found: dict[str, Any] = in_a_world(city, look)
    return found


def _seen(city: City, people: dict[str, Any], *, other_draw: bool) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for who, (school, user) in people.items():
        crawler = Crawler(logged_in(user), other_draw=other_draw)
        pages = start_pages(brin=school.brin, region=city.year.region.slug)
        follow = who in FOLLOWED
        pages += [f"/{city.year.region.slug}/agenda/{audience}.ics" for audience in ("ouders", "scholen")]
        searches = [
            f"/school/{school.brin}/{part}/?q=Kind+{key}"
            for part in ("formulieren", "toegelaten", "uitgeloot")
            for key in "IU"
        ]
        searches.append(f"/school/{school.brin}/formulieren/?q={city.application('U').registration_number}")
        for url, answer in crawler.crawl([*pages, *searches], follow=follow).items():
            seen[f"{who} {url}"] = answer
        if follow:
            said = crawler.send_forms(forms_by_hand(city, school))
            seen |= {f"{who} POST {form}": answer for form, answer in said.items()}
    seen |= {f"mail {number}": Seen(0, row, 0) for number, row in enumerate(mails_to_schools())}
    return seen | seen_by_system(city, other_draw=other_draw)


def seen_by_system(city: City, *, other_draw: bool) -> dict[str, Any]:
    """What a system that may read everything gets of the API: every list and every round."""
    _row, token = make_client(city.year, name="Proef", scopes=ApiScope.values, actor=UserFactory())
    crawler = Crawler(Client(headers={"Authorization": f"Bearer {token}"}), other_draw=other_draw)
    region = {"region": city.year.region.slug}
    urls = [reverse(f"api:{name}", kwargs=region) for name in ("statistics", "rounds")]
    for code in Round.objects.filter(year=city.year).order_by("position").values_list("code", flat=True):
        one = region | {"year": city.year.code, "code": code}
        urls += [reverse(f"api:{name}", kwargs=one) for name in ("statistics-round", "round", "outcomes")]
    crawler.client.get(urls[0])
    crawler.client.get(urls[1])  # notes that the system was here, which is asked for once
    return {f"system {url}": answer for url, answer in crawler.crawl(urls, follow=False).items()}


def forms_by_hand(city: City, school: School) -> list[tuple[str, dict[str, str]]]:
    """What would tell most: letting the child go, enrolling it, and applying for it again."""
    base = f"/school/{school.brin}"
    seats = Placement.objects.filter(
        school_round__programme__school=school,
        school_round__round__code="ALM1",
        state__in=[PlacementState.OFFERED, PlacementState.ENROLLED, PlacementState.SUPERSEDED],
    )
    forms = [
        (
            f"{base}/toegelaten/{pk}/reactie/",
            {"answer": answer, "reason": "uncapped_school"},
        )
        for pk in seats.order_by("pk").values_list("pk", flat=True)
        for answer in ("withdraw", "enrol")
    ]
    number = city.application("U").registration_number
    contact = {"phone": "0611111111", "postcode": "2511ZZ", "house_number": "3", "street": "Nieuwstraat"}
    return [*forms, (f"{base}/kind/{number}/contact/", contact)]


def mails_to_schools() -> list[str]:
    """Every message that left for a school or stands in its mailbox, with its words."""
    rows = Message.objects.filter(school__isnull=False, registration_number="", state=MessageState.RELEASED)
    about = Message.objects.filter(
        school__isnull=False, state=MessageState.RELEASED, kind__in=["M13", "M14", "M07", "M19"]
    )
    mail = [
        f"{m.kind} {m.case_key} {m.school_id} {m.merge}" for m in (rows | about).distinct().order_by("pk")
    ]
    sent = Delivery.objects.filter(message__in=rows | about).order_by("pk").values_list("email", "state")
    return [*mail, *map(str, sent)]


def in_a_world(city: City, look: Any) -> Any:
    """What ``look`` answers; whatever it did is taken back."""
    with transaction.atomic():
        answer = look()
        transaction.set_rollback(True)
    city.year.refresh_from_db()
    return answer


def families_opt_in(city: City, keys: str) -> None:
    """Type the message of each family at the desk; U also adds a school to its list."""
    client = desk(city)
    for key in keys.split():
        answer = opt_in(client, city, key, *(["De Proef F"] if key == "U" else []))
        assert answer.status_code == 302, answer.content.decode()[-2000:]


def at_moment(city: City, moment: str) -> None:
    """Let the year keep time up to this moment, as the clock of a real year does."""
    city.year.refresh_from_db()
    move_year_clock(city.year, to=moment_of(moment), actor=None)


def freeze(city: City, keys: str) -> None:
    """These families take part, and nobody else; the window closes and the lists are frozen."""
    families_opt_in(city, keys)
    at_moment(city, "2024-05-25T09:00")
    city.freeze("VOVP1")


def draw(city: City, keys: str) -> str:
    """... and the result is official, but its moment has not come. The lots are in the order of ``keys``.

    Returns the dice: who plays this round on must give the same.
    """
    freeze(city, keys)
    session = DrawSession.objects.get(round=city.round("VOVP1"))
    digits = dice_giving(session, {CENTRAL: keys.split()}) if keys else DICE

    def stop(step: str) -> None:
        session.refresh_from_db()
        if session.state == SessionState.VERIFIED:
            raise Stopped

    with contextlib.suppress(Stopped):
        play_round(city.round("VOVP1"), digits=digits, actor=None, progress=stop)
    apply_session(session_id=session.pk, actor=None)
    return digits


# How a world gets there, the last moment before the next step, and its state then.
STEPS: dict[str, tuple[Callable[[City, str], object], str, RoundState]] = {
    "frozen": (freeze, "2024-05-27T20:00", RoundState.FROZEN),
    "a minute before": (draw, "2024-05-29T11:59", RoundState.MATCHED),
}


def world(city: City, step: str, takes_part: str, people: dict[str, Any]) -> dict[str, Any]:
    """What these people see at this step when these families take part."""
    reach, moment, state = STEPS[step]

    def look() -> dict[str, Any]:
        reach(city, takes_part)
        at_moment(city, moment)
        assert city.round("VOVP1").state == state
        return seen_by_schools(city, people, other_draw=True)

    found: dict[str, Any] = in_a_world(city, look)
    return found


def test_opt_ins_and_longer_lists_leave_no_trace_at_any_school(city: City):
    """DH-135, AE-21 line 1: before the opt-ins and after them, to the byte and to the query."""
    # D and E stand to these families as C does.
    people = {who: row for who, row in accounts(city).items() if who[-1] not in "DE"}
    before = seen_by_schools(city, people)
    families_opt_in(city, "I U")
    assert differences(before, seen_by_schools(city, people)) == []
    # The measure is wide enough: it reaches what a school has, and the children themselves.
    assert {answer.status for answer in before.values()} <= {0, 200, 302, 400, 403, 404, 405, 409, 413, 422}
    reached = " ".join(before)
    parts = (
        "export=csv",
        "export=xlsx",
        "/toegelaten/",
        "/berichten/",
        "/plaatsen/",
        "POST",
        "agenda",
        "/outcomes/",
    )
    for part in parts:
        assert part in reached, part
    system = [answer for url, answer in before.items() if url.startswith("system ")]
    assert any(city.application("I").registration_number in answer.body for answer in system)
    assert len(before) > 200
    assert any("Kind U" in answer.body for answer in before.values())


def list_no_longer_marked(city: City) -> None:
    """The school that U added stands on its list like the others, as if every list showed all of it."""
    assert Preference.objects.filter(added_in__isnull=False).update(added_in=None) == 1


def mail_to_the_school(city: City) -> None:
    """A mail about the family lies in the mailbox of a school."""
    round_, school = city.round("VOVP1"), School.objects.get(brin=brin("A"))
    number = city.application("U").registration_number
    MessageFactory(
        round=round_, year=city.year, kind="M19", school=school, registration_number=number,
        case_key=f"{number}/planted", state=MessageState.RELEASED, not_before=moment_of("2024-05-14T09:00"),
        released_at=moment_of("2024-05-14T10:00"),
    )  # fmt: skip


def number_in_the_api(city: City) -> None:
    """The place that the improver would bring counts in a number of its school."""
    assert (
        SchoolRound.objects.filter(round=city.round("VOVP1"), programme__code=brin("A")).update(ceiling=7)
        == 1
    )


# What a careless change would do with an opt-in, and an address that must then differ.
PLANTED: dict[Callable[[City], None], str] = {
    list_no_longer_marked: "pages of A",
    mail_to_the_school: "mail ",
    number_in_the_api: "system /api/v1/",
}


class CountsOptIns:
    """Middleware that asks one thing more, and shows nothing, when somebody takes part."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        taking_part = Participation.objects.filter(state=ParticipationState.OPTED_IN)
        if taking_part.exists():
            taking_part.count()
        return self.get_response(request)


def test_a_planted_leak_is_found(city: City, settings: Any):
    """DH-135: the measure can fail. Each leak is one that shows nothing but the opt-in, each is found by itself."""
    # The pages that this account begins with are enough here: what is followed from them is compared above.
    people = {"pages of A": accounts(city)["school_admin A"]}
    before = seen_by_schools(city, people)
    families_opt_in(city, "I U")
    for plant, where in PLANTED.items():

        def look(plant: Callable[[City], None] = plant) -> dict[str, Any]:
            plant(city)
            return seen_by_schools(city, people)

        found = differences(before, in_a_world(city, look))
        assert any(where in line for line in found), plant.__name__
    # A leak in the time alone: one query more, and the same bytes.
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.CountsOptIns"]
    url = f"/school/{brin('A')}/formulieren/"
    client = logged_in(people["pages of A"][1])
    after = Crawler(client).crawl([url], follow=False)
    Participation.objects.filter(state=ParticipationState.OPTED_IN).update(state=ParticipationState.INVITED)
    silent = Crawler(client).crawl([url], follow=False)
    assert silent[url].body == after[url].body
    (line,) = differences(silent, after)
    assert f"queries {silent[url].queries}, {silent[url].queries + 1}" in line


@pytest.mark.parametrize(("step", "schools"), [("frozen", "B"), ("a minute before", "AB")])
def test_after_the_freeze_and_after_the_draw_no_school_sees_who_takes_part(
    city: City, step: str, schools: str
):
    """DH-135, DH-141, AE-21 lines 2 and 3: nobody takes part, or I moves from B to A and U gets what it leaves."""
    people = {who: row for who, row in accounts(city).items() if who in FOLLOWED and who[-1] in schools}
    assert differences(world(city, step, "", people), world(city, step, "I U", people)) == []


def test_result_is_seen_at_its_minute(city: City):
    """AE-21: nothing at 11:59, the placed and the lost child at 12:00; the measure does see a difference."""
    draw(city, "I U")
    at_moment(city, "2024-05-29T11:59")
    clients = {name: logged_in(school_user(School.objects.get(brin=brin(name)))) for name in "AB"}

    def admitted() -> dict[str, dict[str, Seen]]:
        return {
            name: Crawler(client).crawl([f"/school/{brin(name)}/toegelaten/"], follow=False)
            for name, client in clients.items()
        }

    def names(seen: dict[str, Seen]) -> str:
        return " ".join(answer.body for answer in seen.values())

    before = admitted()
    assert "Kind I" not in names(before["A"])
    assert "Kind I" in names(before["B"])
    assert "Kind U" not in names(before["B"])
    at_moment(city, "2024-05-29T12:00")
    assert city.round("VOVP1").state == RoundState.VISIBLE_TO_SCHOOLS
    after = admitted()
    assert "Kind I" in names(after["A"])
    assert "Kind U" in names(after["B"])
    assert all(differences(before[name], after[name]) for name in "AB")


def test_families_read_the_result_a_day_after_the_schools(city: City):
    """AE-21 lines 4 and 5, DH-142: their own page tells nothing of the VOVP until its messages have left."""
    digits = draw(city, "I U")
    link = SheetLink.objects.get(application=city.application("I"), withdrawn_at=None)
    address = f"/mijn-loting/{grouped_code(link.code)}/"

    def rounds_told() -> list[str]:
        return [part.round.code for part in Client().get(address).context["sheet"].parts]

    for moment in ("2024-05-29T12:00", "2024-05-29T23:59"):
        at_moment(city, moment)
        assert rounds_told() == ["ALM1"]
    assert not Message.objects.filter(kind="M11", state=MessageState.RELEASED).exists()
    play_round(city.round("VOVP1"), digits=digits, actor=None)
    assert rounds_told() == ["VOVP1", "ALM1"]
    assert Message.objects.get(
        kind="M11", registration_number=link.application.registration_number
    ).released_at
