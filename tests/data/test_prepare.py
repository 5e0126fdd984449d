"""Face sets: every kind of medium in every kind of place, what is kept of it, and what failed."""

import numpy as np
import polars as pl
import pytest

from media_files import numbered, write_video
from portraits import png, portrait, write_tree
from unmask.data.manifest import make_manifest
from unmask.data.prepare import (
    FACE_SCHEMA,
    decode_face,
    prepare,
    read_faces,
    read_failures,
    summarise_failures,
)
from unmask.errors import DataError, SettingError


def row(name, path, **more):
    fixed = {"video_id": name, "path": path, "label": 0, "group_id": name, "dataset": "tests"}
    return {**fixed, **more}


def run(rows, root, out, **settings):
    return list(prepare(make_manifest(rows), root, out, workers=1, **settings))


def clip(folder, people):
    """Bytes of a clip of eight frames: person -> numbers of the frames that show them."""
    frames = []
    for number in range(8):
        shown = [
            portrait(0, person, room=2.4) if number in numbers else np.full((160, 160, 3), 90, "u1")
            for person, numbers in people.items()
        ]
        frames.append(np.hstack(shown))
    return write_video(folder / "clip.mp4", frames, rate=8).read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A face set of everything at once: its folder, and its faces by video."""
    root, scratch = tmp_path_factory.mktemp("media"), tmp_path_factory.mktemp("scratch")
    frames = {f"{n}.png": png(portrait(n)) for n in (0, 10, 100, 20)}
    frames["10_1.png"] = frames["20_1.png"] = png(portrait(7, "hopper"))
    both = clip(scratch, {"hopper": range(2, 8), "astronaut": range(8)})
    files = {
        "still.png": png(portrait(1)),
        "a.zip/deep/still.png": png(portrait(2)),
        "b.tar.gz/still.png": png(portrait(3)),
        "large.png": png(portrait(4, size=900, room=5)),
        **{f"frames/{name}": data for name, data in frames.items()},
        **{f"a.zip/v/{name}": data for name, data in frames.items()},
        **{f"b.tar.gz/v/{name}": data for name, data in frames.items()},
        **{f"c.tar.gz/v/{name}": data for name, data in frames.items()},
        "a.zip/v/.hidden.png": b"no frame",
        "clip.mp4": both,
        "a.zip/deep/clip.mp4": both,
        "b.tar.gz/clip.mp4": both,
        "brief.mp4": clip(scratch, {"astronaut": range(2)}),
        "nobody.png": png(numbered(3, 160, 160)),
        "damaged.png": png(portrait(1))[:300],
        "text.png": b"no picture",
        "a.zip/w/0.png": png(portrait(5)),
        "a.zip/w/1.png": png(numbered(3, 160, 160)),
        "a.zip/w/2.png": b"",
        "named/cover.png": png(portrait(1)),
        "bad.tar.gz": b"no archive",
        "bad.zip": b"no archive",
    }
    write_tree(root, files)
    rows = [row(path, path) for path in files if path.endswith(("still.png", ".mp4"))]
    rows += [row(path, path) for path in ("large.png", "nobody.png", "damaged.png", "text.png")]
    rows += [row(path, path) for path in ("frames", "a.zip/v", "b.tar.gz/v", "a.zip/w", "named")]
    rows += [row(path, path) for path in ("gone.mp4", "a.zip/x", "b.tar.gz/x")]
    rows += [row(path, path) for path in ("bad.zip/v", "bad.tar.gz/v")]
    rows += [
        row("picked", "a.zip/v", picks=[100, None, 10, 50]),
        row("picked-tar", "c.tar.gz/v", picks=[20, None, 0]),
        row("unpicked", "frames", picks=[None]),
        row("absent", "absent.mp4", frames=0, note="listed, but not there"),
        row("left out", "still.png", excluded="too few frames"),
    ]
    out = tmp_path_factory.mktemp("set")
    steps = run(rows, root, out, frames=8)
    assert steps[-1] == (len(rows) - 1, len(rows) - 1)
    faces = read_faces(out)
    return out, {name: part for (name,), part in faces.group_by("video_id", maintain_order=True)}


@pytest.mark.parametrize("path", ["still.png", "a.zip/deep/still.png", "b.tar.gz/still.png"])
def test_a_small_still_keeps_its_bytes(made, path):
    (face,) = made[1][path].iter_rows(named=True)
    assert (face["slot"], face["track"], face["time"]) == (0, 0, 0.0)
    seed = {"still.png": 1, "a.zip/deep/still.png": 2, "b.tar.gz/still.png": 3}[path]
    assert face["image"] == png(portrait(seed))


def test_a_large_still_keeps_the_neighbourhood_of_its_face(made):
    (face,) = made[1]["large.png"].iter_rows(named=True)
    picture = decode_face(face["image"])
    assert max(picture.shape) <= 384
    assert face["size"] < 300
    x0, y0, x1, y1 = face["box"]
    assert 0 < x0 < x1 < picture.shape[1]
    assert 0 < y0 < y1 < picture.shape[0]
    points = np.reshape(face["landmarks"], (5, 2))
    assert (points > (x0, y0)).all()
    assert (points < (x1, y1)).all()


@pytest.mark.parametrize("path", ["frames", "a.zip/v", "b.tar.gz/v"])
def test_a_folder_gives_the_first_face_of_every_frame_by_number(made, path):
    faces = made[1][path]
    assert faces["slot"].to_list() == [0, 1, 2, 3]
    assert faces["time"].to_list() == [0.0, 10.0, 20.0, 100.0]
    assert faces["image"].to_list() == [png(portrait(n)) for n in (0, 10, 20, 100)]


def test_picks_choose_frames_and_keep_their_gaps(made):
    assert made[1]["picked"]["slot"].to_list() == [0, 2]
    assert made[1]["picked"]["time"].to_list() == [100.0, 10.0]
    assert made[1]["picked-tar"]["slot"].to_list() == [0, 2]
    assert made[1]["picked-tar"]["time"].to_list() == [20.0, 0.0]


@pytest.mark.parametrize("path", ["clip.mp4", "a.zip/deep/clip.mp4", "b.tar.gz/clip.mp4"])
def test_all_people_of_a_clip_are_kept_the_one_seen_longest_first(made, path):
    tracks = dict(made[1][path].group_by("track").agg("slot", "time").rows_by_key("track"))
    assert tracks[0] == [(list(range(8)), pytest.approx([n / 8 for n in range(8)]))]
    assert tracks[1] == [(list(range(2, 8)), pytest.approx([n / 8 for n in range(2, 8)]))]
    assert len(tracks) == 2


def test_what_failed_says_why(made):
    failures = {
        name: list(zip(part["reason"], part["frames"], strict=True))
        for (name,), part in read_failures(made[0]).group_by("video_id")
    }
    whole = {name: why[0][0] for name, why in failures.items() if why[0][1] is None}
    assert set(failures) - set(whole) == {"picked", "a.zip/w"}
    assert failures["picked"] == [("a frame that was picked is not there", 1)]
    assert [count for _, count in failures["a.zip/w"]] == [1, 1]
    for name, words in {
        "brief.mp4": "nobody is seen in 3 of the sampled frames",
        "nobody.png": "no face found",
        "damaged.png": "it cannot be read",
        "text.png": "starts with text",
        "named": "'cover.png' is not named by its frame's number",
        "bad.zip/v": "the archive cannot be read",
        "bad.tar.gz/v": "the archive does not hold it, or is damaged",
        "a.zip/x": "the archive does not hold it",
        "b.tar.gz/x": "the archive does not hold it",
        "gone.mp4": "no such file",
        "unpicked": "thinning picked none",
        "absent": "listed, but not there",
    }.items():
        assert words in whole.pop(name), name
    assert not whole
    assert "left out" not in failures
    assert "left out" not in made[1]
    summary = summarise_failures(made[0])
    assert summary["media"].sum() == len(read_failures(made[0]))
    assert summary["frames"].sum() == 3


def test_a_face_set_of_an_older_version_has_nulls_where_it_lacks_columns(tmp_path, made):
    old = read_faces(made[0]).drop("slot", "picks")
    old.write_parquet(tmp_path / "faces-00000.parquet")
    with pytest.raises(DataError, match="no finished face set"):
        read_faces(tmp_path)
    read_failures(made[0]).drop("frames").write_parquet(tmp_path / "failures.parquet")
    again = read_faces(tmp_path)
    assert again.schema == FACE_SCHEMA
    assert again["slot"].null_count() == len(again) == len(old)
    assert read_failures(tmp_path)["frames"].null_count() == len(read_failures(made[0]))


def test_wrong_calls_are_refused(tmp_path):
    rows = [row("a", "a.png")]
    (tmp_path / "media").mkdir()
    with pytest.raises(DataError, match="no such folder"):
        run(rows, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(SettingError, match="Got 2, 3 and 1"):
        run(rows, tmp_path / "media", tmp_path / "out", frames=2)
    assert run([row("a", "a.png", frames=0)], tmp_path / "media", tmp_path / "out")[-1] == (1, 1)
    with pytest.raises(DataError, match="another manifest or other settings"):
        run(rows, tmp_path / "media", tmp_path / "out")
    (tmp_path / "out" / "prepare.json").unlink()
    with pytest.raises(DataError, match="unknown origin"):
        run(rows, tmp_path / "media", tmp_path / "out")


def test_nothing_to_prepare_makes_an_empty_face_set(tmp_path):
    rows = [row("a", "a.png", excluded="orphan")]
    assert run(rows, tmp_path, tmp_path / "out") == [(0, 0)]
    assert read_failures(tmp_path / "out").is_empty()
    assert pl.DataFrame(schema=FACE_SCHEMA).equals(read_faces(tmp_path / "out"))
