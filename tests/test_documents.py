"""What the documents show is what there is."""

from __future__ import annotations

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

import unmask
from unmask.cli import main

ROOT = Path(__file__).parents[1]
SOURCE = Path(unmask.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCE.rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_in_docstrings(module):
    assert doctest.testmod(import_module(module)).failed == 0


def test_the_readme_opens_with_the_two_commands():
    lines = [line.strip() for line in (ROOT / "README.md").read_text().splitlines() if line]
    assert lines[0] == "# unmask"
    assert [line.split("#")[0].strip() for line in lines[1:3]] == ["make demo", "make test"]


@pytest.mark.parametrize(
    "line", re.findall(r"^ {4}(unmask .*)", (ROOT / "README.md").read_text(), re.MULTILINE)
)
def test_commands_of_the_readme_exist_with_their_options(line, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    words = line.split("#")[0].split(">")[0].split()[1:]
    path = [word for word in words[:2] if re.fullmatch("[a-z]+", word)]
    path = path[: 2 if path[0] in ("models", "data") else 1]
    with pytest.raises(SystemExit) as ended:
        main([*path, "--help"])
    assert not ended.value.code
    shown = capsys.readouterr().out
    assert all(option in shown for option in words if option.startswith("--"))


def test_constraints_pin_every_dependency_and_name_no_address():
    text = (ROOT / "constraints.txt").read_text()
    pinned = {re.split("[ =]", line)[0] for line in text.splitlines()}
    project = (ROOT / "pyproject.toml").read_text()
    blocks = re.findall(
        r"^(?:dependencies|train|provenance|pdf|serve|cluster|dev) = \[(.*?)\]",
        project,
        re.MULTILINE | re.DOTALL,
    )
    wanted = {
        name
        for block in blocks
        for name in re.findall(r'"([a-z0-9-]+)(?:\[[a-z,]+\])?[>=<]', block)
    }
    assert len(wanted) > 15
    assert wanted <= pinned
    assert not re.search(r"://|file:|-i |index|@", text)
    assert all(re.fullmatch(r"[a-z0-9-]+==[^ ]+( ; .+)?", line) for line in text.splitlines())


def test_the_makefile_lists_its_targets():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    wanted = {"help", "demo", "test", "lint", "format", "bench", "system-deps", "clean"}
    assert wanted <= targets
