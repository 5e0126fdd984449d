"""One file a family of detectors: networks that say how likely a crop is fake."""

from unmask.training.detectors.frame import FrameDetector

__all__ = ["FrameDetector"]
