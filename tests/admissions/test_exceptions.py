"""Named exceptions: two people, who is passed over, what the database keeps, and the public yearly count."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from admissions.case_enums import CaseEnd
from admissions.enums import CareState, CaseKind, Decision, EntryKind, FormState
from admissions.exception_enums import ExceptionState
from admissions.models import (
    Application,
    ApplicationForm,
    CareCase,
    Case,
    LedgerEntry,
    Participation,
    PlaceException,
)
from admissions.services.care.care_letters import review_letter, write_letter
from admissions.services.forms.contents import contents_of
from admissions.services.places.exception_kinds import approve_exception, propose_exception
from admissions.services.places.exceptions import ExceptionRefused
from notifications.models import Message
from schools.clock import now
from schools.enums import Role, RoundState
from schools.models import Round
from tests.admissions.office import logged_in, text
from tests.factories.admissions import CaseFactory
from tests.factories.city import City, Form, make_city
from tests.factories.schools import RegionFactory, region_user

pytestmark = pytest.mark.django_db
REASON = "Afgesproken met de school"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def city() -> City:
    """A has one place: a1 won it, a2 came second and got B, a3 came third and has care duty."""
    city = make_city({"A": 1, "B": 3})
    city.apply("ALM1", a1="A", a2="A B", a3=Form("A", care_request=True, care_duty=True), u="A")
    city.play("ALM1", {"A": "a1 a2 a3 u"})
    return city


def letter_was_read(city: City) -> None:
    case, manager = CareCase.objects.get(application=city.application("a3")), region_user(city.year.region)
    write_letter(case.pk, body="Beste ouders", actor=manager)
    review_letter(case.pk, approved=True, remarks="", actor=manager)


def ask(client: Client, city: City, **typed: Any) -> Any:
    data = {
        "kind": "care_place",
        "number": city.application("a3").registration_number,
        "round": city.round("ALM1").pk,
        "reason": REASON,
    }
    return client.post("/programma/zaken/uitzonderingen/nieuw/", data | typed)


def test_a_care_place_needs_two_people_who_read_who_is_passed_over(city: City):
    """DH-179, Q-13, DH-176: above the ceiling, and nobody loses a place."""
    region = city.year.region
    asker, decider = logged_in(region_user(region)), logged_in(region_user(region))
    assert "must be read first" in ask(asker, city).content.decode()
    letter_was_read(city)
    assert ask(asker, city, reason="Kort").status_code == 409
    assert ask(asker, city, number="onbekend").status_code == 422
    assert ask(asker, city).status_code == 302
    assert ask(asker, city).status_code == 409  # it waits already
    row = PlaceException.objects.get()
    assert row.passed_over == [city.application("a2").registration_number]
    url = f"/programma/zaken/uitzonderingen/{row.pk}/"
    page = text(decider, url)
    assert city.application("a2").child.full_name in page and "1 child had a better number" in page
    asker.post(url, {"action": "approve"})
    assert city.decisions()["a3"] == Decision.CARE_FOLLOW_UP  # not by who asked
    for _twice in range(2):
        assert decider.post(url, {"action": "approve"}).status_code == 302
    row.refresh_from_db()
    assert row.state == ExceptionState.DONE
    assert city.decisions()["a3"] == Decision.ADMITTED and city.seats()["a3"] == "A"
    assert city.decisions()["a2"] == Decision.PLACED_LOWER
    assert LedgerEntry.objects.filter(kind=EntryKind.EXCEPTION).count() == 1
    assert city.contradictions() == []
    # Its care letter was the offer and has left: nothing of the route stays open (4.3).
    assert CareCase.objects.get(application=city.application("a3")).state == CareState.LETTER_SENT
    assert Message.objects.filter(
        kind="M16", registration_number=city.application("a3").registration_number, state="released"
    ).exists()
    public = text(Client(), f"/{region.slug}/uitzonderingen/")
    assert city.year.code in public and city.application("a3").child.full_name not in public


def test_what_changed_meanwhile_is_asked_again(city: City):
    letter_was_read(city)
    asker, decider = (region_user(city.year.region) for _n in range(2))
    row = propose_exception(
        "care_place", city.application("a3").pk, city.round("ALM1"), reason=REASON, actor=asker
    )
    city.withdraw("a2", on="2024-02-12")
    client, url = logged_in(decider), f"/programma/zaken/uitzonderingen/{row.pk}/"
    assert "Something has changed" in client.post(url, {"action": "approve"}, follow=True).content.decode()
    assert city.decisions()["a3"] == Decision.CARE_FOLLOW_UP
    client.post(url, {"action": "reject"})
    row.refresh_from_db()
    assert row.state == ExceptionState.REJECTED


def test_a_child_without_a_place_is_added_to_a_vovp_once(city: City):
    """Q-20"""
    asker, decider = (region_user(city.year.region) for _n in range(2))
    vovp, child = city.round("VOVP2"), city.application("u")
    for wrong, round_ in ((city.application("a1"), vovp), (child, city.round("ALM1"))):
        with pytest.raises(ExceptionRefused):
            propose_exception("vovp_entry", wrong.pk, round_, reason=REASON, actor=asker)
    row = propose_exception("vovp_entry", child.pk, vovp, reason=REASON, actor=asker)
    logged_in(decider).post(f"/programma/zaken/uitzonderingen/{row.pk}/", {"action": "approve"})
    assert list(Participation.objects.filter(round=vovp).values_list("application", "state")) == [
        (child.pk, "invited")
    ]
    with pytest.raises(ExceptionRefused):
        propose_exception("vovp_entry", child.pk, vovp, reason=REASON, actor=asker)


def forgotten_at_the_end(*, is_played: bool = False) -> tuple[City, Case]:
    """ALM4 is drawn and told; the form of L came in on time and its school left it as a draft."""
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM4", o="A B", L="A B")
    child = city.application("L")
    ApplicationForm.objects.filter(application=child).update(
        state=FormState.EXPIRED, draft=contents_of(child), checklist=[]
    )
    for rows in (child.preferences, child.guardians, child.claims, child.form.versions):
        rows.all().delete()  # a form that never was final has written nothing of this yet
    Application.objects.filter(pk=child.pk).update(decision=Decision.PENDING)
    case = CaseFactory(application=city.application("L"), kind=CaseKind.NOT_FINAL, note="draft")
    if is_played:
        for code in ("ALM1", "ALM2", "VOVP1", "ALM3", "ALM4"):
            city.play(code)
    else:
        Round.objects.filter(year=city.year).exclude(code="VOVP2").update(state=RoundState.OFFERS)
    return city, case


def test_a_form_forgotten_in_the_last_period_joins_the_vovp_by_two_people():
    """Q-31: on screen, from its case; nobody else's result changes, and the case ends by it."""
    city, case = forgotten_at_the_end(is_played=True)
    asker, decider = (logged_in(region_user(city.year.region)) for _n in range(2))
    before = city.decisions() | {"L": ""}
    url = f"/programma/zaken/{case.pk}/"
    page = text(asker, url)
    assert "No period is left" in page and "Make the form final" not in page
    typed = {"action": "add_vovp", "proof": "Mail van de school van 20 september"}
    assert asker.post(url, typed).status_code == 422  # the seven points
    child = {"number": city.application("L").registration_number, "round": city.round("VOVP2").pk}
    wanted = child | {"kind": "vovp_entry", "reason": REASON}
    general = asker.post("/programma/zaken/uitzonderingen/nieuw/", wanted)
    assert general.status_code == 409 and "Ask this from the case of the form" in general.content.decode()
    assert asker.post(url, typed | {"is_checked": "on"}).status_code == 302
    row = PlaceException.objects.get()
    decide = f"/programma/zaken/uitzonderingen/{row.pk}/"
    waiting = text(asker, url)
    assert decide in waiting and 'value="add_vovp"' not in waiting
    asker.post(decide, {"action": "approve"})  # not by who asked
    assert city.application("L").decision == Decision.PENDING
    assert decider.post(decide, {"action": "approve"}).status_code == 302
    assert city.decisions() | {"L": ""} == before
    added = city.application("L")
    assert (added.decision, added.form.state) == (Decision.UNPLACED, FormState.LOCKED)
    case.refresh_from_db()
    assert case.closed_through == CaseEnd.ADDED_TO_VOVP
    assert list(Participation.objects.values_list("application", "round__code", "state")) == [
        (added.pk, "VOVP2", "invited")
    ]
    assert city.contradictions() == []


