"""Cases and exceptions in a real browser: accessible and fitting at both widths."""

from collections.abc import Callable
from datetime import date

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import BrowserContext, Page

from admissions.enums import CaseKind, Decision, FormState, PlacementState
from admissions.exception_enums import ExceptionKind
from admissions.models import Application, Case, PlaceException
from schools.enums import RoundState
from schools.models import SchoolRound, User, local_moment
from tests.browser.test_school_pages import enter
from tests.conftest import DESKTOP, PHONE
from tests.factories.admissions import ApplicationFactory, CaseFactory, PlacementFactory
from tests.factories.schools import SchoolRoundFactory, UserFactory, region_user

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
