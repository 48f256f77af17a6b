"""The pages of a school: who gets in, what they see, and what they may not learn (den-haag.md section 5, Q-16)."""

import io
import zipfile
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import translation

from admissions.enums import CareState, Decision, FormState, PlacementState
from admissions.models import Application, LateWithdrawal, Placement
from admissions.services.replies.kept_withdrawals import carry_out_due
from admissions.urls import school as urls_school
from admissions.views.school import SchoolPage
from schools.context import HELP_OF
from schools.enums import Role, RoundState
from schools.matrix import PAGES as PAGES_OF_ALL
from schools.models import Region, School, SchoolRound, User, local_moment
from schools.views import HELP_TOPICS
from tests.factories.admissions import (
    ApplicationFactory,
    CareCaseFactory,
    ChildFactory,
    ParticipationFactory,
    PlacementFactory,
    PreferenceFactory,
    PriorityClaimFactory,
    WithdrawalFactory,
)
from tests.factories.city import City, Form, make_city
from tests.factories.notifications import MessageFactory
from tests.factories.schools import (
    AdmissionYearFactory,
    PriorityRuleFactory,
    RegionFactory,
    RoundFactory,
    SchoolRoundFactory,
    UserFactory,
    region_user,
    school_user,
)

pytestmark = pytest.mark.django_db

PAGES = [
    "school-today",
    "application-list",
    "admitted-list",
    "drawn-out-list",
    "school-places",
    "school-settings",
]
LISTS = ["application-list", "admitted-list", "drawn-out-list"]


@dataclass
class Scene:
    """One school in the first period of the year, with the clock of that year."""

    seats: SchoolRound

    @property
    def school(self) -> School:
        return self.seats.programme.school

    def at(self, day: date, state: str | None = None, at: time = time(9)) -> "Scene":
        """Move the clock there; optionally set the state of the round too."""
        round_ = self.seats.round
        round_.year.clock_at = local_moment(day, at)
        round_.year.save()
        if state:
            round_.state = state
            round_.save()
        return self

    def url(self, page: str, *args: Any) -> str:
        return reverse(f"admissions:{page}", args=[self.school.brin, *args])

    def child(self, **fields: Any) -> Application:
        fields.setdefault("form__state", FormState.LOCKED)
        return ApplicationFactory(first_choice=self.seats, **fields)


@pytest.fixture
def scene() -> Scene:
    """ALM1 has been drawn and its letters are out: 22 January 2024."""
    return Scene(SchoolRoundFactory(round__code="ALM1")).at(date(2024, 1, 22), RoundState.OFFERS)


@pytest.fixture(autouse=True)
def _english():
    """Pages are read in English here, so that these tests do not depend on the Dutch catalogue."""
    with translation.override("en"):
        yield


def logged_in(user: User) -> Client:
    """In English, and with the second factor that some roles need."""
    Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}}
    )
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


# --- who gets in ---------------------------------------------------------------------------------------------------


def test_every_address_of_a_school_is_a_page_that_says_who_may_use_it():
    for pattern in urls_school.urlpatterns:
        view = pattern.callback.view_class  # type: ignore[attr-defined]
        assert issubclass(view, SchoolPage), pattern.name
        assert view.permission.startswith("admissions."), pattern.name


@pytest.mark.parametrize(
    "role, closed",
    [
        (Role.SCHOOL_ADMIN, set()),
        (Role.SCHOOL_DIRECTOR, set()),
        (Role.CARE_COORDINATOR, {"school-places", "school-settings"}),
    ],
)
def test_staff_open_the_pages_of_their_own_school(scene: Scene, role: str, closed: set[str]):
    client = logged_in(school_user(scene.school, role))
    assert {page: client.get(scene.url(page)).status_code for page in PAGES} == {
        page: 403 if page in closed else 200 for page in PAGES
    }
    shown = {entry.url for entry in client.get(scene.url("school-today")).context["nav"].items}
    assert not shown & {scene.url(page) for page in closed}


@pytest.mark.parametrize("role", [Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE])
def test_the_office_reads_the_pages_of_every_school_of_its_region(scene: Scene, role: str):
    client = logged_in(region_user(scene.school.region, role))
    assert {client.get(scene.url(page)).status_code for page in PAGES} == {200}


