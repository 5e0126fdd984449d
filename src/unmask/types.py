"""The values that travel between the stages.

All are frozen and validated when made. Time is seconds from the first frame. Images are ``uint8``
RGB ``[H, W, 3]``. Boxes are ``xyxy`` pixels of the upright frame. A score is a log-odds of fake
at even odds; a probability is of fake.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from unmask.errors import Reason, SettingError

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
Kind = Literal["image", "video"]
VerdictName = Literal["fake", "real", "uncertain"]
ProvenanceState = Literal["not_examined", "absent", "unreadable", "invalid", "valid", "trusted"]
Probability = Annotated[float, Field(ge=0, le=1)]
Interval = tuple[Probability, Probability]


def check_image(image: Image) -> None:
    """Raise SettingError unless ``image`` is uint8 RGB ``[H, W, 3]`` with at least one pixel."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise SettingError(f"image must be uint8 [H, W, 3]. Got {image.dtype} {image.shape}")


@dataclass(frozen=True)
class Frame:
    """One upright picture of a medium. ``time`` in seconds, ``image`` uint8 RGB [H, W, 3]."""

    time: float
    image: Image

    def __post_init__(self) -> None:
        check_image(self.image)
        if not (math.isfinite(self.time) and self.time >= 0):
            raise SettingError(f"time must be finite and >= 0. Got {self.time}")


@dataclass(frozen=True)
class Face:
    """One face in one frame.

    ``landmarks`` is float64 [5, 2], pixels of the frame: the eye, eye, nose tip, mouth corner,
    mouth corner, each pair from left to right as seen in the picture.
    """

    time: float
    box: Box
    landmarks: Points
    confidence: float

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.box
        if not (x0 < x1 and y0 < y1 and all(map(math.isfinite, self.box))):
            raise SettingError(f"box must be finite with x0 < x1 and y0 < y1. Got {self.box}")
        if self.landmarks.shape != (5, 2) or not np.isfinite(self.landmarks).all():
            raise SettingError(f"landmarks must be finite [5, 2]. Got {self.landmarks.shape}")
        if not 0 <= self.confidence <= 1:
            raise SettingError(f"confidence must be in [0, 1]. Got {self.confidence}")

    @property
    def size(self) -> float:
        """Shorter side of the box, pixels."""
        x0, y0, x1, y1 = self.box
        return min(x1 - x0, y1 - y0)


@dataclass(frozen=True)
class Track:
    """The faces of one person over time, in order of time."""

    id: int
    faces: tuple[Face, ...]

    def __post_init__(self) -> None:
        times = [face.time for face in self.faces]
        if not times or times != sorted(set(times)):
            raise SettingError("a track must hold at least one face, each later than the last")


@dataclass(frozen=True)
class Crop:
    """An aligned face. ``image`` uint8 RGB [S, S, 3]; ``transform`` float64 [2, 3] maps frame
    pixels to crop pixels; ``border`` is the share of the crop that lies outside the frame."""

    image: Image
    transform: Points
    border: float

    def __post_init__(self) -> None:
        check_image(self.image)
        if self.transform.shape != (2, 3):
            raise SettingError(f"transform must be [2, 3]. Got {self.transform.shape}")


