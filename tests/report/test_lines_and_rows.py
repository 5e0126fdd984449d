from __future__ import annotations

import csv
import io
import json

import jsonschema
import pytest

from builders import make_face, make_report
from unmask.report import CsvWriter, json_line, make_schema, read_schema
from unmask.types import Provenance


def test_the_published_schema_is_the_one_of_report():
    assert json.loads(read_schema()) == make_schema(), (
        "write it anew: python -m unmask.report.lines > src/unmask/report/report.schema.json"
    )


@pytest.mark.parametrize("verdict", ["fake", "real", "uncertain", None])
def test_lines_keep_the_schema(verdict):
    line = json_line(make_report("a\nb\u2028.mp4", verdict, faces=(make_face(0, None),)))
    assert len(line.splitlines()) == 1
    assert line.isascii()
    value = json.loads(line)
    jsonschema.Draft202012Validator.check_schema(make_schema())
    jsonschema.validate(value, make_schema())
    assert value["path"] == "a\nb\u2028.mp4"
    assert "evidence" not in value


def test_the_schema_refuses_what_no_report_says():
    value = make_report().to_json()
    for wrong in ({"verdict": "maybe"}, {"probability": 2}, {"abstention": "bored"}, {"new": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(value | wrong, make_schema())


def read_rows(*reports):
    stream = io.StringIO(newline="")
    writer = CsvWriter(stream)
    for report in reports:
        writer.add(report)
    return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


def test_rows():
    fake, none = read_rows(make_report("a, b.mp4"), make_report("b.mp4", None))
    assert (fake["path"], fake["verdict"], fake["probability"]) == ("a, b.mp4", "fake", "0.95")
    assert (none["abstention"], none["probability"], none["interval_low"]) == ("no_face", "", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\uff1d"])
def test_no_cell_is_a_formula(start):
    (row,) = read_rows(make_report(f"{start}HYPERLINK(1).mp4", message=f"{start}1"))
    assert row["path"].startswith(f"'{start}")
    assert row["message"] == f"'{start}1"


@pytest.mark.parametrize("start", ["\t", "\r", "\n", "\x1b[31m", "\u202e"])
def test_what_acts_in_a_terminal_is_escaped(start):
    found = Provenance(
        state="valid", message=start, signer=f"{start}=1", tool=f"{start}2", ai_declared=False
    )
    (row,) = read_rows(make_report(f"{start}=1.mp4", message=start, provenance=found))
    told = (row["path"], row["message"], row["credentials_signer"], row["credentials_tool"])
    assert all(cell.startswith("\\") and cell.isascii() for cell in told)
    assert not set(start) & set("".join(told)) - set("[31m")
