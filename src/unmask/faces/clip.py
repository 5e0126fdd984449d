"""The faces of a clip's frames, in order: what is searched when, and by whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from unmask.faces.finder import FaceFinder
from unmask.faces.follow import Backdrop, find_again, find_between
from unmask.types import Face, Frame

HELD = 32_000_000
"""A larger picture, in bytes, is searched at once rather than held; one of 4K is smaller."""

T = TypeVar("T")


class AtOnce(Executor):
    """A pool of no threads: it does what it is given, and raises what that raises, at once."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """Return the outcome of a call."""
        future: Future[Any] = Future()
        future.set_result(call(*args, **options))
        return future


def search_clip(
    frames: Iterable[Frame],
    finder: FaceFinder,
    make: Callable[[Frame, list[Face]], T],
    pool: Executor,
    *,
    every: int,
    ahead: int = 0,
) -> Iterator[T]:
    """Find the faces of frames; yield for each, in order, what is made of it and them.

    Every ``every``-th frame and the last are searched whole, or by `find_again`, which leaves out
    what has not changed; the others by `find_between`, if anyone is there to look for. Whoever is
    in ``every`` frames in a row is in one of the former, and so is missed in none.

    Args:
        frames: of one clip, in order of time. A few are held at a time.
        finder: finds the faces.
        make: called with a frame and its faces, in the pool.
        pool: where it all runs, first come first served.
        every: 0 to search every frame whole, by itself.
        ahead: frames that may be under way in the pool while an earlier one is waited for.
    """
    waiting: deque[Future[_Found[T]]] = deque()
    for found in _started(frames, _Search(finder, make), pool, every):
        waiting.append(found)
        if len(waiting) > ahead:
            yield waiting.popleft().result().made
    while waiting:
        yield waiting.popleft().result().made


@dataclass(frozen=True)
class _Found(Generic[T]):
    """The faces of a frame, what is made of them, and what the clip has looked like so far."""

    faces: list[Face]
    made: T
    backdrop: Backdrop | None = None


_NOTHING: _Found[None] = _Found([], None)


@dataclass(frozen=True)
class _Search(Generic[T]):
    """What is done to every frame."""

    finder: FaceFinder
    make: Callable[[Frame, list[Face]], T]

    def again(self, frame: Frame, before: Future[_Found[T]] | None) -> _Found[T]:
        """Search a frame, given the last one that was searched so."""
        last = before.result() if before else _NOTHING
        faces, backdrop = find_again(
            self.finder, frame.image, frame.time, last.faces, last.backdrop
        )
        return _Found(faces, self.make(frame, faces), backdrop)

    def between(
        self, frame: Frame, before: Future[_Found[T]], after: Future[_Found[T]]
    ) -> _Found[T]:
        """Search a frame between two others."""
        one, other = before.result(), after.result()
        finder, image, time = self.finder, frame.image, frame.time
        if not (one.faces or other.faces):  # no place to look at
            faces, _ = find_again(finder, image, time, [], one.backdrop)
        else:
            faces = find_between(finder, image, time, one.faces, other.faces)
        return _Found(faces, self.make(frame, faces))


def _started(
    frames: Iterable[Frame], search: _Search[T], pool: Executor, every: int
) -> Iterator[Future[_Found[T]]]:
    """Start to search each frame; yield that in order."""
    held: list[Frame] = []
    before: Future[_Found[T]] | None = None

    def start() -> Iterator[Future[_Found[T]]]:
        after = pool.submit(search.again, held.pop(), before)
        while held:
            yield pool.submit(search.between, held.pop(0), before or after, after)
        yield after

    for frame in frames:
        if not every:
            yield pool.submit(search.again, frame, None)
            continue
        held.append(frame)
        if before is None or len(held) >= every or frame.image.nbytes > HELD:
            for future in start():
                yield future
            before = future  # the last of them
    if held:
        yield from start()
