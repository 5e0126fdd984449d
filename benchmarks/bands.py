"""Does the false-alarm promise hold on sources that took no part in the bands?

    python benchmarks/bands.py DATA [--model FILE] [--rate 0.01] [--work runs/bands]

``DATA`` holds ``dfdc-faces``, ``faces-utk`` and ``clips``. Every source of real faces is judged by
bands fitted on the other sources only (`unmask.evaluation.holdout`), the DFDC's moreover by people
that took no part. Stills are judged as stills, clips by their most suspicious person, corrected for
the number of people, all through the product's own predictor. Intervals are Clopper and Pearson's,
exact for media that are independent of each other; pictures of one person are not quite that.

People of the training clips were seen by the network, so those clips stand apart; so do external
clips, which choose nothing and are only reported. Scores are kept in ``--work``, by the bundle's
hash. Needs the extra train.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from unmask.detect import Predictor
from unmask.errors import DataError
from unmask.evaluation.holdout import hold_out
from unmask.evaluation.published import exact_share
from unmask.evaluation.scores import open_dataset, score_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unmask.evaluation.holdout import Judged

FITTED = (("dfdc-faces", "val", ""), ("faces-utk", "val", ""), ("clips", "val", "real"))
REPORTED = (
    ("clips", "train", "real"),
    ("clips", "val", "dfdc"),
    ("clips", "train", "dfdc"),
    ("clips", "external", "ffpp-c23"),
)
"""Dataset, split, and the folder in it."""

OTHERS = "utkface", "clips/real"


def main() -> None:
    """Score what is not scored yet, judge, and print."""
    parser = argparse.ArgumentParser(description="Judge sources by bands fitted without them.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", help="bundle; the default if not given")
    parser.add_argument("--rate", type=float, default=0.01, help="false alarms allowed")
    parser.add_argument("--work", type=Path, default=Path("runs/bands"))
    options = parser.parse_args()
    predictor = Predictor(options.model)
    kept = options.work / predictor.identity.sha256[:12]
    fitted, reported = (
        [scores(predictor, options.data, kept, source) for source in group]
        for group in (FITTED, REPORTED)
    )
    found = hold_out(fitted, reported, rate=options.rate)
    print(f"{predictor.identity.name} {predictor.identity.version}, band for {options.rate:.0%}\n")
    head = ("source, split", "media", "bands fitted on", "called fake", "share (exact 95 %)",
            "uncertain", "real", "abstained")  # fmt: skip
    for cells in (head, ["---"] * len(head), *map(line, found)):
        print("| " + " | ".join(cells) + " |")
    reals = [each for each in found if each.kind == "reals" and each.source in OTHERS]
    chosen = [each for each in reals if not each.report_only]
    print(f"\nreals of other sources, not seen in training: {total(chosen)}")
    print(f"with the clips of people seen in training: {total(reals)}")


def scores(
    predictor: Predictor, root: Path, kept: Path, source: tuple[str, str, str]
) -> pl.DataFrame:
    """Return the score table of a dataset's split, from the last run if it is there.

    Clips of one folder are a source of their own, called ``clips/FOLDER``.
    """
    name, split, folder = source
    path = kept / f"{name}-{split}.parquet"
    if path.exists():
        found = pl.read_parquet(path)
    else:
        dataset = open_dataset(root / name, (split,))
        found = score_rows(predictor, dataset.root, dataset.rows)
        kept.mkdir(parents=True, exist_ok=True)
        found.write_parquet(path)
    if not folder:
        return found
    inside = found.filter(pl.col("path").str.starts_with(f"{folder}/"))
    return inside.with_columns(dataset=pl.lit(f"{name}/{folder}"))


def line(judged: Judged) -> tuple[str, ...]:
    """Return a row of the table."""
    low, high = judged.called_fake.interval or (0.0, 1.0)
    note = " (report only)" if judged.report_only else ""
    counts = judged.counts
    return (
        f"{judged.source}, {judged.split}{note}",
        f"{judged.media} {judged.kind}",
        ", ".join(judged.fitted_on),
        str(counts["fake"]),
        f"{judged.called_fake.value:.3f} ({low:.3f}–{high:.3f})",
        *(str(counts[word]) for word in ("uncertain", "real", "")),
    )


def total(parts: Sequence[Judged]) -> str:
    """Return how many of several sources' media are called fake, with the exact interval."""
    fakes, media = (sum(n) for n in zip(*((p.counts["fake"], p.media) for p in parts), strict=True))
    if not media:
        raise DataError("there are no reals of other sources")
    low, high = exact_share("", fakes, media).interval or (0.0, 1.0)
    return f"{fakes} of {media} called fake, {fakes / media:.3f} (exact 95 % {low:.3f}–{high:.3f})"


if __name__ == "__main__":
    main()
