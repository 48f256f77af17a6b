"""The notary's desk and the public page of draws: codes and files, never a child, and nothing before its moment."""

import hashlib
import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from admissions.models import Application, Guardian
from lottery.enums import SessionState
from lottery.models import Draw, DrawSession
from lottery.selectors import explained, families_know
from lottery.services.verification import VERIFIER, verify_files
from schools.enums import Role, RoundState
from schools.models import Round, local_moment
from tests.admissions.office import logged_in, manager, played_city, small_city, text
from tests.factories.city import City, make_city
from tests.factories.lottery import DrawSessionFactory
from tests.factories.schools import RegionFactory, RoundFactory, region_user

pytestmark = pytest.mark.django_db

FILES = ("dossiers.txt", "deelnemers.txt", "vastlegging.txt", "zaad.txt", "uitslag.txt")
PUBLIC = "/den-haag/lotingen/"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def notary(city: City) -> Client:
    return logged_in(region_user(city.year.region, Role.NOTARY))


def give_records(session: DrawSession) -> None:
    """Two records without the seconds that printing takes; what is in them is tested in test_draw_record."""
    DrawSession.objects.filter(pk=session.pk).update(
        record=b"%PDF-1.7 full", public_record=b"%PDF-1.7 public"
    )


def visitor() -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    return client


# --- the desk ------------------------------------------------------------------------------------------------------


def test_notary_lands_on_the_sessions_with_state_codes_and_protocol():
    city = played_city()
    session = DrawSession.objects.get()
    client = notary(city)
    assert client.get("/").headers["Location"] == "/zittingen/"
    shown = text(client, "/zittingen/")
    for expected in (
        session.name,
        session.commitment_hash[:8],
        session.seed_hash[:8],
        "OA-LOT/1",
        "Official",
    ):
        assert expected in shown
    exported = b"".join(client.get("/zittingen/?export=csv").streaming_content).decode()
    assert session.commitment_hash in exported
    assert session.seed_hash in exported


def test_session_page_tells_steps_codes_verdict_and_draws():
    city = played_city()
    session = DrawSession.objects.get()
    page = notary(city).get(f"/zittingen/{session.name}/")
    shown = page.content.decode()
    assert [row.what for row in page.context["presences"]] == [
        "Lists frozen",
        "Dice thrown and locked",
        "Beacon value read",
        "Recomputed by the second program",
    ]
    for digits in (
        session.commitment_hash,
        session.participants_hash,
        session.dossiers_hash,
        session.seed_hash,
        session.outcome_hash,
        session.slot,
        session.verifier_hash,
        session.rules_hash,
    ):
        assert f"<b>{digits[:8]}</b>{digits[8:]}" in shown
    assert "Finds the same outcome" in shown
    assert session.verifier_report.splitlines()[0] in shown
    rows = [
        (
            r.record.draw_id.replace("0000", ""),
            r.record.places,
            r.record.children,
            r.record.placed,
            r.record.lots_decided,
        )
        for r in page.context["table"].page.object_list
    ]
    assert rows[:3] == [
        ("school/0A", "2", 3, 2, True),
        ("school/0B", "3", 2, 2, False),
        ("school/0C", "2", 1, 1, False),
    ]


@pytest.mark.parametrize(
    ("query", "draws"),
    [
        ("tab=lots", ["school/00000A", "centraal"]),
        ("tab=none", ["school/00000B", "school/00000C"]),
        ("q=proef+b", ["school/00000B"]),
        ("q=00000C", ["school/00000C"]),
        ("sort=-children&q=school", ["school/00000A", "school/00000B", "school/00000C"]),
    ],
)
def test_draws_of_a_session_are_filtered_and_sorted(query: str, draws: list[str]):
    city = played_city()
    page = notary(city).get(f"/zittingen/{DrawSession.objects.get().name}/?{query}")
    assert [row.record.draw_id for row in page.context["table"].page.object_list] == draws


def test_tabs_agree_with_what_the_model_says_of_lots():
    city = played_city()
    page = notary(city).get(f"/zittingen/{DrawSession.objects.get().name}/")
    lots = sum(draw.lots_decided for draw in Draw.objects.all())
    assert {tab.value: tab.count for tab in page.context["tabs"]} == {
        "": Draw.objects.count(),
        "lots": lots,
        "none": Draw.objects.count() - lots,
    }


