"""The pictures of the manual, made of the real pages so that they never age: ``make manual`` writes static/manual/."""

import io
import os
import re
import uuid
from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page

from admissions.enums import Decision, FormState, PlacementState
from schools.enums import RoundState
from schools.models import local_moment
from tests.admissions.entry_pages import Desk, make_desk
from tests.browser.test_school_pages import enter
from tests.factories.admissions import (
    ApplicationFactory,
    ChildFactory,
    PlacementFactory,
    PriorityClaimFactory,
)
from tests.factories.schools import RoundFactory, SchoolRoundFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "static" / "manual"
WIDTH, HEIGHT, MOST_BYTES, COLOURS = 1280, 800, 60_000, 32
CHILDREN = (("Noor", "Testema"), ("Sem", "Proef"), ("Aya", "Voorbeeld"), ("Daan", "Oefening"))


def small(shot: bytes) -> bytes:
    """The picture in a few colours: a page has no more, and the manual stays light."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


@pytest.fixture
def desk() -> Desk:
    """A school that was drawn in the first period and types forms in the second; every name is invented."""
    desk = make_desk()
    first = desk.seats.round
    desk.post(uuid.uuid4(), desk.typed(given_name="Ilyas", surname="Testema"), "definitief")
    desk.keep(uuid.uuid4(), desk.typed(given_name="Mila", surname="Proef", preference_5=""))
    claimed = ApplicationFactory(
        first_choice=desk.seats,
        child=ChildFactory(region=desk.school.region, given_name="Emma", surname="Dubbel"),
        form__state=FormState.FINAL,
    )
    PriorityClaimFactory(application=claimed, state="claimed")
    for index, (given, surname) in enumerate(CHILDREN):
        child = ChildFactory(region=desk.school.region, given_name=given, surname=surname)
        if index == 3:
            ApplicationFactory(
                first_choice=desk.seats,
                child=child,
                decision=Decision.UNPLACED,
                form__state=FormState.LOCKED,
            )
            continue
        application = ApplicationFactory(
            first_choice=desk.seats,
            child=child,
            decision=Decision.ADMITTED,
            form__state=FormState.LOCKED,
        )
        PlacementFactory(
            application=application,
            state=PlacementState.ENROLLED if index == 0 else PlacementState.OFFERED,
            offered_on=date(2024, 1, 18),
            respond_by=date(2024, 2, 15),
            enrolled_on=date(2024, 1, 25) if index == 0 else None,
        )
    SchoolRoundFactory(
        round=RoundFactory(year=first.year, code="ALM2", state=RoundState.PLANNED),
        programme=desk.seats.programme,
    )
    return desk


def typing(page: Page) -> None:
    page.locator("#given_name").fill("Ilyaz")
    page.locator("#surname").fill("Testema")
    page.locator("#date_of_birth").fill("4-12-20")
    page.locator("#received_on").fill("15-12-23")
    page.locator("#email").fill("h.testema@gmial.com")
    page.keyboard.press("Tab")
    page.locator("#email_note").get_by_text("gmail.com").wait_for()
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")


def nothing(page: Page) -> None:
    page.wait_for_load_state("networkidle")


# Name of the picture, page, what happens before it is taken, the day it is.
PAGES: tuple[tuple[str, str, Callable[[Page], None], str], ...] = (
    ("formulier", "entry-start", typing, "entry"),
    ("formulieren", "application-list", nothing, "entry"),
    ("vandaag", "school-today", nothing, "entry"),
    ("toegelaten", "admitted-list", nothing, "offers"),
    ("uitgeloot", "drawn-out-list", nothing, "offers"),
    ("besluiten", "school-decisions", nothing, "offers"),
    ("instellingen", "school-settings", nothing, "offers"),
)


def test_pictures_of_the_manual_are_made_small_and_all_of_them_are_used(
    live_server, new_context: Callable[..., BrowserContext], desk: Desk, tmp_path: Path
):
    """``OA_MANUAL`` says where they go; without it a run proves only that they can be made."""
    folder = Path(os.environ.get("OA_MANUAL", "") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    page = enter(new_context(viewport={"width": WIDTH, "height": HEIGHT}), live_server, desk.user)
    for name, address, prepare, stage in PAGES:
        if stage == "offers":
            desk.seats.round.__class__.objects.filter(pk=desk.seats.round_id).update(state=RoundState.OFFERS)
            year = desk.seats.round.year
            year.clock_at = local_moment(date(2024, 2, 1), time(10))
            year.save()
        page.goto(live_server.url + desk.url(address))
        prepare(page)
        content = small(page.screenshot())
        (folder / f"{name}.png").write_bytes(content)
        assert len(content) < MOST_BYTES, (name, len(content))


def test_every_picture_in_the_manual_exists_says_what_it_shows_and_is_small():
    shown: set[str] = set()
    for template in sorted((ROOT / "templates" / "help").glob("*.html")):
        for tag in re.findall(r"<img[^>]*>", template.read_text()):
            found = re.search(r"manual/([\w-]+\.png)", tag)
            assert found, (template.name, tag)
            assert 'alt="{% translate' in tag, (template.name, tag)
            assert 'width="1280" height="800"' in tag and 'loading="lazy"' in tag, (template.name, tag)
            shown.add(found[1])
    made = {path.name: path.stat().st_size for path in FOLDER.glob("*.png")}
    assert shown == set(made) == {f"{name}.png" for name, *_rest in PAGES}
    assert all(size < MOST_BYTES for size in made.values()), made
