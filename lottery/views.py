"""The notary's desk: sessions, codes and files, never a child; and what everybody may download after the moment."""

import io
import zipfile
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import View

from lottery.engine.commitment import parse_commitment
from lottery.enums import OFFICIAL_STATES, SessionState, SignedBy
from lottery.filters import UNDERWAY, DrawFilter, SessionFilter, with_lots
from lottery.models import Draw, DrawSession, SignedRecord
from lottery.selectors import (
    NOT_PUBLIC,
    PublicSession,
    draws_of,
    public_session,
    sessions_for_everybody,
    sessions_in,
)
from lottery.services import record_facts as facts
from lottery.services.draw_record import Publication, public_files, publication_of
from lottery.services.verification import VERIFIER
from lottery.tables import DrawTable, SessionTable, session_badge
from schools import clock
from schools.access import memberships_of
from schools.enums import REGION_ROLES
from schools.lists import ListPage, Tab
from schools.models import Region

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
    return files | {name: bytes(row.content) for name, row in copies.items()}


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
    response = HttpResponse(content, content_type=kinds[name[-4:]])
    saved = f"{session.name}.zip" if name == BUNDLE else f"{session.name}-{name}"
    response.headers["Content-Disposition"] = f'attachment; filename="{saved}"'
    return response


class LotteryPage(View):
    """A page of the notary's desk. Who has no role in the region gets 404: nobody learns which sessions exist."""

    permission: ClassVar[str] = "lottery.view_sessions"
    region: Region

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        membership = next((m for m in memberships_of(request.user) if m.role in REGION_ROLES), None)
        if membership is None or membership.region is None:
            raise Http404
        self.region = membership.region
        if not request.user.has_perm(self.permission, self.region):
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def session(self, **where: Any) -> DrawSession:
        rows = DrawSession.objects.filter(round__year__region=self.region)
        return get_object_or_404(
            rows.select_related("round__year__region"), name=self.kwargs["name"], **where
        )


class SessionListView(LotteryPage, ListPage):
    """Every session of the region with state, H_C, K and protocol."""

    table_class = SessionTable
    filterset_class = SessionFilter
    template_name = "lottery/session_list.html"
    export_name = "zittingen"

    def get_queryset(self) -> QuerySet[DrawSession]:
        return sessions_in(self.region)

    def get_tabs(self) -> list[Tab]:
        rows = DrawSession.objects.filter(round__year__region=self.region).order_by().values("state")
        counts = {row["state"]: row["n"] for row in rows.annotate(n=Count("pk"))}
        chosen = self.request.GET.get("tab", "")
        tabs = [
            ("", pgettext("tab", "All"), sum(counts.values())),
            ("official", pgettext("tab", "Official"), sum(counts.get(state, 0) for state in OFFICIAL_STATES)),
            ("underway", pgettext("tab", "Under way"), sum(counts.get(state, 0) for state in UNDERWAY)),
            ("void", pgettext("tab", "Void"), counts.get(SessionState.VOID, 0)),
        ]
        return [
            Tab(value, label, count, current=value == chosen)
            for value, label, count in tabs
            if count or value in ("", chosen)
        ]


