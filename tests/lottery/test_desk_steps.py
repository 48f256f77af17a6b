"""The notary's desk: the steps people take there, what it refuses and how it says so (OA-LOT/1 section 7, DH-097)."""

import io
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from admissions.services.draws.outcomes import apply_session
from lottery.enums import AttestationKind, Profile, SessionState, SignedBy
from lottery.models import BlindEntry, DrawSession
from lottery.services.attesting import attest_session, statements
from lottery.services.sessions import compute, store_outcome, verify_session
from lottery.tasks import build_draw_record_task
from schools.clock import now
from schools.enums import Role
from tests.factories.ceremony import DICE, Room, logged_in, open_room
from tests.factories.schools import RegionFactory, region_user, school_user
from tests.lottery.test_signatures import seal_of, sign_pdf

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings: Any, tmp_path_factory: pytest.TempPathFactory):
    settings.EXERCISE_CERTIFICATE = str(tmp_path_factory.getbasetemp() / "oefencertificaat.pem")
    with translation.override("en"):
        yield


@pytest.fixture
def room() -> Room:
    return open_room()


def english(user: Any) -> Client:
    client = logged_in(user)
    client.cookies["django_language"] = "en"
    return client


def post(client: Client, room: Room, step: str, **data: Any) -> Any:
    return client.post(f"/zittingen/{room.session().name}/stap/{step}/", data)


def attested(room: Room) -> DrawSession:
    room.seed()
    session = room.session()
    at = now(session.round.year)
    store_outcome(session_id=session.pk, outcome=compute(session), at=at)
    verify_session(session_id=session.pk, at=at)
    apply_session(session_id=session.pk, actor=room.first)
    room.seat_witnesses()
    keys = [statement.key for statement in statements(room.session())]
    return attest_session(session_id=session.pk, ticked=keys, actor=room.notary)


# --- place and time -------------------------------------------------------------------------------------------------


def test_place_and_time_are_typed_changed_and_kept_in_the_record(room: Room):
    room.commit()
    client = english(room.notary)
    assert post(client, room, "plaats", place=" ", day="2024-01-30", at="10:00").status_code == 422
    answer = post(client, room, "plaats", place="Stadhuis", day="30-1", at="tien uur")
    assert answer.status_code == 422
    assert 'value="Stadhuis"' in answer.content.decode()
    assert (
        post(client, room, "plaats", place="Stadhuis, Duinstad", day="2024-01-30", at="10:00").status_code
        == 302
    )
    post(client, room, "plaats", place="Stadhuis, Duinstad", day="2024-01-30", at="10:00")  # nothing changed
    post(english(room.first), room, "plaats", place="Bibliotheek", day="30-1-2024", at="11.30")
    session = room.session()
    assert session.place == "Bibliotheek"
    kept = list(session.attestations.filter(kind=AttestationKind.PLACE).values_list("user", flat=True))
    assert kept == [room.notary.pk, room.first.pk]
    assert "Bibliotheek" in client.get(f"/zittingen/{session.name}/").content.decode()


def test_notary_cannot_attest_without_a_place(room: Room):
    room.seed()
    session = room.session()
    at = now(session.round.year)
    store_outcome(session_id=session.pk, outcome=compute(session), at=at)
    verify_session(session_id=session.pk, at=at)
    apply_session(session_id=session.pk, actor=room.first)
    client = english(room.notary)
    for name in ("Olga Kramer, ouders", "Bram Oosterhuis, besturen"):
        post(client, room, "getuige", name=name)
    answer = post(client, room, "verklaring", **{s.key: "on" for s in statements(session)})
    assert answer.status_code in (409, 422)
    assert room.session().state == SessionState.APPLIED


# --- incidents ------------------------------------------------------------------------------------------------------


def test_incidents_are_only_added_to_and_stand_with_person_and_time(room: Room):
    session = room.commit()
    client = english(room.notary)
    assert post(client, room, "voorval", text="  ").status_code == 422
    long = post(client, room, "voorval", text="x" * 501)
    assert long.status_code == 422
    assert "x" * 501 in long.content.decode()  # nothing typed is lost
    for text in ("Een steen viel van tafel.", "De stroom viel vijf minuten uit."):
        assert post(client, room, "voorval", text=text).status_code == 302
    rows = session.attestations.filter(kind=AttestationKind.INCIDENT)
    assert [row.note for row in rows] == ["Een steen viel van tafel.", "De stroom viel vijf minuten uit."]
    shown = client.get(f"/zittingen/{session.name}/").content.decode()
    assert "Een steen viel van tafel." in shown
    assert shown.index("Een steen") < shown.index("De stroom")


# --- bad input: a sentence that says what is wrong and what to do ---------------------------------------------------


