"""A round on its calendar days: opening, deadlines to the second, locking, freezing, sending (den-haag.md 4.4)."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from admissions.enums import FormState
from admissions.models import ApplicationForm, CareCase
from admissions.services.draws.rehearsal import play_round
from admissions.services.forms.closing import due_states, keep_time
from lottery.models import Attestation, DrawSession
from lottery.services.verification import VERIFIER
from notifications.models import Message
from schools.calendar_words import LABELS
from schools.clock import ClockError, now
from schools.enums import RoundState
from schools.models import AMSTERDAM, Event, local_moment
from schools.services.rounds import RoundError, missing_dates, move_round
from tests.factories.city import DICE, Form, School, Stopped, everything, make_city
from tests.factories.schools import ROUNDS, RoundFactory

pytestmark = pytest.mark.django_db

R = RoundState


@pytest.mark.parametrize(
    ("moment", "states"),
    [
        ("2023-11-30T23:59:59", []),
        ("2023-12-01T00:00:00", [R.OPEN]),
        ("2023-12-31T23:59:59", [R.OPEN]),
        ("2024-01-01T00:00:00", [R.OPEN, R.PROCESSING]),
        ("2024-01-01T23:59:59", [R.OPEN, R.PROCESSING]),
        ("2024-01-02T00:00:00", [R.OPEN, R.PROCESSING, R.LOCKED]),
    ],
)
def test_application_period_moves_with_the_clock_to_the_second(moment: str, states: list[str]):
    """DH-055: an end date includes the whole day; deadlines are judged in Amsterdam."""
    city = make_city({"A": 1})
    city.move_clock(moment)
    assert due_states(city.round("ALM1")) == states
    keep_time(city.round("ALM1"), actor=None)
    keep_time(city.round("ALM1"), actor=None)  # as often as you like
    assert city.round("ALM1").state == (states[-1] if states else R.PLANNED)
    assert due_states(city.round("VOVP1")) == []


def test_deadline_in_summer_time_is_a_local_midnight():
    city = make_city({"A": 1})
    city.year.clock_at = datetime(2024, 4, 1, 21, 59, 59, tzinfo=UTC)  # 23:59:59 in Amsterdam
    city.year.save()
    assert due_states(city.round("ALM2")) == [R.OPEN, R.PROCESSING]
    city.year.clock_at = datetime(2024, 4, 1, 22, 0, 0, tzinfo=UTC)
    city.year.save()
    assert due_states(city.round("ALM2")) == [R.OPEN, R.PROCESSING, R.LOCKED]


def test_forms_are_locked_at_the_processing_deadline():
    """DH-056"""
    city = make_city({"A": 1})
    city.apply("ALM1", a="A", b="A")
    city.move_clock("2024-01-02T00:00")
    keep_time(city.round("ALM1"), actor=None)
    assert set(ApplicationForm.objects.values_list("state", flat=True)) == {FormState.LOCKED}
    moved = Event.objects.filter(kind="round_state").order_by("sequence").values_list("old", "new")
    assert list(moved) == [(R.PLANNED, R.OPEN), (R.OPEN, R.PROCESSING), (R.PROCESSING, R.LOCKED)]


@pytest.mark.parametrize("code", ["ALM1", "VOVP1"])
def test_round_with_a_missing_date_stays_planned_and_the_dates_are_named(code: str):
    """den-haag.md 3.2"""
    needed = {
        "ALM1": "parents_from parents_until processing_until school_draws_on central_matching_on offers_on",
        "VOVP1": "opt_in_from opt_in_until central_matching_on visible_to_schools_at offers_on",
    }[code].split()
    for name in needed:
        round_ = RoundFactory(code=code)
        assert missing_dates(round_) == []
        kept = getattr(round_, name)
        setattr(round_, name, None)
        round_.save()
        assert missing_dates(round_) == [name]
        with pytest.raises(RoundError, match=f"“{LABELS[name]}”"):
            move_round(round_, R.OPEN if code == "ALM1" else R.INVITED, actor=None)
        setattr(round_, name, kept)
        round_.save()


def test_session_is_frozen_a_day_before_the_draw_and_drawn_on_its_day():
    """data-formats.md section 2; OA-LOT/1 sections 4.3 and 4.4: beacon at least a day after the freeze."""
    for code in ("ALM1", "VOVP1"):
        city = make_city({"A": 1}, slug=f"stad-{code.lower()}")
        city.play_until(code)
        city.play(code)
        session = DrawSession.objects.get(round=city.round(code))
        round_ = city.round(code)
        assert session.frozen_at == round_.freeze_at
        assert session.beacon_at is not None and session.locked_at is not None
        assert session.beacon_at - session.frozen_at >= timedelta(hours=24)
        assert session.locked_at < session.beacon_at
        assert session.beacon_at.astimezone(AMSTERDAM).date() == round_.central_matching_on


def test_clock_of_the_year_ends_on_the_sending_day_and_does_not_go_back():
    city = make_city({"A": 1})
    city.play("ALM1")
    city.year.refresh_from_db()
    at = now(city.year).astimezone(AMSTERDAM)
    assert at.date().isoformat() == ROUNDS["ALM1"]["offers_on"]
    with pytest.raises(ClockError):
        city.move_clock("2024-01-01")


def test_draw_names_who_confirmed_and_which_program_agreed():
    """OA-LOT/1 section 7"""
    city = make_city({"A": 1})
    city.play("ALM1")
    session = DrawSession.objects.get()
    kinds = list(Attestation.objects.filter(session=session).values_list("kind", flat=True))
    assert kinds == ["freeze", "dice", "beacon", "verified"]
    assert session.verifier_hash == hashlib.sha256(VERIFIER.read_bytes()).hexdigest()
    assert f"verificateur|{session.verifier_hash}\n".encode() in bytes(session.commitment)
    assert session.verified_at is not None and session.applied_at is not None
    assert session.verified_at <= session.applied_at


def test_care_wish_without_an_outcome_counts_as_not_available_in_a_rehearsal_and_the_record_says_so():
    """DH-181"""
    city = make_city({"A": 1})
    city.apply("ALM1", a=Form("A", care_request=True), b=Form("A", care_request=True, care_duty=False))
    city.play("ALM1")
    assert set(CareCase.objects.values_list("state", flat=True)) == {"duty_no"}
    says_in_the_record("1 zorgwens zonder uitkomst")


def says_in_the_record(own: str) -> None:
    """That it was a rehearsal, whose rules nobody confirmed (DH-012), and this; nothing else."""
    notes = DrawSession.objects.get().notes
    assert len(notes) == 3
    for words in ("run_round", "voorrangsregels", own):
        assert sum(words in note for note in notes) == 1


def test_school_that_draws_by_hand_is_drawn_with_the_others_in_a_rehearsal_and_the_record_says_so():
    """data-formats.md section 2"""
    city = make_city({"A": School(1, draw_mode="manual"), "B": 1})
    city.apply("ALM1", a="A", b="A", c="B")
    city.play("ALM1", {"A": "b a"})
    assert city.outcomes("ALM1") == {"a": "unplaced", "b": "A", "c": "B"}
    says_in_the_record("1 school die met de hand loot")


def test_every_message_of_a_round_leaves_on_the_sending_day_and_not_before():
    """DH-111, DH-142"""
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", a="A", b="A B", c="A")
    city.play_to("ALM1", R.MATCHED)
    held = Message.objects.exclude(registration_number="")
    assert set(held.values_list("state", flat=True)) == {"held"}
    assert {message.not_before for message in held} == {local_moment(city.round("ALM1").offers_on)}
    city.play("ALM1")
    assert set(held.values_list("state", flat=True)) == {"released"}
    assert all(message.released_at >= message.not_before for message in held.all())


def test_stopped_at_every_step_and_taken_up_again_gives_one_result():
    """OA-LOT/1 section 7 point 5: the same bytes or nothing."""
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", a="A B", b="A B", c="A B")
    seen: set[bytes] = set()
    stopped_at: list[str] = []

    def stop(step: str) -> None:
        """Once at every step."""
        if step not in stopped_at:
            stopped_at.append(step)
            raise Stopped

    for _ in range(6):
        with pytest.raises(Stopped):
            play_round(city.round("ALM1"), digits=DICE, actor=None, progress=stop)
        seen |= {bytes(session.outcome) for session in DrawSession.objects.exclude(outcome=None)}
        assert city.contradictions() == []
    played = city.play("ALM1")
    assert (played.children, played.placed, played.unplaced) == (3, 2, 1)
    assert DrawSession.objects.count() == 1
    assert seen == {bytes(DrawSession.objects.get().outcome or b"")}
    assert sorted(city.outcomes("ALM1").values()) == ["A", "B", "unplaced"]
    assert city.contradictions() == []


def test_looking_whether_a_round_is_due_changes_nothing():
    city = make_city({"A": 1})
    before = everything()
    due_states(city.round("ALM1"))
    assert everything() == before
