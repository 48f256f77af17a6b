"""Mending a draw without drawing again: two people, the record, a public sentence (OA-LOT/1 section 8)."""

from datetime import date
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from admissions.enums import Decision, FormState, RepairKind, RepairState
from admissions.models import Application, ApplicationForm, LedgerEntry, Placement, Repair
from admissions.services.draws.ceremony import void_round
from admissions.services.draws.mini_sessions import apply_mini_session, confirm_again, draw_again
from admissions.services.draws.outcomes import AlreadyApplied, apply_session
from admissions.services.draws.repair_kinds import RepairError
from admissions.services.draws.repairs import Asked, approve, propose, reject
from admissions.services.explaining.exports import result_rows
from admissions.services.forms.contents import contents_of
from admissions.services.integrity.facts import check_exceptions, check_ledger, check_places, problems_of
from admissions.services.places.exceptions import give_places
from admissions.services.replies.answers import ReplyError, withdraw
from admissions.services.replies.kept_withdrawals import carry_out_due
from admissions.services.replies.withdrawal_reasons import Reason
from admissions.services.year.reset import reset_year
from lottery.enums import EntryKind, SessionState
from lottery.models import DrawSession
from lottery.services.beacon_steps import use_stand_in
from lottery.services.blind_entries import enter
from lottery.services.sessions import compute, store_outcome, verify_session
from lottery.services.shadow import standing
from notifications.models import Message
from schools.clock import now
from schools.enums import Role
from schools.errors import RefusedError
from schools.models import Event
from tests.factories.ceremony import DICE, Room, logged_in, open_room
from tests.factories.schools import RegionFactory, region_user, school_user

pytestmark = pytest.mark.django_db
REASON, DOCUMENT = "Het formulier bleef op school liggen", "Bezwaar van 14 januari 2024"


@pytest.fixture
def room() -> Room:
    return open_room(children=5, schools={"A": 2, "B": 1})


def official(room: Room) -> DrawSession:
    session = room.seed()
    finish(session)
    apply_session(session_id=session.pk, actor=room.first)
    return DrawSession.objects.get(pk=session.pk)


def finish(session: DrawSession) -> None:
    at = now(session.round.year)
    store_outcome(session_id=session.pk, outcome=compute(session), at=at)
    verify_session(session_id=session.pk, at=at)


def forget(room: Room, key: str = "a0") -> Application:
    """This child's form was left as a draft at the deadline."""
    application = room.city.application(key)
    ApplicationForm.objects.filter(application=application).update(
        state=FormState.EXPIRED, draft=contents_of(application)
    )
    # A form that never was final has written nothing of this yet.
    application.guardians.all().delete()
    application.claims.all().delete()
    application.preferences.all().delete()
    application.form.versions.all().delete()
    Application.objects.filter(pk=application.pk).update(decision=Decision.PENDING)
    return room.city.application(key)


def seats(room: Room) -> dict[str, str]:
    return dict(
        Placement.objects.values_list("application__form__form_reference", "school_round__programme__code")
    )


def nobody_above_the_ceilings_but_on_a_documented_place(room: Room) -> None:
    """OA-LOT/1 section 8: the schools were full, so each place given was added; what somebody left paid one back.

    How many are better off depends on the lots: who moves up may leave a place that another should have had.
    """
    entries = LedgerEntry.objects.filter(kind="exception")
    better = Repair.objects.get().outcome["better"]
    added = entries.filter(places=1).values_list("school_round__programme__code", flat=True)
    assert better and sorted(added) == sorted(code for _number, _before, code in better)
    left = Placement.objects.filter(state="withdrawn")
    assert set(entries.filter(places=-1).values_list("placement", flat=True)) <= {row.pk for row in left}
    for school in ("A", "B"):
        children = Placement.objects.exclude(state__in=["withdrawn", "superseded"]).filter(
            school_round__programme__code=f"00000{school}"
        )
        rows = LedgerEntry.objects.filter(school_round__programme__code=f"00000{school}")
        places = sum(rows.filter(kind__in=["ceiling", "exception"]).values_list("places", flat=True))
        assert children.count() <= places
        # A place that was left pays back before it goes on.
        if entries.filter(school_round__programme__code=f"00000{school}", places=1).count() > (
            entries.filter(school_round__programme__code=f"00000{school}", places=-1).count()
        ):
            assert not rows.filter(kind="freed_out").exists()
    assert room.city.contradictions() == []


