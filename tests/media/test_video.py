"""Videos, through the public interface."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import media_files as files
from unmask.errors import SettingError
from unmask.media import open_media


def sample(path: Path, frames: int = 32) -> tuple[list[float], list[int]]:
    """Times and drawn numbers of the sampled frames."""
    with open_media(path, frames=frames) as reader:
        seen = [(frame.time, files.read_number(frame.image)) for frame in reader]
    return [time for time, _ in seen], [number for _, number in seen]


def every_frame(path: Path) -> dict[float, files.Image]:
    """All frames of a file by a plain decode, by time from the first."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return {
        round(float((frame.pts - frames[0].pts) * frame.time_base), 4): np.array(
            frame.to_ndarray(format="rgb24")
        )
        for frame in frames
    }


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("mp4", "libx264", "yuv420p"),
        ("mov", "libx264", "yuv420p"),
        ("matroska", "libx264", "yuv420p"),
        ("webm", "libvpx-vp9", "yuv420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("avi", "libx264", "yuv420p"),
        ("mpegts", "libx264", "yuv420p"),
        ("mpeg", "mpeg2video", "yuv420p"),
        ("flv", "libx264", "yuv420p"),
        ("asf", "wmv2", "yuv420p"),
        ("ivf", "libvpx", "yuv420p"),
        ("ogg", "libvpx", "yuv420p"),
        ("gif", "gif", "rgb8"),
        ("apng", "apng", "rgb24"),
        ("avif", "libsvtav1", "yuv420p"),
    ],
)
def test_containers_are_known_by_content(tmp_path: Path, name: str, codec: str, pixel_format: str):
    path = tmp_path / "clip.bin"
    files.write_video(path, 24, codec=codec, container=name, pixel_format=pixel_format)
    with open_media(path, frames=8) as reader:
        frames = list(reader)
        assert reader.media.kind == "video"
        assert (reader.expected, reader.decoded, reader.truncated) == (24, 24, False)
        assert reader.notes == ()
        assert reader.media.duration == pytest.approx(24 / 25, abs=0.05)
        assert reader.media.fps == pytest.approx(25)
    assert [files.read_number(frame.image) for frame in frames] == [1, 4, 7, 10, 13, 16, 19, 22]
    assert [frame.time for frame in frames] == pytest.approx(
        [0.04 * number for number in (1, 4, 7, 10, 13, 16, 19, 22)], abs=0.005
    )


def test_facts(tmp_path: Path):
    path = files.write_video(tmp_path / "clip.mp4", 50, sound=True)
    with open_media(path) as reader:
        media = reader.media
    assert (media.container, media.codec, media.pixel_format) == ("mp4", "h264", "yuv420p")
    assert (media.width, media.height, media.rotation) == (files.WIDTH, files.HEIGHT, 0)
    assert media.fps == 25
    assert media.duration == pytest.approx(2.0)
    assert media.bytes == path.stat().st_size
    assert media.path == str(path)
    assert len(media.sha256) == 64
    assert media.tags["major_brand"] == "isom"
    assert media.tags["video 0: handler_name"] == "VideoHandler"
    assert media.streams[0] == f"video {media.codec}"


def test_frames_are_upright_rgb(tmp_path: Path):
    with open_media(files.write_video(tmp_path / "clip.mp4"), frames=3) as reader:
        for frame in reader:
            assert frame.image.dtype == np.uint8
            assert frame.image.shape == (files.HEIGHT, files.WIDTH, 3)
            assert frame.image.flags.c_contiguous
            assert files.is_upright(frame.image)


def test_a_reader_can_be_iterated_again(tmp_path: Path):
    with open_media(files.write_video(tmp_path / "clip.mp4"), frames=4) as reader:
        first, second = list(reader), list(reader)
    assert [frame.time for frame in first] == [frame.time for frame in second]
    assert all((a.image == b.image).all() for a, b in zip(first, second, strict=True))


