"""The verification page against its budget: ``python -m bench check_page``.

Wall time of one whole check in Chromium, from the bytes of the files to the verdict, the median of several runs in
the page as it lies on a disk. The peer is the least anybody must do: the same hashes and lots with WebCrypto, and no
check at all.
"""

import base64
import shutil
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from lottery.engine.files import sha256_hex
from tests.lottery.random_sessions import large_session

PAGE = Path(__file__).resolve().parent.parent / "static" / "controleer" / "controleer.html"
SIZES = ((1_400, 85, 2.0), (8_000, 300, 5.0))
ROUNDS = 5
MEASURE = """async ({files, commitment, child, rounds}) => {
  const bytes = {};
  for (const name in files) bytes[name] = Uint8Array.from(atob(files[name]), (letter) => letter.charCodeAt(0));
  const own = [], bare = [];
  const text = (name) => new TextDecoder().decode(bytes[name]);
  const kinds = text("dossiers.txt").split("\\n").filter((line) => line.startsWith("kind|"));
  const outcomes = text("uitslag.txt").split("\\n").filter((line) => line.startsWith("uitkomst|"));
  const lots = outcomes.map((line) => line.split("|")).map((row) => "OA-LOT/1|lot|X|" + row[1] + "|" + row[4]);
  let answer;
  for (let round = 0; round < rounds; round++) {
    let start = performance.now();
    answer = await OALot.check(bytes, {commitment, child, lang: "nl"});
    own.push(performance.now() - start);
    start = performance.now();
    const seed = await crypto.subtle.digest("SHA-256", bytes["zaad.txt"]);
    const key = await crypto.subtle.importKey("raw", seed, {name: "HMAC", hash: "SHA-256"}, false, ["sign"]);
    const encoder = new TextEncoder();
    for (const name in bytes) await crypto.subtle.digest("SHA-256", bytes[name]);
    await Promise.all(kinds.map((line) => crypto.subtle.digest("SHA-256", encoder.encode(line))));
    await Promise.all(lots.map((lot) => crypto.subtle.sign("HMAC", key, encoder.encode(lot))));
    bare.push(performance.now() - start);
  }
  return {own, bare, ok: answer.ok, errors: answer.steps.flatMap((step) => step.errors)};
}"""


def run() -> list[dict[str, Any]]:
    """Rows for ``python -m bench``."""
    program = shutil.which("chromium")
    if program is None:
        return [{"work": "verification page", "figure": "Chromium is not installed", "ok": False}]
    with sync_playwright() as playwright:
        options = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
        ]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        page = browser.new_context(offline=True).new_page()
        page.goto(PAGE.as_uri())
        rows = [measure(page, *size) for size in SIZES]
        browser.close()
    return rows


def measure(page: Any, children: int, schools: int, budget: float) -> dict[str, Any]:
    session = large_session(children, children=children, schools=schools)
    files = session.files()
    result = page.evaluate(
        MEASURE,
        {
            "files": {name: base64.b64encode(content).decode() for name, content in files.items()},
            "commitment": sha256_hex(files["vastlegging.txt"]),
            "child": session.dossiers.children[0].regno,
            "rounds": ROUNDS,
        },
    )
    if not result["ok"]:
        raise AssertionError(result["errors"])
    own, bare = (statistics.median(result[name]) / 1000 for name in ("own", "bare"))
    return {
        "work": f"verification page in Chromium: {children:,} children, {schools} schools",
        "figure": f"{own:.2f} s",
        "peer": f"hashes and lots alone {bare:.2f} s",
        "ratio": own / bare,
        "budget": f"under {budget:.0f} s",
        "ok": own < budget,
    }
