"""What Prometheus reads."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unmask import __version__
from unmask.serve.pool import Pool
from unmask.serve.store import Store
from unmask.serve.table import STATES

EXAMPLE = """\
# HELP unmask_analyses_by_state Analyses by state.
# TYPE unmask_analyses_by_state gauge
unmask_analyses_by_state{state="queued"} 2.0
"""

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """The figures of one server; those of jobs are read from the store, and so of all servers."""

    def __init__(self, store: Store, pool: Pool) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Jobs(store))
        Info("unmask", "What serves.", registry=self._registry).info({"version": __version__})
        workers = Gauge("unmask_workers", "Workers that live.", registry=self._registry)
        workers.set_function(lambda: pool.alive)
        labels = ("method", "route", "status")
        self.requests = Counter(
            "unmask_http_requests", "Requests answered.", labels, registry=self._registry
        )
        self.seconds = Histogram(
            "unmask_http_request_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def render(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self._registry)


class Measure:
    """Counts requests by route, never by address, and times them."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if route != "none" else "any"
            self._metrics.requests.labels(method, route, status).inc()
            self._metrics.seconds.labels(method, route).observe(time.perf_counter() - start)


class _Jobs(Collector):
    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Yield the jobs by state, verdict and reason of abstention, and how long they wait."""
        for column in ("state", "verdict", "abstention"):
            family = GaugeMetricFamily(
                f"unmask_analyses_by_{column}", f"Analyses by {column}.", labels=[column]
            )
            none = dict.fromkeys(STATES if column == "state" else (), 0)
            for value, count in (none | self._store.counts(column)).items():
                family.add_metric([value], count)
            yield family
        _, seconds = self._store.waiting()
        yield GaugeMetricFamily(
            "unmask_oldest_waiting_seconds",
            "Time that the oldest analysis in the queue has waited; 0 if none waits.",
            seconds,
        )
