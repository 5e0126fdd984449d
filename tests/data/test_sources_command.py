"""``unmask data ingest`` writes the manifest, and beside it every problem."""

from __future__ import annotations

import csv

import pytest

from data.trees import TREES
from unmask.cli import main
from unmask.data.manifest import read_manifest
from unmask.data.sources import base


@pytest.fixture
def ingest(capfd):
    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["data", "ingest", *map(str, arguments)])
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_the_problems_stand_beside_the_manifest(tmp_path, ingest):
    expected = TREES["dfdc_faces_zips"](tmp_path / "set")
    out = tmp_path / "new" / "faces.parquet"
    code, stdout, stderr = ingest(tmp_path / "set", "--out", out)
    assert code == 0
    assert stdout.endswith(f"{out}\n")
    assert set(read_manifest(out)["video_id"]) == set(expected.rows)
    with (tmp_path / "new" / "faces.problems.csv").open(newline="") as file:
        problems = {(row["path"], row["reason"]) for row in csv.DictReader(file)}
    assert problems == expected.problems
    assert f"2 × {base.LABELS_DIFFER}" in stderr
    assert f"1 × {base.HEADER_AGAIN}" in stderr
    assert "faces.problems.csv" in stderr


def test_a_dataset_without_problems_leaves_no_old_ones(tmp_path, ingest):
    TREES["real_fake_split"](tmp_path / "set")
    listing = tmp_path / "m.problems.csv"
    listing.write_text("path,where,reason\nold,old,old\n")
    code, _, stderr = ingest(tmp_path / "set", "--out", tmp_path / "m.parquet")
    assert code == 0
    assert listing.read_text().splitlines() == ["path,where,reason"]
    assert "problems" not in stderr


def test_a_wrong_name_of_a_source_is_one_line(tmp_path, ingest):
    TREES["dfd"](tmp_path / "set")
    code, _, stderr = ingest(tmp_path / "set", "--source", "dfdd", "--out", tmp_path / "m.parquet")
    assert code != 0
    assert "did you mean 'dfd" in stderr
    assert len(stderr.splitlines()) == 1
