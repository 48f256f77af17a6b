"""The ceremony: four eyes, blind entries, lock, beacon, envelope, hand-drawn order, attestation (section 7)."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from admissions.services.draws.ceremony import (
    confirm_round,
    freeze_round,
    publish_due,
    request_draw,
    void_round,
)
from admissions.services.draws.outcomes import apply_session
from admissions.tasks import apply_draw_task, start_draw
from lottery.engine.commitment import parse_commitment, parse_seed
from lottery.enums import AttestationKind, EntryKind, Profile, SessionState
from lottery.models import BlindEntry, DrawSession
from lottery.services import attesting, ceremony
from lottery.services.attesting import attest_session
from lottery.services.beacon import BeaconError, check_beacon, is_signed
from lottery.services.beacon_steps import use_stand_in
from lottery.services.blind_entries import Entered, enter, next_draw
from lottery.services.self_test import self_test
from lottery.services.sessions import SessionError
from lottery.services.verification import verify_files
from lottery.tasks import compute_draw_task, verify_draw_task
from notifications.models import Message
from schools.enums import JobState, RoundState
from schools.errors import RefusedError
from schools.models import Job
from tests.factories.ceremony import DICE, OTHER_DICE, Room, open_room
from tests.factories.schools import region_user

pytestmark = pytest.mark.django_db

ROUND = 657413
SIGNATURE = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
VALUE = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"


@pytest.fixture
def room() -> Room:
    return open_room()


def type_dice(session: DrawSession, user, digits: str = DICE) -> Entered:
    return enter(session_id=session.pk, kind=EntryKind.DICE, values=[digits], actor=user)


def refusal(action: Callable[[], object]) -> str:
    """The sentence somebody reads, in English."""
    with translation.override("en"), pytest.raises(RefusedError) as caught:
        action()
    return str(caught.value)


# --- freeze and confirm ---------------------------------------------------------------------------------------------


def test_one_freezes_and_another_confirms(room: Room):
    session = room.freeze()
    assert (session.state, room.round.state) == (SessionState.FROZEN, RoundState.FROZEN)
    assert Message.objects.filter(kind="M20").count() == 0
    assert "yourself" in refusal(lambda: confirm_round(session.pk, actor=room.first))
    assert "role" in refusal(lambda: confirm_round(session.pk, actor=room.notary))
    confirm_round(session.pk, actor=room.second)
    assert "Fatima Haddou" in refusal(lambda: confirm_round(session.pk, actor=room.second))
    session.refresh_from_db()
    assert session.state == SessionState.COMMITTED


def test_every_family_gets_its_own_line(room: Room):
    session = room.commit()
    messages = Message.objects.filter(kind="M20")
    assert {message.state for message in messages} == {"released"}
    lines = set(bytes(session.dossiers).decode().splitlines())
    public = bytes(session.participants).decode()
    numbers = dict(session.numbers.values_list("registration_number", "number"))
    assert messages.count() == len(numbers) == 4
    for message in messages:
        merge = message.merge
        assert merge["session_number"] == numbers[message.registration_number]
        assert (
            merge["dossier_line"] in lines and merge["dossier_line"].split("|")[1] == merge["session_number"]
        )
        assert merge["seal"] == hashlib.sha256(merge["dossier_line"].encode()).hexdigest()
        assert f"|{merge['seal']}\n" in public
        assert merge["commitment_hash"] == session.commitment_hash


def test_second_manager_reads_who_was_first(room: Room):
    room.freeze()
    assert "Jeroen Wiersma" in refusal(
        lambda: freeze_round(room.round.pk, actor=room.second, warnings_seen=True)
    )
    assert DrawSession.objects.count() == 1


def test_rehearsal_may_be_shorter_than_a_day_and_the_record_says_so(room: Room):
    session = room.commit(beacon_at=room.city.year.clock_at + timedelta(hours=2))
    assert any("24 uur" in note or "24 hours" in note for note in session.notes)


def make_real(room: Room, settings: Any) -> None:
    """A real year, on an installation for real draws only: elsewhere the pre-flight refuses it first."""
    year = room.city.year
    year.is_rehearsal, year.clock_at = False, None
    year.save()
    assert "test mode" in refusal(room.freeze)
    settings.REHEARSAL_ALLOWED = settings.DEBUG = False


def test_real_session_needs_24_hours(room: Room, settings: Any):
    moment = room.city.year.clock_at
    make_real(room, settings)
    # The real clock: the round lies in the past, so the beacon would too.
    assert "24" in refusal(lambda: room.freeze(beacon_at=moment + timedelta(hours=2)))
    session = room.freeze()
    assert not session.is_rehearsal
    plan = parse_commitment(bytes(session.commitment))
    assert ceremony.beacon_time(plan.beacon_rounds[0]) - session.frozen_at >= timedelta(hours=24)
    confirm_round(session.pk, actor=room.second)
    for user in (room.first, room.notary):
        type_dice(session, user)
    assert "rehearsal" in refusal(lambda: use_stand_in(session_id=session.pk, actor=room.first))
    values = [str(plan.beacon_rounds[0]), VALUE, SIGNATURE]
    assert "moment" in refusal(
        lambda: enter(session_id=session.pk, kind=EntryKind.BEACON, values=values, actor=room.first)
    )
    # Within the lock nobody can void it: the rounds are still to come.
    refusal(lambda: void_round(session.pk, reason="Alle bakenrondes ontbreken.", actor=room.notary))


def test_confirmed_too_late_is_refused(room: Room, monkeypatch: pytest.MonkeyPatch, settings: Any):
    make_real(room, settings)
    session = room.freeze()
    monkeypatch.setattr(ceremony, "now", lambda year: session.frozen_at + timedelta(hours=3))
    assert "24 hours" in refusal(lambda: confirm_round(session.pk, actor=room.second))


def test_new_attempt_names_the_one_before(room: Room):
    first = room.commit()
    void_round(first.pk, reason="Een school had een verkeerd plafond.", actor=room.first)
    first.refresh_from_db()
    assert (first.state, room.round.state) == (SessionState.VOID, RoundState.LOCKED)
    assert first.files().keys() == {"dossiers.txt", "deelnemers.txt", "vastlegging.txt"}
    second = room.commit()
    plan = parse_commitment(bytes(second.commitment))
    assert (plan.attempt, plan.previous, second.attempt) == (2, first.commitment_hash, 2)
    assert second.name != first.name
    assert Message.objects.filter(kind="M20").count() == 8


def test_after_the_lock_nobody_throws_the_result_away(room: Room):
    session = room.seed()
    for user in (room.first, room.notary):
        refusal(lambda user=user: void_round(session.pk, reason="De uitslag bevalt niet zo.", actor=user))
    assert room.session().state == SessionState.SEEDED


def test_missing_beacon_is_declared_by_the_notary(room: Room):
    session = room.lock()
    refusal(lambda: void_round(session.pk, reason="Alle bakenrondes ontbreken.", actor=room.first))
    void_round(session.pk, reason="Alle bakenrondes ontbreken.", actor=room.notary)
    assert room.session().state == SessionState.VOID


# --- dice -----------------------------------------------------------------------------------------------------------


def test_two_equal_entries_lock_the_dice(room: Room):
    session = room.commit()
    assert type_dice(session, room.first) == Entered.WAITING
    assert type_dice(session, room.first) == Entered.WAITING
    assert "else" in refusal(lambda: type_dice(session, room.first, OTHER_DICE))
    assert type_dice(session, room.notary) == Entered.EQUAL
    session.refresh_from_db()
    expected = f"OA-LOT/1|notaris|{session.name}|{session.commitment_hash}|{DICE}"
    assert (session.state, session.slot) == (
        SessionState.LOCKED,
        hashlib.sha256(expected.encode()).hexdigest(),
    )


def test_different_entries_are_both_dropped_and_noted(room: Room):
    session = room.commit()
    type_dice(session, room.first)
    assert type_dice(session, room.second, OTHER_DICE) == Entered.DIFFERENT
    assert BlindEntry.objects.count() == 0
    (incident,) = session.attestations.filter(kind=AttestationKind.INCIDENT)
    assert "Jeroen Wiersma" in incident.note and DICE not in incident.note
    session.refresh_from_db()
    assert session.state == SessionState.COMMITTED
    type_dice(session, room.first)
    assert type_dice(session, room.second) == Entered.EQUAL


@pytest.mark.parametrize("digits", ["123457" + "1" * 54, "1" * 59, "1" * 61, ""])
def test_wrong_dice_store_nothing(room: Room, digits: str):
    session = room.commit()
    refusal(lambda: type_dice(session, room.first, digits))
    assert BlindEntry.objects.count() == 0


def test_nobody_types_who_has_no_role_or_too_early(room: Room):
    session = room.freeze()
    refusal(lambda: type_dice(session, room.first))
    confirm_round(session.pk, actor=room.second)
    stranger = region_user(open_elsewhere().region)
    assert "role" in refusal(lambda: type_dice(session, stranger))


def open_elsewhere():
    from tests.factories.schools import AdmissionYearFactory, RegionFactory

    return AdmissionYearFactory(region=RegionFactory(slug="elders"))


# --- beacon ---------------------------------------------------------------------------------------------------------


def test_real_beacon_value_is_checked_to_its_signature():
    check_beacon(ROUND, VALUE, SIGNATURE)
    assert is_signed(ROUND, SIGNATURE) and not is_signed(ROUND + 1, SIGNATURE)
    with pytest.raises(BeaconError, match="657413"):
        check_beacon(ROUND + 1, VALUE, SIGNATURE, listed=(ROUND + 1, ROUND))
    with pytest.raises(BeaconError):
        check_beacon(ROUND, "0" + VALUE[1:], SIGNATURE)


def test_beacon_is_typed_twice_with_hex_errors_named(room: Room):
    """The vector's round, which lies before the demo year: a rehearsal takes it."""
    start = ceremony.beacon_time(ROUND)
    session = room.lock(beacon_at=start)
    plan = parse_commitment(bytes(session.commitment))
    assert plan.beacon_rounds[0] == ROUND

    def type_beacon(user, round_=str(ROUND), value=VALUE, signature=SIGNATURE) -> Entered:
        return enter(
            session_id=session.pk, kind=EntryKind.BEACON, values=[round_, value, signature], actor=user
        )

    assert "3" in refusal(lambda: type_beacon(room.first, value="fcx" + VALUE[3:]))
    assert "63" in refusal(lambda: type_beacon(room.first, value=VALUE[1:]))
    assert "658613" in refusal(lambda: type_beacon(room.first, round_="658614"))
    refusal(lambda: type_beacon(room.first, round_="658613"))  # signed for another round
    assert BlindEntry.objects.filter(kind=EntryKind.BEACON).count() == 0
    assert type_beacon(room.first, value=VALUE.upper()) == Entered.WAITING
    assert type_beacon(room.second) == Entered.EQUAL
    session = room.session()
    assert (session.state, session.beacon_signature) == (SessionState.SEEDED, SIGNATURE)
    assert parse_seed(bytes(session.seed)).beacon == (ROUND, VALUE)


