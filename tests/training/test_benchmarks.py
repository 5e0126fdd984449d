"""The benchmarks of training run on what there is now."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import media_files as files
from bundles import tiny_bundle
from portraits import portrait

pytestmark = [pytest.mark.train, pytest.mark.slow]

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_a_training_step_is_measured_both_ways():
    command = [sys.executable, BENCHMARKS / "train_step.py", "--steps", "1", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| a step, plain |" in done.stdout
    assert "| a step, quickened |" in done.stdout


def test_heat_maps_are_measured_and_those_of_an_exact_detector_are_faithful(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    rows = ["file,label,split"]
    for number, label in enumerate(["real", "fake"] * 2):
        image = np.clip(portrait(size=240).astype(int) + 10 * number, 0, 255).astype(np.uint8)
        files.write_still(data / f"{number}.png", image)
        rows.append(f"{number}.png,{label},val")
    (data / "labels.csv").write_text("\n".join(rows))
    figure = tmp_path / "figure.png"
    command = [
        *(sys.executable, BENCHMARKS / "heatmaps.py", data, "--out", figure),
        *("--model", tiny_bundle(tmp_path), "--share", "0.06", "--draws", "4"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 real and 2 fake faces of 4 people; 0 without a face to score" in done.stdout
    changes = dict(re.findall(r"\| fake \| (\w+)[^|]*\| (-?[0-9.]+) \|", done.stdout)[:2])
    assert float(changes["hottest"]) < 0 < float(changes["coldest"])
    assert re.search(r"\| all \| hottest \| random, on the face \| [^|]+\|[^|]+\| 0\.", done.stdout)
    assert figure.read_bytes().startswith(b"\x89PNG")
