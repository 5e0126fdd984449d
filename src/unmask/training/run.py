"""What stands beside the weights of a run: all choices, and what it was made from."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

import unmask
from unmask.data.prepare import read_faces
from unmask.data.stored import read_index
from unmask.errors import DataError
from unmask.training.recipes import Recipe, make_recipe

FACTS = "recipe.json"


def read_face_sets(folders: Sequence[Path], *, stream: bool = False) -> pl.DataFrame:
    """Return the rows of splits ``train`` and ``dev``; no other is ever read for training.

    Args:
        folders: of face sets.
        stream: leave the pictures in their shards until they are needed.
    """
    splits = ["train", "dev"]
    if stream:
        return pl.concat([read_index(path.absolute(), splits) for path in folders])
    parts = [read_faces(path).filter(pl.col("split").is_in(splits)) for path in folders]
    return pl.concat(parts, how="diagonal")


def write_facts(
    out: Path, recipe: Recipe, faces: pl.DataFrame, folders: Sequence[Path], weights: str
) -> None:
    """Write the run's facts; where there are some, check that they are the same.

    The versions of the code that trained the run are listed in their order.

    Raises:
        DataError: the run there has another recipe, other data or other weights to start from.
    """
    path = out / FACTS
    facts = {
        "recipe": {"recipe": recipe.name, **recipe.model_dump(mode="json")},
        "weights": weights,
        "faces": _faces_facts(faces),
        "manifests": {folder.resolve().name: _manifest(folder) for folder in folders},
    }
    code = []
    if path.exists():
        before = _read(path)
        code = before.pop("code", [])
        if before != facts:
            differing = [key for key in facts if before.get(key) != facts[key]]
            raise DataError(
                f"{path}: the run there has another {', '.join(differing)}; use a new folder"
            )
    code += [version for version in (code_version(),) if version not in code]
    out.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({**facts, "code": code}, indent=1, sort_keys=True) + "\n")
    part.replace(path)


def read_run(run: Path) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe and the facts of a run.

    Raises:
        DataError: the folder holds no run.
    """
    facts = _read(run / FACTS)
    try:
        # Runs of before recipes had names were all of `frame`.
        return make_recipe({"recipe": "frame", **facts["recipe"]}, str(run / FACTS)), facts
    except (KeyError, TypeError) as error:
        raise DataError(f"{run}: not a training run (no recipe in its {FACTS})") from error


def code_version() -> str:
    """Return the version of unmask and, in a checkout, its commit, ``+`` if changed since."""
    here = Path(__file__).parent

    def git(*words: str) -> str:
        command = ["git", "-C", str(here), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)  # an installed copy has no commit
        changed = "+" if git("status", "--porcelain", "--untracked-files=no", ".") else ""
        return f"{unmask.__version__} ({git('rev-parse', 'HEAD')}{changed})"
    except (OSError, subprocess.CalledProcessError):
        return unmask.__version__


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DataError(f"{path.parent}: not a training run ({error})") from error
    return content


def _manifest(folder: Path) -> str | None:
    """Return the hash of the manifest that a face set was prepared from, if it says so."""
    try:
        stamp: dict[str, Any] = json.loads((folder / "prepare.json").read_text())
    except OSError:
        return None
    return stamp.get("manifest")


def _faces_facts(faces: pl.DataFrame) -> dict[str, Any]:
    """Return the counts and the hash of the faces that a run reads."""
    keys = faces.select("dataset", "video_id", "track", "time", "label", "split", "identity")
    digest = hashlib.sha256(keys.write_csv().encode())
    if faces.schema["image"] == pl.Binary:
        for image in faces["image"]:
            digest.update(image)
    else:  # not to read all before the first step
        for shard in faces["image"].struct.field("shard").unique(maintain_order=True):
            digest.update(f"{Path(shard).name} {Path(shard).stat().st_size}".encode())
    counts = faces.group_by("dataset", "split", "label").len().sort("dataset", "split", "label")
    return {"sha256": digest.hexdigest(), "counts": [list(row) for row in counts.iter_rows()]}
