"""Moving house from the phone call of the school to the third form that is refused, over the pages alone (AE-22)."""

import uuid
from typing import Any

import pytest
from django.test import Client

from admissions.enums import Decision, MoveState, PlacementState
from admissions.models import Application, Case, MoveRequest
from tests.admissions.office import address, logged_in, text
from tests.admissions.test_acceptance_families import city_with_a_child_enrolled_at_b
from tests.admissions.test_vovp_on_screen import inventory
from tests.admissions.vovp_pages import manager, set_clock
from tests.factories.city import FILLERS, City, brin
from tests.factories.schools import school_user

pytestmark = pytest.mark.django_db


def of_school(city: City, letter: str) -> Client:
    return logged_in(school_user(city.school_round(letter, "ALM1").programme.school))


def types_form(client: Client, city: City, received: str) -> Any:
    """School A types the form of the same child, five schools and the checklist, and makes it final."""
    typed = {
        "given_name": "Kind first",
        "surname": "Proef",
        "date_of_birth": city.application("first").child.date_of_birth.isoformat(),
        "received_on": received,
        "channel": "paper",
        "street": "Nieuwe straat",
        "house_number": "3",
        "postcode": "2599ZZ",
        "place": "Den Haag",
        "guardian_name": "A. Proef",
        "email": "first@example.org",
        "phone": "0612345678",
        "language": "nl",
        "care_request": "0",
        "revision": "0",
        "actie": "definitief",
        **{f"check_{point}": "1" for point in (1, 3, 4, 7)},
        **{f"preference_{rank}": brin(code) for rank, code in enumerate(("B", *FILLERS[:3]), start=2)},
    }
    return client.post(address("entry", brin("A"), uuid.uuid4()), typed, follow=True)


def asks(city: City, note: str = "Verhuisd binnen de stad, te ver om te fietsen") -> MoveRequest:
    """B has phoned and sends the request; the proof was seen."""
    number = city.application("first").registration_number
    page = address("move-ask", brin("B"), number)
    assert of_school(city, "B").post(page, {"note": note}).status_code == 302
    request = MoveRequest.objects.get()
    seen = manager(city).post(address("move", request.pk), {"action": "proof"})
    assert seen.status_code == 302
    return request


def decides(city: City, request: MoveRequest, outcome: str, note: str) -> None:
    typed = {"action": "decide", "outcome": outcome, "note": note}
    assert manager(city).post(address("move", request.pk), typed).status_code == 302


def finals() -> list[str]:
    rows = Application.objects.exclude(decision=Decision.PENDING).order_by("pk")
    return list(rows.values_list("decision", flat=True))


def test_family_that_moves_away_applies_once_more_and_not_twice():
    """AE-22, DH-125, DH-126: proof, decision, withdrawal with report, seat to VOVP1, linked form, third refused."""
    city = city_with_a_child_enrolled_at_b()
    office, school_a, school_b = manager(city), of_school(city, "A"), of_school(city, "B")
    set_clock(office, "2024-03-05T09:30")  # ALM2 is open
    early = types_form(school_a, city, "2024-03-05")
    assert "already has an application" in early.content.decode() and finals() == ["admitted"]

    decides(city, asks(city), "yes", "Buiten het voedingsgebied van B.")
    seat = city.application("first").placements.get()
    assert seat.state == PlacementState.LAPSED
    reply = address("reply", brin("B"), seat.pk)
    leaving = {"answer": "withdraw", "reason": "moved_inside"}
    unticked = school_b.post(reply, leaving)
    assert unticked.status_code == 422 and finals() == ["admitted"]
    assert school_b.post(reply, leaving | {"is_reported": "on"}).status_code == 302
    assert finals() == ["withdrawn"]
    assert inventory(office, "B")["B"][1] == "1"  # freed to VOVP1, and not to ALM2
    case = Case.objects.get(kind="withdrawal")
    judged = {"action": "judge", "outcome": "yes", "reason": "Verhuizing goedgekeurd, mag opnieuw"}
    assert office.post(address("case", case.pk), judged).status_code == 302
    case.refresh_from_db()
    assert case.closed_through == "may_again"

    accepted = types_form(school_a, city, "2024-03-05")
    assert accepted.status_code == 200 and finals() == ["withdrawn", "undecided"]
    second = Application.objects.get(decision=Decision.UNDECIDED)
    assert second.previous == city.application("first") and second.child == city.application("first").child
    # The office finds the earlier application from the new one.
    assert city.application("first").registration_number in text(
        office, address("child-detail", second.registration_number)
    )

    city.play("ALM2")
    set_clock(office, "2024-06-03T09:00")  # ALM3 is open
    third = types_form(school_a, city, "2024-06-03")
    assert "already has an application" in third.content.decode()
    assert finals() == ["withdrawn", "admitted"]
    assert city.contradictions() == []


def test_family_that_stays_in_the_area_keeps_its_place():
    """AE-22, variant: rejected on the page; the placement stays and a new form is refused (DH-034)."""
    city = city_with_a_child_enrolled_at_b()
    set_clock(manager(city), "2024-03-05T09:30")
    request = asks(city, "Twee straten verder")
    decides(city, request, "no", "Nog steeds in het voedingsgebied.")
    request.refresh_from_db()
    assert request.state == MoveState.REJECTED
    assert city.placements() == [("first", "B", "ALM1", PlacementState.ENROLLED)]
    refused = types_form(of_school(city, "A"), city, "2024-03-05")
    assert "already has an application" in refused.content.decode() and finals() == ["admitted"]
