"""``unmask data``: from a dataset on disk to a face set."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._console import say
from unmask.cli._data import say_splits
from unmask.cli._extras import needs
from unmask.cli._outputs import counting
from unmask.cli._values import parse_shares

app = typer.Typer(help="Read a dataset, check it, and cut its faces.", no_args_is_help=True)

Root = Annotated[Path, typer.Argument(help="Folder of the dataset.", show_default=False)]
Manifest = Annotated[Path, typer.Argument(help="Manifest, a Parquet file.", show_default=False)]
Out = Annotated[Path, typer.Option(help="Manifest to write.", show_default=False)]


@app.command()
def ingest(
    root: Root,
    *,
    out: Out,
    source: Annotated[
        str | None, typer.Option(help="Name of the layout; recognised if not given.")
    ] = None,
) -> None:
    """Write the manifest of a dataset: one row a video or image.

    What is not as it should be is listed row by row beside it, in <manifest>.problems.csv.
    """
    with needs("train", "unmask data"):
        from unmask.data.manifest import write_manifest
        from unmask.data.sources import ingest as read
        from unmask.data.sources import write_problems
    manifest, problems = read(root, source)
    digest = write_manifest(manifest, out)
    listing = out.with_suffix(".problems.csv")
    write_problems(problems, listing)
    say_splits(manifest)
    for reason, count in Counter(problem.reason for problem in problems).most_common():
        say(f"{count} × {reason}")
    if problems:
        say(f"each of the {len(problems)} problems: {listing}")
    typer.echo(f"{digest}  {out}")


@app.command()
def split(
    manifest: Manifest,
    *,
    out: Out,
    shares: Annotated[str, typer.Option(help="Of train, val and test, in any unit.")] = "64/16/20",
    dev_share: Annotated[
        float, typer.Option(help="Share of the training rows held out as dev, by whole people.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 1,
    anew: Annotated[
        bool, typer.Option("--anew", help="Forget the splits that are there, but for external.")
    ] = False,
) -> None:
    """Give every row in use a split, by whole families and people."""
    with needs("train", "unmask data"):
        from unmask.data.manifest import read_manifest, write_manifest
        from unmask.data.split import split as draw
    before = read_manifest(manifest)
    rows = draw(before, shares=parse_shares(shares), dev_share=dev_share, seed=seed, anew=anew)
    digest = write_manifest(rows, out)
    had = 0 if anew else before["split"].count()
    if had:
        say(f"{had} of {len(rows)} rows had a split before; --anew draws those as well")
    say_splits(rows)
    typer.echo(f"{digest}  {out}")


@app.command()
def check(manifest: Manifest) -> None:
    """Prove that no family and no identity stands in more than one split."""
    with needs("train", "unmask data"):
        from unmask.data.manifest import manifest_hash, read_manifest
    rows = read_manifest(manifest)
    typer.echo(f"{manifest_hash(rows)}  {manifest}")
    say(f"{len(rows)} rows; no group and no identity crosses from one split to another")


@app.command()
def prepare(
    manifest: Manifest,
    *,
    root: Annotated[
        Path, typer.Option(help="Folder that the manifest's paths start from.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder of the face set.", show_default=False)],
    frames: Annotated[int, typer.Option(help="Frames sampled of a video.")] = 32,
    min_frames: Annotated[
        int, typer.Option(help="Of these, least in which a person must be seen to be kept.")
    ] = 3,
    workers: Annotated[int, typer.Option(help="Processes.")] = 2,
) -> None:
    """Cut the faces of a dataset into a face set; goes on where it was stopped."""
    with needs("train", "unmask data"):
        from unmask.data.manifest import read_manifest
        from unmask.data.prepare import prepare as cut
        from unmask.data.prepare import summarise_failures
    rows = read_manifest(manifest)
    steps = cut(rows, root, out, frames=frames, min_frames=min_frames, workers=workers)
    with counting(f"Faces of {manifest.name}") as count:
        for done, total in steps:
            count(done, total)
    left_out = rows["excluded"].count()
    say(f"{total} of {len(rows)} rows prepared, {left_out} left out by cleaning")
    for reason, media, lost in summarise_failures(out).iter_rows():
        what = "failed" if lost is None else f"have faces, but not in {lost} frames"
        say(f"{media} {what}: {reason}")
    typer.echo(str(out))