def boxes(digits: str) -> dict[str, str]:
    return {f"d{box + 1}": digits[box * 10 : box * 10 + 10] for box in range(6)}


@pytest.mark.parametrize(
    ("digits", "told"),
    [
        ("7" + DICE[1:], "Throw 1 is “7”: a die shows 1 to 6. Type that throw again."),
        (DICE[:59], "Box 6 has 9 throws. There must be 10."),
        (DICE[:30] + "O" + DICE[31:], "Throw 31 is “O”"),
        ("", "Box 1 has 0 throws"),
    ],
    ids=["a seven", "59 throws", "a letter", "nothing"],
)
def test_wrong_dice_are_named_beside_their_box(room: Room, digits: str, told: str):
    room.commit()
    answer = post(english(room.notary), room, "worpen", **boxes(digits))
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert told in shown
    assert DICE[10:20] in shown or not digits
    assert not BlindEntry.objects.exists()


def test_entries_that_differ_are_both_dropped_and_both_type_again(room: Room):
    session = room.commit()
    post(english(room.first), room, "worpen", **boxes(DICE))
    answer = english(room.notary).post(
        f"/zittingen/{session.name}/stap/worpen/", boxes(DICE[:59] + "1"), follow=True
    )
    assert "The two entries are not equal. Both were dropped" in answer.content.decode()
    assert not BlindEntry.objects.exists()
    assert session.attestations.filter(kind=AttestationKind.INCIDENT).count() == 1


def test_secret_that_does_not_fit_says_what_to_look_for(room: Room):
    room.lock(profile=Profile.NG)
    client = english(room.notary)
    answer = post(client, room, "geheim", secret="ab" * 32)
    assert answer.status_code == 409
    assert "does not fit the commitment" in answer.content.decode()
    assert "ab" * 32 in answer.content.decode()
    wrong = post(client, room, "geheim", secret="g" + "a" * 63)
    assert "sign number 1 is “g”" in wrong.content.decode()
    short = post(client, room, "geheim", secret="a" * 63)
    assert "63 signs" in short.content.decode()


# --- signed copy ----------------------------------------------------------------------------------------------------


def upload(client: Client, name: str, content: bytes) -> Any:
    file = io.BytesIO(content)
    file.name = "verslag.pdf"
    return client.post(f"/zittingen/{name}/getekend/", {"copy": file})


def test_notary_signs_at_the_own_desk_and_everybody_reads_what_it_is_worth(room: Room):
    session = attested(room)
    build_draw_record_task(session.pk)
    session.refresh_from_db()
    client, page = english(room.notary), f"/zittingen/{session.name}/"
    shown = client.get(page).content.decode()
    assert "Exercise certificate (demo)" in shown
    assert session.record_hash[8:] in shown
    ours = client.get(f"{page}bestanden/verslag-getekend.pdf").content
    assert ours.startswith(bytes(session.record or b""))
    empty = upload(client, session.name, b"")
    assert empty.status_code == 409
    assert "This file is empty" in empty.content.decode()
    assert client.post(f"{page}getekend/").status_code == 422
    refused = upload(client, session.name, ours)
    assert "Add your own signature" in refused.content.decode()
    copy = sign_pdf(ours, seal_of("mr. Nora Notaris"), field="Notaris")
    assert upload(client, session.name, copy).status_code == 302
    shown = english(room.first).get(page).content.decode()
    assert "Signed by the notary" in shown
    assert "mr. Nora Notaris" in shown
    assert "byte for byte" in shown
    assert client.get(f"{page}bestanden/verslag-notaris.pdf").content == copy
    assert client.get(f"{page}bestanden/verslag-notaris-2.pdf").status_code == 404
    assert session.signed_records.filter(origin=SignedBy.NOTARY).count() == 1


def test_nobody_but_the_notary_of_this_region_hands_in(room: Room):
    session = attested(room)
    page = f"/zittingen/{session.name}/getekend/"
    school = room.city.school_round("A", "ALM1").programme.school
    for user, status in (
        (room.first, 403),
        (room.second, 403),
        (school_user(school), 404),
        (region_user(RegionFactory(slug="elders"), Role.NOTARY), 404),
    ):
        assert english(user).get(page).status_code == status
        assert english(user).post(page).status_code == status
    assert Client().get(page).status_code == 302


def test_desk_with_a_signed_record_names_no_child(room: Room):
    session = attested(room)
    build_draw_record_task(session.pk)
    shown = english(room.notary).get(f"/zittingen/{session.name}/").content.decode()
    from admissions.models import Application

    for application in Application.objects.select_related("child"):
        assert application.child.full_name not in shown
        assert application.registration_number not in shown