def test_no_page_or_file_of_the_desk_names_a_child_or_its_registration_number():
    city = played_city()
    session = DrawSession.objects.get()
    give_records(session)
    client = notary(city)
    content = b"".join(
        [
            client.get("/zittingen/").content,
            client.get(f"/zittingen/{session.name}/").content,
            b"".join(client.get(f"/zittingen/{session.name}/?export=csv").streaming_content),
            *(client.get(f"/zittingen/{session.name}/bestanden/{name}").content for name in FILES),
        ]
    ).decode()
    for application in Application.objects.select_related("child", "form"):
        assert application.registration_number not in content
        assert application.child.given_name not in content
        assert f"{application.form.street} {application.form.house_number}" not in content
    assert not any(
        guardian.name in content or guardian.email in content for guardian in Guardian.objects.all()
    )


def test_files_are_the_stored_bytes_and_the_verifier_agrees_with_the_download():
    city = played_city()
    session = DrawSession.objects.get()
    client = notary(city)
    files = {}
    for name in FILES:
        answer = client.get(f"/zittingen/{session.name}/bestanden/{name}")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{session.name}-{name}"'
        assert answer.headers["Content-Type"] == "text/plain; charset=us-ascii"
        files[name] = answer.content
    assert files == session.files()
    assert verify_files(files, commitment_hash=session.commitment_hash).agrees


def test_bundle_holds_all_files_and_is_the_same_every_time():
    city = played_city()
    session = DrawSession.objects.get()
    give_records(session)
    session.refresh_from_db()
    client = notary(city)
    answers = [client.get(f"/zittingen/{session.name}/bestanden/bundel.zip").content for _count in range(2)]
    assert answers[0] == answers[1]
    with zipfile.ZipFile(io.BytesIO(answers[0])) as archive:
        names = {name.removeprefix(f"{session.name}/") for name in archive.namelist()}
        assert names == {*FILES, "verslag.pdf", "verslag-openbaar.pdf"}
        assert archive.read(f"{session.name}/verslag.pdf") == bytes(session.record)
        assert archive.testzip() is None


def test_record_is_made_on_request_and_then_offered(django_capture_on_commit_callbacks: Any):
    city = played_city()
    session = DrawSession.objects.get()
    client = notary(city)
    page = f"/zittingen/{session.name}/"
    assert "Make the record" in text(client, page)
    assert client.get(f"{page}bestanden/verslag.pdf").status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{page}verslag/")
    session.refresh_from_db()
    shown = text(client, page)
    assert "Make the record" not in shown
    for name, stored in (("verslag.pdf", session.record), ("verslag-openbaar.pdf", session.public_record)):
        assert f"{page}bestanden/{name}" in shown
        answer = client.get(f"{page}bestanden/{name}")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert hashlib.sha256(answer.content).digest() == hashlib.sha256(bytes(stored)).digest()


def test_session_that_is_only_frozen_shows_what_there_is():
    city = small_city()
    session = city.freeze("ALM1")
    client = notary(city)
    shown = text(client, f"/zittingen/{session.name}/")
    assert session.commitment_hash[8:] in shown
    assert "There is no official result yet" in shown
    assert "Has not confirmed anything yet" in shown
    codes = {name: client.get(f"/zittingen/{session.name}/bestanden/{name}").status_code for name in FILES}
    assert codes == {
        "dossiers.txt": 200,
        "deelnemers.txt": 200,
        "vastlegging.txt": 200,
        "zaad.txt": 404,
        "uitslag.txt": 404,
    }


@pytest.mark.parametrize("name", ["../settings.py", "onbekend.txt", "record", "uitslag.txt%00.pdf"])
def test_other_names_of_files_do_not_exist(name: str):
    city = played_city()
    session = DrawSession.objects.get()
    assert notary(city).get(f"/zittingen/{session.name}/bestanden/{name}").status_code == 404


def test_void_session_says_so():
    city = small_city()
    session = city.freeze("ALM1")
    DrawSession.objects.filter(pk=session.pk).update(state=SessionState.VOID)
    assert "This session is void" in text(notary(city), f"/zittingen/{session.name}/")


