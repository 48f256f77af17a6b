"""The notary's desk: sessions, codes and files, never a child."""

from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import pgettext

from lottery.engine.commitment import parse_commitment
from lottery.enums import OFFICIAL_STATES, SessionState
from lottery.filters import UNDERWAY, DrawFilter, SessionFilter, with_lots
from lottery.models import Draw, DrawSession
from lottery.selectors import draws_of, sessions_in
from lottery.services import record_facts as facts
from lottery.services.draw_record import Publication, publication_of
from lottery.tables import DrawTable, SessionTable, session_badge
from lottery.views.base import (
    BUNDLE,
    RECORD,
    SIGNED_RECORD,
    LotteryPage,
    bundle,
    file_response,
    file_words,
    session_files,
)
from lottery.views.ceremony import ceremony_context
from lottery.views.record import record_context
from schools.lists import ListPage, Tab


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
