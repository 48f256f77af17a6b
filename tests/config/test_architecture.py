"""House rules that no other tool checks."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# The specification may be cited by the name of its file.
CITY = re.compile(
    r"\b(den[ _-]?haag(?!\.md)|the[ _-]hague|rotterdam|leiden|almere|invitare)\b|(?<=_)(rotterdam|leiden|almere)",
    re.I,
)
CODE = (
    "config",
    "schools",
    "admissions",
    "lottery",
    "notifications",
    "templates",
    "static",
    "scripts",
    "bench",
)
TEXT = {".py", ".html", ".txt", ".css", ".js", ".sh", ".mjml", ".svg", ""}


def files(*folders: str, suffixes: set[str] = TEXT) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path


def findings(pattern: re.Pattern[str], paths: Iterator[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_city_is_named_outside_its_procedure():
    """Shared code asks the procedure, never the city (DESIGN section 2)."""
    vectors = ROOT / "lottery" / "vectors"
    paths = (path for path in files(*CODE) if vectors not in path.parents)
    named = findings(CITY, paths)
    assert [line for line in named if not line.startswith("admissions/procedures/")] == []


def test_no_city_is_named_in_the_names_of_files():
    named = [str(path.relative_to(ROOT)) for path in files(*CODE) if CITY.search(path.stem)]
    assert [name for name in named if not name.startswith("admissions/procedures/")] == []


def test_no_script_or_style_inside_pages():
    """The content security policy would refuse it, silently for whoever does not look at the console."""
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>|<style\b|\sstyle=|\son[a-z]+=\"|javascript:|hx-on",
        re.I,
    )
    assert (
        findings(inline, (path for path in files("templates", suffixes={".html"}) if not is_printed(path)))
        == []
    )


def is_printed(path: Path) -> bool:
    """Letters, draw records and e-mail never go through the browser under our policy."""
    return bool({"letters", "pdf", "email", "mail"} & set(path.relative_to(ROOT / "templates").parts))


def test_no_private_paths_or_addresses_of_package_servers():
    private = re.compile(r"(?<![\w.])/(work|root|home)/\w|pypi\.|registry\.|files\.pythonhosted")
    mine = [*CODE, "docs", "tests/config"]
    paths = [path for path in files(*mine) if path != Path(__file__)]
    paths += [
        path
        for path in ROOT.glob("*")
        if path.is_file() and path.suffix in {".lock", ".toml", ".md", ".yml", ""}
    ]
    assert findings(private, iter(paths)) == []


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def test_engine_needs_only_the_standard_library_and_itself():
    foreign = {
        (str(path.relative_to(ROOT)), name)
        for path in files("lottery/engine", suffixes={".py"})
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("lottery.engine")
    }
    assert foreign == set()


def test_verifier_is_one_file_that_needs_only_the_standard_library():
    """Anybody can run it with plain Python, without installing anything of ours."""
    programs = [path for path in files("lottery/verifier", suffixes={".py"}) if path.name != "__init__.py"]
    assert [path.name for path in programs] == ["controleer.py"]
    assert {
        name for name in imports(programs[0]) if name.split(".")[0] not in sys.stdlib_module_names
    } == set()


def test_environment_is_read_in_one_place():
    reads = re.compile(r"os\.environ(?!\.setdefault)|os\.getenv|environ\.Env|FileAwareEnv")
    apps = files("config", "schools", "admissions", "lottery", "notifications", suffixes={".py"})
    found = findings(reads, apps)
    assert [line for line in found if not line.startswith("config/settings/base.py")] == []
