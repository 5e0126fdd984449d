"""How fast, lean and small `unmask detect` is, on this machine.

    python benchmarks/detect.py [CLIP] [--model FILE] [--repetitions N] [--install-size]

Prints facts about the machine, then one table:

- **10 s clip**: wall time of `Predictor.detect`, warm, default settings, as a multiple of decoding
  the same clip end to end with PyAV (all cores, no colour conversion). The two take turns, so that
  both see the same machine; each figure is a median.
- **Peak memory** of a process that analyses the clip and does nothing else; then the same for a
  10-minute clip (the clip looped, its packets copied), whose memory must be no higher, and the
  multiple of decoding there, by one turn each.
- **Cold start**, each the median of fresh processes: `import unmask`; the first verdict on a still
  by the API and by the command, from the start of the process to its end. Modules are compiled
  beforehand, as pip leaves them.
- With ``--install-size``: what `pip install` of this checkout puts on disk beside pip and
  setuptools. Needs a package index, or wheels at hand.

Everything is measured in child processes: on Linux a process starts with its parent's peak memory.
Needs the runtime only, and nothing else running on the machine. Tests assert none of this.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from clips import base_clip, loop

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
STILL = ROOT / "samples/real/astronaut.jpg"
LONG = 600
"""Length of the long clip, seconds."""

IMPORT = "import time; t = time.perf_counter(); import unmask; print(time.perf_counter() - t)"
FIRST = "import sys, unmask; print(unmask.detect(*sys.argv[1:]).verdict)"


class Row(NamedTuple):
    """One line of a table; ``value`` may be ``target`` at most and ``least`` at least, if given."""

    measure: str
    value: float
    unit: str
    target: float | None = None
    note: str = ""
    least: float | None = None

    @property
    def must(self) -> str:
        """What the value has to be, in words; nothing where it may be anything."""
        if self.least is not None:
            return f"at least {self.least:g} {self.unit}".strip()
        return "" if self.target is None else f"at most {self.target:g} {self.unit}".strip()

    @property
    def met(self) -> str:
        """Say whether it is; not a number is not."""
        if not self.must:
            return ""
        low = self.least is None or self.value >= self.least
        high = self.target is None or self.value <= self.target
        return "met" if low and high else "MISSED"

    @property
    def shown(self) -> str:
        """The value with its unit."""
        value = f"{self.value:,.0f}" if abs(self.value) >= 10 else f"{self.value:.2f}"
        return f"{value} {self.unit}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the speed and memory of unmask detect.")
    parser.add_argument("clip", nargs="?", type=Path, help="about 10 s of 1080p")
    parser.add_argument("--model", help="path or name of a bundle; default: the one that ships")
    parser.add_argument("--repetitions", type=int, default=7, help="turns of each figure")
    parser.add_argument("--install-size", action="store_true", help="also install into a new venv")
    options = parser.parse_args()
    print(machine())
    measure(options.clip, options.model, options.repetitions, install=options.install_size)


def measure(
    clip: Path | None = None,
    model: str | None = None,
    repetitions: int = 7,
    *,
    install: bool = False,
    seconds: float = LONG,
) -> list[Row]:
    """Measure, print and return the rows; ``seconds`` is the length of the long clip."""
    with tempfile.TemporaryDirectory() as folder:
        clip = in_child(base_clip, Path(folder), clip)
        print(f"clip: {in_child(describe, clip)}", end="\n\n", flush=True)
        rows = [
            *speed(clip, model, repetitions),
            *memory(clip, model, Path(folder), seconds),
            *cold(model, repetitions, Path(folder)),
        ]
        if install:
            rows.append(Row("installed size", install_size(Path(folder)), "MiB", 500))
    print(table(rows), flush=True)
    return rows


def speed(clip: Path, model: str | None, repetitions: int) -> list[Row]:
    """Time of detect and of decoding alone, and their ratio."""
    turns = in_child(take_turns, clip, model, repetitions)
    decode, detect = (median(column) for column in zip(*turns, strict=True))
    spread = sorted(b / a for a, b in turns)
    return [
        Row("decode the clip, nothing else", decode, "s"),
        Row("detect, warm", detect, "s"),
        Row("detect / decode", detect / decode, "", 1.2, f"{spread[0]:.2f} to {spread[-1]:.2f}"),
    ]


def memory(clip: Path, model: str | None, folder: Path, length: float) -> list[Row]:
    """Peak memory on the clip and on a long one, and the ratio there."""
    _, short = in_child(detect_once, clip, model)
    long_clip = in_child(loop, clip, folder / "long.mp4", length)
    seconds, long = in_child(detect_once, long_clip, model)
    decode = in_child(decode_all, long_clip)
    name = f"{length / 60:.2g}-minute clip"
    return [
        Row("peak memory", short, "MB", 600),
        Row(f"peak memory, {name}", long, "MB", 600, f"{long - short:+.0f} MB"),
        Row(f"detect, {name}", seconds, "s"),
        Row(f"detect / decode, {name}", seconds / decode, "", 0.3),
    ]


def cold(model: str | None, repetitions: int, folder: Path) -> list[Row]:
    """What the first call of a fresh process takes."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    arguments = [str(STILL), *([model] if model else [])]
    command = ["-m", "unmask", "detect", str(STILL), *(["--model", model] if model else [])]
    run(*command)  # compiles
    importing = [float(run("-c", IMPORT)) for _ in range(repetitions)]
    first = [elapsed("-c", FIRST, *arguments) for _ in range(repetitions)]
    asked = [elapsed(*command) for _ in range(repetitions)]
    return [
        Row("import unmask", median(importing), "s", 0.3),
        Row("first verdict on a still, API", median(first), "s", 1.5),
        Row("first verdict on a still, command", median(asked), "s", 1.5),
    ]


