"""The page of a dataset stands alone, and its numbers are those of the rows."""

import re

import cv2
import numpy as np
import polars as pl
import pytest

from unmask.data.explore import explore
from unmask.data.manifest import make_manifest
from unmask.data.prepare import FACE_SCHEMA, FAILURE_SCHEMA
from unmask.errors import DataError

NAMES = [
    *("class-balance", "frames-per-video", "faces-per-frame", "face-size"),
    *("methods", "fakes-per-original", "duplicates", "missing-originals"),
]


def row(name, original=None, **values):
    return {
        "video_id": name,
        "path": name,
        "label": int(original is not None),
        "original_id": original,
        "group_id": original or name,
        "dataset": "<set>",
        "frames": 300,
    } | values


@pytest.fixture
def manifest():
    rows = [row(f"r{n}", frames=290 + n, split="train") for n in range(10)]
    rows += [row(f"f{n}", f"r{n // 2}", frames=595 + n, method=f"m{n % 2}") for n in range(8)]
    rows += [row("orphan", "nobody"), row("gone", frames=0), row("out", excluded="why")]
    return make_manifest(rows)


def by_name(sections):
    return {section.name: section for section in sections}


def test_the_answers_are_those_of_the_rows(manifest, tmp_path):
    found = by_name(explore(manifest, tmp_path, name="m"))
    assert list(found) == NAMES
    assert "21 rows: 12 real, 9 fake (42.9 %)" in found["class-balance"].text
    assert "1 row left out by cleaning" in found["class-balance"].text
    assert (
        "8 (40.0 %) lie outside 200 to 400, 8 of them between 500" in found["frames-per-video"].text
    )
    assert "1 row listed, but not there" in found["frames-per-video"].text
    made = [("m0", "4"), ("m1", "4"), ("not known", "1")]
    assert [line[1:3] for line in found["methods"].rows] == made
    assert found["fakes-per-original"].rows == [("0", "8", "66.7 %"), ("2", "4", "33.3 %")]
    assert found["missing-originals"].rows == [("<set>", "orphan", "nobody", "none")]
    needs = {"faces-per-frame": "--faces", "face-size": "--faces", "duplicates": "--root"}
    for name, option in needs.items():
        assert option in found[name].text
        assert found[name].figure is None


def test_the_page_holds_its_figures_and_fetches_nothing(manifest, tmp_path):
    sections = explore(manifest, tmp_path, name="<b>m</b>")
    page = (tmp_path / "index.html").read_text()
    assert "&lt;set&gt;" in page
    assert "<b>" not in page
    assert not re.search(r"""(?:src|href)=["'](?!data:)|<script|url\(""", page)
    drawn = [section.name for section in sections if section.figure is not None]
    assert len(drawn) == 4
    assert page.count('src="data:image/png;base64,') == 4
    assert sorted(path.name for path in tmp_path.glob("*.png")) == sorted(
        f"{name}.png" for name in drawn
    )
    for name in drawn:
        picture = cv2.imread(str(tmp_path / f"{name}.png"))
        assert picture.std() > 5
    first = page
    explore(manifest, tmp_path, name="<b>m</b>")
    assert (tmp_path / "index.html").read_text() == first


def test_faces_come_from_names_or_from_a_face_set(tmp_path):
    root, faces = tmp_path / "root", tmp_path / "faces"
    rng = np.random.default_rng(0)
    for name in ("a/0.png", "a/1.png", "a/1_1.png", "b/0.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        noise = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        cv2.imwrite(str(root / name), noise)
    (root / "c").mkdir()
    (root / "c/0.png").write_bytes((root / "b/0.png").read_bytes())
    manifest = make_manifest(row(name, frames=len(list((root / name).iterdir()))) for name in "abc")
    found = by_name(explore(manifest, tmp_path / "page", name="m", root=root))
    assert found["faces-per-frame"].rows[:2] == [("1", "3", "75.0 %"), ("2", "1", "25.0 %")]
    assert found["duplicates"].text.startswith("1 file there more than once (2 rows). 1 set ")
    assert {line[3] for line in found["duplicates"].rows} == {"b", "c"}
    unread = by_name(explore(manifest, tmp_path / "page", name="m", root=root, compare=False))
    assert "not compared" in unread["duplicates"].text

    faces.mkdir()
    with pytest.raises(DataError, match="no finished face set"):
        explore(manifest, tmp_path / "page", name="m", faces=faces)
    seen = [{**row("a"), "track": n % 2, "time": n // 2, "size": 40.0 + n} for n in range(8)]
    seen.append({**row("b"), "track": 0, "time": 0.0, "size": 200.0})
    rows = [{key: line.get(key) for key in FACE_SCHEMA} for line in seen]
    pl.DataFrame(rows, schema=FACE_SCHEMA).write_parquet(faces / "faces-00000.parquet")
    pl.DataFrame(schema=FAILURE_SCHEMA).write_parquet(faces / "failures.parquet")
    found = by_name(explore(manifest, tmp_path / "page", name="m", faces=faces))
    assert found["faces-per-frame"].rows[:2] == [("1", "1", "20.0 %"), ("2", "4", "80.0 %")]
    assert "Median 44 pixels" in found["face-size"].text


def test_sets_of_single_pictures_and_empty_ones(tmp_path):
    single = make_manifest([row("a", frames=1), row("a1", "a", frames=1)])
    found = by_name(explore(single, tmp_path, name="m"))
    assert found["frames-per-video"].text == "Every row is one picture."
    assert found["frames-per-video"].figure is None
    found = by_name(explore(make_manifest([]), tmp_path, name="m"))
    assert found["class-balance"].text.startswith("0 rows: 0 real, 0 fake (–)")
