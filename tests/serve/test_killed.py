"""The command itself: started, killed, started again, and by two at once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from serve.service_client import TOKEN, send, wait
from unmask.serve.store import Store


@pytest.fixture
def start(bundle, tmp_path, database):
    """Start servers that share a database and a folder; each is (process, client)."""
    started = []
    environment = os.environ | {"UNMASK_TOKEN": TOKEN, "UNMASK_DATABASE": database}

    def start() -> tuple[subprocess.Popen[str], httpx2.Client]:
        command = [sys.executable, "-m", "unmask", "serve", "--port", "0", "--frames", "4"]
        process = subprocess.Popen(
            [*command, "--data", tmp_path / "data", "--model", bundle],
            stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True,
        )  # fmt: skip
        line = process.stderr.readline()
        found = re.search(r"serving at (http://127\.0\.0\.1:[0-9]+/)\?token=(.*) \(", line)
        assert found, line
        assert found[2] == TOKEN
        headers = {"authorization": f"Bearer {TOKEN}"}
        client = httpx2.Client(base_url=found[1], headers=headers, timeout=60, trust_env=False)
        started.append((process, client))
        return process, client

    yield start
    for process, client in started:
        client.close()
        process.terminate()
        process.wait(60)
        process.stderr.close()


@pytest.mark.slow
def test_killed_at_work_and_started_again_it_loses_no_job(start, still, database):
    process, client = start()
    sent = [send(client, still + bytes([number]), f"{number}.jpg").json() for number in range(3)]
    wait(client, sent[0]["id"], "running", "done")
    process.kill()
    process.wait()
    _, client = start()
    ended = [wait(client, view["id"]) for view in sent]
    assert [view["state"] for view in ended] == ["done"] * 3
    assert all(view["verdict"] for view in ended)
    store = Store(database)
    assert store.counts("state") == {"done": 3}
    store.close()


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(start, still):
    process, client = start()
    wait(client, send(client, still).json()["id"])
    workers = children(process.pid)
    assert len(workers) == 1
    os.kill(workers[0], signal.SIGKILL)
    assert wait(client, send(client, still + b"1").json()["id"])["state"] == "done"
    assert children(process.pid) != workers


@pytest.mark.slow
def test_two_servers_share_a_queue(start, still):
    (first, one), (second, two) = start(), start()
    sent = [
        send(client, still + bytes([n]), f"{n}.jpg").json() for n, client in enumerate((one, two))
    ]
    for view in sent:
        assert wait(two, view["id"]) == wait(one, view["id"])
        assert one.get(view["links"]["html"]).text == two.get(view["links"]["html"]).text
    for process in (first, second):
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def children(pid: int) -> list[int]:
    """The processes that ``pid`` has started."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text().split()]
