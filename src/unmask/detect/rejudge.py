"""The same scores under another prior or false-alarm budget: nothing is looked at again."""

from __future__ import annotations

from unmask.detect.aggregate import decide, posterior, thresholds
from unmask.detect.card import Bands
from unmask.detect.predictor import MESSAGES
from unmask.errors import SettingError
from unmask.types import FaceScore, Interval, Report


def rejudge(report: Report, bands: Bands, prior: float, max_false_alarm_rate: float) -> Report:
    """Return ``report`` as the predictor would have made it with these choices.

    Args:
        report: of any prior and budget; an abstention is returned as it is.
        bands: of the detector that made it.
        prior: share of fakes among media like this; moves probabilities, never the verdict.
        max_false_alarm_rate: share of real media that may be called fake; moves the verdict.

    Raises:
        SettingError: a share is not between 0 and 1.
    """
    for name, share in (("prior", prior), ("max_false_alarm_rate", max_false_alarm_rate)):
        if not 0 < share < 1:
            raise SettingError(f"{name} must be between 0 and 1. Got {share}")
    if report.score is None or report.thresholds is None:
        return report
    limits = thresholds(bands, max_false_alarm_rate, report.thresholds.faces)
    verdict = decide(report.score, limits)
    return report.model_copy(
        update={
            "verdict": verdict,
            "probability": posterior(report.score, prior),
            "interval": _move(report.interval, report.prior, prior),
            "message": "; ".join((MESSAGES[verdict], *report.notes)),
            "faces": tuple(_rejudge_face(face, report.prior, prior) for face in report.faces),
            "prior": prior,
            "thresholds": limits,
        }
    )


def _rejudge_face(face: FaceScore, before: float, after: float) -> FaceScore:
    return face.model_copy(
        update={
            "probability": None if face.score is None else posterior(face.score, after),
            "interval": _move(face.interval, before, after),
            "frames": tuple(
                frame.model_copy(update={"probability": posterior(frame.score, after)})
                for frame in face.frames
            ),
        }
    )


def _move(interval: Interval | None, before: float, after: float) -> Interval | None:
    """Return an interval of probabilities at one prior as it is at another.

    A prior multiplies the odds, so the ends of the interval stay its ends.
    """
    if interval is None:
        return None
    ratio = after / (1 - after) / (before / (1 - before))
    low, high = (p if p == 1 else ratio * p / (ratio * p + 1 - p) for p in interval)
    return low, high
