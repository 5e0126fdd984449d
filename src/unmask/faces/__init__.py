"""Find faces, follow them over time, and cut the aligned crop that detectors see."""

from unmask.faces import centerface, yunet
from unmask.faces.align import CANONICAL, CropSpec, crop_face, sharpness, similarity
from unmask.faces.finder import FINDERS, FaceFinder, find_faces
from unmask.faces.follow import find_between
from unmask.faces.tracks import link_tracks

__all__ = [
    "CANONICAL",
    "FINDERS",
    "CropSpec",
    "FaceFinder",
    "crop_face",
    "find_between",
    "find_faces",
    "link_tracks",
    "sharpness",
    "similarity",
]

del centerface, yunet  # imported to register
