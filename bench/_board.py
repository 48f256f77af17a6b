"""The round board, its polling and the place ledger on the server that ``pages`` started; lines of the same table."""

import json
import re
import statistics
import time
import urllib.request
from collections.abc import Callable
from typing import Any

BOARD, LEDGER = "/programma/rondes/ALM2/bord/", "/programma/plaatsen/grootboek/"
BOARD_BUDGET, POLL_BUDGET, LEDGER_BUDGET, QUERY_BUDGET = 0.400, 0.020, 0.300, 15
TIMES = 60

# How many queries the board asks, in a process of its own; the session is that of the bench.
QUERIES = """
import json, re
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from schools.models import SchoolRound, AdmissionYear
client = Client(SERVER_NAME="127.0.0.1")
client.cookies["sessionid"] = COOKIE
answer = client.get(BOARD)
assert answer.status_code == 200, answer.status_code
with CaptureQueriesContext(connection) as board:
    client.get(BOARD)
mark = re.search(r'name="merk" value="(\\w+)"', answer.content.decode())[1]
with CaptureQueriesContext(connection) as poll:
    assert client.get(BOARD, {"merk": mark}, headers={"HX-Request": "true"}).status_code == 204
schools = SchoolRound.objects.filter(round__code="ALM2").count()
print(json.dumps({"board": len(board), "poll": len(poll), "schools": schools}))
"""


def _fetch(url: str, cookie: str, **headers: str) -> tuple[float, str]:
    """Seconds and text of one answer."""
    request = urllib.request.Request(url, headers={"Cookie": f"sessionid={cookie}", **headers})
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read().decode()
    return time.perf_counter() - started, text


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def measure(
    base: str, cookie: str, load: Callable[[str, str], list[float]], manage: Callable[..., str]
) -> list[dict[str, Any]]:
    """Lines for ``python -m bench pages``: ``load`` asks a page as an office does, ``manage`` runs a script."""
    _seconds, text = _fetch(base + BOARD, cookie)
    mark = re.search(r'name="merk" value="(\w+)"', text)
    if mark is None:
        raise RuntimeError("the board has no mark")
    board = _p95([_fetch(base + BOARD, cookie)[0] for _ in range(TIMES)])
    poll_url = f"{base}{BOARD}?merk={mark[1]}"
    polls = [_fetch(poll_url, cookie, **{"HX-Request": "true"}) for _ in range(TIMES)]
    if any(answer for _seconds, answer in polls):
        raise RuntimeError("the board changed while nobody touched it")
    poll = _p95([seconds for seconds, _answer in polls])
    ledger = load(LEDGER, cookie)
    script = f"COOKIE, BOARD = {cookie!r}, {BOARD!r}\n{QUERIES}"
    counted = json.loads(manage("shell", "-v0", script=script).strip().splitlines()[-1])
    return [
        {
            "work": f"round board of {counted['schools']} schools",
            "figure": f"p95 {board * 1000:.0f} ms, {counted['board']} queries",
            "budget": f"at most {QUERY_BUDGET} queries, under {BOARD_BUDGET * 1000:.0f} ms",
            "ok": board < BOARD_BUDGET and counted["board"] <= QUERY_BUDGET,
        },
        {
            "work": "polling a board that did not change",
            "figure": f"p95 {poll * 1000:.0f} ms, {counted['poll']} queries",
            "budget": f"under {POLL_BUDGET * 1000:.0f} ms",
            "ok": poll < POLL_BUDGET,
        },
        {
            "work": f"place ledger, {len(ledger)} pages of the same users",
            "figure": f"p95 {_p95(ledger) * 1000:.0f} ms, median {statistics.median(ledger) * 1000:.0f} ms",
            "budget": f"p95 under {LEDGER_BUDGET * 1000:.0f} ms",
            "ok": _p95(ledger) < LEDGER_BUDGET,
        },
    ]
