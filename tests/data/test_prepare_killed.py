"""A face set is the same whatever happens to the processes that make it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from media_files import write_video
from portraits import png, portrait, write_tree
from unmask.data.manifest import make_manifest, write_manifest
from unmask.data.prepare import DIED, prepare, read_faces, read_failures

KILLS = 10
ZIPS = 9

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by process group")


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def shards(folder):
    return len(list(folder.glob("faces-*.parquet")))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Root, manifest and its path: twelve shards of a few media, some of which fail."""
    root = tmp_path_factory.mktemp("media")
    files = {
        f"{n}.zip/a{n}/{frame}.png": png(portrait(n)) for n in range(ZIPS) for frame in (0, 10)
    }
    files |= {f"{n}.tar.gz/b{n}/0.png": png(portrait(n, "hopper")) for n in range(2)}
    files |= {f"{n}.zip/broken.png": b"broken" for n in (1, 2)}
    write_tree(root, files)
    write_video(root / "clip.mp4", [portrait(0, room=2.4)] * 4, rate=4)
    paths = [f"{n}.zip/a{n}" for n in range(ZIPS)] + [f"{n}.tar.gz/b{n}" for n in range(2)]
    paths += ["1.zip/broken.png", "2.zip/broken.png", "clip.mp4", "gone.mp4"]
    manifest = make_manifest(
        {"video_id": path, "path": path, "label": 0, "group_id": path, "dataset": "tests"}
        for path in paths
    )
    write_manifest(manifest, root / "manifest.parquet")
    return root, manifest


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    """The face set that one process makes undisturbed."""
    root, manifest = dataset
    out = tmp_path_factory.mktemp("whole")
    for _ in prepare(manifest, root, out, frames=4, workers=1):
        pass
    assert shards(out) == ZIPS + 3
    return out


def start(root, out, environment=None):
    """Start the command in a process group of its own."""
    settings = ("--root", root, "--out", out, "--frames", "4", "--workers", "2")
    command = [sys.executable, "-m", "unmask", "data", "prepare", root / "manifest.parquet"]
    return subprocess.Popen(
        [*map(str, command), *map(str, settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, **(environment or {})},
    )


def wait_for(process, done):
    while process.poll() is None and not done():
        time.sleep(0.005)


@pytest.mark.slow
def test_killed_ten_times_at_random_moments_it_ends_in_the_same_bytes(dataset, whole, tmp_path):
    root, _ = dataset
    rng = random.Random(20)
    out = tmp_path / "out"
    kills = 0
    while kills < KILLS:
        before = shards(out)
        process = start(root, out)
        if rng.random() < 0.7:  # at work, else while it starts
            wait_for(process, lambda before=before: shards(out) > before)
        time.sleep(rng.uniform(0, 0.5))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        elif kills < KILLS:  # it was quicker: once more from the start
            shutil.rmtree(out)
        process.communicate()
    (out / ".faces-000003.parquet.1.part").write_bytes(b"half a shard")
    process = start(root, out)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert stdout == f"{out}\n"
    assert content(out) == content(whole)
    assert read_faces(out)["video_id"].n_unique() == ZIPS + 3
    assert len(read_failures(out)) == 3


@pytest.mark.slow
def test_processes_end_with_the_one_that_started_them(dataset, whole, tmp_path):
    root, _ = dataset
    process = start(root, tmp_path)
    wait_for(process, lambda: shards(tmp_path) > 0)
    process.kill()
    process.communicate(timeout=60)  # until no process holds the other end of the pipes
    process = start(root, tmp_path)
    process.communicate()
    assert content(tmp_path) == content(whole)


DEADLY = """
import os, sys

def die(event, arguments):
    name = str(arguments[0]) if event == "open" else ""
    if name.endswith("deadly.png") or (name.endswith("once.png") and not os.path.exists({flag!r})):
        open({flag!r}, "w").close()
        os._exit(9)

sys.addaudithook(die)
"""


@pytest.mark.slow
def test_a_file_that_kills_its_process_fails_alone(tmp_path):
    root, hook = tmp_path / "media", tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(DEADLY.format(flag=str(tmp_path / "flag")))
    names = ["a.png", "deadly.png", "once.png", "z.zip/b.png"]
    write_tree(root, {name: png(portrait(n)) for n, name in enumerate(names)})
    manifest = make_manifest(
        {"video_id": name, "path": name, "label": 0, "group_id": name, "dataset": "tests"}
        for name in names
    )
    write_manifest(manifest, root / "manifest.parquet")
    process = start(root, tmp_path / "out", {"PYTHONPATH": str(hook)})
    _, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert sorted(read_faces(tmp_path / "out")["video_id"]) == ["a.png", "once.png", "z.zip/b.png"]
    (failure,) = read_failures(tmp_path / "out").iter_rows(named=True)
    assert (failure["path"], failure["reason"]) == ("deadly.png", DIED)


@pytest.mark.slow
def test_processes_that_cannot_start_are_nobodys_fault(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os\nif '--multiprocessing-fork' in sys.orig_argv: os._exit(9)\n"
    )
    (tmp_path / "a.png").write_bytes(png(portrait()))
    row = {"video_id": "a", "path": "a.png", "label": 0, "group_id": "a", "dataset": "tests"}
    write_manifest(make_manifest([row]), tmp_path / "manifest.parquet")
    process = start(tmp_path, tmp_path / "out", {"PYTHONPATH": str(tmp_path)})
    _, stderr = process.communicate()
    assert process.returncode == 2
    assert "die before they open a file" in stderr
    assert len(stderr.splitlines()) == 1
    assert not shards(tmp_path / "out")
