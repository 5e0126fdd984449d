"""A client of the service, and the files that the tests send."""

from __future__ import annotations

import time

from starlette.testclient import TestClient

from unmask.serve.app import create_app
from unmask.serve.options import decide_access
from unmask.serve.service import Service

TOKEN = "a-token-that-only-the-tests-know"  # noqa: S105
HOST = "127.0.0.1:8765"
ENDED = ("done", "failed", "cancelled")
WAIT = 120.0


def client_of(service: Service) -> TestClient:
    """A client that knows the token and calls the service by its name."""
    access = decide_access("127.0.0.1", 8765, token=TOKEN)
    headers = {"authorization": f"Bearer {TOKEN}", "host": HOST}
    return TestClient(create_app(service, access), headers=headers)


def send(client, data: bytes, name: str = "face.jpg"):
    return client.post("/v1/analyses", files={"file": (name, data)})


def wait(client, id_: str, *states: str) -> dict:
    """Wait until an analysis is in one of the states (default: has ended)."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        view = client.get(f"/v1/analyses/{id_}").json()
        if view["state"] in (states or ENDED):
            return view
        time.sleep(0.1)
    raise AssertionError(f"still {view}")
