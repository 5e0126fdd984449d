"""The command itself: started, killed at work, started again, and by two at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import media_files as files
from portraits import portrait
from serve.served import end, serve
from serve.service_client import WAIT, send, wait
from unmask.serve.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture
def start(bundle, tmp_path, database):
    """Start servers that share a database and a folder; each is (process, client)."""
    started = []

    def start(*options):
        started.append(serve(bundle, tmp_path / "data", *options, database=database))
        return started[-1]

    yield start
    for process, client in started:
        end(process, client)


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> bytes:
    """The bytes of a video that takes some seconds, if each of its frames is looked at."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return files.write_video(path, [portrait(size=240)] * 150).read_bytes()


ALL_FRAMES = ("--frames", 150)


@pytest.fixture
def rows(database):
    """Read what the database holds."""
    store = Store(database)
    yield lambda: store.page(limit=100)
    store.close()


def test_killed_with_its_workers_and_started_again_it_loses_no_job(start, still, clip, rows):
    process, client = start(*ALL_FRAMES)
    sent = [send(client, clip, "clip.mp4")]
    sent += [send(client, still + bytes([number]), f"{number}.jpg") for number in range(2)]
    assert {answer.status_code for answer in sent} == {202}
    assert wait(client, sent[0].json()["id"], "running", "done")["state"] == "running"
    workers = children(process.pid)
    analysing = [child for worker in workers for child in children(worker)]
    for pid in workers:  # none of them lives to put its job back
        os.kill(pid, signal.SIGSTOP)
    for pid in (process.pid, *workers, *analysing):  # nor the server, to see a worker end
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    assert {row.state for row in rows()} == {"running", "queued"}
    _, client = start(*ALL_FRAMES)
    ended = [wait(client, answer.json()["id"]) for answer in sent]
    assert [view["state"] for view in ended] == ["done"] * 3
    assert all(view["verdict"] for view in ended)
    assert [(row.attempts, row.crashes) for row in rows()] == [(1, 0), (1, 0), (2, 0)]


def test_a_worker_that_is_killed_at_work_is_replaced_and_its_job_done(start, clip, rows):
    process, client = start(*ALL_FRAMES)
    id_ = send(client, clip, "clip.mp4").json()["id"]
    assert wait(client, id_, "running", "done")["state"] == "running"
    workers = children(process.pid)
    assert len(workers) == 1
    os.kill(workers[0], signal.SIGKILL)
    ended = wait(client, id_)
    assert (ended["state"], ended["abstention"]) == ("done", None)
    assert children(process.pid) != workers
    assert [(row.attempts, row.crashes) for row in rows()] == [(2, 0)]


def test_two_servers_share_a_queue_and_do_no_job_twice(start, still, rows):
    (first, one), (second, two) = start(), start()
    until, warm = time.monotonic() + WAIT, 0
    while len({row.worker for row in rows()}) < 2 and time.monotonic() < until:
        wait(one, send(one, still + b"warm" + str(warm).encode(), "warm.jpg").json()["id"])
        warm += 1  # until both are ready and have had one
    sent = [send((one, two)[n % 2], still + bytes([n]), f"{n}.jpg").json() for n in range(6)]
    for view in sent:
        assert wait(two, view["id"]) == wait(one, view["id"])
        assert one.get(view["links"]["html"]).text == two.get(view["links"]["html"]).text
    assert [(row.state, row.attempts, row.crashes) for row in rows()] == [("done", 1, 0)] * (
        warm + 6
    )
    assert len({row.worker for row in rows()}) == 2
    for process in (first, second):
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def children(pid: int) -> list[int]:
    """The processes that ``pid`` has started."""
    return [
        child for thread in Path(f"/proc/{pid}/task").glob("*/children") for child in _read(thread)
    ]


def _read(path: Path) -> Iterator[int]:
    with suppress(OSError):  # it has ended
        yield from map(int, path.read_text().split())
