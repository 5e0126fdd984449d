"""Whatever the OpenAPI document allows, and what it does not, is answered without a 5xx."""

from __future__ import annotations

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from serve.service_client import HOST, TOKEN, client_of
from unmask.serve.service import Service


@pytest.fixture(scope="module")
def app(make_options, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name in ("start", "stop"):  # schemathesis starts and stops the app for each request
            patch.setattr(Service, name, lambda _: None)
        root = tmp_path_factory.mktemp("root")
        options = make_options(tmp_path_factory.mktemp("data"), root=root)
        with client_of(Service(options)) as client:
            yield client.app


HEADERS = {"authorization": f"Bearer {TOKEN}", "host": HOST}


OPERATIONS = [
    "POST /v1/analyses",
    "GET /v1/analyses",
    "GET /v1/analyses/{id}",
    "DELETE /v1/analyses/{id}",
    "GET /v1/analyses/{id}/report.html",
    "GET /v1/analyses/{id}/report.json",
    "GET /v1/analyses/{id}/events",
    "GET /healthz",
    "GET /metrics",
]


CASES = [
    *((label, GenerationMode.POSITIVE) for label in OPERATIONS),
    *((label, GenerationMode.NEGATIVE) for label in OPERATIONS if "analyses" in label),
]


@pytest.mark.parametrize(("label", "mode"), CASES)
def test_no_request_is_a_server_error(app, label, mode):
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=HEADERS)
    operations = {found.ok().label: found.ok() for found in schema.get_all_operations()}
    answers = []

    @given(case=operations[label].as_strategy(generation_mode=mode))
    @settings(max_examples=15, database=None, suppress_health_check=list(HealthCheck))
    def send(case):
        answers.append(case.call_and_validate(headers=HEADERS, checks=[not_a_server_error]))

    send()
    assert answers
    assert not {answer.status_code for answer in answers} & {401, 403}


def test_the_document_has_examples_and_every_route(app):
    document = app.openapi()
    methods = {(path, method) for path, verbs in document["paths"].items() for method in verbs}
    assert methods == {
        ("/v1/analyses", "post"),
        ("/v1/analyses", "get"),
        ("/v1/analyses/{id}", "get"),
        ("/v1/analyses/{id}", "delete"),
        ("/v1/analyses/{id}/report.html", "get"),
        ("/v1/analyses/{id}/report.json", "get"),
        ("/v1/analyses/{id}/events", "get"),
        ("/healthz", "get"),
        ("/metrics", "get"),
    }
    assert document["components"]["schemas"]["View"]["examples"][0]["state"] == "done"
    body = document["paths"]["/v1/analyses"]["post"]["requestBody"]["content"]
    assert set(body) == {"multipart/form-data", "application/json"}
    assert "http" not in json.dumps(document).replace("HTTPValidationError", "")
