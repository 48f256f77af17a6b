"""Care, settings, desks and moves in a real browser: accessible and fitting at both widths and at 200 % zoom."""

from collections.abc import Callable
from datetime import date

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import BrowserContext, Page, expect

from admissions.enums import CareState, Decision, FormState, PlacementState
from admissions.models import CareCase, CareDay, CareLetter
from schools.enums import Role, RoundState, TicketKind
from schools.models import Question, SchoolRound, Ticket, User, local_moment
from tests.browser.test_school_pages import enter
from tests.conftest import DESKTOP, PHONE
from tests.factories.admissions import (
    ApplicationFactory,
    CareCaseFactory,
    MoveRequestFactory,
    PlacementFactory,
)
from tests.factories.schools import (
    PriorityRuleFactory,
    RoundFactory,
    SchoolRoundFactory,
    region_user,
    school_user,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ZOOMED = {"width": 640, "height": 450}  # what is left of 1280 × 900 at 200 %


@pytest.fixture
def seats() -> SchoolRound:
    """The second period is locked and waits for its draw, with a child in every stage of the care route."""
    first = SchoolRoundFactory(round__code="ALM1", round__state=RoundState.OFFERS)
    year = first.round.year
    second = SchoolRoundFactory(
        round=RoundFactory(year=year, code="ALM2", state=RoundState.LOCKED), programme=first.programme
    )
    year.clock_at = local_moment(second.round.processing_until)
    year.save()
    for kind in ("sibling", "neighbourhood"):
        PriorityRuleFactory(year=year, programme=first.programme, kind=kind)
    for state in (CareState.REQUESTED, CareState.MEETING_HELD, CareState.DUTY_YES, CareState.LETTER_DRAFT):
        child = ApplicationFactory(first_choice=second, form__state=FormState.LOCKED)
        case = CareCaseFactory(application=child, state=state)
        if state == CareState.LETTER_DRAFT:
            CareLetter.objects.create(
                case=case,
                body="Een rustige plek.\n\nElke week een gesprek.",
                written_by=school_user(first.programme.school),
                written_at=year.clock_at,
                remarks="Noem wie het gesprek voert.",
            )
    CareDay.objects.create(school_round=second, day=second.round.processing_until, note="lokaal 3")
    placed = ApplicationFactory(first_choice=first, decision=Decision.ADMITTED, form__state=FormState.LOCKED)
    PlacementFactory(
        application=placed,
        state=PlacementState.ENROLLED,
        offered_on=date(2024, 1, 18),
        respond_by=date(2024, 2, 15),
        enrolled_on=date(2024, 2, 1),
    )
    MoveRequestFactory(application=placed, note="Naar de andere kant van de stad", state="proof")
    region = first.programme.school.region
    for kind in (TicketKind.CALL_BACK, TicketKind.QUESTION):
        Ticket.objects.create(
            region=region,
            kind=kind,
            name="A. de Vries",
            phone="0612345678",
            question="Wanneer hoor ik iets?",
            opened_at=year.clock_at,
            due_on=date(2024, 1, 2),
        )
    Question.objects.create(region=region, category="Loting", question="Wanneer?", answer="Op dinsdag.")
    return second


def safe(user: User) -> User:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


def pages(seats: SchoolRound) -> dict[str, tuple[User, list[str]]]:
    """Addresses by who opens them."""
    school = seats.programme.school
    root, region = f"/school/{school.brin}/", school.region
    care = [f"{root}zorg/{case.application.registration_number}/" for case in CareCase.objects.order_by("pk")]
    drafted = CareCase.objects.get(state=CareState.LETTER_DRAFT).application.registration_number
    asked = CareCase.objects.get(state=CareState.REQUESTED).application.registration_number
    move = seats.round.year.applications.get(move_request__isnull=False)
    settings = ["", "gegevens/", "voorrang/", "plafond/", "plafond/?totaal=50", "loting/", "vergelijken/"]
    director = [f"{root}instellingen/{page}" for page in settings]
    director += [root, f"{root}zorg/", f"{root}zorg/signaal/", *care, f"{root}antwoordkaart/", f"{root}hulp/"]
    director += [
        f"{root}kind/{move.registration_number}/",
        f"{root}kind/{move.registration_number}/verhuizing/",
        "/help/zorg/",
        "/help/instellingen/",
    ]
    manager = ["/programma/zorg/", f"/programma/zorg/{drafted}/", f"/programma/zorg/{asked}/"]
    manager += ["/programma/verhuizingen/", f"/programma/verhuizingen/{move.move_request.pk}/"]
    manager += ["/programma/vragen/", "/programma/vragen/nieuw/"]
    parents = [
        "/loket/",
        f"/loket/vraag/{Ticket.objects.get(kind=TicketKind.CALL_BACK).pk}/",
        "/loket/zoeken/",
    ]
    parents += [f"/loket/zoeken/?number={move.registration_number}"]
    parents += [f"/{region.slug}/vragen/", f"/{region.slug}/vragen/stellen/"]
    return {
        "director": (school_user(school, Role.SCHOOL_DIRECTOR), director),
        "manager": (safe(region_user(region)), manager),
        "parents": (safe(region_user(region, Role.PARENT_DESK)), parents),
        "schools": (safe(region_user(region, Role.SCHOOL_DESK)), ["/loket/scholen/", root]),
    }


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP, ZOOMED], ids=["360", "1280", "zoom"])
@pytest.mark.parametrize("who", ["director", "manager", "parents", "schools"])
def test_every_page_is_accessible_and_fits(
    live_server,
    new_context: Callable[..., BrowserContext],
    axe: Callable[[Page], list[str]],
    seats: SchoolRound,
    who: str,
    viewport: dict[str, int],
):
    user, addresses = pages(seats)[who]
    page, found = enter(new_context(viewport=viewport), live_server, user), []
    for address in addresses:
        answer = page.goto(f"{live_server.url}{address}")
        assert answer is not None and answer.status == 200, address
        width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if width > 0:
            found.append(f"{address}: {width} px too wide")
        found += [f"{address}: {line}" for line in axe(page)]
    assert found == []


def test_a_care_case_is_worked_with_the_keyboard_alone(
    live_server, new_context: Callable[..., BrowserContext], seats: SchoolRound
):
    case = CareCase.objects.get(state=CareState.MEETING_HELD)
    number = case.application.registration_number
    page = enter(new_context(java_script_enabled=False), live_server, school_user(seats.programme.school))
    page.goto(f"{live_server.url}/school/{seats.programme.school.brin}/zorg/{number}/")
    page.get_by_label("Geen zorgplicht").focus()
    page.keyboard.press("Space")
    page.get_by_label("Dag van de uitkomst").fill("")
    page.get_by_role("button", name="Uitkomst vastleggen").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(
        "Vul de dag in"
    )  # a plain sentence, nothing typed is lost
    expect(page.get_by_label("Geen zorgplicht")).to_be_checked()
    page.get_by_label("Dag van de uitkomst").fill("2024-03-20")
    page.get_by_role("button", name="Uitkomst vastleggen").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("De uitkomst is vastgelegd.")
