"""Fixtures for every test: databases with triggers that can be emptied, and a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

# Playwright runs an event loop in this thread, and Django then refuses the database without this.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PATIENCE = (
    15_000  # ms: a machine that does more than this test answers late, and that is no fault of the page
)
expect.set_options(timeout=PATIENCE)

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


# --- database ----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _append_only_tables_can_be_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test with real transactions ends by emptying all tables, which append-only triggers refuse.

    So they go just before, and the ``post_migrate`` signal that follows emptying installs them again.
    """
    marker = request.node.get_closest_marker("django_db")
    is_transactional = bool(marker and marker.kwargs.get("transaction")) or bool(
        {"transactional_db", "live_server"} & set(request.fixturenames)
    )
    if not is_transactional:
        yield
        return
    request.getfixturevalue("transactional_db")  # set up before us, so torn down after us
    yield
    from schools.triggers import drop_triggers

    drop_triggers()


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """The language of the last request stays with its thread: a test must not speak that of the test before it."""
    from django.utils import translation

    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    """Login limits and the like are counted in the cache: one test must not use up another's."""
    from django.core.cache import cache

    cache.clear()
    yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--first-database",
        action="store_true",
        help="leave out what the second database is there for: who may ask for which page",
    )
    parser.addoption(
        "--second-database",
        action="store_true",
        help="leave out what does not depend on the database: tests without one, of the browser, of what a page shows",
    )


# Of these one database is enough. What a page shows is tried on SQLite; that every page can be asked for on PostgreSQL,
# with its stricter SQL, is what tests/permissions does there, as every role.
ONCE = {
    "browser",
    # pages
    "test_api.py",
    "test_care_pages.py",
    "test_figures.py",
    "test_helper_view.py",
    "test_letter_pages.py",
    "test_office_children.py",
    "test_office_outbox.py",
    "test_office_pages.py",
    "test_paper_code.py",
    "test_paper_form.py",
    "test_schools_pages.py",
    "test_views_messages.py",
    "test_views_replies.py",
    "test_views_school.py",
    # files and signatures
    "test_batch_pdf.py",
    "test_draw_record.py",
    "test_letter_faults.py",
    "test_letters.py",
    "test_notary_views.py",
    "test_round_report.py",
    "test_sheets.py",
    "test_signatures.py",
    # the beacon
    "test_beacon_fetch.py",
}
# Of these too, and there it is the second one: see above.
ONLY_SECOND = {"permissions"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            # On a busy machine the browser now and then drops a page, or shows it after our patience: what is wrong
            # fails three times, that does not, and no timing decides.
            late = [r"Protocol error", "Target", "Timeout", "Locator expected", "Page URL expected"]
            item.add_marker(pytest.mark.flaky(reruns=2, only_rerun=late))
    # What drives the browser leaves an event loop in its process, in which nothing else can run one (signing does).
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
    if config.getoption("--second-database"):
        left_out = [item for item in items if _once(item) or not _uses_database(item)]
    elif config.getoption("--first-database"):
        left_out = [item for item in items if ONLY_SECOND & set(item.path.parts)]
    else:
        return
    config.hook.pytest_deselected(items=left_out)
    gone = set(left_out)
    items[:] = [item for item in items if item not in gone]


def _once(item: pytest.Item) -> bool:
    return bool(ONCE & set(item.path.parts)) or item.get_closest_marker("once") is not None


def _uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(
        fixtures & {"db", "transactional_db", "django_db_reset_sequences", "live_server"}
    )


# --- browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, which makes no connections of its own."""
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed, and CI must have it")
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Make a browser of one visitor: ``new_context(viewport=PHONE)``, ``new_context(java_script_enabled=False)``."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "nl-NL", "viewport": DESKTOP, **options})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """One page at desktop width. The test fails when the page complained on its console."""
    page = new_context().new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    # A page that is meant to be refused is no complaint.
    assert [text for text in complaints if "status of 4" not in text] == []


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """Check a page for accessibility; answers one line per finding, so ``assert axe(page) == []``."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def findings(page: Page) -> list[str]:
        # Only what is wrong: what is right, with every element of it, is most of the work and most of the answer.
        options = {"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]}
        answer = Axe().run(page, options=options)
        return [
            f"{finding['id']}: {node['target']}: {finding['help']}"
            for finding in answer.response["violations"]
            for node in finding["nodes"]
        ]

    return findings


@pytest.fixture
def widths() -> list[dict[str, int]]:
    """The two widths every page must be good at."""
    return [PHONE, DESKTOP]
