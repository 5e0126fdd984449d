"""The scores of a medium's faces: worked on as the faces come, while more are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future

import numpy as np

from unmask.detect.bundle import Bundle, Cams, Logits
from unmask.detect.look import SeenFace

BATCH = 2
"""Crops at a time: larger batches take more memory and, on a CPU, no less time."""


class Scoring:
    """Faces given to a bundle, in a pool.

    A detector of single frames begins with a face when it is added. What it makes of one does not
    depend on the others.

    Args:
        bundle: the detector.
        pool: where it runs.
    """

    def __init__(self, bundle: Bundle, pool: Executor) -> None:
        self._bundle, self._pool = bundle, pool
        self._waiting: list[SeenFace] = []
        self._begun: dict[int, tuple[SeenFace, Future[tuple[Logits, Cams | None]], int]] = {}

    def add(self, faces: Iterable[SeenFace]) -> None:
        """Begin with ``faces``, or as many of them as make whole batches."""
        self._waiting += faces
        while len(self._waiting) >= BATCH:
            self._begin()

    def of(self, faces: Sequence[SeenFace]) -> tuple[list[float], Cams | None]:
        """Return logits and class-activation maps of faces that were added.

        A detector of sequences gives one logit, which then stands for each face; there must be at
        most its card's ``length`` of them, in order of time.

        Raises:
            BundleError: a logit is not finite, or the maps are of a wrong shape.
        """
        if self._bundle.card.input == "sequence":
            logit = self._bundle.run_sequence([seen.crop.image for seen in faces])
            return [logit] * len(faces), None
        while self._waiting:
            self._begin()
        found = [self._begun[id(face)] for face in faces]
        logits = [float(future.result()[0][place]) for _, future, place in found]
        cams = [cam[place] for _, future, place in found if (cam := future.result()[1]) is not None]
        return logits, np.stack(cams) if cams else None

    def _begin(self) -> None:
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        if self._bundle.card.input == "sequence":
            return  # it needs to know first who is who
        future = self._pool.submit(self._bundle.run, [seen.crop.image for seen in batch])
        for place, face in enumerate(batch):
            self._begun[id(face)] = face, future, place
