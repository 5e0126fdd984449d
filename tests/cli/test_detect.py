from __future__ import annotations

import csv
import inspect
import io
import json
import sys
from pathlib import Path

import jsonschema
import pytest

from unmask.cli._values import parse_bytes, parse_count, parse_seconds
from unmask.cli.detect import detect
from unmask.data.manifest import make_manifest, write_manifest
from unmask.detect import Settings
from unmask.media import Limits
from unmask.report import read_schema

pytestmark = pytest.mark.usefixtures("detector")


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["real.png"], 0),
        (["uncertain.png"], 0),
        (["fake.png"], 1),
        (["fake.png", "unreadable.png"], 1),
        (["fake.png", "no_face.png"], 1),
        (["real.png", "unreadable.png"], 2),
        (["real.png", "unsupported.png"], 2),
        (["real.png", "over_limit.png"], 2),
        (["no_face.png", "unreadable.png"], 2),
        (["no_face.png", "face_too_small.png"], 3),
        (["no_face.png", "real.png"], 0),
    ],
)
def test_exit_code(names, code, media, unmask_cli):
    assert unmask_cli("detect", *media(*names))[0] == code


def test_exit_code_of_a_missing_path(media, unmask_cli):
    code, out, _ = unmask_cli("detect", *media("real.png"), "gone.png")
    assert code == 2
    assert "no such file" in out


def test_a_folder_without_media_is_an_input_error(media, unmask_cli):
    Path("empty").mkdir()
    code, _, err = unmask_cli("detect", "empty", *media("real.png"))
    assert (code, err) == (2, "unmask: no images or videos in empty\n")
    assert unmask_cli("detect", "empty")[0] == 2
    assert unmask_cli("detect", "empty", *media("fake.png"))[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["real.png", "--no-such-option"],
        ["real.png", "--max-file-size", "many"],
        ["real.png", "--prior", "2"],
        ["real.png", "--model", "broken.onnx"],
        ["real.png", "--csv", "missing/folder.csv"],
        ["real.png", "--report", "real.png"],
    ],
)
def test_a_wrong_call_exits_2_without_a_traceback_or_data(arguments, media, unmask_cli):
    media("real.png")
    code, out, err = unmask_cli("detect", *arguments)
    assert code == 2
    assert out == ""
    assert err
    assert "Traceback" not in err


def test_json_lines_keep_the_schema(media, unmask_cli):
    names = media("real.png", "fake.png", "no_face.png")
    _, out, err = unmask_cli("detect", "--json", *names, "gone.png")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [Path(line["path"]).name for line in lines] == [*names, "gone.png"]
    for line in lines:
        jsonschema.validate(line, json.loads(read_schema()))
    assert err == ""


def test_the_schema_is_printed(unmask_cli):
    code, out, _ = unmask_cli("detect", "--schema")
    assert code == 0
    assert json.loads(out) == json.loads(read_schema())


def test_the_table_names_every_file_and_why(media, unmask_cli):
    _, out, _ = unmask_cli("detect", *media("fake.png", "no_face.png"))
    assert "95 %" in out
    assert "fake.png" in out
    assert "it is no_face" in out


