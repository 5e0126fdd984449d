"""From an exported bundle to one that may be relied on: calibrated, with bands and figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unmask.data.manifest import manifest_hash
from unmask.data.sources import ingest
from unmask.detect import Predictor
from unmask.detect.card import Rule
from unmask.evaluation.calibrate import Scores, fit_bands, fit_calibration, fit_spread
from unmask.evaluation.evaluate import Progress, figures, score_all
from unmask.evaluation.scores import open_dataset, score_rows
from unmask.training.export import with_card

LIMITS = (
    "Judges faces only: voice, wholly generated pictures and edits outside faces are not examined.",
    "Calibrated on single frames of DFDC and not validated at video level.",
    "Trained on DFDC's face swaps and on blends and swaps of real faces; others may pass unseen.",
    "Calibrated on other people of the dataset it was trained on; elsewhere expect more errors.",
    "A score is a statement about pictures like those of the calibration set, not proof.",
)


def publish(
    bundle: Path,
    roots: Sequence[Path],
    out: Path,
    *,
    clips: Path | None = None,
    aggregation: Rule | None = None,
    progress: Progress | None = None,
) -> None:
    """Calibrate a bundle on the split ``val`` of datasets, measure it, and write it with its card.

    Args:
        bundle: to calibrate.
        roots: datasets; the first holds reals and fakes, the reals of the others join the bands.
        out: bundle to write.
        clips: dataset whose clips of split ``val`` say how much the frames of one clip differ,
            which the intervals hold. They join no band: a few clips cannot vouch for a rate.
        aggregation: rule by which frames' scores become one; the card's own if not given.
        progress: called with (done, total) for each dataset.

    Raises:
        DataError: the first dataset lacks reals or fakes, or the clips have no frames to compare.
    """
    predictor = Predictor(bundle)
    frames = score_all(predictor, roots, "val", progress)
    main, *others = map(Scores.of, frames)
    spread = predictor.card.calibration.frame_spread
    if clips is not None:
        opened = open_dataset(clips, ("val",))
        scored = score_rows(predictor, opened.root, opened.rows, progress)
        spread = fit_spread(scored, predictor.card.calibration)
    calibration = fit_calibration(main, frame_spread=spread)
    manifests = {root.name: manifest_hash(ingest(root)[0]) for root in roots}
    card = predictor.card.model_copy(
        update={
            "aggregation": aggregation or predictor.card.aggregation,
            "calibration": calibration,
            "bands": fit_bands(main, (main, *others), calibration),
            "results": tuple(figures(frames)),
            "measured_by": f"unmask evaluate {' '.join(root.name for root in roots)}",
            "training": {**predictor.card.training, "validation_manifests": manifests},
            "limits": LIMITS,
        }
    )
    out.write_bytes(with_card(bundle.read_bytes(), card))
