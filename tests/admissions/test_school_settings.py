"""What a school settles for itself, until when, and what it may not (den-haag.md 2.1, Q-50, AE-23)."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import translation

from admissions.enums import EntryKind, FigureSource
from admissions.models import LedgerEntry, PublishedRound, PublishedSchool
from schools.clock import now
from schools.enums import DrawMode, HandIn, PriorityKind, Role, RoundState
from schools.models import Event, PriorityRule, School, SchoolRound, local_moment
from schools.postcodes import area_map, read_codes
from tests.admissions.office import logged_in, text
from tests.factories.admissions import ApplicationFactory
from tests.factories.schools import (
    BoardFactory,
    PriorityRuleFactory,
    RoundFactory,
    SchoolFactory,
    SchoolRoundFactory,
    region_user,
    school_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def rows() -> list[SchoolRound]:
    """A school with a ceiling of ten in each of four rounds, on 1 October; nothing is open yet."""
    first = SchoolRoundFactory(round__code="ALM1")
    return [first] + [
        SchoolRoundFactory(round=RoundFactory(year=first.round.year, code=code), programme=first.programme)
        for code in ("ALM2", "ALM3", "ALM4")
    ]


def client_for(row: SchoolRound, role: str = Role.SCHOOL_DIRECTOR) -> Client:
    return logged_in(school_user(row.programme.school, role))


def url(row: SchoolRound, page: str) -> str:
    return f"/school/{row.programme.school.brin}/instellingen/{page}/"


def open_round(row: SchoolRound, day: date = date(2023, 12, 5)) -> None:
    row.round.state = RoundState.OPEN
    row.round.save()
    row.round.year.clock_at = local_moment(day)
    row.round.year.save()


# --- ceilings ------------------------------------------------------------------------------------------------------


def test_a_yearly_ceiling_of_fifty_proposes_thirteen_thirteen_twelve_twelve(rows: list[SchoolRound]):
    """AE-23: the earliest rounds get the extra places; asking stores nothing, saving books it in the ledger."""
    director = client_for(rows[0])
    page = text(director, url(rows[0], "plafond") + "?totaal=50")
    assert [
        f'name="places_{row.pk}" value="{n}"' in page for row, n in zip(rows, (13, 13, 12, 12), strict=True)
    ]
    assert "Nothing has been saved yet" in page
    assert set(SchoolRound.objects.values_list("ceiling", flat=True)) == {10}
    wanted = {f"places_{row.pk}": n for row, n in zip(rows, (13, 13, 12, 12), strict=True)}
    assert director.post(url(rows[0], "plafond"), wanted).status_code == 302
    stored = SchoolRound.objects.order_by("round__position").values_list("ceiling", flat=True)
    assert list(stored) == [13, 13, 12, 12]
    booked = LedgerEntry.objects.filter(kind=EntryKind.CEILING, school_round=rows[0])
    assert sum(entry.places for entry in booked) == 13
    assert Event.objects.filter(kind="ceiling_set").count() == 4


def test_an_even_split_takes_off_what_the_fixed_rounds_have(rows: list[SchoolRound]):
    """DH-006: the year comes to the number that was asked for, also when its first round is open already."""
    open_round(rows[0])
    director, page = client_for(rows[0]), url(rows[0], "plafond")
    proposal = director.get(page + "?totaal=50")
    wanted = [proposal.context["form"][f"places_{row.pk}"].value() for row in rows]
    assert wanted == [10, 14, 13, 13] and sum(wanted) == 50
    assert "10 places stand fixed already" in proposal.content.decode()
    less = director.get(page + "?totaal=9")
    assert "have 10 places already" in less.content.decode() and less.context["proposal"] is None
    for row in rows[1:]:
        row.round.state = RoundState.OPEN
        row.round.save()
    assert 'type="submit">Save' not in text(director, page)  # nothing can be changed any more


@pytest.mark.parametrize("typed", ["veel", "-5", "1e3", "٥٠"])
def test_a_total_that_is_no_number_is_a_sentence(rows: list[SchoolRound], typed: str):
    assert "Write a whole number, for example 50" in text(
        client_for(rows[0]), url(rows[0], "plafond") + f"?totaal={typed}"
    )


def test_the_director_changes_a_ceiling_until_the_round_opens_the_manager_with_a_reason(
    rows: list[SchoolRound],
):
    open_round(rows[0])
    ceilings = {f"places_{row.pk}": 11 for row in rows}
    client_for(rows[0]).post(url(rows[0], "plafond"), ceilings)
    assert list(SchoolRound.objects.order_by("round__position").values_list("ceiling", flat=True)) == [
        10,
        11,
        11,
        11,
    ]
    manager = logged_in(region_user(rows[0].programme.school.region))
    refused = manager.post(url(rows[0], "plafond"), ceilings | {"reason": ""})
    assert refused.status_code == 409 and "Give the reason" in refused.content.decode()
    manager.post(url(rows[0], "plafond"), ceilings | {"reason": "extra lokaal"})
    rows[0].refresh_from_db()
    assert rows[0].ceiling == 11


# --- rules ---------------------------------------------------------------------------------------------------------


def test_the_director_orders_the_rules_and_an_area_needs_postcodes(rows: list[SchoolRound]):
    PriorityRuleFactory(year=rows[0].round.year, programme=rows[0].programme, kind=PriorityKind.STAFF)
    director, page = client_for(rows[0]), url(rows[0], "voorrang")
    empty = director.post(page, {"rule_1": "neighbourhood", "rule_2": "sibling", "area": "", "partners": ""})
    assert empty.status_code == 409 and "Write the postcodes of the area" in empty.content.decode()
    wrong = director.post(page, {"rule_1": "neighbourhood", "area": "2511 25x2", "partners": ""})
    assert wrong.status_code == 409 and "25x2" in wrong.content.decode()
    typed = {"rule_1": "neighbourhood", "rule_3": "sibling", "area": "2511, 2512 2511", "partners": ""}
    assert director.post(page, typed).status_code == 302
    stored = PriorityRule.objects.order_by("position").values_list("position", "kind", "area_postcodes")
    assert list(stored) == [(1, "neighbourhood", "2511 2512"), (2, "sibling", "")]
    event = Event.objects.get(kind="rules_set")
    assert (event.old, event.new) == ("staff", "neighbourhood sibling")


def test_a_rule_twice_or_partners_left_out_is_a_sentence(rows: list[SchoolRound]):
    director, page = client_for(rows[0]), url(rows[0], "voorrang")
    twice = director.post(page, {"rule_1": "staff", "rule_2": "staff", "area": "", "partners": ""})
    assert twice.status_code == 409 and "Choose each rule once" in twice.content.decode()
    bare = director.post(page, {"rule_1": "preschool", "area": "", "partners": " "})
    assert bare.status_code == 409 and "which preschools" in bare.content.decode()
    assert not PriorityRule.objects.exists()


def test_what_was_typed_for_a_rule_that_was_not_chosen_is_not_lost(rows: list[SchoolRound]):
    director, page = client_for(rows[0]), url(rows[0], "voorrang")
    for field, typed in (("area", "2511 2512"), ("partners", "De Krekel")):
        answer = director.post(page, {"rule_1": "sibling", "area": "", "partners": ""} | {field: typed})
        assert answer.status_code == 422 and list(answer.context["form"].errors) == [field]
        assert typed in answer.content.decode()
    number = director.post(page, {"rule_1": "preschool", "area": "", "partners": "De Krekel 111222333"})
    assert number.status_code == 422 and "citizen service number" in number.content.decode()
    # A rule that is taken away takes its own field along: nothing was typed.
    assert director.post(page, {"rule_1": "preschool", "area": "", "partners": "Krekel"}).status_code == 302
    assert director.post(page, {"rule_1": "sibling", "area": "", "partners": "Krekel"}).status_code == 302


def test_a_public_authority_cannot_adopt_the_neighbourhood_even_with_a_forged_form(rows: list[SchoolRound]):
    """DH-010, by an attribute of the board."""
    school = rows[0].programme.school
    school.board = BoardFactory(name="Openbaar", region=school.region, public_authority=True)
    school.save()
    director, page = client_for(rows[0]), url(rows[0], "voorrang")
    assert 'value="neighbourhood"' not in text(director, page)
    forged = director.post(page, {"rule_1": "neighbourhood", "area": "2511", "partners": ""})
    assert forged.status_code == 422 and not PriorityRule.objects.exists()


def test_rules_are_fixed_when_the_first_period_opens_and_an_uncapped_school_has_none(rows: list[SchoolRound]):
    director, page = client_for(rows[0]), url(rows[0], "voorrang")
    open_round(rows[0])
    refused = director.post(page, {"rule_1": "staff", "area": "", "partners": ""})
    assert refused.status_code == 409 and "are fixed" in refused.content.decode()
    # Also for the programme manager.
    manager = logged_in(region_user(rows[0].programme.school.region))
    assert manager.post(page, {"rule_1": "staff", "area": "", "partners": ""}).status_code == 409
    rows[0].round.state = RoundState.PLANNED
    rows[0].round.save()
    uncapped = SchoolRoundFactory(round=rows[0].round, ceiling=None)
    bare = client_for(uncapped).post(
        url(uncapped, "voorrang"), {"rule_1": "staff", "area": "", "partners": ""}
    )
    assert bare.status_code == 409 and "without a ceiling" in bare.content.decode()
    assert not PriorityRule.objects.exists()


def test_an_administrator_reads_rules_and_ceilings_and_changes_neither(rows: list[SchoolRound]):
    client = client_for(rows[0], Role.SCHOOL_ADMIN)
    assert {client.get(url(rows[0], page)).status_code for page in ("voorrang", "plafond")} == {403}
    settings = text(client, f"/school/{rows[0].programme.school.brin}/instellingen/")
    assert "Change the rules" not in settings and "Choose how you draw" in settings


# --- way of drawing ------------------------------------------------------------------------------------------------


def test_ticked_rounds_are_digital_until_the_parents_deadline(rows: list[SchoolRound]):
    client = client_for(rows[0], Role.SCHOOL_ADMIN)
    client.post(url(rows[0], "loting"), {"digital": [rows[1].pk]})
    modes = SchoolRound.objects.order_by("round__position").values_list("draw_mode", flat=True)
    assert list(modes) == ["manual", "digital", "manual", "manual"]
    open_round(rows[0], rows[0].round.parents_until + timedelta(days=1))
    shown = client.get(url(rows[0], "loting"))
    assert [is_open for _row, _ticked, is_open, _locked in shown.context["choices"]] == [
        False,
        True,
        True,
        True,
    ]
    assert "deadline has passed. Call the programme manager" in shown.content.decode()
    assert "You can change this until Sunday 31 March 2024" in shown.content.decode()
    late = client.post(url(rows[0], "loting"), {"digital": [rows[0].pk, rows[1].pk]})
    assert late.status_code == 409 and "Call the programme manager" in late.content.decode()
    manager = logged_in(region_user(rows[0].programme.school.region))
    manager.post(url(rows[0], "loting"), {"digital": [rows[0].pk, rows[1].pk]})
    rows[0].refresh_from_db()
    assert rows[0].draw_mode == DrawMode.DIGITAL
    rows[0].round.state = RoundState.LOCKED
    rows[0].round.save()
    locked = manager.post(url(rows[0], "loting"), {"digital": []})
    assert locked.status_code == 409 and "locked for the draw" in locked.content.decode()


# --- data of the school --------------------------------------------------------------------------------------------


def test_the_school_changes_its_data_and_the_trail_keeps_no_names(rows: list[SchoolRound]):
    school = rows[0].programme.school
    typed = {
        "street": "Nieuwstraat 2",
        "postcode": "2511 bb",
        "place": "Den Haag",
        "director_name": "T. van Dam",  # of the central list: what a school sends is not looked at (DH-153d)
        "contact_email": "info@example.org",
        "contact_phone": "070 123",
        "hand_in": "email",
        "hand_in_note": "op school",
        "transition": "other",
        "transition_other": "1-2",
    }
    client = client_for(rows[0], Role.SCHOOL_ADMIN)
    assert client.post(url(rows[0], "gegevens"), typed).status_code == 302
    school.refresh_from_db()
    assert (school.postcode, school.hand_in, school.transition_on) == ("2511BB", HandIn.EMAIL, "02-01")
    said = Event.objects.get(kind="school_set")
    assert "contact_email" in said.new and "example.org" not in said.new
    assert "director_name" not in said.new and school.director_name != "T. van Dam"
    assert "Children move up on another day" in text(client, f"/school/{school.brin}/instellingen/")
    for wrong in (
        {"postcode": "12"},
        {"transition_other": "31-2"},
        {"contact_email": "geen"},
        {"contact_email": ""},
        {"hand_in_note": "vraag naar 111222333"},
    ):
        answer = client.post(url(rows[0], "gegevens"), typed | wrong)
        assert answer.status_code == 422, wrong
        assert "Nieuwstraat 2" in answer.content.decode()


# --- cards ---------------------------------------------------------------------------------------------------------


def test_the_answer_card_has_published_figures_only(rows: list[SchoolRound]):
    """DH-161, DH-162, DH-167: nothing about a round of which nothing has been published."""
    ApplicationFactory(first_choice=rows[0])
    school = rows[0].programme.school
    client, card = client_for(rows[0], Role.SCHOOL_ADMIN), f"/school/{school.brin}/antwoordkaart/"
    open_round(rows[0])
    rows[0].round.state = RoundState.OFFERS
    rows[0].round.save()
    assert client.get(card).context["figures"] == []
    year = rows[0].round.year
    published = PublishedRound.objects.create(
        region=school.region,
        source=FigureSource.FILE,
        round_code="ALM1",
        year_code="2022-2023",
        position=1,
        kind="ALM",
        published_at=now(year),
    )
    PublishedSchool.objects.create(
        published=published, brin=school.brin, name=school.name, places=10, applications=14
    )
    page = text(client, card)
    assert ">14<" in page and "2022-2023" in page and "no guarantee" in page
    assert f"/scholen/?q={school.brin}" in page


def test_parents_read_what_a_school_decided_about_places_area_and_moving_up(rows: list[SchoolRound]):
    """DH-011, DH-018, Q-07, section 5: the finder without logging in."""
    school, year = rows[0].programme.school, rows[0].round.year
    PriorityRuleFactory(
        year=year, programme=rows[0].programme, kind=PriorityKind.PRESCHOOL, partner_facilities="De Krekel"
    )
    anybody = Client()
    anybody.cookies["django_language"] = "en"
    page = text(anybody, f"/{school.region.slug}/scholen/")
    assert "De Krekel" in page and "Application period 2: 10 places" in page
    assert "School draw: Digital, with the notary" in page
    assert "promise nobody a place" not in page and "move up on 1 January" not in page
    SchoolRound.objects.filter(pk=rows[1].pk).update(ceiling=0)
    School.objects.filter(pk=school.pk).update(transition_on="01-01")
    page = text(anybody, f"/{school.region.slug}/scholen/")
    assert "promise nobody a place" in page and "move up on 1 January" in page


def test_with_and_without_a_ceiling_stand_side_by_side(rows: list[SchoolRound]):
    """DH-021"""
    page = text(client_for(rows[0], Role.SCHOOL_ADMIN), url(rows[0], "vergelijken"))
    assert "At most the ceiling of each round" in page and "None: nobody has to wait" in page


# --- postcodes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed, found, wrong",
    [
        ("2511 2512", ["2511", "2512"], []),
        ("2511-2513", ["2511", "2512", "2513"], []),
        ("2511;2511,\n2512", ["2511", "2512"], []),
        ("0511 25111 abc", [], ["0511", "25111", "abc"]),
        ("2599-2511", [], ["2599-2511"]),
        ("", [], []),
    ],
)
def test_postcodes_as_people_type_them(typed: str, found: list[str], wrong: list[str]):
    assert read_codes(typed) == (found, wrong)


def test_the_map_shows_the_area_and_what_lies_around_the_school():
    found = area_map(["2512"], school="2511")
    assert found is not None
    assert {spot.code for spot in found.inside} == {"2512"}
    assert [spot.code for spot in found.spots if spot.is_school] == ["2511"]
    assert all(0 <= spot.x <= found.width and 0 <= spot.y <= found.height for spot in found.spots)
    assert area_map(["9999"], school="0000") is None or area_map([], school="0000") is None


def test_a_school_without_a_known_postcode_still_opens_its_settings(rows: list[SchoolRound]):
    school = SchoolFactory(postcode="")
    SchoolRoundFactory(round=rows[0].round, programme__school=school)
    client = logged_in(school_user(school))
    assert client.get(f"/school/{school.brin}/instellingen/").status_code == 200
