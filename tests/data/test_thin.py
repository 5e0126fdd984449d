"""Thinning picks frames in order of their numbers, and keeps the places of those it lacks."""

import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.data.manifest import make_manifest
from unmask.data.thin import pick_frames, thin
from unmask.errors import SettingError

NAMES = ["10.png", "9.png", "0.png", "2.png", "20.png", "20_1.png", "21.png", "45.jpg", "007.png"]


def row(name, path, **values):
    return {
        "video_id": name,
        "path": path,
        "label": 0,
        "group_id": name,
        "dataset": "set",
        **values,
    }


@settings(max_examples=200)
@given(
    frames=st.dictionaries(st.integers(0, 300), st.integers(1, 3), max_size=80),
    every=st.integers(1, 30),
    most=st.integers(1, 40),
)
def test_each_step_has_its_first_frame_with_a_single_face(frames, every, most):
    picks = pick_frames(frames, every, most)
    assert len(picks) <= most
    first = min(frames, default=0)
    assert bool(picks) == bool(frames)
    for step, pick in enumerate(picks):
        span = range(first + step * every, first + (step + 1) * every)
        single = [frame for frame in span if frames.get(frame) == 1]
        assert pick == (single[0] if single else None)
    if frames and len(picks) < most:
        assert max(frames) < first + len(picks) * every


def write(folder, form):
    """Write two videos' frames as a folder, a zip or a tar, and return the head of their paths."""
    plain = folder / "plain"
    for video in ("a", "b"):
        (plain / video).mkdir(parents=True)
        for name in NAMES if video == "a" else ["3.png", "3_1.png", "4_1.png", "4.png"]:
            (plain / video / name).write_bytes(b"picture")
    if form == "plain":
        return "plain"
    head = f"packed.{form}"
    if form == "zip":
        with zipfile.ZipFile(folder / head, "w") as archive:
            for path in sorted(plain.rglob("*.*")):
                archive.write(path, path.relative_to(plain))
    else:
        with tarfile.open(folder / head, "w:gz") as archive:
            archive.add(plain, ".")
    return head


@pytest.mark.parametrize("form", ["plain", "zip", "tar.gz"])
def test_folders_of_frames_are_thinned_wherever_they_lie(tmp_path, form):
    head = write(tmp_path, form)
    (tmp_path / "one").mkdir()
    (tmp_path / "one/0.png").write_bytes(b"picture")
    rows = [row("a", f"{head}/a"), row("b", f"{head}/b"), row("clip", "clip.mp4")]
    rows += [row("one", "one"), row("gone", f"{head}/gone", frames=0)]
    rows += [row("out", f"{head}/a", excluded="why")]
    done = thin(make_manifest(rows), tmp_path, every=10)
    picks = dict(done.manifest.select("video_id", "picks").iter_rows())
    assert picks == {
        "a": [0, 10, 21, None, 45],
        "b": [None],
        "clip": None,
        "one": None,
        "gone": None,
        "out": None,
    }
    assert (done.videos, done.picked, done.gaps, done.crowded, done.whole) == (2, 4, 2, 1, 2)
    assert thin(done.manifest, tmp_path, every=10).manifest.equals(done.manifest)
    shorter = thin(done.manifest, tmp_path, every=7, most=2).manifest
    assert shorter["picks"][0].to_list() == [0, 7]


def test_settings_below_one_are_refused(tmp_path):
    with pytest.raises(SettingError, match="at least 1"):
        thin(make_manifest([row("a", "a")]), tmp_path, every=0)
