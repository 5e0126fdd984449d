"""A file out of a multipart body, written as it comes and never held in memory."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import HTTPException
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from unmask.report.text import printable
from unmask.serve.folders import sync

STALL = 60.0
"""Seconds that a sender may send nothing."""

_LONGEST_NAME = 255
_ENVELOPE = 64 * 1024  # bytes that a body may be longer than its file


class Upload:
    """Takes in the pieces of a multipart body whose one part is called ``file``.

    Args:
        target: the file to write; its sender's name for it is only kept as ``name``.
        limit: bytes of the largest file.
        content_type: of the body.
        length: of the body, as its sender declares it, if at all.

    Raises:
        HTTPException: the body is not of that form, or the file too large.
    """

    def __init__(
        self, target: Path, limit: int, content_type: str, length: str | None = None
    ) -> None:
        kind, parameters = parse_options_header(content_type)
        boundary = parameters.get(b"boundary")
        self._limit = limit
        if kind != b"multipart/form-data" or not boundary:
            raise HTTPException(415, "send multipart/form-data with a boundary")
        if length is not None and length.isdecimal():
            self._check(int(length[:20]))
        self.name = ""
        self.size = 0
        self._target = target
        self._hash = hashlib.sha256()
        self._field = b""
        self._value = b""
        self._disposition = b""
        self._parts = 0
        self._whole = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._data,
                    "on_end": self._end,
                },
            )
        except (MultipartParseError, ValueError) as error:
            raise HTTPException(400, f"the body cannot be read: {error}") from error

    @property
    def sha256(self) -> str:
        """The hash of what was written."""
        return self._hash.hexdigest()

    async def receive(self, chunks: AsyncIterator[bytes]) -> None:
        """Write the file that ``chunks`` carry.

        Raises:
            HTTPException: the body is broken, late or over the limit, or the disk is full.
        """
        body = 0
        with self._target.open("xb") as self._file:
            while True:
                try:
                    async with asyncio.timeout(STALL):
                        chunk = await anext(chunks, None)
                except TimeoutError:
                    raise HTTPException(408, f"nothing was sent for {STALL:g} s") from None
                if chunk is None:
                    break
                body += len(chunk)
                self._check(body)
                await run_in_threadpool(self._feed, chunk)
            await run_in_threadpool(self._close)
        if not self._whole:
            raise HTTPException(400, "the body ends before its end; send it again")
        if not self._parts:
            raise HTTPException(422, "send the file as a part called 'file'")

    def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise HTTPException(400, f"the body cannot be read: {error}") from error
        except OSError as error:
            raise _no_room(error) from error

    def _close(self) -> None:
        """Let the file outlive the machine: once accepted, it is not lost."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            for folder in (self._target.parent, self._target.parent.parent):
                sync(folder)
        except OSError as error:
            raise _no_room(error) from error

    def _begin(self) -> None:
        self._disposition = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        _, parameters = parse_options_header(self._disposition)
        self._parts += 1
        if parameters.get(b"name") != b"file" or self._parts > 1:
            raise HTTPException(422, "send one part, called 'file'")
        self.name = clean_name(parameters.get(b"filename", b"").decode(errors="replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        self.size += len(piece)
        if self.size > self._limit:
            raise self._too_large()
        self._hash.update(piece)
        self._file.write(piece)

    def _end(self) -> None:
        self._whole = True

    def _check(self, body: int) -> None:
        if body > self._limit + _ENVELOPE:
            raise self._too_large()

    def _too_large(self) -> HTTPException:
        return HTTPException(
            413, f"the file is over the limit of {self._limit:,} bytes; see --max-file-size"
        )


def _no_room(error: OSError) -> HTTPException:
    return HTTPException(
        507, f"the file cannot be kept in the folder of --data: {error.strerror}; make room there"
    )


def clean_name(name: str) -> str:
    r"""Return what a sender calls a file, fit to show: its last part, on one line.

    >>> clean_name("C:\\clips\\..\\a\x1b[31m.mp4"), clean_name("../../etc/passwd"), clean_name("/")
    ('a\\x1b[31m.mp4', 'passwd', 'unnamed')
    """
    return printable(re.split(r"[/\\]", name)[-1])[:_LONGEST_NAME] or "unnamed"