def test_stand_in_is_for_rehearsals_and_marked(room: Room):
    session = room.seed()
    assert session.state == SessionState.SEEDED and session.beacon_signature == ""
    assert any("stand-in" in note or "vervang" in note for note in session.notes)
    assert use_stand_in(session_id=session.pk, actor=room.second).seed_hash == session.seed_hash


# --- envelope and hand ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [Profile.NG, Profile.NGB])
def test_secret_from_the_envelope_must_fit_the_commitment(room: Room, profile: str):
    frozen = freeze_round(room.round.pk, actor=room.first, profile=profile, warnings_seen=True)
    assert len(frozen.secret) == 64
    assert frozen.secret.encode() not in b"".join(frozen.session.files().values())
    confirm_round(frozen.session.pk, actor=room.second)
    for user in (room.first, room.second):
        type_dice(frozen.session, user)

    def type_secret(user, secret: str) -> Entered:
        return enter(session_id=frozen.session.pk, kind=EntryKind.SECRET, values=[secret], actor=user)

    refusal(lambda: type_secret(room.first, "0" * 64))
    refusal(lambda: type_secret(room.first, frozen.secret[:-1] + "g"))
    type_secret(room.first, frozen.secret)
    assert type_secret(room.notary, frozen.secret.upper()) == Entered.EQUAL
    if profile == Profile.NGB:
        assert room.session().state == SessionState.LOCKED
        use_stand_in(session_id=frozen.session.pk, actor=room.first)
    assert finished(room).state == SessionState.APPLIED