def test_list_of_sessions_needs_constantly_many_queries():
    city = played_city()
    client = notary(city)
    counts = []
    for code in ("ALM2", "ALM3"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/zittingen/").status_code == 200
        counts.append(len(queries))
        for _count in range(2):
            DrawSessionFactory(round=RoundFactory(year=city.year, code=code))
    assert counts[0] == counts[1] <= 12


def test_reasons_of_a_number_are_empty_before_the_result():
    session = small_city().freeze("ALM1")
    number = session.numbers.first().number
    assert explained(session).reasons.get(number) is None
    city = make_city({"A": 1}, slug="elders")
    city.apply("ALM1", x="A")
    city.play("ALM1")
    played = DrawSession.objects.get(round__year=city.year)
    assert explained(played).reasons[played.numbers.get().number][0].kind == "placed"
    assert "ONBEKEND" not in explained(played).reasons


# --- for everybody -------------------------------------------------------------------------------------------------


def offered(client: Client) -> list[str]:
    """The files of sessions that the public page offers; its other links are pages."""
    return sorted(name for link in links(client) if (name := link.rsplit("/", 1)[1]))


def links(client: Client) -> list[str]:
    """Where the public page points to below the sessions: ``<session>/<file>``, or a page, which ends in a slash."""
    rest = (part.split('"')[0] for part in text(client, PUBLIC).split(f'href="{PUBLIC}')[1:])
    return [link for link in rest if "/" in link]


def reachable(client: Client, session: DrawSession) -> set[str]:
    names = {*FILES, "verslag.pdf", "verslag-openbaar.pdf", "grenzen.txt", "bundel.zip"}
    return {name for name in names if client.get(f"{PUBLIC}{session.name}/{name}").status_code == 200}


def zipped(client: Client, session: DrawSession) -> set[str]:
    """What is in the public files as one zip; empty when there is none."""
    answer = client.get(f"{PUBLIC}{session.name}/bestanden.zip")
    if answer.status_code != 200:
        assert answer.status_code == 404
        return set()
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name.removeprefix(f"{session.name}/") for name in archive.namelist()}


def reports(client: Client, session: DrawSession) -> bool:
    """The page points to the report of the round, and it is there; or neither."""
    offers = f"{session.name}/rapport/" in links(client)
    there = {
        client.get(f"{PUBLIC}{session.name}/rapport{end}").status_code == 200 for end in ("/", ".pdf", ".csv")
    }
    assert there == {offers}
    return offers


def test_played_round_is_public_after_its_offer_day_without_the_choices():
    city = played_city()
    session = DrawSession.objects.get()
    give_records(session)
    client = visitor()
    shown = text(client, PUBLIC)
    for expected in (session.name, session.commitment_hash[8:], session.slot[8:], session.outcome_hash[8:]):
        assert expected in shown
    assert "Rehearsal, not a real draw" in shown
    public = {"vastlegging.txt", "deelnemers.txt", "zaad.txt", "uitslag.txt", "verslag-openbaar.pdf"}
    assert reachable(client, session) == set(offered(client)) == public
    assert zipped(client, session) == public | {"controleer.py"}
    assert reports(client, session)
    assert client.get(f"{PUBLIC}{session.name}/uitslag.txt").content == bytes(session.outcome)
    assert city.application("a1").registration_number not in shown
    record = client.get(f"{PUBLIC}{session.name}/verslag-openbaar.pdf").content
    assert record == b"%PDF-1.7 public"


def set_round(session: DrawSession, *, state: str, clock: datetime) -> None:
    """Another state and moment than the service would leave: as if the page were asked at that moment."""
    Round.objects.filter(pk=session.round_id).update(state=state)
    year = Round.objects.select_related("year").get(pk=session.round_id).year
    year.clock_at = clock
    year.save(update_fields=["clock_at"])


@pytest.mark.parametrize(
    ("state", "clock", "public"),
    [
        # Drawn, and families hear on 18 January.
        (RoundState.MATCHED, local_moment(date(2024, 1, 11), time(13)), False),
        (RoundState.MATCHED, local_moment(date(2024, 1, 17), time(23, 59, 59)), False),
        # The day has come, but nothing was sent yet.
        (RoundState.MATCHED, local_moment(date(2024, 1, 18)), False),
        (RoundState.OFFERS, local_moment(date(2024, 1, 17), time(23, 59, 59)), False),
        (RoundState.OFFERS, local_moment(date(2024, 1, 18)), True),
        (RoundState.CLOSED, local_moment(date(2024, 6, 1)), True),
    ],
)
def test_files_are_public_from_the_moment_families_know_and_never_earlier(
    state: str, clock: datetime, public: bool
):
    city = played_city()
    session = DrawSession.objects.get()
    give_records(session)
    set_round(session, state=state, clock=clock)
    client = visitor()
    wanted = {"vastlegging.txt"}
    if public:
        wanted |= {"deelnemers.txt", "zaad.txt", "uitslag.txt", "verslag-openbaar.pdf"}
    assert reachable(client, session) == set(offered(client)) == wanted
    assert zipped(client, session) == (wanted | {"controleer.py"} if public else set())
    assert reports(client, session) is public
    shown = text(client, PUBLIC)
    # The official session shows its lock and the hash of its outcome within the hour (section 7 point 8).
    assert session.slot[8:] in shown
    assert ("when all families hear the result" in shown) is not public
    assert city.year.pk == session.round.year_id


