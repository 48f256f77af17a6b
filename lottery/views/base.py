"""What the pages of draws share: who sees the notary's desk, and the files of a session under their names."""

import io
import zipfile
from collections.abc import Iterable
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.generic import View

from lottery.enums import SignedBy
from lottery.models import DrawSession, SignedRecord
from lottery.services.time_stamps import tokens_of
from schools.enums import REGION_ROLES
from schools.models import Region
from schools.workplaces import office_membership

RECORD, PUBLIC_RECORD, BUNDLE = "verslag.pdf", "verslag-openbaar.pdf", "bundel.zip"
PUBLIC_BUNDLE = "bestanden.zip"  # the public files under their own names, with the program: ready to check
SIGNED_RECORD, NOTARY_RECORD = "verslag-getekend.pdf", "verslag-notaris.pdf"


def session_files(session: DrawSession) -> dict[str, bytes]:
    """Everything there is of a session so far: the protocol's files and both versions of the record."""
    files = session.files()
    for name, content in ((RECORD, session.record), (PUBLIC_RECORD, session.public_record)):
        if content is not None:
            files[name] = bytes(content)
    signed = session.signed_records.all()
    ours = signed.filter(origin=SignedBy.OPERATOR, unsigned_hash=session.record_hash).first()
    if ours is not None:
        files[SIGNED_RECORD] = bytes(ours.content)
    copies = notary_copies(signed.filter(origin=SignedBy.NOTARY))
    return files | {name: bytes(row.content) for name, row in copies.items()} | tokens_of(session)


def notary_copies(rows: Iterable[SignedRecord]) -> dict[str, SignedRecord]:
    """The copies that the notary handed in, by the names under which they can be fetched."""
    return {
        NOTARY_RECORD if at == 1 else NOTARY_RECORD.replace(".pdf", f"-{at}.pdf"): row
        for at, row in enumerate(rows, start=1)
    }


def bundle(session: DrawSession, files: dict[str, bytes]) -> bytes:
    """One zip with all files in a folder; the same files always give the same bytes."""
    at = (session.computed_at or session.frozen_at).timetuple()[:6]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(f"{session.name}/{name}", date_time=at)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return out.getvalue()


def file_response(session: DrawSession, name: str, content: bytes) -> HttpResponse:
    """A file to save, named after its session, so that two sessions never overwrite each other."""
    kinds = {".pdf": "application/pdf", ".zip": "application/zip", ".txt": "text/plain; charset=us-ascii"}
    kinds[".tst"] = "application/octet-stream"
    response = HttpResponse(content, content_type=kinds[name[-4:]])
    saved = f"{session.name}.zip" if name == BUNDLE else f"{session.name}-{name}"
    response.headers["Content-Disposition"] = f'attachment; filename="{saved}"'
    return response


def file_words(name: str) -> str:
    """What people call a file."""
    if name.startswith(NOTARY_RECORD.removesuffix(".pdf")):
        return _("Record of the draw, signed by the notary")
    return {
        "dossiers.txt": _("Dossiers, with the choices; not public"),
        "deelnemers.txt": _("Participants, with a seal for each child"),
        "vastlegging.txt": _("Commitment"),
        "zaad.txt": _("Seed: dice and beacon"),
        "uitslag.txt": _("Outcome"),
        "grenzen.txt": _("Where each school closed"),
        RECORD: _("Record of the draw, complete"),
        SIGNED_RECORD: _("Record of the draw, complete, with the signature of this installation"),
        PUBLIC_RECORD: _("Record of the draw, public version"),
        "vastlegging.tst": _("Time stamp of another party on the commitment"),
        "verslag.tst": _("Time stamp of another party on the record"),
    }[name]


class LotteryPage(View):
    """A page of the notary's desk. Who has no role in the region gets 404: nobody learns which sessions exist."""

    permission: ClassVar[str] = "lottery.view_sessions"
    region: Region

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        membership = office_membership(request, REGION_ROLES)
        if membership is None or membership.region is None:
            raise Http404
        self.region = membership.region
        request.oa_office = membership  # type: ignore[attr-defined]
        if not request.user.has_perm(self.permission, self.region):
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def session(self, **where: Any) -> DrawSession:
        rows = DrawSession.objects.filter(round__year__region=self.region)
        return get_object_or_404(
            rows.select_related("round__year__region"), name=self.kwargs["name"], **where
        )
