"""A script in a process of its own, with a database in that process's memory that is thrown away with it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def run_in_memory(script: str) -> dict[str, Any]:
    """What ``script`` printed on its last line, as JSON; Django is set up before it. Errors: RuntimeError."""
    environment = os.environ | {
        "DATABASE_URL": "sqlite://:memory:",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "ENV_FILE": "none",
    }
    done = subprocess.run(
        [sys.executable, "-c", f"import django\ndjango.setup()\n{script}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
