"""One clear line where an optional part of unmask is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from unmask.errors import MissingExtraError


@contextmanager
def needs(extra: str, feature: str) -> Iterator[None]:
    """Import inside this block what comes with ``extra``.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("unmask"):
            raise
        raise MissingExtraError(feature, extra) from error
