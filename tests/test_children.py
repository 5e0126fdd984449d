"""Processes that answer questions side by side."""

from __future__ import annotations

from functools import partial

from unmask.children import Child, ChildDiedError, ask_all

SLEPT = "__import__('time').sleep({}) or __import__('time').monotonic()"
"""When a process woke that slept for some seconds; all processes have the same clock."""


def test_a_long_answer_does_not_stop_the_others():
    questions = [SLEPT.format(1.0), *[SLEPT.format(0.01)] * 20]
    children = [Child(partial, eval, limit=60) for _ in range(2)]
    first, *others = ask_all(children, questions, rescue)
    assert len(others) == 20
    assert max(others) < first


def rescue(question: str, death: ChildDiedError) -> float:
    raise AssertionError(question, death)
