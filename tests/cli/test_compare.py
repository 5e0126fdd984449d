from __future__ import annotations

import pytest

from evaluation.score_tables import make_scores, write_run


@pytest.fixture
def runs(tmp_path):
    return [write_run(tmp_path / name, make_scores(gap=gap)) for name, gap in (("a", 1), ("b", 4))]


def test_runs_stand_beside_each_other_and_the_published_rows(unmask_cli, runs, tmp_path):
    out = tmp_path / "out"
    code, printed, err = unmask_cli("compare", *runs, "--out", out)
    assert code == 0
    words = " ".join(printed.split())
    assert "set: 60 real and 60 fake shared media of 12 people or families" in words
    assert "0.960 (0.944–0.972) 0.588 (0.562–0.615) 0.824 (0.763–0.875)" in words
    assert "published, other test set" in words
    assert "it is the balanced accuracy" in words
    assert "b less a" in words
    assert "excludes zero" in words
    assert f"comparison: {out}" in err
    assert (out / "set-roc.png").exists()


def test_markdown_is_for_a_document(unmask_cli, runs):
    code, printed, _ = unmask_cli("compare", *runs, "--markdown", "--specificity", "0.9")
    assert code == 0
    assert "| capstone VGG16 (published, other test set) | 0.960 (0.944–0.972) |" in printed
    assert "| recall at specificity 0.9 |" in printed
    rows = [line for line in printed.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)
    assert any(line.startswith("| b less a | ROC AUC |") for line in rows)


def test_a_folder_without_results_is_one_line(unmask_cli, tmp_path):
    code, printed, err = unmask_cli("compare", tmp_path)
    assert (code, printed) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert "no results there" in err
