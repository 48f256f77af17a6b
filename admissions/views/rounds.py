"""Rounds of the year: the list, one round with its places and quality, playing it in a rehearsal, its results."""

import csv
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import pgettext
from django.views.generic import TemplateView

from admissions.enums import JobKind
from admissions.filters.office import SchoolRoundFilter
from admissions.forms.office import PlayRoundForm, throw_dice
from admissions.selectors.office import (
    Quality,
    RoundTotals,
    jobs_of,
    last_dice,
    official_session,
    quality_of,
    round_rows,
    school_rows,
    totals_of,
    waiting_session,
)
from admissions.services.draws.rehearsal import check_playable
from admissions.services.explaining.exports import RESULT_COLUMNS, NotPlayed, Row, result_rows
from admissions.services.explaining.exports import official_session as checked_session
from admissions.services.year.office_jobs import EXCLUSIVE, live_job, request_letters, request_round
from admissions.tables.office import SchoolRoundTable
from admissions.views.office import OfficePage, tell_running
from lottery.engine.commitment import parse_seed
from lottery.models import DrawSession
from schools.calendar_words import LABELS
from schools.context import reply_until, round_name
from schools.enums import RoundKind
from schools.errors import RefusedError
from schools.lists import ListPage, Tab, safe_cell
from schools.models import Round, SchoolRound
from schools.services.jobs import AlreadyRunning
from schools.services.rounds import missing_dates
from schools.templatetags.oa import rank_word

NO_DICE = "1" * 60  # to ask whether a round could be played, apart from its dice


class RoundListView(OfficePage, TemplateView):
    """Rounds of the year with their states and all their dates."""

    template_name = "admissions/round_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = round_rows(self.scope)
        return super().get_context_data(**kwargs) | {
            "rows": [(row, dates_of(row.round), missing_words(row.round)) for row in rows],
            "next_round": self.scope.next_round,
        }


def missing_words(round_: Round) -> list[Any]:
    """The dates without which the round cannot open, in the words of the planner."""
    return [LABELS[name] for name in missing_dates(round_)]


def dates_of(round_: Round) -> list[tuple[str, Any, Any]]:
    """(what, first day, last day or moment), in order; a day that is not known yet is None."""
    draw = (pgettext("round date", "Draw with the notary"), None, round_.central_matching_on)
    offers = (pgettext("round date", "All parents hear the result"), None, round_.offers_on)
    reply = (pgettext("round date", "Last day to reply"), None, reply_until(round_))
    if round_.kind == RoundKind.VOVP:
        return [
            (pgettext("round date", "Parents opt in"), round_.opt_in_from, round_.opt_in_until),
            draw,
            (pgettext("round date", "Schools see the result"), None, round_.visible_to_schools_at),
            offers,
            reply,
        ]
    return [
        (pgettext("round date", "Parents apply"), round_.parents_from, round_.parents_until),
        (pgettext("round date", "Last day to enter forms"), None, round_.processing_until),
        draw,
        offers,
        reply,
    ]


class RoundPage(OfficePage):
    """A page of one round of the year."""

    round: Round

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.code = kwargs["code"]
        return super().dispatch(request, *args, **kwargs)

    def common(self) -> dict[str, Any]:
        round_ = self.found()
        return super().common() | {"round": round_, "round_name": round_name(round_)}

    def found(self) -> Round:
        """The round of the address, in the year of the office; one of another region does not exist here."""
        round_ = self.scope.round(self.code)
        if round_ is None:
            raise Http404
        round_.year = self.scope.year  # saves a query
        round_.year.region = self.region
        return round_


class RoundDetailView(RoundPage, ListPage):
    """Places per school, and how good the outcome is."""

    table_class = SchoolRoundTable
    filterset_class = SchoolRoundFilter
    template_name = "admissions/round_detail.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.shown = self.found()
        self.export_name = f"plaatsen-{self.shown.code}"
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[SchoolRound]:
        return school_rows(self.shown)

    def get_filterset_kwargs(self, filterset_class: Any) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_filterset_kwargs(filterset_class)
        return kwargs | {"view": self.scope}

    def get_table_kwargs(self) -> dict[str, Any]:
        if self.shown.kind == RoundKind.VOVP:
            return {"exclude": ("booked_ceiling", "applied", "admitted")}
        return {"exclude": ("freed_in", "released")}

    def get_tabs(self) -> list[Tab]:
        totals = self.totals
        chosen = self.request.GET.get("tab", "")
        tabs = [
            ("", pgettext("tab", "All"), totals.schools),
            ("capped", pgettext("tab", "With a ceiling"), totals.capped),
            ("room", pgettext("tab", "Places open"), totals.with_room),
            ("full", pgettext("tab", "Full"), totals.full),
            ("uncapped", pgettext("tab", "Without a ceiling"), totals.uncapped),
        ]
        return [Tab(value, label, count, current=value == chosen) for value, label, count in tabs]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        round_ = self.shown
        self.totals: RoundTotals = totals_of(school_rows(round_))
        session = official_session(round_) if round_.is_played else None
        quality = quality_of(round_, session, sees_care=self.scope.sees_care) if session else None
        jobs = jobs_of(self.scope.year, [JobKind.PLAY_ROUND, JobKind.DRAW, JobKind.LETTERS], key=round_.code)
        return super().get_context_data(**kwargs) | {
            "dates": dates_of(round_),
            "missing": missing_words(round_),
            "totals": self.totals,
            "session": session,
            "quality": quality,
            "chart": _chart(quality) if quality else [],
            "chart_series": [(pgettext("chart", "Children"), "f1")],
            "is_vovp": round_.kind == RoundKind.VOVP,
            "is_next": self.scope.next_round is round_,
            "running": [job for job in jobs if not job.is_finished],
            "failed": [job for job in jobs if job.state == "failed"],
        }


