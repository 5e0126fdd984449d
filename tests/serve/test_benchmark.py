"""The benchmark of the service runs on what there is now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "serve.py"


@pytest.mark.slow
def test_a_short_load_loses_nothing(bundle):
    """How quick the answers were is not asked here: the machine may have other things to do."""
    command = [sys.executable, BENCHMARK, "--seconds", "1", "--kinds", "1", "--clients", "2"]
    done = subprocess.run(
        [*command, "--model", bundle], capture_output=True, text=True, check=False
    )
    assert "| jobs lost | 0.00  | at most 0 | met |" in done.stdout, done.stdout + done.stderr
    assert "| answers that are a 5xx | 0.00  | at most 0 | met |" in done.stdout
    assert "| kinds of bad files among them | 1.00 of 1 |" in done.stdout
    assert "| p99, the cheap routes |" in done.stdout