class SessionDetailView(LotteryPage, ListPage):
    """One session: what happened, the codes, the verdict of the second program, its draws and its files."""

    table_class = DrawTable
    filterset_class = DrawFilter
    template_name = "lottery/session_detail.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.shown = self.session()
        self.commitment = parse_commitment(bytes(self.shown.commitment))
        codes = (draw.removeprefix("school/") for draw in self.commitment.draws)
        self.names = facts.school_names(self.region, codes)
        self.export_name = f"{self.shown.name}-lotingen"
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Draw]:
        return draws_of(self.shown)

    def get_table_kwargs(self) -> dict[str, Any]:
        return {"names": self.names}

    def get_filterset_kwargs(self, filterset_class: Any) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_filterset_kwargs(filterset_class)
        return kwargs | {"names": self.names}

    def get_tabs(self) -> list[Tab]:
        draws = Draw.objects.filter(session=self.shown)
        every, lots = draws.count(), with_lots(draws).count()
        chosen = self.request.GET.get("tab", "")
        tabs = [
            ("", pgettext("tab", "All"), every),
            ("lots", pgettext("tab", "Lots needed"), lots),
            ("none", pgettext("tab", "No lots needed"), every - lots),
        ]
        return [Tab(value, label, count, current=value == chosen) for value, label, count in tabs]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        session = self.shown
        files = session_files(session)
        # Their views stand on the pages of this module.
        from lottery.views_ceremony import ceremony_context
        from lottery.views_record import record_context

        desk = {} if session.state == SessionState.VOID else ceremony_context(session, self.request.user)
        return (
            super().get_context_data(**kwargs)
            | desk
            | record_context(session, self.request.user)
            | {
                "has_desk": bool(desk),
                "session": session,
                "badge": session_badge(session),
                "round": session.round,
                "children": session.numbers.count(),
                "presences": facts.presences(session),
                "incidents": facts.incidents(session),
                "hashes": facts.hashes(session),
                "same_verifier": session.verifier_hash == self.commitment.verifier_hash,
                "promised_verifier": self.commitment.verifier_hash,
                "files": [(name, file_words(name), len(content)) for name, content in files.items()],
                "has_record": session.record is not None,
                "bundle_name": BUNDLE,
                "record_name": RECORD,
                "signed_name": SIGNED_RECORD,
                "is_limited": publication_of(session.round) == Publication.OWN_LINES,
            }
        )


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
    }[name]


class SessionFileView(LotteryPage):
    """One file of a session, or all of them in one zip."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        session, name = self.session(), self.kwargs["file"]
        files = session_files(session)
        if name == BUNDLE:
            return file_response(session, name, bundle(session, files))
        if name not in files:
            raise Http404
        return file_response(session, name, files[name])


# For everybody


@method_decorator(login_not_required, name="dispatch")
class PublicPage(View):
    """Public pages of a region."""

    region: Region

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.region = get_object_or_404(Region, slug=kwargs["region"])

    def shown(self, session: DrawSession, nows: dict[int, Any]) -> PublicSession | None:
        """The session by the clock of its own year; None before its freeze."""
        year = session.round.year
        now = nows.setdefault(year.pk, clock.now(year))
        return public_session(session, now=now) if session.frozen_at <= now else None


class PublicSessionsView(PublicPage):
    """Commitments, locks and codes of the draws of a region, and their files once families know."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        nows: dict[int, Any] = {}
        rows = (self.shown(session, nows) for session in sessions_for_everybody(self.region))
        sessions = [(row, self.files(row)) for row in rows if row is not None]
        context = {"region": self.region, "sessions": sessions, "now": next(iter(nows.values()), None)}
        return render(request, "lottery/public_sessions.html", context)

    @staticmethod
    def files(shown: PublicSession) -> list[tuple[str, str]]:
        names = ["vastlegging.txt"]
        if shown.is_open:
            limited = publication_of(shown.round) == Publication.OWN_LINES
            names += ["zaad.txt", "grenzen.txt"] if limited else ["deelnemers.txt", "zaad.txt", "uitslag.txt"]
            names += [PUBLIC_RECORD] if shown.session.has_public_record else []  # type: ignore[attr-defined]
        return [(name, file_words(name)) for name in names]


class PublicFileView(PublicPage):
    """A public file of a session; before its moment it does not exist."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = DrawSession.objects.filter(round__year__region=self.region).exclude(state__in=NOT_PUBLIC)
        session = get_object_or_404(rows.select_related("round__year__region"), name=kwargs["name"])
        shown, name = self.shown(session, {}), kwargs["file"]
        if shown is None:
            raise Http404
        files = {"vastlegging.txt": bytes(session.commitment)}
        if shown.is_open:
            files |= public_files(session)
            if session.public_record is not None:
                files[PUBLIC_RECORD] = bytes(session.public_record)
            if name == PUBLIC_BUNDLE:
                return file_response(
                    session, name, bundle(session, files | {VERIFIER.name: VERIFIER.read_bytes()})
                )
        if name not in files:
            raise Http404
        return file_response(session, name, files[name])


class VerifierView(PublicPage):
    """The second program, for whoever wants to compute for himself."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = HttpResponse(VERIFIER.read_bytes(), content_type="text/x-python; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="controleer.py"'
        return response
