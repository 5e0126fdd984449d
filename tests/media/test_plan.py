"""The sampling plan: properties that hold for every clip."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.media.plan import runs, spread

steps = st.lists(st.floats(1e-3, 100), min_size=1, max_size=200)


@settings(derandomize=True, deadline=None)
@given(steps, st.integers(1, 64))
def test_samples_are_distinct_and_in_order(gaps: list[float], frames: int):
    edges = np.concatenate([[0], np.cumsum(gaps)])
    chosen = spread(edges[:-1], float(edges[-1]), frames)
    assert len(chosen) == min(frames, len(gaps))
    assert (np.diff(chosen) > 0).all()
    assert chosen.min() >= 0
    assert chosen.max() < len(gaps)


@settings(derandomize=True, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 64), st.sampled_from([12, 23.976, 25, 29.97, 60]))
def test_a_steady_clip_is_sampled_in_the_middle_of_each_segment(
    count: int, frames: int, rate: float
):
    chosen = spread(np.arange(count) / rate, count / rate, frames)
    if count <= frames:
        assert chosen.tolist() == list(range(count))
    else:
        middles = (np.arange(frames) + 0.5) * count / frames
        assert (chosen <= middles + 1e-3).all()
        assert (middles < chosen + 1 + 1e-3).all()


@settings(derandomize=True, deadline=None)
@given(st.integers(33, 5000))
def test_every_second_of_a_steady_clip_is_as_likely_as_another(count: int):
    chosen = spread(np.arange(count) / 25, count / 25, 32)
    gaps = np.diff(chosen)
    assert gaps.max() - gaps.min() <= 1


@settings(derandomize=True, deadline=None)
@given(steps, st.integers(1, 64), st.floats(-1e6, 1e6))
def test_a_later_start_changes_nothing(gaps: list[float], frames: int, start: float):
    edges = np.concatenate([[0], np.cumsum(np.round(gaps, 2))])
    early = spread(edges[:-1], float(edges[-1]), frames)
    late = spread(edges[:-1] + round(start), float(edges[-1]) + round(start), frames)
    assert np.abs(early - late).max() <= 1


@st.composite
def streams(draw: st.DrawFn):
    """A closed or open stream: pts in order of decoding, keyframes, targets."""
    keys, pts, shown = [], [], 0
    for size in draw(st.lists(st.integers(1, 60), min_size=1, max_size=12)):
        order = draw(st.permutations(range(size))) if size < 8 else list(range(size))
        leading = draw(st.integers(0, 2)) if shown else 0
        for i, offset in enumerate(order):
            keys.append(i == 0)
            pts.append(10 * (shown + offset) - 25 * (i in (1, 2) and i <= leading) + i % 2)
        shown += size
    targets = draw(st.sets(st.integers(0, len(pts) - 1), min_size=1, max_size=32))
    return np.array(pts), np.array(keys), targets


@settings(derandomize=True, deadline=None)
@given(streams())
def test_runs_reach_every_target_from_a_keyframe_shown_before_it(
    stream: tuple[np.ndarray, np.ndarray, set[int]],
):
    pts, keys, targets = stream
    plan = runs(pts, keys, targets)
    assert all(first.stop <= second.start for first, second in pairwise(plan))
    assert all(keys[run.start] for run in plan)
    for target in targets:
        (run,) = [run for run in plan if run.start <= target < run.stop]
        before = [i for i in range(run.start, target + 1) if keys[i] and pts[i] <= pts[target]]
        assert before or run.start == 0


def test_sparse_targets_leave_packets_out():
    pts = np.arange(100_000)
    keys = pts % 250 == 0
    plan = runs(pts, keys, set(range(1000, 100_000, 10_000)))
    assert len(plan) == 10
    assert sum(run.stop - run.start for run in plan) < 2500


def test_dense_targets_are_decoded_through():
    pts = np.arange(300)
    plan = runs(pts, pts % 12 == 0, set(range(4, 300, 9)))
    assert len(plan) == 1
