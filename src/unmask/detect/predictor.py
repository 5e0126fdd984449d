"""From a file to a report: the one path that users run and that is measured."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import unmask
from unmask.detect.aggregate import (
    calibrate,
    decide,
    posterior,
    thresholds,
    track_interval,
    track_score,
)
from unmask.detect.bundle import Cams, load_bundle
from unmask.detect.card import Card
from unmask.detect.evidence import Person, gather_evidence, gather_glimpses
from unmask.detect.look import SeenFace, SeenFrame, evenly, look, weigh
from unmask.detect.scoring import Scoring
from unmask.detect.settings import Settings
from unmask.errors import MediaError, Reason
from unmask.faces import FINDERS, AtOnce, link_tracks
from unmask.media import MediaReader, file_sha256, open_media
from unmask.provenance import examine
from unmask.types import (
    FaceScore,
    FrameCounts,
    FrameScore,
    Glimpse,
    Media,
    ModelIdentity,
    Report,
    VerdictName,
)

DECODERS = 3
"""Threads that decode, for each core, where a medium may have all of them: more than cores, so that
the decoder, which everything waits for, gets more of them than what follows it."""

AHEAD = 3
"""Frames that may be under way for each thread while an earlier one is waited for."""

MESSAGES: dict[VerdictName, str] = {
    "fake": "signs of face manipulation found",
    "real": "no sign of face manipulation found",
    "uncertain": "undecided: the score lies between the bands for fake and real",
}

ONE_SCORE = "each person has one score for all their frames, which stands at every frame"
NO_SEQUENCE = "a still, and this detector judges clips; use one that judges single frames"


class Predictor:
    """Analyses files with one bundle.

    Args:
        model: path or name of a bundle; None for the default.
        settings: choices of the analysis.

    Raises:
        BundleError: the bundle cannot be used.
        RegistryError: there is no such face finder.
    """

    def __init__(self, model: str | Path | None = None, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._bundle = load_bundle(model)
        self._finder = FINDERS[self.settings.finder](threads=1)
        cores = os.cpu_count() or 1
        self._threads = self.settings.threads or cores
        self._decoders = self.settings.threads or (DECODERS * cores if cores > 1 else 1)
        self._pool = (
            ThreadPoolExecutor(self._threads, thread_name_prefix="unmask")
            if self._threads > 1
            else AtOnce()
        )

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and hash of the bundle."""
        return self._bundle.identity

    @property
    def card(self) -> Card:
        """The bundle's card."""
        return self._bundle.card

    def detect(self, path: str | Path, progress: Callable[[float], None] | None = None) -> Report:
        """Analyse one image or video.

        What cannot be analysed is a report with an abstention, never an exception and never a
        score. ``progress`` is told the share of the frames that were looked at, 0 to 1.
        """
        start = time.perf_counter()
        report = self._judge(path, start, progress)
        if report.abstention == "over_limit":  # which bounds the reading of credentials as well
            return report
        found = {
            "provenance": examine(path, self.settings.trust_list),
            "seconds": time.perf_counter() - start,
        }
        return report.model_copy(update=found)

    def _judge(
        self, path: str | Path, start: float, progress: Callable[[float], None] | None
    ) -> Report:
        try:
            with open_media(
                path,
                frames=self.settings.frames,
                limits=self.settings.limits,
                threads=self._decoders,
            ) as reader:
                if self.card.input == "sequence" and reader.media.kind == "image":
                    return abstain(
                        str(path), "unsupported", NO_SEQUENCE, self.identity, start,
                        media=reader.media,
                    )  # fmt: skip
                scoring = Scoring(self._bundle, self._pool)
                seen = []
                most = max(1, min(self.settings.frames, reader.expected))
                for frame in look(
                    reader,
                    self._finder,
                    self.card.crop,
                    self.settings,
                    self._pool,
                    ahead=AHEAD * self._threads,
                ):
                    seen.append(frame)
                    scoring.add(frame.faces)
                    if progress is not None:
                        progress(min(1.0, len(seen) / most))
                return self._report(reader, seen, scoring, start)
        except MediaError as error:
            # What is over a limit is not read to its end, not even for its hash.
            sha256 = None if error.reason == "over_limit" else file_sha256(path)
            return abstain(
                str(path), error.reason, error.message, self.identity, start, sha256=sha256
            )

    def score_crops(self, crops: Sequence[SeenFace]) -> tuple[list[float], Cams | None]:
        """Return the logit of each face and, if the bundle has them, its class-activation map.

        A detector of sequences gives one logit, which then stands for each face; there must be at
        most its card's ``length`` of them, in order of time.
        """
        scoring = Scoring(self._bundle, self._pool)
        scoring.add(crops)
        return scoring.of(crops)

    def _report(
        self, reader: MediaReader, seen: list[SeenFrame], scoring: Scoring, start: float
    ) -> Report:
        media = reader.media
        least = 1 if media.kind == "image" else self.settings.min_frames
        by_face = {id(each.face): each for frame in seen for each in frame.faces}
        tracks = link_tracks([[each.face for each in frame.faces] for frame in seen])
        people = []
        for track in tracks:
            faces = [by_face[id(face)] for face in track.faces]
            if self.card.length:
                faces = [faces[n] for n in evenly(len(faces), self.card.length)]
            enough = len(faces) >= least
            logits, cams = scoring.of(faces) if enough else ([], None)
            people.append(Person(faces, logits, cams))
        scored = [person for person in people if person.logits]
        notes = (*reader.notes, *_notes(seen))
        if scored and self.card.input == "sequence":
            notes = (*notes, ONE_SCORE)
        analysed = {each.face.time for person in scored for each in person.faces}
        counts = FrameCounts(
            expected=reader.expected, decoded=reader.decoded, analysed=len(analysed)
        )
        if not scored:
            reason, message = _why_not(seen, least, self.settings)
            return abstain(
                media.path, reason, message, self.identity, start,
                media=media, frames=counts, notes=notes, glimpses=gather_glimpses(seen),
            )  # fmt: skip
        scores = tuple(self._face(number, person, least) for number, person in enumerate(people))
        worst = max((face for face in scores if face.score is not None), key=_score)
        bands = thresholds(self.card.bands, self.settings.max_false_alarm_rate, len(scored))
        verdict = decide(_score(worst), bands)
        return Report(
            path=media.path,
            sha256=media.sha256,
            kind=media.kind,
            verdict=verdict,
            probability=worst.probability,
            interval=worst.interval,
            abstention=None,
            message="; ".join((MESSAGES[verdict], *notes)),
            frames=counts,
            faces=scores,
            model=self.identity,
            seconds=time.perf_counter() - start,
            score=worst.score,
            prior=self.settings.prior,
            thresholds=bands,
            media=media,
            notes=notes,
            unmask=unmask.__version__,
            evidence=gather_evidence(people, seen) if self.settings.evidence else (),
            glimpses=gather_glimpses(seen),
        )

    def _face(self, number: int, person: Person, least: int) -> FaceScore:
        calibration, prior = self.card.calibration, self.settings.prior
        if not person.logits:
            count = len(person.faces)
            note = f"seen in {count} sampled frame{'s' * (count > 1)}; {least} are needed"
            return FaceScore(
                track=number, probability=None, interval=None, score=None, frames=(), note=note
            )
        weights = weigh(self.card.quality, person.faces)
        score = track_score(self.card, person.logits, weights)
        frames = tuple(
            FrameScore(
                time=seen.face.time,
                probability=posterior(calibrate(calibration, logit), prior),
                score=calibrate(calibration, logit),
                box=seen.face.box,
                confidence=seen.face.confidence,
                size=seen.face.size,
                sharpness=seen.sharpness,
                border=seen.crop.border,
            )
            for seen, logit in zip(person.faces, person.logits, strict=True)
        )
        return FaceScore(
            track=number,
            probability=posterior(score, prior),
            interval=track_interval(self.card, person.logits, weights, prior),
            score=score,
            frames=frames,
        )


