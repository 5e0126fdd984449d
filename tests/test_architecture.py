"""The rooms keep their promises: quick to import, honest about what is public."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import unmask

SOURCE = Path(unmask.__file__).parent
ROOMS = sorted(
    ".".join(("unmask", *path.parent.relative_to(SOURCE).parts))
    for path in SOURCE.rglob("__init__.py")
)
HEAVY = ("torch", "cv2", "av", "onnxruntime", "numpy", "pydantic")


def test_importing_unmask_imports_nothing_heavy():
    code = f"import sys, unmask; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_detecting_imports_nothing_that_trains():
    code = (
        "import sys, unmask\n"
        "unmask.Predictor, unmask.detect\n"
        "import unmask.report.folder\n"
        "trainers = ('torch', 'timm', 'lightning', 'polars', 'sklearn', 'onnx', 'matplotlib')\n"
        "print([name for name in trainers if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("room", ROOMS)
def test_the_public_names_of_a_room_are_sorted_and_there(room):
    module = import_module(room)
    names = list(getattr(module, "__all__", []))
    assert names == sorted(set(names), key=order)
    for name in names:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("room", ["unmask", "unmask.report"])
def test_a_name_that_is_not_public_is_an_attribute_error(room):
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = import_module(room).no_such_name


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is_for(room):
    assert len((import_module(room).__doc__ or "").strip()) > 10


def order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest: the order that ruff keeps `__all__` in."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)
