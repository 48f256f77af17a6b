"""Letters per second and memory: ``python -m bench letters`` (DESIGN section 10).

The peer is what anybody would write first, and then tuned: a bare WeasyPrint loop over finished HTML, with the same
PDF variant, one font configuration, one parsed style sheet and an image cache. Ours starts at the message in the
database and ends at the stored letter: reading, checking, template, QR code, hash and insert are all in its time.
Times are processor seconds of one process, batches of both alternate. It runs in a process and a database of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, WARM_UP = 12, 2  # alternating batches, and how many of them do not count
RATIO, GROWTH = 0.9, 10.0  # of the bare loop's speed; MiB between the first counted batch and the last


def run() -> list[dict[str, Any]]:
    """Rows for ``python -m bench``."""
    with tempfile.TemporaryDirectory(prefix="oa-bench-") as folder:
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{Path(folder, 'bench.sqlite3')}",
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings.local"),
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
        command = [sys.executable, "-m", "bench.letters", folder]
        measured = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    found = json.loads(measured.stdout)
    ratio = found["ours"] / found["bare"]
    return [
        {
            "work": f"letters (M05, one page, PDF/A-3a), {found['letters']} made and stored",
            "figure": f"{found['ours']:.1f} letters/s",
            "peer": f"{found['bare']:.1f} letters/s bare WeasyPrint loop",
            "ratio": ratio,
            "budget": f"ratio {RATIO}",
            "ok": ratio >= RATIO,
        },
        {
            "work": f"letters: memory over {found['letters']} letters",
            "figure": f"{found['growth']:+.1f} MiB, {found['memory']:.0f} MiB in all",
            "peer": None,
            "ratio": None,
            "budget": f"flat (under {GROWTH:.0f} MiB)",
            "ok": found["growth"] < GROWTH,
        },
    ]


def measure(folder: Path) -> dict[str, float]:
    """Both loops on the same letters, batch after batch: letters per processor second, and memory in MiB."""
    import django

    django.setup()
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    from notifications.enums import MessageKind
    from notifications.services.letter_content import letter_content
    from notifications.services.letter_renderer import STYLES, letter_html
    from notifications.services.letters import BATCH, make_letters
    from schools.services.pdf import VARIANT, qr_svg, qr_url
    from tests.lottery.draw_sessions import make_round
    from tests.notifications.family_messages import make_message

    round_ = make_round()
    messages = [
        make_message(
            round_,
            MessageKind.M05,
            registration_number=f"H{number:04}",
            merge={"child_name": f"Kind {number} de Wit", "registration_number": f"H{number:04}"},
        )
        for number in range(ROUNDS * BATCH)
    ]
    text = letter_content(messages[0]).fields["qr_text"]
    picture = folder / "qr.svg"
    picture.write_bytes(qr_svg(text))
    pages = [
        letter_html(letter_content(message)).replace(qr_url(text), picture.as_uri()) for message in messages
    ]

    fonts = FontConfiguration()
    sheets = [CSS(filename=str(ROOT / "static" / sheet), font_config=fonts) for sheet in STYLES]
    images: dict[str, Any] = {}

    ours, bare, memory = [], [], []
    for start in range(0, len(messages), BATCH):
        began = time.process_time()
        made = make_letters(message_ids=[message.pk for message in messages[start : start + BATCH]])
        ours.append(time.process_time() - began)
        if made != BATCH:
            raise AssertionError(f"{made} letters instead of {BATCH}")
        memory.append(resident_mib())
        began = time.process_time()
        for page in pages[start : start + BATCH]:
            HTML(string=page).write_pdf(
                font_config=fonts, stylesheets=sheets, cache=images, pdf_variant=VARIANT
            )
        bare.append(time.process_time() - began)
    return {
        "letters": len(messages),
        "ours": BATCH / statistics.median(ours[WARM_UP:]),
        "bare": BATCH / statistics.median(bare[WARM_UP:]),
        "growth": memory[-1] - memory[WARM_UP],
        "memory": memory[-1],
    }


def resident_mib() -> float:
    """Memory of this process now, not at its highest."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
