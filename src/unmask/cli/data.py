"""``unmask data``: from a dataset on disk to a face set."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from unmask.cli._console import say
from unmask.cli._data import print_leaks, print_sections, say_cleaned, say_failed
from unmask.cli._extras import needs
from unmask.cli._options import Engine
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
        from unmask.data.manifest import describe_splits, write_manifest
        from unmask.data.sources import ingest as read
        from unmask.data.sources import write_problems
    manifest, problems = read(root, source)
    digest = write_manifest(manifest, out)
    listing = out.with_suffix(".problems.csv")
    write_problems(problems, listing)
    for line in describe_splits(manifest):
        say(line)
    for reason, count in Counter(problem.reason for problem in problems).most_common():
        say(f"{count} × {reason}")
    if problems:
        say(f"each of the {len(problems)} problems: {listing}")
    typer.echo(f"{digest}  {out}")


@app.command()
def explore(
    manifest: Manifest,
    *,
    out: Annotated[Path, typer.Option(help="Folder of the page.", show_default=False)],
    root: Annotated[
        Path | None, typer.Option(help="Folder that the manifest's paths start from.")
    ] = None,
    faces: Annotated[
        Path | None, typer.Option(help="Face set of the manifest, for number and size of faces.")
    ] = None,
    duplicates: Annotated[
        bool, typer.Option(help="Look for duplicates, which reads every file below the root.")
    ] = True,
) -> None:
    """Look at a dataset: a page with figures, and a summary here."""
    with needs("train", "unmask data"):
        from unmask.data.explore import explore as look
        from unmask.data.manifest import read_manifest
    with counting("Comparing files") as count:
        sections = look(
            read_manifest(manifest, leaky=True),
            out,
            name=manifest.name,
            root=root,
            faces=faces,
            compare=duplicates,
            progress=count,
        )
    print_sections(sections)
    say(f"page: {out / 'index.html'}")


@app.command()
def clean(
    manifest: Annotated[Path | None, typer.Argument(help="Manifest, a Parquet file.")] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="Manifest to write.")] = None,
    frames: Annotated[
        tuple[int, int], typer.Option(help="Fewest and most frames of a video that stays.")
    ] = (200, 400),
    anew: Annotated[
        bool, typer.Option("--anew", help="Take all earlier marks back first.")
    ] = False,
    archive: Annotated[
        Path | None, typer.Option(help="Move the files of rows left out to this folder.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Folder that the manifest's paths start from.")
    ] = None,
    undo: Annotated[
        Path | None, typer.Option(help="Put files back as this journal of an archive says.")
    ] = None,
) -> None:
    """Mark videos with too few or too many frames, then the fakes that lose their original.

    The rows stay in the manifest, with the reason in the column `excluded`; no file is moved
    unless --archive asks for it.
    """
    with needs("train", "unmask data"):
        from unmask.data.archive import JOURNAL, undo_moves
        from unmask.data.archive import archive as move
        from unmask.data.clean import clean as mark
        from unmask.data.manifest import read_manifest, write_manifest
    if undo:
        say(f"{undo_moves(undo)} moves undone; rows stay marked until cleaned with --anew")
        return
    if manifest is None or out is None or (archive and not root):
        raise typer.BadParameter("give MANIFEST and --out, with --archive also --root; or --undo")
    done = mark(read_manifest(manifest), frames=frames, anew=anew)
    say_cleaned(done)
    digest = write_manifest(done.manifest, out)
    if archive and root:
        out_of_use = done.manifest.drop_nulls("excluded")
        moves = move(out_of_use.remove(out_of_use["frames"] == 0)["path"], root, archive)
        say(f"{moves.moved} moved to {archive}, {moves.packed} stay in their archives")
        say(f"put them back: unmask data clean --undo {archive / JOURNAL}")
    typer.echo(f"{digest}  {out}")


@app.command()
def thin(
    manifest: Manifest,
    *,
    root: Annotated[
        Path, typer.Option(help="Folder that the manifest's paths start from.", show_default=False)
    ],
    out: Out,
    every: Annotated[int, typer.Option(help="Frames from one pick to the next.")] = 10,
    most: Annotated[int, typer.Option(help="Picks of one video at most, gaps included.")] = 30,
) -> None:
    """Pick every k-th frame of videos that are folders of frames, up to a number."""
    with needs("train", "unmask data"):
        from unmask.data.manifest import read_manifest, write_manifest
        from unmask.data.thin import thin as pick
    done = pick(read_manifest(manifest), root, every=every, most=most)
    digest = write_manifest(done.manifest, out)
    say(f"{done.picked} frames picked of {done.videos} folders of frames, {done.gaps} gaps")
    if done.crowded:
        say(f"{done.crowded} of them show several faces in every frame: nothing picked")
    if done.whole:
        say(
            f"nothing is thinned of {done.whole} other rows: single pictures are whole, "
            "and of videos prepare samples frames by time"
        )
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
        from unmask.data.manifest import describe_splits, read_manifest, write_manifest
        from unmask.data.split import split as draw
    before = read_manifest(manifest)
    rows = draw(before, shares=parse_shares(shares), dev_share=dev_share, seed=seed, anew=anew)
    digest = write_manifest(rows, out)
    had = 0 if anew else before["split"].count()
    if had:
        say(f"{had} of {len(rows)} rows had a split before; --anew draws those as well")
    for line in describe_splits(rows):
        say(line)
    typer.echo(f"{digest}  {out}")


@app.command()
def check(
    manifest: Manifest,
    *,
    root: Annotated[
        Path | None,
        typer.Option(help="Folder that its paths start from, to compare the files as well."),
    ] = None,
) -> None:
    """Prove that no family, person, file or look-alike stands in two splits; exit 1 if one does.

    Each row that leaks is a line of tab-separated values on stdout.
    """
    with needs("train", "unmask data"):
        from unmask.data.leaks import find_file_leaks, find_leaks
        from unmask.data.manifest import manifest_hash, read_manifest
    rows = read_manifest(manifest, leaky=True)
    found = find_leaks(rows).rows()
    if root is None:
        say("files were not compared: that needs their root (--root)")
    else:
        with counting("Comparing files") as count:
            leaks, failed = find_file_leaks(rows, root, count)
        found += leaks.rows()
        say_failed(failed)
    print_leaks(found)
    if found:
        raise typer.Exit(1)
    say(f"{len(rows)} rows, manifest {manifest_hash(rows)[:16]}")


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
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes. Default: 2, and with --engine ray all cores.", show_default=False
        ),
    ] = None,
    engine: Engine = "local",
) -> None:
    """Cut the faces of a dataset into a face set; goes on where it was stopped."""
    with needs("train", "unmask data"):
        from unmask.data.manifest import read_manifest
        from unmask.data.prepare import prepare as cut
        from unmask.data.prepare import summarise_failures
    rows = read_manifest(manifest)
    steps = cut(
        rows, root, out, frames=frames, min_frames=min_frames, workers=workers, engine=engine
    )
    with counting(f"Faces of {manifest.name}") as count:
        for done, total in steps:
            count(done, total)
    left_out = rows["excluded"].count()
    say(f"{total} of {len(rows)} rows prepared, {left_out} left out by cleaning")
    for reason, media, lost in summarise_failures(out).iter_rows():
        what = "failed" if lost is None else f"have faces, but not in {lost} frames"
        say(f"{media} {what}: {reason}")
    typer.echo(str(out))
