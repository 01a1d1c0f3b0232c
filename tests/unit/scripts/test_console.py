"""No script shows a traceback to somebody who pages through its output or interrupts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts._console import INTERRUPTED, PIPE_CLOSED
from tests.support.small_estate import ROOT

SCRIPTS = sorted(path for path in (ROOT / "scripts").glob("*.py") if not path.name.startswith("_"))
CHATTY = """
import sys
sys.path.insert(0, {root!r})
from scripts._console import run_and_exit

def main():
    {body}
    return 3

run_and_exit(main)
"""


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run with a standard output that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    # Unbuffered, the loss would be seen at each write, and argparse keeps it to itself.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    try:
        return subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_reader_that_leaves_ends_a_script_quietly(script: Path) -> None:
    finished = run([sys.executable, str(script), "--help"])
    assert finished.stderr == "", "end it with run_and_exit of scripts/_console.py"
    assert finished.returncode == PIPE_CLOSED


@pytest.mark.parametrize("body", ["print('x' * 1_000_000)", "print('x')", "sys.exit(5)\n    print('x')"])
def test_the_code_says_whether_the_output_was_read(body: str) -> None:
    script = CHATTY.format(root=str(ROOT), body=body)
    lost = run([sys.executable, "-c", script])
    assert (lost.stderr, lost.returncode) == ("", 5 if "exit" in body else PIPE_CLOSED)
    read = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert read.returncode == (5 if "exit" in body else 3)


def test_an_interruption_is_one_line() -> None:
    # What runs in the background of a shell ignores interruptions, and so would this.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    body = f"{heed}\n    import os; os.kill(os.getpid(), {int(signal.SIGINT)})\n    return 4"
    script = CHATTY.format(root=str(ROOT), body=body)
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (finished.stderr, finished.returncode) == ("interrupted\n", INTERRUPTED)
