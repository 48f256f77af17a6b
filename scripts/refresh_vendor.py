"""Fetch the vendored static files again from npm, or check them against the manifest.

    python scripts/refresh_vendor.py check      compare every file with static/vendor/manifest.json
    python scripts/refresh_vendor.py refresh    download the listed versions and write files and hashes again

The files are committed, so that installing the Python packages alone suffices to run the application.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
MANIFEST = STATIC / "vendor" / "manifest.json"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def faults() -> list[str]:
    """Return one sentence per vendored file that is missing or differs from the manifest."""
    found = []
    for package in json.loads(MANIFEST.read_text())["packages"]:
        for name, entry in package["files"].items():
            path = STATIC / name
            if not path.exists():
                found.append(f"{name} is missing")
            elif sha256(path) != entry["sha256"]:
                found.append(f"{name} is not the file that the manifest describes")
        if not (STATIC / package["licence_file"]).exists():
            found.append(f"{package['licence_file']} is missing")
    return found


def refresh() -> None:
    manifest = json.loads(MANIFEST.read_text())
    for package in manifest["packages"]:
        copied = {name: entry for name, entry in package["files"].items() if "from" in entry}
        if not copied:
            continue
        with tempfile.TemporaryDirectory() as folder:
            wanted = f"{package['name']}@{package['version']}"
            subprocess.run(
                ["npm", "pack", "--silent", wanted], cwd=folder, check=True, stdout=subprocess.DEVNULL
            )
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
                for name, entry in copied.items():
                    member = archive.extractfile(f"package/{entry['from']}")
                    assert member is not None
                    (STATIC / name).write_bytes(member.read())
                    entry["sha256"] = sha256(STATIC / name)
    MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["refresh"]:
        refresh()
    problems = faults()
    print("\n".join(problems) or "All vendored files are as the manifest says.")
    sys.exit(bool(problems))