def test_a_short_clip_gives_every_frame_once(tmp_path: Path):
    _, numbers = sample(files.write_video(tmp_path / "clip.mp4", 7), frames=32)
    assert numbers == list(range(7))


def test_one_frame_is_a_video_of_one_frame(tmp_path: Path):
    with open_media(files.write_video(tmp_path / "clip.mp4", 1)) as reader:
        assert len(list(reader)) == 1
        assert (reader.media.kind, reader.expected, reader.decoded) == ("video", 1, 1)


def test_frames_must_be_positive(tmp_path: Path):
    with pytest.raises(SettingError, match=r"frames must be at least 1\. Got 0"):
        open_media(files.write_video(tmp_path / "clip.mp4"), frames=0)


@pytest.mark.parametrize("turn", [0, 90, 180, -90])
def test_the_display_matrix_turns_the_picture(tmp_path: Path, turn: int):
    upright = files.numbered(5)
    stored = np.rot90(upright, -turn // 90)  # what a camera held that way stores
    path = files.write_video(tmp_path / "clip.mp4", [np.ascontiguousarray(stored)], rotation=turn)
    with open_media(path) as reader:
        (frame,) = reader
        assert (reader.media.width, reader.media.height) == (files.WIDTH, files.HEIGHT)
        assert reader.media.rotation == -turn % 360
    assert files.is_upright(frame.image)
    assert files.read_number(frame.image) == 5


def test_a_mirrored_display_matrix_is_undone(tmp_path: Path):
    stored = np.ascontiguousarray(files.numbered(5)[:, ::-1])
    path = files.write_video(tmp_path / "clip.mp4", [stored])
    data = path.read_bytes()
    at = data.index(b"tkhd") + 44
    mirror = [-65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30]
    matrix = b"".join(value.to_bytes(4, signed=True) for value in mirror)
    path.write_bytes(data[:at] + matrix + data[at + len(matrix) :])
    with open_media(path) as reader:
        (frame,) = reader
    assert files.is_upright(frame.image)
    assert files.read_number(frame.image) == 5


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(4, 3), (128, 64)), (Fraction(1, 2), (96, 128)), (Fraction(500), (96, 64))],
)
def test_pixels_are_made_square(tmp_path: Path, aspect: Fraction, size: tuple[int, int]):
    path = files.write_video(tmp_path / "clip.mkv", 3, aspect=aspect)
    with open_media(path) as reader:
        frames = list(reader)
        assert (reader.media.width, reader.media.height) == size
    assert [files.read_number(frame.image) for frame in frames] == [0, 1, 2]
    assert frames[0].image.shape == (size[1], size[0], 3)


def test_rotation_and_oblong_pixels_together(tmp_path: Path):
    stored = np.ascontiguousarray(np.rot90(files.numbered(3)))
    path = files.write_video(tmp_path / "clip.mp4", [stored], rotation=-90, aspect=Fraction(2))
    with open_media(path) as reader:
        (frame,) = reader
        assert (reader.media.width, reader.media.height) == (96, 128)
    assert files.is_upright(frame.image)


def test_variable_frame_rate_keeps_its_times(tmp_path: Path):
    times = [0, 40, 80, 120, 2000, 2040, 5000, 5040, 9000, 9960]
    path = files.write_video(tmp_path / "clip.mkv", 10, times=times)
    seen, numbers = sample(path, frames=32)
    assert numbers == list(range(10))
    assert seen == pytest.approx([time / 1000 for time in times], abs=0.002)


def test_sampling_goes_by_time_not_by_frame_number(tmp_path: Path):
    times = [*range(0, 1000, 20), *range(1000, 10_000, 1000)]  # 50 a second, then 1
    _, numbers = sample(files.write_video(tmp_path / "clip.mkv", 59, times=times), frames=5)
    assert numbers == [45, 51, 53, 55, 57]


