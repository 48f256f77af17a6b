"""Pages under the load of an office: gunicorn on PostgreSQL, 20 users who each ask a page every 3 seconds.

Skipped with a line when no PostgreSQL answers at BENCH_DATABASE_URL (default: the local server, database oa_bench,
which is made anew). The peer is ``/healthz`` in the same run: what the server and this client cost by themselves.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from bench._board import BOARD, measure

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DATABASE = "postgres://postgres@127.0.0.1/oa_bench"
PORT = 8199
USERS, EVERY, SECONDS = 20, 3.0, 30.0
LIST_BUDGET, SAVE_BUDGET, QUERY_BUDGET = 0.300, 0.200, 20  # seconds, seconds, queries
CASES = 300
# More pages that the same users ask, one after another; the board by itself and the ledger are in ``bench._board``. Who
# looks at a board asks for it once and then polls, so whole boards for everybody are a figure without a budget.
PAGES = (
    ("inbox of {cases} cases", "/programma/zaken/", 0.300),
    ("whole round board", BOARD, None),
    ("figures of {years} years, public", "/{region}/cijfers/", 0.500),
    ("figures of {years} years, office", "/programma/cijfers/", 0.500),
)

PREPARE = """
import json, sys
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from schools.models import AdmissionYear, User
from admissions.enums import CaseKind
from admissions.models import Application, PublishedRound
from admissions.services.cases.opening import Opening, open_cases
from admissions.services.figures.earlier_years import import_figures, read_figures
from admissions.services.year.demo import DEMO_DIRECTORY
manager = User.objects.get(email="manager@example.org")
session = SessionStore()
session[SESSION_KEY] = str(manager.pk)
session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
session[HASH_SESSION_KEY] = manager.get_session_auth_hash()
session.create()
# A busy inbox, and a third year of figures beside the two of the demo.
year = AdmissionYear.objects.get()
reported = Application.objects.filter(year=year).order_by("pk")[:CASES]
open_cases(year, [
    Opening(CaseKind.BIRTH_DATE, one.registration_number, "Born in June", application=one) for one in reported
], actor=manager)
header, *lines = (DEMO_DIRECTORY / "earlier-figures.csv").read_text().splitlines()
third = [line.replace("2021-2022", "2020-2021", 1) for line in lines if line.startswith("2021-2022")]
content = "\\n".join([header, *third]).encode()
import_figures(read_figures(content, region=year.region, name="x.csv"), year=year, actor=manager)
years = PublishedRound.objects.values("year_code").distinct().count()
print(json.dumps({"cookie": session.session_key, "applications": Application.objects.count(), "years": years,
    "region": year.region.slug}))
"""

SAVE = """
import json, statistics, time
from django.db import connection
from django.test.utils import CaptureQueriesContext
from admissions.services.forms.application_forms import Typed, finalise_form, release_form, save_draft
from admissions.services.forms.contents import contents_of
from admissions.models import ApplicationForm
from schools.clock import move_clock
from schools.models import AdmissionYear, local_moment
year = AdmissionYear.objects.get()
round_ = year.rounds.order_by("position")[1]
move_clock(year, to=local_moment(round_.parents_until))
seconds, queries = [], []
def as_typed(contents):
    # A form of the import lacks what a school must type: a phone number, and what the parents wrote at a claim.
    told = {f"evidence_{kind}": "Aya" for kind in contents["priority_claims"].split()}
    told |= {"phone": "0612345678", "no_email": str(int(not contents["email"]))}
    return contents | {name: contents[name] or value for name, value in told.items()}
for form in ApplicationForm.objects.filter(application__first_choice__round=round_).select_related("application")[:60]:
    release_form(form.pk, actor=None)
    typed = Typed(as_typed(contents_of(form.application)), tuple(form.checklist))
    with CaptureQueriesContext(connection) as captured:
        started = time.perf_counter()
        save_draft(form.pk, typed, actor=None)
        seconds.append(time.perf_counter() - started)
    queries.append(len(captured))
    finalise_form(form.pk, actor=None)