def test_before_the_result_only_the_commitment_is_public_and_before_the_freeze_nothing():
    city = small_city()
    session = city.freeze("ALM1")
    client = visitor()
    # Frozen by one person: public when a second one has confirmed (section 7 point 2).
    assert session.name not in text(client, PUBLIC)
    assert reachable(client, session) == set()
    DrawSession.objects.filter(pk=session.pk).update(
        state=SessionState.COMMITTED, committed_at=session.frozen_at
    )
    shown = text(client, PUBLIC)
    assert session.commitment_hash[8:] in shown
    assert session.participants_hash not in shown
    assert reachable(client, session) == {"vastlegging.txt"}
    city.year.refresh_from_db()
    city.year.clock_at = session.frozen_at - timedelta(seconds=1)
    city.year.save()
    assert session.name not in text(client, PUBLIC)
    assert reachable(client, session) == set()


def test_seed_is_not_public_between_dice_and_result():
    city = small_city()
    session = city.freeze("ALM1")
    from lottery.services.sessions import seed_rehearsal

    seed_rehearsal(session_id=session.pk, digits="1" * 60, actor=None)
    session.refresh_from_db()
    shown = text(visitor(), PUBLIC)
    assert session.slot not in shown
    assert reachable(visitor(), session) == {"vastlegging.txt"}


def test_vovp_is_public_as_commitment_seed_and_limits_only():
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", x="A", y="A B", z="A Z1")
    city.play("ALM1", {"A": "x y z"})
    city.play("ALM2")
    city.play("VOVP1")
    session = DrawSession.objects.get(round__code="VOVP1")
    give_records(session)
    client = visitor()
    assert reachable(client, session) == {
        "vastlegging.txt",
        "zaad.txt",
        "grenzen.txt",
        "verslag-openbaar.pdf",
    }
    assert zipped(client, session) == reachable(client, session) | {"controleer.py"}
    limits = client.get(f"{PUBLIC}{session.name}/grenzen.txt").content.decode()
    kinds = {line.split("|")[0] for line in limits.splitlines()[2:-1]}
    assert kinds == {"grens"}
    assert not any(number in limits for number in session.numbers.values_list("number", flat=True))


def test_vovp_opens_on_its_message_day_and_not_when_schools_see_it():
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", x="A", y="A B")
    city.play("ALM1", {"A": "x y"})
    city.play("ALM2")
    city.play("VOVP1")
    round_ = city.round("VOVP1")
    seen = round_.visible_to_schools_at
    assert not families_know(round_, now=seen + timedelta(hours=10, minutes=59))
    assert families_know(round_, now=local_moment(round_.offers_on))
    assert not families_know(Round(offers_on=None, state=RoundState.OFFERS), now=datetime.now(UTC))


def test_void_session_is_not_public():
    city = small_city()
    session = city.freeze("ALM1")
    DrawSession.objects.filter(pk=session.pk).update(state=SessionState.VOID)
    assert session.name not in text(visitor(), PUBLIC)
    assert reachable(visitor(), session) == set()


def test_session_is_not_found_under_another_region():
    city = played_city()
    RegionFactory(slug="elders", name="Elders")
    session = DrawSession.objects.get()
    client = visitor()
    assert session.name not in text(client, "/elders/lotingen/")
    assert client.get(f"/elders/lotingen/{session.name}/vastlegging.txt").status_code == 404
    assert client.get("/onbekend/lotingen/").status_code == 404
    assert city.year.region.slug == "den-haag"


def test_everybody_can_download_the_second_program():
    RegionFactory()
    answer = visitor().get(f"{PUBLIC}controleer.py")
    assert answer.content == VERIFIER.read_bytes()
    assert "attachment" in answer.headers["Content-Disposition"]


def test_region_without_draws_says_what_will_stand_there():
    RegionFactory()
    assert "As soon as lists have been frozen" in text(visitor(), PUBLIC)


def test_public_page_needs_constantly_many_queries():
    city = played_city()
    with CaptureQueriesContext(connection) as one:
        text(visitor(), PUBLIC)
    DrawSessionFactory(round=RoundFactory(year=city.year, code="ALM2"))
    DrawSessionFactory(round=RoundFactory(year=city.year, code="ALM3"))
    city.move_clock("2024-10-01")
    with CaptureQueriesContext(connection) as three:
        text(visitor(), PUBLIC)
    assert len(one) == len(three) <= 12


def test_manager_reaches_the_session_from_the_round():
    city = played_city()
    session = DrawSession.objects.get()
    assert f"/zittingen/{session.name}/" in text(manager(city), "/programma/rondes/ALM1/")
    assert text(manager(city), f"/zittingen/{session.name}/")