# --- a forgotten child


def draw_afterwards(room: Room, session: DrawSession, child: Application, digits: str = DICE) -> Repair:
    asked = Asked(RepairKind.MINI_SESSION, REASON, DOCUMENT, child.pk)
    repair = approve(propose(session.pk, asked, actor=room.first).pk, actor=room.second)
    mini = repair.mini_session
    assert mini is not None
    for user in (room.first, room.notary):
        enter(session_id=mini.pk, kind=EntryKind.DICE, values=[digits], actor=user)
    finish(use_stand_in(session_id=mini.pk, actor=room.first))
    apply_mini_session(session_id=mini.pk, actor=room.first)
    return Repair.objects.get(pk=repair.pk)


def test_forgotten_child_gets_a_draw_of_its_own_and_nobody_loses(room: Room):
    child = forget(room)
    session = official(room)
    files, before = session.files(), seats(room)
    repair = draw_afterwards(room, session, child)
    mini = repair.mini_session
    assert mini is not None and mini.name.endswith("-N1") and mini.repairs_id == session.pk
    assert repair.state == RepairState.DONE
    session.refresh_from_db()
    assert session.files() == files
    after = seats(room)
    assert {key: after[key] for key in before} == before
    child.refresh_from_db()
    found = standing(session, mini)
    if found.code:
        assert after["a0"] == found.code
        assert LedgerEntry.objects.filter(kind="exception", places=1).count() == int(found.code[-1] in "AB")
    else:
        assert child.decision == Decision.UNPLACED and "a0" not in after
    assert list(problems_of(room.city.year)) == []
    row = next(row for row in result_rows(room.round) if row[0] == "a0")
    assert row[2] == mini.numbers.get().number and row[4] == (found.code or "")
    notes = list(session.attestations.filter(kind="repair").values_list("note", flat=True))
    assert len(notes) == 2 and all(mini.name in note for note in notes)
    assert not any("a0" in note or "Proef" in note for note in notes)
    kinds = set(Event.objects.filter(object_key=child.registration_number).values_list("kind", flat=True))
    assert {"repair_proposed", "repair_approved", "repair_done"} <= kinds
    with pytest.raises(AlreadyApplied):
        apply_mini_session(session_id=mini.pk, actor=room.second)


def test_lot_drawn_afterwards_stands_where_it_would_have_stood(room: Room):
    """Over many dice: the place is exactly the one of the parents' rule (section 6) against the old limits."""
    child = forget(room)
    session = official(room)
    asked = Asked(RepairKind.MINI_SESSION, REASON, DOCUMENT, child.pk)
    mini = approve(propose(session.pk, asked, actor=room.first).pk, actor=room.second).mini_session
    assert mini is not None
    from lottery.services.sessions import seed_rehearsal

    reached = set()
    # The limits of the first draw differ from run to run: go on until some lots reached the school and some did not.
    dice = Random(20260210)
    for number in range(300):
        if number >= 24 and len(reached) > 1:
            break
        digits = "".join(str(dice.randint(1, 6)) for _ in range(60))
        with transaction.atomic():
            drawn = seed_rehearsal(session_id=mini.pk, digits=digits, actor=None)
            finish(drawn)
            drawn.refresh_from_db()
            found = standing(session, drawn)
            lots = {draw.draw_id: draw.outcomes.get().lot for draw in drawn.draws.all()}
            limits = {
                (line.split("|")[1], line.split("|")[2]): line.split("|")[3:]
                for line in bytes(session.outcome or b"").decode().splitlines()
                if line.startswith("grens|")
            }
            tier, limit = limits["school/00000A", "00000A"]
            expected = "00000A" if lots["school/00000A"] <= limit and tier == "1" else None
            if expected is None:
                for code in ("00000A", "00000B"):
                    word, value = limits["centraal", code]
                    if word == "vrij" or (word == "-" and lots["centraal"] <= value):
                        expected = code
                        break
            if expected is not None:
                assert found.code == expected
            reached.add(found.code)
            transaction.set_rollback(True)
    assert len(reached) > 1


