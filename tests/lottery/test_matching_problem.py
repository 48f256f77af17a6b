"""``python -m lottery.engine match``: answers, and one sentence with exit code 2 for everything else."""

import json
import os
import subprocess
import sys

import pytest

from lottery.engine.__main__ import main
from lottery.engine.matching_problem import ProblemError, solve
from tests.lottery.random_sessions import ROOT

EXAMPLE = {
    "schools": [
        {"id": "S1", "capacity": 2, "priority": [["c3"], ["c1", "c2"]]},
        {"id": "S2", "capacity": None},
    ],
    "applicants": [
        {"id": "c1", "preferences": ["S1", "S2"], "lottery_number": 1},
        {"id": "c2", "preferences": ["S1", "S2"], "lottery_number": 2},
        {"id": "c3", "preferences": ["S1"], "lottery_number": 3},
    ],
}


def run(*arguments: str, data: bytes = b"", **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "lottery.engine", *arguments],
        input=data,
        capture_output=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=60,
    )


def placements(problem: object) -> dict:
    return json.loads(solve(json.dumps(problem).encode()))["placements"]


def test_the_example_from_a_file_and_from_standard_input(tmp_path):
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(EXAMPLE))
    wanted = {"placements": {"c1": "S1", "c2": "S2", "c3": "S1"}}
    for result in (run("match", str(path)), run("match", "-", data=path.read_bytes())):
        assert (result.returncode, result.stderr) == (0, b"")
        assert json.loads(result.stdout) == wanted


def test_the_command_needs_no_django():
    code = "import sys, runpy; sys.argv = ['x', 'match', '-']\n"
    code += "try: runpy.run_module('lottery.engine', run_name='__main__')\n"
    code += "except SystemExit: pass\nassert 'django' not in sys.modules"
    result = subprocess.run(
        [sys.executable, "-c", code], input=b"{", capture_output=True, cwd=ROOT, timeout=60
    )
    assert result.returncode == 0, result.stderr


def test_missing_lottery_number_is_the_position_and_unknown_keys_are_ignored():
    problem = {
        "schools": [{"id": "S", "capacity": 1, "name": "x"}],
        "applicants": [{"id": "b", "preferences": ["S"]}, {"id": "a", "preferences": ["S"], "x": {}}],
        "more": [1.5],
    }
    assert placements(problem) == {"b": "S", "a": None}


def test_negative_and_huge_lottery_numbers_are_integers():
    problem = {
        "schools": [{"id": "S", "capacity": 1}],
        "applicants": [
            {"id": "a", "preferences": ["S"], "lottery_number": 10**30},
            {"id": "b", "preferences": ["S"], "lottery_number": -5},
        ],
    }
    assert placements(problem) == {"a": None, "b": "S"}


def test_empty_problem_empty_preferences_empty_tiers_and_odd_ids():
    assert placements({"schools": [], "applicants": []}) == {}
    problem = {
        "schools": [{"id": "", "capacity": 0, "priority": [[], []]}],
        "applicants": [{"id": "", "preferences": []}, {"id": "é\n\ud800", "preferences": [""]}],
    }
    assert placements(problem) == {"": None, "é\n\ud800": None}


def test_the_answer_is_ascii_whatever_the_locale():
    problem = {"schools": [{"id": "Ü", "capacity": 1}], "applicants": [{"id": "ß", "preferences": ["Ü"]}]}
    result = run(
        "match", "-", data=json.dumps(problem, ensure_ascii=False).encode(), LC_ALL="C", PYTHONUTF8="0"
    )
    assert result.returncode == 0
    assert result.stdout == b'{"placements": {"\\u00df": "\\u00dc"}}\n'


def changed(**fields) -> bytes:
    return json.dumps(EXAMPLE | fields).encode()


def one_school(**fields) -> bytes:
    return changed(schools=[{"id": "S1", "capacity": 1, **fields}, {"id": "S2", "capacity": 1}])


def one_applicant(**fields) -> bytes:
    return changed(
        schools=[{"id": "S1", "capacity": 1}, {"id": "S2", "capacity": 1}],
        applicants=[{"id": "c1", "preferences": ["S1"], **fields}, {"id": "c2", "preferences": ["S2"]}],
    )


def without(key: str, *path: str | int) -> bytes:
    problem = json.loads(json.dumps(EXAMPLE))
    target = problem
    for step in path:
        target = target[step]
    del target[key]
    return json.dumps(problem).encode()


