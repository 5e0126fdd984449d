"""With CI=true nothing is skipped by accident."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_skips(): pytest.skip("no reason to")

@pytest.mark.skip(reason="marked")
def test_is_marked(): pass

@pytest.mark.optional("needs a thing that no machine has to have")
def test_may_skip(): pytest.skip("it has not")

@pytest.mark.xfail(strict=True)
def test_fails_as_expected(): assert False
"""


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_skip_fails_in_ci_only(ci, code, tmp_path):
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = optional(why)\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", tmp_path],
        cwd=tmp_path,
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    summary = done.stdout.splitlines()[-1]
    if ci:
        assert "1 failed, 1 skipped, 1 xfailed, 1 error" in summary
        assert "no reason to" in done.stdout
    else:
        assert "3 skipped, 1 xfailed" in summary