print(json.dumps({"p95": statistics.quantiles(seconds, n=20)[-1], "queries": max(queries)}))
"""


def _manage(environment: dict[str, str], *arguments: str, script: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments[0]}: {done.stderr[-800:]}")
    return done.stdout


def _fresh_database(url: str) -> bool:
    """Make the bench database anew; False when no server answers."""
    import psycopg2

    server, _slash, name = url.rpartition("/")
    try:
        connection = psycopg2.connect(f"{server}/postgres".replace("postgres://", "postgresql://"))
    except psycopg2.OperationalError:
        return False
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()
    return True


def _ask(path: str, cookie: str) -> float:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    opener.addheaders = [("Cookie", f"sessionid={cookie}")]
    started = time.perf_counter()
    with opener.open(f"http://127.0.0.1:{PORT}{path}", timeout=60) as answer:
        answer.read()
        if answer.url.rstrip("/") != f"http://127.0.0.1:{PORT}{path}".rstrip("/"):
            raise RuntimeError(f"{path} went to {answer.url}")
    return time.perf_counter() - started


def _load(path: str, cookie: str) -> list[float]:
    """Seconds of every answer to USERS users who each ask a page every EVERY seconds."""
    taken: list[float] = []
    until = time.perf_counter() + SECONDS

    def user(number: int) -> None:
        chance = random.Random(number)
        time.sleep(chance.uniform(0, EVERY))
        while time.perf_counter() < until:
            started = time.perf_counter()
            try:
                seconds = _ask(f"{path}?page={chance.randint(1, 20)}", cookie)
            except TimeoutError:  # the slowest answer of all counts too
                seconds = time.perf_counter() - started
            taken.append(seconds)
            time.sleep(max(0.0, EVERY - seconds))

    threads = [threading.Thread(target=user, args=(number,)) for number in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def _under_load(work: str, path: str, cookie: str, budget: float | None) -> dict[str, Any]:
    """One line: a page as USERS users ask it, every EVERY seconds."""
    for _attempt in range(8):
        _ask(path, cookie)
    taken = _load(path, cookie)
    p95 = statistics.quantiles(taken, n=20)[-1]
    return {
        "work": f"{work}, {len(taken)} pages of the same users",
        "figure": f"p95 {p95 * 1000:.0f} ms, median {statistics.median(taken) * 1000:.0f} ms",
        "budget": f"p95 under {budget * 1000:.0f} ms" if budget else "",
        "ok": budget is None or p95 < budget,
    }


def run() -> list[dict[str, Any]]:
    url = os.environ.get("BENCH_DATABASE_URL", DEFAULT_DATABASE)
    if not _fresh_database(url):
        return [{"work": "pages", "figure": "skipped: no PostgreSQL answers", "budget": ""}]
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.local"}
    _manage(environment, "migrate", "-v0")
    _manage(environment, "load_demo")
    script = f"CASES = {CASES}\n{PREPARE}"
    prepared = json.loads(_manage(environment, "shell", "-v0", script=script).strip().splitlines()[-1])
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi"),
            *("--config", "config/gunicorn.py", "--bind", f"127.0.0.1:{PORT}"),
        ],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _attempt in range(100):
            try:
                _ask("/healthz", "")
                break
            except OSError:
                time.sleep(0.2)
        peer = statistics.quantiles([_ask("/healthz", "") for _ in range(60)], n=20)[-1]
        for _attempt in range(40):  # every worker has loaded its templates: an office works all day
            _ask("/programma/kinderen/", prepared["cookie"])
        taken = _load("/programma/kinderen/", prepared["cookie"])
        board = measure(f"http://127.0.0.1:{PORT}", prepared["cookie"], _load, partial(_manage, environment))
        others = [
            _under_load(
                work.format(**prepared, cases=CASES), path.format(**prepared), prepared["cookie"], budget
            )
            for work, path, budget in PAGES
        ]
    finally:
        server.terminate()
        server.wait()
    p95 = statistics.quantiles(taken, n=20)[-1]
    saved = json.loads(_manage(environment, "shell", "-v0", script=SAVE).strip().splitlines()[-1])
    return [
        {
            "work": f"list of {prepared['applications']:,} applications, {USERS} users, {len(taken)} pages",
            "figure": f"p95 {p95 * 1000:.0f} ms, median {statistics.median(taken) * 1000:.0f} ms",
            "peer": f"/healthz p95 {peer * 1000:.0f} ms",
            "ratio": p95 / peer,
            "budget": f"p95 under {LIST_BUDGET * 1000:.0f} ms",
            "ok": p95 < LIST_BUDGET,
        },
        {
            "work": "saving a form (service, PostgreSQL)",
            "figure": f"p95 {saved['p95'] * 1000:.0f} ms, {saved['queries']} queries",
            "peer": "",
            "budget": f"at most {QUERY_BUDGET} queries, p95 under {SAVE_BUDGET * 1000:.0f} ms",
            "ok": saved["p95"] < SAVE_BUDGET and saved["queries"] <= QUERY_BUDGET,
        },
        *board,
        *others,
    ]
