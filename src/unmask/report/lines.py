"""Reports as JSON, one line a medium, and the schema that the lines keep."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from unmask.types import Report


def json_line(report: Report) -> str:
    """Return ``report`` as one line of JSON, in ASCII so that any stream can carry it."""
    return json.dumps(report.to_json(), allow_nan=False)


def make_schema() -> dict[str, Any]:
    """Derive the JSON Schema of a line from :class:`unmask.types.Report`."""
    schema = Report.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def read_schema() -> str:
    """Return the text of the published schema, ``report.schema.json``.

    It stands in a file so that a change of the format shows in review; a test keeps it equal to
    :func:`make_schema`. ``python -m unmask.report.lines > src/unmask/report/report.schema.json``
    writes it anew.
    """
    return files("unmask.report").joinpath("report.schema.json").read_text(encoding="utf-8")


def _dump(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2)


if __name__ == "__main__":
    print(_dump(make_schema()))  # noqa: T201 - printing is what running this module is for
