"""Child processes that answer questions one by one, and may die of one without harm."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

from unmask.errors import UnmaskError

Question = TypeVar("Question")
Answer = TypeVar("Answer")

AHEAD: Final = 32
"""Questions a child that are asked or answered before the first of them is handed out."""

_DEATH = (EOFError, OSError, pickle.UnpicklingError)
"""What talking to a process raises once it has died."""


class ChildDiedError(Exception):
    """A child died of a question, or was killed because it did not answer it in time.

    ``seconds`` is how long that took.
    """

    def __init__(self, *, hung: bool, seconds: float) -> None:
        self.hung, self.seconds = hung, seconds
        super().__init__("hung" if hung else "died")


class Child:
    """A process that runs `serve`, started when it is first needed and again after each death.

    Args:
        make: function of a module, called once in the process; what it returns answers questions.
        arguments: of ``make``.
        limit: seconds that one answer may take before the process is killed.
    """

    def __init__(
        self, make: Callable[..., Callable[[Any], Any]], *arguments: Any, limit: float
    ) -> None:
        self.limit = limit
        self._job = (make, arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def ask(self, question: Any) -> Any:
        """Return the answer.

        Raises:
            ChildDiedError: the process died of it, or hung.
            UnmaskError: what the process raised, or that it cannot even start.
        """
        process = self._process
        if process is not None and process.poll() is not None:  # not of this question
            self.stop()
            process = None
        process = process or self._start()
        start = time.perf_counter()
        hung = threading.Event()

        def kill() -> None:
            hung.set()
            process.kill()

        watchdog = threading.Timer(self.limit, kill)
        watchdog.start()
        try:
            answer = _ask(process, question)
        except _DEATH:
            self.stop()
            raise ChildDiedError(hung=hung.is_set(), seconds=time.perf_counter() - start) from None
        finally:
            watchdog.cancel()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def stop(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                for pipe in (self._process.stdin, self._process.stdout):
                    if pipe:
                        with suppress(OSError):  # what was not read yet has nobody to read it
                            pipe.close()
                self._process = None

    def close(self) -> None:
        """End the process, from any thread; no other is started."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()  # whoever waits for its answer learns that it died

    def _start(self) -> subprocess.Popen[bytes]:
        # -P: what lies in the working folder is never imported.
        command = [sys.executable, "-P", "-c", "from unmask.children import serve; serve()"]
        pipe = subprocess.PIPE
        with self._lock:
            if self._closed:
                raise ChildDiedError(hung=False, seconds=0.0)
            # In a session of its own, an interrupt from the keyboard reaches the parent only.
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)  # noqa: S603
            self._process = process
        try:
            answer = _ask(process, self._job)
        except _DEATH:
            answer = UnmaskError("the process that analyses files died before it opened any")
        if isinstance(answer, Exception):
            self.stop()
            raise answer
        return process


def ask_all(
    children: Sequence[Child],
    questions: Iterable[Question],
    rescue: Callable[[Question, ChildDiedError], Answer],
) -> Iterator[Answer]:
    """Yield the answer to each question, in order; the children end with the iteration.

    Args:
        children: work side by side, each on one question at a time.
        questions: taken only as far ahead as the children need.
        rescue: gives the answer to a question that a child died of.
    """
    idle: queue.SimpleQueue[Child] = queue.SimpleQueue()
    for child in children:
        idle.put(child)

    def answer(question: Question) -> Answer:
        child = idle.get()
        try:
            return child.ask(question)
        except ChildDiedError as death:
            return rescue(question, death)
        finally:
            idle.put(child)

    waiting: deque[Future[Answer]] = deque()
    ahead = AHEAD * len(children) if len(children) > 1 else 1  # one alone: as they are asked for
    with ThreadPoolExecutor(len(children), thread_name_prefix="unmask-child") as pool:
        try:
            for question in questions:
                waiting.append(pool.submit(answer, question))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            for child in children:
                child.close()
            pool.shutdown()
            for child in children:
                child.stop()


def _ask(process: subprocess.Popen[bytes], question: Any) -> Any:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    pickle.dump(question, process.stdin)
    process.stdin.flush()
    return pickle.load(process.stdout)  # noqa: S301 - from our own child


def serve() -> None:
    """Answer the parent: first (make, arguments), then questions.

    Standard output is the answers' pipe, so whatever else is printed goes to standard error.
    """
    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answerer: Callable[[Any], Any] | None = None
    while True:
        try:
            question = pickle.load(questions)  # noqa: S301 - from our own parent
        except EOFError:
            return
        try:
            if answerer is None:
                make, arguments = question
                answerer = make(*arguments)
                answer = None
            else:
                answer = answerer(question)
        except UnmaskError as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


def _end_with_parent() -> None:
    """End this process, in the midst of an answer too, once nobody waits for it."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
