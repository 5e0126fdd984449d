"""What a report says in plain words. No sentence here claims more than was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from unmask.report.axis import log_odds, to_probability
from unmask.report.text import percent, signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unmask.errors import Reason
    from unmask.types import Report, VerdictName

HEADINGS: Final[Mapping[VerdictName, str]] = {
    "fake": "Signs of face manipulation found",
    "real": "No sign of face manipulation found",
    "uncertain": "Uncertain: the score decides neither way",
}


class Advice(NamedTuple):
    """What an abstention is called, and what to do about it."""

    heading: str
    cure: str


ABSTENTIONS: Final[Mapping[Reason, Advice]] = {
    "no_face": Advice(
        "No verdict: no face was found",
        "unmask judges faces and nothing else. If a person sees one, try a passage or a copy in "
        "which it is larger, sharper, better lit or turned to the camera.",
    ),
    "face_too_small": Advice(
        "No verdict: the faces are too small",
        "Look for a larger copy, best the original; enlarging this one adds no detail. "
        "--min-face lowers the limit, at the price of a less reliable score.",
    ),
    "too_few_frames": Advice(
        "No verdict: a face is seen in too few frames",
        "Look for a longer passage that shows the face, or look at more frames with --frames.",
    ),
    "unreadable": Advice(
        "No verdict: the file could not be read",
        "Check the path, and fetch the file again: it may be empty, cut short or damaged. Keep "
        "the copy that you have.",
    ),
    "unsupported": Advice(
        "No verdict: this kind of file is not opened",
        "Find the picture or video itself. Converting a file to one that is opened is possible, "
        "but it compresses the picture once more and can wipe out traces.",
    ),
    "over_limit": Advice(
        "No verdict: the file is over a limit",
        "The message above names the limit and the option that raises it. The limits protect the "
        "machine from files that are made to exhaust it.",
    ),
}

_FACES_ONLY = (
    "Only faces were examined. Voice and sound, wholly generated pictures, and edits outside "
    "faces were not."
)
_NO_PROOF = (
    "A score is not proof. It says how much these faces resemble the forgeries that the detector "
    "learned from; a new kind of forgery can pass unseen, and heavy compression, filters or "
    "make-up can look like one."
)
_LIKE_CALIBRATED = (
    "The probability holds for files like those that the detector was calibrated on, and for the "
    "prior that is stated."
)
HEAT_MAP: Final = (
    "A heat map shows where the detector found support for its score. It does not outline an edit."
)
_OTHER_EVIDENCE = (
    "Use the verdict beside other evidence: the source, an earlier or fuller copy, the people "
    "shown, and what else is known of the event."
)
_SINGLE_FRAMES = (
    "The detector is calibrated on single frames; the level of a whole video is not validated, "
    "and the frames of one clip do not count as independent."
)

_PRIORS: Final = ((0.5, "1 file in 2"), (0.1, "1 file in 10"), (0.01, "1 file in 100"))


SHORT_LIMITS: Final = f"{_FACES_ONLY} {_NO_PROOF}"


def limits(report: Report) -> list[str]:
    """Return what ``report`` cannot say."""
    found = [_FACES_ONLY, _NO_PROOF, _LIKE_CALIBRATED]
    if report.kind == "video":
        found.append(_SINGLE_FRAMES)
    if any(item.cam is not None for item in report.evidence):
        found.append(HEAT_MAP)
    return [*found, _OTHER_EVIDENCE]


def meaning(report: Report) -> str:
    """Return what the verdict of ``report`` rests on, in a sentence or two."""
    if report.thresholds is None:
        return ""
    budget = percent(report.thresholds.max_false_alarm_rate)
    if report.verdict == "fake":
        return (
            "The most suspicious face scores above the bar for “fake”, which at most "
            f"{budget} of genuine files may reach."
        )
    if report.verdict == "real":
        return (
            "The most suspicious face scores below the level under which at most "
            f"{percent(0.05)} of the known fakes fall. That is not proof that the file is genuine."
        )
    if report.thresholds.fake is None:
        return (
            "The score is too high to say that no sign was found. Nothing is called fake at a "
            f"false-alarm budget of {budget}: the calibration set is too small to vouch for it."
        )
    return (
        "The score lies between the bands: too high to say that no sign was found, too low to "
        f"call the file fake within a false-alarm budget of {budget}."
    )


def at_prior(report: Report) -> str:
    """Return what the probability says at the prior it was made for."""
    if report.probability is None:
        return ""
    return (
        f"If {percent(report.prior)} of the files you look at are fake (the prior), then of "
        f"those that score like this one {percent(report.probability)} are."
    )


def other_priors(report: Report) -> list[tuple[str, str]]:
    """Return what the same score means where fakes are more or less common than the prior."""
    if report.score is None:
        return []
    return [
        (label, percent(to_probability(report.score + log_odds(prior))))
        for prior, label in _PRIORS
        if prior != report.prior
    ]


def bands_in_force(report: Report) -> str:
    """Return from where a score is called fake, and below where no sign is found."""
    limits = report.thresholds
    if limits is None:
        return ""
    budget = percent(limits.max_false_alarm_rate)
    if limits.fake is None:
        fake = f"none is called fake, since the calibration set is too small to vouch for {budget}"
    else:
        people = f", corrected for the {limits.faces} people judged" if limits.faces > 1 else ""
        fake = (
            f"“fake” from a score of {signed(limits.fake)}, which at most {budget} of genuine "
            f"files may reach{people}"
        )
    return (
        f"Bands in force, in log-odds at even odds: {fake}; “no sign found” below "
        f"{signed(limits.real)}, where at most {percent(0.05)} of the known fakes fall; uncertain "
        f"between. This file scores {signed(report.score or 0.0)}. The prior moves the "
        "probability, never the bands or the verdict."
    )
