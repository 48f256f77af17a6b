"""What if: asking for a simulation, its answer, stopping it, and the memo of one page."""

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from admissions.forms.simulation import SimulationForm
from admissions.models import Simulation
from admissions.services.what_if.memo import simulation_memo
from admissions.services.what_if.playing import cancel_simulation, request_simulation
from admissions.services.what_if.population import Changes
from admissions.services.year.office_jobs import is_stale
from admissions.texts.simulation import area_lines, change_sentences, figure_lines, group_lines, rank_lines
from admissions.views.office import OfficePage
from schools.context import round_name
from schools.enums import RoundKind
from schools.errors import RefusedError

SHOWN = 50


class SimulationPage(OfficePage):
    """A page about simulations of the region of the office."""

    def simulations(self) -> QuerySet[Simulation]:
        return Simulation.objects.filter(round__year__region=self.region).select_related(
            "round__year", "requested_by", "job"
        )

    def one(self) -> Simulation:
        return get_object_or_404(self.simulations(), pk=self.kwargs["pk"])


class SimulationListView(SimulationPage):
    """The questions asked so far, and a form for a new one."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request, self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.answer(request, form, status=422)
        try:
            simulation = request_simulation(
                form.chosen_round,
                title=form.cleaned_data["title"],
                changes=form.changes,
                seeds=form.cleaned_data["seeds"],
                actor=request.user,  # type: ignore[arg-type]
            )
        except RefusedError as exc:
            form.add_error(None, str(exc))
            return self.answer(request, form, status=409)
        return redirect("admissions:simulation", simulation.pk)

    def form(self, data: Any = None) -> SimulationForm:
        rounds = [round_ for round_ in self.scope.rounds if round_.kind == RoundKind.ALM]
        played = [round_ for round_ in rounds if round_.is_played]
        latest = played[-1] if played else (rounds[0] if rounds else None)
        return SimulationForm(data, rounds=rounds, initial={"round": latest.code} if latest else {})

    def answer(self, request: HttpRequest, form: SimulationForm, *, status: int = 200) -> HttpResponse:
        rows = [
            (simulation, round_name(simulation.round), change_sentences(Changes.read(simulation.changes)))
            for simulation in self.simulations()[:SHOWN]
        ]
        context = self.common() | {"form": form, "rows": rows}
        return render(request, "admissions/simulation_list.html", context, status=status)


class SimulationView(SimulationPage, TemplateView):
    """One question with its answer; polled by htmx while it is being played."""

    template_name = "admissions/simulation.html"

    def get_template_names(self) -> list[str]:
        is_poll = bool(self.request.headers.get("HX-Request"))
        return ["admissions/partials/simulation_state.html" if is_poll else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        simulation = self.one()
        job = simulation.job
        return super().get_context_data(**kwargs) | {
            "simulation": simulation,
            "job": job,
            "is_running": job is not None and not job.is_finished,
            "is_stale": job is not None and is_stale(job),
            "round_name": round_name(simulation.round),
            "sentences": change_sentences(Changes.read(simulation.changes)),
            "lines": figure_lines(simulation),
            "ranks": rank_lines(simulation),
            "groups": group_lines(simulation),
            "areas": area_lines(simulation),
        }


class SimulationCancelView(SimulationPage):
    """Stop a simulation that is being played."""

    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        simulation = self.one()
        if simulation.job is not None and not simulation.job.is_finished:
            cancel_simulation(simulation)
            messages.info(request, _("The simulation stops at its next draw."))
        return redirect("admissions:simulation", simulation.pk)


class SimulationMemoView(SimulationPage):
    """The answer on one page, to take to a meeting."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        simulation = self.one()
        if not simulation.outcome:
            messages.warning(request, _("There is no answer yet. Wait until the draws have been played."))
            return redirect("admissions:simulation", simulation.pk)
        response = HttpResponse(simulation_memo(simulation), content_type="application/pdf")
        response.headers["Content-Disposition"] = f'attachment; filename="simulatie-{simulation.pk}.pdf"'
        return response
