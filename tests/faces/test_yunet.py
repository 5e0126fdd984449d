"""YuNet's model is not shipped: how it is asked for, and how OpenCV's rows are read."""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from unmask.errors import SettingError
from unmask.faces import FINDERS, yunet

ROW = [10, 20, 40, 50, 20, 30, 40, 31, 30, 45, 22, 60, 38, 61, 0.9]
"""A box as x, y, width, height; five landmarks; a confidence."""


class Net:
    """A stand-in for OpenCV's network: two faces a search, the weaker one first."""

    def __init__(self, *_: object) -> None:
        self.size: object = None
        self.busy = threading.Lock()

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802 - OpenCV's name
        self.size = size

    def detect(self, image):
        assert self.busy.acquire(blocking=False), "two searches at once"
        time.sleep(0.002)
        assert image.shape[1::-1] == self.size
        self.busy.release()
        if image.max() == 0:
            return 1, None
        return 1, np.array([[*ROW[:14], 0.8], ROW], np.float32)


@pytest.fixture
def model(tmp_path, monkeypatch):
    """The path in the user's cache at which the model is looked for; nothing is there."""
    monkeypatch.delenv("UNMASK_YUNET", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "unmask").mkdir()
    return tmp_path / "unmask" / yunet.FILE


@pytest.fixture
def finder(model, monkeypatch):
    model.write_bytes(b"a network")
    monkeypatch.setattr(yunet, "SHA256", hashlib.sha256(b"a network").hexdigest())
    monkeypatch.setattr(cv2.FaceDetectorYN, "create", Net)
    return FINDERS["yunet"](threads=1)


def test_without_its_model_the_message_names_the_path_and_every_cure(model):
    with pytest.raises(SettingError) as caught:
        FINDERS["yunet"](threads=1)
    message = str(caught.value)
    assert "\n" not in message
    for part in (str(model), yunet.FILE, "UNMASK_YUNET", "--finder centerface"):
        assert part in message


def test_any_other_file_is_refused_before_it_is_loaded(model):
    model.write_bytes(b"another network")
    found = hashlib.sha256(b"another network").hexdigest()
    with pytest.raises(SettingError, match=f"sha256 must be {yunet.SHA256}. Got {found}"):
        FINDERS["yunet"](threads=1)


def test_the_environment_names_another_place(model, tmp_path, monkeypatch):
    del model
    monkeypatch.setenv("UNMASK_YUNET", str(tmp_path / "elsewhere.onnx"))
    with pytest.raises(SettingError, match=r"elsewhere\.onnx: no YuNet model there"):
        yunet.model_path()


def test_rows_become_faces_the_most_confident_first(finder):
    faces = finder.find(np.full((200, 300, 3), 90, np.uint8), 1.5)
    assert [face.confidence for face in faces] == pytest.approx([0.9, 0.8])
    assert {face.time for face in faces} == {1.5}
    assert faces[0].box == (10, 20, 50, 70)
    assert faces[0].landmarks.tolist() == [[20, 30], [40, 31], [30, 45], [22, 60], [38, 61]]


def test_places_are_pixels_of_the_picture_however_large_it_is(finder):
    """The search runs at 640 pixels, a quarter of this picture."""
    faces = finder.find(np.full((1280, 2560, 3), 90, np.uint8))
    assert faces[0].box == (40, 80, 200, 280)
    assert faces[0].landmarks[0].tolist() == [80, 120]


def test_no_rows_are_no_faces(finder):
    assert finder.find(np.zeros((100, 100, 3), np.uint8)) == []


def test_the_net_is_never_used_by_two_threads_at_once(finder):
    images = [np.full((50 + i, 60, 3), 90, np.uint8) for i in range(24)]
    with ThreadPoolExecutor(4) as pool:
        assert all(len(faces) == 2 for faces in pool.map(finder.find, images))
