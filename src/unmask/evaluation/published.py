"""Published results that runs stand beside: counts, from which everything else follows.

Rows of a capstone project on faces of DFDC: one frame of each of 1,568 test videos, 87.7 % of them
fake, from its own notebook. The "ROC AUC" published there was computed from 0/1 predictions; that
is (recall + specificity) / 2, the balanced accuracy, and no area. Its scores were not published.
"""

from __future__ import annotations

from typing import Final

from scipy.stats import binomtest

from unmask.evaluation.results import Figure
from unmask.types import Value

MARK: Final = "published, other test set"


class Published(Value):
    """Counts of a published detector: fakes called fake (TP) and real (FN), reals called real
    (TN) and fake (FP), on ``frames`` frames a video."""

    name: str
    tp: int
    tn: int
    fp: int
    fn: int
    frames: int = 1

    @property
    def count(self) -> int:
        """Test videos."""
        return self.tp + self.tn + self.fp + self.fn

    @property
    def base_rate(self) -> float:
        """Share of fakes among the test videos."""
        return (self.tp + self.fn) / self.count

    @property
    def recall(self) -> Figure:
        """Share of fakes called fake, with its exact binomial interval."""
        return exact_share("recall", self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> Figure:
        """Share of reals called real, with its exact binomial interval."""
        return exact_share("specificity", self.tn, self.tn + self.fp)

    @property
    def precision(self) -> Figure:
        """Share of fakes among what is called fake, at the base rate of the test videos."""
        found = exact_share("precision", self.tp, self.tp + self.fp)
        return found.model_copy(update={"prior": self.base_rate})

    @property
    def balanced_accuracy(self) -> float:
        """(recall + specificity) / 2, what was published as "ROC AUC"."""
        return (self.recall.value + self.specificity.value) / 2


def exact_share(name: str, hits: int, count: int) -> Figure:
    """Return a share with the interval of Clopper and Pearson, "Biometrika" 26 (1934)."""
    exact = binomtest(hits, count).proportion_ci(0.95, method="exact")
    return Figure(name=name, value=hits / count, interval=(float(exact.low), float(exact.high)))


CAPSTONE: Final = (
    Published(name="capstone VGG16", tp=809, tn=159, fp=34, fn=566),
    Published(name="capstone Xception", tp=359, tn=150, fp=43, fn=1016),
    Published(name="capstone InceptionV3", tp=947, tn=66, fp=127, fn=428),
    Published(name="capstone ResNet50V2", tp=1375, tn=1, fp=192, fn=0),
    Published(name="capstone own CNN", tp=1375, tn=0, fp=193, fn=0),
)
