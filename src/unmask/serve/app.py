"""The HTTP API."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from unmask import __version__
from unmask.serve.guard import Guard
from unmask.serve.metrics import EXAMPLE, Measure, Metrics
from unmask.serve.options import Access
from unmask.serve.page.router import add_page
from unmask.serve.routes import TOKEN, analyses, failures
from unmask.serve.service import Service
from unmask.serve.values import Health

log = logging.getLogger("unmask.serve")


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
    metrics = Metrics(service.store, service.pool)
    app.add_middleware(Guard, access=access)
    app.add_middleware(Measure, metrics=metrics)  # the last is the outermost: it sees refusals
    app.add_exception_handler(ClientDisconnect, lambda *_: Response(status_code=400))
    app.add_exception_handler(RequestValidationError, _say_what_is_wrong)
    app.add_exception_handler(SQLAlchemyError, _say_that_the_database_is_away)
    app.include_router(analyses(service))
    add_page(app, service, access)

    @app.get(
        "/healthz",
        summary="Whether the service and its database answer",
        description="Needs no token.",
        responses=failures(503),
    )
    def healthz() -> Health:
        service.store.ping()
        return Health(status="ok", version=__version__)

    @app.get(
        "/metrics",
        summary="Figures for Prometheus",
        dependencies=[TOKEN],
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}}},
            **failures(401, 503),
        },
    )
    def show_metrics() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return app


def _say_what_is_wrong(_: Request, error: Exception) -> Response:
    """Answer in one line, as for any other failure."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return JSONResponse({"detail": f"{where}: {first['msg']}"}, 422)


def _say_that_the_database_is_away(_: Request, error: Exception) -> Response:
    log.error("the database does not answer: %s", error)
    return JSONResponse(
        {"detail": "the database does not answer; try again"}, 503, {"retry-after": "5"}
    )
