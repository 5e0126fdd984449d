"""What the templates print of pictures: plain values, worked out and worded beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unmask.report.axis import clock, log_odds
from unmask.report.pictures import data_uri, fit, overlay, overlay_on_frame
from unmask.report.text import percent

if TYPE_CHECKING:
    from unmask.types import Box, Evidence, FaceScore, FrameScore, Image, Media, Report

_WHOLE_SIDE = 640
_SMALL_SIDE = 128
_NO_BORDER = 0.005

Outline = tuple[float, float, float, float]
"""A face in a picture: left, top, width and height in per cent of it."""


@dataclass(frozen=True)
class Picture:
    """An image in the page, with the faces outlined in it."""

    source: str
    width: int
    height: int
    boxes: tuple[Outline, ...] = ()

    @classmethod
    def of(cls, image: Image, boxes: tuple[Outline, ...] = (), quality: int = 88) -> Picture:
        """Return ``image`` as a picture."""
        return cls(data_uri(image, quality), image.shape[1], image.shape[0], boxes)

    @property
    def tall(self) -> bool:
        """Whether it is higher than wide, so that two of them go side by side."""
        return self.height > self.width


@dataclass(frozen=True)
class Shot:
    """One scored face in one frame: the crop and the frame, each also with the heat map."""

    title: str
    caption: str
    crop: Picture
    heat: Picture | None = None
    whole: Picture | None = None
    whole_heat: Picture | None = None


@dataclass(frozen=True)
class Small:
    """A face in a row of many."""

    time: str
    chance: str
    crop: Picture


def small_picture(image: Image, side: int = _SMALL_SIDE) -> Picture:
    """Return ``image``, small."""
    return Picture.of(fit(image, side), quality=80)


def make_shot(
    title: str,
    frame: FrameScore,
    evidence: Evidence,
    *,
    scale: float,
    media: Media | None,
) -> Shot:
    """Return ``frame`` large; ``scale`` is the log-odds that the heat maps show as deepest red."""
    cam, crop = evidence.cam, evidence.crop
    return Shot(
        title=title,
        caption=_caption(frame),
        crop=Picture.of(crop),
        heat=None if cam is None else Picture.of(overlay(crop, cam, scale)),
        whole=make_whole(frame, evidence, media),
        whole_heat=_whole_heat(frame, evidence, media, scale),
    )


def _caption(frame: FrameScore) -> str:
    text = (
        f"Face {frame.size:.0f} px, sharpness {frame.sharpness:.0f}, found with confidence "
        f"{frame.confidence:.2f}"
    )
    if frame.border < _NO_BORDER:
        return text
    return f"{text}; {percent(frame.border)} of the crop lies outside the picture"


def make_whole(frame: FrameScore, evidence: Evidence, media: Media | None) -> Picture | None:
    """Return the whole frame with the face outlined, if its thumbnail was kept."""
    if evidence.thumbnail is None:
        return None
    boxes = () if media is None else (outline(frame.box, media),)
    return Picture.of(fit(evidence.thumbnail, _WHOLE_SIDE), boxes, quality=80)


def _whole_heat(
    frame: FrameScore, evidence: Evidence, media: Media | None, scale: float
) -> Picture | None:
    small, cam, transform = evidence.thumbnail, evidence.cam, evidence.transform
    if small is None or cam is None or transform is None or media is None:
        return None
    small = fit(small, _WHOLE_SIDE)
    size = evidence.crop.shape[0]
    laid = overlay_on_frame(
        small, cam, width=media.width, size=size, transform=transform, scale=scale
    )
    return Picture.of(laid, (outline(frame.box, media),), quality=80)


def outline(box: Box, media: Media) -> Outline:
    """Return ``box``, pixels of the frame, in per cent of it; what lies outside is cut off."""
    x0, y0, x1, y1 = box
    left, right = (min(max(x / media.width, 0), 1) * 100 for x in (x0, x1))
    top, bottom = (min(max(y / media.height, 0), 1) * 100 for y in (y0, y1))
    return round(left, 2), round(top, 2), round(right - left, 2), round(bottom - top, 2)


def make_small(frame: FrameScore, evidence: Evidence) -> Small:
    """Return ``frame`` small, for the row of all frames."""
    return Small(clock(frame.time), percent(frame.probability), small_picture(evidence.crop))


def by_suspicion(report: Report) -> list[FaceScore]:
    """Return the people of ``report``, the most suspicious first, those without a score last."""
    return sorted(
        report.faces,
        key=lambda face: (face.score is None, -(face.score or 0.0), face.track),
    )


def evidence_of(face: FaceScore, report: Report) -> list[tuple[FrameScore, Evidence]]:
    """Return the frames of ``face`` whose pictures were kept, with those pictures, by time."""
    kept = {(item.track, item.time): item for item in report.evidence}
    return [
        (frame, kept[face.track, frame.time])
        for frame in face.frames
        if (face.track, frame.time) in kept
    ]


def suspicion(pair: tuple[FrameScore, Evidence]) -> float:
    """Return the log-odds of a frame, to order frames by."""
    return log_odds(pair[0].probability)
