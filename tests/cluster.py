"""A Ray of this machine for tests: started once, two cores, and nothing said to anybody."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

HEAD = """
import sys, ray
ray.init(num_cpus=2, object_store_memory=200 * 2**20, include_dashboard=False,
         _temp_dir=sys.argv[1], logging_level="error", log_to_driver=False)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""


@contextmanager
def local_ray(**changes: str) -> Iterator[dict[str, str]]:
    """Give the environment in which ``--engine ray`` finds the cluster.

    Args:
        changes: to the environment of all its processes.
    """
    environment = {
        **os.environ,
        **changes,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    environment.pop("RAY_ADDRESS", None)
    with TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        head = subprocess.Popen(
            [sys.executable, "-c", HEAD, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        try:
            address = head.stdout.readline().strip()
            assert address, "Ray did not start"
            yield {**environment, "RAY_ADDRESS": address}
        finally:
            head.communicate()


def ray_workers(environment: dict[str, str]) -> list[int]:
    """Return the processes of a `local_ray` that are at a task."""
    token = f"RAY_AUTH_TOKEN={environment['RAY_AUTH_TOKEN']}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name = (entry / "cmdline").read_bytes()
                if not name.startswith(b"ray::_do"):
                    continue
                if token in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:  # it ended meanwhile
                continue
    return found


def kill(pid: int) -> None:
    """Kill a process that may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
