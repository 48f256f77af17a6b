"""Command line of the engine: ``python -m lottery.engine match PROBLEM.json`` (``-`` is standard input)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from lottery.engine.matching_problem import ProblemError, solve

USAGE = "Usage: python -m lottery.engine match PROBLEM.json (or - for standard input)."


def main(arguments: Sequence[str]) -> int:
    """Print the answer and return 0; or one sentence on standard error, nothing on standard output, and 2."""
    if list(arguments) in (["-h"], ["--help"], ["match", "-h"], ["match", "--help"]):
        print(USAGE)
        return 0
    if len(arguments) != 2 or arguments[0] != "match":
        return _refuse(USAGE)
    source = arguments[1]
    try:
        answer = solve(sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes())
    except OSError as error:
        return _refuse(f"The file {source!a} cannot be read: {error.strerror or error}.")
    except ProblemError as error:
        return _refuse(str(error))
    except ValueError:  # a path with a null byte
        return _refuse(f"The file {source!a} cannot be read.")
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return 0


def _refuse(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
