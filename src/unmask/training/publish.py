"""From an exported bundle to one that may be relied on: calibrated, with bands and figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unmask.data.manifest import manifest_hash
from unmask.data.sources import ingest
from unmask.detect import Predictor
from unmask.evaluation.calibrate import Scores, fit_bands, fit_calibration
from unmask.evaluation.evaluate import Progress, figures, score_all
from unmask.training.export import with_card

LIMITS = (
    "Judges faces only: voice, wholly generated pictures and edits outside faces are not examined.",
    "Calibrated on single frames of DFDC and not validated at video level.",
    "Trained on DFDC's face swaps and on blends and swaps of real faces; others may pass unseen.",
    "Calibrated on other people of the dataset it was trained on; elsewhere expect more errors.",
    "A score is a statement about pictures like those of the calibration set, not proof.",
)


def publish(
    bundle: Path, roots: Sequence[Path], out: Path, *, progress: Progress | None = None
) -> None:
    """Calibrate a bundle on the split ``val`` of datasets, measure it, and write it with its card.

    Raises:
        DataError: the first dataset lacks reals or fakes.
    """
    predictor = Predictor(bundle)
    frames = score_all(predictor, roots, "val", progress)
    main, *others = map(Scores.of, frames)
    calibration = fit_calibration(main)
    manifests = {root.name: manifest_hash(ingest(root)[0]) for root in roots}
    card = predictor.card.model_copy(
        update={
            "calibration": calibration,
            "bands": fit_bands(main, (main, *others), calibration),
            "results": tuple(figures(frames)),
            "measured_by": f"unmask evaluate {' '.join(root.name for root in roots)}",
            "training": {**predictor.card.training, "validation_manifests": manifests},
            "limits": LIMITS,
        }
    )
    out.write_bytes(with_card(bundle.read_bytes(), card))
