"""What the API takes and gives, as its OpenAPI document shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from unmask.errors import Reason
from unmask.serve.table import Analysis, State
from unmask.types import Probability, VerdictName

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]

ID = "3f0c6a52d7c94b5f8a1e2b7d90c4e6f1"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Failure(BaseModel):
    """Why a request was not served: one line, with the cure."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"detail": "there is no analysis of this id"}]}
    )

    detail: str


class PathRequest(BaseModel):
    """A file that lies below the folder given to ``--root``."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"path": "inbox/clip.mp4"}]}
    )

    path: str = Field(min_length=1, max_length=4096)


class Health(BaseModel):
    """The service answers, and so does its database."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ok", "version": "1.2.3"}]}
    )

    status: Literal["ok"]
    version: str


class Links(BaseModel):
    """Where the rest of an analysis is. The reports are there once its state is ``done``."""

    self: str
    events: str
    html: str
    pdf: str
    json_: str = Field(serialization_alias="json")


_VIEW: JsonDict = {
    "id": ID,
    "name": "clip.mp4",
    "state": "done",
    "progress": 1.0,
    "verdict": "uncertain",
    "probability": 0.61,
    "abstention": None,
    "message": "undecided: the score lies between the bands for fake and real",
    "sha256": _SHA256,
    "bytes": 4812345,
    "kept": True,
    "created": "2026-03-02T10:11:12Z",
    "started": "2026-03-02T10:11:13Z",
    "finished": "2026-03-02T10:11:17Z",
    "links": {
        "self": f"/v1/analyses/{ID}",
        "events": f"/v1/analyses/{ID}/events",
        "html": f"/v1/analyses/{ID}/report.html",
        "pdf": f"/v1/analyses/{ID}/report.pdf",
        "json": f"/v1/analyses/{ID}/report.json",
    },
}


class View(BaseModel):
    """One analysis.

    ``done`` has a verdict or an abstention; ``failed`` has neither, by no fault of the file.
    ``kept`` says whether the upload is still on the server's disk.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_VIEW]})

    id: Id
    name: str
    state: State
    progress: Probability
    verdict: VerdictName | None
    probability: Probability | None
    abstention: Reason | None
    message: str
    sha256: str
    bytes: int
    kept: bool
    created: datetime
    started: datetime | None
    finished: datetime | None
    links: Links

    @classmethod
    def of(cls, row: Analysis) -> View:
        """Return what callers see of a row."""
        here = f"/v1/analyses/{row.id}"
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in _SAME},
                **{name: _moment(getattr(row, name)) for name in _TIMES},
                "links": Links(
                    self=here,
                    events=f"{here}/events",
                    html=f"{here}/report.html",
                    pdf=f"{here}/report.pdf",
                    json_=f"{here}/report.json",
                ),
            }
        )


class Page(BaseModel):
    """Some analyses, the newest first. ``next`` is the ``before`` of the page that follows."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_VIEW], "next": 41}]})

    items: list[View]
    next: int | None


_TIMES = ("created", "started", "finished")
_SAME = tuple(set(View.model_fields) - {*_TIMES, "links"})


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
