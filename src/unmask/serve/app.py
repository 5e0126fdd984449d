"""The HTTP API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import (
    FileResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from unmask import __version__
from unmask.errors import Reason
from unmask.serve.events import follow
from unmask.serve.folders import HTML, JSON
from unmask.serve.guard import Guard
from unmask.serve.metrics import Measure, Metrics
from unmask.serve.options import Access
from unmask.serve.service import Service
from unmask.serve.table import State
from unmask.serve.values import Failure, Page, PathRequest, View
from unmask.types import Report, VerdictName

_MOST_JSON = 64 * 1024  # bytes of a request that names a path

REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox"
)
"""A report runs no script, in an origin of its own, and is framed by this service only."""

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
                "additionalProperties": False,
            }
        },
        "application/json": {
            "schema": PathRequest.model_json_schema(),
            "example": {"path": "inbox/clip.mp4"},
        },
    },
}

Id = Annotated[str, InPath(pattern=r"^[0-9a-f]{32}$", description="Of the analysis.")]


def _failures(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: {"model": Failure} for code in (401, 403, *codes)}


def create_app(service: Service, access: Access) -> FastAPI:
    """Return the application; its lifespan starts and stops the workers."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(service.start)
        yield
        await run_in_threadpool(service.stop)

    app = FastAPI(
        title="unmask",
        version=__version__,
        summary="Tells real faces from deepfakes in images and video, offline.",
        lifespan=lifespan,
        docs_url=None,  # both pages fetch their scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    metrics = Metrics(service.store)
    app.add_middleware(Guard, access=access)
    app.add_middleware(Measure, metrics=metrics)  # the last is the outermost: it sees refusals
    app.add_exception_handler(ClientDisconnect, lambda *_: Response(status_code=400))
    _add_analyses(app, service)

    @app.get("/", include_in_schema=False)
    def home() -> RedirectResponse:
        return RedirectResponse("/v1/analyses")

    @app.get("/healthz", summary="Whether the service and its database answer")
    def healthz() -> dict[str, str]:
        service.store.counts("state")
        return {"status": "ok", "version": __version__}

    @app.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse)
    def show_metrics() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return app


def _add_analyses(app: FastAPI, service: Service) -> None:
    @app.post(
        "/v1/analyses",
        status_code=202,
        summary="Analyse a file",
        description="An upload, or the path of a file below the folder given to `--root`. "
        "A file that was analysed before, by the same detector, is answered with 200.",
        responses={200: {"model": View}, **_failures(400, 404, 408, 413, 415, 422, 429)},
        openapi_extra={"requestBody": _BODY},
    )
    async def create(request: Request, response: Response) -> View:
        await run_in_threadpool(service.check_room)
        kind = request.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() == "application/json":
            order = await _read_order(request)
            row, new = await run_in_threadpool(service.accept_path, order.path)
        else:
            id_, upload = service.begin_upload(kind)
            try:
                await upload.receive(aiter(request.stream()))
                row, new = await run_in_threadpool(service.accept, id_, upload)
            except BaseException:  # also where the sender went away
                service.folders.drop(id_)
                raise
        response.status_code = 202 if new else 200
        response.headers["location"] = f"/v1/analyses/{row.id}"
        return View.of(row)

    @app.get("/v1/analyses", summary="List analyses, the newest first", responses=_failures())
    def index(
        *,
        state: State | None = None,
        verdict: VerdictName | None = None,
        abstention: Reason | None = None,
        sha256: Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$")] = None,
        name: Annotated[
            str,
            Query(max_length=255, pattern=r"^[^\x00]*$", description="A part of the file's name."),
        ] = "",
        before: Annotated[
            int | None, Query(ge=0, lt=2**63, description="`next` of the page before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Page:
        rows = service.store.page(
            limit=limit + 1,
            before=before,
            name=name,
            state=state,
            verdict=verdict,
            abstention=abstention,
            sha256=sha256,
        )
        more = len(rows) > limit
        return Page(
            items=[View.of(row) for row in rows[:limit]],
            next=rows[limit - 1].number if more else None,
        )

    @app.get("/v1/analyses/{id}", summary="How far an analysis is", responses=_failures(404))
    def show(id: Id) -> View:  # noqa: A002
        return View.of(service.find(id))

    @app.get(
        "/v1/analyses/{id}/report.html",
        summary="The report as a page",
        response_class=Response,
        responses={200: {"content": {"text/html": {}}}, **_failures(404, 409)},
    )
    def report_html(id: Id) -> FileResponse:  # noqa: A002
        headers = {"content-security-policy": REPORT_POLICY}
        return FileResponse(service.report(id, HTML), media_type="text/html", headers=headers)

    @app.get(
        "/v1/analyses/{id}/report.json",
        summary="The report as JSON",
        response_class=Response,
        responses={200: {"model": Report}, **_failures(404, 409)},
    )
    def report_json(id: Id) -> FileResponse:  # noqa: A002
        return FileResponse(service.report(id, JSON), media_type="application/json")

    @app.get(
        "/v1/analyses/{id}/events",
        summary="An analysis as it goes on, as server-sent events",
        description="An event `analysis` at each change, with the same JSON as the analysis; the "
        "last when it has ended. Close the stream then, or it begins anew.",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, **_failures(404)},
    )
    def events(id: Id) -> StreamingResponse:  # noqa: A002
        service.find(id)
        return StreamingResponse(follow(service.store, id), media_type="text/event-stream")

    @app.delete(
        "/v1/analyses/{id}",
        summary="Cancel an analysis, or remove one that has ended",
        response_model=View,
        responses={
            200: {"description": "It is cancelled."},
            204: {"description": "It is removed, with its files."},
            **_failures(404),
        },
    )
    def delete(id: Id) -> View | Response:  # noqa: A002
        row = service.delete(id)
        return Response(status_code=204) if row is None else View.of(row)


async def _read_order(request: Request) -> PathRequest:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_JSON:
            raise HTTPException(413, "the request is too long")
    try:
        return PathRequest.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, f'send {{"path": "…"}}: {error.errors()[0]["msg"]}') from error
