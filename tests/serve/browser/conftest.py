"""A headless Chromium, the page as it is served, and a server whose jobs the test itself does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import expect, sync_playwright

from serve.browser.staging import SOON, Staged
from serve.service_client import TOKEN
from unmask.serve.app import create_app
from unmask.serve.launch import _bind
from unmask.serve.options import decide_access
from unmask.serve.service import Service


@pytest.fixture
def chromium():
    """Debian's Chromium, found by its path; each test has one of its own, which owes none before it
    anything.
    """
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium here; `make system-deps` installs it")
    expect.set_options(SOON)
    # As root its own sandbox cannot be had; it opens nothing but the page under test.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open an address in a browser of its own; whatever its console complains of is an error."""
    contexts, complaints = [], []

    def hear(said) -> None:
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            complaints.append(said.text)

    def open_page(address: str, **options):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 860}} | options)
        contexts.append(context)
        context.set_default_timeout(SOON)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", hear)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="package")
def served(tmp_path_factory):
    """The address that `unmask serve` prints, with the detector that ships."""
    data = tmp_path_factory.mktemp("served")
    command = [sys.executable, "-m", "unmask", "serve", "--port", "0", "--data", data]
    command += ["--frames", "8"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr.readline()
        yield re.search(r"http://\S+", said)[0]
        process.terminate()


@contextmanager
def _serving(app, bound):
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    yield
    server.should_exit = True
    thread.join()


@pytest.fixture
def staged(make_options, tmp_path, no_workers):  # noqa: ARG001
    service = Service(make_options(tmp_path / "data"))
    bound = _bind("127.0.0.1", 0)
    port = bound.getsockname()[1]
    app = create_app(service, decide_access("127.0.0.1", port, token=TOKEN))
    with _serving(app, bound):
        yield Staged(service, port)
