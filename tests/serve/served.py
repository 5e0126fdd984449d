"""The command itself, really started: a process and a client that knows its token."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2

from serve.service_client import TOKEN


def serve(
    bundle: Path, data: Path, *options: object, database: str = ""
) -> tuple[subprocess.Popen[str], httpx2.Client]:
    """Start a server on a free port of this machine; the caller ends it with `end`."""
    environment = os.environ | {"UNMASK_TOKEN": TOKEN, "UNMASK_DATABASE": database}
    command = [sys.executable, "-m", "unmask", "serve", "--port", "0", "--frames", "4"]
    process = subprocess.Popen(
        [*command, "--data", data, "--model", bundle, *map(str, options)],
        stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True,
    )  # fmt: skip
    line = process.stderr.readline()
    found = re.search(r"serving at (http://127\.0\.0\.1:[0-9]+/)\?token=(.*) \(", line)
    assert found, line
    assert found[2] == TOKEN
    headers = {"authorization": f"Bearer {TOKEN}"}
    client = httpx2.Client(base_url=found[1], headers=headers, timeout=60, trust_env=False)
    return process, client


def end(process: subprocess.Popen[str], client: httpx2.Client) -> None:
    """Stop a server and wait for it."""
    client.close()
    process.terminate()
    process.wait(60)
    process.stderr.close()
