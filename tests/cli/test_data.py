"""``unmask data`` from zips to a checked split, in the layout of the first such project."""

import zipfile

import cv2
import numpy as np
import pytest

from unmask.data.manifest import read_manifest, write_manifest

HEADER = "filename,split,original,label\n"


def picture(seed, quality=95):
    noise = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    image = cv2.resize(noise, (64, 64), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


@pytest.fixture
def root(tmp_path):
    """Two batches, one packed: 12 originals with a fake each, too short and too long ones among
    them, an original that is listed only, and a repeated header."""
    folder = tmp_path / "root"
    folder.mkdir()
    lines: tuple[list[str], list[str]] = ([], [])
    files: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
    for n in range(12):
        lines[n % 2].append(f"r{n:02d}.mp4,,,REAL\n")
        lines[n % 2].append(f"f{n:02d}.mp4,,r{n:02d}.mp4,FAKE\n")
        for k, name in enumerate(("r", "f")):
            count = {0: 3, 1: 60}.get(n, 30) if k == 0 else 30
            for frame in range(0 if n == 2 and k == 0 else count):
                files[n % 2][f"{name}{n:02d}/{frame}.jpg"] = picture(100 * n + 10 * k + frame // 10)
    files[0]["f04/10_1.jpg"] = picture(9999)
    name = "deepfake-detection-faces-part-0-"
    with zipfile.ZipFile(folder / f"{name}0.zip", "w") as archive:
        for path, data in files[0].items():
            archive.writestr(path, data)
        archive.writestr("metadata.csv", HEADER + "".join(lines[0]) + HEADER)
    for path, data in files[1].items():
        (folder / f"{name}1" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}1" / path).write_bytes(data)
    (folder / f"{name}1/metadata.csv").write_text(HEADER + "".join(lines[1]))
    return folder


def test_the_whole_way(root, tmp_path, unmask_cli):
    m = tmp_path / "m.parquet"

    def run(command, *arguments):
        code, out, err = unmask_cli("data", command, *arguments)
        assert code == 0, err
        return out, err

    run("ingest", root, "--out", m)
    out, err = run("explore", m, "--root", root, "--out", tmp_path / "page")
    assert "24 rows: 12 real, 12 fake (50.0 %)" in out
    assert "1 of 12 fakes (8.3 %) name an original" in out
    assert "index.html" in err
    assert (tmp_path / "page/frames-per-video.png").exists()

    limits = ("--frames", 20, 40, "--out", m)
    _, err = run("clean", m, *limits)
    assert [line.removeprefix("unmask: ") for line in err.splitlines()] == [
        "1 listed, but not there",
        "2 outliers by number of frames",
        "3 fakes orphaned",
        "18 left",
    ]
    before = sorted(path.relative_to(root) for path in root.rglob("*"))
    _, err = run("clean", m, *limits, "--archive", tmp_path / "archive", "--root", root)
    assert "6 left out before" in err
    assert "2 moved to" in err
    assert "3 stay in their archives" in err
    assert not (root / "deepfake-detection-faces-part-0-1/r01").exists()
    _, err = run("clean", "--undo", tmp_path / "archive/journal.jsonl")
    assert "2 moves undone" in err
    assert sorted(path.relative_to(root) for path in root.rglob("*")) == before

    _, err = run("thin", m, "--root", root, "--out", m)
    assert "54 frames picked of 18 folders of frames, 0 gaps" in err
    picks = dict(read_manifest(m).select("video_id", "picks").iter_rows())
    assert picks["f04"] == [0, 11, 20]
    assert picks["r01"] is None

    _, err = run("split", m, "--out", m, "--dev-share", 0.1)
    rows = read_manifest(m)
    assert rows["split"].null_count() == 6
    assert set(rows["split"].drop_nulls()) == {"train", "dev", "val", "test"}
    assert "6 left out by cleaning" in err
    out, err = run("split", m, "--out", tmp_path / "again.parquet")
    assert "18 of 24 rows had a split before" in err
    assert read_manifest(tmp_path / "again.parquet").equals(rows)

    out, err = run("check", m)
    assert out == ""
    assert "files were not compared" in err
    out, err = run("check", m, "--root", root)
    assert out == ""
    assert "nothing that was compared stands in two splits" in err


def test_check_names_every_leak_and_exits_with_1(tmp_path, unmask_cli):
    media = {"a.jpg": picture(1), "b.jpg": picture(2), "c.jpg": picture(3), "bad.jpg": b"no"}
    media |= {"same.jpg": picture(1), "again.jpg": picture(2, quality=50), "family.jpg": picture(4)}
    table = ["file,label,original,method,split,note\n"]
    for name, data in media.items():
        (tmp_path / name).write_bytes(data)
        split = "val" if name in ("same.jpg", "again.jpg", "family.jpg") else "train"
        table.append(f"{name},REAL,,,{split},\n")
    (tmp_path / "labels.csv").write_text("".join(table))
    m = tmp_path / "m.parquet"
    assert unmask_cli("data", "ingest", tmp_path, "--out", m)[0] == 0
    code, out, err = unmask_cli("data", "check", m, "--root", tmp_path)
    assert code == 1
    rows = [line.split("\t") for line in out.splitlines()]
    assert [(row[0], row[2], row[4]) for row in rows] == [
        ("same file", "train", "a"),
        ("same file", "val", "same"),
        ("near-duplicate", "train", "b"),
        ("near-duplicate", "val", "again"),
    ]
    assert "1 could not be read and were not compared" in err
    assert "bad.jpg: " in err
    rows = read_manifest(m)
    joined = rows.with_columns(group_id=rows["group_id"].replace({"family": "c"}))
    joined.write_parquet(m)
    code, out, err = unmask_cli("data", "check", m)
    assert code == 1
    assert out.startswith("family\tc\ttrain\t")
    assert "family: 1 in several splits, 2 rows" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("clean", "m.parquet"),
        ("clean",),
        ("clean", "m.parquet", "--out", "n.parquet", "--archive", "a"),
        ("split", "m.parquet", "--out", "n.parquet", "--shares", "many"),
        ("check", "missing.parquet"),
    ],
)
def test_wrong_calls_are_refused(arguments, tmp_path, monkeypatch, unmask_cli):
    monkeypatch.chdir(tmp_path)
    from unmask.data.manifest import make_manifest

    write_manifest(make_manifest([]), tmp_path / "m.parquet")
    code, out, err = unmask_cli("data", *arguments)
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    assert not (tmp_path / "n.parquet").exists()
