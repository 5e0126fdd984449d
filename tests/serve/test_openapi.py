"""Whatever the OpenAPI document allows, and what it does not, is answered as the document says,
and without a 5xx."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from serve.served import end, serve
from serve.service_client import TOKEN, client_of
from unmask.serve.service import Service

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.mark.slow
def test_no_request_to_a_running_service_is_a_server_error(bundle, tmp_path):
    """Examples, edge cases, random ones and sequences of requests, good and bad; one seed."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "clip.mp4").write_bytes(b"no clip")
    process, client = serve(bundle, tmp_path / "data", "--root", tmp_path / "root")
    try:
        done = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", f"{client.base_url}openapi.json",
                "--header", f"Authorization: Bearer {TOKEN}", "--checks", ",".join(CHECKS),
                "--seed", "1", "--max-examples", "5", "--request-timeout", "60", "--no-color",
                "--suppress-health-check", "all", "--warnings", "off",
            ],
            capture_output=True, text=True, check=False, cwd=tmp_path, env=_undisturbed(),
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "13 selected / 13 total" in done.stdout
        assert client.get("/healthz").status_code == 200
        counted = client.get("/metrics").text
    finally:
        end(process, client)
    assert 'status="202"' in counted
    assert 'status="5' not in counted


def _undisturbed() -> dict[str, str]:
    """The environment without a proxy, which would get what is meant for this machine."""
    return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}


@pytest.mark.usefixtures("no_workers")
def test_the_document_has_examples_and_every_route(make_options, tmp_path):
    with client_of(Service(make_options(tmp_path))) as client:
        document = client.app.openapi()
    operations = {
        (path, method): operation
        for path, verbs in document["paths"].items()
        for method, operation in verbs.items()
    }
    assert set(operations) == {
        ("/v1/analyses", "post"),
        ("/v1/analyses", "get"),
        ("/v1/analyses/{id}", "get"),
        ("/v1/analyses/{id}", "delete"),
        ("/v1/analyses/{id}/report.html", "get"),
        ("/v1/analyses/{id}/report.pdf", "get"),
        ("/v1/analyses/{id}/report.json", "get"),
        ("/v1/analyses/{id}/events", "get"),
        ("/v1/analyses/{id}/reading", "get"),
        ("/v1/analyses/{id}/pictures/{name}", "get"),
        ("/v1/analyses/{id}/media", "get"),
        ("/healthz", "get"),
        ("/metrics", "get"),
    }
    schemas = document["components"]["schemas"]
    assert schemas["View"]["examples"][0]["state"] == "done"
    assert all(schemas[name]["examples"] for name in ("Failure", "Health", "Page", "View"))
    body = operations["/v1/analyses", "post"]["requestBody"]["content"]
    assert set(body) == {"multipart/form-data", "application/json"}
    for (path, _), operation in operations.items():
        assert operation["summary"]
        assert ("security" in operation) is (path != "/healthz")
        for code, answer in operation["responses"].items():
            if int(code) >= 400:
                kinds = answer["content"]["application/json"]["schema"]
                assert kinds == {"$ref": "#/components/schemas/Failure"}, (path, code)
    text = json.dumps(document)
    assert "http:" not in text
    assert "https:" not in text
