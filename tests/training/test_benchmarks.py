"""The benchmarks of training run on what there is now."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.train, pytest.mark.slow]

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_a_training_step_is_measured_both_ways():
    command = [sys.executable, BENCHMARKS / "train_step.py", "--steps", "1", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| a step, plain |" in done.stdout
    assert "| a step, quickened |" in done.stdout
