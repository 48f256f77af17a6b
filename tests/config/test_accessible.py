"""Every page is looked at with axe by some browser test, or stands in a short list with a reason (DESIGN section 9)."""

import ast
import re
from pathlib import Path

from django.urls import get_resolver

from schools.matrix import PAGES
from tests.browser.checked_pages import ADMISSIONS, BY_CLICK, LEFT_OUT, NO_PAGE, OTHERS
from tests.permissions.test_matrix import addresses

FOLDER = Path(__file__).resolve().parent.parent / "browser"
CHECKED = {
    name: test
    for table, space in ((ADMISSIONS, "admissions:"), (OTHERS, ""))
    for test, names in table.items()
    for name in (f"{space}{one}" for one in (names.split() if isinstance(names, str) else names))
}


def test_every_page_is_in_an_axe_list_or_has_a_reason():
    """An address of ``PAGES`` that answers GET stands in one of three lists, and in one only."""
    asked = {name for name, page in PAGES.items() if page.get}
    known = {found.name for found in addresses()}
    assert sorted(asked & known - set(CHECKED) - NO_PAGE - set(LEFT_OUT)) == []
    assert sorted((set(CHECKED) | NO_PAGE | set(LEFT_OUT)) - asked) == []
    assert not set(CHECKED) & NO_PAGE and not (set(CHECKED) | NO_PAGE) & set(LEFT_OUT)
    assert len(LEFT_OUT) <= 8 and all(len(reason) > 20 for reason in LEFT_OUT.values())


def test_the_lists_name_browser_tests_that_open_these_pages():
    """The last word of the address, or the name of the page, stands in the test that is said to open it."""
    words = {test: _words(FOLDER / f"test_{test}.py") for test in set(CHECKED.values())}
    routes = {name: route for name, route in _routes().items() if name in CHECKED}
    missing = {
        name: test
        for name, test in CHECKED.items()
        if not {name, name.rpartition(":")[2], *_last_words(routes[name])} & words[test]
        and name not in BY_CLICK
    }
    assert missing == {}


def _routes() -> dict[str, str]:
    def walk(resolver: object, space: str, before: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in resolver.url_patterns:  # type: ignore[attr-defined]
            path = before + str(entry.pattern)
            if hasattr(entry, "url_patterns"):
                found |= walk(entry, f"{space}{entry.namespace}:" if entry.namespace else space, path)
            elif entry.name:
                found.setdefault(f"{space}{entry.name}", path)
        return found

    return walk(get_resolver(), "", "")


def _last_words(route: str) -> set[str]:
    """The last fixed part of an address; the page of a whole school or region has only its first word."""
    parts = [part for part in re.sub(r"<[^>]+>", "", route).split("/") if part]
    return {parts[-1]} if parts else set()


def _words(file: Path) -> set[str]:
    """Every part between slashes of every text in a test, with the values left out."""
    source = file.read_text(encoding="utf-8")
    assert "axe" in source, file
    texts = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {part for text in texts for part in re.split(r"[/?]", text) if part}
