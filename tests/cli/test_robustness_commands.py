"""The commands that ask how much degraded media cost, and what a bundle reads besides faces."""

import csv
import json

import pytest

import media_files as files
from bundles import tiny_bundle
from portraits import portrait


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two reals and two fakes, which the tiny network tells apart."""
    root = tmp_path_factory.mktemp("few")
    rows = [("file", "label", "original", "method", "split", "note")]
    for number in range(4):
        image = portrait(number) // (1 if number % 2 else 2)
        files.write_still(root / f"{number}.png", image)
        rows.append((f"{number}.png", ("REAL", "FAKE")[number % 2], "", "", "val", ""))
    with (root / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_bundle(tmp_path_factory.mktemp("model"))


def test_robustness_prints_a_table_and_writes_the_rest(unmask_cli, dataset, model, tmp_path):
    out = tmp_path / "out"
    call = ("robustness", dataset, "--model", model, "--limit", 2, "--out", out)
    code, text, err = unmask_cli(*call, "--markdown")
    assert code == 0, err
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert len({len(row) for row in rows}) == 1
    assert rows[2][0] == "| untouched"
    assert rows[2][1].startswith("1.000")
    assert any(row[0] == "| H.264, crf 36" for row in rows)
    assert "1 real and 1 fake media of 2 people or families, drawn with --limit 2" in text
    results = json.loads((out / "robustness.json").read_text())
    assert results["model"]["name"] == "tiny"
    assert len(results["conditions"]) == len(rows) - 2
    assert f"results: {out}" in err


def test_shortcuts_print_json_tables_and_markdown(unmask_cli, dataset, model, tmp_path):
    out = tmp_path / "out"
    call = ("shortcuts", dataset, "--model", model, "--limit", 2, "--out", out)
    code, text, err = unmask_cli(*call, "--json")
    assert code == 0, err
    assert json.loads(text) == json.loads((out / "shortcuts.json").read_text())
    tests = [each["test"] for each in json.loads(text)["findings"]]
    assert tests == ["recoding"] * 3 + ["occlusion"] * 3
    code, text, err = unmask_cli(*call[:-2], "--markdown")
    assert code == 0, err
    assert "| AUC, face only | 1.000 (1.000–1.000) |" in text
    assert "of a crop" in text


def test_a_limit_that_no_family_fits_is_one_line(unmask_cli, dataset, model, tmp_path):
    call = ("robustness", dataset, "--model", model, "--limit", 1, "--out", tmp_path / "out")
    code, _, err = unmask_cli(*call)
    assert code == 2
    assert err.count("\n") == 1
    assert "no family fits into --limit 1; raise it" in err
