"""The page and what it fetches beside the API: its files, readings, pictures, the media."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, HTTPException, Query, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, StrictUndefined

from unmask import __version__
from unmask.detect.rejudge import rejudge
from unmask.errors import UnsupportedError
from unmask.media.sniff import HEAD, recognise
from unmask.report.words import SHORT_LIMITS
from unmask.serve.folders import JSON, read_bands, read_report
from unmask.serve.options import Access
from unmask.serve.page.pictures import NAME, PICTURES
from unmask.serve.page.reading import Reading, read
from unmask.serve.routes import TOKEN, Id, failures
from unmask.serve.service import Service

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""The page runs its own files only, and nothing that it shows can become code."""

_MEDIA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

_PLAYED = {
    "mp4": "video/mp4",
    "matroska": "video/webm",
    "ogg": "video/ogg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "apng": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "gif": "image/gif",
    "bmp": "image/bmp",
}
"""Formats that a browser may show, by their content; the others are shown by sampled frames."""

_BYTES = {"schema": {"type": "string", "format": "binary"}}

Name = Annotated[str, InPath(pattern=NAME, description="Of the picture.", examples=["lead.jpg"])]
Share = Annotated[float | None, Query(ge=1e-6, le=1 - 1e-6)]


def add_page(app: FastAPI, service: Service, access: Access) -> None:
    """Serve the page at ``/``, its files below ``/page/``, and what it asks of an analysis."""
    _add_files(app, service, access)
    app.include_router(_evidence(service))


def _add_files(app: FastAPI, service: Service, access: Access) -> None:
    here = files("unmask.serve.page")
    static = {
        found.name: (found.read_bytes(), _KINDS[Path(found.name).suffix])
        for found in here.joinpath("static").iterdir()
    }
    template = here.joinpath("index.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(template)
    settings = service.options.settings
    index = page.render(
        token=access.token or "",
        version=__version__,
        limits=SHORT_LIMITS,
        prior=settings.prior,
        rate=settings.max_false_alarm_rate,
        keep=_span(service.options.retention),
    )

    @app.get("/", include_in_schema=False)
    def home() -> HTMLResponse:
        return HTMLResponse(index, headers={"content-security-policy": POLICY})

    @app.get("/page/{name}", include_in_schema=False)
    def file(name: str) -> Response:
        if name not in static:
            raise HTTPException(404, "the page has no such file")
        content, kind = static[name]
        return Response(content, media_type=kind)


def _evidence(service: Service) -> APIRouter:
    api = APIRouter(prefix="/v1/analyses/{id}", dependencies=[TOKEN])

    @api.get(
        "/reading",
        summary="What the scores mean, in words, at another prior or false-alarm budget",
        description="The same scores under other choices: the prior moves the probability, the "
        "budget the bands and so the verdict. Without either, as the report says it.",
        responses=failures(401, 404, 409, 422, 503),
    )
    def reading(id: Id, prior: Share = None, max_false_alarm_rate: Share = None) -> Reading:  # noqa: A002
        folder = service.report(id, JSON).parent
        try:
            report, bands = read_report(folder), read_bands(folder)
        except (OSError, ValueError):
            raise HTTPException(
                404, "the report is no longer whole; remove the analysis and send the file again"
            ) from None
        if report.thresholds is not None:
            rate = max_false_alarm_rate or report.thresholds.max_false_alarm_rate
            report = rejudge(report, bands, prior or report.prior, rate)
        folder = folder / PICTURES
        pictures = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        kept = service.folders.upload(id)
        shown = kept.is_file() and _kind(kept) is not None
        return read(report, f"/v1/analyses/{id}", pictures, media=shown)

    @api.get(
        "/pictures/{name}",
        summary="A picture of the evidence",
        description="As a reading names it: a face as the detector saw it, the same face under "
        "its heat map, or a whole frame, small.",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": _BYTES}}, **failures(401, 404, 409, 422, 503)},
    )
    def picture(id: Id, name: Name) -> FileResponse:  # noqa: A002
        path = service.report(id, JSON).parent / PICTURES / name
        if not path.is_file():
            raise HTTPException(404, "there is no such picture")
        return FileResponse(path, media_type="image/jpeg")

    @api.get(
        "/media",
        summary="The file itself, while it is kept",
        description="In parts where a range is asked for.",
        response_class=Response,
        responses={
            200: {"content": {"video/*": _BYTES, "image/*": _BYTES}},
            **failures(401, 404, 422, 503),
        },
    )
    def media(id: Id) -> FileResponse:  # noqa: A002
        service.find(id)
        path = service.folders.upload(id)
        if not path.is_file():
            raise HTTPException(404, "the file is no longer kept; see --keep")
        kind = _kind(path)
        if kind is None:
            raise HTTPException(404, "no browser shows a file of this kind")
        return FileResponse(
            path,
            media_type=kind,
            filename=f"unmask-{id}",  # the sender's name stays text; opened by itself, it is saved
            headers={"content-security-policy": _MEDIA_POLICY},
        )

    return api


def _span(seconds: float) -> str:
    """Return a length of time for people."""
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {name}{'s' * (count != 1)}"
    return f"{seconds:.0f} seconds"


def _kind(path: Path) -> str | None:
    """Return the type of a file that a browser may show, by its first bytes; None for others."""
    with path.open("rb", buffering=0) as file:
        head = os.read(file.fileno(), HEAD)
    try:
        return _PLAYED.get(recognise(path, head).name)
    except UnsupportedError:
        return None