def test_order_drawn_by_hand_is_typed_twice(room: Room):
    session = room.commit(profile=Profile.H)

    def type_order(user, draw: str, units: list[str]) -> Entered:
        text = "\n".join(units)
        return enter(session_id=session.pk, kind=EntryKind.ORDER, values=[draw, text], actor=user)

    draw, units = next_draw(session) or ("", ())
    order = list(reversed(units))
    assert draw.startswith("school/")
    assert order[0] in refusal(lambda: type_order(room.first, draw, order[1:]))
    assert order[1] in refusal(lambda: type_order(room.first, draw, [*order, order[1]]))
    refusal(lambda: type_order(room.first, draw, [*order[1:], "XXXXXXXX"]))
    refusal(lambda: type_order(room.first, "centraal", order))
    type_order(room.first, draw, order)
    assert type_order(room.notary, draw, order) == Entered.EQUAL
    session = room.session()
    draw, left = next_draw(session) or ("", ())
    assert draw == "centraal" and set(left) == set(order[2:])  # two places at the school
    for user in (room.first, room.notary):
        type_order(user, draw, list(left))
    assert room.session().state == SessionState.SEEDED
    assert room.session().slot == ""
    assert finished(room).state == SessionState.APPLIED


# --- computing ------------------------------------------------------------------------------------------------------