def _chart(quality: Quality) -> list[dict[str, Any]]:
    rows = [{"label": rank_word(rank), "values": [count]} for rank, count in quality.by_rank]
    rows.append({"label": pgettext("chart", "Not placed"), "values": [quality.unplaced]})
    if quality.care:
        rows.append({"label": pgettext("chart", "Follow-up with the school"), "values": [quality.care]})
    return rows


class PlayRoundView(RoundPage):
    """Start a round of a rehearsal year: 60 dice digits, for a VOVP the opt-ins, one confirmation."""

    permission = "admissions.run_rounds"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        digits, is_fixed = self.known_dice(round_)
        if request.GET.get("gooi") and not is_fixed:
            digits = throw_dice()
        form = PlayRoundForm(round_=round_, name=round_name(round_), digits=digits)
        return self.answer(request, round_, form, is_fixed=is_fixed)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        form = PlayRoundForm(request.POST, request.FILES, round_=round_, name=round_name(round_))
        running = live_job(self.scope.year, *EXCLUSIVE)
        if running is not None:
            tell_running(request, running, request.user)
            return redirect("admissions:job", running.pk)
        if not form.is_valid():
            return self.answer(request, round_, form, status=422)
        try:
            job = request_round(
                round_,
                digits=form.cleaned_data["digits"],
                actor=request.user,  # type: ignore[arg-type]
                opt_ins=form.cleaned_data.get("opt_ins"),
                opt_ins_name=form.opt_ins_name,
            )
        except AlreadyRunning:
            # The other manager was a moment earlier.
            running = live_job(self.scope.year, *EXCLUSIVE)
            tell_running(request, running, request.user)
            return redirect("admissions:job", running.pk) if running else redirect("admissions:office-today")
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.answer(request, round_, form, status=409)
        return redirect("admissions:job", job.pk)

    def known_dice(self, round_: Round) -> tuple[str, bool]:
        """The dice of an earlier try, and whether they are locked: a session that has its seed keeps it."""
        session = waiting_session(round_)
        if session is not None and session.seed_hash:
            seed = DrawSession.objects.values_list("seed", flat=True).get(pk=session.pk)
            return parse_seed(bytes(seed)).digits or "" if seed else "", True
        return last_dice(round_), False

    def answer(
        self,
        request: HttpRequest,
        round_: Round,
        form: PlayRoundForm,
        *,
        is_fixed: bool = False,
        status: int = 200,
    ) -> HttpResponse:
        try:
            check_playable(round_, digits=NO_DICE)
            refusal = ""
        except RefusedError as exc:
            refusal = str(exc)
        context = self.common() | {
            "form": form,
            "refusal": refusal,
            "is_fixed": is_fixed,
            "is_vovp": round_.kind == RoundKind.VOVP,
            "dates": dates_of(round_),
            "running": live_job(self.scope.year, *EXCLUSIVE),
        }
        return render(request, "admissions/round_play.html", context, status=status)


class LettersView(RoundPage):
    """Ask the worker for the letters of a round that have not been made yet."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_ = self.found()
        try:
            job = request_letters(round_, actor=request.user)  # type: ignore[arg-type]
        except AlreadyRunning:
            running = live_job(self.scope.year, JobKind.LETTERS)
            tell_running(request, running, request.user)
            return redirect("admissions:job", running.pk) if running else redirect("admissions:outbox")
        return redirect("admissions:job", job.pk)


class _Line:
    """A file that hands each written line back, so that csv can write into a stream."""

    def write(self, line: str) -> str:
        return line


class ResultsView(RoundPage):
    """results.csv of a played round (data-formats.md section 2)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        round_ = self.found()
        try:
            checked_session(round_)
        except NotPlayed as exc:
            messages.warning(request, str(exc))
            return redirect("admissions:round-detail", round_.code)
        lines = self.lines(round_)
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        name = f"results-{self.scope.year.code}-{round_.code}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def lines(self, round_: Round) -> Iterator[str]:
        writer = csv.writer(_Line(), lineterminator="\n")
        yield writer.writerow(RESULT_COLUMNS)
        for row in result_rows(round_):
            yield writer.writerow([safe_cell(cell) for cell in self.shown(row)])

    def shown(self, row: Row) -> Row:
        """Who may not see care data sees a child in the care route as one without a place (DH-180)."""
        if row[3] != "care_follow_up" or self.scope.sees_care:
            return row
        return (*row[:3], "unplaced", "", "", "", "")
