"""The ``forge`` command and the samples that ship."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from forgery.drawn import drawn_face, landmarks_for
from unmask.cli import main
from unmask.cli.forge import Made, forge_files, write_clip, write_still
from unmask.errors import DataError, RegistryError, SettingError, UnmaskError
from unmask.media import open_media

SAMPLES = Path(__file__).parents[2] / "samples"
ASTRONAUT = SAMPLES / "real" / "astronaut.jpg"
HOPPER = SAMPLES / "real" / "hopper.jpg"


def picture(path: Path) -> np.ndarray:
    with open_media(path) as reader:
        return next(iter(reader)).image


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of the sample clip, with uneven times."""
    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    times = [0, 0.04, 0.08, 0.2, 0.24, 0.28]
    with open_media(SAMPLES / "real" / "astronaut.mp4", frames=6) as reader:
        write_clip(path, zip(times, (frame.image for frame in reader), strict=True))
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(argument) for argument in arguments])
    return int(exit_.value.code or 0)


def only(results: list[Made | UnmaskError]) -> Made:
    (result,) = results
    assert isinstance(result, Made), result
    return result


def test_still_is_forged_where_the_face_is(tmp_path: Path) -> None:
    made = only(list(forge_files([ASTRONAUT], tmp_path, method="resample_mismatch")))
    assert made.path == tmp_path / "astronaut-resample_mismatch.jpg"
    forged, real = picture(made.path).astype(int), picture(ASTRONAUT)
    changed = np.abs(forged - real).mean(2)
    assert changed[90:150, 190:255].mean() > 3 * changed[300:].mean()


def test_same_seed_same_file(tmp_path: Path) -> None:
    paths = [
        only(list(forge_files([HOPPER], tmp_path / str(k), seed=seed))).path
        for k, seed in enumerate((3, 3, 4))
    ]
    first, again, other = (path.read_bytes() for path in paths)
    assert first == again != other


def test_clip_keeps_its_times_and_says_that_it_is_forged(clip: Path, tmp_path: Path) -> None:
    made = only(
        list(forge_files([clip], tmp_path, method="face_swap", donor=HOPPER, seed=7, twin=True))
    )
    with open_media(made.path, frames=99) as reader, open_media(clip, frames=99) as source:
        assert "forged by unmask: face_swap, seed 7" in reader.media.tags["comment"]
        times = [frame.time for frame in reader]
        assert times == pytest.approx([frame.time for frame in source], abs=1e-3)
    real = picture(tmp_path / "short-real.mp4").astype(int)
    source_picture = picture(clip)
    assert np.abs(real - source_picture).mean() < 2
    x0, y0 = 280, 130
    assert np.abs(picture(made.path).astype(int) - real)[y0 : y0 + 120, x0 : x0 + 100].mean() > 5
    with av.open(str(made.path)) as container:
        assert container.streams.video[0].codec_context.name == "h264"


def test_donor_folder_leaves_the_file_itself_out(tmp_path: Path) -> None:
    donors = SAMPLES / "real"
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "astronaut.jpg").symlink_to(ASTRONAUT)
    made = list(forge_files([ASTRONAUT], tmp_path, method="cross_blend", donor=donors))
    assert only(made).path.exists()
    (error,) = forge_files([ASTRONAUT], tmp_path, method="cross_blend", donor=alone)
    assert isinstance(error, DataError)
    assert "no other face" in str(error)


def test_errors_are_yielded_and_the_rest_is_made(tmp_path: Path) -> None:
    empty = tmp_path / "landscape.png"
    write_still(empty, np.full((200, 300, 3), 120, np.uint8))
    missing = tmp_path / "gone.jpg"
    results = list(forge_files([empty, missing, HOPPER], tmp_path / "out"))
    assert "no face was found" in str(results[0])
    assert "no such file" in str(results[1])
    assert isinstance(results[2], Made)


def test_wrong_calls_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(SettingError, match="--donor"):
        forge_files([HOPPER], out, method="face_swap")
    with pytest.raises(RegistryError, match="did you mean 'self_blend'"):
        forge_files([HOPPER], out, method="selfblend")
    with pytest.raises(RegistryError, match="face finder"):
        forge_files([HOPPER], out, finder="nothing")
    with pytest.raises(SettingError, match="would be written to one file"):
        forge_files([HOPPER, Path("elsewhere/hopper.png")], out)
    blank = tmp_path / "blank.png"
    write_still(blank, np.zeros((99, 99, 3), np.uint8))
    with pytest.raises(DataError, match="no face"):
        forge_files([HOPPER], out, method="face_swap", donor=blank)
    assert not out.exists()


def test_clip_without_frames_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="at least one frame"):
        write_clip(tmp_path / "x.mp4", [])
    assert not list(tmp_path.iterdir())


def test_odd_sides_lose_a_row(tmp_path: Path) -> None:
    image = drawn_face(65, 99, landmarks_for(60))
    write_clip(tmp_path / "odd.mp4", [(0, image), (0.04, image)])
    found = picture(tmp_path / "odd.mp4")
    assert found.shape == (64, 98, 3)
    assert np.abs(found.astype(int).mean((0, 1)) - image.mean((0, 1))).max() < 4


def test_command(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sheet = tmp_path / "sheet.png"
    code = run("forge", HOPPER, clip, "--out", "made", "--method", "region_blend", "--sheet", sheet)
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.split() == [
        str(Path("made", "hopper-region_blend.jpg")),
        str(Path("made", "short-region_blend.mp4")),
    ]
    assert picture(sheet).shape[1] > 1000


def test_command_says_what_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("forge", tmp_path / "gone.mp4", "--out", tmp_path) == 2
    assert "no such file" in capsys.readouterr().err
    assert run("forge", HOPPER, "--out", tmp_path, "--method", "swap") == 2
    assert "unknown forgery 'swap'" in capsys.readouterr().err
    assert run("forge", tmp_path, "--out", tmp_path) == 2


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*/*.*")), ids=lambda path: path.name)
def test_sample_opens(path: Path) -> None:
    with open_media(path, frames=4) as reader:
        frames = [frame.image for frame in reader]
    assert len(frames) == (4 if path.suffix == ".mp4" else 1)
    assert min(frames[0].shape[:2]) >= 480


def test_samples_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.glob("*/*")) < 1_500_000