def test_forgotten_child_after_the_letters_left_hears_at_once(room: Room):
    child = forget(room, "a1")
    room.city.play("ALM1")
    session = room.session()
    repair = draw_afterwards(room, session, child)
    child.refresh_from_db()
    placement = Placement.objects.filter(application=child).first()
    if placement is not None:
        assert placement.state == "offered" and placement.respond_by is not None
    kinds = Message.objects.filter(registration_number=child.registration_number).values_list("kind", "state")
    result = [row for row in kinds if row[0] in ("M04", "M05", "M06")]
    assert len(result) == 1
    assert repair.outcome["draw"] in ("school/00000A", "centraal")
    assert list(problems_of(room.city.year)) == []


def test_child_that_was_not_forgotten_gets_no_draw(room: Room):
    session = official(room)
    asked = Asked(RepairKind.MINI_SESSION, REASON, DOCUMENT, room.city.application("a1").pk)
    with pytest.raises(RepairError):
        propose(session.pk, asked, actor=room.first)


def test_void_draw_afterwards_gets_a_next_attempt_that_names_it(room: Room):
    """OA-LOT/1 sections 4.3 and 8: frozen by one, confirmed by another; the decision to hold it stands."""
    child = forget(room)
    session = official(room)
    asked = Asked(RepairKind.MINI_SESSION, REASON, DOCUMENT, child.pk)
    repair = approve(propose(session.pk, asked, actor=room.first).pk, actor=room.second)
    void = repair.mini_session
    assert void is not None
    with pytest.raises(RepairError):
        draw_again(repair.pk, actor=room.first)  # not void
    void_round(void.pk, reason="De dobbelstenen zijn weg", actor=room.first)
    with pytest.raises(RepairError):
        draw_again(repair.pk, actor=room.notary)
    first, second = logged_in(room.first), logged_in(room.second)
    page = f"/herstel/{repair.pk}/"
    assert 'value="again"' in first.get(page).content.decode()
    first.post(page, {"action": "again"})
    first.post(page, {"action": "again"})  # a double click
    repair.refresh_from_db()
    mini = repair.mini_session
    assert mini is not None and mini.name.endswith("-N1-P2") and mini.attempt == 2 and mini.key == void.key
    assert f"poging|2|{void.commitment_hash}".encode() in bytes(mini.commitment)
    assert 'value="confirm"' not in first.get(page).content.decode()
    with pytest.raises(RefusedError):
        confirm_again(repair.pk, actor=room.first)
    second.post(page, {"action": "confirm"})
    note = session.attestations.filter(kind="repair").order_by("-pk").values_list("note", flat=True)[0]
    assert void.name in note and mini.name in note
    lines = Message.objects.filter(registration_number=child.registration_number, kind="M20")
    assert lines.count() == 2
    for user in (room.first, room.notary):
        enter(session_id=mini.pk, kind=EntryKind.DICE, values=[DICE], actor=user)
    finish(use_stand_in(session_id=mini.pk, actor=room.first))
    apply_mini_session(session_id=mini.pk, actor=room.first)
    repair.refresh_from_db()
    assert repair.state == RepairState.DONE
    assert list(problems_of(room.city.year)) == []


def leaves(child: Application) -> None:
    withdraw(child.pk, reason=Reason("moved_outside"), on=None, actor=None)


