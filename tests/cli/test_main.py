from __future__ import annotations

import re
import subprocess
import sys

import unmask

HEAVY = ("av", "cv2", "onnxruntime", "numpy", "pydantic", "jinja2", "torch", "polars")


def test_version(unmask_cli):
    assert unmask_cli("--version")[:2] == (0, f"unmask {unmask.__version__}\n")


def test_help_lists_the_commands(unmask_cli):
    code, out, _ = unmask_cli("--help")
    assert code == 0
    assert re.search(r"detect .*\n(.*\n)*.*models .*\n(.*\n)*.*train .*\n(.*\n)*.*compare ", out)


def test_an_unknown_command_exits_2(unmask_cli):
    code, _, err = unmask_cli("detcet")
    assert code == 2
    assert "detcet" in err


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom unmask.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_module_can_be_run():
    done = subprocess.run(
        [sys.executable, "-m", "unmask", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("unmask ")