BAD = {
    "empty": (b"", "not valid JSON"),
    "cut off": (b'{"schools": [', "not valid JSON"),
    "two values": (b"{} {}", "not valid JSON"),
    "byte order mark": (b"\xef\xbb\xbf{}", "not valid JSON"),
    "not UTF-8": (b'{"schools": "\xff"}', "not UTF-8"),
    "UTF-16": (json.dumps(EXAMPLE).encode("utf-16"), "not UTF-8"),
    "NUL": (b'{"schools": "\x00"}', "not valid JSON"),
    "NaN": (changed(x=float("nan")), "NaN is not a number"),
    "Infinity": (changed(x=float("-inf")), "-Infinity is not a number"),
    "double key": (b'{"schools": [], "schools": [], "applicants": []}', "'schools' occurs twice"),
    "double key deep down": (b'{"x": [{"y": 1, "y": 2}]}', "'y' occurs twice"),
    "nested too deeply": (b"[" * 100_000, "nested too deeply"),
    "nested too deeply in an ignored key": (b'{"x": ' + b'{"y": ' * 100_000, "nested too deeply"),
    "number of 5000 digits": (b'{"x": ' + b"1" * 5000 + b"}", "number is too long"),
    "no object": (b"[]", "must be a JSON object"),
    "null": (b"null", "must be a JSON object"),
    "no schools": (without("schools"), "'schools' is missing"),
    "no applicants": (without("applicants"), "'applicants' is missing"),
    "no school id": (without("id", "schools", 0), "'id' of school number 1 is missing"),
    "no capacity": (without("capacity", "schools", 1), "'capacity' of school 'S2' is missing"),
    "no applicant id": (without("id", "applicants", 2), "'id' of applicant number 3 is missing"),
    "no preferences": (without("preferences", "applicants", 0), "'preferences' of applicant 'c1' is missing"),
    "schools no list": (changed(schools={}), "'schools' must be a list of objects"),
    "school no object": (changed(schools=["S1"]), "'schools' must be a list of objects"),
    "applicant no object": (changed(applicants=[None]), "'applicants' must be a list of objects"),
    "school id a number": (one_school(id=1), "id of school number 1 must be a string"),
    "applicant id a list": (one_applicant(id=[]), "id of applicant number 1 must be a string"),
    "capacity a float": (one_school(capacity=1.0), "capacity of school 'S1' must be an integer"),
    "capacity a boolean": (one_school(capacity=True), "capacity of school 'S1' must be an integer"),
    "capacity a string": (one_school(capacity="1"), "capacity of school 'S1' must be an integer"),
    "negative capacity": (one_school(capacity=-1), "capacity of school 'S1' is negative"),
    "lottery number a float": (one_applicant(lottery_number=1.5), "lottery number of applicant 'c1' must be"),
    "lottery number a boolean": (one_applicant(lottery_number=False), "lottery number of applicant 'c1' must be"),
    "lottery number null": (one_applicant(lottery_number=None), "lottery number of applicant 'c1' must be"),
    "equal lottery numbers": (one_applicant(lottery_number=2), "'c1' and 'c2' have the same lottery number"),
    "preferences a string": (one_applicant(preferences="S1"), "preferences of applicant 'c1' must be a list"),
    "preference a number": (one_applicant(preferences=[1]), "preferences of applicant 'c1' must be a list"),
    "preference a list": (one_applicant(preferences=[["S1"]]), "preferences of applicant 'c1' must be a list"),
    "double preference": (one_applicant(preferences=["S1", "S1"]), "'c1' names a school twice"),
    "unknown school": (one_applicant(preferences=["S1", "S9"]), "'c1' names the unknown school 'S9'"),
    "double school": (one_school(id="S2"), "School 'S2' occurs twice"),
    "double applicant": (one_applicant(id="c2"), "Applicant 'c2' occurs twice"),
    "priority no list": (one_school(priority="c1"), "priority of school 'S1' must be a list of lists"),
    "priority null": (one_school(priority=None), "priority of school 'S1' must be a list of lists"),
    "tier no list": (one_school(priority=["c1"]), "priority of school 'S1' must be a list of lists"),
    "tier of numbers": (one_school(priority=[[1]]), "priority of school 'S1' must be a list of lists"),
    "unknown in a tier": (one_school(priority=[["c9"]]), "ranks the unknown applicant 'c9'"),
    "twice in a tier": (one_school(priority=[["c1", "c1"]]), "ranks applicant 'c1' twice"),
    "in two tiers": (one_school(priority=[["c1"], ["c1"]]), "ranks applicant 'c1' twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_one_sentence_and_exit_code_2(name, tmp_path, capfd):
    data, part = BAD[name]
    path = tmp_path / "problem.json"
    path.write_bytes(data)
    assert main(["match", str(path)]) == 2
    out, error = capfd.readouterr()
    assert out == ""
    assert part in error
    assert error.endswith(".\n") and error.count("\n") == 1 and error.isascii()


@pytest.mark.parametrize(
    "name", ["nested too deeply", "not UTF-8", "unknown school", "equal lottery numbers"]
)
def test_errors_through_the_command_line(name):
    data, part = BAD[name]
    result = run("match", "-", data=data)
    assert (result.returncode, result.stdout) == (2, b"")
    assert part in result.stderr.decode() and result.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [(), ("match",), ("match", "a", "b"), ("solve", "-"), ("match", "/nowhere/x.json"), ("match", "/")],
)
def test_wrong_arguments(arguments):
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.count(b"\n") == 1 and b"Traceback" not in result.stderr


def test_ids_in_sentences_are_kept_to_one_short_line():
    problem = {"schools": [], "applicants": [{"id": "a\n" * 500, "preferences": ["\u2028" * 500]}]}
    with pytest.raises(ProblemError) as caught:
        solve(json.dumps(problem).encode())
    assert len(str(caught.value)) < 200 and "\n" not in str(caught.value)


def test_help():
    assert run("match", "--help").stdout == run("--help").stdout
    result = run("--help")
    assert result.returncode == 0
    assert result.stdout.startswith(b"Usage: python -m lottery.engine match")