@pytest.mark.parametrize("first", ["void", "withdrawal"])
def test_child_that_leaves_ends_its_void_draw_afterwards(room: Room, first: str):
    """Nothing stays under way for ever, whichever came first; who has left is not drawn again (Q-10)."""
    child = forget(room)
    session = official(room)
    asked = Asked(RepairKind.MINI_SESSION, REASON, DOCUMENT, child.pk)
    repair = approve(propose(session.pk, asked, actor=room.first).pk, actor=room.second)
    mini = repair.mini_session
    assert mini is not None
    if first == "withdrawal":
        leaves(child)
        assert Repair.objects.get().state == RepairState.APPROVED  # it was committed in public
    void_round(mini.pk, reason="De dobbelstenen zijn weg", actor=room.first)
    if first == "void":
        assert Repair.objects.get().state == RepairState.APPROVED
        leaves(child)
    repair.refresh_from_db()
    assert (repair.state, repair.outcome) == (RepairState.REJECTED, {"ended": True})
    note = session.attestations.filter(kind="repair").order_by("-pk").values_list("note", flat=True)[0]
    assert mini.name in note and "a0" not in note
    page = logged_in(room.first).get(f"/herstel/{repair.pk}/").content.decode()
    assert "Er komt geen nieuwe poging" in page or "There is no next attempt" in page
    assert 'value="again"' not in page
    with pytest.raises(RepairError):
        draw_again(repair.pk, actor=room.first)
    assert Event.objects.filter(kind="repair_ended", object_key=child.registration_number).count() == 1
    assert list(problems_of(room.city.year)) == []


def test_committed_draw_afterwards_of_a_child_that_left_counts_for_nothing(room: Room):
    """It is drawn and official like every commitment; no place, no message, and the repair is done."""
    child = forget(room)
    session = official(room)
    asked = Asked(RepairKind.MINI_SESSION, REASON, DOCUMENT, child.pk)
    repair = approve(propose(session.pk, asked, actor=room.first).pk, actor=room.second)
    mini = repair.mini_session
    assert mini is not None
    leaves(child)
    for user in (room.first, room.notary):
        enter(session_id=mini.pk, kind=EntryKind.DICE, values=[DICE], actor=user)
    finish(use_stand_in(session_id=mini.pk, actor=room.first))
    assert apply_mini_session(session_id=mini.pk, actor=room.first) is None
    repair.refresh_from_db()
    assert repair.state == RepairState.DONE and repair.outcome["ended"]
    assert not Placement.objects.filter(application=child).exists()
    results = Message.objects.filter(registration_number=child.registration_number)
    assert not results.filter(kind__in=["M04", "M05", "M06"]).exists()
    assert list(problems_of(room.city.year)) == []


# --- a shadow result


def loser_and_tier(room: Room, session: DrawSession) -> str:
    """Somebody who got no place at A; with class 1 it would go before everybody."""
    numbers = dict(session.numbers.values_list("number", "registration_number"))
    return next(
        numbers[line.number] for line in session.draws.get(draw_id="school/00000A").outcomes.filter(code="")
    )


