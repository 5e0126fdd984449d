"""``unmask calibrate``: what it refuses before anything is scored."""

from bundles import tiny_bundle


def test_a_rule_that_there_is_not_is_refused_with_those_there_are(unmask_cli, tmp_path):
    model, out = tiny_bundle(tmp_path), tmp_path / "out.onnx"
    code, _, err = unmask_cli("calibrate", model, tmp_path, "--out", out, "--aggregation", "median")
    assert code == 2
    assert "aggregation must be one of mean, weighted mean," in " ".join(err.split())
    assert "Got median" in err
    assert not out.exists()
