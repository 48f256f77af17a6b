"""A simulation as a memo of one page (PDF)."""

from functools import cache

from django.template.loader import render_to_string

from admissions.models import Simulation
from admissions.services.what_if.population import Changes
from admissions.texts.simulation import change_sentences, figure_lines, group_lines, rank_lines
from schools.context import round_name
from schools.services.pdf import Press

SAID = 6  # changes that are written out: more would not leave one page


@cache
def _press() -> Press:
    return Press("css/record.css")


def simulation_memo(simulation: Simulation) -> bytes:
    """One A4 in the language of now, marked as a simulation; the same simulation gives the same bytes.

    Errors: ValueError while there is no outcome.
    """
    if not simulation.outcome:
        raise ValueError("this simulation has no outcome yet")
    sentences = change_sentences(Changes.read(simulation.changes))
    html = render_to_string(
        "admissions/simulation_memo.html",
        {
            "simulation": simulation,
            "region": simulation.round.year.region,
            "round_name": round_name(simulation.round),
            "sentences": sentences[:SAID],
            "more": len(sentences[SAID:]),
            "lines": figure_lines(simulation),
            "ranks": rank_lines(simulation),
            "groups": group_lines(simulation),
            "created": simulation.requested_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )
    return _press().render(html, identifier=f"simulation-{simulation.pk}".encode("ascii"))
