"""The programme office: what to do today, running work, and the clock and reset of a rehearsal year.

Who may see these pages stands in ``rules.py``; what they may see in ``selectors/office.py``.
"""

import math
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from admissions.enums import JobKind
from admissions.forms.office import ClockForm, ResetForm
from admissions.rules import OFFICE
from admissions.selectors.office import OfficeView
from admissions.services.year.office_jobs import (
    EXCLUSIVE,
    is_behind,
    is_stale,
    live_job,
    request_reset,
    restart_job,
)
from admissions.services.year.year_clock import move_year_clock
from admissions.today.office import fixed_days, plan_office_day
from admissions.views.school import greeting
from schools.clock import database_now
from schools.context import current_round, now_of, round_name, rounds_of, year_of
from schools.enums import JobState, Role
from schools.errors import RefusedError
from schools.models import AMSTERDAM, Job, Region
from schools.services.jobs import AlreadyRunning
from schools.templatetags.oa import day_year
from schools.workplaces import office_membership

SAYS_SOMETHING = 5  # seconds of work before a guess of the time left is worth telling


class OfficePage(View):
    """A page under ``/programma/``. Who does not work for a region's office gets 404, not "forbidden";
    who does, but may not use this page, reads that. ``permission`` says who may use the page."""

    permission: ClassVar[str] = "admissions.view_office"
    roles: ClassVar[frozenset[Role]] = OFFICE  # the kinds of people that know these pages exist
    region: Region
    scope: OfficeView

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        membership = office_membership(request, self.roles)
        if membership is None or membership.region is None:
            raise Http404
        self.region = membership.region
        request.oa_office = membership  # type: ignore[attr-defined]
        if not request.user.has_perm(self.permission, self.region):
            raise PermissionDenied
        year = year_of(request, self.region)
        if year is None:
            return render(request, "admissions/office_empty.html", {"region": self.region})
        self.scope = OfficeView(
            self.region,
            year,
            now_of(request, year),
            tuple(rounds_of(request, year)),
            sees_care=request.user.has_perm("admissions.view_care_in_region", self.region),
            manages=request.user.has_perm("admissions.manage_rehearsal", self.region),
        )
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return context | self.common()

    def common(self) -> dict[str, Any]:
        """What every page of the office shows."""
        return {"scope": self.scope, "year": self.scope.year, "now": self.scope.now}


class OfficeTodayView(OfficePage, TemplateView):
    """What must be done now, and until when."""

    template_name = "admissions/office_today.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        name = str(self.request.user)
        return super().get_context_data(**kwargs) | {
            "day": plan_office_day(self.scope),
            "greeting": greeting(self.scope.now),
            "first_name": name.split()[0] if name else "",
        }


# Long work


class JobView(OfficePage):
    """How far a job is. Polled by htmx while it runs; without script the page is reloaded by hand."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        job = self.job()
        is_poll = bool(request.headers.get("HX-Request"))
        template = "admissions/partials/job_state.html" if is_poll else "admissions/job.html"
        return render(request, template, self.context(job))

    def job(self) -> Job:
        rows = Job.objects.filter(year__region=self.region).select_related("requested_by", "year")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def context(self, job: Job) -> dict[str, Any]:
        round_ = self.scope.round(job.key)
        return self.common() | {
            "job": job,
            "title": job_title(job, round_),
            "round": round_,
            "is_stale": is_stale(job),
            "is_waiting": job.state == JobState.REQUESTED,
            "is_behind": is_behind(job),
            "minutes_left": minutes_left(job),
            "can_retry": job.state == JobState.FAILED
            and job.kind == JobKind.PLAY_ROUND
            and round_ is not None,
            "letters": live_job(self.scope.year, JobKind.LETTERS) if job.kind == JobKind.PLAY_ROUND else None,
        }


def job_title(job: Job, round_: Any) -> str:
    """What is being done, with the name people give the round."""
    name = {"round": round_name(round_) if round_ else job.key}
    return {
        JobKind.PLAY_ROUND: _("Playing %(round)s") % name,
        JobKind.LETTERS: _("Making the letters of %(round)s") % name,
        JobKind.RESET_YEAR: _("Resetting the rehearsal year"),
        JobKind.DRAW: _("Computing and verifying the draw of %(round)s") % name,
        JobKind.CHECK_INTEGRITY: _("Checking whether everything adds up"),
        JobKind.SIMULATION: _("Playing a simulation"),
    }.get(JobKind(job.kind), job.kind)


def minutes_left(job: Job) -> int | None:
    """Whole minutes of work left at the pace so far; None when that says nothing yet."""
    if job.is_finished or job.started_at is None or not 0 < job.done < job.total:
        return None
    spent = (database_now() - job.started_at).total_seconds()
    if spent < SAYS_SOMETHING:
        return None
    return math.ceil(spent / job.done * (job.total - job.done) / 60)


class JobRestartView(JobView):
    """Say "go" again for work whose worker was stopped."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        job = self.job()
        if job.kind == JobKind.CHECK_INTEGRITY or (job.kind == JobKind.RESET_YEAR and not self.scope.manages):
            raise PermissionDenied
        try:
            restart_job(job)
            messages.success(request, _("Started again. What was done before is kept."))
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:job", job.pk)


