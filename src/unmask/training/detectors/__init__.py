"""One file a family of detectors: networks that say how likely a crop, or a sequence, is fake."""

from unmask.training.detectors.cnn import CapstoneCnn
from unmask.training.detectors.frame import FrameDetector
from unmask.training.detectors.sequence import SequenceDetector
from unmask.training.detectors.transfer import TransferDetector

__all__ = ["CapstoneCnn", "FrameDetector", "SequenceDetector", "TransferDetector"]
