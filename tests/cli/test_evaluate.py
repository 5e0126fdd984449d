from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from bundles import tiny_bundle
from unmask.data.manifest import make_manifest, write_manifest

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def model(tmp_path):
    return tiny_bundle(tmp_path)


@pytest.fixture
def dataset(tmp_path):
    root = tmp_path / "mine"
    root.mkdir()
    shutil.copy(SAMPLES / "real" / "hopper.jpg", root)
    shutil.copy(SAMPLES / "forged" / "hopper-faceswap.jpg", root / "swap.jpg")
    with (root / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [
                ("file", "label", "original", "method", "split", "note"),
                ("hopper.jpg", "REAL", "", "", "val", ""),
                ("swap.jpg", "FAKE", "hopper.jpg", "[bold]swap", "val", ""),
            ]
        )
    return root


def test_figures_are_printed_and_written(unmask_cli, dataset, model, tmp_path):
    out = tmp_path / "out"
    code, printed, err = unmask_cli("evaluate", dataset, "--model", model, "--out", out)
    assert code == 0
    assert "mine, split val: 1 real and 1 fake media of 1 people or families" in printed
    assert "medium method [bold]swap" in printed
    assert f"results: {out}" in err
    assert {"results.json", "scores.parquet", "frames.parquet", "mine-roc.png"} <= {
        path.name for path in out.iterdir()
    }


def test_json_is_all_that_goes_to_stdout(unmask_cli, dataset, model):
    code, printed, _ = unmask_cli(
        "evaluate", dataset, "--model", model, "--json", "--prior", "0.1", "--prior", "0.9",
        "--specificity", "0.5",
    )  # fmt: skip
    assert code == 0
    results = json.loads(printed)
    assert results["priors"] == [0.1, 0.9]
    names = {figure["name"] for figure in results["parts"][0]["figures"]}
    assert "recall at specificity 0.5" in names
    assert "recall at specificity 0.83" not in names
    priors = {f["prior"] for f in results["parts"][0]["figures"] if f["name"] == "PR AUC"}
    assert priors == {0.5, 0.1, 0.9}


def test_a_manifest_stands_for_a_dataset(unmask_cli, dataset, model, tmp_path):
    rows = [{"video_id": "h", "path": "hopper.jpg", "label": 0, "group_id": "h",
             "dataset": "named", "split": "test"}]  # fmt: skip
    write_manifest(make_manifest(rows), tmp_path / "m.parquet")
    call = ("--manifest", tmp_path / "m.parquet", "--model", model, "--split", "test", "--json")
    code, printed, _ = unmask_cli("evaluate", *call, "--root", dataset)
    assert code == 0
    assert json.loads(printed)["sources"][0]["name"] == "named"
    for wrong in (call, (dataset, *call, "--root", dataset), ()):
        code, printed, err = unmask_cli("evaluate", *wrong)
        assert (code, printed) == (2, "")
        assert "give datasets, or a manifest" in err


@pytest.mark.parametrize("option", ["--prior", "--specificity"])
def test_values_out_of_range_are_refused(unmask_cli, dataset, option):
    code, printed, err = unmask_cli("evaluate", dataset, option, "1")
    assert (code, printed) == (2, "")
    assert f"{option[2:]} must be between 0 and 1. Got 1" in err