class Value(BaseModel):
    """Base of the values that are also written as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Media(Value):
    """Facts about a file. Sizes in pixels of the upright picture, ``duration`` in seconds;
    ``streams`` are kind and codec of each stream of a video, ``tags`` what the file notes about
    its making."""

    path: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    kind: Kind
    bytes: int = Field(ge=0)
    container: str
    codec: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    pixel_format: str = ""
    fps: float | None = None
    duration: float | None = None
    rotation: int = 0
    tags: dict[str, str] = Field(default_factory=dict)
    streams: tuple[str, ...] = ()


class FrameCounts(Value):
    """How much of a medium was seen: frames it should have, frames decoded or passed over
    without error, frames in which a face was scored."""

    expected: int = Field(ge=0)
    decoded: int = Field(ge=0)
    analysed: int = Field(ge=0)


class FrameScore(Value):
    """The score of one face in one frame. ``size`` is the shorter side of the box in pixels,
    ``border`` the share of the crop that lies outside the picture."""

    time: float = Field(ge=0)
    probability: Probability
    score: float
    box: Box
    confidence: float = Field(ge=0, le=1)
    size: float = Field(gt=0)
    sharpness: float = Field(ge=0)
    border: float = Field(default=0.0, ge=0, le=1)


class FaceScore(Value):
    """One person of a medium. Probability, interval and score are absent where too few frames
    of the person could be scored; ``note`` then says so."""

    track: int = Field(ge=0)
    probability: Probability | None
    interval: Interval | None
    score: float | None
    frames: tuple[FrameScore, ...]
    note: str = ""


class ModelIdentity(Value):
    """Which bundle made a score."""

    name: str
    version: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Thresholds(Value):
    """The bands in force for one medium: ``fake`` above ``fake`` (absent where the wanted
    false-alarm rate is below what the calibration set can vouch for), ``real`` below ``real``.
    Both are scores."""

    max_false_alarm_rate: float = Field(gt=0, lt=1)
    faces: int = Field(ge=1)
    fake: float | None
    real: float


class Statement(Value):
    """What a file's content credentials declare about its making. ``name`` is the action, such as
    ``c2pa.created``, or the assertion that it stands in; ``source_type`` the last part of the
    digital source type; ``ai`` says that this means a trained model; ``ingredient`` that it is
    declared of something that the file was made from."""

    name: str
    source_type: str = ""
    tool: str = ""
    ai: bool = False
    ingredient: bool = False


class Provenance(Value):
    """The content credentials (C2PA) of a file. They have no part in the verdict.

    ``valid``: signed, and unchanged since; ``trusted``: by a signer on the trust list given as
    well. ``ai_declared`` is None where no credentials could be read; ``left_out`` counts the
    statements beyond those listed; ``problems`` are the standard's codes. All text but
    ``message`` is the signer's, cut to a length.
    """

    state: ProvenanceState = "not_examined"
    message: str = "not examined"
    signer: str = ""
    tool: str = ""
    ai_declared: bool | None = None
    statements: tuple[Statement, ...] = ()
    left_out: int = Field(default=0, ge=0)
    problems: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _declared_where_read(self) -> Provenance:
        read = self.state in {"invalid", "valid", "trusted"}
        if read != (self.ai_declared is not None):
            raise ValueError("ai_declared must be set where credentials were read, and only there")
        return self


@dataclass(frozen=True)
class Evidence:
    """What the report shows of one scored face and JSON does not carry.

    ``crop`` uint8 RGB [S, S, 3] is the picture the detector saw, ``cam`` float32 [h, w] its exact
    class-activation map (mean(cam) + bias = logit), or None where the bundle has none;
    ``thumbnail`` uint8 RGB is the whole frame, small; ``transform`` float64 [2, 3] maps pixels of
    the frame, not of its thumbnail, to those of the crop. A person seen in too few frames to be
    scored has crops without maps.
    """

    track: int
    time: float
    crop: Image
    cam: npt.NDArray[np.float32] | None
    thumbnail: Image | None = field(default=None, repr=False)
    transform: Points | None = field(default=None, repr=False)


PassedReason = Literal["small", "cut", "crowd"]


@dataclass(frozen=True)
class PassedOver:
    """A face that was found in a frame and not looked at further: where, and why. ``small``: below
    the least size; ``cut``: too far outside the picture; ``crowd``: beyond the most per frame."""

    box: Box
    reason: PassedReason


@dataclass(frozen=True)
class Glimpse:
    """One sampled frame as the report shows it: small, with the faces that were passed over."""

    time: float
    thumbnail: Image = field(repr=False)
    passed: tuple[PassedOver, ...] = ()


class Report(Value):
    """All that was found about one medium: a verdict with its evidence, or an abstention."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    path: str
    sha256: str | None
    kind: Kind | None
    verdict: VerdictName | None
    probability: Probability | None
    interval: Interval | None
    abstention: Reason | None
    message: str
    frames: FrameCounts
    faces: tuple[FaceScore, ...]
    model: ModelIdentity
    seconds: float = Field(ge=0)
    score: float | None = None
    prior: float = Field(default=0.5, gt=0, lt=1)
    thresholds: Thresholds | None = None
    media: Media | None = None
    notes: tuple[str, ...] = ()
    provenance: Provenance = Provenance()
    unmask: str = ""
    evidence: tuple[Evidence, ...] = Field(default=(), exclude=True, repr=False)
    glimpses: tuple[Glimpse, ...] = Field(default=(), exclude=True, repr=False)

    @model_validator(mode="after")
    def _verdict_or_abstention(self) -> Report:
        if (self.verdict is None) == (self.abstention is None):
            raise ValueError("a report must hold a verdict or an abstention, and not both")
        scored = (self.probability, self.interval, self.score, self.thresholds)
        if self.abstention is not None and any(value is not None for value in scored):
            raise ValueError("an abstention must not carry a score")
        if self.verdict is not None and any(value is None for value in scored):
            raise ValueError("a verdict must carry probability, interval, score and thresholds")
        return self

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; pictures are left out."""
        return self.model_dump(mode="json")