def test_shadow_result_gives_the_better_place_and_takes_none(room: Room):
    from schools.models import PriorityRule

    PriorityRule.objects.create(
        year=room.city.year,
        programme=room.city.school_round("A", "ALM1").programme,
        kind="staff",
        position=1,
    )
    from schools.services.confirmations import confirm_rules_in_rehearsal

    confirm_rules_in_rehearsal(room.city.year)
    session = official(room)
    number, files, before = loser_and_tier(room, session), session.files(), seats(room)
    asked = Asked(RepairKind.SHADOW, REASON, DOCUMENT, None, {"tiers": {number: 1}})
    repair = propose(session.pk, asked, actor=room.first)
    assert {row[0]: row[2] for row in repair.outcome["better"]}[number] == "00000A"
    assert repair.outcome["worse"] and repair.outcome["same"] >= 1
    assert seats(room) == before  # nothing happens before the second person
    with pytest.raises(RepairError):
        approve(repair.pk, actor=room.first)
    repair = approve(repair.pk, actor=room.second)
    session.refresh_from_db()
    assert session.files() == files and repair.state == RepairState.DONE
    held = dict(
        Placement.objects.exclude(state="withdrawn").values_list(
            "application__registration_number", "school_round__programme__code"
        )
    )
    assert held[number] == "00000A"
    lost = [row[0] for row in repair.outcome["worse"]]
    assert all(n in held for n in lost)
    nobody_above_the_ceilings_but_on_a_documented_place(room)
    assert list(problems_of(room.city.year)) == []
    offer = Message.objects.get(registration_number=number, kind="M04")
    assert offer.state == "held"
    assert not Message.objects.filter(
        registration_number=number, kind__in=["M05", "M06"], state="held"
    ).exists()
    page = logged_in(room.first).get(f"/programma/kinderen/{number}/")
    assert page.status_code == 200


def test_place_that_was_left_pays_back_the_one_above_the_ceiling(room: Room):
    """OA-LOT/1 section 8, DH-102: whoever comes first, in one repair and later; then freed places go on as always."""
    session = official(room)
    year, codes = room.city.year, seats(room)
    at_b = next(room.city.application(key) for key, code in codes.items() if code == "00000B")
    without = next(room.city.application(f"a{n}") for n in range(5) if f"a{n}" not in codes)
    wanted = [
        (without, "00000B"),
        (at_b, "00000A"),
    ]  # the first sits above the ceiling until the second has left
    give_places(wanted, room.round, session=session, actor=room.first)
    entries = LedgerEntry.objects.filter(kind="exception").order_by("pk")
    assert list(entries.values_list("school_round__programme__code", "places")) == [
        ("00000B", 1),
        ("00000A", 1),
        ("00000B", -1),
    ]
    assert not LedgerEntry.objects.filter(kind="freed_out").exists()
    for check in (check_ledger, check_places, check_exceptions):
        assert list(check(year)) == []
    first, second = (room.city.application(key) for key, code in codes.items() if code == "00000A")
    withdraw(first.pk, reason=Reason("moved_outside"), on=None, actor=room.first)
    assert entries.filter(school_round__programme__code="00000A", places=-1).count() == 1
    assert not LedgerEntry.objects.filter(kind__in=["freed_out", "freed_in"]).exists()
    withdraw(second.pk, reason=Reason("moved_outside"), on=None, actor=room.first)
    assert LedgerEntry.objects.get(kind="freed_in").school_round.round.code == "VOVP1"
    for check in (check_ledger, check_places, check_exceptions):
        assert list(check(year)) == []


def test_freed_place_that_went_on_past_an_exception_is_seen(room: Room):
    session = official(room)
    codes = seats(room)
    without = next(room.city.application(f"a{n}") for n in range(5) if f"a{n}" not in codes)
    give_places([(without, "00000A")], room.round, session=session, actor=room.first)
    assert list(check_exceptions(room.city.year)) == []
    left = Placement.objects.filter(school_round__programme__code="00000A").first()
    assert left is not None
    for kind, places in (("withdrawn", 1), ("freed_out", -1)):
        LedgerEntry.objects.create(
            school_round=left.school_round,
            kind=kind,
            places=places,
            placement=left,
            effective_on=date(2024, 2, 1),
            cause="proef",
        )
    assert "00000A" in " ".join(check_exceptions(room.city.year))


def test_shadow_of_the_same_list_changes_nothing(room: Room):
    session = official(room)
    places = {"00000A": 2}
    repair = propose(
        session.pk, Asked(RepairKind.SHADOW, REASON, DOCUMENT, None, {"places": places}), actor=room.first
    )
    assert (repair.outcome["better"], repair.outcome["worse"]) == ([], [])


