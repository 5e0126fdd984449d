"""Reports kept as Parquet parts: a run that was stopped goes on, and tells the same."""

from __future__ import annotations

from pathlib import Path

import fsspec
import polars as pl
import pytest

from unmask.detect import Settings, detect, detect_into, detect_many, parts
from unmask.detect.parts import LEAST_PARTS, MOST, deal
from unmask.errors import DataError, SettingError

QUICK = Settings(frames=3, threads=1)


def facts(reports):
    return [report.model_dump(exclude={"seconds"}) for report in reports]


@pytest.fixture
def media(samples, tmp_path) -> list[Path]:
    names = [f"{n}.jpg" for n in range(3)]
    for name in names:
        (tmp_path / name).write_bytes((samples / "real/hopper.jpg").read_bytes())
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    return [tmp_path / name for name in (*names, "broken.jpg", "gone.jpg")]


def test_a_run_that_was_given_up_goes_on_and_ends_in_the_same_reports(
    bundle, media, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    expected = facts(detect_many(media, bundle, QUICK))
    first = detect_into(out, media, bundle, QUICK)
    begun = [next(first) for _ in range(3)]
    first.close()
    assert len(list(out.glob("reports-*.parquet"))) == 2
    (out / ".reports-000002.parquet.1.part").write_bytes(b"half a part")
    asked = []

    def watched(paths, *arguments, **options):
        asked.extend(paths)
        return detect_many(paths, *arguments, **options)

    monkeypatch.setattr(parts, "detect_many", watched)
    again = list(detect_into(out, media, bundle, QUICK))
    assert facts(again) == expected
    assert facts(begun) == expected[:3]
    assert asked == media[2:]
    assert [report.seconds for report in again[:2]] == [report.seconds for report in begun[:2]]
    assert facts(detect_into(out, media, bundle, QUICK)) == expected
    assert asked == media[2:]
    assert sorted(path.suffix for path in out.iterdir()) == [".json", *[".parquet"] * 5]


def test_a_part_is_a_table_with_what_failed_and_why(bundle, media, tmp_path):
    reports = list(detect_into(tmp_path / "out", media, bundle, QUICK))
    table = pl.read_parquet(tmp_path / "out" / "reports-*.parquet")
    assert table["path"].to_list() == [str(path) for path in media]
    assert table["verdict"].to_list() == [report.verdict for report in reports]
    assert table["abstention"].to_list() == [None, None, None, "unreadable", "unreadable"]
    assert all(table["message"])


def test_other_media_settings_or_another_origin_are_refused(bundle, media, tmp_path):
    out = tmp_path / "out"
    list(detect_into(out, media[3:], bundle, QUICK))
    for other in ({"media": media[4:]}, {"settings": Settings(frames=4)}):
        call = {"media": media[3:], "model": bundle, "settings": QUICK} | other
        with pytest.raises(DataError, match="other media, settings or another model"):
            detect_into(out, **call)
    (out / "job.json").unlink()
    with pytest.raises(DataError, match="unknown origin"):
        detect_into(out, media[3:], bundle, QUICK)


def test_threads_and_workers_are_no_part_of_the_origin(bundle, media, tmp_path):
    one = facts(detect_into(tmp_path / "out", media[3:], bundle, QUICK))
    settings = Settings(frames=3, threads=2)
    assert facts(detect_into(tmp_path / "out", media[3:], bundle, settings, workers=2)) == one


def test_what_cannot_be_is_refused_before_anything_is_written(bundle, media, tmp_path):
    with pytest.raises(SettingError, match="engine must be one of local, ray"):
        detect_into(tmp_path / "out", media, bundle, engine="dask")
    with pytest.raises(SettingError, match="pictures"):
        detect_into(tmp_path / "out", media, bundle, Settings(evidence=True))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [0, 1, 31, 32, 100, 5000])
def test_every_medium_is_dealt_out_once_in_order(count):
    dealt = deal(list(map(str, range(count))))
    assert [medium for some in dealt for medium in some] == list(map(str, range(count)))
    assert all(0 < len(some) <= MOST for some in dealt)
    assert len(dealt) >= min(count, LEAST_PARTS)


def test_media_and_parts_in_an_object_store(bundle, media):
    store = fsspec.filesystem("memory")
    for path in media[:4]:
        store.pipe_file(f"/clips/{path.name}", path.read_bytes())
    addresses = [f"memory:///clips/{path.name}" for path in media]
    reports = [detect(address, bundle, QUICK) for address in addresses]
    for report, address, path in zip(reports, addresses, media, strict=True):
        local = detect(path, bundle, QUICK)
        assert report.path == address
        assert (report.score, report.abstention) == (local.score, local.abstention)
        if report.media:
            assert report.media.path == address
    assert "cannot be fetched" in reports[-1].message
    kept = parts.Parts(parts.Store("memory://kept/run"), "reports", {"of": 1})
    parts.write_part(kept, 0, reports)
    assert list(parts.read_part(kept, 0)) == reports
    assert kept.done(2) == {0}
