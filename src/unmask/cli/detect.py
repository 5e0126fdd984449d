"""``unmask detect``: verdicts for files and folders."""

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated, Any

import typer

from unmask.cli._console import say
from unmask.cli._inputs import collect
from unmask.cli._options import Engine, FalseAlarms, Frames, MinFace, Model, Prior, TrustList
from unmask.cli._outputs import open_sinks, with_progress
from unmask.cli._table import Row, print_table
from unmask.cli._values import parse_bytes, parse_count, parse_seconds

# An input with one of these is broken or refused; the other abstentions are answers.
_FAILURES = {"unreadable", "unsupported", "over_limit"}
_INTERRUPTED = 130
_NOBODY_READS = 141  # as of a process that SIGPIPE ended: `unmask detect … | head`

_LIMITS = "Limits (a file beyond one is not analysed)"


def _print_schema(wanted: bool) -> None:  # noqa: FBT001 - typer hands over the flag like this
    if wanted:
        from unmask.report import read_schema

        typer.echo(read_schema(), nl=False)
        raise typer.Exit


def detect(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Images, videos, folders of them, or addresses (s3://…) of any of these.",
            show_default=False,
        ),
    ] = None,
    *,
    listing: Annotated[
        Path | None,
        typer.Option(
            "--list", metavar="FILE", help="More of them, one a line (- is stdin), or a manifest."
        ),
    ] = None,
    root: Annotated[
        str | None, typer.Option(help="Folder or address that the paths of --list start from.")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One line of JSON a file, as it is known.", show_default=False),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write an HTML page a file, and an index, into DIR."),
    ] = None,
    pdf: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write a PDF a file into DIR; or, of one file, to a name in .pdf."
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write one row a file to FILE.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Keep the reports as Parquet in DIR, a folder or an address; the same command "
            "goes on where it was stopped.",
        ),
    ] = None,
    engine: Engine = "local",
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes that analyse files. Default: 1, and with --engine ray all cores.",
            show_default=False,
        ),
    ] = None,
    schema: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option(
            "--schema",
            callback=_print_schema,
            is_eager=True,
            help="Print the JSON Schema of a --json line and exit.",
            show_default=False,
        ),
    ] = False,
    model: Model = None,
    prior: Prior = 0.5,
    max_false_alarm_rate: FalseAlarms = 0.01,
    frames: Frames = 32,
    min_face: MinFace = 40.0,
    finder: Annotated[str, typer.Option(help="What finds the faces.")] = "centerface",
    trust_list: TrustList = None,
    threads: Annotated[int, typer.Option(help="0: as many as there are cores.")] = 0,
    max_file_size: Annotated[
        int | None,
        typer.Option(
            parser=parse_bytes,
            metavar="SIZE",
            help="Bytes of a file. Default: 4GiB",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    max_pixels: Annotated[
        int | None,
        typer.Option(
            parser=parse_count,
            metavar="COUNT",
            help="Pixels of a picture. Default: 100M",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    max_duration: Annotated[
        float | None,
        typer.Option(
            parser=parse_seconds,
            metavar="TIME",
            help="Length of a video. Default: 4h",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    max_frames: Annotated[
        int | None,
        typer.Option(
            parser=parse_count,
            metavar="COUNT",
            help="Frames of a video. Default: 1M",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    max_decode_seconds: Annotated[
        float | None,
        typer.Option(
            parser=parse_seconds,
            metavar="TIME",
            help="Time spent on decoding one file. Default: 10min",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
) -> None:
    """Say which files show forged faces, and how sure that is.

    Verdicts go to stdout, progress and messages to stderr. The exit code says the most pressing:

    2  the call or the model is wrong (nothing was analysed)
    1  a file is called fake
    2  a file is missing, unreadable, unsupported or over a limit
    3  no file could be judged
    0  none of these
    """
    from unmask.cluster import check_engine
    from unmask.detect import Predictor, Settings, detect_into, detect_many, judge, load_bundle
    from unmask.errors import SettingError
    from unmask.media import Limits
    from unmask.provenance import NOT_INSTALLED, read_trust_list
    from unmask.types import Report

    limits = {
        "file_bytes": max_file_size,
        "pixels": max_pixels,
        "duration": max_duration,
        "frames": max_frames,
        "decode_seconds": max_decode_seconds,
    }
    settings = Settings(
        frames=frames,
        prior=prior,
        max_false_alarm_rate=max_false_alarm_rate,
        min_face=min_face,
        limits=Limits(**_given(limits)),
        finder=finder,
        threads=threads,
        evidence=report is not None or pdf is not None,
        trust_list=read_trust_list(trust_list) if trust_list else "",
    )
    check_engine(engine)
    if engine == "ray" and out is None:
        raise SettingError("--engine ray needs --out DIR, which all its machines see")
    media, empty, folders = collect(paths or (), listing, root)
    _check_pdf(pdf, len(media))
    # A run over several files decodes in a process of its own, so that one file cannot end it.
    # Either way a model that cannot be used is said before any output is opened.
    reports: Iterable[Report]
    if out is not None:
        card = load_bundle(model).card
        reports = detect_into(out, media, model, settings, workers=workers, engine=engine)
    elif len(media) > 1 or folders or listing:
        card = load_bundle(model).card
        reports = detect_many(
            media, model=model, settings=settings, isolate=True, workers=workers or 1
        )
    else:
        predictor = Predictor(model, settings)
        card = predictor.card
        reports = (judge(predictor, medium) for medium in media)
    code = 0
    rows: list[Row] = []
    try:
        with ExitStack() as outputs:
            card_values = card.model_dump(mode="json")
            sinks = open_sinks(
                outputs,
                as_json=as_json,
                csv=csv,
                folder=report,
                pdf=pdf,
                card=card_values,
                settings=settings,
            )
            watched = with_progress(reports, media, hidden=as_json and sys.stdout.isatty())
            for found in outputs.enter_context(closing(watched)):
                rows.append(Row.of(found))
                for sink in sinks:
                    sink(found)
    except KeyboardInterrupt:
        say(f"interrupted after {len(rows)} of {len(media)} files; what was found is written")
        code = _INTERRUPTED
    except BrokenPipeError:
        _abandon_stdout()
        raise typer.Exit(_NOBODY_READS) from None
    if not as_json and rows:
        print_table(rows)
        if any(row.provenance.message == NOT_INSTALLED for row in rows):
            say(NOT_INSTALLED)
    raise typer.Exit(code or exit_code(rows, missing=empty))


def exit_code(rows: Sequence[Row], *, missing: bool = False) -> int:
    """Return what the process says: 1 fake, 2 an input failed, 3 none could be judged, 0 else.

    ``missing`` says that an input could not even become a row, such as an empty folder.
    """
    if any(row.verdict == "fake" for row in rows):
        return 1
    if missing or any(row.abstention in _FAILURES for row in rows):
        return 2
    return 3 if all(row.abstention is not None for row in rows) else 0


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given; the others keep the default of the API."""
    return {name: value for name, value in options.items() if value is not None}


def _check_pdf(pdf: Path | None, count: int) -> None:
    """Refuse one PDF for several files, before any is analysed."""
    if pdf is None or count < 2:
        return
    from unmask.errors import SettingError
    from unmask.report.pdf import is_file_name

    if is_file_name(pdf):
        raise SettingError(f"--pdf {pdf} names one file for {count} media; name a folder")


def _abandon_stdout() -> None:
    """Let nothing more reach a stdout that nobody reads, the flush at exit included."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
