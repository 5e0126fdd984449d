"""The report as PDF: made from the stored page, once, within bounds."""

from __future__ import annotations

import pytest
from fastapi import HTTPException

from serve.service_client import client_of, send
from unmask.serve import paper
from unmask.serve.service import Service

pytestmark = pytest.mark.usefixtures("no_workers")

PAGE = "<!doctype html><title>a report</title><p>shown"


@pytest.fixture
def client(make_options, tmp_path):
    with client_of(Service(make_options(tmp_path))) as client:
        yield client


def done(client, still) -> tuple[str, dict[str, str], Service]:
    """An analysis that has ended, its links, and the service."""
    view = send(client, still).json()
    service = client.app.state.service
    folder = service.folders.of(view["id"])
    (folder / "report.html").write_text(PAGE)
    return view["id"], view["links"], service


def test_a_report_is_set_once_and_sent_to_be_saved(client, still, monkeypatch):
    id_, links, service = done(client, still)
    assert client.get(links["pdf"]).status_code == 409
    monkeypatch.setattr(Service, "report", lambda self, id_, name: self.folders.of(id_) / name)
    answer = client.get(links["pdf"])
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="unmask-report.pdf"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    monkeypatch.setattr(paper, "spawn", None)
    assert client.get(links["pdf"]).content == answer.content
    left = {path.name for path in service.folders.of(id_).iterdir()}
    assert left == {"upload", "report.html", "report.pdf"}


def test_what_cannot_be_set_is_told(tmp_path, monkeypatch):
    page = tmp_path / "report.html"
    for expected, change in (
        (404, lambda: None),
        (500, lambda: page.write_bytes(b"\xff")),
        (501, lambda: monkeypatch.setattr(paper, "find_spec", lambda _: None)),
    ):
        change()
        with pytest.raises(HTTPException) as raised:
            paper.set_on_paper(page)
        assert raised.value.status_code == expected
    assert "unmask[pdf]" in raised.value.detail
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_page_that_takes_too_long_is_given_up(tmp_path):
    page = tmp_path / "report.html"
    page.write_text(PAGE)
    with pytest.raises(HTTPException) as raised:
        paper.set_on_paper(page, seconds=0.01)
    assert raised.value.status_code == 500
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
