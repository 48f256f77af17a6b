"""A small map of four-digit postcode areas from their centres: for looking only, it decides about nobody."""

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CENTRES = Path(__file__).resolve().parent / "data" / "postcode4.csv"
CODE = re.compile(r"[1-9]\d{3}")
RADIUS_KM = 2.5
WIDTH, EDGE = 420.0, 30.0
KM_PER_DEGREE = 111.2


@lru_cache(maxsize=1)
def centres() -> dict[str, tuple[float, float]]:
    """Latitude and longitude of the centre of every area."""
    with CENTRES.open(newline="") as file:
        return {
            row["postcode4"]: (float(row["latitude"]), float(row["longitude"]))
            for row in csv.DictReader(file)
        }


def read_codes(text: str) -> tuple[list[str], list[str]]:
    """The codes in what somebody typed, in order and once each, and the words that are none. ``2511-2514`` is four."""
    found: list[str] = []
    wrong: list[str] = []
    for word in re.split(r"[\s,;]+", text.replace("–", "-").strip()):
        if not word:
            continue
        first, dash, last = word.partition("-")
        if CODE.fullmatch(word):
            found.append(word)
        elif dash and CODE.fullmatch(first) and CODE.fullmatch(last) and 0 <= int(last) - int(first) < 100:
            found += [code for n in range(int(first), int(last) + 1) if (code := str(n)) in centres()]
        else:
            wrong.append(word)
    return list(dict.fromkeys(found)), wrong


@dataclass(frozen=True, slots=True)
class Spot:
    """One area on the map, in the units of its drawing."""

    code: str
    x: float
    y: float
    is_inside: bool
    is_school: bool

    @property
    def label_y(self) -> float:
        """Just below the dot."""
        return round(self.y + 22, 1)


@dataclass(frozen=True, slots=True)
class AreaMap:
    spots: list[Spot]
    width: float
    height: float
    codes: list[str]
    unknown: list[str]

    @property
    def inside(self) -> list[Spot]:
        return [spot for spot in self.spots if spot.is_inside]


def area_map(codes: Sequence[str], *, school: str) -> AreaMap | None:
    """The chosen areas and those around the school (its four digits); None when nothing of it is known."""
    known = centres()
    anchors = [code for code in (school, *codes) if code in known]
    if not anchors:
        return None
    middle = math.cos(math.radians(known[anchors[0]][0]))

    def km(one: str, other: str) -> float:
        (a, b), (c, d) = known[one], known[other]
        return KM_PER_DEGREE * math.hypot(a - c, (b - d) * middle)

    near = {code for code in known if km(anchors[0], code) <= RADIUS_KM} | set(anchors)
    ups = [known[code][0] for code in near]
    rights = [known[code][1] * middle for code in near]
    span = max(max(rights) - min(rights), 0.005)
    scale = (WIDTH - 2 * EDGE) / span
    spots = [
        Spot(
            code,
            round(EDGE + (known[code][1] * middle - min(rights)) * scale, 1),
            round(EDGE + (max(ups) - known[code][0]) * scale, 1),
            code in codes,
            code == school,
        )
        for code in sorted(near)
    ]
    height = round(2 * EDGE + (max(ups) - min(ups)) * scale, 1)
    return AreaMap(spots, WIDTH, height, list(codes), [code for code in codes if code not in known])
