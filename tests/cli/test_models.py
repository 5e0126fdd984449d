from __future__ import annotations

import json

import pytest

from builders import MODEL

pytestmark = pytest.mark.usefixtures("detector")


def test_list(unmask_cli):
    code, out, _ = unmask_cli("models", "list")
    assert (code, out) == (0, f"lite  1.0  {MODEL.sha256}\n")
    assert json.loads(unmask_cli("models", "list", "--json")[1]) == [MODEL.model_dump()]


def test_show(unmask_cli):
    code, out, _ = unmask_cli("models", "show")
    assert code == 0
    assert "Name: lite 1.0" in out
    assert "AUC 0.930 (95 % 0.910–0.950) on DFDC validation, 2,444 pictures" in out
    assert json.loads(unmask_cli("models", "show", "lite", "--json")[1]) == {"name": "lite"}


def test_show_as_markdown(unmask_cli):
    code, out, _ = unmask_cli("models", "show", "--markdown")
    assert code == 0
    assert out.startswith("# Model card: lite\n")
    assert "| AUC | 0.930 | 0.910–0.950 | DFDC validation |" in out


def test_verify(unmask_cli):
    code, out, _ = unmask_cli("models", "verify", "model.onnx")
    assert code == 0
    assert MODEL.sha256 in out
    assert "ships with unmask" in out
    assert unmask_cli("models", "verify", "model.onnx", "--sha256", MODEL.sha256.upper())[0] == 0


def test_verify_refuses_another_hash_and_a_broken_file(unmask_cli):
    code, out, err = unmask_cli("models", "verify", "model.onnx", "--sha256", "00" * 32)
    assert (code, out) == (2, "")
    assert MODEL.sha256 in err
    assert unmask_cli("models", "verify", "broken.onnx")[0] == 2
