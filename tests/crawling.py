"""Everything an account can reach: pages, exports, files and forms, found by following links from the table of pages.

Used to compare two states of the world: what differs between two crawls, an account can see.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.core.cache import cache
from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from lxml import html
from pypdf import PdfReader

from schools.matrix import ACCOUNT, MATRIX, PAGES, PUBLIC

# Leaves the account, or is the same text for everybody: manuals, and examples of letters whose PDF takes a second.
LEFT_OUT = re.compile(
    r"^/(accounts/|account/|static/|taal/|help/|controleer|mijn-loting|admin|__)"
    r"|/sjablonen/.+/(voorbeeld/)?$|/instellingen/(logo|vergelijken)/|\?versie="
)
# One filter at a time: two together hold no row that one of them does not; the order of rows tells nothing more.
FILTERS = ("export", "q", "round", "ronde", "tab")
# What differs between two requests for one page of one world, each for a reason of its own.
NORMALISED = [
    # The CSRF token is masked anew on every request.
    (re.compile(r'(csrfmiddlewaretoken" value=|csrf-token" content=|"X-CSRFToken": ?)"[^"]*"'), r'\1"-"'),
    # The nonce of the Content Security Policy is a random number per answer.
    (re.compile(r'(nonce" content=|nonce=)"[^"]*"'), r'\1"-"'),
    # The id of an input of a new form is a random key, so that two tabs do not share a draft.
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "-uuid-"),
    # The moment an account last did something is the machine's time.
    (re.compile(r"<time[^>]*data-real[^>]*>.*?</time>"), "-time-"),
]
# Between two draws these differ: the commitment hashes numbers and a seal that are random for every session, the name
# of a session ends with a random word, and its row has the next number of a sequence that no rollback takes back.
OF_A_DRAW = [
    (re.compile(r"\b[0-9a-f]{8}(?:(?:</b>)?[0-9a-f]{56})?\b"), "-hash-"),
    (re.compile(r"\b(OEFEN-[A-Z0-9-]+)-[A-Z0-9]{5}\b"), r"\1-word-"),
    (re.compile(r'((?:id|aria-labelledby)="(?:z|aftellen-))[0-9]+"'), r'\1-number-"'),
]


@dataclass(frozen=True)
class Seen:
    """One answer: its status, its text (and so its rows) without what is random, and how many queries it took."""

    status: int
    body: str
    queries: int


class Crawler:
    """Follows links as one account, in Dutch or English as the client has it."""

    def __init__(self, client: Client, *, other_draw: bool = False) -> None:
        self.client = client
        self.client.raise_request_exception = False
        self.patterns = [*NORMALISED, *(OF_A_DRAW if other_draw else [])]
        self.seen: dict[str, Seen] = {}
        self.forms: dict[str, dict[str, str]] = {}

    def crawl(self, start: Iterable[str], *, follow: bool = True) -> dict[str, Seen]:
        waiting = [url for url in dict.fromkeys(start) if not LEFT_OUT.search(url)]
        while waiting:
            url = waiting.pop(0)
            if self.plain(url) in self.seen:
                continue
            with CaptureQueriesContext(connection) as queries:
                answer = self.client.get(url)
                body = text_of(answer)
            self.seen[self.plain(url)] = Seen(answer.status_code, self.plain(body), len(queries))
            if answer.status_code in (301, 302):
                waiting += self.links(url, [answer.headers["Location"]])
            elif follow and "text/html" in answer.headers.get("Content-Type", "") and body.strip():
                page = html.fromstring(body)
                self.note_forms(url, page)
                waiting += self.links(url, page.xpath("//@href | //@hx-get"))
        return self.seen

    def plain(self, text: str) -> str:
        for pattern, instead in self.patterns:
            text = pattern.sub(instead, text)
        return text

    def links(self, here: str, found: Iterable[str]) -> list[str]:
        urls = []
        for link in found:
            parts = urlsplit(urljoin(here, str(link)))
            if parts.scheme or parts.netloc or LEFT_OUT.search(parts.path) or not parts.path.startswith("/"):
                continue
            given = dict(parse_qsl(parts.query))
            query = next(([(name, given[name])] for name in FILTERS if name in given), [])
            urls.append(parts.path + (f"?{urlencode(query)}" if query else ""))
        return urls

    def note_forms(self, url: str, page: Any) -> None:
        """Every form with the values it has now, so that it can be sent as it stands."""
        for form in page.forms:
            action = urlsplit(urljoin(url, form.action or url)).path
            if form.method != "POST" or LEFT_OUT.search(action):
                continue
            values = {
                str(name): str(value) for name, value in form.fields.items() if name and value is not None
            }
            values.pop("csrfmiddlewaretoken", None)
            self.forms.setdefault(f"{action} {sorted(values)}", {"action": action} | {"": urlencode(values)})

    def send_forms(self, extra: Iterable[tuple[str, dict[str, str]]] = ()) -> dict[str, Seen]:
        """Send every form as it stood, and ``extra`` ones; nothing of it stays."""
        said = {}
        asked = [(form["action"], dict(parse_qsl(form[""]))) for form in self.forms.values()]
        for action, values in [*asked, *extra]:
            cache.clear()  # how often a form was sent from one address is counted there
            with transaction.atomic():
                with CaptureQueriesContext(connection) as queries:
                    answer = self.client.post(action, values, follow=True)
                    body = text_of(answer)
                said[f"{action} {sorted(values.items())}"] = Seen(
                    answer.status_code, self.plain(body), len(queries)
                )
                transaction.set_rollback(True)
        return said


def start_pages(**kwargs: str) -> list[str]:
    """The address of every page of the table that a school or everybody may open and these values are enough for.

    That the others answer nothing but "not found" is what ``tests/permissions`` is for.
    """
    urls = []
    for name, page in PAGES.items():
        grant = MATRIX.get(page.get)
        if page.get not in (PUBLIC, ACCOUNT) and (grant is None or grant.on != "school"):
            continue
        for values in ({"brin": kwargs["brin"]}, {"region": kwargs["region"]}, {}):
            try:
                urls.append(reverse(name, kwargs=values))
                break
            except NoReverseMatch:
                continue
    return urls


def text_of(answer: HttpResponseBase) -> str:
    """An answer as text: a workbook as its cells, a PDF as what it says."""
    parts: Any = answer
    content = b"".join(parts.streaming_content) if answer.streaming else parts.content
    kind = answer.headers.get("Content-Type", "")
    if "spreadsheetml" in kind:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            # docProps holds the moment of making.
            return "\n".join(book.read(n).decode() for n in sorted(book.namelist()) if n.startswith("xl/"))
    if "pdf" in kind:
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return str(content.decode("utf-8", "replace"))


def differences(before: dict[str, Seen], after: dict[str, Seen]) -> list[str]:
    """One line per address that answers otherwise, with the first place where it does."""
    found = [f"only in one: {url}" for url in sorted(set(before) ^ set(after))]
    for url in sorted(set(before) & set(after)):
        one, other = before[url], after[url]
        if one == other:
            continue
        pairs = enumerate(zip(one.body, other.body, strict=False))
        at = next((i for i, (a, b) in pairs if a != b), min(len(one.body), len(other.body)))
        where = slice(max(0, at - 60), at + 60)
        found.append(
            f"{url}: status {one.status}, {other.status}; queries {one.queries}, {other.queries}; "
            f"{one.body[where]!r} / {other.body[where]!r}"
        )
    return found