def test_one_place_more_helps_somebody_and_hurts_nobody(room: Room):
    session = official(room)
    asked = Asked(RepairKind.SHADOW, REASON, DOCUMENT, None, {"places": {"00000A": 3}})
    repair = propose(session.pk, asked, actor=room.second)
    assert repair.outcome["better"] and repair.outcome["worse"] == []
    approve(repair.pk, actor=room.first)
    assert list(problems_of(room.city.year)) == []


# --- four eyes, records, races


def test_two_people_and_one_decision(room: Room):
    session = official(room)
    asked = Asked(RepairKind.SHADOW, REASON, DOCUMENT, None, {"places": {"00000A": 3}})
    repair = propose(session.pk, asked, actor=room.first)
    with pytest.raises(RepairError):
        propose(session.pk, asked, actor=room.second)  # it waits already
    with pytest.raises(IntegrityError), transaction.atomic():  # also for raw SQL
        Repair.objects.filter(pk=repair.pk).update(
            state="done", decided_by=room.first, decided_at=now(room.city.year)
        )
    approve(repair.pk, actor=room.second)
    with pytest.raises(RepairError):
        approve(repair.pk, actor=room.second)
    with pytest.raises(RepairError):
        reject(repair.pk, actor=room.first)
    nobody_above_the_ceilings_but_on_a_documented_place(room)


@pytest.mark.parametrize(("reason", "document"), [("kort", DOCUMENT), (REASON, " ")])
def test_reason_and_document_are_needed(room: Room, reason: str, document: str):
    session = official(room)
    with pytest.raises(RepairError):
        propose(
            session.pk,
            Asked(RepairKind.SHADOW, reason, document, None, {"places": {"00000A": 3}}),
            actor=room.first,
        )


def test_nothing_is_mended_without_an_official_result(room: Room):
    session = room.commit()
    for kind in (RepairKind.MINI_SESSION, RepairKind.SHADOW, RepairKind.BIRTH_DATE):
        with pytest.raises(RepairError):
            propose(session.pk, Asked(kind, REASON, DOCUMENT), actor=room.first)


def test_reset_takes_repairs_along(room: Room):
    child = forget(room)
    session = official(room)
    draw_afterwards(room, session, child)
    reset_year(room.city.year, actor=room.first)
    assert not Repair.objects.exists() and not DrawSession.objects.exists()


# --- a wrong date of birth


def test_wrong_date_of_birth_that_was_eligible_changes_nothing_else(room: Room):
    session = official(room)
    child, before = room.city.application("a1"), seats(room)
    asked = Asked(RepairKind.BIRTH_DATE, REASON, DOCUMENT, child.pk, {"born": "2020-10-06"})
    repair = propose(session.pk, asked, actor=room.first)
    assert repair.outcome == {"eligible": True}
    repair = approve(repair.pk, actor=room.second)
    child.child.refresh_from_db()
    assert child.child.date_of_birth == date(2020, 10, 6) and seats(room) == before
    assert repair.details == {}  # the date stands with the child and nowhere else
    assert list(problems_of(room.city.year)) == []


def test_wrong_date_of_birth_that_was_not_eligible_frees_the_place(room: Room):
    """Q-11"""
    session = official(room)
    key = next(iter(seats(room)))
    child = room.city.application(key)
    asked = Asked(RepairKind.BIRTH_DATE, REASON, DOCUMENT, child.pk, {"born": "2022-01-01"})
    approve(propose(session.pk, asked, actor=room.first).pk, actor=room.second)
    child.refresh_from_db()
    assert child.decision == Decision.VOID
    assert LedgerEntry.objects.filter(kind="freed_in", school_round__round__code="VOVP1").count() == 1
    assert list(problems_of(room.city.year)) == []


@pytest.mark.parametrize("born", ["", "gisteren", "2020-10-05"])
def test_date_of_birth_that_says_nothing_new(room: Room, born: str):
    session = official(room)
    asked = Asked(RepairKind.BIRTH_DATE, REASON, DOCUMENT, room.city.application("a1").pk, {"born": born})
    with pytest.raises(RepairError):
        propose(session.pk, asked, actor=room.first)