def in_child(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call ``function`` in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def take_turns(clip: Path, model: str | None, repetitions: int) -> list[tuple[float, float]]:
    """Seconds of decoding alone and of detect, turn by turn, after one unmeasured turn."""
    from unmask import Predictor

    predictor = Predictor(model)
    turns = []
    for _ in range(repetitions + 1):
        decode = decode_all(clip)
        start = time.perf_counter()
        report = predictor.detect(clip)
        turns.append((decode, time.perf_counter() - start))
    if report.verdict is None:
        sys.exit(f"{clip}: {report.message}; measure with a clip that shows a face")
    return turns[1:]


def decode_all(clip: Path) -> float:
    """Seconds that decoding every frame takes: the floor."""
    import av

    start = time.perf_counter()
    with av.open(clip) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for _ in container.decode(stream):
            pass
    return time.perf_counter() - start


def detect_once(clip: Path, model: str | None) -> tuple[float, float]:
    """Seconds of detect, and peak memory of this process in MB."""
    import resource

    from unmask import Predictor

    predictor = Predictor(model)
    start = time.perf_counter()
    predictor.detect(clip)
    seconds = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def describe(clip: Path) -> str:
    """One line on the clip."""
    from unmask.media import open_media

    with open_media(clip) as reader:
        m = reader.media
        return (
            f"{clip.name}, {m.codec}, {m.width} x {m.height}, {m.fps:.2f} fps, {m.duration:.1f} s"
        )


def machine() -> str:
    """Two lines on the processor and the versions."""
    name = platform.processor()
    if Path("/proc/cpuinfo").exists():
        text = Path("/proc/cpuinfo").read_text()
        name = next((s.split(":")[1].strip() for s in text.splitlines() if "model name" in s), name)
    packages = ("unmask", "av", "onnxruntime", "opencv-python-headless", "numpy")
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"machine: {name}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}\n"
        f"versions: Python {platform.python_version()}, {versions}"
    )


def run(*arguments: str) -> str:
    """Run Python; return what it prints. Code 1 is a verdict, and no error."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        sys.exit(done.stderr)
    return done.stdout


def elapsed(*arguments: str) -> float:
    """Seconds from start to end of a Python process."""
    start = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - start


def install_size(folder: Path) -> float:
    """MiB that an install of this checkout takes in site-packages, without pip and setuptools."""
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    python = venv / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--constraint", ROOT / "constraints.txt", ROOT], check=True)
    code = "import sysconfig, json; print(json.dumps(sysconfig.get_path('purelib')))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    packages = Path(json.loads(done.stdout))
    apart = {"pip", "setuptools", "_distutils_hack"}
    files = (
        file
        for entry in packages.iterdir()
        if entry.name.split("-")[0] not in apart
        for file in ([entry] if entry.is_file() else entry.rglob("*"))
    )
    return sum(file.stat().st_size for file in files if file.is_file()) / 2**20


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| measure | value | target | |", "|---|---|---|---|"]
    for row in rows:
        note = ", ".join(part for part in (row.met, row.note) if part)
        lines.append(f"| {row.measure} | {row.shown} | {row.must} | {note} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
