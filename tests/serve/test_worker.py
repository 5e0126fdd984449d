"""What a worker makes of an analysis that ends well, dies, hangs, or is cancelled.

The process that opens the file is played by a script, whose part is written in the file's name.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from builders import make_report
from unmask.detect import load_bundle
from unmask.report.lines import json_line
from unmask.serve import worker
from unmask.serve.folders import Folders
from unmask.serve.process import end, spawn, tell
from unmask.serve.store import Store

ACTOR = """
    import json, os, pathlib, signal, sys, time

    sys.stdin.readline()
    line = sys.stdin.readline()
    if not line:
        sys.exit()
    job = json.loads(line)
    folder, part = pathlib.Path(job["folder"]), job["name"]
    (folder.parent / f"began-{folder.name}-{os.getpid()}").touch()
    if part == "crash" or (part == "crash once" and folder.name == "attempt-1"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if part == "hang":
        os.write(1, bytes([25, 50]))
        time.sleep(600)
    if part == "no detector":
        sys.exit(3)
    report = "{}" if part == "nonsense" else pathlib.Path(sys.argv[1]).read_text()
    (folder / "report.json").write_text(report)
    (folder / "report.html").write_text("a page")
"""


@pytest.fixture
def actors(monkeypatch, tmp_path):
    """Stand in for the processes that open files; returns those that were started."""
    report = tmp_path / "well.json"
    report.write_text(json_line(make_report("well.mp4")))
    script = textwrap.dedent(ACTOR)
    started = []

    def spawn(_: str, order: str, *, answers: bool) -> subprocess.Popen[bytes]:
        assert answers
        assert json.loads(order)["database"] == ""
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", script, report],
            stdin=pipe, stdout=pipe, start_new_session=True,
        )  # fmt: skip
        tell(process, order)
        started.append(process)
        return process

    monkeypatch.setattr(worker, "spawn", spawn)
    return started


@pytest.fixture
def options(make_options, tmp_path, database):
    return make_options(tmp_path / "data", database=database, lease=2.0)


@pytest.fixture
def store(options):
    Folders(options.data).create()
    store = Store(options.url, options.lease)
    store.create()
    yield store
    store.close()


@pytest.fixture
def working(actors, options, store):
    """Start a worker; returns what stops it."""
    stopping, threads = threading.Event(), []

    def start(given=options) -> None:
        one = worker.Worker(given, f"worker {len(threads)}", stopping)
        threads.append(threading.Thread(target=one.run))
        threads[-1].start()

    def stop() -> None:
        stopping.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()

    start.stop = stop
    yield start
    stop()
    assert all(process.poll() is not None for process in actors)
    assert "running" not in store.counts("state")


def add(store, part: str, number: int = 1):
    return store.add(
        id=f"{number:032x}", name=part, path=f"/nowhere/{number}", uploaded=True, size=1,
        sha256=f"{number:064x}", key="k",
    )[0].id  # fmt: skip


def wait(store, id_: str, *states: str):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        row = store.get(id_)
        if row.state in (states or ("done", "failed", "cancelled")):
            return row
        time.sleep(0.05)
    raise AssertionError(f"still {row}")


def names(options, id_: str) -> list[str]:
    folder = Folders(options.data).of(id_)
    return sorted(path.name.split("-")[0] for path in folder.iterdir())


def test_a_report_is_taken_in(working, store, options):
    working()
    row = wait(store, add(store, "well"))
    assert (row.state, row.verdict, row.attempts) == ("done", "fake", 1)
    assert row.probability == 0.95
    assert names(options, row.id) == ["began", "report.html", "report.json"]


def test_a_report_answers_by_the_model_and_choices_of_who_made_it(working, store, options):
    """The job was entered by a server of others."""
    working()
    row = wait(store, add(store, "well"))
    own = options.answer_key(load_bundle(options.model).identity)
    assert row.answer_key == own
    assert store.answer(row.sha256, "k") is None
    assert store.answer(row.sha256, own) == row


def test_a_crash_is_tried_once_more(working, store, options):
    working()
    row = wait(store, add(store, "crash once"))
    assert (row.state, row.verdict, row.attempts) == ("done", "fake", 2)
    assert names(options, row.id).count("began") == 2


@pytest.mark.parametrize("part", ["crash", "nonsense"])
def test_what_dies_twice_is_an_abstention_and_the_next_job_is_done(working, store, options, part):
    hostile, good = add(store, part), add(store, "well", 2)
    working()
    row = wait(store, hostile)
    assert (row.state, row.abstention, row.verdict) == ("done", "unreadable", None)
    assert "died twice" in row.message
    assert names(options, hostile) == [
        "bands.json",
        "began",
        "began",
        "pictures",
        "report.html",
        "report.json",
    ]
    assert wait(store, good).verdict == "fake"


def test_what_hangs_is_over_the_limit(working, store, make_options, options, tmp_path):
    working(make_options(tmp_path / "data", database=options.database, timeout=1.0))
    row = wait(store, add(store, "hang"))
    assert (row.state, row.abstention) == ("done", "over_limit")
    assert row.message == "not analysed within 1 s; raise --timeout"


def test_progress_is_told_and_a_cancelled_job_is_stopped(working, store, options, actors):
    working()
    id_ = add(store, "hang")
    until = time.monotonic() + 30
    while store.get(id_).progress != 0.5 and time.monotonic() < until:
        time.sleep(0.05)
    assert store.get(id_).progress == 0.5
    assert store.cancel(id_)
    assert wait(store, add(store, "well", 2)).state == "done"
    assert store.get(id_).state == "cancelled"
    assert actors[0].returncode == -9
    assert names(options, id_) == ["began"]


def test_a_worker_that_is_stopped_puts_its_job_back_and_it_costs_no_attempt(working, store):
    working()
    id_ = add(store, "hang")
    wait(store, id_, "running")
    working.stop()
    row = store.get(id_)
    assert (row.state, row.attempts) == ("queued", 0)


def test_whose_workers_were_stopped_is_begun_again_but_not_for_ever(working, store):
    patient, hopeless = add(store, "well"), add(store, "well too", 2)
    for _ in range(2):
        store.claim("one")
        store.release("one")
    claimed = store.claim("one")
    for _ in range(5):
        store.claim("two")
        store.release("two")
    store.release("one")
    assert claimed.id == patient
    working()
    row = wait(store, patient)
    assert (row.state, row.verdict, row.attempts, row.crashes) == ("done", "fake", 4, 0)
    row = wait(store, hopeless)
    assert (row.state, row.abstention, row.attempts) == ("failed", None, 6)
    assert row.message.startswith("begun 5 times")


def test_a_job_that_was_given_to_another_leaves_the_others_files(store, options):
    """The first worker wakes up late, with a report in hand."""
    late = worker.Worker(options, "late", threading.Event())
    id_ = add(store, "well")
    job = store.claim("late")
    folder = Folders(options.data).attempt(id_, 1)
    store.release("late")
    assert store.claim("other").id == id_
    others = Folders(options.data).attempt(id_, 2)
    late._abstain(job, "unreadable", "too late")
    assert not folder.exists()
    assert others.exists()
    assert store.get(id_).worker == "other"
    late._store.close()


def test_nothing_is_left_of_a_job_that_is_cancelled_at_its_end(store, options, monkeypatch):
    late = worker.Worker(options, "late", threading.Event())
    id_ = add(store, "well")
    job = store.claim("late")
    keep = Folders.keep
    monkeypatch.setattr(Folders, "keep", lambda *arguments: keep(*arguments) or store.cancel(id_))
    late._abstain(job, "unreadable", "too late")
    assert store.get(id_).state == "cancelled"
    assert not Folders(options.data).of(id_).exists()
    late._store.close()


@pytest.mark.parametrize("part", ["well", "crash"])
def test_a_path_whose_file_was_changed_answers_for_no_other(working, store, tmp_path, part):
    """Neither the report of another file nor the abstention of one that is gone."""
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"another")
    id_ = store.add(
        id="a" * 32, name=part, path=str(file), uploaded=False, size=1, sha256="b" * 64, key="k"
    )[0].id
    working()
    row = wait(store, id_)
    assert (row.state, row.verdict, row.abstention) == ("failed", None, None)
    assert "changed or moved" in row.message


def test_without_a_detector_the_job_fails_and_blames_no_file(working, store):
    working()
    row = wait(store, add(store, "no detector"))
    assert (row.state, row.verdict, row.abstention) == ("failed", None, None)
    assert "detector" in row.message


def test_a_process_goes_with_its_parent(tmp_path):
    code = (
        "import sys, time; from unmask.serve.process import when_parent_goes; import os;"
        "when_parent_goes(lambda: os._exit(7)); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, cwd=tmp_path)
    process.stdin.close()
    assert process.wait(60) == 7
    end(process)  # once more does no harm


CHILD = """
import os, subprocess, sys

sys.stdin.readline()
child = subprocess.Popen(["sleep", "600"])
print(child.pid, *sorted(os.environ), flush=True)
child.wait()
"""


def test_a_child_knows_no_secret_and_all_that_it_started_ends_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv("UNMASK_TOKEN", "secret")
    monkeypatch.setenv("UNMASK_DATABASE", "postgresql://user:secret@here/jobs")
    (tmp_path / "unmask_test_child.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = spawn("unmask_test_child", "begin", answers=True)
    pid, *names = process.stdout.readline().decode().split()
    assert "PYTHONPATH" in names
    assert not {"UNMASK_TOKEN", "UNMASK_DATABASE"} & set(names)
    end(process)
    assert process.returncode == -signal.SIGKILL
    until = time.monotonic() + 30
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: str) -> bool:
    """Whether a process runs, dead ones that nobody waited for aside."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_confined_process_cannot_take_more_memory_or_time(tmp_path):
    code = f"""
        import resource
        from unmask.serve.process import confine

        confine(5, {3 * 2**30})
        assert resource.getrlimit(resource.RLIMIT_CPU)[1] >= 6
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
        try:
            bytearray({3 * 2**30})
        except MemoryError:
            print("no more")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout == "no more\n"