# --- a missing beacon


def test_missing_beacon_is_asked_by_the_office_and_decided_by_the_notary(room: Room):
    session = room.lock()
    repair = propose(
        session.pk, Asked(RepairKind.MISSING_BEACON, "Geen van de drie rondes is er"), actor=room.first
    )
    with pytest.raises(RepairError):
        approve(repair.pk, actor=room.second)
    approve(repair.pk, actor=room.notary)
    session.refresh_from_db()
    assert session.state == SessionState.VOID and room.round.state == "locked"
    following = room.freeze()
    assert f"poging|2|{session.commitment_hash}".encode() in bytes(following.commitment)


# --- a withdrawal after the freeze


def test_withdrawal_after_the_freeze_is_kept_and_carried_out_after_the_result(room: Room):
    """Q-10: the list stays; then places, open places, letters, and only then the withdrawal."""
    session = room.lock()
    child = room.city.application("a1")
    files = session.files()
    kept = withdraw(child.pk, reason=Reason("uncapped_school"), on=None, actor=room.first)
    assert kept.pk and child.late_withdrawal.applied_at is None
    child.refresh_from_db()
    assert child.decision == Decision.UNDECIDED
    with pytest.raises(ReplyError):
        withdraw(child.pk, reason=Reason("uncapped_school"), on=None, actor=room.second)
    assert carry_out_due() == 0
    session = use_stand_in(session_id=session.pk, actor=room.first)
    assert session.files()["dossiers.txt"] == files["dossiers.txt"]
    finish(session)
    apply_session(session_id=session.pk, actor=room.first)
    child.refresh_from_db()
    assert child.decision == Decision.WITHDRAWN and child.withdrawal.reason == "uncapped_school"
    row = next(row for row in result_rows(room.round) if row[0] == "a1")
    assert row[3] == "withdrawn"
    own = Message.objects.filter(
        registration_number=child.registration_number, kind__in=["M04", "M05", "M06"]
    )
    assert {m.state for m in own} == {"cancelled"}
    placement = Placement.objects.filter(application=child).first()
    freed = LedgerEntry.objects.filter(kind="freed_in", placement=placement).count() if placement else 0
    assert freed == int(placement is not None and placement.school_round.is_capped)
    assert list(problems_of(room.city.year)) == []
    assert carry_out_due() == 0  # twice is once


def test_kept_withdrawal_is_on_the_pages_and_can_be_taken_back(room: Room):
    session = room.commit()
    child = room.city.application("a1")
    kept = withdraw(child.pk, reason=Reason("moved_outside"), on=None, actor=None)
    client = logged_in(room.first)
    assert "herstel" in client.get(f"/programma/kinderen/{child.registration_number}/").content.decode()
    assert child.child.full_name in client.get("/programma/loting/ALM1/herstel/").content.decode()
    assert session.attestations.filter(kind="repair").count() == 1
    public = logged_in(room.first).get(f"/{room.city.year.region.slug}/lotingen/").content.decode()
    note = session.attestations.get(kind="repair").note
    assert note in public and "Proef" not in public
    assert client.post(f"/programma/terugtrekkingen/{kept.pk}/").status_code == 302
    assert Application.objects.get(pk=child.pk).decision != Decision.WITHDRAWN
    withdraw(child.pk, reason=Reason("moved_outside"), on=None, actor=None)  # and again


def test_withdrawal_of_a_void_session_is_out_of_the_next_attempt(room: Room):
    session = room.commit()
    child = room.city.application("a1")
    withdraw(child.pk, reason=Reason("moved_outside"), on=None, actor=None)
    from admissions.services.draws.ceremony import void_round

    void_round(session.pk, reason="De lijst had een fout", actor=room.first)
    child.refresh_from_db()
    assert child.decision == Decision.WITHDRAWN
    assert child.registration_number not in room.freeze().numbers.values_list(
        "registration_number", flat=True
    )


