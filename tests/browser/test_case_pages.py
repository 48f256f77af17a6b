"""Cases and exceptions in a real browser: accessible and fitting, and AE-22 from the request to the new application."""

from collections.abc import Callable
from datetime import date

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import BrowserContext, Page, expect

from admissions.case_enums import CaseEnd
from admissions.enums import CaseKind, Decision, EntryKind, FormState, PlacementState
from admissions.exception_enums import ExceptionKind
from admissions.models import Application, Case, LedgerEntry, PlaceException
from admissions.services.replies.withdrawal_reasons import Reason
from schools.enums import RoundState
from schools.models import SchoolRound, User, local_moment
from tests.browser.test_school_pages import enter
from tests.conftest import DESKTOP, PHONE
from tests.factories.admissions import ApplicationFactory, CaseFactory, PlacementFactory
from tests.factories.city import make_city
from tests.factories.schools import SchoolRoundFactory, UserFactory, region_user, school_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def safe(user: User) -> User:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


@pytest.fixture
def seats() -> SchoolRound:
    """A case of every kind that asks something of the programme manager, one exception that waits."""
    seats = SchoolRoundFactory(round__code="ALM1", round__state=RoundState.OFFERS, draw_mode="manual")
    year = seats.round.year
    year.clock_at = local_moment(date(2024, 1, 25))
    year.save()

    def child(**fields: object) -> Application:
        return ApplicationFactory(first_choice=seats, **{"form__state": FormState.LOCKED, **fields})

    for kind in (CaseKind.BIRTH_DATE, CaseKind.WITHDRAWAL, CaseKind.MANUAL_DECISION, CaseKind.SIGNAL):
        CaseFactory(application=child(), kind=kind, due_on=date(2024, 1, 24))
    twins = [child(), child()]
    about = "/".join(one.registration_number for one in twins)
    CaseFactory(application=twins[0], kind=CaseKind.DUPLICATE, about=about)
    forgotten = child(form__state=FormState.EXPIRED, decision=Decision.PENDING)
    CaseFactory(application=forgotten, kind=CaseKind.NOT_FINAL, note="draft")
    late = child(decision=Decision.ADMITTED)
    PlacementFactory(
        application=late,
        state=PlacementState.OFFERED,
        offered_on=date(2023, 12, 18),
        respond_by=date(2024, 1, 15),
    )
    CaseFactory(application=late, kind=CaseKind.OVERDUE)
    PlaceException.objects.create(
        application=child(),
        round=seats.round,
        kind=ExceptionKind.CARE_PLACE,
        reason="Afgesproken met de school",
        passed_over=[one.registration_number for one in twins],
        proposed_by=UserFactory(),
        proposed_at=year.clock_at,
    )
    return seats


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["360", "1280"])
def test_every_page_is_accessible_and_fits(
    live_server,
    new_context: Callable[..., BrowserContext],
    axe: Callable[[Page], list[str]],
    seats: SchoolRound,
    viewport: dict[str, int],
):
    region = seats.programme.school.region
    addresses = [f"/programma/zaken/{case.pk}/" for case in Case.objects.order_by("pk")]
    addresses += ["/programma/zaken/", "/programma/zaken/betwisting/", "/programma/zaken/uitzonderingen/"]
    addresses += ["/programma/zaken/uitzonderingen/nieuw/", f"/{region.slug}/uitzonderingen/", "/help/zaken/"]
    addresses += [f"/programma/zaken/uitzonderingen/{PlaceException.objects.get().pk}/"]
    page, found = enter(new_context(viewport=viewport), live_server, safe(region_user(region))), []
    for address in addresses:
        answer = page.goto(f"{live_server.url}{address}")
        assert answer is not None and answer.status == 200, address
        width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if width > 0:
            found.append(f"{address}: {width} px too wide")
        found += [f"{address}: {line}" for line in axe(page)]
    assert found == []


def test_a_move_is_settled_on_screen_and_frees_the_seat_for_the_vovp(
    live_server, new_context: Callable[..., BrowserContext]
):
    """AE-20, AE-22: the case leads to the request; the seat goes to VOVP1 and not to ALM2."""
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", child="B")
    city.play("ALM1")
    city.enrol("child", on="2024-01-25")
    city.move_clock("2024-03-05T09:00")
    school = city.school_round("B", "ALM1").programme.school
    number = city.application("child").registration_number
    admin = enter(new_context(), live_server, school_user(school))
    admin.goto(f"{live_server.url}/school/{school.brin}/kind/{number}/verhuizing/")
    admin.locator("textarea[name=note]").fill("Nieuw adres ver van school B")
    admin.locator("main form button[type=submit]").last.click()

    page = enter(new_context(), live_server, safe(region_user(city.year.region)))
    page.goto(f"{live_server.url}/programma/zaken/?kind=move")
    page.get_by_role("link", name="Verzoek na een verhuizing").click()
    page.get_by_role("button", name="Ik neem deze").click()
    expect(page.get_by_text("U werkt nu aan deze zaak.")).to_be_visible()
    case = page.url
    page.get_by_role("link", name="Naar het verzoek").click()
    page.locator("button[value=proof]").click()
    page.locator("input[name=outcome][value=yes]").check()
    page.locator("textarea[name=note]").fill("Het adres ligt buiten het voedingsgebied")
    page.locator("button[value=decide]").click()
    page.goto(case)
    expect(page.get_by_text("Nieuwe aanmelding toegestaan").first).to_be_visible()

    city.withdraw("child", on="2024-03-05", reason=Reason("moved_inside", "", True))
    page.goto(f"{live_server.url}/programma/zaken/?kind=withdrawal&tab=open")
    page.locator("td, th").get_by_role("link").first.click()
    page.locator("input[name=outcome][value=yes]").check()
    page.locator("#judge_reason").fill("Het verhuisverzoek is goedgekeurd")
    page.locator("button[value=judge]").click()
    expect(page.get_by_text("De zaak is afgehandeld.")).to_be_visible()
    ends = Case.objects.order_by("pk").values_list("kind", "closed_through")
    assert list(ends) == [(CaseKind.MOVE, CaseEnd.MOVE_ALLOWED), (CaseKind.WITHDRAWAL, CaseEnd.MAY_AGAIN)]
    freed = LedgerEntry.objects.filter(kind=EntryKind.FREED_IN).values_list("school_round__round__code")
    assert list(freed) == [("VOVP1",)]
