"""How the port is bound."""

from __future__ import annotations

import socket

import pytest

from unmask.errors import SettingError
from unmask.serve.launch import _bind


def test_no_answer_on_a_kept_connection_is_held_back():
    """By this number asyncio knows that it may turn off the wait for more to send."""
    with _bind("127.0.0.1", 0) as bound:
        assert bound.proto == socket.IPPROTO_TCP
        assert bound.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_said_in_one_line():
    with _bind("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(SettingError, match=f"cannot listen on 127.0.0.1 port {port}: "):
            _bind("127.0.0.1", port)
