"""Processes that live no longer than the one that started them.

A child gets its orders as lines on its standard input. When the parent goes, by whatever way, the
pipe closes, and the child sees it.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

_MOST_WRITTEN = 2**30  # bytes of one file
_SECRETS = frozenset({"UNMASK_TOKEN", "UNMASK_DATABASE"})
"""What no child finds in its environment: one of them opens files of unknown intent."""


def confine(seconds: float, memory: int) -> None:
    """Bound what a hostile file can make this process take.

    Args:
        seconds: of work, on each core.
        memory: bytes of address space.
    """
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, int(seconds * (os.cpu_count() or 1)) + 1),
        (resource.RLIMIT_FSIZE, _MOST_WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


def spawn(module: str, order: str, *, answers: bool = False) -> subprocess.Popen[bytes]:
    """Start ``python -m module`` and hand it ``order``, one line.

    Args:
        module: what to run.
        order: the first line of its standard input.
        answers: whether its standard output is a pipe to the caller; else it goes nowhere.
    """
    told = None if os.environ.get("UNMASK_DEBUG") == "1" else subprocess.DEVNULL
    # -P: what lies in the working folder is never imported. In a session of its own, an
    # interrupt from the keyboard reaches the parent only.
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if answers else told,
        stderr=told,
        env={name: value for name, value in os.environ.items() if name not in _SECRETS},
        start_new_session=True,
    )
    tell(process, order)
    return process


def tell(process: subprocess.Popen[bytes], order: str) -> None:
    """Hand ``order`` to a child; one that has died is found out by who waits for it."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.write(order.encode() + b"\n")
            process.stdin.flush()


def end(process: subprocess.Popen[bytes], patience: float = 0.0) -> None:
    """Close the input of a child of `spawn`; after ``patience`` seconds kill all of its session."""
    if process.stdin is not None:
        with suppress(OSError):  # what was not read yet has nobody to read it
            process.stdin.close()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it has started too
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def when_parent_goes(act: Callable[[], None]) -> None:
    """Call ``act`` from a thread once standard input is at its end."""

    def watch() -> None:
        while os.read(0, 4096):  # not sys.stdin: its lock would be held at the end of Python
            pass
        act()

    threading.Thread(target=watch, daemon=True).start()
