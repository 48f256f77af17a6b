"""The report of a played round: for the office at once, masked for everybody when all families know."""

from datetime import datetime
from typing import Any, ClassVar

from allauth.core.internal import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views.generic import View

from admissions.services.explaining.round_report import NoReport, RoundReport, masked, round_report
from admissions.services.explaining.round_report_files import report_context, report_pdf, report_rows
from admissions.views.rounds import RoundPage
from lottery.enums import SessionKind
from lottery.models import DrawSession
from lottery.selectors import BYTES, families_know
from schools import clock
from schools.lists import csv_response
from schools.models import Region

# A report is computed anew; somebody who asks for hundreds waits a little.
RATES = {"round_report": "30/m/ip"}


def answer(
    request: HttpRequest, report: RoundReport, kind: str, *, now: datetime, template: str
) -> HttpResponseBase:
    """The page, or the file that was asked for."""
    name = f"rapport-{report.round.year.code}-{report.round.code}"
    if kind == "csv":
        return csv_response(report_rows(report), name)
    if kind == "pdf":
        language = translation.get_language() or "nl"
        response = HttpResponse(
            report_pdf(report, moment=now, language=language), content_type="application/pdf"
        )
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
        return response
    return render(request, template, report_context(report) | {"now": now})


class RoundReportView(RoundPage):
    """Everything about the outcome of a round, for the programme office."""

    kind: ClassVar[str] = "page"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        round_ = self.found()
        try:
            report = round_report(round_, sees_care=self.scope.sees_care)
        except NoReport as exc:
            raise Http404 from exc
        template = "admissions/round_report.html"
        return answer(request, report, self.kind, now=self.scope.now, template=template)


class RoundReportPdfView(RoundReportView):
    kind = "pdf"


class RoundReportCsvView(RoundReportView):
    kind = "csv"


@method_decorator(login_not_required, name="dispatch")
class PublicReportView(View):
    """The masked report; before all families know it does not exist."""

    kind: ClassVar[str] = "page"

    def get(self, request: HttpRequest, region: str, name: str) -> HttpResponseBase:
        if not ratelimit.consume(
            request, app="admissions", action="round_report", config=RATES, limit_get=True
        ):
            refused: HttpResponse = ratelimit.respond_429(request)
            return refused
        place = get_object_or_404(Region, slug=region)
        rows = DrawSession.objects.filter(
            round__year__region=place, kind=SessionKind.ROUND, applied_at__isnull=False
        )
        session = get_object_or_404(rows.select_related("round__year__region").defer(*BYTES), name=name)
        now = clock.now(session.round.year)
        if not families_know(session.round, now=now):
            raise Http404
        report = masked(round_report(session.round, sees_care=True))
        return answer(request, report, self.kind, now=now, template="admissions/round_report_public.html")


class PublicReportPdfView(PublicReportView):
    kind = "pdf"


class PublicReportCsvView(PublicReportView):
    kind = "csv"
