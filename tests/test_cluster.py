"""Ray does what one process does, and tells the same, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import polars as pl
import pytest

from bundles import tiny_bundle
from cluster import kill, local_ray, ray_workers
from portraits import png, portrait, write_tree
from unmask.data.manifest import make_manifest, write_manifest
from unmask.data.prepare import prepare
from unmask.detect import Predictor, Settings, detect_many
from unmask.evaluation.scores import open_manifest, score_rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds Ray's processes in /proc"),
]

COUNT = 16

SLOW = """
import os, sys, time

def wait(event, arguments):
    if event == "open" and os.path.basename(str(arguments[0])).startswith("slow"):
        time.sleep(0.2)

sys.addaudithook(wait)
"""
"""Put into every Python that starts: it takes its time over such a file, so that a kill hits it."""


@pytest.fixture(scope="module")
def ray_environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(SLOW)
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    with local_ray(PYTHONPATH=path) as environment:
        yield environment


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """The root of portraits and of two files that nothing can be judged in, and their manifest."""
    root = tmp_path_factory.mktemp("media")
    for number in range(COUNT):
        (root / f"slow{number:02d}.png").write_bytes(png(portrait(number)))
    (root / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    rows = [
        {"video_id": name, "path": name, "label": number % 2, "group_id": name, "dataset": "tests"}
        | {"split": "test"}
        for number, name in enumerate(sorted([*(path.name for path in root.iterdir()), "gone.png"]))
    ]
    write_manifest(make_manifest(rows), root / "manifest.parquet")
    return root


def start(environment, *arguments):
    command = [sys.executable, "-m", "unmask", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)


def wait_for(process, done):
    while process.poll() is None and not done():
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()[1]


def test_detect_with_a_killed_driver_and_a_killed_worker_tells_what_one_process_tells(
    ray_environment, bundle, media, tmp_path
):
    out = tmp_path / "out"
    options = ("--model", bundle, "--json", "--engine", "ray", "--out", out, "--workers", 2)
    call = ("detect", "--list", media / "manifest.parquet", "--root", media, *options)

    def parts():
        return len(list(out.glob("reports-*.parquet")))

    driver = start(ray_environment, *call)
    wait_for(driver, lambda: parts() >= 2)
    driver.kill()
    driver.communicate()
    begun = parts()
    assert begun < COUNT
    driver = start(ray_environment, *call)
    at_work: list[int] = []

    def busy():
        at_work[:] = ray_workers(ray_environment)
        return at_work and parts() > begun

    wait_for(driver, busy)
    kill(at_work[0])
    stdout, stderr = driver.communicate()
    assert driver.returncode == 1, stderr  # this detector calls some of them fake
    found = [json.loads(line) for line in stdout.splitlines()]
    paths = [str(media / row["path"]) for row in read(media).iter_rows(named=True)]
    expected = [
        report.to_json()
        for report in detect_many(paths, bundle, Settings(threads=1), isolate=False)
    ]
    for line in (*found, *expected):
        line.pop("seconds")
    assert found == expected
    assert not list(out.glob(".*"))


def read(media):
    return pl.read_parquet(media / "manifest.parquet")


def test_evaluate_scores_as_one_process_does(ray_environment, bundle, media, tmp_path):
    manifest = media / "manifest.parquet"
    call = ("evaluate", "--manifest", manifest, "--root", media, "--split", "test")
    options = ("--model", bundle, "--engine", "ray", "--out", tmp_path, "--workers", 2)
    process = start(ray_environment, *call, *options)
    _, stderr = process.communicate()
    assert process.returncode == 0, stderr
    dataset = open_manifest(manifest, media, ("test",))
    expected = score_rows(Predictor(bundle, Settings(threads=1)), media, dataset.rows)
    assert pl.read_parquet(tmp_path / "scores.parquet").equals(expected.drop("scored"))
    assert not (tmp_path / "parts").exists()


def test_prepare_makes_the_same_bytes_by_a_ray_of_its_own(tmp_path):
    files = {f"{n}.zip/a{n}/{frame}.png": png(portrait(n)) for n in range(3) for frame in (0, 10)}
    write_tree(tmp_path / "root", files | {"2.zip/broken.png": b"broken"})
    names = [*(f"{n}.zip/a{n}" for n in range(3)), "2.zip/broken.png", "gone.mp4"]
    manifest = make_manifest(
        {"video_id": name, "path": name, "label": 0, "group_id": name, "dataset": "tests"}
        for name in names
    )
    write_manifest(manifest, tmp_path / "m.parquet")
    for _ in prepare(manifest, tmp_path / "root", tmp_path / "here", frames=4, workers=1):
        pass
    call = ("data", "prepare", tmp_path / "m.parquet", "--root", tmp_path / "root")
    options = ("--out", tmp_path / "ray", "--frames", 4, "--engine", "ray", "--workers", 2)
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    process = start(environment, *call, *options)
    _, stderr = process.communicate()
    assert process.returncode == 0, stderr
    here, ray = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("here", "ray")
    )
    assert ray == here


def test_a_cluster_that_is_not_there_is_said_in_one_line(media, bundle, tmp_path):
    environment = {**os.environ, "RAY_ADDRESS": "127.0.0.1:1"}
    call = ("detect", media, "--model", bundle, "--engine", "ray", "--out", tmp_path / "out")
    process = start(environment, *call)
    stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (2, "")
    assert "unmask: no Ray at 127.0.0.1:1" in stderr
