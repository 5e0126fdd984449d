"""One small registry for everything that can be chosen by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from unmask.errors import RegistryError

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one kind.

    >>> finders: Registry[type] = Registry("face finder")
    >>> @finders.register("centerface")
    ... class CenterFace: ...
    >>> finders["centerface"].__name__
    'CenterFace'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that enters its target under ``name``.

        Raises:
            RegistryError: the name is taken.
        """
        if name in self._entries:
            raise RegistryError(f"{self.kind} '{name}' is registered twice")

        def enter(entry: T) -> T:
            self._entries[name] = entry
            return entry

        return enter

    def __getitem__(self, name: str) -> T:
        if name in self._entries:
            return self._entries[name]
        near = difflib.get_close_matches(name, self._entries, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(self))}"
        raise RegistryError(f"unknown {self.kind} '{name}'; {hint}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries
