"""The page on which everybody checks a draw, and the same page to take home."""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from lottery.selectors import public_session, sessions_for_everybody
from lottery.services.draw_record import LIMITED_FILES, LIMITS_FILE, PUBLIC_FILES, Publication, publication_of
from lottery.services.verification import VERIFIER
from schools import clock
from schools.models import Region, Round

# What the page needs to run from disk, with the folders it has under static/.
PAGE_FILES: Final = (
    "controleer/controleer.html",
    "controleer/controleer.js",
    "controleer/controleer.css",
    "css/open-aanmelden.css",
    "fonts/source-sans-3-latin-wght-normal.woff2",
    "fonts/source-sans-3-latin-ext-wght-normal.woff2",
    "fonts/atkinson-hyperlegible-mono-latin-wght-normal.woff2",
)
FOLDER: Final = "controleer-zelf"
READ_ME: Final = """Controleer zelf een loting van Open Aanmelden.

In de browser: open controleer/controleer.html. Dat werkt zonder internet.
Met Python:    python3 -I controleer.py MAP --vastlegging CODE --kind NUMMER
"""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A draw of which the public has the files."""

    name: str
    region: Region
    round: Round
    address: str  # its files are below this
    files: str  # their names, with a space between them


def open_sessions(regions: Iterable[Region]) -> list[OpenSession]:
    """What may be fetched on the page: of every region the draws whose families know their result."""
    found = []
    for region in regions:
        nows: dict[int, datetime] = {}
        for session in sessions_for_everybody(region):
            year = session.round.year
            if year.pk not in nows:
                nows[year.pk] = clock.now(year)  # a question to the database
            if not public_session(session, now=nows[year.pk]).is_open:
                continue
            limited = publication_of(session.round) == Publication.OWN_LINES
            names = [*LIMITED_FILES, LIMITS_FILE] if limited else PUBLIC_FILES
            address = reverse("lottery:public-file", args=[region.slug, session.name, "x"]).removesuffix("x")
            found.append(OpenSession(session.name, region, session.round, address, " ".join(names)))
    return found


@login_not_required
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """The page itself. It computes in the browser: what a visitor types or chooses never comes here."""
    regions = list(Region.objects.order_by("name", "pk"))
    context = {
        "sessions": open_sessions(regions),
        "wanted": request.GET.get("zitting", ""),
        "regions": regions,
    }
    return render(request, "lottery/check.html", context)


@login_not_required
@require_safe
def take_home(request: HttpRequest) -> HttpResponse:
    """The page with everything it needs and controleer.py, as one zip; always the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        contents = [(name, (settings.BASE_DIR / "static" / name).read_bytes()) for name in PAGE_FILES]
        contents += [("controleer.py", VERIFIER.read_bytes()), ("LEES-MIJ.txt", READ_ME.encode("ascii"))]
        for name, content in contents:
            info = zipfile.ZipInfo(f"{FOLDER}/{name}", date_time=(2024, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    response = HttpResponse(out.getvalue(), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{FOLDER}.zip"'
    return response
