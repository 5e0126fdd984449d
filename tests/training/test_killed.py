"""A run that is killed, whenever that is, ends as one that was not."""

import random
import time
from multiprocessing import get_context

import pytest
import torch

from tiny_recipes import tiny
from unmask.training.trainer import train

pytestmark = [pytest.mark.train, pytest.mark.slow]

KILLS = 10
EPOCHS = 24


@pytest.fixture(scope="module")
def start():
    """Start training in a process; all are forked from one that has everything imported."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["unmask.training.trainer"])

    def run(faces, out):
        recipe = tiny("capstone-cnn", epochs=EPOCHS, patience=0)
        options = {"workers": 0, "accelerator": "cpu"}
        process = context.Process(target=train, args=(recipe, [faces], out), kwargs=options)
        process.start()
        return process

    return run


def rows(run):
    """Epochs in the history of a run."""
    path = run / "metrics.csv"
    return len(path.read_text().splitlines()) - 1 if path.exists() else 0


def test_ten_kills_leave_the_weights_and_the_history_of_a_run_without(start, face_set, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = start(face_set, whole)
    while not rows(whole):
        time.sleep(0.01)
        assert process.is_alive()
    began = time.monotonic()
    process.join()
    epoch = (time.monotonic() - began) / (EPOCHS - 1)
    rng = random.Random(0)
    for _ in range(KILLS):
        wanted = rows(killed) + rng.choice([0, 1, 1])
        process = start(face_set, killed)
        while rows(killed) < wanted and process.is_alive():
            time.sleep(0.01)
        process.join(timeout=rng.uniform(0, 1.5 * epoch))
        process.kill()
        process.join()
        assert process.exitcode == -9, "a kill came too late to be one"
    assert 0 < rows(killed) < EPOCHS
    process = start(face_set, killed)
    process.join()
    assert process.exitcode == 0
    assert (killed / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()
    for checkpoint in ("last.ckpt", "best.ckpt"):
        one, other = (
            torch.load(run / checkpoint, map_location="cpu", weights_only=True)["state_dict"]
            for run in (whole, killed)
        )
        assert one.keys() == other.keys()
        for name, value in one.items():
            torch.testing.assert_close(other[name], value, rtol=0, atol=1e-5, msg=name)
