"""The page's own files, and what it fetches of an analysis."""

from __future__ import annotations

import html
import json
import re
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

from builders import CARD, make_evidence, make_face, make_report
from serve.service_client import HOST, TOKEN, client_of, send
from unmask.detect import Card, Settings
from unmask.detect.rejudge import rejudge
from unmask.report.page import render_page
from unmask.serve.folders import BANDS, JSON, PICTURES, write_report
from unmask.serve.service import Service
from unmask.types import Thresholds

pytestmark = pytest.mark.usefixtures("no_workers")

STATIC = files("unmask.serve.page").joinpath("static")
SAMPLES = Path(__file__).parents[2] / "samples"
PLANTED = "<script>alert(1)</script>[red]=cmd\x1b[31m.mp4"
CARD_ = Card.model_validate(
    CARD
    | {
        "calibration": CARD["calibration"] | {"intercept": 0.0},
        "bands": {
            "pools": [{"source": "a", "count": 99, "highest": [3.0, 2.5, 1.0]}],
            "real_below": -1.5,
        },
        "crop": {"size": 160, "eye_mouth": 0.4, "centre_y": 0.5},
    }
)


@pytest.fixture
def service(make_options, tmp_path):
    return Service(make_options(tmp_path / "data"))


@pytest.fixture
def client(service):
    with client_of(service) as client:
        yield client


def finish(client, report, data: bytes = b"something") -> str:
    """Have ``report`` be what comes of a file; returns its address."""
    service = client.app.state.service
    sent = send(client, data).json()
    job = service.store.claim("worker")
    folder = service.folders.attempt(job.id, job.attempts)
    write_report(folder, report, CARD_, Settings(evidence=True))
    service.folders.keep(job.id, folder)
    service.store.finish(job, "done", report.message, verdict=report.verdict)
    return sent["links"]["self"]


def two_people(**changes):
    faces = (make_face(0, 0.4), make_face(1, 0.95))
    values = {
        "faces": faces,
        "score": faces[1].score,
        "interval": faces[1].interval,
        "thresholds": Thresholds(max_false_alarm_rate=0.01, faces=2, fake=3.0, real=-1.5),
        "verdict": "uncertain",
        "probability": 0.95,
        "evidence": (*make_evidence(faces[0]), *make_evidence(faces[1])),
    }
    return make_report("clip.mp4", **values | changes)


