"""Our own HTML to tagged PDF/A-3a (STACK sections 9 and 17): shared fonts, parsed style sheets, no way out.

WeasyPrint takes more than a second to import, so this module loads it at the first rendering only. What a document
may refer to is a file that ships with the application, or a QR code of a text; everything else is refused, because
WeasyPrint by itself would also read local files and the network.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.contrib.staticfiles import finders

HOST = "bundled.invalid"  # a name that never exists on a network (RFC 2606)
BASE_URL = f"https://{HOST}/"
VARIANT = "pdf/a-3a"
MIME_TYPES = {".css": "text/css", ".ttf": "font/ttf", ".svg": "image/svg+xml"}
FOLDERS = ("css/", "fonts/", "img/")
PICTURES, MAX_PICTURES = "picture/", 256


class PdfError(Exception):
    """A document could not be made; says which reference was refused or missing."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file inside the PDF."""

    name: str
    content: bytes
    description: str


def qr_url(text: str) -> str:
    """Address of the QR code of ``text``, for ``src`` of an ``img`` in a document."""
    return f"{BASE_URL}qr/{quote(text, safe='')}"


def asset_url(path: str) -> str:
    """Address of a static file, such as ``img/logo.svg``, for a document."""
    return BASE_URL + path


@lru_cache(maxsize=64)
def qr_svg(text: str) -> bytes:
    """The QR code of ``text`` as SVG in one path: error correction M, quiet zone of four modules."""
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.main import QRCode

    code: Any = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(
        f"M{start} {y}h{end - start}v1h-{end - start}z"
        for y, row in enumerate(rows)
        for start, end in _runs(row)
    )
    size = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/><path d="{path}"/></svg>'
    ).encode("ascii")


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x
            start = None


_pictures: OrderedDict[str, tuple[bytes, str]] = OrderedDict()


def picture_url(content: bytes, media_type: str) -> str:
    """Address for a document of a picture out of the database that was made safe when it came in, such as a logo."""
    name = hashlib.sha256(content).hexdigest()
    _pictures[name] = (content, media_type)
    _pictures.move_to_end(name)
    while len(_pictures) > MAX_PICTURES:
        _pictures.popitem(last=False)
    return f"{BASE_URL}{PICTURES}{name}"


def read_bundled(url: str) -> tuple[bytes, str]:
    """Bytes and media type of what a document may refer to. Raises PdfError for everything else."""
    parts = urlsplit(url)
    if (parts.scheme, parts.netloc, parts.query) != ("https", HOST, ""):
        raise PdfError(f"refused: {url}")
    path = unquote(parts.path).removeprefix("/")
    if path.startswith(PICTURES):
        found = _pictures.get(path.removeprefix(PICTURES))
        if found is None:
            raise PdfError(f"missing: {path}")
        return found
    if path.startswith("qr/"):
        return qr_svg(path.removeprefix("qr/")), "image/svg+xml"
    return _static_file(path)


@cache
def _static_file(path: str) -> tuple[bytes, str]:
    suffix = Path(path).suffix
    if not path.startswith(FOLDERS) or suffix not in MIME_TYPES or ".." in path:
        raise PdfError(f"refused: {path}")
    found = finders.find(path)
    if not isinstance(found, str):
        raise PdfError(f"missing: {path}")
    return Path(found).read_bytes(), MIME_TYPES[suffix]


def _fetcher() -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class BundledFetcher(URLFetcher):
        """Serves ``read_bundled`` and nothing else; a refusal stops the document."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            content, media_type = read_bundled(url)
            return URLFetcherResponse(url, content, {"Content-Type": media_type})

    return BundledFetcher(fail_on_errors=True)


class Press:
    """Makes PDFs with one set of style sheets; fonts and sheets are read once, memory stays flat.

    Not meant for several threads at a time: they wait for each other.
    """

    def __init__(self, *stylesheets: str) -> None:
        from weasyprint import CSS
        from weasyprint.text.fonts import FontConfiguration

        self._lock = threading.Lock()
        self._fetcher = _fetcher()
        self._fonts = FontConfiguration()
        self._images: dict[str, Any] = {}
        with _refusals_as_errors():
            self._sheets = [
                CSS(url=asset_url(sheet), url_fetcher=self._fetcher, font_config=self._fonts)
                for sheet in stylesheets
            ]

    def render(
        self,
        html: str,
        *,
        identifier: bytes | None = None,
        attachments: Iterable[AttachedFile] = (),
        moment: datetime | None = None,
    ) -> bytes:
        """The PDF/A-3a of ``html``; the same arguments always give the same bytes.

        ``moment`` is the date of the attachments, needed when there are any. Raises PdfError for a reference to
        anything that does not ship with the application.
        """
        from weasyprint import HTML, Attachment

        stamp = moment.astimezone(UTC) if moment else None
        # A name tree is sorted (ISO 32000-1, 7.9.6), and WeasyPrint keeps the order in which it gets the files.
        files = sorted(attachments, key=lambda file: file.name)
        if files and stamp is None:
            raise ValueError("attachments need a moment, or each run would give other bytes")
        with self._lock, _refusals_as_errors():
            if len(self._images) > 64:
                self._images.clear()
            pdf: bytes = HTML(string=html, base_url=BASE_URL, url_fetcher=self._fetcher).write_pdf(
                font_config=self._fonts,
                stylesheets=self._sheets,
                cache=self._images,
                pdf_variant=VARIANT,
                pdf_identifier=identifier,
                attachments=[
                    Attachment(
                        string=file.content,
                        name=file.name,
                        description=file.description,
                        created=stamp,
                        modified=stamp,
                        relationship="Data",
                        url_fetcher=self._fetcher,
                    )
                    for file in files
                ],
                finisher=_name_each_file_once,
            )
        return pdf


@contextmanager
def _refusals_as_errors() -> Iterator[None]:
    """WeasyPrint stops with a BaseException, which would take a worker along."""
    from weasyprint.urls import FatalURLFetchingError

    try:
        yield
    except FatalURLFetchingError as exc:
        raise PdfError(str(exc.__cause__ or exc)) from exc


def _name_each_file_once(document: Any, pdf: Any) -> None:
    """WeasyPrint lists an attached file twice among the associated files."""
    if "AF" in pdf.catalog:
        import pydyf

        pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
