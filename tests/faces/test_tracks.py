"""Faces of sampled frames become people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.faces import link_tracks
from unmask.faces.tracks import MAX_GAP
from unmask.types import Face, Track


def face(number: int, x: float, y: float = 200, size: float = 100, who: float = 0.5) -> Face:
    """A face in frame ``number``; ``who`` is kept in its confidence, to tell people apart."""
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    marks = np.array([[x, y]]) + size * np.array(
        [[-0.2, -0.2], [0.2, -0.2], [0, 0], [-0.15, 0.2], [0.15, 0.2]]
    )
    return Face(number * 0.5, box, marks, who)


def who(track: Track) -> set[float]:
    return {each.confidence for each in track.faces}


def test_people_who_keep_their_places_are_one_track_each():
    frames = [[face(i, 100, who=0.1), face(i, 400, who=0.2)] for i in range(6)]
    left, right = link_tracks(frames)
    assert (who(left), who(right)) == ({0.1}, {0.2})
    assert len(left.faces) == len(right.faces) == 6


def test_the_order_of_the_faces_in_a_frame_does_not_matter():
    frames = [[face(i, 100, who=0.1), face(i, 400, who=0.2)][:: (-1) ** i] for i in range(6)]
    assert [who(track) for track in link_tracks(frames)] == [{0.1}, {0.2}]


def test_people_who_cross_are_told_apart_by_where_they_are_next():
    frames = [
        [face(i, 100 + 40 * i, 200, who=0.1), face(i, 500 - 40 * i, 290, who=0.2)]
        for i in range(11)
    ]
    assert [who(track) for track in link_tracks(frames)] == [{0.1}, {0.2}]


def test_the_nearest_pairs_are_joined_first():
    """The first face of the frame could take the track, but the second is nearer."""
    before = [face(0, 100, who=0.1)]
    after = [face(1, 150, who=0.2), face(1, 105, who=0.1)]
    assert [who(track) for track in link_tracks([before, after])] == [{0.1}, {0.2}]


@pytest.mark.parametrize("other", [{"x": 400}, {"x": 100, "y": 420}, {"x": 100, "size": 190}])
def test_after_a_scene_cut_a_new_person_begins(other):
    frames = [[face(i, 100)] for i in range(3)] + [[face(i, **other)] for i in range(3, 5)]
    assert [len(track.faces) for track in link_tracks(frames)] == [3, 2]


def test_movement_and_growth_between_samples_are_followed():
    frames = [[face(i, 100 + 90 * i, size=100 * 1.2**i)] for i in range(5)]
    assert len(link_tracks(frames)) == 1


@pytest.mark.parametrize(("missing", "tracks"), [(0, 1), (MAX_GAP, 1), (MAX_GAP + 1, 2)])
def test_a_person_may_be_missed_for_a_few_frames(missing, tracks):
    frames: list[list[Face]] = [[face(0, 100)], *[[]] * missing, [face(missing + 1, 100)]]
    assert len(link_tracks(frames)) == tracks


def test_someone_else_seen_during_a_gap_does_not_take_over_the_track():
    frames = [
        [face(0, 100, who=0.1)],
        [face(1, 400, who=0.2)],
        [face(2, 100, who=0.1), face(2, 400, who=0.2)],
    ]
    assert [who(track) for track in link_tracks(frames)] == [{0.1}, {0.2}]


def test_tracks_are_numbered_by_length_then_by_size():
    frames = [
        [face(0, 100, size=40, who=0.1), face(0, 400, size=90, who=0.2), face(0, 700, who=0.3)],
        [face(1, 100, size=40, who=0.1), face(1, 400, size=90, who=0.2)],
        [face(2, 100, size=40, who=0.1), face(2, 400, size=90, who=0.2)],
    ]
    tracks = link_tracks(frames)
    assert [track.id for track in tracks] == [0, 1, 2]
    assert [who(track) for track in tracks] == [{0.2}, {0.1}, {0.3}]


@pytest.mark.parametrize("frames", [[], [[]], [[], [], []]])
def test_without_faces_there_is_no_track(frames):
    assert link_tracks(frames) == []


spots = st.tuples(st.floats(0, 600), st.floats(0, 600), st.floats(20, 200))


@given(st.lists(st.lists(spots, max_size=5), max_size=12))
@settings(deadline=None)
def test_every_face_is_in_exactly_one_track_and_times_increase(
    places: Sequence[Sequence[tuple[float, float, float]]],
):
    frames = [[face(i, *place) for place in row] for i, row in enumerate(places)]
    tracks = link_tracks(frames)
    linked = sorted(id(each) for track in tracks for each in track.faces)
    assert linked == sorted(id(each) for row in frames for each in row)
    for track in tracks:
        times = [each.time for each in track.faces]
        assert all(a < b for a, b in pairwise(times))
    assert [track.id for track in tracks] == list(range(len(tracks)))
    lengths = [len(track.faces) for track in tracks]
    assert lengths == sorted(lengths, reverse=True)
    assert link_tracks(frames) == tracks
