"""From an upload to a report, through the API, with a real worker."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

import media_files as files
from provenance.signing import Authority, manifest
from serve.service_client import client_of, send, wait
from unmask.media import Limits
from unmask.serve.service import Service

SAMPLE = Path(__file__).parents[2] / "samples" / "real" / "hopper.jpg"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    (folder / "inbox").mkdir()
    return folder


@pytest.fixture(scope="module")
def client(make_options, tmp_path_factory, root):
    options = make_options(tmp_path_factory.mktemp("data"), root=root)
    with client_of(Service(options)) as client:
        yield client


@pytest.fixture(scope="module")
def done(client, still):
    """An analysis that has ended."""
    sent = send(client, still)
    assert sent.status_code == 202
    assert sent.json()["state"] == "queued"
    assert sent.headers["location"] == sent.json()["links"]["self"]
    return wait(client, sent.json()["id"])


def test_an_upload_becomes_a_report(client, done, still):
    assert done["state"] == "done"
    assert done["verdict"] in {"real", "fake", "uncertain"}
    assert done["sha256"] == hashlib.sha256(still).hexdigest()
    report = client.get(done["links"]["json"]).json()
    assert report["path"] == report["media"]["path"] == "face.jpg"
    assert report["sha256"] == done["sha256"]
    assert report["probability"] == done["probability"]
    page = client.get(done["links"]["html"])
    assert page.headers["content-type"].startswith("text/html")
    assert "face.jpg" in page.text


def test_the_same_file_again_is_answered_from_the_store(client, done, still, root):
    again = send(client, still, "another-name.jpg")
    assert again.status_code == 200
    assert again.json() == done
    (root / "inbox" / "copy.jpg").write_bytes(still)
    by_path = client.post("/v1/analyses", json={"path": "inbox/copy.jpg"})
    assert by_path.status_code == 200
    assert by_path.json()["id"] == done["id"]


def test_what_is_no_picture_is_an_abstention_and_a_hostile_name_only_text(client):
    name = "../../<script>alert(1)</script>\x1b[31m[red]=cmd.jpg"
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.encode()
        + b'"\r\n\r\nno picture at all\r\n--x--\r\n'
    )
    kind = {"content-type": "multipart/form-data; boundary=x"}
    sent = client.post("/v1/analyses", content=body, headers=kind)
    assert sent.status_code == 202
    view = wait(client, sent.json()["id"])
    assert (view["state"], view["abstention"]) == ("done", "unsupported")
    assert view["verdict"] is None
    assert view["name"] == "script>\\x1b[31m[red]=cmd.jpg"
    page = client.get(view["links"]["html"])
    assert "<script" not in page.text
    assert "\x1b" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert policy.endswith("sandbox")


def test_events_end_with_the_analysis(client, done):
    answer = client.get(done["links"]["events"])
    assert answer.headers["content-type"].startswith("text/event-stream")
    kind, data = answer.text.strip().split("\n")
    assert kind == "event: analysis"
    assert json.loads(data.removeprefix("data: ")) == done


def test_what_is_over_the_limits_of_pixels_or_length_is_said(make_options, tmp_path, still):
    limits = Limits(pixels=240 * 240 - 1, duration=0.5)
    clip = files.write_video(tmp_path / "clip.mp4", 15).read_bytes()
    options = make_options(tmp_path / "data")
    options = replace(options, settings=replace(options.settings, limits=limits))
    with client_of(Service(options)) as client:
        sent = [send(client, still), send(client, clip, "clip.mp4")]
        views = [wait(client, answer.json()["id"]) for answer in sent]
        reports = [client.get(view["links"]["json"]).json() for view in views]
    for view, report, limit in zip(views, reports, ("pixels", "duration"), strict=True):
        assert (view["state"], view["abstention"], view["verdict"]) == ("done", "over_limit", None)
        assert f"over the limit {limit} = " in report["message"]


def test_removing_takes_the_files_too(client):
    sent = send(client, b"another text", "notes.txt")
    view = wait(client, sent.json()["id"])
    folder = client.app.state.service.folders.of(view["id"])
    kept = {"upload", "report.html", "report.json", "bands.json", "pictures"}
    assert {path.name for path in folder.iterdir()} == kept
    assert client.delete(view["links"]["self"]).status_code == 204
    assert not folder.exists()
    assert client.get(view["links"]["self"]).status_code == 404
    assert client.delete(view["links"]["self"]).status_code == 404


def test_a_report_says_what_the_credentials_say_by_the_trust_list(make_options, tmp_path):
    authority, options = Authority.make(), make_options(tmp_path / "data")
    file = authority.sign(SAMPLE, tmp_path / "signed.jpg", manifest(tool="<script>Camera"))
    settings = replace(options.settings, trust_list=authority.root)
    with client_of(Service(replace(options, settings=settings))) as client:
        view = wait(client, send(client, file.read_bytes()).json()["id"])
        report = client.get(view["links"]["json"]).json()
        page = client.get(view["links"]["html"]).text
    assert report["provenance"]["state"] == "trusted"
    assert report["provenance"]["signer"] == "Jane Doe, Daily News"
    assert "Intact, from a trusted signer" in page
    assert "&lt;script&gt;Camera" in page
    assert "<script>Camera" not in page