def finished(room: Room) -> DrawSession:
    """Compute, verify and decide, with the tasks as a worker runs them."""
    session = room.session()
    job = Job.objects.filter(kind="draw").first() or request_draw(session.pk, actor=room.first)
    start_draw(job.pk)
    return room.session()


def test_computed_verified_and_decided_once(room: Room, django_capture_on_commit_callbacks):
    session = room.seed()
    with django_capture_on_commit_callbacks(execute=True):
        job = request_draw(session.pk, actor=room.first)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 3)
    session = room.session()
    assert (session.state, room.round.state) == (SessionState.APPLIED, RoundState.MATCHED)
    assert verify_files(session.files(), commitment_hash=session.commitment_hash).agrees
    assert len(room.city.seats()) == 3
    assert "already" in refusal(lambda: request_draw(session.pk, actor=room.second))
    assert room.city.contradictions() == []


def test_second_of_two_managers_reads_who_started(room: Room):
    session = room.seed()
    request_draw(session.pk, actor=room.first)
    assert "Jeroen Wiersma" in refusal(lambda: request_draw(session.pk, actor=room.second))
    assert Job.objects.filter(kind="draw").count() == 1


def test_fifty_duplicated_tasks_have_one_effect(room: Room):
    job = request_draw(room.seed().pk, actor=room.first)
    tasks = [compute_draw_task, verify_draw_task, apply_draw_task]
    for number in range(50):
        tasks[(number * 7) % 3](job.pk)
    hashes = set(DrawSession.objects.values_list("outcome_hash", flat=True))
    for task in tasks * 4:
        task(job.pk)
    assert set(DrawSession.objects.values_list("outcome_hash", flat=True)) == hashes
    assert room.session().state == SessionState.APPLIED
    assert len(room.city.placements()) == 3
    assert room.city.contradictions() == []


def test_verifier_that_disagrees_changes_nothing(room: Room, monkeypatch: pytest.MonkeyPatch):
    job = request_draw(room.seed().pk, actor=room.first)
    monkeypatch.setattr("lottery.services.verification.VERIFIER", ceremony.__file__)  # not a verifier
    start_draw(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert (room.session().state, room.round.state) == (SessionState.COMPUTED, RoundState.FROZEN)
    # The family's own line and the commitment (M21) went out before the draw; of the result nothing is said.
    assert set(Message.objects.exclude(kind="M01").values_list("kind", flat=True)) == {"M20", "M21"}


# --- afterwards -----------------------------------------------------------------------------------------------------


def test_notary_attests_and_the_session_is_published_when_families_know(room: Room):
    room.seed()
    session = finished(room)
    ticked = [statement.key for statement in attesting.statements(session)]
    assert "witnesses" in refusal(
        lambda: attest_session(session_id=session.pk, ticked=ticked, actor=room.notary)
    )
    room.seat_witnesses()
    refusal(lambda: attest_session(session_id=session.pk, ticked=ticked[1:], actor=room.notary))
    assert "role" in refusal(lambda: attest_session(session_id=session.pk, ticked=ticked, actor=room.first))
    attest_session(
        session_id=session.pk, ticked=ticked, incident="Een steen viel van tafel.", actor=room.notary
    )
    session = room.session()
    assert (session.state, session.notary_name) == (SessionState.ATTESTED, "mr. E.M. van Loon")
    assert publish_due() == 0
    from admissions.services.letters.offers import send_offers
    from schools.models import local_moment

    round_ = room.round
    room.city.move_clock(round_.offers_on.isoformat() + "T10:00")
    send_offers(room.round, actor=room.first)
    assert room.session().state == SessionState.PUBLISHED
    assert room.session().published_at >= local_moment(round_.offers_on)
    assert room.city.contradictions() == []


def test_nothing_is_skipped_and_nothing_goes_back(room: Room):
    from django.db import IntegrityError, transaction

    session = room.commit()
    for state in SessionState.values:
        if state in (SessionState.COMMITTED, SessionState.LOCKED, SessionState.VOID):
            continue
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE lottery_drawsession SET state = %s WHERE id = %s", [state, session.pk])
    with pytest.raises(SessionError):
        apply_session(session_id=session.pk, actor=room.first)


def test_this_installation_passes_its_own_test():
    assert self_test() == []
