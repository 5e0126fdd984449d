"""The parts that sources are made of hold for any input."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.data.sources.base import HEADER_AGAIN, NO_NAME, Problem
from unmask.data.sources.families import CELEB, DFD, FFPP, PREVIEW, Families, keep_whole
from unmask.data.sources.reading import bare, is_media, pairs, read_json, read_table, stem
from unmask.errors import DataError

COLUMNS = ("filename", "label", "original")
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
ROW = st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELL))


@given(rows=st.lists(st.one_of(ROW, st.just({name: name for name in COLUMNS}))))
def test_every_line_of_a_table_is_a_row_or_a_problem(rows):
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS)
    table.writeheader()
    table.writerows(rows)
    items = list(read_table(text.getvalue(), COLUMNS, "t.csv"))
    assert len(items) == len(rows)
    for row, item in zip(rows, items, strict=True):
        stripped = {name: cell.strip() for name, cell in row.items()}
        if all(stripped[name] == name for name in COLUMNS):
            assert isinstance(item, Problem)
            assert item.reason == HEADER_AGAIN
        elif not stripped["filename"]:
            assert isinstance(item, Problem)
            assert item.reason == NO_NAME
        else:
            assert not isinstance(item, Problem)
            assert item[1] == stripped


@given(text=st.text(max_size=200))
def test_no_table_breaks_the_reader(text):
    with suppress(DataError):  # and nothing else
        for item in read_table(text, COLUMNS, "t.csv"):
            assert isinstance(item, Problem) or item[1]["filename"]


@given(
    text=st.one_of(
        st.text(max_size=50),
        st.recursive(
            st.none() | st.booleans() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=10,
        ).map(json.dumps),
    )
)
def test_no_json_breaks_the_reader(text):
    with suppress(DataError):  # and nothing else
        assert all(isinstance(key, str) for key, _ in pairs(read_json(text, "t.json")))


def test_a_key_given_twice_is_read_twice():
    assert pairs(read_json('{"a": 1, "a": 2}', "x")) == [("a", 1), ("a", 2)]
    assert pairs(read_json('["a"]', "x")) == []


def test_columns_are_found_by_name_and_must_be_there():
    (item,) = read_table("label, original ,filename\nREAL,,a.mp4\n", COLUMNS, "t.csv")
    assert item == ("t.csv, line 2", {"label": "REAL", "original": "", "filename": "a.mp4"})
    with pytest.raises(DataError, match=r"t\.csv: no column 'original'"):
        list(read_table("filename,label\na,REAL\n", COLUMNS, "t.csv"))


@pytest.mark.parametrize(
    ("path", "without", "last"),
    [("a/b.tar.gz", "a/b.tar", "b.tar"), ("a.b/c", "a.b/c", "c"), ("a/.b", "a/.b", ".b"),
     ("01__x.mp4", "01__x", "01__x")],
)  # fmt: skip
def test_suffixes_are_taken_off(path, without, last):
    assert (bare(path), stem(path)) == (without, last)


def test_media_are_known_by_their_suffix():
    assert is_media("a/B.JPG")
    assert is_media("x.mkv")
    assert not is_media("a.mp4/notes")
    assert not is_media(".mp4")


@pytest.mark.parametrize(
    ("pattern", "name", "groups"),
    [
        (FFPP, "000_003", ("000", "003")),
        (FFPP, "0000_003", None),
        (CELEB, "id16_id2_0011", ("id16", "0011")),
        (CELEB, "id16_0011", ("id16", "0011")),
        (CELEB, "id16_id2_00110", None),
        (DFD, "01_02__exit_phone_room__YVGY8LOK", ("01", "02", "exit_phone_room")),
        (DFD, "01__exit_phone_room", None),
        (PREVIEW, "1255229_1003254_A_001", ("1003254_A_001", "1003254")),
        (PREVIEW, "1003254_A_001", None),
    ],
)
def test_names_tell_the_original(pattern, name, groups):
    match = pattern.match(name)
    assert (match.groups() if match else None) == groups


@given(links=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12))))
def test_joined_videos_are_one_family_named_by_its_least(links):
    families = Families()
    names = [f"{n:02}" for n in range(13)]
    sets = {name: {name} for name in names}
    for one, other in links:
        families.join(names[one], names[other])
        union = sets[names[one]] | sets[names[other]]
        for name in union:
            sets[name] = union
    assert {name: families[name] for name in names} == {n: min(sets[n]) for n in names}


SPLIT = st.sampled_from([None, "odd", "train", "dev", "val", "test", "external"])


@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["p", "q", None]), SPLIT)),
)
def test_no_official_list_cuts_a_family_or_divides_a_person(rows):
    given_rows = [
        {"path": str(n), "dataset": "set", "group_id": group, "identity": person, "split": split}
        for n, (group, person, split) in enumerate(rows)
    ]
    found = list(keep_whole(given_rows))
    kept = [item for item in found if not isinstance(item, Problem)]
    assert [row["path"] for row in kept] == [row["path"] for row in given_rows]
    for column in ("group_id", "identity"):
        for value in {row[column] for row in kept if row[column]}:
            splits = {row["split"] for row in kept if row[column] == value}
            splits -= {None, "odd"}
            assert len(splits) <= 1
    lost = [new["path"] for old, new in zip(given_rows, kept, strict=True)
            if old["split"] != new["split"]]  # fmt: skip
    reported = [
        item.path for item in found if isinstance(item, Problem) and "family" in item.reason
    ]
    assert lost == reported
    for group in {row["group_id"] for row in given_rows if row["split"] in ("test", "external")}:
        assert any(row["split"] for row in kept if row["group_id"] == group)
