"""Score tables for tests: what `unmask.evaluation.scores` makes, drawn from known distributions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from builders import MODEL
from unmask.evaluation.evaluate import write
from unmask.evaluation.results import Results, Source
from unmask.evaluation.scores import SCORE_SCHEMA
from unmask.evaluation.summary import Plan, summarise

QUICK = Plan(priors=(0.1,), samples=50)


def make_scores(
    seed: int = 0,
    *,
    people: int = 12,
    each: int = 10,
    gap: float = 3.0,
    abstained: int = 0,
    frames: int = 1,
    **columns: Any,
) -> pl.DataFrame:
    """Media of ``people``, half of them fake, whose scores lie ``gap`` apart.

    The first ``abstained`` media have no score, the others ``frames`` scored frames each;
    ``columns`` replace values of the manifest. The same ``seed`` gives media of the same scores,
    but for ``gap``.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(people * each):
        label, person = number % 2, number // each
        noise = rng.normal(0, 1, frames)
        size = float(rng.uniform(50, 300))
        row = {
            "video_id": f"v{number:04d}",
            "path": f"{number}.mp4",
            "label": label,
            "method": ("swap", "blend")[number % 4 // 2] if label else None,
            "group_id": f"g{number // 2}",
            "identity": f"p{person:02d}",
            "dataset": "set",
            "split": "val",
            "bytes": 1000 + number % 7,
            **columns,
        }
        if number < abstained:
            rows.append({**row, "abstention": "no_face"})
            continue
        facts = {"confidence": 0.9, "size": size, "sharpness": 50.0 + number % 5, "border": 0.0}
        scores = gap * (label - 0.5) + noise
        score = float(scores.mean())
        scored = [
            {"track": 0, "time": float(time), "score": float(value), **facts}
            for time, value in enumerate(scores)
        ]
        verdict = "fake" if score > 2 else "real" if score < -2 else "uncertain"
        rows.append(
            {**row, **facts, "logit": score, "score": score, "verdict": verdict, "people": 1,
             "scored": scored}
        )  # fmt: skip
    return pl.DataFrame(rows, schema=SCORE_SCHEMA)


def write_run(folder: Path, scores: pl.DataFrame, plan: Plan = QUICK) -> Path:
    """Write the results of a score table as `unmask evaluate --out` would; return the folder."""
    sources = scores.partition_by("dataset", maintain_order=True)
    results = Results(
        model=MODEL,
        unmask="0.1.0",
        split="val",
        frames=32,
        priors=plan.priors,
        specificities=plan.specificities,
        sources=tuple(
            Source(name=each["dataset"][0], manifest_sha256="0" * 64, media=len(each))
            for each in sources
        ),
        parts=tuple(part for each in sources for part in summarise(each, plan)),
        note="made for tests",
    )
    write(folder, results, scores)
    return folder
