"""The second program: controleer.py as a process of its own, on exported files (OA-LOT/1 section 7 point 6)."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import lottery.verifier

VERIFIER = Path(lottery.verifier.__file__).with_name("controleer.py")
TIMEOUT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier said; ``exit_code`` 0 is the only one that makes a result official."""

    exit_code: int
    report: str

    @property
    def agrees(self) -> bool:
        return self.exit_code == 0


def verify_files(files: Mapping[str, bytes], *, commitment_hash: str) -> Verdict:
    """Run the verifier on ``files`` in an empty folder, isolated from our code and environment (``python -I``).

    Anything but success, a crash or a time-out included, is a verdict that does not agree: fail closed.
    """
    with tempfile.TemporaryDirectory(prefix="oa-verify-") as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        command = [sys.executable, "-I", str(VERIFIER), folder, "--vastlegging", commitment_hash]
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as exc:
            return Verdict(99, f"controleer.py: {type(exc).__name__}")
    report = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
    return Verdict(done.returncode, report.replace(folder, "."))
