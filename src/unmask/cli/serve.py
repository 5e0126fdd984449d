"""``unmask serve``: the service on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._console import say
from unmask.cli._extras import needs
from unmask.cli._options import FalseAlarms, Frames, MinFace, Model, Prior, TrustList
from unmask.cli._values import parse_bytes, parse_count, parse_seconds
from unmask.errors import SettingError

_ACCESS = "Access"
_LIMITS = "Limits"


def serve(
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on.", rich_help_panel=_ACCESS)
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="0: any that is free.", min=0, max=65535, rich_help_panel=_ACCESS)
    ] = 8765,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Name by which callers reach this machine; may be repeated.",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    no_token: Annotated[
        bool,
        typer.Option(
            "--no-token",
            help="Let in everyone who reaches the port.",
            show_default=False,
            rich_help_panel=_ACCESS,
        ),
    ] = False,
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder whose files may be analysed by their path.",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of uploads and reports. Default: in the user's data folder."
        ),
    ] = None,
    model: Model = None,
    prior: Prior = 0.5,
    max_false_alarm_rate: FalseAlarms = 0.01,
    frames: Frames = 32,
    min_face: MinFace = 40.0,
    trust_list: TrustList = None,
    workers: Annotated[int, typer.Option(help="Files analysed at once.", min=1)] = 1,
    keep: Annotated[
        float,
        typer.Option(
            parser=parse_seconds,
            metavar="TIME",
            help="How long an upload is kept once it is analysed.",
            show_default="1h",
        ),
    ] = 3600.0,
    max_file_size: Annotated[
        int,
        typer.Option(
            parser=parse_bytes,
            metavar="SIZE",
            help="Bytes of a file.",
            show_default="1GiB",
            rich_help_panel=_LIMITS,
        ),
    ] = 1024**3,
    max_pixels: Annotated[
        int,
        typer.Option(
            parser=parse_count,
            metavar="COUNT",
            help="Pixels of a picture.",
            show_default="100M",
            rich_help_panel=_LIMITS,
        ),
    ] = 100_000_000,
    max_duration: Annotated[
        float,
        typer.Option(
            parser=parse_seconds,
            metavar="TIME",
            help="Length of a video.",
            show_default="4h",
            rich_help_panel=_LIMITS,
        ),
    ] = 4 * 3600.0,
    max_frames: Annotated[
        int,
        typer.Option(
            parser=parse_count,
            metavar="COUNT",
            help="Frames of a video.",
            show_default="1M",
            rich_help_panel=_LIMITS,
        ),
    ] = 1_000_000,
    timeout: Annotated[
        float,
        typer.Option(
            parser=parse_seconds,
            metavar="TIME",
            help="Time that one analysis may take.",
            show_default="15min",
            rich_help_panel=_LIMITS,
        ),
    ] = 15 * 60.0,
    memory: Annotated[
        int,
        typer.Option(
            parser=parse_bytes,
            metavar="SIZE",
            help="Memory that one analysis may take.",
            show_default="4GiB",
            rich_help_panel=_LIMITS,
        ),
    ] = 4 * 1024**3,
) -> None:
    """Serve an HTTP API on this machine: send a file, follow its analysis, fetch the report.

    Only this machine can reach it, and only with the token that is printed, unless --host says
    otherwise. UNMASK_TOKEN sets the token; UNMASK_DATABASE names a PostgreSQL database that
    several servers may share, as they then share --data.
    """
    if os.name != "posix":
        raise SettingError("unmask serve needs Linux or macOS; on Windows run it within WSL")
    with needs("serve", "unmask serve"):
        from unmask.serve.launch import launch
    from unmask.detect import Settings
    from unmask.media import Limits
    from unmask.provenance import read_trust_list
    from unmask.serve.options import Options

    limits = Limits(
        file_bytes=max_file_size,
        pixels=max_pixels,
        duration=max_duration,
        frames=max_frames,
        decode_seconds=timeout,
    )
    options = Options(
        data=data or _data_folder(),
        database=os.environ.get("UNMASK_DATABASE", ""),
        model=model,
        settings=Settings(
            frames=frames,
            prior=prior,
            max_false_alarm_rate=max_false_alarm_rate,
            min_face=min_face,
            trust_list=read_trust_list(trust_list) if trust_list else "",
            limits=limits,
            threads=max(1, (os.cpu_count() or 1) // workers),
            evidence=True,
        ),
        root=root,
        workers=workers,
        timeout=timeout,
        memory=memory,
        retention=keep,
    )
    launch(
        options,
        host,
        port,
        token=os.environ.get("UNMASK_TOKEN"),
        names=tuple(allow_host or ()),
        without_token=no_token,
        say=say,
    )


def _data_folder() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "unmask" / "serve"
