"""The pipeline that people use today: OpenCV, MTCNN of facenet-pytorch, EfficientNet in PyTorch.

    pip install --no-deps facenet-pytorch==2.6.0

brings MTCNN with its weights (MIT licence); it asks for old releases of PyTorch and NumPy, which it
does not need, hence ``--no-deps``. It is put together as its author shows for the DFDC: a clip is
read with `cv2.VideoCapture`, every frame grabbed and the sampled ones retrieved; these are shrunk
and searched in one batch; the faces are cut from the full frames. The network's weights are random,
which its speed does not depend on.

What it shares with unmask, so that the two do the same work: the frames that are sampled, the size
at which they are searched, the smallest face, and the size and format of the crops that are kept.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unmask.types import Box, Image

MISSING = "facenet-pytorch is not installed; pip install --no-deps facenet-pytorch==2.6.0"
LONGEST = 640
"""Longer side at which frames are searched, pixels; as CenterFace's here."""

SIDE, BATCH = 224, 32
"""Side of the network's crops, pixels, and crops at a time."""

NETWORK = "tf_efficientnet_lite0"
"""The least costly EfficientNet there is."""

MEAN, DEVIATION = 0.5, 0.5


class Found(NamedTuple):
    """A face of a clip: time in seconds and box in pixels of the frame."""

    time: float
    box: Box


class Today:
    """The pipeline; ``threads`` of PyTorch, ``network`` by timm's name."""

    def __init__(self, threads: int, network: str = NETWORK) -> None:
        import cv2
        import timm
        import torch
        from facenet_pytorch import MTCNN

        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        self._finder = MTCNN(keep_all=True, min_face_size=20)
        self._network = timm.create_model(network, pretrained=False, num_classes=1).eval()

    def warm(self) -> None:
        """Search once, so that no first time is measured."""
        import numpy as np

        self._finder.detect(np.zeros((1, 64, 64, 3), np.uint8))

    def faces(self, clip: Path, frames: int, least: float) -> list[tuple[Found, Image]]:
        """Return the faces of a clip, each with its frame.

        Args:
            clip: a video of a constant frame rate.
            frames: frames sampled of it.
            least: shorter side of the smallest face, pixels of the clip.
        """
        import numpy as np

        from unmask.faces.finder import shrink

        times, images = _sampled(clip, frames)
        small = [shrink(image, LONGEST) for image in images]
        scale = small[0][1]
        self._finder.min_face_size = least * scale
        boxes, _ = self._finder.detect(np.stack([each for each, _ in small]))
        return [
            (Found(time, tuple((box / scale).tolist())), image)
            for time, image, found in zip(times, images, boxes, strict=True)
            for box in (() if found is None else found)
        ]

    def prepare(self, clip: Path, frames: int, least: float) -> list[Found]:
        """Return the faces of a clip and encode a crop around each, as a face set keeps it."""
        import cv2

        found = self.faces(clip, frames, least)
        for face, image in found:
            cv2.imencode(".jpg", neighbourhood(image, face.box), [cv2.IMWRITE_JPEG_QUALITY, 97])
        return [face for face, _ in found]

    def detect(self, clip: Path, frames: int, least: float) -> list[float]:
        """Return the score of each face of a clip."""
        import cv2
        import numpy as np
        import torch

        crops = [
            cv2.resize(neighbourhood(image, face.box), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            for face, image in self.faces(clip, frames, least)
        ]
        scores: list[float] = []
        with torch.inference_mode():
            for start in range(0, len(crops), BATCH):
                batch = torch.from_numpy(np.stack(crops[start : start + BATCH]))
                batch = (batch.permute(0, 3, 1, 2).float() / 255 - MEAN) / DEVIATION
                scores += self._network(batch).sigmoid().flatten().tolist()
        return scores


def neighbourhood(image: Image, box: Box) -> Image:
    """Return the square around a face, as large as a face set keeps it."""
    import cv2
    import numpy as np

    from unmask.data.cut import MAX_SIDE, NEIGHBOURHOOD

    low, high = np.array(box[:2]), np.array(box[2:])
    half = NEIGHBOURHOOD * max(high - low) / 2
    start = np.clip((low + high) / 2 - half, 0, np.array(image.shape[1::-1]) - 1).astype(int)
    stop = np.clip((low + high) / 2 + half, start + 1, image.shape[1::-1]).astype(int)
    part = image[start[1] : stop[1], start[0] : stop[0]]
    scale = min(1.0, MAX_SIDE / max(part.shape[:2]))
    if scale == 1:
        return part
    return cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _sampled(clip: Path, frames: int) -> tuple[list[float], list[Image]]:
    """Return the frames that unmask samples, and their times."""
    import cv2
    import numpy as np

    from unmask.media.plan import spread

    video = cv2.VideoCapture(str(clip))
    count, rate = int(video.get(cv2.CAP_PROP_FRAME_COUNT)), video.get(cv2.CAP_PROP_FPS)
    wanted = set(spread(np.arange(count) / rate, count / rate, frames).tolist())
    times, images = [], []
    for number in range(count):
        if not video.grab():
            break
        if number in wanted:
            times.append(number / rate)
            images.append(cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB))
    video.release()
    return times, images


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that have a `Today` of one thread each, loaded and warm."""
    spawn = get_context("spawn")
    barrier = spawn.Barrier(workers)
    with ProcessPoolExecutor(workers, spawn, _start, (barrier,)) as processes:
        for started in [processes.submit(bool) for _ in range(workers)]:
            started.result()
        yield processes


def prepare_one(clip: Path, frames: int, least: float) -> list[Found]:
    """Prepare a clip in a process of `pool`."""
    return _loaded[0].prepare(clip, frames, least)


_loaded: list[Today] = []


def _start(barrier: Any) -> None:
    """Load, and wait for the others, so that no start is measured."""
    _loaded.append(Today(threads=1))
    _loaded[0].warm()
    barrier.wait(timeout=300)


def is_installed() -> bool:
    """Say whether MTCNN is there."""
    return find_spec("facenet_pytorch") is not None
