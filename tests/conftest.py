"""Fixtures for every test: databases with triggers that can be emptied, and a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# Playwright runs an event loop in this thread, and Django then refuses the database without this.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

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
        "--second-database",
        action="store_true",
        help="leave out what does not depend on the database: tests without one, those of the browser, who may do what",
    )


# Folders of which one database is enough: what a page shows, and who may open it.
ONCE = {"browser", "permissions"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            # On a busy machine the browser now and then drops a page: what is wrong fails three times, that does not.
            item.add_marker(pytest.mark.flaky(reruns=2, only_rerun=[r"Protocol error", "Target", "Timeout"]))
    # What drives the browser leaves an event loop in its process, in which nothing else can run one (signing does).
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
    if config.getoption("--second-database"):
        left_out = [item for item in items if _once(item) or not _uses_database(item)]
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
        context.set_default_timeout(15_000)
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
        answer = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
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
