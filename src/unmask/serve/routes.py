"""The routes of analyses: send a file, follow it, fetch its report, remove it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response, Security
from fastapi import Path as InPath
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from unmask.errors import Reason
from unmask.serve.events import EVENT, EXAMPLE, follow
from unmask.serve.folders import HTML, JSON
from unmask.serve.service import Service
from unmask.serve.table import State
from unmask.serve.values import ID, Failure, Page, PathRequest, View
from unmask.types import Report, VerdictName

_MOST_JSON = 64 * 1024  # bytes of a request that names a path

REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox"
)
"""A report runs no script, in an origin of its own, and is framed by this service only."""

TOKEN = Security(
    HTTPBearer(auto_error=False, description="The token that is printed at the start.")
)
"""Says in the OpenAPI document what `guard` checks before any route."""

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

_WHY = {
    400: "The body is broken.",
    401: "The token is missing or wrong.",
    403: "The host, the origin or the way of sending is not allowed here.",
    404: "There is no such thing.",
    408: "The sender fell silent.",
    409: "There is no report: the analysis waits, runs, failed or was cancelled.",
    413: "The file is over the limit.",
    415: "The body is of another kind.",
    422: "A value is wrong.",
    429: "Too many analyses wait, or too many files come at once.",
    501: "This server makes no PDF.",
    503: "The database does not answer.",
    507: "There is no room for the file.",
}

Id = Annotated[
    str, InPath(pattern=r"^[0-9a-f]{32}$", description="Of the analysis.", examples=[ID])
]


def failures(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says of answers that are no success."""
    return {code: {"model": Failure, "description": _WHY[code]} for code in (403, *codes)}


def analyses(service: Service) -> APIRouter:
    """Return the routes of ``service``."""
    api = APIRouter(dependencies=[TOKEN])
    setting = asyncio.Semaphore(1)

    @api.post(
        "/v1/analyses",
        status_code=202,
        summary="Analyse a file",
        description="An upload, or the path of a file below the folder given to `--root`. "
        "A file that was analysed before, by the same detector, is answered with 200.",
        responses={
            200: {"model": View, "description": "It is known, and answered from the store."},
            202: {"description": "It waits for its analysis."},
            **failures(400, 401, 404, 408, 413, 415, 422, 429, 503, 507),
        },
        openapi_extra={"requestBody": _BODY},
    )
    async def create(request: Request, response: Response) -> View:
        await run_in_threadpool(service.check_room)
        kind = request.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() == "application/json":
            order = await _read_order(request)
            row, new = await run_in_threadpool(service.accept_path, order.path)
        else:
            with service.upload(kind, request.headers.get("content-length")) as (id_, upload):
                await upload.receive(aiter(request.stream()))
            row, new = await run_in_threadpool(service.accept, id_, upload)
        response.status_code = 202 if new else 200
        response.headers["location"] = f"/v1/analyses/{row.id}"
        return View.of(row)

    @api.get(
        "/v1/analyses",
        summary="List analyses, the newest first",
        responses=failures(401, 422, 503),
    )
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

    @api.get(
        "/v1/analyses/{id}",
        summary="How far an analysis is",
        responses=failures(401, 404, 422, 503),
    )
    def show(id: Id) -> View:  # noqa: A002
        return View.of(service.find(id))

    @api.get(
        "/v1/analyses/{id}/report.html",
        summary="The report as a page",
        response_class=Response,
        responses={
            200: {"content": {"text/html": {"schema": {"type": "string"}}}},
            **failures(401, 404, 409, 422, 503),
        },
    )
    def report_html(id: Id) -> FileResponse:  # noqa: A002
        headers = {"content-security-policy": REPORT_POLICY}
        return FileResponse(service.report(id, HTML), media_type="text/html", headers=headers)

    @api.get(
        "/v1/analyses/{id}/report.pdf",
        summary="The report as PDF",
        description="Made from the page when it is first asked for, which takes some seconds.",
        response_class=Response,
        responses={
            200: {"content": {"application/pdf": {"schema": {"type": "string"}}}},
            **failures(401, 404, 409, 422, 501, 503),
        },
    )
    async def report_pdf(id: Id) -> FileResponse:  # noqa: A002
        async with setting:  # one at a time; who waits holds no thread
            path = await run_in_threadpool(service.paper, id)
        return FileResponse(path, media_type="application/pdf", filename="unmask-report.pdf")

    @api.get(
        "/v1/analyses/{id}/report.json",
        summary="The report as JSON",
        response_class=Response,
        responses={200: {"model": Report}, **failures(401, 404, 409, 422, 503)},
    )
    def report_json(id: Id) -> FileResponse:  # noqa: A002
        return FileResponse(service.report(id, JSON), media_type="application/json")

    @api.get(
        "/v1/analyses/{id}/events",
        summary="An analysis as it goes on, as server-sent events",
        description="An event `analysis` at each change, with the same JSON as the analysis; the "
        "last when it has ended. Close the stream then, or it begins anew.",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"text/event-stream": {"schema": EVENT, "example": EXAMPLE}}},
            **failures(401, 404, 422, 503),
        },
    )
    def events(id: Id) -> StreamingResponse:  # noqa: A002
        service.find(id)
        return StreamingResponse(follow(service.store, id), media_type="text/event-stream")

    @api.delete(
        "/v1/analyses/{id}",
        summary="Cancel an analysis, or remove one that has ended",
        response_model=View,
        responses={
            200: {"description": "It is cancelled."},
            204: {"description": "It is removed, with its files."},
            **failures(401, 404, 422, 503),
        },
    )
    def delete(id: Id) -> View | Response:  # noqa: A002
        row = service.delete(id)
        return Response(status_code=204) if row is None else View.of(row)

    return api


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
