"""A whole city types at once: 60 administrators save a form every 20 s, and lists are opened 20 times a second.

Only with ``--large``, for two minutes (``BENCH_TYPISTS_SECONDS`` for another time), on the PostgreSQL and the server of
``bench.pages``. No save may be refused or lost: what the database holds in the end is what each typist sent last. How
long a save takes in this storm is a figure and no budget: the budget of a save is measured by ``bench.pages``.
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import uuid
from typing import Any
from urllib.parse import urlencode

from bench.pages import DEFAULT_DATABASE, PORT, ROOT, _ask, _fresh_database, _manage

TYPISTS, EVERY = 60, 20.0  # seconds between two saves of one typist
VIEWERS, VIEW_EVERY = 20, 1.0
MOST_QUERIES = 12
TOKEN = (
    "0123456789abcdef" * 2
)  # of the form protection: any value that stands in the cookie and in the request
REVISION = re.compile(r'data-revision="(\d+)"')

PREPARE = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from admissions.models import Application
from schools.clock import move_clock
from schools.enums import Role
from schools.models import AdmissionYear, Membership, SchoolRound, User, local_moment
year = AdmissionYear.objects.get()
round_ = year.rounds.get(code="ALM2")
round_.state = "open"
round_.save(update_fields=["state"])
move_clock(year, to=local_moment(round_.parents_until))
def cookie(user):
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key
seats = SchoolRound.objects.filter(round=round_, ceiling__gt=0).select_related("programme__school").order_by("pk")
typists = []
for number, seat in enumerate(seats[:TYPISTS]):
    user = User.objects.create_user(f"typist{number}@example.org", name=f"Typist {number}")
    school = seat.programme.school
    Membership.objects.create(user=user, role=Role.SCHOOL_ADMIN, school=school)
    typists.append({"cookie": cookie(user), "brin": school.brin})
manager = User.objects.get(email="manager@example.org")
client = Client(headers={"host": "127.0.0.1"})
client.force_login(manager, backend="allauth.account.auth_backends.AuthenticationBackend")
client.get("/programma/kinderen/")
with CaptureQueriesContext(connection) as captured:
    status = client.get("/programma/kinderen/?page=3").status_code
print(json.dumps({"typists": typists, "manager": cookie(manager), "queries": len(captured), "status": status,
    "applications": Application.objects.count()}))
"""

STORED = """
import json
from admissions.models import FormEntry
print(json.dumps({str(e.key): e.typed.get("street", "") for e in FormEntry.objects.exclude(typed={})}))
"""


class Typist:
    """One administrator in one form: types another street every time, and remembers the last that was answered."""

    def __init__(self, number: int, brin: str, cookie: str) -> None:
        self.number, self.cookie = number, cookie
        self.key = str(uuid.uuid4())
        self.path = f"/school/{brin}/formulieren/invoer/{self.key}/"
        self.revision, self.kept = "0", ""
        self.seconds: list[float] = []
        self.errors: list[str] = []

    def save(self, turn: int) -> None:
        street = f"Laan {self.number}-{turn}"
        typed = {
            "given_name": f"Kind {self.number}",
            "surname": "Proef",
            "date_of_birth": "4-2-21",
            "received_on": "15-3-24",
            "postcode": "2545HR",
            "house_number": str(self.number + 1),
            "street": street,
            "revision": self.revision,
            "window": f"w{self.number}",
        }
        headers = {
            "Cookie": f"sessionid={self.cookie}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        try:
            connection.request("POST", f"{self.path}bewaren/", urlencode(typed), headers)
            answer = connection.getresponse()
            body = answer.read().decode()
        except OSError as exc:
            self.errors.append(str(exc))
            return
        finally:
            connection.close()
        self.seconds.append(time.perf_counter() - started)
        if answer.status != 200:
            self.errors.append(f"{answer.status}")
            return
        self.kept = street
        found = REVISION.search(body)
        self.revision = found[1] if found else self.revision

    def work(self, until: float) -> None:
        time.sleep(EVERY * self.number / TYPISTS)
        turn = 0
        while time.perf_counter() < until:
            started = time.perf_counter()
            turn += 1
            self.save(turn)
            time.sleep(max(0.0, EVERY - (time.perf_counter() - started)))


def _view(number: int, path: str, cookie: str, until: float, taken: list[float], errors: list[str]) -> None:
    time.sleep(VIEW_EVERY * number / VIEWERS)
    while time.perf_counter() < until:
        try:
            seconds = _ask(f"{path}?page={number + 1}", cookie)
        except (OSError, RuntimeError) as exc:
            errors.append(str(exc))
            seconds = 0.0
        else:
            taken.append(seconds)
        time.sleep(max(0.0, VIEW_EVERY - seconds))


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else 0.0


def run(large: bool = False) -> list[dict[str, Any]]:
    if not large:
        return []
    url = os.environ.get("BENCH_DATABASE_URL", DEFAULT_DATABASE)
    if not _fresh_database(url):
        return [{"work": "typists", "figure": "skipped: no PostgreSQL answers", "budget": ""}]
    length = float(os.environ.get("BENCH_TYPISTS_SECONDS", "120"))
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.local"}
    _manage(environment, "migrate", "-v0")
    _manage(environment, "load_demo")
    script = f"TYPISTS = {TYPISTS}\n{PREPARE}"
    prepared = json.loads(_manage(environment, "shell", "-v0", script=script).strip().splitlines()[-1])
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi"),
            *("--config", "config/gunicorn.py", "--bind", f"127.0.0.1:{PORT}"),
        ],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    typists = [Typist(number, row["brin"], row["cookie"]) for number, row in enumerate(prepared["typists"])]
    taken: list[float] = []
    errors: list[str] = []
    try:
        for _attempt in range(150):
            try:
                _ask("/healthz", "")
                break
            except OSError:
                time.sleep(0.2)
        for _attempt in range(20):
            _ask("/programma/kinderen/", prepared["manager"])
        until = time.perf_counter() + length
        threads = [threading.Thread(target=typist.work, args=(until,)) for typist in typists]
        threads += [
            threading.Thread(
                target=_view, args=(n, "/programma/kinderen/", prepared["manager"], until, taken, errors)
            )
            for n in range(VIEWERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.terminate()
        server.wait()
    stored = json.loads(_manage(environment, "shell", "-v0", script=STORED).strip().splitlines()[-1])
    saves = [seconds for typist in typists for seconds in typist.seconds]
    lost = [typist for typist in typists if typist.kept and stored.get(typist.key) != typist.kept]
    failed = [text for typist in typists for text in typist.errors]
    load = os.getloadavg()[0]
    return [
        {
            "work": f"{len(typists)} typists, {len(saves)} saves in {length:.0f} s",
            "figure": f"p95 {_p95(saves) * 1000:.0f} ms, {len(failed)} refused, {len(lost)} lost (load {load:.0f})",
            "peer": "; ".join(sorted(set(failed)))[:60],
            "budget": "none refused, none lost",
            "ok": not failed and not lost and len(saves) > 0,
        },
        {
            "work": f"meanwhile {len(taken)} lists of {prepared['applications']:,}, {len(taken) / length:.0f} a second",
            "figure": f"p95 {_p95(taken) * 1000:.0f} ms, {prepared['queries']} queries, {len(errors)} failed",
            "peer": "; ".join(sorted(set(errors)))[:60],
            "budget": f"{VIEWERS} a second, at most {MOST_QUERIES} queries, none failed",
            "ok": not errors and prepared["queries"] <= MOST_QUERIES and prepared["status"] == 200,
        },
    ]
