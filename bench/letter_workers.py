"""The letters of a round by two Celery processes on PostgreSQL and Redis: ``python -m bench letter_workers``.

As in service: the job is asked for, one process keeps it and the other helps. The peer is a bare WeasyPrint loop over
the same pages in one process. Both are counted in processor seconds a letter, so that what else a machine does is not
measured; the pace by the clock is told beside it. ``LETTERS`` in the environment changes the number.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
LETTERS, PROCESSES, BARE = 1_400, 2, 60
RATIO, GROWTH = (
    0.9,
    10.0,
)  # of the bare loop's speed; MiB of one process between the first quarter and the end


def run() -> list[dict[str, Any]]:
    """Rows for ``python -m bench``; without a PostgreSQL or Redis one row that says so."""
    with tempfile.TemporaryDirectory(prefix="oa-bench-") as folder:
        command = [
            sys.executable,
            "scripts/with_postgres.py",
            sys.executable,
            "-m",
            "bench.letter_workers",
            folder,
        ]
        answer = Path(folder, "found.json")
        done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        if done.returncode or not answer.exists():
            work = "letters by two processes: needs PostgreSQL and Redis on this machine"
            return [
                {
                    "work": work,
                    "figure": "not measured",
                    "peer": None,
                    "ratio": None,
                    "budget": f"ratio {RATIO}",
                }
            ]
        found = json.loads(answer.read_text())
    ratio = found["bare"] / found["ours"]
    return [
        {
            "work": f"letters by {PROCESSES} processes, PostgreSQL and Redis, {found['letters']} made and stored",
            "figure": f"{found['ours'] * 1000:.0f} ms/letter of a processor; {found['pace']:.1f} letters/s",
            "peer": f"{found['bare'] * 1000:.0f} ms bare WeasyPrint loop",
            "ratio": ratio,
            "budget": f"ratio {RATIO}",
            "ok": ratio >= RATIO,
        },
        {
            "work": "letters by two processes: memory of the one that grew most",
            "figure": f"{found['growth']:+.1f} MiB, {found['memory']:.0f} MiB in all",
            "peer": None,
            "ratio": None,
            "budget": f"flat (under {GROWTH:.0f} MiB)",
            "ok": found["growth"] < GROWTH,
        },
        {
            "work": "letters by two processes: share of each, in letters",
            "figure": f"{found['shares']}",
            "peer": None,
            "ratio": None,
            "budget": "both work",
            "ok": min(found["shares"]) > 0,
        },
    ]


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Make ``count`` letters; processor seconds a letter of both, letters a second, memory in MiB."""
    import django

    django.setup()
    from django.db import connection
    from django.db.models import Max, Min

    from admissions.services.year.office_jobs import request_letters
    from config.celery import app
    from notifications.models import Letter
    from notifications.services.letters import BATCH
    from schools.models import Job
    from tests.factories.worker import Worker, redis_server, sending_to
    from tests.lottery.draw_sessions import make_round
    from tests.notifications.family_messages import make_message

    connection.ensure_connection()
    app.conf.task_always_eager = False
    round_ = make_round()
    messages = [
        make_message(
            round_,
            registration_number=f"H{n:05}",
            merge={"child_name": f"Kind {n} de Wit", "registration_number": f"H{n:05}"},
        )
        for n in range(count)
    ]
    bare = bare_loop(messages[:BARE])
    with redis_server(folder) as url, sending_to(url):
        worker = Worker(folder=folder, redis_url=url, concurrency=PROCESSES)
        worker.start()
        try:
            job = request_letters(round_, actor=None)
            pids = worker.children()
            quarter = max(4 * BATCH, count // 4)
            wait(lambda: Letter.objects.count() >= quarter, worker)
            began, first = time.perf_counter(), Letter.objects.count()
            spent = [processor_seconds(pid) for pid in pids]
            memory = [resident_mib(pid) for pid in pids]
            wait(lambda: Letter.objects.count() == count, worker)
            seconds, made = time.perf_counter() - began, count - first
            after = [processor_seconds(pid) for pid in pids]
            grown = [resident_mib(pid) for pid in pids]
            wait(lambda: Job.objects.get(pk=job.pk).is_finished, worker)
        finally:
            worker.kill()
    assert Letter.objects.aggregate(least=Min("message"), most=Max("message"))["most"] == messages[-1].pk
    each = [late - early for late, early in zip(after, spent, strict=True)]
    growth = [late - early for late, early in zip(grown, memory, strict=True)]
    return {
        "letters": count,
        "ours": sum(each) / made,
        "bare": bare,
        "pace": made / seconds,
        "growth": max(growth),
        "memory": sum(grown),
        "shares": [round(used / (sum(each) / made)) for used in each],
    }


def wait(is_so: Any, worker: Any, patience: float = 3_600) -> None:
    end = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"no end after {patience} s: {worker.log()[-2000:]}")
        time.sleep(0.2)


def bare_loop(messages: list[Any]) -> float:
    """Processor seconds a letter of WeasyPrint alone, with shared fonts, parsed CSS and an image cache."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    from notifications.services.letter_content import letter_content
    from notifications.services.letter_renderer import STYLES, letter_html
    from schools.services.pdf import VARIANT, qr_svg, qr_url

    text = letter_content(messages[0]).fields["qr_text"]
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder, "qr.svg")
        picture.write_bytes(qr_svg(text))
        pages = [
            letter_html(letter_content(message)).replace(qr_url(text), picture.as_uri())
            for message in messages
        ]
        fonts = FontConfiguration()
        sheets = [CSS(filename=str(ROOT / "static" / sheet), font_config=fonts) for sheet in STYLES]
        images: dict[str, Any] = {}

        def write(page: str) -> None:
            HTML(string=page).write_pdf(
                font_config=fonts, stylesheets=sheets, cache=images, pdf_variant=VARIANT
            )

        for page in pages[:10]:
            write(page)  # the first letters of a process take longer
        began = time.process_time()
        for page in pages[10:]:
            write(page)
        return (time.process_time() - began) / (len(pages) - 10)


def main(folder: Path) -> None:
    """Inside ``scripts/with_postgres.py``: a database of our own on its server."""
    import psycopg2

    server = os.environ["TEST_DATABASE_URL"]
    name = (
        f"test_open_aanmelden{os.environ['TEST_DATABASE_SUFFIX']}_bench"  # dropped by what started the server
    )
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()
    os.environ |= {
        "DATABASE_URL": urlunsplit(urlsplit(server)._replace(path=f"/{name}")),
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "ENV_FILE": "none",
        "LOG_LEVEL": "ERROR",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
    found = measure(folder, int(os.environ.get("LETTERS", LETTERS)))
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