def tell_running(request: HttpRequest, job: Job | None, user: Any) -> None:
    """One clear message for the second of two managers."""
    if job is None or job.requested_by is None or job.requested_by_id == user.pk:
        messages.info(request, _("This is running already. Here you see how far it is."))
    else:
        words = {"name": str(job.requested_by)}
        messages.info(request, _("%(name)s started this already. Here you see how far it is.") % words)


# The rehearsal year


class RehearsalPage(OfficePage):
    """Pages that exist in a rehearsal year only."""

    permission = "admissions.manage_rehearsal"

    def is_rehearsal(self) -> bool:
        return self.scope.year.is_rehearsal


class ClockView(RehearsalPage):
    """Move the clock of the rehearsal year forward; the deadlines it passes take effect."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # A day that counts, chosen from the list beside the form.
        start = self.scope.now.astimezone(AMSTERDAM)
        wanted = _day_of(request.GET.get("dag", ""))
        initial = {"day": wanted or start.date() + timedelta(days=1), "at": "09:00"}
        return self.answer(request, ClockForm(year=self.scope.year, initial=initial))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.is_rehearsal():
            raise Http404
        form = ClockForm(request.POST, year=self.scope.year)
        if not form.is_valid():
            return self.answer(request, form, status=422)
        try:
            moved = move_year_clock(self.scope.year, to=form.moment, actor=request.user)  # type: ignore[arg-type]
        except RefusedError as exc:
            form.add_error("day", str(exc))
            return self.answer(request, form, status=409)
        text = _("It is now %(moment)s in the rehearsal year.") % {"moment": day_year(form.moment)}
        if moved:
            names = [round_name(r) for r in self.scope.rounds if r.code in moved]
            text += " " + _("These rounds moved along: %(rounds)s.") % {"rounds": ", ".join(names)}
        messages.success(request, text)
        return redirect("admissions:clock")

    def answer(self, request: HttpRequest, form: ClockForm, status: int = 200) -> HttpResponse:
        view = self.scope
        round_ = current_round(list(view.rounds), view.today)
        days = [fixed for fixed in fixed_days(view, round_, number=12) if fixed.day > view.today]
        context = self.common() | {"form": form, "days": days, "is_rehearsal": self.is_rehearsal()}
        return render(request, "admissions/clock.html", context, status=status)


def _day_of(text: str) -> Any:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, no moment
    except ValueError:
        return None


class ResetView(RehearsalPage):
    """Set the rehearsal year back as a whole, after typing its code."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request, ResetForm(year=self.scope.year))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.is_rehearsal():
            raise Http404
        form = ResetForm(request.POST, year=self.scope.year)
        if not form.is_valid():
            return self.answer(request, form, status=422)
        try:
            job = request_reset(self.scope.year, actor=request.user)  # type: ignore[arg-type]
        except AlreadyRunning:
            running = live_job(self.scope.year, *EXCLUSIVE)
            if running is not None and running.kind == JobKind.RESET_YEAR:
                tell_running(request, running, request.user)
                return redirect("admissions:job", running.pk)
            form.add_error(None, _("A round is being played. Wait until it is ready, then reset the year."))
            return self.answer(request, form, status=409)
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.answer(request, form, status=409)
        return redirect("admissions:job", job.pk)

    def answer(self, request: HttpRequest, form: ResetForm, status: int = 200) -> HttpResponse:
        context = self.common() | {"form": form, "is_rehearsal": self.is_rehearsal()}
        return render(request, "admissions/reset.html", context, status=status)
