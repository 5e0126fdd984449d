"""An analysis tells how far it is."""

from __future__ import annotations

import media_files as files
from portraits import portrait
from unmask.detect import Predictor
from unmask.serve.analyse import JOB, OPTIONS, Job
from unmask.serve.process import end, spawn, tell


def test_the_process_that_opens_a_file_tells_each_frame(make_options, tmp_path):
    clip = files.write_video(tmp_path / "clip.mp4", [portrait(n) for n in range(4)], rate=5)
    options = make_options(tmp_path)
    process = spawn("unmask.serve.analyse", OPTIONS.dump_json(options).decode(), answers=True)
    tell(process, JOB.dump_json(Job(clip, "a name", tmp_path)).decode())
    assert list(process.stdout.read()) == [25, 50, 75, 100]
    assert process.wait(60) == 0
    end(process)
    assert '"path": "a name"' in (tmp_path / "report.json").read_text()


def test_a_file_that_cannot_be_opened_tells_nothing(make_options, tmp_path):
    options = make_options(tmp_path)
    told = []
    report = Predictor(options.model, options.settings).detect(tmp_path / "gone", told.append)
    assert report.abstention == "unreadable"
    assert told == []
