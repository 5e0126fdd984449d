"""Copies are found however they were encoded, other pictures are not, and each leak is named."""

import cv2
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_files import write_still, write_video
from unmask.data.duplicates import LIMIT, fingerprint, near_pairs, picture_hash
from unmask.data.leaks import find_file_leaks, find_leaks
from unmask.data.manifest import make_manifest
from unmask.data.prepare import decode_face
from unmask.data.sources import ingest
from unmask.data.unpack import read_stills


def scene(seed, size=224):
    """A smooth picture of its own."""
    noise = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)


def again(image, *, quality=50, scale=1.0):
    """The picture scaled and encoded as JPEG."""
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def row(name, split, **values):
    return {
        "video_id": name,
        "path": name,
        "label": 0,
        "group_id": name,
        "dataset": "set",
        "split": split,
    } | values


def bits(one, other):
    return int(
        np.bitwise_count(np.frombuffer(one, np.uint8) ^ np.frombuffer(other, np.uint8)).sum()
    )


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(0, 40), min_size=1, max_size=12),
    sides=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_the_search_finds_what_comparing_all_pairs_finds(sizes, sides, seed):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 256, (3, 32), dtype=np.uint8)
    for size in sizes:  # copies of earlier ones with some bits turned
        flags = np.zeros(256, np.uint8)
        flags[rng.choice(256, size, replace=False)] = 1
        hashes = np.vstack([hashes, hashes[rng.integers(len(hashes))] ^ np.packbits(flags)])
    apart = rng.integers(0, sides, len(hashes))
    wanted = {
        (first, second)
        for second in range(len(hashes))
        for first in range(second)
        if apart[first] != apart[second] and bits(hashes[first], hashes[second]) <= LIMIT
    }
    assert set(zip(*map(np.ndarray.tolist, near_pairs(hashes, apart)), strict=True)) == wanted


@pytest.mark.parametrize(("quality", "scale"), [(50, 1.0), (95, 0.5), (50, 0.5), (60, 1.7)])
def test_a_copy_is_near_and_another_picture_is_not(quality, scale):
    for seed in range(20):
        picture = picture_hash(scene(seed))
        assert bits(picture, picture_hash(again(scene(seed), quality=quality, scale=scale))) < LIMIT
        assert bits(picture, picture_hash(scene(seed + 1))) > 2 * LIMIT


def test_a_flat_picture_has_no_hash():
    assert picture_hash(np.full((40, 60, 3), 77, np.uint8)) is None


def test_faces_of_other_people_are_not_near(shared_data):
    root = shared_data / "dfdc-faces"
    rows = ingest(root)[0].filter(split="val", label=0).group_by("identity").head(4)
    hashes = []
    for path in rows["path"]:
        picture = decode_face(next(read_stills(root, path))[1])
        hashes.append(picture_hash(picture))
        for scale in (1.0, 0.5):
            assert bits(hashes[-1], picture_hash(again(picture, scale=scale))) <= LIMIT
    people = rows["identity"].rank("dense").to_numpy()
    assert len(hashes) > 100
    near, _ = near_pairs(np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32), people)
    assert len(near) == 0


def test_a_cut_family_and_a_cut_identity_are_named():
    rows = [row(name, "train", identity=name) for name in "abcd"]
    rows += [row("excluded", None, group_id="a")]
    manifest = make_manifest(rows)
    assert not len(find_leaks(manifest))
    leaky = manifest.with_columns(
        group_id=pl.col("group_id").replace({"b": "a"}),
        identity=pl.col("identity").replace({"d": "c"}),
        split=pl.col("split").is_not_null().replace_strict({True: "train", False: None}),
    ).with_columns(
        split=pl.when(pl.col("video_id").is_in(["b", "d"])).then(pl.lit("val")).otherwise("split")
    )
    found = find_leaks(leaky).select("leak", "what", "split", "video_id").rows()
    assert found == [
        ("family", "a", "train", "a"),
        ("family", "a", "val", "b"),
        ("identity", "c", "train", "c"),
        ("identity", "c", "val", "d"),
    ]


@pytest.fixture
def root(tmp_path):
    """Stills of eight scenes, a folder of frames and a video, no two alike."""
    for n in range(8):
        write_still(tmp_path / f"{n}.png", scene(n))
    (tmp_path / "frames").mkdir()
    for n in range(30):
        write_still(tmp_path / f"frames/{n}.png", scene(100 + n // 10))
    write_video(tmp_path / "clip.mp4", [scene(200 + n // 10) for n in range(30)])
    return tmp_path


def placed(*more):
    names = [*(f"{n}.png" for n in range(8)), "frames", "clip.mp4"]
    return make_manifest([*(row(name, "train") for name in names), *more])


def leaks(manifest, root):
    found, failed = find_file_leaks(manifest, root)
    assert not failed
    return [tuple(row) for row in found.select("leak", "split", "video_id").iter_rows()]


def test_sets_without_a_leak_have_none(root):
    write_still(root / "new.jpg", scene(50))
    assert leaks(placed(row("new.jpg", "val")), root) == []


def test_a_planted_duplicate_file_is_found(root):
    (root / "copy.png").write_bytes((root / "3.png").read_bytes())
    wanted = [("same file", "train", "3.png"), ("same file", "val", "copy.png")]
    assert leaks(placed(row("copy.png", "val")), root) == wanted
    assert leaks(placed(row("copy.png", "train")), root) == []
    assert leaks(placed(row("copy.png", None)), root) == []


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_planted_copy_that_was_encoded_again_is_found(root, scale):
    write_still(root / "copy.jpg", again(scene(5), scale=scale), quality=50)
    wanted = [("near-duplicate", "train", "5.png"), ("near-duplicate", "val", "copy.jpg")]
    assert leaks(placed(row("copy.jpg", "val")), root) == wanted


def test_videos_and_frame_folders_that_were_encoded_again_are_found(root):
    (root / "again").mkdir()
    for n in range(30):
        write_still(root / f"again/{n}.jpg", again(scene(100 + n // 10), scale=0.5))
    small = [again(scene(200 + n // 10, 224), scale=0.5) for n in range(30)]
    write_video(root / "small.mp4", small, options={"crf": "30"})
    found = leaks(placed(row("again", "val"), row("small.mp4", "test")), root)
    assert {name for _, _, name in found} == {"frames", "again", "clip.mp4", "small.mp4"}
    assert {leak for leak, _, _ in found} == {"near-duplicate"}


def test_a_copy_of_a_copy_is_found_beside_a_duplicate_file(root):
    (root / "copy.png").write_bytes((root / "3.png").read_bytes())
    write_still(root / "other.jpg", again(scene(3)))
    found = leaks(placed(row("copy.png", "val"), row("other.jpg", "test")), root)
    assert ("near-duplicate", "test", "other.jpg") in found
    assert ("same file", "val", "copy.png") in found


def test_what_cannot_be_read_is_named_and_the_rest_compared(root):
    (root / "bad.png").write_bytes(b"no picture")
    manifest = placed(row("bad.png", "val"), row("absent", "val", frames=0))
    prints, failed = fingerprint(manifest, root)
    assert set(failed) == {"bad.png"}
    assert prints["video_id"].n_unique() == 10
    assert len(prints.filter(video_id="clip.mp4")) == 5
    assert len(prints.filter(video_id="frames")) == 5
