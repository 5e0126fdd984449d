"""Bind, say where, and serve until told to stop."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from unmask.errors import SettingError
from unmask.serve.app import create_app
from unmask.serve.options import Access, Options, decide_access
from unmask.serve.service import Service

_PATIENCE = 3  # seconds that open connections get at the end


def launch(
    options: Options,
    host: str,
    port: int,
    *,
    token: str | None,
    names: tuple[str, ...],
    without_token: bool,
    say: Callable[[str], None],
) -> None:
    """Serve; ``say`` gets the address, with the token, once it can be opened.

    Raises:
        SettingError: anyone could call, or the address or the database cannot be used.
        BundleError: the bundle cannot be used.
    """
    access = decide_access(host, port, token=token, names=names, without_token=without_token)
    bound = _bind(host, port)
    access = Access(host, bound.getsockname()[1], access.token, access.names)
    os.umask(0o077)  # uploads and reports are for this user only
    app = create_app(Service(options), access)
    name = f"[{host}]" if ":" in host else host
    query = "" if access.token is None else f"?token={access.token}"
    config = uvicorn.Config(
        app,
        access_log=False,  # addresses and file names are nobody's business
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE,
    )
    say(f"serving at http://{name}:{access.port}/{query} (Ctrl+C ends it)")
    with suppress(KeyboardInterrupt):  # raised again by uvicorn once all is stopped
        uvicorn.Server(config).run(sockets=[bound])


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # By the protocol's own number asyncio knows a connection on which nothing may wait for more to
    # send; else each answer on a kept connection would be held back for some 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()  # who reads the address may call at once, and waits until it is served
    except OSError as error:
        bound.close()
        raise SettingError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return bound
