"""What the API takes, refuses and lists; nothing is analysed here."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from contextlib import ExitStack

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from serve.service_client import HOST, TOKEN, client_of, send
from unmask.errors import SettingError
from unmask.serve.options import Options, decide_access
from unmask.serve.service import Service

pytestmark = pytest.mark.usefixtures("no_workers")


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "clip.jpg").write_bytes(b"something")
    (tmp_path / "secret.jpg").write_bytes(b"elsewhere")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    return folder


@pytest.fixture
def service(make_options, tmp_path, root, database):
    options = make_options(tmp_path / "data", root=root, most_waiting=6, database=database)
    service = Service(options)
    yield service
    service.store.close()


@pytest.fixture
def client(service):
    with client_of(service) as client:
        yield client


def jobs(service: Service) -> list[str]:
    return [path.name for path in (service.options.data / "jobs").iterdir()]


def test_a_file_over_the_limit_is_refused_while_it_comes_and_leaves_nothing(client, service):
    sent = []

    def body():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(1000):
            sent.append(1)
            yield bytes(10_000)

    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/analyses", content=body(), headers=kind)
    assert answer.status_code == 413
    assert "--max-file-size" in answer.json()["detail"]
    assert jobs(service) == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "multipart/form-data; boundary=x", 400),
        (b"--y\r\n", "multipart/form-data; boundary=x", 400),
        (b"x", "multipart/form-data", 415),
        (b"x", "multipart/form-data; boundary=" + "b" * 500, 400),
        (b"x", "video/mp4", 415),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422),
        (
            b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            422,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf',
            "multipart/form-data; boundary=x",
            400,
        ),
        (
            2 * b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n1\r\n' + b"--x--\r\n",
            "multipart/form-data; boundary=x",
            422,
        ),
        (b'{"path"', "application/json", 422),
        (b'{"path": 1}', "application/json", 422),
        (b'{"path": "' + b"a" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_a_broken_body_is_refused_and_leaves_nothing(client, service, body, kind, status):
    answer = client.post("/v1/analyses", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)
    assert jobs(service) == []
    assert client.get("/v1/analyses").json()["items"] == []


def test_a_body_that_is_declared_too_long_is_refused_before_it_comes(client, service):
    def body():
        raise AssertionError("it is not read")
        yield

    headers = {"content-type": "multipart/form-data; boundary=x"}
    for length in ("100000000", "9" * 40):
        answer = client.post(
            "/v1/analyses", content=body(), headers=headers | {"content-length": length}
        )
        assert answer.status_code == 413
    assert jobs(service) == []


def test_a_full_disk_is_said_and_leaves_nothing(client, service, monkeypatch):
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    answer = send(client, b"something")
    assert answer.status_code == 507
    assert "No space left" in answer.json()["detail"]
    assert jobs(service) == []


def test_too_many_files_at_once_are_turned_away(client, service):
    with ExitStack() as coming:
        for _ in range(32):
            coming.enter_context(service.upload("multipart/form-data; boundary=x", None))
        answer = send(client, b"something")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    assert send(client, b"something").status_code == 202


def test_a_report_that_is_gone_is_made_anew_when_the_file_comes_again(client, service):
    view = send(client, b"something").json()
    service.store.finish(service.store.claim("worker"), "done", "well", verdict="real")
    assert client.get(view["links"]["html"]).status_code == 404
    again = send(client, b"something")
    assert again.status_code == 202
    assert again.json()["id"] != view["id"]
    assert client.get(view["links"]["self"]).status_code == 404


def test_a_sender_who_goes_away_leaves_nothing_and_an_accepted_file_stays(service, monkeypatch):
    with (
        pytest.raises(asyncio.CancelledError),
        service.upload("multipart/form-data; boundary=x", None),
    ):
        raise asyncio.CancelledError
    assert jobs(service) == []
    with service.upload("multipart/form-data; boundary=x", None) as (id_, upload):
        upload._target.write_bytes(b"something")
    monkeypatch.setattr(service.store, "get", lambda _: 1 / 0)  # after the job is entered
    with pytest.raises(ZeroDivisionError):
        service.accept(id_, upload)
    monkeypatch.undo()
    assert service.store.get(id_).state == "queued"
    assert service.folders.upload(id_).read_bytes() == b"something"


def test_every_state_can_be_ended_or_removed(client, service):
    """Waiting and running: cancelled, then removed. Ended: removed."""
    for number, state in enumerate(("queued", "running", "done", "failed", "cancelled")):
        link = send(client, bytes([number])).json()["links"]["self"]
        if state == "cancelled":
            client.delete(link)
        elif state != "queued":
            job = service.store.claim("worker")
            if state != "running":
                service.store.finish(job, state, "for a test")
        assert client.get(link).json()["state"] == state
        if state in ("queued", "running"):
            ended = client.delete(link)
            assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")
        assert client.delete(link).status_code == 204
        assert client.delete(link).status_code == 404
    assert jobs(service) == []


def test_a_database_that_does_not_answer_is_a_503_in_one_line(client, service, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    for name in ("ping", "page", "get", "waiting"):
        monkeypatch.setattr(service.store, name, away)
    answers = [
        client.get(path) for path in ("/healthz", "/v1/analyses", f"/v1/analyses/{'0' * 32}")
    ]
    for answer in (*answers, send(client, b"x"), client.delete(f"/v1/analyses/{'0' * 32}")):
        assert answer.status_code == 503
        assert answer.json() == {"detail": "the database does not answer; try again"}
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_fault_of_the_service_is_said_with_strict_headers_and_nothing_else(
    client, service, monkeypatch
):
    monkeypatch.setattr(service.store, "page", lambda **_: 1 / 0)
    answer = client.get("/v1/analyses")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "a fault of the service; it is in the service's log"}
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_paths_are_taken_below_the_root_only(client, tmp_path, root):
    taken = client.post("/v1/analyses", json={"path": "clip.jpg"})
    assert taken.status_code == 202
    assert taken.json()["kept"] is False
    wrong = ["../secret.jpg", str(tmp_path / "secret.jpg"), "link.jpg", "gone.jpg", ".", "a\0b"]
    answers = [client.post("/v1/analyses", json={"path": path}) for path in wrong]
    assert {(a.status_code, a.json()["detail"]) for a in answers} == {
        (404, "there is no such file below the folder of --root")
    }
    client.delete(taken.json()["links"]["self"])
    client.delete(taken.json()["links"]["self"])
    assert (root / "clip.jpg").read_bytes() == b"something"


def test_without_a_root_no_path_is_taken(make_options, tmp_path):
    with client_of(Service(make_options(tmp_path / "other"))) as client:
        assert client.post("/v1/analyses", json={"path": "clip.jpg"}).status_code == 403


def test_what_waits_is_cancelled_first_and_then_removed(client, service):
    view = send(client, b"something").json()
    cancelled = client.delete(view["links"]["self"])
    assert cancelled.json()["state"] == "cancelled"
    assert cancelled.json()["kept"] is False
    assert not service.folders.upload(view["id"]).exists()
    assert client.get(view["links"]["html"]).status_code == 409
    assert send(client, b"something").status_code == 202  # a cancelled job answers nothing
    assert client.delete(view["links"]["self"]).status_code == 204


def test_too_many_waiting_are_turned_away(client):
    sent = [send(client, bytes([number])) for number in range(7)]
    assert [answer.status_code for answer in sent] == [202] * 6 + [429]


def test_lists_come_in_pages_and_by_filter(client):
    for number in range(5):
        assert send(client, bytes([number]), f"50%_{number}.MP4").status_code == 202
    first = client.get("/v1/analyses", params={"limit": 2}).json()
    second = client.get("/v1/analyses", params={"limit": 2, "before": first["next"]}).json()
    third = client.get("/v1/analyses", params={"limit": 2, "before": second["next"]}).json()
    names = [view["name"] for page in (first, second, third) for view in page["items"]]
    assert names == [f"50%_{number}.MP4" for number in (4, 3, 2, 1, 0)]
    assert third["next"] is None

    def found(**wanted) -> list[str]:
        return [view["name"] for view in client.get("/v1/analyses", params=wanted).json()["items"]]

    assert found(name="_3.mp4") == ["50%_3.MP4"]
    assert found(name="%3") == []  # no pattern: a per cent sign is one
    assert found(sha256=first["items"][0]["sha256"]) == ["50%_4.MP4"]
    assert len(found(state="queued")) == 5
    assert found(verdict="fake") == []
    wrong = client.get("/v1/analyses", params={"limit": 0})
    assert (wrong.status_code, wrong.json()["detail"][:6]) == (422, "limit:")
    assert client.get("/v1/analyses", params={"state": "lost"}).status_code == 422


def test_uploads_are_deleted_once_their_time_is_over(make_options, tmp_path):
    service = Service(make_options(tmp_path / "data", retention=0.0))
    with client_of(service) as client:
        view = send(client, b"something").json()
        upload = service.folders.upload(view["id"])
        service.tidy()
        assert upload.exists()  # it still waits
        job = service.store.claim("worker")
        service.store.finish(job, "failed", "for a test")
        service.tidy()
        assert not upload.exists()
        assert client.get(view["links"]["self"]).json()["kept"] is False
        broken_off = service.folders.of("0" * 32)
        broken_off.mkdir()
        service.tidy()
        assert broken_off.exists()  # it may still be coming
        old = time.time() - 7200
        os.utime(broken_off, (old, old))
        (broken_off / "upload").touch()
        os.utime(broken_off, (old, old))
        service.tidy()
        assert broken_off.exists()  # long under way, and still coming
        os.utime(broken_off / "upload", (old, old))
        service.tidy()
        assert not broken_off.exists()


def test_data_of_another_database_are_refused_and_kept(make_options, tmp_path):
    """It knows none of their jobs, and would take them for uploads that broke off."""
    data = tmp_path / "data"
    with client_of(Service(make_options(data))) as client:
        id_ = send(client, b"something").json()["id"]
    elsewhere = make_options(data, database=f"sqlite:///{tmp_path / 'other.sqlite'}")
    with pytest.raises(SettingError, match=r"another database; .*remove .*/owner-") as raised:
        Service(elsewhere)
    assert "\n" not in str(raised.value)
    again = Service(make_options(data))
    assert again.folders.upload(id_).is_file()
    again.store.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:8765"},
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://localhost:8765"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/analyses", "/healthz", "/metrics", "/?token=" + TOKEN])
def test_foreign_hosts_and_origins_are_refused_with_the_right_token(client, headers, path):
    assert client.get(path, headers=headers, follow_redirects=False).status_code == 403
    assert client.options(path, headers=headers).status_code == 403


def test_the_own_origin_is_served_and_no_other_gets_a_cors_header(client):
    answer = client.get("/v1/analyses", headers={"origin": f"http://{HOST}"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer \u00e9"])
def test_no_path_but_the_health_is_served_without_the_token(client, given):
    headers = {"authorization": given.encode("latin-1")}
    paths = [path.replace("{id}", "0" * 32) for path in client.app.openapi()["paths"]]
    paths += ["/", "/openapi.json", "/nowhere"]
    assert len(paths) > 8
    for path in paths:
        wanted = 200 if path == "/healthz" else 401
        assert client.get(path, headers=headers).status_code == wanted, path
    assert client.post("/v1/analyses", headers=headers).status_code == 401
    assert client.delete(f"/v1/analyses/{'0' * 32}", headers=headers).status_code == 401


def test_a_browser_gets_a_cookie_for_the_token(client):
    del client.headers["authorization"]
    assert client.get("/?token=wrong", follow_redirects=False).status_code == 401
    entered = client.get(f"/?token={TOKEN}", follow_redirects=False)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert TOKEN not in cookie
    cookies = {"cookie": cookie.split(";")[0]}
    client.cookies.clear()
    assert client.get("/v1/analyses", headers=cookies).status_code == 200
    assert client.get("/v1/analyses").status_code == 401


def test_every_answer_has_strict_headers(client):
    view = send(client, b"something").json()
    for path in ("/v1/analyses", view["links"]["html"], "/nowhere", "/healthz"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]


def test_metrics_count_requests_and_jobs(client):
    send(client, b"something")
    client.get("/v1/analyses/" + "0" * 32)
    client.get("/anything/at/all")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    text = answer.text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    states = {
        sample.labels["state"]: sample.value
        for sample in families["unmask_analyses_by_state"].samples
    }
    assert states == {"queued": 1, "running": 0, "done": 0, "failed": 0, "cancelled": 0}
    assert families["unmask_workers"].samples[0].value == 0
    assert families["unmask_oldest_waiting_seconds"].samples[0].value >= 0
    assert families["unmask_http_request_seconds"].type == "histogram"
    assert all(family.documentation for family in families.values())
    assert 'unmask_analyses_by_state{state="queued"} 1.0' in text
    assert (
        'unmask_http_requests_total{method="GET",route="/v1/analyses/{id}",status="404"} 1.0'
        in text
    )
    assert 'route="none",status="404"' in text
    assert "anything" not in text


def test_other_addresses_need_a_token_or_the_flag():
    with pytest.raises(SettingError, match="UNMASK_TOKEN"):
        decide_access("192.0.2.1", 80)
    assert decide_access("192.0.2.1", 80, token=TOKEN).names == {"192.0.2.1"}
    assert decide_access("192.0.2.1", 80, without_token=True).token is None
    with pytest.raises(SettingError, match="--allow-host"):
        decide_access("0.0.0.0", 80, token=TOKEN)  # noqa: S104
    assert decide_access("::", 80, token=TOKEN, names=("Box",)).names == {"box"}
    with pytest.raises(SettingError, match="16 characters"):
        decide_access("127.0.0.1", 80, token="short")  # noqa: S106
    first, second = (decide_access("localhost", 80).token for _ in range(2))
    assert len(first) > 40
    assert first != second


@pytest.mark.parametrize(
    "wrong",
    [
        {"workers": 0},
        {"timeout": 0},
        {"memory": -1},
        {"retention": -1},
        {"root": "nowhere"},
        {"database": "mysql://here"},
        {"database": "what"},
        {"database": "sqlite:////no/such/folder/file"},
    ],
)
def test_wrong_options_are_said_in_one_line(make_options, tmp_path, wrong):
    if "root" in wrong:
        wrong = {"root": tmp_path / "nowhere"}
    with pytest.raises(SettingError) as raised:
        Service(make_options(tmp_path / "data", **wrong))
    assert "\n" not in str(raised.value)


def test_another_detector_or_setting_is_another_answer(make_options, tmp_path):
    service = Service(make_options(tmp_path / "data"))
    key = service.key
    assert key == make_options(tmp_path / "elsewhere", workers=3).answer_key(service.model)
    other = service.model.model_copy(update={"sha256": "0" * 64})
    assert service.options.answer_key(other) != key
    for bound in ({"memory": 2**33}, {"timeout": 7.0}):  # what was too much for the first is not
        assert make_options(tmp_path, **bound).answer_key(service.model) != key
    assert Options(data=tmp_path).answer_key(service.model) != key
