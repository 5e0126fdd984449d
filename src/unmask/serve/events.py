"""Server-sent events: an analysis as it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool

from unmask.serve.store import Store
from unmask.serve.table import UNFINISHED
from unmask.serve.values import View

EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["analysis", "removed"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/View"},
        },
    },
    "required": ["event", "data"],
}
"""JSON Schema of one event."""

EXAMPLE = 'event: analysis\ndata: {"state": "running", "progress": 0.5, "…": "…"}\n\n'

_LOOK = 0.5  # seconds between two looks at the job
_SIGN = 15.0  # seconds of silence after which a comment keeps the connection open


async def follow(store: Store, id_: str) -> AsyncIterator[str]:
    """Yield an event ``analysis`` at each change, the last when it has ended; ``removed`` if it
    goes away."""
    last, silent = "", 0.0
    while True:
        try:
            row = await run_in_threadpool(store.get, id_)
        except KeyError:
            yield "event: removed\ndata: {}\n\n"
            return
        view = View.of(row).model_dump_json(by_alias=True)
        if view != last:
            last, silent = view, 0.0
            yield f"event: analysis\ndata: {view}\n\n"
        elif silent >= _SIGN:
            silent = 0.0
            yield ": still at it\n\n"
        if row.state not in UNFINISHED:
            return
        await asyncio.sleep(_LOOK)
        silent += _LOOK