# --- pages


def test_repair_through_the_pages(room: Room):
    official(room)
    first, second = logged_in(room.first), logged_in(room.second)
    assert first.get("/programma/loting/ALM1/herstel/").status_code == 200
    address = "/programma/loting/ALM1/herstel/schaduwuitslag/"
    assert first.get(address).status_code == 200
    answer = first.post(address, {"reason": REASON, "document": DOCUMENT, "school": "00000A"})
    assert answer.status_code == 422 and REASON in answer.content.decode()
    typed = {"reason": REASON, "document": DOCUMENT, "school": "00000A", "places": "3"}
    answer = first.post(address, typed)
    assert answer.status_code == 302
    page = answer["Location"]
    assert 'value="approve"' not in first.get(page).content.decode()
    first.post(page, {"action": "approve"})
    assert Repair.objects.get().state == RepairState.PROPOSED
    assert 'value="approve"' in second.get(page).content.decode()
    second.post(page, {"action": "approve"})
    second.post(page, {"action": "approve"})  # a double click
    assert Repair.objects.get().state == RepairState.DONE
    nobody_above_the_ceilings_but_on_a_documented_place(room)
    for slug in ("vergeten-kind", "geboortedatum"):
        answer = first.post(
            f"/programma/loting/ALM1/herstel/{slug}/",
            {"number": "BESTAATNIET", "reason": REASON, "document": DOCUMENT, "born": "2020-10-06"},
        )
        assert answer.status_code == 422 and "BESTAATNIET" in answer.content.decode()
    assert first.get("/programma/loting/ALM1/herstel/onzin/").status_code == 404
    notary = logged_in(room.notary).get(page).content.decode()
    assert "Proef" not in notary  # the notary reads no names


ROLES = [
    (Role.PROGRAMME_MANAGER, 200, 200),
    (Role.CENTRAL_OFFICE, 200, 200),
    (Role.NOTARY, 404, 200),
    (Role.SCHOOL_DESK, 404, 404),
    (Role.PARENT_DESK, 404, 404),
    (Role.SCHOOL_ADMIN, 404, 404),
    (Role.SCHOOL_DIRECTOR, 404, 404),
    (Role.CARE_COORDINATOR, 404, 404),
]


@pytest.mark.parametrize(("role", "office", "desk"), ROLES)
def test_who_may_mend(room: Room, role: Role, office: int, desk: int):
    session = official(room)
    asked = Asked(RepairKind.SHADOW, REASON, DOCUMENT, None, {"places": {"00000A": 3}})
    repair = propose(session.pk, asked, actor=room.first)
    school = room.city.school_round("A", "ALM1").programme.school
    at_school = role in (Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR)
    user: Any = school_user(school, role) if at_school else region_user(room.city.year.region, role)
    client = logged_in(user)
    assert client.get("/programma/loting/ALM1/herstel/").status_code == office
    assert client.get("/programma/loting/ALM1/herstel/schaduwuitslag/").status_code == office
    assert client.get(f"/herstel/{repair.pk}/").status_code == desk
    if desk != 200 or role == Role.NOTARY:
        client.post(f"/herstel/{repair.pk}/", {"action": "approve"})
        assert Repair.objects.get().state == RepairState.PROPOSED
        with pytest.raises(RepairError):
            approve(repair.pk, actor=user)
        with pytest.raises(RepairError):
            propose(session.pk, asked, actor=user)


def test_another_region_finds_no_repair(room: Room):
    session = official(room)
    asked = Asked(RepairKind.SHADOW, REASON, DOCUMENT, None, {"places": {"00000A": 3}})
    repair = propose(session.pk, asked, actor=room.first)
    stranger = region_user(RegionFactory(slug="elders"))
    assert logged_in(stranger).get(f"/herstel/{repair.pk}/").status_code == 404
    with pytest.raises(RepairError):
        approve(repair.pk, actor=stranger)
