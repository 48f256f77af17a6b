"""The matching problem as JSON: ``python -m lottery.engine match`` (data-formats.md section 3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from lottery.engine.deferred_acceptance import Applicant, School, deferred_acceptance
from lottery.engine.grammar import shown


class ProblemError(ValueError):
    """One plain sentence about the first thing that is wrong with a matching problem."""


def solve(data: bytes) -> bytes:
    """The answer to a problem, as one line of ASCII JSON that ends with a line feed.

    Shapes: ``{"placements": {applicant: school or null}}`` in the order of the applicants.
    Errors: ProblemError.
    """
    applicants, schools = parse_problem(data)
    try:
        placements = deferred_acceptance(applicants, schools)
    except ValueError as error:
        sentence = str(error)
        raise ProblemError(f"{sentence[:1].upper()}{sentence[1:]}.") from error
    return json.dumps({"placements": placements}).encode("ascii") + b"\n"


def parse_problem(data: bytes) -> tuple[list[Applicant], list[School]]:
    """Applicants and schools of a problem in UTF-8 JSON.

    Errors: ProblemError for malformed JSON (also a key given twice, NaN or Infinity), a missing key, a value
    of the wrong type, an applicant in a tier who is unknown or named twice at that school. What concerns the
    matching itself (double ids, unknown schools, equal lots, negative capacities) is checked by
    ``deferred_acceptance``.
    """
    problem = _load(data)
    if not isinstance(problem, dict):
        raise ProblemError("The problem must be a JSON object.")
    school_entries = _entries(problem, "schools")
    applicants = [
        _applicant(entry, position) for position, entry in enumerate(_entries(problem, "applicants"), 1)
    ]
    known = {applicant.id for applicant in applicants}
    return applicants, [_school(entry, position, known) for position, entry in enumerate(school_entries, 1)]


def _load(data: bytes) -> object:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProblemError(f"The problem is not UTF-8: byte {error.start + 1} cannot be read.") from error
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ProblemError("The problem is not usable JSON: it is nested too deeply.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise ProblemError(f"The problem is not valid JSON at {place}: {error.msg}.") from error
    except ProblemError:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise ProblemError("The problem is not usable JSON: a number is too long.") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ProblemError(f"The key {shown(twice)} occurs twice in one object.")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ProblemError(f"The problem is not valid JSON: {name} is not a number.")


def _entries(problem: dict[str, Any], key: str) -> list[dict[str, Any]]:
    if key not in problem:
        raise ProblemError(f"The key '{key}' is missing.")
    entries = problem[key]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ProblemError(f"'{key}' must be a list of objects.")
    return entries


def _id(entry: dict[str, Any], what: str) -> str:
    if "id" not in entry:
        raise ProblemError(f"The key 'id' of {what} is missing.")
    value = entry["id"]
    if not isinstance(value, str):
        raise ProblemError(f"The id of {what} must be a string.")
    return value


def _applicant(entry: dict[str, Any], position: int) -> Applicant:
    name = _id(entry, f"applicant number {position}")
    if "preferences" not in entry:
        raise ProblemError(f"The key 'preferences' of applicant {shown(name)} is missing.")
    preferences = entry["preferences"]
    if not _is_list_of_strings(preferences):
        raise ProblemError(f"The preferences of applicant {shown(name)} must be a list of strings.")
    if len(set(preferences)) != len(preferences):
        raise ProblemError(f"Applicant {shown(name)} names a school twice.")
    lot = entry.get("lottery_number", position)
    if not _is_integer(lot):
        raise ProblemError(f"The lottery number of applicant {shown(name)} must be an integer.")
    return Applicant(name, preferences, lot)


def _school(entry: dict[str, Any], position: int, known: set[str]) -> School:
    name = _id(entry, f"school number {position}")
    if "capacity" not in entry:
        raise ProblemError(f"The key 'capacity' of school {shown(name)} is missing.")
    capacity = entry["capacity"]
    if capacity is not None and not _is_integer(capacity):
        raise ProblemError(f"The capacity of school {shown(name)} must be an integer or null.")
    priority = entry.get("priority", [])
    if not isinstance(priority, list) or not all(map(_is_list_of_strings, priority)):
        raise ProblemError(f"The priority of school {shown(name)} must be a list of lists of strings.")
    return School(name, capacity, _tiers(name, priority, known))


def _tiers(school: str, priority: Sequence[Sequence[str]], known: set[str]) -> dict[str, int]:
    tiers: dict[str, int] = {}
    for tier, names in enumerate(priority):
        for name in names:
            if name not in known:
                raise ProblemError(f"School {shown(school)} ranks the unknown applicant {shown(name)}.")
            if name in tiers:
                raise ProblemError(f"School {shown(school)} ranks applicant {shown(name)} twice.")
            tiers[name] = tier
    return tiers


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
