"""Asking for a what-if simulation, playing it and stopping it. Nothing but its own row and job is ever written."""

import time

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import JobKind
from admissions.models import Simulation
from admissions.models.simulations import MAX_SEEDS
from admissions.services.what_if.population import Changes, SimulationRefused, population_of, snapshot_of
from admissions.services.year.office_jobs import start_job
from lottery.simulation.figures import simulate
from lottery.simulation.mechanisms import Mechanism
from schools.models import Job, Round, SchoolRound, User
from schools.services.jobs import finish_job, report_progress, request_job

TELL_EVERY = 0.5  # seconds
FIRST_SEED = 1  # the same seeds now and then: what differs is the rules, not the luck


class _Cancelled(Exception):
    """Somebody pressed stop."""


def capped_codes(round_: Round) -> frozenset[str]:
    """Codes of what has a ceiling in this round, and can get another in a simulation."""
    rows = SchoolRound.objects.filter(round=round_, ceiling__isnull=False)
    return frozenset(rows.values_list("programme__code", flat=True))


@transaction.atomic
def request_simulation(
    round_: Round, *, title: str, changes: Changes, seeds: int, actor: User | None
) -> Simulation:
    """Ask the worker to play. Raises SimulationRefused with a sentence."""
    if not 1 <= seeds <= MAX_SEEDS:
        raise SimulationRefused(_("Choose 1 to %(most)d draws.") % {"most": MAX_SEEDS})
    capped = capped_codes(round_)
    for code in changes.ceilings:
        if code not in capped:
            raise SimulationRefused(
                _("%(code)s is no school with a ceiling in %(round)s. Check the code.")
                % {"code": code, "round": round_.code}
            )
    population_of(snapshot_of(round_), changes)  # refuses now what the worker could only refuse later
    simulation = Simulation.objects.create(
        round=round_, title=title, changes=changes.stored(), seeds=seeds, requested_by=actor
    )
    job = request_job(kind=JobKind.SIMULATION, key=str(simulation.pk), year=round_.year, actor=actor)
    simulation.job = job
    simulation.save(update_fields=["job"])
    start_job(job)
    return simulation


def cancel_simulation(simulation: Simulation) -> None:
    """Stop at the next draw; what was played is thrown away."""
    Simulation.objects.filter(pk=simulation.pk).update(is_cancelled=True)


def play_simulation(job: Job) -> None:
    """Play the draws of this job's simulation, as the round is now and with the changes, on the same seeds."""
    simulation = Simulation.objects.select_related("round__year__region").get(pk=int(job.key))
    snapshot = snapshot_of(simulation.round)
    changes = Changes.read(simulation.changes)
    told = 0.0

    def keep_on(done: int) -> bool:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            report_progress(job, step=_("Drawing"), done=done, total=2 * simulation.seeds)
            if Simulation.objects.filter(pk=simulation.pk, is_cancelled=True).exists():
                raise _Cancelled
        return True

    try:
        now = simulate(
            population_of(snapshot, Changes()),
            Mechanism.TWO_STEPS,
            seeds=simulation.seeds,
            first_seed=FIRST_SEED,
            goes_on=keep_on,
        )
        then = simulate(
            population_of(snapshot, changes),
            Mechanism(changes.mechanism),
            seeds=simulation.seeds,
            first_seed=FIRST_SEED,
            goes_on=lambda done: keep_on(simulation.seeds + done),
        )
    except _Cancelled:
        finish_job(job, message=_("Stopped. Nothing was kept."))
        return
    report_progress(job, step="", done=2 * simulation.seeds, total=2 * simulation.seeds)
    Simulation.objects.filter(pk=simulation.pk).update(outcome={"now": now, "then": then})
    finish_job(job, message=_("%(seeds)d draws have been played.") % {"seeds": simulation.seeds})