@pytest.mark.parametrize("role", [Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR])
def test_a_school_does_not_find_the_pages_or_children_of_another(scene: Scene, role: str):
    child = scene.child(decision=Decision.ADMITTED)
    CareCaseFactory(application=child, state=CareState.DUTY_NO)
    placement = PlacementFactory(
        application=child, state=PlacementState.OFFERED, respond_by=date(2024, 2, 15)
    )
    own = SchoolRoundFactory(round=scene.seats.round)
    client = logged_in(school_user(own.programme.school, role))
    assert {client.get(scene.url(page)).status_code for page in PAGES} == {404}
    assert client.get(scene.url("application-detail", child.registration_number)).status_code == 404
    assert client.get(scene.url("reply", placement.pk)).status_code == 404
    # Nor by way of its own school's addresses.
    brin = own.programme.school.brin
    assert client.get(f"/school/{brin}/kind/{child.registration_number}/").status_code == 404
    assert client.get(f"/school/{brin}/toegelaten/{placement.pk}/reactie/").status_code in (403, 404)
    for page in LISTS:
        page_text = text(client, f"/school/{brin}/{reverse_tail(page)}")
        assert child.child.given_name not in page_text


def reverse_tail(page: str) -> str:
    return reverse(f"admissions:{page}", args=["X"]).removeprefix("/school/X/")


def test_notary_other_region_and_nobody_do_not_find_a_school(scene: Scene):
    elsewhere = RegionFactory(slug="elders", name="Elders")
    for user in (region_user(scene.school.region, Role.NOTARY), region_user(elsewhere), UserFactory()):
        assert {logged_in(user).get(scene.url(page)).status_code for page in PAGES} == {404}
    assert Client().get(scene.url("school-today")).status_code == 302


