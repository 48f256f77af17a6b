"""A school that draws by hand: the button, the cards, the order typed twice, and what follows (DH-074 to DH-091)."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from admissions.enums import CaseKind, Decision
from admissions.models import Application, Case, LedgerEntry, Placement
from admissions.services.draws.ceremony import confirm_round, freeze_round
from admissions.services.draws.hand_draw import enter_order, finish_hand_draw, give_up, start_hand_draw
from admissions.services.draws.manual_draw import (
    ManualDrawError,
    decide_by_hand,
    finish_decisions,
    process_automatically,
)
from admissions.services.draws.outcomes import apply_session
from admissions.services.draws.preflight import check_round
from admissions.services.explaining.exports import result_rows
from admissions.services.integrity.facts import problems_of
from admissions.services.year.year_clock import move_year_clock
from lottery.enums import EntryKind, SessionKind, SessionState
from lottery.models import DrawSession
from lottery.services.beacon_steps import use_stand_in
from lottery.services.blind_entries import Entered, enter
from lottery.services.hand_draw import DrawFacts, card_numbers
from lottery.services.sessions import SessionError, compute, store_outcome, verify_session
from lottery.services.verification import verify_files
from notifications.models import Message
from schools.clock import now
from schools.enums import Role, RoundState
from schools.models import AMSTERDAM, User, end_of_day
from tests.factories.ceremony import DICE, logged_in
from tests.factories.city import City, Form, School, make_city
from tests.factories.schools import SchoolFactory, region_user, school_user

pytestmark = pytest.mark.django_db
NEAR = "2511AA"
FORMS = {
    "A": Form("A", claims="sibling"),
    "B": Form("A", claims="sibling", postcode=NEAR),
    "C": Form("A", claims="preschool"),
    "D": Form("A", claims="preschool"),
    "E": Form("A X", postcode=NEAR),
    "F": Form("A X", postcode=NEAR),
    "G": Form("A X"),
    "H": Form("A X", claims="staff"),
}


class Desk:
    """AE-02 after the processing deadline, at a school that draws by hand."""

    def __init__(self) -> None:
        self.city: City = make_city(
            {"A": School(5, "sibling preschool neighbourhood", draw_mode="manual"), "X": 2}
        )
        self.city.apply("ALM1", **FORMS)
        round_ = self.city.round("ALM1")
        assert round_.processing_until is not None
        move_year_clock(self.city.year, to=end_of_day(round_.processing_until), actor=None)
        self.city.year.refresh_from_db()
        self.seat = self.city.school_round("A", "ALM1")
        school = self.seat.programme.school
        self.admin: User = school_user(school, Role.SCHOOL_ADMIN)
        self.director: User = school_user(school, Role.SCHOOL_DIRECTOR)
        region = self.city.year.region
        self.manager: User = region_user(region)
        self.office: User = region_user(region, Role.CENTRAL_OFFICE)
        self.notary: User = region_user(region, Role.NOTARY)

    @property
    def address(self) -> str:
        return f"/school/{self.seat.programme.school.brin}/besluiten/"

    def facts(self, **changes: object) -> DrawFacts:
        at = now(self.city.year).isoformat()
        values = {
            "drawn_by": "J. de Boer",
            "drawn_at": at,
            "recording": "archief/2024/loting-A.mp4",
            "witnesses": ("O. Kramer", "B. Oosterhuis"),
        }
        return DrawFacts(**(values | changes))  # type: ignore[arg-type]

    def cards(self, session: DrawSession) -> dict[str, str]:
        """Card numbers by key of the form."""
        by_number = dict(session.numbers.values_list("registration_number", "number"))
        rows = Application.objects.filter(registration_number__in=by_number)
        return {
            key: by_number[number]
            for key, number in rows.values_list("form__form_reference", "registration_number")
        }

    def order(self, session: DrawSession, keys: str) -> str:
        cards = self.cards(session)
        return "\n".join(cards[key] for key in keys.split())

    def draw(self, keys: str = "F E") -> DrawSession:
        process_automatically(self.seat.pk, actor=self.admin)
        session = start_hand_draw(self.seat.pk, actor=self.admin)
        order = self.order(session, keys)
        enter_order(self.seat.pk, facts=self.facts(), order=order, actor=self.admin)
        assert finish_hand_draw(self.seat.pk, order=order, actor=self.director) == Entered.EQUAL
        session.refresh_from_db()
        return session

    def play(self) -> DrawSession:
        """Ready, frozen, drawn and official."""
        self.draw()
        finish_decisions(self.seat.pk, actor=self.director)
        round_ = self.city.round("ALM1")
        frozen = freeze_round(round_.pk, actor=self.manager, warnings_seen=True).session
        confirm_round(frozen.pk, actor=self.office)
        for user in (self.manager, self.notary):
            enter(session_id=frozen.pk, kind=EntryKind.DICE, values=[DICE], actor=user)
        session = use_stand_in(session_id=frozen.pk, actor=self.manager)
        store_outcome(session_id=session.pk, outcome=compute(session), at=now(round_.year))
        verify_session(session_id=session.pk, at=now(round_.year))
        apply_session(session_id=session.pk, actor=self.manager)
        return DrawSession.objects.get(pk=session.pk)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_ae02_on_screen_leaves_exactly_e_and_f(desk: Desk):
    """AE-02: after the button the decisions page holds exactly E and F; then the cards decide."""
    client = logged_in(desk.admin)
    page = client.get(desk.address).content.decode()
    assert all(f"Kind {key} Proef" in page for key in "ABCDEFGH")
    assert client.post(f"{desk.address}automatisch/").status_code == 302
    page = client.get(desk.address).content.decode()
    assert [key for key in "ABCDEFGH" if f"Kind {key} Proef" in page] == ["E", "F"]
    assert desk.city.decisions() == dict.fromkeys("ABCD", "admitted") | dict.fromkeys(
        "EF", "undecided"
    ) | dict.fromkeys("GH", "drawn_out")

    assert client.post(f"{desk.address}kaarten/").status_code == 302
    session = DrawSession.objects.get()
    assert (session.kind, session.state, session.profile) == ("school", "committed", "H")
    assert set(desk.cards(session)) == {"E", "F"} and set(desk.cards(session).values()) == {"01", "02"}
    local = now(desk.city.year).astimezone(AMSTERDAM)
    typed = {
        "day": local.strftime("%Y-%m-%d"),
        "at": "00:00",
        "drawn_by": "J. de Boer",
        "witnesses": "O. Kramer\nB. Oosterhuis",
        "recording": "kast 3",
        "order": desk.order(session, "F E"),
    }
    answer = client.post(f"{desk.address}loting/", typed)
    assert answer.status_code == 302, answer.content.decode()
    again = {"again": "1", "order": desk.order(session, "F E")}
    answer = logged_in(desk.director).post(f"{desk.address}loting/", again)
    assert answer.status_code == 302 and answer["Location"] == desk.address
    assert desk.city.decisions() == dict.fromkeys("ABCDF", "admitted") | dict.fromkeys("EGH", "drawn_out")
    session.refresh_from_db()
    assert (session.state, session.recording, session.drawn_by) == ("applied", "kast 3", "J. de Boer")
    assert "kast 3" in client.get(desk.address).content.decode()
    assert "kast 3" in logged_in(desk.manager).get("/programma/loting/ALM1/scholen/").content.decode()
    assert client.post(f"{desk.address}klaar/").status_code == 302
    desk.seat.refresh_from_db()
    assert desk.seat.is_ready


def test_files_of_the_draw_stand_the_second_program_and_names_stay_out(desk: Desk):
    session = desk.draw()
    files = session.files()
    assert set(files) == {"dossiers.txt", "deelnemers.txt", "vastlegging.txt", "zaad.txt", "uitslag.txt"}
    assert verify_files(files, commitment_hash=session.commitment_hash).agrees
    cards = desk.cards(session)
    assert f"volgorde|school/00000A|{cards['F']},{cards['E']}\n".encode() in files["zaad.txt"]
    assert not any(b"Proef" in content or b"Boer" in content for content in files.values())
    kinds = set(session.attestations.values_list("kind", flat=True))
    assert {"freeze", "witness", "order", "verified"} <= kinds
    assert session.attestations.filter(kind="order").count() == 2
    assert list(problems_of(desk.city.year)) == []


def test_round_after_a_draw_by_hand(desk: Desk):
    """DH-091: drawn out by hand goes to the central matching with the ranks of its whole list; M04, results, M20."""
    session = desk.play()
    assert session.kind == SessionKind.ROUND
    rows = {str(row[0]): row for row in result_rows(desk.city.round("ALM1"))}
    assert set(rows) == set("ABCDEFGH")
    admitted = {key: rows[key][3:] for key in "ABCD"}
    assert admitted == dict.fromkeys("ABCD", ("admitted", "00000A", 1, "school_draw", ""))
    hand = DrawSession.objects.get(kind=SessionKind.SCHOOL)
    assert rows["F"][2:] == (desk.cards(hand)["F"], "admitted", "00000A", 1, "school_draw", 1)
    placed = [key for key in "EGH" if rows[key][3] == "placed_lower"]
    # X is the second choice of all three: rank 2 in the whole list, though the frozen list lacks the first.
    assert {rows[key][5] for key in placed} <= {2, 3, 4, 5} and placed
    assert all(rows[key][6] == "central_matching" for key in "EGH")

    offers = Message.objects.filter(kind="M04").order_by("pk")
    keys = dict(Application.objects.values_list("registration_number", "form__form_reference"))
    assert sorted(keys[m.registration_number] for m in offers) == list("ABCDF")
    round_ = desk.city.round("ALM1")
    assert {m.state for m in offers} == {"held"}
    assert {m.not_before.astimezone(AMSTERDAM).date() for m in offers} == {round_.offers_on}
    drawn = next(m for m in offers if keys[m.registration_number] == "F")
    assert drawn.merge["session_name"] == hand.name and drawn.merge["draws"][0]["lot_rank"] == 1
    by_class = next(m for m in offers if keys[m.registration_number] == "A")
    assert by_class.merge["session_name"] == "" and by_class.merge["draws"] == []
    assert list(problems_of(desk.city.year)) == []


def test_freeze_message_of_a_child_drawn_out_by_hand_waits_for_the_sending_day(desk: Desk):
    """DH-111: at the freeze it would tell the result."""
    desk.draw()
    finish_decisions(desk.seat.pk, actor=desk.director)
    round_ = desk.city.round("ALM1")
    frozen = freeze_round(round_.pk, actor=desk.manager, warnings_seen=True).session
    confirm_round(frozen.pk, actor=desk.office)
    told = Message.objects.filter(kind="M20")
    assert told.count() == 3 and {m.state for m in told} == {"held"}
    assert {m.not_before.astimezone(AMSTERDAM).date() for m in told} == {round_.offers_on}


WRONG_ORDERS = [
    ("01", "missing"),
    ("01 02 02", "twice"),
    ("01 02 03", "does not take part"),
    ("01 aa", "does not take part"),
    ("", "missing"),
]


@pytest.mark.parametrize(("order", "words"), WRONG_ORDERS)
def test_wrong_order_is_a_sentence_beside_the_field_and_kept(desk: Desk, order: str, words: str):
    process_automatically(desk.seat.pk, actor=desk.admin)
    start_hand_draw(desk.seat.pk, actor=desk.admin)
    with translation.override("en"), pytest.raises(SessionError, match=words):
        enter_order(desk.seat.pk, facts=desk.facts(), order=order, actor=desk.admin)
    typed = {"day": "2023-12-24", "at": "00:00", "drawn_by": "J. de Boer", "order": order}
    typed |= {"witnesses": "O. Kramer\nB. Oosterhuis", "recording": "kast 3"}
    typed["day"] = now(desk.city.year).astimezone(AMSTERDAM).strftime("%Y-%m-%d")
    answer = logged_in(desk.admin).post(f"{desk.address}loting/", typed, HTTP_ACCEPT_LANGUAGE="en")
    page = answer.content.decode()
    assert answer.status_code in (409, 422) and "kast 3" in page and "B. Oosterhuis" in page
    assert order in page
    assert not DrawSession.objects.get().entries.exists()


WRONG_FACTS = [
    {"drawn_by": " "},
    {"recording": ""},
    {"witnesses": ("O. Kramer",)},
    {"witnesses": ("O. Kramer", "O. Kramer")},
    {"witnesses": ("J. de Boer", "O. Kramer")},
]


@pytest.mark.parametrize("changes", WRONG_FACTS)
def test_without_its_facts_a_draw_is_not_finished(desk: Desk, changes: dict[str, object]):
    """DH-077"""
    process_automatically(desk.seat.pk, actor=desk.admin)
    start_hand_draw(desk.seat.pk, actor=desk.admin)
    with pytest.raises(SessionError):
        enter_order(desk.seat.pk, facts=desk.facts(**changes), order="1 2", actor=desk.admin)


def test_draw_is_not_before_its_list_and_not_in_the_future(desk: Desk):
    process_automatically(desk.seat.pk, actor=desk.admin)
    start_hand_draw(desk.seat.pk, actor=desk.admin)
    for days in (-1, 1):
        at = (now(desk.city.year) + timedelta(days=days)).isoformat()
        with pytest.raises(SessionError):
            enter_order(desk.seat.pk, facts=desk.facts(drawn_at=at), order="1 2", actor=desk.admin)


def test_database_refuses_a_finished_draw_without_facts(desk: Desk):
    process_automatically(desk.seat.pk, actor=desk.admin)
    session = start_hand_draw(desk.seat.pk, actor=desk.admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        DrawSession.objects.filter(pk=session.pk).update(state=SessionState.LOCKED)


def test_orders_that_differ_are_dropped_and_noted(desk: Desk):
    process_automatically(desk.seat.pk, actor=desk.admin)
    session = start_hand_draw(desk.seat.pk, actor=desk.admin)
    enter_order(desk.seat.pk, facts=desk.facts(), order="1 2", actor=desk.admin)
    assert finish_hand_draw(desk.seat.pk, order="2 1", actor=desk.director) == Entered.DIFFERENT
    session.refresh_from_db()
    assert session.state == "committed" and session.attestations.filter(kind="incident").count() == 1
    with pytest.raises(SessionError):
        finish_hand_draw(desk.seat.pk, order="2 1", actor=desk.director)
    page = logged_in(desk.admin).get(f"{desk.address}loting/").content.decode()
    assert "archief/2024/loting-A.mp4" in page and "O. Kramer" in page  # nothing else typed is lost
    enter_order(desk.seat.pk, facts=desk.facts(), order="2 1", actor=desk.admin)
    assert finish_hand_draw(desk.seat.pk, order="02, 01", actor=desk.director) == Entered.EQUAL


def test_first_typing_is_on_no_page(desk: Desk):
    process_automatically(desk.seat.pk, actor=desk.admin)
    start_hand_draw(desk.seat.pk, actor=desk.admin)
    enter_order(desk.seat.pk, facts=desk.facts(), order="2 1", actor=desk.admin)
    for query in ("", "?opnieuw=1"):
        page = logged_in(desk.director).get(f"{desk.address}loting/{query}").content.decode()
        assert "02\n01" not in page and '["02", "01"]' not in page


def test_draw_without_the_button_takes_the_classes_first(desk: Desk):
    """DH-075: the button is optional; drawn among all, class goes before order."""
    session = start_hand_draw(desk.seat.pk, actor=desk.admin)
    assert len(desk.cards(session)) == 8
    order = desk.order(session, "H G F E D C B A")
    enter_order(desk.seat.pk, facts=desk.facts(), order=order, actor=desk.admin)
    finish_hand_draw(desk.seat.pk, order=order, actor=desk.admin)
    assert desk.city.decisions() == dict.fromkeys("ABCDF", "admitted") | dict.fromkeys("EGH", "drawn_out")
    session.refresh_from_db()
    assert any("same person" in note or "zelfde persoon" in note for note in session.notes)


def test_by_hand_beyond_the_places_is_refused_and_against_the_rules_needs_a_reason(desk: Desk):
    """DH-076"""
    ids = {key: desk.city.application(key).pk for key in FORMS}
    with pytest.raises(ManualDrawError):
        decide_by_hand(desk.seat.pk, list(ids.values()), admitted=True, actor=desk.admin)
    for key in "GE":  # against the classes; among those whom lots decide about
        with pytest.raises(ManualDrawError):
            decide_by_hand(desk.seat.pk, [ids[key]], admitted=True, actor=desk.admin)
    client = logged_in(desk.admin)
    data = {"child": [ids["G"]], "answer": "admit", "reason": "", "confirm": "1"}
    answer = client.post(f"{desk.address}met-de-hand/", data)
    assert answer.status_code == 409 and re.search(
        rf'value="{ids["G"]}" form="bulk" aria-label="Kind G Proef[^"]*" checked', answer.content.decode()
    )
    data["reason"] = "Toegezegd na overleg"
    assert client.post(f"{desk.address}met-de-hand/", data).status_code == 302
    case = Case.objects.get(kind=CaseKind.MANUAL_DECISION)
    assert case.application_id == ids["G"] and case.note == "Toegezegd na overleg"
    assert desk.city.decisions()["G"] == Decision.ADMITTED
    assert client.post(f"{desk.address}met-de-hand/", {"answer": "admit"}).status_code == 422


def test_waiting_children_are_filtered_sorted_paged_and_exported_like_other_lists(desk: Desk):
    """DH-074: one query count at any size; a refused decision keeps page and ticks, the number is asked first."""
    client = logged_in(desk.admin)

    def names(query: str = "") -> list[str]:
        rows = client.get(f"{desk.address}{query}").context["table"].page.object_list.data
        return [row.application.child.given_name.removeprefix("Kind ") for row in rows]

    assert names("?sort=child") == list("ABCDEFGH")
    assert names("?sort=-child") == list("HGFEDCBA")
    assert sorted(names("?tab=lots")) == ["E", "F"]  # AE-02, before the button
    assert sorted(names("?tab=admitted")) == list("ABCD")
    assert names("?tier=1&sort=child") == ["A", "B"]
    number = desk.city.application("G").registration_number
    assert names(f"?q={number}") == ["G"]
    assert names("?tier=99&tab=x&sort=zz&page=-1") != []  # nonsense is named and filters nothing
    empty = client.get(f"{desk.address}?q=niemand").content.decode()
    assert "oa-empty" in empty and "Wis het filter" in empty
    export = b"".join(client.get(f"{desk.address}?tab=lots&sort=child&export=csv").streaming_content).decode()
    assert [line.split(";")[0] for line in export.strip().splitlines()[1:]] == [
        "Kind E Proef",
        "Kind F Proef",
    ]
    assert client.get(f"{desk.address}?export=xlsx").headers["Content-Type"].endswith("sheet")

    with CaptureQueriesContext(connection) as eight:
        client.get(f"{desk.address}?q=kind")
    with CaptureQueriesContext(connection) as one:
        client.get(f"{desk.address}?q={number}")

    assert len(one) == len(eight) <= 20

    ids = [desk.city.application(key).pk for key in "AB"]
    asked = client.post(f"{desk.address}met-de-hand/?sort=-child", {"child": ids, "answer": "admit"})
    page = asked.content.decode()
    assert "2 kinderen toelaten?" in page and page.count(" checked") == 3  # both ticks and the answer
    assert f'action="{desk.address}met-de-hand/?sort=-child"' in page
    answer = client.get(f"{desk.address}met-de-hand/?sort=-child&page=2")  # a link of that page
    assert answer.headers["Location"] == f"{desk.address}?sort=-child&page=2"


def test_while_a_draw_is_open_nothing_else_is_decided_and_freezing_is_blocked(desk: Desk):
    start_hand_draw(desk.seat.pk, actor=desk.admin)
    with pytest.raises(ManualDrawError):
        process_automatically(desk.seat.pk, actor=desk.admin)
    with pytest.raises(ManualDrawError):
        decide_by_hand(desk.seat.pk, [desk.city.application("A").pk], admitted=True, actor=desk.admin)
    with pytest.raises(ManualDrawError):
        finish_decisions(desk.seat.pk, actor=desk.admin)
    assert ("manual", "00000A") in {(f.kind, f.brin) for f in check_round(desk.city.round("ALM1")).red}


def test_two_people_open_one_draw(desk: Desk):
    start_hand_draw(desk.seat.pk, actor=desk.admin)
    with pytest.raises(ManualDrawError):
        start_hand_draw(desk.seat.pk, actor=desk.director)
    answer = logged_in(desk.director).post(f"{desk.address}kaarten/")
    assert answer.status_code == 302 and DrawSession.objects.count() == 1


def test_finished_twice_is_decided_once(desk: Desk):
    desk.draw()
    with pytest.raises(ManualDrawError):
        finish_hand_draw(desk.seat.pk, order="1 2", actor=desk.admin)
    assert Placement.objects.count() == 5 and LedgerEntry.objects.filter(kind="placed").count() == 5
    answer = logged_in(desk.admin).post(f"{desk.address}loting/", {"again": "1", "order": "1 2"})
    assert answer.status_code == 302 and Placement.objects.count() == 5


def test_no_lots_no_cards(desk: Desk):
    process_automatically(desk.seat.pk, actor=desk.admin)
    ids = [desk.city.application(key).pk for key in "EF"]
    decide_by_hand(
        desk.seat.pk, ids[:1], admitted=True, reason="Met de vereniging afgesproken", actor=desk.admin
    )
    with pytest.raises(ManualDrawError):
        start_hand_draw(desk.seat.pk, actor=desk.admin)


def test_office_ends_an_open_draw_and_the_next_names_it(desk: Desk):
    """Q-32"""
    process_automatically(desk.seat.pk, actor=desk.admin)
    session = start_hand_draw(desk.seat.pk, actor=desk.admin)
    with pytest.raises(ManualDrawError):
        give_up(session.pk, reason="De opname is er niet", actor=desk.admin)
    client = logged_in(desk.manager)
    address = "/programma/loting/ALM1/scholen/vervallen/"
    client.post(address, {"session": session.name, "reason": "kort"})
    session.refresh_from_db()
    assert session.state == "committed"
    client.post(address, {"session": session.name, "reason": "De opname kan niet worden getoond"})
    session.refresh_from_db()
    assert session.state == "void"
    following = start_hand_draw(desk.seat.pk, actor=desk.admin)
    assert following.attempt == 2
    assert f"poging|2|{session.commitment_hash}".encode() in bytes(following.commitment)


def test_officials_cannot_type_the_order_of_a_school(desk: Desk):
    session = start_hand_draw(desk.seat.pk, actor=desk.admin)
    for user in (desk.manager, desk.notary):
        with pytest.raises(SessionError):
            enter(
                session_id=session.pk,
                kind=EntryKind.ORDER,
                values=["school/00000A", "01 02"],
                actor=user,
            )
        answer = logged_in(user).post(
            f"/zittingen/{session.name}/stap/volgorde/", {"draw": "x", "order": "1"}
        )
        assert answer.status_code == 409


ROLES = [
    (Role.SCHOOL_ADMIN, 200, 302),
    (Role.SCHOOL_DIRECTOR, 200, 302),
    (Role.CARE_COORDINATOR, 403, 403),
    (Role.PROGRAMME_MANAGER, 200, 403),
    (Role.CENTRAL_OFFICE, 200, 403),
    (Role.SCHOOL_DESK, 200, 403),
    (Role.NOTARY, 404, 404),
    (Role.PARENT_DESK, 404, 404),
]


@pytest.mark.parametrize(("role", "reads", "writes"), ROLES)
def test_who_may_decide(desk: Desk, role: Role, reads: int, writes: int):
    at_school = role in (Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR)
    school = desk.seat.programme.school
    user = school_user(school, role) if at_school else region_user(desk.city.year.region, role)
    client = logged_in(user)
    assert client.get(desk.address).status_code == reads
    for action in ("automatisch", "kaarten"):
        assert client.post(f"{desk.address}{action}/").status_code == writes
    assert (client.get(f"{desk.address}loting/").status_code == 200) == (writes == 302)


def test_another_school_finds_nothing(desk: Desk):
    other = school_user(SchoolFactory(region=desk.city.year.region), Role.SCHOOL_DIRECTOR)
    client = logged_in(other)
    assert client.get(desk.address).status_code == 404
    assert client.post(f"{desk.address}kaarten/").status_code == 404
    with pytest.raises(ManualDrawError):
        start_hand_draw(desk.seat.pk, actor=other)
    with pytest.raises(ManualDrawError):
        start_hand_draw(desk.seat.pk, actor=desk.manager)


def test_cards_are_dealt_at_random_and_of_one_length():
    assert sorted(card_numbers(3)) == ["01", "02", "03"]
    assert {len(card) for card in card_numbers(120)} == {3}
    assert len({tuple(card_numbers(8)) for _time in range(20)}) > 15


def test_round_is_frozen_then_nothing_is_decided(desk: Desk):
    desk.draw()
    finish_decisions(desk.seat.pk, actor=desk.director)
    freeze_round(desk.city.round("ALM1").pk, actor=desk.manager, warnings_seen=True)
    assert desk.city.round("ALM1").state == RoundState.FROZEN
    with pytest.raises(ManualDrawError):
        start_hand_draw(desk.seat.pk, actor=desk.admin)
