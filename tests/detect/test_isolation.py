"""Many files: one child process does the work, and what it dies of is one file's abstention."""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bundles import tiny_bundle, tiny_card, tiny_model, write_bundle
from unmask.children import Child
from unmask.detect import Predictor, Settings, detect_many, run
from unmask.errors import BundleError, RegistryError, SettingError, UnmaskError
from unmask.media import Limits
from unmask.types import Report

QUICK = Settings(frames=3, threads=1)

POISON = """
    import os, signal, sys, time

    def watch(event, args):
        if event == "open" and isinstance(args[0], str | bytes):
            name = os.fsdecode(os.path.basename(args[0]))
            if name.startswith("crash"):
                os.kill(os.getpid(), signal.SIGKILL)
            if name.startswith("hang"):
                time.sleep(600)

    sys.addaudithook(watch)
"""
"""Put into every Python that starts: it dies, or hangs, as soon as it opens such a file."""


@pytest.fixture
def poisoned(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(textwrap.dedent(POISON))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


@pytest.fixture
def still(samples) -> Path:
    return samples / "real" / "hopper.jpg"


def named(tmp_path: Path, name: str, source: Path) -> Path:
    path = tmp_path / name
    path.write_bytes(source.read_bytes())
    return path


def check_no_score(report: Report) -> None:
    assert report.verdict is None
    assert (report.score, report.probability, report.interval) == (None, None, None)
    assert report.faces == ()
    assert report.evidence == ()


def test_isolation_changes_no_report(bundle, samples, still, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    paths = [still, tmp_path / "gone.mp4", tmp_path / "notes.txt", samples / "real/astronaut.mp4"]
    settings = Settings(frames=3, threads=1, evidence=True)
    inside, outside = (
        list(detect_many(paths, bundle, settings, isolate=isolate)) for isolate in (False, True)
    )
    assert [report.abstention for report in outside] == [None, "unreadable", "unsupported", None]
    for a, b in zip(inside, outside, strict=True):
        assert a.model_dump(exclude={"seconds"}) == b.model_dump(exclude={"seconds"})
        assert len(a.evidence) == len(b.evidence)
        for shown, other in zip(a.evidence, b.evidence, strict=True):
            assert (shown.track, shown.time) == (other.track, other.time)
            assert np.array_equal(shown.crop, other.crop)
            assert np.array_equal(shown.cam, other.cam)
            assert np.array_equal(shown.thumbnail, other.thumbnail)


@pytest.mark.usefixtures("poisoned")
def test_a_file_that_kills_its_process_is_unreadable_and_the_run_goes_on(bundle, still, tmp_path):
    crash = named(tmp_path, "crash.jpg", still)
    before, died, after = detect_many([still, crash, still], bundle, QUICK)
    assert died.abstention == "unreadable"
    assert died.path == str(crash)
    assert died.model == before.model
    assert "died on this file" in died.message
    check_no_score(died)
    assert before.verdict is not None
    assert after.model_dump(exclude={"seconds"}) == before.model_dump(exclude={"seconds"})


@pytest.mark.usefixtures("poisoned")
def test_a_file_that_hangs_is_over_the_limit_and_the_run_goes_on(
    bundle, still, tmp_path, monkeypatch
):
    monkeypatch.setattr(run, "GRACE", 2.0)
    settings = Settings(frames=3, threads=1, limits=Limits(decode_seconds=1.0))
    hang = named(tmp_path, "hang.jpg", still)
    hung, after = detect_many([hang, tmp_path / "gone.jpg"], bundle, settings)
    assert hung.abstention == "over_limit"
    assert hung.message == "not analysed within 3 s; raise --max-decode-seconds"
    check_no_score(hung)
    assert after.abstention == "unreadable"
    assert "no such file" in after.message


def untouchable() -> Iterator[str]:
    raise AssertionError("a file was asked for")
    yield ""


@pytest.mark.parametrize("isolate", [True, False])
def test_a_bundle_that_cannot_be_used_is_said_before_any_file_is_touched(tmp_path, isolate):
    wrong = write_bundle(tmp_path / "wrong.onnx", tiny_model(), None)
    with pytest.raises(BundleError, match="without a card"):
        list(detect_many(untouchable(), wrong, QUICK, isolate=isolate))
    with pytest.raises(BundleError, match="no such bundle"):
        list(detect_many(untouchable(), tmp_path / "gone.onnx", QUICK, isolate=isolate))


@pytest.mark.parametrize("isolate", [True, False])
def test_an_unknown_finder_is_an_error_and_no_fault_of_a_file(bundle, still, isolate):
    with pytest.raises(RegistryError, match="unknown face finder 'centrface'"):
        list(detect_many([still], bundle, Settings(finder="centrface"), isolate=isolate))


def test_a_finder_without_its_model_is_an_error_and_no_fault_of_a_file(
    bundle, still, tmp_path, monkeypatch
):
    monkeypatch.setenv("UNMASK_YUNET", str(tmp_path / "none.onnx"))
    with pytest.raises(SettingError, match="UNMASK_YUNET"):
        list(detect_many([still], bundle, Settings(finder="yunet")))


def test_a_bundle_that_changes_under_the_run_is_an_error_of_the_bundle(tmp_path, still):
    """The parent has loaded it; the child finds another one in its place."""
    path = tiny_bundle(tmp_path)
    reports = detect_many(swap(path, still), path, QUICK)
    with pytest.raises(BundleError, match="update unmask"):
        next(reports)


def swap(bundle: Path, still: Path) -> Iterator[Path]:
    write_bundle(bundle, tiny_model(), tiny_card(schema_version=9))
    yield still


def test_a_child_that_cannot_start_is_no_fault_of_a_file(bundle, still, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(UnmaskError, match="died before it opened any"):
        list(detect_many([still], bundle, QUICK))


def test_nothing_in_the_working_folder_is_run(bundle, still, tmp_path, monkeypatch):
    """A folder of evidence may hold anything, Python files included."""
    for name in ("numpy", "cv2", "av", "unmask", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("import os; os._exit(3)")
    monkeypatch.chdir(tmp_path)
    (report,) = detect_many([still], bundle, QUICK)
    assert report.verdict is not None


def test_the_process_ends_with_the_run_and_no_interrupt_reaches_it(bundle, still):
    child = run.make_child(bundle, QUICK)
    child.ask(still)
    process = child._process
    assert os.getpgid(process.pid) == process.pid
    child.stop()
    assert process.poll() is not None
    child.stop()  # once more does no harm


@pytest.fixture
def started(monkeypatch) -> list[subprocess.Popen]:
    """The processes that children started."""
    processes = []
    start = Child._start

    def remember(self):
        processes.append(start(self))
        return processes[-1]

    monkeypatch.setattr(Child, "_start", remember)
    return processes


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_is_given_up_leaves_no_process(workers, bundle, still, started):
    reports = detect_many([still] * 12, bundle, QUICK, workers=workers)
    next(reports)
    next(reports)
    reports.close()
    assert len(started) == workers
    assert all(process.poll() is not None for process in started)


def test_two_workers_give_the_reports_of_one_in_the_same_order(bundle, samples, still, tmp_path):
    paths = [samples / "real/astronaut.mp4", still, tmp_path / "gone.mp4", still, still, still]
    one, two = (
        [r.model_dump(exclude={"seconds"}) for r in detect_many(paths, bundle, QUICK, workers=n)]
        for n in (1, 2)
    )
    assert one == two


@pytest.mark.usefixtures("poisoned")
def test_with_two_workers_each_file_that_kills_one_is_charged_alone(
    bundle, still, tmp_path, started
):
    names = [f"{'crash' if n % 3 == 1 else 'fine'}{n}.jpg" for n in range(9)]
    paths = [named(tmp_path, name, still) for name in names]
    reports = list(detect_many(paths, bundle, QUICK, workers=2))
    assert [report.path for report in reports] == [str(path) for path in paths]
    for name, report in zip(names, reports, strict=True):
        assert (report.abstention == "unreadable") == name.startswith("crash")
    assert len(started) in (4, 5)  # two, and one for each that died unless it was the last


def test_a_worker_that_is_killed_between_two_files_is_replaced_and_no_file_is_charged(
    bundle, still, started
):
    reports = detect_many([still] * 4, bundle, QUICK)
    found = [next(reports)]
    started[0].kill()
    started[0].wait()
    found += reports
    assert [report.abstention for report in found] == [None] * 4
    assert len(started) == 2


@pytest.mark.parametrize(("workers", "isolate"), [(0, True), (2, False)])
def test_workers_are_processes(workers, isolate, bundle, still):
    with pytest.raises(SettingError, match="workers must be at least 1"):
        list(detect_many([still], bundle, QUICK, workers=workers, isolate=isolate))


def test_no_files_are_no_reports(bundle):
    assert list(detect_many([], bundle, QUICK)) == []


def test_one_bundle_has_one_identity_in_and_out_of_the_child(bundle, still):
    (report,) = detect_many([still], bundle, QUICK)
    assert report.model == Predictor(bundle, QUICK).identity
