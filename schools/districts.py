"""In which district (stadsdeel) and neighbourhood (wijk) a postcode area lies, as far as that is known (DH-164).

``data/districts.csv`` gives a four-digit area the district where most of it lies; a border can cut through an area. Its
neighbourhoods are empty until somebody fills them in from a source (``data/README.md``).
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parent / "data" / "districts.csv"


@dataclass(frozen=True, slots=True)
class Area:
    district: str = ""
    neighbourhood: str = ""


@cache
def _areas() -> dict[str, Area]:
    with FILE.open(encoding="utf-8", newline="") as handle:
        return {
            row["postcode4"]: Area(row["district"], row["neighbourhood"]) for row in csv.DictReader(handle)
        }


def area_of(postcode: str) -> Area:
    """The area of ``1234AB``; empty when it is not known."""
    return _areas().get(postcode[:4], Area())