def test_only_who_may_see_care_sees_its_mark(scene: Scene):
    child = scene.child(decision=Decision.ADMITTED)
    CareCaseFactory(application=child, state=CareState.DUTY_YES)
    region: Region = scene.school.region
    sees = [
        school_user(scene.school),
        school_user(scene.school, Role.SCHOOL_DIRECTOR),
        school_user(scene.school, Role.CARE_COORDINATOR),
        region_user(region),
        region_user(region, Role.CENTRAL_OFFICE, may_see_care=True),
    ]
    detail = scene.url("application-detail", child.registration_number)
    for user in sees:
        assert "Care duty" in text(logged_in(user), scene.url("application-list"))
        assert "Care duty" in text(logged_in(user), detail)
    blind = logged_in(region_user(region, Role.CENTRAL_OFFICE))
    assert "Care duty" not in text(blind, scene.url("application-list"))
    assert "care" not in blind.get(scene.url("application-list")).context["table"].columns
    assert "Care duty" not in text(blind, detail)
    # Not by trying the filter, nor in the export.
    assert child.child.given_name in text(blind, scene.url("application-list") + "?care=no")
    export = b"".join(blind.get(scene.url("application-list") + "?export=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "Care" not in export


def test_care_coordinator_sees_care_marked_children_only(scene: Scene):
    marked, other = scene.child(decision=Decision.ADMITTED), scene.child(decision=Decision.ADMITTED)
    CareCaseFactory(application=marked, state=CareState.DUTY_NO)
    for child in (marked, other):
        PlacementFactory(application=child)
    client = logged_in(school_user(scene.school, Role.CARE_COORDINATOR))
    for page in ("application-list", "admitted-list"):
        page_text = text(client, scene.url(page))
        assert marked.child.given_name in page_text
        assert other.child.full_name not in page_text
    assert client.get(scene.url("application-detail", other.registration_number)).status_code == 404


# --- what is shown, and from when ----------------------------------------------------------------------------------


def outcomes(client: Client, scene: Scene) -> list[str]:
    return [row.record.outcome for row in client.get(scene.url("application-list")).context["table"].rows]


def test_a_result_is_seen_from_the_day_of_the_draw(scene: Scene):
    """DH-081"""
    child = scene.child(decision=Decision.ADMITTED)
    PlacementFactory(application=child)
    client = logged_in(school_user(scene.school))
    for day, state in [
        (date(2024, 1, 10), RoundState.FROZEN),
        (date(2024, 1, 11), RoundState.FROZEN),
        (date(2024, 1, 10), RoundState.MATCHED),
    ]:
        scene.at(day, state)
        assert outcomes(client, scene) == ["waiting"]
        assert len(client.get(scene.url("admitted-list")).context["table"].rows) == 0
    scene.at(date(2024, 1, 11), RoundState.MATCHED)
    assert outcomes(client, scene) == ["admitted"]
    assert len(client.get(scene.url("admitted-list")).context["table"].rows) == 1


def test_first_choice_learns_drawn_out_and_later_handled_but_not_where(scene: Scene):
    """Q-16"""
    elsewhere = SchoolRoundFactory(round=scene.seats.round)
    child = scene.child(
        decision=Decision.PLACED_LOWER, preferences=[scene.seats.programme, elsewhere.programme]
    )
    PlacementFactory(application=child, school_round=elsewhere, preference_rank=2)
    unplaced = scene.child(decision=Decision.UNPLACED)
    client = logged_in(school_user(scene.school))
    scene.at(date(2024, 1, 11), RoundState.MATCHED)
    assert outcomes(client, scene) == ["drawn_out", "drawn_out"]
    scene.at(date(2024, 1, 18), RoundState.OFFERS)
    assert outcomes(client, scene) == ["handled", "handled"]
    pages = [text(client, scene.url("application-detail", c.registration_number)) for c in (child, unplaced)]
    names = [c.child.full_name for c in (child, unplaced)]
    numbers = ["-".join((c.registration_number[:4], c.registration_number[4:])) for c in (child, unplaced)]
    # Apart from the child itself and the list on the form, the two pages are the same.
    for page in pages:
        assert "Place at your school" not in page and "lower" not in page.lower()
    assert names[0] in pages[0] and numbers[1] in pages[1]


@pytest.mark.parametrize("effective, shown", [(date(2024, 1, 5), "withdrawn"), (date(2024, 2, 5), "handled")])
def test_a_withdrawal_after_the_draw_tells_the_first_choice_nothing(
    scene: Scene, effective: date, shown: str
):
    child = scene.child(decision=Decision.WITHDRAWN)
    WithdrawalFactory(application=child, effective_on=effective)
    assert outcomes(logged_in(school_user(scene.school)), scene) == [shown]


def test_placing_school_sees_the_number_of_the_preference_and_no_other_school(scene: Scene):
    """DH-098, Q-16"""
    first = SchoolRoundFactory(round=scene.seats.round, programme__school__name="De Eerste Keus")
    third = SchoolRoundFactory(round=scene.seats.round, programme__school__name="De Derde")
    child = ApplicationFactory(
        first_choice=first,
        decision=Decision.PLACED_LOWER,
        preferences=[first.programme, third.programme, scene.seats.programme],
        form__care_note="Extra hulp",
    )
    CareCaseFactory(application=child, state=CareState.DUTY_NO)
    PriorityClaimFactory(application=child)
    PlacementFactory(
        application=child, school_round=scene.seats, preference_rank=3, state=PlacementState.OFFERED
    )
    client = logged_in(school_user(scene.school))
    listed = text(client, scene.url("admitted-list"))
    assert "choice 3" in listed and "lower preference" in listed and "0612345678" in listed
    detail = text(client, scene.url("application-detail", child.registration_number))
    assert "choice 3" in detail and child.guardians.get().name in detail
    for secret in ("De Eerste Keus", "De Derde", "Extra hulp", "care", "sibling", "Brother"):
        assert secret not in detail
    assert child.child.given_name not in text(client, scene.url("application-list"))


def test_vovp_result_is_seen_from_its_own_moment(scene: Scene):
    """DH-140, DH-141: also that a child left; and replies stand still for every child alike (DH-135)."""
    vovp = RoundFactory(year=scene.seats.round.year, code="VOVP1", state=RoundState.MATCHED)
    elsewhere = SchoolRoundFactory(round=vovp)
    here = SchoolRoundFactory(round=vovp, programme=scene.seats.programme)
    leaver, stayer, comer = (scene.child(decision=Decision.ADMITTED) for _ in range(3))
    old = PlacementFactory(application=leaver, state=PlacementState.ENROLLED, enrolled_on=date(2024, 2, 1))
    Placement.objects.filter(pk=old.pk).update(state=PlacementState.SUPERSEDED)
    PlacementFactory(application=leaver, school_round=elsewhere, supersedes=old)
    kept = PlacementFactory(application=stayer, state=PlacementState.ENROLLED, enrolled_on=date(2024, 2, 1))
    Application.objects.filter(pk=comer.pk).update(decision=Decision.ADMITTED)
    PlacementFactory(application=comer, school_round=here)
    client = logged_in(school_user(scene.school))

    def shown() -> dict[int, str]:
        rows = client.get(scene.url("admitted-list")).context["table"].rows
        return {row.record.application_id: row.record.shown_state for row in rows}

    scene.at(date(2024, 5, 29), at=time(11, 59))
    assert shown() == {leaver.pk: "enrolled", stayer.pk: "enrolled"}
    assert sorted(outcomes(client, scene)) == ["admitted", "admitted", "handled"]
    # The two children are answered alike, whoever moved: no enrolment now, and a withdrawal is kept.
    for placement in (old, kept):
        page = client.get(scene.url("reply", placement.pk)).content.decode()
        assert "no child can be enrolled" in page and "no longer has a place" not in page
        answer = client.post(scene.url("reply", placement.pk), {"answer": "enrol"})
        assert answer.status_code == 409 and "no child can be enrolled" in answer.content.decode()
        ask = scene.url("move-ask", placement.application.registration_number)
        assert client.post(ask, {"note": "Verhuist naar Delft"}).status_code == 302
        leave = {"answer": "withdraw", "reason": "moved_outside"}
        answer = client.post(scene.url("reply", placement.pk), leave, follow=True)
        assert "is carried out when you see the result" in answer.content.decode()
        answer = client.post(scene.url("reply", placement.pk), leave)
        assert answer.status_code == 409 and "recorded already" in answer.content.decode()
    waiting = LateWithdrawal.objects.filter(round=vovp, applied_at=None)
    assert set(waiting.values_list("application", flat=True)) == {leaver.pk, stayer.pk}
    assert carry_out_due() == 0  # what the school sees may not change before its moment
    assert shown() == {leaver.pk: "enrolled", stayer.pk: "enrolled"}
    # The two pages differ in nothing but the child: no button that one of them lacks.
    details = [text(client, scene.url("application-detail", c.registration_number)) for c in (leaver, stayer)]
    assert [page.count("utrecht-button--danger") for page in details] == [1, 1]

    scene.at(date(2024, 5, 29), at=time(13))
    assert shown() == {leaver.pk: "superseded", stayer.pk: "enrolled", comer.pk: "reserved"}
    assert sorted(outcomes(client, scene)) == ["admitted", "admitted", "left"]
    assert carry_out_due() == 2
    ended = Placement.objects.filter(state=PlacementState.WITHDRAWN).values_list(
        "school_round", "application"
    )
    assert set(ended) == {(elsewhere.pk, leaver.pk), (kept.school_round_id, stayer.pk)}


def test_opting_in_and_a_longer_list_are_never_shown(scene: Scene):
    """DH-135"""
    vovp = RoundFactory(year=scene.seats.round.year, code="VOVP1")
    quiet, longer = scene.child(decision=Decision.UNPLACED), scene.child(decision=Decision.UNPLACED)
    added = PreferenceFactory(application=longer, added_in=vovp)
    ParticipationFactory(application=longer, round=vovp, state="opted_in")
    client = logged_in(school_user(scene.school))
    rows = client.get(scene.url("drawn-out-list")).context["table"].rows
    assert {row.record.list_length for row in rows} == {1}
    page = text(client, scene.url("application-detail", longer.registration_number))
    assert added.programme.school.name not in page
    plain = text(client, scene.url("application-detail", quiet.registration_number))
    assert len(page.split()) == len(plain.split())


# --- help, and what a page says beside its data ---------------------------------------------------------------------


def test_question_mark_of_every_page_of_a_school_opens_a_manual_for_schools():
    """DH-193: no page of a school or of families opens the manual of the programme office."""
    topics = {address for address, _title, _template in HELP_TOPICS}
    assert set(HELP_OF.values()) <= topics
    own = [f"admissions:{pattern.name}" for pattern in urls_school.urlpatterns]  # type: ignore[attr-defined]
    families = [
        name for name in PAGES_OF_ALL if PAGES_OF_ALL[name].get == "public" and name.startswith("admissions:")
    ]
    for name in [*own, *families]:
        start = max((start for start in HELP_OF if name.startswith(start)), key=len)
        assert HELP_OF[start] != "programmabureau", name


def test_a_drawn_out_child_has_a_warning_until_the_families_know(scene: Scene):
    """DH-085: say nothing to these parents before the sending day; there is no letter or button for it."""
    client = logged_in(school_user(scene.school))
    child = scene.child(decision=Decision.DRAWN_OUT)
    url = scene.url("application-detail", child.registration_number)
    scene.at(date(2024, 1, 17), RoundState.MATCHED)
    page = text(client, url)
    assert "The parents do not know this yet" in page
    assert "/bereiken/" not in page or "mailto:" not in page
    scene.at(date(2024, 1, 22), RoundState.OFFERS)
    assert "The parents do not know this yet" not in text(client, url)


def test_a_locked_form_says_where_the_right_name_is_used(scene: Scene):
    """DH-057: a wrong name changes nothing in the draw; the right one goes into the pupil records."""
    client = logged_in(school_user(scene.school))
    locked, draft = scene.child(), scene.child(form__state=FormState.DRAFT)
    words = "use the right name in your pupil records"
    assert words in text(client, scene.url("application-detail", locked.registration_number))
    assert words not in text(client, scene.url("application-detail", draft.registration_number))


# --- lists: search, order, pages, export ----------------------------------------------------------------------------


@pytest.mark.parametrize("page", LISTS)
def test_lists_keep_one_query_count(scene: Scene, page: str, django_assert_max_num_queries: Any):
    client = logged_in(school_user(scene.school))

    def add() -> None:
        child = scene.child(decision=Decision.ADMITTED if page == "admitted-list" else Decision.UNPLACED)
        PriorityClaimFactory(application=child)
        CareCaseFactory(application=child, state=CareState.DUTY_NO)
        if page == "admitted-list":
            PlacementFactory(application=child, state=PlacementState.OFFERED, respond_by=date(2024, 2, 15))
            MessageFactory(round=scene.seats.round, registration_number=child.registration_number)

    add()
    with django_assert_max_num_queries(12) as one:
        assert len(client.get(scene.url(page)).context["table"].rows) == 1
    add()
    add()
    with django_assert_max_num_queries(12) as three:
        assert len(client.get(scene.url(page)).context["table"].rows) == 3
    assert len(one) == len(three)


@pytest.mark.parametrize("page", ["school-today", "school-places", "school-settings"])
def test_other_pages_stay_within_twelve_queries(scene: Scene, page: str, django_assert_max_num_queries: Any):
    scene.child()
    client = logged_in(school_user(scene.school))
    with django_assert_max_num_queries(12):
        client.get(scene.url(page))


@pytest.mark.parametrize("words", ["inês", "INES jansen", "jan", "A777-7777", "a7777777", "form-7"])
def test_search_knows_accents_capitals_and_numbers(scene: Scene, words: str):
    region = scene.school.region
    wanted = scene.child(
        child=ChildFactory(region=region, given_name="Inês", surname_prefix="", surname="Jansen"),
        registration_number="A7777777",
        form__form_reference="FORM-7",
    )
    scene.child(child=ChildFactory(region=region, given_name="Bo", surname="Visser"))
    client = logged_in(school_user(scene.school))
    rows = client.get(scene.url("application-list"), {"q": words}).context["table"].rows
    assert [row.record.pk for row in rows] == [wanted.pk]


NONSENSE = [
    "page=abc",
    "page=99999999999999999999",
    "page=-1",
    "sort=nonsense",
    "sort=-outcome",
    "tab=nonsense",
    "round=ALM9",
    "claim=%27%3B--",
    "q=" + "x" * 500,
    "q=%00",
    "care=maybe",
    "outcome=zzz",
    "how=zzz",
    "per_page=0",
    "per_page=abc",
    "export=exe",
]


@pytest.mark.parametrize("page", LISTS)
def test_nonsense_in_the_address_is_no_error(scene: Scene, page: str):
    scene.child(decision=Decision.UNPLACED)
    client = logged_in(school_user(scene.school))
    for query in NONSENSE:
        assert client.get(f"{scene.url(page)}?{query}").status_code == 200, query
    for path in ("kind/%00/", "kind/../", "kind/<b>/", "toegelaten/99999999999999999999999/reactie/"):
        assert client.get(f"/school/{scene.school.brin}/{path}").status_code == 404, path


def test_nonsense_in_a_filter_is_named_beside_its_field(scene: Scene):
    client = logged_in(school_user(scene.school))
    page = text(client, scene.url("application-list") + "?round=ALM9&q=Noor")
    assert "utrecht-form-field-error-message" in page
    assert 'value="Noor"' in page


def test_pages_of_a_list_show_every_child_once_whatever_the_order(scene: Scene):
    for _ in range(30):
        scene.child()
    client = logged_in(school_user(scene.school))
    for sort in ("", "date_of_birth", "-form_state", "list_length", "outcome"):
        seen: list[int] = []
        for number in (1, 2):
            rows = (
                client.get(scene.url("application-list"), {"page": number, "sort": sort})
                .context["table"]
                .page
            )
            seen += [row.record.pk for row in rows]
        assert len(seen) == len(set(seen)) == 30, sort


def test_tabs_count_and_filter(scene: Scene):
    for state in (FormState.DRAFT, FormState.DRAFT, FormState.FINAL, FormState.LOCKED, FormState.RELEASED):
        decision = Decision.PENDING if state == FormState.DRAFT else Decision.UNDECIDED
        scene.child(form__state=state, decision=decision)
    client = logged_in(school_user(scene.school))
    context = client.get(scene.url("application-list"), {"tab": "draft"}).context
    assert {tab.value: tab.count for tab in context["tabs"]} == {"": 5, "draft": 2, "final": 2, "released": 1}
    assert len(context["table"].rows) == 2
    # Other filters count too: the number on a tab is what one sees behind it.
    context = client.get(scene.url("application-list"), {"tab": "final", "q": "niemand"}).context
    assert {tab.value: tab.count for tab in context["tabs"]} == {"": 0, "final": 0}


def test_exports_hold_every_row_of_the_filter_and_no_formula(scene: Scene):
    region = scene.school.region
    for number in range(30):
        scene.child(child=ChildFactory(region=region, given_name=f"=Kind{number}", surname="Xu"))
    scene.child(child=ChildFactory(region=region, given_name="Bo", surname="Visser"))
    client = logged_in(school_user(scene.school))
    answer = client.get(scene.url("application-list"), {"q": "xu", "export": "csv"})
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 31
    assert all(line.startswith("'=Kind") for line in lines[1:])
    assert answer.headers["Content-Disposition"] == 'attachment; filename="formulieren.csv"'
    book = b"".join(client.get(scene.url("application-list"), {"export": "xlsx"}).streaming_content)  # type: ignore[attr-defined]
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()


def test_export_of_admitted_children_has_what_the_pupil_records_need(scene: Scene):
    child = scene.child(decision=Decision.ADMITTED)
    PlacementFactory(application=child, state=PlacementState.OFFERED, respond_by=date(2024, 2, 15))
    client = logged_in(school_user(scene.school))
    answer = client.get(scene.url("admitted-list"), {"export": "csv"})
    head, line = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    cells = dict(zip(head.lstrip("\ufeff").split(";"), line.split(";"), strict=True))
    assert cells["Child"] == child.child.full_name
    assert cells["Born"] == "05-10-2020"
    assert cells["Placed as"] == "1st choice"
    assert cells["Reply"] == "Waits for parents"
    assert cells["Phone of the parents"] == "0612345678"


# --- today ---------------------------------------------------------------------------------------------------------


def day_of(client: Client, scene: Scene) -> Any:
    return client.get(scene.url("school-today")).context["day"]


def test_today_names_what_must_be_done_and_until_when(scene: Scene):
    scene.at(date(2023, 12, 28), RoundState.OPEN)
    for _ in range(2):
        scene.child(form__state=FormState.DRAFT, decision=Decision.PENDING)
    claim = PriorityClaimFactory(application=scene.child(form__state=FormState.FINAL), state="claimed")
    CareCaseFactory(application=claim.application, state=CareState.MEETING_PLANNED)
    client = logged_in(school_user(scene.school))
    day = day_of(client, scene)
    assert [task.title for task, _tone in day.tasks] == [
        "The programme manager does not know about 1 care wish",
        "2 drafts not final yet",
        "Priority of 1 child still to check",
        "1 care outcome missing",
        "Confirm the priority rules of this year",
    ]
    page = text(client, scene.url("school-today"))
    assert "Call the programme manager about 1 care wish" in page
    assert "Mon 1 January, 23:59" in page and "4 days left" in page
    # Central office staff who are not named for care do not learn that there is a care wish.
    office = day_of(logged_in(region_user(scene.school.region, Role.CENTRAL_OFFICE)), scene)
    assert "1 care outcome missing" not in [task.title for task, _tone in office.tasks]


def test_today_puts_what_is_late_first(scene: Scene):
    for respond_by in (date(2024, 1, 20), date(2024, 2, 15)):
        PlacementFactory(
            application=scene.child(decision=Decision.ADMITTED),
            state=PlacementState.OFFERED,
            offered_on=date(2024, 1, 18),
            respond_by=respond_by,
        )
    client = logged_in(school_user(scene.school))
    day = day_of(client, scene)
    assert [(task.title, tone) for task, tone in day.tasks] == [
        ("1 family did not reply in time", "late"),
        ("1 family still has to reply", ""),
    ]


def test_today_is_calm_when_there_is_nothing_to_do(scene: Scene):
    scene.at(date(2023, 10, 2), RoundState.PLANNED)
    page = text(logged_in(school_user(scene.school)), scene.url("school-today"))
    assert "Nothing left to do today" in page
    assert "Friday 1 December" in page


def test_today_before_the_draw_day_does_not_count_places(scene: Scene):
    PlacementFactory(application=scene.child(decision=Decision.ADMITTED))
    scene.at(date(2024, 1, 10), RoundState.MATCHED)
    day = day_of(logged_in(school_user(scene.school)), scene)
    assert not [task for task, _tone in day.tasks if "letter" in task.title]


# --- the rest ------------------------------------------------------------------------------------------------------


def test_settings_show_ceilings_draw_mode_and_rules_in_order(scene: Scene):
    year = AdmissionYearFactory()
    SchoolRoundFactory(round=RoundFactory(code="ALM2"), programme=scene.seats.programme, ceiling=7)
    for kind in ("neighbourhood", "sibling"):
        PriorityRuleFactory(year=year, programme=scene.seats.programme, kind=kind)
    page = text(logged_in(school_user(scene.school)), scene.url("school-settings"))
    assert "Application period 2" in page and ">7<" in page and ">17<" in page
    assert page.index("Lives in the neighbourhood area") < page.index("Brother or sister at the school")
    assert "Area: 2511" in page


def test_neighbourhood_follows_from_the_postcode(scene: Scene):
    PriorityRuleFactory(year=scene.seats.round.year, programme=scene.seats.programme, kind="neighbourhood")
    inside, outside = scene.child(form__postcode="2511AB"), scene.child(form__postcode="2599ZZ")
    client = logged_in(school_user(scene.school))
    assert "Follows from the postcode" in text(
        client, scene.url("application-detail", inside.registration_number)
    )
    assert "Follows from" not in text(client, scene.url("application-detail", outside.registration_number))


def test_places_close_for_a_real_round():
    """The ledger page of a played round: seats, placed and open add up, and later rounds show nothing yet."""
    city: City = make_city({"A": 2, "B": 3})
    city.apply("ALM1", a1="A B", a2="A B", a3="A B", b1="B")
    city.play("ALM1")
    school = School.objects.get(brin=city.school_round("A", "ALM1").programme.code)
    client = logged_in(school_user(school))
    rows = client.get(reverse("admissions:school-places", args=[school.brin])).context["rows"]
    first = rows[0]
    assert (first.seats, first.placed, first.free, first.is_seen) == (2, 2, 0, True)
    assert [row.is_seen for row in rows[1:]] == [False] * 5
    listed = client.get(reverse("admissions:drawn-out-list", args=[school.brin])).context["table"].rows
    assert [row.record.outcome for row in listed] == ["handled"]


def test_lists_of_a_real_round_hold_exactly_its_placements():
    city = make_city({"A": 2, "B": 3})
    city.apply(
        "ALM1", a1="A B", a2="A B", a3="A B", b1="B", d1=Form("A B", care_request=True, care_duty=True)
    )
    city.play("ALM1")
    for letter in "AB":
        school = School.objects.get(brin=city.school_round(letter, "ALM1").programme.code)
        client = logged_in(school_user(school))
        rows = client.get(reverse("admissions:admitted-list", args=[school.brin])).context["table"].rows
        seen = {row.record.application.form.form_reference for row in rows}
        assert seen == {key for key, where in city.seats().items() if where == letter}