def abstain(
    path: str,
    reason: Reason,
    message: str,
    model: ModelIdentity,
    start: float,
    *,
    media: Media | None = None,
    frames: FrameCounts | None = None,
    notes: tuple[str, ...] = (),
    glimpses: tuple[Glimpse, ...] = (),
    sha256: str | None = None,
) -> Report:
    """Return the report of a medium that could not be scored; ``start`` is a perf_counter."""
    return Report(
        path=path,
        sha256=media.sha256 if media else sha256,
        kind=media.kind if media else None,
        verdict=None,
        probability=None,
        interval=None,
        abstention=reason,
        message="; ".join((message, *notes)),
        frames=frames or FrameCounts(expected=0, decoded=0, analysed=0),
        faces=(),
        model=model,
        seconds=time.perf_counter() - start,
        media=media,
        notes=notes,
        unmask=unmask.__version__,
        glimpses=glimpses,
    )


def _score(face: FaceScore) -> float:
    return -np.inf if face.score is None else face.score


def _notes(seen: list[SeenFrame]) -> tuple[str, ...]:
    """Return a line on each kind of face that was passed over."""
    kinds = (
        ("small", "too small to score"),
        ("cut", "too far outside the picture to score"),
        ("crowd", "beyond the most faces scored in one frame"),
    )
    notes = []
    for kind, reason in kinds:
        count = sum(getattr(frame, kind) for frame in seen)
        if count:
            notes.append(f"{count} face{'s' * (count > 1)} in the sampled frames {reason}")
    return tuple(notes)


def _why_not(seen: list[SeenFrame], least: int, settings: Settings) -> tuple[Reason, str]:
    """Return why no face could be scored: the reason and a line that says what would help."""
    if len(seen) < least:
        return "too_few_frames", (
            f"{len(seen)} frame{'s' * (len(seen) != 1)} could be decoded, a video needs {least}; "
            "give a longer clip, or a still as an image"
        )
    if any(frame.faces for frame in seen):
        return "too_few_frames", (
            f"no person was seen in {least} sampled frames; sample more with --frames"
        )
    if any(frame.small or frame.cut for frame in seen):
        return "face_too_small", (
            f"every face is smaller than {settings.min_face:g} pixels or cut by the edge; "
            "give a larger original, or lower --min-face"
        )
    return "no_face", "no face found; unmask judges faces only"
