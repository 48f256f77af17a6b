"""DH-135 in time: do the pages of a school answer any slower or faster once families take part in a VOVP?

One invented city in three copies of one database: nobody takes part, nobody takes part (the control), and all families
do. One process asks the same page in the three copies, in a random order, over and over, so that whatever else the
machine does meets all three alike. Measured is the processor time of an answer: the database lies in the same process,
so that is what an answer takes while nothing else runs. The spread is what the control shows; a Mann-Whitney test says
whether the times with opt-ins come from somewhere else. ``tests/permissions/test_vovp_silence.py`` compares the bytes
and the queries.
"""

import math
import statistics
import tempfile
from itertools import groupby
from typing import Any

from bench._memory import run_in_memory

TIMES = 60  # of each page in each copy
CHANCE = 0.01  # that no page at all is called different when none is
NOISE = 0.02  # a part of the median that no two runs on one machine agree about

SCRIPT = """
import gc, json, random, time
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from admissions.enums import ParticipationState
from admissions.models import Participation
from admissions.services.api_clients import make_client
from schools.models import School
from tests.admissions.office import logged_in
from tests.admissions.vovp_pages import NOON, desk, invite, opt_in
from tests.factories.city import School as Seats, brin, make_city
from tests.factories.schools import UserFactory, school_user
schools = {"A": Seats((15, 0, 0, 0)), "B": Seats((15, 0, 0, 0)), **dict.fromkeys("CDEF", 0)}
city = make_city(schools, calendar=NOON, fillers=False)
children = [f"k{number}" for number in range(45)]
city.apply("ALM1", **{key: "A B C D E" for key in children})
city.play("ALM1")
for key in [key for key, school, _round, _state in city.placements() if school == "A"][:5]:
    city.withdraw(key, on="2024-02-12")
city.play("ALM2")
invite(city)
_row, token = make_client(city.year, name="Bench", scopes=["rounds", "outcomes"], actor=UserFactory())
region = city.year.region.slug
admins = {name: logged_in(school_user(School.objects.get(brin=brin(name)))) for name in "AB"}
number = city.application(children[0]).registration_number
pages = [
    (admins[name], f"/school/{brin(name)}/{part}")
    for name in "AB"
    for part in ("", "formulieren/", "toegelaten/", "uitgeloot/", "plaatsen/", "berichten/")
]
pages.append((admins["A"], f"/school/{brin('A')}/kind/{number}/"))
api = Client(headers={"Authorization": f"Bearer {token}"})
base = f"/api/v1/regions/{region}/rounds/{city.year.code}/"
pages += [(api, base + part) for part in ("VOVP1/", "ALM1/outcomes/")]
def copy(name):
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [f"{FOLDER}/{name}.sqlite3"])
copy("silent")
copy("control")
typist = desk(city)
invited = Participation.objects.filter(round=city.round("VOVP1"))
families = invited.values_list("application__form__form_reference", flat=True)
for key in sorted(families):
    assert opt_in(typist, city, key).status_code == 302
copy("opted in")
taking_part = Participation.objects.filter(state=ParticipationState.OPTED_IN).count()
assert taking_part == len(families) > 20
connection.close()
worlds = {}
for name in ("silent", "control", "opted in"):
    settings.DATABASES["default"]["NAME"] = f"{FOLDER}/{name}.sqlite3"
    connections.settings["default"]["NAME"] = f"{FOLDER}/{name}.sqlite3"
    worlds[name] = connections.create_connection("default")
def ask(name, client, url, more=False):
    connections["default"] = worlds[name]
    cache.clear()  # how often an address asked is counted there
    started = time.process_time()
    answer = client.get(url)
    if more:
        Participation.objects.filter(state=ParticipationState.OPTED_IN).exists()
    seconds = time.process_time() - started
    assert answer.status_code == 200, (url, answer.status_code)
    return seconds, answer.content
for client, url in pages:
    for name in worlds:
        for _ in range(3):
            ask(name, client, url)
chance, taken = random.Random(1), []
gc.collect()
gc.disable()
for turn in range(TIMES):
    for page, (client, url) in enumerate(pages):
        names = [*worlds, *(["planted"] if page == 0 else [])]
        chance.shuffle(names)
        for name in names:
            planted = name == "planted"
            seconds, _body = ask("silent" if planted else name, client, url, planted)
            taken.append((url, name, seconds))
    gc.collect()
print(json.dumps({"taken": taken, "families": taking_part, "child": number}))
"""


def _differ(one: list[float], other: list[float]) -> float:
    """Chance of ranks as uneven as these when both come from one place (Mann-Whitney, normal approximation)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks, at = [0.0, 0.0], 0
    for _value, same in groupby(ranked, key=lambda pair: pair[0]):
        rows = list(same)
        middle = at + (len(rows) + 1) / 2
        for _same, which in rows:
            ranks[which] += middle
        at += len(rows)
    n, m = len(one), len(other)
    u = ranks[0] - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def _measured() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="oa-bench-") as folder:
        return run_in_memory(f"FOLDER, TIMES = {folder!r}, {TIMES}\n{SCRIPT}")


def run() -> list[dict[str, Any]]:
    found = _measured()
    times: dict[str, dict[str, list[float]]] = {}
    for url, name, seconds in found["taken"]:
        times.setdefault(url, {}).setdefault(name, []).append(seconds)
    rows = []
    limit = CHANCE / len(times)
    for url, by_name in times.items():
        middle = {name: statistics.median(values) for name, values in by_name.items()}
        change = middle["opted in"] - middle["silent"]
        spread = max(abs(middle["control"] - middle["silent"]), NOISE * middle["silent"])
        chance = _differ(by_name["opted in"], by_name["silent"] + by_name["control"])
        rows.append(
            {
                "work": f"{url.replace(found['child'], '...')}, {found['families']} families opt in",
                "figure": f"{change * 1000:+.2f} ms on {middle['silent'] * 1000:.1f} ms, p = {chance:.2f}",
                "peer": f"control {(middle['control'] - middle['silent']) * 1000:+.2f} ms",
                "ratio": middle["opted in"] / middle["silent"],
                "budget": "no difference",
                "ok": chance >= limit or abs(change) <= spread,
            }
        )
        if "planted" in by_name:
            chance = _differ(by_name["planted"], by_name["silent"] + by_name["control"])
            more = middle["planted"] - middle["silent"]
            rows.append(
                {
                    "work": "the same page with one query more, planted",
                    "figure": f"{more * 1000:+.2f} ms, p = {chance:.2g}",
                    "peer": "shows what this measurement can see",
                    "ratio": middle["planted"] / middle["silent"],
                    "budget": "",
                }
            )
    return rows