def test_times_begin_at_the_first_frame(tmp_path: Path):
    times = [7000 + 40 * i for i in range(10)]
    seen, _ = sample(files.write_video(tmp_path / "clip.mkv", 10, times=times))
    assert seen == pytest.approx([0.04 * i for i in range(10)], abs=0.002)


def test_an_edit_list_that_starts_inside_the_clip(tmp_path: Path):
    path = files.write_video(tmp_path / "clip.mp4", 50, options={"g": "50", "bf": "2"})
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 8
    duration, start = (int.from_bytes(data[at + i : at + i + 4]) for i in (4, 8))
    frame = 512  # of 1/12800 s
    data[at + 4 : at + 8] = (duration * 30 // 50).to_bytes(4)
    data[at + 8 : at + 12] = (start + 20 * frame).to_bytes(4)
    path.write_bytes(data)
    seen, numbers = sample(path, frames=64)
    assert numbers[0] in {19, 20, 21}
    assert seen[0] == 0
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert seen == pytest.approx([0.04 * i for i in range(len(numbers))], abs=0.002)


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p", "yuv444p", "yuv444p10le"])
def test_deep_and_full_chroma_formats(tmp_path: Path, pixel_format: str):
    path = files.write_video(tmp_path / "clip.mp4", 3, pixel_format=pixel_format)
    with open_media(path) as reader:
        frames = list(reader)
        assert reader.media.pixel_format == pixel_format
    assert [files.read_number(frame.image) for frame in frames] == [0, 1, 2]
    assert np.abs(frames[0].image[8, 8].astype(int) - files.RED).max() < 12


def test_transparency_is_laid_on_grey(tmp_path: Path):
    clear = np.zeros((64, 96, 4), np.uint8)
    clear[:, 48:] = (255, 0, 0, 255)
    path = files.write_video(tmp_path / "c.mov", [clear], codec="qtrle", pixel_format="argb")
    with open_media(path) as reader:
        (frame,) = reader
    assert (frame.image[:, :48] == 128).all()
    assert (frame.image[:, 48:] == (255, 0, 0)).all()


@pytest.mark.parametrize(("space", "red"), [("bt709", 1), ("smpte170m", 6)])
def test_a_tagged_colour_matrix_is_honoured(tmp_path: Path, space: str, red: int):
    pictures = [np.full((64, 96, 3), (200, 40, 40), np.uint8)]
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"colorspace": space})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.colorspace = red
        frame = av.VideoFrame.from_ndarray(pictures[0], format="rgb24").reformat(
            format="yuv420p", dst_colorspace="ITU709" if red == 1 else "SMPTE170M"
        )
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    with open_media(path) as reader:
        (seen,) = reader
    assert np.abs(seen.image[32, 48].astype(int) - (200, 40, 40)).max() <= 5


GROUPS = [
    {"g": "1"},
    {"g": "12", "bf": "0"},
    {"g": "12", "bf": "3"},
    {"g": "60", "bf": "3", "x264-params": "open-gop=1:scenecut=0"},
    {"g": "250", "bf": "3"},
    {"g": "60", "bf": "0", "x264-params": "intra-refresh=1"},
]


@pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts", "flv"])
@pytest.mark.parametrize("options", GROUPS, ids=str)
def test_seeking_gives_the_frames_that_decoding_through_gives(
    tmp_path: Path, container: str, options: dict[str, str]
):
    path = tmp_path / "clip"
    files.write_video(path, 300, options=options, container=container)
    every = every_frame(path)
    for frames in (1, 3, 20, 100):
        with open_media(path, frames=frames) as reader:
            seen = list(reader)
            assert (reader.expected, reader.decoded) == (300, 300)
        assert len(seen) == frames
        for i, frame in enumerate(seen):
            assert files.read_number(frame.image) == int((i + 0.5) * 300 / frames)
            assert (frame.image == every[round(frame.time, 4)]).all()


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("mpegts", "mpeg2video", {"g": "15", "bf": "2"}),
        ("mpeg", "mpeg2video", {"g": "15", "bf": "2"}),
        ("mp4", "mpeg4", {"g": "40", "bf": "2"}),
        ("webm", "libvpx", {"g": "40", "auto-alt-ref": "1", "lag-in-frames": "16"}),
        ("webm", "libvpx-vp9", {"g": "40", "lag-in-frames": "16", "cpu-used": "8"}),
        ("ivf", "libvpx-vp9", {"g": "40", "lag-in-frames": "16", "cpu-used": "8"}),
        ("mp4", "libsvtav1", {"g": "32", "preset": "12"}),
        ("matroska", "libsvtav1", {"g": "32", "preset": "12"}),
        ("mp4", "libx264", {"g": "40", "bf": "3", "flags": "+ildct+ilme"}),
        ("mov", "prores_ks", {}),
        ("asf", "wmv2", {"g": "40"}),
    ],
)
def test_leaving_frames_out_changes_no_other(
    tmp_path: Path, container: str, codec: str, options: dict[str, str]
):
    path = tmp_path / "clip"
    pixel_format = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
    files.write_video(
        path, 160, container=container, codec=codec, options=options, pixel_format=pixel_format
    )
    every = every_frame(path)
    for frames in (2, 7, 40):
        with open_media(path, frames=frames) as reader:
            seen = list(reader)
            assert (reader.expected, reader.decoded) == (160, 160)
        assert [round(frame.time * 25) for frame in seen] == [
            int((i + 0.5) * 160 / frames) for i in range(frames)
        ]
        assert all((frame.image == every[round(frame.time, 4)]).all() for frame in seen)


def test_open_groups_of_hevc(tmp_path: Path):
    options = {"g": "30", "bf": "3", "preset": "ultrafast", "x265-params": "log-level=none"}
    path = files.write_video(tmp_path / "clip.mp4", 300, codec="libx265", options=options)
    every = every_frame(path)
    for frames in (4, 30, 300):
        with open_media(path, frames=frames) as reader:
            seen = list(reader)
        assert [files.read_number(frame.image) for frame in seen] == [
            int((i + 0.5) * 300 / frames) for i in range(frames)
        ]
        assert all((frame.image == every[round(frame.time, 4)]).all() for frame in seen)


def test_a_change_of_size_keeps_the_first_size(tmp_path: Path):
    small = files.write_video(tmp_path / "a.ts", 10)
    large = [files.numbered(i + 10, 192, 128) for i in range(10)]
    other = files.write_video(tmp_path / "b.ts", large)
    path = tmp_path / "joined.ts"
    path.write_bytes(small.read_bytes() + other.read_bytes())
    with open_media(path) as reader:
        shapes = {frame.image.shape for frame in reader}
    assert shapes == {(64, 96, 3)}


@pytest.mark.parametrize("late", [False, True])
def test_recordings_strung_together(tmp_path: Path, late: bool):  # noqa: FBT001
    first = files.write_video(tmp_path / "a.ts", 40, times=[9000 + 40 * i for i in range(40)])
    second = files.write_video(
        tmp_path / "b.ts", [files.numbered(40 + i) for i in range(40)], sound=late
    )
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    seen, numbers = sample(path, frames=8)
    assert numbers == [5, 15, 25, 35, 45, 55, 65, 75]
    assert seen == sorted(set(seen))
    with open_media(path) as reader:
        assert not reader.truncated


@pytest.mark.parametrize("name", ["take %03d.mp4", "http:clip.mp4", "a:b?c#d.mp4", "köpf €.mp4"])
def test_odd_names_are_only_names(tmp_path: Path, name: str):
    path = files.write_video(tmp_path / "clip.mp4", 3).rename(tmp_path / name)
    assert sample(path)[1] == [0, 1, 2]


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files.write_video(tmp_path / "clip.mp4", 3)
    monkeypatch.chdir(tmp_path)
    assert sample(Path("clip.mp4"))[1] == [0, 1, 2]
    with open_media("clip.mp4") as reader:
        assert reader.media.path == "clip.mp4"
