"""Published figures of three years: the public page, its files, the finder and the API, in this process.

Three years of the demo's schools are read from a file as the office would, in a database of memory that is thrown away.
The peer is the page of questions and answers in the same run: what a page of this site costs by itself.
"""

from typing import Any

from bench._memory import run_in_memory

BUDGET = 0.500  # seconds

SCRIPT = """
import json, statistics, time
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
from django.db import connection
from django.test.utils import CaptureQueriesContext
from admissions.models import PublishedSchool
from admissions.services.figures.earlier_years import import_figures, read_figures
from admissions.services.year.demo import DEMO_DIRECTORY
from admissions.services.year.import_schools import read_calendar_json, region_for_import, set_up_year
region = region_for_import(None)
calendar = read_calendar_json((DEMO_DIRECTORY / "calendar.json").read_bytes())
year, _new, _unknown = set_up_year(
    region=region, calendar=calendar, schools_csv=(DEMO_DIRECTORY / "schools.csv").read_bytes(), actor=None
)
text = (DEMO_DIRECTORY / "earlier-figures.csv").read_text()
header, *lines = text.splitlines()
third = [line.replace("2021-2022", "2020-2021", 1) for line in lines if line.startswith("2021-2022")]
content = "\\n".join([header, *lines, *third]).encode()
import_figures(read_figures(content, region=region, name="x.csv"), year=year, actor=None)
client = Client()
start = f"/{region.slug}"
answers = {}
pages = {
    "peer": f"{start}/vragen/", "page": f"{start}/cijfers/", "csv": f"{start}/cijfers/?export=csv",
    "json": f"{start}/cijfers/?export=json", "finder": f"{start}/scholen/",
    "api": f"/api/v1/regions/{region.slug}/statistics/2021-2022/ALM1/",
}
for name, url in pages.items():
    taken = []
    for _ in range(12):
        with CaptureQueriesContext(connection) as captured:
            began = time.perf_counter()
            answer = client.get(url)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            taken.append(time.perf_counter() - began)
        assert answer.status_code == 200, (url, answer.status_code)
    answers[name] = {"first": taken[0], "p95": max(taken[1:]), "queries": len(captured), "size": len(body)}
answers["rows"] = PublishedSchool.objects.count()
print(json.dumps(answers))
"""

WORK = {
    "page": "figures of three years, page",
    "csv": "figures of three years, CSV",
    "json": "figures of three years, JSON",
    "finder": "school finder, 138 schools",
    "api": "API, one round with its schools",
}


def run() -> list[dict[str, Any]]:
    found = run_in_memory(SCRIPT)
    peer = found["peer"]["p95"]
    return [
        {
            "work": f"{words} ({found['rows']:,} school rows)" if name == "page" else words,
            "figure": f"slowest of 11 {one['p95'] * 1000:.0f} ms, {one['queries']} queries, {one['size'] // 1024} kB",
            "peer": f"questions page {peer * 1000:.0f} ms",
            "ratio": one["p95"] / peer,
            "budget": f"under {BUDGET * 1000:.0f} ms",
            "ok": one["p95"] < BUDGET,
        }
        for name, words in WORK.items()
        for one in [found[name]]
    ]
