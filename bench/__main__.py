"""Run all measurements and print one table.

    python -m bench              everything that fits in a few minutes
    python -m bench --large      also a year of 140,000 children
    python -m bench engine       only bench/engine.py

Each module of this package has ``run(large: bool = False)``, or ``run()``. It answers a list of rows with ``work``
(what was done), ``figure`` (what was measured, with its unit), ``peer`` (what it was measured against in the same
run), ``ratio`` (figure : peer) and ``budget``, and may say with ``ok`` whether the budget was kept. Ends with 1 when
one was not.
"""

import argparse
import importlib
import inspect
import os
import pkgutil
import sys
import time
from typing import Any

import bench

COLUMNS = ("work", "figure", "peer", "ratio", "budget")


def measured(name: str, *, large: bool) -> list[dict[str, Any]]:
    run = importlib.import_module(f"bench.{name}").run
    return run(large=large) if "large" in inspect.signature(run).parameters else run()


def shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in columns, each as wide as its widest word, with a mark where a budget was not kept."""
    lines = [[*COLUMNS, ""]]
    lines += [
        [*(shown(row.get(name)) for name in COLUMNS), "" if row.get("ok", True) else "OVER"] for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def main() -> int:
    modules = sorted(
        found.name for found in pkgutil.iter_modules(bench.__path__) if not found.name.startswith("_")
    )
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure against the budgets of the design."
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"one or more of: {', '.join(modules)}")
    parser.add_argument("--large", action="store_true", help="also the years that take minutes")
    arguments = parser.parse_args()
    if unknown := set(arguments.modules) - set(modules):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    rows: list[dict[str, Any]] = []
    for name in arguments.modules or modules:
        print(f"{name} …", file=sys.stderr, flush=True)
        started = time.perf_counter()
        rows += measured(name, large=arguments.large)
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    print(table(rows))
    return 0 if all(row.get("ok", True) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
