"""A draw by hand that cannot be shown: the school draws again, before the freeze only (Q-32, DH-077)."""

import pytest

from admissions.enums import RepairKind, RepairState
from admissions.models import Placement, Repair
from admissions.services.cases.actions import dispute_draw
from admissions.services.draws.ceremony import freeze_round
from admissions.services.draws.hand_draw import enter_order, finish_hand_draw, start_hand_draw
from admissions.services.draws.manual_draw import finish_decisions
from admissions.services.draws.preflight import check_round
from admissions.services.draws.repair_base import RepairError
from admissions.services.draws.repairs import Asked, propose, reject
from admissions.services.integrity.facts import problems_of
from admissions.services.places.ledger import open_places
from lottery.enums import SessionState
from lottery.models import DrawSession
from schools.enums import Role
from schools.errors import RefusedError
from schools.models import Event
from tests.admissions.test_hand_draw import Desk
from tests.factories.ceremony import logged_in
from tests.factories.schools import region_user

pytestmark = pytest.mark.django_db
ADDRESS = "/programma/loting/ALM1/herstel/nieuwe-volgorde/"
TYPED = {
    "recording": "De opname loopt niet tot het einde",
    "reason": "De volgorde is niet te zien op de opname",
    "document": "Besluit van de besturen van 14 december 2023",
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def asked(**details: str) -> Asked:
    given = {"recording": TYPED["recording"]} | details
    return Asked(RepairKind.NEW_ORDER, TYPED["reason"], TYPED["document"], None, given)


def test_school_draws_again_among_those_whom_lots_decided_about(desk: Desk):
    session = desk.draw("F E")
    finish_decisions(desk.seat.pk, actor=desk.director)
    files = session.files()
    case = dispute_draw(desk.seat, note="De ouders zagen geen kaarten", actor=desk.manager)
    first, second = logged_in(desk.manager), logged_in(desk.office)
    page = first.get(f"{ADDRESS}?loting={session.name}").content.decode()
    assert f'<option value="{session.name}" selected>' in page
    assert "nieuwe-volgorde" in first.get("/programma/loting/ALM1/scholen/").content.decode()
    answer = first.post(ADDRESS, TYPED)
    assert (
        answer.status_code == 422 and TYPED["recording"] in answer.content.decode()
    )  # nothing typed is lost
    answer = first.post(ADDRESS, TYPED | {"draw": session.name})
    assert answer.status_code == 302
    first.post(answer["Location"], {"action": "approve"})
    assert Repair.objects.get().state == RepairState.PROPOSED  # two people
    assert desk.city.decisions()["F"] == "admitted"  # nothing happens before that
    for _double_click in range(2):
        second.post(answer["Location"], {"action": "approve"})
    repair = Repair.objects.get()
    assert repair.state == RepairState.DONE and repair.outcome["children"] == 2
    session.refresh_from_db()
    assert session.state == SessionState.VOID and session.files() == files
    assert desk.city.decisions() == dict.fromkeys("ABCD", "admitted") | dict.fromkeys(
        "EF", "undecided"
    ) | dict.fromkeys("GH", "drawn_out")  # who was decided on by its class keeps that
    desk.seat.refresh_from_db()
    assert not desk.seat.is_ready and open_places(desk.city.round("ALM1"))[desk.seat.pk] == 1
    note = session.attestations.get(kind="repair").note
    assert session.name in note and "Proef" not in note
    assert Event.objects.filter(kind="hand_draw_void").count() == 1
    case.refresh_from_db()
    assert not case.is_live  # what was disputed is settled by the same decision
    assert list(problems_of(desk.city.year)) == []

    again = start_hand_draw(desk.seat.pk, actor=desk.admin)
    assert again.attempt == 2 and f"poging|2|{session.commitment_hash}".encode() in bytes(again.commitment)
    order = desk.order(again, "F E")  # the same child may win again
    enter_order(desk.seat.pk, facts=desk.facts(), order=order, actor=desk.admin)
    finish_hand_draw(desk.seat.pk, order=order, actor=desk.director)
    assert desk.city.decisions() == dict.fromkeys("ABCDF", "admitted") | dict.fromkeys("EGH", "drawn_out")
    assert Placement.objects.filter(state="reserved").count() == 5
    assert list(problems_of(desk.city.year)) == []


def test_request_that_waits_for_its_second_person_blocks_the_freeze(desk: Desk):
    """Q-32: after the freeze it would be too late; the pre-flight and the board lead to the decision."""
    session = desk.draw("F E")
    finish_decisions(desk.seat.pk, actor=desk.director)
    assert "new-order" not in {one.kind[:9] for one in check_round(desk.city.round("ALM1")).findings}
    repair = propose(session.pk, asked(), actor=desk.manager)
    found = [one for one in check_round(desk.city.round("ALM1")).red if one.kind.startswith("new-order")]
    assert len(found) == 1 and desk.seat.programme.name in found[0].text
    client, link = logged_in(desk.manager), f'href="/herstel/{repair.pk}/"'
    assert link in client.get("/programma/loting/ALM1/").content.decode()
    assert link in client.get("/programma/rondes/ALM1/bord/").content.decode()
    with pytest.raises(RefusedError):
        freeze_round(desk.city.round("ALM1").pk, actor=desk.manager, beacon_at=None, warnings_seen=True)
    reject(repair.pk, actor=desk.office)
    assert link not in client.get("/programma/loting/ALM1/").content.decode()


def test_after_the_freeze_the_draw_stands(desk: Desk):
    session = desk.draw()
    finish_decisions(desk.seat.pk, actor=desk.director)
    freeze_round(desk.city.round("ALM1").pk, actor=desk.manager, warnings_seen=True)
    with pytest.raises(RepairError):
        propose(session.pk, asked(), actor=desk.office)
    session.refresh_from_db()
    assert session.state == SessionState.APPLIED
    assert logged_in(desk.manager).post(ADDRESS, TYPED | {"draw": session.name}).status_code == 409


def test_database_keeps_an_official_draw_of_a_round(desk: Desk):
    from django.db import IntegrityError, transaction

    session = desk.play()
    with pytest.raises(IntegrityError), transaction.atomic():
        DrawSession.objects.filter(pk=session.pk).update(state="void", applied_at=None)
    hand = DrawSession.objects.get(kind="school")
    with pytest.raises(IntegrityError), transaction.atomic():
        DrawSession.objects.filter(pk=hand.pk).update(state="void", applied_at=None)


def test_what_a_new_order_needs(desk: Desk):
    session = desk.draw()
    with pytest.raises(RepairError):
        propose(session.pk, asked(recording=" "), actor=desk.manager)
    for user in (desk.director, desk.notary, region_user(desk.city.year.region, Role.SCHOOL_DESK)):
        with pytest.raises(RepairError):
            propose(session.pk, asked(), actor=user)
    Placement.objects.filter(application=desk.city.application("F")).update(state="offered")
    with pytest.raises(RepairError):
        propose(session.pk, asked(), actor=desk.manager)
