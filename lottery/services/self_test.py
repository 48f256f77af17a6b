"""Does this installation draw as OA-LOT/1 says? Before every freeze: the vectors, and the direction of every sort."""

from pathlib import Path

from django.utils.translation import gettext as _

import lottery
from lottery.engine.commitment import parse_commitment, parse_seed
from lottery.engine.deferred_acceptance import Applicant, School, deferred_acceptance
from lottery.engine.files import parse_dossiers, render_participants
from lottery.engine.outcome import render_outcome
from lottery.engine.school_draw import Unit, draw_school
from lottery.engine.session import compute_session

VECTORS = Path(str(lottery.__file__)).with_name("vectors")
LOW, HIGH = "0" * 64, "f" * 64


def self_test() -> list[str]:
    """Sentences about what is wrong; empty when everything is as it must be (Amsterdam 2021 sorted the wrong way)."""
    return [*_vector_problems(), *_direction_problems()]


def _vector_problems() -> list[str]:
    problems = []
    for folder in sorted(path for path in VECTORS.iterdir() if path.is_dir()):
        dossiers = parse_dossiers((folder / "dossiers.txt").read_bytes())
        commitment = parse_commitment((folder / "vastlegging.txt").read_bytes())
        seed = parse_seed((folder / "zaad.txt").read_bytes())
        made = {
            "deelnemers.txt": render_participants(dossiers),
            "uitslag.txt": render_outcome(compute_session(dossiers, commitment, seed)),
        }
        problems += [
            _(
                "Test vector %(name)s gives another %(file)s than the protocol says. Do not draw; call the supplier."
            )
            % {"name": folder.name, "file": name}
            for name, content in made.items()
            if content != (folder / name).read_bytes()
        ]
    return problems


def _direction_problems() -> list[str]:
    by_lot = draw_school([Unit(("HIGH",), 1, HIGH), Unit(("LOW",), 1, LOW)], places=1)
    by_class = draw_school([Unit(("LATER",), 2, LOW), Unit(("FIRST",), 1, HIGH)], places=1)
    central = deferred_acceptance(
        [Applicant("HIGH", ["A"], 1), Applicant("LOW", ["A"], 0)], [School("A", 1, {})]
    )
    if (by_lot.admitted, by_class.admitted, central["LOW"]) == (("LOW",), ("FIRST",), "A"):
        return []
    return [_("Lots or classes are sorted in the wrong direction. Do not draw; call the supplier.")]
