"""A signer, and small files to sign."""

from __future__ import annotations

from pathlib import Path

import pytest

import media_files as files
from provenance.signing import Authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority.make()


@pytest.fixture(params=[".jpg", ".png", ".mp4"])
def plain(request, tmp_path) -> Path:
    """An unsigned file of each kind."""
    return write(tmp_path / f"plain{request.param}")


@pytest.fixture
def photo(tmp_path) -> Path:
    return write(tmp_path / "photo.jpg")


def write(path: Path) -> Path:
    if path.suffix == ".mp4":
        return files.write_video(path, 5)
    return files.write_still(path, files.noisy(1))