def test_a_family_added_while_the_window_is_open_is_invited_at_once():
    """Q-31, M09."""
    city, _case = forgotten_at_the_end()
    asker, decider = (region_user(city.year.region) for _n in range(2))
    Round.objects.filter(year=city.year, code="VOVP2").update(state=RoundState.OPT_IN)
    vovp, child = city.round("VOVP2"), city.application("L")
    row = propose_exception("vovp_entry", child.pk, vovp, reason=REASON, is_checked=True, actor=asker)
    approve_exception(row.pk, actor=decider)
    sent = Message.objects.filter(kind="M09", state="released")
    assert list(sent.values_list("registration_number", flat=True)) == [child.registration_number]


def test_without_proof_a_form_forgotten_in_the_last_period_has_no_round_left():
    """Q-14: only schools without a ceiling; another VOVP, or a form before the freeze, is no way in."""
    city, case = forgotten_at_the_end()
    manager, child = region_user(city.year.region), city.application("L")
    with pytest.raises(ExceptionRefused, match="is not for children of"):
        propose_exception("vovp_entry", child.pk, city.round("VOVP1"), reason=REASON, actor=manager)
    Round.objects.filter(year=city.year, code="ALM4").update(state=RoundState.LOCKED)
    with pytest.raises(ExceptionRefused, match="make the form final from its case"):
        propose_exception("vovp_entry", child.pk, city.round("VOVP2"), reason=REASON, actor=manager)
    Round.objects.filter(year=city.year, code="ALM4").update(state=RoundState.OFFERS)
    typed = {"action": "next_round", "reason": "Geen bewijs van ontvangst"}
    assert logged_in(manager).post(f"/programma/zaken/{case.pk}/", typed).status_code == 302
    case.refresh_from_db()
    assert case.closed_through == CaseEnd.NO_ROUND_LEFT
    assert not Participation.objects.exists()


def test_care_exceptions_are_not_there_for_others_and_the_database_keeps_the_rest(city: City):
    """DH-180; four eyes also for raw SQL."""
    letter_was_read(city)
    region = city.year.region
    manager, office = region_user(region), region_user(region, Role.CENTRAL_OFFICE)
    assert ask(logged_in(office), city).status_code == 403
    row = propose_exception(
        "care_place", city.application("a3").pk, city.round("ALM1"), reason=REASON, actor=manager
    )
    url = f"/programma/zaken/uitzonderingen/{row.pk}/"
    elsewhere = region_user(RegionFactory(slug="elders", name="Elders"))
    for stranger in (office, elsewhere, region_user(region, Role.NOTARY)):
        assert logged_in(stranger).post(url, {"action": "approve"}).status_code in (200, 404)
    assert f"/uitzonderingen/{row.pk}/" not in text(logged_in(office), "/programma/zaken/uitzonderingen/")
    rows, done = PlaceException.objects.filter(pk=row.pk), {"state": "done", "decided_at": now(city.year)}
    for act in (
        lambda: rows.update(**done, decided_by=manager),
        lambda: rows.update(state="done"),
        lambda: rows.update(reason="Iets anders"),
        lambda: rows.update(passed_over=[]),
        lambda: rows.delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    row.refresh_from_db()
    assert row.state == ExceptionState.PROPOSED
