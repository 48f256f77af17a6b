"""Measurements that nobody runs every day still start: each module can be read, and so can the scripts inside it."""

import ast
import importlib
import pkgutil

import pytest

import bench

MODULES = sorted(found.name for found in pkgutil.iter_modules(bench.__path__))
INLINE = ("import ", "from ")  # a text of several lines that begins so is a program of its own


def scripts_of(module: object) -> dict[str, str]:
    """The programs that a module hands to another process, by name."""
    texts = {name: value for name, value in vars(module).items() if isinstance(value, str) and name.isupper()}
    return {
        name: text for name, text in texts.items() if text.strip().startswith(INLINE) and "\n" in text.strip()
    }


@pytest.mark.parametrize("name", MODULES)
def test_a_measurement_can_be_read(name: str):
    """``python -m bench`` finds ``run`` in every module, and its inline scripts import only what is there."""
    module = importlib.import_module(f"bench.{name}")
    assert name.startswith("_") or callable(module.run)
    for title, text in scripts_of(module).items():
        for node in ast.walk(ast.parse(text, title)):
            if isinstance(node, ast.ImportFrom) and node.module:
                found = importlib.import_module(node.module)
                missing = [alias.name for alias in node.names if not hasattr(found, alias.name)]
                # A name that is no attribute may be a module of the package.
                for one in missing:
                    importlib.import_module(f"{node.module}.{one}")


def test_the_scripts_are_found():
    """The test above would be silent if no script were recognised."""
    pages = importlib.import_module("bench.pages")
    assert {"PREPARE", "SAVE"} <= set(scripts_of(pages))
