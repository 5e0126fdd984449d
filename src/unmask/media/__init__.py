"""Probe and decode images and video: the one way from a file to frames.

>>> with open_media("clip.mp4", frames=32) as reader:  # doctest: +SKIP
...     times = [frame.time for frame in reader]
"""

from unmask.media.limits import Limits
from unmask.media.listing import IMAGE_SUFFIXES, VIDEO_SUFFIXES, list_media, looks_like_media
from unmask.media.reader import MediaReader, file_sha256, open_media

__all__ = [
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Limits",
    "MediaReader",
    "file_sha256",
    "list_media",
    "looks_like_media",
    "open_media",
]
