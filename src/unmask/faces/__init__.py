"""Find faces, follow them over time, and cut the aligned crop that detectors see."""

from unmask.faces import centerface, yunet
from unmask.faces.align import CANONICAL, CropSpec, crop_face, sharpness, similarity
from unmask.faces.clip import AtOnce, search_clip
from unmask.faces.finder import FINDERS, FaceFinder, find_faces
from unmask.faces.follow import Backdrop, find_again, find_between
from unmask.faces.tracks import link_tracks

__all__ = [
    "CANONICAL",
    "FINDERS",
    "AtOnce",
    "Backdrop",
    "CropSpec",
    "FaceFinder",
    "crop_face",
    "find_again",
    "find_between",
    "find_faces",
    "link_tracks",
    "search_clip",
    "sharpness",
    "similarity",
]

del centerface, yunet  # imported to register
