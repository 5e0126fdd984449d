"""A stand-in for the detector: the verdict of a file is written in its name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import unmask.detect
from builders import CARD, MODEL, make_report
from unmask.cli import main
from unmask.errors import BundleError

FAILURES = ("unreadable", "unsupported", "over_limit", "no_face", "face_too_small")


class Card:
    def model_dump(self, **_: str) -> dict[str, Any]:
        return CARD

    def model_dump_json(self) -> str:
        return '{"name": "lite"}'


def load_bundle(model: str | Path | None = None) -> SimpleNamespace:
    if str(model).endswith("broken.onnx"):
        raise BundleError(f"{model}: no card in its metadata; export it with `unmask export`")
    return SimpleNamespace(identity=MODEL, card=Card())


def report_on(path: Path):
    if "interrupt" in path.name:
        raise KeyboardInterrupt
    if "crash" in path.name:
        raise RuntimeError("a [red]bug[/red]")
    if not path.exists():
        return make_report(
            str(path),
            None,
            abstention="unreadable",
            message="no such file",
            sha256=None,
            kind=None,
            media=None,
        )
    for reason in FAILURES:
        if reason in path.name:
            return make_report(str(path), None, abstention=reason, message=f"it is {reason}")
    verdict = next((word for word in ("fake", "uncertain") if word in path.name), "real")
    return make_report(str(path), verdict)


class Detector:
    """Remembers how ``detect_many`` was called."""

    def __init__(self) -> None:
        self.calls: list[SimpleNamespace] = []

    def detect_many(self, paths, *, model, settings, isolate, workers):
        paths = list(paths)
        self.calls.append(
            SimpleNamespace(
                paths=paths, model=model, settings=settings, isolate=isolate, workers=workers
            )
        )
        yield from map(report_on, paths)

    def make_predictor(self, model, settings) -> SimpleNamespace:
        load_bundle(model)

        def detect(path):
            self.calls.append(
                SimpleNamespace(paths=[path], model=model, settings=settings, isolate=False)
            )
            return report_on(path)

        return SimpleNamespace(identity=MODEL, card=Card(), detect=detect)


@pytest.fixture
def detector(monkeypatch) -> Detector:
    stand_in = Detector()
    monkeypatch.setattr(unmask.detect, "detect_many", stand_in.detect_many)
    monkeypatch.setattr(unmask.detect, "load_bundle", load_bundle)
    monkeypatch.setattr(unmask.detect, "list_bundles", lambda: [(MODEL, Card())])
    monkeypatch.setattr(unmask.detect, "Predictor", stand_in.make_predictor)
    return stand_in


@pytest.fixture
def media(tmp_path, monkeypatch):
    """Make files by name in the working folder; their bytes are those of a small PNG."""
    monkeypatch.chdir(tmp_path)
    picture = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )

    def make(*names: str) -> list[str]:
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(picture)
        return list(names)

    return make


@pytest.fixture
def unmask_cli(capfd):
    """Run the command line in this process; returns (exit code, stdout, stderr)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return run
