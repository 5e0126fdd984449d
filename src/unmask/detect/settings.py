"""What a caller may choose about an analysis."""

from __future__ import annotations

from dataclasses import dataclass, field

from unmask.errors import SettingError
from unmask.media import Limits


@dataclass(frozen=True)
class Settings:
    """Choices of an analysis.

    Attributes:
        frames: frames sampled of a video, evenly over its length.
        prior: share of fakes among media like these; moves the probability, never the verdict.
        max_false_alarm_rate: share of real media that may be called fake.
        min_face: least shorter side of a face's box, in pixels of the medium.
        min_frames: least frames in which a person of a video must be seen to be scored.
        max_faces: most faces scored in one frame, the largest first.
        limits: the largest media to open.
        finder: name of the face finder.
        threads: a video is decoded on this many threads, while faces are found and scored on as
            many more; 1 for one thread that does all in turn, 0 for all cores.
        follow: search only every ``min_frames``-th frame of a video for faces, and that where it
            has changed, and the others only near where the same people are before and after;
            otherwise every frame whole.
        evidence: keep crops, heat maps and thumbnails for the report.
        trust_list: certificates of those who vouch for signers of content credentials, as
            `unmask.provenance.read_trust_list` returns them.
    """

    frames: int = 32
    prior: float = 0.5
    max_false_alarm_rate: float = 0.01
    min_face: float = 40.0
    min_frames: int = 3
    max_faces: int = 20
    limits: Limits = field(default_factory=Limits)
    finder: str = "centerface"
    threads: int = 0
    follow: bool = True
    evidence: bool = False
    trust_list: str = ""

    def __post_init__(self) -> None:
        for name in ("frames", "min_frames", "max_faces"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} must be at least 1. Got {getattr(self, name)}")
        if self.frames < self.min_frames:
            raise SettingError(
                f"frames must be at least min_frames = {self.min_frames}, or no video could be "
                f"scored. Got {self.frames}"
            )
        for name in ("prior", "max_false_alarm_rate"):
            if not 0 < getattr(self, name) < 1:
                raise SettingError(f"{name} must be between 0 and 1. Got {getattr(self, name)}")
        if not self.min_face > 0:
            raise SettingError(f"min_face must be above 0. Got {self.min_face}")
        if self.threads < 0:
            raise SettingError(f"threads must be 0 (one a core) or more. Got {self.threads}")
