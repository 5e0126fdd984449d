"""What stands before every request: who may call, and what an answer may do in a browser."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unmask.serve.options import Access

OPEN = frozenset({"/healthz"})
"""Paths that need no token: they say nothing about anyone."""

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_READS = frozenset({"GET", "HEAD"})
_ELSEWHERE = frozenset({"cross-site", "same-site"})
"""What a browser says of a request that another site, or another port of this host, made it send.
The address with the token may be followed from anywhere."""

_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


log = logging.getLogger("unmask.serve")


class Guard:
    """Lets in requests for this host, from no other origin, that know the token.

    The token is an `Authorization: Bearer` header. A browser opens ``/?token=…`` once and gets a
    cookie that no script and no other site can use; it is derived from the token, as cookies do
    not keep to one port. With the cookie alone a request reads and no more: to change anything,
    the page sends the token, which it carries. So what another site or port makes a browser send
    changes nothing; but who has the cookie itself can read the page, and the token in it.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._cookie = f"unmask_{access.port}"
        token = (access.token or "").encode()
        self._pass = hmac.new(token, b"cookie", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is served")

        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if "content-security-policy" not in headers:
                    headers["content-security-policy"] = _POLICY
                    headers["x-frame-options"] = "DENY"
            await send(message)

        refusal = self._answer(scope)
        try:
            await (refusal or self._app)(scope, receive, send_with_headers)
        except Exception:
            if started:  # all that is left is to break off
                raise
            log.exception("a request failed by a fault of the service")
            fault = _refuse(500, "a fault of the service; it is in the service's log")
            await fault(scope, receive, send_with_headers)

    def _answer(self, scope: Scope) -> Response | None:
        """Return what this request gets instead of what it asks for, if anything."""
        headers = Headers(scope=scope)
        foreign = self._foreign(scope, headers)
        if foreign:
            return _refuse(403, foreign)
        if self._access.token is None or scope["path"] in OPEN:
            return None
        if scope["path"] == "/" and scope["method"] == "GET":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
            if given and self._is_token(given[0]):
                answer = RedirectResponse("/", 303)
                answer.set_cookie(self._cookie, self._pass, httponly=True, samesite="strict")
                return answer
        if self._knows(headers, reads=scope["method"] in _READS):
            return None
        return _refuse(
            401,
            "the token is missing or wrong; open the address printed at the start, "
            "or send 'Authorization: Bearer TOKEN'",
            {"www-authenticate": "Bearer"},
        )

    def _foreign(self, scope: Scope, headers: Headers) -> str:
        """Return why a request comes from elsewhere or is meant for another; "" if it is not."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if _name(host) not in self._access.names:
            return "this host name is not served here; see --allow-host"
        own = {f"{scheme}://{host.lower()}" for scheme in ("http", "https")}
        if origin is not None and origin.lower() not in own:
            return "requests from other origins are not served"
        if headers.get("sec-fetch-site") in _ELSEWHERE and scope["path"] != "/":
            return "requests from other sites are not served"
        return ""

    def _knows(self, headers: Headers, *, reads: bool) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(given.strip()):
            return True
        cookie = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        return hmac.compare_digest(cookie.encode(), self._pass.encode()) and reads

    def _is_token(self, given: str) -> bool:
        wanted = self._access.token or ""
        return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def _name(host: str) -> str | None:
    """Return the name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _refuse(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"detail": why}, status, headers)
