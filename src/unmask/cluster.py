"""The parts of a job, done by Ray on as many machines as there are.

Ray comes with the extra ``cluster``. It deals out the parts, and starts a part again elsewhere
when the process or the machine that was at it is gone; what a part leaves behind is kept by
whoever does it, see `unmask.storage.Parts`.
"""

from __future__ import annotations

import logging
import os
import pickle
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from unmask.errors import MissingExtraError, SettingError, UnmaskError

ENGINES: Final = ("local", "ray")

OBJECT_STORE: Final = 200 * 2**20
"""Bytes of shared memory of a Ray that is started here: only numbers travel through it."""

AHEAD: Final = 2
"""Parts for each core that Ray is given to choose from; more cores may come at any time."""

KILLED: Final = 20
"""Times that a part is begun again after the process or the machine that was at it was killed."""

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of Ray's own bookkeeping; those of parts are answers
}


class ClusterError(UnmaskError):
    """Ray cannot be reached, or gave up on a part."""


def check_engine(engine: str) -> None:
    """Raise SettingError unless ``engine`` is one."""
    if engine not in ENGINES:
        raise SettingError(f"engine must be one of {', '.join(ENGINES)}. Got {engine}")


def spread(
    make: Callable[..., Callable[[Any], Any]],
    arguments: tuple[Any, ...],
    parts: Mapping[int, Any],
    *,
    workers: int | None = None,
) -> Iterator[tuple[int, Any]]:
    """Yield the number of each part and what was made of it, in the order in which they are done.

    Args:
        make: function of a module, called once in each of Ray's processes; what it returns is
            called with a part.
        arguments: of ``make``.
        parts: by number.
        workers: processes at a time, each of which takes one core; None for all that there are.

    Raises:
        ClusterError: Ray cannot be reached, or gave up on a part.
        MissingExtraError: Ray is not installed.
        UnmaskError: what a part raised.
    """
    if not parts:
        return
    with _connected(workers) as ray:
        job = ray.put(pickle.dumps((make, arguments, Path.cwd())))
        do = ray.remote(num_cpus=1, max_retries=KILLED)(_do)
        left = iter(parts.items())
        at_work: dict[Any, int] = {}
        try:
            while True:
                most = workers or AHEAD * int(1 + ray.cluster_resources().get("CPU", 0))
                for number, part in islice(left, max(0, most - len(at_work))):
                    at_work[do.remote(part, job)] = number
                if not at_work:
                    return
                for done in ray.wait(list(at_work))[0]:
                    answer = ray.get(done)
                    if isinstance(answer, UnmaskError):
                        raise answer
                    yield at_work.pop(done), answer
        except ray.exceptions.RayError as error:
            raise ClusterError(f"Ray gave up: {_last_line(error)}") from error


def _do(part: Any, job: bytes) -> Any:
    """Do one part in a process of Ray's; an error of ours is an answer, not to be tried again."""
    try:
        return _doer(job)(part)
    except UnmaskError as error:
        return error


@lru_cache(maxsize=1)
def _doer(job: bytes) -> Callable[[Any], Any]:
    make, arguments, folder = pickle.loads(job)  # noqa: S301 - from our own driver
    with suppress(OSError):  # a relative path means the same here, where machines share folders
        os.chdir(folder)
    return make(*arguments)


@contextmanager
def _connected(workers: int | None) -> Iterator[Any]:
    """Give Ray, connected to the cluster that RAY_ADDRESS names, or else started here."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    address = os.environ.get("RAY_ADDRESS", "local")
    if address == "local":  # nobody else may give it work; Ray looks at these when it is imported
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        import ray  # noqa: PLC0415 - comes with an extra, and takes seconds
    except ModuleNotFoundError as error:
        raise MissingExtraError("--engine ray", "cluster") from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    options: dict[str, Any] = {"address": address, "logging_level": "error", "log_to_driver": False}
    if address == "local":
        options |= {
            "num_cpus": workers,
            "object_store_memory": OBJECT_STORE,
            "include_dashboard": False,
            "_node_ip_address": "127.0.0.1",
        }
    _check_reachable(address)
    # Ray puts the working folder on every process's path, and a folder of evidence may hold
    # anything, Python files included.
    with chdir(Path(ray.__file__).parent):
        try:
            ray.init(**options)
        except Exception as error:  # Ray raises nearly anything
            where = "Ray does not start" if address == "local" else f"no Ray at {address}"
            raise ClusterError(f"{where}: {_last_line(error)}") from error
    # Of a worker that was killed, and is replaced, Ray tells on stdout, among the data.
    ray._private.worker._worker_logs_enabled = False  # noqa: SLF001 - there is no other switch
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise ClusterError if nobody listens at ``host:port``; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if "/" in address or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise ClusterError(f"no Ray at {address}: {error.strerror or error}") from error


def _last_line(error: BaseException) -> str:
    lines: Sequence[str] = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].strip()
