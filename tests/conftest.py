"""Fixtures for every test, and the rule that CI skips nothing by accident."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no defect of the code under test.
settings.register_profile("unmask", deadline=None)
settings.load_profile("unmask")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of datasets beside the repository; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no datasets at {folder}")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """With CI=true a skipped test fails, unless it is marked ``optional("why")``."""
    report = yield
    optional = next(item.iter_markers("optional"), None)
    if (
        os.environ.get("CI") == "true"
        and report.skipped
        and not hasattr(report, "wasxfail")
        and not (optional and optional.args)
    ):
        report.outcome = "failed"
        report.longrepr = (
            f"skipped, and CI=true allows that only for tests marked optional('why'): "
            f"{call_reason(report.longrepr)}"
        )
    return report


def call_reason(longrepr: object) -> str:
    """Return why a test was skipped, out of pytest's (path, line, reason)."""
    return longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