def test_csv(media, unmask_cli):
    unmask_cli("detect", "--csv", "out.csv", *media("real.png", "no_face.png"))
    with Path("out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["verdict"] for row in rows] == ["real", ""]
    assert [row["abstention"] for row in rows] == ["", "no_face"]


def test_report_folder(media, unmask_cli):
    _, _, err = unmask_cli("detect", "--report", "out", *media("real.png", "fake.png"))
    assert Path("out/index.html").is_file()
    assert len(list(Path("out").glob("*.html"))) == 3
    assert str(Path("out/index.html")) in err


def test_pdf_folder_and_file(media, unmask_cli, detector):
    names = media("real.png", "no_face.png")
    _, _, err = unmask_cli("detect", "--pdf", "out", *names)
    assert len(list(Path("out").glob("*.pdf"))) == 2
    assert err.endswith("PDF: out\n")
    assert detector.calls[0].settings.evidence
    assert unmask_cli("detect", "--pdf", "deep/one.pdf", "real.png")[0] == 0
    assert Path("deep/one.pdf").read_bytes().startswith(b"%PDF-")


def test_one_pdf_for_several_files_is_refused_before_any_is_analysed(media, unmask_cli, detector):
    code, out, err = unmask_cli("detect", "--pdf", "one.pdf", *media("real.png", "fake.png"))
    assert (code, out) == (2, "")
    assert "name a folder" in err
    assert detector.calls == []


def test_folders_recurse_and_the_same_file_is_analysed_once(media, unmask_cli, detector):
    names = media("b/real.png", "b/deep/fake.png", "a.png")
    unmask_cli("detect", "a.png", "b", "./a.png", "b/real.png")
    (call,) = detector.calls
    assert sorted(map(str, call.paths)) == sorted(names)
    assert call.paths[0] == Path("a.png")
    assert call.isolate


def test_one_file_needs_no_process_of_its_own(media, unmask_cli, detector):
    unmask_cli("detect", *media("real.png"))
    assert not detector.calls[0].isolate


def test_settings_reach_the_detector(media, unmask_cli, detector):
    unmask_cli(
        *("detect", *media("real.png"), "--prior", "0.1", "--max-false-alarm-rate", "0.05"),
        *("--frames", "8", "--min-face", "60", "--max-file-size", "4GiB", "--max-pixels", "64M"),
        *("--max-duration", "2h", "--max-frames", "1000", "--max-decode-seconds", "30"),
        *("--threads", "1", "--report", "out"),
    )
    settings = detector.calls[0].settings
    assert (settings.prior, settings.max_false_alarm_rate) == (0.1, 0.05)
    assert (settings.frames, settings.min_face, settings.threads) == (8, 60, 1)
    assert settings.evidence
    limits = settings.limits
    assert limits == Limits(4 * 1024**3, 64_000_000, duration=7200, frames=1000, decode_seconds=30)


def test_the_help_states_the_defaults_of_the_api():
    shown = {
        name: (parameter.annotation.__metadata__[0].help or "").split()[-1]
        for name, parameter in inspect.signature(detect).parameters.items()
    }
    limits = Limits()
    assert parse_bytes(shown["max_file_size"]) == limits.file_bytes
    assert parse_count(shown["max_pixels"]) == limits.pixels
    assert parse_seconds(shown["max_duration"]) == limits.duration
    assert parse_count(shown["max_frames"]) == limits.frames
    assert parse_seconds(shown["max_decode_seconds"]) == limits.decode_seconds


def test_the_defaults_are_those_of_the_api(media, unmask_cli, detector):
    unmask_cli("detect", *media("real.png"))
    assert detector.calls[0].settings == Settings()


def test_an_interrupted_run_keeps_what_it_found(media, unmask_cli):
    names = media("1-real.png", "2-interrupt.png", "3-real.png")
    code, out, err = unmask_cli("detect", "--json", "--csv", "out.csv", "--report", "out", *names)
    assert code == 130
    assert len(out.splitlines()) == 1
    assert len(Path("out.csv").read_text().splitlines()) == 2
    assert "1-real.png" in Path("out/index.html").read_text()
    assert "1 of 3" in err


def test_a_bug_is_one_line_and_a_traceback_only_when_asked(media, unmask_cli, monkeypatch):
    code, _, err = unmask_cli("detect", *media("crash.png"))
    assert code == 2
    assert err.startswith("unmask: unexpected error, please report it: RuntimeError: a [red]bug")
    assert len(err.splitlines()) == 1
    monkeypatch.setenv("UNMASK_DEBUG", "1")
    assert "Traceback" in unmask_cli("detect", "crash.png")[2]


def test_planted_names_are_inert(media, unmask_cli):
    name = "fake [red]x[/red] \x1b[31m \u202egnp.png"
    media(name)
    _, out, _ = unmask_cli("detect", name)
    assert "[red]x[/red]" in out
    assert r"\x1b[31m" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    _, out, _ = unmask_cli("detect", "--json", name)
    assert json.loads(out)["path"] == name


def test_a_list_names_media_from_its_root(media, unmask_cli, detector, monkeypatch):
    names = media("b/real.png", "b/fake.png", "c.png")
    Path("list.txt").write_text("real.png\n\nfake.png\nreal.png\n")
    unmask_cli("detect", "c.png", "--list", "list.txt", "--root", "b")
    (call,) = detector.calls
    assert list(map(str, call.paths)) == ["c.png", *names[:2]]
    assert call.isolate
    monkeypatch.setattr("sys.stdin", io.StringIO(Path("list.txt").read_text()))
    unmask_cli("detect", "--list", "-", "--root", "b", "--workers", "3")
    assert list(map(str, detector.calls[1].paths)) == names[:2]
    assert detector.calls[1].workers == 3
    rows = [
        {"video_id": name, "path": name, "label": 0, "group_id": name, "dataset": "x"}
        | {"excluded": "an outlier" if name == "c.png" else None}
        for name in names
    ]
    write_manifest(make_manifest(rows), Path("m.parquet"))
    unmask_cli("detect", "--list", "m.parquet", "--root", ".")
    assert list(map(str, detector.calls[2].paths)) == ["b/fake.png", "b/real.png"]


def test_a_list_that_cannot_be_read_is_said_in_one_line(media, unmask_cli):
    media("real.png")
    Path("wrong.parquet").write_bytes(b"no parquet")
    for arguments in (["--list", "gone.txt"], ["--list", "wrong.parquet"], ["a", "--root", "b"]):
        code, out, err = unmask_cli("detect", *arguments)
        assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_an_address_is_listed_and_kept_as_it_is(media, unmask_cli, detector):
    media("b/real.png", "b/notes.txt")
    unmask_cli("detect", f"file://{Path('b').absolute()}")
    assert detector.calls[0].paths == [f"file://{Path('b/real.png').absolute()}"]


def test_the_engine_is_known_and_needs_a_place_that_is_shared(media, unmask_cli):
    for options in (["--engine", "dask"], ["--engine", "ray"]):
        code, out, err = unmask_cli("detect", *media("real.png"), *options)
        assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_ray_that_is_not_installed_is_named_in_one_line(media, unmask_cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    names = media("real.png", "fake.png")
    code, out, err = unmask_cli("detect", *names, "--engine", "ray", "--out", "out")
    assert (code, out) == (2, "")
    assert "pip install 'unmask[cluster]'" in err
    assert len(err.splitlines()) == 1