def test_the_page_runs_its_own_files_only_and_carries_the_token(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert f'content="{TOKEN}"' in page.text
    assert not re.search(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", page.text
    )
    wanted = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    for address in wanted:
        assert address.startswith("/")
        assert client.get(address).status_code == 200, address


def test_the_files_fetch_nothing_from_elsewhere_and_make_no_markup_of_text(client):
    names = {path.name for path in STATIC.iterdir()}
    for name in names:
        answer = client.get(f"/page/{name}")
        assert answer.status_code == 200
        text = answer.text.replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text, name
        assert not re.search("innerHTML|outerHTML|insertAdjacentHTML|document.write|eval", text)
        for other in re.findall(r'from "\./([^"]+)"', text):
            assert other in names
    assert client.get("/page/..%2Frouter.py").status_code == 404
    assert client.get("/page/other.js").status_code == 404


@pytest.mark.parametrize(("prior", "rate"), [(None, None), (0.02, 0.02), (0.9, 0.001)])
def test_a_reading_says_what_the_report_says(client, prior, rate):
    report = two_people()
    here = finish(client, report)
    chosen = {"prior": prior, "max_false_alarm_rate": rate}
    reading = client.get(
        f"{here}/reading", params={k: v for k, v in chosen.items() if v is not None}
    ).json()
    wanted = rejudge(report, CARD_.bands, prior or 0.5, rate or 0.01)
    page = html.unescape(re.sub("[ \n]+", " ", render_page(wanted, CARD)))
    meaning = f"{reading['meaning']} {reading['at_prior']}"
    interval = f"95 % interval {reading['interval']}"
    same = [reading[name] for name in ("heading", "pill", "chance", "bands")]
    for text in (*same, interval, meaning, *reading["limits"], reading["gauge"]["label"]):
        assert text in page
    assert reading["verdict"] == wanted.verdict
    assert [person["track"] for person in reading["people"]] == [1, 0]
    for person in reading["people"]:
        assert f"<b>{person['chance']}</b>" in page
        assert f"({person['interval']})" in page
        assert person["facts"] in page
        for point in person["chart"]["points"]:
            assert point["title"] in page
            assert f'cx="{point["x"]}" cy="{point["y"]}"' in page
        assert len(person["shots"]) == len(person["chart"]["points"]) == 8
        most, least = (person["shots"][person[end]]["chance"] for end in ("most", "least"))
        assert f"Most suspicious: {most}" in page
        assert f"Least suspicious: {least}" in page


def test_shares_out_of_range_are_refused(client):
    here = finish(client, two_people())
    for wrong in ({"prior": 0}, {"prior": 1}, {"max_false_alarm_rate": "nan"}, {"prior": 1e-9}):
        assert client.get(f"{here}/reading", params=wrong).status_code == 422
    for edge in (1e-6, 1 - 1e-6):
        chosen = {"prior": edge, "max_false_alarm_rate": edge}
        assert client.get(f"{here}/reading", params=chosen).status_code == 200


def test_pictures_are_those_of_the_evidence(client):
    report = two_people()
    here = finish(client, report)
    shot = client.get(f"{here}/reading").json()["people"][0]["shots"][3]
    kept = report.evidence[8 + 3]
    sizes = {"face": kept.crop.shape, "heat": kept.crop.shape, "whole": kept.thumbnail.shape}
    pictures = {}
    for kind, shape in sizes.items():
        answer = client.get(shot[kind])
        assert answer.headers["content-type"] == "image/jpeg"
        pictures[kind] = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
        assert pictures[kind].shape == shape
    assert np.abs(pictures["face"][..., ::-1].astype(int) - kept.crop).mean() < 6
    assert np.abs(pictures["face"].astype(int) - pictures["heat"]).max() > 60
    assert client.get(f"{here}/pictures/lead.jpg").status_code == 200
    for name in ("face-9-9.jpg", "frame-999999.jpg"):
        assert client.get(f"{here}/pictures/{name}").status_code == 404
    for name in ("report.json", "..%2Freport.json", "face-1-3.jpg%00"):
        assert client.get(f"{here}/pictures/{name}").status_code in {404, 422}


def test_the_media_is_played_in_parts_and_never_as_a_page(make_options, tmp_path):
    clip = (SAMPLES / "real" / "astronaut.mp4").read_bytes()
    service = Service(make_options(tmp_path / "other", retention=0.0))
    with client_of(service) as client:
        here = finish(client, make_report(PLANTED), clip)
        reading = client.get(f"{here}/reading").json()
        part = client.get(reading["media"], headers={"range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, clip[100:200])
        assert part.headers["content-type"] == "video/mp4"
        assert part.headers["content-disposition"].startswith("attachment")
        assert "script" not in part.headers["content-disposition"]
        assert part.headers["content-security-policy"].endswith("sandbox")
        page = finish(client, make_report("a.html"), b"<script>alert(1)</script>")
        assert client.get(f"{page}/media").status_code == 404
        service.tidy()
        assert client.get(f"{here}/media").status_code == 404
        assert client.get(f"{here}/reading").json()["media"] is None


def test_names_and_notes_stay_text(client):
    found = make_report(PLANTED, notes=(PLANTED,), message=f"m; {PLANTED}")
    here = finish(client, found)
    answer = client.get(f"{here}/reading")
    assert answer.headers["content-type"] == "application/json"
    assert "\\u001b" not in answer.text
    assert "\x1b" not in answer.text
    assert answer.json()["notes"] == ["<script>alert(1)</script>[red]=cmd\\x1b[31m.mp4"]


def test_a_report_that_is_not_whole_is_said_to_be(client):
    here = finish(client, two_people())
    folder = client.app.state.service.folders.of(here.rpartition("/")[2])
    for name, text in ((BANDS, '{"pools": []}'), (JSON, "{}"), (JSON, json.dumps({"path": 1}))):
        whole = (folder / name).read_text()
        (folder / name).write_text(text)
        assert client.get(f"{here}/reading").status_code == 404
        (folder / name).write_text(whole)
    (folder / BANDS).unlink()
    assert client.get(f"{here}/reading").status_code == 404


def test_an_abstention_has_its_advice_and_no_score(client):
    reading = client.get(f"{finish(client, make_report(verdict=None))}/reading").json()
    assert (reading["verdict"], reading["chance"], reading["gauge"]) == (None, "", None)
    assert reading["heading"] == "No verdict: no face was found"
    assert len(reading["advice"]) == 2
    waiting = send(client, b"another").json()["links"]["self"]
    assert client.get(f"{waiting}/reading").status_code == 409


def test_an_attempt_replaces_the_pictures_of_the_one_before(service):
    for name in ("one", "two"):
        attempt = service.folders.attempt("0" * 32, 1)
        report = make_report(evidence=() if name == "two" else make_report().evidence)
        write_report(attempt, report, CARD_, Settings())
        service.folders.keep("0" * 32, attempt)
    assert list((service.folders.of("0" * 32) / PICTURES).iterdir()) == []


def test_the_cookie_reads_and_changes_nothing(client):
    sent = send(client, b"something").json()["links"]["self"]
    del client.headers["authorization"]
    client.get(f"/?token={TOKEN}", follow_redirects=False)
    (name, value), *_ = client.cookies.items()
    client.cookies.clear()
    cookie = {"cookie": f"{name}={value}"}
    assert client.get(sent, headers=cookie).status_code == 200
    assert client.delete(sent, headers=cookie).status_code == 401
    files_ = {"file": ("a.jpg", b"more")}
    assert client.post("/v1/analyses", files=files_, headers=cookie).status_code == 401
    bearer = cookie | {"authorization": f"Bearer {TOKEN}"}
    assert client.post("/v1/analyses", files=files_, headers=bearer).status_code == 202


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_other_sites_have_a_browser_send_is_refused(client, site):
    headers = {"sec-fetch-site": site}
    assert client.get("/v1/analyses", headers=headers).status_code == 403
    assert client.post("/v1/analyses", headers=headers).status_code == 403
    followed = client.get(f"/?token={TOKEN}", headers=headers, follow_redirects=False)
    assert followed.status_code == 303
    for own in ("same-origin", "none"):
        assert client.get("/v1/analyses", headers={"sec-fetch-site": own}).status_code == 200
    assert HOST in str(client.headers["host"])
