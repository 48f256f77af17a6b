"""What everybody may read and download of a draw, from its moment on; no login."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.views.generic import View

from lottery.models import DrawSession
from lottery.selectors import NOT_PUBLIC, PublicSession, public_session, sessions_for_everybody
from lottery.services.draw_record import Publication, public_files, publication_of
from lottery.services.signing import signed_public_record
from lottery.services.time_stamps import public_tokens, tokens_of
from lottery.services.verification import VERIFIER
from lottery.views.base import PUBLIC_BUNDLE, PUBLIC_RECORD, bundle, file_response, file_words
from schools import clock
from schools.models import Region


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
        names = ["vastlegging.txt", *public_tokens(shown.session)]
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
        files = {"vastlegging.txt": bytes(session.commitment)} | tokens_of(session, public=True)
        if shown.is_open:
            files |= public_files(session)
            if session.public_record is not None:
                # With our signature as soon as there is one; the pages in it are the same.
                files[PUBLIC_RECORD] = signed_public_record(session) or bytes(session.public_record)
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
